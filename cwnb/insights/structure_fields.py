"""Fields of the events whose value is a list or map: `tags` over `tags.0`, `tags.1`, ….

Discovery keeps the parts. The whole is read from the message when a query asks for it, for each
event whose own column of that name has no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.events import MESSAGE, SYSTEM_FIELDS
from cwnb.insights import values
from cwnb.insights.functions.general import coalesce
from cwnb.insights.values.documents import values_at, walk
from cwnb.insights.values.structures import read_structures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    import pyarrow as pa

    from cwnb.events import Candidates, Need, Reader, Source, Summary, Task
    from cwnb.insights.values.documents import ReadDocuments


def structure_fields(names: Iterable[str], source: Source) -> frozenset[str]:
    """Choose the names whose value may be a list or map in some event of a source."""
    asked = (name for name in names if name not in SYSTEM_FIELDS)
    return frozenset(name for name in asked if source.has_children(name))


def open_task(task: Task, structures: frozenset[str]) -> Reader:
    """Open a task whose reader gives the lists and maps of these fields too."""
    reader = task.open()
    return StructureReader(reader, structures) if structures else reader


class StructureReader:
    """A reader that adds lists and maps from the messages."""

    def __init__(self, reader: Reader, structures: frozenset[str]) -> None:
        self._reader = reader
        self._structures = structures

    @property
    def rows(self) -> int:
        """Give the number of events."""
        return self._reader.rows

    @property
    def bytes_read(self) -> int:
        """Give how many bytes of files have been read so far."""
        return self._reader.bytes_read

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Give whole columns."""
        return self._read(names, self._reader.columns)

    def take(self, names: Sequence[str], rows: np.ndarray[Any, Any]) -> dict[str, pa.Array]:
        """Give the columns at these row numbers."""
        return self._read(names, lambda wanted: self._reader.take(wanted, rows))

    def event(self, row: int) -> dict[str, pa.Array]:
        """Give every field of one event, its lists and maps as their parts."""
        return self._reader.event(row)

    def documents(self, messages: pa.Array) -> pa.Array:
        """Give the JSON text in which the fields of each message are found."""
        return self._reader.documents(messages)

    def message_slices(self, wanted: np.ndarray[Any, Any] | None = None) -> Iterator[pa.Array]:
        """Give all messages in order, some thousands at a time."""
        return self._reader.message_slices(wanted)

    def candidates(self, need: Need) -> Candidates | None:
        """Give the rows that may meet a need; a list or map meets none."""
        return self._reader.candidates(need)

    def summary(self, name: str) -> Summary | None:
        """Give what is known of a field without lists and maps."""
        return None if name in self._structures else self._reader.summary(name)

    def has_wholes_alone(self, name: str) -> bool:
        """Tell whether a field has lists and maps, and certainly no other value, in this task."""
        if name not in self._structures:
            return False
        own = self._reader.columns([name]).get(name)
        return own is None or own.null_count == len(own)

    def _read(
        self, names: Sequence[str], read: Callable[[Sequence[str]], dict[str, pa.Array]]
    ) -> dict[str, pa.Array]:
        found = read(names)
        lacking = [
            name
            for name in names
            if name in self._structures and (name not in found or found[name].null_count)
        ]
        if not lacking:
            return found
        messages = found.get(MESSAGE)
        if messages is None:
            messages = read([MESSAGE]).get(MESSAGE)
        if messages is None:
            return found
        texts = self._reader.documents(values.decode(messages))
        for name, column in zip(lacking, _wholes(texts, lacking), strict=True):
            if column.null_count < len(column):
                own = found.get(name)
                found[name] = column if own is None else _first_present(own, column)
        return {name: found[name] for name in names if name in found}


def read_wholes(name: str) -> ReadDocuments:
    """Give what reads the list or map of a field out of each document."""
    path = json_path_of(name)

    def read(texts: Iterable[str | None]) -> Iterator[Any]:
        return (None if d is None else _whole(d, path) for d in read_structures(texts))

    return read


def _wholes(texts: pa.Array, names: list[str]) -> list[pa.Array]:
    """Give the list or map of each name in each document; missing for any other value."""
    return values_at(texts, read_structures, [json_path_of(name) for name in names], _whole_each)


def _whole_each(documents: list[Any], path: Sequence[str]) -> list[Any]:
    return [None if document is None else _whole(document, path) for document in documents]


def json_path_of(name: str) -> list[str]:
    """Give the keys by which documents have a field."""
    # Discovery adds an @ to a key of the log that begins with one.
    return (name[1:] if name.startswith("@@") else name).split(".")


def _whole(document: Any, path: Sequence[str]) -> Any:
    found = walk(document, path)
    if found is None and type(document) is dict:
        # Keys with dots are the parts of a map as nested ones are.
        beginning = ".".join(path) + "."
        return {
            key[len(beginning) :]: value
            for key, value in document.items()
            if key.startswith(beginning)
        } or None
    return found if type(found) in (dict, list) else None


def _first_present(own: pa.Array, structures: pa.Array) -> pa.Array:
    """Give the field's own value where it has one, else the list or map."""
    return coalesce(own, structures)
