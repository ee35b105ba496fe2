"""System fields that subscriptions and metric filters emit: where an event comes from.

Source: API PutSubscriptionFilter (emitSystemFields), PutMetricFilter (emitSystemFieldDimensions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.errors import InvalidParameter
from cwnb.events import (
    AWS_ACCOUNT,
    AWS_REGION,
    DEFAULT_ACCOUNT,
    DEFAULT_REGION,
    SOURCE_LOG,
)
from cwnb.nearest import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_SUBSCRIPTIONS = (AWS_ACCOUNT, AWS_REGION, SOURCE_LOG)
OF_METRICS = (AWS_ACCOUNT, AWS_REGION)


def checked(names: Any, known: Sequence[str]) -> list[str]:
    """Give names of system fields, each once, in the order of `known`; raises InvalidParameter."""
    if names is None:
        return []
    if not isinstance(names, list | tuple):
        raise InvalidParameter(
            f"system fields are a list such as [{known[0]!r}], not {names!r:.80}"
        )
    for name in names:
        if name not in known:
            raise InvalidParameter(unknown("system field", name, known))
    return [name for name in known if name in names]


def values_of(names: Sequence[str], group: str) -> dict[str, str]:
    """Give the values of system fields for the events of a log group."""
    values = {
        AWS_ACCOUNT: DEFAULT_ACCOUNT,
        AWS_REGION: DEFAULT_REGION,
        SOURCE_LOG: group,
    }
    return {name: values[name] for name in names}
