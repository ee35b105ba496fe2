from __future__ import annotations

import pytest
import sqlglot
from dialect_tables import Case, read_table
from pipelines import parse_pipeline
from sqlglot import exp

from cwnb.errors import MalformedQuery
from cwnb.insights import tree
from cwnb.insights.names import canonical, known_functions
from cwnb.insights.ql import foreign, vocabulary
from cwnb.insights.ql.dialect import Insights, parse_expression, parse_query, to_text
from cwnb.insights.ql.expression_grammar import RESERVED

PARSE, ERRORS = read_table("parse"), read_table("errors")


@pytest.mark.parametrize("case", PARSE, ids=lambda case: case.title)
def test_query_reads_as_its_canonical_text(case: Case):
    pipeline = parse_pipeline(case.query)
    assert to_text(pipeline) == case.expected
    again = parse_pipeline(case.expected)
    assert again == pipeline
    assert to_text(again) == case.expected


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.title)
def test_fault_is_named_and_pointed_at(case: Case):
    with pytest.raises(MalformedQuery) as caught:
        parse_pipeline(case.query)
    assert str(caught.value) == case.expected
    error = caught.value
    assert error.text == case.query
    assert error.start is not None
    assert error.end is not None
    assert error.end > error.start


def test_every_node_knows_its_place():
    for case in PARSE:
        for node in parse_pipeline(case.query).walk():
            place = node.meta["start"], node.meta["end"]
            assert 0 <= place[0] < place[1] <= len(case.query), (case.title, node)


def test_nodes_point_at_their_text():
    query = 'fields a, upper + 1 | filter b like "x" and c in [1, 2] | stats sum(d) by bin(5 min)'
    pipeline = parse_pipeline(query)
    kinds = (tree.Field, tree.Like, tree.In, tree.Call, tree.Period, tree.Stats)
    found = {query[n.meta["start"] : n.meta["end"]] for n in pipeline.find_all(*kinds)}
    assert found >= {"upper", 'b like "x"', "c in [1, 2]", "sum(d)", "bin(5 min)", "5 min"}


def test_column_without_alias_keeps_its_text():
    stats = parse_pipeline("stats count( * ), sum(a)/2, b by bin(5  min)").commands[0]
    names = [item.name for item in [*stats.args["aggregates"], *stats.args["by"]]]
    assert names == ["count( * )", "sum(a)/2", "b", "bin(5  min)"]


def test_field_names_are_case_sensitive():
    assert parse_pipeline("fields Level") != parse_pipeline("fields level")
    assert parse_pipeline('filter a = "X"') != parse_pipeline('filter a = "x"')


def test_function_spellings_are_one():
    one, other = parse_expression("count_distinct(a)"), parse_expression("COUNTDISTINCT(a)")
    assert one == other == tree.Call(function="countdistinct", arguments=[tree.Field(parts=["a"])])
    assert parse_expression("count()") == parse_expression("count(*)")


def test_every_function_is_read_and_written():
    values = {"period": "5m", "literal_text": '"a"', "regex": '"a"', "number": "1"}
    values |= {"literal_number": "3", "literal_integer": "3"}
    values |= {"format": '"%Y"', "pattern": '"yyyy"', "zone": '"UTC"'}
    for function in known_functions().values():
        arguments = [values.get(p.name, values.get(p.kind, "x")) for p in function.parameters]
        text = f"{function.name}({', '.join(arguments)})"
        assert to_text(parse_expression(text)) == text


