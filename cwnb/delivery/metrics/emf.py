"""The embedded metric format: metrics that a message itself carries.

Source: the specification in the CloudWatch user guide
(CloudWatch_Embedded_Metric_Format_Specification). It does not say what becomes of a document that
breaks a rule for one of its metrics; here it gives none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from cwnb.delivery.metrics.metric_filter import UNITS
from cwnb.nearest import suggestion

_DIRECTIVES = "CloudWatchMetrics"
_MOST_METRICS = 100
_MOST_DIMENSIONS = 30
_MOST_VALUES = 100
_LONGEST_NAME = 255
# The end of the year 9999, beyond which there are no times of events either.
_LATEST_MS = 253_402_300_799_999


class Malformed(Exception):
    """A document breaks a rule of the format, which the text says."""


@dataclass(frozen=True)
class EmbeddedValues:
    """The values of one metric with one set of dimensions in a document."""

    time_ms: int
    namespace: str
    metric: str
    unit: str
    dimensions: dict[str, str]
    values: list[float]


def read_document(message: str) -> list[EmbeddedValues] | None:
    """Give the values in a message; None for one that is not of the format. Raises Malformed."""
    if _DIRECTIVES not in message and "\\u" not in message:
        return None
    try:
        root = orjson.loads(message)
    except orjson.JSONDecodeError:
        if '"_aws"' in message and f'"{_DIRECTIVES}"' in message:
            raise Malformed("the message is not one JSON object and nothing else") from None
        return None
    if not isinstance(root, dict) or "_aws" not in root:
        return None
    about = root["_aws"]
    if not isinstance(about, dict) or _DIRECTIVES not in about:
        return None
    time_ms = about.get("Timestamp")
    if isinstance(time_ms, float) and time_ms.is_integer():
        time_ms = int(time_ms)  # some libraries write 1.7e12
    if type(time_ms) is not int or not 0 <= time_ms <= _LATEST_MS:
        raise Malformed(f"_aws.Timestamp is a number of milliseconds, not {_shown(time_ms)}")
    directives = about[_DIRECTIVES]
    if not isinstance(directives, list):
        raise Malformed(f"_aws.CloudWatchMetrics is an array, not {_shown(directives)}")
    found: list[EmbeddedValues] = []
    for directive in directives:
        found += _of_directive(directive, root, time_ms)
    return found


def _of_directive(directive: Any, root: dict[str, Any], time_ms: int) -> list[EmbeddedValues]:
    if not isinstance(directive, dict):
        raise Malformed(f"a member of CloudWatchMetrics is an object, not {_shown(directive)}")
    namespace = _name(directive.get("Namespace"), "Namespace")
    sets = directive.get("Dimensions")
    if not isinstance(sets, list) or not sets:
        raise Malformed(f"Dimensions is an array of arrays, not {_shown(sets)}")
    dimensions = [_dimensions(one, root) for one in sets]
    metrics = directive.get("Metrics")
    if not isinstance(metrics, list) or len(metrics) > _MOST_METRICS:
        raise Malformed(
            f"Metrics is an array of at most {_MOST_METRICS} objects, not {_shown(metrics)}"
        )
    found = []
    for metric in metrics:
        if not isinstance(metric, dict):
            raise Malformed(f"a member of Metrics is an object, not {_shown(metric)}")
        name = _name(metric.get("Name"), "the Name of a metric")
        unit = _unit(metric.get("Unit", "None"))
        values = _values(name, root)
        found += [EmbeddedValues(time_ms, namespace, name, unit, one, values) for one in dimensions]
    return found


def _dimensions(names: Any, root: dict[str, Any]) -> dict[str, str]:
    """Give the dimensions of a set with their values, which are members of the root."""
    if not isinstance(names, list) or len(names) > _MOST_DIMENSIONS:
        raise Malformed(
            f"a set of dimensions is an array of at most {_MOST_DIMENSIONS} names, "
            f"not {_shown(names)}"
        )
    found = {}
    for given in names:
        name = _name(given, "the name of a dimension")
        if name not in root:
            raise Malformed(f"the message has no member {name!r:.80}, which is a dimension")
        value = root[name]
        if not isinstance(value, str):
            raise Malformed(f"the dimension {name!r:.80} is a text, not {_shown(value)}")
        found[name] = value
    return found


def _values(name: str, root: dict[str, Any]) -> list[float]:
    """Give the values of a metric: those of a member of the root, a number or an array of them."""
    if name not in root:
        raise Malformed(f"the message has no member {name!r:.80}, which is a metric")
    given = root[name]
    values = given if isinstance(given, list) else [given]
    if len(values) > _MOST_VALUES:
        raise Malformed(f"the metric {name!r:.80} has {len(values)} values, over {_MOST_VALUES}")
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise Malformed(f"the metric {name!r:.80} is a number, not {_shown(value)}")
    return [float(value) for value in values]


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_NAME:
        raise Malformed(f"{what} has 1 to {_LONGEST_NAME} characters, not {_shown(value)}")
    return value


def _unit(value: Any) -> str:
    if not isinstance(value, str) or value not in UNITS:
        raise Malformed(f"there is no unit {_shown(value)}{suggestion(str(value)[:80], UNITS)}")
    return value


def _shown(value: Any) -> str:
    return f"{value!r:.80}"
