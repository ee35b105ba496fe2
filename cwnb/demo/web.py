"""/shop/web: access lines of three nginx servers, with the time taken and the request's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.demo.shop import (
    AGENTS,
    CATEGORIES,
    MINUTE_MS,
    MINUTES,
    PRODUCTS,
    SEARCHES,
    START_MS,
    WEB_HOSTS,
    customer_addresses,
    hexadecimal,
    iso,
)
from cwnb.demo.traffic import ROUTES

if TYPE_CHECKING:
    from cwnb.demo.shop import Array
    from cwnb.demo.traffic import Requests

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
SCRAPER = 11


def paths(requests: Requests) -> list[str]:
    """Give the path of each request, as the customer's browser sent it."""
    made = []
    for route, product, number in zip(
        requests.route.tolist(), requests.product.tolist(), requests.number.tolist(), strict=True
    ):
        path = ROUTES[route].path
        if "{" in path:
            path = path.format(
                product=PRODUCTS[product],
                category=CATEGORIES[product % len(CATEGORIES)],
                search=SEARCHES[number % len(SEARCHES)].replace(" ", "+"),
            )
        made.append(path)
    return made


def lines(rng: np.random.Generator, requests: Requests) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages: a line a request, and the load balancer's health checks."""
    addresses = customer_addresses()
    times, streams, messages = [requests.time_ms], [], []
    columns = zip(
        iso(requests.time_ms),
        requests.host.tolist(),
        requests.customer.tolist(),
        requests.route.tolist(),
        paths(requests),
        requests.status.tolist(),
        requests.size.tolist(),
        requests.duration_ms.tolist(),
        requests.ids,
        strict=True,
    )
    for when, host, customer, route, path, status, size, took, identifier in columns:
        scraper = customer == SCRAPER and route == 2
        agent = "python-requests/2.32.5" if scraper else AGENTS[customer % len(AGENTS)]
        referer = "-" if scraper or customer % 3 == 0 else "https://shop.example/"
        streams.append(WEB_HOSTS[host][0])
        messages.append(
            f'{addresses[customer]} - - [{_apache(when)}] "{ROUTES[route].method} {path} HTTP/1.1" '
            f'{status} {size} "{referer}" "{agent}" {took / 1000:.3f} {identifier}'
        )
    for name, _, _ in WEB_HOSTS:
        checks = START_MS + np.arange(MINUTES) * MINUTE_MS + rng.integers(0, MINUTE_MS, MINUTES)
        times.append(checks)
        streams.extend([name] * MINUTES)
        messages.extend(
            f'10.0.10.5 - - [{_apache(when)}] "GET /healthz HTTP/1.1" 200 2 "-" '
            f'"ELB-HealthChecker/2.0" 0.000 {identifier}'
            for when, identifier in zip(iso(checks), hexadecimal(rng, MINUTES), strict=True)
        )
    return np.concatenate(times), streams, messages


def _apache(when: str) -> str:
    return f"{when[8:10]}/{MONTHS[int(when[5:7]) - 1]}/{when[:4]}:{when[11:19]} +0000"
