"""Three ways to find clusters among points of a plane: k-means, Gaussian mixtures, density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

STARTS = 8
FIT_ON = 20_000
DENSE_ON = 5_000
REACH, NEIGHBOURS = 0.15, 5


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


def by_means(points: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the clusters of ``points`` (n, d), by k-means on a sample of them."""
    sample = points if len(points) <= FIT_ON else points[rng.choice(len(points), FIT_ON, replace=False)]
    return _nearest(points, k_means(sample, clusters, rng))


def by_mixture(points: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Likeliest component of a mixture of normals with covariances of their own, fitted by EM to a sample.

    >>> spread = np.random.default_rng(1).normal(size=(40, 2))
    >>> points = np.repeat([[0.0, 0.0], [5.0, 5.0]], 20, axis=0) + spread
    >>> by_mixture(points, 2, np.random.default_rng(2)).tolist() == [0] * 20 + [1] * 20
    True
    """
    sample = points if len(points) <= FIT_ON else points[rng.choice(len(points), FIT_ON, replace=False)]
    d = points.shape[1]
    owner = _nearest(sample, k_means(sample, clusters, rng))
    share = (owner[:, None] == np.arange(clusters)).astype(float)
    least = -np.inf
    for _ in range(200):
        size = share.sum(axis=0) + 1e-12
        means = share.T @ sample / size[:, None]
        covers = np.empty((clusters, d, d))
        for j in range(clusters):
            gap = sample - means[j]
            covers[j] = (share[:, j, None] * gap).T @ gap / size[j] + 1e-6 * np.eye(d)
        logs = _component_logs(sample, size / size.sum(), means, covers)
        total = special.logsumexp(logs, axis=1)
        share = np.exp(logs - total[:, None])
        if total.mean() - least < 1e-9:
            break
        least = total.mean()
    return np.asarray(_component_logs(points, size / size.sum(), means, covers).argmax(axis=1))


def _component_logs(
    points: np.ndarray, weights: np.ndarray, means: np.ndarray, covers: np.ndarray
) -> np.ndarray:
    """Log weight plus log density of each component, (n, clusters), but for a constant."""
    out = np.empty((len(points), len(weights)))
    for j, (w, m, c) in enumerate(zip(weights, means, covers, strict=True)):
        gap = points - m
        distance = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(c), gap)
        out[:, j] = np.log(w) - 0.5 * (np.linalg.slogdet(c)[1] + distance)
    return out


def by_density(points: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """DBSCAN: points reachable through neighbourhoods of at least five; -1 for points in none.

    The number of clusters is found, not given. Of many points a sample is searched, and the others follow
    the nearest dense point.

    >>> points = np.repeat([[0.0, 0.0], [5.0, 5.0]], 20, axis=0) + 0.01 * np.arange(40)[:, None]
    >>> np.unique(by_density(points, 2, np.random.default_rng(1))).tolist()
    [0, 1]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    at = np.arange(len(points))
    at = at if len(at) <= DENSE_ON else np.sort(rng.choice(at, DENSE_ON, replace=False))
    tree = cKDTree(points[at])
    dense = at[tree.query_ball_point(points[at], REACH, return_length=True) >= NEIGHBOURS]
    out = np.full(len(points), -1)
    if dense.size == 0:
        return out
    core = cKDTree(points[dense])
    pairs = core.query_pairs(REACH, output_type="ndarray")
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(dense.size, dense.size))
    label = connected_components(joined, directed=False)[1]
    away, nearest = core.query(points)
    out[away <= REACH] = label[nearest[away <= REACH]]
    return out


GROUPINGS: dict[str, tuple[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]]] = {
    "kmeans": ("Lloyd 1982, doi:10.1109/TIT.1982.1056489", by_means),
    "gmm": ("Dempster, Laird & Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x", by_mixture),
    "dbscan": ("Ester et al. 1996", by_density),
}
