"""Location-scale models: ``y ~ N(X beta, v + tau2_i)`` with ``tau2_i = exp(z_i' alpha)`` or ``z_i'
alpha``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

LINKS = ("log", "identity")


@dataclass(frozen=True, slots=True)
class LocationScaleFit:
    """A fitted location-scale model.

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
        Location coefficients.
    alpha, alpha_vcov : ndarray of shape (q,), (q, q)
        Scale coefficients; covariance from the observed information.
    tau2 : ndarray of shape (k,)
    loglik : float
    iterations : int
    converged : bool
    """

    beta: np.ndarray
    vcov: np.ndarray
    alpha: np.ndarray
    alpha_vcov: np.ndarray
    tau2: np.ndarray
    loglik: float
    iterations: int
    converged: bool


def _tau2(Z: np.ndarray, alpha: np.ndarray, link: str) -> tuple[np.ndarray, np.ndarray]:
    """tau2 of each study and its derivative by the linear predictor."""
    eta = Z @ alpha
    if link == "log":
        value = np.exp(np.clip(eta, -300.0, 300.0))
        return value, value
    return eta, np.ones_like(eta)


def evaluate(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: np.ndarray, restricted: bool
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood, its gradient by each tau2 (k,), coefficients in the basis X and their covariance."""
    total = v + tau2
    if np.any(total <= 0):
        return -np.inf, np.zeros_like(y), np.zeros(X.shape[1]), np.zeros((X.shape[1],) * 2)
    w = 1 / total
    wx = X * w[:, None]
    inverse = np.linalg.inv(X.T @ wx)
    beta = inverse @ (wx.T @ y)
    resid = y - X @ beta
    k, p = X.shape
    n = k - p if restricted else k
    value = -0.5 * (n * np.log(2 * np.pi) + np.log(total).sum() + (w * resid**2).sum())
    trace = w
    if restricted:
        logdet = np.linalg.slogdet(X.T @ wx)[1]
        value += 0.5 * (np.linalg.slogdet(X.T @ X)[1] - logdet)
        trace = w - np.einsum("ij,jk,ik->i", wx, inverse, wx)
    return float(value), 0.5 * ((w * resid) ** 2 - trace), beta, inverse


def fit_location_scale(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, Z: np.ndarray, *, link: str = "log", restricted: bool = True
) -> LocationScaleFit:
    """Maximise the (restricted) likelihood over the scale coefficients from several starts.

    Parameters
    ----------
    y, v : ndarray of shape (k,)
        Effects and sampling variances.
    X, Z : ndarray of shape (k, p), (k, q)
        Designs of location and scale.
    link : {"log", "identity"}
        Under ``identity`` every tau2 must stay >= 0.
    restricted : bool
        REML rather than ML.

    Notes
    -----
    Viechtbauer & Lopez-Lopez (2022), doi:10.1002/jrsm.1562.

    Examples
    --------
    >>> one = np.ones((4, 1))
    >>> fit = fit_location_scale(np.array([-1.0, 0.0, 1.0, 2.0]), np.full(4, 0.5), one, one)
    >>> fit.tau2.round(3).tolist()
    [1.167, 1.167, 1.167, 1.167]
    """
    if link == "log":
        return _fit(y, v, X, Z, link, restricted)
    # Bounds at zero and the tolerances of their search are absolute: effects in their own unit.
    unit = float(np.sqrt(np.median(v)))
    own = _fit(y / unit, v / unit**2, X, Z, link, restricted)
    units = len(y) - X.shape[1] if restricted else len(y)
    return replace(
        own,
        beta=own.beta * unit,
        vcov=own.vcov * unit**2,
        alpha=own.alpha * unit**2,
        alpha_vcov=own.alpha_vcov * unit**4,
        tau2=own.tau2 * unit**2,
        loglik=own.loglik - units * float(np.log(unit)),
    )


