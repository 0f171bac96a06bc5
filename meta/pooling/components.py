"""Variance components of a multilevel fit: their names, values and standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.kernels.batches import joined
from meta.kernels.mixed import Maximum, MixedModel, RandomTerm
from meta.kernels.mixed.mixed_likelihood import covariance
from meta.kernels.mixed.structures import correlation, lowest
from meta.pooling.dependence import DENSE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Components:
    """Variances in the order of the terms (and of inner levels), and their standard errors."""

    sigma2: np.ndarray
    sigma2_se: np.ndarray


def split(terms: tuple[RandomTerm, ...], phi: np.ndarray) -> list[np.ndarray]:
    """Working parameters by term.

    >>> one = RandomTerm("study", "", np.array([0, 0, 1]))
    >>> [x.tolist() for x in split((one, one), np.array([0.5, 0.1]))]
    [[0.5], [0.1]]
    """
    return np.split(phi, np.cumsum([term.size for term in terms])[:-1])


def natural(term: RandomTerm, phi: np.ndarray) -> dict[str, float]:
    """Parameters of a term as they are reported, by name.

    >>> natural(RandomTerm("study", "", np.array([0, 0, 1])), np.array([0.5]))
    {'sigma2': 0.25}
    """
    if not term.struct:
        return {"sigma2": float(phi[0] ** 2) if term.fixed is None else term.fixed}
    if term.place is not None:
        last = correlation(phi[1], 0.0) if term.struct == "CAR" else float(np.exp(phi[1]))
        return {"tau2": float(phi[0] ** 2), "rho" if term.struct == "CAR" else "range": last}
    G = term.shape.covariance(phi)
    if term.struct in ("ID", "CS", "AR"):
        out = {"tau2": float(G[0, 0])}
    else:
        out = {f"tau2[{name}]": float(G[i, i]) for i, name in enumerate(term.labels)}
    if term.struct in ("CS", "HCS", "AR", "HAR"):
        out["rho"] = correlation(float(phi[-1]), lowest(term.struct, term.m))
    if term.struct in ("UN", "GEN"):
        sd = np.sqrt(np.diag(G))
        for i in range(1, term.m):
            for j in range(i):
                r = G[i, j] / (sd[i] * sd[j]) if sd[i] * sd[j] > 0 else np.nan
                out[f"rho[{term.labels[j]}, {term.labels[i]}]"] = float(r)
    return out


def variances(term: RandomTerm, phi: np.ndarray) -> np.ndarray:
    """The variances of a term: one, or one of each inner level or slope."""
    if not term.struct or term.place is not None:
        return np.array([natural(term, phi)["sigma2" if not term.struct else "tau2"]])
    return np.asarray(np.diag(term.shape.covariance(phi)))


def components_of(terms: tuple[RandomTerm, ...], core: Maximum) -> Components:
    """Variances of all terms and the standard errors of those of random intercepts.

    Their expected information is that of the working parameters by the chain rule; a variance of 0 has none.
    """
    parts, at, values, errors = split(terms, core.phi), 0, [], []
    free = [i for i, x in enumerate(core.phi) if x != 0]
    info = core.information[np.ix_(free, free)]
    cover = np.full((len(core.phi), len(core.phi)), np.nan)
    if len(free) and np.linalg.matrix_rank(info) == len(free):
        cover[np.ix_(free, free)] = np.linalg.inv(info)
    for term, own in zip(terms, parts, strict=True):
        found = variances(term, own)
        values.append(found)
        if term.struct or term.fixed is not None:
            errors.append(np.full(len(found), np.nan))
        else:
            with np.errstate(invalid="ignore"):
                errors.append(np.array([2 * abs(own[0]) * np.sqrt(cover[at, at])]))
        at += term.size
    return Components(np.concatenate(values), np.concatenate(errors))


def marginal_of(model: MixedModel, phi: np.ndarray, k: int) -> Any:
    """Marginal covariance of all rows: dense, or sparse where there are many."""
    scales = np.concatenate([np.zeros(0, bool), *(term.scales for term in model.terms)])
    own = model.split(np.where(scales, phi / model.unit, phi))
    blocks = {}
    for batch in model.batches:
        M = covariance(model, batch, own) * model.unit**2
        for rows, real, block in zip(batch.rows, batch.real, M, strict=True):
            blocks[int(rows[real][0])] = block[np.ix_(real, real)]
    layout = model.layout
    stacked = [np.stack([blocks[int(r[0])] for r in rows]) for rows in layout.rows]
    if k > DENSE:
        return joined(stacked, layout)
    out = np.zeros((k, k))
    for rows, block in zip(layout.rows, stacked, strict=True):
        out[rows[:, :, None], rows[:, None, :]] = block
    return out


def table(terms: tuple[RandomTerm, ...], phi: np.ndarray) -> pd.DataFrame:
    """One row per parameter: ``term struct parameter estimate groups fixed``."""
    import pandas as pd

    rows = []
    for term, own in zip(terms, split(terms, phi), strict=True):
        for name, value in natural(term, own).items():
            rows.append(
                {
                    "term": term.name,
                    "struct": term.struct or "intercept",
                    "parameter": name,
                    "estimate": value,
                    "groups": len(np.unique(term.group)),
                    "fixed": term.fixed is not None,
                }
            )
    return pd.DataFrame(rows)
