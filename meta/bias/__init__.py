"""Small-study effects, selection models, sensitivity to unpublished studies.

Each function takes effect sizes (or a fit, or 2x2 tables) and returns a frozen result with ``summary()``
and ``to_dict()``. No method of this room can prove or exclude publication bias: asymmetry has other causes,
above all heterogeneity that goes with study size (Sterne et al. 2011, doi:10.1136/bmj.d4002).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meta.bias.affirmative import SignificanceFunnel as SignificanceFunnel
    from meta.bias.affirmative import significance_funnel as significance_funnel
    from meta.bias.beta_weights import BetaSelection as BetaSelection
    from meta.bias.beta_weights import beta_selection as beta_selection
    from meta.bias.conditional import ConditionalModel as ConditionalModel
    from meta.bias.copas_shi import Copas as Copas
    from meta.bias.copas_shi import copas as copas
    from meta.bias.egger_regression import RegressionTest as RegressionTest
    from meta.bias.egger_regression import egger as egger
    from meta.bias.excess import ExcessSignificance as ExcessSignificance
    from meta.bias.excess import excess_significance as excess_significance
    from meta.bias.failsafe import FailsafeN as FailsafeN
    from meta.bias.failsafe import failsafe_n as failsafe_n
    from meta.bias.limits import LimitMetaAnalysis as LimitMetaAnalysis
    from meta.bias.limits import limit_meta_analysis as limit_meta_analysis
    from meta.bias.precision_effect import PetPeese as PetPeese
    from meta.bias.precision_effect import WeightedMean as WeightedMean
    from meta.bias.precision_effect import pet_peese as pet_peese
    from meta.bias.precision_effect import waap as waap
    from meta.bias.pustejovsky_rodgers import pustejovsky_rodgers as pustejovsky_rodgers
    from meta.bias.rank_correlation import RankTest as RankTest
    from meta.bias.rank_correlation import begg as begg
    from meta.bias.robust_weights import BiasRobust as BiasRobust
    from meta.bias.robust_weights import bias_robust as bias_robust
    from meta.bias.significant_results import PCurve as PCurve
    from meta.bias.significant_results import p_curve as p_curve
    from meta.bias.significant_results import p_uniform_star as p_uniform_star
    from meta.bias.step_selection import SelectionModel as SelectionModel
    from meta.bias.step_selection import selection_model as selection_model
    from meta.bias.step_selection import vevea_woods as vevea_woods
    from meta.bias.tests_of_counts import deeks as deeks
    from meta.bias.tests_of_counts import harbord as harbord
    from meta.bias.tests_of_counts import macaskill as macaskill
    from meta.bias.tests_of_counts import peters as peters
    from meta.bias.trimming import TrimAndFill as TrimAndFill
    from meta.bias.trimming import trim_and_fill as trim_and_fill

_PLACES = {
    "egger": "meta.bias.egger_regression",
    "pustejovsky_rodgers": "meta.bias.pustejovsky_rodgers",
    "harbord": "meta.bias.tests_of_counts",
    "peters": "meta.bias.tests_of_counts",
    "macaskill": "meta.bias.tests_of_counts",
    "deeks": "meta.bias.tests_of_counts",
    "begg": "meta.bias.rank_correlation",
    "trim_and_fill": "meta.bias.trimming",
    "selection_model": "meta.bias.step_selection",
    "pet_peese": "meta.bias.precision_effect",
    "waap": "meta.bias.precision_effect",
    "bias_robust": "meta.bias.robust_weights",
    "vevea_woods": "meta.bias.step_selection",
    "failsafe_n": "meta.bias.failsafe",
    "excess_significance": "meta.bias.excess",
    "significance_funnel": "meta.bias.affirmative",
    "copas": "meta.bias.copas_shi",
    "beta_selection": "meta.bias.beta_weights",
    "limit_meta_analysis": "meta.bias.limits",
    "p_curve": "meta.bias.significant_results",
    "p_uniform_star": "meta.bias.significant_results",
}

_CLASSES = {
    "RegressionTest": "meta.bias.egger_regression",
    "RankTest": "meta.bias.rank_correlation",
    "TrimAndFill": "meta.bias.trimming",
    "SelectionModel": "meta.bias.step_selection",
    "BetaSelection": "meta.bias.beta_weights",
    "PetPeese": "meta.bias.precision_effect",
    "WeightedMean": "meta.bias.precision_effect",
    "BiasRobust": "meta.bias.robust_weights",
    "FailsafeN": "meta.bias.failsafe",
    "ExcessSignificance": "meta.bias.excess",
    "SignificanceFunnel": "meta.bias.affirmative",
    "Copas": "meta.bias.copas_shi",
    "LimitMetaAnalysis": "meta.bias.limits",
    "PCurve": "meta.bias.significant_results",
    "ConditionalModel": "meta.bias.conditional",
}
"""Classes of results, for annotations and ``isinstance``."""

_PLACES |= _CLASSES
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'meta.bias' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
