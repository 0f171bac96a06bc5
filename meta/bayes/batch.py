"""Many posteriors at once: leave-one-out, prior grids, simulations; one vectorised quadrature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from meta.arguments import floats
from meta.bayes.effect_priors import Flat, Normal
from meta.bayes.model import as_prior
from meta.bayes.prior_base import Prior
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number
from meta.kernels.adaptive_quadrature import Axis, legendre_rule
from meta.kernels.normal_normal_model import conditional
from meta.keywords import keywords
from meta.results.base import Result
from meta.results.table_columns import tidy_columns

if TYPE_CHECKING:
    import pandas as pd


PANELS, ORDER = 24, 12
_QUARTILES = (0.25, 0.5, 0.75)
CHUNK = 400_000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BatchPosterior(Result):
    """Summaries of p posteriors.

    Attributes
    ----------
    estimate, sd : ndarray of shape (p,)
        Posterior mean and SD of mu.
    tau_mean, tau_sd : ndarray of shape (p,)
        The same for tau.
    log_evidence : ndarray of shape (p,)
    probability_below : ndarray of shape (p,)
        P(mu < below).
    error : ndarray of shape (p,)
        Estimated relative quadrature error.
    """

    estimate: np.ndarray
    sd: np.ndarray
    tau_mean: np.ndarray
    tau_sd: np.ndarray
    log_evidence: np.ndarray
    probability_below: np.ndarray
    error: np.ndarray

    def __len__(self) -> int:
        return int(self.estimate.size)

    @property
    def vcov(self) -> np.ndarray:
        """Posterior variances of mu, of shape (p, 1, 1)."""
        return (self.sd**2)[:, None, None]

    def tidy(self) -> pd.DataFrame:
        """One row per posterior."""
        own = {name: getattr(self, name) for name in ("estimate", "sd", "log_evidence", "probability_below")}
        own |= {"se": self.sd, "error": self.error, "tau_mean": self.tau_mean, "tau_sd": self.tau_sd}
        return tidy_columns({"term": [str(i + 1) for i in range(len(self))]} | own)

    def _facts(self) -> Mapping[str, Any]:
        own = {"posteriors": len(self), "error": float(np.max(self.error, initial=0.0))}
        return {"model": "Bayesian random effects", "method": "exact"} | own

    def _shown(self) -> str:
        return f"{len(self)} posteriors"

    def _lines(self, digits: int) -> list[str]:
        head = f"{len(self)} posteriors · exact (quadrature)"
        if not len(self):
            return [head]
        found = {"mean of mu": self.estimate, "sd of mu": self.sd, "mean of tau": self.tau_mean}
        rows = [
            f"{name:12}" + "".join(f"{number(float(x), digits):>12}" for x in np.quantile(values, _QUARTILES))
            for name, values in found.items()
        ]
        return [head, f"{'':12}{'25%':>12}{'median':>12}{'75%':>12}", *rows]


def batch(
    yi: np.ndarray,
    vi: np.ndarray,
    *,
    effect: Prior | Sequence[Prior],
    tau: Prior | Sequence[Prior],
    below: float = 0.0,
) -> BatchPosterior:
    """Posteriors of the normal-normal model for many data sets or priors at once.

    Parameters
    ----------
    yi, vi : ndarray of shape (k,) or (p, k)
        Data; NaN where a study is absent.
    effect : Prior or sequence of Prior
        Normal or flat; one, or p of them.
    tau : Prior or sequence of Prior
        One, or p of them.
        Smooth on (0, inf).
    below : float
        Where P(mu < below) is evaluated.

    Returns
    -------
    BatchPosterior

    Examples
    --------
    >>> from meta.bayes.priors import HalfNormal
    >>> got = batch(np.array([0.1, 0.4, 0.3]), np.array([0.04, 0.02, 0.05]),
    ...             effect=Normal(0, 1), tau=[HalfNormal(s) for s in (0.25, 0.5, 1.0)])
    >>> got.estimate.round(3).tolist()
    [0.281, 0.274, 0.267]
    """
    y, v = np.atleast_2d(floats(yi, "yi")), np.atleast_2d(floats(vi, "vi"))
    effects = [effect] if isinstance(effect, Prior) else list(effect)
    taus = [tau] if isinstance(tau, Prior) else list(tau)
    size = max(y.shape[0], len(effects), len(taus))
    for what, n in (("data sets", y.shape[0]), ("effect priors", len(effects)), ("tau priors", len(taus))):
        if n not in (1, size):
            raise InputError(f"a batch needs one or {size} {what}, not {n}")
    if not all(isinstance(prior, Normal | Flat) for prior in effects):
        raise InputError("a batch takes normal or flat priors of the effect; fit others one by one")
    if any(
        np.isfinite(prior.support[1]) or prior.support[0] != 0
        for prior in taus
        if not isinstance(prior, Flat)
    ):
        raise InputError("a batch takes priors of tau that are smooth on (0, inf); fit others one by one")
    if np.any(v[~np.isnan(y)] <= 0):
        raise InputError("vi must be > 0 wherever yi is given; mark absent studies by NaN in both")
    present = np.sum(~np.isnan(y), axis=1)
    flat = np.array([isinstance(prior, Flat) for prior in effects])
    power = np.array([prior.tail for prior in taus]) + present - flat
    if np.any(power <= 1):
        raise NotEstimableError(
            "a posterior of the batch does not integrate; use proper priors or more studies"
        )
    parts = []
    step = max(1, CHUNK // (PANELS * ORDER * y.shape[1]))
    for start in range(0, size, step):
        rows = np.arange(start, min(start + step, size))
        parts.append(_part(y, v, effects, taus, rows, below))
    return BatchPosterior(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _nodes() -> tuple[np.ndarray, np.ndarray]:
    nodes, weights, _ = legendre_rule(ORDER)
    # The log-scale map leaves the ends of the axis empty, so that no panel is spent there.
    edges = np.linspace(-0.96, 0.96, PANELS + 1)
    half = 0.5 * np.diff(edges)
    z = (0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * nodes
    return z.ravel(), (half[:, None] * weights).ravel()


def _part(
    y: np.ndarray, v: np.ndarray, effects: list[Prior], taus: list[Prior], rows: np.ndarray, below: float
) -> tuple[np.ndarray, ...]:
    z, rule = _nodes()
    axis = Axis(scale=1.0, log=True)
    yy = y[rows] if y.shape[0] > 1 else y
    vv = v[rows] if v.shape[0] > 1 else v
    scale = np.exp(0.5 * np.nanmean(np.log(np.where(np.isnan(yy), np.nan, vv)), axis=1))[:, None]
    tau = scale * axis.x(z)
    log_prior = _log_prior(taus, tau, rows)
    mean0, variance0 = _effect_arrays(effects, rows)
    given = conditional(tau * tau, yy, vv, prior_mean=mean0, prior_variance=variance0)
    log_joint = log_prior + given.log_likelihood + axis.log_jacobian(z) + np.log(scale)
    peak = log_joint.max(axis=1, keepdims=True)
    f = np.exp(log_joint - peak)
    total = f @ rule
    weights = f * rule / total[:, None]
    tail = np.abs(f.reshape(len(f), PANELS, ORDER) @ legendre_rule(ORDER)[2][-3:].T).max(axis=2)
    error = tail.sum(axis=1) * (0.96 / PANELS) / total
    mean, variance = np.broadcast_to(given.mean, f.shape), np.broadcast_to(given.variance, f.shape)
    tau = np.broadcast_to(tau, f.shape)
    estimate = np.sum(weights * mean, axis=1)
    spread = np.sum(weights * (variance + (mean - estimate[:, None]) ** 2), axis=1)
    tau_mean = np.sum(weights * tau, axis=1)
    tau_spread = np.sum(weights * (tau - tau_mean[:, None]) ** 2, axis=1)
    probability = np.sum(weights * special.ndtr((below - mean) / np.sqrt(variance)), axis=1)
    evidence = np.log(total) + peak[:, 0]
    return estimate, np.sqrt(spread), tau_mean, np.sqrt(tau_spread), evidence, probability, error


def _log_prior(taus: list[Prior], tau: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if len(taus) == 1:
        return taus[0].logpdf(tau)
    tau = np.broadcast_to(tau, (rows.size, tau.shape[1]))
    return np.stack([taus[row].logpdf(tau[i]) for i, row in enumerate(rows)])


def _effect_arrays(effects: list[Prior], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    used = effects if len(effects) == 1 else [effects[row] for row in rows]
    means = np.array([prior.mean if isinstance(prior, Normal) else 0.0 for prior in used])
    variances = np.array([prior.sd**2 if isinstance(prior, Normal) else np.inf for prior in used])
    return means, variances


@keywords
def leave_one_out(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    effect: Prior,
    tau: Prior,
    below: float = 0.0,
) -> pd.DataFrame:
    """The posterior without each study in turn.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Exact effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`.
    effect, tau : Prior
        As in ``meta.bayes``.
    below : float
        Value of the effect whose posterior probability to be above the effect is given.

    Returns
    -------
    DataFrame
        ``study estimate sd tau_mean probability_below log_evidence``, one row per study.

    Examples
    --------
    >>> from meta.bayes.priors import HalfNormal
    >>> from meta import EffectSizes
    >>> es = EffectSizes([0.1, 0.4, 0.3], [0.04, 0.02, 0.05], "GEN", ["A", "B", "C"])
    >>> leave_one_out(es, effect=Normal(0, 1), tau=HalfNormal(0.5))["estimate"].round(3).tolist()
    [0.338, 0.18, 0.252]
    """
    import pandas as pd

    es = as_effects(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    used = informative(es, Notes())
    if not used.exact.all():
        raise InputError("leave-one-out batches take exact effects only; fit bounds and mixtures one by one")
    effect, tau = as_prior(effect, "effect"), as_prior(tau, "tau")
    y = np.tile(used.yi, (used.k, 1))
    np.fill_diagonal(y, np.nan)
    got = batch(y, np.tile(used.vi, (used.k, 1)), effect=effect, tau=tau, below=below)
    return pd.DataFrame(
        {
            "study": used.study,
            "estimate": got.estimate,
            "sd": got.sd,
            "tau_mean": got.tau_mean,
            "probability_below": got.probability_below,
            "log_evidence": got.log_evidence,
        }
    )
