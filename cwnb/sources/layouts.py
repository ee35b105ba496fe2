"""The usual forms of a time at the beginning of a line, one table of regular expressions.

A layout's groups say what they are: `y` or `yy` (two digits), `m` or `b` (a month's name), `d`,
`h`, `mi`, `s`, `f` (fraction), `p` (A or P, of AM and PM), `z` (zone), or `epoch`. Without `y` and
`yy` the year is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LEVEL = r"(?:(?i:trace|debug|info|information|notice|warn|warning|error|err|fatal|critical|severe)"
# What may stand before the time and still be "the beginning of the line": a syslog priority, the
# format version of Route 53, a logfmt key, a bracket or quote, a level.
_START = (
    r"^(?:<\d{1,3}>(?:1 )?)?(?:1\.0 )?(?:(?:time|ts|timestamp|date|t)=)?[\[(\"']?"
    r"(?:" + _LEVEL + r")[\])]?[\s:|-]{1,3}[\[(]?)?"
)
_CLOCK = r"(?P<h>\d\d):(?P<mi>\d\d):(?P<s>\d\d)"
_FRACTION = r"(?:[.,](?P<f>\d{1,9}))?"
# Hours from UTC: those of RFC 822, and European and others that mean one thing. BST and IST mean
# several, so a line with one has no time that could be told.
ZONE_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "BST": None, "IST": None,
}  # fmt: skip
NAMED_ZONES = "(?:" + "|".join(name for name in ZONE_HOURS if len(name) > 1) + ")"
_ZONE = r"(?P<z>Z\b|[+-]\d\d(?::?\d\d)?\b|\s?" + NAMED_ZONES + r"\b|\s[+-]\d\d:?\d\d\b)?"
# Seconds, and AM or PM, may be left out.
_CLOCK_12 = (
    r"(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?: ?(?P<p>[AaPp])\.?[Mm]\b\.?)?" + _ZONE
)
_MONTH = r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )"
# A time that is not at the beginning of a line is looked for in this many bytes of it.
INSIDE_BYTES = 200


@dataclass(frozen=True)
class Layout:
    """One form of a time. A `loose` one may be mere numbers: most lines of a file must have it.

    `holds`: a text that every line with such a time has. `indented`: such a line may begin with
    white space, as it may where the time is `inside` it.
    """

    name: str
    core: str
    start: str = _START
    loose: bool = False
    inside: bool = False
    holds: str = ""
    indented: bool = False

    @property
    def pattern(self) -> str:
        """Give the whole regular expression (RE2)."""
        return self.core if self.inside else self.start + self.core


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "iso",
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T _\t](?P<h>\d\d):(?P<mi>\d\d)"
        r"(?::(?P<s>\d\d)(?:[.,:](?P<f>\d{1,9}))?)?" + _ZONE,
    ),
    Layout(
        "access log",
        r"(?P<d>\d\d)/" + _MONTH + r"/(?P<y>\d{4}):" + _CLOCK + r"(?: (?P<z>[+-]\d{4}))?\]",
        start=r"^[^\[\"]*\[",
        holds="/",
        indented=True,
    ),
    Layout(
        "year/month/day",
        r"(?P<y>\d{4})/(?P<m>\d\d)/(?P<d>\d\d)[ T-]" + _CLOCK + _FRACTION + _ZONE,
    ),
    Layout(
        "ctime",
        _WEEKDAY
        + _MONTH
        + r" +(?P<d>\d{1,2}) "
        + _CLOCK
        + _FRACTION
        + r"(?: (?P<z>"
        + NAMED_ZONES
        + r"))? (?P<y>\d{4})",
    ),
    Layout(
        "syslog",
        _MONTH + r" (?P<d>[ \d]?\d) " + _CLOCK + _FRACTION,
        start=r"^(?:<\d{1,3}>)?",
    ),
    Layout(
        "klog",
        r"(?P<m>[01]\d)(?P<d>[0-3]\d) " + _CLOCK + r"\.(?P<f>\d{6})\s",
        start="^[IWEF]",
    ),
    Layout(
        "day month year",
        _WEEKDAY + r"?(?P<d>\d{1,2})[ -]" + _MONTH + r"[ -](?P<y>\d{4})[ :]"
        r""
        + _CLOCK
        + r"(?:[.,](?P<f>\d{1,9}))?(?P<z>\s?(?:Z|"
        + NAMED_ZONES
        + r"|[+-]\d\d:?\d\d)\b)?",
    ),
    Layout(
        "DB2",
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)-"
        r"(?P<h>\d\d)\.(?P<mi>\d\d)\.(?P<s>\d\d)\.(?P<f>\d{1,9})",
    ),
    Layout(
        "compact",
        r"(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d)[T ](?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)"
        + _FRACTION
        + _ZONE,
    ),
    Layout("day.month.year", r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}),?[ T]" + _CLOCK_12),
    Layout(
        "audit",
        r"(?P<epoch>\d{10}\.\d{3}):\d+\)",
        start=r"^[^()]*audit\(",
        holds="audit(",
        indented=True,
    ),
    Layout(
        "VPC flow log",
        r"(?P<epoch>\d{10}) \d{10} (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)",
        start=r"^\d+ \d{12} \S+(?: \S+){7} ",
    ),
    Layout("epoch", r"(?P<epoch>\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})\b", loose=True),
    Layout(
        "yy/mm/dd",
        r"(?P<yy>\d\d)/(?P<m>\d\d)/(?P<d>\d\d) " + _CLOCK + _FRACTION,
        loose=True,
    ),
    Layout(
        "yymmdd hhmmss",
        r"(?P<yy>\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d) +"
        r"(?P<h>[ 0-2]\d):?(?P<mi>[0-5]\d):?(?P<s>[0-5]\d)\b",
        loose=True,
    ),
    Layout("word and epoch", r"(?P<epoch>\d{10}(?:\.\d{1,9})?)\s", start=r"^\S{1,40} ", loose=True),
)
# Dates with slashes begin with the day or with the month; the file as a whole tells which.
DAY_FIRST = Layout(
    "day/month/year", r"(?P<d>\d{1,2})[/-](?P<m>\d{1,2})[/-](?P<y>\d{4}),?[ T]" + _CLOCK_12
)
MONTH_FIRST = Layout(
    "month/day/year", r"(?P<m>\d{1,2})[/-](?P<d>\d{1,2})[/-](?P<y>\d{4}),?[ T]" + _CLOCK_12
)
# A time further inside the line counts only if most lines of the file have it.
INSIDE: tuple[Layout, ...] = (
    *(
        Layout(layout.name + " inside", layout.core, loose=True, inside=True)
        for layout in LAYOUTS
        if layout.name in {"iso", "year/month/day", "ctime", "day month year"}
    ),
    Layout(
        "access log inside",
        r"(?P<d>\d\d)/" + _MONTH + r"/(?P<y>\d{4}):" + _CLOCK + r"(?: (?P<z>[+-]\d{4}))?",
        loose=True,
        inside=True,
    ),
)
_DATE_ALONE = Layout("date", r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)$")
# What is tried on a text that is a time as a whole, in this order.
WHOLE = (
    *(layout for layout in LAYOUTS if not layout.loose),
    _DATE_ALONE,
    *(layout for layout in LAYOUTS if layout.loose and layout.name != "word and epoch"),
)