def _moment(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> float:
    """A common tau2 by DerSimonian and Laird's moments, to start from: a vague study does not count."""
    x, z = X / np.sqrt(v)[:, None], y / np.sqrt(v)
    inverse = np.linalg.inv(x.T @ x)
    q = float(np.sum((z - x @ (inverse @ (x.T @ z))) ** 2))
    trace = float((1 / v).sum() - np.trace(inverse @ (x.T @ (x / v[:, None]))))
    return (q - (len(y) - X.shape[1])) / trace


def _starts(Z: np.ndarray, spread: float, link: str) -> list[np.ndarray]:
    """Linear predictors: three levels, and each moderator up or down; either group may be the varied one."""
    shares = [np.full(len(Z), share) for share in (1.0, 0.1, 5.0)]
    for column in (Z - Z.mean(axis=0)).T:
        reach = float(np.abs(column).max())
        if reach > 1e-9 * (1.0 + float(np.abs(Z).max())):
            tilt = column / reach
            shares += [np.exp(sign * 3.0 * tilt) if link == "log" else 1.0 + sign * tilt for sign in (-1, 1)]
    return [np.log(share * spread) if link == "log" else share * spread for share in shares]


def _fit(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, Z: np.ndarray, link: str, restricted: bool
) -> LocationScaleFit:
    from scipy.optimize import minimize

    q, r = np.linalg.qr(Z)
    basis, back = np.linalg.qr(X)
    spread = max(_moment(y, v, basis), 0.05 * float(np.median(v)))
    unit = np.sqrt(np.mean(q**2)) if link == "log" else 1.0

    def negative(a: np.ndarray) -> tuple[float, np.ndarray]:
        tau2, slope = _tau2(q, a, link)
        if link == "identity" and np.any(tau2 < -1e-12):
            return 1e100, np.zeros_like(a)
        value, gradient, _, _ = evaluate(y, v, basis, np.maximum(tau2, 0.0), restricted)
        if not np.isfinite(value):
            return 1e100, np.zeros_like(a)
        return -value, -q.T @ (gradient * slope)

    best, steps, found_value = np.zeros(q.shape[1]), 0, np.inf
    for eta in _starts(Z, spread, link):
        start = q.T @ eta
        if link == "log":
            found = minimize(
                negative, start, jac=True, method="BFGS", options={"gtol": 1e-9 / unit, "maxiter": 1000}
            )
        else:
            rules = [{"type": "ineq", "fun": lambda a: q @ a, "jac": lambda a: q}]
            options = {"ftol": 1e-14, "maxiter": 1000}
            found = minimize(negative, start, jac=True, method="SLSQP", constraints=rules, options=options)
        steps = max(steps, int(found.nit))
        if found.fun < found_value - 1e-10:
            best, found_value = found.x, float(found.fun)
    hessian = np.empty((len(best), len(best)))
    for i in range(len(best)):
        step = np.zeros_like(best)
        step[i] = 1e-4 * max(1e-2 if link == "identity" else 1.0, abs(best[i]))
        hessian[i] = (negative(best + step)[1] - negative(best - step)[1]) / (2 * step[i])
    hessian = 0.5 * (hessian + hessian.T)
    ok = bool(np.all(np.isfinite(hessian)) and np.linalg.eigvalsh(hessian)[0] > 1e-10)
    gradient = negative(best)[1]
    decrement = float(gradient @ np.linalg.solve(hessian, gradient)) if ok else np.inf
    tau2 = np.maximum(_tau2(q, best, link)[0], 0.0)
    value, _, gamma, inverse = evaluate(y, v, basis, tau2, restricted)
    solve, scale = np.linalg.inv(back), np.linalg.inv(r)
    covariance = np.linalg.inv(hessian) if ok else np.full_like(hessian, np.nan)
    return LocationScaleFit(
        beta=solve @ gamma,
        vcov=solve @ inverse @ solve.T,
        alpha=scale @ best,
        alpha_vcov=scale @ covariance @ scale.T,
        tau2=tau2,
        loglik=value,
        iterations=steps,
        converged=ok and decrement < 1e-6,
    )
