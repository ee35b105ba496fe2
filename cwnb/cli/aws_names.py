"""What `aws logs` calls our options and commands: an error names ours to who types those."""

from __future__ import annotations

from typing import NamedTuple

import click


class _Meaning(NamedTuple):
    """One thing, the names by which people know it, and ours: options, or arguments as GROUP."""

    what: str
    known_as: str
    ours: str


_MEANINGS = (
    _Meaning(
        "the start of the window",
        "--start-time --start --from --since --begin",
        "--start --since",
    ),
    _Meaning("the end of the window", "--end-time --end --to --until", "--end"),
    _Meaning(
        "the log group",
        "--log-group-name --log-group-names --log-group-identifier --log-group-identifiers "
        "--log-group --log-group-name-prefix --log-group-name-pattern --group -g",
        "--group GROUP",
    ),
    _Meaning("the name of the filter", "--filter-name --name", "--name NAME"),
    _Meaning(
        "the filter pattern",
        "--filter-pattern --pattern --filter -p",
        "--filter-pattern PATTERN",
    ),
    _Meaning("the target", "--destination-arn --destination --to --target", "TARGET"),
    _Meaning("the destination", "--destination --destination-prefix --to", "DESTINATION"),
    _Meaning(
        "the log stream",
        "--log-stream-name --log-stream-names --stream --streams",
        "--stream --log-stream-names --stream-prefix",
    ),
    _Meaning(
        "a prefix of log streams",
        "--log-stream-name-prefix --log-stream-prefix --stream-prefix",
        "--stream-prefix",
    ),
    # A name that ends in * is a prefix there.
    _Meaning(
        "a prefix of log streams, with * behind it,",
        "--log-stream-name-prefix --log-stream-prefix --stream-prefix",
        "--stream",
    ),
    _Meaning("the query", "--query-string --query", "TEXT"),
    _Meaning("the most rows", "--max-items --max-results --page-size", "--limit"),
    _Meaning("the number of days", "--retention-in-days --retention", "--retention DAYS"),
    _Meaning("the log class", "--log-group-class", "--log-class"),
    _Meaning("a tag", "--tags", "--tag"),
    _Meaning("the task", "--task-id", "--resume"),
    _Meaning("the metric", "--metric-name --metric-transformations", "--metric"),
    _Meaning("the namespace", "--metric-namespace", "--namespace"),
    _Meaning("the value", "--metric-value", "--value"),
    _Meaning("the default value", "--default-value", "--default"),
    _Meaning("a dimension", "--dimensions", "--dimension"),
)
_FOLLOWS = "'cwnb tail GROUP --follow' follows log groups"

# A command of `aws logs`, and the one that does the same here.
COMMANDS = {
    "create-export-task": "export",
    "cancel-export-task": "exports --cancel",
    "describe-export-tasks": "exports",
    "create-log-group": "create-group",
    "delete-log-group": "delete",
    "describe-log-groups": "groups",
    "describe-log-streams": "streams",
    "put-retention-policy": "retention",
    "delete-retention-policy": "retention",
    "put-log-events": "load",
    "get-log-group-fields": "fields",
    "filter-log-events": "filter",
    "get-log-events": "filter",
    "start-query": "query",
    "start-live-tail": "tail --follow",
    "put-metric-filter": "metric-filter put",
    "delete-metric-filter": "metric-filter delete",
    "describe-metric-filters": "metric-filter list",
    "test-metric-filter": "explain-pattern",
    "put-subscription-filter": "subscribe",
    "delete-subscription-filter": "unsubscribe",
    "describe-subscription-filters": "subscriptions",
}


def hint(option: str, context: click.Context) -> str:
    """Say what an option that a command has not is called here; empty where nothing is like it."""
    ours = _names(context)
    said: list[str] = []
    for meaning in _MEANINGS:
        name = next((name for name in meaning.ours.split() if name in ours), None)
        known = option in meaning.known_as.split()
        if known and name is not None and not any(name in text for text in said):
            kind = "" if name.startswith("-") else "the argument "
            said.append(f"{meaning.what} is {kind}{name}")
    if not said and "PATTERN" in ours and not option.startswith("--"):
        return "; a pattern that begins with - stands behind --, as in -- -DEBUG"
    if not said and option == "--follow":
        return f"; {_FOLLOWS}"
    return f"; {', and '.join(said)}" if said else ""


def _names(context: click.Context) -> set[str]:
    """Give the options of a command, and its arguments as its usage has them: GROUP, TEXT."""
    found = set()
    for parameter in context.command.params:
        if isinstance(parameter, click.Argument):
            found.add(parameter.make_metavar(context).removesuffix("...").strip("[]"))
        else:
            found.update(parameter.opts)
    return found
