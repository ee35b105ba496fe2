"""The part of the explorer that acts on its page: labels, the clipboard, a kernel that is busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Dict, Unicode

from cwnb.notebook.widgets.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping


class FrameView(View):
    """Stands first in a box of ipywidgets, which it makes one view to keyboard and screen reader.

    `labels` names controls that ipywidgets leaves without a name: by the class of the widget, the
    label of the control or picture in it. `zone` is the browser's time zone, once it is known. A
    click in the box that the kernel does not hear within a second makes it say so.
    """

    labels = Dict().tag(sync=True)
    zone = Unicode().tag(sync=True)

    def __init__(self, labels: Mapping[str, str], **traits: Any) -> None:
        super().__init__(kind="frame", labels=dict(labels), **traits)

    def copy(self, text: str) -> None:
        """Write a text to the clipboard of the browser, where that lets us."""
        self.send({"copy": text})

    def _heard(self) -> None:
        """Answer that the kernel listens."""

    asked: ClassVar = {"heard": _heard}
