"""PyMC models: priors translated, likelihoods marginal over the study effects where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from meta.bayes import effect_priors as e
from meta.bayes import tau_priors as t
from meta.bayes.data_priors import _JeffreysOf
from meta.bayes.prior_base import Prior
from meta.errors import InputError
from meta.kernels.bounded import Rows

if TYPE_CHECKING:
    from meta.bayes.model import Model


def _flat(name: str, prior: Prior, positive: bool, shape: Mapping[str, int]) -> Any:
    import pymc as pm

    return pm.HalfFlat(name, **shape) if positive else pm.Flat(name, **shape)


def _by_quantile(transform: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def build(name: str, prior: Prior, positive: bool, shape: Mapping[str, int]) -> Any:
        import pymc as pm

        return pm.Deterministic(name, transform(prior, pm.Uniform(f"{name}_quantile", 0.0, 1.0, **shape)))

    return build


def _uniform(name: str, prior: e.Uniform, positive: bool, shape: Mapping[str, int]) -> Any:
    import pymc as pm

    if prior.on == "tau":
        return pm.Uniform(name, prior.low, prior.high, **shape)
    return pm.Deterministic(name, pm.math.sqrt(pm.Uniform(f"{name}_squared", prior.low, prior.high, **shape)))


def _inverse_gamma(name: str, prior: t.InverseGamma, positive: bool, shape: Mapping[str, int]) -> Any:
    import pymc as pm

    if prior.on == "tau":
        return pm.InverseGamma(name, alpha=prior.shape, beta=prior.scale, **shape)
    squared = pm.InverseGamma(f"{name}_squared", alpha=prior.shape, beta=prior.scale, **shape)
    return pm.Deterministic(name, pm.math.sqrt(squared))


def _log_t(name: str, prior: t.LogStudentT, positive: bool, shape: Mapping[str, int]) -> Any:
    import pymc as pm

    log_u = pm.StudentT(f"{name}_log", nu=prior.df, mu=prior.mu, sigma=prior.sigma, **shape)
    return pm.Deterministic(name, pm.math.exp(log_u / prior.power))


def _jeffreys(name: str, prior: _JeffreysOf, positive: bool, shape: Mapping[str, int]) -> Any:
    import pymc as pm

    tau = pm.HalfFlat(name, **shape)
    v = np.array(prior.variances)
    pm.Potential(f"{name}_prior", 0.5 * pm.math.log(pm.math.sum((tau / (v + tau**2)) ** 2)))
    return tau


def _simple(kind: str, arguments: Callable[[Any], dict[str, Any]]) -> Callable[..., Any]:
    def build(name: str, prior: Prior, positive: bool, shape: Mapping[str, int]) -> Any:
        import pymc as pm

        return getattr(pm, kind)(name, **arguments(prior), **shape)

    return build


_TRANSLATIONS: dict[type, Callable[..., Any]] = {
    e.Flat: _flat,
    e.Normal: _simple("Normal", lambda a: {"mu": a.mean, "sigma": a.sd}),
    e.StudentT: _simple("StudentT", lambda a: {"nu": a.df, "mu": a.location, "sigma": a.scale}),
    e.Cauchy: _simple("Cauchy", lambda a: {"alpha": a.location, "beta": a.scale}),
    e.Uniform: _uniform,
    t.HalfNormal: _simple("HalfNormal", lambda a: {"sigma": a.scale}),
    t.HalfStudentT: _simple("HalfStudentT", lambda a: {"nu": a.df, "sigma": a.scale}),
    t.HalfCauchy: _simple("HalfCauchy", lambda a: {"beta": a.scale}),
    t.Exponential: _simple("Exponential", lambda a: {"lam": 1.0 / a.scale}),
    t.LogNormal: _simple("LogNormal", lambda a: {"mu": a.mu / a.power, "sigma": a.sigma / a.power}),
    t.LogStudentT: _log_t,
    t.InverseGamma: _inverse_gamma,
    e.NormalMixturePrior: _simple(
        "NormalMixture",
        lambda a: {"w": np.array(a.weights), "mu": np.array(a.means), "sigma": np.array(a.sds)},
    ),
    t.Lomax: _by_quantile(lambda a, u: a.scale * ((1.0 - u) ** (-1.0 / a.shape) - 1.0)),
    t.UniformShrinkage: _by_quantile(lambda a, u: a.scale * (u / (1.0 - u)) ** 0.5),
    t.HalfLogistic: _by_quantile(lambda a, u: a.scale * np.log((1.0 + u) / (1.0 - u))),
    _JeffreysOf: _jeffreys,
}


def parameter(name: str, prior: Prior, *, positive: bool = False, shape: int | None = None) -> Any:
    """Add a parameter with this prior to the model under construction."""
    import pymc as pm

    if isinstance(prior, e.Fixed):
        return pm.math.constant(prior.value) if hasattr(pm.math, "constant") else prior.value
    if type(prior) not in _TRANSLATIONS:
        raise InputError(f"the PyMC engine has no translation of {prior}; use engine='exact'")
    return _TRANSLATIONS[type(prior)](name, prior, positive, {} if shape is None else {"shape": shape})


def _log_phi(z: Any) -> Any:
    import pymc as pm

    return pm.logcdf(pm.Normal.dist(0.0, 1.0), z)


def _log_density(y: Any, mu: Any, s: Any) -> Any:
    import pymc as pm

    return -0.5 * ((y - mu) / s) ** 2 - pm.math.log(s) - 0.5 * float(np.log(2.0 * np.pi))


def add_likelihood(mu: Any, tau: Any, rows: Rows) -> None:
    """Add every row's likelihood with its own effect integrated out; ``mu`` is a scalar or of length k."""
    import pymc as pm

    at = _picker(mu, rows.y.size)
    exact = rows.exact
    if exact.any():
        s = pm.math.sqrt(rows.v[exact] + tau**2)
        pm.Normal("y", mu=at(exact), sigma=s, observed=rows.y[exact])
    cut = rows.cutoff > 0
    if cut.any():
        s, c = pm.math.sqrt(rows.v[cut] + tau**2), rows.cutoff[cut]
        seen = pm.math.logaddexp(_log_phi((at(cut) - c) / s), _log_phi((-c - at(cut)) / s))
        pm.Potential("truncation", -pm.math.sum(seen))
    bounded = rows.bounded
    low_only = bounded & np.isfinite(rows.lower) & ~np.isfinite(rows.upper)
    high_only = bounded & ~np.isfinite(rows.lower) & np.isfinite(rows.upper)
    both = bounded & np.isfinite(rows.lower) & np.isfinite(rows.upper)
    if low_only.any():
        s = pm.math.sqrt(rows.v[low_only] + tau**2)
        pm.Potential("lower_bounds", pm.math.sum(_log_phi((at(low_only) - rows.lower[low_only]) / s)))
    if high_only.any():
        s = pm.math.sqrt(rows.v[high_only] + tau**2)
        pm.Potential("upper_bounds", pm.math.sum(_log_phi((rows.upper[high_only] - at(high_only)) / s)))
    if both.any():
        s = pm.math.sqrt(rows.v[both] + tau**2)
        a, b = (rows.lower[both] - at(both)) / s, (rows.upper[both] - at(both)) / s
        flip = pm.math.gt(a + b, 0)
        left, right = pm.math.switch(flip, -b, a), pm.math.switch(flip, -a, b)
        pm.Potential("intervals", pm.math.sum(pm.math.logdiffexp(_log_phi(right), _log_phi(left))))
    for row in np.flatnonzero(rows.mixed):
        s, centre = pm.math.sqrt(rows.v[row] + tau**2), at(np.arange(rows.y.size) == row)
        used = rows.weights[row] > 0
        terms = [
            float(np.log(w)) + _log_density(y, centre, s)
            for w, y in zip(rows.weights[row][used], rows.values[row][used], strict=True)
        ]
        total = terms[0]
        for term in terms[1:]:
            total = pm.math.logaddexp(total, term)
        pm.Potential(f"mixture_{row}", pm.math.sum(total))


