"""/aws/lambda/shop-thumbnail: a Python function that makes thumbnails of uploaded pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cwnb.demo.shop import HOUR_MS, NOW_MS, PRODUCTS, START_MS, arrivals, at, hexadecimal, iso, uuid

if TYPE_CHECKING:
    from cwnb.demo.shop import Array

INVOCATIONS = 3_900
BATCH = 700
# Lambda writes the indentation of a traceback as no-break spaces.
TRACEBACK = """\
[ERROR] UnidentifiedImageError: cannot identify image file '/tmp/{picture}'
Traceback (most recent call last):
\u00a0\u00a0File "/var/task/thumbnail.py", line 41, in handler
\u00a0\u00a0\u00a0\u00a0with Image.open(path) as picture:"""


def lines(rng: np.random.Generator) -> tuple[Array, list[str], list[str]]:
    """Give times, streams and messages: START, what the function says, END and REPORT."""
    # Another false lead: the photographers upload a season's pictures on Friday morning.
    batch = at("2026-11-20T09:12:00") + rng.integers(0, 34 * 60_000, BATCH)
    begun = np.sort(np.concatenate([arrivals(rng, INVOCATIONS - BATCH), batch]))
    begun = begun[begun < NOW_MS - 10_000]
    count = len(begun)
    busy = (begun >= batch.min()) & (begun < batch.max())
    took = rng.lognormal(5.6, 0.5, count) * np.where(busy, 2.6, 1.0)
    memory = np.clip(rng.normal(148, 22, count) + np.where(busy, 70, 0), 90, 256).astype(int)
    cold = rng.random(count) < np.where(busy, 0.06, 0.015)
    broken = rng.random(count) < 0.012
    timed_out = (took > 2_600) & ~broken
    took = np.minimum(took, 3_000)
    # A container lives for some hours and writes one stream.
    container = (begun - START_MS) // (4 * HOUR_MS) * 2 + rng.integers(0, 2, count)
    names = [a + b for a, b in zip(hexadecimal(rng, 99), hexadecimal(rng, 99), strict=True)]

    times: list[int] = []
    streams: list[str] = []
    messages: list[str] = []
    rows = zip(
        begun.tolist(),
        iso(begun),
        iso(begun + took.astype(np.int64)),
        took.tolist(),
        memory.tolist(),
        cold.tolist(),
        broken.tolist(),
        timed_out.tolist(),
        container.tolist(),
        uuid(rng, count),
        (len(PRODUCTS) * rng.random(count)).astype(int).tolist(),
        rng.uniform(180, 420, count).tolist(),
        strict=True,
    )
    for start, first, last, ms, used, is_cold, is_broken, is_late, box, rid, product, init in rows:
        stream = f"{first[:10].replace('-', '/')}/[$LATEST]{names[box]}"
        picture = f"{PRODUCTS[product]}.jpg"
        end = start + int(ms)
        told = [(start, f"START RequestId: {rid} Version: $LATEST\n")]
        if is_cold:
            told.insert(0, (start - int(init), "INIT_START Runtime Version: python:3.13.v31\n"))
        told.append((start + 2, f"[INFO]\t{first}Z\t{rid}\tfetched uploads/{picture}\n"))
        if is_broken:
            told.append((end, TRACEBACK.format(picture=picture)))
        elif is_late:
            told.append((end, f"{last}Z {rid} Task timed out after 3.00 seconds\n"))
        else:
            detail = f'{{"picture":"{picture}","sizes":[160,320,640],"savedKb":{used % 83 + 20}}}'
            told.append((end, f"[INFO]\t{last}Z\t{rid}\t{detail}\n"))
        told.append((end, f"END RequestId: {rid}\n"))
        report = (
            f"REPORT RequestId: {rid}\tDuration: {ms:.2f} ms\tBilled Duration: {int(ms) + 1} ms\t"
            f"Memory Size: 256 MB\tMax Memory Used: {used} MB\t"
        )
        told.append((end, report + (f"Init Duration: {init:.2f} ms\t\n" if is_cold else "\n")))
        for when, message in told:
            times.append(when)
            streams.append(stream)
            messages.append(message)
    return np.array(times), streams, messages
