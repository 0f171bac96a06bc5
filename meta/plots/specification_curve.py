"""The specification curve: one answer a defensible analysis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D

from meta.arguments import check_arguments
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.axis import reading
from meta.plots.chart import axis_name, dress, effect_axis, finished, numbers, shown, spread, words
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.figure_rows import ClaimMark
from meta.plots.text_size import font, width
from meta.plots.themes import Theme, as_theme
from meta.plots.verdict_page import CONCLUSIONS
from meta.results.abilities import Analyses

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["specification"]

_NUMBERS = frozenset(
    {
        "estimate",
        "low",
        "high",
        "ci_low",
        "ci_high",
        "se",
        "p_value",
        "probability",
        "k",
        "conclusion",
        "tau2",
        "tau",
        "p_claimed",
        "p_null",
        "departures",
        "primary",
    }
)
_NOT_MADE = "—"
_SHAPES = {"supported": "o", "inconclusive": "s", "contradicted": "D", "untestable": "X"}


@keywords
def specification(
    table: Any,
    *,
    choices: Sequence[str] | None = None,
    most: int = 250,
    measure: str | None = None,
    claim: ClaimMark | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw every analysis from the smallest to the largest estimate, with the choices behind each below.

    Parameters
    ----------
    table : Multiverse, DataFrame, mapping, or sequence of records
        With ``estimate``, and ``ci_low`` and ``ci_high`` (or ``low`` and ``high``); optionally
        ``conclusion``, and ``primary`` (true for the analysis to be ringed).
    choices : sequence of str, optional
        Columns of choices; by default all that hold words.
    most : int
        Analyses to draw; of more, the primary one and those at equal ranks. Without an estimate, none.
    measure : str, optional
        Code of the measure; by default the multiverse's, else "GEN".
    claim : ClaimMark, optional
        Claimed value, and the region of effects at least as large; by default the multiverse's.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Simonsohn U et al. (2020). Nat Hum Behav 4:1208-1214. https://doi.org/10.1038/s41562-020-0912-z

    Examples
    --------
    >>> analyses = {"estimate": [0.2, 0.1], "low": [0.0, -0.1], "high": [0.4, 0.3]}
    >>> plot = specification(analyses | {"prior": ["wide", "narrow"]})
    >>> plot.to_frame()["prior"].tolist()
    ['narrow', 'wide']
    """
    check_arguments(specification, locals())
    if isinstance(table, Analyses):
        measure = measure or str(table.analysis.measure)
        if claim is None and table.claimed is not None:
            claim = ClaimMark(table.claimed, table.region, f"claimed: {table.claim.short}")
        choices = list(table.choices) if choices is None else choices
        table = table.frame.assign(primary=np.arange(len(table)) == 0)
    if most < 2:
        raise InputError(f"most must be at least 2, not {most}")
    columns = _thinned(_columns(table), most)
    estimate = numbers(columns, "estimate")[0]
    names = ("ci_low", "ci_high") if "ci_low" in columns else ("low", "high")
    low, high = numbers(columns, *names)
    if estimate.size == 0:
        raise InputError("the table of analyses has no estimate: there is nothing to draw")
    order = np.argsort(np.where(np.isnan(estimate), np.inf, estimate), kind="stable")
    if choices is None:
        choices = [
            n
            for n, v in columns.items()
            if n not in _NUMBERS and not all(isinstance(x, int | float) for x in v)
        ]
    unknown = [name for name in choices if name not in columns]
    if unknown:
        raise InputError(f"choices: no column {unknown[0]!r}; it has: {', '.join(columns)}")
    lines = [
        (name, value)
        for name in choices
        for value in dict.fromkeys(map(str, columns[name]))
        if value != _NOT_MADE
    ]
    look, how = as_theme(theme), reading(measure or "GEN")
    verdict = [str(x) for x in columns["conclusion"]] if "conclusion" in columns else [""] * estimate.size
    with style():
        tall = 2.7 + 0.17 * len(lines)
        label = max([width(value, 7.0) for _, value in lines], default=0.5)
        head = max([width(name, 7.0, True) for name in choices], default=0.0)
        wide = min(9.0, max(4.4, 0.055 * estimate.size + 1.5)) + label + head + 0.3
        figure = new_figure(wide, tall, look.background)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.05)
        if lines:
            top, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.3, 0.17 * len(lines) + 0.05])
        else:
            top, below = figure.subplots(), None
        dress(top, look)
        _curve(
            top, estimate[order], low[order], high[order], [verdict[i] for i in order], claim, how.null, look
        )
        ends = _ends(estimate, low, high, how.null, claim)
        effect_axis(top, ends, how, look, inches=2.2, vertical=True)
        words(top, look, y=axis_name(how), title=title)
        _beyond(top, low[order], high[order], look)
        if "primary" in columns:
            ringed = np.flatnonzero([bool(columns["primary"][i]) for i in order])
            ring = top.plot(ringed, estimate[order][ringed], ls="none", marker="o", ms=9, mfc="none").pop()
            ring.set(mec=look.text, mew=1.2, gid="primary")
        top.tick_params(axis="x", length=0, labelbottom=False)
        top.set_xlim(-0.8, estimate.size - 0.2)
        if below is not None:
            _matrix(below, columns, lines, order, look)
        else:
            words(top, look, x="Analysis")
    result = {name: [values[i] for i in order] for name, values in columns.items()}
    axes = (top, below) if below is not None else (top,)
    return finished(figure, axes, title or "Specification curve", _describe(estimate, verdict, how), result)


