"""Predictions of a multilevel fit: variance of true effects about a new row, and random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import InputError, NotEstimableError
from meta.kernels.inference import quantile
from meta.kernels.mixed import RandomTerm
from meta.pooling.components import split, variances
from meta.pooling.multilevel_numbers import MultilevelNumbers
from meta.pooling.parts import Interval
from meta.pooling.structures import same
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
    """One row per group of each level: how far its mean lies from that of the level above.

    With ``P = M^-1 - M^-1 X V X' M^-1`` and the indicators Z of a level's groups, the predictions are
    ``sigma2 Z'M^-1 (y - X beta)`` and the variance of their errors is ``sigma2 - sigma2^2 Z'PZ``.
    """
    import pandas as pd

    if any(term.struct or term.known is not None for term in fit.random_terms):
        raise NotEstimableError("predictions are for nested levels; this fit has an inner structure")
    inverse = np.linalg.inv(fit.marginal)
    mx = inverse @ fit.X
    P = inverse - mx @ fit.model_vcov @ mx.T
    pulled = inverse @ (fit.yi - fit.X @ fit.beta)
    crit = float(quantile(0.5 + level / 2, float(np.min(fit.df))))
    tables = []
    for name, group, sigma2 in zip(fit.levels, fit.groups, fit.sigma2, strict=True):
        first = np.sort(np.unique(group, return_index=True)[1])
        Z = same(group)[:, first]
        mean = sigma2 * (Z.T @ pulled)
        se = np.sqrt(np.maximum(sigma2 - sigma2**2 * np.einsum("ki,kl,li->i", Z, P, Z), 0.0))
        columns = {"level": name, "group": _labels(fit, name, first), "estimate": mean, "se": se}
        tables.append(pd.DataFrame(columns | {"low": mean - crit * se, "high": mean + crit * se}))
    return pd.concat(tables, ignore_index=True)


def _labels(fit: MultilevelNumbers, name: str, first: np.ndarray) -> list[str]:
    """Labels of the groups, with those of the levels above them where they are needed to tell them apart."""
    above = fit.levels[: fit.levels.index(name) + 1]
    rows = np.arange(fit.k)
    columns = [fit.es.study if n == "study" else np.asarray(fit.es.columns.get(n, rows)) for n in above]
    return ["/".join(str(c[i]) for c in columns) for i in first]
