"""What every fitted linear model here shares: the coefficient table, Wald tests, contrasts, likelihood
ratios.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc

from meta.arguments import check_arguments, floats, need
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import number, p_equation
from meta.kernels.degenerate import ratio
from meta.kernels.inference import quantile, two_sided
from meta.keywords import keywords
from meta.pooling.boundary_mixture import boundary_df, mixture_p
from meta.results.abilities import WithMarginal
from meta.results.base import Result
from meta.results.criteria import information_criteria as information_criteria
from meta.results.linear_contrasts import weights_of
from meta.tables.containers import Columns, as_columns, is_table
from meta.tables.labels import labelled, labelled_by_position

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WaldTest(Result):
    """A test of several coefficients at once: chi-squared where ``df2`` is infinite, else F.

    >>> print(WaldTest(4.0, 2.0, 10.0, 0.053))
    F(2, 10) = 4.00, p = 0.053
    """

    statistic: float
    df1: float
    df2: float
    p_value: float

    def _lines(self, digits: int = 3) -> list[str]:
        p = p_equation(self.p_value)
        if np.isinf(self.df2):
            return [f"chi2({self.df1:g}) = {number(self.statistic, 2)}, {p}"]
        return [f"F({self.df1:g}, {self.df2:.4g}) = {number(self.statistic, 2)}, {p}"]

    def _shown(self) -> str:
        return self._lines()[0]

    def _terms(self) -> list[Mapping[str, Any]]:
        row = {"term": "Wald test", "statistic": self.statistic, "df": self.df1, "p_value": self.p_value}
        return [row | {"df_residual": self.df2}]

    def _facts(self) -> Mapping[str, Any]:
        return {"model": "Wald test", "test": "chi2" if np.isinf(self.df2) else "F"} | {
            name: getattr(self, name) for name in ("statistic", "df1", "df2", "p_value")
        }


class CoefficientInference:
    """Tests and intervals of coefficients; numbers for a model of one coefficient, else arrays of shape (p,).

    The class that mixes this in (before its result base) has ``beta``, ``vcov``, ``level`` and ``_degrees``,
    its degrees of freedom.
    """

    beta: np.ndarray
    vcov: np.ndarray
    level: float

    @property
    def _degrees(self) -> Any:
        raise NotImplementedError

    @property
    def _errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.vcov))

    def _shape(self, values: np.ndarray) -> Any:
        return float(values[0]) if self.beta.size == 1 else values

    @property
    def estimate(self) -> Any:
        """Pooled effect, or the coefficients."""
        return self._shape(self.beta)

    @property
    def se(self) -> Any:
        """Standard errors."""
        return self._shape(self._errors)

    @property
    def statistic(self) -> Any:
        """Test statistics."""
        return self._shape(ratio(self.beta, self._errors))

    @property
    def p_value(self) -> Any:
        """Two-sided p-values."""
        return self._shape(two_sided(ratio(self.beta, self._errors), self._degrees))

    @property
    def ci_low(self) -> Any:
        """Lower confidence bounds."""
        return self._shape(self.beta - self._half_width)

    @property
    def ci_high(self) -> Any:
        """Upper confidence bounds."""
        return self._shape(self.beta + self._half_width)

    @property
    def _half_width(self) -> np.ndarray:
        return quantile(0.5 + self.level / 2, self._degrees) * self._errors


def wald_test(beta: np.ndarray, vcov: np.ndarray, L: np.ndarray, df2: float) -> WaldTest:
    """Test ``L beta = 0``: chi-squared for infinite ``df2``, otherwise F = chi-squared / rank.

    NaN where the covariance is singular: data without any spread under Hartung-Knapp.

    >>> wald_test(np.array([2.0]), np.array([[1.0]]), np.eye(1), np.inf).statistic
    4.0
    """
    effect, spread, m = L @ beta, L @ vcov @ L.T, L.shape[0]
    sd = np.sqrt(np.diag(spread))
    if not np.all(sd > 0) or np.linalg.cond(spread / np.outer(sd, sd)) > 1e14:
        return WaldTest(np.nan, m, df2, np.nan)
    value = float(effect @ np.linalg.solve(spread, effect))
    if np.isinf(df2):
        return WaldTest(value, m, np.inf, float(chdtrc(m, value)))
    if not df2 > 0:
        return WaldTest(value / m, m, df2, np.nan)
    return WaldTest(value / m, m, df2, float(fdtrc(m, df2, value / m)))


def unit_rows(rows: np.ndarray, exponent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of coefficients, for columns divided by ``2**exponent``, with the largest of a row near 1.

    Returns the rows (n, p) and the exponents (n,) that they were divided by: powers of two cost no digits,
    and products of the rows stay in the range of doubles.

    >>> rows, size = unit_rows(np.array([[0.0, 1.0]]), np.array([1, 700]))
    >>> rows.tolist(), size.tolist()
    ([[0.0, 0.5]], [-699])
    """
    x = np.ldexp(rows, -exponent)
    size = np.frexp(np.abs(x).max(axis=1))[1]
    return np.ldexp(x, -size[:, None]), size


