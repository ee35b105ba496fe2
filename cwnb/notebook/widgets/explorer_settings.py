"""What the explorer takes from `%config Cwnb` and from the notebook around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.notebook.history import History
from cwnb.results.charge import PRICE_PER_GB, PRICE_REGION
from cwnb.results.zones import UTC_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class ExplorerSettings:
    """Settings of an explorer.

    `variables` are those of the notebook: a `{{name}}` of a query begins with the value of the one
    that is called so.
    """

    tz: str = UTC_NAME
    price_per_gb: float = PRICE_PER_GB
    price_region: str = PRICE_REGION
    history: History = field(default_factory=History)
    variables: Mapping[str, Any] = field(default_factory=dict)
