"""Hash functions. Source: CWL_QuerySyntax-hash-functions.

The service does not say how it writes a hash; ours are lower-case hexadecimal digits.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa

from cwnb.insights.functions.calling import map_values
from cwnb.insights.functions.registry import function

if TYPE_CHECKING:
    from cwnb.insights.values.value_types import Value


@function("md5(text s) -> text")
def md5(s: Value) -> Value:
    """Give the MD5 hash of the UTF-8 bytes of a text, as 32 lower-case hexadecimal digits."""
    # It tells texts apart and protects nothing.
    return map_values(
        lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), pa.string(), s
    )


@function("sha256(text s) -> text")
def sha256(s: Value) -> Value:
    """Give the SHA-256 hash of the UTF-8 bytes of a text, as 64 lower-case hexadecimal digits."""
    return map_values(lambda text: hashlib.sha256(text.encode()).hexdigest(), pa.string(), s)
