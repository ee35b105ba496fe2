"""/shop/app: JSON lines of the application services, nested as loggers nest them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from cwnb.demo import incident
from cwnb.demo.shop import MINUTE_MS, MINUTES, PRODUCTS, SEARCHES, START_MS, iso
from cwnb.demo.traffic import CHECKOUT, DECLINED, PAID, REFUSED, ROUTES, TIMED_OUT

if TYPE_CHECKING:
    from cwnb.demo.shop import Array
    from cwnb.demo.traffic import Requests

SERVICES = ("catalog", "cart", "orders", "accounts", "checkout")
PLANS = ("guest", "guest", "member", "member", "gold")
# The catalogue logs every second request: its team samples.
SAMPLED = 2


def lines(rng: np.random.Generator, requests: Requests) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages of all services."""
    services = np.array([route.service or "" for route in ROUTES])[requests.route]
    seen = (services != "") & ((services != "catalog") | (requests.number % SAMPLED == 0))
    requests = requests.take(np.flatnonzero(seen))
    # A service writes its line when it has answered.
    answered = requests.time_ms + requests.duration_ms.astype(np.int64)
    streams, messages = [], []
    rows = zip(
        iso(answered),
        answered.tolist(),
        services[seen].tolist(),
        requests.route.tolist(),
        requests.customer.tolist(),
        requests.product.tolist(),
        requests.status.tolist(),
        requests.duration_ms.tolist(),
        requests.cents.tolist(),
        requests.end.tolist(),
        requests.ids,
        strict=True,
    )
    for n, (
        when,
        ms,
        service,
        route,
        customer,
        product,
        status,
        took,
        cents,
        end,
        rid,
    ) in enumerate(rows):
        instance = n % 2 + 1
        streams.append(f"{service}-{instance}")
        entry: dict[str, Any] = {
            "time": f"{when}Z",
            "level": "ERROR" if status >= 500 else "WARN" if status in {402, 401} else "INFO",
            "service": service,
            "version": _version(service, ms),
            "requestId": rid,
            "user": {"id": f"u-{customer:04d}", "plan": PLANS[customer % len(PLANS)]},
            "http": {
                "method": ROUTES[route].method,
                "path": ROUTES[route].path.split("?")[0].replace("{", ":").replace("}", ""),
                "status": status,
                "durationMs": round(took, 1),
            },
        }
        if route == CHECKOUT:
            _checkout(entry, end, cents, product)
        elif status >= 500:
            entry["error"] = {"type": "InternalError", "message": "unexpected end of stream"}
            entry["message"] = "request failed"
        elif service == "cart":
            entry["message"] = "cart read" if ROUTES[route].method == "GET" else "item added"
            entry["cart"] = {"items": product % 5, "sku": PRODUCTS[product]}
        elif "search" in ROUTES[route].path:
            entry["search"] = {"query": SEARCHES[n % len(SEARCHES)], "hits": product}
            entry["message"] = "search"
        else:
            entry["message"] = "login refused" if status == 401 else "request served"
        messages.append(orjson.dumps(entry).decode())
    times = [answered]
    for service, instance in ((s, i) for s in SERVICES for i in (1, 2)):
        beats = START_MS + np.arange(0, MINUTES, 5) * MINUTE_MS
        beats = beats + rng.integers(0, 5 * MINUTE_MS, len(beats))
        heap = 220 + 80 * np.sin(beats / 7e6 + instance) + rng.uniform(0, 30, len(beats))
        times.append(beats)
        streams.extend([f"{service}-{instance}"] * len(beats))
        messages.extend(
            f'{{"time":"{when}Z","level":"DEBUG","service":"{service}","runtime":{{'
            f'"heapMb":{mb:.1f},"goroutines":{int(mb) % 70 + 30}}},"message":"heartbeat"}}'
            for when, mb in zip(iso(beats), heap.tolist(), strict=True)
        )
    return np.concatenate(times), streams, messages


def _version(service: str, ms: int) -> str:
    if service != "checkout":
        return "5.2.1" if service == "catalog" else "3.8.0"
    return incident.NEW_VERSION if ms >= incident.DEPLOYED_MS else incident.OLD_VERSION


def _checkout(entry: dict[str, Any], end: int, cents: int, product: int) -> None:
    """Add what a checkout knows: the order, the call to payments, and how it ended."""
    status = entry["http"]["status"]
    took = round(entry["http"]["durationMs"] * 0.8, 1)
    entry["order"] = {
        "id": f"ORD-{int(entry['requestId'][:8], 16) % 10_000_000:07d}",
        "totalCents": cents,
        "currency": "EUR",
        "items": [{"sku": PRODUCTS[product], "quantity": cents % 3 + 1}],
    }
    upstream: dict[str, Any] = {"name": "payments", "url": "http://payments.internal:8080/charges"}
    if end == PAID and status < 500:
        entry["message"] = "order placed"
        upstream |= {"status": 201, "durationMs": took}
    elif end == DECLINED:
        entry["message"] = "payment declined"
        upstream |= {"status": 402, "durationMs": took}
        entry["error"] = {"type": "CardDeclined", "message": "insufficient funds"}
    elif end == TIMED_OUT:
        entry["message"] = "checkout failed"
        upstream |= {"durationMs": 10_000}
        entry["error"] = {"type": "UpstreamTimeout", "message": "no answer within 10 s"}
    elif end == REFUSED:
        entry["message"] = "checkout failed"
        entry["error"] = {"type": "CircuitOpen", "message": "too many failures, not calling"}
    else:
        entry["message"] = "checkout failed"
        entry["error"] = {"type": "InternalError", "message": "unexpected end of stream"}
    entry["upstream"] = upstream
