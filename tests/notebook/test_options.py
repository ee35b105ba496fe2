from __future__ import annotations

import pytest

from cwnb.errors import InvalidParameter
from cwnb.notebook.options import OPTIONS, Options, help_text, read_options

CELLS = [
    ("", {}),
    ("-g /shop/web", {"groups": ["/shop/web"]}),
    ("-g /a -g /b --group=/c", {"groups": ["/a", "/b", "/c"]}),
    ("-g /a /b,/c --strict", {"groups": ["/a", "/b", "/c"], "strict": True}),
    ("-g '/shop/*' --start -1h --end -15m", {"groups": ["/shop/*"], "start": "-1h", "end": "-15m"}),
    ("--start=-1h", {"start": "-1h"}),
    ("--start -1h", {"start": "-1h"}),
    ('--start "2026-11-20 11:00"', {"start": "2026-11-20 11:00"}),
    ("errors << -g /a --limit 5", {"target": "errors", "groups": ["/a"], "limit": 5}),
    ("errors <<", {"target": "errors"}),
    ("--into df --plot auto", {"into": "df", "plot": "auto"}),
    ("--explain --lang ql", {"explain": True}),
    ("--no-wait", {"no_wait": True}),
    ("--store ~/logs --logs mine", {"store": "~/logs", "logs": "mine"}),
    ("--help", {"help": True}),
    ("-h", {"help": True}),
]


@pytest.mark.parametrize(("line", "expected"), CELLS)
def test_a_cell_reads_options_from_its_first_line(line, expected):
    assert read_options(line, cell=True) == Options(**expected)


LINES = [
    ("fields @message | limit 5", {"query": "fields @message | limit 5"}),
    (
        "r << -g /a --start -2h filter x = '-g' | limit 1",
        {
            "target": "r",
            "groups": ["/a"],
            "start": "-2h",
            "query": "filter x = '-g' | limit 1",
        },
    ),
    ('-g "/a b" stats count(*)', {"groups": ["/a b"], "query": "stats count(*)"}),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_is_options_and_then_the_query_as_it_stands(line, expected):
    assert read_options(line, cell=False) == Options(**expected)


REFUSED = [
    ("--gruop /a", "unknown option '--gruop'; did you mean '--group'?"),
    ("--tz Asia/Seoul", "--tz is no option but a setting; write %config Cwnb.tz ="),
    ("-x", "unknown option '-x'"),
    ("--use NAME", "option --use is not supported yet; write %insights_saved NAME"),
    ("--save", "--save needs a value"),
    ("--last 1h", "option --last is not supported yet; write --start"),
    ("--lang sql", "language 'sql' is not supported yet"),
    ("--lang kql", "unknown --lang 'kql'; did you mean 'ql'?"),
    (
        "--plot pie",
        "unknown --plot 'pie'; it is one of auto, line, area, bar, barh, stacked",
    ),
    ("--plot lines", "did you mean 'line'?"),
    ("--limit many", "--limit takes a whole number of rows, not 'many'"),
    ("--limit 0", "--limit takes a whole number of rows, not '0'"),
    ("--limit -5", "--limit takes a whole number of rows, not '-5'"),
    ("--start", "--start needs a value: --start TIME"),
    ("--start -1h --start -2h", "--start takes one value"),
    ("--strict=yes", "--strict takes no value"),
    ("--no-wait --into df", "--into shows an answer, and --no-wait waits for none"),
    ("--explain --no-wait", "--explain shows an answer"),
    ("--into a.b", "--into takes the name of a variable, not 'a.b'"),
    ("r << --into df", "write NAME << for the result or --into NAME for the DataFrame"),
    ("-g $grp", "'$grp' is no value of --group; for that of a variable write {{grp}}"),
    ("-g {grp}", "write {{grp}}"),
    ("-g /a ${grp}", "write {{grp}}"),
    ("--start $since", "'$since' is no value of --start; for that of a variable write {{since}}"),
    ("--start yesterday 08:00", "needs quotes: --start 'yesterday 08:00'"),
    ("--end 3 days ago", "unexpected 'days' after --end"),
    (
        "fields @message",
        "unexpected 'fields' in the first line; the query begins on the second line",
    ),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_what_is_no_option_is_refused_by_name(line, message):
    with pytest.raises(InvalidParameter) as caught:
        read_options(line, cell=True)
    assert message in str(caught.value)


def test_a_placeholder_is_one_word_and_may_become_several():
    values = {"{{ a b }}": ["/x", "/y"], "{{t}}": ["-1h"]}
    options = read_options(
        "-g {{ a b }} --start {{t}}", cell=True, expand=lambda w: values.get(w, [w])
    )
    assert (options.groups, options.start) == (["/x", "/y"], "-1h")


def test_help_names_every_option():
    for option in OPTIONS:
        assert f"--{option.name}" in help_text()
