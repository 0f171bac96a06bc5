"""Default priors by family of measures, and why other families have none."""

from __future__ import annotations

from meta.bayes.effect_priors import Normal
from meta.bayes.prior_base import Prior
from meta.bayes.tau_priors import HalfNormal, InverseGamma
from meta.effects.measures.families import Family
from meta.effects.registry import MEASURES
from meta.errors import InputError

__all__ = ["AVERAGING_PRIORS", "DEFAULT_PRIORS", "WITHOUT_DEFAULT", "default_priors"]

DEFAULT_PRIORS: dict[Family, tuple[Prior, Prior]] = {
    "standardised difference": (Normal(0.0, 1.0), HalfNormal(0.5)),
    "log ratio": (Normal(0.0, 0.5), HalfNormal(0.3)),
}
"""Priors of the mean effect and of the heterogeneity in :func:`meta.bayes`."""

AVERAGING_PRIORS: dict[Family, tuple[Prior, Prior]] = {
    **DEFAULT_PRIORS,
    "standardised difference": (Normal(0.0, 1.0), InverseGamma(1.0, 0.15)),  # as in RoBMA
}
"""The same for model averaging, where the prior under the alternative decides the Bayes factor."""

WITHOUT_DEFAULT: dict[Family, str] = {
    "difference in units": "is in the units of its outcome",
    "mean": "describes one group in the units of its outcome",
    "rate": "describes one group per unit of time",
    "proportion": "describes one group and has no value of no effect",
    "risk difference": "depends on how common the event is",
    "correlation": "has no customary prior",
    "probability of superiority": "has no customary prior",
    "reliability": "has no value of no effect",
    "generic": "may be on any scale",
}
"""Why a family has no default priors."""


def default_priors(
    measure: str, table: dict[Family, tuple[Prior, Prior]] = DEFAULT_PRIORS
) -> tuple[Prior, Prior]:
    """Return the default priors of mu and tau for a measure.

    Raises
    ------
    InputError
        If the measure's family has none; the message says why and what to give.

    Examples
    --------
    >>> default_priors("SMCRPH")
    (Normal(mean=0.0, sd=1.0), HalfNormal(scale=0.5))
    """
    entry = MEASURES.get(measure)
    family: Family = "generic" if entry is None else entry.family
    if family in table:
        return table[family]
    raise InputError(
        f"measure {measure} has no default priors, as it {WITHOUT_DEFAULT[family]}; give effect= and tau=, "
        "such as effect=meta.Normal(0, s), tau=meta.HalfNormal(s / 2) with s a large but plausible effect"
    )
