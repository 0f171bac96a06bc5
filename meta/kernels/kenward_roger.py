"""Satterthwaite's and Kenward and Roger's degrees of freedom, and the latter's covariance of coefficients.

Kenward & Roger (1997), doi:10.2307/2533558, and Fai & Cornelius (1996), doi:10.1080/00949659608811740, with
the expected information of the restricted likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class SmallSample:
    """What tests and intervals of linear forms need.

    Attributes
    ----------
    phi, vcov : ndarray of shape (p, p)
        Model-based and adjusted covariance of the coefficients.
    slopes : ndarray of shape (F, p, p)
        ``Phi P_f Phi`` with ``P_f = -X'V^-1 D_f V^-1 X``.
    spread : ndarray of shape (F, F)
        Covariance of the F parameters.
    """

    phi: Array
    vcov: Array
    slopes: Array
    spread: Array

    def df(self, rows: Array) -> Array:
        """Degrees of freedom of each row's linear form, (n,)."""
        own = np.einsum("ij,fjk,ik->if", rows, self.slopes, rows)
        size = np.einsum("ij,jk,ik->i", rows, self.phi, rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(2 * size**2 / np.einsum("if,fg,ig->i", own, self.spread, own))

    def fai_cornelius(self, beta: Array, L: Array) -> tuple[float, float]:
        """F statistic and Satterthwaite's denominator degrees of freedom of ``L beta = 0`` under ``phi``.

        NaN where no direction of L has more than 2 degrees of freedom.
        """
        size, axes = np.linalg.eigh(L @ self.phi @ L.T)
        rows = axes.T @ L
        value = float(np.mean((rows @ beta) ** 2 / size))
        df = self.df(rows)
        if len(L) == 1:
            return value, float(df[0])
        mean = float(np.sum(np.where(df > 2, df / (df - 2), 0.0)))
        return (value, 2 * mean / (mean - len(L))) if mean > len(L) else (np.nan, np.nan)

    def test(self, beta: Array, L: Array) -> tuple[float, float]:
        """Scaled F statistic and denominator degrees of freedom of ``L beta = 0``, L (l, p).

        NaN where the approximation has no answer: an F with 2 degrees of freedom or fewer has no mean.
        """
        n = len(L)
        theta = L.T @ np.linalg.inv(L @ self.phi @ L.T) @ L
        own = np.einsum("ij,fjk->fik", theta, self.slopes)
        traces = np.trace(own, axis1=1, axis2=2)
        a1 = float(traces @ self.spread @ traces)
        a2 = float(np.einsum("fg,fij,gji->", self.spread, own, own))
        value = float(beta @ L.T @ np.linalg.inv(L @ self.vcov @ L.T) @ L @ beta / n)
        if n == 1:
            return value, float(self.df(L)[0])
        b = (a1 + 6 * a2) / (2 * n)
        g = ((n + 1) * a1 - (n + 4) * a2) / ((n + 2) * a2)
        base = 3 * n + 2 * (1 - g)
        c1, c2, c3 = g / base, (n - g) / base, (n + 2 - g) / base
        mean = 1 / (1 - a2 / n)
        var = (2 / n) * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
        df = 4 + (n + 2) / (n * (var / (2 * mean**2)) - 1)
        if not (mean > 0 and df > 2):
            return np.nan, np.nan
        return df / (mean * (df - 2)) * value, float(df)


def kenward_roger(
    X: Sequence[Array],
    M: Sequence[Array],
    D: Sequence[Sequence[Array]],
    bends: Sequence[Mapping[tuple[int, int], Array]] | None = None,
) -> SmallSample:
    """The adjustment, from each block's X (J, p), covariance M (J, J) and its F derivatives D.

    ``bends`` has the second derivatives, by their numbers, of a covariance that is not linear in them.

    >>> X, M, D = [np.ones((1, 1))] * 5, [np.eye(1)] * 5, [[np.eye(1)]] * 5
    >>> kenward_roger(X, M, D).df(np.eye(1)).round(6).tolist()
    [4.0]
    """
    F, p = len(D[0]), X[0].shape[1]
    A, P = np.zeros((p, p)), np.zeros((F, p, p))
    Q, R, traces = np.zeros((F, F, p, p)), np.zeros((F, F, p, p)), np.zeros((F, F))
    for i, (x, m, d) in enumerate(zip(X, M, D, strict=True)):
        w = np.linalg.inv(m)
        wx, wd = w @ x, [w @ one for one in d]
        A += x.T @ wx
        for f in range(F):
            P[f] -= wx.T @ d[f] @ wx
            for g in range(F):
                Q[f, g] += wx.T @ d[f] @ w @ d[g] @ wx
                traces[f, g] += float(np.sum(wd[f] * wd[g].T))
        for (f, g), bend in {} if bends is None else bends[i].items():
            R[f, g] += wx.T @ bend @ wx
    phi = np.linalg.inv(A)
    half = phi @ P
    cross = np.einsum("ij,fgji->fg", phi, Q)
    information = 0.5 * (traces - 2 * cross + np.einsum("fij,gji->fg", half, half))
    spread = np.linalg.pinv(0.5 * (information + information.T), hermitian=True)
    inner = Q - np.einsum("fij,jk,gkl->fgil", P, phi, P) - R / 4
    extra = np.einsum("fg,fgij->ij", spread, inner)
    adjusted = phi + 2 * phi @ (0.5 * (extra + extra.T)) @ phi
    return SmallSample(phi, adjusted, half @ phi, spread)