def _columns(table: Any) -> dict[str, list[Any]]:
    if hasattr(table, "columns"):
        return {str(name): table[name].tolist() for name in table.columns}
    if isinstance(table, Mapping):
        return {str(name): np.atleast_1d(np.asarray(values)).tolist() for name, values in table.items()}
    if not isinstance(table, Iterable):
        raise InputError(
            f"table must be a multiverse, a table or a list of results, not {type(table).__name__}"
        )
    records = list(table)
    if not records:
        raise InputError("the table of analyses is empty: there is nothing to draw")
    first = records[0]
    if isinstance(first, Mapping):
        return {name: [record[name] for record in records] for name in first}
    fields = list(getattr(first, "__dataclass_fields__", ()) or getattr(first, "__slots__", ()))
    return {name: [getattr(record, name) for record in records] for name in fields}


def _thinned(columns: dict[str, list[Any]], most: int) -> dict[str, list[Any]]:
    """Leave out analyses without an estimate, and of too many all but the primary one and equal ranks."""
    estimate = numbers(columns, "estimate")[0]
    if estimate.size <= most:
        return columns
    known = np.flatnonzero(np.isfinite(estimate))
    ranked = known[np.argsort(estimate[known], kind="stable")]
    ranks = np.unique(np.linspace(0, ranked.size - 1, most).round().astype(int))
    first = [i for i in known if columns.get("primary", [False] * estimate.size)[i]]
    kept = np.unique([*ranked[ranks], *first])
    return {name: [values[i] for i in kept] for name, values in columns.items()}


def _ends(
    estimate: np.ndarray, low: np.ndarray, high: np.ndarray, null: float | None, claim: ClaimMark | None
) -> tuple[float, float]:
    """Ends of the axis: all estimates, and the intervals but for the widest tenth on either side."""
    if estimate.size > 20:
        low, high = np.maximum(low, np.nanquantile(low, 0.1)), np.minimum(high, np.nanquantile(high, 0.9))
    return spread(np.stack([estimate, low, high]), null, None if claim is None else claim.value)


def _beyond(axes: Axes, low: np.ndarray, high: np.ndarray, look: Theme) -> None:
    """Point out at the edge the intervals that reach beyond it."""
    bottom, top = axes.get_ylim()
    for edge, marker, out in ((bottom, 7, low < bottom), (top, 6, high > top)):
        where = np.flatnonzero(out)
        if where.size:
            at = np.full(where.size, edge)
            axes.plot(where, at, ls="none", marker=marker, ms=3, color=look.muted, clip_on=False)


