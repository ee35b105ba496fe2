"""Types that the store and the query engine share: windows, conditions, sources, tasks, readers.

`insights` never opens a file and `store` never sees a query. They meet here: a `Source` hands out
picklable `Task`s, and an opened task gives the columns of its events as Arrow arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa

TIMESTAMP = "@timestamp"
INGESTION_TIME = "@ingestionTime"
LOG_STREAM = "@logStream"
LOG = "@log"
MESSAGE = "@message"
POINTER = "@ptr"
# Not fields of the language: the store-wide number of an event, and its original bytes (null where
# the text of the message says it all).
SEQUENCE = "@sequence"
RAW = "@raw"

SYSTEM_FIELDS = (TIMESTAMP, INGESTION_TIME, LOG_STREAM, LOG, MESSAGE, POINTER)

# Fields that the events of a log group have from their group, and rows of a frame do not.
# Source: CloudWatchLogs-Field-Indexing-Syntax (default indexes), CloudWatchLogs_Centralization.
AWS_ACCOUNT = "@aws.account"
AWS_REGION = "@aws.region"
SOURCE_LOG = "@source.log"
GROUP_FIELDS = (AWS_ACCOUNT, AWS_REGION, SOURCE_LOG)

# What stands before each event in what CloudWatch Logs exports to S3; a line without it belongs to
# the event before. An export counts the lines inside of messages that begin so.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
EXPORT_TIME = (
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z "
)

# The most that the service takes of one event. Source: cloudwatch_limits_cwl (event size).
MAX_EVENT_BYTES = 1_048_576

# Fields that discovery takes of an event: the first ones. The service documents the limit, and not
# which fields it takes.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
FIELDS_PER_EVENT = 200

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

# Codes for the JSON type that a value of a mixed column had. They are stored, so they never change,
# but for the last one: discovery flattens maps and lists, and only the answer of a query has them.
TYPE_STRING, TYPE_INTEGER, TYPE_FLOAT, TYPE_BOOLEAN, TYPE_STRUCTURE = 0, 1, 2, 3, 4


def mixed_type() -> pa.DataType:
    """Give the Arrow type of a field that has values of several types: struct(text, type).

    `text` is the value's text form (strings as they are, integers in all their digits, floats as
    `texts_of_doubles` writes them, booleans `true` and `false`, a map or list as its JSON), `type`
    one of the codes above. The struct itself is null where the field is missing.
    """
    import pyarrow as pa

    return pa.struct([("text", pa.string()), ("type", pa.int8())])


# Up to here every integer is a double, and a whole double is the integer that was written.
EXACT_DOUBLE = 2**53
_FIRST_IN_POWERS = 1e10  # from here on Arrow's cast to string writes powers of ten


def texts_of_doubles(doubles: pa.Array) -> pa.Array:
    """Give the text form of each double: all digits of an integer within ±2^53, else Arrow's cast.

    A column holds integers as doubles where one value has a fraction, so 404.0 is written `404`
    and 1e10 `10000000000`, as the integers are.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.cast(doubles, pa.string())
    bounds = pc.min_max(doubles)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if low is None or (low > -_FIRST_IN_POWERS and high < _FIRST_IN_POWERS):
        return texts
    sizes = pc.abs(doubles)
    large = pc.and_(
        pc.greater_equal(sizes, _FIRST_IN_POWERS), pc.less_equal(sizes, float(EXACT_DOUBLE))
    )
    whole = pc.and_(large, pc.equal(pc.floor(doubles), doubles))
    digits = pc.cast(pc.cast(pc.if_else(whole, doubles, 0.0), pa.int64()), pa.string())
    return pc.if_else(whole, digits, texts)


@dataclass(frozen=True)
class Window:
    """UTC times in epoch milliseconds, from `start_ms` up to, not including, `end_ms`."""

    start_ms: int
    end_ms: int

    def intersects(self, first_ms: int, last_ms: int) -> bool:
        """Tell whether events from `first_ms` to `last_ms`, both included, can lie in here."""
        return first_ms < self.end_ms and last_ms >= self.start_ms

    def cut(self, first_ms: int, last_ms: int) -> Window:
        """Give the part of it in which events from `first_ms` to `last_ms` can lie."""
        return Window(max(self.start_ms, first_ms), min(self.end_ms, last_ms + 1))


ALL_TIME = Window(-(2**62), 2**62)


