"""The exact engine in two dimensions: bounds, mixtures, truncation and any prior of mu."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meta.bayes.distributions import Distribution, PointMass
from meta.bayes.effect_priors import Fixed
from meta.bayes.exact import integrate_tau, tau_axis, tau_edges
from meta.bayes.model import Model
from meta.bayes.prior_base import Prior
from meta.errors import NotEstimableError
from meta.kernels.adaptive_quadrature import Axis, PanelDensity, Panels, adapt
from meta.kernels.adaptive_quadrature_2d import ORDER_2D, Lines, Tensor, adapt_2d
from meta.kernels.bounded import joint_log_likelihood, mu_axis, row_log_likelihood


def _edges(axis: Axis, prior: Prior) -> np.ndarray:
    low, high = (float(axis.z(end)) for end in prior.support)
    inner = [z for z in np.linspace(-1.0, 1.0, 13).tolist() if low < z < high]
    return np.unique([low, *inner, high])


@dataclass(frozen=True)
class GridCore:
    """Posterior held on a two-dimensional tensor of panels (one-dimensional where tau is fixed).

    Attributes
    ----------
    model : Model
    tensor : Tensor or None
        The joint density; None where tau is fixed.
    """

    model: Model
    tau_axis: Axis
    mu_axis: Axis
    tensor: Tensor
    log_evidence: float
    error: float
    fixed: float | None = None

    @cached_property
    def mu(self) -> Distribution:
        """Marginal posterior of the mean effect."""
        return PanelDensity(self.mu_axis, self.tensor.marginal_mu())

    @cached_property
    def tau(self) -> Distribution:
        """Marginal posterior of tau."""
        if self.fixed is not None:
            return PointMass(self.fixed)
        return PanelDensity(self.tau_axis, self.tensor.marginal_tau())

    @property
    def _tau_nodes(self) -> np.ndarray:
        if self.fixed is not None:
            return np.full(ORDER_2D, self.fixed)
        return self.tau_axis.x(self.tensor.z_tau)

    @cached_property
    def new(self) -> Distribution:
        """Posterior predictive of a new study's true effect."""
        nodes = self._tau_nodes
        if self.fixed == 0:
            return self.mu
        return self._line(self.tensor.density(), np.zeros_like(nodes), np.ones_like(nodes), nodes)

    def study(self, i: int) -> Distribution:
        """Posterior of study i's own effect."""
        rows, tau = self.model.rows, self._tau_nodes
        v, density = rows.v[i], self.tensor.density()
        if self.fixed == 0:
            return self.mu
        if rows.exact[i]:
            share = tau**2 / (v + tau**2)
            return self._line(density, share * rows.y[i], 1.0 - share, np.sqrt(share * v))
        mu = self.mu_axis.x(self.tensor.z_mu)
        own = row_log_likelihood(mu[None, :], (tau**2)[:, None], rows, i)
        with np.errstate(divide="ignore"):
            without = np.exp(np.minimum(np.log(density) - own, 600.0))
        return self._line(without, np.zeros_like(tau), np.ones_like(tau), tau, row=i)

    def _line(
        self, density: np.ndarray, a: np.ndarray, b: np.ndarray, s: np.ndarray, row: int | None = None
    ) -> Distribution:
        lines = Lines(self.tensor, self.mu_axis, density, a, b, s)
        typical = float(self.tau.ppf(np.array(0.5))) if self.fixed is None else self.fixed
        axis = Axis(scale=float(np.hypot(self.mu_axis.scale, 2.0 * typical)), origin=self.mu_axis.origin)

        def log_f(z: np.ndarray) -> np.ndarray:
            x = axis.x(z)
            value = lines.log_pdf(x) + axis.log_jacobian(z)
            if row is not None:
                value = value + row_log_likelihood(x, np.zeros(()), self.model.rows, row)
            return value

        return PanelDensity(axis, adapt(log_f, np.linspace(-1.0, 1.0, 13), tolerance=1e-8, rounds=8))

    def log_point(self, mu: float) -> float:
        """Log evidence of the model in which the mean effect is exactly ``mu``."""
        rows = self.model.rows
        return integrate_tau(
            self.model.tau, self.tau_axis, lambda t: joint_log_likelihood(t, np.array([mu]), rows)[:, 0]
        )

    def log_homogeneous(self) -> float:
        """Log evidence of the model without heterogeneity."""
        return _integrate_mu(self.model, self.mu_axis, 0.0).log_integral

    def sample(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Joint draws: tau from its marginal, mu from the conditional at the nearest node."""
        tau = np.asarray(self.tau.ppf(rng.uniform(size=size)))
        nodes = self._tau_nodes
        order = np.argsort(nodes)
        middle = 0.5 * (nodes[order][1:] + nodes[order][:-1])
        at = order[np.searchsorted(middle, tau)]
        mass = self.tensor.density() * self.tensor.quadrature()[1]
        grid = self.mu_axis.x(self.tensor.z_mu)
        draws = np.empty(size)
        for row in np.unique(at):
            mine = at == row
            steps = np.cumsum(mass[row])
            draws[mine] = np.interp(
                rng.uniform(size=int(mine.sum())) * steps[-1], steps - 0.5 * mass[row], grid
            )
        return draws, tau


def _integrate_mu(model: Model, axis: Axis, tau: float) -> Panels:
    def log_joint(z: np.ndarray) -> np.ndarray:
        mu = axis.x(z)
        likelihood = joint_log_likelihood(np.array([tau]), mu, model.rows)[0]
        return model.effect.logpdf(mu) + likelihood + axis.log_jacobian(z)

    return adapt(log_joint, _edges(axis, model.effect), order=ORDER_2D)


def fit_grid(model: Model) -> GridCore:
    """Integrate over tau and mu adaptively."""
    if model.covariance is not None:
        raise NotEstimableError(
            f"correlated sampling errors need a normal or flat prior of the effect, not {model.effect}"
        )
    rows, t_axis = model.rows, tau_axis(model.rows.v)
    fallback = float(model.effect.ppf(np.array(0.5))) if model.effect.proper else 0.0
    m_axis = mu_axis(rows, fallback)
    if isinstance(model.tau, Fixed):
        return _fit_fixed(model, t_axis, m_axis)

    def log_joint(z_tau: np.ndarray, z_mu: np.ndarray) -> np.ndarray:
        tau, mu = t_axis.x(z_tau), m_axis.x(z_mu)
        by_tau = model.tau.logpdf(tau) + t_axis.log_jacobian(z_tau)
        by_mu = model.effect.logpdf(mu) + m_axis.log_jacobian(z_mu)
        return joint_log_likelihood(tau, mu, rows) + by_tau[:, None] + by_mu[None, :]

    tensor = adapt_2d(log_joint, tau_edges(t_axis, model.tau), _edges(m_axis, model.effect))
    return GridCore(model, t_axis, m_axis, tensor, tensor.log_integral, tensor.error)


def _fit_fixed(model: Model, t_axis: Axis, m_axis: Axis) -> GridCore:
    value = model.tau.value  # type: ignore[attr-defined]
    panels = _integrate_mu(model, m_axis, value)
    # A tensor of one panel of tau of unit mass, so that everything downstream has one shape.
    repeated = np.broadcast_to(panels.log_values, (1, ORDER_2D, *panels.log_values.shape)).copy()
    tensor = Tensor(
        np.array([-0.5]),
        np.array([0.5]),
        panels.low,
        panels.high,
        repeated,
        panels.log_integral,
        panels.error,
    )
    return GridCore(model, t_axis, m_axis, tensor, panels.log_integral, panels.error, fixed=value)
