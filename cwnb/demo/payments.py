"""/shop/payments: a Java service; an error is one event of many lines, its stack trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.demo import incident
from cwnb.demo.shop import (
    MINUTE_MS,
    MINUTES,
    PAYMENTS_DATABASE,
    PAYMENTS_HOSTS,
    START_MS,
    iso,
)
from cwnb.demo.traffic import CHECKOUT, DECLINED, REFUSED, TIMED_OUT

if TYPE_CHECKING:
    from cwnb.demo.shop import Array
    from cwnb.demo.traffic import Requests

TRACE = """\
org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC Connection
\tat org.springframework.jdbc.datasource.DataSourceUtils.getConnection(DataSourceUtils.java:84)
\tat org.springframework.jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:655)
\tat example.shop.payments.LedgerRepository.reserve(LedgerRepository.java:{line})
\tat example.shop.payments.ChargeService.charge(ChargeService.java:118)
\tat example.shop.payments.ChargeController.create(ChargeController.java:52)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.sql.SQLTransientConnectionException: payments-pool - Connection is not available, \
request timed out after 10000ms (total={total}, active={total}, idle=0, waiting={waiting})
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)
\t... 41 common frames omitted
Caused by: org.postgresql.util.PSQLException: The connection attempt failed.
\tat org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:364)
\t... 8 common frames omitted
Caused by: java.net.SocketTimeoutException: Connect timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)
\tat java.base/java.net.Socket.connect(Socket.java:751)
\t... 13 common frames omitted"""

# A harmless error that is logged on all three days, as many Java services have one.
HARMLESS = """\
java.lang.IllegalStateException: webhook for unknown charge {charge}
\tat example.shop.payments.WebhookController.receive(WebhookController.java:77)
\tat java.base/java.lang.Thread.run(Thread.java:1583)"""


def lines(rng: np.random.Generator, requests: Requests) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages: two lines a charge, a pool line a minute and host."""
    asked = (requests.route == CHECKOUT) & (requests.end != REFUSED)
    charges = requests.take(np.flatnonzero(asked))
    times: list[Array] = []
    streams: list[str] = []
    messages: list[str] = []

    begun = charges.time_ms + rng.integers(4, 22, len(charges))
    ended = charges.time_ms + (charges.duration_ms * 0.9).astype(np.int64)
    # The service gives up on its pool just when the checkout gives up on the service.
    ended = np.where(charges.end == TIMED_OUT, charges.time_ms + 10_000, ended)
    lost = np.clip(np.round((1 - incident.pool_share(ended)) * incident.POOL_SIZE), 0, None)
    rows = zip(
        iso(begun),
        iso(ended),
        charges.end.tolist(),
        charges.cents.tolist(),
        charges.number.tolist(),
        charges.ids,
        (incident.POOL_SIZE - lost).astype(int).tolist(),
        strict=True,
    )
    for first, last, end, cents, number, identifier, left in rows:
        host = PAYMENTS_HOSTS[number % 2][0]
        thread = f"nio-8080-exec-{number % 10 + 1}"
        about = f"requestId={identifier} amount={cents / 100:.2f} EUR"
        streams += [host, host]
        messages.append(_line(first, "INFO", thread, "e.s.p.ChargeController", f"charge {about}"))
        if end == TIMED_OUT:
            trace = TRACE.format(line=201 + number % 3, total=left, waiting=number % 17 + 3)
            said = f"charge failed {about}\n{trace}"
            messages.append(_line(last, "ERROR", thread, "e.s.p.ChargeController", said))
        elif end == DECLINED:
            said = f"declined by issuer {about}"
            messages.append(_line(last, "WARN", thread, "e.s.p.ChargeService", said))
        else:
            messages.append(
                _line(last, "INFO", thread, "e.s.p.LedgerRepository", f"booked {about}")
            )
    times.append(np.stack([begun, ended], axis=1).ravel())

    for host, _, _ in PAYMENTS_HOSTS:
        beats = START_MS + np.arange(MINUTES) * MINUTE_MS + rng.integers(0, 2_000, MINUTES)
        alive = np.round(incident.pool_share(beats) * incident.POOL_SIZE).astype(int)
        busy = np.minimum(rng.poisson(1.4, MINUTES), alive)
        waiting = np.where(alive < 4, rng.poisson(6, MINUTES) * (4 - alive), 0)
        times.append(beats)
        streams += [host] * MINUTES
        messages.extend(
            _line(
                when,
                "WARN" if queue else "DEBUG",
                "pool housekeeper",
                "c.z.h.pool.HikariPool",
                f"payments-pool - Pool stats (total={total}, active={total if queue else active}, "
                f"idle={0 if queue else total - active}, waiting={queue})",
            )
            for when, total, active, queue in zip(
                iso(beats), alive.tolist(), busy.tolist(), waiting.tolist(), strict=True
            )
        )
        times.append(_failed_connects(rng, messages, streams, host))
    webhooks = np.sort(rng.integers(START_MS, START_MS + MINUTES * MINUTE_MS, 160))
    for when, n in zip(
        iso(webhooks), rng.integers(1_000_000, 10_000_000, 160).tolist(), strict=True
    ):
        trace = HARMLESS.format(charge=f"ch_{n}")
        streams.append(PAYMENTS_HOSTS[n % 2][0])
        messages.append(
            _line(when, "ERROR", "webhook-1", "e.s.p.WebhookController", f"ignored\n{trace}")
        )
    times.append(webhooks)
    return np.concatenate(times), streams, messages


def _failed_connects(
    rng: np.random.Generator, messages: list[str], streams: list[str], host: str
) -> Array:
    """Add the pool's own warnings: it tries for a new connection every 15 s or so."""
    first = incident.REVOKED_MS + MINUTE_MS
    tries = np.arange(first, incident.RESTORED_MS, 15_000)
    tries = tries + rng.integers(0, 4_000, len(tries))
    streams += [host] * len(tries)
    messages.extend(
        _line(
            when,
            "WARN",
            "connection adder",
            "c.z.h.pool.HikariPool",
            f"payments-pool - Cannot acquire connection to {PAYMENTS_DATABASE[1]}:5432 "
            "(Connect timed out)",
        )
        for when in iso(tries)
    )
    return tries


def _line(when: str, level: str, thread: str, logger: str, said: str) -> str:
    return f"{when.replace('T', ' ')} {level:>5} 1 --- [{thread:>16}] {logger:<24}: {said}"
