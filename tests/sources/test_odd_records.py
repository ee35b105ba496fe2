"""Records that are not what the rest of their file is: kept, and told of in the report."""

from __future__ import annotations

import io

import pytest

from cwnb.sources import load

GOOD = b'{"time":"2026-02-03T10:00:00Z","a":1}\n'
AT_MS = 1_770_112_805_000


def loaded(store, data: bytes, **options):
    return load(store, io.BytesIO(data), group="/g", **options)


@pytest.mark.parametrize(
    "rest",
    [b'"a":NaN}', b'"a":1e400}', b'"a":"\\ud800"}', b'"a":"cut', b'"a":{"time":"2020-01-01T00:00:'],
)
@pytest.mark.parametrize("time", [b'"2026-02-03T10:00:05Z"', b"1770112805", b"1770112805000"])
def test_what_is_no_json_is_named_and_has_its_own_time(memory, rest, time) -> None:
    report = loaded(memory, GOOD + b'{"b":1,"time":' + time + b"," + rest + b"\n" + GOOD)
    assert report.files[0].notes == ["1 x not JSON (line 2): kept as text, without fields"]
    assert report.untimed == 0
    assert memory.times()[1] == AT_MS


@pytest.mark.parametrize(
    "line",
    [
        b'{"x":{"time":"2026-02-03T10:00:05Z"},"a":NaN}',
        b'{"x":"\\"time\\":\\"2026-02-03T10:00:05Z\\"","a":NaN}',
        b'{"a":NaN,"time":17701',
        b"a line between",
    ],
)
def test_a_time_that_may_be_another_is_not_read(memory, line) -> None:
    report = loaded(memory, GOOD + line + b"\n" + GOOD)
    assert report.untimed == 1
    assert memory.times()[1] == memory.times()[0]


def test_a_date_and_a_time_of_day_are_not_read_apart(memory) -> None:
    good = b'{"date":"2026-02-03","time":"10:00:00"}\n'
    report = loaded(memory, good + good[:-2] + b',"a":NaN}\n' + good)
    assert (report.untimed, len(set(memory.times()))) == (1, 1)


def test_the_places_of_many_are_counted(memory) -> None:
    report = loaded(memory, GOOD * 10 + b"x\n" * 7)
    assert report.files[0].notes == [
        "7 x not JSON (lines 11, 12, 13, 14, 15, …): kept as text, without fields"
    ]
    assert not any("JSON" in note for note in loaded(memory, b"x\n" * 5).files[0].notes)


def test_records_of_an_array_are_counted_as_such(memory) -> None:
    report = loaded(memory, b'[{"time":1770112805},{"time":1770112805,"a":NaN}]')
    assert report.files[0].notes == ["1 x not JSON (record 2): kept as text, without fields"]


def test_bytes_that_are_no_utf_8_are_told_of(memory) -> None:
    report = loaded(memory, b"2026-02-03 10:00:05Z caf\xe9\n" * 2 + b"2026-02-03 10:00:05Z x\n")
    note = (
        "2 x bytes that are no UTF-8: queries see \ufffd (U+FFFD) for them;"
        " the original bytes are kept (result.raw)"
    )
    assert report.files[0].notes == [note]
    assert memory.messages()[0].endswith(b"caf\xe9")


def test_cells_that_are_no_utf_8_are_told_of(memory) -> None:
    report = loaded(memory, b"time,a\n1770112805,caf\xe9\n1770112805,\xef\xbf\xbd\n", format="csv")
    note = "1 x bytes that are no UTF-8: they became \ufffd (U+FFFD) in the events"
    assert report.files[0].notes == [note]
