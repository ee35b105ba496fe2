"""Ask random queries of cwnb and DuckDB: `python -m benchmarks random-queries [--queries N]`.

Each query is asked of a store that was newly opened, with nothing in memory; again, from memory;
with its last command gone and back; by strategies that the engine would choose for other data; when
events have come; and after a flush or a compaction. A seed gives the same events and queries. A
difference is printed with what is needed to ask again, and the shortest query that still differs.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.random_queries.answers import difference
from benchmarks.random_queries.pipelines import RandomQuery, drawn_query
from benchmarks.random_queries.strategies import STRATEGIES, forced, unknown
from benchmarks.random_queries.world import World
from cwnb.errors import CwnbError
from cwnb.store.memory import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

# Queries of one store, and of one round: then events come, and all of a round are asked again.
QUERIES_PER_STORE = 100
ROUND = 10
EVENTS = 400
# One store of so many has so many times the events, so that keys have tens of thousands of values.
LARGE_EVERY, LARGE_TIMES = 25, 60
LARGE_QUERIES = 40
_BUDGET = 256 << 20


def main(argv: list[str]) -> int:
    """Ask queries; 1 if an answer differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks random-queries", description=__doc__
    )
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first store; each has one more")
    parser.add_argument("--events", type=int, default=EVENTS, help="of an ordinary store")
    parser.add_argument("--seconds", type=float, help="end after so long, whatever is left")
    parser.add_argument("--processes", type=int, default=0, help="ask a few of processes too")
    parser.add_argument("--once", action="store_true", help="ask each query cold alone")
    parser.add_argument("--only", help="ask the queries of the first store that have this in them")
    options = parser.parse_args(argv)
    for name in unknown():
        print(f"not forced, because it is not there: {name}")
    counts: Counter[str] = Counter()
    ends = time.monotonic() + options.seconds if options.seconds else float("inf")
    seed, before = options.seed, MEMORY.budget
    with _pool(options.processes) as pool:
        while counts["queries"] < options.queries and time.monotonic() < ends:
            left = options.queries - counts["queries"]
            asked = Asked(seed, options.events, counts, pool, options.only, ends, options.once)
            asked.ask(min(left, QUERIES_PER_STORE))
            seed += 1
            if counts["queries"] % 1_000 == 0:
                print(_figures(counts), flush=True)
            if options.only:
                break
    MEMORY.set_budget(before)
    print(_figures(counts), f"seeds={options.seed}..{seed - 1}")
    return int(counts["different"] > 0)


def _figures(counts: Counter[str]) -> str:
    names = ("queries", "asked", "empty", "refused", "different")
    return " ".join(f"{name}={counts[name]}" for name in names)


def _pool(processes: int) -> Any:
    return ProcessPoolExecutor(processes) if processes else nullcontext()


