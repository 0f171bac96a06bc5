"""Curves of p-values and likelihoods: compatibility, drapery, profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from meta.arguments import check_arguments, pair
from meta.effects.intake import data_of
from meta.errors import InputError
from meta.formatting import p_equation
from meta.keywords import keywords
from meta.plots.axis import reading
from meta.plots.chart import (
    axis_name,
    canvas,
    center_of,
    effect_axis,
    exact_rows,
    finished,
    how_read,
    legend,
    numbers,
    reach,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.figure import FigureResult, style
from meta.plots.text_size import font
from meta.plots.themes import Theme, as_theme
from meta.results.abilities import Compatible, WithInterval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["compatibility", "drapery", "profile"]


@keywords
def compatibility(
    curve: Any,
    *,
    marks: Mapping[str, float] | None = None,
    measure: str | None = None,
    level: float = 0.95,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the p-value of every possible mean effect: how compatible each is with the data.

    Parameters
    ----------
    curve : fit or (x, p)
        A fit with ``p_value_at``, or the curve itself on the model scale.
    marks : mapping of str to float, optional
        Values to point out, such as the claimed one; by default no effect.
    measure : str, optional
        Code of the measure, where ``curve`` is a pair of arrays.
    level : float
        Of the interval that is drawn where it cuts the curve.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Rafi Z, Greenland S (2020). BMC Med Res Methodol 20:244. https://doi.org/10.1186/s12874-020-01105-9

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import ndtr
    >>> x = np.linspace(-2, 1, 301)
    >>> plot = compatibility((x, 2 * ndtr(-abs(x + 0.5) / 0.25)), marks={"no effect": 0.0})
    >>> plot.alt_text[plot.alt_text.index("highest"):]
    'highest at −0.50; 95% interval −0.99 to −0.01. no effect (0.00): p = 0.046.'
    """
    check_arguments(compatibility, locals())
    look = as_theme(theme)
    if isinstance(curve, Compatible):
        how = how_read(curve) if measure is None else reading(measure)
        wide = 2.6 * max(curve.ci_high - curve.estimate, 1e-9)
        ends = spread([curve.estimate - wide, curve.estimate + wide], *(marks or {}).values(), pad=0.03)
        x = np.unique(np.append(np.linspace(*ends, 401), curve.estimate))
        p = np.array([curve.p_value_at(float(value)) for value in x])
    else:
        how = reading(measure or "GEN")
        x, p = pair(curve, "curve", "x, p")
        ends = float(x.min()), float(x.max())
    if marks is None:
        marks = {} if how.null is None else {"no effect": how.null}
    above = x[p >= 1 - level]
    with style():
        figure, axes = canvas((5.4, 3.8), look, ax)
        axes.fill_between(x, 0, p, color=look.study, alpha=0.14, lw=0)
        axes.plot(x, p, color=look.study, lw=1.8)[0].set_gid("curve")
        if above.size:
            axes.plot(
                [above[0], above[-1]], [1 - level] * 2, color=look.pooled_edge, lw=1.4, marker="|", ms=8
            )[0].set_gid("interval")
        colors = [look.text, look.claim, look.bound, look.prediction]
        values = []
        for i, (name, value) in enumerate(marks.items()):
            at = (
                float(curve.p_value_at(value))
                if isinstance(curve, Compatible)
                else float(np.interp(value, x, p, 0.0, 0.0))
            )
            values.append((name, value, at))
            dash = ("-", (0, (6, 1.5, 1.5, 1.5)), (0, (3, 2)), (0, (1, 1.5)))[i % 4]
            axes.axvline(value, color=colors[i % 4], lw=1.1, ls=dash, label=f"{name}: {p_equation(at)}")
            axes.plot([value], [at], marker="osD^"[i % 4], ms=5, color=colors[i % 4], ls="none", zorder=5)
        axes.set_ylim(0, 1.02)
        _surprisal(axes, look)
        effect_axis(axes, ends, how, look, inches=4.4)
        words(axes, look, x=axis_name(how), y="p-value (compatibility)", title=title)
        if marks:
            legend(axes, look, below=ax is None)
    top = float(x[int(np.argmax(p))])
    text = [f"Compatibility curve ({how.name}), highest at {shown(how.back(top))}"]
    if above.size:
        low, high = how.interval(_cross(x, p, 1 - level, 0), _cross(x, p, 1 - level, -1))
        text[0] += f"; {100 * level:g}% interval {shown(low)} to {shown(high)}"
    text[0] += "."
    text += [f"{name} ({shown(how.back(value))}): {p_equation(at)}." for name, value, at in values]
    return finished(
        figure,
        axes,
        title or "Compatibility curve",
        " ".join(text),
        {"x": x, "p_value": p, "surprisal": _bits(p)},
    )


def _cross(x: np.ndarray, p: np.ndarray, height: float, side: int) -> float:
    """Where a curve first (0) or last (-1) rises through a height."""
    inside = np.flatnonzero(p >= height)
    i = int(inside[side])
    j = i - 1 if side == 0 else i + 1
    if j < 0 or j >= x.size:
        return float(x[i])
    return float(x[j] + (height - p[j]) / (p[i] - p[j]) * (x[i] - x[j]))


def _bits(p: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log2(p))


