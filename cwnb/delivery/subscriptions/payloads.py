"""What is sent: the service's messages of a subscription, packed and unpacked.

Source of the shapes: the user guide's page on subscriptions (SubscriptionFilters), and messages
that were captured from the live service.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa

from cwnb.delivery import system_fields
from cwnb.errors import InvalidParameter
from cwnb.events import DEFAULT_ACCOUNT, LOG_STREAM, MESSAGE, RAW, SEQUENCE, TIMESTAMP
from cwnb.store import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.filter_pattern import FilterPattern

# Source: the user guide's page on account-level subscription filters.
_ACCOUNT_LEVEL = "ACCOUNT_LEVEL_POLICY"
DATA, CONTROL = "DATA_MESSAGE", "CONTROL_MESSAGE"
_CONTROL_OWNER = "CloudwatchLogs"
_COMMIT = "@commit"
# An id has 56 digits and sorts with time: 20 of the milliseconds, 36 of the sequence number.
_SEQUENCE_DIGITS = 36
_ID_DIGITS = 56
_GZIP_LEVEL = 6


@dataclass(frozen=True)
class Sender:
    """What messages say of what sends them: its name, fields that it extracts, its level."""

    name: str
    pattern: FilterPattern
    system_fields: tuple[str, ...] = ()
    is_policy: bool = False
    is_replay: bool = False


@dataclass(frozen=True, eq=False)
class Payload:
    """Events of one log stream that are sent together, in the order in which they became visible.

    `events` has the columns of `store.Page`. `first` and `last` are the positions of the first and
    the last event.
    """

    group: str
    stream: str
    sender: Sender
    events: pa.Table

    def __len__(self) -> int:
        return len(self.events)

    @property
    def first(self) -> Position:
        """Give the position of the first event."""
        return position_at(self.events, 0)

    @property
    def last(self) -> Position:
        """Give the position of the last event."""
        return position_at(self.events, -1)

    def message(self) -> dict[str, Any]:
        """Give the DATA_MESSAGE as the service would send it; `replay` is there in a replay."""
        times = self.events[TIMESTAMP].cast(pa.int64()).to_pylist()
        sequences = self.events[SEQUENCE].to_pylist()
        texts = self.events[MESSAGE].to_pylist()
        message: dict[str, Any] = {
            "messageType": DATA,
            "owner": DEFAULT_ACCOUNT,
            "logGroup": self.group,
            "logStream": self.stream,
            "subscriptionFilters": [self.sender.name],
            "logEvents": [
                {"id": event_id(time, sequence), "timestamp": time, "message": text}
                for time, sequence, text in zip(times, sequences, texts, strict=True)
            ],
        }
        if self.sender.is_policy:
            message["policyLevel"] = _ACCOUNT_LEVEL
        pattern = self.sender.pattern
        # That system fields stand beside extracted ones is not documented, and is what is known of
        # messages of patterns of fields.
        emitted = system_fields.values_of(self.sender.system_fields, self.group)
        for event in message["logEvents"]:
            if pattern.kind == "fields":
                found = pattern.grammar.extract(event["message"])
                fields = {name.lstrip("$"): text for name, text in found.items()}
                event["extractedFields"] = {**fields, **emitted}
            elif emitted:
                event["extractedFields"] = dict(emitted)
        return {**message, "replay": True} if self.sender.is_replay else message

    def part(self, start: int, length: int) -> Payload:
        """Give a payload with some of its events."""
        return replace(self, events=self.events.slice(start, length))

    def halves(self) -> list[Payload]:
        """Give two payloads with the same events."""
        middle = len(self) // 2
        return [self.part(0, middle), self.part(middle, len(self) - middle)]

    def raw_messages(self) -> list[str | bytes]:
        """Give the messages as they came: bytes where they are no UTF-8."""
        raw = self.events[RAW].to_pylist()
        texts = self.events[MESSAGE].to_pylist()
        return [text if data is None else data for text, data in zip(texts, raw, strict=True)]


def event_id(time_ms: int, sequence: int) -> str:
    """Give the id of an event in messages, the same whenever it is sent."""
    return str(time_ms * 10**_SEQUENCE_DIGITS + sequence).zfill(_ID_DIGITS)


def position_at(events: pa.Table, row: int) -> Position:
    """Give the position of an event of a page."""
    return Position(events[_COMMIT][row].as_py(), events[SEQUENCE][row].as_py())


def payloads_of(group: str, sender: Sender, events: pa.Table) -> Iterator[Payload]:
    """Give the events of a page as payloads, one for each log stream, by their first events."""
    codes = events[LOG_STREAM].combine_chunks().dictionary_encode()
    order = np.argsort(np.asarray(codes.indices), kind="stable")
    sizes = np.bincount(np.asarray(codes.indices), minlength=len(codes.dictionary))
    start = 0
    for stream, size in zip(codes.dictionary.to_pylist(), sizes.tolist(), strict=True):
        rows = order[start : start + size]
        start += size
        yield Payload(group, stream, sender, events.take(pa.array(rows)))


def packed(message: dict[str, Any]) -> bytes:
    """Give the gzip bytes of a message, the same for the same message."""
    return gzip.compress(orjson.dumps(message), _GZIP_LEVEL, mtime=0)


def lambda_event(message: dict[str, Any]) -> dict[str, Any]:
    """Give the event that a Lambda function gets."""
    return {"awslogs": {"data": base64.b64encode(packed(message)).decode()}}


def control_message(now_ms: int, destination: str) -> dict[str, Any]:
    """Give the message by which the service looks whether a destination takes messages."""
    text = f"CWL CONTROL MESSAGE: Checking health of destination {destination}."
    return {
        "messageType": CONTROL,
        "owner": _CONTROL_OWNER,
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{"id": "", "timestamp": now_ms, "message": text}],
    }


def decode_subscription(event: Any) -> dict[str, Any]:
    """Give the message in what a subscription has sent.

    `event`: the event of a Lambda function, the `Data` of a Kinesis record (bytes, or base64 text),
    a record of Firehose, any of these as JSON text, or a message that is decoded already. Gives a
    dict with `messageType`, `owner`, `logGroup`, `logStream`, `subscriptionFilters` and `logEvents`
    (`id`, `timestamp` in epoch milliseconds, `message`). A CONTROL_MESSAGE has no events of a log
    group. Raises InvalidParameter.
    """
    found = event
    if isinstance(found, dict) and "awslogs" in found:
        found = found["awslogs"]
        found = found.get("data") if isinstance(found, dict) else found
    elif isinstance(found, dict) and "messageType" not in found:
        found = next((found[key] for key in ("Data", "data", "kinesis") if key in found), found)
        if isinstance(found, dict) and "data" in found:
            found = found["data"]
    if isinstance(found, str) and found.lstrip().startswith("{"):
        try:
            return decode_subscription(json.loads(found))
        except (ValueError, RecursionError):
            raise _no_message(event, "it is not JSON") from None
    if isinstance(found, str):
        try:
            found = base64.b64decode(found, validate=True)
        except (binascii.Error, ValueError):
            raise _no_message(event, "its data is not base64") from None
    if isinstance(found, bytes | bytearray):
        try:
            found = json.loads(gzip.decompress(found))
        except (OSError, EOFError, zlib.error):
            raise _no_message(event, "its data is not one gzip file") from None
        except (ValueError, RecursionError):
            raise _no_message(event, "what it holds is not JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("logEvents"), list):
        raise _no_message(event, "it has no logEvents")
    return dict(found)


def _no_message(event: Any, why: str) -> InvalidParameter:
    return InvalidParameter(f"{event!r:.80} is not what a subscription sends: {why}")
