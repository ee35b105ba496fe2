"""The colours of `%%insights` cells: the extension in the wheel, in JupyterLab and Notebook 7."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from cwnb.notebook.widgets.script import KINDS, script

from .lab import browser, opened, server, write_notebook
from .wheel import REPOSITORY, Installed, install_wheel

EXTENSION = "share/jupyter/labextensions/cwnb-highlighting"
QUERY = """\
%%insights slow << -g /shop/web --start -1h --end {{end}}
# which route isn't fast
fields @message, `user-agent`, ms / 1000 as seconds
| parse @message /"(?<verb>[^"]+) \\d/
| filter not (seconds < 5 or verb = 'it"s | # one') && true
| stats count(*) as n by bin(5m), {{word}}
| sort n desc"""
# A word of each kind, and the variable of JupyterLab's themes that colours it; "" is plain text.
COLOURS = {
    "%%insights slow": "",
    "<<": "operator",
    "-g": "attribute",
    "/shop/web": "",
    "{{end}}": "attribute",
    "# which route isn't fast": "comment",
    "fields": "keyword",
    "@message": "variable-2",
    "`user-agent`": "variable-2",
    "1000": "number",
    "as": "keyword",
    "seconds": "",
    "|": "operator",
    '/"(?<verb>[^"]+) \\d/': "string-2",
    "not": "operator",
    "'it\"s | # one'": "string",
    "&&": "",
    "true": "keyword",
    "count": "def",
    "by": "keyword",
    "5m": "number",
    "{{word}}": "attribute",
    "desc": "keyword",
}
CELLS = [
    "%load_ext cwnb",
    QUERY,
    "for n in range(5):\n    print('it')  # one",
    "%%insightsX\nfields @message | limit 5",
    "# %%insights\nfields @message | limit 5",
    "%%timeit\nfields = 5",
    "%%insights\nfilter a = 1\n  | sort b",
]
QUERIES = (1, 6)

STYLES = """(cell, words) => {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    return words.map(word => {
        const exact = texts.find(text => text.data.trim() === word);
        const found = exact ?? texts.find(text => text.data.includes(word));
        return found ? getComputedStyle(found.parentElement).color : null;
    });
}"""
THEME_COLOURS = """(cell, names) => {
    const probe = cell.appendChild(document.createElement("span"));
    const colours = names.map(name => {
        probe.style.color = name ? `var(--jp-mirror-editor-${name}-color)` : "inherit";
        return getComputedStyle(probe).color;
    });
    probe.remove();
    return colours;
}"""
GROUND = "cell => getComputedStyle(cell.closest('.jp-InputArea-editor')).backgroundColor"
# The least contrast of text that is read for long; JupyterLab's own comments have 3.5 in the dark.
LEAST_CONTRAST = 3.4


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Installed:
    return install_wheel(tmp_path_factory.mktemp("wheel"))


def build_script() -> Any:
    spec = importlib.util.spec_from_file_location(
        "labextension", REPOSITORY / "scripts" / "labextension.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_prebuilt_files_are_what_the_sources_give():
    script = build_script()
    there = {
        str(path.relative_to(script.PREBUILT)): path.read_bytes()
        for path in script.PREBUILT.rglob("*")
        if path.is_file()
    }
    made = {name: text.encode() for name, text in script.files().items()}
    message = "run scripts/labextension.py and commit labextension/prebuilt"
    assert sorted(there) == sorted(made), message
    assert there == made, message


def test_the_wheel_has_all_that_a_user_needs(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = wheel.namelist()
        script = next(n for n in names if f"{EXTENSION}/static/" in n)
        assert "const WORDS = " in wheel.read(script).decode()
    assert any(name.endswith(f"{EXTENSION}/package.json") for name in names)
    assert any(name.endswith(f"{EXTENSION}/install.json") for name in names)
    for path in (REPOSITORY / "cwnb").rglob("*"):
        if path.suffix in {".css", ".js", ".py"}:
            assert str(path.relative_to(REPOSITORY)) in names
    for path in (REPOSITORY / "notebooks").rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in path.parts:
            name = path.relative_to(REPOSITORY / "notebooks")
            assert f"cwnb/demo/notebooks/{name}" in names


def test_the_installed_package_is_that_of_the_wheel(installed, tmp_path):
    where = installed.run("-c", "import cwnb; print(cwnb.__file__)")
    assert Path(where.strip()).is_relative_to(installed.python.parents[1])
    shown = installed.run(
        "-c", "from cwnb.notebook.widgets.script import KINDS, script; print(len(script(*KINDS)))"
    )
    assert int(shown) == len(script(*KINDS))
    listed = installed.run(
        "-m", "jupyterlab.labextensions", "list",
        JUPYTER_CONFIG_DIR=str(tmp_path), JUPYTER_PREFER_ENV_PATH="1",
    )  # fmt: skip
    plain = re.sub(r"\x1b\[\d+m", "", listed)
    assert re.search(r"cwnb-highlighting v\S+ enabled OK \(python, cwnb\)", plain), plain


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG 2 defines it, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("app", "theme"),
    [("lab", "JupyterLab Light"), ("lab", "JupyterLab Dark"), ("notebook", "JupyterLab Dark")],
)
def test_cells_are_coloured_and_edited(installed, tmp_path, app, theme):
    from playwright.sync_api import expect

    root, scratch = tmp_path / "notebooks", tmp_path / "jupyter"
    root.mkdir()
    write_notebook(root / "look.ipynb", CELLS)
    add_cells_of_text(root / "look.ipynb")
    with server(
        root, scratch, app=app, python=str(installed.python), **installed.variables
    ) as address:
        themes = scratch / "settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
        themes.write_text(json.dumps({"theme": theme}))
        with opened(address, "look.ipynb", tmp_path / "profile", app=app) as looker:
            page = looker.page
            page.wait_for_selector(f"body[data-jp-theme-name='{theme}']", state="attached")
            cells = page.locator(".jp-Notebook .jp-Cell .cm-content")
            for place in range(len(CELLS)):
                language = "insights" if place in QUERIES else "python"
                expect(cells.nth(place)).to_have_attribute("data-language", language)
            check_colours(cells.nth(1))
            expect(cells.nth(1).locator(".cwnb-cell-fault")).to_have_text("&&")
            # Python keeps its colours, also where the cell names the magic in a comment.
            check_words(cells.nth(2), {"for": "keyword", "range": "builtin", "# one": "comment"})
            check_words(cells.nth(3), {"fields": "", "limit": ""})
            # Text cells are none of ours, whatever they begin with.
            for place in (len(CELLS), len(CELLS) + 1):
                expect(cells.nth(place)).not_to_have_attribute("data-language", "insights")
            switch_on_and_off(page, cells.nth(3), ["End", "Backspace"], ["X"])
            switch_on_and_off(page, cells.nth(4), ["Delete", "Delete"], ["# "])
            edit_with_help(page, cells.nth(6))
            assert looker.left == []
            assert looker.errors == []


def add_cells_of_text(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    text = "%%insights\nfields a"
    notebook.cells += [nbformat.v4.new_raw_cell(text), nbformat.v4.new_markdown_cell(text)]
    nbformat.write(notebook, path)


def check_colours(cell: Any) -> None:
    check_words(cell, COLOURS)
    ground = cell.evaluate(GROUND)
    for word, colour in zip(COLOURS, cell.evaluate(STYLES, list(COLOURS)), strict=True):
        assert contrast(colour, ground) >= LEAST_CONTRAST, word


def check_words(cell: Any, expected: dict[str, str]) -> None:
    """Hold the colours of words to those of the theme."""
    colours = cell.evaluate(THEME_COLOURS, list(expected.values()))
    shown = cell.evaluate(STYLES, list(expected))
    assert dict(zip(expected, shown, strict=True)) == dict(zip(expected, colours, strict=True))


def switch_on_and_off(page: Any, cell: Any, keys: list[str], typed: list[str]) -> None:
    """Make a cell's first line that of a query by some keys, and then another's by typing."""
    from playwright.sync_api import expect

    cell.click()
    page.keyboard.press("Control+Home")
    for key in keys:
        page.keyboard.press(key)
    expect(cell).to_have_attribute("data-language", "insights")
    check_words(cell, {"fields": "keyword", "@message": "variable-2", "limit": "keyword"})
    for text in typed:
        page.keyboard.type(text)
    expect(cell).to_have_attribute("data-language", "python")
    check_words(cell, {"fields": "", "limit": "", "5": "number"})


def edit_with_help(page: Any, cell: Any) -> None:
    """Write in a cell: the indentation stays, keys complete, show a page and make a comment."""
    from playwright.sync_api import expect

    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-Notebook .jp-InputPrompt").first).to_contain_text("[1]:")
    cell.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("| disp")
    # JupyterLab drops what a kernel gives after its time for completion, a second, so that on a
    # busy machine a user presses the key again.
    for _ in range(9):
        page.keyboard.press("Tab")
        with contextlib.suppress(AssertionError):
            expect(page.locator(".jp-Completer-item")).to_contain_text(["display"], timeout=4_000)
            break
    expect(page.locator(".jp-Completer-item")).to_contain_text(["display"])
    page.keyboard.press("Enter")
    expect(cell.locator(".cm-line").nth(3)).to_have_text("  | display")
    check_words(cell, {"display": "keyword"})
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".jp-Tooltip")).to_contain_text("Show only these", timeout=30_000)
    page.keyboard.press("Escape")
    # In JupyterLab that key ends editing too.
    cell.locator(".cm-line").nth(3).click()
    page.keyboard.press("Control+/")
    expect(cell.locator(".cm-line").nth(3)).to_have_text("  # | display")
    check_words(cell, {"# | display": "comment"})


# A page whose modules are not what the extension knows; `get` gives a module's factory.
BROKEN_PAGES = {
    "nothing is shared": "{}",
    "the modules are empty": "shared(() => ({}))",
    "a module does not load": "shared(() => { throw new Error('gone') })",
    "the registry has another name": "shared(name => name.includes('jupyterlab') ? {} : anything)",
    "everything is something else": "shared(() => anything)",
}
LOAD = """async scope => {
    const anything = new Proxy(function () {}, {
        get: (target, key) => key === "then" ? undefined : anything,
        apply: () => anything,
        construct: () => anything,
    });
    const names = ["@codemirror/language", "@codemirror/state", "@codemirror/view",
        "@jupyterlab/codemirror", "@lezer/common", "@lezer/highlight"];
    const shared = make => Object.fromEntries(names.map(name =>
        [name, { "6.0.0": { get: async () => () => make(name) } }]));
    const container = window._JUPYTERLAB["cwnb-highlighting"];
    container.init(eval(`(${scope})`));
    const plugin = (await container.get("./extension"))().default;
    const added = [];
    plugin.activate({}, { addExtension: extension => added.push(extension) });
    plugin.activate({}, null);
    return { id: plugin.id, added: added.length };
}"""


def test_a_page_that_has_changed_goes_without_colours(tmp_path):
    (path,) = (REPOSITORY / "labextension" / "prebuilt" / "static").iterdir()
    with browser(tmp_path / "profile") as context:
        page = context.new_page()
        said: list[tuple[str, str]] = []
        page.on("console", lambda message: said.append((message.type, message.text)))
        page.on("pageerror", lambda error: said.append(("pageerror", str(error))))
        page.add_script_tag(content=path.read_text("utf-8"))
        for title, scope in BROKEN_PAGES.items():
            said.clear()
            loaded = page.evaluate(LOAD, scope)
            assert loaded == {"id": "cwnb-highlighting:plugin", "added": 0}, title
            assert [kind for kind, _ in said] == ["debug"], (title, said)
            assert said[0][1].startswith("cwnb: cells are not coloured:"), title
