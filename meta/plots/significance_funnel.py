"""The significance funnel: which studies are affirmative, and what the others say alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.plots.axis import reading
from meta.plots.chart import (
    at_edge,
    axis_name,
    beyond_words,
    canvas,
    effect_axis,
    finished,
    legend,
    shown,
    spread,
    usual,
    words,
)
from meta.plots.figure import FigureResult, style
from meta.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def affirmative_funnel(
    result: Any, *, measure: str | None, look: Theme, title: str | None, ax: Axes | None
) -> FigureResult:
    """Draw effects against their standard errors, split by the line beyond which a study is affirmative.

    Parameters
    ----------
    result : SignificanceFunnel
        Of ``meta.bias.significance_funnel``.
    measure, look, title, ax
        Code of the measure, and looks.

    References
    ----------
    Mathur MB, VanderWeele TJ (2020). J R Stat Soc C 69:1091-1119. https://doi.org/10.1111/rssc.12440
    """
    how = reading(measure or "GEN")
    y, se = np.asarray(result.yi, dtype=float), np.asarray(result.sei, dtype=float)
    yes = np.asarray(result.affirmative, dtype=bool)
    tall = 1.08 * float(se[se <= 20 * np.median(se)].max())
    edge = (-1 if result.direction == "less" else 1) * float(ndtri(1 - result.alpha / 2))
    means = [
        ("All studies", result.naive, "D", look.pooled),
        ("Not affirmative alone", result.worst, "X", look.text),
    ]
    inner = usual(y, 6 * float(np.median(se)))
    near = y[(y >= inner[0]) & (y <= inner[1])]
    with style():
        figure, axes = canvas((6.2, 4.2), look, ax)
        ends = spread([*near, *(m.estimate for _, m, _, _ in means if m is not None)], how.null, edge * tall)
        axes.plot([0, edge * tall], [0, tall], color=look.muted, lw=0.9, ls=(0, (4, 2)))[0].set_gid("edge")
        for here, marker, face, name in (
            (yes, "o", look.study, "Affirmative"),
            (~yes, "s", look.background, "Not affirmative"),
        ):
            if here.any():
                drawn = axes.plot(y[here], se[here], ls="none", marker=marker, ms=5, label=name, zorder=4)[0]
                drawn.set(mfc=face, mec=look.study, gid=name.lower().replace(" ", "-"))
        for name, mean, marker, color in means:
            if mean is not None:
                at = f"{name}: {shown(how.back(mean.estimate))}"
                line = axes.plot([mean.estimate], [0.985 * tall], ls="none", marker=marker, ms=9, label=at)[0]
                line.set(color=color, mec=look.background, zorder=5, gid=name.split()[0].lower())
                axes.axvline(mean.estimate, color=color, lw=0.9, ls=(0, (1, 1.5)), zorder=1)
        if how.null is not None:
            axes.axvline(how.null, color=look.text, lw=0.7, zorder=1).set_gid("null")
        effect_axis(axes, ends, how, look, inches=4.2)
        axes.set_ylim(tall, 0)
        gone = at_edge(axes, y, se, look.study)
        words(axes, look, x=axis_name(how), y="Standard error", title=title)
        legend(axes, look, beside=ax is None)
    text = f"Significance funnel of {y.size} studies ({how.name}); {int(yes.sum())} are affirmative. "
    text += f"All studies: {shown(how.back(result.naive.estimate))}."
    if result.worst is not None:
        text += f" Those not affirmative alone: {shown(how.back(result.worst.estimate))}."
    table = {"estimate": y, "sei": se, "affirmative": yes}
    return finished(figure, axes, title or "Significance funnel", text + beyond_words(gone), table)