def _surprisal(axes: Axes, look: Theme) -> None:
    """A second scale: how many heads in a row would be as surprising."""
    right = axes.secondary_yaxis("right")
    bits = [0, 1, 2, 3, 4.32]
    right.set_yticks([2.0**-b for b in bits], ["0", "1", "2", "3", "4.3"])
    right.tick_params(colors=look.muted, labelsize=look.small, length=3)
    right.set_ylabel("Surprisal (bits)", fontproperties=font(look.font_size), color=look.muted)
    right.spines["right"].set(color=look.rule)


@keywords
def drapery(
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
    """Draw the p-value curve of every study and of the pooled effect.

    Parameters
    ----------
    result : Pooled
        A fit with ``p_value_at``.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    level : float
        Marked by a horizontal line.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Rücker G, Schwarzer G (2021). Res Synth Methods 12:13-19. https://doi.org/10.1002/jrsm.1410
    """
    check_arguments(drapery, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    effects = exact_rows(result)
    y, se = np.asarray(effects.yi, dtype=float), np.sqrt(np.asarray(effects.vi, dtype=float))
    how = how_read(result)
    z = float(ndtri(0.5 + level / 2))
    sides = np.concatenate([y - z * se, y + z * se])
    inner = usual(sides, 6 * z * float(np.median(se)))
    inside = sides[(sides >= inner[0]) & (sides <= inner[1])]
    ends = spread(np.quantile(inside, [0.05, 0.95]), how.null, center_of(result), pad=0.05)
    if isinstance(result, WithInterval):
        ends = reach(ends, [result.ci_low, result.ci_high])
    x = np.linspace(*ends, 401)
    with style():
        figure, axes = canvas((5.6, 3.8), look, ax)
        weight = np.sqrt(se.min() / se)
        for i in range(y.size):
            p = 2 * ndtr(-np.abs(x - y[i]) / se[i])
            axes.plot(x, p, color=look.study, lw=0.6 + 0.7 * weight[i], alpha=0.25 + 0.45 * weight[i])[
                0
            ].set_gid(f"study-{i + 1}")
        pooled = np.full(x.size, np.nan)
        if isinstance(result, Compatible):
            pooled = np.array([result.p_value_at(float(value)) for value in x])
            axes.plot(x, pooled, color=look.pooled, lw=2.4, ls=(0, (6, 1)), label="Pooled")[0].set_gid(
                "pooled"
            )
            legend(axes, look)
        axes.axhline(1 - level, color=look.text, lw=0.8, ls=(0, (2, 2)))
        if how.null is not None:
            axes.axvline(how.null, color=look.text, lw=0.8)
        axes.set_ylim(0, 1.02)
        effect_axis(axes, ends, how, look, inches=4.8)
        words(axes, look, x=axis_name(how), y="p-value", title=title)
    noun = "study" if y.size == 1 else "studies"
    text = f"Drapery plot: p-value curves of {y.size} {noun} ({how.name}) and of the pooled effect."
    return finished(figure, axes, title or "Drapery plot", text, {"x": x, "pooled": pooled})


@keywords
def profile(
    curve: Any,
    *,
    estimate: float | None = None,
    interval: tuple[float, float] | None = None,
    level: float = 0.95,
    xlabel: str = "Heterogeneity variance τ²",
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw a profile log-likelihood, with the line under which values are less compatible with the data.

    Parameters
    ----------
    curve : (x, loglik) or table with columns ``x`` and ``loglik``
        The profile.
    estimate, interval : float, (float, float), optional
        Pointed out on it.
    level : float
        Of the cut, chi-squared with one degree of freedom.
    xlabel, theme, title, ax
        Words and looks.
    """
    check_arguments(profile, locals())
    look = as_theme(theme)
    if hasattr(curve, "columns"):
        x, loglik = numbers(curve, "x", "loglik")
    else:
        x, loglik = pair(curve, "curve", "x, loglik")
    if not np.ptp(x) > 0:
        raise InputError("curve has a single x; a profile needs several")
    drop = 0.5 * float(ndtri(0.5 + level / 2)) ** 2
    top = float(np.nanmax(loglik))
    with style():
        figure, axes = canvas((5.0, 3.4), look, ax)
        axes.plot(x, loglik, color=look.study, lw=1.8)[0].set_gid("profile")
        axes.axhline(
            top - drop, color=look.pooled_edge, lw=0.9, ls=(0, (4, 2)), label=f"{100 * level:g}% interval"
        )
        if estimate is not None:
            axes.axvline(estimate, color=look.text, lw=0.9, label="Estimate")
        if interval is not None:
            axes.plot(interval, [top - drop] * 2, color=look.pooled, lw=3, marker="|", ms=9)
        axes.set_xlim(float(x.min()), float(x.max()))
        axes.set_ylim(max(float(np.nanmin(loglik)), top - 4 * drop) - 0.1 * drop, top + 0.3 * drop)
        words(axes, look, x=xlabel, y="Log-likelihood", title=title)
        legend(axes, look)
    at = float(x[int(np.nanargmax(loglik))])
    return finished(
        figure,
        axes,
        title or "Profile likelihood",
        f"Profile log-likelihood, highest at {shown(at, 3)}.",
        {"x": x, "loglik": loglik},
    )