@dataclass
class Asked:
    """The queries of one store."""

    seed: int
    events: int
    counts: Counter[str]
    pool: Any = None
    only: str | None = None
    ends: float = float("inf")
    once: bool = False
    told: list[str] = field(default_factory=list)

    def ask(self, queries: int) -> None:
        """Make the store, draw the queries and ask them."""
        chosen = random.Random(self.seed)
        is_large = self.seed % LARGE_EVERY == LARGE_EVERY - 1
        events = self.events * (LARGE_TIMES if is_large else 1)
        queries = min(queries, LARGE_QUERIES) if is_large else queries
        with (
            tempfile.TemporaryDirectory() as folder,
            World(Path(folder), chosen, events).opened() as world,
        ):
            for _ in range(0, queries, ROUND):
                if time.monotonic() > self.ends:
                    return
                drawn = [drawn_query(random.Random(chosen.random())) for _ in range(ROUND)]
                self.counts["queries"] += len(drawn)
                if self.only:
                    drawn = [query for query in drawn if self.only in query.text]
                self._round(world, drawn, chosen)

    def _round(self, world: World, drawn: list[RandomQuery], chosen: random.Random) -> None:
        for query in drawn:
            wanted = self._wanted(world, query)
            if wanted is None:
                continue
            if not wanted:
                self.counts["empty"] += 1
            MEMORY.set_budget(0)
            with world.newly_opened():
                self._check(world, query, wanted, "cold")
                if self.once:
                    continue
                MEMORY.set_budget(_BUDGET)
                # What a strategy leaves in memory serves the others.
                name = chosen.choice(tuple(STRATEGIES))
                self._check(world, query, wanted, name, name)
            self._check(world, query, wanted, "warm")
            if chosen.random() < 0.5:
                self._edited(world, query, wanted)
            if self.pool is not None and chosen.random() < 0.1:
                self._check(world, query, wanted, "processes")
        if self.once:
            return
        world.grow(chosen.choice((1, 5, 50)))
        for query in drawn:
            self._check(world, query, self._wanted(world, query), "after events came")
        (world.compact if chosen.random() < 0.5 else world.flush)()
        for query in drawn:
            name = chosen.choice(("", *STRATEGIES))
            state = f"after a flush or compaction {name}"
            self._check(world, query, self._wanted(world, query), state, name)

    def _edited(self, world: World, query: RandomQuery, wanted: list[Any]) -> None:
        """Ask without the last command, which may be in memory by then, and with it again."""
        last = query.steps[-1].text
        if len(query.steps) > 1 and not last.startswith(("display", "stats")):
            shorter = replace(query, steps=query.steps[:-1])
            self._check(world, shorter, self._wanted(world, shorter), "edited")
        self._check(world, query, wanted, "edited and back")

    def _wanted(self, world: World, query: RandomQuery) -> list[Any] | None:
        try:
            return world.wanted(query.sql)
        except Exception as error:
            self._tell(world, query, "DuckDB", f"{type(error).__name__}: {error}"[:600])
            return None

    def _check(
        self, world: World, query: RandomQuery, wanted: list[Any] | None, state: str, how: str = ""
    ) -> None:
        if wanted is None:
            return
        self.counts["asked"] += 1
        found = _differs(world, query, wanted, how, self.pool if state == "processes" else None)
        if found.startswith("refused"):
            self.counts["refused"] += 1
        if found:
            self._tell(world, query, state, found, wanted, how=how)

    def _tell(
        self, world: World, query: RandomQuery, state: str, found: str,
        wanted: list[Any] | None = None, *, how: str = "",
    ) -> None:  # fmt: skip
        self.counts["different"] += 1
        if query.text in self.told:
            print(f"    so too: {state}: {found.splitlines()[0]}", flush=True)
            return
        self.told.append(query.text)
        print(f"\nseed {self.seed}, {state}: {found}", flush=True)
        print(f"    {query.text}\n    window {query.window}, store: {' '.join(world.said[-12:])}")
        if wanted is not None:
            shortest, found = _shortest(world, query, how)
            if shortest is not query:
                print(f"  shorter: {shortest.text}\n    {found}")
            print(f"  theirs: {world.wanted(shortest.sql)[:3]}\n  sql: {shortest.sql}")
        print(f"  again: python -m benchmarks random-queries --queries {QUERIES_PER_STORE} "
              f"--events {self.events} --seed {self.seed}", flush=True)  # fmt: skip


def _differs(
    world: World, query: RandomQuery, wanted: list[Any], how: str, pool: Any = None
) -> str:
    with forced(how) if how else nullcontext():
        try:
            ours = world.ask(query.text, query.window, **({"executor": pool} if pool else {}))
        except CwnbError as error:
            return f"refused: {error}"
        except Exception:
            return f"failed: {traceback.format_exc(limit=-4)}"
    return difference(ours, wanted, query.shown)


def _shortest(world: World, query: RandomQuery, how: str) -> tuple[RandomQuery, str]:
    """Leave commands out as long as the answers differ."""
    said = ""
    for shorter in _shorter(query):
        try:
            found = _differs(world, shorter, world.wanted(shorter.sql), how)
        except Exception:
            continue
        if found:
            return _shortest(world, shorter, how)[0], found
    return query, said


def _shorter(query: RandomQuery) -> Iterator[RandomQuery]:
    if query.window != (None, None):
        yield replace(query, window=(None, None))
    for place in range(len(query.steps)):
        if (shorter := query.without(place)) is not None:
            yield shorter
    if len(query.shown) > 1:
        for place in range(len(query.shown)):
            yield replace(query, shown=query.shown[:place] + query.shown[place + 1 :])
