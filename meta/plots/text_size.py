"""Measuring and wrapping text with the renderer that will draw it."""

from __future__ import annotations

import re
import unicodedata
import warnings
from functools import cache

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from meta.plots.glyphs import FAMILY, lacking

_DPI = 576
_GLUE = "\N{NO-BREAK SPACE}"
_GLUED = re.compile(r" [=<~] |(?<=^←) | (?=→$)")
LINE = 1.28
"""Line height as a multiple of the font size."""


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(8, 8, _DPI)


@cache
def font(size: float, bold: bool = False, italic: bool = False) -> FontProperties:
    """The font of every figure."""
    return FontProperties(
        family=FAMILY, size=size, weight="bold" if bold else "normal", style="italic" if italic else "normal"
    )


@cache
def width(text: str, size: float, bold: bool = False) -> float:
    """Width of the widest line, in inches.

    >>> round(width("0.49", 10.0) / width("0.4", 10.0), 2)
    1.4
    """
    if not text:
        return 0.0
    absent = lacking(text)
    if absent:
        # Whatever font a reader's browser takes: Chinese letters and pictures are as wide as they are high.
        known = width("".join(c for c in text if c not in absent), size, bold)
        return known + sum(_wide(c) for c in absent) * size / 72
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        found = [
            _renderer().get_text_width_height_descent(line, font(size, bold), False)[0] / _DPI
            for line in text.split("\n")
        ]
    return float(max(found))


def _wide(letter: str) -> float:
    """Width of a letter that the font lacks, as a multiple of the font size."""
    if unicodedata.combining(letter):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.8


def shortened(text: str, limit: float, size: float, bold: bool = False) -> str:
    """Cut a text that is wider than ``limit`` inches, with dots at the end.

    >>> shortened("one two three", width("one two…", 9.0) + 0.01, 9.0)
    'one two…'
    """
    text = " ".join(text.split())
    if _fits(text, limit, size, bold):
        return text
    room = limit - width("…", size, bold)
    return text[: _fitting(text, room, size, bold)].rstrip(" ,;:") + "…"


def height(lines: int, size: float) -> float:
    """Height of so many lines, in inches.

    >>> height(2, 10.0) == 2 * height(1, 10.0)
    True
    """
    return lines * LINE * size / 72.0


def wrap(text: str, limit: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """Break text into lines no wider than ``limit`` inches; a word that is too long is broken too.

    "p = 0.02" stays together.

    >>> wrap("one two three", width("one two", 9.0) + 0.01, 9.0)
    ('one two', 'three')
    """
    lines: list[str] = []
    current = ""
    for word in _GLUED.sub(lambda found: found.group().replace(" ", _GLUE), " ".join(text.split())).split(
        " "
    ):
        longer = f"{current} {word}" if current else word
        if _fits(longer, limit, size, bold):
            current = longer
            continue
        if current:
            lines.append(current)
        current = word
        while not _fits(current, limit, size, bold) and len(current) > 1:
            cut = _fitting(current, limit, size, bold)
            lines.append(current[:cut])
            current = current[cut:]
    if current or not lines:
        lines.append(current)
    return tuple(line.replace(_GLUE, " ") for line in lines)


def most_letters(limit: float, size: float) -> int:
    """More letters than any line of ``limit`` inches holds, so that what is longer need not be measured.

    >>> most_letters(2.0, 9.0)
    136
    """
    return 8 + int(8 * 72 * max(limit, 0.0) / size)


def _fits(text: str, limit: float, size: float, bold: bool) -> bool:
    return len(text) <= most_letters(limit, size) and width(text, size, bold) <= limit


def _fitting(word: str, limit: float, size: float, bold: bool) -> int:
    """How many letters of a word fit; at least one."""
    low, high = 1, min(len(word), most_letters(limit, size))
    while low < high:
        middle = (low + high + 1) // 2
        if width(word[:middle], size, bold) <= limit:
            low = middle
        else:
            high = middle - 1
    # A mark stays with its letter.
    while low > 1 and low < len(word) and unicodedata.combining(word[low]):
        low -= 1
    return low
