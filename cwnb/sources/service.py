"""What the service gives as JSON: pages of events, answers of queries, records of subscriptions.

Each becomes the events in it: with the message, the time and the stream that it has there.
"""

from __future__ import annotations

import io
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from cwnb.errors import SourceError
from cwnb.events import LOG_STREAM, MESSAGE, POINTER, SYSTEM_FIELDS, TIMESTAMP
from cwnb.sources.blocks import BLOCK_BYTES
from cwnb.sources.chunks import NO_EVENT, Chunk, stream_names
from cwnb.sources.clocks import Reading
from cwnb.sources.documents import Document, read_documents
from cwnb.sources.field_times import read_values
from cwnb.sources.json_rows import compact_json
from cwnb.sources.records import CountedLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.sources.report import FileReport
    from cwnb.sources.unpacking import Peekable

# FilterLogEvents and GetLogEvents; GetQueryResults; subscriptions.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
_PAGE, _ANSWER, _SUBSCRIPTION = "events", "results", "logEvents"
_KEYS = frozenset({_PAGE, _ANSWER, _SUBSCRIPTION})
_EVENT_KEYS = {"logStreamName", "timestamp", "message", "ingestionTime", "eventId"}
_PAGE_KEYS = {"searchedLogStreams", "nextToken", "nextForwardToken", "nextBackwardToken"}
_HINT = re.compile(rb'"(?:events|results|logEvents|ingestionTime|field)"')
_HINT_BYTES = 65536
_BIN = re.compile(r"bin\(.*\)")

CONTROL = "a control message of the service"


def is_service(sample: bytes) -> bool:
    """Tell whether the first document, or the first record of an array, is one of the service's."""
    if not _HINT.search(sample[:_HINT_BYTES]):
        return False
    # A sample ends anywhere.
    with suppress(SourceError):
        for document in read_documents(io.BytesIO(sample), "", _KEYS):
            return _is_one(document)
    return False


def _is_one(document: Document) -> bool:
    first: Any = _value(document.records[0]) if document.records else None
    if document.key == _SUBSCRIPTION:
        return "messageType" in document.others()
    if document.key == _ANSWER:
        return _is_row(first) or (first is None and "statistics" in document.others())
    if document.key == _PAGE:
        if first is None:
            return bool(_PAGE_KEYS & set(document.others()))
        return _is_event(first) and set(first) <= _EVENT_KEYS
    # The list alone, as `--query events` gives it, or its records a line each.
    return _is_row(first) or (
        _is_event(first) and "ingestionTime" in first and set(first) <= _EVENT_KEYS
    )


def read_service(
    stream: Peekable, report: FileReport, *, own_stream: bool, own_times: bool
) -> Iterator[Chunk]:
    """Give the events; `number` counts them from 1. Raises SourceError where cut off.

    `own_stream`: the events go to the stream that they name; `own_times`: they have the time that
    the service gave them, and not one of a field of theirs.
    """
    counted = CountedLines(stream)
    events = _Events(report, own_stream=own_stream, own_times=own_times)
    for document in read_documents(counted, report.name, _KEYS, held=_SUBSCRIPTION):
        events.add(document)
        if events.size > BLOCK_BYTES:
            yield events.chunk()
    final = events.chunk()
    final.lines = counted.lines
    yield final
    events.note_at_end()


