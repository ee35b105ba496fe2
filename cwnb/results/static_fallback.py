"""HTML that stands for a live view where there is none: in files, and where no kernel is."""

from __future__ import annotations

# Where the next output of the cell is the live view, the HTML is hidden. Where it is not, as in a
# notebook that is opened again, that output has nothing to show and is hidden itself.
_STYLE = """\
.jp-OutputArea-child:has(> * #cwnb-{0}):has(+ .jp-OutputArea-child .cwnb-view),
.jp-OutputArea-child:has(> * #cwnb-{0}) + .jp-OutputArea-child:not(:has(.cwnb-view))
{{display: none}}"""
# JupyterLab writes an error there, which the reader need not know: the rows are here. It writes it
# again when a kernel starts, so the script goes on watching.
_SCRIPT = """\
(() => {{
  const html = document.getElementById("cwnb-{0}");
  const outputs = html?.closest(".jp-OutputArea");
  const clear = () => {{
    const view = html.closest(".jp-OutputArea-child")?.nextElementSibling;
    if (!view || view.querySelector(".cwnb-view")) return;
    for (const node of view.querySelectorAll(".jp-OutputArea-output")) {{
      if (node.textContent.startsWith("Error displaying widget")) node.textContent = "";
    }}
  }};
  if (!outputs) return;
  new MutationObserver(clear).observe(outputs, {{ childList: true, subtree: true }});
  clear();
}})();"""


def with_view(html: str, view: str) -> str:
    """Give HTML whose live view, of this name, follows as the next output of the cell.

    The view itself hides the element `cwnb-NAME` where the classes of JupyterLab are not used.
    """
    style, script = (text.format(view) for text in (_STYLE, _SCRIPT))
    return f'<div id="cwnb-{view}"><style>{style}</style>{html}<script>{script}</script></div>'
