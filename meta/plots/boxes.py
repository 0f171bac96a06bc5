"""The parts of a measured page, in inches from the top left corner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from meta.plots.axis import Axis, Reading
from meta.plots.figure_rows import Row
from meta.plots.text_size import height, width
from meta.plots.themes import Theme

MARGIN = 0.12


GAP = 0.17


PART_GAP = 0.055


INDENT = 0.12


NOTES_WIDTH = 2.7


LABEL_WIDTH = 1.9


BOLD_DIGITS = 0.9145
"""Size at which bold digits are as wide as regular ones, so that a summary's numbers stay aligned."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A piece of text: ``x`` is its anchor, ``y`` the middle of its line; ``role`` may be a colour."""

    text: str
    x: float
    y: float
    align: str
    size: float
    bold: bool = False
    italic: bool = False
    role: str = "text"
    key: str = ""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom as measured."""
        w = width(self.text, self.size, self.bold)
        left = self.x - {"left": 0.0, "center": 0.5, "right": 1.0}[self.align] * w
        half = 0.5 * height(1, self.size) * 0.8
        return left, self.y - half, left + w, self.y + half


@dataclass(frozen=True, slots=True)
class Symbol:
    """A judgement's disc."""

    value: object
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Band:
    """Top, middle and bottom of a row, and the middle of the interval drawn in it."""

    top: float
    bottom: float
    middle: float


@dataclass(frozen=True, slots=True)
class Layout:
    """The measured page.

    Attributes
    ----------
    width, height : float
        Of the figure, in inches.
    panel : (left, top, right, bottom)
        Where intervals are drawn.
    axis : Axis
        The visible part of the model scale.
    bands : tuple of Band
        One a row; rows that stand beside the axis have none (zero height).
    columns : mapping of str to (left, right)
        Extent of each column, by heading.
    placed : tuple of Placed
        All text outside the panel.
    symbols : tuple of Symbol
    rules : tuple of (x0, x1, y)
        Horizontal lines.
    axis_size : float
        Font size of tick labels.
    """

    width: float
    height: float
    panel: tuple[float, float, float, float]
    axis: Axis
    bands: tuple[Band, ...]
    columns: Mapping[str, tuple[float, float]]
    placed: tuple[Placed, ...]
    symbols: tuple[Symbol, ...] = ()
    rules: tuple[tuple[float, float, float], ...] = ()
    axis_size: float = 7.5


@dataclass
class Page:
    """What is being put together."""

    rows: Sequence[Row]
    theme: Theme
    how: Reading
    placed: list[Placed] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    rules: list[tuple[float, float, float]] = field(default_factory=list)
