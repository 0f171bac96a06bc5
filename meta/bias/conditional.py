"""The likelihood of p-uniform*: effects given which side of the significance threshold they lie on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtri

from meta.bias.common import Estimated, study_p, tail_p
from meta.effects.effect_size_table import EffectSizes
from meta.errors import ConvergenceWarning, Notes, NotEstimableError
from meta.kernels.inference import quantile
from meta.results.criteria import InformationCriteria
from meta.results.print_out import heterogeneity

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConditionalModel(InformationCriteria, Estimated):
    """A fit of p-uniform* by maximum likelihood.

    Attributes
    ----------
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Mean effect with a Wald interval and test.
    tau2 : float
        Heterogeneity.
    loglik : float
        Conditional log-likelihood.
    significant : int
        Studies significant in the favoured tail.
    direction : str
        That tail.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    tau2: float
    loglik: float
    significant: int
    direction: str
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    @property
    def df(self) -> float:
        """Degrees of freedom of the test: infinite, because it is normal."""
        return float("inf")

    def _counted(self) -> tuple[int, int]:
        return 2, self.k

    def _terms(self) -> list[Mapping[str, Any]]:
        return [self._row("pooled")]

    def _facts(self) -> Mapping[str, Any]:
        own = {"significant": self.significant, "direction": self.direction}
        return {"model": "p-uniform*", "method": "ML", "test": "z"} | own

    def _lines(self, digits: int) -> list[str]:
        of = f"k = {self.k}, of them {self.significant} significant"
        head = [f"p-uniform* ({self.direction})", "ML", of]
        return [*self._block(head, self._terms(), digits), *heterogeneity(tau2=self.tau2)]


def conditional_loglik(
    y: np.ndarray, v: np.ndarray, cut: np.ndarray, above: np.ndarray, mu: float, tau2: float
) -> float:
    """Log-likelihood of effects (k,) truncated to the side of ``cut`` on which they lie.

    >>> one = np.ones(1)
    >>> round(conditional_loglik(0 * one, one, 0 * one, np.array([True]), 0.0, 0.0), 4)
    -0.2258
    """
    s2 = v + tau2
    s = np.sqrt(s2)
    inside = -0.5 * (_LOG_2PI + np.log(s2) + (y - mu) ** 2 / s2)
    return float((inside - log_ndtr(np.where(above, mu - cut, cut - mu) / s)).sum())


def fit_conditional(
    effects: EffectSizes, step: float, side: str, level: float, notes: Notes
) -> ConditionalModel:
    """Maximise the conditional likelihood on a scale on which effects are of order 1."""
    from scipy.optimize import minimize

    unit = float(np.sqrt(np.median(effects.vi))) * (-1.0 if side == "less" else 1.0)
    y, v = effects.yi / unit, effects.vi / unit**2
    above = study_p(effects.yi, effects.vi, side) <= step
    cut = -float(ndtri(step)) * np.sqrt(v)
    spread = float(np.var(y)) + float(np.median(v))

    def cost(x: np.ndarray) -> float:
        return -conditional_loglik(y, v, cut, above, float(x[0]), float(x[1]) ** 2)

    start = float((y / v).sum() / (1 / v).sum())
    best = None
    for tau in (0.0, 0.3 * math.sqrt(spread), math.sqrt(spread)):
        found = minimize(
            cost, [start, tau], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}
        )
        best = found if best is None or found.fun < best.fun else best
    assert best is not None
    mu, tau2 = float(best.x[0]), float(best.x[1]) ** 2
    if abs(mu) > 50 * math.sqrt(spread):
        raise NotEstimableError(
            "the conditional likelihood has no finite maximum: the effects crowd at the threshold"
        )
    if not best.success:
        notes.warn("the maximum of p-uniform*'s likelihood was not found to tolerance", ConvergenceWarning)
    if tau2 < 1e-8 * spread:
        tau2 = 0.0
    se = _standard_error(lambda m, t: conditional_loglik(y, v, cut, above, m, t), mu, tau2, spread) * abs(
        unit
    )
    estimate = mu * unit
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    return ConditionalModel(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=estimate / se,
        p_value=tail_p(estimate / se, math.inf, "two-sided"),
        tau2=tau2 * unit**2,
        loglik=-float(best.fun) - effects.k * math.log(abs(unit)),
        significant=int(above.sum()),
        direction=side,
        k=effects.k,
        warnings=notes.messages,
        effects=effects,
    )


def _standard_error(f: Callable[[float, float], float], mu: float, tau2: float, spread: float) -> float:
    """From the observed information of (mu, tau2), or of mu alone at tau2 = 0; NaN if it is not positive."""
    a = 1e-4 * math.sqrt(spread)
    at = f(mu, tau2)
    mm = (f(mu + a, tau2) - 2 * at + f(mu - a, tau2)) / a**2
    if tau2 == 0:
        return math.sqrt(-1 / mm) if mm < 0 else math.nan
    b = min(1e-4 * spread, 0.1 * tau2)
    tt = (f(mu, tau2 + b) - 2 * at + f(mu, tau2 - b)) / b**2
    corners = f(mu + a, tau2 + b) - f(mu + a, tau2 - b)
    corners += f(mu - a, tau2 - b) - f(mu - a, tau2 + b)
    mt = corners / (4 * a * b)
    determinant = mm * tt - mt * mt
    return math.sqrt(-tt / determinant) if determinant > 0 and tt < 0 else math.nan
