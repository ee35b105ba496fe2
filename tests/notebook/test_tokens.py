"""Tokens for editors: the JavaScript that cuts a query, held to the library's own tokenizer."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from cwnb.errors import MalformedQuery
from cwnb.insights import parse, tree
from cwnb.insights.ql import tokens as ql
from cwnb.insights.ql.expression_grammar import RESERVED
from cwnb.insights.ql.vocabulary import CLAUSES, OPTIONS
from cwnb.insights.values.periods import unit_named
from cwnb.notebook.highlighting import editor_words

from .lab import browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "tests" / "fixtures"
SOURCES = ("cwnb/notebook/widgets/js/tokens.js", "labextension/src/cell.js")
# As one text each way: Playwright takes long to carry many values.
CALL = """asked => {
    const { script, name, texts, words } = JSON.parse(asked);
    const call = new Function(`${script}; return ${name};`)();
    const found = texts.map(text => call(text, words));
    return JSON.stringify(found.map(tokens => tokens.map(({ from, to, kind }) => [from, to, kind])));
}"""

# A token: its first character, the one after its last, its kind.
Tokens = list[tuple[int, int, str]]

# Texts that are put together in any order, right or wrong.
PIECES = (
    "fields filter stats sort limit parse where a @message `b c` x.`y`.0 @ 5 5m 0.5 1e3 .5 300s 2 w "
    '/ / /x/ /a|b/ /# \\/ \'it/ / " \' ` "a b" \'c#d\' "e|f" ( ) [ ] , : | | + - * % ^ = == != < '
    "<= > >= =~ ! and or not like in by as desc asc any multi offset true count(*) bin(5m) avg(b) "
    "# #/ && || <> ; ? é 크기 😀 \\ .a (a).b [0].c"
).split(" ")
SEPARATORS = (" ", " ", " ", "", "\n", "\t", "\u00a0")
WORDLIKE = {"command", "constant", "field", "function", "keyword", "name", "quoted"}
SIGNS = {"operator", "pipe", "punctuation"}


@pytest.fixture(scope="module")
def cut(tmp_path_factory) -> Iterator[Callable[[str, list[str]], list[Tokens]]]:
    """Give a function that has a browser cut texts, by the JavaScript function of that name."""
    script = "\n".join((REPOSITORY / source).read_text("utf-8") for source in SOURCES)
    with browser(tmp_path_factory.mktemp("profile")) as context:
        page = context.new_page()

        def call(name: str, texts: list[str]) -> list[Tokens]:
            asked = {"script": script, "name": name, "texts": texts, "words": editor_words()}
            found = json.loads(page.evaluate(CALL, json.dumps(asked)))
            return [
                [(*in_characters(text, begin, end), kind) for begin, end, kind in tokens]
                for text, tokens in zip(texts, found, strict=True)
            ]

        yield call


def in_characters(text: str, *units: int) -> list[int]:
    """Convert counts of UTF-16 units to counts of characters."""
    if text.isascii():
        return list(units)
    encoded = text.encode("utf-16-le")
    return [len(encoded[: 2 * count].decode("utf-16-le")) for count in units]


def read_cases(name: str) -> dict[str, tuple[str, list[str]]]:
    cases = {}
    table = (FIXTURES / "highlighting" / f"{name}.txt").read_text("utf-8")
    for block in re.split(r"^# ", table, flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        text, found, expected = body.partition("\n---")
        assert found, title
        cases[title] = text, [line for line in expected.split("\n") if line]
    return cases


@pytest.mark.parametrize(("table", "function"), [("tokens", "tokensOf"), ("cells", "cellTokens")])
def test_the_kinds_of_tokens(cut, table, function):
    cases = read_cases(table)
    found = cut(function, [text for text, _ in cases.values()])
    for (title, (text, expected)), tokens in zip(cases.items(), found, strict=True):
        shown = [f"{kind} {text[begin:end]}".replace("\n", "⏎") for begin, end, kind in tokens]
        assert shown == expected, title


def queries_of_fixtures() -> list[str]:
    """Give every text in the tables of queries, whatever it is, and the recorded random queries."""
    texts = []
    for path in sorted(FIXTURES.glob("*/*.txt")):
        if path.parent.name != "highlighting":
            for block in re.split(r"^# .*\n", path.read_text("utf-8"), flags=re.MULTILINE):
                texts += re.split(r"^(?:---|events:|query:).*\n?", block, flags=re.MULTILINE)
    recorded = (FIXTURES / "recorded" / "queries.jsonl").read_text("utf-8")
    texts += [json.loads(line)["query"] for line in recorded.strip().split("\n")]
    return [text for text in dict.fromkeys(texts) if "{{" not in text]


def random_texts(count: int) -> list[str]:
    chance = random.Random(9)
    return [
        "".join(
            part
            for _ in range(chance.randint(1, 14))
            for part in (chance.choice(PIECES), chance.choice(SEPARATORS))
        )
        for _ in range(count)
    ]


def tokens_of_python(text: str) -> tuple[Tokens, int | None]:
    """Give the tokens of the library up to a fault, and the place of the fault."""
    context = ql._Context()
    found: Tokens = []
    at = 1 if text.startswith(ql.BYTE_ORDER_MARK) else 0
    try:
        while at < len(text):
            begin = at
            token, at = ql._next_token(text, at, context)
            if token is not None:
                context.note(token)
                found.append((begin, at, kind_of(token)))
            elif text[begin] == "#":
                found.append((begin, at, "comment"))
    except MalformedQuery as error:
        return found, error.start
    return found, None


def kind_of(token: Any) -> str:
    kinds = {
        TokenType.NUMBER: "number",
        TokenType.VAR: "word",
        TokenType.STRING: "string",
        ql.REGEX_TOKEN: "regex",
        ql.STEP_TOKEN: "word",
        ql.MACRO_TOKEN: "word",
    }
    return kinds.get(token.token_type, "sign")


def as_python_has_them(text: str, tokens: Tokens) -> Tokens:
    """Give each token of an editor the kind that the library has for it, and part the periods."""
    parted: Tokens = []
    for begin, end, kind in tokens:
        if kind in WORDLIKE or (kind == "operator" and text[begin].isalpha()):
            parted.append((begin, end, "word"))
        elif kind in SIGNS:
            parted.append((begin, end, "sign"))
        elif kind == "period":
            number = re.compile(r"[\d.]*(?:[eE][+-]?\d+)?").match(text, begin)
            middle = number.end()
            parted += [(begin, middle, "number")] if middle > begin else []
            parted += [(middle, end, "word")] if end > middle else []
        else:
            parted.append((begin, end, kind))
    return parted


def test_text_is_cut_where_the_library_cuts_it(cut):
    texts = queries_of_fixtures() + random_texts(6_000)
    assert len(texts) > 8_000
    faulty = 0
    for text, tokens in zip(texts, cut("tokensOf", texts), strict=True):
        for (_, end, _), (begin, _, _) in pairwise([(0, 0, ""), *tokens]):
            assert end <= begin, text
        expected, fault = tokens_of_python(text)
        found = as_python_has_them(text, tokens)
        if fault is None:
            assert found == expected, text
            continue
        faulty += 1
        before = [token for token in found if token[0] < fault]
        # Where a regex has flags, the library gives the fault instead of the regex.
        if before[len(expected) :] and before[-1][1:] == (fault, "regex"):
            before.pop()
        assert before == expected, text
        at_fault = next((kind for begin, _, kind in found if begin == fault), None)
        # A number of too many digits is a fault too.
        assert at_fault in {"error", "number", "string", "regex", "word"}, text
    assert 1_000 < faulty < len(texts) - 3_000


def kinds_of_tree(query: tree.Query) -> dict[int, str]:
    """Give the kind of the words whose meaning the grammar knows, by their first character."""
    kinds: dict[int, str] = {}
    for node in query.walk():
        start = node.meta.get("start")
        if isinstance(node, tree.Field):
            kinds.setdefault(start, "name")
        elif isinstance(node, exp.Boolean):
            kinds[start] = "constant"
        elif isinstance(node, tree.Call):
            kinds[start] = "function"
        elif isinstance(node, tree.Period):
            kinds[start] = "period"
    # A `parse` without a field stands where that field would.
    commands = {
        command.meta["start"]: "command"
        for pipeline in query.pipelines
        for command in pipeline.commands
    }
    return kinds | commands


def sources(query: tree.Query) -> list[tuple[int, int]]:
    """Give the first character of each SOURCE, and the one after its last."""
    inputs = [p.input for p in query.pipelines if isinstance(p.input, tree.Groups)]
    return [(found.meta["start"], found.meta["end"]) for found in inputs]


def names_given(query: tree.Query) -> set[str]:
    names = {node.args.get("alias") for node in query.walk() if isinstance(node, tree.Item)}
    names.add("@timestamp")  # `bin(@timestamp, 1h)` is read as `bin(1h)`
    every = [command for pipeline in query.pipelines for command in pipeline.commands]
    names |= {command.args.get("name") for command in every}
    for wildcard in query.find_all(tree.Wildcard):
        names.update(wildcard.pattern.split("*"))
    for node in query.walk():
        if isinstance(node, tree.TableKey | tree.TableOutput):
            names.add(node.args["column"])
        elif isinstance(node, tree.Table):
            names.add(node.args["name"])
        elif isinstance(node, tree.CidrLookup):
            names.add(node.args["column"])
        elif isinstance(node, tree.AppendCols):
            names.update(("true", "false"))
        elif isinstance(node, tree.Join):
            for key in node.args["keys"]:
                fields = {"left": key.args["left"].name, "right": key.args["right"]}
                names.update(f"{node.args[side]}.{name}" for side, name in fields.items())
            names.update((node.args["left"], node.args["right"], "inner", "left"))
    # A word of SOURCE is a command, and what follows it are names of its own.
    return names.union(*(command.gives() for command in every))


def test_words_are_what_the_grammar_takes_them_for(cut):
    texts = []
    parsed = []
    for text in queries_of_fixtures():
        try:
            parsed.append(parse(text))
        except MalformedQuery:
            continue
        texts.append(text)
    assert len(texts) > 2_000
    clause_words = {word for words in CLAUSES.values() for word in words}
    of_options = {word for known in OPTIONS.values() for words in known.values() for word in words}
    seen: set[str] = set()
    for text, query, tokens in zip(texts, parsed, cut("tokensOf", texts), strict=True):
        expected = kinds_of_tree(query)
        for begin, end, kind in tokens:
            said = "name" if kind in {"field", "quoted"} else kind
            if any(place <= begin < end_of for place, end_of in sources(query)):
                assert said in {
                    *SIGNS,
                    "command",
                    "comment",
                    "keyword",
                    "name",
                    "number",
                    "period",
                    "string",
                }
            elif begin in expected:
                assert said == expected[begin], (text, text[begin:end])
            elif said == "keyword":
                assert text[begin:end].lower() in RESERVED | clause_words, (text, text[begin:end])
            elif said in {"constant", "name"} and text[begin:end].lower() in of_options:
                pass
            elif said == "name" and text[begin] != ".":
                # What is left over of the names are those that the query gives.
                assert ".".join(ql.path_parts(text[begin:end])) in names_given(query), text
            else:
                assert said in {*SIGNS, "name", "comment", "number", "string", "regex", "period"}
                assert said != "period" or unit_named(text[begin:end]), (text, text[begin:end])
            seen.add(kind)
    assert seen >= WORDLIKE | SIGNS | {"comment", "number", "period", "regex", "string"}
