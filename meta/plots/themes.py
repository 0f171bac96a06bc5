"""How figures look: presets that are nothing but data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matplotlib.colors import to_rgb

from meta.errors import unknown_option
from meta.keywords import keywords

if TYPE_CHECKING:
    from meta.plots.figure_rows import Row

BLUE = "#0072B2"
VERMILLION = "#D55E00"
ORANGE = "#E69F00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
YELLOW = "#F0E442"
GREY = "#6B6B6B"

PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
"""Colours of Okabe & Ito, told apart by colour-blind readers; https://jfly.uni-koeln.de/color/."""

DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (3, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "D", "^", "v", "P")


@keywords
@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, sizes and journal habits of a figure.

    Attributes
    ----------
    name : str
    font_size : float
        In points; nothing is smaller than 7.
    row_height : float
        Inches a row.
    panel_width : float
        Inches of the panel in which intervals are drawn.
    label_width : float
        Inches after which a study's label is wrapped.
    study, pooled, pooled_edge, prediction, bound, shrunken : str
        Colours by role; the shape tells roles apart as well.
    claim, band : str
        Claimed value and the region that counts as at least as large.
    text, muted, rule, zebra, background : str
        Everything else.
    study_header : str
        Heading of the label column.
    brackets, separator : str
        How an interval is written in the numbers column.
    columns_left : bool
        Put every column left of the panel.
    raw_columns : bool
        Split raw data into a column a number, under one heading an arm.
    directions_on_top : bool
        Write "favours" labels in bold above the panel instead of below.
    stripes : bool
        Tint every second row.
    leading_zero : bool
        Whether a p-value starts with "0.".
    show_tau2, show_test : bool
        Whether the line about heterogeneity gives tau2, and whether the overall test is printed.
    decimal : str
        Decimal mark.
    page_width : float or None
        Largest width of the page in inches (3.5 for one column of a journal, 7.1 for two): the panel is
        narrowed first, then type gets smaller, then labels are wrapped.
    digits : int or None
        Decimals of estimates and limits, 0 to 10; as many as the effects need where it is None.
    style_of : callable or None
        A function of a :class:`~meta.plots.figure_rows.Row` that returns ``{"color": ..., "marker": ...}``
        (or one of them, or nothing) for rows that should look otherwise, such as those of high risk of bias.
    """

    name: str = "default"
    font_size: float = 8.5
    row_height: float = 0.205
    panel_width: float = 3.0
    label_width: float = 3.2
    study: str = BLUE
    pooled: str = VERMILLION
    pooled_edge: str = "#9C4500"
    prediction: str = ORANGE
    bound: str = GREEN
    shrunken: str = "#003F66"
    claim: str = "#7A3E7A"
    band: str = "#CC79A7"
    text: str = "#1A1A1A"
    muted: str = "#555555"
    rule: str = "#8C8C8C"
    zebra: str = "#F5F7F9"
    background: str = "white"
    study_header: str = "Study"
    brackets: str = "[]"
    separator: str = ", "
    columns_left: bool = False
    raw_columns: bool = False
    directions_on_top: bool = False
    stripes: bool = True
    leading_zero: bool = True
    show_tau2: bool = True
    show_test: bool = True
    decimal: str = "."
    page_width: float | None = None
    style_of: Callable[[Row], Mapping[str, str] | None] | None = None
    digits: int | None = None

    @property
    def small(self) -> float:
        """Size of ticks and notes, in points."""
        return max(7.0, self.font_size - 1.0)


DEFAULT = Theme()

THEMES: dict[str, Theme] = {
    "default": DEFAULT,
    "revman": replace(
        DEFAULT,
        name="revman",
        study="#2E7D32",
        pooled="#1A1A1A",
        pooled_edge="#1A1A1A",
        prediction="#555555",
        study_header="Study or subgroup",
        columns_left=True,
        raw_columns=True,
        stripes=False,
    ),
    "jama": replace(
        DEFAULT,
        name="jama",
        study="#00008B",
        pooled="#ADD8E6",
        pooled_edge="#00008B",
        prediction="#00008B",
        study_header="Source",
        brackets="()",
        separator=" to ",
        columns_left=True,
        directions_on_top=True,
        stripes=False,
        leading_zero=False,
        show_tau2=False,
    ),
    "bmj": replace(
        DEFAULT,
        name="bmj",
        study="#2A6EBB",
        pooled="#2A6EBB",
        pooled_edge="#17406D",
        prediction="#C9541A",
        brackets="()",
        separator=" to ",
        zebra="#F1F5FA",
    ),
    "compact": replace(
        DEFAULT,
        name="compact",
        font_size=7.0,
        row_height=0.15,
        panel_width=2.2,
        label_width=2.4,
    ),
    "dark": replace(
        DEFAULT,
        name="dark",
        study=SKY,
        pooled="#FF8C42",
        pooled_edge="#FFB98A",
        prediction="#F2C14E",
        bound="#3DDBA8",
        shrunken="#BFE3FA",
        claim="#E7A6D0",
        band="#E7A6D0",
        text="#F2F2F2",
        muted="#C2C2C2",
        rule="#8C8C8C",
        zebra="#22272E",
        background="#1B1F24",
    ),
}


def luminance(color: str) -> float:
    """Relative luminance of an sRGB colour, 0 for black and 1 for white (WCAG 2.1).

    >>> round(luminance("#FFFFFF"), 3), round(luminance("#0072B2"), 3)
    (1.0, 0.152)
    """
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1).

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink(color: str) -> str:
    """Black or white, whichever is easier to read on a colour.

    >>> ink("#E69F00"), ink("#7A1F00")
    ('black', 'white')
    """
    return max(("black", "white"), key=lambda text: contrast(text, color))


def as_theme(theme: str | Theme) -> Theme:
    """Look a preset up by name; a :class:`Theme` stays as it is.

    >>> as_theme("jama").study_header
    'Source'
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise unknown_option("theme", theme, THEMES)
    return THEMES[theme]
