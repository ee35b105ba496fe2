"""MetricFilter, what counts or adds up in events that match, and its rules.

Source of the limits: API PutMetricFilter and MetricTransformation, cloudwatch_limits_cwl.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from cwnb.errors import InvalidParameter
from cwnb.filter_pattern import FilterPattern, Reference, number_of
from cwnb.nearest import suggestion
from cwnb.store import Position

FAMILY = "metric-filter"
MOST_FILTERS = 100  # of a log group
_MOST_DIMENSIONS = 3
_NAME = re.compile(r"[^:*]{1,512}")
_METRIC = re.compile(r"[^:*$]{1,255}")
_VALUE_CHARACTERS = 100
_START = Position(0, 0)
# Source: API MetricTransformation, unit.
UNITS = (
    "Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits "
    "Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second "
    "Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second "
    "Gigabits/Second Terabits/Second Count/Second None"
).split()


@dataclass
class MetricFilter:
    """Which events of a log group give which values of a metric.

    `value` is a number, or a reference to a value of the event; so is the value of each dimension.
    `default` is the value of minutes in which events came and none matched. `system_fields` are
    dimensions too. Events up to `position` have been counted. `matched`: how many matched; of these
    gave no value those that are counted in `without_number` (what `value` refers to is no number)
    and `without_dimension`. `expired`: events whose retention ended before they were looked at.
    """

    name: str
    group: str
    group_id: int
    pattern: str
    namespace: str
    metric: str
    value: str = "1"
    default: float | None = None
    unit: str = "None"
    dimensions: dict[str, str] = field(default_factory=dict)
    created_ms: int = 0
    position: Position = _START
    system_fields: list[str] = field(default_factory=list)
    matched: int = 0
    without_number: int = 0
    without_dimension: int = 0
    expired: int = 0

    @classmethod
    def read(cls, held: dict[str, Any]) -> MetricFilter:
        """Read what `held` gave."""
        return cls(**{**held, "position": Position(*held["position"])})

    def held(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return asdict(self)

    def counts_as(self, other: MetricFilter) -> bool:
        """Tell whether both give the same values of the same events."""
        mine, others = (
            (
                *(one.pattern, one.namespace, one.metric, one.value, one.unit),
                *(one.dimensions, one.system_fields, one.default),
            )
            for one in (self, other)
        )
        return mine == others

    def check(self) -> None:
        """Raise InvalidParameter or MalformedPattern where the service would refuse it."""
        _check_name(self.name, _NAME, "the name of a metric filter", "1 to 512", "':' and '*'")
        for what, name in (("a namespace", self.namespace), ("a metric", self.metric)):
            _check_name(name, _METRIC, f"the name of {what}", "1 to 255", "':', '*' and '$'")
        pattern = FilterPattern.parse(self.pattern)
        self._check_value(pattern)
        if not isinstance(self.unit, str) or self.unit not in UNITS:
            near = suggestion(str(self.unit), UNITS, otherwise="")
            raise InvalidParameter(f"there is no unit {self.unit!r:.80}{near}")
        if self.default is not None and not math.isfinite(self.default):
            raise InvalidParameter(f"the default value is a number, not {self.default!r}")
        many = len(self.dimensions) + len(self.system_fields)
        if self.default is not None and many:
            raise InvalidParameter("a metric filter with dimensions has no default value")
        if many > _MOST_DIMENSIONS:
            counted = ", system fields included" if self.system_fields else ""
            raise InvalidParameter(
                f"a metric has at most {_MOST_DIMENSIONS} dimensions, not {many}{counted}"
            )
        if both := self.dimensions.keys() & set(self.system_fields):
            raise InvalidParameter(f"the dimension {min(both)!r} is emitted as a system field too")
        if self.dimensions and pattern.kind not in {"json", "fields"}:
            raise InvalidParameter("The specified filter pattern does not support dimensions")
        for name, reference in self.dimensions.items():
            _check_name(
                name, re.compile(r"[^:].{0,254}"), "the name of a dimension", "1 to 255", ":"
            )
            Reference.parse(reference, pattern)

    def _check_value(self, pattern: FilterPattern) -> None:
        if not 1 <= len(self.value) <= _VALUE_CHARACTERS:
            raise InvalidParameter(f"a metric value has 1 to {_VALUE_CHARACTERS} characters")
        if self.value.startswith("$"):
            Reference.parse(self.value, pattern)
        elif number_of(self.value) is None:
            raise InvalidParameter(
                f"a metric value is a number or a reference such as $.took, not {self.value!r}"
            )


def _check_name(name: Any, rule: re.Pattern[str], what: str, length: str, without: str) -> None:
    if not isinstance(name, str) or not rule.fullmatch(name) or not name.isprintable():
        raise InvalidParameter(
            f"{what} has {length} characters, without {without}, and is not {name!r:.80}"
        )


def text_of(value: Any) -> str:
    """Give the text of a metric value as the API has it."""
    return value if isinstance(value, str) else repr(value)


def checked_dimensions(dimensions: Mapping[str, str] | None) -> dict[str, str]:
    """Give dimensions as a dict of texts; raises InvalidParameter."""
    is_dict = dimensions is None or isinstance(dimensions, Mapping)
    held = dict(dimensions or {}) if is_dict else {}
    if not is_dict or not all(isinstance(part, str) for pair in held.items() for part in pair):
        raise InvalidParameter(
            "dimensions are a dict of references by name, such as {'path': '$.path'}, "
            f"not {dimensions!r:.80}"
        )
    return held
