"""The user's own form of a time, `time_format`, as a layout."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from cwnb.errors import InvalidParameter
from cwnb.sources.layouts import NAMED_ZONES, Layout

_MONTH = r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))(?i:[a-z]*)\.?"
# https://docs.python.org/3/library/datetime.html#format-codes; of strftime also %s %e %T %F %D %R.
_DIRECTIVES = {
    "Y": r"(?P<y>\d{4})",
    "y": r"(?P<yy>\d\d)",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\s?\d{1,2})",
    "e": r"(?P<d>\s?\d{1,2})",
    "b": _MONTH,
    "B": _MONTH,
    "h": _MONTH,
    "a": r"(?i:[a-z]+)\.?",
    "A": r"(?i:[a-z]+)\.?",
    "H": r"(?P<h>\s?\d{1,2})",
    "I": r"(?P<h>\s?\d{1,2})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "M": r"(?P<mi>\d{1,2})",
    "S": r"(?P<s>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|[+-]\d\d:?\d\d)",
    "Z": r"(?P<z>" + NAMED_ZONES + r"|Z)",
    "s": r"(?P<epoch>\d{10,19}(?:\.\d{1,9})?)",
    "%": "%",
}
_COMBINED = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}


def read_time_format(text: str | None) -> Layout | None:
    """Give the layout of a format as strptime has it, such as `%d.%m.%Y %H:%M:%S`.

    It is looked for in the first 200 bytes of a line, and in the value of the time's field.
    Raises InvalidParameter for an unknown directive and where the date is missing.
    """
    if text is None:
        return None
    core = ""
    whole = re.sub("%([TFDR])", lambda match: _COMBINED[match[1]], text)
    for match in re.finditer(r"%-?(.?)|\s+|[^%\s]+", whole):
        part = match[0]
        if part.startswith("%"):
            if match[1] not in _DIRECTIVES:
                known = " ".join(f"%{code}" for code in (*_DIRECTIVES, *_COMBINED))
                raise InvalidParameter(f"time_format {text!r} has {part!r}; there are {known}")
            core += _DIRECTIVES[match[1]]
        else:
            core += r"\s+" if part.isspace() else re.escape(part)
    if "<epoch>" not in core and not ("<d>" in core and ("<m>" in core or "<b>" in core)):
        raise InvalidParameter(f"time_format {text!r} needs a day and a month (%d %m), or %s")
    groups = re.findall(r"\?P<(\w+)>", core)
    if len(set(groups)) < len(groups):
        raise InvalidParameter(f"cannot use time_format {text!r}: it names one part twice")
    # Not in the middle of a number: `%d.%m.%Y` is not in 10.20.11.2026.
    start = r"(?:^|[^0-9.])" if core.startswith("(?P") else ""
    end = r"(?:[^0-9]|$)" if re.search(r"%-?[YymdeHIMSfs]$", whole) else ""
    layout = Layout("time_format", start + core + end, inside=True)
    try:
        pc.extract_regex(pa.array([""]), pattern=layout.pattern)
    except pa.ArrowInvalid as error:
        raise InvalidParameter(f"cannot use time_format {text!r}: {error}") from None
    return layout
