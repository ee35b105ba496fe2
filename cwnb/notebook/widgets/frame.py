"""The part of the explorer that acts on its page: labels, the clipboard, a kernel that is busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Dict, List, Unicode

from cwnb.notebook.widgets.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FrameView(View):
    """Stands first in a box of ipywidgets, which it makes one view to keyboard and screen reader.

    `labels` names controls that ipywidgets leaves without a name: by the class of the widget, the
    label of the control or picture in it. `controls` are the ids of the controls: when the kernel
    does not hear one of them within a second, the view says so. `zone` is the browser's time zone,
    once it is known. `on_point` is called with the point of the chart that was clicked, as shares
    (0 to 1) of its width from the left and its height from the top.
    """

    labels = Dict().tag(sync=True)
    controls = List(Unicode()).tag(sync=True)
    zone = Unicode().tag(sync=True)
    # The `width` inside the tabs in CSS pixels, and how many `pixels` of the screen each has.
    room = Dict().tag(sync=True)

    def __init__(
        self, labels: Mapping[str, str], on_point: Callable[[float, float], object], **traits: Any
    ) -> None:
        self._on_point = on_point
        self._on_copied: Callable[[], object] | None = None
        super().__init__(kind="frame", labels=dict(labels), **traits)

    def copy(self, text: str, on_copied: Callable[[], object]) -> None:
        """Write a text to the clipboard of the browser, and call `on_copied` if it lets us."""
        self._on_copied = on_copied
        self.send({"copy": text})

    def _copied(self) -> None:
        if self._on_copied is not None:
            self._on_copied()

    def _pointed(self, x: float, y: float) -> None:
        self._on_point(float(x), float(y))

    asked: ClassVar = {"copied": _copied, "pointed": _pointed}
