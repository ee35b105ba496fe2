# ruff: noqa: RUF001  (signs that look like others are what this file is about)
"""What people write from habit of other languages, and what to write here: the hints of errors.

Each entry is words of SQL, SPL, KQL, PromQL or a general-purpose language that stand in public
queries or in questions about them. A hint follows the error after a semicolon; `…` stands for what
the user wrote there.
"""

from __future__ import annotations

import re

# Names of functions, as `names.canonical` gives them.
FUNCTIONS = {
    "mean": "write avg(…)",
    "average": "write avg(…)",
    "median": "write pct(…, 50)",
    "percentile": "write pct(…, 95)",
    "percentilecont": "write pct(…, 95)",
    "quantile": "write pct(…, 95)",
    "countif": "a condition is 1 or 0: write sum(…)",
    "sumif": "write sum(if(condition, field, 0))",
    "dc": "write count_distinct(…)",
    "dcount": "write count_distinct(…)",
    "eval": "a condition is 1 or 0: write sum(condition) to count where it is true",
    "distinctcount": "write count_distinct(…)",
    "approxcountdistinct": "write count_distinct(…)",
    "uniq": "write count_distinct(…)",
    "unique": "write count_distinct(…)",
    "first": "write earliest(…)",
    "last": "write latest(…)",
    "anyvalue": "write latest(…)",
    "stdev": "write stddev(…)",
    "makelist": "write values(…)",
    "list": "write values(…)",
    "collect": "write values(…)",
    "makeset": "write values(…)",
    "arrayagg": "write values(…)",
    "groupconcat": "write values(…)",
    "stringagg": "write values(…)",
    "exists": "write ispresent(…)",
    "isnotnull": "write ispresent(…)",
    "isnull": "write not ispresent(…)",
    "missing": "write not ispresent(…)",
    "nvl": "write coalesce(…)",
    "ifnull": "write coalesce(…)",
    "isnullorempty": "write isempty(…)",
    "isnotempty": "write not isempty(…)",
    "isnotblank": "write not isblank(…)",
    "iff": "write if(condition, value, otherwise)",
    "iif": "write if(condition, value, otherwise)",
    "cast": "write toInt(…), toDouble(…) or toNumber(…)",
    "convert": "write toInt(…), toDouble(…) or toNumber(…)",
    "int": "write toInt(…)",
    "float": "write toDouble(…)",
    "double": "write toDouble(…)",
    "number": "write toNumber(…)",
    "tostring": "write concat(…)",
    "tostr": "write concat(…)",
    "str": "write concat(…)",
    "string": "write concat(…)",
    "pow": "write … ^ 2",
    "power": "write … ^ 2",
    "mod": "write … % 2",
    "modulo": "write … % 2",
    "length": "write strlen(…)",
    "len": "write strlen(…)",
    "lcase": "write tolower(…)",
    "ucase": "write toupper(…)",
    "left": "write substr(…, 0, 3)",
    "getjsonobject": "write jsonParse(…) as name, then name.key",
    "relativetime": "times are numbers of milliseconds: write now() * 1000 - 3600000",
    "mid": "write substr(…)",
    "contains": "write strcontains(text, part)",
    "includes": "write strcontains(text, part)",
    "instr": "write strcontains(text, part)",
    "indexof": "write strcontains(text, part)",
    "matches": "write field like /regex/",
    "match": "write field like /regex/",
    "regexplike": "write field like /regex/",
    "regexmatch": "write field like /regex/",
    "extract": "write parse field /(?<name>…)/ as a command of its own",
    "regexpextract": "write parse field /(?<name>…)/ as a command of its own",
    "regexextract": "write parse field /(?<name>…)/ as a command of its own",
    "jsonextract": "write jsonParse(…) as name, then name.key",
    "parsejson": "write jsonParse(…)",
    "getdate": "write now()",
    "currenttimestamp": "write now()",
    "dateformat": "write formatDate(…)",
    "tochar": "write formatDate(…)",
    "strptime": "write parseDate(…)",
    "todate": "write parseDate(…)",
    "totimestamp": "write parseDate(…)",
    "date": 'write formatDate(@timestamp, "%Y-%m-%d")',
    "hour": 'write formatDate(@timestamp, "%H")',
    "hourofday": 'write formatDate(@timestamp, "%H")',
    "minute": 'write formatDate(@timestamp, "%M")',
    "day": 'write formatDate(@timestamp, "%d")',
    "dayofmonth": 'write formatDate(@timestamp, "%d")',
    "dayofweek": 'write formatDate(@timestamp, "%A")',
    "weekday": 'write formatDate(@timestamp, "%A")',
    "month": 'write formatDate(@timestamp, "%m")',
    "year": 'write formatDate(@timestamp, "%Y")',
    "datetrunc": "write datefloor(@timestamp, 1h)",
    "datebin": "write bin(1h)",
    "timebucket": "write bin(1h)",
    "bucket": "write bin(1h)",
    "span": "write bin(1h)",
    "time": "write bin(1h)",
    "@timestamp": "write bin(1h)",
    "ago": "times are numbers of milliseconds: write @timestamp > now() * 1000 - 3600000 for the "
    "last hour, or give the query a start",
    "dateadd": "times are numbers of milliseconds: add them with +",
    "datediff": "times are numbers of milliseconds: subtract toMillis(…) from toMillis(…)",
}
_PERCENTILE = re.compile(r"(?:p|pct|perc|percentile)([0-9]{1,2})(?:\.([0-9]+))?$")

