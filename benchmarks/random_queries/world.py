"""A store of random events, in segments of several sizes that overlap, and the same in DuckDB."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa

import cwnb
from benchmarks.random_queries.events import FIELDS, NOW_MS, Event, Maker
from benchmarks.random_queries.sql_values import MACROS, column
from cwnb.store.maintenance import background, compaction
from cwnb.store.segments import facts, message_file, reader, writer
from cwnb.times import Clock

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cwnb.logs import Logs

GROUP = "/random"
_TYPES = {"text": pa.string(), "int": pa.int64(), "double": pa.float64(), "bool": pa.bool_()}
_ITEM = pa.struct({"k": pa.int64(), "t": pa.string(), "b": pa.bool_()})


class World:
    """A store, and the table `events` of DuckDB with one column for each field."""

    def __init__(self, folder: Path, chosen: random.Random, events: int) -> None:
        self.folder, self.chosen = folder, chosen
        self.maker = Maker(chosen, events)
        self.encryption = chosen.choice(("none", "default"))
        self.row_groups = chosen.choice((None, (64, 128), (256, 1024)))
        self.arrived = 0
        self.said: list[str] = []
        self._answers: dict[str, list[tuple[Any, ...]]] = {}
        self._is_ordered = False
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set threads = 1")
        self.duckdb.execute("set order_by_non_integer_literal = true")
        self.duckdb.execute(MACROS)

    @contextlib.contextmanager
    def opened(self) -> Iterator[World]:
        """Fill the store, and keep it open."""
        with _row_groups(self.row_groups), _quiet():
            self.logs: Logs = self._open()
            try:
                self._fill()
                yield self
            finally:
                self.logs.close()
                self.duckdb.close()

    def _open(self) -> Logs:
        return cwnb.open(self.folder / "store", clock=Clock(NOW_MS), encryption=self.encryption)

    @contextlib.contextmanager
    def newly_opened(self) -> Iterator[None]:
        """Ask a store that was just opened, as another process would."""
        before, self.logs = self.logs, self._open()
        try:
            yield
        finally:
            self.logs.close()
            self.logs = before

    def _fill(self) -> None:
        while self.maker.made < self.maker.all:
            self.grow(self.chosen.choice((1, 7, 100, 700, self.maker.all // 3)))
            kind = self.chosen.random()
            if kind < 0.3:
                self.flush()
            elif kind < 0.35:
                self.compact()
        self.flush()
        self.grow(self.chosen.choice((1, 20, 200)))

    def grow(self, count: int) -> None:
        """Let some events arrive, by a put of each stream or by a load."""
        kind = self.chosen.choice(("put", "put", "frame", "file"))
        events = self.maker.some(count, plain_lines=kind != "file")
        self.said.append(f"{kind} {count}")
        if kind == "put":
            arrived = []
            for stream in dict.fromkeys(event.stream for event in events):
                own = [event for event in events if event.stream == stream]
                self.logs.put(GROUP, stream, [(event.time_ms, event.message) for event in own])
                arrived += own
        else:
            stream = events[0].stream
            arrived = [Event(e.time_ms, stream, e.message, e.fields) for e in events]
            if kind == "file":
                arrived = [_timed(event) for event in arrived]
                file = self.folder / f"load-{self.arrived}.json"
                file.write_text("".join(f"{event.message}\n" for event in arrived), "utf-8")
                self.logs.load(file, group=GROUP, stream=stream, time_field="at_ms", complete=True)
            else:
                times = pd.to_datetime([e.time_ms for e in arrived], unit="ms", utc=True)
                frame = pd.DataFrame(
                    {"@timestamp": times, "@message": [e.message for e in arrived]}
                )
                self.logs.load(frame, group=GROUP, stream=stream)
        self._insert(arrived)

    def flush(self) -> None:
        self.said.append("flush")
        self.logs.flush(GROUP)

    def compact(self) -> None:
        self.said.append("compact")
        self.logs.flush(GROUP)
        self.logs.compact(GROUP)

    def _insert(self, events: Sequence[Event]) -> None:
        table = table_of(events, self.arrived)
        self.duckdb.register("arrived", table)
        if self.arrived:
            self.duckdb.execute("insert into unordered select * from arrived")
        else:
            self.duckdb.execute("create table unordered as select * from arrived")
        self.duckdb.unregister("arrived")
        self._answers, self._is_ordered = {}, False
        self.arrived += len(events)

    def _order(self) -> None:
        """Order the events: newest first, and of those with one time the last to arrive first."""
        numbers = ", ".join(
            f"t2i({column(name)}) as {column(f'{name}__i')}, "
            f"t2d({column(name)}) as {column(f'{name}__d')}, "
            f"natural_key({column(name)}) as {column(f'{name}__natural')}"
            for name in (*(n for n, kind in FIELDS.items() if kind in {"text", "mixed"}), "tags.0")
        )
        self.duckdb.execute(
            f"create or replace table events as select *, {numbers}, row_number() over "
            '(order by "@timestamp" desc, _seq desc) as _o from unordered'
        )
        self._is_ordered = True

    def ask(self, text: str, window: tuple[int | None, int | None], **options: Any) -> Any:
        """Ask the store."""
        return self.logs.query(text, GROUP, *window, **options).df

    def wanted(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask DuckDB, once until more events come."""
        if not self._is_ordered:
            self._order()
        if sql not in self._answers:
            self._answers[sql] = self.duckdb.execute(sql).fetchall()
        return self._answers[sql]


