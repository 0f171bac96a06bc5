"""Charts in which a study is a point: Baujat, radial, L'Abbé, normal quantiles, GOSH."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments, floats, need, one_each
from meta.effects.intake import data_of
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import (
    axis_name,
    canvas,
    center_of,
    effect_axis,
    exact_rows,
    finished,
    how_read,
    how_tabulated,
    legend,
    numbers,
    shown,
    spread,
    words,
)
from meta.plots.figure import FigureResult, style
from meta.plots.point_labels import place_names
from meta.plots.themes import Theme, as_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["baujat", "gosh", "labbe", "qq", "radial"]


def points(axes: Axes, x: Any, y: Any, look: Theme, *, s: Any = 28, alpha: float = 1.0) -> None:
    found = axes.scatter(
        x, y, s=s, color=look.study, edgecolors=look.background, linewidths=0.6, alpha=alpha, zorder=4
    )
    found.set_gid("studies")


@keywords
def baujat(
    table: Any,
    *,
    label: int = 3,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw each study's part in the heterogeneity against its influence on the pooled effect.

    Parameters
    ----------
    table : DataFrame
        Of ``meta.diagnostics.baujat``: the label in ``study``, then ``q_contribution`` (or ``x``) and
        ``influence`` (or ``y``).
    label : int
        How many of the farthest studies are named.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Baujat B et al. (2002). Stat Med 21:2641-2652. https://doi.org/10.1002/sim.1221
    """
    check_arguments(baujat, locals())
    need(table, "table", "a table, such as meta.diagnostics.baujat makes", "columns", "__getitem__")
    look = as_theme(theme)
    known = {str(name) for name in table.columns}
    first = next(
        (name for name in ("q_contribution", "heterogeneity", "x") if name in known), "q_contribution"
    )
    second = next((name for name in ("influence", "y") if name in known), "influence")
    x, y = numbers(table, first, second)
    labels = (
        [str(value) for value in table["study"]] if "study" in known else [str(i + 1) for i in range(x.size)]
    )
    far = np.argsort(-np.hypot(x / max(np.nanmax(x), 1e-300), y / max(np.nanmax(y), 1e-300)), kind="stable")[
        :label
    ]
    with style():
        figure, axes = canvas((5.2, 3.8), look, ax)
        points(axes, x, y, look)
        axes.set_xlim(*spread(x, 0.0, pad=0.1))
        axes.set_ylim(*spread(y, 0.0, pad=0.1))
        words(axes, look, x="Contribution to Q", y="Influence on the pooled effect", title=title)
        place_names(axes, labels, x, y, far.tolist(), look)
    text = f"Baujat plot of {x.size} studies; the most influential are {', '.join(labels[i] for i in far)}."
    return finished(figure, axes, title or "Baujat plot", text, {"study": labels, "x": x, "y": y})