def correlation(vcov: np.ndarray) -> np.ndarray:
    """Correlations from covariances, (p, p).

    >>> correlation(np.array([[4.0, 1.0], [1.0, 1.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    sd = np.sqrt(np.diag(vcov))
    return np.asarray(vcov / np.outer(sd, sd))


def only_intercept(design: Any) -> bool:
    """Whether a design holds an intercept and nothing else, and so no moderator to test."""
    return len(design.names) == 1 and design.intercept == 0


def table(
    names: Any, estimate: ArrayLike, se: ArrayLike, df: ArrayLike, level: float, *, show_df: bool = False
) -> pd.DataFrame:
    """Build the coefficient table: ``estimate se statistic p_value ci_low ci_high``, indexed by name."""
    import pandas as pd

    b, s = np.asarray(estimate, dtype=float), np.asarray(se, dtype=float)
    d = np.broadcast_to(np.asarray(df, dtype=float), b.shape)
    statistic = ratio(b, s)
    half = quantile(0.5 + level / 2, d) * s
    columns = {"estimate": b, "se": s, "statistic": statistic, "p_value": two_sided(statistic, d)}
    columns |= {"df": d} if show_df else {}
    columns |= {"ci_low": b - half, "ci_high": b + half}
    return pd.DataFrame(columns, index=pd.Index([str(n) for n in names], name="term"))


def as_contrast(L: Any, names: tuple[str, ...], design: Any = None) -> np.ndarray:
    """Read a contrast: weights by name (a mapping, a labelled Series, a table), a vector, rows of weights, or
    an expression of names and levels (`meta.results.linear_contrasts`).

    Whatever carries names goes by them, and a coefficient that it does not name has weight 0.

    >>> as_contrast({"b": 1, "c": -1}, ("a", "b", "c")).tolist()
    [[0.0, 1.0, -1.0]]
    >>> as_contrast({"c": [1, 0], "b": [0, 1]}, ("a", "b", "c")).tolist()
    [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if isinstance(L, str):
        return weights_of(L, names, design)[None]
    if isinstance(L, (list, tuple)) and is_table(L):
        return np.vstack([as_contrast(row, names) for row in L])
    table = _named_weights(L)
    if table is not None:
        unknown = [name for name in table.columns if name not in names]
        if unknown:
            raise InputError(f"no coefficient is called {unknown[0]!r}; coefficients: {', '.join(names)}")
        own = [
            floats(table.columns.get(name, np.zeros(table.k or 0)), f"contrast[{name!r}]") for name in names
        ]
        rows = np.stack(own, axis=1)
    else:
        rows = np.atleast_2d(floats(L, "the contrast", ndim=(0, 1, 2)))
    if rows.shape[1] != len(names) or not len(rows):
        raise InputError(f"a contrast needs {len(names)} weights ({', '.join(names)}), got {rows.shape[1]}")
    if not np.isfinite(rows).all():
        raise InputError("the weights of a contrast must be finite; write 0 for a coefficient to leave out")
    return rows


def _named_weights(L: Any) -> Columns | None:
    """Weights that carry the names of their coefficients; None for bare numbers."""
    if labelled(L) and not hasattr(L, "columns"):
        if not L.index.is_unique:
            raise InputError("the contrast names a coefficient twice; give each name once")
        return as_columns(dict(L))
    if not is_table(L) or labelled_by_position(L):
        return None
    table = as_columns(L)
    if table.repeated:
        raise InputError(f"the contrast names {min(table.repeated)!r} twice; give each name once")
    return table


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LikelihoodRatio(Result):
    """A likelihood-ratio test of two nested models.

    Attributes
    ----------
    statistic, p_value : float
        Twice the difference of the log-likelihoods, and its chi-squared tail.
    df : int
        Difference in the number of parameters.
    boundary_df : tuple of int
        Degrees of freedom of the chi-squared distributions that are mixed in equal parts where the smaller
        model lacks one variance (0 is a boundary); empty otherwise.
    p_boundary : float
        Upper tail of this mixture, the p-value to report then; NaN otherwise.
    warnings : tuple of str

    Notes
    -----
    Self & Liang (1987), doi:10.1080/01621459.1987.10478472; Stram & Lee (1994), doi:10.2307/2533455.
    """

    statistic: float
    df: int
    p_value: float
    warnings: tuple[str, ...] = ()
    boundary_df: tuple[int, ...] = ()
    p_boundary: float = float("nan")

    def _lines(self, digits: int = 3) -> list[str]:
        found = [f"LRT chi2({self.df}) = {number(self.statistic, 2)}, {p_equation(self.p_value)}"]
        if self.boundary_df:
            low, high = self.boundary_df
            mixed = f"a variance of 0 is a boundary: chi2 with {low} and {high} df in equal parts"
            found.append(f"{mixed}, {p_equation(self.p_boundary)}")
        return found

    def _shown(self) -> str:
        return self._lines()[0]

    def _terms(self) -> list[Mapping[str, Any]]:
        own = {name: getattr(self, name) for name in ("statistic", "df", "p_value", "p_boundary")}
        return [{"term": "likelihood ratio"} | own]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("statistic", "df", "p_value", "p_boundary")}
        return {"model": "likelihood-ratio test", "test": "chi2"} | own


