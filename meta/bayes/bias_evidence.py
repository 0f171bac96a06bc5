"""Marginal likelihoods of models with publication bias, by quadrature.

The mean is integrated by adaptive panels, tau and the parameters of bias by a fixed tensor rule. Models:
Bartos et al. 2023, doi:10.1002/jrsm.1594.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from meta.bayes.bias_models import PEESE, Bias, WeightFunction
from meta.bayes.distributions import Distribution
from meta.bayes.exact import tau_axis, tau_edges
from meta.bayes.prior_base import Prior
from meta.errors import InputError
from meta.kernels.adaptive_quadrature import Axis, PanelDensity, adapt, legendre_rule, panel_nodes
from meta.kernels.normal_normal_model import LOG_2PI

# From a one-sided p-value to the effects, one a study, that have exactly that p-value.
Cutoffs = Callable[[float], np.ndarray]
# Nodes in each dimension by number of free weights: with mu integrated too, and at mu = 0.
_STICK_ORDER = {1: (24, 18), 2: (14, 11), 3: (10, 8)}
_STICK_ORDER_NULL = {1: (40, 30), 2: (30, 24), 3: (20, 16)}
_STICK_POWER = 4
_SLOPE_PANELS = 12
# Integrating over mu smooths what a few panels miss; at mu = 0 nothing does, but many cost little.
_SLOPE_PANELS_MAX = 96
_SLOPE_PANELS_MAX_NULL = 1536
_CHUNK = 2_000_000
# Pairs of mu and tau whose likelihood on a coarse rule lies this far (in logs) below the peak are left out.
_NEGLIGIBLE = 35.0


def slope_rule(
    y: np.ndarray, v: np.ndarray, x: np.ndarray, prior: Prior, order: int, *, most: int = _SLOPE_PANELS_MAX
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of a positive slope on ``x`` and their log prior weights, each of shape (m,).

    The further from zero, in standard errors, the data can pull the slope, the more panels; and where it is
    far, they are finest at the slope that explains the effects without a mean.
    """
    precision = float(np.sum(x * x / v))
    slope = float(np.sum(np.abs(y) * x / v)) / precision
    panels = min(_SLOPE_PANELS * max(1, int(np.ceil(0.15 * slope * np.sqrt(precision)))), most)
    scale = slope if panels > _SLOPE_PANELS else float(prior.ppf(np.array(0.5)))
    return _positive_rule(Axis(scale=scale, log=True), np.linspace(-1.0, 1.0, panels + 1), prior, order)


