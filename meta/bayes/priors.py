"""Priors as objects that print, plot and evaluate.

Second parameters are scales (standard deviations for the normal), never variances or precisions. Priors of
heterogeneity are on tau unless they say ``on="tau2"``.

>>> print(HalfNormal(0.5).scaled(2))
HalfNormal(scale=1)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from meta.bayes.data_priors import DuMouchel as DuMouchel
    from meta.bayes.data_priors import Jeffreys as Jeffreys
    from meta.bayes.data_priors import Shrinkage as Shrinkage
    from meta.bayes.data_priors import unit_information_sd as unit_information_sd
    from meta.bayes.informed import cochrane as cochrane
    from meta.bayes.informed import informed as informed
    from meta.bayes.informed import rhodes as rhodes
    from meta.bayes.informed import turner as turner
    from meta.bayes.informed import van_erp as van_erp
    from meta.bayes.map_priors import effective_sample_size as effective_sample_size
    from meta.bayes.map_priors import map_prior as map_prior
    from meta.bayes.sensitivity import plot_sensitivity as plot_sensitivity
    from meta.bayes.sensitivity import sensitivity as sensitivity

_ON_DEMAND = {
    "cochrane": "meta.bayes.informed",
    "informed": "meta.bayes.informed",
    "rhodes": "meta.bayes.informed",
    "turner": "meta.bayes.informed",
    "van_erp": "meta.bayes.informed",
    "DuMouchel": "meta.bayes.data_priors",
    "Jeffreys": "meta.bayes.data_priors",
    "Shrinkage": "meta.bayes.data_priors",
    "unit_information_sd": "meta.bayes.data_priors",
    "plot_sensitivity": "meta.bayes.sensitivity",
    "sensitivity": "meta.bayes.sensitivity",
    "effective_sample_size": "meta.bayes.map_priors",
    "map_prior": "meta.bayes.map_priors",
}
"""Priors from data and from the literature, and their module; imported when asked for."""

__all__ = [
    "Cauchy",
    "DuMouchel",
    "Exponential",
    "Fixed",
    "Flat",
    "HalfCauchy",
    "HalfLogistic",
    "HalfNormal",
    "HalfStudentT",
    "InverseGamma",
    "Jeffreys",
    "LaplaceSlopes",
    "LogNormal",
    "LogStudentT",
    "Lomax",
    "Normal",
    "NormalMixturePrior",
    "Prior",
    "RegularisedHorseshoe",
    "Shrinkage",
    "StudentT",
    "Uniform",
    "UniformShrinkage",
    "cochrane",
    "effective_sample_size",
    "informed",
    "map_prior",
    "plot_sensitivity",
    "rhodes",
    "sensitivity",
    "turner",
    "unit_information_sd",
    "van_erp",
]


def __getattr__(name: str) -> object:
    """Offer the data-dependent and informed priors and ``sensitivity`` here too, on demand."""
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(_ON_DEMAND[name]), name)
    raise AttributeError(f"module 'meta.bayes.priors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
