"""Clusters among the subsets of a GOSH analysis, and the studies that make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.clustering import GROUPINGS
from meta.diagnostics.gosh import members
from meta.diagnostics.subset_fits import frame
from meta.errors import InputError, NotEstimableError, unknown_option
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd


@keywords
def gosh_clusters(
    table: pd.DataFrame, *, clusters: int = 2, method: str = "kmeans", seed: int | None = None
) -> pd.DataFrame:
    """Find clusters in the plane of pooled effect and I2, and the studies that divide them.

    Parameters
    ----------
    table : DataFrame
        From :func:`meta.diagnostics.gosh`; subsets of one study are not used.
    clusters : int
        How many clusters, of standardised estimate and I2.
    method : {"kmeans", "gmm", "dbscan"}
        k-means; a mixture of normals; density, which finds the number of clusters (at most the ``clusters``
        largest are shown) and leaves sparse subsets out.
    seed : int, optional
        Of the starts.

    Returns
    -------
    DataFrame
        One row per study: ``shift``, the mean estimate of the subsets with it minus that of those without;
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
    check_arguments(gosh_clusters, locals())
    if clusters < 2:
        raise InputError(f"clusters must be at least 2, not {clusters}")
    if method not in GROUPINGS:
        raise unknown_option("method", method, GROUPINGS)
    if not {"k", "estimate", "i2"} <= set(table.columns):
        raise InputError("table must be one that meta.diagnostics.gosh made, with k, estimate and i2")
    use = (table["k"] > 1).to_numpy()
    if use.sum() < 2 * clusters:
        raise NotEstimableError(f"{int(use.sum())} subsets of two and more studies can't be clustered")
    estimate, i2 = table["estimate"].to_numpy()[use], table["i2"].to_numpy()[use]
    raw = np.column_stack([estimate, np.nan_to_num(i2)])
    spread = raw.std(axis=0)
    points = (raw - raw.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    owner = _ranked(GROUPINGS[method][1](points, clusters, np.random.default_rng(seed)), estimate, clusters)
    clusters = int(owner.max()) + 1
    inside = members(table)[use]
    sizes = np.bincount(owner[owner >= 0], minlength=clusters)
    shares = [inside[owner == j].mean(axis=0) for j in range(clusters)]
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
    centres = [raw[owner == j].mean(axis=0).tolist() for j in range(clusters)]
    out.attrs |= {"sizes": sizes.tolist(), "centres": centres}
    return out


def _ranked(owner: np.ndarray, estimate: np.ndarray, most: int) -> np.ndarray:
    """Clusters numbered by rising mean estimate, at most the ``most`` largest; -1 for the rest."""
    found, sizes = np.unique(owner[owner >= 0], return_counts=True)
    if not found.size:
        raise NotEstimableError("no neighbourhood of the subsets is dense: use method='kmeans' or 'gmm'")
    kept = found[np.argsort(-sizes, kind="stable")[:most]]
    order = sorted(kept.tolist(), key=lambda j: float(estimate[owner == j].mean()))
    out = np.full(len(owner), -1)
    for place, j in enumerate(order):
        out[owner == j] = place
    return out
