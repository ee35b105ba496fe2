"""Laws of discovery on random lines: blocks never show, and both strategies give one answer."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.store import discovery
from cwnb.store.discovery import Discovered, blocks, discover, merge, rare, strategies
from cwnb.store.discovery.one_by_one import discover_events

SCALARS = [
    "null", "true", "false", "0", "-0", "-0.0", "1", "1.0", "2.5", "1e3", "1E-2", "1e400", "NaN",
    "-Infinity", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "123456789012345678901234567890", "12345678901234567890.5", "1e17",
    "01", "+1", "1.", '""', '"x"', '"200"', '"2026-01-02T03:04:05Z"', '"2026-01-02"', '"12:30:00"',
    '"\\u00e9"', '"é"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\udc00x"', '"\\u0000"', '"\\/"', '"\\x"',
    '"{\\"a\\": 12345678901234567890123}"', '"12345678901234567890123"', '"tab\tin"', "{}", "[]",
    '"} {"', '"\x7f"', "[1, 2]", '[1, "x", null]', "[[], [1]]", '[{"k": 1}, {"k": "v"}]', '{"": 1}',
]  # fmt: skip
KEYS = [
    "a",
    "b",
    "c",
    "a.b",
    "a.0",
    "@timestamp",
    "@@x",
    "",
    "\\u0061",
    "0",
    "level",
    "é",
    "n\\u0000l",
]


def plain(found: Discovered) -> dict[str, Any]:
    columns = {}
    for name, values in found.columns.items():
        kind = "string" if pa.types.is_dictionary(values.type) else str(values.type)
        columns[name] = (pa.types.is_dictionary(values.type), kind, values.to_pylist())
        values.validate(full=True)
    rest = None if found.rest is None else found.rest.to_pylist()
    return {"columns": repr(columns), "rest": rest, "capped": found.capped}


@st.composite
def value(draw: Any, depth: int = 0) -> str:
    if depth < 3 and draw(st.integers(0, 3)) == 0:
        if draw(st.booleans()):
            return draw(document(depth + 1))
        return "[" + ",".join(draw(st.lists(value(depth + 1), max_size=3))) + "]"
    return draw(st.sampled_from(SCALARS))


@st.composite
def document(draw: Any, depth: int = 0) -> str:
    pairs = draw(st.lists(st.tuples(st.sampled_from(KEYS), value(depth)), max_size=4))
    gap = draw(st.sampled_from(["", "", " ", "\t"]))
    return "{" + ",".join(f'{gap}"{key}":{gap}{text}' for key, text in pairs) + "}"


@st.composite
def line(draw: Any) -> str:
    text = draw(document())
    odd = draw(st.integers(0, 30))
    if odd == 0:
        return text + draw(
            st.sampled_from(["x", text, " " + text, "}", "\n", "\n" + text, " ", "\0"])
        )
    if odd == 1:
        return text[: draw(st.integers(0, len(text)))]
    if odd == 2:
        return draw(st.sampled_from(["\ufeff", " ", "\r\n", "[", "x", "\v", "\u00a0"])) + text
    if odd == 3:
        return draw(st.sampled_from(["plain", "", "[1,2]", '["x"]', "2 x", "START RequestId: 1"]))
    return text


@settings(max_examples=60, deadline=None)
@given(st.lists(line(), min_size=1, max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_blocks_never_show(lines: list[str], cuts: list[int]) -> None:
    ends = sorted({0, len(lines), *(min(cut, len(lines)) for cut in cuts)})
    parts = [lines[start:stop] for start, stop in itertools.pairwise(ends)]
    whole = merge([discover_events(pa.array(lines, pa.string()), None)], [len(lines)])
    merged = merge(
        [discover_events(pa.array(part, pa.string()), None) for part in parts],
        [len(part) for part in parts],
    )
    assert plain(merged) == plain(whole)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse in blocks however few lines there are and however many do not fit."""
    monkeypatch.setattr(strategies, "_MIN_LINES", 1)
    monkeypatch.setattr(blocks, "_LEAST_LINES", 1)
    monkeypatch.setattr(blocks, "_SAMPLE_LINES", 1)


