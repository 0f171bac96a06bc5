"""Dose-response curves with their bands, and residuals against the dose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, floats, need
from meta.errors import InputError
from meta.formatting import percent
from meta.keywords import keywords
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    effect_axis,
    finished,
    how_read,
    legend,
    reach,
    shown,
    spread,
    words,
)
from meta.plots.figure import FigureResult, style
from meta.plots.scatter import points as scattered
from meta.plots.themes import Theme, as_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["dose_residuals", "dose_response"]

GRID = 201
NEEDED = ("predict", "es", "dose", "origin", "seen", "basis", "reference_dose")


@keywords
def dose_response(
    curve: Any,
    *,
    points: bool = True,
    knots: bool = True,
    rug: bool = True,
    region: tuple[float, float] | None = None,
    to: float | None = None,
    xlabel: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw a dose-response curve with its pointwise interval and its simultaneous band.

    Parameters
    ----------
    curve : DoseResponse
        A fitted curve.
    points : bool
        Whether to draw each trial's arms, from its reference arm on the curve; areas go with precision.
    knots : bool
        Whether to mark the knots of a spline, or the place where a plateau begins.
    rug : bool
        Whether to mark the doses of all arms below.
    region : (low, high), optional
        Doses that a claim is about, shaded.
    to : float, optional
        Dose up to which the curve is drawn; beyond the doses seen it is dashed and has no band.
    xlabel, theme, title, ax
        Words and looks.

    References
    ----------
    Crippa A, Orsini N (2016). J Stat Softw 72. https://doi.org/10.18637/jss.v072.c01
    """
    check_arguments(dose_response, locals())
    need(curve, "curve", "a dose-response curve", *NEEDED)
    look, how = as_theme(theme), how_read(curve)
    low, high = curve.seen
    table = curve.predict(np.linspace(low, high, GRID))
    base = curve.predict(curve.origin)["estimate"].to_numpy()
    y, at = curve.es.yi + base, table["dose"].to_numpy()
    with style():
        figure, axes = canvas((5.6, 4.0), look, ax)
        _bands(axes, at, table, curve.level, look)
        if to is not None:
            _beyond(axes, curve, float(to), look)
        if points:
            _arms(axes, curve, y, base, look)
        _marks(axes, curve, knots, rug, region, look)
        axes.axhline(0.0 if how.null is None else how.null, color=look.text, lw=0.8, ls=(0, (3, 2)), zorder=1)
        ends = spread(table["estimate"], 0.0, *(y if points else ()))
        ends = reach(ends, np.concatenate([table["ci_low"], table["ci_high"]]), 0.5)
        effect_axis(axes, ends, how, look, inches=3.2, vertical=True)
        gone = at_edge(axes, curve.dose, y, look.study) if points else 0
        words(axes, look, x=xlabel or _dose_name(curve), y=axis_name(how), title=title)
        legend(axes, look)
    text = f"Curve of {how.name} against {curve.axis}, from {shown(low)} to {shown(high)}, with "
    text += f"{percent(curve.level)} interval and simultaneous band, {curve.n_trials} trials."
    columns = {name: table[name].to_numpy() for name in ("dose", "estimate", "ci_low", "ci_high")}
    columns |= {name: table[name].to_numpy() for name in ("band_low", "band_high")}
    return finished(figure, axes, title or "Dose-response curve", text + beyond_words(gone), columns)


def _dose_name(curve: Any) -> str:
    name = curve.axis.capitalize()
    return f"{name} ({curve.unit})" if curve.unit else name


def _bands(axes: Axes, at: np.ndarray, table: Any, level: float, look: Theme) -> None:
    share = percent(level)
    for name, color, alpha, label in (
        ("band", look.prediction, 0.16, f"{share} simultaneous band"),
        ("ci", look.pooled, 0.22, f"{share} pointwise interval"),
    ):
        axes.fill_between(
            at, table[f"{name}_low"], table[f"{name}_high"], color=color, alpha=alpha, lw=0, label=label
        )
    axes.plot(at, table["estimate"], color=look.pooled, lw=1.8, label="Curve")[0].set_gid("curve")


