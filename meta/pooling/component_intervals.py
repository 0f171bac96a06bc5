"""Intervals of every variance and correlation of random terms: profile likelihood and Q-profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from meta.errors import InputError, NotEstimableError
from meta.kernels.mixed import RandomTerm, lay_out, residual_q
from meta.pooling.boundary import check_option
from meta.pooling.components import marginal_of, natural, split, table
from meta.pooling.dependence import DENSE
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.multilevel_numbers import MultilevelNumbers
from meta.pooling.profiles import position, profile_interval, working_parameters

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("PL", "QP")
RANK = 1e-9
"""Singular values below this share of the largest are directions that the columns do not have."""

NONE = Interval(np.nan, np.nan)


def component_interval(fit: MultilevelNumbers, component: int | str, kind: str, level: float) -> Interval:
    """The interval of one parameter by profile likelihood (PL) or Q-profile (QP)."""
    check_option("kind", kind, KINDS)
    if kind == "PL":
        return profile_interval(fit, component, level)
    return q_profile_interval(fit, component, level)


def component_intervals(fit: MultilevelNumbers, kind: str, level: float) -> pd.DataFrame:
    """The table of parameters with ``ci_low ci_high``; NaN where a parameter has no interval of the kind."""
    check_option("kind", kind, KINDS)
    phi = working_parameters(fit)
    ends: list[Interval] = []
    for term, own in zip(fit.random_terms, split(fit.random_terms, phi), strict=True):
        for name, value in natural(term, own).items():
            by_q = name.startswith(("sigma2", "tau2")) and term.struct != "GEN"
            known = (by_q or kind == "PL") and term.fixed is None and not np.isnan(value)
            ends.append(component_interval(fit, len(ends), kind, level) if known else NONE)
    out = table(fit.random_terms, phi)
    return out.assign(ci_low=[e.low for e in ends], ci_high=[e.high for e in ends])


def _columns(term: RandomTerm, name: str) -> np.ndarray:
    """The columns of the term's random effects that a variance belongs to, (k, g)."""
    if term.place is not None:
        return np.eye(len(term.group))
    groups = (term.group[:, None] == np.unique(term.group)[None, :]).astype(float)
    if term.z is None:
        return groups
    chosen = range(term.m) if name == "tau2" else [_level(term, name)]
    return np.column_stack([groups * term.z[:, [j]] for j in chosen])


def _level(term: RandomTerm, name: str) -> int:
    return [f"tau2[{x}]" for x in term.labels].index(name)


def _with_variance(term: RandomTerm, phi: np.ndarray, name: str, value: float) -> np.ndarray:
    """Working parameters with one variance at a value; a correlation and the other variances stay."""
    out = np.array(phi, dtype=float)
    out[0 if name in ("sigma2", "tau2") else _level(term, name)] = np.sqrt(value)
    return out


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that tell of a variance: effects, an orthonormal basis of X, sampling covariance, terms."""

    y: np.ndarray
    X: np.ndarray
    S: Any
    terms: tuple[RandomTerm, ...]
    parts: list[np.ndarray]

    def q(self, columns: np.ndarray) -> float:
        """Residual Q with these fixed effects."""
        model = lay_out(self.y, columns, self.S, self.terms)
        return residual_q(self.y, columns, marginal_of(model, np.concatenate(self.parts), len(self.y))).q


def _rows_of(fit: MultilevelNumbers, i: int, name: str) -> _Rows:
    """All rows; of a variance that shares a correlation, those of its own inner level, where it is alone."""
    terms, parts = fit.random_terms, split(fit.random_terms, working_parameters(fit))
    if not name.startswith("tau2[") or terms[i].struct in ("DIAG", "GDIAG"):
        return _Rows(fit.yi, _basis(fit.X), fit.S, terms, parts)
    j, z = _level(terms[i], name), terms[i].z
    assert z is not None
    if np.any((z != 0) & (z != 1)) or np.any(z.sum(axis=1) != 1):
        raise NotEstimableError(
            f"{name} of random slopes with correlations has no Q-profile interval; use kind='PL'"
        )
    keep = z[:, j] == 1
    S = fit.S[np.ix_(keep, keep)] if isinstance(fit.S, np.ndarray) else fit.S[keep][:, keep]
    variance = terms[i].shape.covariance(parts[i])[j, j]
    alone = replace(
        terms[i].rows(keep), struct="DIAG", z=np.ones((int(keep.sum()), 1)), labels=(terms[i].labels[j],)
    )
    own = [t.rows(keep) for t in terms]
    own[i] = alone
    return _Rows(
        fit.yi[keep],
        _basis(fit.X[keep]),
        S,
        tuple(own),
        [*parts[:i], np.array([np.sqrt(variance)]), *parts[i + 1 :]],
    )


def _basis(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of columns, of which some may be combinations of others."""
    size = np.linalg.norm(columns, axis=0)
    left, sizes, _ = np.linalg.svd(columns[:, size > 0] / size[size > 0], full_matrices=False)
    return np.asarray(left[:, sizes > RANK * sizes[0]])


def q_profile_interval(fit: MultilevelNumbers, component: int | str, level: float) -> Interval:
    """Values of a variance at which Q of its groups lies between two chi-squared quantiles.

    Notes
    -----
    With the other parameters at their estimates, ``y'P y`` less the same with the term's groups as fixed
    effects is chi-squared with as many degrees of freedom as these columns add to the rank of X. Wald's
    interval (Seely & El-Bassiouni 1983, doi:10.1214/aos/1176346069); that of Viechtbauer (2007),
    doi:10.1002/sim.2514, where every effect is a group. Inner levels whose variances differ and whose
    correlations do not vanish have the interval of their own effects.
    """
    i, name = position(fit, component)
    term = fit.random_terms[i]
    if not name.startswith(("sigma2", "tau2")):
        raise NotEstimableError(f"{name} has no Q-profile interval, which is for variances; use kind='PL'")
    if term.fixed is not None:
        raise NotEstimableError(f"the variance of {term.name!r} was given, so that it has no interval")
    if fit.k > DENSE:
        raise InputError(f"a Q-profile interval takes at most {DENSE} effects, not {fit.k}; use kind='PL'")
    rows = _rows_of(fit, i, name)
    wide = _basis(np.column_stack([rows.X, _columns(rows.terms[i], name)]))
    df = wide.shape[1] - rows.X.shape[1]
    if df < 1:
        raise NotEstimableError(
            f"the moderators determine every group of {term.name!r}, so that no Q tells its variance"
        )
    rest = 0.0 if wide.shape[1] == len(rows.y) else rows.q(wide)
    best, share = natural(term, split(fit.random_terms, working_parameters(fit))[i])[name], 0.5 * (1 - level)

    def between(value: float) -> float:
        own = _with_variance(rows.terms[i], rows.parts[i], name if len(rows.y) == fit.k else "tau2", value)
        return replace(rows, parts=[*rows.parts[:i], own, *rows.parts[i + 1 :]]).q(rows.X) - rest

    scale = max(best, fit.typical)
    low, high = (_crossing(between, float(chdtri(df, tail)), scale) for tail in (share, 1 - share))
    return Interval(low, high)


def _crossing(falling: Callable[[float], float], target: float, scale: float) -> float:
    """Where a falling function has a value; 0 if it starts below."""
    from scipy.optimize import brentq

    if falling(0.0) <= target:
        return 0.0
    high = scale
    while falling(high) > target:
        if high > 1e12 * scale:
            return float("inf")
        high *= 4
    return float(brentq(lambda x: falling(x) - target, 0.0, high, xtol=1e-12 * scale, rtol=1e-12))
