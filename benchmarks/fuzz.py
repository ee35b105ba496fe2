"""Texts that nobody wrote on purpose: `python -m benchmarks fuzz [--texts N] [--seconds S]`.

Queries of the tests are cut, joined, doubled, swapped and spoilt, character by character and word
by word. Each text is read and checked (`parse`, `check`), and some of them are run on odd data: in
a frame and in a store. What may come out is an answer or an error of ours (CwnbError), within a
second of the processor's time. The last line counts what was tried; a seed gives the same texts.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import cwnb
from cwnb.errors import CwnbError
from cwnb.insights import check, parse
from cwnb.query_sources import DataFrameSources
from cwnb.times import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
NOW_MS = 1_795_172_400_000
MOST_S = 1.0
# One of so many texts is run.
RUN_EVERY = 20
# So much longer than a test's query a text becomes at most.
MOST_CHARACTERS = 2_000
WORDS = re.compile(r"\s+|[\w@.]+|.", re.DOTALL)
ODD = (
    *"|,()[]{}'\"`/\\#*%^=<>!~@$:;.-+&?\n\t\0",
    *("é", "\u200f", "\ud800", "😀", "\u201c", "\u0663", "1e999", "-0", "9" * 40, "0x1f"),
    *"NaN null true by as not in like and or stats fields filter parse sort limit dedup".split(),
    *'count(*) bin(5m) 5m /a(?<b>c)/ "*" `` @message @timestamp @ptr {{x}} $x() SOURCE'.split(),
)


def main(argv: list[str]) -> int:
    """Try texts; 1 if one of them gave what it may not give."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz", description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000, help="texts to read and check")
    parser.add_argument("--asked", type=int, default=1_000, help="texts to run, at most")
    parser.add_argument("--seconds", type=float, help="end after so long, whatever is left")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    ends = time.monotonic() + options.seconds if options.seconds else float("inf")
    tried = _Tried()
    chosen = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        answer = _answers(Path(folder))
        sources = DataFrameSources(odd_frame(), [])
        for number, text in enumerate(_texts(chosen, options.texts)):
            if time.monotonic() > ends:
                break
            readable = tried.note("read", text, lambda text=text: _read(text, sources))
            wanted = readable or number % RUN_EVERY == 0
            if wanted and tried.counts["run"] < options.asked:
                tried.note("run", text, lambda text=text: answer(text, chosen))
    figures = [f"{name}={tried.counts[name]}" for name in ("read", "readable", "run", "answered")]
    print(*figures, f"slowest_ms={1000 * tried.slowest_s:.0f} bad={tried.bad}")
    return int(tried.bad > 0)


class _Tried:
    """Counts what came out, and prints what must not."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.slowest_s = 0.0
        self.bad = 0

    def note(self, what: str, text: str, attempt: Callable[[], object]) -> bool:
        """Try one text; True if it gave an answer."""
        self.counts[what] += 1
        begun = time.process_time()
        try:
            attempt()
        except CwnbError:
            good = False
        except Exception:
            good = False
            self._tell(what, text, traceback.format_exc(limit=-3))
        else:
            good = True
            self.counts["readable" if what == "read" else "answered"] += 1
        took = time.process_time() - begun
        self.slowest_s = max(self.slowest_s, took)
        if took > MOST_S:
            self._tell(what, text, f"took {took:.1f} s")
        return good

    def _tell(self, what: str, text: str, problem: str) -> None:
        self.bad += 1
        print(f"{what}: {text!r}\n    {problem}", flush=True)


def _read(text: str, sources: Any) -> None:
    check(parse(text), sources, strict=False)


def _answers(folder: Path) -> Callable[[str, random.Random], None]:
    """Give what runs a text on a frame or on a store, as chance has it."""
    frame = odd_frame()
    logs = cwnb.open(folder / "store", clock=Clock(NOW_MS), encryption="none")
    odd = [(NOW_MS - 1_000 * i, message) for i, message in enumerate(_odd_messages())]
    logs.put("/odd", "s 1", odd)
    logs.put("/odd", "é/2", odd[::2])
    logs.flush()
    logs.put("/new", "s", odd[:3])

    def answer(text: str, chosen: random.Random) -> None:
        if chosen.random() < 0.5:
            rows = cwnb.query(text, frame, now=NOW_MS)
        else:
            rows = logs.query(text, ["/odd", "/new"])
        for _ in rows:
            pass
        str(rows)

    return answer


def odd_frame() -> pd.DataFrame:
    """Give a few rows with values of every kind, and names that need backticks."""
    big = 2**53 + 1
    columns = {
        "@timestamp": pd.to_datetime([NOW_MS - 60_000 * i for i in range(8)], unit="ms", utc=True),
        "@message": [
            "",
            "a=1 b=2",
            '{"a": [1, {"b": null}]}',
            "x" * 5_000,
            "é\u200f😀",
            None,
            "[]",
            "1",
        ],
        "level": ["ERROR", "info", None, "", "ERROR", " ", "10", "9"],
        "status": [200, 404, None, 500, 0, -1, 2**31, 7],
        "ms": [0.1, float("inf"), float("-inf"), float("nan"), -0.0, 1e308, 5e-324, 3.0],
        "big": [big, big - 1, -big, 0, 1, 2**63 - 1, -(2**63), None],
        "flag": [True, False, None, True, True, False, False, None],
        "mixed": [1, "1", 1.0, "01", True, None, "NaN", "0x1f"],
        "list": [[1, "a"], [], None, {"k": [1]}, [[1], [2]], {"k": {"j": None}}, "[1]", "{"],
        "odd key": ["a", "b", "c", "d", "e", "f", "g", "h"],
        "user.id": ["u1", "u2", "u1", None, "u3", "u1", "u2", "u1"],
    }
    return pd.DataFrame(
        {name: pd.Series(values, dtype=_dtype(name)) for name, values in columns.items()}
    )


def _dtype(name: str) -> Any:
    kinds = {
        "@timestamp": None,
        "status": "Int64",
        "big": "Int64",
        "flag": "boolean",
        "ms": "float64",
    }
    return kinds.get(name, "object")


def _odd_messages() -> list[str]:
    return [
        '{"level": "ERROR", "status": 500, "ms": 1.5, "user": {"id": "u1"}, "tags": ["a", "b"]}',
        '{"level": null, "status": "500", "ms": "1.50", "tags": [], "n": 9007199254740993}',
        '{"level": {"a": 1}, "status": [1, 2], "": 1, "a.b": 2, "a": {"b": 3}, "@x": 4}',
        '{"level": "ERROR", "level": "twice", "ms": 1e999}',
        '{"cut": "off',
        "GET /x?a=1&b=%20 200 0.5",
        'level=error msg="a \\"b\\" c" n=5 empty= =x',
        "<a b='1'><c>text</c><c/></a>",
        'a,"b ""c""",,d',
        "",
        " \t",
        "é\u200f😀\u0000",
        "x" * 5_000,
        "[1, 2]",
        "1",
    ]


