"""Many studies at a glance: orchard and caterpillar plots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments
from meta.effects.intake import data_of
from meta.errors import InputError, quiet
from meta.keywords import keywords
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    center_of,
    effect_axis,
    exact_rows,
    finished,
    folded,
    how_read,
    reach,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.common_scale import positions
from meta.plots.figure import FigureResult, style
from meta.plots.text_size import font
from meta.plots.themes import PALETTE, Theme, as_theme
from meta.results.abilities import Predictive, SeveralFits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["caterpillar", "orchard"]


@keywords
def orchard(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw groups with every study as a point: trunk (estimate), branch (interval) and twig (prediction).

    Parameters
    ----------
    result : fit, subgroups, or mapping of str to fit
        One line per group; the area of a point goes with its precision.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Nakagawa S et al. (2021). Res Synth Methods 12:4-12. https://doi.org/10.1002/jrsm.1424
    """
    check_arguments(orchard, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    fits = (
        dict(result.fits)
        if isinstance(result, SeveralFits)
        else dict(result)
        if isinstance(result, Mapping)
        else {"": result}
    )
    if not fits:
        raise InputError("no fit to draw: give at least one")
    first = next(iter(fits.values()))
    how = how_read(first)
    table: dict[str, list[Any]] = {"group": [], "study": [], "estimate": [], "vi": []}
    with style():
        figure, axes = canvas((5.8, 1.2 + 0.95 * len(fits)), look, ax)
        inside: list[float] = []
        wide: list[float] = []
        points: list[tuple[np.ndarray, np.ndarray]] = []
        largest = max(float(np.max(1 / np.sqrt(exact_rows(fit).vi))) for fit in fits.values())
        parts = []
        for row, (name, fit) in enumerate(fits.items()):
            effects = exact_rows(fit)
            y, v = np.asarray(effects.yi, dtype=float), np.asarray(effects.vi, dtype=float)
            own, y = y, positions(effects, y, how.size)
            color = PALETTE[row % 6]
            jitter = _quasi(y.size)
            axes.scatter(
                y,
                row + 0.3 * jitter,
                s=8 + 90 / np.sqrt(v) / largest,
                color=color,
                alpha=0.4,
                linewidths=0,
                zorder=2,
            ).set_gid(f"group-{row + 1}-studies")
            near = usual(y, 6 * float(np.median(np.sqrt(v))))
            inside += y[(y >= near[0]) & (y <= near[1])].tolist()
            points.append((y, row + 0.3 * jitter))
            interval, prediction = _branches(axes, fit, row, look)
            inside += interval
            wide += prediction
            axes.annotate(
                f"k = {y.size}",
                (1.0, row),
                xycoords=("axes fraction", "data"),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontproperties=font(look.small),
                color=look.muted,
                annotation_clip=False,
            )
            table["group"] += [name] * y.size
            table["study"] += list(effects.study)
            table["estimate"] += own.tolist()
            table["vi"] += v.tolist()
            parts.append(f"{name or 'All'}: {shown(how.back(center_of(fit) or 0.0))}, k = {y.size}.")
        if how.null is not None:
            axes.axvline(how.null, color=look.text, lw=0.8, zorder=1)
        axes.set_ylim(len(fits) - 0.45, -0.55)
        axes.set_yticks(range(len(fits)), [folded(str(name), 1.4, look.font_size, 3) for name in fits])
        axes.tick_params(axis="y", length=0, labelsize=look.font_size)
        effect_axis(axes, reach(spread(inside, how.null), wide), how, look, inches=4.4)
        gone = sum(at_edge(axes, x, y, PALETTE[row % 6]) for row, (x, y) in enumerate(points))
        for row in range(len(fits)):
            ends = wide[2 * row : 2 * row + 2]
            at_edge(axes, ends, [row] * len(ends), look.text)
        words(axes, look, x=axis_name(how), title=title)
    text = f"Orchard plot ({how.name}). {' '.join(parts)}{beyond_words(gone)}"
    return finished(figure, axes, title or "Orchard plot", text, table)


def _branches(axes: Axes, fit: Any, row: int, look: Theme) -> tuple[list[float], list[float]]:
    """Draw a group's interval and prediction interval, and return their ends (NaN where there is none)."""
    middle = center_of(fit)
    if middle is None:
        return [], [math.nan, math.nan]
    ends = [float(fit.ci_low), float(fit.ci_high)]
    wide = [math.nan, math.nan]
    if isinstance(fit, Predictive):
        with quiet():
            found = [float(end) for end in fit.prediction_interval()]
        if all(math.isfinite(end) for end in found):
            wide = found
            axes.plot(wide, [row, row], color=look.text, lw=1.0, zorder=3).pop().set_gid(
                f"group-{row + 1}-prediction"
            )
    axes.plot(ends, [row, row], color=look.text, lw=4.0, solid_capstyle="butt", zorder=3).pop().set_gid(
        f"group-{row + 1}-interval"
    )
    axes.plot(
        [middle], [row], marker="o", ms=9, mfc=look.background, mec=look.text, mew=1.6, ls="none", zorder=4
    )
    return ends, wide


def _quasi(k: int) -> np.ndarray:
    """Evenly spread positions in [-1, 1] that need no random numbers (multiples of the golden ratio)."""
    return 2 * np.mod(np.arange(1, k + 1) * 0.6180339887498949, 1.0) - 1


@keywords
def caterpillar(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    level: float = 0.95,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw all effects in order of size with their intervals and no labels, for hundreds of studies.

    Parameters
    ----------
    result : object
        A fit or effect sizes.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    level : float
        Of the studies' intervals.
    theme, title, ax
        As in :func:`meta.forest`.
    """
    check_arguments(caterpillar, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    effects = exact_rows(result)
    how = how_read(result)
    y, se = np.asarray(effects.yi, dtype=float), np.sqrt(np.asarray(effects.vi, dtype=float))
    order = np.argsort(y, kind="stable")
    half = float(ndtri(0.5 + level / 2)) * se
    own = y, y - half, y + half
    y, low, high = (positions(effects, values, how.size) for values in own)
    zero = how.null
    clear = np.zeros(y.size, dtype=bool) if zero is None else (low > zero) | (high < zero)
    everything = np.concatenate([low, high, y])
    near = usual(everything, 3 * float(np.median(half)))
    inside = everything[(everything >= near[0]) & (everything <= near[1])]
    row = np.empty(y.size)
    row[order] = np.arange(y.size)
    with style():
        figure, axes = canvas((5.0, min(9.0, 1.6 + 0.028 * y.size)), look, ax)
        for here, color in ((clear, look.study), (~clear, look.rule)):
            axes.hlines(row[here], low[here], high[here], color=color, lw=0.9, zorder=2)
        axes.plot(y, row, ls="none", marker="o", ms=2.4, color=look.text, zorder=3)[0].set_gid("studies")
        middle = center_of(result)
        if middle is not None:
            axes.axvspan(
                float(result.ci_low), float(result.ci_high), color=look.pooled, alpha=0.25, lw=0, zorder=1
            )
            axes.axvline(middle, color=look.pooled, lw=1.2, zorder=1.5).set_gid("pooled")
        if zero is not None:
            axes.axvline(zero, color=look.text, lw=0.8, zorder=1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_ylim(-1, y.size)
        ends = spread(inside, zero, middle)
        if middle is not None:
            ends = reach(ends, [float(result.ci_low), float(result.ci_high)])
        effect_axis(axes, ends, how, look, inches=4.4)
        for bound in (low, high):
            at_edge(axes, bound, row, look.study)
        gone = int(np.sum((y < ends[0]) | (y > ends[1])))
        words(axes, look, x=axis_name(how), title=title)
    count = int(clear.sum())
    noun = "study" if y.size == 1 else "studies"
    leave = "interval leaves" if count == 1 else "intervals leave"
    text = f"Caterpillar plot of {y.size} {noun} ({how.name}); {count} {leave} out no effect."
    text += beyond_words(gone)
    table = {
        "study": effects.study[order],
        "estimate": own[0][order],
        "ci_low": own[1][order],
        "ci_high": own[2][order],
    }
    return finished(figure, axes, title or "Caterpillar plot", text, table)
