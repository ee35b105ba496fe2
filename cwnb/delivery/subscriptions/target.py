"""What takes payloads, and how it says what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.delivery.subscriptions.payloads import Payload


class Refused(Exception):
    """The target takes nothing for now, and a new attempt would not help; see `Runner`."""


class TooLarge(Exception):
    """The payload is more than the target takes of one."""


@dataclass(frozen=True)
class Sent:
    """What came of a payload.

    Its bytes as they were sent (0 where it has none), and the rows of the events that the target
    has refused for good.
    """

    bytes: int = 0
    refused: tuple[int, ...] = ()


class Target(Protocol):
    """What takes payloads, up to `most` of them at once, no two of one log stream."""

    @property
    def most(self) -> int:
        """Give how many payloads one call of `send` takes."""
        ...

    def send(self, payloads: Sequence[Payload]) -> Sequence[Sent | BaseException]:
        """Send payloads, and give for each what came of it.

        TooLarge and Refused are what they say; any other exception is a failure after which it is
        tried again. What is raised is that of all payloads.
        """
        ...


class OneByOne:
    """A target that takes one payload at a time, by `send_one`."""

    most = 1

    def send(self, payloads: Sequence[Payload]) -> list[Sent | Exception]:
        """Send payloads; raises what `send_one` raises."""
        return [self.send_one(payload) for payload in payloads]

    def send_one(self, payload: Payload) -> Sent:
        """Send a payload."""
        raise NotImplementedError
