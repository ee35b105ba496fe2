"""Errors as the command line says them: in its own options, with the nearest known name."""

from __future__ import annotations

import re
from typing import Any

import click

from cwnb.cli.aws_names import COMMANDS, hint
from cwnb.errors import CwnbError, FaultInQuery, MalformedQuery
from cwnb.nearest import suggestion

# Phrases of the library's messages about what no option can do, and their form on the command line.
_SPELLINGS = {
    "None keeps events for ever": "'forever' keeps them",
    "open it with accept_loss=True, which goes on": "open it in Python with "
    "cwnb.open(…, accept_loss=True), which goes on",
    "max_ratio=None loads it": "in Python, max_ratio=None loads it",
    "logs.create_group() makes": "'cwnb create-group' makes",
    "logs.put_metric_filter() makes": "'cwnb metric-filter put' makes",
    "or raise 'memory_budget'": "or ask in Python with a larger memory_budget",
}


def as_options(text: str, command: click.Command) -> str:
    """Write a message of the library with the options of a command: `again=True` as `--again`."""
    for python, here in _SPELLINGS.items():
        text = text.replace(python, here)
    for option in command.params:
        if isinstance(option, click.Option) and option.name:
            name, said = option.name, option.opts[0]
            text = re.sub(rf"\b{name}=True\b", said, text)
            text = re.sub(rf"\b{name}=(?:'([^']*)'|([\w.:/+-]+))", rf"{said} \1\2", text)
            if "_" in name:  # so it is not an ordinary word of the message
                text = re.sub(rf"(?<![-\w]){name}(?!\w)", said, text)
    return text


def sentence(error: click.ClickException) -> str:
    """Give a usage error of click in the style of our own errors: lower case, no full stop."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption):
        known = [name for p in context.command.params for name in p.opts] if context else []
        said = hint(error.option_name, context) if context else ""
        said = said or suggestion(error.option_name, known)
        return f"no option {error.option_name!r}{said}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.opts[0] if error.param.param_type_name == "option" else None
        wanted = name or error.param.make_metavar(context or click.Context(click.Command("cwnb")))
        path = context.command_path if context else "cwnb"
        wanted = wanted.removesuffix("...")
        return f"{wanted} is missing; see '{path} --help'"
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


class CommandFailed(Exception):
    """An error of the library, with the options of the command that it ended."""


class ReaderEnded(Exception):
    """Nobody reads our output any more; click would make exit status 1 of a BrokenPipeError."""


def _is_located(error: CwnbError) -> bool:
    return isinstance(error, FaultInQuery) and error.start is not None


class CommandGroup(click.Group):
    """A click group that lists its commands in the order of their definition, not by name."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; raises ReaderEnded, CommandFailed and FaultInQuery."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderEnded from None
        except CwnbError as error:
            if isinstance(error, MalformedQuery) or _is_located(error):
                raise  # it quotes the query, in which nothing may be replaced
            command = self.commands[ctx.invoked_subcommand or ""]
            raise CommandFailed(as_options(str(error), command)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of their definition."""
        del ctx
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            commands = f"the commands are {', '.join(self.commands)}"
            said = suggestion(args[0], self.commands, otherwise=commands)
            if args[0] in COMMANDS:
                said = f"; here it is 'cwnb {COMMANDS[args[0]]}'"
            raise click.UsageError(f"no command {args[0]!r}{said}", ctx)
        return super().resolve_command(ctx, args)