# Names that other languages and tools have for what every event has, in lower case.
FIELDS = {
    **dict.fromkeys("msg _raw raw rawdata log line body _msg".split(), "@message"),
    **dict.fromkeys("_time time ts timegenerated datetime date eventtime".split(), "@timestamp"),
}

# Words in the place of a command.
COMMANDS = {
    "top": "write stats count(*) as n by … | sort n desc | limit 10",
    "rare": "write stats count(*) as n by … | sort n | limit 10",
    "take": "write limit …",
    "first": "write limit …",
    "offset": "an answer has no offset: write limit …",
    "project": "write fields …",
    "table": "write fields …",
    "columns": "write fields …",
    "return": "write fields …",
    "extend": "write fields expression as name",
    "eval": "write fields expression as name",
    "let": "write fields expression as name",
    "rename": "write fields field as name",
    "summarize": "write stats … by …",
    "summarise": "write stats … by …",
    "aggregate": "write stats … by …",
    "chart": "write stats … by …",
    "group": "write stats … by …",
    "timechart": "write stats … by bin(5m)",
    "having": "write filter … after stats",
    "distinct": "write dedup …, or stats count(*) by …",
    "uniq": "write dedup …, or stats count(*) by …",
    "rex": "write parse field /(?<name>…)/",
    "regex": "write parse field /(?<name>…)/",
    "extract": "write parse field /(?<name>…)/",
    "spath": "write json 'path' as name, or fields jsonParse(@message) as name",
    "eventstats": "write stats … by … for one row a group; to put these beside the rows, write "
    "join type=left left=a right=b where a.key = b.key (SOURCE '…' | stats … by key)",
    "streamstats": "write accum field for running totals, or autoregress field for the value of "
    "the row before",
    "cluster": "write pattern …",
    "grok": "write parse field /(?<name>…)/",
    "grep": "write filter @message like 'text'",
    "find": "write filter @message like 'text'",
    "fillnull": "write fields coalesce(field, value) as name",
    "mvexpand": "write unnest …",
    "explode": "write unnest …",
    "transaction": "write sessionize …",
    "from": "a query reads the log groups that are chosen beside it, or those of SOURCE",
    "index": "a query reads the log groups that are chosen beside it, or those of SOURCE",
    "union": "choose several log groups, and the query reads all of them",
    "render": "leave it out: result.plot() draws the chart",
    "project-away": "write display with the names of the fields to keep",
    "project-keep": "write display …",
    "project-rename": "write fields field as name",
    "project-reorder": "write display …",
    "mv-expand": "write unnest …",
    "mv-apply": "write unnest …",
    "make-series": "write stats … by bin(5m) | fillmissing with 0 for …",
    "line_format": "write display concat(…)",
    "label_format": "write fields field as name",
    "unwrap": "name the field in the function, as in stats avg(field) by bin(5m)",
    "logfmt": "write parse @message logfmt as name",
    "regexp": "write parse field /(?<name>…)/",
    "decolorize": "leave it out",
    "and": "join conditions in one filter, or write filter again",
    "or": "join the conditions in one filter",
}

