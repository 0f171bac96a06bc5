"""The funnel plot: ``meta.funnel``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments, check_share, pair
from meta.effects.intake import data_of
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.axis import Reading, reading
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    center_of,
    effect_axis,
    exact_rows,
    finished,
    how_read,
    legend,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.figure import FigureResult, style
from meta.plots.point_labels import place_names
from meta.plots.residual_funnel import residual_funnel
from meta.plots.significance_funnel import affirmative_funnel
from meta.plots.themes import Theme, as_theme
from meta.results.abilities import EffectsOnly, Imputed, RobustErrors, WithMarginal, WorstCase

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["funnel"]


@keywords
def funnel(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    contours: Sequence[float] | bool = (0.90, 0.95, 0.99),
    filled: Any = None,
    center: float | None = None,
    null: float | None = None,
    level: float = 0.95,
    label: bool | Sequence[int] = False,
    measure: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw effects against their standard errors, with the regions in which they would be significant.

    Studies missing only from the regions of no significance hint at selection by significance; studies
    missing from one side whatever their significance hint at something else.

    Parameters
    ----------
    result : object
        A fit or effect sizes; rows that are not exactly known are left out and counted in the alt text. Or a
        trim-and-fill result: its own fit is the centre, and filled-in studies are drawn open. Or a fit with
        moderators: its residuals are drawn, see :func:`meta.plots.residual_funnel.residual_funnel`. Or the
        result of ``meta.bias.significance_funnel``: affirmative studies, the others, and the mean of each.
    yi, vi, sei, study : optional
        As in :func:`meta.pool`, in place of the first argument.
    contours : sequence of float or bool
        Levels of significance regions around no effect; False for none.
    filled : object, optional
        Imputed studies, drawn open: a pair (effects, variances), or a trim-and-fill result that holds them.
    center : float, optional
        Axis of the funnel, on the model scale; by default the pooled estimate.
    null : float, optional
        No effect, on the model scale.
    level : float
        Of the funnel's lines, within which studies would lie without heterogeneity.
    label : bool or sequence of int
        Write the study beside its point: all, or these positions, as far as there is room.
    measure : str, optional
        Code of the measure, where the result has none.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Peters JL et al. (2008). J Clin Epidemiol 61:991-996. https://doi.org/10.1016/j.jclinepi.2007.11.010
    Sterne JAC, Egger M (2001). J Clin Epidemiol 54:1046-1055. https://doi.org/10.1016/S0895-4356(01)00377-8

    Examples
    --------
    >>> from meta import EffectSizes
    >>> plot = funnel(EffectSizes([0.1, 0.5, -0.2], [0.04, 0.09, 0.02], "SMD", ["A", "B", "C"]))
    >>> plot.to_frame()["sei"].round(2).tolist()
    [0.2, 0.3, 0.14]
    """
    check_arguments(funnel, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study)
    if isinstance(result, RobustErrors) and result.fit is not None:
        result = result.fit  # robust errors change no point and no centre
    if isinstance(result, WithMarginal) and np.size(result.beta) > 1:
        return residual_funnel(result, level=level, label=label, theme=theme, title=title, ax=ax)
    look = as_theme(theme)
    if isinstance(result, WorstCase):
        return affirmative_funnel(result, measure=measure, look=look, title=title, ax=ax)
    if isinstance(result, Imputed):
        filled, result = result, result.fit if filled is None else result.original
    effects = exact_rows(result)
    if filled is not None and filled is not result and getattr(filled, "fit", None) is result:
        effects = effects.subset(~np.asarray(filled.filled, dtype=bool))
    y, se = np.asarray(effects.yi, dtype=float), np.sqrt(np.asarray(effects.vi, dtype=float))
    how = how_read(result) if measure is None else reading(measure)
    zero = how.null if null is None else null
    middle = center if center is not None else center_of(result)
    if middle is None:
        middle = float(np.average(y, weights=1 / se**2))
    extra_y, extra_se = _filled(filled)
    usual_se = se[se <= 20 * np.median(se)]
    tall = 1.08 * float(max(usual_se.max(), extra_se.max(initial=0.0)))
    inner = usual(y, 6 * float(np.median(se)))
    levels = (0.90, 0.95, 0.99) if contours is True else () if contours is False else tuple(contours)
    for value in levels:
        check_share(value, "contours")
    with style():
        figure, axes = canvas((6.2, 4.2), look, ax)
        z = float(ndtri(0.5 + level / 2))
        widest = z * tall
        near = y[(y >= inner[0]) & (y <= inner[1])]
        ends = spread([*near, *extra_y, middle - widest, middle + widest], zero)
        if levels and zero is not None:
            _contours(axes, zero, levels, tall, ends, look)
        axes.plot(
            [middle - widest, middle, middle + widest],
            [tall, 0, tall],
            color=look.text,
            lw=0.9,
            ls=(0, (4, 2)),
        )
        axes.plot([middle, middle], [0, tall], color=look.pooled, lw=1.1).pop().set_gid("pooled")
        if zero is not None and not levels:
            axes.axvline(zero, color=look.text, lw=0.7)
        points = axes.plot(
            y,
            se,
            ls="none",
            marker="o",
            ms=5,
            color=look.study,
            mec=look.background,
            mew=0.5,
            label="Study",
            zorder=4,
        )
        points[0].set_gid("studies")
        if extra_y.size:
            axes.plot(
                extra_y,
                extra_se,
                ls="none",
                marker="o",
                ms=5,
                mfc=look.background,
                mec=look.pooled,
                label="Imputed",
                zorder=4,
            )[0].set_gid("filled")
        effect_axis(axes, ends, how, look, inches=4.2)
        axes.set_ylim(tall, 0)
        gone = at_edge(axes, y, se, look.study)
        words(axes, look, x=axis_name(how), y="Standard error", title=title)
        if levels or extra_y.size:
            legend(axes, look, beside=ax is None)
        which = range(y.size) if label is True else () if label is False else [int(i) for i in label]
        unnamed = place_names(axes, effects.study, y, se, which, look)
    table = {
        "study": [*effects.study, *["imputed"] * extra_y.size],
        "estimate": [*y, *extra_y],
        "sei": [*se, *extra_se],
        "imputed": [False] * y.size + [True] * extra_y.size,
    }
    text = _describe(how, y, se, middle, extra_y, result) + beyond_words(gone)
    if unnamed:
        text += f" {unnamed} labels omitted (no space)."
    return finished(figure, axes, title or "Funnel plot", text, table)


