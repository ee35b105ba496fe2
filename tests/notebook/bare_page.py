"""A page that shows views without Jupyter: quick, for tables of cases.

The model of a view is a stand-in in the page: what a view sends reaches the Python view at once.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwnb.notebook.widgets.script import KINDS, STYLE, script

from .lab import BROWSERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwnb.notebook.widgets.view import View

# `shown` has the model of each view by its name; replies come in their order, as over a comm.
PAGE = """
const bytesOf = (text) =>
  new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
const revived = (state) => Object.fromEntries(Object.entries(state).map(([key, value]) =>
  [key, value?.base64 === undefined ? value : bytesOf(value.base64)]));
window.waiting = 0;
async function waited(promise) {
  window.waiting += 1;
  const answer = await promise;
  window.waiting -= 1;
  return answer;
}

class Model {
  #heard = [];
  #changed = {};
  constructor(name, state) { this.name = name; this.state = revived(state); }
  get(key) { return this.state[key]; }
  set(key, value) {
    if (JSON.stringify(this.state[key]) === JSON.stringify(value)) return;
    this.state[key] = value;
    this.#changed[key] = value;
    this.tell(`change:${key}`);
  }
  save_changes() {
    const changed = this.#changed;
    this.#changed = {};
    waited(window.changed(this.name, changed));
  }
  take(state) {
    const changed = Object.keys(state).filter((key) => state[key]?.base64 !== undefined
      || JSON.stringify(this.state[key]) !== JSON.stringify(state[key]));
    Object.assign(this.state, revived(state));
    for (const key of changed) this.tell(`change:${key}`);
  }
  on(events, call) { for (const event of events.split(" ")) this.#heard.push([event, call]); }
  off(events, call) {
    this.#heard = this.#heard.filter(([event, one]) =>
      !events.split(" ").includes(event) || one !== call);
  }
  tell(event, ...values) {
    for (const [one, call] of [...this.#heard]) if (one === event) call(...values);
  }
  async send(content) {
    for (const [reply, buffers] of await waited(window.asked(this.name, content))) {
      this.tell("msg:custom", reply, buffers.map(bytesOf));
    }
  }
}
window.shown = {};
window.show = (name, state, style) => {
  const el = document.createElement("div");
  el.id = name;
  el.style.cssText = style;
  document.body.append(el);
  window.shown[name] = new Model(name, state);
  views.render({ model: window.shown[name], el });
};
"""


@dataclass
class BarePage:
    """A page with views by name; `errors` is what went wrong in it."""

    page: Any
    errors: list[str] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)

    def show(self, name: str, view: View, style: str = "") -> Any:
        """Show a view, and give its element."""
        self.views[name] = view
        self.page.evaluate("given => show(...given)", [name, _state(view), style])
        return self.page.locator(f"#{name}")

    def refresh(self, name: str) -> None:
        """Take what the traits of a view are now."""
        self.page.evaluate(
            "([name, state]) => shown[name].take(state)", [name, _state(self.views[name])]
        )

    def settle(self) -> None:
        """Wait until the views have taken and answered all that was sent to them."""
        self.page.wait_for_function("() => window.waiting === 0")

    def changed(self, name: str, state: dict[str, Any]) -> None:
        """Set traits as a browser has changed them."""
        self.views[name].set_state(state)

    def asked(self, name: str, content: dict[str, Any]) -> list[Any]:
        """Give the replies to a question, once all are there."""
        replies: list[Any] = []
        ended = threading.Event()

        def send(reply: dict[str, Any], buffers: Any = None) -> None:
            replies.append([reply, [_text(b) for b in buffers or []]])
            if reply.get("last"):
                ended.set()

        view = self.views[name]
        view.send = send
        view._handle_custom_msg(content, [])
        if "write" in content:
            return []
        assert ended.wait(30)
        return replies


def _state(view: View) -> dict[str, Any]:
    return {
        name: {"base64": _text(value)} if isinstance(value, bytes) else value
        for name, value in view.get_state().items()
        if not name.startswith("_") and name not in {"layout", "tabbable", "tooltip"}
    }


def _text(buffer: bytes) -> str:
    return base64.b64encode(buffer).decode()


@contextlib.contextmanager
def bare_page(theme: str = "", *, width: int = 900, height: int = 700) -> Iterator[BarePage]:
    """Open a page; `theme` is a style sheet."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RuntimeError("no Chromium found; install the package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, headless=True, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            page = chromium.new_page(viewport={"width": width, "height": height})
            bare = BarePage(page)
            page.on("pageerror", lambda error: bare.errors.append(str(error)))
            page.expose_function("changed", bare.changed)
            page.expose_function("asked", bare.asked)
            page.set_content(
                "<!doctype html><html lang=en><title>views</title>"
                "<body style='background: var(--jp-layout-color1, white)'></body></html>"
            )
            page.add_style_tag(content=theme + STYLE)
            page.add_script_tag(
                content=script(*KINDS).replace("export default", "const views =") + PAGE
            )
            yield bare
        finally:
            chromium.close()
