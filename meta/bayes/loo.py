"""Leave-one-out predictive densities: exact by quadrature, or from draws by Pareto-smoothed weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from meta.bayes.model import Model, check_integrates
from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.bayes.quadrature import fit_core
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import number, shown
from meta.kernels.bounded import Rows, row_log_likelihood
from meta.keywords import keywords
from meta.results.base import Result
from meta.results.print_out import heading

if TYPE_CHECKING:
    import pandas as pd


PARETO_LIMIT = 0.7


@dataclass(frozen=True, eq=False, repr=False)
class LeaveOneOut(Result):
    """Expected log predictive density of a study that the fit has not seen.

    Attributes
    ----------
    study : tuple of str
    pointwise : ndarray of shape (k,)
        log p(y_i | y_-i), each study's own effect integrated out.
    pareto_k : ndarray of shape (k,)
        Shape of the importance weights' tail; NaN where the density is exact.
    p_loo : float
        Effective number of parameters.
    method : str
        "quadrature" or "PSIS".
    warnings : tuple of str
    """

    study: tuple[str, ...]
    pointwise: np.ndarray
    pareto_k: np.ndarray
    p_loo: float
    method: str
    warnings: tuple[str, ...] = ()

    @property
    def elpd(self) -> float:
        """Sum of the pointwise densities; higher predicts better."""
        return float(self.pointwise.sum())

    @property
    def se(self) -> float:
        """Standard error of ``elpd`` over studies (NaN for one study)."""
        k = self.pointwise.size
        return float(np.sqrt(k * self.pointwise.var(ddof=1))) if k > 1 else float("nan")

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.study)

    def _terms(self) -> list[dict[str, Any]]:
        """One row per study: its own log density, and the shape of its weights' tail."""
        rows = zip(self.study, self.pointwise.tolist(), self.pareto_k.tolist(), strict=True)
        return [
            {"term": label, "study": label, "elpd": elpd, "pareto_k": shape} for label, elpd, shape in rows
        ]

    def _facts(self) -> dict[str, Any]:
        own = {"elpd": self.elpd, "elpd_se": self.se, "p_loo": self.p_loo}
        return {"model": "leave-one-out predictive density", "method": self.method} | own

    def _lines(self, digits: int) -> list[str]:
        elpd, se, p = (number(x, digits) for x in (self.elpd, self.se, self.p_loo))
        return [
            heading(["Leave-one-out predictive density", self.method, f"k = {self.k}"], ""),
            f"elpd {elpd} (SE {se}), effective parameters {p}",
        ]

    def _shown(self) -> str:
        return f"k={self.k}, elpd={number(self.elpd)}, se={number(self.se)}"


def leave_one_out_density(post: PosteriorNumbers) -> LeaveOneOut:
    """How well the fit predicts each study from the others; called by ``post.loo()``.

    The exact engine takes the ratio of two evidences, p(y) / p(y_-i). Draws are weighted by
    1 / p(y_i | mu, tau), smoothed by a generalised Pareto tail.

    References
    ----------
    Vehtari A, Gelman A, Gabry J (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. doi:10.1007/s11222-016-9696-4
    """
    if post.k < 2:
        raise InputError("leaving a study out needs at least two results, and this fit has one")
    return _exact(post) if post.engine == "exact" else _smoothed(post)


def _without(model: Model, i: int) -> Model:
    keep = np.delete(np.arange(model.k), i)
    covariance = None if model.covariance is None else model.covariance[np.ix_(keep, keep)]
    study = tuple(model.study[j] for j in keep)
    return replace(model, rows=model.rows.pick(keep), study=study, covariance=covariance)


def _exact(post: PosteriorNumbers) -> LeaveOneOut:
    model = post.core.model
    if model.covariance is not None:
        raise InputError("leave-one-out needs independent sampling errors; leave out clusters instead")
    pointwise, seen = np.empty(model.k), np.empty(model.k)
    mu, tau = post.core.sample(4000, np.random.default_rng(0))
    for i in range(model.k):
        rest = _without(model, i)
        check_integrates(rest)
        pointwise[i] = post.log_evidence - fit_core(rest).log_evidence
        seen[i] = _log_mean(row_log_likelihood(mu, tau**2, model.rows, i))
    none = np.full(model.k, np.nan)
    return LeaveOneOut(model.study, pointwise, none, float((seen - pointwise).sum()), "quadrature")


