"""A gesture on a value of a row: keeping it finds that very row again, leaving it out does not."""

from __future__ import annotations

import json
import random

import pytest

import cwnb
from cwnb.errors import InvalidParameter
from cwnb.notebook.exploration import Exploration
from cwnb.notebook.widgets.events import values_of
from cwnb.times import Clock

from .conftest import NOW_MS

NAMES = [
    "level",
    "status",
    "a",
    "odd name",
    "a.b",
    "with`tick",
    "@at",
    "9lives",
    "by",
    "ключ",
    "x-y",
]
NUMBERS = [0, -0.0, 7, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30, 0.1 + 0.2, 1 / 3, 1e-7, 1e300]
WORDS = [
    "",
    " ",
    "ERROR",
    "10",
    "10.0",
    "1e2",
    "0x10",
    "true",
    "null",
    "NaN",
    "inf",
    "Infinity",
    "-5",
]
ODD = [
    'a"b', "a\\", 'a\\"b', "it's", "{{name}}", "{{", "}} {{ }}", "{{{{", "a|b # c", "`tick`", "/re/",
    "日本", "\u202eabc", "\x1b[31mred", "line\nbreak", "tab\tend", "cr\r\nx", "\u2028", "<b>x</b>",
]  # fmt: skip
OTHERS = [True, False, None, "2026-11-20 10:00:00.000", "x" * 300]
QUERIES = [
    "fields @timestamp, @message, level, status, a, `odd name`",
    "fields @ptr, @log, @logStream, @ingestionTime, `with``tick`, `@at`, `9lives`, `by`, ключ, `x-y`",
    "fields status * 2 as m, level, concat(level, '-') as c | sort m | limit 30",
    'parse @message "level=* took * ms" as level, took | display level, took, took * 1.1',
    "parse @message /(?<num>[0-9]+)/ | fields strlen(@message) as n, abs(a) as z | display n, z, num",
    "parse @message /(?<w>[a-z]+)/ multi | display w, level",
    "fields jsonParse(@message) as j, level | filter ispresent(level)",
    "filter ispresent(level) and not ispresent(jsonStringify(level)) | dedup level",
    "fields bin(5m) as t, datefloor(@timestamp, 1h) as f, isnumeric(a) as isn, a / 3 as third",
    "fields huge * 1 as infinite, fromMillis(status) as fm, a as level, status as a",
    (
        "filter not (ispresent(jsonStringify(a)) or ispresent(jsonStringify(level)))"
        " | stats count(*) as n, avg(a) as mean, latest(@message) as m by level, bin(10m) as t"
    ),
]
ROWS = 4


def _value(chance: random.Random, depth: int = 0):
    kinds = [
        NUMBERS,
        WORDS,
        ODD,
        OTHERS,
        [chance.random()],
        ["ERROR", "INFO"],
        [chance.randrange(5)],
    ]
    if depth < 2 and chance.random() < 0.2:
        some = [_value(chance, depth + 1) for _ in range(chance.randrange(4))]
        return some if chance.random() < 0.5 else {chance.choice("pq r"): one for one in some}
    return chance.choice(chance.choice(kinds))


def _message(chance: random.Random) -> str:
    fields = {name: _value(chance) for name in chance.sample(NAMES, chance.randrange(1, 7))}
    if chance.random() < 0.15:
        return f"plain level={chance.choice('abc')} took {chance.randrange(100)} ms"
    text = json.dumps(fields, ensure_ascii=chance.random() < 0.5)
    return f'{text[:-1]}, "huge": 1e400}}' if chance.random() < 0.1 else text


@pytest.fixture(scope="module")
def random_logs(tmp_path_factory):
    chance = random.Random(11)
    # Each test has a key ring of its own, so a store for all of them has no key.
    store = tmp_path_factory.mktemp("random") / "store"
    with cwnb.open(store, encryption="none", clock=Clock(NOW_MS)) as logs:
        for part in range(3):
            times = [NOW_MS - chance.randrange(1, 1000) * 1000 for _ in range(25)]
            logs.put("/r", f"s-{part}", [(time, _message(chance)) for time in times])
            if part < 2:
                logs.flush()
        yield logs


def _identity(result, row: int) -> str:
    """Tell a row from others: by its event where it is one, and by its values."""
    is_event = result.outcome.places is not None
    return f"{result.pointers[row] if is_event else ''} {values_of(result, row)}"


@pytest.mark.parametrize("text", QUERIES)
def test_a_kept_value_finds_its_row_again(random_logs, text):
    chance = random.Random(text)
    result = random_logs.query(text, "/r")
    checked = 0
    for row in chance.sample(range(len(result)), min(ROWS, len(result))):
        for name, value in values_of(result, row).items():
            for gesture in ("keep_only", "leave_out"):
                exploration = Exploration.of(result)
                getattr(exploration, gesture)(name, value)
                again = exploration.run()
                found = _identity(result, row) in {_identity(again, i) for i in range(len(again))}
                assert found == (gesture == "keep_only"), (gesture, name, value, exploration.text)
                checked += 1
    assert checked


def test_what_no_query_can_say_is_refused(random_logs):
    exploration = Exploration(random_logs, ["/r"])
    # The error names the field, and not what stands for one that may be a list.
    with pytest.raises(InvalidParameter, match=r"^cannot write 'level', a missing value"):
        exploration.keep_only("level", float("nan"))
