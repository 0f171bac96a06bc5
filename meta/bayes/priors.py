"""Priors as objects that print, plot and evaluate.

Second parameters are scales (standard deviations for the normal), never variances or precisions. Priors of
heterogeneity are on tau unless they say ``on="tau2"``.

>>> print(HalfNormal(0.5).scaled(2))
HalfNormal(scale=1)
"""

from __future__ import annotations

import importlib

from meta.bayes.effect_priors import Cauchy, Fixed, Flat, Normal, NormalMixturePrior, StudentT, Uniform
from meta.bayes.prior_base import Prior
from meta.bayes.shrinkage_priors import LaplaceSlopes, RegularisedHorseshoe
from meta.bayes.tau_priors import (
    Exponential,
    HalfCauchy,
    HalfLogistic,
    HalfNormal,
    HalfStudentT,
    InverseGamma,
    LogNormal,
    LogStudentT,
    Lomax,
    UniformShrinkage,
)

__all__ = [
    "Cauchy",
    "Exponential",
    "Fixed",
    "Flat",
    "HalfCauchy",
    "HalfLogistic",
    "HalfNormal",
    "HalfStudentT",
    "InverseGamma",
    "LaplaceSlopes",
    "LogNormal",
    "LogStudentT",
    "Lomax",
    "Normal",
    "NormalMixturePrior",
    "Prior",
    "RegularisedHorseshoe",
    "StudentT",
    "Uniform",
    "UniformShrinkage",
]

_ON_DEMAND = (
    "meta.bayes.informed",
    "meta.bayes.data_priors",
    "meta.bayes.sensitivity",
    "meta.bayes.map_priors",
)


def __getattr__(name: str) -> object:
    """Offer the data-dependent and informed priors and ``sensitivity`` here too, on demand."""
    if not name.startswith("__"):
        for place in _ON_DEMAND:
            module = importlib.import_module(place)
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"module 'meta.bayes.priors' has no attribute {name!r}")
