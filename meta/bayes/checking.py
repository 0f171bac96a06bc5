"""Does the model predict the studies? Leave-one-out densities and replicated data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.bayes.fit import bayes
from meta.errors import InputError, NotEstimableError, quiet, unknown_option
from meta.formatting import number, p_equation
from meta.kernels.bounded import row_log_likelihood

if TYPE_CHECKING:
    import pandas as pd

    from meta.bayes.posterior import Posterior


def _q(y: np.ndarray, v: np.ndarray) -> np.ndarray:
    w = 1 / v
    mean = (y @ w / w.sum())[..., None]
    return ((y - mean) ** 2) @ w


STATISTICS: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "q": ("Cochran's Q", _q),
    "largest": ("largest |y| in standard errors", lambda y, v: np.abs(y / np.sqrt(v)).max(axis=-1)),
    "range": ("range of the effects", lambda y, v: np.ptp(y, axis=-1)),
    "mean": ("unweighted mean", lambda y, v: y.mean(axis=-1)),
}
"""Statistics of a data set of k effects, by name."""


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """How well each study is predicted by the others.

    Attributes
    ----------
    elpd, se : float
        Expected log predictive density, summed over the studies, and its standard error.
    p_loo : float
        Effective number of parameters: what the studies gain from being in the fit, by simulation.
    study : tuple of str
        Labels.
    pointwise : ndarray of shape (k,)
        Log predictive density of each study given the others.
    """

    elpd: float
    se: float
    p_loo: float
    study: tuple[str, ...]
    pointwise: np.ndarray

    def __repr__(self) -> str:
        return f"LeaveOneOut(elpd={self.elpd:.4g}, se={self.se:.3g}, p_loo={self.p_loo:.3g})"

    def to_frame(self) -> pd.DataFrame:
        """One row a study: ``study elpd``."""
        import pandas as pd

        return pd.DataFrame({"study": self.study, "elpd": self.pointwise})


@dataclass(frozen=True, slots=True)
class PredictiveCheck:
    """A statistic of the data against the same of replicated data.

    Attributes
    ----------
    statistic : str
        Key of :data:`STATISTICS`.
    observed : float
        Of the data.
    p_value : float
        Share of replications with at least as large a value (Gelman, Meng & Stern 1996).
    low, high : float
        Central 95% of the replications.
    """

    statistic: str
    observed: float
    p_value: float
    low: float
    high: float

    def __str__(self) -> str:
        name = STATISTICS[self.statistic][0]
        return (
            f"{name}: {number(self.observed)}; replicated {number(self.low)} to {number(self.high)}, "
            f"{p_equation(self.p_value)}"
        )


def leave_one_out(posterior: Posterior, *, draws: int = 20_000, seed: int = 1) -> LeaveOneOut:
    """Predict each study from the others, exactly: the evidence with it over the evidence without.

    Parameters
    ----------
    posterior : Posterior
        With at least two results and proper priors.
    draws, seed : int
        For the effective number of parameters.

    Returns
    -------
    LeaveOneOut

    Raises
    ------
    NotEstimableError
        If there is one result, sampling errors are correlated, or a prior is improper.

    References
    ----------
    Vehtari A, Gelman A, Gabry J (2017). doi:10.1007/s11222-016-9696-4

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05],
    ...                   effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> round(leave_one_out(post).elpd, 3)
    -0.316
    """
    model, effects = posterior.core.model, posterior.effects
    if model.k < 2:
        raise NotEstimableError("with one result there is nothing to predict it from")
    if model.covariance is not None:
        raise NotEstimableError("leaving one out needs independent sampling errors; drop the covariances")
    if not _proper(posterior):
        raise NotEstimableError("leaving one out needs proper priors of mu and tau")
    used = effects.subset(effects.informative)
    priors: dict[str, Any] = {"effect": model.effect, "tau": model.tau}
    with quiet():
        whole = bayes(used, **priors).log_evidence
        without = [bayes(used.subset(np.arange(model.k) != i), **priors) for i in range(model.k)]
    pointwise = np.array([whole - item.log_evidence for item in without])
    drawn = posterior.sample(draws, seed=seed)
    mu, tau2 = drawn["mu"].to_numpy(), drawn["tau"].to_numpy() ** 2
    inside = np.array([_log_mean(row_log_likelihood(mu, tau2, model.rows, i)) for i in range(model.k)])
    return LeaveOneOut(
        elpd=float(pointwise.sum()),
        se=float(np.sqrt(model.k * pointwise.var(ddof=1))),
        p_loo=float(np.sum(inside - pointwise)),
        study=model.study,
        pointwise=pointwise,
    )


def predictive_check(
    posterior: Posterior,
    statistic: str = "q",
    *,
    of: str = "posterior",
    draws: int = 20_000,
    seed: int = 1,
) -> PredictiveCheck:
    """Hold a statistic of the data against data replicated from the posterior or the prior.

    Parameters
    ----------
    posterior : Posterior
        Of results that are all exactly known.
    statistic : str
        Key of :data:`STATISTICS`.
    of : {"posterior", "prior"}
        Where the parameters of the replications come from.
    draws, seed : int
        Replications.

    Raises
    ------
    NotEstimableError
        If a result is a bound or a mixture.
    InputError
        If a prior that is to be drawn from is improper.

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05],
    ...                   effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> bool(0.5 < predictive_check(post, "q").p_value < 1)
    True
    """
    if statistic not in STATISTICS:
        raise unknown_option("statistic", statistic, STATISTICS)
    if of not in ("posterior", "prior"):
        raise unknown_option("of", of, ("posterior", "prior"))
    rows = posterior.core.model.rows
    if not rows.exact.all():
        raise NotEstimableError(
            "replicated data need effects that are all known; leave out bounds and mixtures"
        )
    rng = np.random.default_rng(seed)
    mu, tau = _parameters(posterior, of, draws, rng)
    noise = rng.standard_normal((draws, rows.y.size))
    replicated = mu[:, None] + np.sqrt(rows.v + tau[:, None] ** 2) * noise
    measure = STATISTICS[statistic][1]
    values, observed = measure(replicated, rows.v), float(measure(rows.y[None, :], rows.v)[0])
    low, high = np.quantile(values, (0.025, 0.975))
    return PredictiveCheck(statistic, observed, float(np.mean(values >= observed)), float(low), float(high))


def _parameters(
    posterior: Posterior, of: str, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    if of == "posterior":
        drawn = posterior.sample(draws, seed=rng)
        return drawn["mu"].to_numpy(), drawn["tau"].to_numpy()
    if not _proper(posterior):
        raise InputError("an improper prior cannot be drawn from; use proper priors of mu and tau")
    model = posterior.core.model
    return model.effect.ppf(rng.uniform(size=draws)), model.tau.ppf(rng.uniform(size=draws))


def _proper(posterior: Posterior) -> bool:
    model = posterior.core.model
    return bool(model.effect.proper and model.tau.proper)


def _log_mean(log_values: np.ndarray) -> float:
    top = float(log_values.max())
    return top + float(np.log(np.mean(np.exp(log_values - top))))
