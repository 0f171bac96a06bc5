"""Columns of a forest plot: what they show, and how it is aligned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from meta.errors import InputError
from meta.formatting import number
from meta.keywords import keywords
from meta.plots.axis import Reading, minus, scientific
from meta.plots.figure_rows import Row, Table, each
from meta.plots.themes import Theme

Align = Literal["left", "right", "center"]
Parts = tuple[str, ...]

NOT_ESTIMABLE = "not estimable"


@keywords
@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of words or numbers.

    Attributes
    ----------
    key : str or callable
        Name of a cell; or a function of a :class:`~meta.plots.figure_rows.Row` that returns the text, several
        texts that are aligned one by one, or several such lines.
    header : str
        Heading; by default the key.
    align : str
        "left", "right" or "center".
    side : str
        "left" or "right" of the panel.
    fmt : str or callable or None
        Format of a value, as in ``format(value, ".1f")``; by default integers as they are and other numbers
        with as many decimals as the column needs, at most three.
    group : str
        Heading shared with its neighbours.
    width : float or None
        Inches after which text is wrapped.
    """

    key: str | Callable[[Row], str | Parts | tuple[Parts, ...]]
    header: str | None = None
    align: Align | None = None
    side: Literal["left", "right"] = "left"
    fmt: str | Callable[[Any], str] | None = None
    group: str = ""
    width: float | None = None

    @property
    def name(self) -> str:
        """Heading, or else the key."""
        return self.header if self.header is not None else str(self.key)


@keywords
@dataclass(frozen=True, slots=True)
class SymbolColumn:
    """A column of judgements, such as a risk-of-bias domain: a coloured disc with a sign in it.

    Attributes
    ----------
    key : str
        Name of the cell; "low", "some concerns", "unclear", "moderate", "high", "serious", "critical" and "no
        information" are known, with their first letters, "+", "?", "-" and "x".
    header : str
        Heading.
    side : str
        "left" or "right" of the panel.
    group : str
        Heading shared with its neighbours.
    """

    key: str
    header: str | None = None
    side: Literal["left", "right"] = "right"
    group: str = "Risk of bias"

    @property
    def name(self) -> str:
        """Heading, or else the key."""
        return self.header if self.header is not None else self.key


Column = TextColumn | SymbolColumn

SIGNS: dict[str, tuple[str, str]] = {
    "low": ("+", "#009E73"),
    "some": ("?", "#E69F00"),
    "high": ("×", "#D55E00"),
    "critical": ("!", "#7A1F00"),
    "none": ("0", "#9A9A9A"),
}
_JUDGEMENTS = {
    **dict.fromkeys(("low", "l", "+", "yes"), "low"),
    **dict.fromkeys(("some concerns", "some", "s", "unclear", "moderate", "m", "?", "u"), "some"),
    **dict.fromkeys(("high", "h", "-", "x", "×", "serious", "no"), "high"),
    **dict.fromkeys(("critical", "c", "!"), "critical"),
    **dict.fromkeys(("no information", "not stated", "n", "ni", "0"), "none"),
}


def judgement(value: Any) -> str | None:
    """Key of :data:`SIGNS` for a judgement; None where a cell is empty.

    >>> judgement("Some concerns"), judgement("HIGH"), judgement(None)
    ('some', 'high', None)
    """
    if value is None or value != value or str(value).strip() == "":
        return None
    word = str(value).strip().lower()
    if word not in _JUDGEMENTS:
        raise InputError(
            f"{value!r} is not a judgement that has a symbol; "
            "write low, some concerns, high, critical or no information"
        )
    return _JUDGEMENTS[word]


