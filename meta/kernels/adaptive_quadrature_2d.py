"""Two-dimensional adaptive quadrature on a tensor of panels, refined along each axis by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meta.kernels.adaptive_quadrature import Axis, Panels, legendre_basis, legendre_rule, panel_nodes

ORDER_2D = 12
LogJoint = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A positive function of (tau, mu) on panels.

    Attributes
    ----------
    tau_low, tau_high : ndarray of shape (p,)
    mu_low, mu_high : ndarray of shape (q,)
        Panel ends on the mapped axes.
    log_values : ndarray of shape (p, order, q, order)
        Log of the function with both Jacobians.
    log_integral, error : float
        Log of the integral and its estimated relative error.
    """

    tau_low: np.ndarray
    tau_high: np.ndarray
    mu_low: np.ndarray
    mu_high: np.ndarray
    log_values: np.ndarray
    log_integral: float
    error: float

    @property
    def z_tau(self) -> np.ndarray:
        """Nodes of tau on its mapped axis, flat."""
        return panel_nodes(self.tau_low, self.tau_high, ORDER_2D).ravel()

    @property
    def z_mu(self) -> np.ndarray:
        """Nodes of mu on its mapped axis, flat."""
        return panel_nodes(self.mu_low, self.mu_high, ORDER_2D).ravel()

    def quadrature(self) -> tuple[np.ndarray, np.ndarray]:
        """Quadrature weights of the flat nodes of tau and of mu."""
        rule = legendre_rule(ORDER_2D)[1]
        tau = 0.5 * (self.tau_high - self.tau_low)[:, None] * rule
        mu = 0.5 * (self.mu_high - self.mu_low)[:, None] * rule
        return tau.ravel(), mu.ravel()

    def density(self) -> np.ndarray:
        """Normalised density at the nodes, shape (tau nodes, mu nodes)."""
        t, m = self.z_tau.size, self.z_mu.size
        return np.exp(self.log_values.reshape(t, m) - self.log_integral)

    def marginal_tau(self) -> Panels:
        """Panels of tau's marginal."""
        values = self.density() @ self.quadrature()[1]
        return self._marginal(values, self.tau_low, self.tau_high)

    def marginal_mu(self) -> Panels:
        """Panels of mu's marginal."""
        values = self.quadrature()[0] @ self.density()
        return self._marginal(values, self.mu_low, self.mu_high)

    def _marginal(self, values: np.ndarray, low: np.ndarray, high: np.ndarray) -> Panels:
        with np.errstate(divide="ignore"):
            logs = np.log(values).reshape(low.size, ORDER_2D)
        return Panels(low, high, panel_nodes(low, high, ORDER_2D), logs, 0.0, self.error)


def adapt_2d(
    log_joint: LogJoint,
    tau_edges: np.ndarray,
    mu_edges: np.ndarray,
    *,
    tolerance: float = 1e-9,
    rounds: int = 14,
    cells: int = 4_000_000,
) -> Tensor:
    """Integrate exp(log_joint) over both axes, splitting panels until their series have converged.

    Parameters
    ----------
    log_joint : callable
        Maps flat z of tau (t,) and z of mu (m,) to log values (t, m), Jacobians included.
    tau_edges, mu_edges : ndarray
        First panel edges.
    tolerance : float
        Bound on each panel's share of the error, relative to the integral.
    rounds : int
        How often panels may be halved.
    cells : int
        Refinement stops at this many nodes; the error estimate says what that costs.

    Returns
    -------
    Tensor
    """
    _, rule, analysis = legendre_rule(ORDER_2D)
    t_low, t_high = tau_edges[:-1], tau_edges[1:]
    m_low, m_high = mu_edges[:-1], mu_edges[1:]
    values = _evaluate(log_joint, (t_low, t_high), (m_low, m_high))
    for _ in range(rounds):
        peak = float(values.max())
        if not np.isfinite(peak):
            return Tensor(t_low, t_high, m_low, m_high, values, peak, np.inf)
        f = np.exp(values - peak)
        t_half, m_half = 0.5 * (t_high - t_low), 0.5 * (m_high - m_low)
        t_weight, m_weight = t_half[:, None] * rule, m_half[:, None] * rule
        total = float(np.einsum("iajb,ia,jb->", f, t_weight, m_weight, optimize=True))
        last = analysis[-3:]
        t_tail = np.abs(np.einsum("ca,iajb->icjb", last, f, optimize=True)).max(axis=1)
        t_error = t_half * np.einsum("ijb,jb->i", t_tail, m_weight)
        m_tail = np.abs(np.einsum("cb,iajb->iajc", last, f, optimize=True)).max(axis=3)
        m_error = m_half * np.einsum("iaj,ia->j", m_tail, t_weight)
        t_bad = (t_error > tolerance * total) & (t_half > 1e-12)
        m_bad = (m_error > tolerance * total) & (m_half > 1e-12)
        if not (t_bad.any() or m_bad.any()) or values.size > cells:
            break
        t_new, m_new = _halves(t_low[t_bad], t_high[t_bad]), _halves(m_low[m_bad], m_high[m_bad])
        kept = values[~t_bad][:, :, ~m_bad]
        t_kept = (t_low[~t_bad], t_high[~t_bad])
        across = _evaluate(log_joint, t_kept, m_new)
        m_low, m_high = np.concatenate([m_low[~m_bad], m_new[0]]), np.concatenate([m_high[~m_bad], m_new[1]])
        top = np.concatenate([kept, across], axis=2)
        bottom = _evaluate(log_joint, t_new, (m_low, m_high))
        values = np.concatenate([top, bottom], axis=0)
        t_low, t_high = np.concatenate([t_kept[0], t_new[0]]), np.concatenate([t_kept[1], t_new[1]])
    by_t, by_m = np.argsort(t_low), np.argsort(m_low)
    error = float((t_error.sum() + m_error.sum()) / total)
    log_integral = float(peak + np.log(total))
    arranged = values[by_t][:, :, by_m]
    return Tensor(t_low[by_t], t_high[by_t], m_low[by_m], m_high[by_m], arranged, log_integral, error)