def table_of(events: Sequence[Event], first: int) -> pa.Table:
    """Give events as a table: typed columns, mixed ones as text and whether it is a Boolean."""
    columns: dict[str, Any] = {
        "@timestamp": pa.array([event.time_ms for event in events], pa.int64()),
        "_seq": pa.array(range(first, first + len(events)), pa.int64()),
        "@logStream": pa.array([event.stream for event in events], pa.string()),
        "@message": pa.array([event.message for event in events], pa.string()),
    }
    fields = [event.fields or {} for event in events]
    for name, kind in FIELDS.items():
        values = [one.get(name) for one in fields]
        if kind == "mixed":
            _add_mixed(columns, name, values)
        else:
            columns[name] = pa.array(values, _TYPES[kind], from_pandas=False)
    _add_mixed(columns, "tags.0", [(one.get("tags") or [None])[0] for one in fields])
    columns["_tags"] = pa.array([_items(one.get("tags")) for one in fields], pa.list_(_ITEM))
    return pa.table(columns)


def _add_mixed(columns: dict[str, Any], name: str, values: list[Any]) -> None:
    columns[name] = pa.array([text_of(value) for value in values], pa.string())
    columns[f"{name}__b"] = pa.array([isinstance(value, bool) for value in values], pa.bool_())


def _items(tags: list[Any] | None) -> list[dict[str, Any]]:
    """Give what `unnest` makes rows of: an event without a list stays as one row."""
    found = [None] if tags is None else tags
    return [
        {"k": place, "t": text_of(tag), "b": isinstance(tag, bool)}
        for place, tag in enumerate(found)
    ]


def text_of(value: Any) -> str | None:
    """Write a value as the language does: all digits of what is whole within 53 bits."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return f"-{abs(int(value))}" if str(value).startswith("-") else str(int(value))
    return str(value)


def _timed(event: Event) -> Event:
    """Write the time of an event into its message, as a file of JSON lines has it."""
    message = json.dumps({"at_ms": event.time_ms})[:-1] + f", {event.message[1:]}"
    message = message.replace(", }", "}")
    return Event(event.time_ms, event.stream, message, event.fields)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let only the world flush and compact."""
    with patched([(background, "_TICK_S", 1e6)]):
        yield


@contextlib.contextmanager
def _row_groups(sizes: tuple[int, int] | None) -> Iterator[None]:
    """Make row groups small, so that few events fill many of them."""
    modules = (facts, writer, compaction, reader, message_file)
    names = (("MESSAGE_GROUP", 0), ("FIELDS_GROUP", 1))
    with patched(
        [
            (module, name, sizes[place])
            for module in modules
            for name, place in names
            if sizes is not None and hasattr(module, name)
        ]
    ):
        yield


@contextlib.contextmanager
def patched(changes: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    """Give attributes of modules other values for a while."""
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    try:
        for module, name, value in changes:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


__all__ = ["GROUP", "World", "column", "patched", "table_of", "text_of"]