@keywords
def likelihood_ratio_test(a: Any, b: Any) -> LikelihoodRatio:
    """Compare two nested models fitted by maximum (or restricted) likelihood to the same data.

    Parameters
    ----------
    a, b : results
        Pooled, Regression, LocationScale or Multilevel fits, in either order.

    Returns
    -------
    LikelihoodRatio

    Notes
    -----
    Restricted likelihoods of models with different moderators are not comparable; asking for it warns.
    """
    check_arguments(likelihood_ratio_test, locals())
    need(a, "a", "a fit", "loglik", "method")
    need(b, "b", "a fit", "loglik", "method")
    if any(getattr(fit, "user_weights", None) is not None for fit in (a, b)):
        raise InputError(
            "a likelihood-ratio test needs fits that maximise the likelihood: refit without weights="
        )
    notes = Notes()
    (y, x, one), (z, w, other) = _facts(a), _facts(b)
    if y.shape != z.shape or not np.array_equal(y, z):
        raise InputError(
            f"the models were fitted to different rows (k = {len(y)} and {len(z)}); "
            "leave out the same rows in both"
        )
    if a.method != b.method or a.method not in ("ML", "REML"):
        raise InputError(
            f"a likelihood-ratio test needs two ML or two REML fits, got {a.method!r} and {b.method!r}"
        )
    df = abs(one - other)
    big, small = (a, b) if one >= other else (b, a)
    if df == 0:
        raise InputError("both models have the same number of parameters, so neither is nested in the other")
    if a.method == "REML" and not _same_space(x, w):
        notes.warn(
            "REML likelihoods of models with different moderators are not comparable; refit with method='ML'",
            AssumptionWarning,
        )
    value = max(0.0, 2 * (big.loglik - small.loglik))
    dfs = boundary_df(big, small) if _same_space(x, w) else None
    tail = float("nan") if dfs is None else mixture_p(float(value), dfs)
    return LikelihoodRatio(float(value), int(df), float(chdtrc(df, value)), notes.messages, dfs or (), tail)


def _facts(fit: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Effects, design and number of parameters; a pooled mean has two."""
    if isinstance(fit, WithMarginal):
        return fit.yi, fit.X, fit.n_parameters
    return fit.effects.yi, np.ones((fit.effects.k, 1)), 2


def _same_space(x: np.ndarray, z: np.ndarray) -> bool:
    if x.shape[1] != z.shape[1]:
        return False
    q = np.linalg.qr(x)[0]
    scale = np.linalg.norm(z)
    return bool(np.linalg.norm(z - q @ (q.T @ z)) <= 1e-8 * scale)
