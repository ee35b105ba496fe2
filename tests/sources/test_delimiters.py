"""Tables whose cells are parted by semicolons or bars."""

from __future__ import annotations

import io

import pytest

from cwnb.sources import load

ROWS = 'time;user;price\n2026-02-03 10:00:00Z;ann;1,5\n2026-02-03 10:00:01Z;bob;"2;0"\n'


def loaded(store, text: str, name: str = "a", **options):
    stream = io.BytesIO(text.encode())
    stream.name = name
    return load(store, stream, group="/g", **options).files[0]


@pytest.mark.parametrize("format", [None, "csv"])
@pytest.mark.parametrize("delimiter", [";", "|"])
def test_semicolons_and_bars_part_cells(memory, delimiter, format) -> None:
    text = ROWS.replace("2;0", "2,0").replace(";", delimiter)
    report = loaded(memory, text, format=format)
    assert (report.format, report.events, report.untimed) == ("csv", 2, 0)
    assert report.notes == [f"the cells are parted by {delimiter!r}"]
    message = b'{"time":"2026-02-03 10:00:01Z","user":"bob","price":"2,0"}'
    assert memory.messages()[1] == message


def test_a_quoted_semicolon_is_no_delimiter(memory) -> None:
    assert loaded(memory, ROWS).events == 2
    assert b'"price":"2;0"' in memory.messages()[1]


def test_a_comma_goes_first(memory) -> None:
    text = "time,a;b\n2026-02-03 10:00:00Z,1;2\n2026-02-03 10:00:01Z,3;4\n"
    assert loaded(memory, text, format="csv").notes == []
    assert b'"a;b":"1;2"' in memory.messages()[0]


@pytest.mark.parametrize(
    "text",
    [
        "INFO|main|started\nINFO|main|ready\nWARN|main|slow\n",  # levels below a level
        "user;what\nann;in\nbob;out;late\n",  # not all agree
        "user;what\nann;in\n",  # one row shows little
        "1;2\n3;4\n5;6\n",  # no names
    ],
)
def test_lines_with_such_marks_stay_text(memory, text) -> None:
    assert loaded(memory, text).format == "text"


def test_a_name_says_that_it_is_a_table(memory) -> None:
    assert loaded(memory, "user;what\nann;in\n", "a.csv").events == 1
