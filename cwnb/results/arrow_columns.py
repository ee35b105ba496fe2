"""Arrow columns in types that every tool knows, and as DataFrames.

The first DataFrame imports pandas, so that opening a store does not wait for that import, which
takes a third of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cwnb.events import mixed_type
from cwnb.insights import is_structure, values_to_text

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(columns: dict[str, Any], rows: int) -> DataFrame:
    """Give a DataFrame of `rows` rows; its columns are Arrow arrays, or lists of them.

    They keep their Arrow types, and a missing value is `pd.NA`.
    """
    import pandas as pd

    made = {name: extension_array(arrays) for name, arrays in columns.items()}
    return pd.DataFrame(made, index=pd.RangeIndex(rows))


def extension_array(arrays: Any) -> Any:
    """Give pandas' own array over an Arrow array, or over a list of them behind each other."""
    import pandas as pd

    chunks = arrays if isinstance(arrays, list) else [arrays]
    return pd.arrays.ArrowExtensionArray(pa.chunked_array(chunks))


def portable_column(array: Any) -> Any:
    """Give a column in a type that every tool knows: mixed values and structures as text."""
    kind = array.type
    if kind == mixed_type() or is_structure(array.type):
        return values_to_text(array) if kind == mixed_type() else array.storage
    if pa.types.is_dictionary(kind):
        return array.dictionary_decode()
    return array.cast(pa.string()) if pa.types.is_null(kind) else array
