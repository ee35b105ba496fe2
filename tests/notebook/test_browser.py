"""What a person sees: a notebook in JupyterLab, looked at by a headless browser."""

from __future__ import annotations

import json

import pytest

import cwnb
from cwnb.results.inks import BLUE, ORANGE
from cwnb.times import Clock

from .conftest import NOW_MS, fill
from .lab import opened, server, write_notebook

CELLS = [
    "%load_ext cwnb",
    "%%insights -g /shop/web --start 2026-11-01\nfields @message | sort @timestamp",
    "%%insights -g /shop/app --start 2026-11-20T10:00 --plot auto\nstats count(*) as n by bin(5m) as t, level",
    "%%insights -g /shop/long --start 2026-11-01\nfields level, @message, agent, @logStream",
    "%%insights -g /shop/app --start 2026-11-01\nstat count(*)",
]
LONG = json.dumps({"level": "INFO", "agent": "Mozilla/5.0 (X11; Linux) " * 3, "text": "word " * 90})
# A row of two lines of text, with what a table adds; in a narrow column a short text may need three.
ROW_PIXELS = 70


# The colours of a picture that are on more than a hundredth of it; its ground has none.
COLOURS = """image => {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const counts = {};
    for (let i = 0; i < data.length; i += 4) {
        const colour = "#" + [0, 1, 2].map(n => data[i + n].toString(16).padStart(2, "0")).join("");
        if (data[i + 3] === 255) counts[colour] = (counts[colour] ?? 0) + 1;
    }
    const enough = canvas.width * canvas.height / 100;
    return Object.keys(counts).filter(colour => counts[colour] > enough);
}"""
# A third of the events are errors, which are orange, the others blue.
STACK = {ORANGE, BLUE}


@pytest.mark.timeout(180)
def test_a_notebook_shows_tables_pictures_and_errors_and_asks_nobody(tmp_path, keys_of_their_own):
    from playwright.sync_api import expect

    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    with cwnb.open(tmp_path / "store", clock=Clock(NOW_MS)) as logs:
        fill(logs)
        logs.put("/shop/long", "i-1", [(NOW_MS - i, LONG) for i in range(1, 61)])
    write_notebook(notebooks / "look.ipynb", CELLS)
    settings = {
        "CWNB_STORE": str(tmp_path / "store"),
        "CWNB_CONFIG_DIR": str(keys_of_their_own),
    }
    with (
        server(notebooks, tmp_path / "jupyter", CWNB_VIEW="static", **settings) as address,
        opened(address, "look.ipynb", tmp_path / "profile") as looker,
    ):
        page = looker.page
        looker.run_all()
        cells = page.locator(".jp-CodeCell")
        table = cells.nth(1).locator(".cwnb-result table")
        expect(table.locator("tbody tr")).to_have_count(2, timeout=60_000)
        # A hostile line is text: no element came of it.
        expect(table.locator("tbody tr").nth(1)).to_have_text("<b>new</b>")
        assert table.locator("tbody b").count() == 0
        expect(cells.nth(1).locator(".cwnb-summary")).to_contain_text("2 of 2 records matched")
        picture = cells.nth(2).locator(".jp-OutputArea img")
        expect(picture).to_be_visible(timeout=30_000)
        assert set(picture.evaluate(COLOURS)) == STACK
        expect(cells.nth(2).locator("table tbody tr")).to_have_count(24)
        error = cells.nth(4).locator(".jp-OutputArea-output")
        expect(error).to_contain_text("unknown command 'stat'; did you mean 'stats'?")
        expect(error).to_contain_text("~~~^")
        expect(error).not_to_contain_text("Traceback")
        result = cells.nth(3).locator(".cwnb-result")
        rows = result.locator("tbody tr")
        expect(rows).to_have_count(50)
        heights = rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
        assert max(heights) <= ROW_PIXELS
        # All rows stand in the page, and none in a box that must be scrolled to see them.
        assert result.locator(".cwnb-scroll").evaluate("b => b.scrollHeight <= b.clientHeight + 1")
        message = rows.nth(0).locator("details").first
        expect(message.get_by_text("word word").last).not_to_be_visible()
        message.locator("summary").click()
        expect(message.get_by_text('"text": "word word').last).to_be_visible()
        assert looker.left == []
