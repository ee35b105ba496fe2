"""A notebook as an application: an answer and an explorer in a page of Voila, which has no cells."""

from __future__ import annotations

import sys

import pytest
from playwright.sync_api import expect

import cwnb
from cwnb.times import Clock

from .conftest import NOW_MS, fill
from .lab import Looker, browser, free_port, serving, settings_of_its_own, write_notebook
from .table_driver import Table

CELLS = [
    "%load_ext cwnb\nimport os, cwnb\nlogs = cwnb.open(os.environ['CWNB_STORE'])",
    "%%insights -g /shop/app\nfields level, status, ms",
    "logs.explore('/shop/app', 'fields @timestamp, level, status')",
]
# The icons of Voila's own page, which it asks of this address; the only request that goes elsewhere.
ICONS = "https://cdn.jsdelivr.net/npm/@fortawesome/fontawesome-free@"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def looker(tmp_path_factory):
    """Serve the notebook by Voila, and open its page."""
    folder = tmp_path_factory.mktemp("voila")
    with cwnb.open(folder / "store", clock=Clock(NOW_MS), encryption="none") as logs:
        fill(logs)
        logs.store.set_now(NOW_MS)
    write_notebook(folder / "page.ipynb", CELLS)
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    command = [
        *(sys.executable, "-m", "voila", str(folder / "page.ipynb"), "--no-browser"),
        *("--Voila.ip=127.0.0.1", f"--port={port}", "--Voila.port_retries=0"),
        # The extension of Notebook 7 wants modules that Voila's page does not have, and says so.
        "--VoilaConfiguration.extension_denylist=['@jupyter-notebook/lab-extension']",
    ]
    variables = {**settings_of_its_own(folder / "jupyter"), "CWNB_STORE": str(folder / "store")}
    # Voila answers with the page when its cells have run, so what is waited for is a file of it.
    ready = f"{address}voila/static/voila.js"
    expect.set_options(timeout=PATIENCE_MS)
    with (
        serving(command, variables, ready, folder / "voila.log"),
        browser(folder / "profile") as context,
    ):
        found = Looker(context.new_page())
        found.page.set_default_timeout(PATIENCE_MS)
        found.icons = []

        def block(route) -> None:
            found.icons.append(route.request.url)
            route.fulfill(status=200, content_type="text/css", body="")

        context.route(lambda url: url.startswith(ICONS), block)
        context.on("request", found.note)
        found.page.on("console", found.note_message)
        found.page.on("pageerror", lambda error: found.note_error(str(error)))
        found.page.goto(address)
        yield found
    expect.set_options(timeout=None)


@pytest.mark.timeout(180)
def test_an_answer_is_live_in_voila(looker):
    element = looker.page.locator(".cwnb-answer").first
    answer = Table(looker.page, element)
    expect(answer.status).to_have_text("60 rows")
    expect(element.locator(".cwnb-bars svg")).to_be_visible()
    # The HTML that stands in for it where no kernel is.
    expect(looker.page.locator(".cwnb-result").first).not_to_be_visible()
    answer.tool(0, "level", "keep only").click()
    expect(answer.status).to_have_text("20 rows")
    query = (
        '%%insights -g /shop/app --start all\nfields level, status, ms\n| filter level = "ERROR"'
    )
    expect(element.get_by_label("the query of the rows below")).to_have_text(query)


@pytest.mark.timeout(180)
def test_the_explorer_runs_in_voila(looker):
    box = looker.page.locator(".cwnb-explorer")
    expect(box.get_by_role("option", name="/shop/app")).to_have_attribute("aria-selected", "true")
    box.get_by_role("button", name="30m", exact=True).click()
    box.get_by_role("button", name="Run", exact=True).click()
    expect(box.locator(".cwnb-run-line")).to_contain_text("30 of 30 records matched")
    expect(Table(looker.page, box).status).to_have_text("30 rows")
    box.locator(".cwnb-tabs > .lm-TabBar .lm-TabBar-tab", has_text="Chart").click()
    expect(box.get_by_alt_text("chart of the answer")).to_be_visible()


@pytest.mark.timeout(180)
def test_nothing_but_the_icons_of_voila_is_asked_of_the_internet(looker):
    looker.page.locator(".cwnb-explorer").wait_for()
    assert looker.icons
    assert [url for url in looker.left if not url.startswith(ICONS)] == []
    assert looker.errors == [], "\n".join(looker.errors)
