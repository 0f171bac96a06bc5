"""How much a posterior owes to its priors: a grid of them, and the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from meta.arguments import check_level
from meta.bayes.effect_priors import Normal
from meta.bayes.prior_base import Prior
from meta.bayes.tau_priors import HalfCauchy, HalfNormal
from meta.errors import InputError, MetaError, quiet
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from meta.effects.effect_size_table import EffectSizes

__all__ = ["plot_sensitivity", "sensitivity"]

PriorSet = Mapping[str, Prior] | Sequence[Prior]


@keywords
def sensitivity(
    es: EffectSizes | None = None,
    *,
    yi: Any = None,
    vi: Any = None,
    effect: PriorSet | None = None,
    tau: PriorSet | None = None,
    level: float = 0.95,
    below: float | None = None,
) -> pd.DataFrame:
    """Fit every combination of priors with the exact engine.

    Parameters
    ----------
    es, yi, vi
        Data, as for ``meta.bayes``.
    effect, tau : sequence or mapping of priors, optional
        The grid; by default normal priors of SD 0.5, 1, 2, 4 and half-normal and half-Cauchy priors of
        scale 0.25, 0.5, 1.
    level : float
        Level of the shortest interval.
    below : float, optional
        Also give P(mu < below) and its prior probability.

    Returns
    -------
    DataFrame
        ``effect_prior tau_prior estimate sd ci_low ci_high tau_median bf_mu_0`` (NaN where the prior is
        improper), and ``note`` with the reason where a posterior was refused.

    Examples
    --------
    >>> sensitivity(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05]).shape
    (24, 9)
    """
    check_level(level)
    import pandas as pd

    from meta.bayes.fit import bayes

    effects = _named(effect, [Normal(0.0, sd) for sd in (0.5, 1.0, 2.0, 4.0)])
    taus = _named(tau, [kind(s) for kind in (HalfNormal, HalfCauchy) for s in (0.25, 0.5, 1.0)])
    rows = []
    for effect_name, effect_prior in effects.items():
        for tau_name, tau_prior in taus.items():
            row: dict[str, Any] = {"effect_prior": effect_name, "tau_prior": tau_name}
            try:
                with quiet():
                    post = bayes(es, yi=yi, vi=vi, effect=effect_prior, tau=tau_prior, level=level)
            except InputError:
                raise
            except MetaError as refusal:
                rows.append({**row, "note": str(refusal)})
                continue
            low, high = post.interval()
            proper = effect_prior.proper and tau_prior.proper
            row |= {
                "estimate": post.estimate,
                "sd": post.sd,
                "ci_low": low,
                "ci_high": high,
                "tau_median": post.tau.median,
                "bf_mu_0": post.bayes_factor("mu=0") if proper else float("nan"),
                "note": "",
            }
            if below is not None:
                row["probability"] = post.probability(below=below)
                row["prior_probability"] = post.prior_probability(below=below) if proper else float("nan")
            rows.append(row)
    return pd.DataFrame(rows)


@keywords
def plot_sensitivity(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the intervals of a :func:`sensitivity` table, one line per combination of priors."""
    import matplotlib.pyplot as plt

    shown = table[table["note"] == ""].reset_index(drop=True)
    if ax is None:
        ax = plt.subplots(figsize=(7.0, 0.9 + 0.26 * len(shown)), layout="constrained")[1]
    height = range(len(shown) - 1, -1, -1)
    ax.hlines(height, shown["ci_low"], shown["ci_high"], color="0.35", linewidth=1.2)
    ax.plot(shown["estimate"], height, "o", color="0.1", markersize=3.5)
    ax.set_yticks(
        list(height), [f"{e}; {t}" for e, t in zip(shown["effect_prior"], shown["tau_prior"], strict=True)]
    )
    ax.tick_params(axis="y", labelsize=7)
    ax.axvline(0.0, color="0.7", linewidth=0.8)
    ax.set_xlabel("posterior mean and shortest interval of mu")
    return ax


def _named(priors: PriorSet | None, default: Sequence[Prior]) -> dict[str, Prior]:
    if priors is None:
        priors = default
    if isinstance(priors, Prior):
        priors = [priors]
    if isinstance(priors, Mapping):
        return dict(priors)
    if not priors:
        raise InputError("give at least one prior for the grid")
    return {str(prior): prior for prior in priors}
