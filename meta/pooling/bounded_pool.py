"""Pooling exact effects together with bounds and mixtures: maximum and restricted maximum likelihood.

The likelihood is that of ``meta.kernels.bounded``. Compare Radua et al. 2015, doi:10.3389/fpsyt.2015.00072,
who impute what is here integrated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.arguments import check_level
from meta.effects.double_precision import check_carried
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import number
from meta.kernels.adaptive_quadrature import adapt
from meta.kernels.bounded import (
    Rows,
    check_localised,
    joint_log_likelihood,
    localised,
    make_rows,
    mu_axis,
    rough_effects,
)
from meta.results.back_transformation import BackTransformed, back_transformed
from meta.results.base import Result
from meta.results.criteria import InformationCriteria
from meta.results.print_out import Line, display_text, heading, heterogeneity, table

Method = Literal["ML", "REML"]
METHODS = ("ML", "REML")


@dataclass(frozen=True, eq=False, repr=False)
class BoundedPool(InformationCriteria, Result):
    """A random-effects pool in which some results are only bounded.

    Attributes
    ----------
    estimate, se : float
        Pooled effect and its standard error (curvature of the likelihood at the estimated tau2).
    ci_low, ci_high : float
        Profile likelihood interval of the effect (under REML with tau2 held at its estimate).
    tau2, tau2_low, tau2_high : float
        Heterogeneity and its profile interval.
    loglik : float
        Maximised log likelihood (restricted under REML).
    k, k_bounded : int
        Number of results used, and how many of them are not exact.
    method : str
    level : float
    study : tuple of str
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_low: float
    tau2_high: float
    loglik: float
    k: int
    k_bounded: int
    method: str
    level: float
    study: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return "GEN" if self.effects is None else self.effects.measure

    @property
    def df(self) -> float:
        """Infinite: intervals come from the likelihood, whose quantiles are those of the normal."""
        return float("inf")

    @property
    def vcov(self) -> np.ndarray:
        """Covariance of the mean, of shape (1, 1)."""
        return np.array([[self.se**2]])

    @property
    def tau(self) -> float:
        """Square root of tau2."""
        return float(np.sqrt(self.tau2))

    def _counted(self) -> tuple[int, int]:
        return 2, self.k - 1 if self.method == "REML" else self.k

    def _lines(self, digits: int) -> list[str]:
        counts = f"k = {self.k} ({self.k_bounded} not exact)"
        measure = "" if self.effects is None else self.measure
        numbers = (self.estimate, self.ci_low, self.ci_high)
        head = "" if self.effects is None else display_text(self.effects, *numbers)
        spread = heterogeneity(
            tau2=self.tau2,
            tau2_ends=(self.tau2_low, self.tau2_high),
            how="profile likelihood",
            more=[f"log likelihood {number(self.loglik)}"],
        )
        return [
            heading(["Random-effects meta-analysis with bounds", self.method, counts], measure),
            *table([Line.of(self._terms()[0])], self.level, digits, head=head, ci="profile CI"),
            *spread,
        ]

    def _terms(self) -> list[Mapping[str, Any]]:
        names = ("estimate", "se", "ci_low", "ci_high")
        return [{"term": "pooled", "df": np.inf} | {name: getattr(self, name) for name in names}]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("k_bounded", "tau2_low", "tau2_high")}
        return {"model": "random effects with bounds"} | own

    def backtransform(self) -> BackTransformed:
        """The estimate and its interval on the scale on which they are read."""
        if self.effects is None:
            raise NotEstimableError("the effects were not saved with this fit: fit it again")
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, np.nan, np.nan])


