"""Lines of containers: those that CRI runtimes write, and payloads that Docker and Fluent Bit wrap.

A line that is too long for the container runtime comes in parts, which are joined to one message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.sources.blocks import KEPT_BYTES, slices
from cwnb.sources.chunks import Chunk
from cwnb.sources.json_rows import compact_json
from cwnb.sources.row_times import row_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cwnb.sources.blocks import LineReader
    from cwnb.sources.report import FileReport
    from cwnb.sources.text_times import TimeReader

    Array = np.ndarray[Any, Any]

# `2026-02-03T09:14:07.123456789Z stdout F text`; P marks a part that goes on in the next line of
# the same pipe. Source: design-proposals-archive/node/kubelet-cri-logging.md (kubernetes).
_CRI = r"^\S+ (?P<pipe>stdout|stderr) (?P<tag>[PF])(?::\S*)?(?: (?P<text>(?s:.*)))?$"
_PAYLOAD = "log"
# Docker cuts lines that are longer than this, and writes a newline only after the last part.
_DOCKER_PART_BYTES = 16_384


@dataclass
class _Records:
    """Records of one chunk; parts wait by the name of their pipe until they are whole."""

    waiting: dict[Any, tuple[bytes, int, int, bool, str | None]] = field(default_factory=dict)
    messages: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    timed: list[bool] = field(default_factory=list)
    streams: list[str | None] = field(default_factory=list)

    def add(
        self,
        text: bytes,
        number: int,
        time: int,
        timed: bool,
        *,
        pipe: Any,
        part: bool,
        stream: str | None = None,
    ) -> bool:
        """Add a line, or a part of one; tell whether the line is blank."""
        if pipe in self.waiting:
            before, number, time, timed, stream = self.waiting.pop(pipe)
            # One byte more than the limit is enough for the record to be refused as too long.
            text = (before + text)[:KEPT_BYTES]
        if part:
            self.waiting[pipe] = (text, number, time, timed, stream)
            return False
        if not text.strip():
            return True
        self._put(text, number, time, timed, stream)
        return False

    def _put(self, text: bytes, number: int, time: int, timed: bool, stream: str | None) -> None:
        self.messages.append(text)
        self.numbers.append(number)
        self.times.append(time)
        self.timed.append(timed)
        self.streams.append(stream)

    def put_waiting(self) -> None:
        """Add the parts whose last one never came as records."""
        for waiting in sorted(self.waiting.values(), key=lambda part: part[1]):
            self._put(*waiting)
        self.waiting = {}

    def chunk(self, *, named: bool = False, **counts: Any) -> Chunk:
        """Give the records in the order of their lines."""
        numbers = np.array(self.numbers, np.int64)
        order = np.argsort(numbers, kind="stable")
        streams = pa.array(self.streams, pa.string()).take(pa.array(order)) if named else None
        return Chunk(
            pa.array(self.messages, pa.binary()).take(pa.array(order)),
            numbers[order],
            np.array(self.times, np.int64)[order],
            np.array(self.timed, bool)[order],
            stream=streams,
            **counts,
        )


def read_cri(reader: LineReader, times: TimeReader, report: FileReport) -> Iterator[Chunk]:
    """Give the text of each line of a container, its parts joined, with the time of the first.

    A line of another form is a record as it is.
    """
    waiting: dict[Any, Any] = {}
    errors = 0
    for block in reader:
        count = len(block)
        if block.last and count and not reader.ended and reader.leave(block, count - 1):
            count -= 1
        full = np.flatnonzero(~block.blank()[:count])
        lines = slices(block.data, block.starts[full], block.lengths[full])
        when, timed = times.read(lines)
        fields = pc.extract_regex(lines, pattern=_CRI)
        known = fields.is_valid()
        pipes, tags = fields.field("pipe"), fields.field("tag")
        errors += pc.sum(pc.equal(pipes, b"stderr")).as_py() or 0
        texts = pc.if_else(known, fields.field("text"), lines)
        numbers = block.first_line + full
        if waiting or pc.any(pc.equal(tags, b"P")).as_py():
            records = _Records(waiting)
            blank = count - len(full)
            rows = zip(
                texts.to_pylist(), numbers.tolist(), when.tolist(), timed.tolist(), strict=True
            )
            for row, pipe, tag in zip(rows, pipes.to_pylist(), tags.to_pylist(), strict=True):
                blank += records.add(*row, pipe=pipe, part=tag == b"P")
            if block.last:
                records.put_waiting()
            waiting = records.waiting
            yield records.chunk(lines=count, blank=blank)
        else:
            yield _whole_lines(texts, numbers, when, timed, lines=count)
    if errors:
        which = "1 line is" if errors == 1 else f"{errors:,} lines are"
        report.note(f"{which} of stderr; format='text' keeps such marks in the messages")


def _whole_lines(
    texts: pa.Array, numbers: Array, when: Array, timed: Array, *, lines: int
) -> Chunk:
    some = np.asarray(pc.match_substring_regex(texts, r"[^ \t\r\n]"), dtype=bool)
    kept = np.flatnonzero(some)
    return Chunk(
        texts if len(kept) == len(texts) else texts.take(pa.array(kept)),
        numbers[kept],
        when[kept],
        timed[kept],
        lines=lines,
        blank=lines - len(kept),
    )


def unwrapped(chunks: Iterable[Chunk], times: TimeReader, report: FileReport) -> Iterator[Chunk]:
    """Make the field `log` of each JSON record its message, with the time of the record.

    So Docker's json-file and Fluent Bit wrap what a program wrote. A line that Docker has cut is
    joined again. A record without `log` stays as it is.
    """
    waiting: dict[Any, Any] = {}
    others = 0
    for chunk in chunks:
        records = _Records(waiting)
        texts = chunk.message.to_pylist()
        wrappers = [_wrapper(text) for text in texts]
        when, timed = _times(chunk, wrappers, times)
        streams = [None] * len(texts) if chunk.stream is None else chunk.stream.to_pylist()
        rows = zip(chunk.number.tolist(), when.tolist(), timed.tolist(), strict=True)
        blank = 0
        for text, wrapper, stream, (number, time, good) in zip(
            texts, wrappers, streams, rows, strict=True
        ):
            payload, part = text, False
            if _PAYLOAD in wrapper:
                payload, part = _payload(wrapper[_PAYLOAD])
            else:
                others += 1
            pipe = (wrapper.get("stream"), stream) if _PAYLOAD in wrapper else number
            blank += records.add(payload, number, time, good, pipe=pipe, part=part, stream=stream)
        waiting = records.waiting
        yield records.chunk(
            named=chunk.stream is not None,
            lines=chunk.lines,
            blank=chunk.blank + blank,
            refused=chunk.refused,
        )
    last = _Records(waiting)
    last.put_waiting()
    yield last.chunk(named=any(last.streams))
    if others:
        report.note(f"{others:,} records have no field 'log' and were kept as they are")


def _wrapper(text: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _payload(value: Any) -> tuple[bytes, bool]:
    """Give what the record wraps, and whether it is a part that goes on in the next record."""
    if isinstance(value, dict):
        return compact_json(value), False
    if not isinstance(value, str):
        return orjson.dumps(value), False
    data = value.encode("utf-8", "surrogatepass")
    if data.endswith(b"\n"):
        return data.rstrip(b"\r\n"), False
    return data, len(data) >= _DOCKER_PART_BYTES


def _times(chunk: Chunk, wrappers: list[dict[str, Any]], times: TimeReader) -> tuple[Array, Array]:
    """Give the times of the wrappers, else of the records as they were, else of the payloads."""
    when, timed = row_times(wrappers, times.reading)
    if chunk.time_ms is not None and chunk.timed is not None:
        when, timed = np.where(timed, when, chunk.time_ms), timed | chunk.timed
    rows = np.flatnonzero(~timed)
    if len(rows):
        inner = [wrappers[row].get(_PAYLOAD, wrappers[row]) for row in rows.tolist()]
        payloads = [
            value.encode("utf-8", "replace") if isinstance(value, str) else b"" for value in inner
        ]
        fields = [
            value if isinstance(value, dict) else _wrapper(text)
            for value, text in zip(inner, payloads, strict=True)
        ]
        for found, good in (
            row_times(fields, times.reading),
            times.read(pa.array(payloads, pa.binary())),
        ):
            new = good & ~timed[rows]
            when[rows[new]] = found[new]
            timed[rows[new]] = True
    return when, timed


def is_cri(lines: list[bytes]) -> bool:
    """Tell whether more than half of the lines are those of a CRI runtime."""
    found = pc.match_substring_regex(pa.array(lines, pa.binary()), r"^\d{4}-" + _CRI[1:])
    return int(pc.sum(found).as_py() or 0) * 2 > len(lines)


def is_wrapped(sample: bytes) -> bool:
    """Tell whether the first record looks like one of Docker or Fluent Bit."""
    first = _wrapper(sample.lstrip().partition(b"\n")[0])
    marks = {"stream", "container_id", "container_name", "kubernetes"}
    return isinstance(first.get(_PAYLOAD), str) and bool(marks & set(first))
