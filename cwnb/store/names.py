"""Names of groups and streams, checked by the service's rules (CloudWatch Logs API reference)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_LIMIT = 512
_GROUP = re.compile(r"[A-Za-z0-9_\-/.#]{1,512}")


def check_group_name(name: str) -> str:
    """Give the name back; raise InvalidParameter where the service would refuse it."""
    if not isinstance(name, str) or not _GROUP.fullmatch(name):
        raise InvalidParameter(
            f"log group name {name!r} must be 1 to {NAME_LIMIT} characters of A-Z a-z 0-9 _ - / . #"
        )
    if name.startswith("aws/"):
        raise InvalidParameter(f"log group name {name!r} must not start with 'aws/'; '/aws/' may")
    return name


def check_stream_name(name: str) -> str:
    """Give the name back; raise InvalidParameter where the service would refuse it."""
    if not isinstance(name, str) or not 1 <= len(name) <= NAME_LIMIT or ":" in name or "*" in name:
        raise InvalidParameter(
            f"log stream name {name!r} must be 1 to {NAME_LIMIT} characters without ':' and '*'"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidParameter(f"log stream name {name!r} is not Unicode text") from None
    return name


def match_names(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """Give the known names that the wanted ones mean, without repetition, in the order wanted.

    A trailing `*` is a prefix. A name that is not known, and a prefix that matches none, raise
    ResourceNotFound with the nearest known name.
    """
    found: dict[str, None] = {}
    there = set(known)
    for name in wanted:
        if name.endswith("*"):
            matches = sorted(group for group in known if group.startswith(name[:-1]))
        else:
            matches = [name] if name in there else []
        if not matches:
            raise unknown_group(name, known)
        found.update(dict.fromkeys(matches))
    return list(found)


def unknown_group(name: str, known: Sequence[str]) -> ResourceNotFound:
    """Word the error for a group that does not exist."""
    kind = "matches" if name.endswith("*") else "is named"
    near = suggestion(name.rstrip("*"), known, cutoff=0.5)
    return ResourceNotFound(f"no log group {kind} {name!r}{near}")
