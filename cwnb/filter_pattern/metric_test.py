"""What a metric filter would match, as the operation TestMetricFilter answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cwnb.errors import InvalidParameter
from cwnb.filter_pattern.pattern import FilterPattern, text_array

# Source: API_TestMetricFilter, logEventMessages.
MOST_MESSAGES = 50
# The number of the first message. The samples of the API reference count from 0, and the live
# service from 1.
FIRST_EVENT = 1


def test_metric_filter(
    pattern: str | FilterPattern, messages: Iterable[str]
) -> list[dict[str, Any]]:
    """Give the messages that a pattern matches, in order, as TestMetricFilter answers.

    Each is a dict with `eventNumber` (from 1), `eventMessage` and `extractedValues`. At most 50
    messages, each of at least one character; `FilterPattern.mask` takes any number. Raises
    MalformedPattern, InvalidParameter.
    """
    read = pattern if isinstance(pattern, FilterPattern) else FilterPattern.parse(pattern)
    is_table = hasattr(messages, "columns")
    if isinstance(messages, str | bytes) or is_table or not isinstance(messages, Iterable):
        raise InvalidParameter(f"messages are a list of texts, not {messages!r:.80}")
    messages = list(messages)
    for one in messages:
        if not isinstance(one, str):
            raise InvalidParameter(f"messages are a list of texts, and {one!r:.80} is none")
    if not 1 <= len(messages) <= MOST_MESSAGES:
        raise InvalidParameter(f"there are 1 to {MOST_MESSAGES} messages, not {len(messages):,}")
    if "" in messages:
        number = messages.index("") + FIRST_EVENT
        raise InvalidParameter(f"message {number} is empty; each has at least one character")
    found = np.flatnonzero(read.matches(text_array(messages)))
    return [
        {
            "eventNumber": row + FIRST_EVENT,
            "eventMessage": messages[row],
            "extractedValues": read.grammar.extract(messages[row]),
        }
        for row in found.tolist()
    ]


# pytest would take it for a test of every module that imports it.
test_metric_filter.__test__ = False  # type: ignore[attr-defined]
