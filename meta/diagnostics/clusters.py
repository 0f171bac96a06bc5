"""Clusters among the subsets of a GOSH analysis, and the studies that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.diagnostics.batches import frame
from meta.diagnostics.subsets import members
from meta.errors import InputError, NotEstimableError

if TYPE_CHECKING:
    import pandas as pd

STARTS = 8
FIT_ON = 20_000


def _seeds(points: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """First centres, each drawn in proportion to the squared distance from those before."""
    centres = [points[rng.integers(len(points))]]
    for _ in range(clusters - 1):
        nearest = np.min([((points - c) ** 2).sum(axis=1) for c in centres], axis=0)
        total = nearest.sum()
        share = nearest / total if total > 0 else None
        centres.append(points[rng.choice(len(points), p=share)])
    return np.array(centres)


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    distance = -2 * points @ centres.T + (centres**2).sum(axis=1)
    return np.asarray(distance.argmin(axis=1))


def k_means(points: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Centres (clusters, d) of the best of several runs of Lloyd's algorithm on ``points`` (n, d).

    >>> k_means(np.array([[0.0], [0.1], [5.0], [5.1]]), 2, np.random.default_rng(1)).round(2).tolist()
    [[0.05], [5.05]]
    """
    best, least = points[:clusters], np.inf
    for _ in range(STARTS):
        centres = _seeds(points, clusters, rng)
        for _ in range(100):
            owner = _nearest(points, centres)
            fresh = np.array(
                [
                    points[owner == j].mean(axis=0) if np.any(owner == j) else centres[j]
                    for j in range(clusters)
                ]
            )
            if np.allclose(fresh, centres, rtol=0, atol=1e-10):
                break
            centres = fresh
        inertia = float(((points - centres[_nearest(points, centres)]) ** 2).sum())
        if inertia < least:
            best, least = centres, inertia
    return best[np.argsort(best[:, 0])]


def gosh_clusters(table: pd.DataFrame, *, clusters: int = 2, seed: int | None = None) -> pd.DataFrame:
    """Find clusters in the plane of pooled effect and I2, and the studies that divide them.

    Parameters
    ----------
    table : DataFrame
        From :func:`meta.diagnostics.gosh`; subsets of one study are not used.
    clusters : int
        How many clusters (k-means on standardised estimate and I2).
    seed : int, optional
        Of the starts.

    Returns
    -------
    DataFrame
        A row a study: ``shift``, the mean estimate of the subsets with it minus that of those without;
        ``share_1``, ``share_2``, ...: the share of each cluster's subsets that hold it (clusters by
        rising estimate); ``contrast``, the last share minus the first. A study in nearly all subsets of one
        cluster and in hardly any of another makes the two. ``attrs["centres"]`` and ``attrs["sizes"]``.

    References
    ----------
    Olkin, Dahabreh & Trikalinos 2012, doi:10.1002/jrsm.1053.

    Examples
    --------
    >>> import meta
    >>> fit = meta.pool(yi=[0.1, 0.1, 0.1, 0.1, 3.0], vi=[0.01] * 5, method="DL", test="z")
    >>> found = gosh_clusters(meta.diagnostics.gosh(fit), seed=1)
    >>> int(found["contrast"].idxmax())
    4
    """
    if clusters < 2:
        raise InputError(f"clusters must be at least 2, not {clusters}")
    use = (table["k"] > 1).to_numpy()
    if use.sum() < 2 * clusters:
        raise NotEstimableError(f"{int(use.sum())} subsets of two and more studies can't be clustered")
    estimate, i2 = table["estimate"].to_numpy()[use], table["i2"].to_numpy()[use]
    raw = np.column_stack([estimate, np.nan_to_num(i2)])
    spread = raw.std(axis=0)
    points = (raw - raw.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    rng = np.random.default_rng(seed)
    sample = points if len(points) <= FIT_ON else points[rng.choice(len(points), FIT_ON, replace=False)]
    owner = _nearest(points, k_means(sample, clusters, rng))
    inside = members(table)[use]
    sizes = np.bincount(owner, minlength=clusters)
    shares = [
        inside[owner == j].mean(axis=0) if sizes[j] else np.full(inside.shape[1], np.nan)
        for j in range(clusters)
    ]
    held = inside.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        with_it = estimate @ inside / held
        without = (estimate.sum() - estimate @ inside) / (len(estimate) - held)
    out = frame(
        {
            "study": table.attrs["study"],
            "shift": with_it - without,
            **{f"share_{j + 1}": share for j, share in enumerate(shares)},
            "contrast": shares[-1] - shares[0],
        }
    )
    centres = [raw[owner == j].mean(axis=0).tolist() if sizes[j] else [np.nan] * 2 for j in range(clusters)]
    out.attrs |= {"sizes": sizes.tolist(), "centres": centres}
    return out
