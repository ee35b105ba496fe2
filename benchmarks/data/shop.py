"""Seeded logs of a web shop: JSON application logs and access lines, a day of each.

Beside them orders with lists, CSV and XML, and the users of the shop, both for the commands that
read such things.

`python -m benchmarks` keeps what it made under `.benchmarks/` and makes it again when the
generator changes. Everything is put together by Arrow in chunks: ten million events take a
minute or two and a few hundred MB of memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Part of the folder's name: raise it when the same seed gives other lines.
GENERATION = 1
FOLDER = Path(".benchmarks")
START_MS = 1_790_812_800_000  # 2026-10-01T00:00Z
DAY_MS = 86_400_000
CHUNK = 250_000
# One access line, and one order, for so many application events.
ACCESS_SHARE = 5
# As many as the right side of a `join` may have keys.
USERS = 50_000

_LEVELS = (["DEBUG", "INFO", "WARN", "ERROR"], [0.08, 0.84, 0.05, 0.03])
_SERVICES = ["cart", "catalog", "checkout", "gateway", "payment", "search", "session", "shipping"]
_REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
_METHODS = (["GET", "POST", "PUT", "DELETE"], [0.75, 0.18, 0.05, 0.02])
_STATUSES = ([200, 201, 204, 301, 400, 404, 429, 500, 503], None)
_STATUS_SHARES = [0.78, 0.06, 0.03, 0.02, 0.03, 0.04, 0.01, 0.02, 0.01]
_PLANS = ["free", "plus", "team"]
_AREAS = ["item", "cart", "order", "user", "search", "offer", "invoice", "stock", "review", "media"]
_FAULTS = [
    "TimeoutException waiting for upstream",
    "NullPointerException in PriceTable.lookup",
    "ERROR refused by acquirer",
    "connection reset by peer",
]
_AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148",
    "curl/8.9.1",
    "shop-app/4.2 (Android 16)",
]


@dataclass(frozen=True)
class Logs:
    """The files of one size."""

    folder: Path
    events: int

    @property
    def app(self) -> Path:
        return self.folder / "app.ndjson"

    @property
    def access(self) -> Path:
        return self.folder / "access.log"

    @property
    def orders(self) -> Path:
        return self.folder / "orders.ndjson"

    @property
    def users(self) -> Path:
        return self.folder / "users.ndjson"

    @property
    def access_events(self) -> int:
        return self.events // ACCESS_SHARE


def make(events: int) -> Logs:
    """Give the logs with so many application events, made unless they are there."""
    logs = Logs(FOLDER / f"logs-{GENERATION}-{events}", events)
    logs.folder.mkdir(parents=True, exist_ok=True)
    for path, write, count in (
        (logs.app, app_lines, logs.events),
        (logs.access, access_lines, logs.access_events),
        (logs.orders, order_lines, logs.access_events),
        (logs.users, user_lines, USERS),
    ):
        if path.exists():
            continue
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            for first in range(0, count, CHUNK):
                lines = write(first, min(first + CHUNK, count), count)
                joined = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")
                file.write(joined.buffers()[2])
                file.write(b"\n")
        unfinished.rename(path)
    return logs


def times(first: int, stop: int, count: int, random: np.random.Generator) -> np.ndarray:
    """Give distinct ascending times of a day, a little uneven."""
    step = DAY_MS / count
    base = np.floor(np.arange(first, stop) * step)
    return START_MS + (base + np.floor(random.random(stop - first) * max(1, int(step)))).astype(
        np.int64
    )


def app_lines(first: int, stop: int, count: int) -> pa.Array:
    """Give JSON application events, about 340 bytes each."""
    random = np.random.default_rng([1, first])
    rows = stop - first
    when = pa.array(times(first, stop, count, random), pa.timestamp("ms", "UTC"))
    level_codes = random.choice(4, rows, p=_LEVELS[1])
    service = random.integers(0, len(_SERVICES), rows)
    latency = np.round(random.exponential(60, rows) + 1 + 40 * (level_codes == 3), 2)
    # A few users are busy and most are seen a few times: distinct counts have work to do.
    user = (random.random(rows) ** 2 * count / 4).astype(np.int64)
    user_id = _padded("u-", user)
    # 5,000 paths with a long tail.
    path = (random.random(rows) ** 3 * 5000).astype(np.int64)
    areas = pa.array(_AREAS).take(pa.array(path % len(_AREAS)))
    route = _join("/api/", areas, "/", pa.array(path).cast(pa.string()))
    method = _pick(_METHODS[0], random.choice(4, rows, p=_METHODS[1]))
    status = np.array(_STATUSES[0])[random.choice(9, rows, p=_STATUS_SHARES)]
    took = pa.array(latency).cast(pa.string())
    order = pa.array(random.integers(100_000, 1_000_000, rows)).cast(pa.string())
    fine = _join("order=", order, " user=", user_id, " step=", method, " took ", took, " ms")
    faults = _pick(_FAULTS, random.integers(0, len(_FAULTS), rows))
    failed = _join("order=", order, " failed after ", took, " ms: ", faults)
    message = pc.if_else(pa.array(level_codes == 3), failed, fine)
    return _join(
        '{"timestamp":"',
        pc.strftime(when, "%Y-%m-%dT%H:%M:%SZ"),
        '","level":"',
        _pick(_LEVELS[0], level_codes),
        '","service":"',
        _pick(_SERVICES, service),
        '","route":"',
        route,
        '","status":',
        pa.array(status).cast(pa.string()),
        ',"latencyMs":',
        _decimal(took),
        ',"user":{"id":"',
        user_id,
        '","plan":"',
        _pick(_PLANS, random.choice(3, rows, p=[0.8, 0.15, 0.05])),
        '"},"requestId":"',
        _uuids(rows, random),
        '","host":{"name":"ip-10-0-0-',
        pa.array(random.integers(0, 40, rows)).cast(pa.string()),
        '","region":"',
        _pick(_REGIONS, service % len(_REGIONS)),
        '"},"message":"',
        message,
        '"}',
    )


def access_lines(first: int, stop: int, count: int) -> pa.Array:
    """Give access lines in the combined format, about 150 bytes each."""
    random = np.random.default_rng([2, first])
    rows = stop - first
    when = pa.array(times(first, stop, count, random) // 1000, pa.timestamp("s", "UTC"))
    path = (random.random(rows) ** 3 * 5000).astype(np.int64)
    areas = pa.array(_AREAS).take(pa.array(path % len(_AREAS)))
    address = [pa.array(part).cast(pa.string()) for part in random.integers(1, 255, (2, rows))]
    size = (random.pareto(1.5, rows) * 900 + 120).astype(np.int64)
    return _join(
        "198.51.",
        address[0],
        ".",
        address[1],
        " - - [",
        pc.strftime(when, "%d/%b/%Y:%H:%M:%S +0000"),
        '] "',
        _pick(_METHODS[0], random.choice(4, rows, p=_METHODS[1])),
        " /",
        areas,
        "/",
        pa.array(path).cast(pa.string()),
        ' HTTP/1.1" ',
        _pick([str(code) for code in _STATUSES[0]], random.choice(9, rows, p=_STATUS_SHARES)),
        " ",
        pa.array(size).cast(pa.string()),
        ' "-" "',
        _pick(_AGENTS, random.integers(0, len(_AGENTS), rows)),
        '"',
    )


def order_lines(first: int, stop: int, count: int) -> pa.Array:
    """Give JSON events of orders, with a list of maps, a line of CSV, one of logfmt, and XML."""
    random = np.random.default_rng([3, first])
    rows = stop - first
    when = pa.array(times(first, stop, count, random), pa.timestamp("ms", "UTC"))
    items = random.integers(1, 5, rows)
    sku = pa.array(random.integers(0, 500, items.sum())).cast(pa.string())
    amount = pa.array(random.integers(1, 9, items.sum())).cast(pa.string())
    each = _join('{"sku":"s', sku, '","qty":', amount, "}")
    ends = np.concatenate([[0], np.cumsum(items)]).astype(np.int32)
    listed = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), each), ",")
    order = pa.array(random.integers(100_000, 1_000_000, rows)).cast(pa.string())
    state = _pick(["new", "paid", "sent", "back"], random.integers(0, 4, rows))
    total = pa.array(random.integers(100, 90_000, rows)).cast(pa.string())
    region = _pick(_REGIONS, random.integers(0, len(_REGIONS), rows))
    return _join(
        '{"timestamp":"',
        pc.strftime(when, "%Y-%m-%dT%H:%M:%SZ"),
        '","items":[',
        listed,
        '],"record":"',
        *(order, ",", state, ",", total, ",", region),
        '","pairs":"order=',
        *(order, " state=", state, " total=", total, " region=", region),
        '","document":"<order><number>',
        *(order, "</number><state>", state, "</state><total>", total, "</total></order>"),
        '"}',
    )


def user_lines(first: int, stop: int, count: int) -> pa.Array:
    """Give JSON events of users, one for each id from 0 on."""
    random = np.random.default_rng([4, first])
    rows = stop - first
    when = pa.array(times(first, stop, count, random), pa.timestamp("ms", "UTC"))
    return _join(
        '{"timestamp":"',
        pc.strftime(when, "%Y-%m-%dT%H:%M:%SZ"),
        '","id":"',
        _padded("u-", np.arange(first, stop)),
        '","tier":"',
        _pick(["gold", "silver", "none"], random.choice(3, rows, p=[0.1, 0.3, 0.6])),
        '","country":"',
        _pick(["de", "es", "fr", "it", "nl", "pl", "pt", "se"], random.integers(0, 8, rows)),
        '"}',
    )


def _join(*parts: str | pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _pick(names: list[str], codes: np.ndarray) -> pa.Array:
    return pa.array(names).take(pa.array(codes))


def _padded(prefix: str, numbers: np.ndarray) -> pa.Array:
    return _join(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0"))


def _decimal(texts: pa.Array) -> pa.Array:
    """Write whole numbers as `12.0`, as programs do that print a float."""
    return pc.if_else(pc.match_substring(texts, "."), texts, _join(texts, ".0"))


def _uuids(rows: int, random: np.random.Generator) -> pa.Array:
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    text = np.full((rows, 36), ord("-"), np.uint8)
    nibbles = random.bytes(rows * 16)
    hexes = np.frombuffer(nibbles, np.uint8).reshape(rows, 16)
    both = np.stack([digits[hexes >> 4], digits[hexes & 15]], axis=2).reshape(rows, 32)
    places = [at for at in range(36) if at not in {8, 13, 18, 23}]
    text[:, places] = both
    offsets = np.arange(0, rows * 36 + 1, 36, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))