# Words behind a value, where an operator, a comma, a bar or the end belongs.
AFTER_VALUE = {
    "is": "a field that is missing is found by not ispresent(…), one that is there by ispresent(…)",
    "isnull": "write not ispresent(…)",
    "notnull": "write ispresent(…)",
    "contains": "write like 'text'",
    "has": "write like 'text'",
    "startswith": "write like /^text/",
    "endswith": "write like /text$/",
    "matches": "write like /regex/",
    "regexp": "write like /regex/",
    "regex": "write like /regex/",
    "rlike": "write like /regex/",
    "similar": "write like /regex/",
    "ilike": "write like /(?i)text/",
    "group": "write by",
    "having": "write | filter … after stats, with the names of its outputs",
    "equals": "write = …",
    "eq": "write = …",
    "ne": "write != …",
    "gt": "write > …",
    "gte": "write >= …",
    "lt": "write < …",
    "lte": "write <= …",
    "xor": "write (… or …) and not (… and …)",
    "descending": "write desc",
    "ascending": "write asc",
    "over": "there are no windows over rows; write stats … by …",
    "union": "choose several log groups, and the query reads all of them",
    "from": "a query reads the log groups that are chosen beside it, or those of SOURCE",
    "offset": "an answer has no offset",
    "sortby": "write sort before dedup, which keeps the first row of each",
    "span": "write bin(5m) among the keys behind 'by'",
    "nulls": "missing values have a fixed place: last in descending order, first in ascending",
}

# Signs of other languages that are no token here, and the whole error.
SYMBOLS = {
    "<>": "unknown operator '<>'; write '!='",
    "&&": "unknown operator '&&'; write 'and'",
    "||": "unknown operator '||'; write 'or', or concat(…) to join texts",
    "|=": "unknown operator '|='; write like 'text'",
    "|~": "unknown operator '|~'; write like /regex/",
    "!~": "unknown operator '!~'; write 'not like /…/'",
    "~=": "unknown operator '~='; write '=~'",
    ";": "unexpected symbol found ';'; commands are joined by '|', and nothing stands at the end",
    "{": "unexpected symbol found '{'; a list is written in square brackets",
    "}": "unexpected symbol found '}'; a list is written in square brackets",
    "?": "unexpected symbol found '?'; write if(condition, value, otherwise)",
    "\\": "unexpected symbol found '\\'; a text stands in quotes, a regex between slashes",
    "~": "unexpected symbol found '~'; write '=~'",
    "&": "unexpected symbol found '&'; write 'and'",
    "–": "unexpected symbol found '–'; write the minus sign '-'",
    "—": "unexpected symbol found '—'; write the minus sign '-'",
    "−": "unexpected symbol found '−'; write the minus sign '-'",
    "≥": "unexpected symbol found '≥'; write '>='",
    "≤": "unexpected symbol found '≤'; write '<='",
    "≠": "unexpected symbol found '≠'; write '!='",
    **{
        quote: f"unexpected symbol found {quote!r}; write straight quotes"
        for quote in "“”„‟«»‘’‚‹›"
    },
}
COMMENT = "a comment begins with '#'"
# What stands before the slashes of an address. One sample of the service's documentation has an
# address without quotes.
_BEFORE_REGEX = re.compile(r"(?:\blike|=~)\s*\Z", re.IGNORECASE)
_GLOB = re.compile(r"/\*([^/*\n\\\"]+)\*?/")
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:\Z")


def slashes_hint(before: str, after: str) -> str:
    """Say what to write in the place of `//` or `/*`, which begins `after`."""
    if _BEFORE_REGEX.search(before) and (glob := _GLOB.match(after)):
        return f'like finds a text anywhere, so write "{glob[1]}", or .* for any characters'
    if scheme := _SCHEME.search(before):
        return f'an address is a text, so write it in quotes: "{scheme[0]}//..."'
    return COMMENT


def function_hint(key: str) -> str:
    """Give `; write …` for a canonical name of a function of other languages, else nothing."""
    if percentile := _PERCENTILE.fullmatch(key):
        whole, part = percentile.groups()
        return f"; write pct(…, {int(whole)}{'.' + part if part else ''})"
    hint = FUNCTIONS.get(key)
    return f"; {hint}" if hint else ""


def command_hint(word: str) -> str:
    """Give `; write …` for a command of other languages, in any case, else nothing."""
    hint = COMMANDS.get(word.lower())
    return f"; {hint}" if hint else ""