@dataclass(frozen=True, slots=True)
class Words:
    """How numbers of one plot are written."""

    how: Reading
    theme: Theme
    digits: int

    def value(self, x: float, digits: int | None = None) -> str:
        """One effect on the display scale."""
        return self.plain(self.how.back(x), self.digits if digits is None else digits)

    def plain(self, x: float, digits: int) -> str:
        """One number as it is; powers of ten where it has more than six digits before the point."""
        text = number(x, digits) if not 1e6 <= abs(x) < math.inf else scientific(x)
        return minus(text).replace(".", self.theme.decimal)

    def interval(self, low: float, high: float) -> tuple[str, str]:
        """Both ends on the display scale, the lower one first."""
        a, b = self.how.interval(low, high)
        return self.plain(a, self.digits), self.plain(b, self.digits)

    def effects(self, row: Row) -> Parts | tuple[Parts, ...]:
        """What the numbers column shows: one line, or one for each model."""
        return tuple(self.effect(one) for one in each([row])) if row.others else self.effect(row)

    def effect(self, row: Row) -> Parts:
        """Estimate, opening and closing half of the interval; or one text."""
        left, right = self.theme.brackets[0], self.theme.brackets[1]
        if row.kind in ("group", "note", "gap"):
            return ()
        if row.shape == "none":
            return (NOT_ESTIMABLE,)
        if row.shape == "bound":
            return (self._bound(row),)
        if row.shape == "mixture":
            return (" or ".join(self.value(x) for x, _ in row.values),)
        low, high = self.interval(row.low, row.high)
        middle = "" if math.isnan(row.estimate) else self.value(row.estimate)
        if low == "–" and high == "–":
            return (middle, "", "")
        return (middle, f"{left}{low}{self.theme.separator.rstrip()}", f"{high}{right}")

    def _bound(self, row: Row) -> str:
        flip = not self.how.scale.increasing
        if math.isfinite(row.low) and math.isfinite(row.high):
            low, high = self.interval(row.low, row.high)
            return f"{low} to {high}, bounds"
        if math.isfinite(row.high):
            return f"{'≥' if flip else '≤'} {self.value(row.high)}, bound"
        if math.isfinite(row.low):
            return f"{'≤' if flip else '≥'} {self.value(row.low)}, bound"
        return NOT_ESTIMABLE


def decimals(rows: Sequence[Row], how: Reading) -> int:
    """Decimals that the effects of a plot need: two for ratios, more where all effects are small.

    >>> from meta.plots.axis import reading
    >>> decimals([Row("study", "A", estimate=123.4, low=100.0, high=150.0)], reading("MD"))
    1
    """
    if how.scale.name in ("log", "tanh"):
        return 2
    values = [
        how.back(x) for row in each(rows) for x in (row.estimate, row.low, row.high) if math.isfinite(x)
    ]
    typical = float(np.median(np.abs(values))) if values else 1.0
    if how.scale.name == "one-minus-exp":
        return 0 if typical >= 10 else 1
    return 0 if typical >= 1000 else 1 if typical >= 20 else 2 if typical >= 0.1 else 3


def choose_columns(
    wanted: Sequence[Any] | None, table: Table, words: Words, theme: Theme
) -> tuple[list[Column], list[Column]]:
    """Return the columns left and right of the panel; the first of the left ones holds the labels."""
    if getattr(wanted, "ndim", 1) != 1:
        raise InputError("columns must be a plain list of names and columns")
    items = list(wanted) if wanted is not None else _default(table, theme)
    if "study" not in items and not any(
        isinstance(item, TextColumn) and item.key == "study" for item in items
    ):
        items.insert(0, "study")
    split = items.index("plot") if "plot" in items else None
    left: list[Column] = []
    right: list[Column] = []
    for position, item in enumerate(items):
        if isinstance(item, str) and item == "plot":
            continue
        column = _named(item, table, words, theme)
        side = column.side
        if split is not None:
            side = "left" if position < split else "right"
        elif theme.columns_left and isinstance(column, TextColumn):
            side = "left"
        (left if side == "left" else right).append(column)
    first = next(i for i, column in enumerate(left + right) if column.key == "study")
    label = (left + right)[first]
    left = [label, *(column for column in left if column is not label)]
    right = [column for column in right if column is not label]
    return left, right


def _default(table: Table, theme: Theme) -> list[Any]:
    items: list[Any] = ["study"]
    if any(row.tier for row in table.rows):
        items.append("tier")
    if len(table.rows) <= 80:
        items += _raw(table.inputs, theme)
    items.append("estimate")
    if any(row.kind == "study" and math.isfinite(row.weight) for row in table.rows):
        items.append("weight")
    return items


def _raw(inputs: tuple[str, ...], theme: Theme) -> list[Any]:
    """Columns of raw data, as the measure's design has them."""
    found: list[TextColumn] = []
    arms = [("1", "Treated"), ("2", "Control")] if "n1" in inputs or "time1" in inputs else [("", "")]
    for arm, heading in arms:
        has = [name for name in ("events", "mean", "sd", "n", "time") if f"{name}{arm}" in inputs]
        if "events" in has:
            total = "n" if "n" in has else "time"
            names = {"n": "Total", "time": "Time"}
            if theme.raw_columns:
                found += [
                    TextColumn(f"events{arm}", "Events", "right", group=heading),
                    TextColumn(f"{total}{arm}", names[total], "right", group=heading),
                ]
            elif total in has:
                found.append(TextColumn(_over(f"events{arm}", f"{total}{arm}"), heading or "Events", "right"))
        elif "mean" in has:
            if theme.raw_columns:
                labels = {"mean": "Mean", "sd": "SD", "n": "Total"}
                found += [
                    TextColumn(f"{name}{arm}", labels[name], "right", group=heading)
                    for name in ("mean", "sd", "n")
                    if name in has
                ]
            elif "sd" in has:
                found.append(TextColumn(_mean_sd(arm), f"{heading} mean (SD)".strip(), "right"))
    if not found and "n" in inputs:
        found.append(TextColumn("n", "n", "right"))
    return found