def pool_bounded(
    es: Any,
    *,
    method: Method = "REML",
    level: float = 0.95,
    truncated: ArrayLike | None = None,
    alpha: float = 0.05,
) -> BoundedPool:
    """Pool exact, bounded and mixture results by maximum likelihood.

    Parameters
    ----------
    es : EffectSizes
        Rows of kind ``none`` are left out.
    method : {"ML", "REML"}
        Ordinary likelihood, or the one with mu integrated out under a flat prior.
    level : float
        Level of the intervals.
    truncated : array_like of bool, optional
        Exact rows that would not have been reported had they not been significant at ``alpha``.
    alpha : float
        Two-sided level of that truncation.

    Returns
    -------
    BoundedPool

    Examples
    --------
    >>> from meta import EffectSizes
    >>> es = EffectSizes([0.5, 0.1, np.nan], [0.04, 0.03, 0.05], "SMD", ["A", "B", "C"],
    ...                  kind=["exact", "exact", "bound"],
    ...                  lower=[np.nan, np.nan, -0.4], upper=[np.nan, np.nan, 0.4])
    >>> fit = pool_bounded(es, method="ML")
    >>> fit.k, fit.k_bounded, bool(fit.ci_low < fit.estimate < fit.ci_high)
    (3, 1, True)
    """
    if method not in METHODS:
        raise unknown_option("method", method, METHODS)
    check_level(level)
    es = as_effects(es)
    used = informative(es, Notes())
    if used.k == 0:
        raise InputError("no result has an effect, a bound or a mixture, so there is nothing to pool")
    check_carried(used)
    mask = (
        None
        if truncated is None
        else np.broadcast_to(np.asarray(truncated, dtype=bool), (es.k,))[es.informative]
    )
    rows = make_rows(
        used.yi,
        used.vi,
        lower=used.lower,
        upper=used.upper,
        mixtures=dict(used.mixtures),
        truncated=mask,
        alpha=alpha,
    )
    check_localised(rows)
    labels = tuple(str(s) for s in used.study)
    counted = rows.pick(~_vacuous(rows))
    fit = (_fit_ml if method == "ML" else _fit_reml)(counted, rows, level, labels)
    return replace(fit, effects=used)


def _vacuous(rows: Rows) -> np.ndarray:
    return np.isneginf(rows.lower) & np.isposinf(rows.upper)


def _span(rows: Rows) -> tuple[float, float]:
    guess = rough_effects(rows)
    reach = 4.0 * float(np.sqrt(rows.v.max())) + 0.5 * float(np.ptp(guess))
    return float(guess.min()) - reach, float(guess.max()) + reach


def _tau_grid(rows: Rows) -> np.ndarray:
    low, high = _span(rows)
    return np.concatenate([[0.0], np.geomspace(1e-3 * np.sqrt(rows.v.min()), 4.0 * (high - low), 60)])


def _best_mu(rows: Rows, tau: float) -> tuple[float, float]:
    """Maximise over mu at fixed tau: scan, then Newton on the scanned peak."""
    guess = rough_effects(rows)
    # One vague study widens the span a thousandfold; peaks lie among the effects.
    grid = np.union1d(np.linspace(*_span(rows), 81), np.linspace(guess.min(), guess.max(), 81))
    grid = grid[np.append(True, np.diff(grid) > 1e-9 * np.ptp(grid))]
    values = joint_log_likelihood(np.array([tau]), grid, rows)[0]
    at = int(np.argmax(values))
    return _peak(
        lambda mu: float(joint_log_likelihood(np.array([tau]), np.array([mu]), rows)[0, 0]),
        grid[max(at - 1, 0)],
        grid[min(at + 1, grid.size - 1)],
    )


def _peak(f: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    from scipy import optimize

    found = optimize.minimize_scalar(
        lambda x: -f(x), bounds=(low, high), method="bounded", options={"xatol": 1e-11}
    )
    x = float(found.x)
    # Parabolic polish: a bounded search stalls at the square root of the rounding error. Steps are a
    # thousandth of the peak's own width, once that is known.
    step = 1e-4 * (high - low)
    for _ in range(3):
        left, middle, right = f(x - step), f(x), f(x + step)
        bend = left - 2.0 * middle + right
        if bend >= 0:
            break
        x = float(np.clip(x + 0.5 * step * (left - right) / bend, low, high))
        step = min(step, 1e-3 * step / float(np.sqrt(-bend)))
    return x, f(x)


def _curvature(rows: Rows, mu: float, tau: float) -> float:
    step = 1e-3 * float(np.sqrt(rows.v.min()))
    points = mu + step * np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    f = joint_log_likelihood(np.array([tau]), points, rows)[0]
    bend = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * step * step)
    return float(1.0 / np.sqrt(-bend)) if bend < 0 else float("nan")


def _maximise_tau(profile: Callable[[float], float], rows: Rows) -> tuple[float, float]:
    grid = _tau_grid(rows)
    values = np.array([profile(tau) for tau in grid])
    at = int(np.argmax(values))
    if at == grid.size - 1:
        raise NotEstimableError(
            "the likelihood keeps rising with tau2, so that it has no finite maximum; "
            "the bounds contradict each other or there are too few effects; use a proper prior"
        )
    if at == 0 and values[0] >= profile(0.1 * grid[1]):
        return 0.0, float(values[0])
    low, high = grid[max(at - 1, 0)], grid[at + 1]
    tau, best = _peak(profile, low, high)
    return (tau, best) if best > values[0] else (0.0, float(values[0]))


