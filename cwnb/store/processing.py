"""What is done to the events of a log group on their way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from cwnb.store.discovery import Discovered


@dataclass(frozen=True)
class Processing:
    """What is done to events on their way in, handed from the border to the writer as one value.

    `log_type` says which lines are recognised (`lambda`, `vpc-flow`, …); None recognises each line
    by its own shape. A segment records the processing of its events, and only segments of the same
    processing are merged.
    """

    log_type: str | None = None

    def check(self) -> Processing:
        """Give the value back; raise InvalidParameter for a log type that does not exist."""
        if self.log_type is not None:
            import pyarrow as pa

            self.discover(pa.array([], pa.string()))
        return self

    def discover(self, texts: pa.Array, written: pa.Table | None = None) -> Discovered:
        """Give the fields of each message.

        `written`: the columns of which the messages were written as JSON, if they are known.
        """
        from cwnb.store.discovery import discover

        return discover(texts, log_type=self.log_type, written=written)

    @property
    def version(self) -> int:
        """The version of what `discover` finds, which segments record."""
        from cwnb.store.discovery import version_of

        return version_of(self.log_type)

    def documents(self, texts: pa.Array) -> pa.Array:
        """Give the JSON text in which the fields of each message are found; null where none are.

        It may be no JSON after all.
        """
        from cwnb.store.discovery import documents

        return documents(texts, log_type=self.log_type)

    def or_else(self, other: Processing) -> Processing:
        """Give this one, or the other where this one says nothing."""
        return Processing(self.log_type or other.log_type)


# The processing of a group that was given none.
NOTHING = Processing()
