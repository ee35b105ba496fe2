"""A question about one set, as it is asked of cwnb and of each peer."""

from __future__ import annotations

from dataclasses import dataclass

# chdb is asked the same SQL as DuckDB.
SAME = "same"


@dataclass(frozen=True)
class Question:
    """One question; the answers are compared column by column, in their order.

    The SQL reads `logs`; the polars text is an expression of `logs`, a LazyFrame. None: this peer
    has no good way to say it, and is left out. `ordered`: the order of the rows is part of the
    answer. `compared`: the places of the columns that are compared, all by default; others are
    anybody's choice, such as which of two equal rows comes. `own_rank`: places that are compared
    with DuckDB only, because others define the rank of a percentile in their own way. `lists`:
    places of lists whose order is anybody's choice. `window`: from and to, in ms.
    `edited`: the same with another last command; made by `edited_text` where it is not given.
    """

    name: str
    insights: str
    duckdb: str
    polars: str | None
    chdb: str | None = SAME
    ordered: bool = False
    compared: tuple[int, ...] | None = None
    own_rank: tuple[int, ...] = ()
    lists: tuple[int, ...] = ()
    window: tuple[int, int] | None = None
    edited: str = ""

    def text(self, peer: str) -> str | None:
        """Give what a peer is asked, if it is."""
        if peer == "chdb" and self.chdb == SAME:
            return self.duckdb
        text: str | None = getattr(self, peer)
        return text

    def edited_text(self) -> str:
        """Give the question with its last command changed as a user does who looks further."""
        if self.edited:
            return self.edited
        before, bar, last = self.insights.rpartition("| ")
        word, _, rest = last.partition(" ")
        if word == "limit":
            return f"{before}{bar}limit {int(rest) + 5}"
        if word == "stats":
            return f"{before}{bar}stats count(*) as edited, {rest}"
        raise AssertionError(f"say how {self.name!r} is edited")
