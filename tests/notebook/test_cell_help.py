"""Help in cells: `%%insights?`, and Shift-Tab on a word."""

from __future__ import annotations

import time

import pytest

from cwnb.notebook.options import EXAMPLES, OPTIONS, help_text, read_options

CELL = "%%insights -g /shop/app --start -1h\n"
PAGES = [
    (f"{CELL}fil¦ter level = 1", "filter condition, or where condition"),
    (f"{CELL}stats pct(ms, ¦99)", "pct(field, percent) -> number"),
    (f"{CELL}fields substr¦(@message, 1)", "substr(s, start [, len]) -> text"),
    (f"{CELL}fields @mess¦age", "@message\n\nevery event has it"),
    ("%%insights --sta¦rt -1h\n", "--start TIME\n\nstart of the window"),
    ("%%insights --start -1¦h\n", "--start TIME\n\nstart of the window"),
    ("%%insights -g /sh¦op\n", "--group GROUP…, -g\n\nlog groups"),
    ("%%insights -g /shop/app --sta¦rt -1h\n", "--start TIME\n\nstart of the window"),
    ("%%insights ¦", help_text()),
    ("r = %insights -g /shop/app stats cou¦nt(*)", "count([field]) -> number"),
    (f"{CELL}fields nonsen¦se", "nothing is known of this word"),
]


class Kernel:
    """Stands for a kernel that a shell runs in."""

    def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
        return "asked the kernel"


@pytest.fixture
def kernel(shell):
    """Give a kernel to the shell, and load the extension in it."""
    shell.kernel = Kernel()
    shell.run_line_magic("reload_ext", "cwnb")
    yield shell.kernel
    del shell.kernel


def asked(kernel, code: str) -> str:
    before, _, after = code.partition("¦")
    answer = kernel.do_inspect(before + after, len(before), detail_level=0, omit_sections=set())
    return answer if isinstance(answer, str) else answer["data"]["text/plain"]


@pytest.mark.parametrize(("code", "page"), PAGES)
def test_a_word_has_its_page(kernel, code, page):
    assert asked(kernel, code).startswith(page)


def test_a_field_has_the_page_of_the_groups_that_the_line_names(kernel):
    deadline = time.monotonic() + 20
    while "no" in (page := asked(kernel, f"{CELL}filter lev¦el = 'x'"))[:2]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert page == (
        "level\n\ntext, 100 % of the events have it\n\nValues, the most frequent first: INFO, ERROR"
    )


def test_other_cells_are_left_to_the_kernel_and_unloading_gives_it_back(kernel, shell):
    assert asked(kernel, "print¦") == "asked the kernel"
    assert asked(kernel, "%timeit filter¦") == "asked the kernel"
    shell.run_line_magic("unload_ext", "cwnb")
    assert kernel.do_inspect.__func__ is Kernel.do_inspect
    assert asked(kernel, f"{CELL}fil¦ter level = 1") == "asked the kernel"


def test_a_question_mark_shows_all_options_with_examples(shell):
    for name in ("%%insights", "%insights"):
        text = shell.object_inspect_mime(name)["text/plain"]
        for option in OPTIONS:
            assert f"--{option.name}" in text
        assert EXAMPLES.splitlines()[0] in text
    assert max(map(len, help_text().splitlines())) <= 100


def test_the_examples_can_be_read():
    lines = [line for line in EXAMPLES.splitlines() if "%insights" in line]
    assert len(lines) == 3
    for line in lines:
        is_cell = line.startswith("%%")
        options = read_options(line.partition("%insights")[2], cell=is_cell)
        assert options.groups
        assert is_cell or options.query.startswith("filter")


def test_a_shell_without_a_kernel_loads_too(shell):
    assert getattr(shell, "kernel", None) is None
    shell.run_line_magic("reload_ext", "cwnb")
    assert "insights" in shell.magics_manager.magics["cell"]
