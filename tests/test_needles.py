"""The index of messages loses no match: answers with it are those without it."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import cwnb
from cwnb.errors import StoreDamaged, StoreKeyMissing
from cwnb.store import cache
from cwnb.store.maintenance import background, compaction
from cwnb.store.segments import facts, gram_tables, message_file, message_index, reader, writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_S = 1_790_000_000
WORDS = ["acquirer", "timeout", "Straße", "Kelvin", "zurück", "\u212a-unit", "aaaaaaaaaaaa", "a/b"]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make row groups small and index all of them; keep the background quiet."""
    for module in (facts, writer, compaction, reader, message_file, gram_tables, message_index):
        monkeypatch.setattr(module, "MESSAGE_GROUP", 8, raising=False)
        monkeypatch.setattr(module, "FIELDS_GROUP", 24, raising=False)
    monkeypatch.setattr(message_file, "_HOLD_ROWS", 16)
    monkeypatch.setattr(message_index, "_LEAST_MESSAGE_BYTES", 0)
    monkeypatch.setattr(message_index, "_SHARE", 100)
    monkeypatch.setattr(background, "_TICK_S", 1e6)


def message(drawn: random.Random, number: int) -> str:
    kind = drawn.randrange(8)
    word = drawn.choice(WORDS)
    trace = f"{drawn.getrandbits(64):016x}"
    if kind < 4:
        document = {
            "n": number,
            "trace": trace,
            "text": f"{word} {number} “{word}”",
            "id": word * 3,
        }
        text = json.dumps(document, ensure_ascii=kind == 1)
        if kind == 2:  # escapes that nobody needs
            text = text.replace(trace[:4], "".join(f"\\u{ord(one):04x}" for one in trace[:4]))
        return text.replace("/", "\\/") if kind == 3 else text
    if kind == 4:
        return json.dumps({"n": number, "trace": drawn.getrandbits(60), "text": None})
    if kind == 5:
        return f"{word} {trace} " + "x" * drawn.randrange(3000) + word
    return drawn.choice([word, f"{trace}", " ", f"{word}\n\tat {trace}", '""', "é" * 20])


def fill(logs: Any, drawn: random.Random) -> list[str]:
    """Put events in several steps: segments of several sizes that overlap, and recent ones."""
    texts = []
    for step in range(drawn.randrange(1, 5)):
        some = [message(drawn, number) for number in range(drawn.randrange(1, 60))]
        events = [(1000 * (START_S + drawn.randrange(100)), text) for text in some]
        logs.put("/g", f"s{step}", events)
        texts += some
        if drawn.random() < 0.7:
            logs.flush()
    return texts


def questions(drawn: random.Random, texts: list[str]) -> Iterator[str]:
    def needle() -> str:
        text = drawn.choice(texts)
        start = drawn.randrange(len(text))
        return text[start : start + drawn.choice([3, 6, 9, 12, 20, 40])]

    def text_of(needle: str) -> str:
        return '"' + needle.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def regex_of(needle: str) -> str:
        from cwnb.regex import escape, write_regex

        return write_regex(drawn.choice(["", "", "(?i)"]) + escape(needle))

    documents = [json.loads(text) for text in texts if text.startswith("{")]
    values = [str(d["trace"]) for d in documents] + [str(d.get("id")) for d in documents] or ["x"]

    def condition() -> str:
        value = drawn.choice(values)
        literal = text_of(needle())
        return drawn.choice(
            [
                f"@message like {literal}",
                f"@message like {regex_of(needle())}",
                f"@message not like {literal}",
                f"strcontains(@message, {literal})",
                f"strcontains(@message, {literal}, true)",
                f"@message = {text_of(drawn.choice(texts))}",
                f"trace = {text_of(value)}",
                f"trace in [{text_of(value)}, {text_of(needle())}]",
                f"trace != {text_of(value)}",
                f"text like {text_of(value[1:])}",
                f"id = {text_of(value)}",
                f"text like {text_of(drawn.choice(WORDS))}",
                f"strcontains(trace, {text_of(value[2:9])})",
                "n > 3",
            ]
        )

    for _ in range(10):
        one, other = condition(), condition()
        joined = drawn.choice(
            [one, one, f"({one}) and ({other})", f"({one}) or ({other})", f"not ({one})"]
        )
        yield drawn.choice(
            [
                f"fields @message, trace | filter {joined}",
                f"filter {joined} | stats count(*) as c, min(n) as low",
                f"fields toupper(@message) as @message | filter {joined} | stats count(*)",
                f"fields concat(trace, text) as trace | filter {joined} | display n, trace",
                f"filter n > 0 | filter {joined} | sort n | limit 5 | fields n, text, @message",
                f"parse @message 'a*b' as part | filter {joined} | display part, @message",
            ]
        )


