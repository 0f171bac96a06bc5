"""`NetworkComponents`: treatments as sums of components, which also join a disconnected network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import listing, number, p_equation
from meta.kernels.inference import quantile, two_sided
from meta.kernels.network.common_tau2 import ESTIMATORS, log_likelihood, terms
from meta.kernels.network.component_effects import basis, estimable, split_names
from meta.kernels.network.rotation import rotate
from meta.models.network.data import NetworkData
from meta.models.network.effect_tables import measured_as
from meta.results.back_transformation import on_display
from meta.results.base import Result
from meta.results.plain import plain
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    heterogeneity,
    needs_display,
    on_both_scales,
    table,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class NetworkComponents(Result):
    """An additive model of a network's components, on the model scale.

    Attributes
    ----------
    data : NetworkData
        Trials and treatments.
    names : tuple of str
        Components; the inactive one is not among them.
    sep, inactive : str
        How components are joined in the names of treatments, and which of them has no effect.
    design : ndarray of shape (T, c)
        Which treatment has which component.
    theta, vcov : ndarray of shape (c,), (c, c)
        Effects of the components; of one that cannot be told from others, the shortest solution.
    rows_of_theta : ndarray of shape (c, r)
        Orthonormal basis of what can be estimated.
    tau2 : float
        Heterogeneity variance of the additive model.
    q, q_df, q_p : float
        Cochran's Q of the additive model.
    q_diff, q_diff_df, q_diff_p : float
        By how much Q exceeds that of the network with free treatments: a test of additivity; NaN where the
        network is disconnected or every treatment has a component of its own.
    """

    data: NetworkData
    names: tuple[str, ...]
    sep: str
    inactive: str
    method: str
    test: str
    level: float
    design: np.ndarray
    theta: np.ndarray
    vcov: np.ndarray
    rows_of_theta: np.ndarray
    df: float
    tau2: float
    q: float
    q_df: int
    q_p: float
    q_diff: float
    q_diff_df: int
    q_diff_p: float
    loglik: float
    warnings: tuple[str, ...] = ()

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.data.measure

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.data.trials)

    def _weights(self, treatment: str) -> np.ndarray:
        """Components of a treatment, also of one that no trial has."""
        out = np.zeros(len(self.names))
        for part in (piece.strip() for piece in treatment.split(self.sep)):
            if part == self.inactive:
                continue
            if part not in self.names:
                raise unknown_option("component", part, (*self.names, self.inactive))
            out[self.names.index(part)] = 1.0
        return out

    def _numbers(self, L: np.ndarray) -> dict[str, np.ndarray]:
        """Estimates, tests and intervals of linear forms (n, c); NaN where they cannot be estimated."""
        known = estimable(L, self.rows_of_theta)
        estimate = np.where(known, L @ self.theta, np.nan)
        se = np.where(known, np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", L, self.vcov, L), 0.0)), np.nan)
        df = np.full(len(L), self.df)
        crit = quantile(0.5 + self.level / 2, df)
        wide = crit * np.sqrt(se**2 + (self.tau2 if self.method != "EE" else np.nan))
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = estimate / se
        return {
            "estimate": estimate,
            "se": se,
            "statistic": statistic,
            "df": df,
            "p_value": two_sided(statistic, df),
            "ci_low": estimate - crit * se,
            "ci_high": estimate + crit * se,
            "pi_low": estimate - wide,
            "pi_high": estimate + wide,
        }

    def contrast(self, treat1: str, treat2: str | None = None) -> pd.DataFrame:
        """The effect of a combination of components against another, tested in a trial or not.

        Parameters
        ----------
        treat1, treat2 : str
            Components joined as in the names of treatments; ``treat2`` is the inactive one without.

        Returns
        -------
        DataFrame
            One row: ``estimate se statistic df p_value ci_low ci_high pi_low pi_high``.
        """
        import pandas as pd

        other = self.inactive if treat2 is None else treat2
        L = (self._weights(treat1) - self._weights(other))[None]
        if not estimable(L, self.rows_of_theta)[0]:
            raise NotEstimableError(
                f"the trials do not say how {treat1!r} compares with {other!r}: some of their components "
                "never appear apart"
            )
        return pd.DataFrame(self._numbers(L), index=pd.Index([f"{treat1} vs {other}"], name="contrast"))

    @property
    def effects(self) -> pd.DataFrame:
        """Every treatment of the network against the inactive one."""
        import pandas as pd

        names = np.array(self.data.treatments, dtype=object)
        return pd.DataFrame({"treatment": names} | self._numbers(self.design))

    def backtransform(self) -> pd.DataFrame:
        """Effects of the components for reading, one row per component."""
        import pandas as pd

        own = self._numbers(np.eye(len(self.names)))
        return pd.DataFrame({"component": self.names} | on_display(measured_as(self.measure), own))

    def _terms(self) -> list[Mapping[str, Any]]:
        own = self._numbers(np.eye(len(self.names)))
        shown = measured_as(self.measure)
        rows = [{key: float(x[i]) for key, x in own.items()} for i in range(len(self.names))]
        return [
            on_both_scales(shown, {"term": name} | row) for name, row in zip(self.names, rows, strict=True)
        ]

    def _facts(self) -> dict[str, Any]:
        return {
            "model": "network components",
            "inactive": self.inactive,
            "components": len(self.names),
            "q_diff": self.q_diff,
            "q_diff_df": self.q_diff_df,
            "q_diff_p": self.q_diff_p,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own = {name: getattr(self, name) for name in _KEPT}
        return plain(own | {"components": [dict(row) for row in self._terms()], "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        rows = self._terms()
        shown = measured_as(self.measure)
        display = needs_display(self.measure)
        right = [
            display_text(shown, r["estimate"], r["ci_low"], r["ci_high"]) if display else "" for r in rows
        ]
        parts = ["Additive components of a network", self.method, f"{self.k} trials"]
        parts += [f"{len(self.data.treatments)} treatments", f"{len(self.names)} components"]
        q = heterogeneity(tau2=np.nan if self.method == "EE" else self.tau2, q=(self.q, self.q_df, self.q_p))
        lines = [Line.of(row, text) for row, text in zip(rows, right, strict=True)]
        body = table(lines, self.level, digits)
        return [
            heading(parts, self.measure),
            f"each component against {self.inactive or 'none'}",
            *body,
            *(cut_notes(shown, lines) if display else []),
            *q,
            self._additive(),
        ]

    def _additive(self) -> str:
        if self.q_diff_df > 0:
            return (
                f"additivity: Q({self.q_diff_df}) = {number(self.q_diff, 1)}, {p_equation(self.q_diff_p)} "
                "(a large p does not show that effects add up)"
            )
        if len(self.data.pieces) > 1:
            return f"additivity joins {len(self.data.pieces)} pieces of the network and cannot be tested"
        return "additivity is not tested: the components explain as much as free treatments do"

    def _shown(self) -> str:
        return f"{self.k} trials, {len(self.names)} components, {self.method}, tau2={self.tau2:.4g}"


_KEPT = (
    *("measure", "method", "test", "level", "k", "sep", "inactive", "tau2", "q", "q_df", "q_p"),
    *("q_diff", "q_diff_df", "q_diff_p", "loglik"),
)
TESTS = ("t", "z")


def fit_components(
    data: NetworkData,
    sep: str,
    inactive: str | None,
    method: str | float,
    test: str | None,
    level: float,
    notes: Notes,
) -> NetworkComponents:
    """Fit the additive model to any network, connected or not."""
    if not sep:
        raise InputError("sep must be the text between components, such as ' + '")
    if inactive is not None and inactive not in data.treatments:
        raise unknown_option("inactive treatment", inactive, data.treatments)
    chosen = "t" if test is None else test
    if chosen not in TESTS:
        raise unknown_option("test of components", chosen, TESTS)
    names, design = split_names(data.treatments, sep, inactive)
    contrasts = data.contrasts
    X = contrasts.incidence @ design
    if not X.any():
        raise NotEstimableError("no trial compares treatments of different components")
    rows = basis(X)
    rotated = rotate(contrasts, X @ rows)
    fixed = not isinstance(method, str)
    if rotated.df == 0 and method != "EE" and not fixed:
        raise NotEstimableError("tau2 cannot be estimated: no residual degrees of freedom; use method='EE'")
    tau2 = float(method) if fixed else ESTIMATORS[str(method)](rotated)
    at, zero = terms(rotated, tau2), terms(rotated, 0.0)
    _mention_unknown(names, rows, notes)
    q_diff, q_df = _additivity(data, zero.rss, rotated.df)
    return NetworkComponents(
        data=data,
        names=tuple(names),
        sep=sep,
        inactive=inactive or "",
        method="fixed" if fixed else str(method),
        test=chosen,
        level=level,
        design=design,
        theta=rows @ at.d,
        vcov=rows @ at.phi @ rows.T,
        rows_of_theta=rows,
        df=np.inf if chosen == "z" or rotated.df == 0 else float(rotated.df),
        tau2=tau2,
        q=zero.rss if rotated.df else 0.0,
        q_df=rotated.df,
        q_p=float(chdtrc(rotated.df, zero.rss)) if rotated.df else np.nan,
        q_diff=q_diff,
        q_diff_df=q_df,
        q_diff_p=float(chdtrc(q_df, q_diff)) if q_df else np.nan,
        loglik=log_likelihood(rotated, tau2, restricted=method == "REML"),
        warnings=notes.messages,
    )


def _additivity(data: NetworkData, q: float, df: int) -> tuple[float, int]:
    """Q of the additive model beyond that of free treatments, with its degrees of freedom."""
    if len(data.pieces) > 1:
        return np.nan, 0
    full = data.rotated
    more = df - full.df
    if more <= 0:
        return np.nan, 0
    return max(0.0, q - (terms(full, 0.0).rss if full.df else 0.0)), more


def _mention_unknown(names: list[str], rows: np.ndarray, notes: Notes) -> None:
    unknown = [
        name for name, known in zip(names, estimable(np.eye(len(names)), rows), strict=True) if not known
    ]
    if unknown:
        notes.warn(
            f"components {listing(map(repr, unknown))} cannot be told apart by these trials and have no "
            "estimates of their own; contrasts in which they cancel have",
        )