def _bracketed(f: Callable[[float], float], inside: float, direction: float, scale: float) -> float:
    """Root of ``f`` (positive at ``inside``) in a direction; infinite if ``f`` stays positive."""
    from scipy import optimize

    step = scale
    for _ in range(60):
        outside = inside + direction * step
        if f(outside) < 0:
            return float(optimize.brentq(f, inside, outside, xtol=1e-12, rtol=1e-12))
        step *= 1.7
    return float(direction * np.inf)


def _tau_interval(
    profile: Callable[[float], float], tau: float, best: float, cut: float, rows: Rows
) -> tuple[float, float]:
    from scipy import optimize

    def f(t: float) -> float:
        return profile(t) - best + cut

    low = 0.0 if tau == 0 or f(0.0) >= 0 else float(optimize.brentq(f, 0.0, tau, xtol=1e-12))
    high = _bracketed(f, tau, 1.0, float(np.sqrt(rows.v.min())))
    return low * low, high * high


def _fit_ml(rows: Rows, every: Rows, level: float, study: tuple[str, ...]) -> BoundedPool:
    cut = 0.5 * float(special.chdtri(1, 1.0 - level))

    def profile(tau: float) -> float:
        return _best_mu(rows, tau)[1]

    tau, best = _maximise_tau(profile, rows)
    mu = _best_mu(rows, tau)[0]
    se = _curvature(rows, mu, tau)
    grid = _tau_grid(rows)

    def over_tau(value: float) -> float:
        point = np.array([value])
        scan = joint_log_likelihood(grid, point, rows)[:, 0]
        at = int(np.argmax(scan))
        if at == 0 and scan[0] >= float(joint_log_likelihood(0.1 * grid[1:2], point, rows)[0, 0]):
            return float(scan[0])
        top = min(at + 1, grid.size - 1)
        return _peak(
            lambda t: float(joint_log_likelihood(np.array([abs(t)]), point, rows)[0, 0]),
            grid[max(at - 1, 0)],
            grid[top],
        )[1]

    def f(value: float) -> float:
        return over_tau(value) - best + cut

    low, high = (_bracketed(f, mu, side, se) for side in (-1.0, 1.0))
    tau_low, tau_high = _tau_interval(profile, tau, best, cut, rows)
    return _result(mu, se, low, high, tau, tau_low, tau_high, best, "ML", every, level, study)


def restricted_log_likelihood(tau: float, rows: Rows) -> float:
    """Log of the likelihood with mu integrated out, with REML's usual constant 0.5 log k."""
    axis = mu_axis(rows)

    def log_f(z: np.ndarray) -> np.ndarray:
        return joint_log_likelihood(np.array([tau]), axis.x(z), rows)[0] + axis.log_jacobian(z)

    return adapt(log_f, np.linspace(-1.0, 1.0, 13)).log_integral + 0.5 * float(np.log(rows.y.size))


def _fit_reml(rows: Rows, every: Rows, level: float, study: tuple[str, ...]) -> BoundedPool:
    if int(localised(rows).sum()) < 2:
        raise NotEstimableError(
            f"restricted likelihood needs at least two located results to estimate tau2, and there are "
            f"{int(localised(rows).sum())}; use method='ML' or a prior"
        )
    cut = 0.5 * float(special.chdtri(1, 1.0 - level))

    def profile(tau: float) -> float:
        return restricted_log_likelihood(tau, rows)

    tau, best = _maximise_tau(profile, rows)
    mu, top = _best_mu(rows, tau)
    se = _curvature(rows, mu, tau)

    def f(value: float) -> float:
        return float(joint_log_likelihood(np.array([tau]), np.array([value]), rows)[0, 0]) - top + cut

    low, high = (_bracketed(f, mu, side, se) for side in (-1.0, 1.0))
    tau_low, tau_high = _tau_interval(profile, tau, best, cut, rows)
    return _result(mu, se, low, high, tau, tau_low, tau_high, best, "REML", every, level, study)


def _result(
    mu: float,
    se: float,
    low: float,
    high: float,
    tau: float,
    tau_low: float,
    tau_high: float,
    loglik: float,
    method: str,
    every: Rows,
    level: float,
    study: tuple[str, ...],
) -> BoundedPool:
    return BoundedPool(
        estimate=mu,
        se=se,
        ci_low=low,
        ci_high=high,
        tau2=tau * tau,
        tau2_low=tau_low,
        tau2_high=tau_high,
        loglik=loglik,
        k=int(every.y.size),
        k_bounded=int((~every.exact).sum()),
        method=method,
        level=level,
        study=study,
    )
