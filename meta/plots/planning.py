"""What new trials would settle: the chance of a conclusive verdict against their size."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.arguments import check_arguments, need
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import dress, finished, words
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.text_size import font
from meta.plots.themes import Theme, as_theme

__all__ = ["planning"]

_DASHES = ((0, ()), (0, (6, 2)), (0, (3, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
_MARKERS = "osD^v"


@keywords
def planning(
    plan: Any, *, scenario: str | None = None, theme: str | Theme = "default", title: str | None = None
) -> FigureResult:
    """Draw the chance of a conclusive verdict against people per arm, a curve for each number of trials.

    Parameters
    ----------
    plan : Plan
        From :func:`meta.plan`.
    scenario : str, optional
        Which truth; by default what the evidence says.
    theme, title
        As in :func:`meta.forest`.

    Returns
    -------
    FigureResult

    Raises
    ------
    InputError
        If there is no such scenario.

    Examples
    --------
    >>> import meta
    >>> evidence = meta.load_evidence("studies")
    >>> claim = next(iter(evidence.claims.values()))
    >>> verdict = meta.judge(claim, evidence.effects(claim.analyses[0].id))
    >>> planning(meta.plan(verdict, sizes=(50, 500), trials=(1, 2), draws=100)).to_frame().shape
    (4, 8)
    """
    check_arguments(planning, locals())
    need(plan, "plan", "what meta.plan returns", "to_frame", "assurance")
    table = plan.to_frame()
    known = list(dict.fromkeys(table["scenario"]))
    chosen = known[0] if scenario is None else scenario
    if chosen not in known:
        raise InputError(f"unknown scenario {chosen!r}; there are: {', '.join(known)}")
    part = table[table["scenario"] == chosen].reset_index(drop=True)
    look = as_theme(theme)
    ends: list[tuple[float, str]] = []
    with style():
        figure = new_figure(6.2, 3.6, look.background)
        axes = figure.add_axes((0.12, 0.16, 0.66, 0.74))
        dress(axes, look)
        axes.axhline(plan.assurance, color=look.muted, lw=0.9, ls=(0, (2, 2))).set_gid("assurance")
        for i, (trials, rows) in enumerate(part.groupby("trials")):
            n, share = rows["n_per_arm"].to_numpy(float), rows["conclusive"].to_numpy(float)
            error = 1.96 * rows["mc_error"].to_numpy(float)
            axes.fill_between(n, share - error, share + error, color=look.study, alpha=0.12, lw=0)
            line = axes.plot(n, share, color=look.study, lw=1.4, ls=_DASHES[i % 5]).pop()
            line.set(marker=_MARKERS[i % 5], ms=4, gid=f"trials-{trials}")
            ends.append((float(share[-1]), "1 new trial" if trials == 1 else f"{trials} new trials"))
        axes.set_xscale("log")
        sizes = sorted(set(part["n_per_arm"]))
        axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
        axes.minorticks_off()
        axes.set_ylim(0, 1)
        axes.set_yticks(np.linspace(0, 1, 6), [f"{x:.0%}" for x in np.linspace(0, 1, 6)])
        words(axes, look, x="People per arm", y="Chance of a conclusive verdict", title=title)
        for (_, label), y in zip(ends, _apart([y for y, _ in ends]), strict=True):
            axes.annotate(
                label,
                (1.0, y),
                xycoords="axes fraction",
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontproperties=font(look.small),
                color=look.text,
                annotation_clip=False,
            )
    return finished(
        figure, (axes,), title or "What it would take", _describe(part, plan.assurance), part.to_dict("list")
    )


def _apart(heights: list[float], gap: float = 0.055) -> list[float]:
    """Move labels apart that would overlap, in their order, within the axes."""
    order = np.argsort(heights)
    places = np.array(heights)[order]
    for i in range(1, places.size):
        places[i] = max(places[i], places[i - 1] + gap)
    places -= max(0.0, places[-1] - 0.98) if places.size else 0.0
    out = np.empty_like(places)
    out[order] = places
    return [float(place) for place in out]


def _describe(part: Any, wanted: float) -> str:
    best = part.iloc[int(part["conclusive"].to_numpy().argmax())]
    return (
        f"Chance of a conclusive verdict against people per arm, for {part['trials'].nunique()} numbers of "
        f"new trials; the line at {wanted:.0%} is what is wanted. The highest chance is "
        f"{best['conclusive']:.0%}, with {int(best['trials'])} new trials of {int(best['n_per_arm']):,} "
        "people per arm."
    )
