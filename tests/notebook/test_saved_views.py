"""Notebooks with views that are saved, opened again, and whose kernel is restarted or gone."""

from __future__ import annotations

import json
import urllib.request

import pytest

import cwnb
from cwnb.times import Clock

from .conftest import NOW_MS, fill
from .lab import TOKEN, opened, server, write_notebook

CELLS = [
    "%load_ext cwnb",
    "%%insights -g /shop/app\nfields @timestamp, level, @message",
    "first = _\ndisplay(first, first)",
]
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
LOST = "Error displaying widget"


def shut_kernels_down(address: str) -> None:
    """End all sessions of a server."""
    sessions = f"{address}/api/sessions"
    with urllib.request.urlopen(f"{sessions}?token={TOKEN}") as answer:
        found = json.load(answer)
    for session in found:
        urllib.request.urlopen(
            urllib.request.Request(f"{sessions}/{session['id']}?token={TOKEN}", method="DELETE")
        ).close()


def check_live(page) -> None:
    from playwright.sync_api import expect

    rows = page.locator(".cwnb-view .cwnb-body .cwnb-row")
    expect(rows.first).to_contain_text("10:59:00.000", timeout=60_000)
    expect(page.locator(".cwnb-view")).to_have_count(3, timeout=60_000)
    for html in page.locator(".cwnb-result").all():
        expect(html).to_be_hidden()


def check_html_alone(page) -> None:
    from playwright.sync_api import expect

    tables = page.locator(".cwnb-result table")
    expect(tables).to_have_count(3, timeout=60_000)
    for table in tables.all():
        expect(table.locator("tbody tr")).to_have_count(50)
        expect(table).to_be_visible()
    assert not page.locator(".cwnb-view").count()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_saved_notebook_shows_its_rows(tmp_path, keys_of_their_own, app):
    from playwright.sync_api import expect

    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        fill(logs)
    write_notebook(notebooks / "saved.ipynb", CELLS)
    settings = {
        "CWNB_STORE": str(tmp_path / "store"),
        "CWNB_CONFIG_DIR": str(keys_of_their_own),
    }
    with server(notebooks, tmp_path / "jupyter", app=app, **settings) as address:
        with opened(address, "saved.ipynb", tmp_path / "first", app=app) as looker:
            page = looker.page
            looker.run_all()
            check_live(page)
            page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
            expect(page.locator(".jp-mod-dirty, .jp-Document.jp-mod-dirty")).to_have_count(0)
            # In a page that is loaded again the views come back, for the kernel is there.
            page.reload()
            check_live(page)
            page.locator(".cwnb-open").first.click()
            expect(page.locator(".cwnb-neighbour").first).to_be_visible(timeout=30_000)
            assert looker.errors == []
            # A kernel that is restarted knows nothing of them.
            page.evaluate(f"() => {KERNEL}.restart()")
            notes = page.locator(".cwnb-notes")
            expect(notes.first).to_have_text(
                "the kernel has been restarted or shut down; run the cell again", timeout=60_000
            )
            page.locator(".cwnb-open").nth(2).click()
            expect(page.locator(".cwnb-inside").nth(1)).to_contain_text("run the cell again")
            expect(page.locator(".cwnb-body .cwnb-row").first).to_be_visible()
            assert looker.left == []
        saved = json.loads((notebooks / "saved.ipynb").read_text())
        shown = [output["data"] for output in saved["cells"][1]["outputs"]]
        assert [set(data) & {"text/html"} for data in shown] == [{"text/html"}, set()]
        shut_kernels_down(address)
        # The server has signed the notebook, so it trusts what is in it.
        with opened(address, "saved.ipynb", tmp_path / "again", app=app) as looker:
            page = looker.page
            check_html_alone(page)
            page.wait_for_function(
                "() => [...document.querySelectorAll('.jp-OutputArea-child')].length === 6"
            )
            expect(page.locator("body")).not_to_contain_text("model not found")
            expect(page.get_by_text(LOST)).to_have_count(0)
        # Without its signature it is not trusted: styles and scripts do nothing.
        saved["cells"][0]["source"] = "# changed"
        (notebooks / "saved.ipynb").write_text(json.dumps(saved))
        shut_kernels_down(address)
        with opened(address, "saved.ipynb", tmp_path / "untrusted", app=app) as looker:
            page = looker.page
            tables = page.locator(".jp-OutputArea table")
            expect(tables).to_have_count(3, timeout=60_000)
            expect(page.locator("body")).not_to_contain_text("AnswerView")
            expect(page.locator("body")).not_to_contain_text(LOST)
