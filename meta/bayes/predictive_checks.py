"""Prior and posterior predictive checks: replicated studies and statistics of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.arguments import check_seed
from meta.bayes.model import Model
from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.errors import InputError, NotEstimableError, unknown_option
from meta.formatting import interval, number, p_value
from meta.results.base import Result
from meta.results.print_out import heading

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _q(y: np.ndarray, v: np.ndarray) -> np.ndarray:
    mean = (y / v).sum(axis=-1) / (1.0 / v).sum()
    return ((y - mean[..., None]) ** 2 / v).sum(axis=-1)


def _max_z(y: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.abs(y / np.sqrt(v)).max(axis=-1)


STATISTICS: Mapping[str, Statistic] = {
    "Q": _q,
    "max|z|": _max_z,
    "mean": lambda y, v: y.mean(axis=-1),
    "min": lambda y, v: y.min(axis=-1),
    "max": lambda y, v: y.max(axis=-1),
}


@dataclass(frozen=True, eq=False, repr=False)
class PredictiveCheck(Result):
    """Statistics of the data beside those of replicated data.

    Attributes
    ----------
    source : str
        "prior" or "posterior".
    study : tuple of str
    yi : ndarray of shape (n, k)
        Replicated effects of the same k studies, with new true effects.
    observed : mapping of str to float
    replicated : mapping of str to ndarray of shape (n,)
    """

    source: str
    study: tuple[str, ...]
    yi: np.ndarray = field(repr=False)
    observed: Mapping[str, float]
    replicated: Mapping[str, np.ndarray] = field(repr=False)

    def p_value(self, statistic: str) -> float:
        """P(statistic of replicated data >= observed); near 0 or 1 the model does not make such data."""
        if statistic not in self.observed:
            raise unknown_option("statistic", statistic, tuple(self.observed))
        return float(np.mean(self.replicated[statistic] >= self.observed[statistic]))

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.study)

    def _terms(self) -> list[dict[str, Any]]:
        """One row per statistic: as observed, and the mean and central 95% of the replicated ones."""
        rows = []
        for name, value in self.observed.items():
            drawn, p = self.replicated[name], self.p_value(name)
            low, high = map(float, np.quantile(drawn, [0.025, 0.975]))
            row = {"term": name, "statistic": value, "p_value": p, "observed": value}
            rows.append({**row, "mean": float(drawn.mean()), "low": low, "high": high, "p": p})
        return rows

    def _facts(self) -> dict[str, Any]:
        return {"model": f"{self.source} predictive check", "replications": len(self.yi)}

    def _lines(self, digits: int) -> list[str]:
        parts = [f"{self.source.capitalize()} predictive check", f"k = {self.k}"]
        width = max([9, *map(len, self.observed)])
        rows = [f"{'':{width}}  {'observed':>9}  {'replicated, 95%':>20}  {'p':>7}"]
        for row in self._terms():
            ends = interval(row["low"], row["high"], digits)
            observed = number(row["observed"], digits)
            rows.append(f"{row['term']:{width}}  {observed:>9}  {ends:>20}  {p_value(row['p_value']):>7}")
        return [heading([*parts, f"{len(self.yi):,} replications"], ""), *rows]

    def _shown(self) -> str:
        p = ", ".join(f"{name}: p={self.p_value(name):.3f}" for name in self.observed)
        return f"{self.source}, k={self.k}, {p}"


def predictive_check(
    post: PosteriorNumbers,
    source: str,
    statistics: tuple[str, ...] | Mapping[str, Statistic] = ("Q", "max|z|"),
    size: int = 4000,
    seed: int | np.random.Generator | None = None,
) -> PredictiveCheck:
    """Replicate the studies under the prior or the posterior and compare statistics.

    Called by ``post.prior_predictive()`` and ``post.posterior_predictive()``.

    References
    ----------
    Gelman A, Meng X-L, Stern H (1996). Posterior predictive assessment of model fitness via realized
    discrepancies. Statistica Sinica 6:733-760.
    """
    check_seed(seed)
    model = post.core.model
    if not getattr(post.core, "exact_model", True):
        raise InputError("predictive checks are written for normal heterogeneity; use heterogeneity='normal'")
    if not model.rows.plain:
        raise InputError("predictive checks need exact effects; drop bounds, mixtures and truncated rows")
    if size < 1:
        raise InputError(f"size must be at least 1, not {size!r}")
    chosen = _chosen(statistics)
    rng = np.random.default_rng(seed)
    mu, tau = from_prior(model, size, rng) if source == "prior" else post.core.sample(size, rng)
    y, v = model.rows.y, model.rows.v
    replicated = replicate(mu, tau, v if model.covariance is None else model.covariance, rng)
    return PredictiveCheck(
        source,
        model.study,
        replicated,
        {name: float(statistic(y[None, :], v)[0]) for name, statistic in chosen.items()},
        {name: np.asarray(statistic(replicated, v)) for name, statistic in chosen.items()},
    )


def replicate(mu: np.ndarray, tau: np.ndarray, v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw y = mu + tau z + e for draws (n,) and sampling variances (k,) or (k, k): shape (n, k)."""
    shape = (mu.size, v.shape[0])
    noise = rng.standard_normal(shape)
    error = noise * np.sqrt(v) if v.ndim == 1 else noise @ np.linalg.cholesky(v).T
    return mu[:, None] + tau[:, None] * rng.standard_normal(shape) + error


def from_prior(model: Model, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws (size,) of the mean and of tau from their priors."""
    for name, prior in (("effect", model.effect), ("tau", model.tau)):
        if not prior.proper:
            raise NotEstimableError(
                f"a prior predictive check needs proper priors, but the prior of {name} is {prior}"
            )
    mu, tau = (np.asarray(prior.ppf(rng.uniform(size=size))) for prior in (model.effect, model.tau))
    return np.broadcast_to(mu, (size,)), np.broadcast_to(tau, (size,))


def _chosen(statistics: tuple[str, ...] | Mapping[str, Statistic]) -> Mapping[str, Statistic]:
    if isinstance(statistics, Mapping):
        return statistics
    for name in statistics:
        if name not in STATISTICS:
            raise unknown_option("statistic", name, tuple(STATISTICS))
    return {name: STATISTICS[name] for name in statistics}
