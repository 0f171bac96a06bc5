"""Posterior densities of the mean effect, the heterogeneity and a new study, with their priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, need
from meta.errors import InputError, unknown_option
from meta.keywords import keywords
from meta.plots.axis import reading
from meta.plots.chart import (
    axis_name,
    dress,
    effect_axis,
    finished,
    folded,
    heading,
    how_read,
    legend,
    shown,
    words,
)
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.figure_rows import ClaimMark
from meta.plots.text_size import font
from meta.plots.themes import DASHES, PALETTE, Theme, as_theme
from meta.results.protocols import is_posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["posterior", "prior_sensitivity"]

_NAMES = {"mu": "Mean effect", "tau": "Heterogeneity τ", "new": "Effect of a new study"}


@keywords
def posterior(
    result: Any,
    *,
    of: Sequence[str] | str = ("mu", "tau"),
    prior: bool = True,
    claim: ClaimMark | None = None,
    level: float | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw the marginal posteriors, each over its prior.

    Parameters
    ----------
    result : Posterior
        What has ``pdf(x, of=)``, ``ppf(q, of=)`` and ``interval(level, of=)``.
    of : sequence of {"mu", "tau", "new"}
        What to draw, side by side.
    prior : bool
        Draw proper priors, dotted.
    claim : ClaimMark, optional
        Claimed value, on the panels of effects; the share of the posterior in its region is written there.
    level : float, optional
        Of the interval below each density; by default the posterior's own.
    theme, title
        As in :func:`meta.forest`.
    """
    check_arguments(posterior, locals())
    if not is_posterior(result):
        raise InputError(
            f"posterior densities need a posterior, not {type(result).__name__}: fit with meta.bayes"
        )
    look = as_theme(theme)
    names = (of,) if isinstance(of, str) else tuple(of)
    for name in names:
        if name not in _NAMES:
            raise unknown_option("quantity", name, _NAMES)
    if not names:
        raise InputError("of is empty: name at least one quantity")
    at = float(level if level is not None else getattr(result, "level", 0.95))
    table: dict[str, list[Any]] = {"of": [], "x": [], "density": [], "prior": []}
    parts = []
    with style():
        figure = new_figure(3.3 * len(names) + 0.2, 2.9, look.background)
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08)
        panels = np.atleast_1d(figure.subplots(1, len(names)))
        for axes, name in zip(panels, names, strict=True):
            dress(axes, look)
            x, density, before = _curves(result, name, prior, claim)
            low, high = (float(end) for end in result.interval(at, of=name))
            _panel(axes, name, x, density, before, (low, high), look)
            how = reading("GEN") if name == "tau" else how_read(result)
            effect_axis(axes, (float(x[0]), float(x[-1])), how, look, inches=2.7)
            note = ""
            if claim is not None and name != "tau":
                note = _claim(axes, result, name, claim, look)
            elif name != "tau" and how.null is not None:
                axes.axvline(how.null, color=look.text, lw=0.8, zorder=1)
            unit = _NAMES[name] if name == "tau" else f"{_NAMES[name]} ({how.name})"
            words(axes, look, x=unit)
            middle = float(result.ppf(0.5, of=name))
            back = (lambda v: v) if name == "tau" else how.back
            ends = sorted((back(low), back(high)))
            span = f"{100 * at:g}% interval {shown(ends[0])} to {shown(ends[1])}"
            parts.append(f"{_NAMES[name]}: median {shown(back(middle))}, {span}{note}.")
            table["of"] += [name] * x.size
            table["x"] += x.tolist()
            table["density"] += density.tolist()
            table["prior"] += (before if before is not None else np.full(x.size, np.nan)).tolist()
        if prior and any(np.isfinite(table["prior"])):
            handles, labels = panels[0].get_legend_handles_labels()
            if "Prior" not in labels:
                handles, labels = panels[-1].get_legend_handles_labels()
            box = figure.legend(
                handles,
                labels,
                loc="outside lower center",
                ncols=2,
                prop=font(look.small),
                labelcolor=look.text,
                frameon=False,
            )
            box.set_gid("legend")
        heading(figure, title, look)
    return finished(
        figure, tuple(panels), title or "Posterior", "Posterior densities. " + " ".join(parts), table
    )