def _smoothed(post: PosteriorNumbers) -> LeaveOneOut:

    core = post.core
    if not getattr(core, "exact_model", True):
        raise InputError("leave-one-out is written for normal heterogeneity; use heterogeneity='normal'")
    mu, tau = core.mu_draws, core.tau_draws  # type: ignore[attr-defined]
    each = pointwise_log_likelihood(mu, tau, core.model.rows)
    efficiency = min(1.0, min(post.diagnostics.ess_bulk.values()) / mu.size)
    return smoothed_loo(core.model.study, each, efficiency, "engine='exact' needs no weights")


def smoothed_loo(study: tuple[str, ...], logs: np.ndarray, efficiency: float, remedy: str) -> LeaveOneOut:
    """Leave-one-out from the log likelihood (k, n) of draws, by Pareto-smoothed importance weights."""
    from meta import compat

    weights, shape = compat.smooth_weights(-logs, efficiency)
    pointwise = special.logsumexp(logs + weights, axis=1) - special.logsumexp(weights, axis=1)
    seen = np.array([_log_mean(row) for row in logs])
    notes = Notes()
    bad = [name for name, k in zip(study, shape, strict=True) if not k <= PARETO_LIMIT]
    if bad:
        notes.warn(
            f"the smoothed weights are unreliable (Pareto k above {PARETO_LIMIT:g}) without "
            f"{', '.join(bad)}; {remedy}",
            AssumptionWarning,
        )
    return LeaveOneOut(study, pointwise, shape, float((seen - pointwise).sum()), "PSIS", notes.messages)


def pointwise_log_likelihood(mu: np.ndarray, tau: np.ndarray, rows: Rows) -> np.ndarray:
    """Log likelihood of each row given draws (n,), study effects integrated out: shape (k, n)."""
    return np.array([row_log_likelihood(mu, tau**2, rows, i) for i in range(rows.y.size)])


def _log_mean(logs: np.ndarray) -> float:
    return float(special.logsumexp(logs) - np.log(logs.size))


@keywords
def compare_loo(**fits: LeaveOneOut) -> pd.DataFrame:
    """Compare fits of the same studies: ``elpd se difference difference_se p_loo``, best first.

    Parameters
    ----------
    **fits : LeaveOneOut
        Each under the name that it has in the table.

    Raises
    ------
    InputError
        If the fits hold different studies.

    Examples
    --------
    >>> import meta
    >>> from meta.bayes.loo import compare_loo
    >>> data = {"yi": [0.1, 0.4, 0.3, 0.9], "vi": [0.04, 0.02, 0.05, 0.03], "effect": meta.Normal(0, 1)}
    >>> common, random = meta.bayes(**data, tau=0.0), meta.bayes(**data, tau=meta.HalfNormal(0.5))
    >>> compare_loo(common=common.loo(), random=random.loo()).index.tolist()
    ['random', 'common']
    """
    import pandas as pd

    for name, fit in fits.items():
        if not isinstance(fit, LeaveOneOut):
            raise InputError(f"{name} must be a leave-one-out result from .loo(), not {shown(fit)}")
    if len({fit.study for fit in fits.values()}) != 1:
        raise InputError("a comparison by leave-one-out needs at least one fit, all of the same studies")
    best = max(fits.values(), key=lambda fit: fit.elpd)
    rows = []
    for name, fit in fits.items():
        gap = fit.pointwise - best.pointwise
        error = float(np.sqrt(gap.size * gap.var(ddof=1)))
        rows.append(
            {
                "fit": name,
                "elpd": fit.elpd,
                "se": fit.se,
                "difference": float(gap.sum()),
                "difference_se": error,
                "p_loo": fit.p_loo,
            }
        )
    return pd.DataFrame(rows).set_index("fit").sort_values("elpd", ascending=False)
