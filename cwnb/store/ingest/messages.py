"""Messages as text, with their original bytes where the text does not have all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EventBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    Sizes = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Messages:
    """Messages on their way in, converted once.

    `text` is a string array; `raw` has the original bytes where the text does not say them all
    (null elsewhere), or is None where it always does; `sizes` are the bytes of each text.
    """

    text: pa.Array
    raw: pa.Array | None
    sizes: Sizes

    def __len__(self) -> int:
        return len(self.text)

    @property
    def nbytes(self) -> int:
        """Give the bytes of memory that the text takes."""
        size: int = self.text.nbytes
        return size

    @property
    def original_sizes(self) -> Sizes:
        """Give the bytes of each message as it came."""
        if self.raw is None:
            return self.sizes
        original = pc.fill_null(pc.binary_length(self.raw), -1).to_numpy(zero_copy_only=False)
        return np.where(original >= 0, original, self.sizes)

    def filter(self, kept: np.ndarray[Any, Any]) -> Messages:
        """Give the messages for which the mask `kept` is true."""
        mask = pa.array(kept)
        raw = None if self.raw is None else self.raw.filter(mask)
        return Messages(self.text.filter(mask), raw, self.sizes[kept])

    def slice(self, start: int, length: int) -> Messages:
        """Give `length` messages from place `start` on."""
        raw = None if self.raw is None else self.raw.slice(start, length)
        return Messages(self.text.slice(start, length), raw, self.sizes[start : start + length])


def messages_of(message: Any) -> Messages:
    """Convert an Arrow array of messages; raises ValueError where one is missing.

    Invalid UTF-8 becomes U+FFFD in the text: RE2 answers differently on binary, so expressions
    always see text.
    """
    if isinstance(message, Messages):
        return message
    text, raw = _text_and_raw(message)
    if text.null_count:
        raise ValueError("a message is missing")
    return Messages(text, raw, np.asarray(pc.binary_length(text)))


def event_batch(
    time_ms: Sequence[int], messages: Sequence[str | bytes], stream: str | Sequence[str]
) -> EventBatch:
    """Make a batch of Python values; a text with lone surrogates keeps them as its bytes."""
    streams = stream if isinstance(stream, str) else pa.array(stream, pa.string())
    try:
        texts = pa.array(messages, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        texts = pa.array([as_bytes(message) for message in messages], pa.binary())
    return EventBatch(np.asarray(time_ms, np.int64), streams, texts)


def as_bytes(message: str | bytes) -> bytes:
    """Give the bytes of a message, lone surrogates in the form of the code points they are."""
    return message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message


def _text_and_raw(message: Any) -> tuple[pa.Array, pa.Array | None]:
    if isinstance(message, pa.ChunkedArray):
        message = message.combine_chunks()
    if pa.types.is_dictionary(message.type):
        message = message.dictionary_decode()
    if pa.types.is_string(message.type):
        return message, None
    if pa.types.is_large_string(message.type) or pa.types.is_string_view(message.type):
        return message.cast(pa.string()), None
    if not pa.types.is_binary(message.type):
        message = message.cast(pa.binary())
    try:
        return message.cast(pa.string()), None
    except pa.ArrowInvalid:
        return _replaced(message)


def _replaced(message: pa.Array) -> tuple[pa.Array, pa.Array]:
    texts: list[str | None] = []
    raw: list[bytes | None] = []
    for value in message.to_pylist():
        try:
            texts.append(None if value is None else value.decode())
            raw.append(None)
        except UnicodeDecodeError:
            texts.append(value.decode("utf-8", "replace"))
            raw.append(value)
    return pa.array(texts, pa.string()), pa.array(raw, pa.binary())
