"""`cwnb demo`: the story told in a terminal, query by query."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cwnb.demo.story import STEPS
from cwnb.output import measures
from cwnb.results.charts import text_bars
from cwnb.results.html import summary
from cwnb.results.rendering import text_table
from cwnb.results.shape import shape

if TYPE_CHECKING:
    from pandas import DataFrame

    from cwnb.demo.story import Step
    from cwnb.logs import Logs
    from cwnb.results.result import QueryResult

WIDEST = 100


def walk(logs: Logs, path: str) -> None:
    """Print every step of the story: what is asked, the query, its answer and what that says."""
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    for number, step in enumerate(STEPS, start=1):
        show_step(logs, step, number, width)
    _what_next(path)


def show_step(logs: Logs, step: Step, number: int, width: int) -> None:
    """Print one step."""
    say()
    say(f"{number}  {step.title}", bold=True, fg="cyan")
    say(_wrapped(step.told, width))
    say()
    where = " ".join(f"--group {_quoted(group)}" for group in step.groups)
    say(f"    {where} --start {step.start}", dim=True)
    for line in step.query.splitlines():
        say(f"    {line}", fg="yellow")
    say()
    result = logs.query(step.query, list(step.groups), start=step.start)
    for warning in result.warnings:
        say(f"  ! {warning}", fg="magenta")
    say(textwrap.indent(text_table(result.df, width - 2), "  "))
    if step.bars and len(result.df) > 1:
        say()
        bars = text_bars(_labelled(result, step.bars), min(width - 2, 76), value=step.bars)
        say(textwrap.indent(bars, "  "), fg="green")
    measured = measures(summary(len(result), result.statistics), width - 2)
    say(textwrap.indent(measured, "  "), dim=True)
    say()
    say(_wrapped(step.seen, width))


def say(text: str = "", **style: Any) -> None:
    """Print, in colour only where somebody looks and has not set NO_COLOR."""
    coloured = style and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    click.echo(click.style(text, **style) if coloured else text)


def command() -> str:
    """Give the shell command that runs this program: `cwnb`, or the path to it."""
    here = Path(sys.argv[0]).absolute()
    if here.name != "cwnb" or shutil.which("cwnb") == str(here):
        return "cwnb"
    try:
        return str(here.relative_to(Path.cwd()))
    except ValueError:
        return str(here)


def _what_next(path: str) -> None:
    cwnb = command()
    store = f" --store {shlex.quote(path)}"
    question = "stats count(*) by level"
    say()
    say("What to type next", bold=True, fg="cyan")
    for about, line in (
        ("the same with charts, in a notebook", f"{cwnb} lab"),
        (
            "a question of your own",
            f"{cwnb} query '{question}' -g /shop/app --start -1d{store}",
        ),
        ("what there is to ask about", f"{cwnb} fields /shop/app{store}"),
        ("your own logs", f"{cwnb} load access.log --group /my/web"),
        ("everything else", f"{cwnb} --help"),
    ):
        say(f"  {about}", dim=True)
        say(f"    {line}", fg="yellow")


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width)


def _quoted(group: str) -> str:
    return f"'{group}'" if "*" in group else group


def _labelled(result: QueryResult, measure: str) -> DataFrame:
    """Keep of an answer what it is grouped by, and the column to draw."""
    form = shape(result.pipeline, result.df)
    labels = [name for name in (form.time, *form.keys) if name]
    return result.df[[*labels, measure]]
