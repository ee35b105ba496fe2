"""The look of tables in a notebook: JupyterLab's and VS Code's own colours, light or dark."""

from __future__ import annotations

import re

_SOURCE = """
.cwnb-result {
  --cwnb-ink: var(--jp-ui-font-color1, var(--vscode-editor-foreground, #1f2328));
  --cwnb-soft: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #6b7280));
  --cwnb-line: var(--jp-border-color2, var(--vscode-widget-border, #d0d7de));
  --cwnb-stripe: var(--jp-rendermime-table-row-background, rgba(127,127,127,.07));
  --cwnb-mono: var(--jp-code-font-family, var(--vscode-editor-font-family, monospace));
  color: var(--cwnb-ink); font-size: 13px; line-height: 1.45; max-width: 100%;
}
.cwnb-result .cwnb-summary { color: var(--cwnb-soft); margin: 2px 0 6px; }
.cwnb-result .cwnb-summary b { color: var(--cwnb-ink); font-weight: 600; }
.cwnb-result .cwnb-more { color: var(--cwnb-soft); margin: 4px 0 2px; font-style: italic; }
.cwnb-result .cwnb-warnings {
  border: 1px solid #b7791f; border-left-width: 4px; border-radius: 3px;
  background: rgba(221,160,40,.13); padding: 5px 10px; margin: 4px 0 8px; max-width: 90ch;
}
.cwnb-result .cwnb-warnings ul { margin: 2px 0 0; padding-left: 18px; }
.cwnb-result .cwnb-scroll { overflow-x: auto; max-width: 100%; padding-bottom: 2px; }
.cwnb-result .cwnb-scroll::-webkit-scrollbar { height: 9px; }
.cwnb-result .cwnb-scroll::-webkit-scrollbar-thumb {
  background: var(--cwnb-line); border-radius: 5px;
}
.cwnb-result.cwnb-own.cwnb-own table {
  border-collapse: collapse; border: 0; margin: 0; width: auto; table-layout: auto;
  font-size: 12.5px;
}
.cwnb-result.cwnb-own.cwnb-own table th, .cwnb-result.cwnb-own.cwnb-own table td {
  text-align: left; vertical-align: top; padding: 3px 14px 3px 6px; border: 0;
  white-space: normal; max-width: 110ch; line-height: 1.45;
}
.cwnb-result.cwnb-own.cwnb-own table thead th {
  box-shadow: inset 0 -1px var(--cwnb-line); font-weight: 600; white-space: nowrap;
  color: var(--cwnb-ink);
}
.cwnb-result.cwnb-own.cwnb-own table tbody tr { background: transparent; }
.cwnb-result.cwnb-own.cwnb-own table tbody tr:nth-child(even) { background: var(--cwnb-stripe); }
.cwnb-result.cwnb-own.cwnb-own table .cwnb-number {
  text-align: right; font-variant-numeric: tabular-nums; padding: 3px 14px 3px 6px;
}
.cwnb-result .cwnb-plain { white-space: nowrap; font-variant-numeric: tabular-nums; }
.cwnb-result .cwnb-text {
  display: block; min-width: 60ch; font-family: var(--cwnb-mono); font-size: 12px;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate;
}
.cwnb-result .cwnb-short { min-width: 0; white-space: pre; }
.cwnb-result .cwnb-odd {
  outline: 1px solid rgba(200,90,40,.65); border-radius: 2px; margin: 0 1px; font-size: 90%;
}
.cwnb-result details > summary { display: flex; gap: 5px; cursor: pointer; list-style: none; }
.cwnb-result details > summary::-webkit-details-marker { display: none; }
.cwnb-result details > summary::before { content: "▸"; color: var(--cwnb-soft); }
.cwnb-result details[open] > summary::before { content: "▾ less"; }
.cwnb-result details .cwnb-begin .cwnb-text {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
}
.cwnb-result details[open] > summary .cwnb-begin { display: none; }
"""

# JupyterLab has rules of its own for tables in outputs; `.cwnb-own`, twice, outweighs them.
# A notebook stores this with every table, so it travels without its white space.
CSS = re.sub(r"\s*\n\s*", "", re.sub(r"(?<=[:,{};])\s+|\s+(?=[{}])", "", _SOURCE))