def _picker(mu: Any, k: int) -> Callable[[np.ndarray], Any]:
    def at(mask: np.ndarray) -> Any:
        return mu if getattr(mu, "ndim", 0) == 0 else mu[np.flatnonzero(mask)]

    return at


def normal_normal(model: Model) -> Any:
    """Mu and tau with every study effect integrated out, which avoids the funnel."""
    import pymc as pm

    with pm.Model() as built:
        mu = parameter("mu", model.effect)
        tau = parameter("tau", model.tau, positive=True)
        add_likelihood(mu, tau, model.rows)
    return built


def student_t(model: Model, *, df: Prior | float = 4.0) -> Any:
    """Student-t distributed study effects (non-centred), robust to outlying studies; exact rows only."""
    import pymc as pm

    if not model.rows.plain:
        raise InputError("Student-t heterogeneity takes exact effects only; drop bounds and mixtures")
    with pm.Model() as built:
        mu = parameter("mu", model.effect)
        tau = parameter("tau", model.tau, positive=True)
        nu = df if isinstance(df, int | float) else parameter("df", df, positive=True)
        # A t variate is a normal one over the root of a chi-square share; both are free of mu and tau.
        share = pm.Gamma("share", alpha=0.5 * nu, beta=0.5 * nu, shape=model.k)
        s = pm.math.sqrt(model.rows.v + tau**2 / share)
        pm.Normal("y", mu=mu, sigma=s, observed=model.rows.y)
    return built