@dataclass(frozen=True)
class Extent:
    """The times of the first and the last event of a source, in epoch milliseconds.

    At most `in_window` events lie in the window that was asked about.
    """

    first_ms: int
    last_ms: int
    in_window: int

    def __or__(self, other: Extent | None) -> Extent:
        """Give the extent of the events of both."""
        if other is None:
            return self
        return Extent(
            min(self.first_ms, other.first_ms),
            max(self.last_ms, other.last_ms),
            self.in_window + other.in_window,
        )


@dataclass(frozen=True)
class NumberRange:
    """Numbers from `low` to `high`, both included unless the flags say so."""

    low: float = -math.inf
    high: float = math.inf
    without_low: bool = False
    without_high: bool = False

    def meets(self, least: float, greatest: float) -> bool:
        """Tell whether one of the numbers from `least` to `greatest` can lie in the range."""
        below = least < self.high if self.without_high else least <= self.high
        above = greatest > self.low if self.without_low else greatest >= self.low
        return below and above


@dataclass(frozen=True)
class Condition:
    """What an event must have so that one conjunct of the query can be true of it.

    It must have the field. Where the field is a number, the number must lie in one of `ranges`;
    where it is a text, the text must be one of `texts`; None allows any number or text. A source
    may leave out tasks in which no event meets it. Events that meet it may still fail the conjunct,
    so the engine filters them.
    """

    field: str
    texts: frozenset[str] | None = None
    ranges: tuple[NumberRange, ...] | None = None


@dataclass(frozen=True)
class Holds:
    """The value of a field holds a text: `@message` or a field that discovery finds.

    `ignore_case`: letters of the text may be of the other case, as RE2 understands that.
    """

    field: str
    text: str
    ignore_case: bool = False


@dataclass(frozen=True)
class AllOf:
    """An event meets all of these."""

    needs: tuple[Need, ...]


@dataclass(frozen=True)
class AnyOf:
    """An event meets one of these at least."""

    needs: tuple[Need, ...]


# What an event must have so that a condition can be true of it, for an index of texts.
Need = Holds | AllOf | AnyOf


@dataclass(frozen=True)
class Candidates:
    """Events that may meet a need.

    `rows`: a Boolean for each row of the reader. `fields`: those of its fields, all of texts, by
    which rows were left out.
    """

    rows: np.ndarray[Any, Any]
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Summary:
    """What is known of a field of all events of a reader without reading it.

    `present`: how many have it. `kind`: the Arrow type of its values. `least` and `greatest`:
    scalars of that type, as `min` and `max` give them; None where that is not known.
    """

    present: int
    kind: pa.DataType
    least: pa.Scalar | None = None
    greatest: pa.Scalar | None = None


@dataclass
class EventBatch:
    """Events to be stored, in any order; the store sorts them.

    `time_ms`: int64 array. `stream`: one name for all, or an array of names (string or
    dictionary). `message`: string or binary array without nulls; bytes may be invalid UTF-8.
    `discovered`: what the store's `Processing.discover` gave for exactly these messages, if the
    caller had to parse them anyway; None lets the store discover.
    """

    time_ms: np.ndarray[Any, Any]
    stream: str | pa.Array
    message: pa.Array
    discovered: Any = None

    def __len__(self) -> int:
        return len(self.message)


class Reader(Protocol):
    """The events of one opened task, in ascending order of time and sequence.

    Only events inside the window of the scan and inside retention are there.
    """

    @property
    def rows(self) -> int:
        """Give the number of events."""
        ...

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        """Give whole columns of `rows` values each; a name that no event has is left out.

        `@timestamp` and `@ingestionTime` are timestamp(ms, UTC), `@logStream` and `@log`
        dictionary<string>, `@message` and `@ptr` string, `@sequence` int64, `@raw` binary; a
        discovered field is int64, double, bool, string, dictionary<int32, string> or
        `mixed_type()`.
        """
        ...

    def take(self, names: Sequence[str], rows: np.ndarray[Any, Any]) -> dict[str, pa.Array]:
        """Give the columns at these row numbers (ascending int64), reading no more than needed."""
        ...

    def event(self, row: int) -> dict[str, pa.Array]:
        """Give every field of one event, as arrays of one value; missing ones are left out or null.

        All that discovery finds in its message is there, however rare it is in the group.
        """
        ...

    def documents(self, messages: pa.Array) -> pa.Array:
        """Give the JSON text in which the fields of each of these messages are found, or null.

        It may be no JSON, or anything else than an object or array, which has no fields.
        """
        ...

    def message_slices(self, wanted: np.ndarray[Any, Any] | None = None) -> Iterator[pa.Array]:
        """Give all messages in order, some thousands at a time, so that few are held at once.

        `wanted`: row numbers (ascending) of the only ones that are asked for; others may be null.
        """
        ...

    def candidates(self, need: Need) -> Candidates | None:
        """Give the rows that may meet a need, as an index knows them; None where it says nothing.

        Every row that meets it is among them.
        """
        ...

    def summary(self, name: str) -> Summary | None:
        """Give what is known of a field of all these events; None where it must be read."""
        ...

    @property
    def bytes_read(self) -> int:
        """Give how many bytes of files have been read so far."""
        ...


