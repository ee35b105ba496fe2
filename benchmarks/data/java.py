"""Text of a Java service: a line for most events, and stack traces of many lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.data.columns import addresses, chosen, codes_of, join, mixed, pick, skewed, text
from benchmarks.data.log_set import LogSet

if TYPE_CHECKING:
    from benchmarks.data.log_set import Piece

TRACE_SHARE = 0.04
LOGGERS = [
    f"com.shop.{area}.{name}"
    for area in ("order", "cart", "price", "stock", "mail", "user")
    for name in ("OrderService", "Repository", "Controller", "KafkaListener", "CacheLoader")
]
_EXCEPTIONS = [
    "java.net.SocketTimeoutException: Read timed out",
    'java.lang.NullPointerException: Cannot invoke "String.length()" because "sku" is null',
    "org.springframework.dao.DeadlockLoserDataAccessException: PreparedStatementCallback",
    "com.shop.order.OutOfStockException: sku {n} is out of stock",
    "java.lang.IllegalStateException: Connection pool shut down",
    "org.postgresql.util.PSQLException: ERROR: duplicate key value violates unique constraint",
]
_PACKAGES = [
    "com.shop.order.OrderService", "com.shop.price.Repository", "com.shop.cart.Controller",
    "org.springframework.web.servlet.DispatcherServlet", "org.apache.catalina.core.StandardWrapper",
    "org.springframework.aop.framework.CglibAopProxy", "java.util.concurrent.ThreadPoolExecutor",
    "jdk.internal.reflect.DirectMethodHandleAccessor", "com.zaxxer.hikari.pool.HikariPool",
]  # fmt: skip
_METHODS = "invoke doFilter process run execute lambda$handle$3 getConnection lookup".split()
_LEVELS = {"INFO ": 0.78, "DEBUG": 0.15, "WARN ": 0.06, "ERROR": 0.01}


def make(piece: Piece) -> pa.Table:
    """Give the events of a piece."""
    random, rows, when = piece.random, piece.rows, piece.times()
    traced = random.random(rows) < TRACE_SHARE
    level = pc.if_else(pa.array(traced), "ERROR", chosen(random, rows, _LEVELS))
    times = pc.strftime(pa.array(when, pa.timestamp("ms")), "%Y-%m-%d %H:%M:%S")
    line = join(
        pc.replace_substring(times, ".", ","), " ", level, " [",
        chosen(random, rows, {"http-nio-8080-exec-": 0.8, "kafka-consumer-": 0.15, "scheduling-": 0.05}),
        text(random.integers(1, 33, rows)), "] ",
        pick(LOGGERS, skewed(random, rows, len(LOGGERS), 0.7)), " - ",
        _messages(random, rows, traced),
    )  # fmt: skip
    return pa.table({"time": pa.array(when, pa.timestamp("ms")), "line": line})


def _messages(random: np.random.Generator, rows: int, traced: np.ndarray) -> pa.Array:
    kinds = np.where(traced, 5, codes_of(random, rows, [45, 20, 15, 12, 8]))
    counts = [int((kinds == kind).sum()) for kind in range(6)]

    def number(kind: int, most: int) -> pa.Array:
        return text(random.integers(1, most, counts[kind]))

    took = text(np.round(random.lognormal(3, 1.1, counts[0]), 1))
    written = [
        join("Completed ", chosen(random, counts[0], {"200 OK": 0.9, "404 NOT_FOUND": 0.06,
             "500 INTERNAL_SERVER_ERROR": 0.04}), " for order ", number(0, 10**6), " in ", took, " ms"),
        join("Loaded ", number(1, 500), " prices for region ",
             chosen(random, counts[1], {"EU": 0.6, "US": 0.3, "APAC": 0.1}), " [cache=",
             chosen(random, counts[1], {"hit": 0.85, "miss": 0.15}), "]"),
        join("HikariPool-1 - Pool stats (total=", number(2, 40), ", active=", number(2, 40),
             ", idle=", number(2, 40), ", waiting=", number(2, 9), ")"),
        join("User u", text(skewed(random, counts[3], 20_000, 0.7)), " logged in from ",
             addresses("", *random.integers(1, 255, (4, counts[3])))),
        join("Consumed record topic=orders partition=", number(4, 24), " offset=", number(4, 10**8),
             " lag=", number(4, 900)),
        _traces(random, counts[5]),
    ]  # fmt: skip
    return mixed(rows, kinds, written)


def _traces(random: np.random.Generator, rows: int) -> pa.Array:
    """Give messages with a trace of 8 to 45 lines, and of its cause."""
    bodies = [_body(random) for _ in range(min(rows, 200))]
    order = text(random.integers(1, 10**6, rows))
    what = pick(_EXCEPTIONS, skewed(random, rows, len(_EXCEPTIONS), 0.6))
    return join(
        "Order ", order, " failed\n", pc.replace_substring(what, "{n}", "S-77"), "\n",
        pick(bodies or [""], random.integers(0, max(len(bodies), 1), rows)),
    )  # fmt: skip


def _body(random: np.random.Generator) -> str:
    frames = [
        f"\tat {_PACKAGES[package]}.{_METHODS[method]}({_PACKAGES[package].split('.')[-1]}.java:{line})"
        for package, method, line in zip(
            random.integers(0, len(_PACKAGES), 45), random.integers(0, len(_METHODS), 45),
            random.integers(20, 900, 45), strict=True,
        )
    ][: int(random.integers(8, 45))]  # fmt: skip
    if random.random() < 0.6:
        cause = _EXCEPTIONS[int(random.integers(0, len(_EXCEPTIONS)))].replace("{n}", "S-12")
        frames[len(frames) // 2 : len(frames) // 2] = [f"Caused by: {cause}"]
        frames.append(f"\t... {random.integers(3, 60)} more")
    return "\n".join(frames)


JAVA = LogSet("java", "/bench/java", 17, make)