def _curve(
    axes: Axes,
    estimate: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    verdict: Sequence[str],
    claim: ClaimMark | None,
    null: float | None,
    look: Theme,
) -> None:
    x = np.arange(estimate.size)
    if null is not None:
        axes.axhline(null, color=look.text, lw=0.8)
    handles = []
    if claim is not None:
        axes.axhline(claim.value, color=look.claim, lw=1.2, ls=(0, (6, 1.5, 1.5, 1.5))).set_gid("claim")
        if claim.region is not None:
            ends = _ends(estimate, low, high, null, claim)
            axes.axhspan(
                max(claim.region[0], ends[0]),
                min(claim.region[1], ends[1]),
                color=look.band,
                alpha=0.14,
                lw=0,
            )
        handles.append(
            Line2D([], [], color=look.claim, lw=1.2, ls=(0, (6, 1.5, 1.5, 1.5)), label=claim.label)
        )
    for kind in dict.fromkeys(verdict):
        here = np.array([v == kind for v in verdict])
        color = CONCLUSIONS[kind][1] if kind in CONCLUSIONS else look.study
        marker = _SHAPES.get(kind, "o")
        _strokes(axes, x[here], low[here], high[here], color=color, lw=1.1, alpha=0.75)
        axes.plot(x[here], estimate[here], ls="none", marker=marker, ms=3.8, color=color).pop().set_gid(
            f"analyses-{kind or 'all'}"
        )
        if kind:
            handles.append(
                Line2D([], [], color=color, marker=marker, ms=4, lw=1.1, label=f"{kind} ({here.sum()})")
            )
    if handles:
        axes.legend(
            handles=handles,
            prop=font(look.small),
            labelcolor=look.text,
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )


def _strokes(axes: Axes, x: np.ndarray, low: Any, high: Any, **look: Any) -> None:
    """Draw upright strokes as one path, which keeps a file of thousands of them small."""
    ends = np.full((3, x.size), np.nan)
    ends[0], ends[1] = low, high
    axes.plot(np.repeat(x.astype(float), 3), ends.T.ravel(), solid_capstyle="butt", **look)


def _matrix(
    axes: Axes,
    columns: Mapping[str, Sequence[Any]],
    lines: Sequence[tuple[str, str]],
    order: np.ndarray,
    look: Theme,
) -> None:
    """One line a possible choice, a stroke where an analysis made it."""
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_facecolor("none")
    for row, (name, value) in enumerate(lines):
        made = np.array([str(columns[name][i]) == value for i in order])
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color=look.zebra, lw=0, zorder=0)
        where = np.flatnonzero(made)
        _strokes(axes, where, row - 0.28, row + 0.28, color=look.study, lw=1.4, zorder=3)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_yticks(range(len(lines)), [value for _, value in lines])
    axes.tick_params(axis="y", length=0, labelsize=7.0, colors=look.text)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    start = 0
    for name in dict.fromkeys(name for name, _ in lines):
        count = sum(n == name for n, _ in lines)
        if start:
            axes.axhline(start - 0.5, color=look.rule, lw=0.6)
        middle = start + 0.5 * (count - 1)
        axes.annotate(
            name,
            (1.0, middle),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontproperties=font(7.0, True),
            color=look.muted,
            annotation_clip=False,
        )
        start += count


def _describe(estimate: np.ndarray, verdict: Sequence[str], how: Any) -> str:
    known = estimate[np.isfinite(estimate)]
    text = f"Specification curve of {estimate.size} analyses ({how.name})."
    if known.size:
        ends = how.interval(float(known.min()), float(known.max()))
        middle = how.back(float(np.median(known)))
        text += f" Estimates from {shown(ends[0])} to {shown(ends[1])}, median {shown(middle)}."
    counts = {kind: sum(v == kind for v in verdict) for kind in dict.fromkeys(verdict) if kind}
    if counts:
        text += " " + ", ".join(f"{kind} in {n}" for kind, n in counts.items()) + "."
    return text
