"""What the service and its command line give as JSON loads as the events in it."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from cwnb.errors import SourceError
from cwnb.sources import load

MS = 1770110047123


def event(number, **more):
    return {"timestamp": MS + number, "message": f"line {number}", "ingestionTime": MS, **more}


PAGE = {
    "events": [
        {"logStreamName": "web/1", **event(0), "eventId": "3980"},
        {"logStreamName": "web:2", **event(1, message='{"a": "]}"}'), "eventId": "3981"},
    ],
    "searchedLogStreams": [],
}
LOG_EVENTS = {"events": [event(0), event(1)], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"}


def row(**fields):
    return [{"field": "@" + name.lstrip("_"), "value": value} for name, value in fields.items()]


ANSWER = {
    "queryLanguage": "CWLI",
    "results": [
        row(timestamp="2026-02-03 09:14:07.123", message="one two", logStream="s", ptr="Cm"),
        [
            *row(timestamp="2026-02-03 09:14:08.000", message="m", ptr="Cn"),
            {"field": "user", "value": "007"},
        ],
        [
            {"field": "bin(5m)", "value": "2026-02-03 09:10:00.000"},
            {"field": "count(*)", "value": "12"},
        ],
    ],
    "statistics": {"recordsMatched": 3.0, "bytesScanned": 70.0},
    "status": "Complete",
}


def sent(*numbers, kind="DATA_MESSAGE", group="/shop/app", stream="i-1/app"):
    return {
        "messageType": kind,
        "owner": "111122223333",
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": ["to-bus"],
        "logEvents": [{"id": str(n), "timestamp": MS + n, "message": f"line {n}"} for n in numbers],
    }


def loaded(memory, data, **options):
    report = load(memory, io.BytesIO(data), group="/g", **options)
    assert report.formats == ["service"]
    assert report.events + report.refused_count == report.records
    return report, [tuple(event) for event in memory.events()]


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("sort", [False, True])
def test_pages_of_events(memory, indent, sort):
    data = json.dumps(PAGE, indent=indent, sort_keys=sort).encode()
    report, events = loaded(memory, data + b"\n" + data.replace(b"line 0", b"line 2"))
    assert events == [
        (MS, "web/1", b"line 0"),
        (MS + 1, "web_2", b'{"a": "]}"}'),
        (MS, "web/1", b"line 2"),
        (MS + 1, "web_2", b'{"a": "]}"}'),
    ]
    assert report.notes == []
    assert report.untimed == 0


def test_one_stream_has_the_name_of_the_file_or_the_users(memory, tmp_path):
    file = tmp_path / "out.json"
    file.write_text(json.dumps(LOG_EVENTS))
    load(memory, file, group="/g")
    assert [event.stream for event in memory.events()] == ["out.json"] * 2
    file.write_text(json.dumps(PAGE))
    load(memory, file, group="/h", stream="mine")
    assert [event.stream for event in memory.events("/h")] == ["mine"] * 2


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(PAGE["events"], indent=2),
        "\n".join(map(json.dumps, PAGE["events"])),
        "".join(map(json.dumps, PAGE["events"])),
    ],
)
def test_the_events_alone(memory, data):
    _, events = loaded(memory, data.encode())
    assert [event[0] for event in events] == [MS, MS + 1]


def test_an_answer_gives_messages_or_fields(memory):
    report, events = loaded(memory, json.dumps(ANSWER, indent=4).encode(), tz="Europe/Vienna")
    assert events == [
        (MS, "s", b"one two"),
        (1770110048000, "stream", b'{"@message":"m","user":"007"}'),
        (1770109800000, "stream", b'{"bin(5m)":"2026-02-03 09:10:00.000","count(*)":"12"}'),
    ]
    assert report.untimed == 0


def test_what_is_not_all_is_said(memory):
    report, _ = loaded(memory, json.dumps(PAGE | {"nextToken": "t"}).encode())
    assert "the last page has a token for a next one" in str(report)
    report, _ = loaded(memory, json.dumps(ANSWER | {"status": "Running"}).encode())
    assert "the status of its query is 'Running'" in str(report)


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
@pytest.mark.parametrize("sort", [False, True])
def test_subscriptions(memory, between, sort):
    records = [
        sent(0, 1),
        sent(9, kind="CONTROL_MESSAGE", group="", stream=""),
        sent(2, group="/shop/web", stream="a:b"),
    ]
    texts = [json.dumps(record, sort_keys=sort) for record in records]
    packed = b"".join(gzip.compress((text + between).encode()) for text in texts)
    report, events = loaded(memory, packed)
    assert events == [
        (MS, "i-1/app", b"line 0"),
        (MS + 1, "i-1/app", b"line 1"),
        (MS + 2, "a_b", b"line 2"),
    ]
    assert report.refused == [("<stream>", 3, "a control message of the service")]
    assert "events of 2 log groups: /shop/app, /shop/web" in str(report)


def test_a_thousand_records_without_line_breaks(memory):
    data = "".join(json.dumps(sent(n, stream=f"s{n % 7}")) for n in range(1000)).encode()
    report, events = loaded(memory, data)
    assert [event[2] for event in events] == [b"line %d" % n for n in range(1000)]
    assert len(report.streams) == 7


def test_what_is_no_event_costs_itself(memory):
    page = {"events": [event(0), {"timestamp": "x", "message": "y"}, 5, event(1)]}
    report, events = loaded(memory, json.dumps(page).encode(), format="service")
    assert len(events) == 2
    assert [place for _, place, _ in report.refused] == [2, 3]
    assert set(report.refused_by_reason) == {"no event of CloudWatch Logs"}
    with pytest.raises(SourceError, match="is cut off inside record 2"):
        load(memory, io.BytesIO(json.dumps(PAGE).encode()[:-150]), group="/h", format="service")


def test_a_page_without_events(memory):
    report = load(memory, io.BytesIO(json.dumps(PAGE | {"events": []}).encode()), group="/g")
    assert (report.formats, report.records) == (["service"], 0)


@pytest.mark.parametrize(
    "data",
    [
        b'{"events": [{"id": 1, "name": "x"}]}\n',
        b'{"events": [{"timestamp": 1770110047123, "message": "x", "level": "INFO"}]}\n',
        b'{"results": [{"a": 1}]}\n',
        b'{"timestamp": 1770110047123, "message": "x"}\n',
    ],
)
def test_other_json_stays_as_it_is(memory, data):
    report = load(memory, io.BytesIO(data), group="/g")
    assert report.formats == ["ndjson"]
    assert memory.messages() == [data.strip()]


def test_times_that_the_user_names_come_first(memory):
    page = {"events": [event(0, message='{"when": "2026-02-03 10:00:00"}')], "nextToken": None}
    _, events = loaded(memory, json.dumps(page).encode(), time_field="when")
    assert events[0][0] == 1770112800000


def test_documents_one_after_another(memory):
    for data in (
        b'{"a":1}{"b":2}\n{"c":3}',
        b'{"a":1}[{"b":2},{"c":3}]\n',
        b'[{"a":1}][{"b":2}]{"c":3}',
    ):
        load(memory, io.BytesIO(data), group=f"/{data[7:9].hex()}")
        report = load(memory, io.BytesIO(data), group="/g", again=True)
        assert (report.formats, report.events, report.refused_count) == (["json"], 3, 0)
    assert memory.messages() == [b'{"a":1}', b'{"b":2}', b'{"c":3}'] * 3


def test_trails_one_after_another(memory):
    data = b'{"Records":[{"a":1},{"a":2}]}{"Records":[]}\n{"Records":[{"a":3}], "x": 1}'
    report = load(memory, io.BytesIO(data), group="/g")
    assert memory.messages() == [b'{"a":1}', b'{"a":2}', b'{"a":3}']
    assert "keys beside 'Records' are no events and were left out" in str(report)
