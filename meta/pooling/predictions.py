"""Predictions of a multilevel fit: variance of true effects about a new row, and random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import InputError, NotEstimableError
from meta.kernels.inference import quantile
from meta.kernels.mixed import RandomTerm
from meta.pooling.components import split, variances
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.multilevel_numbers import MultilevelNumbers
from meta.pooling.nested_levels import same
from meta.tables.containers import as_columns

if TYPE_CHECKING:
    import pandas as pd


def spread_of(fit: MultilevelNumbers, newdata: Any, size: int) -> np.ndarray:
    """Variance of the true effects around each prediction, of new groups in every term."""
    total = np.zeros(size)
    designs = fit.left_designs or (None,) * len(fit.random_terms)
    parts = split(fit.random_terms, fit.phi) if fit.terms else None
    for i, (term, design) in enumerate(zip(fit.random_terms, designs, strict=True)):
        if term.z is None:
            own = fit.sigma2[i] if parts is None else variances(term, parts[i])[0]
            total += own
            continue
        G = fit.G if parts is None else term.shape.covariance(parts[i])
        z = term.z[:size] if newdata is None else _new_rows(term, design, newdata, size)
        assert G is not None
        total += np.einsum("ij,jk,ik->i", z, G, z)
    return total


def _new_rows(term: RandomTerm, design: Any, newdata: Any, size: int) -> np.ndarray:
    """Z of new rows: of slopes by their design, of inner levels by the column that names them."""
    if design is not None:
        return np.asarray(design.new(newdata))
    inner = term.name.split(" | ")[0].removeprefix("C(").removesuffix(")")
    table = as_columns(newdata)
    if inner not in table.columns:
        raise InputError(
            f"prediction intervals differ between levels of {inner!r}: give it as a column of the new data"
        )
    names = [str(x) for x in table.columns[inner]]
    unseen = [name for name in names if name not in term.labels]
    if unseen:
        raise InputError(f"{inner} has the level {unseen[0]!r}, which the fit has not seen")
    return np.eye(term.m)[[term.labels.index(name) for name in names]]


def prediction_interval(fit: MultilevelNumbers, level: float) -> Interval:
    """The interval of a model of one mean; of inner levels with a mean of their own each, arrays."""
    if fit.inner_levels:
        at = [np.flatnonzero(fit.random_terms[0].z[:, j] > 0) for j in range(len(fit.sigma2))]  # type: ignore[index]
        if all(np.allclose(fit.X[rows], fit.X[rows[0]]) for rows in at):
            x, rows = fit.X[[rows[0] for rows in at]], [rows[0] for rows in at]
            spread = spread_of(fit, None, fit.k)[rows]
            crit = float(quantile(0.5 + level / 2, float(np.min(fit.df))))
            wide = crit * np.sqrt(np.einsum("ij,jk,ik->i", x, fit.vcov, x) + spread)
            return Interval(x @ fit.beta - wide, x @ fit.beta + wide)
    elif fit.p == 1 and all(term.z is None for term in fit.random_terms):
        row = fit.predict(level=level)
        return Interval(float(row["pi_low"].iloc[0]), float(row["pi_high"].iloc[0]))
    raise NotEstimableError("no single prediction interval exists; use predict(newdata)")


def random_effects(fit: MultilevelNumbers, level: float) -> pd.DataFrame:
    """One row per group of each term (and per inner level or slope): its random effect, given the data.

    With ``P = M^-1 - M^-1 X V X' M^-1`` and the covariance C of random effects u and effects y, predictions
    are ``C M^-1 (y - X beta)`` and the variance of their errors is ``var(u) - C P C'``.
    """
    import pandas as pd

    if any(term.place is not None for term in fit.random_terms):
        raise NotEstimableError("random effects over times or coordinates have no groups to predict")
    marginal = fit.marginal if isinstance(fit.marginal, np.ndarray) else fit.marginal.toarray()
    inverse = np.linalg.inv(marginal)
    mx = inverse @ fit.X
    P = inverse - mx @ fit.model_vcov @ mx.T
    pulled = inverse @ (fit.yi - fit.X @ fit.beta)
    crit = float(quantile(0.5 + level / 2, float(np.min(fit.df))))
    tables = []
    for i, term in enumerate(fit.random_terms):
        first = np.sort(np.unique(term.group, return_index=True)[1])
        name = fit.levels[i] if term.z is None else term.name
        groups = _labels(fit, i, first)
        for label, size, C in _covariances(fit, i, first):
            mean = C @ pulled
            se = np.sqrt(np.maximum(size - np.einsum("gk,kl,gl->g", C, P, C), 0.0))
            shown = f"{name} [{label}]" if label else name
            columns = {"level": shown, "group": groups, "estimate": mean, "se": se}
            tables.append(pd.DataFrame(columns | {"low": mean - crit * se, "high": mean + crit * se}))
    return pd.concat(tables, ignore_index=True)


def _covariances(fit: MultilevelNumbers, at: int, first: np.ndarray) -> list[tuple[str, float, np.ndarray]]:
    """Of each inner level or slope: its label, its variance, and the covariances of its groups with the rows.

    ``first`` has one row of each group.
    """
    term = fit.random_terms[at]
    if term.z is None:
        own = split(fit.random_terms, fit.phi)[at] if fit.terms else None
        sigma2 = float(fit.sigma2[at] if own is None else variances(term, own)[0])
        together = same(term.group) if term.known is None else term.known[np.ix_(term.group, term.group)]
        return [("", sigma2, sigma2 * together[first])]
    G = term.shape.covariance(split(fit.random_terms, fit.phi)[at]) if fit.terms else fit.G
    assert G is not None
    inside = same(term.group)[first]
    return [(name, float(G[j, j]), inside * (term.z @ G[j])) for j, name in enumerate(term.labels)]


def _labels(fit: MultilevelNumbers, at: int, first: np.ndarray) -> list[str]:
    """Labels of the groups, with those of the levels above them where they are needed to tell them apart."""
    rows = np.arange(fit.k)
    columns = [
        fit.es.study if n == "study" else np.asarray(fit.es.columns.get(n, rows)) for n in _path(fit, at)
    ]
    return ["/".join(str(c[i]) for c in columns) for i in first]


def _path(fit: MultilevelNumbers, at: int) -> list[str]:
    """Columns that name the groups of a term: those of its formula, or the levels that it lies within."""
    name, group = fit.random_terms[at].name, fit.random_terms[at].group
    if " | " in name or "/" in name:
        return name.split(" | ")[-1].split("/")
    size = len(np.unique(group))
    outer = [
        fit.levels[i]
        for i, term in enumerate(fit.random_terms[:at])
        if term.z is None and len(np.unique(np.column_stack([term.group, group]), axis=0)) == size
    ]
    return [*outer, name.removesuffix(" (independent)")]
