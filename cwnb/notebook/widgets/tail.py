"""A live tail in a cell: the newest events of log groups, while the kernel does other things."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Bool, Dict, Int, List, Unicode

from cwnb.notebook.widgets.view import View, sentence
from cwnb.plurals import counted
from cwnb.results.visible import visible

if TYPE_CHECKING:
    from cwnb.delivery import Tail, TailedEvent

# Of a second as many are shown as the console's Live Tail shows. Source: API StartLiveTail.
_SHOWN_A_SECOND = 500
_KEPT_LINES = 500
_SHOWN_CHARACTERS = 500
# Seconds between two looks, and how many pages of the tail one look reads at most.
_LOOK_EVERY_S = 0.25
_PAGES = 20
# A view that is shown nowhere ends after this: a page that is loaded again shows it soon.
_UNSEEN_S = 30.0


class TailView(View):
    """Follows a tail on a thread, and shows its newest lines.

    >>> view = logs.live_tail("/shop/*", "ERROR")
    >>> view                     # shows it
    >>> view.close()             # ends it

    `lines` are the newest 500, oldest first. Of a second at most 500 events are shown; `left_out`
    counts the others, `events` all. While it is `paused` nothing is read, and nothing is lost. It
    ends by `stop()`, when its cell is run again or removed, when the store is closed, and with the
    kernel.
    """

    lines = List(Dict()).tag(sync=True)
    events = Int().tag(sync=True)
    left_out = Int().tag(sync=True)
    paused = Bool().tag(sync=True)
    ended = Bool().tag(sync=True)
    pattern = Unicode().tag(sync=True)
    about = Unicode().tag(sync=True)
    # What went wrong, and what the tail says, such as that a group was deleted.
    notes = List(Unicode()).tag(sync=True)

    def __init__(self, tail: Tail, about: str, pattern: str) -> None:
        self._newest: deque[dict[str, Any]] = deque(maxlen=_KEPT_LINES)
        self._number = 0
        self._second, self._shown = 0.0, 0
        self._stop = threading.Event()
        self._views = 0
        self._unseen_since: float | None = None
        self._lock = threading.Lock()
        self._tail = tail
        tail.on_note = self._note
        super().__init__(kind="tail", about=about, pattern=pattern)
        self._thread = threading.Thread(target=self._follow, name="cwnb-live-tail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; the lines that are shown stay."""
        self._stop.set()
        self._tail.close()
        self.ended = True

    def close(self) -> None:
        """End it, and take it out of the page."""
        self.stop()
        super().close()

    def pause(self) -> None:
        """Read nothing for now."""
        self.paused = True

    def go_on(self) -> None:
        """Read on where it was paused."""
        self.paused = False

    def search(self, pattern: str) -> None:
        """Show only what matches a filter pattern, from now on; raises MalformedPattern."""
        with self._lock:
            self._tail.match(pattern)
            self.pattern = pattern

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            if self._is_unseen():
                self.stop()
                return
            if self.paused:
                continue
            try:
                self._look()
            except Exception as error:  # the store was closed, or cannot be read
                if not self._stop.is_set():
                    self._note(sentence(error))
                    self.stop()
                return

    def _look(self) -> None:
        """Take what is there, and show the newest of it that may be shown in this second."""
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._shown = now, 0
        came = 0
        newest: deque[TailedEvent] = deque(maxlen=_SHOWN_A_SECOND - self._shown)
        for _ in range(_PAGES):
            if self._stop.is_set() or self.paused:
                break
            with self._lock:
                found = self._tail.next_ones()
            if not found:
                break
            came += len(found)
            newest.extend(found)
        if not came:
            return
        self._shown += len(newest)
        self._newest.extend(map(self._line, newest))
        with self.hold_sync():
            self.lines = list(self._newest)
            self.events += came
            self.left_out += came - len(newest)

    def _line(self, event: TailedEvent) -> dict[str, Any]:
        self._number += 1
        text = event.message[:_SHOWN_CHARACTERS]
        return {
            "number": self._number,
            "time": f"{event.timestamp:%Y-%m-%d %H:%M:%S}.{event.timestamp.microsecond // 1000:03}",
            "place": visible(f"{event.group} {event.stream}"),
            "text": text + "…" * (len(event.message) > len(text)),
        }

    def _note(self, text: str) -> None:
        self.notes = [*self.notes[-4:], visible(text, keep="\n\t")]

    def _is_unseen(self) -> bool:
        since = self._unseen_since
        return since is not None and time.monotonic() - since > _UNSEEN_S

    def _appeared(self) -> None:
        self._views, self._unseen_since = self._views + 1, None

    def _went(self) -> None:
        self._views -= 1
        if self._views <= 0:
            self._unseen_since = time.monotonic()

    def __repr__(self) -> str:
        state = "ended" if self.ended else "paused" if self.paused else "follows"
        return f"<TailView {state} {self.about}: {counted(self.events, 'event')}>"

    asked: ClassVar = {
        "pause": pause,
        "go_on": go_on,
        "stop": stop,
        "search": search,
        "appeared": _appeared,
        "went": _went,
    }
