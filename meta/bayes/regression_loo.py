"""Leave-one-out densities of a Bayesian meta-regression."""

from __future__ import annotations

import numpy as np

from meta.bayes.distributions import Draws, PointMass
from meta.bayes.effect_priors import Flat
from meta.bayes.loo import LeaveOneOut, smoothed_loo
from meta.bayes.regression_joint import integrate
from meta.bayes.regression_numbers import RegressionNumbers
from meta.errors import InputError, NotEstimableError


def regression_loo(post: RegressionNumbers) -> LeaveOneOut:
    """How well a meta-regression predicts each study from the others; called by ``post.loo()``.

    The exact engine takes the ratio of two evidences, p(y) / p(y_-i), and leaves ``p_loo`` NaN. Draws are
    weighted by 1 / p(y_i | beta, tau), smoothed by a generalised Pareto tail.
    """
    if post.effects.k < 2:
        raise InputError("leaving a study out needs at least two results, and this fit has one")
    if post.design is None:
        raise InputError(
            "this fit has no design matrix, so it cannot be fitted without a study; fit it again"
        )
    study = tuple(str(label) for label in post.effects.study)
    return _by_evidence(post, study) if post.engine == "exact" else _by_draws(post, study)


def _by_evidence(post: RegressionNumbers, study: tuple[str, ...]) -> LeaveOneOut:
    k = post.effects.k
    flat = any(isinstance(prior, Flat) for prior in post.priors)
    pointwise = np.empty(k)
    for i in range(k):
        keep = np.arange(k) != i
        x = post.design[keep]  # type: ignore[index]
        if flat and np.linalg.matrix_rank(x) < x.shape[1]:
            raise NotEstimableError(
                f"without study {study[i]!r} the moderators are linearly dependent; give the coefficients "
                "proper priors, or leave a moderator out"
            )
        es = post.effects
        rest = integrate(es.yi[keep], es.vi[keep], x, post.priors, post.tau_prior)
        pointwise[i] = post.log_evidence - rest.log_evidence
    return LeaveOneOut(study, pointwise, np.full(k, np.nan), float("nan"), "quadrature")


def _by_draws(post: RegressionNumbers, study: tuple[str, ...]) -> LeaveOneOut:
    beta = np.column_stack([marginal.values for marginal in post.marginals if isinstance(marginal, Draws)])
    dist = post.tau_distribution
    tau = np.array([dist.value]) if isinstance(dist, PointMass) else dist.values  # type: ignore[attr-defined]
    variance = post.effects.vi + np.square(tau)[:, None]
    gap = post.effects.yi - beta @ post.design.T
    logs = -0.5 * (np.log(2.0 * np.pi * variance) + gap**2 / variance)
    efficiency = min(1.0, min(post.diagnostics.ess_bulk.values()) / beta.shape[0])
    return smoothed_loo(study, logs.T, efficiency, "fit again without them to be sure")