def _beyond(axes: Axes, curve: Any, to: float, look: Theme) -> None:
    """The curve beyond the doses seen, dashed."""
    high = curve.seen[1]
    if not to > high:
        raise InputError(f"to={to:g} must lie beyond the highest dose seen, {high:g}; leave it out otherwise")
    at = np.linspace(high, to, 41)
    dashed = axes.plot(at, curve.predict(at)["estimate"], color=look.pooled, lw=1.4, ls=(0, (4, 2)))[0]
    dashed.set(gid="beyond", label="Beyond the doses seen")


def _arms(axes: Axes, curve: Any, y: np.ndarray, base: np.ndarray, look: Theme) -> None:
    """Arms of each trial, joined with the reference arm, which stands on the curve."""
    for name in dict.fromkeys(curve.es.study):
        own = curve.es.study == name
        x = np.concatenate([curve.origin[own][:1], curve.dose[own]])
        joined = np.concatenate([base[own][:1], y[own]])
        order = np.argsort(x, kind="stable")
        axes.plot(x[order], joined[order], color=look.rule, lw=0.7, zorder=1.5)
    precision = 1 / curve.es.vi
    scattered(axes, curve.dose, y, look, s=12 + 150 * precision / precision.max(), alpha=0.65)


def _marks(axes: Axes, curve: Any, knots: bool, rug: bool, region: Any, look: Theme) -> None:
    places = {"rcs": curve.basis.values, "plateau": curve.basis.values[:1]}
    bends = places.get(curve.shape, ())
    for place in bends if knots else ():
        axes.axvline(place, color=look.rule, lw=0.8, ls=(0, (1, 2)), zorder=0.8).set_gid("knot")
    if region is not None:
        low, high = floats(region, "region", ndim=(1,))
        if not low < high:
            raise InputError(f"region runs from a lower to a higher dose, got {low:g} to {high:g}")
        band = axes.axvspan(low, high, color=look.claim, alpha=0.08, lw=0, zorder=0.5)
        band.set(gid="region", label=f"Claimed region, {low:g} to {high:g}")
    if rug:
        doses = np.unique(curve.doses)
        axes.plot(
            doses, np.zeros(len(doses)), ls="none", marker="|", ms=7, color=look.text,
            transform=axes.get_xaxis_transform(), clip_on=False, zorder=3,
        )[0].set_gid("rug")  # fmt: skip


@keywords
def dose_residuals(
    curve: Any,
    *,
    xlabel: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw decorrelated residuals against the dose: a curve through them shows lack of fit.

    Parameters
    ----------
    curve : DoseResponse
        A fitted curve.
    xlabel, theme, title, ax
        Words and looks.

    References
    ----------
    Discacciati A, Crippa A, Orsini N (2017). Res Synth Methods 8:149-160. https://doi.org/10.1002/jrsm.1194
    """
    check_arguments(dose_residuals, locals())
    need(curve, "curve", "a dose-response curve", "residuals", *NEEDED)
    look, table = as_theme(theme), curve.residuals()
    x, y = (table[name].to_numpy() for name in ("dose", "standardised"))
    with style():
        figure, axes = canvas((5.4, 3.6), look, ax)
        for place in (-1.96, 0.0, 1.96):
            axes.axhline(place, color=look.text, lw=0.8, ls="-" if place == 0 else (0, (3, 2)), zorder=1)
        scattered(axes, x, y, look, s=np.full(len(x), 28.0), alpha=0.7)
        axes.set_ylim(*spread(y, -2.2, 2.2))
        words(axes, look, x=xlabel or _dose_name(curve), y="Decorrelated residual", title=title)
    far = int(np.sum(np.abs(y) > 1.96))
    text = f"Decorrelated residuals of {len(x)} arms against {curve.axis}; {far} beyond 1.96."
    return finished(figure, axes, title or "Residuals against dose", text, {"dose": x, "residual": y})
