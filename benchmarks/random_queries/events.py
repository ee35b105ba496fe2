"""Random events, with fields of every kind that a log may have, and the kinds as SQL has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

NOW_MS = 1_795_172_400_000
MINUTE_MS = 60_000
# The kind of each field: `mixed` has values of several types. A dot stands for a map in a map.
FIELDS = {
    "level": "text",
    "path": "text",
    "id": "text",
    "code": "text",
    "note": "text",
    "status": "int",
    "big": "int",
    "ms": "double",
    "cents": "double",
    "flag": "bool",
    "mixed": "mixed",
    "drift": "mixed",
    "rare": "double",
    "rarest": "text",
    "late": "text",
    "user.id": "text",
    "user.age": "int",
    "odd-key": "text",
    "none": "text",
}
# Sums of these cancel out or leave int64, so that their last digits depend on the order.
WIDE = {"big", "mixed", "drift", "code"}
# Not exact in binary: their sums depend on the order in the last digits.
INEXACT_SUMS = WIDE | {"cents"}
# Fields that discovery gives no values of any kind.
LISTS = ("tags",)
STREAMS = ("s-1", "s-2", "é/3")

LEVELS = ("ERROR", "WARN", "info", "", "é", "a b", "error", "ERROR 2", "ERROR 10")
WORDS = ("", "a", "ab", "ab-", "ab{", "abc", "x-9", "x-10", "é", "日本", 'say "hi"', "a\\b", " x ")
NUMERIC_TEXTS = (
    *("200", "0200", "200.0", "7.50", "7.5", "2e2", "-0", "0", "+5", "5.", ".5", "1e3"),
    *("404", "9007199254740993", "9007199254740992", "84e62969", "0x1f", " 7", "1_000", "-3", ""),
)
LARGE = (2**53, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62), 2**63 - 1, -(2**63), 0, 1, -7)
MIXED = (
    *(1, 0, 200, -3, 2**53 + 1, 2.5, 200.0, -0.0, 0.25, 1e20, True, False),
    *("1", "200", "0200", "2.5", "true", "false", "word", "", "é", "word 9", "word 10"),
)
AREAS = ("api", "img", "Ü", "a.b", "")


@dataclass(frozen=True)
class Event:
    """One event: when, of which stream, what it says, and its fields; none if it is no JSON."""

    time_ms: int
    stream: str
    message: str
    fields: dict[str, Any] | None


@dataclass
class Shape:
    """What differs between stores: how many values a key has, how much is missing, how late."""

    ids: int
    missing: float
    lateness_ms: int
    plain_lines: float
    # The number of the event from which `drift` has another type.
    drifts_at: tuple[int, int]

    @classmethod
    def drawn(cls, chosen: random.Random, events: int) -> Shape:
        """Draw one for so many events."""
        return cls(
            ids=chosen.choice((5, 50, 1_000, 10 * events)),
            missing=chosen.choice((0.0, 0.1, 0.5)),
            lateness_ms=chosen.choice((0, 1_000, 10 * MINUTE_MS)),
            plain_lines=chosen.choice((0.0, 0.02)),
            drifts_at=(events // 3, 2 * events // 3),
        )


class Maker:
    """Makes events one after another, in the order in which they arrive."""

    def __init__(self, chosen: random.Random, events: int) -> None:
        self.chosen, self.shape = chosen, Shape.drawn(chosen, events)
        self.made, self.all = 0, events
        self.time_ms = NOW_MS - 20 * MINUTE_MS
        # Several events have one time; all of them take about twenty minutes.
        self.steps_ms = (0, 0, 1, 3 * 20 * MINUTE_MS // events, 2 * 20 * MINUTE_MS // events)

    def some(self, count: int, *, plain_lines: bool = True) -> list[Event]:
        """Make the next events."""
        return [self._next(plain_lines) for _ in range(count)]

    def _next(self, plain_lines: bool) -> Event:
        chosen, self.made = self.chosen, self.made + 1
        self.time_ms += chosen.choice(self.steps_ms)
        late = chosen.random() < 0.3
        time_ms = self.time_ms - (chosen.randint(0, self.shape.lateness_ms) if late else 0)
        stream = chosen.choice(STREAMS)
        if plain_lines and chosen.random() < self.shape.plain_lines:
            return Event(time_ms, stream, f"plain ERROR {chosen.choice(WORDS)} {self.made}", None)
        fields = self._fields()
        return Event(time_ms, stream, _message(fields, chosen), fields)

    def _fields(self) -> dict[str, Any]:
        chosen, missing = self.chosen, self.shape.missing
        found: dict[str, Any] = {}
        for name in FIELDS:
            value = self._value(name)
            if value is not None and chosen.random() >= (0 if name in _NEVER_GONE else missing):
                found[name] = value
        kind = chosen.random()
        if kind < 0.5:
            items = (*LEVELS[:3], "7", 7, 2.5, True, None)
            found["tags"] = [chosen.choice(items) for _ in range(chosen.choice((0, 1, 2, 3)))]
        return found

    def _value(self, name: str) -> Any:
        chosen, shape = self.chosen, self.shape
        if name in {"rare", "rarest"}:
            if chosen.random() >= (0.02 if name == "rare" else 0.002):
                return None
            return chosen.randint(0, 40) / 4 if name == "rare" else chosen.choice(WORDS)
        if name == "late":
            return chosen.choice(LEVELS) if self.made > self.all * 0.9 else None
        if name == "none":
            return None
        if name == "drift":
            first, second = shape.drifts_at
            if self.made <= first:
                return chosen.randint(-5, 300)
            if self.made <= second:
                return chosen.choice(NUMERIC_TEXTS if chosen.random() < 0.5 else WORDS)
            return chosen.choice(MIXED) if chosen.random() < 0.2 else chosen.randint(0, 40) / 8
        return _OF_NAME[name](chosen, shape)


# These are in every event, so that columns without missing values occur too.
_NEVER_GONE = {"id", "status"}
_OF_NAME: dict[str, Any] = {
    "level": lambda chosen, _: chosen.choice(LEVELS),
    "path": lambda chosen, shape: (
        f"/{chosen.choice(AREAS)}/{chosen.randrange(shape.ids)}/{chosen.choice(WORDS)}"
    ),
    "id": lambda chosen, shape: f"id-{chosen.randrange(shape.ids):05}",
    "code": lambda chosen, _: chosen.choice(NUMERIC_TEXTS),
    "note": lambda chosen, _: chosen.choice(WORDS) + chosen.choice(("", " ", "é", "10", "9")),
    "status": lambda chosen, _: chosen.choice((0, 1, 200, 200, 200, 404, 500, -3, 7)),
    "big": lambda chosen, _: chosen.choice(LARGE),
    "ms": lambda chosen, _: chosen.choice(
        (0.0, -0.0, 1.0, 200.0, chosen.randint(-80, 4000) / 8, chosen.randint(0, 9))
    ),
    "cents": lambda chosen, _: chosen.randint(1, 99_999) / 100,
    "flag": lambda chosen, _: chosen.random() < 0.4,
    "mixed": lambda chosen, _: chosen.choice(MIXED),
    "user.id": lambda chosen, shape: f"u{chosen.randrange(min(shape.ids, 300))}",
    "user.age": lambda chosen, _: chosen.randint(0, 90),
    "odd-key": lambda chosen, _: chosen.choice(LEVELS),
}


def _message(fields: dict[str, Any], chosen: random.Random) -> str:
    """Write the event as JSON, now and then with fields that are null, or with escapes."""
    document: dict[str, Any] = {}
    for name, value in fields.items():
        first, dot, rest = name.partition(".")
        if dot:
            document.setdefault(first, {})[rest] = value
        else:
            document[name] = value
    absent = [name for name in FIELDS if name not in fields and "." not in name]
    if absent and chosen.random() < 0.3:
        document[chosen.choice(absent)] = None
    return json.dumps(document, ensure_ascii=chosen.random() < 0.2)
