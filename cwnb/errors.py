"""The errors that cwnb raises on purpose, as one tree of classes.

CwnbError
├── FaultInQuery          an error in the text of a query; knows where
│   ├── MalformedQuery    a query that does not parse or cannot mean anything
│   ├── MalformedPattern  a filter pattern that the service refuses (InvalidParameter too)
│   └── ResourceNotFound  no such group, stream or table
├── QueryCancelled        stopped by the user
├── QueryUnfinished       no answer within the timeout
├── QueryTooLarge         would hold more memory than its budget
├── InvalidParameter      an argument outside the service's rules
├── ResourceAlreadyExists
├── LimitExceeded         one more than the service allows
├── InvalidOperation      what cannot be done in the present state
├── ExportFailed          an export task that has ended without all events, and why
├── SourceError           a file that cannot be loaded, and why
│   └── AlreadyLoaded     the same content is in the group already
└── StoreError
    ├── NotAStore         the folder holds something else
    ├── StoreTooNew       written by a newer version of cwnb
    ├── StoreReadOnly     the folder may not be written
    ├── StoreFull         no space left on the device
    ├── StoreKeyMissing   this machine does not have the store's key
    ├── StoreDamaged      a file or batch fails its check; names file and group
    └── SnapshotExpired   a replaced file is gone; the query starts again

Each class carries the error code that the service would answer with.
"""

from __future__ import annotations


class CwnbError(Exception):
    """Base of all errors raised on purpose."""

    code = "InternalFailure"


class FaultInQuery(CwnbError):
    """An error that may know its place in the text of a query.

    `start` and `end` are the position of the fault in the text: its first character and the one
    after its last. Both are None where it is not known.
    """

    def __init__(
        self,
        message: str,
        text: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.start = start
        self.end = end

    def __str__(self) -> str:
        """Give the message with line and column, the source line, and a line of `~` and a caret."""
        if self.text is None or self.start is None or not self.text.strip():
            return self.message
        before = self.text[: self.start]
        line = before.count("\n") + 1
        first = before.rfind("\n") + 1
        column = self.start - first + 1
        source = self.text[first:].split("\n", 1)[0]
        width = max(1, min((self.end or self.start + 1) - self.start, len(source) - column + 1))
        # Tabs stay tabs, so that the caret stands under its character in any terminal.
        indent = "".join("\t" if c == "\t" else " " for c in source[: column - 1])
        mark = "~" * (width - 1) + "^"
        return f"{self.message} (line {line}, column {column})\n    {source}\n    {indent}{mark}"

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.message, self.text, self.start, self.end)


class MalformedQuery(FaultInQuery):
    """A query that does not parse or cannot mean anything.

    `rule` is the key of the rule of the service that the query breaks (see docs/conformance.md),
    else empty.
    """

    code = "MalformedQueryException"
    rule = ""


class QueryCancelled(CwnbError):
    """The user stopped the query."""

    code = "OperationAborted"


class QueryUnfinished(CwnbError, TimeoutError):
    """The query was not answered within the timeout; it goes on running."""


class QueryTooLarge(CwnbError):
    """The query would hold more memory than its budget."""

    code = "LimitExceededException"


class InvalidParameter(CwnbError):
    """An argument outside the service's rules."""

    code = "InvalidParameterException"


class MalformedPattern(FaultInQuery, InvalidParameter):
    """A filter pattern that the service refuses; `text`, `start` and `end` are of the pattern.

    `service_text` is what the service says of it, which is less than the message.
    """

    def __init__(
        self,
        message: str,
        text: str | None = None,
        start: int | None = None,
        end: int | None = None,
        service_text: str = "Invalid filter pattern",
    ) -> None:
        super().__init__(message, text, start, end)
        self.service_text = service_text

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.message, self.text, self.start, self.end, self.service_text)


class ResourceNotFound(FaultInQuery):
    """No such log group, stream or table; knows where, if a query names it."""

    code = "ResourceNotFoundException"


class ResourceAlreadyExists(CwnbError):
    """The log group or stream exists already."""

    code = "ResourceAlreadyExistsException"


class LimitExceeded(CwnbError):
    """One more than the service allows, such as a second active export task."""

    code = "LimitExceededException"


class InvalidOperation(CwnbError):
    """What cannot be done in the present state, such as cancelling a finished export task."""

    code = "InvalidOperationException"


class ExportFailed(CwnbError):
    """The export task has ended without all of its events; its message says why."""

    code = "InvalidParameterException"


class SourceError(CwnbError):
    """A file or object that cannot be loaded."""

    code = "InvalidParameterException"


class AlreadyLoaded(SourceError):
    """The same content has been loaded into the group before."""


class StoreError(CwnbError):
    """The store cannot do what was asked."""

    code = "ServiceUnavailableException"


class NotAStore(StoreError):
    """The folder or file holds something that is not a store."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of cwnb."""


class StoreReadOnly(StoreError):
    """The store's folder may not be written."""


class StoreFull(StoreError):
    """No space is left on the store's device; events of puts that returned are not lost."""


class StoreKeyMissing(StoreError):
    """The key that opens this store is not on this machine."""


class StoreDamaged(StoreError):
    """A segment or batch fails its check; the message names the file and the group."""


class SnapshotExpired(StoreError):
    """A file of the query's snapshot has been replaced and removed; ask again."""
