"""cwnb as its user has it: the encrypted default, `load`, `query`, a DataFrame."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cwnb

if TYPE_CHECKING:
    from pandas import DataFrame

    from benchmarks.data.shop import Logs
    from benchmarks.question import Question

APP, ACCESS = "/bench/app", "/bench/access"
ORDERS, USERS = "/bench/orders", "/bench/users"


def files(logs: Logs) -> dict[str, Path]:
    """Give the file of each log group that the questions ask."""
    return {APP: logs.app, ACCESS: logs.access, ORDERS: logs.orders, USERS: logs.users}


class Ours:
    """A store of the same logs; every question to a store opened afresh."""

    name = "cwnb"

    def __init__(self, folder: Path) -> None:
        # The keys of benchmark stores stay with them and out of the user's key ring.
        os.environ["CWNB_CONFIG_DIR"] = str((folder / "keys").absolute())
        self.path = folder / "store"
        self.logs: Any = None

    def load_app(self, logs: Logs) -> int:
        """Load the JSON events into a new store and give the size of all its files."""
        self.forget()
        self.prepare()
        report = self.logs.load(str(logs.app), group=APP)
        assert report.events == logs.events, report
        self.logs.close()
        self.logs = None
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def load(self, logs: Logs) -> None:
        """Load all, unless it was loaded by the code as it is now."""
        made, groups = self.path.parent / "store.made", "\n".join(files(logs))
        current = made.exists() and made.stat().st_mtime > _last_change()
        if current and made.read_text() == groups:
            return
        made.unlink(missing_ok=True)
        self.forget()
        self.prepare()
        for group, path in files(logs).items():
            self.logs.load(str(path), group=group)
        self.logs.close()
        self.logs = None
        made.write_text(groups)

    def forget(self) -> None:
        """Remove the store."""
        if self.logs is not None:
            self.logs.close()
            self.logs = None
        shutil.rmtree(self.path, ignore_errors=True)

    def prepare(self) -> None:
        """Open the store anew; not timed."""
        if self.logs is not None:
            self.logs.close()
        self.logs = cwnb.open(self.path)

    def ask(self, question: Question) -> DataFrame:
        """Give the answer as its user would have it."""
        start, end = question.window or (None, None)
        return self.logs.query(question.insights, [question.group], start, end).df


def _last_change() -> float:
    """Give when the code that writes stores was last changed."""
    root = Path(cwnb.__file__).parent
    return max(
        path.stat().st_mtime
        for room in ("store", "sources")
        for path in (root / room).rglob("*.py")
    )
