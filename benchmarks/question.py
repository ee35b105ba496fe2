"""A question of the benchmarks, as it is asked of cwnb and of each peer."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.ours import APP


@dataclass(frozen=True)
class Question:
    """One question, and the columns of the answer that are compared.

    `ordered`: the order of the rows is part of the answer. `lenient`: no query of this kind may
    take more than twice the peer's time, not one and a half times. `lists`: columns of lists whose
    order is anybody's choice. `rival`: whether the peers do the same work, so that the times may be
    compared; where not, their answer is only the one that ours must equal.
    """

    name: str
    insights: str
    sql: dict[str, str]
    columns: tuple[str, ...]
    group: str = APP
    window: tuple[int, int] | None = None
    ordered: bool = False
    lenient: bool = False
    lists: tuple[str, ...] = ()
    rival: bool = True
    names: dict[str, str] = field(default_factory=dict)  # column of the answer -> the peer's
