"""Lists of names and of fields, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cwnb.errors import InvalidParameter, QueryTooLarge
from cwnb.notebook.widgets.choices import FieldsView, ListView

from .bare_page import bare_page

GROUPS = [
    {"name": "/lambda/pay", "texts": ["12", "1 kB"], "hint": "log type lambda"},
    {"name": "/shop/app", "texts": ["1,234", "56 kB"], "hint": ""},
    {"name": "/shop/web", "texts": ["9", ""]},
]
NAMES = [group["name"] for group in GROUPS]
MANY = [{"name": f"/service/{i:04d}", "texts": [f"{i:,}", "1 MB"]} for i in range(5_000)]
HOSTILE = "<img src=x onerror='window.ran=1'>\x1b[31m\u202egnp.exe"
FIELDS = [
    {"name": "@timestamp", "share": 1.0, "types": ["time"], "has_conflict": False},
    {"name": "level", "share": 0.825, "types": ["text"], "has_conflict": False},
    {"name": "status", "share": 0.004, "types": ["integer", "text"], "has_conflict": True},
    {"name": HOSTILE, "share": 0.0, "types": ["text"], "has_conflict": False},
]
VALUES = {
    "level": [("INFO", 1_200), ("ERROR", 30), (None, 4)],
    "@timestamp": [],
    HOSTILE: [(HOSTILE, 1), ("x" * 100_000, 1)],
}


@pytest.fixture(scope="module")
def bare():
    with bare_page() as page:
        yield page
        assert page.errors == []
        assert page.page.evaluate("() => window.ran") is None


@pytest.fixture
def show(bare):
    """Show a view; gives its element."""
    shown = []

    def show(view, width=300):
        name = f"view{len(bare.views)}"
        element = bare.show(name, view, f"width: {width}px")
        view.refresh = lambda: bare.refresh(name)
        shown.append(element)
        return element

    yield show
    for element in shown:
        element.evaluate("element => element.remove()")


def groups(**traits):
    return ListView(title="Log groups", heads=["events", "size"], items=GROUPS, **traits)


def chosen_of(bare, view):
    """Give what the kernel knows to be chosen."""
    bare.settle()
    return view.chosen


def names(element):
    return element.locator("[role=option] .cwnb-list-name").all_inner_texts()


def chosen(element):
    return element.locator("[aria-selected=true] .cwnb-list-name").all_inner_texts()


def test_a_click_chooses_and_another_one_does_not(bare, show):
    view = groups(chosen=["/shop/web"])
    element = show(view)
    assert names(element) == NAMES
    assert chosen(element) == ["/shop/web"]
    element.get_by_role("option", name="/lambda/pay").click()
    assert chosen_of(bare, view) == ["/lambda/pay", "/shop/web"]
    element.get_by_role("option", name="/shop/web").click()
    assert chosen_of(bare, view) == chosen(element) == ["/lambda/pay"]
    assert element.locator(".cwnb-list-count").inner_text() == "1 of 3 chosen"


@pytest.mark.parametrize(
    "change",
    [
        "el.querySelector('[role=listbox]').dispatchEvent(new Event('scroll'))",
        "model.take({ items: model.get('items').map((item) => ({ ...item, texts: ['1,235', '57 kB'] })) })",
        "model.take({ items: [{ name: '/a', texts: ['1,2', '57 kB'] }, ...model.get('items').slice(1)] })",
    ],
)
def test_a_row_that_is_drawn_again_while_it_is_pressed_is_chosen(bare, show, change):
    view = groups()
    element = show(view)
    element.get_by_role("option", name="/shop/app").hover()
    bare.page.mouse.down()
    name = element.get_attribute("id")
    bare.page.evaluate(f"() => {{ const [el, model] = [{name}, shown.{name}]; {change}; }}")
    bare.page.evaluate("() => new Promise(requestAnimationFrame)")
    bare.page.mouse.up()
    assert chosen_of(bare, view) == ["/shop/app"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_choice_moves_no_row(bare, show, count):
    view = ListView(title="Log groups", heads=["events", "size"], items=GROUPS[:count])
    element = show(view)
    row = element.locator("[role=option]").last
    before = row.bounding_box()
    row.click()
    assert len(chosen_of(bare, view)) == 1
    assert row.bounding_box() == before


def test_details_stand_below_a_name_in_lines_of_their_own(show):
    items = [{**GROUPS[0], "details": ["one line", "a long " * 40]}, *GROUPS[1:]]
    element = show(ListView(title="Log groups", heads=["events", "size"], items=items))
    first, second = (element.locator("[role=option]").nth(i).bounding_box() for i in (0, 1))
    lines = [box.bounding_box() for box in element.locator(".cwnb-list-detail").all()]
    name = element.locator(".cwnb-list-name").first.bounding_box()
    tops = [name["y"], *(line["y"] for line in lines), second["y"]]
    assert tops == sorted(tops)
    assert lines[1]["y"] + lines[1]["height"] <= first["y"] + first["height"] == second["y"]
    assert lines[1]["x"] + lines[1]["width"] <= first["x"] + first["width"]


def test_those_found_are_counted_beside_those_chosen(show):
    element = show(groups(chosen=["/lambda/pay"]))
    element.get_by_role("searchbox", name="search in Log groups").fill("shop")
    assert element.locator(".cwnb-list-count").inner_text() == "1 of 3 chosen, 2 shown"


def test_one_alone_is_chosen_where_several_cannot_be(bare, show):
    view = groups(multiple=False)
    element = show(view)
    for name in ("/shop/app", "/shop/web"):
        element.get_by_role("option", name=name).click()
        assert chosen_of(bare, view) == [name]
    element.get_by_role("option", name="/shop/web").click()
    assert chosen_of(bare, view) == []
    assert element.get_by_role("button", name="choose none").count() == 0


@pytest.mark.parametrize(
    ("keys", "marked", "names"),
    [
        (["ArrowDown", " "], 1, ["/shop/app"]),
        (["End", "Enter"], 2, ["/shop/web"]),
        (["End", "ArrowUp", " ", "Home", " "], 0, ["/lambda/pay", "/shop/app"]),
        (["PageDown", "ArrowDown", "PageUp", " "], 0, ["/lambda/pay"]),
        (["Control+a"], 0, NAMES),
        ([" ", " "], 0, []),
    ],
)
def test_keys_choose(bare, show, keys, marked, names):
    view = groups()
    element = show(view)
    box = element.get_by_role("listbox", name="Log groups")
    box.focus()
    for key in keys:
        bare.page.keyboard.press(key)
    assert chosen_of(bare, view) == names
    active = box.get_attribute("aria-activedescendant")
    assert element.locator(f"[id='{active}']").get_attribute("aria-posinset") == str(marked + 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("shop", ["/shop/app", "/shop/web"]),
        ("SHOP we", ["/shop/web"]),
        ("/shop/*", ["/shop/app", "/shop/web"]),
        ("pay", ["/lambda/pay"]),
        ("nothing", []),
    ],
)
def test_a_search_finds_parts_of_names(show, text, found):
    element = show(groups())
    element.get_by_role("searchbox", name="search in Log groups").fill(text)
    assert names(element) == found
    assert element.locator(".cwnb-list-count").inner_text() == f"{len(found)} of 3"
    if not found:
        assert element.get_by_role("status").first.inner_text() == (
            'nothing here has "nothing" in its name'
        )


def test_what_was_found_is_chosen_at_once(bare, show):
    view = groups(chosen=["/lambda/pay"])
    element = show(view)
    box = element.get_by_role("listbox")
    box.focus()
    bare.page.keyboard.type("shop")  # a letter goes to the search
    element.get_by_role("button", name="choose these 2").click()
    assert chosen_of(bare, view) == NAMES
    element.get_by_role("searchbox").press("Escape")
    assert names(element) == NAMES
    element.get_by_role("searchbox").fill("web")
    element.get_by_role("searchbox").press("Enter")
    assert chosen_of(bare, view) == NAMES[:2]
    element.get_by_role("button", name="choose none").click()
    assert chosen_of(bare, view) == []


def test_what_is_chosen_is_in_sight_at_first(show):
    view = ListView(title="Log groups", items=MANY, chosen=["/service/4000"])
    assert chosen(show(view)) == ["/service/4000"]


def test_those_chosen_can_be_seen_alone(show):
    view = ListView(title="Log groups", items=MANY, chosen=["/service/0007", "/service/4000"])
    element = show(view)
    element.get_by_role("button", name="2 of 5,000 chosen").click()
    assert names(element) == ["/service/0007", "/service/4000"]


def test_what_is_chosen_but_not_there_can_be_let_go(bare, show):
    view = groups(chosen=["/gone", "/shop/app"])
    element = show(view)
    assert chosen(element) == ["/gone", "/shop/app"]
    element.get_by_role("option", name="/gone").click()
    assert chosen_of(bare, view) == chosen(element) == ["/shop/app"]


def test_five_thousand_names_are_quick_and_few_are_in_the_page(bare, show):
    view = ListView(title="Log groups", heads=["events", "size"], items=MANY)
    element = show(view)
    assert element.locator("[role=option]").count() < 40
    element.get_by_role("listbox").focus()
    bare.page.keyboard.press("End")
    assert names(element)[-1] == "/service/4999"
    took = element.evaluate(
        """element => {
            const search = element.querySelector("input");
            const started = performance.now();
            for (const text of ["1", "12", "123", ""]) {
                search.value = text;
                search.dispatchEvent(new Event("input"));
            }
            return (performance.now() - started) / 4;
        }"""
    )
    # It takes some 10 ms; a busy machine may need a multiple.
    assert took < 200
    bare.page.keyboard.press("Control+a")
    assert len(chosen_of(bare, view)) == 5_000


@pytest.mark.parametrize(("width", "below"), [(300, True), (700, False)])
def test_texts_stand_below_the_names_where_there_is_little_room(show, width, below):
    element = show(groups(), width)
    name = element.get_by_text("/shop/app").bounding_box()
    size = element.get_by_text("56 kB").bounding_box()
    assert (size["y"] > name["y"] + 10) is below
    head = element.locator(".cwnb-list-heads").get_by_text("size").bounding_box()
    assert head["y"] < name["y"]
    # A head stands over its texts: they begin together below the names, and end together beside.
    ends = [box["x"] + (0 if below else box["width"]) for box in (head, size)]
    assert abs(ends[0] - ends[1]) < 2
    assert "size: 56 kB" in element.get_by_role("option").nth(1).get_attribute("title")


def test_an_empty_list_says_why(show):
    view = ListView(title="Log streams", empty="choose a log group")
    element = show(view)
    assert element.get_by_role("status").first.inner_text() == "choose a log group"
    assert element.get_by_role("listbox").count() == 0
    view.items = GROUPS
    view.refresh()
    assert names(element) == NAMES


def test_a_name_is_text(show):
    element = show(ListView(title="Log groups", items=[{"name": HOSTILE}]))
    assert names(element) == ["<img src=x onerror='window.ran=1'>⟨ESC⟩[31m⟨U+202E⟩gnp.exe"]
    assert element.locator("img").count() == 0


# Fields


def fields(done=None, values=VALUES.__getitem__):
    return FieldsView(values, lambda *gesture: done.append(gesture), items=FIELDS)


def test_fields_show_how_many_events_have_them(show):
    element = show(fields())
    assert element.locator(".cwnb-field-share-text").all_inner_texts() == [
        "100 %",
        "83 %",
        "<1 %",
        "0 %",
    ]
    assert element.locator(".cwnb-field-types").all_inner_texts() == [
        "time",
        "text",
        "types differ",
        "text",
    ]
    element.get_by_role("searchbox").fill("LEV")
    assert element.locator(".cwnb-field .cwnb-list-name").all_inner_texts() == ["level"]


def test_a_field_opens_to_its_values(bare, show):
    done = []
    element = show(fields(done))
    button = element.locator(".cwnb-field").nth(1)
    button.click()
    rows = element.locator(".cwnb-field-value")
    assert rows.locator(".cwnb-list-name").all_inner_texts() == ["INFO", "ERROR", "no value"]
    assert rows.locator(".cwnb-field-value-count").all_inner_texts() == ["1,200", "30", "4"]
    element.get_by_role("button", name="keep only events whose level is ERROR").click()
    element.get_by_role("button", name="leave out events whose level is no value").click()
    element.get_by_role("button", name="count by it").click()
    bare.settle()
    assert done == [
        ("keep_only", "level", "ERROR"),
        ("leave_out", "level", None),
        ("count_by", "level", None),
    ]
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert rows.count() == 0


def test_the_values_of_a_field_at_the_end_of_the_list_come_into_sight(show):
    many = [{**FIELDS[1], "name": f"field{i}"} for i in range(40)]
    found = [(f"value {i}", 10 - i) for i in range(10)]
    element = show(FieldsView(lambda name: found, print, items=many))
    element.get_by_role("button", name="field39").click()
    rows = element.locator(".cwnb-field-value")
    expect(rows).to_have_count(10)
    box = element.locator(".cwnb-fields").bounding_box()
    last = rows.last.bounding_box()
    assert last["y"] + last["height"] <= box["y"] + box["height"]
    button = element.locator(".cwnb-field").last.bounding_box()
    assert button["y"] >= box["y"]


def test_a_field_that_is_drawn_again_while_it_is_pressed_opens(bare, show):
    element = show(fields())
    element.locator(".cwnb-field").nth(1).hover()
    bare.page.mouse.down()
    name = element.get_attribute("id")
    change = "take({ items: [{ name: 'x' }, ...model.get('items').slice(1)] })"
    bare.page.evaluate(f"() => {{ const model = shown.{name}; model.{change}; }}")
    bare.page.mouse.up()
    expect(element.locator(".cwnb-field-value")).to_have_count(3)


def test_a_value_is_that_of_the_answer_in_which_it_was_clicked():
    found, done = [], []
    view = fields(done, lambda name: found)
    for of, value in [("1", "a"), ("2", "b")]:
        found[:] = [(value, 1)]
        view.asked["values"](view, name="level", of=of)
    for of in ("1", "2"):
        view.asked["gesture"](view, do="keep_only", field="level", place=0, of=of)
    assert [value for _, _, value in done] == ["a", "b"]
    for later in range(8):
        view.asked["values"](view, name="level", of=f"later {later}")
    with pytest.raises(InvalidParameter, match="counted long ago"):
        view.asked["gesture"](view, do="keep_only", field="level", place=0, of="1")


def test_open_fields_ask_again_when_the_window_changes(show):
    found = [("a", 1)]
    view = fields(values=lambda name: found)
    element = show(view)
    element.get_by_role("button", name="level").click()
    found[:] = [("b", 2)]
    view.about = "in the last hour"
    view.refresh()
    assert element.locator(".cwnb-field-value .cwnb-list-name").all_inner_texts() == ["b"]
    assert (
        "most frequent values, in the last hour"
        in element.locator(".cwnb-field-values-head").inner_text()
    )


def test_what_fails_is_a_sentence(show):
    def fail(name):
        raise QueryTooLarge("the query would hold more than 1 GB")

    element = show(fields(values=fail))
    element.get_by_role("button", name="level").click()
    assert "would hold more than 1 GB" in element.locator(".cwnb-field-values").nth(1).inner_text()
    element = show(fields())
    element.get_by_role("button", name="@timestamp").click()
    assert element.locator(".cwnb-field-values").first.inner_text() == "no event has it"


def test_values_are_text_and_cut(show):
    element = show(fields())
    element.locator(".cwnb-field").last.click()
    texts = element.locator(".cwnb-field-value .cwnb-list-name").all_inner_texts()
    assert texts[0] == "<img src=x onerror='window.ran=1'>⟨ESC⟩[31m⟨U+202E⟩gnp.exe"
    assert texts[1] == "x" * 299 + "…"
    assert element.locator("img").count() == 0


def test_of_very_many_fields_the_first_are_shown(show):
    many = [{**FIELDS[1], "name": f"field{i}"} for i in range(10_000)]
    element = show(FieldsView(VALUES.__getitem__, print, items=many))
    assert element.locator(".cwnb-field").count() == 300
    assert "9,700 more fields; search for them" in element.inner_text()
    element.get_by_role("searchbox").fill("field9999")
    assert element.locator(".cwnb-field .cwnb-list-name").all_inner_texts() == ["field9999"]
