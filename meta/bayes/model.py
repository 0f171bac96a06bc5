"""What both engines are given: rows, resolved priors, and whether their product integrates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import is_number
from meta.bayes.earlier_posterior import prior_of
from meta.bayes.effect_priors import Fixed, Flat, Normal
from meta.bayes.prior_base import Prior
from meta.errors import InputError, NotEstimableError
from meta.formatting import shown
from meta.kernels.bounded import Rows, localised


@dataclass(frozen=True)
class Model:
    """Data and priors of one normal-normal fit.

    Attributes
    ----------
    rows : Rows
        The k usable results.
    effect, tau : Prior
        Concrete priors (data-dependent ones already resolved).
    study : tuple of str
        Labels, of length k.
    covariance : ndarray of shape (k, k) or None
        Sampling covariances, where results are dependent.
    """

    rows: Rows
    effect: Prior
    tau: Prior
    study: tuple[str, ...]
    covariance: np.ndarray | None = None

    @property
    def k(self) -> int:
        """Number of results."""
        return int(self.rows.y.size)

    @property
    def analytic(self) -> bool:
        """Whether mu can be integrated in closed form."""
        return self.rows.plain and isinstance(self.effect, Normal | Flat)


def as_prior(value: Any, what: str) -> Prior:
    """Accept a prior, a number for a known value, or a marginal of an earlier posterior."""
    if isinstance(value, Prior):
        return value
    if is_number(value):
        return Fixed(float(value))
    earlier = prior_of(value)
    if earlier is None:
        raise InputError(f"{what} must be a prior such as meta.Normal(0, 1), not {shown(value)}")
    return earlier


def check_priors(effect: Prior, tau: Prior) -> None:
    """Refuse priors that are not of the right kind for their parameter."""
    if tau.support[0] < 0 and not isinstance(tau, Flat | Fixed):
        raise InputError(
            f"the prior of tau must live on tau >= 0, but {tau} reaches below zero; use its half version"
        )
    if isinstance(tau, Fixed) and tau.value < 0:
        raise InputError(f"tau must be >= 0, not {tau.value:g}")
    if isinstance(effect, Fixed):
        raise InputError(
            "the prior of the effect must have a spread; for a fixed mean use bayes_factor('mu=...')"
        )


def check_integrates(model: Model) -> None:
    """Refuse improper priors whose posterior is improper too, by the powers of tau in the tail.

    Each effect that is located contributes a factor 1/tau to the tail of the likelihood; integrating a flat
    mu gives one back. The posterior is proper if the total power exceeds one.
    """
    rows, located = model.rows, int(localised(model.rows).sum())
    flat = isinstance(model.effect, Flat)
    if flat and not located:
        both = bool(np.isfinite(rows.lower).any() and np.isfinite(rows.upper).any())
        if not both:
            raise NotEstimableError(
                "a flat prior of the effect with bounds on one side only has no proper posterior; "
                "use a proper prior such as meta.Normal(0, 1)"
            )
    if isinstance(model.tau, Fixed):
        return
    if tail_power(model) <= 1:
        raise NotEstimableError(
            f"the posterior does not integrate: {model.tau} on tau with {model.effect} on the effect needs "
            f"more than k = {model.k} studies; use a proper prior of tau such as meta.HalfNormal(0.5)"
        )


def tail_power(model: Model) -> float:
    """The power p of the posterior's tail tau^-p; moments of order p - 1 and above do not exist."""
    located = int(localised(model.rows).sum())
    return float(model.tau.tail) + located - (1 if isinstance(model.effect, Flat) else 0)
