"""The field in which a query is written, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cwnb.insights import KnownField, Vocabulary, candidates
from cwnb.notebook.widgets.editor import EditorView
from cwnb.notebook.widgets.vocabulary import words_of
from tests.insights.test_completion import VOCABULARY, read_cases

from .bare_page import bare_page

SAMPLES = Path(__file__).parents[1] / "fixtures" / "insights" / "samples.txt"


@pytest.fixture(scope="module")
def bare():
    with bare_page() as page:
        yield page
        assert page.errors == []


@pytest.fixture
def editor(bare):
    """Show a new editor; gives the view, the field and the keyboard."""
    made = EditorView(vocabulary=words_of(VOCABULARY))
    name = f"editor{len(bare.views)}"
    element = bare.show(name, made)
    made.refresh = lambda: bare.refresh(name)
    made.element = element
    made.field = element.locator("textarea")
    made.field.focus()
    yield made
    element.evaluate("element => element.remove()")


def press(bare, keys):
    """Press the keys: texts are typed, names in angle brackets are keys."""
    for part in re.findall(r"<[^>]+>|[^<]+", keys):
        if part.startswith("<"):
            bare.page.keyboard.press(part[1:-1])
        else:
            bare.page.keyboard.type(part)


def cuts(query):
    return [(query[:end], query[end:]) for end in range(len(query) + 1)]


def test_it_completes_as_the_library_does(bare):
    cases = [tuple(case.values[0].split("¦")) for case in read_cases()]
    cases += [cut for case in read_cases() for cut in cuts(case.values[0].replace("¦", ""))]
    cases += [cut for query in SAMPLES.read_text("utf-8").split("\n\n") for cut in cuts(query)]
    found = bare.page.evaluate(
        """([cases, vocabulary]) => cases.map(([before, after]) => {
            const { fragment, candidates } =
                completionAt(before + after, before.length, vocabulary);
            return [fragment, candidates.map(({ kind, text }) => `${kind} ${text}`)];
        })""",
        [cases, words_of(VOCABULARY)],
    )
    for (before, after), (fragment, offered) in zip(cases, found, strict=True):
        expected = candidates(before, VOCABULARY, after)
        assert fragment == expected.fragment, before
        assert offered == [f"{one.kind} {one.text}" for one in expected.candidates], before


def test_what_is_offered_says_how_it_is_used(bare):
    offered = bare.page.evaluate(
        "v => completionAt('fields ', 7, v).candidates", words_of(VOCABULARY)
    )
    for one, expected in zip(offered, candidates("fields ", VOCABULARY).candidates, strict=True):
        assert (one["signature"], one["about"]) == (expected.signature, expected.about)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("fie<Tab>", "fields"),
        ("fie<Enter>", "fie\n"),
        ("f<ArrowDown><Enter>", "filter"),
        ("di<ArrowUp><Tab>", "diff"),
        ("<Control+ >", ""),
        ("<Control+ ><Enter>", "fields"),
        ("<Control+ ><ArrowDown><ArrowDown><Enter>", "filter"),
        ("stats cou<Tab>", "stats count("),
        ("stats cou(<ArrowLeft><Control+ ><Tab>", "stats count("),
        ("filter level = er<Tab>", 'filter level = "ERROR"'),
        ('filter level = "e<Tab>', 'filter level = "ERROR"'),
        ("fields `od<Tab>, a", "fields `odd name`, a"),
        ("fie<Escape><ArrowDown>x", "fiex"),
        ("fie<Tab><Control+z>", "fie"),
        ("stats bin(5<Tab>", "stats bin(5ms"),
        ("filter level = {{wan<Tab>}}", "filter level = {{wanted}}"),
        ("fields lev<ArrowLeft><Enter>", "fields le\nv"),
    ],
)
def test_keys_take_what_is_offered(bare, editor, keys, text):
    press(bare, keys)
    assert editor.field.input_value() == text


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("", []),
        ("f", ["fields", "filter"]),
        ("fields ", []),
        ("fields @me", ["@message", "messageSize"][:1]),
        ("fields @message", []),
        ("fields @message ", []),
        ("filter status = ", ["200", "404", "@timestamp"]),
        ("limit 1", []),
        ("fields @me<Escape>", []),
        ("fields @me<ArrowLeft>", []),
        ("statz", []),
        ("# fie", []),
    ],
)
def test_only_what_is_likely_is_offered_while_typing(bare, editor, keys, shown):
    press(bare, keys)
    rows = editor.element.locator(".cwnb-offers:popover-open li > :first-child")
    assert rows.all_inner_texts()[: len(shown) or 1] == shown


def test_tab_moves_on_and_escape_leaves(bare, editor):
    active = "() => document.activeElement.className"
    press(bare, "fie<Escape>")
    assert bare.page.evaluate(active) == "cwnb-editor-field"
    press(bare, "<Escape>")
    assert bare.page.evaluate(active) == "cwnb-editor"
    editor.field.focus()
    press(bare, "<Tab>")
    assert bare.page.evaluate(active) != "cwnb-editor-field"
    assert editor.field.input_value() == "fie"


def test_ctrl_enter_runs_after_escape_too(bare, editor):
    ran = []
    editor.on_run(lambda: ran.append(editor.text))
    press(bare, "fields level<Escape><Escape><Control+Enter>")
    bare.settle()
    assert ran == ["fields level"]


def test_the_list_stays_at_its_place_in_the_text(bare, editor):
    editor.element.evaluate("element => { element.style.paddingBottom = '2000px'; }")
    editor.text = "| fields a\n" * 40
    editor.refresh()
    press(bare, "<Control+End>| f")
    offers = editor.element.locator(".cwnb-offers")
    line = editor.element.locator(".cwnb-editor-copy > div").nth(40)
    before = offers.bounding_box()["y"] - line.bounding_box()["y"]
    bare.page.mouse.wheel(0, 60)
    bare.page.wait_for_function("() => window.scrollY > 0")
    bare.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert offers.bounding_box()["y"] - line.bounding_box()["y"] == before
    bare.page.evaluate("() => window.scrollTo(0, 0)")


def test_a_click_takes_what_is_offered(bare, editor):
    press(bare, "f")
    editor.element.locator("li", has_text="filter condition").click()
    press(bare, " level")
    assert editor.field.input_value() == "filter level"


def test_control_enter_runs_the_text_as_it_stands(bare, editor):
    ran = []
    editor.on_run(lambda: ran.append(editor.text))
    press(bare, "fields level<Control+Enter>")
    bare.settle()
    assert ran == ["fields level"]
    assert editor.field.input_value() == "fields level"


def test_the_text_goes_both_ways(bare, editor):
    press(bare, "limit 1")
    editor.field.blur()
    bare.settle()
    assert editor.text == "limit 1"
    editor.text = "limit 2\r\n| sort a"
    editor.refresh()
    assert editor.field.input_value() == "limit 2\n| sort a"
    editor.field.focus()
    editor.text = "limit 3"
    editor.refresh()
    press(bare, "<Control+z>")
    assert editor.field.input_value() == "limit 2\n| sort a"


def test_a_text_is_pasted_with_its_line_ends(bare, editor):
    editor.field.evaluate(
        """field => {
            const data = new DataTransfer();
            data.setData("text/plain", "fields a\\r\\n| limit 1");
            document.execCommand("insertText", false, data.getData("text/plain"));
        }"""
    )
    press(bare, "0<Control+Enter>")
    bare.settle()
    assert editor.text == "fields a\n| limit 10"


def test_the_underline_stands_where_the_library_says(bare, editor):
    editor.text = 'fields "🙂🙂", sum(a)\n| sort b'
    editor.error = {"message": "no sum here", "from": 13, "to": 16}
    editor.refresh()
    assert editor.element.locator(".cwnb-editor-faulty").all_inner_texts() == ["sum"]
    assert editor.element.locator("[role=alert]").inner_text() == "line 1: no sum here"
    assert editor.field.get_attribute("aria-invalid") == "true"
    press(bare, "<Control+End>x")
    assert editor.element.locator(".cwnb-editor-faulty").count() == 0
    assert editor.element.locator("[role=alert]").inner_text() == ""
    bare.settle()
    assert editor.error == {}


def test_what_is_not_seen_is_named(editor):
    # Such a value may come from a log line by a click.
    editor.text = 'filter file = "\u202egnp.exe\u200b"\n\t| limit 5\u202e'
    editor.refresh()
    said = editor.element.locator(".cwnb-editor-unseen")
    assert said.inner_text() == "the text has characters that are not seen: ⟨U+202E⟩ ⟨U+200B⟩"
    editor.text = "fields a\n\t| limit 5"
    editor.refresh()
    assert said.inner_text() == ""


def test_an_error_at_the_end_has_a_place(editor):
    editor.text = "fields"
    editor.error = {"message": "a field is missing", "from": 6, "to": 7}
    editor.refresh()
    assert editor.element.locator(".cwnb-editor-faulty").count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "fields @message | filter a = 1\n" * 30,
        "x" * 5_000,
        "fields " + ", ".join(f"field{i}" for i in range(800)),
        "\ttab\n\n\nend\n",
        "日本語 🙂 é \u202ertl\u202c עברית" * 40,
        'filter @message like "' + "word " * 2_000,
        "",
    ],
    ids=["lines", "one word", "many fields", "blanks", "scripts", "10,000 characters", "empty"],
)
def test_every_letter_lies_over_its_copy(editor, text):
    editor.text = text
    editor.refresh()
    copy, field = editor.element.locator(".cwnb-editor-copy"), editor.field
    assert copy.evaluate("e => e.textContent") == f"{text}\n"
    assert copy.bounding_box() == field.bounding_box()
    assert field.evaluate("e => e.scrollHeight <= e.clientHeight")
    # The last letter is at the same height in both.
    heights = field.evaluate("e => [e.scrollHeight, e.previousSibling.scrollHeight]")
    assert heights[0] == heights[1]


def test_typing_in_a_long_text_is_quick(bare, editor):
    editor.text = 'filter @message like "word" and status > 5 # why\n' * 220
    editor.refresh()
    assert len(editor.text) > 10_000
    took = editor.field.evaluate(
        """field => {
            const started = performance.now();
            for (let i = 0; i < 20; i += 1) document.execCommand("insertText", false, "a");
            return (performance.now() - started) / 20;
        }"""
    )
    # It takes some 10 ms; a busy machine may need a multiple.
    assert took < 150


def test_many_names_are_found_quickly(bare):
    fields = tuple(KnownField(f"field{i}.name", 1.0, ("text",)) for i in range(10_000))
    words = words_of(Vocabulary(fields, tuple(f"stream-{i}" for i in range(5_000))))
    took, count = bare.page.evaluate(
        """vocabulary => {
            const text = "fields @message | filter name";
            const started = performance.now();
            for (let i = 0; i < 5; i += 1) completionAt(text, text.length, vocabulary);
            const took = (performance.now() - started) / 5;
            return [took, completionAt(text, text.length, vocabulary).candidates.length];
        }""",
        words,
    )
    assert count == 10_000
    # It takes some 20 ms; a busy machine may need a multiple.
    assert took < 200


def test_a_composed_letter_is_one_change(bare, editor):
    session = bare.page.context.new_cdp_session(bare.page)
    press(bare, "fields ")
    for text in ("ㅎ", "하", "한"):
        session.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": 1, "selectionEnd": 1}
        )
        editor.text = "a text of the kernel"
        editor.refresh()
        editor.text = ""
        assert editor.field.input_value() == f"fields {text}"
        assert editor.element.locator(".cwnb-editor-copy").inner_text().strip() == f"fields {text}"
    session.send("Input.insertText", {"text": "한"})
    assert editor.field.input_value() == "fields 한"


def test_names_are_text(bare):
    hostile = "<img src=x onerror=window.ran=1>"
    view = EditorView(vocabulary=words_of(Vocabulary(streams=(hostile,))))
    element = bare.show("hostile", view)
    element.locator("textarea").focus()
    press(bare, "filter @logStream = ")
    assert element.locator("li > :first-child").all_inner_texts()[0] == f'"{hostile}"'
    assert element.locator("img").count() == 0
    assert bare.page.evaluate("() => window.ran") is None
    element.evaluate("element => element.remove()")
