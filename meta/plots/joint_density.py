"""The joint posterior of the mean effect and the heterogeneity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from meta.arguments import check_arguments
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import axis_name, canvas, effect_axis, finished, how_read, shown, words
from meta.plots.figure import FigureResult, style
from meta.plots.figure_rows import ClaimMark
from meta.plots.text_size import font
from meta.plots.themes import Theme, as_theme
from meta.results.abilities import JointPosterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["joint"]

SHARES = (0.95, 0.8, 0.5)
CELLS = 72


@keywords
def joint(
    result: Any,
    *,
    draws: int = 100_000,
    seed: int = 1,
    claim: ClaimMark | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw the regions that hold 50, 80 and 95% of the joint posterior of the mean effect and τ.

    Parameters
    ----------
    result : Posterior
        What has ``sample(size, seed=)`` with columns ``mu`` and ``tau``.
    draws, seed : int
        How many draws the regions are made from, so that the figure is the same every time.
    claim : ClaimMark, optional
        Claimed value, and the region of effects at least as large.
    theme, title, ax
        As in :func:`meta.forest`.
    """
    check_arguments(joint, locals())
    if not isinstance(result, JointPosterior):
        raise InputError(f"the joint posterior needs a posterior, not {type(result).__name__}")
    if draws < 10:
        raise InputError(f"draws must be at least 10, not {draws}")
    look, how = as_theme(theme), how_read(result)
    sample = result.sample(draws, seed=seed)
    mu, tau = np.asarray(sample["mu"], dtype=float), np.asarray(sample["tau"], dtype=float)
    low, high = np.quantile(mu, [0.001, 0.999])
    if claim is not None:
        low, high = min(low, claim.value), max(high, claim.value)
    x, y, density = _smoothed(mu, tau, (low - 0.05 * (high - low), high + 0.05 * (high - low)))
    heights = _heights(density)
    with style():
        figure, axes = canvas((5.0, 4.0), look, ax)
        levels = [*heights, float(density.max()) * 1.001]
        colors = [look.study] * 3
        for i in range(3):
            axes.contourf(x, y, density.T, levels=levels[i : i + 2], colors=[colors[i]], alpha=0.18 + 0.2 * i)
        drawn = axes.contour(x, y, density.T, levels=heights, colors=look.study, linewidths=(0.8, 1.0, 1.3))
        drawn.set_gid("regions")
        names = {height: f"{100 * share:g}%" for height, share in zip(heights, SHARES, strict=True)}
        for label in axes.clabel(drawn, fmt=names, fontsize=7.0, colors=look.text):
            label.set_fontproperties(font(7.0))
        if claim is not None:
            axes.axvline(claim.value, color=look.claim, lw=1.2, ls=(0, (6, 1.5, 1.5, 1.5))).set_gid("claim")
            if claim.region is not None:
                ends = max(claim.region[0], x[0]), min(claim.region[1], x[-1])
                axes.axvspan(*ends, color=look.band, alpha=0.14, lw=0, zorder=0.5)
        if how.null is not None:
            axes.axvline(how.null, color=look.text, lw=0.8, zorder=1)
        effect_axis(axes, (float(x[0]), float(x[-1])), how, look, inches=4.2)
        axes.set_ylim(0, float(y[-1]))
        words(axes, look, x=f"Mean effect ({axis_name(how).lower()})", y="Heterogeneity τ", title=title)
    top = np.unravel_index(int(np.argmax(density)), density.shape)
    text = f"Joint posterior of the mean effect ({how.name}) and τ, "
    text += f"densest at {shown(how.back(float(x[top[0]])))} "
    text += f"and {shown(float(y[top[1]]))}; regions hold 50, 80 and 95%."
    grid = np.meshgrid(x, y, indexing="ij")
    table = {"mu": grid[0].ravel(), "tau": grid[1].ravel(), "density": density.ravel()}
    return finished(figure, axes, title or "Joint posterior", text, table)


def _smoothed(
    mu: np.ndarray, tau: np.ndarray, ends: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres of a grid's cells, and a smoothed density that is mirrored at τ = 0."""
    top = float(np.quantile(tau, 0.999))
    counts, x, y = np.histogram2d(mu, tau, bins=CELLS, range=[ends, (0.0, max(top, 1e-9))])
    smooth = gaussian_filter(counts, sigma=1.6, mode=("constant", "reflect"))
    area = (x[1] - x[0]) * (y[1] - y[0])
    return 0.5 * (x[1:] + x[:-1]), 0.5 * (y[1:] + y[:-1]), smooth / (smooth.sum() * area)


def _heights(density: np.ndarray) -> list[float]:
    """Heights above which the density holds :data:`SHARES`, rising.

    >>> [float(height) for height in _heights(np.array([[0.5, 0.3], [0.15, 0.05]]))]
    [0.15, 0.3, 0.5]
    """
    ordered = np.sort(density.ravel())[::-1]
    held = np.cumsum(ordered) / ordered.sum()
    return [float(ordered[int(np.searchsorted(held, share - 1e-12))]) for share in SHARES]
