"""Detect the format of a file by its first bytes and its name."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.errors import InvalidParameter, SourceError
from cwnb.nearest import unknown
from cwnb.sources.containers import is_cri
from cwnb.sources.delimiters import is_table
from cwnb.sources.documents import is_json
from cwnb.sources.event_files import is_event_line
from cwnb.sources.exports import is_export
from cwnb.sources.layouts import LAYOUTS
from cwnb.sources.service import is_service
from cwnb.sources.text_times import read_layout

if TYPE_CHECKING:
    from cwnb.sources.clocks import Reading

SAMPLE_BYTES = 256 * 1024

FORMATS = {
    "text": "lines of text, with stack traces joined to their first line",
    "ndjson": "a JSON object a line",
    "json": "JSON arrays, or JSON values one after another",
    "cloudtrail": "CloudTrail's files: one object with `Records`",
    "service": "the service's own JSON: pages of events, answers, what subscriptions send",
    "cri": "containers' lines as CRI runtimes write them: time, stdout or stderr, P or F, text",
    "csv": "values with a header, parted by commas, semicolons or bars",
    "tsv": "tab-separated values with a header",
    "export": "what CloudWatch Logs exports to S3: time, space, message",
    "events": "events as JSON lines that `export` wrote: times, stream, message",
    "parquet": "Parquet",
}

_OTHER_NAMES = {
    "jsonl": "ndjson",
    "s3-export": "export",
    "log": "text",
    "firehose": "service",
    "containerd": "cri",
}
_RECORDS = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_UNREADABLE = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
)
_TEXT_BYTES = bytes({7, 8, 9, 10, 12, 13, 27, *range(0x20, 0x7F), *range(0x80, 0x100)})


def check_format(name: str | None) -> str | None:
    """Give the format that the user named, or raise InvalidParameter with the nearest one."""
    if name is None:
        return None
    key = name.lower()
    key = _OTHER_NAMES.get(key, key)
    if key not in FORMATS:
        raise InvalidParameter(unknown("format", name, FORMATS))
    return key


def recognise(sample: bytes, name: str, reading: Reading) -> str:
    """Name the format of the content that begins with `sample`; raises SourceError for binary."""
    if sample.startswith(b"PAR1"):
        return "parquet"
    if is_export(sample, name):
        return "export"
    refuse_binary(sample, name)
    if sample.lstrip()[:1] in {b"{", b"["} and is_service(sample):
        return "service"
    if _RECORDS.match(sample):
        return "cloudtrail"
    lines = _lines(sample)
    if not lines:
        return "text"
    first = lines[0].lstrip()
    if first.startswith(b"{"):
        if is_event_line(first):
            return "events"
        if _follow_each_other(first):
            return "json"
        if is_json(first) or (len(lines) == 1 and len(sample) < SAMPLE_BYTES):
            return "ndjson"
        objects = sum(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines)
        return "ndjson" if objects * 2 >= len(lines) else "json"
    if first.startswith(b"[") and _is_array(sample):
        return "json"
    if is_cri(lines[:200]):
        return "cri"
    objects = sum(line.startswith(b"{") and is_json(line) for line in lines[:200])
    if objects * 2 > len(lines[:200]):
        return "ndjson"
    if not _begins_with_time(lines[:20], reading):
        for delimiter, format in (("\t", "tsv"), (",", "csv"), (";", "csv"), ("|", "csv")):
            named = name.lower().removesuffix(".gz").endswith("." + format)
            if is_table(lines, delimiter, named=named):
                return format
    return "text"


def refuse_binary(sample: bytes, name: str) -> None:
    """Raise SourceError for content that is no text."""
    for magic, kind in _UNREADABLE:
        if sample.startswith(magic):
            raise SourceError(f"{name!r} is {kind}, not a log")
    if sample[257:262] == b"ustar":
        raise SourceError(f"{name!r} is a tar file inside of an archive; unpack it first")
    if sample.startswith(b"PK\x03\x04"):
        raise SourceError(f"{name!r} is a zip file inside of another file; unpack it first")
    strange = len(sample.translate(None, _TEXT_BYTES))
    replaced = sample.decode("utf-8", "replace").count("\ufffd")
    if strange > 0.1 * len(sample) or strange + replaced > 0.3 * len(sample):
        raise SourceError(
            f"{name!r} looks like binary data; format='text' loads its lines all the same"
        )


def _lines(sample: bytes) -> list[bytes]:
    lines = sample.split(b"\n")
    if len(sample) >= SAMPLE_BYTES and len(lines) > 1:
        lines.pop()
    return [line for line in lines if line.strip()]


def _follow_each_other(line: bytes) -> bool:
    """Tell whether a line holds one JSON document after another, as Firehose writes them."""
    text = line.decode("utf-8", "replace")
    try:
        end = json.JSONDecoder().raw_decode(text)[1]
    except (ValueError, RecursionError):
        return False
    return text[end:].lstrip()[:1] in ("{", "[")


def _is_array(sample: bytes) -> bool:
    # `[2026-02-03 …] text` begins like an array and is none; `[{`, `["…",` and `[1,` are.
    return bool(
        re.match(
            rb'\s*\[\s*(?:\]|[\[{]|"(?:[^"\\]|\\.)*"\s*[,\]]|(?:-?[\d.eE+]+|true|false|null)\s*[,\]]\s*(?:$|[-"\d\[{tfn]))',
            sample,
        )
    )


def _begins_with_time(lines: list[bytes], reading: Reading) -> bool:
    array = pa.array(lines, pa.binary())
    strict = (layout for layout in LAYOUTS if not layout.loose)
    return any(read_layout(layout, array[:1], reading)[1].any() for layout in strict)
