"""Names of groups and streams, checked by the service's rules (CloudWatch Logs API reference)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from cwnb.errors import InvalidParameter, ResourceNotFound
from cwnb.events import LOG_CLASSES
from cwnb.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_LIMIT = 512
# Tags of a log group. Source: API_TagResource.
_MOST_TAGS = 50
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
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


def check_log_class(log_class: str) -> str:
    """Give the class of a log group back; raise InvalidParameter for an unknown one."""
    if log_class not in LOG_CLASSES:
        hint = suggestion(
            str(log_class),
            LOG_CLASSES,
            cutoff=0.5,
            otherwise=f"it is one of {', '.join(LOG_CLASSES)}",
        )
        raise InvalidParameter(f"unknown log class {log_class!r}{hint}")
    return log_class


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Give the tags of a log group; raise InvalidParameter where the service would refuse them."""
    if not isinstance(tags, Mapping):
        raise InvalidParameter(f"tags are a dict such as {{'team': 'shop'}}, not {tags!r:.80}")
    if len(tags) > _MOST_TAGS:
        raise InvalidParameter(f"a log group has at most {_MOST_TAGS} tags, not {len(tags)}")
    for key, value in tags.items():
        if not isinstance(key, str) or not _TAG_KEY.fullmatch(key) or key.startswith("aws:"):
            raise InvalidParameter(
                f"the key of a tag, {key!r:.140}, must be 1 to 128 letters, digits, spaces or any "
                "of _ . : / = + - @, and must not begin with 'aws:'"
            )
        if not isinstance(value, str) or not _TAG_VALUE.fullmatch(value):
            raise InvalidParameter(
                f"the tag {key!r} must be a text of up to 256 letters, digits, spaces or any of "
                f"_ . : / = + - @, not {value!r:.80}"
            )
    return dict(tags)


def match_names(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """Give the known names that the wanted ones mean, without repetition, in the order wanted.

    A trailing `*` is a prefix. A name that is not known, and a prefix that matches none, raise
    ResourceNotFound with the nearest known name.
    """
    found: dict[str, None] = {}
    there = dict.fromkeys(known)  # finds a name at once, however many there are
    for name in wanted:
        matches = names_that_match(name, there)
        if not matches:
            raise unknown_group(name, known)
        found.update(dict.fromkeys(matches))
    return list(found)


def names_that_match(name: str, known: Collection[str]) -> list[str]:
    """Give the known names that one name or prefix means, in order; none is no error here."""
    if name.endswith("*"):
        return sorted(group for group in known if group.startswith(name[:-1]))
    return [name] if name in known else []


def unknown_group(name: str, known: Sequence[str]) -> ResourceNotFound:
    """Word the error for a group that does not exist."""
    kind = "matches" if name.endswith("*") else "is named"
    near = suggestion(name.rstrip("*"), known, cutoff=0.5)
    return ResourceNotFound(f"no log group {kind} {name!r}{near}")