def _halves(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    middle = 0.5 * (low + high)
    return np.concatenate([low, middle]), np.concatenate([middle, high])


def _evaluate(
    log_joint: LogJoint, tau: tuple[np.ndarray, np.ndarray], mu: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    shape = (tau[0].size, ORDER_2D, mu[0].size, ORDER_2D)
    if 0 in shape:
        return np.empty(shape)
    z_tau, z_mu = panel_nodes(*tau, ORDER_2D).ravel(), panel_nodes(*mu, ORDER_2D).ravel()
    values = log_joint(z_tau, z_mu)
    return np.where(np.isnan(values), -np.inf, values).reshape(shape)


_HERMITE = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Lines:
    """The density of a + b mu + s z, z standard normal, with a, b, s depending on tau.

    Where s is wide against mu's own spread the nodes of mu carry normal kernels; where it is narrow those
    kernels would slip between the nodes, so that mu's conditional density is smoothed by Gauss-Hermite.
    """

    tensor: Tensor
    axis: Axis
    density_at_nodes: np.ndarray
    a: np.ndarray
    b: np.ndarray
    s: np.ndarray

    def log_pdf(self, x: np.ndarray) -> np.ndarray:
        """Log density at a flat array ``x``, up to the normalisation of ``density_at_nodes``."""
        t_weight, m_weight = self.tensor.quadrature()
        mu = self.axis.x(self.tensor.z_mu)
        joint = self.density_at_nodes * m_weight
        row = joint.sum(axis=1)
        used = row * t_weight > 1e-15 * float(np.max(row * t_weight))
        mean = np.where(used, (joint @ mu) / np.where(used, row, 1.0), 0.0)
        spread = np.sqrt(np.einsum("tm,tm->t", joint, (mu - mean[:, None]) ** 2) / np.where(used, row, 1.0))
        wide = used & (self.s > 0.3 * np.abs(self.b) * spread)
        narrow = used & ~wide
        total = np.zeros(x.size)
        columns = joint.max(axis=0) > 1e-16 * joint.max()
        for t in np.flatnonzero(wide):
            centre = self.a[t] + self.b[t] * mu[columns]
            z = (x[:, None] - centre) / self.s[t]
            kernel = np.exp(-0.5 * z * z) @ joint[t, columns]
            total += t_weight[t] * kernel / (self.s[t] * np.sqrt(2.0 * np.pi))
        for t in np.flatnonzero(narrow):
            shifted = (x[:, None] - self.a[t] - self.s[t] * _HERMITE[0]) / self.b[t]
            smooth = self._conditional(int(t), shifted) @ _HERMITE[1] / np.sqrt(2.0 * np.pi)
            total += t_weight[t] * smooth / abs(self.b[t])
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(total, 0.0))

    def _conditional(self, t: int, mu: np.ndarray) -> np.ndarray:
        tensor = self.tensor
        series = self.density_at_nodes[t].reshape(-1, ORDER_2D) @ legendre_rule(ORDER_2D)[2].T
        z = self.axis.z(mu)
        at = np.clip(np.searchsorted(tensor.mu_low, z, side="right") - 1, 0, tensor.mu_low.size - 1)
        low, high = tensor.mu_low[at], tensor.mu_high[at]
        local = (2.0 * z - low - high) / (high - low)
        basis = legendre_basis(np.clip(local, -1.0, 1.0), ORDER_2D - 1)
        inside = (np.abs(local) <= 1.0 + 1e-12) & (np.abs(z) < 1.0)
        with np.errstate(divide="ignore", over="ignore"):
            jacobian = np.exp(-self.axis.log_jacobian(np.where(inside, z, 0.0)))
        value = np.einsum("...j,...j->...", basis, series[at]) * jacobian
        return np.where(inside, value, 0.0)