def _curves(
    result: Any, name: str, prior: bool, claim: ClaimMark | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    low, high = (float(end) for end in result.interval(0.99, of=name))
    pad = 0.15 * (high - low)
    low, high = (0.0, high + pad) if name == "tau" else (low - pad, high + pad)
    if claim is not None and name != "tau":
        low, high = min(low, claim.value - pad), max(high, claim.value + pad)
    x = np.linspace(low, high, 401)
    density = np.asarray(result.pdf(x, of=name), dtype=float)
    before = None
    given = getattr(result, {"mu": "effect_prior", "tau": "tau_prior"}.get(name, ""), None)
    if prior and given is not None and getattr(given, "proper", True):
        before = np.asarray(given.pdf(x), dtype=float)
        before = np.where(np.isfinite(before), before, np.nan)
    return x, density, before


def _panel(
    axes: Axes,
    name: str,
    x: np.ndarray,
    density: np.ndarray,
    before: np.ndarray | None,
    ends: tuple[float, float],
    look: Theme,
) -> None:
    color = {"mu": look.pooled, "tau": look.study, "new": look.prediction}[name]
    axes.fill_between(x, 0, density, color=color, alpha=0.18, lw=0)
    inside = (x >= ends[0]) & (x <= ends[1])
    axes.fill_between(x[inside], 0, density[inside], color=color, alpha=0.32, lw=0).set_gid(
        f"{name}-interval"
    )
    axes.plot(x, density, color=color, lw=1.6, label="Posterior").pop().set_gid(f"{name}-posterior")
    if before is not None:
        axes.plot(x, before, color=look.muted, lw=1.2, ls=(0, (1, 1.5)), label="Prior").pop().set_gid(
            f"{name}-prior"
        )
    finite = density[np.isfinite(density)]
    axes.set_ylim(0, 1.12 * float(finite.max()))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _claim(axes: Axes, result: Any, name: str, claim: ClaimMark, look: Theme) -> str:
    axes.axvline(claim.value, color=look.claim, lw=1.2, ls=(0, (6, 1.5, 1.5, 1.5))).set_gid("claim")
    if claim.region is None:
        return ""
    low, high = axes.get_xlim()
    axes.axvspan(
        max(claim.region[0], low), min(claim.region[1], high), color=look.band, alpha=0.14, lw=0, zorder=0.5
    )
    share = _mass(result, claim.region, name)
    side = 0.02 if claim.region[0] < low else 0.98
    axes.text(
        side,
        0.97,
        f"{folded(claim.label, 1.2, look.small, 3, True)}\nP = {shown(share)}",
        transform=axes.transAxes,
        ha="left" if side < 0.5 else "right",
        va="top",
        fontproperties=font(look.small, True),
        color=look.claim,
    )
    return f", probability {shown(share)} of an effect at least as large as claimed"


def _mass(result: Any, region: tuple[float, float], name: str) -> float:
    """Posterior probability of a region; either end may be infinite."""
    below = [float(result.cdf(end, of=name)) if np.isfinite(end) else float(end > 0) for end in region]
    return below[1] - below[0]


@keywords
def prior_sensitivity(
    posteriors: dict[str, Any],
    *,
    of: str = "mu",
    claim: ClaimMark | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw one quantity's posterior under several priors, over each other.

    Parameters
    ----------
    posteriors : mapping of str to Posterior
        By the name of the prior.
    of : {"mu", "tau", "new"}
        What to draw.
    claim, theme, title
        As in :func:`posterior`.
    """
    check_arguments(prior_sensitivity, locals())
    if of not in _NAMES:
        raise unknown_option("quantity", of, _NAMES)
    if not posteriors:
        raise InputError("posteriors is empty: give at least one name with a posterior")
    look = as_theme(theme)
    for name, item in posteriors.items():
        need(item, f"the posterior {name!r}", "one of meta.bayes", "interval", "pdf")
    first = next(iter(posteriors.values()))
    how = reading("GEN") if of == "tau" else how_read(first)
    intervals = [fit.interval(0.99, of=of) for fit in posteriors.values()]
    low, high = min(float(a) for a, _ in intervals), max(float(b) for _, b in intervals)
    x = np.linspace(0.0 if of == "tau" else low - 0.1 * (high - low), high + 0.1 * (high - low), 401)
    table: dict[str, list[Any]] = {"prior": [], "x": [], "density": []}
    with style():
        figure = new_figure(5.4, 3.4, look.background)
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08)
        axes = figure.subplots()
        dress(axes, look)
        for i, (name, fit) in enumerate(posteriors.items()):
            density = np.asarray(fit.pdf(x, of=of), dtype=float)
            axes.plot(x, density, color=PALETTE[i % 6], ls=DASHES[i % 6], lw=1.6, label=name)[0].set_gid(
                f"prior-{i + 1}"
            )
            table["prior"] += [name] * x.size
            table["x"] += x.tolist()
            table["density"] += density.tolist()
        if claim is not None and of != "tau":
            axes.axvline(claim.value, color=look.claim, lw=1.2, ls=(0, (6, 1.5, 1.5, 1.5)), label=claim.label)
        elif how.null is not None and of != "tau":
            axes.axvline(how.null, color=look.text, lw=0.8)
        axes.set_ylim(bottom=0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        effect_axis(axes, (float(x[0]), float(x[-1])), how, look, inches=4.6)
        words(
            axes,
            look,
            x=_NAMES[of] if of == "tau" else f"{_NAMES[of]} ({axis_name(how).lower()})",
            title=title,
        )
        legend(axes, look)
    ranges = [
        f"{name}: median {shown(how.back(float(fit.ppf(0.5, of=of))))}" for name, fit in posteriors.items()
    ]
    return finished(
        figure,
        axes,
        title or "Sensitivity to the prior",
        f"{_NAMES[of]} under {len(posteriors)} priors. {'; '.join(ranges)}.",
        table,
    )
