"""The requests of customers: one table, from which the lines of web, app and payments are made.

A request keeps its id in all three groups, so one can be followed through the shop.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cwnb.demo import incident
from cwnb.demo.shop import CUSTOMERS, NOW_MS, PRODUCTS, WEB_HOSTS, arrivals, at

if TYPE_CHECKING:
    from cwnb.demo.shop import Array

COUNT = 72_000


class Route(NamedTuple):
    """A kind of request; `service` names the application service that answers, if one does."""

    weight: float
    method: str
    path: str
    service: str | None
    median_ms: float
    size: int


ROUTES = (
    Route(9, "GET", "/", "catalog", 38, 18_400),
    Route(12, "GET", "/c/{category}", "catalog", 52, 24_800),
    Route(17, "GET", "/p/{product}", "catalog", 44, 15_200),
    Route(7, "GET", "/search?q={search}", "catalog", 96, 12_700),
    Route(11, "GET", "/static/app.js", None, 2, 48_210),
    Route(8, "GET", "/static/app.css", None, 2, 11_034),
    Route(14, "GET", "/img/{product}.webp", None, 4, 36_900),
    Route(6, "GET", "/api/cart", "cart", 18, 640),
    Route(4, "POST", "/api/cart/items", "cart", 31, 210),
    Route(2, "GET", "/api/orders", "orders", 41, 1_900),
    Route(2, "POST", "/login", "accounts", 120, 340),
    Route(6, "POST", "/api/checkout", "checkout", 420, 520),
    Route(0.7, "GET", "/wp-login.php", None, 1, 153),
    Route(0.5, "GET", "/.env", None, 1, 153),
)
CHECKOUT = next(n for n, route in enumerate(ROUTES) if route.path == "/api/checkout")
PROBES = tuple(n for n, route in enumerate(ROUTES) if route.size == 153)
STATIC = tuple(
    n for n, route in enumerate(ROUTES) if "/static/" in route.path or "img" in route.path
)

# How a checkout ends, for the app and for payments to tell.
PAID, DECLINED, TIMED_OUT, REFUSED = 0, 1, 2, 3


@dataclass
class Requests:
    """Columns of equal length, ascending in time; `end` holds for checkouts alone."""

    time_ms: Array
    route: Array
    host: Array
    customer: Array
    product: Array
    status: Array
    size: Array
    duration_ms: Array
    cents: Array
    end: Array
    number: Array

    def __len__(self) -> int:
        return len(self.time_ms)

    def take(self, rows: Array) -> Requests:
        """Give the requests at these row numbers, or where a mask is true."""
        return Requests(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def ids(self) -> list[str]:
        """Give the identifiers, sixteen hexadecimal digits made of the number."""
        # A multiplication by an odd constant scrambles without collisions.
        scrambled = self.number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return [f"{n:016x}" for n in scrambled.tolist()]


def requests(rng: np.random.Generator) -> Requests:
    """Draw all requests of the three days, the failures and retries of the incident included."""
    time_ms = np.concatenate([arrivals(rng, COUNT - 2_400), _scraper(rng, 2_400)])
    count = len(time_ms)
    weights = np.array([route.weight for route in ROUTES])
    route = rng.choice(len(ROUTES), count, p=weights / weights.sum())
    scraped = np.arange(count) >= COUNT - 2_400
    route[scraped] = 2
    customer = (CUSTOMERS * rng.random(count) ** 1.8).astype(np.int64)
    customer[scraped] = 11
    product = (len(PRODUCTS) * rng.random(count) ** 1.5).astype(np.int64)
    cents = (rng.lognormal(8.4, 0.7, count) // 10 * 10).astype(np.int64) + 990
    time_ms, route, customer, product, cents = _with_retries(
        rng, time_ms, route, customer, product, cents
    )
    scraped = (customer == 11) & (route == 2)

    count = len(time_ms)
    failing = (route == CHECKOUT) & (rng.random(count) < incident.failure_chance(time_ms))
    refused = failing & incident.breaker_open(time_ms, rng.random(count))
    declined = (route == CHECKOUT) & ~failing & (rng.random(count) < 0.031)
    end = np.select([refused, failing, declined], [REFUSED, TIMED_OUT, DECLINED], PAID)

    median = np.array([r.median_ms for r in ROUTES])[route]
    duration = median * rng.lognormal(0, 0.45, count)
    # The nightly backup makes the databases slow for a while.
    backup = (time_ms // 60_000) % 1440 - 3 * 60
    duration *= np.where((backup >= 0) & (backup < 25) & (median > 10), 3.2, 1.0)
    # A checkout that still gets a connection waits for it while the pool drains.
    waits = (route == CHECKOUT) & ~failing & (incident.pool_share(time_ms) < 1)
    duration *= np.where(waits, rng.uniform(1.5, 9, count), 1.0)
    duration = np.where(failing, np.where(refused, 3, 10_000) + rng.uniform(1, 9, count), duration)

    status = _statuses(rng, route, scraped)
    status = np.where(route == CHECKOUT, np.array([201, 402, 504, 503])[end], status)
    accident = (rng.random(count) < 0.0011) & ~failing & (duration > 5)
    status[accident] = rng.choice([500, 502], int(accident.sum()))
    end[accident] = PAID
    size = (np.array([r.size for r in ROUTES])[route] * rng.uniform(0.9, 1.1, count)).astype(int)
    size = np.where(status == 304, 0, np.where(status >= 400, 167, size))
    host = rng.integers(0, len(WEB_HOSTS), count)
    number = np.arange(1, count + 1)
    drawn = Requests(
        time_ms, route, host, customer, product, status, size, duration, cents, end, number
    )
    return drawn.take(np.argsort(time_ms, kind="stable"))


def _scraper(rng: np.random.Generator, count: int) -> Array:
    """Draw the times of somebody who copies the catalogue on a Thursday night."""
    start = at("2026-11-19T01:40:00")
    return np.sort(start + rng.integers(0, 70 * 60_000, count))


def _with_retries(
    rng: np.random.Generator, time_ms: Array, *columns: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Add the second and third tries of customers whose checkout is likely to fail."""
    route = columns[0]
    tried = np.flatnonzero((route == CHECKOUT) & (incident.failure_chance(time_ms) > 0.3))
    again = np.repeat(tried, rng.integers(1, 6, len(tried)))
    later = time_ms[again] + rng.integers(12_000, 150_000, len(again))
    again, later = again[later < NOW_MS], later[later < NOW_MS]
    route, customer, product, cents = (np.concatenate([c, c[again]]) for c in columns)
    return np.concatenate([time_ms, later]), route, customer, product, cents


def _statuses(rng: np.random.Generator, route: Array, scraped: Array) -> Array:
    count = len(route)
    luck = rng.random(count)
    status = np.full(count, 200)
    status[(luck < 0.3) & np.isin(route, STATIC)] = 304
    status[(luck < 0.012) & (route < 4)] = 404
    status[(luck > 0.996) & (route < 4)] = 499
    status[(luck < 0.14) & np.char.equal(np.array([r.path for r in ROUTES])[route], "/login")] = 401
    status[np.isin(route, PROBES)] = 404
    status[scraped & (luck < 0.4)] = 404
    return status
