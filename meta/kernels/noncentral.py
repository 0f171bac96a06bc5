"""Fisher's noncentral hypergeometric distribution of many 2x2 tables, in logs throughout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln


@dataclass(frozen=True, slots=True)
class Support:
    """Supports of k tables, one after the other.

    Attributes
    ----------
    values : ndarray of shape (s,)
        Possible events in group 1 given the margins, less the observed ones.
    log_weights : ndarray of shape (s,)
        ``log C(n1, j) + log C(n2, m - j)``, less that of the observed value.
    table : ndarray of int, shape (s,)
        Table of each value.
    start : ndarray of int, shape (k,)
        Where each table's values begin.
    observed : ndarray of shape (k,)
        Observed events.
    """

    values: np.ndarray
    log_weights: np.ndarray
    table: np.ndarray
    start: np.ndarray
    observed: np.ndarray


def _log_choose(n: np.ndarray, j: np.ndarray) -> np.ndarray:
    return gammaln(n + 1) - gammaln(j + 1) - gammaln(n - j + 1)


def support(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> Support:
    """Supports of the tables, (k,) each.

    >>> support(*(np.array([x]) for x in (1.0, 2.0, 1.0, 2.0))).values.tolist()
    [-1.0, 0.0, 1.0]
    """
    m = a + c
    low = np.maximum(0.0, m - n2)
    size = (np.minimum(n1, m) - low).astype(int) + 1
    table = np.repeat(np.arange(len(a)), size)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    j = low[table] + np.arange(len(table)) - start[table]
    weights = _log_choose(n1[table], j) + _log_choose(n2[table], m[table] - j)
    own = _log_choose(n1, a) + _log_choose(n2, c)
    return Support(j - a[table], weights - own[table], table, start, a)


def log_pmf(s: Support, log_or: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-probability of the observed tables at log odds ratios (k, ...), with the mean and variance of
    the counts.

    >>> s = support(*(np.array([x]) for x in (1.0, 2.0, 1.0, 2.0)))
    >>> value, mean, _ = log_pmf(s, np.zeros((1, 1)))
    >>> float(np.exp(value[0, 0]).round(6)), float(mean[0, 0])
    (0.666667, 1.0)
    """
    shape = log_or.shape
    psi = log_or.reshape(shape[0], -1)
    # counts are measured from the observed one, so that large log odds ratios cost no digits
    away = s.values[:, None]
    exponent = s.log_weights[:, None] + away * psi[s.table]
    peak = np.maximum.reduceat(exponent, s.start, axis=0)
    p = np.exp(exponent - peak[s.table])
    total = np.add.reduceat(p, s.start, axis=0)
    mean = np.add.reduceat(p * away, s.start, axis=0) / total
    square = np.add.reduceat(p * (away - mean[s.table]) ** 2, s.start, axis=0) / total
    value = -peak - np.log(total)
    return value.reshape(shape), (mean + s.observed[:, None]).reshape(shape), square.reshape(shape)
