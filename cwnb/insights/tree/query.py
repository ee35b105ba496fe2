"""A query: its pipelines, and where the rows of each come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cwnb.insights.tree.expressions import Node

if TYPE_CHECKING:
    from cwnb.events import GroupSelector
    from cwnb.insights.tree.command import Command


class Input(Node):
    """Where the rows of a pipeline come from."""


class CallersGroups(Input):
    """The log groups, or the frame, that the caller names beside the query."""

    arg_types: ClassVar[dict[str, bool]] = {}


class Groups(Input):
    """Log groups that the query names by `SOURCE`: all that one of the `selectors` means.

    `start` and `end` are times as the query has them, in place of those of the query's window.
    """

    arg_types: ClassVar[dict[str, bool]] = {"selectors": True, "start": False, "end": False}

    @property
    def selectors(self) -> tuple[GroupSelector, ...]:
        """Give what each SOURCE says."""
        return tuple(self.args["selectors"])


class Table(Input):
    """A table (a lookup table, a frame) that the caller's sources know by `name`."""

    arg_types: ClassVar[dict[str, bool]] = {"name": True}


class Answer(Input):
    """The answer of an earlier pipeline of the query; `place` counts them from 0.

    As an input it gives the rows. A command or an expression that needs another pipeline's answer
    holds one of these instead of that pipeline.
    """

    arg_types: ClassVar[dict[str, bool]] = {"place": True}

    @property
    def place(self) -> int:
        """Give the place of the pipeline in the query."""
        return int(self.args["place"])


class Pipeline(Node):
    """An input and the commands that its rows go through, in the order in which they run.

    `outputs` names the columns of the answer; only a completed pipeline has them (see `complete`).
    """

    arg_types: ClassVar[dict[str, bool]] = {"commands": True, "input": False, "outputs": False}

    @property
    def commands(self) -> list[Command]:
        """Give the commands in order."""
        commands: list[Command] = self.args["commands"]
        return commands

    @property
    def input(self) -> Input:
        """Give the input; the groups that the caller names unless the query says otherwise."""
        return self.args.get("input") or CallersGroups()

    @property
    def outputs(self) -> list[str]:
        """Name the columns of the answer; only a completed pipeline has them."""
        outputs: list[str] = self.args["outputs"]
        return outputs


class Query(Node):
    """A query: its pipelines in the order in which they are needed; the last one is the answer."""

    arg_types: ClassVar[dict[str, bool]] = {"pipelines": True, "language": False}

    @property
    def pipelines(self) -> list[Pipeline]:
        """Give the pipelines in order."""
        pipelines: list[Pipeline] = self.args["pipelines"]
        return pipelines

    @property
    def language(self) -> str:
        """Name the language in which it was written; Logs Insights QL unless it says otherwise."""
        return str(self.args.get("language") or "ql")

    @property
    def answer(self) -> Pipeline:
        """Give the pipeline whose rows are the answer."""
        return self.pipelines[-1]

    @property
    def names_groups(self) -> bool:
        """Tell whether it names the log groups of its answer, so that no caller has to."""
        return isinstance(self.answer.input, Groups)

    def tables(self) -> list[str]:
        """Name the lookup tables that it reads."""
        inputs = [pipeline.input for pipeline in self.pipelines]
        found = [str(one.args["name"]) for one in inputs if isinstance(one, Table)]
        return list(dict.fromkeys(found))

    def selectors(self) -> list[GroupSelector]:
        """Give what each SOURCE of its pipelines says."""
        inputs = [pipeline.input for pipeline in self.pipelines]
        found = [one for part in inputs if isinstance(part, Groups) for one in part.selectors]
        return list(dict.fromkeys(found))
