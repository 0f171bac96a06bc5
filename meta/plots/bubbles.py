"""The bubble plot: effects against a moderator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, floats, need, pair, refuse_unused
from meta.effects.intake import column
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    effect_axis,
    exact_rows,
    finished,
    how_read,
    legend,
    reach,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.common_scale import positions
from meta.plots.figure import FigureResult, style
from meta.plots.point_labels import place_names
from meta.plots.scatter import points
from meta.plots.themes import Theme, as_theme
from meta.results.abilities import KindsOfEffects, OfEffects, Predicting, WithDesign
from meta.tables.containers import one_column
from meta.tables.labels import labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bubble"]


@keywords
def bubble(
    result: Any,
    *,
    x: Any,
    line: tuple[Any, Any] | None = None,
    band: tuple[Any, Any] | None = None,
    prediction: tuple[Any, Any] | None = None,
    xlabel: str | None = None,
    label: Sequence[int] = (),
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw effects against a moderator; the area of a point goes with its precision.

    Parameters
    ----------
    result : object
        Effect sizes, a fit or a meta-regression. A regression on this one moderator draws its own line and
        band, from its ``predict`` method.
    x : str or array
        The moderator: a column of the data, or its values.
    line : (x, y), optional
        A fitted line on the model scale.
    band, prediction : (low, high), optional
        Confidence and prediction bands at the line's ``x``.
    xlabel, label, theme, title, ax
        Words, positions of studies to name, and looks.

    References
    ----------
    Thompson SG, Higgins JPT (2002). Stat Med 21:1559-1573. https://doi.org/10.1002/sim.1187
    """
    check_arguments(bubble, locals())
    look = as_theme(theme)
    effects = exact_rows(result) if isinstance(result, OfEffects | KindsOfEffects) else result
    need(effects, "result", "a fit or effect sizes", "yi", "vi", "study")
    y, v = np.asarray(effects.yi, dtype=float), np.asarray(effects.vi, dtype=float)
    name = x if isinstance(x, str) else "Moderator"
    values = _moderator(effects, result, x, y.size)
    how = how_read(result)
    own, y = y, positions(effects, y, how.size)
    if line is None:
        refuse_unused("without line", {"band": band, "prediction": prediction})
    if line is None and isinstance(result, Predicting) and isinstance(x, str):
        line, band, prediction = _regression_line(result, x, values)
    with style():
        figure, axes = canvas((5.4, 4.0), look, ax)
        if line is not None:
            grid, middle = pair(line, "line")
            if prediction is not None:
                low, high = prediction
                axes.fill_between(
                    grid, low, high, color=look.prediction, alpha=0.16, lw=0, label="95% prediction"
                )
            if band is not None:
                low, high = band
                axes.fill_between(grid, low, high, color=look.pooled, alpha=0.22, lw=0, label="95% interval")
            axes.plot(grid, middle, color=look.pooled, lw=1.8, label="Fitted")[0].set_gid("line")
        sizes = 12 + 190 * (1 / v) / np.max(1 / v)
        points(axes, values, y, look, s=sizes, alpha=0.65)
        if how.null is not None:
            axes.axhline(how.null, color=look.text, lw=0.8, ls=(0, (3, 2)), zorder=1)
        inner = usual(y, 6 * float(np.median(np.sqrt(v))))
        ends = spread(y[(y >= inner[0]) & (y <= inner[1])], how.null)
        curves = [part for part in (None if line is None else line[1], *(band or ())) if part is not None]
        if curves:
            ends = reach(ends, np.concatenate([np.asarray(part, dtype=float) for part in curves]), 0.3)
        effect_axis(axes, ends, how, look, inches=3.2, vertical=True)
        gone = at_edge(axes, values, y, look.study)
        words(axes, look, x=xlabel or name, y=axis_name(how), title=title)
        if line is not None:
            legend(axes, look)
        place_names(axes, effects.study, values, y, label, look)
    span = f"{shown(values.min())} to {shown(values.max())}"
    text = f"Bubble plot of {y.size} studies: {how.name} against {xlabel or name}, from {span}."
    text += beyond_words(gone)
    return finished(
        figure,
        axes,
        title or "Bubble plot",
        text,
        {"study": effects.study, "x": values, "estimate": own, "vi": v},
    )


def _moderator(effects: Any, result: Any, x: Any, k: int) -> np.ndarray:
    if isinstance(x, str):
        columns = dict(getattr(effects, "columns", {}))
        if isinstance(result, WithDesign):
            columns = dict(result.es.columns)  # of the rows used
            columns |= {name: result.X[:, i] for i, name in enumerate(result.names) if name not in columns}
        if x not in columns:
            raise InputError(f"x: no column {x!r}; the columns are: {', '.join(map(str, columns))}")
        x = columns[x]
    elif labelled(x) and isinstance(result, WithDesign) and len(x) == result.es.k:
        x = column(result.es, x, "x")[result.design.rows]
    elif labelled(x) and hasattr(effects, "columns"):
        x = column(effects, x, "x")
    values = floats(one_column(x, "x"), "x")
    if values.shape != (k,):
        raise InputError(f"x must have one value per study: {values.size} given for {k} studies")
    return values


def _regression_line(fit: Any, name: str, values: np.ndarray) -> tuple[Any, Any, Any]:
    """Line and bands of a meta-regression over the range of its moderator."""
    import pandas as pd

    grid = np.linspace(values.min(), values.max(), 61)
    table = fit.predict(pd.DataFrame({name: grid}))
    names = {str(column) for column in table.columns}
    estimate = np.asarray(table["estimate" if "estimate" in names else "fit"], dtype=float)
    band = (np.asarray(table["ci_low"]), np.asarray(table["ci_high"])) if "ci_low" in names else None
    wide = (np.asarray(table["pi_low"]), np.asarray(table["pi_high"])) if "pi_low" in names else None
    return (grid, estimate), band, wide
