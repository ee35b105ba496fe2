"""Gzip: by ISA-L, which is ten times as fast as zlib and packs as well, where it is installed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

isal_zlib: Any
try:
    from isal import isal_zlib
except ImportError:  # there are no wheels for this kind of processor
    isal_zlib = None

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of ISA-L's four levels the best value: 0.98 of the size that zlib's level 6 gives.
_ISAL_LEVEL = 2
_ZLIB_LEVEL = 1
_GZIP_WINDOW = 31  # zlib's number for a gzip header around a window of 32 kB


def gzipped(texts: Sequence[bytes]) -> bytes:
    """Pack texts as one member of a gzip file; members one after another are a gzip file too."""
    text = texts[0] if len(texts) == 1 else b"".join(texts)
    if isal_zlib is None:
        return zlib.compress(text, _ZLIB_LEVEL, _GZIP_WINDOW)
    packed: bytes = isal_zlib.compress(text, _ISAL_LEVEL, _GZIP_WINDOW)
    return packed
