"""Permutation tests of a meta-regression, as one batch of fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_seed
from meta.effects.design import Design
from meta.errors import InputError
from meta.formatting import p_equation
from meta.kernels.regression import RegressionFit, fit_regression
from meta.results.base import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Observed:
    """The data and options of the regression that is tested.

    Attributes
    ----------
    yi, vi : ndarray of shape (k,)
        Effects and their variances.
    design : Design
        Of k rows and p columns.
    method, test : str or float, str
        The estimator of tau2 (or its fixed value), and the test.
    weights : ndarray of shape (k,) or None
        The caller's weights.
    """

    yi: np.ndarray
    vi: np.ndarray
    design: Design
    method: str | float
    test: str
    weights: np.ndarray | None

    @property
    def X(self) -> np.ndarray:
        """Design matrix, (k, p)."""
        return self.design.X

    @property
    def k(self) -> int:
        """Number of effects."""
        return len(self.yi)


EXACT_LIMIT = 20_000
_CHUNK = 2_000


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest(Result):
    """Permutation p-values.

    Attributes
    ----------
    names : tuple of str
        Coefficients.
    p_values : ndarray of shape (p,)
        Two-sided: the share of permutations whose ``|statistic|`` is at least the observed one.
    qm_p : float
        Of the omnibus test; NaN where there is only an intercept.
    n : int
        Permutations, the observed data among them, so that no p-value is 0.
    exact : bool
        Whether every distinct permutation was used.
    statistics : ndarray of shape (n, p)
        The permutation distribution; the observed statistics are ``observed``.
    observed : ndarray of shape (p,)
    """

    names: tuple[str, ...]
    p_values: np.ndarray
    qm_p: float
    n: int
    exact: bool
    statistics: np.ndarray = field(repr=False)
    observed: np.ndarray = field(repr=False)

    @property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``statistic p_value`` by coefficient."""
        import pandas as pd

        index = pd.Index(list(self.names), name="term")
        return pd.DataFrame({"statistic": self.observed, "p_value": self.p_values}, index=index)

    def _lines(self, digits: int) -> list[str]:
        kind = "exact" if self.exact else "random"
        lines = [f"Permutation test · {self.n} {kind} permutations", self.coefficients.to_string()]
        return [*lines, f"moderators: {p_equation(self.qm_p)}"] if np.isfinite(self.qm_p) else lines

    def _shown(self) -> str:
        return f"n={self.n}, exact={self.exact}, qm_p={self.qm_p:.4g}, names={list(self.names)}"

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per coefficient, and one for all moderators together."""
        rows: list[Mapping[str, Any]] = [
            {"term": name, "statistic": float(x), "p_value": float(p)}
            for name, x, p in zip(self.names, self.observed, self.p_values, strict=True)
        ]
        return [*rows, {"term": "moderators", "p_value": self.qm_p}] if np.isfinite(self.qm_p) else rows

    def _facts(self) -> Mapping[str, Any]:
        return {"model": "permutation test", "n": self.n, "exact": self.exact, "qm_p": self.qm_p}


def sign_flips(k: int) -> np.ndarray:
    """All 2^k sign patterns, the observed one first, (2^k, k).

    >>> sign_flips(2).tolist()
    [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
    """
    bits = (np.arange(2**k)[:, None] >> np.arange(k)[::-1]) & 1
    return 1.0 - 2.0 * bits


def distinct_orders(groups: np.ndarray) -> np.ndarray:
    """Every distinct arrangement of the group labels (equal rows are interchangeable), (n, k); the given
    one first.

    >>> distinct_orders(np.array([0, 0, 1])).tolist()
    [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    """
    labels, counts = np.unique(groups, return_counts=True)
    done = np.full((1, groups.size), -1)
    for label, count in zip(labels, counts, strict=True):
        done = np.concatenate([_place(row, label, int(count)) for row in done])
    first = np.flatnonzero((done == groups).all(axis=1))[0]
    return np.concatenate([done[[first]], np.delete(done, first, axis=0)])


def _place(row: np.ndarray, label: int, count: int) -> np.ndarray:
    from itertools import combinations

    free = np.flatnonzero(row < 0)
    spots = np.array(list(combinations(free, count)))
    rows = np.repeat(row[None], len(spots), axis=0)
    np.put_along_axis(rows, spots, label, axis=1)
    return rows


def _count(groups: np.ndarray) -> float:
    total = factorial(groups.size)
    for count in np.unique(groups, return_counts=True)[1]:
        total //= factorial(int(count))
    return float(total)


def _statistics(
    core: RegressionFit, test: str, k: int, tested: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficient statistics (n, p) and omnibus statistics (n,)."""
    p = core.beta.shape[-1]
    scale = core.rss / (k - p)
    factor = {"hksj": scale, "adhoc": np.maximum(scale, 1.0)}.get(test, np.ones_like(scale))
    # for columns divided by a power of two, which leaves all statistics as they are
    vcov = core.scaled * factor[:, None, None]
    beta = np.ldexp(core.beta, core.exponent)
    at = list(tested)
    effect = beta[:, at]
    inner = vcov[:, at][:, :, at]
    omnibus = np.einsum("bi,bi->b", effect, np.linalg.solve(inner, effect[..., None])[..., 0])
    return beta / np.sqrt(np.einsum("bii->bi", vcov)), omnibus


def permutation_test(
    fit: Observed,
    *,
    n: int = 1000,
    exact: bool | None = None,
    seed: int | np.random.Generator | None = None,
) -> PermutationTest:
    """Permute, refit (tau2 included, by the same estimator), and compare the statistics.

    Models of an intercept alone flip the signs of the effects; others permute the rows of the design.

    Parameters
    ----------
    fit : Observed
        The regression.
    n : int
        Random permutations, the observed order among them.
    exact : bool, optional
        Use all distinct permutations; by default where there are no more than ``n``.
    seed : optional
        For :func:`numpy.random.default_rng`.

    Notes
    -----
    Higgins & Thompson (2004), doi:10.1002/sim.1752; Follmann & Proschan (1999),
    doi:10.1111/j.0006-341X.1999.00732.x.
    """
    check_seed(seed)
    alone = fit.X.shape[1] == 1 and fit.design.intercept == 0
    groups = np.unique(fit.X, axis=0, return_inverse=True)[1].reshape(-1)
    total = 2.0**fit.k if alone else _count(groups)
    everything = total <= n if exact is None else exact
    if everything and total > EXACT_LIMIT and total > n:
        raise InputError(f"an exact test needs {total:.3g} permutations; use exact=False with n={n}")
    rng = np.random.default_rng(seed)
    if alone:
        y = (sign_flips(fit.k) if everything else _random_signs(rng, n, fit.k)) * fit.yi
        designs = np.broadcast_to(fit.X, (len(y), *fit.X.shape))
    else:
        if everything:
            representative = np.unique(fit.X, axis=0)
            designs = representative[distinct_orders(groups)]
        else:
            orders = rng.permuted(np.tile(np.arange(fit.k), (n, 1)), axis=1)
            orders[0] = np.arange(fit.k)
            designs = fit.X[orders]
        y = np.broadcast_to(fit.yi, (len(designs), fit.k))
    z, q = _batch(fit, y, designs)
    slack = 1e-9
    return PermutationTest(
        names=fit.design.names,
        p_values=(np.abs(z) >= np.abs(z[0]) * (1 - slack)).mean(axis=0),
        qm_p=np.nan if alone else float((q >= q[0] * (1 - slack)).mean()),
        n=len(z),
        exact=bool(everything),
        statistics=z,
        observed=z[0],
    )


def _random_signs(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    signs = rng.choice([-1.0, 1.0], size=(n, k))
    signs[0] = 1.0
    return signs


def _batch(fit: Observed, y: np.ndarray, designs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    z, q = [], []
    for at in range(0, len(designs), _CHUNK):
        part = slice(at, at + _CHUNK)
        core = fit_regression(
            y[part], fit.vi, designs[part], method=fit.method, weights=fit.weights, points=16
        )
        one, other = _statistics(core, fit.test, fit.k, fit.design.tested())
        z.append(one)
        q.append(other)
    return np.concatenate(z), np.concatenate(q)
