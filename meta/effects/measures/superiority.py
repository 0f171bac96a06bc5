"""Probability of superiority: that a member of group 1 exceeds a member of group 2."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from meta.effects.measures.core import Estimates, pooled_sd


def from_ranks(auc: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> Estimates:
    """Probability of superiority as reported or from Mann-Whitney's U; arrays of shape (k,).

    The variance takes exponential scores, with the average size in place of each.

    References
    ----------
    Hanley JA, McNeil BJ (1982). Radiology 143:29-36. https://doi.org/10.1148/radiology.143.1.7063747
    Newcombe RG (2006). Stat Med 25:559-573. https://doi.org/10.1002/sim.2324
    """
    extra = (n1 + n2) / 2 - 1
    inner = 1 + extra * (1 - auc) / (2 - auc) + extra * auc / (1 + auc)
    return Estimates(auc, auc * (1 - auc) * inner / (n1 * n2))


def from_means(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "LS",
) -> Estimates:
    """Probability of superiority of normal distributions, delta-method variance.

    ``vtype`` LS (each group's own spread) or HO (equal spread).

    References
    ----------
    McGraw KO, Wong SP (1992). Psychol Bull 111:361-365. https://doi.org/10.1037/0033-2909.111.2.361
    Goulet-Pelletier JC, Cousineau D (2018). Quant Meth Psych 14:242-265.
    https://doi.org/10.20982/tqmp.14.4.p242
    """
    if vtype == "HO":
        shared = pooled_sd(sd1, n1, sd2, n2)
        var1 = var2 = shared**2
        spread = var1**2 * 4 / (n1 + n2 - 2)
    else:
        var1, var2 = sd1**2, sd2**2
        spread = var1**2 / (n1 - 1) + var2**2 / (n2 - 1)
    var = var1 + var2
    x = (mean1 - mean2) / np.sqrt(var)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return Estimates(ndtr(x), density**2 * ((var1 / n1 + var2 / n2) / var + x**2 * spread / (2 * var**2)))
