"""Lines of containers: CRI runtimes, Docker, Fluent Bit."""

from __future__ import annotations

import io
import json

import pytest

from cwnb.sources import containers, load
from cwnb.sources.blocks import LineReader

MS = 1770110047123
AT = "2026-02-03T09:14:07.123456789Z"


def cri(memory, *lines, **options):
    report = load(memory, io.BytesIO("\n".join(lines).encode()), group="/g", **options)
    assert report.events + report.refused_count == report.records
    return report


def test_cri_lines_are_split(memory):
    report = cri(
        memory,
        f"{AT} stdout F one two",
        f'{AT} stderr F {{"level":"error"}}',
        "2026-02-03T11:14:08.5+02:00 stdout F:x three",
        f"{AT} stdout F ",
        f"{AT} stdout F",
    )
    assert report.formats == ["cri"]
    assert memory.messages() == [b"one two", b'{"level":"error"}', b"three"]
    assert memory.times() == [MS, MS, 1770110048500]
    assert (report.lines, report.blank, report.untimed) == (5, 2, 0)
    assert "1 line is of stderr" in str(report)
    whole = f"{AT} stdout F one two"
    load(memory, io.BytesIO(whole.encode()), group="/h", format="text")
    assert memory.messages("/h") == [whole.encode()]


def test_parts_are_joined_by_pipe(memory):
    later = "2026-02-03T09:14:09Z"
    report = cri(
        memory,
        f"{AT} stdout P out-",
        f"{AT} stderr P err-",
        f"{later} stdout P 1-",
        f"{later} stdout F 2",
        f"{later} stdout F after",
        f"{later} stderr F 3",
        f"{later} stdout P without end",
    )
    assert memory.messages() == [b"out-1-2", b"err-3", b"after", b"without end"]
    assert memory.times() == [MS, MS, 1770110049000, 1770110049000]
    assert report.records == 4


@pytest.mark.parametrize("size", [1, 30, 100])
def test_block_borders_never_show(memory, monkeypatch, size):
    lines = [f"{AT} stdout {'P' if n % 3 else 'F'} {n};" for n in range(40)]
    read = containers.read_cri

    def slowly(reader, times, report):
        return read(LineReader(reader._stream, size=size), times, report)

    monkeypatch.setattr("cwnb.sources.content.read_cri", slowly)
    cri(memory, *lines)
    assert b"".join(memory.messages()) == b"".join(b"%d;" % n for n in range(40))
    assert len(memory.messages()) == 14


def test_a_line_of_parts_over_the_limit_is_refused_once(memory):
    lines = [f"{AT} stdout P {'x' * 16_384}" for _ in range(80)]
    report = cri(memory, f"{AT} stdout F a", *lines, f"{AT} stdout F end", f"{AT} stdout F b")
    assert memory.messages() == [b"a", b"b"]
    assert report.refused == [("<stream>", 2, "longer than 1,048,576 bytes")]


def test_other_lines_among_them_stay(memory):
    report = cri(memory, f"{AT} stdout F a", "unable to retrieve logs", f"{AT} stdout F b")
    assert memory.messages() == [b"a", b"unable to retrieve logs", b"b"]
    assert report.untimed == 1


def docker(*texts, **more):
    return [json.dumps({"log": text, "stream": "stdout", "time": AT, **more}) for text in texts]


def test_wrapped_records_say_so_and_are_unwrapped_when_asked(memory):
    lines = docker("one\n", '{"level":"warn"}\n', "\n", "four\n")
    report = cri(memory, *lines)
    assert memory.messages()[0] == lines[0].encode()
    assert "unwrap=True makes" in str(report)
    memory.groups.clear()
    report = cri(memory, *lines, unwrap=True)
    assert memory.messages() == [b"one", b'{"level":"warn"}', b"four"]
    assert memory.times() == [MS] * 3
    assert (report.lines, report.blank, report.records) == (4, 1, 3)
    assert report.notes == []


def test_a_line_that_docker_cut_is_joined(memory):
    long = "x" * 16_384
    lines = docker(long, long, "end\n", "no newline", "next\n")
    lines.insert(1, *docker("err\n", stream="stderr"))
    report = cri(memory, *lines, unwrap=True)
    assert [len(message) for message in memory.messages()] == [2 * 16_384 + 3, 3, 10, 4]
    assert report.lines == 6


@pytest.mark.parametrize(
    ("record", "message", "time"),
    [
        ({"date": "2026-02-03T09:14:07.123Z", "log": "a", "kubernetes": {}}, b"a", MS),
        ({"date": 1770110047.123, "log": {"a": [1]}}, b'{"a":[1]}', MS),
        (
            {"log": "2026-02-03 09:14:07.123 a", "source": "stdout"},
            b"2026-02-03 09:14:07.123 a",
            MS,
        ),
        (
            {"log": '{"time":"2026-02-03T09:14:07.123Z"}'},
            b'{"time":"2026-02-03T09:14:07.123Z"}',
            MS,
        ),
        ({"time": AT, "log": 5}, b"5", MS),
        ({"time": AT, "message": "b"}, None, MS),
    ],
)
def test_payloads_and_their_times(memory, record, message, time):
    report = cri(memory, json.dumps(record), unwrap=True)
    assert memory.messages() == [message or json.dumps(record).encode()]
    assert memory.times() == [time]
    assert ("have no field 'log'" in str(report)) == (message is None)


def test_events_of_the_service_are_unwrapped_too(memory):
    page = {
        "events": [
            {"logStreamName": "s", "timestamp": MS, "message": '{"log":"a"}', "ingestionTime": 1},
            {"logStreamName": "t", "timestamp": MS, "message": "plain", "ingestionTime": 1},
        ]
    }
    cri(memory, json.dumps(page), unwrap=True)
    assert [tuple(event) for event in memory.events()] == [(MS, "s", b"a"), (MS, "t", b"plain")]
    load(memory, [{"log": "x\n", "time": AT}], group="/h", unwrap=True)
    assert memory.events("/h")[0][:3] == (MS, "rows", b"x")
