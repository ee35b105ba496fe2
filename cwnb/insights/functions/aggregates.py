"""Aggregations of `stats`; the engine computes them in parts. Source: CWL_QuerySyntax-Stats."""

from __future__ import annotations

from cwnb.insights.functions.registry import aggregate

aggregate("count([any field]) -> number", "Count the rows, or those that have the field.")
aggregate(
    "countDistinct(any field) -> number", "Count the distinct values; missing ones do not count."
)
aggregate("sum(number field) -> number", "Add up the numbers.")
aggregate("avg(number field) -> number", "Give the mean of the numbers.")
aggregate("min(any field) -> any", "Give the least value.")
aggregate("max(any field) -> any", "Give the greatest value.")
aggregate(
    "pct(number field, literal_number percent) -> number",
    "Give the percentile by nearest rank: a value of the data.",
)
aggregate("stddev(number field) -> number", "Give the standard deviation of the population.")
aggregate("variance(number field) -> number", "Give the variance of the population.")
aggregate(
    "values(any field) -> structure",
    "List the distinct values, first seen first.",
    "collect_values",
)
aggregate(
    "topk(literal_number k, any field) -> structure",
    "List the k most frequent values, 1 to 10000 of them.",
)
aggregate("earliest(any field) -> any", "Give the value of the earliest event that has the field.")
aggregate("latest(any field) -> any", "Give the value of the latest event that has the field.")
aggregate("sortsFirst(any field) -> any", "Give the value that `sort` puts first.")
aggregate("sortsLast(any field) -> any", "Give the value that `sort` puts last.")
