"""Make DataFrames of Arrow columns; pandas is imported when the first one is made.

So opening a store does not wait for that import, which takes a third of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(columns: dict[str, Any], rows: int) -> DataFrame:
    """Give a DataFrame of so many rows; its columns are Arrow arrays, or lists of them.

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
