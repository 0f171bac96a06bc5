"""Copas and Shi's sensitivity analysis: selection that depends on the standard error and on the effect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, log_ndtr, ndtri

from meta.arguments import check_arguments, check_share, floats
from meta.bias.common import Result, caution_few, favoured_side, rows_of
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number, p_equation, shown
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.results.print_out import size

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Copas(Result):
    """Copas and Shi's sensitivity analysis, one entry an assumed severity of selection.

    Attributes
    ----------
    published : ndarray of shape (m,)
        Assumed probability that the least precise study is published.
    estimate, se, ci_low, ci_high : ndarray of shape (m,)
        Mean effect under that assumption.
    tau2, rho : ndarray of shape (m,)
        Heterogeneity; correlation of effect and propensity to be published, in the favoured direction.
    unpublished : ndarray of shape (m,)
        Expected number of unpublished studies.
    residual_p : ndarray of shape (m,)
        Likelihood-ratio p-value of a trend with the standard error that this selection leaves unexplained.
    top : float
        Assumed probability for the most precise study.
    direction : str
        The favoured side.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    published: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    tau2: np.ndarray
    rho: np.ndarray
    unpublished: np.ndarray
    residual_p: np.ndarray
    top: float
    direction: str
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    @property
    def vcov(self) -> np.ndarray:
        """Variance of the mean under each assumption, of shape (m, 1, 1)."""
        return (self.se**2)[:, None, None]

    def _reads(self, row: Mapping[str, Any]) -> bool:
        return True

    def _shown(self) -> str:
        return f"{len(self.published)} severities, {self.direction}, k={self.k}"

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per assumed severity of selection."""
        names = ("estimate", "se", "ci_low", "ci_high")
        more = ("published", "tau2", "rho", "unpublished", "residual_p")
        return [
            {"term": f"published {share:g}", "df": math.inf}
            | {name: float(getattr(self, name)[i]) for name in (*names, *more)}
            for i, share in enumerate(self.published.tolist())
        ]

    def _facts(self) -> Mapping[str, Any]:
        own = {"top": self.top, "direction": self.direction, "severities": len(self.published)}
        return {"model": "Copas-Shi", "method": "ML", "tau2": math.nan} | own

    def _lines(self, digits: int) -> list[str]:
        head = [f"Copas-Shi sensitivity analysis ({self.direction})", "ML", f"k = {self.k}"]
        more = [
            f"published {share:g}: tau2 {size(self.tau2[i])}, rho {number(self.rho[i], 2)}, "
            f"{number(self.unpublished[i], 1)} unpublished, residual {p_equation(self.residual_p[i])}"
            for i, share in enumerate(self.published.tolist())
        ]
        return [*self._block(head, self._terms(), digits), *more]


def copas_loglik(
    y: np.ndarray, v: np.ndarray, u: np.ndarray, mean: np.ndarray | float, tau2: float, rho: float
) -> float:
    """Log-likelihood of published effects (k,) with propensity ``N(u, 1)`` to be published, if positive.

    ``v`` is the variance among the published studies; that of all is ``v / (1 - c rho^2)`` with
    ``c = lam (u + lam)``, ``lam = phi(u) / Phi(u)``.

    >>> round(copas_loglik(np.zeros(1), np.ones(1), np.array([9.0]), 0.0, 0.0, 0.5), 4)
    -0.9189
    """
    lam = np.exp(-0.5 * (u * u + _LOG_2PI) - log_ndtr(u))
    sigma2 = v / (1 - lam * (u + lam) * rho**2)
    s2 = sigma2 + tau2
    residual = (y - mean) / np.sqrt(s2)
    r = rho * np.sqrt(sigma2 / s2)
    chosen = log_ndtr((u + r * residual) / np.sqrt(1 - r * r)) - log_ndtr(u)
    return float((chosen - 0.5 * (_LOG_2PI + np.log(s2) + residual**2)).sum())


def _fit(y: np.ndarray, v: np.ndarray, u: np.ndarray, trend: bool) -> tuple[np.ndarray, float]:
    """Maximum over mu (and a slope on the standard error), tau and rho; x and the log-likelihood."""
    from scipy.optimize import minimize

    se, sd = np.sqrt(v), math.sqrt(float(np.var(y)) + 1.0)

    def cost(x: np.ndarray) -> float:
        mean = x[0] + x[3] * se if trend else x[0]
        return -copas_loglik(y, v, u, mean, float(x[1]) ** 2, float(x[2]))

    start = float((y / v).sum() / (1 / v).sum())
    bounds = [(start - 30 * sd, start + 30 * sd), (0.0, 10 * sd), (0.0, 0.995)]
    best = None
    for tau, rho in ((0.3 * sd, 0.1), (0.8 * sd, 0.5), (0.1 * sd, 0.9)):
        x0 = [start, tau, rho] + ([0.0] if trend else [])
        found = minimize(
            cost,
            x0,
            method="L-BFGS-B",
            bounds=bounds + ([(-50.0, 50.0)] if trend else []),
            options={"ftol": 1e-13, "gtol": 1e-8},
        )
        best = found if best is None or found.fun < best.fun else best
    assert best is not None
    return best.x, -float(best.fun)


def _error(y: np.ndarray, v: np.ndarray, u: np.ndarray, x: np.ndarray, top: float) -> float:
    """Standard error of mu from the curvature of its profile likelihood."""
    from scipy.optimize import minimize

    sd = math.sqrt(float(np.var(y)) + 1.0)
    # Short, since the profile bends where rho reaches its bound.
    step = 0.03 / math.sqrt(float((1 / (v + x[1] ** 2)).sum()))

    def profile(mu: float) -> float:
        found = minimize(
            lambda z: -copas_loglik(y, v, u, mu, float(z[0]) ** 2, float(z[1])),
            x[1:3],
            method="L-BFGS-B",
            bounds=[(0.0, 10 * sd), (0.0, 0.995)],
            options={"ftol": 1e-13, "gtol": 1e-8},
        )
        return -float(found.fun)

    curvature = (profile(x[0] + step) - 2 * top + profile(x[0] - step)) / step**2
    return math.sqrt(-1 / curvature) if curvature < 0 else math.nan


@keywords
def copas(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    published: Any = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1),
    top: float = 0.99,
    direction: str | None = None,
    level: float = 0.95,
) -> Copas:
    """How the mean effect would change if imprecise studies were published with given probabilities.

    A study is published if ``gamma0 + gamma1 / se + delta > 0``, where delta is standard normal and
    correlated (rho >= 0, in the favoured direction) with the study's error. The data can't tell gamma0 and
    gamma1: they are set by the probabilities for the least and the most precise study.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    published : sequence of float
        Probabilities that a study like the least precise one is published; 1 means no selection at all.
    top : float
        The probability for the most precise one.
    direction : {"greater", "less"}, optional
        The favoured side; by default that of the equal-effects estimate.
    level : float
        Confidence level.

    Returns
    -------
    Copas

    References
    ----------
    Copas & Shi 2000, doi:10.1093/biostatistics/1.3.247; Copas & Shi 2001, doi:10.1177/096228020101000402.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = copas(es, published=[1, 0.5])
    >>> bool(found.estimate[1] < found.estimate[0])
    True
    """
    check_arguments(copas, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    shares = np.atleast_1d(floats(published, "published", ndim=(0, 1)))
    check_share(top, "top")
    if not shares.size or np.any(~((shares >= 1e-3) & (shares <= 1))):
        raise InputError(f"published must hold probabilities from 0.001 to 1, not {shown(published)}")
    if direction == "two-sided":
        raise InputError("selection favours one side: direction must be 'greater' or 'less'")
    notes = Notes()
    effects = rows_of(es, notes, what="the Copas-Shi model")
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "the Copas-Shi model")
    unit = float(np.sqrt(np.median(effects.vi))) * (-1.0 if side == "less" else 1.0)
    y, v = effects.yi / unit, effects.vi / unit**2
    precision = 1 / np.sqrt(v)
    if np.ptp(precision) <= 1e-9 * precision.max():
        raise NotEstimableError(
            "all studies are equally precise, so that selection by precision has no meaning"
        )
    rows = np.array([_row(y, v, precision, share, top) for share in shares.tolist()])
    estimate, se = rows[:, 0] * unit, rows[:, 1] * abs(unit)
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    return Copas(
        published=shares,
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        tau2=rows[:, 2] * unit**2,
        rho=rows[:, 3],
        unpublished=rows[:, 4],
        residual_p=rows[:, 5],
        top=top,
        direction=side,
        k=effects.k,
        warnings=notes.messages,
        effects=effects,
    )


def _row(y: np.ndarray, v: np.ndarray, precision: np.ndarray, share: float, top: float) -> list[float]:
    """Estimate, standard error, tau2, rho, unpublished studies, p of the residual trend."""
    if share == 1:
        u = np.full(len(y), 38.0)
    else:
        low, high = float(ndtri(share)), float(ndtri(max(top, share)))
        place = (precision - precision.min()) / np.ptp(precision)
        u = low + (high - low) * place
    x, value = _fit(y, v, u, trend=False)
    _, better = _fit(y, v, u, trend=True)
    chance = np.exp(log_ndtr(u))
    p = float(chdtrc(1, max(0.0, 2 * (better - value))))
    rho = math.nan if share == 1 else float(x[2])
    missing = float(((1 - chance) / chance).sum())
    return [float(x[0]), _error(y, v, u, x, value), float(x[1]) ** 2, rho, missing, p]
