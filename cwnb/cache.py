"""How much memory this process keeps between queries, so that what is asked again is quick."""

from __future__ import annotations

from cwnb.errors import InvalidParameter


def set_cache_budget(nbytes: int) -> None:
    """Keep at most this many bytes of decoded columns and answers between queries; 0 keeps none.

    It holds at once, for all stores of this process. Before it is called, the environment variable
    CWNB_CACHE_MB says how many megabytes, or else they are 256. Raises InvalidParameter.
    """
    from cwnb.store import MEMORY

    if type(nbytes) is not int or nbytes < 0:
        raise InvalidParameter(f"'nbytes' is a number of bytes, not {nbytes!r:.80}")
    MEMORY.set_budget(nbytes)
