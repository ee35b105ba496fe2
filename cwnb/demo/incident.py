"""The hidden incident: what happened, when, and how strongly it affects each part of the shop.

At 11:02:37 somebody tidies the security group of the payments database and takes away a rule whose
description says that it is old. The description is wrong. Connections that are open live on (a
security group decides when a connection begins), but the pool of the payments service replaces
each of them after some minutes, and no new one comes through. So the pool drains, payments hang,
the checkout times out, customers try again, a circuit breaker opens. At 11:44:10 the rule is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.demo.shop import MINUTE_MS, at

if TYPE_CHECKING:
    from cwnb.demo.shop import Array

REVOKED_MS = at("2026-11-20T11:02:37")
RESTORED_MS = at("2026-11-20T11:44:10")
BREAKER_MS = at("2026-11-20T11:12:20")
# A false lead: the checkout got a new version half an hour before, which did not cause the failure.
DEPLOYED_MS = at("2026-11-20T10:31:08")
OLD_VERSION, NEW_VERSION = "2.13.4", "2.14.0"

POOL_SIZE = 10
# HikariCP's maxLifetime as this service has it; a connection leaves the pool at this age.
CONNECTION_LIFE_MS = 9 * MINUTE_MS
RECOVERY_MS = 40_000

CULPRIT = "marta.lindqvist"
RESCUER = "jonas.weber"
STALE_DESCRIPTION = "old payments subnet, remove me"
NEW_DESCRIPTION = "payments: in use, ask #payments"


def pool_share(time_ms: Array) -> Array:
    """Give the share of the pool's connections that are alive at each time, 0 to 1."""
    draining = 1 - (time_ms - REVOKED_MS) / CONNECTION_LIFE_MS
    filling = (time_ms - RESTORED_MS) / RECOVERY_MS
    return np.clip(np.where(time_ms < RESTORED_MS, draining, filling), 0.0, 1.0)


def failure_chance(time_ms: Array) -> Array:
    """Give the chance that a payment finds no connection: none while most are left, then all."""
    return np.clip((0.7 - pool_share(time_ms)) / 0.6, 0.0, 1.0)


def breaker_open(time_ms: Array, luck: Array) -> Array:
    """Tell which payments are refused at once; `luck` (0 to 1) lets some through to try."""
    return (time_ms >= BREAKER_MS) & (time_ms < RESTORED_MS + RECOVERY_MS / 2) & (luck < 0.55)