def _over(events: str, total: str) -> Callable[[Row], Parts]:
    def text(row: Row) -> Parts:
        a, b = row.cells.get(events), row.cells.get(total)
        if _empty(a) or _empty(b):
            return ()
        return (f"{_plain(a)}/{_plain(b)}",)

    return text


def _mean_sd(arm: str) -> Callable[[Row], Parts]:
    def text(row: Row) -> Parts:
        mean, sd, n = (row.cells.get(f"{name}{arm}") for name in ("mean", "sd", "n"))
        if _empty(mean) or _empty(sd):
            return ()
        count = "" if _empty(n) else f", n {_plain(n)}"
        return (f"{minus(_plain(mean))} ({_plain(sd)}){count}",)

    return text


def _named(item: Any, table: Table, words: Words, theme: Theme) -> Column:
    if isinstance(item, TextColumn | SymbolColumn):
        if item.key == "study" and isinstance(item, TextColumn):
            return replace(item, header=item.header or theme.study_header)
        if isinstance(item.key, str):
            _check(item.key, table)
        return item
    if callable(item):
        return TextColumn(item, getattr(item, "__name__", ""))
    name = str(item)
    level = f"{100 * table.level:g}%"
    left, right = theme.brackets[0], theme.brackets[1]
    known: dict[str, TextColumn] = {
        "study": TextColumn("study", theme.study_header, "left"),
        "tier": TextColumn(lambda row: row.tier, "Tier", "center"),
        "estimate": TextColumn(
            words.effects,
            f"{words.how.short} {left}{level} {table.interval}{right}",
            "right",
            side="right",
        ),
        "weight": TextColumn(
            lambda row: "" if math.isnan(row.weight) else words.plain(row.weight, 1),
            "Weight, %",
            "right",
            side="right",
        ),
        "reason": TextColumn(lambda row: row.reason, "Why not estimable", "left", side="right", width=2.4),
    }
    if name in known:
        return known[name]
    _check(name, table)
    return TextColumn(name, name.replace("_", " ").capitalize() if name.islower() else name)


def _check(name: str, table: Table) -> None:
    if name in ("study", "tier", "reason") or name in table.columns:
        return
    offered = ", ".join(["study", "tier", "estimate", "weight", "plot", "reason", *table.columns])
    raise InputError(f"no column {name!r} to show; there are: {offered}")


def texts(column: TextColumn, rows: Sequence[Row], decimal: str = ".") -> list[Any]:
    """Return what a column shows, row by row: parts, or lines of parts; an empty tuple where it is empty."""
    if column.key == "study":
        return [(row.label,) for row in rows]
    if callable(column.key):
        found = [column.key(row) if row.kind not in ("group", "note", "gap") else () for row in rows]
        return [(value,) if isinstance(value, str) and value else tuple(value) for value in found]
    values = [row.cells.get(column.key) for row in rows]
    return [
        () if _empty(value) else (text,)
        for value, text in zip(values, _show(values, column, decimal), strict=True)
    ]


def _show(values: Sequence[Any], column: TextColumn, decimal: str) -> list[str]:
    if callable(column.fmt):
        return ["" if _empty(value) else str(column.fmt(value)) for value in values]
    if column.fmt is not None:
        return ["" if _empty(value) else format(value, column.fmt).replace(".", decimal) for value in values]
    numeric = [float(value) for value in values if _is_number(value)]
    digits = max((_digits(value) for value in numeric), default=0)
    return [
        ""
        if _empty(v)
        else minus(number(float(v), digits)).replace(".", decimal)
        if _is_number(v)
        else str(v)
        for v in values
    ]


def alignment(column: TextColumn, values: Sequence[Any]) -> Align:
    """Numbers to the right, words to the left, unless the column says otherwise."""
    if column.align is not None:
        return column.align
    known = [value for value in values if not _empty(value)]
    return "right" if known and all(_is_number(value) for value in known) else "left"


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | np.number)
        and not isinstance(value, bool | np.bool_)
        and not _empty(value)
    )


def _empty(value: Any) -> bool:
    return value is None or value != value


def _digits(value: float) -> int:
    text = f"{value:.3f}".rstrip("0")
    return len(text) - text.index(".") - 1


def _plain(value: Any) -> str:
    return f"{float(value):g}" if _is_number(value) else str(value)
