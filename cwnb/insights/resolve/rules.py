"""The rules of the service that valid text can break, and what happens then, with the evidence.

An error or a warning about one of them names it by its key. docs/conformance.md is written from
this table and from the cases of tests/fixtures/queries that name the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Then(Enum):
    """What happens to a query that breaks a rule."""

    REFUSED = "refused"
    WARNED = "answered, with a warning"
    ANSWERED = "answered as it is written"


@dataclass(frozen=True)
class Rule:
    """One rule of the service.

    `evidence`: a page of its documentation, errors that it was seen to answer with, or queries in
    use. Where a page and use disagree, use wins. `strict` and `lenient`: what each mode does.
    """

    says: str
    evidence: str
    strict: Then
    lenient: Then


_REFUSED = (Then.REFUSED, Then.REFUSED)
_FORGIVEN = (Then.REFUSED, Then.WARNED)
_WARNED = (Then.WARNED, Then.WARNED)

RULES = {
    "ten stats": Rule("A query has at most ten `stats`.", "CWL_QuerySyntax-Stats", *_REFUSED),
    "number of a limit": Rule(
        "`limit` takes a number from 1 to 100,000.", "CWL_QuerySyntax-Limit", *_REFUSED
    ),
    "after dedup": Rule("Only `limit` may follow `dedup`.", "CWL_QuerySyntax-Dedup", *_REFUSED),
    "after estimate": Rule("`estimate` comes last.", "CWL_QuerySyntax-Estimate", *_REFUSED),
    "fillmissing after stats": Rule(
        "`fillmissing` follows at once a `stats` by one bin.",
        "CWL_QuerySyntax-Fillmissing",
        *_REFUSED,
    ),
    "limit before stats": Rule(
        "`limit` stands after the last `stats`.", "CWL_QuerySyntax-Stats", *_REFUSED
    ),
    "sort before several stats": Rule(
        "`sort` stands after the last of several `stats`.", "CWL_QuerySyntax-Stats", *_REFUSED
    ),
    "sort before the only stats": Rule(
        "`sort` before the only `stats` changes nothing.",
        "CWL_QuerySyntax-Stats refuses it; nine of 873 public queries have it, and run",
        *_WARNED,
    ),
    "display before stats": Rule(
        "`display` before `stats` changes nothing.",
        "no evidence that it is refused; only the last `display` counts (CWL_QuerySyntax-Display)",
        *_WARNED,
    ),
    "limit before sort": Rule(
        "`limit` takes the first rows, and a `sort` after it sorts these.",
        "no evidence; samples of the AppSync page write it so and mean the first rows when sorted",
        Then.ANSWERED,
        Then.WARNED,
    ),
    "bin in sort": Rule(
        "`sort` takes the name of a bin, not `bin(…)`.",
        "reports of the error 'sort bin(1m)'",
        *_FORGIVEN,
    ),
    "defined again": Rule(
        "A name that the query has made is not made again.",
        "recorded errors 'Ephemeral field is already defined'; CWL_QuerySyntax-alias",
        *_REFUSED,
    ),
    "named, then defined": Rule(
        "A field of the events that the query has named is not made again.",
        "two reports of the error 'Ephemeral field is already defined'",
        *_FORGIVEN,
    ),
    "filter on events after stats": Rule(
        "A condition on fields of the events counts before the `stats`, wherever it stands.",
        "samples of the AppSync and Container Insights pages; 16 of 873 public queries",
        *_WARNED,
    ),
    "no output of stats": Rule(
        "After `stats` there are its outputs alone.", "CWL_QuerySyntax-Stats", *_REFUSED
    ),
    "sort by no output of stats": Rule(
        "A key of `sort` that `stats` does not give orders nothing.",
        "51 of 873 public queries, most of them by `@timestamp`",
        *_WARNED,
    ),
    "bin in a second stats": Rule(
        "`bin` groups by `@timestamp`, which a `stats` does not give.",
        "reports; CWL_QuerySyntax-Stats",
        *_REFUSED,
    ),
    "topk stands alone": Rule(
        "`topk` has no other aggregation beside it and no `by`.",
        "CWL_QuerySyntax-Stats",
        *_REFUSED,
    ),
    "one join": Rule("A query has at most one `join`.", "CWL_QuerySyntax-Join", *_REFUSED),
    "query as side of a join": Rule(
        "The right side of a `join` is `SOURCE` alone.", "CWL_QuerySyntax-Join", *_FORGIVEN
    ),
    "time and text": Rule(
        "A time is not compared with a text.",
        "CWL_QuerySyntax-operations-functions, note on timestamps",
        *_REFUSED,
    ),
    "text in backticks": Rule(
        "Backticks hold a name.",
        "one sample of the Internet Monitor page has a text in them",
        Then.ANSWERED,
        Then.WARNED,
    ),
    "cap of a period": Rule(
        "A period counts up to the cap of its unit: `bin(300s)` is `bin(60s)`.",
        "CWL_QuerySyntax-Stats",
        *_WARNED,
    ),
    "sort before pattern": Rule(
        "`sort` stands after `pattern`.", "CWL_QuerySyntax-Pattern", *_FORGIVEN
    ),
    "diff after pattern": Rule(
        "`diff` follows a `pattern` at once.",
        "CWL_QuerySyntax-Diff; reports of a compile error",
        *_REFUSED,
    ),
}
