"""The mean risk difference of a few 2x2 tables by their exact binomial likelihood, and where it lies.

Each table has events x1 ~ Bin(n1, p + theta) and x2 ~ Bin(n2, p), p uniform, theta ~ N(mu, tau^2) within what
probabilities allow, mu ~ N(0, effect_sd^2), tau half-normal: nothing is added to a zero. Warn, Thompson &
Spiegelhalter 2002, doi:10.1002/sim.1189.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from meta.kernels.adaptive_quadrature import legendre_rule

QUANTILES = 200
"""Nodes of the integral over the control risk, at equal steps of its own posterior."""

STEPS_PER_SE = 10
"""Nodes of theta per standard error of the most precise table: its likelihood is smooth between them."""

FEWEST, MOST = 801, 8001
PANELS = np.array([0.0, 0.25, 0.75, 1.5, 2.5, 4.0])
"""Ends of the panels of tau, in units of its prior's scale: 4 leaves less than 1e-4 of the prior out."""


@dataclass(frozen=True, slots=True)
class RiskMargin:
    """Posterior of the mean risk difference against a margin.

    Attributes
    ----------
    below, new_below, prior_below : float
        P(mean < margin), P(a new trial's < margin), and the prior's P(mean < margin).
    mean, sd, low, high : float
        Of the mean risk difference; the ends of its central 95% interval.
    control_risk : float
        Events per person in all control arms.
    """

    below: float
    new_below: float
    prior_below: float
    mean: float
    sd: float
    low: float
    high: float
    control_risk: float


def risk_margin(
    events1: np.ndarray,
    n1: np.ndarray,
    events2: np.ndarray,
    n2: np.ndarray,
    *,
    margin: float,
    effect_sd: float,
    tau_sd: float,
) -> RiskMargin:
    """Return the posterior of the mean risk difference (group 1 minus group 2) against a margin.

    Parameters
    ----------
    events1, n1, events2, n2 : ndarray of shape (k,)
        The tables.
    margin : float
        On the scale of risks.
    effect_sd, tau_sd : float
        SDs of the normal prior of the mean and of the half-normal prior of tau.

    Examples
    --------
    >>> found = risk_margin(np.array([0.0]), np.array([14.0]), np.array([0.0]), np.array([14.0]),
    ...                     margin=0.05, effect_sd=0.1, tau_sd=0.05)
    >>> round(found.below, 2), round(found.prior_below, 2)
    (0.8, 0.69)
    """
    n = np.minimum(n1, n2)
    width = int(np.clip(np.ceil(2 * STEPS_PER_SE / np.sqrt(0.1 / n.max())), FEWEST, MOST)) | 1
    theta = np.linspace(-1.0, 1.0, width)
    likelihood = np.stack(
        [_likelihood(theta, *table) for table in zip(events1, n1, events2, n2, strict=True)], axis=1
    )
    mu = theta[np.abs(theta) <= min(1.0, 6 * effect_sd)]
    points, rule, _ = legendre_rule(5)
    half = 0.5 * np.diff(PANELS) * tau_sd
    tau = (0.5 * (PANELS[1:] + PANELS[:-1]) * tau_sd)[:, None] + half[:, None] * points
    weights = (half[:, None] * rule * np.exp(-0.5 * (tau / tau_sd) ** 2)).ravel()
    prior = np.exp(-0.5 * (mu / effect_sd) ** 2)
    density, new = np.zeros(mu.size), 0.0
    for spread, weight in zip(tau.ravel(), weights, strict=True):
        kernel = np.exp(-0.5 * ((mu[:, None] - theta[None, :]) / spread) ** 2)
        part = weight * prior * np.prod((kernel / kernel.sum(axis=1, keepdims=True)) @ likelihood, axis=1)
        density += part
        new += float(part @ special.ndtr((margin - mu) / spread))
    mass = np.cumsum(density) - 0.5 * density
    total = float(density.sum())
    mean = float(mu @ density) / total
    return RiskMargin(
        below=float(np.interp(margin, mu, mass)) / total,
        new_below=new / total,
        prior_below=float(special.ndtr(margin / effect_sd)),
        mean=mean,
        sd=float(np.sqrt((mu - mean) ** 2 @ density / total)),
        low=float(np.interp(0.025 * total, mass, mu)),
        high=float(np.interp(0.975 * total, mass, mu)),
        control_risk=float(events2.sum() / n2.sum()),
    )


def _likelihood(theta: np.ndarray, x1: float, n1: float, x2: float, n2: float) -> np.ndarray:
    """Likelihood of one table for each theta, up to a factor, with the control risk integrated out."""
    u = (np.arange(QUANTILES) + 0.5) / QUANTILES
    p = special.betaincinv(x2 + 1, n2 - x2 + 1, u)[:, None] + theta[None, :]
    inside = (p >= 0) & (p <= 1)
    q = np.clip(p, 0.0, 1.0)
    log = np.where(inside, special.xlogy(x1, q) + special.xlog1py(n1 - x1, -q), -np.inf)
    return np.asarray(np.exp(log - log.max()).mean(axis=0))
