from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwnb.errors import InvalidParameter
from cwnb.sources import load
from cwnb.sources.blocks import Block, LineReader, slices
from cwnb.sources.clocks import Reading
from cwnb.sources.lines import TextReader
from cwnb.sources.text_times import TimeReader, recognise_layouts

TABLE = Path(__file__).parents[1] / "fixtures" / "sources" / "multiline.txt"


def cases():
    text = TABLE.read_text().split("\n", 1)[1]
    for case in text.split("---\n"):
        lines, events = case.split("===\n")
        yield lines, [event.removesuffix("\n") for event in events.split("...\n")]


@pytest.mark.parametrize(("lines", "events"), list(cases()))
def test_lines_become_events(memory, lines, events) -> None:
    report = load(memory, io.BytesIO(lines.encode()), group="/g")
    assert [message.decode() for message in memory.messages()] == events
    assert report.events == report.records == len(events)
    inside = sum(event.count("\n") + 1 for event in events)
    assert report.lines == lines.count("\n")
    assert report.blank == report.lines - inside


@pytest.mark.parametrize("size", [1, 2, 7, 30, 64, 1000])
def test_block_borders_never_show(size) -> None:
    text = "".join(lines for lines, _ in cases()).encode() * 3
    reading = Reading(0)
    reader = LineReader(io.BytesIO(text), size=size)
    whole = LineReader(io.BytesIO(text))
    order = recognise_layouts(slices(b"2026-02-03 09:14:07 x", *_one(21)), reading)

    def events(lines):
        chunks = list(TextReader(lines, TimeReader(order, reading)))
        messages = [m for chunk in chunks for m in chunk.message.to_pylist()]
        numbers = [n for chunk in chunks for n in chunk.number.tolist()]
        return messages, numbers, sum(c.lines for c in chunks), sum(c.blank for c in chunks)

    assert events(reader) == events(whole)


def _one(length):
    import numpy as np

    return np.array([0]), np.array([length])


def test_lines_keep_their_bytes(memory) -> None:
    data = b"2026-02-03 09:14:07 caf\xe9 \x00 \r\n2026-02-03 09:14:08 x\r\n\r\n  \n2026-02-03 09:14:09 y"
    report = load(memory, io.BytesIO(data), group="/g")
    assert memory.messages() == [
        b"2026-02-03 09:14:07 caf\xe9 \x00 ",
        b"2026-02-03 09:14:08 x",
        b"2026-02-03 09:14:09 y",
    ]
    assert (report.lines, report.blank, report.untimed) == (5, 2, 0)


def test_a_line_without_time_takes_that_of_the_line_before(memory, tmp_path) -> None:
    import os

    file = tmp_path / "app.log"
    file.write_text(
        "hello\nworld\n2026-02-03T09:14:07Z one\nno time\n2026-02-03T09:14:09Z two\nlast\n"
    )
    os.utime(file, (1770200000, 1770200000))
    report = load(memory, file, group="/g")
    assert report.untimed == 4
    # The first lines take the time of the first one that has a time, and not the file's.
    assert memory.times() == [1770110047000] * 4 + [1770110049000] * 2


def test_a_pattern_says_where_records_begin(memory) -> None:
    data = b"BEGIN 1\n a\n\nEND\n\nBEGIN 2\nx\n\n"
    report = load(memory, io.BytesIO(data), group="/g", pattern="^BEGIN")
    assert memory.messages() == [b"BEGIN 1\n a\n\nEND", b"BEGIN 2\nx"]
    assert (report.lines, report.blank) == (8, 2)


def test_a_pattern_that_re2_refuses_is_an_error(memory) -> None:
    with pytest.raises(InvalidParameter, match="cannot use the pattern"):
        load(memory, io.BytesIO(b"x"), group="/g", pattern="(?=x)")


def test_slices_are_the_bytes() -> None:
    import numpy as np

    data = bytes(range(256)) * 2
    starts = np.array([0, 5, 300, 0, 500, 511, 512])
    lengths = np.array([3, 12, 13, 0, 12, 1, 0])
    want = [data[s : s + n] for s, n in zip(starts, lengths, strict=True)]
    assert slices(data, starts, lengths).to_pylist() == want
    assert slices(b"", starts[:1], lengths[3:4]).to_pylist() == [b""]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(" \t\v\f\r\x1c\x1f\x00\xa0x", max_size=4)
        | st.integers(0, 40).map(lambda count: " " * count)
        | st.integers(0, 40).map(lambda count: "\t" * count + "x"),
        max_size=12,
    )
)
def test_blank_lines_are_those_of_white_space(lines: list[str]) -> None:
    pieces = [line.encode() for line in lines]
    block = Block.of(b"\n".join(pieces), 1)
    assert block.blank().tolist() == [
        not (data := block.data[start : start + size]) or data.isspace()
        for start, size in zip(block.starts.tolist(), block.lengths.tolist(), strict=True)
    ]
