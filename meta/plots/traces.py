"""How answers move: with τ, with each further study, without each study, along the p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from meta.arguments import check_arguments, floats, need
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    dress,
    effect_axis,
    exact_rows,
    finished,
    heading,
    how_read,
    how_tabulated,
    legend,
    numbers,
    reach,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.point_labels import end_names
from meta.plots.text_size import font
from meta.plots.themes import DASHES, PALETTE, Theme, as_theme
from meta.results.abilities import Steps
from meta.results.protocols import is_posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cumulative", "influence", "tau_trace", "weight_function"]


@keywords
def tau_trace(
    result: Any,
    *,
    upper: float | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the mean effect and each study's own effect given τ, over the posterior of τ.

    Parameters
    ----------
    result : Posterior or fit
        Its exactly known effects are used, with a flat prior of the mean; a posterior adds its density of τ.
    upper : float, optional
        Largest τ.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Rubin DB (1981). J Educ Stat 6:377-401. https://doi.org/10.3102/10769986006004377
    """
    check_arguments(tau_trace, locals())
    look = as_theme(theme)
    effects = exact_rows(result)
    how = how_read(result)
    y, v = np.asarray(effects.yi, dtype=float), np.asarray(effects.vi, dtype=float)
    if upper is None:
        known = is_posterior(result)
        upper = float(result.ppf(0.995, of="tau")) if known else 2.0 * float(np.std(y)) + 1e-9
    if not 1e-12 < upper < 1e12:
        raise InputError(f"upper must be > 0 and no more than 1e12, not {upper:g}")
    tau = np.linspace(1e-6 * upper, upper, 201)
    w = 1 / (v[:, None] + tau**2)
    mu = (w * y[:, None]).sum(axis=0) / w.sum(axis=0)
    shrink = v[:, None] / (v[:, None] + tau**2)
    own = shrink * mu + (1 - shrink) * y[:, None]
    with style():
        figure, axes = canvas((5.8, 4.0), look, ax)
        density = np.full(tau.size, np.nan)
        if is_posterior(result):
            density = np.asarray(result.pdf(tau, of="tau"), dtype=float)
            behind = axes.twinx()
            behind.fill_between(tau, 0, density, color=look.rule, alpha=0.25, lw=0)
            behind.set_ylim(0, 2.6 * float(np.nanmax(density)))
            behind.set_facecolor("none")
            behind.set_yticks([])
            for side in behind.spines.values():
                side.set_visible(False)
            behind.set_zorder(axes.get_zorder() - 1)
        for i in range(y.size):
            axes.plot(tau, own[i], color=look.study, lw=0.9, alpha=0.75)[0].set_gid(f"study-{i + 1}")
        axes.plot(tau, mu, color=look.pooled, lw=2.2, ls=(0, (6, 1)))[0].set_gid("pooled")
        axes.set_xlim(0, upper)
        inner = usual(own[:, -1], 6 * float(np.median(np.sqrt(v))))
        inside = (own[:, -1] >= inner[0]) & (own[:, -1] <= inner[1])
        effect_axis(axes, spread([*own[inside].ravel(), *mu], how.null), how, look, inches=3.2, vertical=True)
        words(axes, look, x="Heterogeneity τ", y=axis_name(how), title=title)
        gone = at_edge(axes, np.full(y.size, upper), own[:, -1], look.study)
        names = [*(str(name) for name in effects.study), "Mean effect"]
        end_names(axes, upper, np.append(own[:, -1], mu[-1]), names, look)
    noun = "study" if y.size == 1 else "studies"
    text = f"Mean effect (dashed) and the effects of {y.size} {noun} ({how.name}), "
    text += f"given τ from 0 to {shown(upper)}.{beyond_words(gone)}"
    return finished(figure, axes, title or "Trace over τ", text, {"tau": tau, "mean": mu, "density": density})


