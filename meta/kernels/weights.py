"""Rows of a batch and their inverse-variance weights.

Every kernel takes ``y`` and ``v`` of shape (k, ...): studies along the first axis, meta-analyses along the
others, NaN where a study is absent. Inside, a batch is a :class:`Rows` of shape (k, p), in which an absent
study has ``v = inf`` and so weighs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

CHUNK = 1 << 17
"""Elements of one block of work: enough to make calls cheap, few enough to keep memory small."""

THREADS = 2


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch of meta-analyses with absent studies taken care of.

    Attributes
    ----------
    y : ndarray of shape (k, p)
        Effects; 0 where absent.
    v : ndarray of shape (k, p)
        Sampling variances; inf where absent.
    n : ndarray of shape (p,)
        Number of studies present, as floats.
    whole : bool
        Whether no study is absent.
    """

    y: np.ndarray
    v: np.ndarray
    n: np.ndarray
    whole: bool

    @property
    def width(self) -> int:
        """Number of meta-analyses."""
        return int(self.y.shape[1])

    def take(self, columns: np.ndarray | slice) -> Rows:
        """Return the meta-analyses chosen by position or mask."""
        return Rows(self.y[:, columns], self.v[:, columns], self.n[columns], self.whole)


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted sums at a given heterogeneity variance; every array has the shape of ``tau2``.

    Attributes
    ----------
    s1, s2, s3 : ndarray
        Sums of the weights, of their squares and of their cubes.
    mean : ndarray
        Inverse-variance mean.
    q : ndarray
        Weighted sum of squared residuals, ``y'Py``.
    """

    s1: np.ndarray
    s2: np.ndarray
    s3: np.ndarray
    mean: np.ndarray
    q: np.ndarray

    @property
    def trace_p(self) -> np.ndarray:
        """``tr(P)``."""
        return self.s1 - self.s2 / self.s1

    @property
    def trace_pp(self) -> np.ndarray:
        """``tr(PP)``."""
        ratio = self.s2 / self.s1
        return self.s2 - 2 * self.s3 / self.s1 + ratio * ratio


def arrange(y: ArrayLike, v: ArrayLike) -> Rows:
    """Lay out effects and variances of shape (k, ...) as :class:`Rows`.

    >>> rows = arrange([[0.1, 0.2], [0.3, np.nan]], [[0.01, 0.02], [0.03, 0.04]])
    >>> rows.n.tolist(), rows.v[1].tolist()
    ([2.0, 1.0], [0.03, inf])
    """
    ys, vs = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    if ys.shape != vs.shape:
        ys, vs = np.broadcast_arrays(ys, vs)
    k = ys.shape[0]
    ys, vs = ys.reshape(k, -1), vs.reshape(k, -1)
    present = np.isfinite(ys) & np.isfinite(vs)
    if present.all():
        return Rows(ys, vs, np.full(ys.shape[1], float(k)), True)
    n = present.sum(axis=0).astype(float)
    return Rows(np.where(present, ys, 0.0), np.where(present, vs, np.inf), n, False)


def blocks(rows: Rows, elements: int = CHUNK) -> Iterator[slice]:
    """Slices over the meta-analyses such that a block holds about ``elements`` numbers."""
    step = max(1, elements // max(1, rows.y.shape[0]))
    for start in range(0, rows.width, step):
        yield slice(start, min(start + step, rows.width))


def each(work: Callable[[int], None], starts: range, *, shared: bool) -> None:
    """Call ``work`` on every start; on two threads if the work is ``shared``."""
    if not shared:
        for start in starts:
            work(start)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(THREADS) as workers:
        list(workers.map(work, starts))


def moments(rows: Rows, tau2: ArrayLike = 0.0) -> Moments:
    """Weighted sums of a batch at ``tau2`` (a number or of shape (p,)).

    >>> m = moments(arrange([0.0, 1.0], [1.0, 1.0]))
    >>> m.mean.item(), m.q.item(), m.trace_p.item()
    (0.5, 0.5, 1.0)
    """
    w = 1.0 / (rows.v + np.asarray(tau2, dtype=float))
    total = np.add.reduce
    s1 = total(w)
    w2 = w * w
    mean = total(w * rows.y) / s1
    residual = rows.y - mean
    return Moments(s1, total(w2), total(w2 * w), mean, total(w * residual * residual))


def plain_mean(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Unweighted mean and sum of squares about it, each of shape (p,)."""
    present = np.isfinite(rows.v)
    mean = rows.y.sum(axis=0) / rows.n
    residual = np.where(present, rows.y - mean, 0.0)
    return mean, (residual * residual).sum(axis=0)


def mean_variance(rows: Rows) -> np.ndarray:
    """Mean sampling variance of the studies present, of shape (p,)."""
    return np.where(np.isfinite(rows.v), rows.v, 0.0).sum(axis=0) / rows.n
