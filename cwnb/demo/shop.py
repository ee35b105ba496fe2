"""The shop of the demo: when it is looked at, what it sells, who works there, where it runs.

Addresses of customers come from the ranges that RFC 5737 and RFC 3849 set aside for documentation,
all others are private; the domain is RFC 2606's `example`; people and orders are invented.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def at(text: str) -> int:
    """Read ISO text without a zone as UTC epoch milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# The demo's own "now" is the end of its data, a Friday noon; three days lie before it.
NOW_MS = at("2026-11-20T12:00:00")
START_MS = at("2026-11-17T12:00:00")
MINUTES = (NOW_MS - START_MS) // MINUTE_MS

WEB = "/shop/web"
APP = "/shop/app"
PAYMENTS = "/shop/payments"
THUMBNAIL = "/aws/lambda/shop-thumbnail"
VPC = "/shop/vpc"
CLOUDTRAIL = "/shop/cloudtrail"
GROUPS = (WEB, APP, PAYMENTS, THUMBNAIL, VPC, CLOUDTRAIL)
RETENTION_DAYS = {WEB: 30, APP: 30, PAYMENTS: 90, THUMBNAIL: 14, VPC: 14, CLOUDTRAIL: 365}

ACCOUNT = "111122223333"  # the account of AWS's own examples
REGION = "eu-west-1"

# name, address, network interface
WEB_HOSTS = (
    ("web-1", "10.0.11.21", "eni-0a41c7e2d95b3f610"),
    ("web-2", "10.0.11.22", "eni-0b82d4f1e06a7c933"),
    ("web-3", "10.0.11.23", "eni-0c1397ab5fd2e8047"),
)
APP_HOSTS = (
    ("app-1", "10.0.12.41", "eni-0d5e21b7c3f48a906"),
    ("app-2", "10.0.12.42", "eni-0e97fa30b6d1c2854"),
)
PAYMENTS_HOSTS = (
    ("payments-1", "10.0.21.17", "eni-0f60b8d2e4a97c135"),
    ("payments-2", "10.0.21.38", "eni-0123fd9b7ce54a086"),
)
PAYMENTS_SUBNET = "10.0.21.0/24"
PAYMENTS_DATABASE = ("payments-db", "10.0.31.14", "eni-02c4e8a91d7b3f560")
CATALOG_DATABASE = ("catalog-db", "10.0.31.20", "eni-03a7d15f9be2c6841")
PAYMENTS_DATABASE_SECURITY_GROUP = "sg-0db5c21f7a9e48d36"

CATEGORIES = ("lamps", "chairs", "shelves", "rugs", "kitchen", "garden")
PRODUCTS = tuple(
    f"{colour}-{thing}"
    for thing in (
        "lamp",
        "chair",
        "shelf",
        "rug",
        "kettle",
        "mug",
        "bowl",
        "bench",
        "stool",
        "vase",
    )
    for colour in ("oak", "ash", "walnut", "white", "slate", "moss", "rust", "sand")
)
SEARCHES = (
    "oak chair", "floor lamp", "rug 2x3", "kettle", "gift under 50", "shelf white", "mug set",
    "bench garden", "vase moss", "stool bar",
)  # fmt: skip

CUSTOMERS = 4_000


def customer_addresses() -> list[str]:
    """Give an address for every customer: some share one, one in six has IPv6."""
    ranges = ("192.0.2", "198.51.100", "203.0.113")
    return [
        f"2001:db8:{n % 97:x}:{n % 61:x}::{n % 251 + 1:x}"
        if n % 6 == 5
        else f"{ranges[n % 3]}.{(n * 7) % 254 + 1}"
        for n in range(CUSTOMERS)
    ]


AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.1 Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile",
)

# The relative load of each hour of the day, UTC: asleep at four, a hump at noon, a peak at eight.
HOURLY = np.array(
    [0.32, 0.2, 0.14, 0.11, 0.1, 0.16, 0.34, 0.62, 0.9, 1.1, 1.24, 1.36,
     1.42, 1.3, 1.2, 1.2, 1.28, 1.45, 1.7, 1.95, 2.0, 1.72, 1.2, 0.66]
)  # fmt: skip


def arrivals(rng: np.random.Generator, count: int) -> Array:
    """Draw `count` times of the three days that follow the daily rhythm, ascending, epoch ms."""
    hours = (START_MS / HOUR_MS + np.arange(MINUTES) / 60) % 24
    weights = np.interp(hours, np.arange(25), np.append(HOURLY, HOURLY[0]))
    heap = np.cumsum(weights * rng.uniform(0.75, 1.25, MINUTES))
    minutes = np.searchsorted(heap, rng.random(count) * heap[-1], side="right")
    return np.sort(START_MS + minutes * MINUTE_MS + rng.integers(0, MINUTE_MS, count))


def iso(time_ms: Array) -> list[str]:
    """Write times as `2026-11-20T11:08:13.412`."""
    return np.datetime_as_string(time_ms.astype("datetime64[ms]"), unit="ms").tolist()  # type: ignore[no-any-return]


def hexadecimal(rng: np.random.Generator, count: int) -> list[str]:
    """Draw `count` identifiers of 16 hexadecimal digits."""
    return [f"{n:016x}" for n in rng.integers(0, 2**63, count).tolist()]


def uuid(rng: np.random.Generator, count: int) -> list[str]:
    """Draw `count` identifiers that look like UUIDs of version 4."""
    high = hexadecimal(rng, count)
    low = hexadecimal(rng, count)
    return [
        f"{a[:8]}-{a[8:12]}-4{a[13:]}-a{b[1:4]}-{b[4:]}" for a, b in zip(high, low, strict=True)
    ]