class TaskMemory(Protocol):
    """Keeps in memory what queries have made of the events of a task, for later queries.

    `events` identifies these events, all of their fields and their order: two tasks of one process
    with equal `events` have the same ones.
    """

    events: Hashable

    def get(self, key: Hashable) -> Any:
        """Give what was kept under the key, or None."""
        ...

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep a value that takes about `nbytes` bytes, and that nobody changes, if it has room."""
        ...


class Task(Protocol):
    """A picklable reference to a range of a segment, of recent batches, or of rows."""

    log: str  # account:group
    first_ms: int
    last_ms: int
    rows: int  # an upper bound
    message_bytes: int

    def open(self) -> Reader:
        """Open for reading; raises SnapshotExpired, StoreDamaged, StoreKeyMissing."""
        ...

    def memory(self) -> TaskMemory | None:
        """Give what keeps values made of these events; None where nothing may be kept.

        Raises as `open` does.
        """
        ...


@dataclass(frozen=True)
class Scan:
    """What a source hands out for one query: tasks, newest first, and what was left out.

    `are_events` is false where the rows are no log events, as those of a table. `joined` gives the
    same events in tasks that are joined where their readers then have a summary of all of some
    fields; it is told of each whether its bounds are wanted. None where nothing is known.
    """

    tasks: tuple[Task, ...]
    skipped_rows: int = 0
    skipped_bytes: int = 0
    groups: int = 1
    warnings: tuple[str, ...] = field(default=())
    are_events: bool = True
    joined: Callable[[Mapping[str, bool]], tuple[Task, ...]] | None = None


STANDARD = "STANDARD"
# Classes of a log group. Source: CloudWatch_Logs_Log_Classes.
LOG_CLASSES = (STANDARD, "INFREQUENT_ACCESS", "DELIVERY")


@dataclass(frozen=True)
class GroupSelector:
    """The log groups that one SOURCE of a query names.

    `names` are whole names. Where there are none, a group is meant that meets all that is said:
    its name begins with one of `prefixes`, its account is one of `accounts`, its class one of
    `log_classes`, its log type is that of one of `data_sources` (`name.type`), and for each key of
    `tags` its tag is as one of the values says, where `*` stands for any text and a leading `!`
    for "not". What is empty says nothing.
    """

    names: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    log_classes: tuple[str, ...] = (STANDARD,)
    data_sources: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Source(Protocol):
    """Where events come from: a snapshot of the store, or a DataFrame."""

    def scan(self, columns: Sequence[str], window: Window, conditions: Sequence[Condition]) -> Scan:
        """Hand out tasks that together hold every event of the window that meets the conditions."""
        ...

    def field_names(self) -> set[str]:
        """Name every discovered field that some event of the source may have."""
        ...

    def has_field(self, name: str) -> bool:
        """Tell whether some event may have this field (also one kept with the rare ones)."""
        ...

    def has_children(self, name: str) -> bool:
        """Tell whether some event may have a field below this name, as `tags.0` is below `tags`."""
        ...

    def cut_events(self, name: str) -> int:
        """Give how many events may have lost this field because they have too many fields."""
        ...

    def extent(self, window: Window) -> Extent | None:
        """Give the times of all events, and how many may lie in a window; None without events."""
        ...


class Sources(Protocol):
    """All that one query may read; everything that it opens shows the same moment."""

    def open(self, selectors: Sequence[GroupSelector] | None = None) -> Source:
        """Give the events of these log groups, or those that the caller named where it is None.

        Each event comes once. Raises ResourceNotFound for a selector that no group meets.
        """
        ...

    def table(self, name: str) -> pa.Table:
        """Give a lookup table; raise ResourceNotFound where there is none of this name."""
        ...

    def rows_to_prepare(self) -> int:
        """Give how many rows have to be read before the first task can be handed out."""
        ...

    def prepare(self) -> None:
        """Read these rows now; without this call they are read when they are first needed."""
        ...

    def again(self) -> Sources:
        """Give the same sources as of now, after a file has been removed (SnapshotExpired)."""
        ...
