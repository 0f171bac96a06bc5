"""Information criteria, for every fit that has a likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np


def information_criteria(loglik: float, parameters: int, n: int) -> dict[str, float]:
    """AIC, BIC and AICc; ``n`` is k - p for restricted likelihoods.

    References
    ----------
    Hurvich CM, Tsai CL (1989). Biometrika 76:297-307. https://doi.org/10.1093/biomet/76.2.297

    Examples
    --------
    >>> information_criteria(-10.0, 2, 20)["aic"]
    24.0
    """
    top = max(n, parameters + 2)
    return {
        "aic": -2 * loglik + 2 * parameters,
        "bic": -2 * loglik + parameters * float(np.log(n)) if n > 0 else np.nan,
        "aicc": -2 * loglik + 2 * parameters * top / (top - parameters - 1),
    }


class InformationCriteria:
    """Gives ``aic``, ``bic`` and ``aicc`` to a class that says ``loglik`` and what they are counted from."""

    __slots__ = ()

    loglik: Any

    def _counted(self) -> tuple[int, int]:
        """Number of parameters, and of observations: k, less p under a restricted likelihood."""
        raise NotImplementedError

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return information_criteria(self.loglik, *self._counted())["aic"]

    @property
    def bic(self) -> float:
        """Schwarz's criterion; n is k - p for REML."""
        return information_criteria(self.loglik, *self._counted())["bic"]

    @property
    def aicc(self) -> float:
        """AIC with the small-sample correction."""
        return information_criteria(self.loglik, *self._counted())["aicc"]