@pytest.mark.parametrize("seed", range(60))
def test_both_strategies_give_one_answer(seed: int, eager: None) -> None:
    random_line = _random_lines(seed)
    lines = pa.array([random_line() for _ in range(80)], pa.string())
    expected = discover_events(lines, None)
    assert plain(discover(lines)) == plain(expected)
    # With what the first time has taught, too.
    assert plain(discover(lines)) == plain(expected)


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(line(), min_size=1, max_size=12))
def test_both_strategies_agree_on_odd_lines(lines: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategies, "_MIN_LINES", 1)
        patch.setattr(blocks, "_LEAST_LINES", 1)
        array = pa.array(lines, pa.string())
        assert plain(discover(array)) == plain(discover_events(array, None))


@pytest.mark.parametrize("seed", range(4))
def test_documents_of_several_shapes_among_lines_without_fields(seed: int) -> None:
    chance = random.Random(seed)
    shapes: list[Any] = [
        lambda: {"kind": "a", "n": chance.choice([1, 2, 2**60]), "few": chance.choice("xyz")},
        lambda: {"kind": "b", "n": chance.choice([0.5, 1.0]), "many": str(chance.random())},
        lambda: {"kind": "c", "n": chance.choice(["x", True]), "deep": {"few": "é", "l": [1, {}]}},
        lambda: {"kind": "d", f"own{chance.randrange(300)}": chance.choice([1, 2.5, "t"])},
        lambda: {"kind": "e", "n": 2**70, "few": 5},
    ]
    weights = [chance.choice([0, 1, 20]) for _ in shapes]
    lines = []
    for _ in range(3000):
        if chance.random() < 0.1 or not any(weights):
            lines.append(chance.choice(["plain", "", "{", "[1]", "2 x\0"]))
        else:
            lines.append(json.dumps(chance.choices(shapes, weights)[0](), ensure_ascii=False))
    array = pa.array(["", *lines, ""]).slice(1, len(lines))
    expected = plain(discover_events(array, None))
    assert plain(discover(array)) == expected
    assert plain(discover(array)) == expected


@pytest.mark.parametrize("log_type", [None, "vpc-flow", "route53"])
def test_columns_of_text_lines_with_both_strategies(log_type: str | None, eager: None) -> None:
    chance = random.Random(5)
    flow = "2 111122223333 eni-0a1b 198.51.100.7 10.0.1.15 50022 443 6 14 3120 1770110040 1770110100 ACCEPT OK"
    query = "1.0 2026-02-03T09:14:07.123Z Z0E www.shop.example A NOERROR UDP AMS54 203.0.113.53 -"
    odd = ["-", "", "x", "٣", "\u00a0", "\v", "1e5", "é", " ", "99999999999999999999"]
    lines = []
    for _ in range(600):
        words = chance.choice([flow, query]).split(" ")
        if chance.random() < 0.7:
            words[chance.randrange(len(words))] = chance.choice(odd)
        lines.append(
            " ".join(words) + chance.choice(["", "", "\n", " ", "\r\n", "\n\n", "\v", "\u00a0"])
        )
    array = pa.array(lines)
    assert plain(discover(array, log_type=log_type)) == plain(discover_events(array, log_type))