@keywords
def cumulative(
    table: Any,
    *,
    measure: str = "GEN",
    x: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw how the pooled effect and its interval moved as studies came in.

    Parameters
    ----------
    table : DataFrame
        Of ``meta.diagnostics.cumulative``: ``study``, ``estimate``, ``ci_low``, ``ci_high``.
    measure : str
        Code of the measure.
    x : str, optional
        A column to place studies by, such as a year; by default their number.
    theme, title, ax
        As in :func:`meta.forest`.
    """
    check_arguments(cumulative, locals())
    need(table, "table", "a table, such as meta.diagnostics.cumulative makes", "columns", "__getitem__")
    look, how = as_theme(theme), how_tabulated(table, measure)
    estimate, low, high = numbers(table, "estimate", "ci_low", "ci_high")
    place = np.arange(1.0, estimate.size + 1) if x is None else numbers(table, x)[0]
    with style():
        figure, axes = canvas((5.6, 3.6), look, ax)
        if estimate.size == 1:
            axes.plot([place[0]] * 2, [low[0], high[0]], color=look.pooled, lw=1.2)[0].set_gid("interval")
            axes.set_xlim(place[0] - 1, place[0] + 1)
        else:
            axes.fill_between(place, low, high, color=look.pooled, alpha=0.18, lw=0).set_gid("interval")
        axes.plot(place, estimate, color=look.pooled, lw=1.6, marker="D", ms=4)[0].set_gid("estimate")
        if how.null is not None:
            axes.axhline(how.null, color=look.text, lw=0.8)
        ends = reach(spread([*estimate, low[-1], high[-1]], how.null), [low, high], 0.4)
        effect_axis(axes, ends, how, look, inches=2.9, vertical=True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        words(axes, look, x=x or "Number of studies", y=axis_name(how), title=title)
    last = shown(how.back(float(estimate[-1])))
    noun = "study" if estimate.size == 1 else "studies"
    text = f"Cumulative meta-analysis of {estimate.size} {noun} ({how.name}), ending at {last}."
    names = [str(value) for value in table["study"]] if "study" in table else place
    return finished(
        figure,
        axes,
        title or "Cumulative meta-analysis",
        text,
        {"study": names, "estimate": estimate, "ci_low": low, "ci_high": high},
    )


@keywords
def influence(
    table: Any,
    *,
    columns: Sequence[str] | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw a panel of influence measures, study by study.

    Parameters
    ----------
    table : DataFrame
        Of ``meta.diagnostics.influence``; studies whose ``influential`` is true get another colour and shape.
    columns : sequence of str, optional
        What to draw; by default the usual ones, or else all numbers, at most eight.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Res Synth Methods 1:112-125. https://doi.org/10.1002/jrsm.11
    """
    check_arguments(influence, locals())
    need(table, "table", "a table, such as meta.diagnostics.influence makes", "columns", "__getitem__")
    look = as_theme(theme)
    names = [str(name) for name in table.columns]
    if columns is None:
        usual = ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "q", "hat", "weight")
        columns = [name for name in usual if name in names]
    if columns is None or len(columns) == 0:
        columns = [
            n
            for n in names
            if n not in ("study", "influential") and np.issubdtype(np.asarray(table[n]).dtype, np.number)
        ][:8]
    if not columns:
        raise InputError(f"the table has no column of numbers; it has: {', '.join(names)}")
    flagged = (
        np.asarray(table["influential"], dtype=bool)
        if "influential" in names
        else np.zeros(len(table), dtype=bool)
    )
    labels = (
        [str(value) for value in table["study"]]
        if "study" in names
        else [str(i + 1) for i in range(len(table))]
    )
    x = np.arange(1, len(table) + 1)
    down = -(-len(columns) // 2)
    with style():
        figure = new_figure(7.1, 1.35 * down + 0.5, look.background)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.05)
        panels = np.ravel(figure.subplots(down, 2, sharex=True, squeeze=False))
        for axes, name in zip(panels, columns, strict=False):
            dress(axes, look)
            values = numbers(table, name)[0]
            axes.plot(x, values, color=look.rule, lw=0.9, zorder=1)
            axes.plot(x[~flagged], values[~flagged], ls="none", marker="o", ms=3.6, color=look.study)
            axes.plot(x[flagged], values[flagged], ls="none", marker="D", ms=5, color=look.pooled)
            axes.set_title(name, fontproperties=font(look.small, True), color=look.text, loc="left", pad=2)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in panels[len(columns) :]:
            axes.set_axis_off()
        heading(figure, title, look)
    marked = [label for label, here in zip(labels, flagged, strict=True) if here]
    text = f"Influence of {len(labels)} studies in {len(columns)} measures; "
    text += f"influential: {', '.join(marked) or 'none'}."
    shown_columns = {name: numbers(table, name)[0] for name in columns}
    return finished(
        figure,
        tuple(panels[: len(columns)]),
        title or "Influence",
        text,
        {"study": labels, **shown_columns, "influential": flagged},
    )


@keywords
def weight_function(
    curves: Mapping[str, Any],
    *,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the relative probability of publication against the one-sided p-value.

    Parameters
    ----------
    curves : mapping of str to SelectionModel or (p, weight)
        One a selection model. A step function is given by the p-values between its steps and one weight more
        than those; with as many weights as p-values, they are points of a curve.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Vevea JL, Hedges LV (1995). Psychometrika 60:419-435. https://doi.org/10.1007/BF02294384

    Examples
    --------
    >>> plot = weight_function({"one step": ([0.025], [1.0, 0.3])})
    >>> plot.to_frame()["weight"].tolist()
    [1.0, 1.0, 0.3, 0.3]
    """
    check_arguments(weight_function, locals())
    if not curves:
        raise InputError("curves is empty: give at least one label with (p, weight)")
    look = as_theme(theme)
    table: dict[str, list[Any]] = {"model": [], "p": [], "weight": []}
    with style():
        figure, axes = canvas((5.0, 3.4), look, ax)
        for i, (name, curve) in enumerate(curves.items()):
            if not isinstance(curve, Steps) and not (isinstance(curve, (tuple, list)) and len(curve) == 2):
                raise InputError(f"the curve {name!r} must be a pair (p, weight) or a selection model")
            p, weight = (curve.steps[:-1], curve.weights) if isinstance(curve, Steps) else curve
            x, y = _steps(floats(p, "p"), floats(weight, "weight"), name)
            axes.plot(x, y, color=PALETTE[i % 6], ls=DASHES[i % 6], lw=1.8, label=name)[0].set_gid(
                f"model-{i + 1}"
            )
            table["model"] += [name] * x.size
            table["p"] += x.tolist()
            table["weight"] += y.tolist()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.08 * max(table["weight"]))
        words(axes, look, x="One-sided p-value", y="Relative probability of publication", title=title)
        legend(axes, look)
    noun = "model" if len(curves) == 1 else "models"
    text = "Relative probability of publication against the one-sided p-value "
    text += f"under {len(curves)} selection {noun}."
    return finished(figure, axes, title or "Weight functions", text, table)


def _steps(p: np.ndarray, weight: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A curve as it is; steps as corners."""
    if weight.size == p.size + 1:
        edges = np.concatenate([[0.0], p, [1.0]])
        return np.repeat(edges, 2)[1:-1], np.repeat(weight, 2)
    if weight.size != p.size:
        raise InputError(
            f"curve {name!r} has {p.size} p-values and {weight.size} weights: "
            "give as many, or one weight more"
        )
    return p, weight
