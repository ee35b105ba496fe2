"""A table of an answer in a page, for tests: what a person sees of it and does to it."""

from __future__ import annotations

import re

from playwright.sync_api import expect


class Table:
    """A table in the page, and what a person sees of it and does to it."""

    def __init__(self, page, element) -> None:
        self.page, self.element = page, element
        self.heads = element.locator(".cwnb-head .cwnb-cell")
        self.scroller = element.get_by_role("grid")
        self.status = element.locator(".cwnb-status")
        self.filter_box = element.get_by_label("Filter rows")
        self.find_box = element.get_by_label("Find")

    def rows(self) -> list[int]:
        """Give the numbers of the rows in the page."""
        return [
            int(text) for text in self.element.locator(".cwnb-body .cwnb-gutter").all_inner_texts()
        ]

    def names(self) -> list[str]:
        return self.element.locator(".cwnb-title").all_inner_texts()

    def head(self, name: str):
        return self.heads.filter(has_text=re.compile(rf"^{re.escape(name)}"))

    def cell(self, row: int, name: str):
        index = self.names().index(name)
        gutter = self.element.get_by_role("rowheader", name=str(row), exact=True)
        return gutter.locator("xpath=..").locator(".cwnb-cell").nth(index)

    def button(self, name: str):
        return self.element.get_by_role("button", name=name, exact=True)

    def tool(self, row: int, name: str, sign: str):
        """Point at the value in a row, and give the button that does something with it."""
        self.cell(row, name).hover()
        self.show_tools()
        return self.element.locator(".cwnb-bar").get_by_role("button", name=sign)

    def show_tools(self) -> None:
        """Show the buttons of a value whose cell has no room for them."""
        bar = self.element.locator(".cwnb-bar")
        bar.get_by_role("button").first.wait_for()
        if bar.inner_text() == "⋯":
            bar.get_by_role("button").click()

    def cursor(self) -> str:
        """Give the text of the cell that assistive technology is told of."""
        name = self.scroller.get_attribute("aria-activedescendant")
        return self.element.locator(f"[id='{name}']").inner_text()

    def press(self, *keys: str) -> None:
        self.scroller.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, begin, end) -> None:
        """Press the pointer on one element, and let it go on another."""
        begin.hover()
        self.page.mouse.down()
        end.hover()
        self.page.mouse.up()

    def copied(self, said: str) -> str:
        """Wait until the table says so, and give what the clipboard has."""
        expect(self.status).to_contain_text(said)
        self.find_box.evaluate("box => { box.value = ''; box.type = 'hidden' }")
        area = self.page.locator("#pasted")
        area.fill("")
        area.focus()
        self.page.keyboard.press("Control+v")
        self.find_box.evaluate("box => { box.type = 'search' }")
        return area.input_value()
