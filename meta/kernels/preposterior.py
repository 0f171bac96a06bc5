"""What new trials would do to a posterior: many simulated futures against one likelihood on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.adaptive_quadrature import legendre_rule
from meta.kernels.bounded import Rows, joint_log_likelihood

_PANELS = np.array([0, 0.05, 0.15, 0.35, 0.7, 1.2, 2.0, 3.2, 6.0])
_FEWEST, _MOST = 301, 3001
_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Present:
    """Likelihood of the evidence at hand on a grid whose steps of mu meet at a threshold.

    Attributes
    ----------
    mu, tau : ndarray of shape (m,) and (t,)
        Nodes.
    likelihood : ndarray of shape (t, m)
        Up to a factor; times the quadrature weight of tau.
    below : ndarray of shape (m,)
        Weights of the nodes in the integral up to the threshold.
    """

    mu: np.ndarray
    tau: np.ndarray
    likelihood: np.ndarray
    below: np.ndarray


def present(rows: Rows, reach: float, tau_scale: float, threshold: float, narrowest: float) -> Present:
    """Lay the evidence at hand on a grid.

    Parameters
    ----------
    rows : Rows
        The results at hand.
    reach : float
        Largest effect, of either sign, that matters.
    tau_scale : float
        Scale of the widest prior of tau; the grid reaches six times as far.
    threshold : float
        Where two cells of the grid meet.
    narrowest : float
        Standard error of the most precise new evidence.
    """
    nodes = int(np.clip(np.ceil(2 * reach / narrowest), _FEWEST, _MOST))
    step = 2 * reach / (nodes - 1)
    first = threshold - (np.ceil((reach + threshold) / step) - 0.5) * step
    mu = first + step * np.arange(nodes + 1)
    points, rule, _ = legendre_rule(5)
    edges = _PANELS * tau_scale
    half = 0.5 * np.diff(edges)
    tau = ((0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * points).ravel()
    log = joint_log_likelihood(tau, mu, rows)
    weights = (half[:, None] * rule).ravel()
    below = (mu < threshold).astype(float)
    # the midpoint rule's first correction, h^2 f'(threshold) / 24
    below[int(below.sum()) - 1 + np.arange(2)] += np.array([-1.0, 1.0]) / 24
    return Present(mu, tau, np.exp(log - log.max()) * weights[:, None], below)


def probabilities_after(
    now: Present,
    mean: np.ndarray,
    squares: np.ndarray,
    trials: int,
    variance: float,
    by_mu: np.ndarray,
    by_tau: np.ndarray,
) -> np.ndarray:
    """P(mu < threshold) after new trials, for every future and prior.

    Parameters
    ----------
    now : Present
        The evidence at hand.
    mean, squares : ndarray of shape (n,)
        Mean of the new trials' effects in each future, and their sum of squares around it.
    trials : int
        New trials in each future, all of sampling variance ``variance``.
    variance : float
        Sampling variance of each new trial.
    by_mu : ndarray of shape (p, m)
        Prior densities of mu on the grid.
    by_tau : ndarray of shape (p, t)
        Prior densities of tau on the grid.

    Returns
    -------
    ndarray of shape (n, p)
    """
    total = variance + now.tau**2
    out = np.empty((mean.size, len(by_mu)))
    for start in range(0, mean.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        log_scale = -0.5 * squares[part, None] / total - 0.5 * trials * np.log(total)
        log_scale -= log_scale.max(axis=1, keepdims=True)
        z = (mean[part, None] - now.mu) ** 2
        z -= z.min(axis=1, keepdims=True)
        below = np.zeros((z.shape[0], len(by_mu)))
        every = np.zeros_like(below)
        for t in range(now.tau.size):
            near = np.exp(-0.5 * trials * z / total[t] + log_scale[:, t, None])
            weight = by_mu * now.likelihood[t] * by_tau[:, t, None]
            below += near @ (weight * now.below).T
            every += near @ weight.T
        out[part] = below / every
    return out