def mangled(chance: random.Random, text: str, odd: list[str], times: list[int]) -> str:
    """Give a text into which odd pieces were put, so many times as one of `times` says."""
    for _ in range(chance.choice(times)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(odd) + text[at + chance.randrange(3) :]
    return text


def test_lines_of_lambda_with_both_strategies(eager: None) -> None:
    chance = random.Random(11)
    one, other = "3b1d0c9e-0330-41a1-b37c-0cde75968035", "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
    time = "2026-02-03T09:14:07.123Z"
    report = (
        f"REPORT RequestId: {one}\tDuration: 50.10 ms\tBilled Duration: 51 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 300 MB\t"
    )
    xray = "XRAY TraceId: 1-5e1b-0f\tSegmentId: 4f0e\tSampled: true"
    whole = [
        f"START RequestId: {one} Version: $LATEST",
        f"END RequestId: {other}",
        f"ENDS RequestId: {other}",
        report,
        report + "Init Duration: 120.5 ms\t\n" + xray + "\n",
        report.replace("512", "5" * 8).replace("300", "9" * 30),
        f"{time}\t{one}\tINFO\twrote order",
        f"[INFO]\t{time}\t{other}\twrote order\n",
        f"{time}\t{one}",
        f"{time}\t{one}\n",
        f"{time} {one} Task timed out after 3.00 seconds",
        f"RequestId: {other} Error: Runtime exited " + xray,
        f'{time}\t{one}\tINFO\t{{"event":"paid","amount":4.0,"l":[1,{{"k":"v"}}],"@type":"x"}}',
        f'{time}\t{one}\tINFO\t{{"event":"paid","amount":4,"n":12345678901234567890123}}\n',
        f'{time}\t{one}\tINFO\t{{"a":1}} and {{"b":2}}',
        f'{time}\t{one}\tINFO\t{{not}} {{"b":2}}',
        '{"a": 1, "requestId": "x"}',
        " [1]",
        "plain",
        "",
        json.dumps({f"k{i}": i for i in range(205)}),
        time + "\t" + one + "\t" + json.dumps({f"k{i}": i for i in range(200)}),
    ]
    odd = ["", *' \t\n\v\x1c:-{}"\\\0é٣9a', "XRAY ", one]
    lines = []
    for _ in range(4000):
        text = mangled(chance, chance.choice(whole), odd, [0, 0, 1, 2])
        lines.append(text + chance.choice(["", "", "", "\n", " ", "\r\n"]))
    array = pa.array(["x", *lines]).slice(1)
    found = discover_events(array, "lambda")
    assert plain(discover(array, log_type="lambda")) == plain(found)
    assert plain(discover(array, log_type="lambda")) == plain(found)
    assert found.capped
    for part in (whole[:1], whole[3:4], whole[6:7], ["plain"], [""], whole[12:13]):
        few = pa.array(part * 3)
        expected = plain(discover_events(few, "lambda"))
        assert plain(discover(few, log_type="lambda")) == expected


def test_lines_of_syslog_with_both_strategies(eager: None) -> None:
    chance = random.Random(7)
    whole = [
        '<134>1 2026-02-03T09:14:07.123Z edge-2 shopd 4711 CART [a@1 k="v \\"q\\" \\]"] added',
        '<134>1 - - - - - [a@1 k="v" l="\\]"][b] \ufeffadded: to cart',
        "<38>Feb  3 09:14:07 edge-2 sshd[812]: Accepted publickey for ivo",
        "Feb 13 09:14:07 edge-2 CRON: (root) CMD (x)",
        "2026-02-03T09:14:07.123456+01:00 edge-2 kernel: SRC=203.0.113.9",
        "<164>Feb 03 2026 09:14:07 fw-1 : %ASA-4-106023: Deny tcp src outside:203.0.113.9/50022",
        "<166>:%FTD-session-6-302013: Built",
        "%ASA-1-106021: Deny",
        '{"a": 1}',
    ]
    odd = ["", *' -:[]<>"\\\n\0\x85é٣\ufeff9']
    lines = []
    for _ in range(3000):
        text = mangled(chance, chance.choice(whole), odd, [0, 1, 1, 2])
        lines.append(text + chance.choice(["", "", "\n", " ", "\r\n", "\u00a0"]))
    array = pa.array(lines)
    found = discover_events(array, "syslog")
    assert plain(discover(array, log_type="syslog")) == plain(found)
    # Lines of each form were left as they are often enough.
    assert min(len(found.columns[n].drop_null()) for n in ("msgId", "procId", "messageId")) > 100


def _random_lines(seed: int) -> Any:
    """Lines that mostly fit one shape, so that they are parsed in blocks to the end."""
    chance = random.Random(seed)
    shape = {
        key: chance.choice(["int", "float", "text", "bool", "object", "list"]) for key in "abcdef"
    }

    def make(kind: str) -> Any:
        if chance.random() < 0.02:
            return chance.choice(
                [None, "x", 1, 2.5, True, {}, [], {"z": 1}, 2**53 + 1, 2**64, -0.0]
            )
        if kind == "int":
            return chance.choice([0, 1, 200, -5, 10**12])
        if kind == "float":
            return chance.choice([0.5, 1.0, 1, 1e20, 2.25])
        if kind == "text":
            return chance.choice(["", "a", "2026-01-01", "é\u0000", '"{', "} {"])
        if kind == "bool":
            return chance.random() < 0.5
        if kind == "object":
            return {
                key: chance.choice([1, "s", None]) if key == "m" else 3
                for key in "xym"[: chance.randrange(4)]
            }
        return [chance.choice([1, 2, None]) for _ in range(chance.randrange(4))]

    def random_line() -> str:
        found = {key: make(kind) for key, kind in shape.items() if chance.random() < 0.9}
        text = json.dumps(found, ensure_ascii=chance.random() < 0.5)
        odd = chance.random()
        if odd < 0.02:
            return text[:-3]
        if odd < 0.04:
            return text + text
        if odd < 0.05:
            return text[:-1] + ', "a": 7}'
        if odd < 0.06:
            return text.replace("0.5", "NaN").replace("200", "1e400")
        return "plain text" if odd < 0.08 else text

    return random_line


@pytest.mark.parametrize("seed", range(12))
def test_rare_keys_do_not_show_blocks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rare, "COLUMN_LIMIT", 4)
    monkeypatch.setattr(rare, "RARE_SHARE", 10)
    chance = random.Random(seed)
    lines = [
        json.dumps(
            {
                f"k{chance.randrange(1 + chance.randrange(12))}": chance.choice(
                    [1, 2.5, 1.0, 2**53 + 1, "x", "1", True, 2**70, 1e10, 10**10]
                )
                for _ in range(chance.randrange(4))
            }
        )
        for _ in range(40)
    ]
    whole = merge([discover(pa.array(lines))], [len(lines)])
    ends = sorted({0, len(lines), *(chance.randrange(len(lines)) for _ in range(3))})
    parts = [lines[start:stop] for start, stop in itertools.pairwise(ends)]
    merged = merge([discover(pa.array(part)) for part in parts], [len(part) for part in parts])
    assert plain(merged) == plain(whole)
    twice = merge(
        [merge([discover(pa.array(part))], [len(part)]) for part in parts], list(map(len, parts))
    )
    assert plain(twice) == plain(whole)


SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


@pytest.mark.skipif(not SHARED.exists(), reason="shared data absent")
def test_cloudtrail_records_with_both_strategies() -> None:
    lines = [
        json.dumps(record)
        for path in sorted((SHARED / "cloudtrail").glob("*.json"))[:12]
        for record in json.loads(path.read_text())["Records"]
    ]
    array = pa.array(lines)
    whole = discover_events(array, None)
    assert plain(discover(array)) == plain(whole)
    parts = [array.slice(at, 40) for at in range(0, len(lines), 40)]
    merged = merge([discover(part) for part in parts], list(map(len, parts)))
    assert plain(merged) == plain(whole)


def test_a_merge_of_merges_is_the_merge() -> None:
    chance = random.Random(3)
    blocks_of = [[f'{{"a":{chance.choice(SCALARS)}}}' for _ in range(5)] for _ in range(6)]
    found = [discover(pa.array(part)) for part in blocks_of]
    left = merge([merge(found[:3], [5] * 3), merge(found[3:], [5] * 3)], [15, 15])
    assert plain(left) == plain(merge(found, [5] * 6))


def test_a_part_without_a_rare_field_does_not_change_its_type() -> None:
    many = [['{"a": "x"}'] * 9, ['{"b": 1}'] * 9, ['{"b": 1}'] * 400 + ['{"a": "y"}']]
    found = [discover_events(pa.array(part), None) for part in many]
    whole = discover_events(pa.array([line for part in many for line in part]), None)
    assert plain(merge(found, list(map(len, many)))) == plain(whole)


def _calls(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    counted: list[int] = []
    before = getattr(blocks, name)

    def count(*args: Any) -> Any:
        counted.append(1)
        return before(*args)

    monkeypatch.setattr(blocks, name, count)
    return counted


def test_many_numbers_beyond_64_bits_are_left_out_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(1)
    lines = pa.array([json.dumps({"id": chance.randrange(2**64)}) for _ in range(1000)])
    reads = _calls(monkeypatch, "_read")
    assert plain(discover(lines)) == plain(discover_events(lines, None))
    assert len(reads) < 20


def test_many_integers_after_doubles_are_looked_at_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"m{number}" for number in range(40)]
    discover(pa.array([json.dumps(dict.fromkeys(names, 0.5))] * 300))
    lines = [json.dumps(dict.fromkeys(names, number)) for number in range(400)]
    lines += [json.dumps(dict.fromkeys(names, 7) | {"m3": 8.0, "note": "[1.5,"})] * 5
    flattened = _calls(monkeypatch, "flatten")
    array = pa.array(lines)
    assert plain(discover(array)) == plain(discover_events(array, None))
    assert len(flattened) <= len(lines)


def test_lines_of_which_each_has_a_key_of_its_own_are_given_up_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = pa.array([json.dumps({"a": 1, f"k{number}": 1}) for number in range(9000)])
    turns = _calls(monkeypatch, "_parse_most")
    assert plain(discover(lines)) == plain(discover_events(lines, None))
    assert len(turns) <= 2


def test_version_is_a_number() -> None:
    assert isinstance(discovery.VERSION, int)