@keywords
def radial(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    label: Sequence[int] = (),
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw standardised effects against precision (Galbraith plot); a line through the origin is an effect.

    Parameters
    ----------
    result : object
        A fit or effect sizes. A random-effects fit adds tau2 to every variance.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    label : sequence of int
        Positions of studies to name.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Galbraith RF (1988). Technometrics 30:271-281. https://doi.org/10.1080/00401706.1988.10488400
    """
    check_arguments(radial, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    effects = exact_rows(result)
    how = how_read(result)
    tau2 = float(getattr(result, "tau2", 0.0))
    v = np.asarray(effects.vi, dtype=float) + (tau2 if np.isfinite(tau2) else 0.0)
    y = np.asarray(effects.yi, dtype=float)
    x, z = 1 / np.sqrt(v), y / np.sqrt(v)
    middle = center_of(result)
    slope = float(np.average(y, weights=1 / v)) if middle is None else middle
    far = 1.08 * float(x.max())
    with style():
        figure, axes = canvas((5.2, 4.0), look, ax)
        grid = np.array([0.0, far])
        axes.fill_between(
            grid, slope * grid - 1.96, slope * grid + 1.96, color=look.pooled, alpha=0.13, lw=0, label="±1.96"
        )
        axes.plot(
            grid, slope * grid, color=look.pooled, lw=1.4, label=f"{how.short} {shown(how.back(slope))}"
        )[0].set_gid("pooled")
        axes.axhline(0, color=look.text, lw=0.8)
        points(axes, x, z, look)
        axes.set_xlim(0, far)
        axes.set_ylim(*spread([*z, slope * far - 1.96, slope * far + 1.96], -2.0, 2.0))
        words(
            axes,
            look,
            x="Precision (1 / SE)" if tau2 == 0 else "Precision, 1 / √(v + τ²)",
            y="Standardised effect",
            title=title,
        )
        legend(axes, look)
        place_names(axes, effects.study, x, z, label, look)
    outside = int(np.sum(np.abs(z - slope * x) > 1.96))
    text = f"Radial plot of {y.size} studies ({how.name}); "
    text += f"{outside} lie more than 1.96 from the line of {shown(how.back(slope))}."
    return finished(
        figure, axes, title or "Radial plot", text, {"study": effects.study, "precision": x, "z": z}
    )


@keywords
def labbe(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    label: Sequence[int] = (),
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the risk in the treated against that in the control group.

    Parameters
    ----------
    result : object
        Effect sizes (or a fit of them) that come from ``events1 n1 events2 n2``.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    label : sequence of int
        Positions of studies to name.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    L'Abbé KA et al. (1987). Ann Intern Med 107:224-233. https://doi.org/10.7326/0003-4819-107-2-224
    """
    check_arguments(labbe, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    effects = getattr(result, "effects", result)
    need(effects, "result", "effect sizes of 2x2 tables, or a fit of them", "inputs")
    inputs = {**getattr(effects, "columns", {}), **getattr(effects, "inputs", {})}
    missing = [name for name in ("events1", "n1", "events2", "n2") if name not in inputs]
    if missing:
        raise InputError(
            f"a L'Abbé plot needs {missing[0]}: give effects computed from events1, n1, events2 and n2"
        )
    e1, n1, e2, n2 = numbers(inputs, "events1", "n1", "events2", "n2")
    treated, control = e1 / n1, e2 / n2
    high = min(1.0, 1.1 * float(np.nanmax([treated, control])))
    with style():
        figure, axes = canvas((4.6, 4.4), look, ax)
        axes.plot([0, high], [0, high], color=look.text, lw=0.9, label="No difference")[0].set_gid("null")
        middle, code = center_of(result), str(getattr(effects, "measure", ""))
        if middle is not None and code in _RISKS:
            grid = np.linspace(1e-6, high * 0.9999, 201)
            axes.plot(
                grid,
                _RISKS[code](grid, middle),
                color=look.pooled,
                lw=1.6,
                ls=(0, (5, 2)),
                label="Pooled effect",
            )[0].set_gid("pooled")
        points(axes, control, treated, look, s=14 + 180 * (n1 + n2) / np.nanmax(n1 + n2), alpha=0.6)
        axes.set(xlim=(0, high), ylim=(0, high))
        axes.set_aspect("equal", adjustable="box")
        words(axes, look, x="Risk, control", y="Risk, treated", title=title)
        legend(axes, look, loc="upper left")
        place_names(axes, effects.study, control, treated, label, look)
    lower = int(np.sum(treated < control))
    text = f"L'Abbé plot of {treated.size} studies; the risk is lower with treatment in {lower}."
    return finished(
        figure,
        axes,
        title or "L'Abbé plot",
        text,
        {"study": effects.study, "control": control, "treated": treated},
    )


_RISKS = {
    "RR": lambda p, effect: np.minimum(p * np.exp(effect), 1.0),
    "OR": lambda p, effect: 1 / (1 + (1 - p) / p * np.exp(-effect)),
    "RD": lambda p, effect: np.clip(p + effect, 0.0, 1.0),
}


@keywords
def qq(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    label: Sequence[int] = (),
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw standardised deviations from the pooled effect against normal quantiles.

    Parameters
    ----------
    result : object
        A fit; deviations are divided by sqrt(v + tau2).
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    label : sequence of int
        Positions of studies to name.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Wang MC, Bushman BJ (1998). Psychol Methods 3:46-54. https://doi.org/10.1037/1082-989X.3.1.46
    """
    check_arguments(qq, locals())
    result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = as_theme(theme)
    effects = exact_rows(result)
    tau2 = float(getattr(result, "tau2", 0.0))
    v = np.asarray(effects.vi, dtype=float) + (tau2 if np.isfinite(tau2) else 0.0)
    y = np.asarray(effects.yi, dtype=float)
    middle = center_of(result)
    z = (y - (float(np.average(y, weights=1 / v)) if middle is None else middle)) / np.sqrt(v)
    order = np.argsort(z, kind="stable")
    k = z.size
    expected = np.empty(k)
    expected[order] = ndtri((np.arange(1, k + 1) - 0.5) / k)
    with style():
        figure, axes = canvas((4.4, 4.0), look, ax)
        ends = spread([*expected, *z])
        axes.plot(ends, ends, color=look.text, lw=0.9)[0].set_gid("line")
        points(axes, expected, z, look)
        words(axes, look, x="Normal quantile", y="Standardised deviation", title=title)
        place_names(axes, effects.study, expected, z, label, look)
    largest = shown(float(z[np.argmax(np.abs(z))]))
    text = f"Normal quantile plot of {k} studies; the largest deviation is {largest}."
    return finished(
        figure,
        axes,
        title or "Normal quantile plot",
        text,
        {"study": effects.study, "quantile": expected, "deviation": z},
    )


@keywords
def gosh(
    table: Any,
    *,
    y: str = "i2",
    highlight: Any = None,
    measure: str = "GEN",
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the pooled effect of very many subsets of studies against their heterogeneity.

    Parameters
    ----------
    table : DataFrame
        Of ``meta.diagnostics.gosh``: ``estimate`` and the column named by ``y``.
    y : str
        Column of heterogeneity.
    highlight : array of bool, optional
        Subsets drawn in another colour and shape, such as those that hold one study.
    measure, theme, title, ax
        Code of the measure, and looks.

    References
    ----------
    Olkin I et al. (2012). Res Synth Methods 3:214-223. https://doi.org/10.1002/jrsm.1053
    """
    check_arguments(gosh, locals())
    need(table, "table", "a table, such as meta.diagnostics.gosh makes", "columns", "__getitem__")
    look, how = as_theme(theme), how_tabulated(table, measure)
    estimate, spread_ = numbers(table, "estimate", y)
    marked = np.zeros(estimate.size, dtype=bool)
    if highlight is not None:
        marked = one_each(floats(highlight, "highlight"), "highlight", estimate.size).astype(bool)
    names = {"i2": "I² (%)", "tau2": "τ²", "q": "Q", "h2": "H²"}
    with style():
        figure, axes = canvas((5.2, 4.0), look, ax)
        size = 9.0 if estimate.size < 2000 else 3.0
        for here, color, marker, name in (
            (~marked, look.study, "o", "without"),
            (marked, look.pooled, "^", "with"),
        ):
            if here.any():
                axes.scatter(
                    estimate[here],
                    spread_[here],
                    s=size,
                    color=color,
                    marker=marker,
                    alpha=0.35,
                    linewidths=0,
                    label=name,
                    rasterized=True,
                )
        if marked.any():
            legend(axes, look)
        effect_axis(axes, spread(estimate), how, look, inches=4.4)
        axes.set_ylim(*spread(spread_, pad=0.05))
        words(axes, look, x=axis_name(how), y=names.get(y, y), title=title)
    ends = how.interval(float(np.nanmin(estimate)), float(np.nanmax(estimate)))
    text = f"GOSH plot of {estimate.size} subsets of studies; "
    text += f"pooled effects ({how.name}) from {shown(ends[0])} to {shown(ends[1])}."
    return finished(
        figure, axes, title or "GOSH plot", text, {"estimate": estimate, y: spread_, "highlight": marked}
    )
