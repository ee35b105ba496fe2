"""Commands whose rows are patterns of texts, and what they are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cwnb.events import MESSAGE, Window
from cwnb.insights.tree.command import Command, Guide, fields_named
from cwnb.insights.tree.facts import Names, Needs, Order, Rows, Shows
from cwnb.insights.tree.group_commands import ESTIMATE_COLUMN, Estimate
from cwnb.times import UNIT_MS, months_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from cwnb.insights.tree.expressions import Period

PATTERN = "@pattern"
SAMPLE_COUNT = "@sampleCount"
RATIO = "@ratio"
SEVERITY = "@severityLabel"
PREVIOUS_COUNT = "@previousSampleCount"
DIFFERENCE = "@differenceEventCount"
DIFFERENCE_WORD = "@differenceEventDescription"
PATTERN_COLUMNS = [PATTERN, SAMPLE_COUNT, RATIO, SEVERITY]
ANOMALY_COLUMNS = [*PATTERN_COLUMNS, "@anomaly", "@anomalyScore", "@anomalyDescription"]
RELEVANCE_COLUMNS = [
    "@fieldName",
    "@relevanceScore",
    "@topRelevanceContributors",
    "@conditionalMedian",
    "@baselineMedian",
]
DIFFERENCE_COLUMNS = [
    PATTERN,
    SAMPLE_COUNT,
    PREVIOUS_COUNT,
    DIFFERENCE,
    DIFFERENCE_WORD,
    SEVERITY,
]


def _all_given(command: Command) -> set[str]:
    return set(command.gives())


def _reads_nothing(_: Command) -> set[str]:
    # Its input are patterns, which the engine hands over with the counts of both windows.
    return set()


def _gives_differences(_: Command) -> list[str]:
    return list(DIFFERENCE_COLUMNS)


class Pattern(Command):
    """`pattern field`: group texts that differ only in numbers, ids and some words; count them."""

    keyword = "pattern"
    guide = Guide(
        "pattern @message",
        "CWL_QuerySyntax-Pattern",
        (
            "The most frequent comes first, then the first by text.",
            "What differs is written `<Kind-n>`, numbered within the pattern.",
            "The kinds are Time, UUID, IP, Hex, Number, Path and Token (any other word).",
            "Rows without a value count in neither `@sampleCount` nor `@ratio`.",
            "`@severityLabel` is ERROR where the pattern has `error`, else WARN if it has `warn`.",
            "Texts in JSON with different keys have different patterns.",
            (
                "The values of a token, which the console shows beside a pattern, are no column: "
                "the service documents none for queries."
            ),
        ),
        memory="the different texts, once numbers, ids and the like are written alike",
    )
    arg_types: ClassVar[dict[str, bool]] = {"value": True}
    none_means: ClassVar[str] = "no row has a text"
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    reads = fields_named
    writes = _all_given

    def gives(self) -> list[str]:
        """Name the columns of a row of patterns."""
        return list(PATTERN_COLUMNS)


# How much earlier the window begins that `diff` compares with. Of no word: right before this one.
SHIFTS: dict[str, Callable[[int], int]] = {
    "previousDay": lambda start_ms: start_ms - UNIT_MS["d"],
    "previousWeek": lambda start_ms: start_ms - UNIT_MS["w"],
    "previousMonth": lambda start_ms: months_before(start_ms, 1),
}


class Diff(Command):
    """`diff [previousDay]`: compare the patterns before it with those of an earlier window."""

    keyword = "diff"
    guide = Guide(
        "pattern @message | diff previousWeek",
        "CWL_QuerySyntax-Diff",
        (
            "`diff` alone compares with the time of the same length right before.",
            "`previousMonth` is a month of the calendar; the length stays that of the window.",
            "Both windows are grouped into patterns together, and then counted apart.",
            "`@differenceEventDescription` is New, Gone, More, Fewer or Same.",
            "The largest difference, up or down, comes first, then the first by text.",
            "A window without a start is refused; one without an end ends now.",
        ),
        memory="as `pattern`, for both windows",
    )
    arg_types: ClassVar[dict[str, bool]] = {"to": False}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    compares = True
    reads = _reads_nothing
    writes = _all_given
    gives = _gives_differences

    def compared_with(self, window: Window) -> Window:
        """Give the earlier window."""
        length = window.end_ms - window.start_ms
        to = self.args.get("to")
        start = SHIFTS[to](window.start_ms) if to else window.start_ms - length
        return Window(start, start + length)


class Logcompare(Command):
    """`logcompare timeshift 7d`: compare the patterns of messages with those of earlier times."""

    keyword = "logcompare"
    guide = Guide(
        "logcompare timeshift 7d",
        "CWL_QuerySyntax-Logcompare",
        (
            "It is `pattern @message | diff` with a window that begins so much earlier.",
            "A month, a quarter and a year are those of the calendar.",
        ),
        memory="as `pattern`, for both windows",
    )
    arg_types: ClassVar[dict[str, bool]] = {"timeshift": True}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    compares = True
    writes = _all_given
    gives = _gives_differences

    def reads(self) -> set[str]:
        """Name the message."""
        return {MESSAGE}

    def compared_with(self, window: Window) -> Window:
        """Give the earlier window."""
        period: Period = self.args["timeshift"]
        count, unit = int(period.args["count"]), str(period.args["unit"])
        if unit in UNIT_MS:
            start = window.start_ms - count * UNIT_MS[unit]
        else:
            start = months_before(window.start_ms, count * {"mo": 1, "q": 3, "y": 12}[unit])
        return Window(start, start + window.end_ms - window.start_ms)


class Anomaly(Command):
    """`anomaly`: keep the patterns before it that behave unusually, with a score and a reason."""

    keyword = "anomaly"
    guide = Guide(
        "pattern @message | anomaly",
        "CWL_QuerySyntax-Anomaly",
        (
            "The window is divided into 24 slots; the last 6 are compared with those before.",
            "`new`: n events in the last slots and none before. The score is n / (n + 1).",
            "`frequency`: the count of one of the last slots is 4 or more deviations off the mean.",
            "A deviation is the standard one, but no less than the root of the mean, and than 1.",
            "`http`: a share of codes 400 to 599 that is at least 4 standard errors higher.",
            "For these two the score is z / (z + 4) with z deviations. The largest counts.",
            "Variations of tokens and of numbers, which the service knows too, are not looked for.",
        ),
        memory="as `pattern`, with 24 counts for each text",
    )
    arg_types: ClassVar[dict[str, bool]] = {}
    none_means: ClassVar[str] = "no pattern behaves unusually"
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    reads = _reads_nothing
    writes = _all_given

    def gives(self) -> list[str]:
        """Name the columns of patterns, and three more."""
        return list(ANOMALY_COLUMNS)


class RelevantFields(Command):
    """`relevantfields [field, …] where condition`: say which fields tell events from others."""

    keyword = "relevantfields"
    guide = Guide(
        'relevantfields where level = "ERROR"',
        "CWL_QuerySyntax-RelevantFields",
        (
            "The score is the Jensen-Shannon distance (0 to 1) between the values of both.",
            "A missing value is a value. More than 16 numbers are divided into 16 ranges.",
            "Values that occur once are taken together, because ids would be most relevant else.",
            "Without a list, all fields of the events are compared but those of the condition.",
            "`@topRelevanceContributors` are up to five values, as JSON with their shares.",
            "Highest scores come first, then the first by name.",
        ),
        memory="the different values of each field that is compared",
    )
    arg_types: ClassVar[dict[str, bool]] = {"fields": False, "condition": True}
    rows = Rows.NEW
    order = Order.SETS
    needs = Needs.ALL_ROWS
    shows = Shows.REPLACES
    names = Names.REPLACES
    reads = fields_named
    writes = _all_given

    def gives(self) -> list[str]:
        """Name the columns of a row of fields."""
        return list(RELEVANCE_COLUMNS)


# Commands that give the same columns, whatever they are written with.
GIVEN_COLUMNS: dict[type[Command], list[str]] = {
    Pattern: PATTERN_COLUMNS,
    Diff: DIFFERENCE_COLUMNS,
    Logcompare: DIFFERENCE_COLUMNS,
    Anomaly: ANOMALY_COLUMNS,
    RelevantFields: RELEVANCE_COLUMNS,
    Estimate: [ESTIMATE_COLUMN],
}