def _positive_rule(axis: Axis, edges: np.ndarray, prior: Prior, order: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = edges[:-1], edges[1:]
    z = panel_nodes(low, high, order)
    weight = np.log(legendre_rule(order)[1] * (0.5 * (high - low))[:, None]).ravel()
    x = axis.x(z.ravel())
    log_weight = prior.logpdf(x) + axis.log_jacobian(z.ravel()) + weight
    keep = log_weight > -80.0
    return x[keep], log_weight[keep]


def weight_rule(free: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of ``free`` intervals below the first, uniform among falling sequences in (0, 1).

    Parameters
    ----------
    free : int
        Number of free weights.
    order : int
        Nodes in each dimension.

    Returns
    -------
    omega : ndarray of shape (order ** free, free + 1)
        The first weight is 1.
    log_weight : ndarray of shape (order ** free,)
        Of the rule; the weights sum to one.

    Examples
    --------
    >>> omega, log_weight = weight_rule(2, 6)
    >>> (np.exp(log_weight) @ omega).round(6).tolist()
    [1.0, 0.666667, 0.333333]
    """
    # Each weight is the previous times a Beta(a, 1) ratio; its fourth root is where the integrand is smooth.
    ratios, logs = [], []
    for at in range(free):
        a = _STICK_POWER * (free - at)
        root, rule = special.roots_sh_jacobi(order, a, a)
        ratios.append(root**_STICK_POWER)
        logs.append(np.log(rule / rule.sum()))
    grid = np.meshgrid(*ratios, indexing="ij")
    omega = np.cumprod(np.stack([np.ones(order**free), *(g.ravel() for g in grid)], axis=1), axis=1)
    return omega, np.sum([g.ravel() for g in np.meshgrid(*logs, indexing="ij")], axis=0)


@dataclass(frozen=True, slots=True)
class BiasFit:
    """One model of an ensemble, integrated.

    Attributes
    ----------
    log_evidence : float
    error : float
        Estimated relative error of the evidence.
    mu : Distribution or None
        Posterior of the mean; None where the mean is zero.
    tau : float
        Posterior mean of tau.
    """

    log_evidence: float
    error: float
    mu: Distribution | None
    tau: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes and log prior weights of tau and of the parameters of bias."""

    tau: np.ndarray
    log_tau: np.ndarray
    bias: np.ndarray
    log_bias: np.ndarray


def make_rule(
    y: np.ndarray, v: np.ndarray, bias: Bias | None, tau: Prior | None, *, null: bool, coarse: bool
) -> Rule:
    """Lay out the tensor rule; the coarse one has fewer nodes a panel, for the error estimate."""
    if tau is None:
        nodes, log_tau = np.zeros(1), np.zeros(1)
    else:
        axis = tau_axis(v)
        order = 10 if isinstance(bias, WeightFunction) else 16
        nodes, log_tau = _positive_rule(axis, tau_edges(axis, tau), tau, order - 3 * coarse)
    if bias is None:
        return Rule(nodes, log_tau, np.zeros(1), np.zeros(1))
    if isinstance(bias, WeightFunction):
        orders = (_STICK_ORDER_NULL if null else _STICK_ORDER)[len(bias.steps)]
        return Rule(nodes, log_tau, *weight_rule(len(bias.steps), orders[int(coarse)]))
    most = _SLOPE_PANELS_MAX_NULL if null else _SLOPE_PANELS_MAX
    return Rule(
        nodes, log_tau, *slope_rule(y, v, _regressor(v, bias), bias.prior, 14 - 4 * coarse, most=most)
    )


def _regressor(v: np.ndarray, bias: Bias | None) -> np.ndarray:
    return v if isinstance(bias, PEESE) else np.sqrt(v)


def slope_likelihood(mu: np.ndarray, y: np.ndarray, v: np.ndarray, x: np.ndarray, rule: Rule) -> np.ndarray:
    """Log-likelihood of ``y ~ N(mu + b x, v + tau2)`` with b integrated, shape (n, t)."""
    w = 1.0 / (v + rule.tau[:, None] ** 2)
    s0 = w.sum(axis=1)
    centre = (w @ y) / s0
    gap = y - centre[:, None]
    base = -0.5 * (y.size * LOG_2PI - np.log(w).sum(axis=1) + (w * gap * gap).sum(axis=1))
    b = rule.bias
    away = mu[:, None] - centre
    linear = (w * gap) @ x - away * (w @ x)
    quadratic = -0.5 * b * b * (w @ (x * x))[:, None] + rule.log_bias
    total = special.logsumexp(linear[..., None] * b + quadratic, axis=-1) if b.size > 1 else 0.0
    return base - 0.5 * s0 * away * away + total


@dataclass(frozen=True, slots=True)
class Selection:
    """Cut points (k, J - 1) on the scale of the effects, the interval (k,) of each study, and the tails."""

    cuts: np.ndarray
    interval: np.ndarray
    two_sided: bool


def lay_out(y: np.ndarray, v: np.ndarray, bias: WeightFunction, cutoffs: Cutoffs | None = None) -> Selection:
    """Where the steps lie for each study; selection favours positive effects."""
    two = bias.sided == "two"
    z = np.sqrt(v)
    columns = [
        z * -special.ndtri(p) if cutoffs is None else np.asarray(cutoffs(p), dtype=float)
        for p in (step / 2 if two else step for step in bias.steps)
    ]
    if any(column.shape != y.shape or not np.all(np.isfinite(column)) for column in columns):
        raise InputError(f"cutoffs must return one finite effect a study: {y.size} studies")
    cuts = np.stack(columns, axis=1)
    return Selection(cuts, ((np.abs(y) if two else y)[:, None] < cuts).sum(axis=1), two)


def weight_likelihood(
    mu: np.ndarray, y: np.ndarray, v: np.ndarray, selection: Selection, rule: Rule
) -> np.ndarray:
    """Log-likelihood under selection with the weights integrated, shape (n, t)."""
    s2 = v + rule.tau[:, None] ** 2
    gap = y - mu[:, None, None]
    base = -0.5 * (LOG_2PI + np.log(s2) + gap * gap / s2).sum(axis=-1)
    counts = np.bincount(selection.interval, minlength=rule.bias.shape[1])
    own = np.log(rule.bias) @ counts + rule.log_bias
    m, k = own.size, y.size
    thin = np.arange(0, m, max(1, m // 40))
    out = np.full(base.shape, -np.inf)
    todo = np.argwhere(np.isfinite(base))
    rough = np.concatenate(
        [
            _selected(mu, part, selection, s2, rule.bias[thin], own[thin])
            for part in np.array_split(todo, 1 + todo.shape[0] * thin.size * k // _CHUNK)
        ]
    )
    rough = rough + base[todo[:, 0], todo[:, 1]] + rule.log_tau[todo[:, 1]]
    # Each mean keeps what matters for its own integral over tau.
    best = np.full(mu.size, -np.inf)
    np.maximum.at(best, todo[:, 0], rough)
    todo = todo[rough > best[todo[:, 0]] - _NEGLIGIBLE]
    for part in np.array_split(todo, 1 + todo.shape[0] * m * k // _CHUNK):
        at = (part[:, 0], part[:, 1])
        out[at] = base[at] + _selected(mu, part, selection, s2, rule.bias, own)
    return out


def _selected(
    mu: np.ndarray,
    pairs: np.ndarray,
    selection: Selection,
    s2: np.ndarray,
    omega: np.ndarray,
    own: np.ndarray,
) -> np.ndarray:
    """Log of the integral over the weights of their likelihood, shape (pairs,)."""
    s = np.sqrt(s2[pairs[:, 1]])[..., None]
    centre = mu[pairs[:, 0]][:, None, None]
    below = special.ndtr((centre - selection.cuts) / s)
    if selection.two_sided:
        below = below + special.ndtr((-selection.cuts - centre) / s)
    # omega[-1] + sum of below * drops: the probability that a study is published, never negative.
    share = below @ (omega[:, :-1] - omega[:, 1:]).T + omega[:, -1]
    # Eight of them multiply without underflow, and logarithms are what takes the time.
    share = np.multiply.reduceat(share, np.arange(0, share.shape[1], 8), axis=1)
    return special.logsumexp(own - np.log(share).sum(axis=1), axis=-1)


def fit_bias(
    y: np.ndarray,
    v: np.ndarray,
    *,
    bias: Bias | None = None,
    effect: Prior | None = None,
    tau: Prior | None = None,
    sign: float = 1.0,
    cutoffs: Cutoffs | None = None,
) -> BiasFit:
    """Integrate one model.

    Parameters
    ----------
    y, v : ndarray of shape (k,)
        Effects and sampling variances.
    bias : WeightFunction, PET, PEESE or None
        None: no bias.
    effect, tau : Prior or None
        None is a mean, or a heterogeneity, of zero.
    sign : float
        1 where bias favours positive effects, -1 where it favours negative ones.
    cutoffs : callable, optional
        From a one-sided p-value to the effects in the favoured direction that have it; by default those
        of the normal test ``y / sqrt(v)``.

    Returns
    -------
    BiasFit

    Examples
    --------
    >>> got = fit_bias(np.array([0.3, 0.5]), np.array([0.04, 0.05]))
    >>> round(got.log_evidence, 6), got.mu
    (-2.355573, None)
    """
    null = effect is None
    selection = lay_out(sign * y, v, bias, cutoffs) if isinstance(bias, WeightFunction) else None
    fine, check = (
        _Integrand(sign * y, v, bias, selection, make_rule(y, v, bias, tau, null=null, coarse=coarse))
        for coarse in (False, True)
    )
    if effect is None:
        zero = np.zeros(1)
        log, mean_tau = fine(zero)
        error = abs(float(np.expm1(check(zero)[0][0] - log[0])))
        return BiasFit(float(log[0]), error, None, float(mean_tau[0]))
    axis = _mu_axis(y, v)
    seen: dict[float, float] = {}

    def log_joint(z: np.ndarray) -> np.ndarray:
        mu = axis.x(z)
        log, mean_tau = fine(sign * mu)
        seen.update(zip(z.tolist(), mean_tau.tolist(), strict=True))
        return log + effect.logpdf(mu) + axis.log_jacobian(z)

    low, high = (float(axis.z(end)) for end in effect.support)
    inner = [*np.linspace(-1.0, 1.0, 13).tolist(), *np.atleast_1d(axis.z(np.array(effect.kinks))).tolist()]
    edges = np.unique([low, *(z for z in inner if low < z < high), high])
    panels = adapt(log_joint, edges, tolerance=1e-8)
    z, weights = panels.z.ravel(), panels.weights
    used = weights > 1e-8
    mu = axis.x(z[used])
    again = check(sign * mu)[0] + effect.logpdf(mu) + axis.log_jacobian(z[used])
    gap = np.expm1(again - panels.log_values.ravel()[used])
    error = abs(float(weights[used] @ gap)) + panels.error
    expected = float(weights[used] @ [seen[at] for at in z[used].tolist()])
    return BiasFit(panels.log_integral, error, PanelDensity(axis, panels), expected)


def _mu_axis(y: np.ndarray, v: np.ndarray) -> Axis:
    spread = v + np.var(y)
    w = 1.0 / spread
    return Axis(scale=float(2.0 / np.sqrt(w.sum())), origin=float(w @ y / w.sum()))


@dataclass(frozen=True, slots=True)
class _Integrand:
    """Log-likelihood of mu with everything else integrated, and the mean of tau given mu."""

    y: np.ndarray
    v: np.ndarray
    bias: Bias | None
    selection: Selection | None
    rule: Rule

    def __call__(self, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # Beyond this the normal densities underflow; such means carry no probability.
        near = np.abs(mu) < 1e6 * (np.abs(self.y).max() + np.sqrt(self.v.max()))
        log, mean_tau = np.full(mu.shape, -np.inf), np.zeros(mu.shape)
        where = np.flatnonzero(near)
        size = self.rule.tau.size * max(self.y.size, self.rule.bias.size if self.selection is None else 1)
        for part in np.array_split(where, 1 + where.size * size // _CHUNK):
            joint = self._likelihood(mu[part]) + self.rule.log_tau
            log[part] = special.logsumexp(joint, axis=1)
            share = np.exp(joint - np.where(np.isfinite(log[part]), log[part], 0.0)[:, None])
            mean_tau[part] = share @ self.rule.tau
        return log, mean_tau

    def _likelihood(self, mu: np.ndarray) -> np.ndarray:
        if self.selection is not None:
            return weight_likelihood(mu, self.y, self.v, self.selection, self.rule)
        return slope_likelihood(mu, self.y, self.v, _regressor(self.v, self.bias), self.rule)