def _filled(filled: Any) -> tuple[np.ndarray, np.ndarray]:
    if filled is None:
        return np.empty(0), np.empty(0)
    if isinstance(filled, Imputed):
        added = filled.fit.effects.subset(np.asarray(filled.filled, dtype=bool))
        return np.asarray(added.yi), np.sqrt(added.vi)
    inner = filled
    if isinstance(inner, EffectsOnly):
        y, v = inner.yi, inner.vi
    else:
        try:
            y, v = inner
        except (TypeError, ValueError):
            raise InputError(
                "filled must be a pair (effects, variances), or a result that holds imputed studies"
            ) from None
    if np.size(y) == 0:
        return np.empty(0), np.empty(0)
    y, v = pair((y, v), "filled", "effects, variances")
    return y, np.sqrt(v)


def _contours(
    axes: Axes, zero: float, levels: Sequence[float], tall: float, ends: tuple[float, float], look: Theme
) -> None:
    """Shade the regions between neighbouring levels of significance, on both sides of no effect."""
    se = np.array([0.0, tall])
    ordered = sorted(levels)
    shades = ["#D9DEE4", "#E6EAEE", "#F1F3F6"] if look.name != "dark" else ["#3A424D", "#2F3640", "#262C34"]
    z = [float(ndtri(0.5 + value / 2)) for value in ordered]
    for i, (value, inner) in enumerate(zip(ordered, z, strict=True)):
        outer = z[i + 1] if i + 1 < len(z) else None
        high = 1 - value
        name = f"{1 - ordered[i + 1]:.2g} < p < {high:.2g}" if outer is not None else f"p < {high:.2g}"
        for side in (-1, 1):
            far = se * outer if outer is not None else np.full(2, 10 * (ends[1] - ends[0]) + inner * tall)
            axes.fill_betweenx(
                se,
                zero + side * inner * se,
                zero + side * far,
                color=shades[min(i, 2)],
                lw=0,
                zorder=0.5,
                label=name if side == 1 else None,
            )
    axes.axvline(zero, color=look.text, lw=0.7, zorder=1).set_gid("null")


def _describe(
    how: Reading, y: np.ndarray, se: np.ndarray, middle: float, extra: np.ndarray, result: Any
) -> str:
    noun = "study" if y.size == 1 else "studies"
    text = [f"Funnel plot of {y.size} {noun} ({how.name}), around {shown(how.back(middle))}."]
    text.append(f"Standard errors from {shown(se.min())} to {shown(se.max())}.")
    left = int(np.sum(y < middle))
    text.append(f"{left} lie left and {y.size - left} right of the centre.")
    if extra.size:
        text.append(f"{extra.size} imputed.")
    effects = getattr(result, "effects", result)
    hidden = len(effects.yi) - y.size
    if hidden:
        text.append(f"{hidden} without an exactly known effect not drawn.")
    return " ".join(text)
