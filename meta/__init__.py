"""From what papers actually report to a verdict on a stated claim.

Nothing heavy is imported until it is used: pooling a table does not wait for PyMC.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what an editor and a type checker see; a test compares it with what is offered
    from meta import bias as bias
    from meta import datasets as datasets
    from meta import diagnostics as diagnostics
    from meta import plots as plots
    from meta.bayes import priors as priors
    from meta.bayes._typed import Bayes
    from meta.bayes.batch import BatchPosterior as BatchPosterior
    from meta.bayes.ensemble import ModelAverage as ModelAverage
    from meta.bayes.posterior import Posterior as Posterior
    from meta.bayes.posterior_regression import PosteriorRegression as PosteriorRegression
    from meta.bayes.priors import Cauchy as Cauchy
    from meta.bayes.priors import Exponential as Exponential
    from meta.bayes.priors import Flat as Flat
    from meta.bayes.priors import HalfCauchy as HalfCauchy
    from meta.bayes.priors import HalfNormal as HalfNormal
    from meta.bayes.priors import HalfStudentT as HalfStudentT
    from meta.bayes.priors import InverseGamma as InverseGamma
    from meta.bayes.priors import LogNormal as LogNormal
    from meta.bayes.priors import Normal as Normal
    from meta.bayes.priors import StudentT as StudentT
    from meta.bayes.priors import Uniform as Uniform
    from meta.bayes.sampled import SampledPosterior as SampledPosterior
    from meta.claims.certainty import Certainty as Certainty
    from meta.claims.certainty import certainty as certainty
    from meta.claims.judge import judge as judge
    from meta.claims.multiverse import Multiverse as Multiverse
    from meta.claims.multiverse import multiverse as multiverse
    from meta.claims.plan import Plan as Plan
    from meta.claims.plan import plan as plan
    from meta.claims.verdict import Verdict as Verdict
    from meta.effects.api import effect_sizes as effect_sizes
    from meta.effects.effect_size_table import EffectSizes as EffectSizes
    from meta.effects.revman import read_revman as read_revman
    from meta.effects.study_evidence import Evidence as Evidence
    from meta.effects.study_evidence import load_evidence as load_evidence
    from meta.models.dose.bayes_dose import DosePosterior as DosePosterior
    from meta.models.dose.bayes_dose import bayes_dose as bayes_dose
    from meta.models.dose.comparison import ShapeComparison as ShapeComparison
    from meta.models.dose.comparison import compare_shapes as compare_shapes
    from meta.models.dose.curve_result import DoseResponse as DoseResponse
    from meta.models.dose.dose_region import DoseRegion as DoseRegion
    from meta.models.dose.dose_response import dose_response as dose_response
    from meta.models.network.additive_components import NetworkComponents as NetworkComponents
    from meta.models.network.bayes import bayes_network as bayes_network
    from meta.models.network.network_contrast import NetworkContrast as NetworkContrast
    from meta.models.network.network_posterior import NetworkPosterior as NetworkPosterior
    from meta.models.network.network_result import Network as Network
    from meta.models.network.pool import pool_network as pool_network
    from meta.plots.figure import FigureResult as FigureResult
    from meta.plots.forest import ForestPlot as ForestPlot
    from meta.plots.forest import forest as forest
    from meta.plots.funnel import funnel as funnel
    from meta.pooling.coefficients import LikelihoodRatio as LikelihoodRatio
    from meta.pooling.count_result import PooledCounts as PooledCounts
    from meta.pooling.dependence import aggregate as aggregate
    from meta.pooling.dependence import shared_control as shared_control
    from meta.pooling.location_scale_fit import LocationScale as LocationScale
    from meta.pooling.many import PooledMany as PooledMany
    from meta.pooling.many import pool_many as pool_many
    from meta.pooling.multilevel_result import Multilevel as Multilevel
    from meta.pooling.pool_counts import pool_counts as pool_counts
    from meta.pooling.pool_multilevel import pool_multilevel as pool_multilevel
    from meta.pooling.regress import likelihood_ratio_test as likelihood_ratio_test
    from meta.pooling.regress import regress as regress
    from meta.pooling.regression_result import Regression as Regression
    from meta.pooling.result import Pooled as Pooled
    from meta.pooling.robust import Robust as Robust
    from meta.pooling.robust import robust as robust
    from meta.pooling.rve import rve as rve
    from meta.pooling.simulation import Simulated as Simulated
    from meta.pooling.simulation import simulate as simulate
    from meta.pooling.subgroup_fits import Subgroups as Subgroups
    from meta.pooling.subgroups import subgroups as subgroups
    from meta.pooling.univariate import pool as pool
    from meta.pooling.vcalc import vcalc as vcalc
    from meta.recovery.solution import Solution as Solution
    from meta.recovery.solutions import Solutions as Solutions
    from meta.recovery.solve import solve as solve
    from meta.saving.files import load as load
    from meta.tables.reader import read_table as read_table

    bayes: Bayes


__version__ = "0.1.0"

_PLACES = {
    "effect_sizes": "meta.effects.api",
    "EffectSizes": "meta.effects.effect_size_table",
    "datasets": "",
    "solve": "meta.recovery.solve",
    "pool": "meta.pooling.univariate",
    "pool_many": "meta.pooling.many",
    "subgroups": "meta.pooling.subgroups",
    "simulate": "meta.pooling.simulation",
    "regress": "meta.pooling.regress",
    "pool_multilevel": "meta.pooling.pool_multilevel",
    "pool_counts": "meta.pooling.pool_counts",
    "pool_network": "meta.models.network.pool",
    "bayes_network": "meta.models.network.bayes",
    "dose_response": "meta.models.dose.dose_response",
    "compare_shapes": "meta.models.dose.comparison",
    "bayes_dose": "meta.models.dose.bayes_dose",
    "robust": "meta.pooling.robust",
    "rve": "meta.pooling.rve",
    "aggregate": "meta.pooling.dependence",
    "vcalc": "meta.pooling.vcalc",
    "shared_control": "meta.pooling.dependence",
    "likelihood_ratio_test": "meta.pooling.regress",
    "bayes": "meta.bayes",
    "priors": "meta.bayes.priors",
    "bias": "",
    "diagnostics": "",
    "load": "meta.saving.files",
    "load_evidence": "meta.effects.study_evidence",
    "judge": "meta.claims.judge",
    "multiverse": "meta.claims.multiverse",
    "plan": "meta.claims.plan",
    "certainty": "meta.claims.certainty",
    "plots": "",
    "forest": "meta.plots.forest",
    "read_revman": "meta.effects.revman",
    "read_table": "meta.tables.reader",
    "funnel": "meta.plots.funnel",
    **dict.fromkeys(
        (
            "Flat",
            "Normal",
            "StudentT",
            "Cauchy",
            "Uniform",
            "HalfNormal",
            "HalfStudentT",
            "HalfCauchy",
            "Exponential",
            "LogNormal",
            "InverseGamma",
        ),
        "meta.bayes.priors",
    ),
}

_CLASSES = {
    "Pooled": "meta.pooling.result",
    "PooledMany": "meta.pooling.many",
    "Subgroups": "meta.pooling.subgroup_fits",
    "Regression": "meta.pooling.regression_result",
    "LocationScale": "meta.pooling.location_scale_fit",
    "Multilevel": "meta.pooling.multilevel_result",
    "PooledCounts": "meta.pooling.count_result",
    "Network": "meta.models.network.network_result",
    "NetworkContrast": "meta.models.network.network_contrast",
    "NetworkComponents": "meta.models.network.additive_components",
    "NetworkPosterior": "meta.models.network.network_posterior",
    "DoseResponse": "meta.models.dose.curve_result",
    "DoseRegion": "meta.models.dose.dose_region",
    "DosePosterior": "meta.models.dose.bayes_dose",
    "ShapeComparison": "meta.models.dose.comparison",
    "Robust": "meta.pooling.robust",
    "LikelihoodRatio": "meta.pooling.coefficients",
    "Simulated": "meta.pooling.simulation",
    "Posterior": "meta.bayes.posterior",
    "PosteriorRegression": "meta.bayes.posterior_regression",
    "SampledPosterior": "meta.bayes.sampled",
    "BatchPosterior": "meta.bayes.batch",
    "ModelAverage": "meta.bayes.ensemble",
    "Evidence": "meta.effects.study_evidence",
    "Verdict": "meta.claims.verdict",
    "Multiverse": "meta.claims.multiverse",
    "Plan": "meta.claims.plan",
    "Certainty": "meta.claims.certainty",
    "FigureResult": "meta.plots.figure",
    "ForestPlot": "meta.plots.forest",
    "Solution": "meta.recovery.solution",
    "Solutions": "meta.recovery.solutions",
}
"""Classes of results, for annotations and ``isinstance``."""

_PLACES |= _CLASSES
_MODULES = frozenset({"meta.bayes.priors"})

__all__ = sorted(["__version__", *_PLACES])


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'meta' has no attribute {name!r}; it offers {', '.join(__all__)}")
    place = _PLACES[name]
    if not place:
        return importlib.import_module(f"meta.{name}")
    module = importlib.import_module(place)
    value = module if place.endswith(f".{name}") and place in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package; ``bayes`` stays the function when the sub-package of that name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds every sub-package to its name in the parent.
        if not (name == "bayes" and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