def test_every_command_is_read_and_written():
    examples = {
        tree.Fields: "fields a",
        tree.Display: "display a",
        tree.Filter: "filter a",
        tree.FilterIndex: "filterIndex a = 1",
        tree.Unmask: "unmask a",
        tree.Parse: 'parse @message "*" as a',
        tree.ParseLogfmt: "parse @message logfmt as a",
        tree.ParseCsv: "parse @message csv as a, b",
        tree.ParseXml: 'parse @message xml "a/b" as c',
        tree.Json: 'json field=a "b.c" as d',
        tree.Lookup: "lookup t a, b as c OUTPUTNEW d, e as f",
        tree.CidrLookup: "cidrlookup t a as b OUTPUT c",
        tree.Join: "join type=left left=a right=b where a.k = b.l and a.m = b.n (answer 1)",
        tree.AppendCols: "appendcols override=true max=5 (answer 1)",
        tree.Unnest: "unnest a into b",
        tree.Expand: "expand a",
        tree.Stats: "stats count(*)",
        tree.Sort: "sort a asc",
        tree.Limit: "limit 1",
        tree.Dedup: "dedup a",
        tree.Pattern: "pattern a",
        tree.Diff: "diff previousDay",
        tree.Logcompare: "logcompare timeshift 7d",
        tree.Anomaly: "anomaly",
        tree.RelevantFields: "relevantfields a, b.c where d = 1",
        tree.Tail: "tail 1",
        tree.CountFrequent: "countFrequent a, b",
        tree.AddTotals: "addtotals fieldname=t row=true col=true a, b",
        tree.Accum: "accum a as b",
        tree.Autoregress: "autoregress a as b p=1-2",
        tree.Filldown: "filldown a b* *c",
        tree.Outlier: "outlier action=remove param=1.5 uselower=true mark=true a b",
        tree.Sessionize: "sessionize a, b maxspan 5m as c",
        tree.Fillmissing: 'fillmissing with 0 for a, "x" for b.c, -1.5 for `count(*)`',
        tree.Estimate: "estimate",
    }
    assert set(examples) == set(tree.COMMANDS)
    for kind, text in examples.items():
        asked = text.replace("answer 1", "SOURCE '/x' | fields a")
        (command,) = parse_query(asked).answer.commands
        assert type(command) is kind
        assert to_text(command) == text


@pytest.mark.parametrize(
    "query",
    [
        "filter " + "(" * 5000,
        "filter " + "(" * 5000 + "a" + ")" * 2500,
        "filter " + "not " * 2000 + "a",
        "fields " + "-" * 5000 + "a",
        "fields " + "abs(" * 2000 + "a",
        "fields " + "a+" * 4000 + "a",
        "fields " + "a^" * 4000 + "a",
        "fields " + "(a+b)*" * 1000 + "c",
    ],
)
def test_deep_nesting_is_a_clear_error(query: str):
    with pytest.raises(MalformedQuery, match=r"nested deeper|operators in a row"):
        parse_pipeline(query)


def test_long_chains_of_conditions_are_fine():
    query = "filter " + " or ".join(f"a{i} = 1" for i in range(800))
    pipeline = parse_pipeline(query)
    assert to_text(pipeline) == query
    condition = pipeline.commands[0].args["condition"]
    assert len(tree.chain_terms(exp.Or, condition)) == 800
    assert pipeline.copy() == pipeline


def test_query_of_too_many_characters():
    parse_pipeline("filter a = '" + "x" * 9_987 + "'")
    with pytest.raises(
        MalformedQuery, match=r"the query has 10,001 characters; 10,000 is the most"
    ):
        parse_pipeline("filter a = '" + "x" * 9_988 + "'")


def test_sqlglot_knows_the_dialect():
    pipeline = sqlglot.parse_one("fields a | limit 3", dialect=Insights)
    assert pipeline.sql(dialect=Insights) == "fields a\n| limit 3"


def test_a_byte_order_mark_is_skipped():
    assert parse_query("\ufefffields a") == parse_query("fields a")
    with pytest.raises(MalformedQuery, match="the query is empty"):
        parse_query("\ufeff")
    with pytest.raises(MalformedQuery, match="unexpected symbol"):
        parse_query("fields \ufeffa")


def test_a_name_is_the_same_in_backticks():
    names = ["a.b.c", "`a.b.c`", "a.`b.c`", "`a`.b.`c`"]
    assert len({parse_expression(name) for name in names}) == 1
    assert [to_text(parse_expression(name)) for name in ("`a..b`", "`.`", "a.`b c`")] == [
        *("`a..b`", "`.`", "`a.b c`")
    ]


def test_a_hint_about_other_languages_stands_for_no_word_of_this_one():
    spelt = {canonical(name) for name in foreign.FUNCTIONS}
    assert spelt == set(foreign.FUNCTIONS)
    assert not spelt & set(known_functions())
    assert not [word for word in foreign.COMMANDS if vocabulary.begins_command(word)]
    assert not set(foreign.AFTER_VALUE) & RESERVED
