"""Text in charts: fonts that have its letters, how wide it is, and how it is cut."""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from cwnb.results.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Fonts that have letters which matplotlib's own font lacks. Those of them that are installed are
# used, in this order.
_OTHER_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans KR"),
    *("Source Han Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("NanumGothic", "Nanum Gothic", "UnDotum", "IPAexGothic", "IPAGothic", "TakaoPGothic"),
    *("Hiragino Sans", "Hiragino Sans GB", "PingFang SC", "PingFang HK", "Apple SD Gothic Neo"),
    *("AppleGothic", "Malgun Gothic", "Yu Gothic", "Meiryo", "MS Gothic", "Microsoft YaHei"),
    *("SimHei", "Arial Unicode MS", "Noto Sans", "Noto Sans Thai", "Noto Sans Devanagari"),
    *("Noto Sans Hebrew", "Noto Sans Arabic", "Unifont"),
)
# Held while a chart is made or drawn. A font that two threads read at once ends the process:
# FreeType allows one at a time, and matplotlib lets another thread go on while it reads the file.
DRAWING = threading.RLock()
# A letter that no font has is a box as wide as it is high.
_BOX_EM = 1.0
_MEASURED_PT = 100
# At few dots an inch letters are drawn on whole pixels, which makes text up to a tenth wider.
_ON_PIXELS = 1.1


class Fonts:
    """The fonts for the texts of one chart.

    `families` are their names; the first one that has a letter writes it. `note` says where no
    installed font has some letter, for which a box then stands.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        base = font_manager.FontProperties()
        self.families = list(base.get_family())
        self._paths: list[str] = [str(font_manager.findfont(base))]
        wanted = {ord(letter) for letter in "".join(texts) if not letter.isspace()}
        wanted -= _letters(self._paths[0])
        if wanted:
            installed = {font.name: font.fname for font in font_manager.fontManager.ttflist}
            for name in _OTHER_FONTS:
                if name in installed and wanted & _letters(str(installed[name])):
                    self.families.append(name)
                    self._paths.append(str(installed[name]))
                    wanted -= _letters(str(installed[name]))
        self.note = "boxes: no installed font has these letters" if wanted else ""

    def width_pt(self, text: str, size: float) -> float:
        """Give the most points that one line of text is wide."""
        return size * _ON_PIXELS * sum(map(self._letter_em, text))

    def _letter_em(self, letter: str) -> float:
        code = ord(letter)
        path = next((path for path in self._paths if code in _letters(path)), None)
        return _BOX_EM if path is None else _width_em(path, code)

    def fitted(self, text: str, width_pt: float, size: float) -> str:
        """Give text as one line that is at most so wide, with `…` at its end if it is cut."""
        return self._cut(one_line(text), width_pt, size, 1.0)

    def all_fitted(self, texts: list[str], width_pt: float, size: float) -> list[str]:
        """Fit several texts; where two would be cut to the same, all are cut in the middle."""
        lines = [one_line(text) for text in texts]
        for head in (1.0, 0.5, 0.0):
            cut = [self._cut(line, width_pt, size, head) for line in lines]
            if len(set(cut)) == len(set(lines)):
                return cut
        return [self._cut(line, width_pt, size, 0.5) for line in lines]

    def _cut(self, line: str, width_pt: float, size: float, head: float) -> str:
        """Cut a line; `head` is the share of the width that its beginning takes."""
        # No more is measured of a long text than could fit.
        most = int(width_pt / size * 5) + 2
        if len(line) <= most and self.width_pt(line, size) <= width_pt:
            return line
        room = width_pt / size / _ON_PIXELS - self._letter_em("…")
        first = self._most(line[:most], room * head)
        last = self._most(line[: -most - 1 : -1], room * (1 - head))
        return f"{line[:first]}…{line[len(line) - last :]}"

    def _most(self, line: str, room_em: float) -> int:
        """Count the letters at the beginning of a line that have room."""
        used = 0.0
        for place, letter in enumerate(line):
            used += self._letter_em(letter)
            if used > room_em:
                return place
        return len(line)


@lru_cache(maxsize=64)
def _letters(path: str) -> frozenset[int]:
    """Give the code points that a font has."""
    charmap: dict[int, Any] = FT2Font(path).get_charmap()
    return frozenset(charmap)


@lru_cache(maxsize=16)
def _measured(path: str) -> Any:
    font = FT2Font(path)
    font.set_size(_MEASURED_PT, 72)
    return font


@lru_cache(maxsize=20_000)
def _width_em(path: str, code: int) -> float:
    """Give the width of a letter as a part of the size of its font."""
    # FreeType counts in parts of 65,536.
    advance = _measured(path).load_char(code).linearHoriAdvance / 65_536
    return float(advance / _MEASURED_PT)


@contextmanager
def without_font_warnings() -> Iterator[None]:
    """Say nothing of letters that no font has, where a box stands, and of weights of fonts."""
    logger = logging.getLogger("matplotlib.font_manager")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")
            yield
    finally:
        logger.disabled = was_disabled


def without_formulas(text: str) -> str:
    """Keep matplotlib from reading `$…$` as a formula."""
    return text.replace("$", r"\$")
