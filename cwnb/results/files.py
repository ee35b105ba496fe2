"""Files that users have answers and events written to."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn an error of the file that the block writes into InvalidParameter."""
    if "\0" in str(path):
        raise InvalidParameter(f"cannot write {str(path)!r}: it has a NUL character")
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number).lower() if number else str(error)
        raise InvalidParameter(f"cannot write {str(path)!r}: {why}") from None
