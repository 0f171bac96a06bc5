"""How curves differ between trials: the columns of the random coefficients, and their covariance matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray
KINDS = ("full", "diagonal", "proportional", "additive", "none")
"""A covariance matrix of the coefficients; independent coefficients; a standard deviation that grows with the
dose; one that does not depend on it; equal curves."""


@dataclass(frozen=True, slots=True)
class RandomPart:
    """Random coefficients ``u ~ N(0, G)`` of the columns ``Z``.

    Attributes
    ----------
    Z : ndarray of shape (n, q)
    back : ndarray of shape (q, q)
        Covariance of the coefficients of the trials' own scaled terms: ``back @ G @ back.T``.
    rows, cols : ndarray of int, shape (F,)
        Where the working parameters stand in the root of G; one parameter for a multiple of the identity.
    single : bool
        Whether G is a multiple of the identity.
    """

    Z: Array
    back: Array
    rows: Array
    cols: Array
    single: bool

    @property
    def size(self) -> int:
        """Number of working parameters."""
        return 1 if self.single else len(self.rows)

    def roots(self, phi: Array) -> Array:
        """Roots L of ``G = L L'`` for a batch of working parameters (b, F), (b, q, q)."""
        q = self.Z.shape[1]
        if self.single:
            return np.asarray(phi[:, :, None] * np.eye(q))
        out = np.zeros((len(phi), q, q))
        out[:, self.rows, self.cols] = phi
        return out

    def pulled(self, slope: Array) -> Array:
        """Gradients by the working parameters (b, F) from those by the entries of L (b, q, q)."""
        if self.single:
            return np.asarray(np.trace(slope, axis1=1, axis2=2)[:, None])
        return np.asarray(slope[:, self.rows, self.cols])


def random_part(trials: Trials, kind: str) -> RandomPart | None:
    """The random coefficients of one of `KINDS`; None for equal curves.

    Coefficients with a full covariance matrix are first made orthogonal and of unit size on average: the
    terms of a curve are nearly collinear, and a search in their own coordinates stops at local maxima.

    Additive heterogeneity gives every arm, the reference arm included, a deviation of its own with variance
    tau2 / 2, so that any two arms of a trial differ by tau2 and contrasts with one reference share half of it
    (as in network meta-analysis: Higgins & Whitehead 1996,
    doi:10.1002/(SICI)1097-0258(19961230)15:24<2733::AID-SIM562>3.0.CO;2-0).
    """
    p = trials.random.shape[1]
    if kind == "none":
        return None
    one = np.zeros(0, dtype=int)
    if kind == "proportional":
        return RandomPart(trials.span[:, None], np.eye(1), one, one, True)
    if kind == "additive":
        arms = np.zeros((len(trials.y), int(trials.arm.max()) + 2))
        arms[:, 0] = -np.sqrt(0.5)
        arms[np.arange(len(trials.y)), trials.arm + 1] = np.sqrt(0.5)
        return RandomPart(arms, np.eye(arms.shape[1]), one, one, True)
    if kind == "diagonal":
        return RandomPart(trials.random, np.eye(p), np.arange(p), np.arange(p), False)
    mean = sum(
        trials.random[rows].T @ np.linalg.solve(S, trials.random[rows])
        for rows, S in zip(trials.rows, trials.S, strict=True)
    )
    back = np.linalg.inv(np.linalg.cholesky(mean / len(trials.S))).T
    rows, cols = np.tril_indices(p)
    return RandomPart(trials.random @ back, back, rows, cols, False)
