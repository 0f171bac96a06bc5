"""The funnel of a model with moderators: what they leave unexplained, against its precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments
from meta.errors import InputError, unknown_option
from meta.keywords import keywords
from meta.plots.chart import canvas, finished, shown, words
from meta.plots.figure import FigureResult, style
from meta.plots.point_labels import place_names
from meta.plots.themes import Theme, as_theme
from meta.results.abilities import WithMarginal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# name, from the standard error, and whether precise studies have small values
PRECISIONS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray], bool]] = {
    "sei": ("Standard error", lambda s: s, True),
    "vi": ("Variance", lambda s: s**2, True),
    "seinv": ("1 / standard error", lambda s: 1 / s, False),
    "vinv": ("1 / variance", lambda s: 1 / s**2, False),
}


@keywords
def residual_funnel(
    fit: Any,
    *,
    precision: str = "sei",
    add_tau2: bool = False,
    level: float = 0.95,
    label: bool | Sequence[int] = False,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the residuals of a model with moderators against the precision of the effects.

    Where moderators explain why small studies differ, the funnel of their residuals is even although that of
    the effects is not.

    Parameters
    ----------
    fit : Regression or Multilevel
        The fit.
    precision : {"sei", "vi", "seinv", "vinv"}
        What the vertical axis shows; precise studies are on top.
    add_tau2 : bool
        Widen the funnel, and the standard errors, by the residual heterogeneity.
    level : float
        Of the funnel's lines.
    label : bool or sequence of int
        Write the study beside its point: all, or these positions.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Sterne JAC, Egger M (2001). J Clin Epidemiol 54:1046-1055. https://doi.org/10.1016/S0895-4356(01)00377-8

    Examples
    --------
    >>> import meta
    >>> dose = {"dose": [1, 2, 3, 4]}
    >>> fit = meta.regress(yi=[0.1, 0.4, 0.5, 0.9], vi=[0.01, 0.04, 0.02, 0.01], moderators=dose, test="z")
    >>> residual_funnel(fit).to_frame()["residual"].round(2).tolist()
    [0.01, 0.05, -0.11, 0.03]
    """
    check_arguments(residual_funnel, locals())
    look = as_theme(theme)
    if precision not in PRECISIONS:
        raise unknown_option("precision", precision, PRECISIONS)
    if not isinstance(fit, WithMarginal):
        raise InputError(
            f"a residual funnel is of a fit with moderators, not of {type(fit).__name__}: use meta.funnel"
        )
    name, height_of, small_is_precise = PRECISIONS[precision]
    residual = np.asarray(fit.es.yi - fit.X @ fit.beta)
    se = np.sqrt(np.diag(fit.marginal) if add_tau2 else np.asarray(fit.es.vi, dtype=float))
    height, z = height_of(se), float(ndtri(0.5 + level / 2))
    low, high = 0.9 * float(se.min()), 1.08 * float(se.max())
    line = np.linspace(0.0 if precision in ("sei", "vi") else low, high, 200)
    with style():
        figure, axes = canvas((5.4, 4.2), look, ax)
        for sign in (-1, 1):
            axes.plot(sign * z * line, height_of(line), color=look.text, lw=0.9, ls=(0, (4, 2)))
        axes.axvline(0.0, color=look.pooled, lw=1.1).set_gid("pooled")
        looks: dict[str, Any] = {
            "ls": "none",
            "marker": "o",
            "ms": 5,
            "mec": look.background,
            "mew": 0.5,
            "zorder": 4,
        }
        axes.plot(residual, height, color=look.study, **looks).pop().set_gid("studies")
        bottom, top = float(height_of(np.array(high))), float(height_of(np.array(line[0])))
        axes.set_ylim(bottom, top if small_is_precise else float(height_of(np.array(low))))
        words(axes, look, x="Residual", y=name, title=title)
        which = range(residual.size) if label is True else [int(i) for i in ([] if label is False else label)]
        unnamed = place_names(axes, fit.es.study, residual, height, which, look)
    left = int((residual < 0).sum())
    text = f"Residual funnel plot of {residual.size} effects, {name.lower()} upward in precision. "
    text += f"Residuals from {shown(residual.min())} to {shown(residual.max())}; "
    text += f"{left} lie left and {residual.size - left} right of 0."
    if unnamed:
        text += f" {unnamed} labels omitted (no space)."
    table = {"study": list(fit.es.study), "residual": residual, "sei": se, precision: height}
    return finished(figure, axes, title or "Residual funnel plot", text, table)
