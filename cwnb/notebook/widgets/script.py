"""The JavaScript and the style sheet of all views, each joined from the files of `js/`.

A view's script is one module: it travels to the browser as a text, where nothing else can be
imported. So the files share one scope, and only `main.js` exports something.
"""

from __future__ import annotations

from importlib.resources import files

# In the order in which they are joined: a `const` stands before what uses it while it is read.
_SCRIPTS = (
    "messages",
    "texts",
    "numbers",
    "clipboard",
    "rows",
    "table_order",
    "table_columns",
    "table_cells",
    "table_tools",
    "table",
    "histogram",
    "event",
    "answer",
    "tokens",
    "completion",
    "offers",
    "editor",
    "list",
    "fields",
    "frame",
    "lines",
    "steps",
    "main",
)
_STYLES = ("common", "table", "histogram", "answer", "editor", "choices", "explorer")


def joined(names: tuple[str, ...], suffix: str) -> str:
    """Give the texts of these files of `js/`, one after another."""
    folder = files("cwnb.notebook.widgets") / "js"
    return "\n".join((folder / f"{name}{suffix}").read_text("utf-8") for name in names)


SCRIPT = joined(_SCRIPTS, ".js")
STYLE = joined(_STYLES, ".css")
