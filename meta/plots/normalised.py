"""The figure for a proportion claim: share normalised against the true effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import PercentFormatter

from meta.arguments import check_arguments, check_share, pair
from meta.errors import InputError
from meta.formatting import percent
from meta.keywords import keywords
from meta.plots.chart import dress, finished, folded, legend, shown, words
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.text_size import font, height, shortened, width
from meta.plots.themes import DASHES, PALETTE, Theme, as_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["normalisation"]


@keywords
def normalisation(
    curves: Mapping[str, tuple[Any, Any]],
    *,
    claimed: float = 0.78,
    claim_label: str | None = None,
    posterior: tuple[Any, Any] | None = None,
    interval: tuple[float, float] | None = None,
    marks: Sequence[tuple[str, float, float]] | Mapping[str, float] = (),
    xlabel: str = "True effect of treatment (SD of a single measurement; negative = lower)",
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw the share of raised values that are normal later, against the true effect.

    Where a curve crosses zero effect, it gives the share that is normal later with no treatment at all.

    Parameters
    ----------
    curves : mapping of str to (delta, share)
        One line a scenario (a test-retest correlation, or none for "without regression to the mean").
    claimed : float
        The claimed share.
    claim_label : str, optional
        By default "claimed 78%".
    posterior : (x, density), optional
        What the trials say about the effect, drawn in a strip below.
    interval : (low, high), optional
        Its credible interval.
    marks : sequence of (label, delta, share), or mapping of label to delta
        Points, or vertical lines.
    xlabel, theme, title
        Words and looks.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.special import ndtr
    >>> x = np.linspace(-2, 1, 61)
    >>> plot = normalisation({"no regression to the mean": (x, ndtr(-x - 1.3))}, claimed=0.78)
    >>> plot.alt_text.startswith("Share normalised against the true effect")
    True
    """
    check_arguments(normalisation, locals())
    if not curves:
        raise InputError("curves is empty: give at least one label with (delta, share)")
    look = as_theme(theme)
    data = {name: pair(curve, f"the curve {name!r}", "delta, share") for name, curve in curves.items()}
    check_share(claimed, "claimed")
    with style():
        strip = posterior is not None
        long = max(width(name, look.small) for name in data) > 3.2
        names = [folded(name, 5.4, look.small, 2) for name in data]
        deeper = height(sum(text.count("\n") + 1 for text in names), look.small) + 0.2 if long else 0.0
        figure = new_figure(6.2, (4.9 if strip else 4.0) + deeper, look.background)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.06)
        if strip:
            top, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        else:
            top, below = figure.subplots(), None
        dress(top, look)
        for i, (name, (x, share)) in enumerate(data.items()):
            line = top.plot(x, share, color=PALETTE[i % 6], ls=DASHES[i % 6], lw=1.8, label=name, zorder=3)[0]
            line.set_gid(f"curve-{i + 1}")
        top.axhline(claimed, color=look.claim, lw=1.3, ls=(0, (6, 1.5, 1.5, 1.5)), zorder=2).set_gid("claim")
        lows, highs = zip(*((float(x.min()), float(x.max())) for x, _ in data.values()), strict=True)
        ends = min(lows), max(highs)
        top.set_xlim(*ends)
        top.set_ylim(0, 1)
        top.yaxis.set_major_formatter(PercentFormatter(1.0))
        top.text(
            ends[0] + 0.01 * (ends[1] - ends[0]),
            claimed - 0.012,
            folded(claim_label or f"claimed {percent(claimed)}", 2.5, look.small, 2, True),
            ha="left",
            va="top",
            color=look.claim,
            fontproperties=font(look.small, True),
        )
        top.axvline(0, color=look.text, lw=0.8, zorder=1).set_gid("null")
        _marks(top, marks, look)
        words(top, look, y="Normal when measured again", title=title)
        if long:
            _legend_below(figure, top, names, look)
        else:
            legend(top, look, loc="lower left", width=3.3)
        if below is not None and posterior is not None:
            _strip(below, posterior, interval, look)
            words(below, look, x=xlabel, y="Trials")
        else:
            words(top, look, x=xlabel)
    table = {
        "curve": [name for name, (x, _) in data.items() for _ in x],
        "delta": [float(v) for x, _ in data.values() for v in x],
        "share": [float(v) for _, share in data.values() for v in share],
    }
    axes = (top, below) if below is not None else (top,)
    return finished(figure, axes, title or "Share normalised", _describe(data, claimed), table)


def _legend_below(figure: Any, axes: Axes, names: Sequence[str], look: Theme) -> None:
    """Names of curves that are too long to stand among them."""
    figure.legend(
        axes.get_legend_handles_labels()[0],
        names,
        loc="outside lower center",
        prop=font(look.small),
        labelcolor=look.text,
        frameon=False,
    )


def _marks(axes: Axes, marks: Any, look: Theme) -> None:
    if isinstance(marks, Mapping):
        for name, delta in marks.items():
            axes.axvline(delta, color=look.muted, lw=0.9, ls=(0, (2, 2)), zorder=1)
            axes.annotate(
                shortened(name, 2.0, 7.0),
                (delta, 0.02),
                xytext=(3, 0),
                textcoords="offset points",
                rotation=90,
                va="bottom",
                fontproperties=font(7.0),
                color=look.muted,
            )
        return
    for name, delta, share in marks:
        axes.plot([delta], [share], marker="D", ms=5, mfc=look.background, mec=look.text, ls="none", zorder=5)
        axes.annotate(
            shortened(name, 2.0, 7.0),
            (delta, share),
            xytext=(6, 4),
            textcoords="offset points",
            va="bottom",
            fontproperties=font(7.0),
            color=look.text,
        )


def _strip(axes: Axes, posterior: tuple[Any, Any], interval: tuple[float, float] | None, look: Theme) -> None:
    """The density of the effect in the trials, on the same axis."""
    dress(axes, look)
    x, density = pair(posterior, "posterior", "x, density")
    axes.fill_between(x, 0, density, color=look.pooled, alpha=0.4, lw=0).set_gid("posterior")
    axes.plot(x, density, color=look.pooled, lw=1.0)
    axes.set_ylim(0, 1.1 * float(density.max()))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=look.text, lw=0.8)
    if interval is not None:
        axes.plot(interval, [0, 0], color=look.pooled_edge, lw=4, solid_capstyle="butt", clip_on=False)


def _describe(data: Mapping[str, tuple[np.ndarray, np.ndarray]], claimed: float) -> str:
    text = [f"Share normalised against the true effect, with the claimed {percent(claimed)} as a line."]
    for name, (x, share) in data.items():
        order = np.argsort(x)
        at_zero = float(np.interp(0.0, x[order], share[order])) if x.min() <= 0 <= x.max() else float("nan")
        reached = np.flatnonzero(share >= claimed)
        words_ = f"{name}: {percent(at_zero)} without any effect"
        if reached.size == 0:
            words_ += ", the claimed share is not reached"
        elif at_zero < claimed:
            words_ += f", the claimed share from {shown(float(_crossing(x, share, claimed)))}"
        text.append(words_ + ".")
    return " ".join(text)


def _crossing(x: np.ndarray, share: np.ndarray, claimed: float) -> float:
    """Effect nearest to zero at which a share is reached."""
    order = np.argsort(share)
    return float(np.interp(claimed, share[order], x[order]))
