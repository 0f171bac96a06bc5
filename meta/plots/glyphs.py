"""Letters beyond the font of figures, and writing that runs from right to left.

An SVG holds text as it is, so that the reader's browser orders it and finds fonts for it. In a PNG, PDF or
EPS matplotlib draws the letters: from 3.11 it orders them itself; for older releases labels whose letters all
run from right to left are put into visual order here (Arabic letters then stay unjoined, and labels that mix
directions stay as they are). What the font lacks, such as Chinese, is drawn from :data:`FALLBACKS` where one
is installed, and as an empty box where none is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

FAMILY = "DejaVu Sans"

FALLBACKS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans CJK KR",
    "Source Han Sans",
    "Droid Sans Fallback",
    "WenQuanYi Zen Hei",
    "IPAGothic",
    "Arial Unicode MS",
    "Hiragino Sans",
    "PingFang SC",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
)

ORDERED_BY_MATPLOTLIB = tuple(int(part) for part in mpl.__version__.split(".")[:2]) >= (3, 11)

_RUN = re.compile(r"\d+(?:[.,:/\-\N{EN DASH}]\d+)*")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


@cache
def _covered() -> frozenset[int]:
    """Code points that every face of the font has."""
    faces = [
        FontProperties(family=FAMILY),
        FontProperties(family=FAMILY, weight="bold"),
        FontProperties(family=FAMILY, style="italic"),
    ]
    return frozenset.intersection(*(frozenset(get_font(findfont(face)).get_charmap()) for face in faces))


@cache
def fallbacks() -> tuple[str, ...]:
    """Those of :data:`FALLBACKS` that are installed."""
    installed = {entry.name for entry in fontManager.ttflist}
    return tuple(name for name in FALLBACKS if name in installed)


def lacking(text: str) -> str:
    """Return the letters of a text that the font does not have.

    >>> lacking("5 × 10²¹ é"), lacking("A 研究")
    ('', '研究')
    """
    if text.isascii():
        return ""
    return "".join(c for c in text if ord(c) not in _covered() and unicodedata.category(c)[0] != "C")


def leftward(text: str) -> bool:
    """Whether all letters of a text run from right to left.

    >>> leftward("אבג 2019"), leftward("Smith אבג"), leftward("2019")
    (True, False, False)
    """
    kinds = {unicodedata.bidirectional(c) for c in text}
    return bool(kinds & {"R", "AL"}) and "L" not in kinds


def visual(text: str) -> str:
    """Put a text whose letters run from right to left into the order in which it is drawn.

    Numbers keep their order, brackets are mirrored, and marks stay on their letters.

    >>> visual("אב (2019-20)") == "(2019-20) בא"
    True
    """
    if not leftward(text):
        return text
    clusters: list[str] = []
    at = 0
    while at < len(text):
        run = _RUN.match(text, at)
        end = run.end() if run else at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        clusters.append(text[at:end] if run else text[at:end].translate(_MIRRORED))
        at = end
    return "".join(reversed(clusters))


@contextmanager
def drawable(figure: Figure) -> Iterator[None]:
    """While letters are drawn as shapes: fonts that have them, and visual order."""
    changed: list[tuple[Text, str, FontProperties]] = []
    for item in figure.findobj(Text):
        text = item.get_text()  # type: ignore[attr-defined]
        if text.isascii():
            continue
        other = lacking(text) and fallbacks()
        turned = text if ORDERED_BY_MATPLOTLIB else "\n".join(map(visual, text.split("\n")))
        if not other and turned == text:
            continue
        changed.append((item, text, item.get_fontproperties()))  # type: ignore[attr-defined, arg-type]
        item.set_text(turned)  # type: ignore[attr-defined]
        if other:
            font = item.get_fontproperties().copy()  # type: ignore[attr-defined]
            font.set_family([FAMILY, *fallbacks()])
            item.set_fontproperties(font)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for item, text, font in changed:
            item.set_text(text)
            item.set_fontproperties(font)
