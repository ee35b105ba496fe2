"""Which log groups of a store a SOURCE of a query means."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cwnb.errors import ResourceNotFound
from cwnb.events import DEFAULT_ACCOUNT, DEFAULT_REGION, STANDARD
from cwnb.store.names import unknown_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cwnb.events import GroupSelector
    from cwnb.store.catalog.groups import GroupRow

_ARN = re.compile(
    r"arn:aws[\w-]*:logs:(?P<region>[\w-]+):(?P<account>\d+):log-group:(?P<name>[^:*]+)(:\*)?"
)
# The log type of a group whose events come from a data source of the service, `name.type`.
# Source: supported AWS services and data sources, CloudWatch Logs data sources.
LOG_TYPES = {
    "amazon_vpc.flow": "vpc-flow",
    "amazon_route53.resolver_query": "route53",
    "amazon_route53.public_dns_query": "route53",
    "aws_cloudtrail.management": "cloudtrail",
    "aws_cloudtrail.data": "cloudtrail",
    "aws_lambda.application": "lambda",
}


def select(selector: GroupSelector, known: Sequence[GroupRow]) -> list[str]:
    """Name the groups that a selector means, in their order.

    Raises ResourceNotFound where there is none, with the nearest name.
    """
    if selector.names:
        there = {group.name for group in known}
        names = [_own_name(name) for name in selector.names]
        if missing := [name for name in names if name not in there]:
            raise _not_there(missing[0], sorted(there))
        return names
    _check_data_sources(selector)
    found = [group.name for group in known if _meets(group, selector)]
    if not found:
        raise _none_meets(selector, known)
    return found


def _own_name(name: str) -> str:
    """Give the name in the ARN of a group of this store, or the name as it is."""
    if not name.startswith("arn:"):
        return name
    arn = _ARN.fullmatch(name)
    if arn is None:
        raise ResourceNotFound(
            f"{name!r} is no ARN of a log group, "
            "such as 'arn:aws:logs:us-east-1:000000000000:log-group:/shop/web'"
        )
    for what, here in (("account", DEFAULT_ACCOUNT), ("region", DEFAULT_REGION)):
        if arn[what] != here:
            raise ResourceNotFound(f"{name!r} is of the {what} {arn[what]}; this store is {here}")
    return arn["name"]


def _not_there(name: str, known: list[str]) -> ResourceNotFound:
    error = unknown_group(name, known)
    if name.endswith("*"):
        prefix = name.rstrip("*")
        hint = f"SOURCE takes whole names; write SOURCE logGroups(namePrefix: ['{prefix}'])"
        return ResourceNotFound(f"no log group is named {name!r}; {hint}")
    return error


def _meets(group: GroupRow, selector: GroupSelector) -> bool:
    log_types = {LOG_TYPES[name.lower()] for name in selector.data_sources}
    return (
        (not selector.prefixes or group.name.startswith(selector.prefixes))
        and (not selector.accounts or DEFAULT_ACCOUNT in selector.accounts)
        and (not selector.log_classes or group.log_class in selector.log_classes)
        and (not log_types or group.processing.log_type in log_types)
        and all(_has_tag(group, key, values) for key, values in selector.tags)
    )


def _has_tag(group: GroupRow, key: str, values: Sequence[str]) -> bool:
    """Tell whether the tag of a group is as one of the values says."""
    tag = dict(group.tags).get(key)
    for value in values:
        negated = value.startswith("!")
        alike = tag is not None and fnmatchcase(tag, _glob(value.removeprefix("!")))
        if alike != negated:
            return True
    return False


def _glob(value: str) -> str:
    """Give a pattern of `fnmatch` in which `*` alone has a meaning."""
    return re.sub(r"[\[?]", r"[\g<0>]", value)


def _check_data_sources(selector: GroupSelector) -> None:
    for name in selector.data_sources:
        if name.lower() not in LOG_TYPES:
            known = ", ".join(LOG_TYPES)
            raise ResourceNotFound(
                f"no log type belongs to the data source {name!r}; known: {known}"
            )


def _none_meets(selector: GroupSelector, known: Sequence[GroupRow]) -> ResourceNotFound:
    if selector.accounts and DEFAULT_ACCOUNT not in selector.accounts:
        return ResourceNotFound(
            f"the account of this store is {DEFAULT_ACCOUNT}, and not "
            f"{', '.join(selector.accounts)}"
        )
    names = [group.name for group in known]
    if selector.prefixes and not any(name.startswith(selector.prefixes) for name in names):
        return unknown_group(f"{selector.prefixes[0]}*", names)
    said = [
        f"begins with {' or '.join(map(repr, selector.prefixes))}" if selector.prefixes else "",
        f"is of the class {' or '.join(selector.log_classes)}"
        if selector.log_classes not in {(), (STANDARD,)}
        else "",
        f"is of the data source {' or '.join(selector.data_sources)}"
        if selector.data_sources
        else "",
        *(f"has the tag {key!r} as {' or '.join(map(repr, v))}" for key, v in selector.tags),
    ]
    meant = " and ".join(filter(None, said)) or f"is of the class {STANDARD}"
    return ResourceNotFound(f"no log group {meant}{_how_to_have(selector.data_sources)}")


def _how_to_have(data_sources: Sequence[str]) -> str:
    """Say how a log group comes to be of a data source: it is made with a log type."""
    if not data_sources:
        return ""
    log_types = dict.fromkeys(LOG_TYPES[name.lower()] for name in data_sources)
    made = " or ".join(f"create_group(name, log_type={log_type!r})" for log_type in log_types)
    return f"; a group is of one if it was made with its log type, as by {made}"
