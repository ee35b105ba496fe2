"""Messages as text, beside their original bytes where the text does not say them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cwnb.events import EventBatch

if TYPE_CHECKING:
    from collections.abc import Sequence


def text_and_raw(message: Any) -> tuple[pa.Array, pa.Array | None]:
    """Give the messages as a string array, and their bytes (null where the same) or None.

    Invalid UTF-8 becomes U+FFFD in the text: RE2 answers differently on binary, so expressions
    always see text.
    """
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


def lengths(text: pa.Array) -> np.ndarray[Any, Any]:
    """Give the length of each message in bytes; raises ValueError where one is missing."""
    if text.null_count:
        raise ValueError("a message is missing")
    return np.asarray(pc.binary_length(text))


def _replaced(message: pa.Array) -> tuple[pa.Array, pa.Array]:
    texts: list[str] = []
    raw: list[bytes | None] = []
    for value in message.to_pylist():
        try:
            texts.append(value.decode())
            raw.append(None)
        except UnicodeDecodeError:
            texts.append(value.decode("utf-8", "replace"))
            raw.append(value)
    return pa.array(texts, pa.string()), pa.array(raw, pa.binary())
