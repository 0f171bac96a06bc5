"""Cronbach's alpha (``alpha, items, n``); float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates


def raw(alpha: np.ndarray, items: np.ndarray, n: np.ndarray) -> Estimates:
    """Alpha itself.

    References
    ----------
    Bonett DG (2010). Psychol Methods 15:368-385. https://doi.org/10.1037/a0020142
    """
    return Estimates(alpha, 2 * items * (1 - alpha) ** 2 / ((items - 1) * (n - 2)))


def hakstian_whalen(alpha: np.ndarray, items: np.ndarray, n: np.ndarray) -> Estimates:
    """One minus the cube root of one minus alpha.

    References
    ----------
    Hakstian AR, Whalen TE (1976). Psychometrika 41:219-231. https://doi.org/10.1007/BF02291840
    """
    rest = np.cbrt(1 - alpha)
    vi = 18 * items * (n - 1) * rest**2 / ((items - 1) * (9 * n - 11) ** 2)
    return Estimates(1 - rest, vi)


def bonett(alpha: np.ndarray, items: np.ndarray, n: np.ndarray) -> Estimates:
    """Minus the log of one minus alpha.

    References
    ----------
    Bonett DG (2002). J Educ Behav Stat 27:335-340. https://doi.org/10.3102/10769986027004335
    """
    return Estimates(-np.log1p(-alpha), 2 * items / ((items - 1) * (n - 2)))
