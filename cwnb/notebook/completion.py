"""Completion in `%%insights` cells and `%insights` lines, through IPython's matchers."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, completion_matcher

from cwnb.errors import CwnbError
from cwnb.notebook.idle_imports import IdleImports
from cwnb.notebook.known import Kept, Known, group_names, groups_in, vocabulary_of
from cwnb.notebook.live import shows_views
from cwnb.notebook.options import Options, read_options
from cwnb.notebook.placeholders import fill_word
from cwnb.notebook.stores import configured_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cwnb.insights import Completion, Vocabulary
    from cwnb.logs import Logs
    from cwnb.notebook.magic import Cwnb

_CELL = re.compile(r"\s*%%insights(?=\s|\Z)")
_LINE = re.compile(r"\s*(?:[^\W\d][\w.]*\s*=\s*)?%insights(?:_explore)?(?=\s)")
_ABOUT_GROUPS = re.compile(r"\s*%insights_(?:groups|fields)\s+(?P<fragment>\S*)\Z")
_SAVED = re.compile(r"\s*%insights_saved\s+(?P<fragment>.*)\Z")
_IDENTIFIER = "cwnb.insights"
# Modules that take long to import: what the first Tab and the first query need, and what shows the
# answers of the first queries.
_FOR_TAB = ("cwnb.insights", "cwnb.insights.completion", "cwnb.logs", "cwnb.notebook.first_line")
_FOR_VIEWS = ("pandas", "ipywidgets", "cwnb.notebook.widgets.explorer")
# The fields of so many groups of a store are looked for before anybody asks.
_GROUPS_PREPARED = 10


@dataclass(frozen=True)
class CursorInCell:
    """A cursor in a cell of ours: the first line, and the query before and behind the cursor.

    `line` ends at the cursor where that is in the first line; then there is no `before`.
    """

    line: str
    is_cell: bool = True
    before: str | None = None
    after: str = ""


def cursor_in_cell(text: str, offset: int) -> CursorInCell | None:
    """Find the place of a cursor in a `%%insights` cell or an `%insights` line; None elsewhere."""
    from cwnb.notebook.first_line import read_unfinished

    if cell := _CELL.match(text):
        end = text.find("\n", cell.end())
        if offset < cell.end():
            return None
        if end < 0 or offset <= end:
            return CursorInCell(text[cell.end() : offset])
        return CursorInCell(
            text[cell.end() : end], before=text[end + 1 : offset], after=text[offset:]
        )
    begin = text.rfind("\n", 0, offset) + 1
    magic = _LINE.match(text[begin:offset])
    if magic is None:
        return None
    line = text[begin + magic.end() : offset]
    query = read_unfinished(line, cell=False).query
    if query is None:
        return CursorInCell(line, is_cell=False)
    after = text[offset:].partition("\n")[0]
    return CursorInCell(line[:query], is_cell=False, before=line[query:], after=after)


class Completer:
    """Gives IPython the candidates at a cursor; `register` and `unregister` tie it to a shell."""

    def __init__(self, magics: Cwnb) -> None:
        self._magics = magics
        self._known = Known()
        self._prepared: set[str] = set()
        self._preparing = threading.Lock()
        self._imports = IdleImports(self._modules_for_later)
        self._are_imports_done = False

        @completion_matcher(api_version=2, priority=200, identifier=_IDENTIFIER)  # type: ignore[untyped-decorator]
        def match(context: Any) -> dict[str, Any]:
            return self._match(context)

        self._matcher = match

    def register(self) -> None:
        """Add the matcher to the shell's completer, and find what it needs in threads."""
        self._magics.shell.Completer.custom_matchers.append(self._matcher)
        # The store may be opened by the cell that loads the extension, or by a later one.
        self._magics.shell.events.register("post_run_cell", self._begin_to_prepare)
        self._imports.register(self._magics.shell.events)

    def unregister(self) -> None:
        """Take the matcher out of the shell's completer."""
        matchers = self._magics.shell.Completer.custom_matchers
        if self._matcher in matchers:
            matchers.remove(self._matcher)
            self._magics.shell.events.unregister("post_run_cell", self._begin_to_prepare)
            self._imports.unregister(self._magics.shell.events)

    def prepare(self) -> None:
        """Look for the names of the store that a cell would ask, if there is one, once.

        Else the first Tab in a cell would wait for them, and lack those that take long.
        """
        where = self._where("")
        with self._preparing:
            if where is None or _key(where) in self._prepared:
                return
            if isinstance(where, Path) and not where.exists():
                return
            self._prepared.add(_key(where))
        groups = self.groups("")
        configured = tuple(configured_groups(self._magics.groups))
        asked = dict.fromkeys([configured, *((name,) for name in groups[:_GROUPS_PREPARED])])
        for names in filter(None, asked):
            self._begin_to_read(where, names)

    def _begin_to_prepare(self, *_: Any) -> None:
        if self._are_imports_done and _has_front_end():
            threading.Thread(target=self.prepare, name="cwnb-completion", daemon=True).start()

    def _modules_for_later(self) -> Iterator[str]:
        """Give what is imported for the first Tab, and, beside a front end, for the first views."""
        yield from _FOR_TAB
        from cwnb.insights import Vocabulary, candidates

        candidates("fields ", Vocabulary())  # makes what is made once
        if not _has_front_end():
            return
        self.prepare()
        yield from _FOR_VIEWS
        self._are_imports_done = True
        self.prepare()  # a store that was opened meanwhile

    def at(self, text: str, offset: int) -> Completion | None:
        """Give what may stand at a cursor; None where IPython's other matchers should answer."""
        from cwnb.insights import Candidate, candidates
        from cwnb.notebook.first_line import LineNames, group_candidates, line_candidates

        begin = text.rfind("\n", 0, offset) + 1
        if about := _ABOUT_GROUPS.match(text[begin:offset]):
            return _completion(
                about["fragment"], group_candidates(about["fragment"], self.groups(""))
            )
        if saved := _SAVED.match(text[begin:offset]):
            wanted = saved["fragment"]
            found = (name for name in self.saved() if name.lower().startswith(wanted.lower()))
            return _completion(wanted, [Candidate(name, "saved query") for name in found])
        cursor = cursor_in_cell(text, offset)
        if cursor is None:
            return None
        variables = self._magics.shell.user_ns
        own = tuple(name for name in variables if not name.startswith("_"))
        if cursor.before is None:
            from cwnb.logs import Logs

            stores = [name for name in own if isinstance(variables[name], Logs)]
            groups = self.groups(cursor.line)
            offered = line_candidates(cursor.line, LineNames(groups, stores, own))
            self._prepare_offered(cursor.line, offered, groups)
            return offered
        vocabulary = replace(self.vocabulary(cursor), variables=own)
        return candidates(cursor.before, vocabulary, cursor.after)

    def groups(self, line: str) -> list[str]:
        """Name the log groups of the store that a first line asks."""
        where = self._where(line)
        if where is None:
            return []
        return self._known.get(
            ("groups", _key(where)), lambda: group_names(self._magics.stores.open(where)), []
        )

    def saved(self) -> list[str]:
        """Name the saved queries of the store."""
        where = self._where("")
        if where is None:
            return []
        return self._known.get(
            ("saved", _key(where)),
            lambda: [query.name for query in self._magics.stores.open(where).store.saved_queries()],
            [],
        )

    def vocabulary(self, cursor: CursorInCell) -> Vocabulary:
        """Give the fields and streams of the groups that a first line names."""
        from cwnb.insights import Vocabulary
        from cwnb.notebook.first_line import read_unfinished

        where = self._where(cursor.line)
        named = read_unfinished(cursor.line, cell=cursor.is_cell).groups
        groups = (
            tuple(_filled(named, self._magics.shell.user_ns))
            or groups_in(f"{cursor.before}{cursor.after}")
            or tuple(configured_groups(self._magics.groups))
        )
        if where is None:
            return Vocabulary()
        known = self._vocabulary_of(where, groups)
        return replace(known, groups=tuple(self.groups(cursor.line)))

    def _vocabulary_of(self, where: Logs | Path, groups: tuple[str, ...]) -> Vocabulary:
        return self._begin_to_read(where, groups).soon()

    def _begin_to_read(self, where: Logs | Path, groups: tuple[str, ...]) -> Kept[Vocabulary]:
        """Let a thread read the fields and streams of groups."""
        from cwnb.insights import Vocabulary

        return self._known.begin(
            ("fields", _key(where), groups),
            lambda: vocabulary_of(self._magics.stores.open(where), groups),
            Vocabulary(),
        )

    def _prepare_offered(self, line: str, offered: Completion | None, groups: list[str]) -> None:
        """Read the fields of the groups that a first line is offered, which the query will need."""
        where = self._where(line)
        if where is None or offered is None:
            return
        known = set(groups)
        for candidate in offered.candidates[:_GROUPS_PREPARED]:
            if candidate.text in known:
                self._begin_to_read(where, (candidate.text,))

    def _where(self, line: str) -> Logs | Path | None:
        variables = self._magics.shell.user_ns
        try:
            return self._magics.stores.find(
                _options(line, variables), self._magics.store, variables
            )
        except CwnbError:
            return None

    def _match(self, context: Any) -> dict[str, Any]:
        lines = context.full_text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: context.cursor_line])
        found = self.at(context.full_text, offset + context.cursor_position)
        if found is None:
            return {"completions": []}
        # IPython asks its other matchers when there is no completion, and these would offer names
        # of Python and of files; so where nothing fits, the fragment itself is given back.
        shown = found.candidates[: context.limit]
        hits = [SimpleCompletion(text=c.text, type=c.kind) for c in shown]
        return {
            "completions": hits or [SimpleCompletion(text=found.fragment, type="keyword")],
            "matched_fragment": found.fragment,
            "ordered": True,
            "suppress": True,
        }


def _has_front_end() -> bool:
    # A wrong CWNB_VIEW is told by the first answer.
    with suppress(CwnbError):
        return shows_views()
    return False


def _completion(fragment: str, found: Any) -> Completion:
    from cwnb.insights import Completion

    return Completion(fragment, tuple(found))


def _options(line: str, variables: Mapping[str, Any]) -> Options:
    """Read a line that may end in an unfinished option or value: as much of it as can be read."""
    words = line.split(" ")
    while words:
        try:
            return read_options(
                " ".join(words), cell=True, expand=lambda word: fill_word(word, variables)
            )
        except CwnbError:
            words.pop()
    return Options()


def _filled(groups: list[str], variables: Mapping[str, Any]) -> list[str]:
    filled: list[str] = []
    for group in groups:
        try:
            filled += fill_word(group, variables)
        except CwnbError:
            continue
    return filled


def _key(where: Logs | Path) -> str:
    return str(getattr(getattr(where, "store", where), "path", where))