def regression(y: Any, v: np.ndarray, x: np.ndarray, priors: tuple[Prior, ...], tau_prior: Prior) -> Any:
    """Meta-regression with study effects integrated out; the coefficients are beta_0, beta_1, ..."""
    import pymc as pm

    with pm.Model() as built:
        mean = sum(parameter(f"beta_{j}", prior) * x[:, j] for j, prior in enumerate(priors))
        tau = parameter("tau", tau_prior, positive=True)
        pm.Normal("y", mu=mean, sigma=pm.math.sqrt(v + tau**2), observed=y)
    return built


def draw_study_effects(mu: np.ndarray, tau: np.ndarray, rows: Rows, rng: np.random.Generator) -> np.ndarray:
    """Draw each study's own effect given draws of mu and tau (n,): shape (n, k), no sampler needed."""
    theta = np.empty((mu.size, rows.y.size))
    for i in range(rows.y.size):
        s = np.sqrt(rows.v[i] + tau**2)
        y = _completed(mu, s, rows, i, rng)
        share = tau**2 / (rows.v[i] + tau**2)
        noise = np.sqrt(share * rows.v[i]) * rng.standard_normal(mu.size)
        theta[:, i] = share * y + (1.0 - share) * mu + noise
    return theta


def _completed(mu: np.ndarray, s: np.ndarray, rows: Rows, i: int, rng: np.random.Generator) -> Any:
    if rows.exact[i]:
        return rows.y[i]
    if rows.bounded[i]:
        a, b = (rows.lower[i] - mu) / s, (rows.upper[i] - mu) / s
        flip = a + b > 0
        left, right = np.where(flip, -b, a), np.where(flip, -a, b)
        low, high = special.ndtr(left), special.ndtr(right)
        z = special.ndtri(low + rng.uniform(size=mu.size) * (high - low))
        return mu + s * np.where(flip, -z, z)
    used = rows.weights[i] > 0
    values, weights = rows.values[i][used], rows.weights[i][used]
    logs = np.log(weights) - 0.5 * ((values - mu[:, None]) / s[:, None]) ** 2
    share = np.exp(logs - special.logsumexp(logs, axis=1, keepdims=True))
    pick = (share.cumsum(axis=1) < rng.uniform(size=(mu.size, 1))).sum(axis=1)
    return values[np.minimum(pick, values.size - 1)]
