"""Beta-binomial regression of counts on a logit scale, with one intra-study correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, expit, gammaln

from meta.kernels.glmm import binomial, climb


@dataclass(frozen=True, slots=True)
class BetaBinomialFit:
    """A fitted beta-binomial model.

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
        Logit coefficients.
    rho : float
        Intra-study correlation, ``1 / (a + b + 1)``; 0 is the binomial.
    loglik : float
        With all constants.
    iterations : int
    converged : bool
    """

    beta: np.ndarray
    vcov: np.ndarray
    rho: float
    loglik: float
    iterations: int
    converged: bool


def log_likelihood(x: np.ndarray, n: np.ndarray, eta: np.ndarray, rho: float) -> np.ndarray:
    """Log-probability of each count, (k,); ``rho = 0`` is the binomial.

    >>> log_likelihood(np.array([1.0]), np.array([2.0]), np.zeros(1), 1 / 3).round(6).tolist()
    [-1.098612]
    """
    if rho < 1e-9:
        return np.asarray(binomial(x, n)(eta)[0])
    total = (1 - rho) / rho
    a, b = expit(eta) * total, expit(-eta) * total
    choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(choose + betaln(x + a, n - x + b) - betaln(a, b))


def fit_beta_binomial(x: np.ndarray, n: np.ndarray, X: np.ndarray) -> BetaBinomialFit:
    """Maximise over the coefficients and the correlation.

    Parameters
    ----------
    x, n : ndarray of shape (k,)
        Events and sizes.
    X : ndarray of shape (k, p)
        Design on the logit scale.

    Notes
    -----
    Griffiths (1973), doi:10.2307/2529131; Kuss (2015), doi:10.1002/sim.6383. The binomial fit (rho = 0) is
    compared and wins ties.

    Examples
    --------
    >>> fit = fit_beta_binomial(np.array([1.0, 9.0, 5.0]), np.full(3, 10.0), np.ones((3, 1)))
    >>> abs(round(float(fit.beta[0]), 6)), round(fit.rho, 3)
    (0.0, 0.314)
    """
    p = X.shape[1]
    guess = np.linalg.lstsq(X, np.log((x + 0.5) / (n - x + 0.5)), rcond=None)[0]
    flat = climb(lambda b: float(log_likelihood(x, n, X @ b, 0.0).sum()), [guess])
    full = climb(
        lambda b: float(log_likelihood(x, n, X @ b[:p], float(expit(b[p]))).sum()),
        [np.append(flat.x, start) for start in (-4.0, -1.5)],
    )
    rho = float(expit(full.x[p]))
    if flat.loglik >= full.loglik - 1e-7 or rho < 1e-8:
        return BetaBinomialFit(flat.x, flat.vcov, 0.0, flat.loglik, flat.iterations, flat.converged)
    return BetaBinomialFit(full.x[:p], full.vcov[:p, :p], rho, full.loglik, full.iterations, full.converged)