def _texts(chosen: random.Random, count: int) -> Iterator[str]:
    seeds = _seeds()
    for _ in range(count):
        text = chosen.choice(seeds)
        for _ in range(chosen.choice((1, 1, 1, 2, 3, 5))):
            text = chosen.choice(_SPOIL)(text, chosen, seeds)
        yield text[:MOST_CHARACTERS]


def _seeds() -> list[str]:
    """Give the queries of all tables of tests."""
    found: list[str] = []
    for path in sorted((FIXTURES / "queries").glob("*.txt")):
        blocks = path.read_text("utf-8").split("query:\n")[1:]
        found += (block.partition("\n---")[0] for block in blocks)
    for name in ("parse", "errors", "samples"):
        blocks = (FIXTURES / "insights" / f"{name}.txt").read_text("utf-8").split("\n# ")[1:]
        found += (block.partition("\n")[2].partition("\n---")[0] for block in blocks)
    return [text for text in found if text.strip()]


def _cut(text: str, chosen: random.Random, _: list[str]) -> str:
    start, end = sorted(chosen.randrange(len(text) + 1) for _ in range(2))
    return text[:start] + text[end:] if chosen.random() < 0.7 else text[start:end]


def _insert(text: str, chosen: random.Random, _: list[str]) -> str:
    place = chosen.randrange(len(text) + 1)
    return text[:place] + chosen.choice((" ", "")) + chosen.choice(ODD) + text[place:]


def _replace_word(text: str, chosen: random.Random, seeds: list[str]) -> str:
    words = WORDS.findall(text)
    others = WORDS.findall(chosen.choice(seeds))
    if words and others:
        words[chosen.randrange(len(words))] = chosen.choice((chosen.choice(others), *ODD[-30:]))
    return "".join(words)


def _swap_words(text: str, chosen: random.Random, _: list[str]) -> str:
    words = WORDS.findall(text)
    if len(words) > 1:
        one, other = (chosen.randrange(len(words)) for _ in range(2))
        words[one], words[other] = words[other], words[one]
    return "".join(words)


def _join(text: str, chosen: random.Random, seeds: list[str]) -> str:
    other = chosen.choice(seeds).split("|")
    commands = [*text.split("|"), chosen.choice(other)]
    chosen.shuffle(commands)
    return " | ".join(commands)


def _repeat(text: str, chosen: random.Random, _: list[str]) -> str:
    words = WORDS.findall(text) or [""]
    place = chosen.randrange(len(words))
    words[place] *= chosen.choice((2, 3, 50, 300))
    return "".join(words)


def _nest(text: str, chosen: random.Random, _: list[str]) -> str:
    words = WORDS.findall(text) or [""]
    place, depth = chosen.randrange(len(words)), chosen.choice((1, 2, 45, 200))
    before, after = chosen.choice((("(", ")"), ("not ", ""), ("-", ""), ("abs(", ")"), ("[", "]")))
    words[place] = before * depth + words[place] + after * depth
    return "".join(words)


_SPOIL = (
    _cut,
    _insert,
    _insert,
    _replace_word,
    _replace_word,
    _swap_words,
    _join,
    _join,
    _repeat,
    _nest,
)