class _Events:
    """Collects the events of documents, a chunk of them at a time."""

    def __init__(self, report: FileReport, *, own_stream: bool, own_times: bool) -> None:
        self._report = report
        self._own_stream = own_stream
        self._own_times = own_times
        self._number = 0
        self._groups: dict[str, None] = {}
        self._more = False
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._messages: list[bytes] = []
        self._numbers: list[int] = []
        self._times: list[int | str | None] = []
        self._streams: list[str | None] = []
        self._refused: list[tuple[int, str]] = []

    def add(self, document: Document) -> None:
        """Take the records of a document."""
        others = document.others() if document.key is not None else {}
        stream, control = None, False
        if document.key == _SUBSCRIPTION:
            stream, control = (
                others.get("logStream"),
                others.get("messageType") == "CONTROL_MESSAGE",
            )
            if isinstance(group := others.get("logGroup"), str) and not control:
                self._groups[group] = None
        if document.whole:
            self._note_incomplete(document.key, others)
        for record in document.records:
            self._number += 1
            self.size += len(record)
            if control:
                self._refused.append((self._number, CONTROL))
            else:
                self._add(_value(record), stream)

    def _add(self, value: Any, stream: str | None) -> None:
        if _is_event(value):
            message, time = value["message"], value["timestamp"]
            stream = value.get("logStreamName", stream)
            if "extractedFields" in value:
                self._report.note("the 'extractedFields' of events were left out")
        elif _is_row(value):
            fields = {field["field"]: field.get("value") for field in value}
            stream = fields.get(LOG_STREAM)
            time = fields.get(TIMESTAMP)
            if time is None:
                time = next((v for name, v in fields.items() if _BIN.fullmatch(name)), None)
            message = _message_of_row(fields)
        else:
            self._refused.append((self._number, NO_EVENT))
            return
        self._messages.append(message.encode("utf-8", "surrogatepass"))
        self._numbers.append(self._number)
        self._times.append(time)
        self._streams.append(stream if isinstance(stream, str) and stream else None)

    def chunk(self) -> Chunk:
        """Give what has been collected, and begin anew."""
        times = timed = None
        if self._own_times:
            times, timed = _times(self._times)
        stream = None
        if self._own_stream and any(self._streams):
            stream = stream_names(self._streams, self._report.stream)
        chunk = Chunk(
            pa.array(self._messages, pa.binary()),
            np.array(self._numbers, np.int64),
            times,
            timed,
            stream=stream,
            refused=self._refused,
        )
        self._begin()
        return chunk

    def _note_incomplete(self, key: str | None, others: dict[str, Any]) -> None:
        status = others.get("status")
        if key == _ANSWER and isinstance(status, str) and status != "Complete":
            self._report.note(f"the answer is not complete: the status of its query is {status!r}")
        if key == _PAGE:
            self._more = bool(others.get("nextToken") or others.get("NextToken"))

    def note_at_end(self) -> None:
        """Add notes to the report: more pages exist, events of several log groups were mixed."""
        if self._more:
            self._report.note("the last page has a token for a next one: there are more events")
        if len(self._groups) > 1:
            names = ", ".join(list(self._groups)[:3]) + ", …" * (len(self._groups) > 3)
            self._report.note(f"events of {len(self._groups)} log groups: {names}")


def _value(record: bytes) -> Any:
    try:
        return orjson.loads(record)
    except orjson.JSONDecodeError:
        pass
    try:
        # Also reads half a surrogate pair, with which a message that was cut may end.
        return json.loads(record)
    except (ValueError, RecursionError):
        return None


def _is_event(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("message"), str)
        and type(value.get("timestamp")) is int
        and -(2**63) <= value["timestamp"] < 2**63
    )


def _is_row(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(field, dict) and isinstance(field.get("field"), str) for field in value)
        and all(isinstance(field.get("value"), str | None) for field in value)
    )


def _message_of_row(fields: dict[str, str | None]) -> str:
    """Give the message of a row that has no other fields of its own, else all fields as JSON."""
    message = fields.get(MESSAGE)
    if message is not None and set(fields) <= set(SYSTEM_FIELDS):
        return message
    left = {name: value for name, value in fields.items() if name not in (TIMESTAMP, POINTER)}
    return compact_json(left).decode("utf-8", "surrogatepass")


def _times(values: list[int | str | None]) -> tuple[Any, Any]:
    """Read numbers as milliseconds, texts as the service writes times in answers: in UTC."""
    times = np.array([value if type(value) is int else 0 for value in values], np.int64)
    timed = np.array([type(value) is int for value in values], bool)
    if any(isinstance(value, str) for value in values):
        texts = pa.array([v if isinstance(v, str) else None for v in values], pa.string())
        found, good = read_values(texts, Reading(0))
        times[good], timed[good] = found[good], True
    return times, timed