def answer(logs: Any, query: str) -> tuple[Any, ...]:
    result = logs.query(query, "/g")
    statistics = {name: n for name, n in result.statistics.items() if name.startswith("records")}
    rows = result.df.to_json(orient="split")
    return rows, [str(kind) for kind in result.df.dtypes], statistics, result.warnings


def same_without_index(logs: Any, query: str) -> int:
    """Compare the answers with and without the index; give the rows of an answer."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(message_index, "VERSION", -1)
        without = answer(logs, query)
    assert answer(logs, query) == without, query
    return len(json.loads(without[0])["data"])


@settings(
    deadline=None,
    # The seed says nothing about the events, so that there is nothing to shrink.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=int(os.environ.get("CWNB_NEEDLES", "6")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 1 << 40))
def test_no_match_is_lost(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    drawn = random.Random(seed)
    encryption = drawn.choice(["default", "none"])
    with cwnb.open(tmp_path_factory.mktemp("needles") / "store", encryption=encryption) as logs:
        texts = fill(logs, drawn)
        for query in questions(drawn, texts):
            same_without_index(logs, query)
        logs.compact("/g")
        for query in questions(drawn, texts):
            same_without_index(logs, query)


def index_of(logs: Any) -> list[Any]:
    return [segment.index for segment in logs.store.snapshot(["/g"]).groups[0].segments]


@pytest.fixture(params=["default", "none"])
def logs(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    with cwnb.open(tmp_path / "store", encryption=request.param) as held:
        texts = [json.dumps({"n": n, "id": f"{n * 7919:x}-{n:012d}-abc"}) for n in range(200)]
        held.put("/g", "s", [(1000 * (START_S + n), text) for n, text in enumerate(texts)])
        held.flush()
        yield held


@pytest.mark.parametrize(
    ("condition", "rows", "messages"),
    [
        ('@message like "000000123-ab"', 1, 8),
        ("@message like /(?i)000000123-AB/", 1, 8),
        ("@message like /000000123-ab|000000003-ab/", 2, 16),
        ("@message like /no such text/", 0, 0),
        ('n > 100 and @message like "000000123-ab"', 1, 8),
        ('strcontains(@message, "000000123-ab")', 1, 8),
        ('id like "000000123-ab" or @message like "000000003-ab"', 2, 24),
    ],
)
def test_only_row_groups_that_may_have_a_text_are_read(
    logs: Any, monkeypatch: pytest.MonkeyPatch, condition: str, rows: int, messages: int
) -> None:
    from cwnb.store.segments.files import SegmentFiles

    read = []
    before = SegmentFiles.messages

    def watched(self: Any, names: Any, row_groups: Any) -> Any:
        read.append(8 * len(row_groups))
        return before(self, names, row_groups)

    monkeypatch.setattr(SegmentFiles, "messages", watched)
    result = logs.query(f"filter {condition} | fields n", "/g")
    assert len(result) == rows
    # A row group may be read that has none of it, but few are.
    assert messages <= sum(read) <= messages + 40
    assert result.statistics["recordsScanned"] == 200


def test_the_value_of_a_field_reads_no_fields_of_other_row_groups(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cwnb.store.segments.files import SegmentFiles

    read = []
    before = SegmentFiles.fields

    def watched(self: Any, names: Any, row_groups: Any, **options: Any) -> Any:
        read.append((names, row_groups))
        return before(self, names, row_groups, **options)

    monkeypatch.setattr(SegmentFiles, "fields", watched)
    value = f"{123 * 7919:x}-{123:012d}-abc"
    assert logs.query(f'filter id = "{value}" | fields n', "/g").df["n"].tolist() == [123]
    assert {number for names, numbers in read if "id" in names for number in numbers} <= {4, 5, 6}


def test_a_damaged_index_is_an_error_that_names_the_file(logs: Any, tmp_path: Path) -> None:
    (index,) = index_of(logs)
    (file,) = tmp_path.rglob("*.fields.parquet")
    data = bytearray(file.read_bytes())
    data[index.at + 40] ^= 1
    file.write_bytes(data)
    said = r"the index in '.*fields.parquet' of log group '/g' is damaged"
    with pytest.raises(StoreDamaged, match=said):
        logs.query('filter @message like "000000123-ab" | fields n', "/g")


def test_a_file_that_was_cut_off_is_an_error(logs: Any, tmp_path: Path) -> None:
    (index,) = index_of(logs)
    (file,) = tmp_path.rglob("*.fields.parquet")
    file.write_bytes(file.read_bytes()[: index.at + 10])
    with pytest.raises(StoreDamaged):
        logs.query('filter @message like "000000123-ab" | fields n', "/g")


def test_an_index_of_another_version_is_passed_over(
    logs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_index, "VERSION", message_index.VERSION + 1)
    assert len(logs.query('filter @message like "000000123-ab" | fields n', "/g")) == 1


def test_an_index_says_nothing_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cwnb.open(tmp_path / "store") as logs:
        logs.put("/g", "s", [(1000 * START_S, '{"id": "needle-in-a-haystack"}')])
        logs.flush()
        query = 'filter @message like "needle-in-a-haystack"'
        assert len(logs.query(query, "/g")) == 1
        (index,) = index_of(logs)
        (file,) = tmp_path.rglob("*.fields.parquet")
        assert b"needle" not in file.read_bytes()[index.at :]
        monkeypatch.setenv("CWNB_CONFIG_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setattr(cache.time, "monotonic", lambda: 1e12)
        with pytest.raises(StoreKeyMissing):
            logs.query(query, "/g")
        assert not message_index._answers.drop_old()


def test_a_backup_and_a_repair_keep_the_index(logs: Any, tmp_path: Path) -> None:
    from cwnb.store.repairing import repair

    before = index_of(logs)
    logs.backup(tmp_path / "copy")
    query = 'filter @message like "000000123-ab" | fields n'
    with cwnb.open(tmp_path / "copy") as copy:
        assert index_of(copy) == before
        assert len(copy.query(query, "/g")) == 1
    for file in (tmp_path / "copy").glob("catalog.sqlite*"):
        file.unlink()
    repair(tmp_path / "copy")
    with cwnb.open(tmp_path / "copy") as copy:
        assert index_of(copy) == before
        assert len(copy.query(query, "/g")) == 1


@pytest.mark.parametrize(
    ("log_type", "line", "condition"),
    [
        ("syslog", "<165>Nov 20 08:00:00 host app[7]: a message", 'severity = "notice"'),
        ("syslog", "<185>Nov 20 08:00:00 host app[7]: a message", 'facility like "local7"'),
        ("syslog", "<82>Nov 20 08:00:00 host app[7]: a message", 'facility = "authpriv"'),
        (
            "lambda",
            "2026-11-20T08:00:00.000Z\t8f507cfc-xmpl-4697-b07a-ac58fc914c95\tINFO\tdone",
            '@requestId = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"',
        ),
    ],
)
def test_a_value_that_is_not_in_the_message_is_found(
    tmp_path: Path, log_type: str, line: str, condition: str
) -> None:
    with cwnb.open(tmp_path / "store") as logs:
        logs.create_group("/g", log_type=log_type)
        logs.put("/g", "s", [(1000 * (START_S + n), line) for n in range(20)])
        logs.flush()
        assert index_of(logs)[0] is not None
        assert same_without_index(logs, f"filter {condition} | fields @message") == 20


def test_the_index_takes_a_small_part_of_the_files(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(message_index, "_SHARE", 0.045)
        drawn = random.Random(1)
        lines = [json.dumps({"n": n, "id": f"{drawn.getrandbits(128):x}"}) for n in range(5000)]
        with cwnb.open(tmp_path / "store") as logs:
            logs.put("/g", "s", [(1000 * (START_S + n), line) for n, line in enumerate(lines)])
            logs.flush()
            (segment,) = logs.store.snapshot(["/g"]).groups[0].segments
            size = segment.index.places * -(-segment.rows // 8) / 8
            assert 0.03 * segment.file_bytes < size < 0.05 * segment.file_bytes
