"""The JavaScript and the style sheet of the views, joined from the files of `js/`.

A script travels to the browser as a text, where nothing else can be imported, and each view brings
its own. So the files of a kind of view are joined into one module, without their comments.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_SHARED = ("keys", "messages", "texts", "numbers", "clipboard")
_TABLE = ("rows", "table_order", "table_columns", "table_cells", "table_tools", "table")
# The files of each kind of view; the last one draws it, by a function such as `drawAnswer`.
KINDS = {
    "answer": (*_TABLE, "histogram", "event", "answer"),
    "editor": ("tokens", "completion", "offers", "editor"),
    "fields": ("fields",),
    "frame": ("controls", "frame"),
    "lines": ("lines",),
    "list": ("list",),
    "steps": ("steps",),
    "tail": ("tail",),
}
_STYLES = ("common", "table", "histogram", "answer", "editor", "choices", "explorer", "tail")
_COMMENT_OR_EMPTY = re.compile(r"^\s*(?://.*)?\n", re.MULTILINE)
_INDENT = re.compile(r"^ +", re.MULTILINE)


@cache
def script(*kinds: str) -> str:
    """Give the module that draws these kinds of views."""
    used = dict.fromkeys(name for kind in kinds for name in KINDS[kind])
    table = ", ".join(f"{kind}: draw{kind.title()}" for kind in kinds)
    text = "\n".join(
        [
            _joined((*_SHARED, *used), ".js"),
            f"const KINDS = {{ {table} }};",
            _joined(("main",), ".js"),
        ]
    )
    # No text of a script goes over several lines, so each line may be made shorter by itself.
    return _INDENT.sub("", _COMMENT_OR_EMPTY.sub("", text))


def _joined(names: tuple[str, ...], suffix: str) -> str:
    folder = files("cwnb.notebook.widgets") / "js"
    return "\n".join((folder / f"{name}{suffix}").read_text("utf-8") for name in names)


STYLE = _joined(_STYLES, ".css")
