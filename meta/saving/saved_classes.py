"""Which classes a file may name, and where they live. A new result class needs one line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache

from meta.errors import InputError


def _at(place: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), place)


PLACES: Mapping[str, str] = {
    **_at("meta.effects.effect_size_table", "EffectSizes"),
    **_at("meta.pooling.result", "Pooled"),
    **_at("meta.pooling.intervals_and_diagnostics", "Diagnostics Interval"),
    **_at("meta.results.back_transformation", "BackTransformed"),
    **_at("meta.pooling.pool_options", "PoolOptions"),
    **_at("meta.pooling.many", "PooledMany"),
    **_at("meta.effects.design.matrix", "Design"),
    **_at("meta.pooling.regression_result", "Regression"),
    **_at("meta.pooling.location_scale_fit", "LocationScale"),
    **_at("meta.pooling.multilevel_result", "Multilevel"),
    **_at("meta.pooling.robust", "Robust"),
    **_at("meta.pooling.bootstrap_test", "WildBootstrap"),
    **_at("meta.pooling.permutation", "PermutationTest"),
    **_at("meta.pooling.coefficients", "WaldTest LikelihoodRatio"),
    **_at("meta.pooling.subgroup_fits", "Subgroups"),
    **_at("meta.pooling.grouped_fits", "Between"),
    **_at("meta.pooling.count_result", "PooledCounts"),
    **_at("meta.effects.count_tables", "Counts"),
    **_at("meta.pooling.count_subgroups", "CountSubgroups"),
    **_at("meta.pooling.bounded_pool", "BoundedPool"),
    **_at("meta.models.network.network_result", "Network"),
    **_at("meta.models.network.network_contrast", "NetworkContrast"),
    **_at("meta.models.network.additive_components", "NetworkComponents"),
    **_at("meta.models.network.network_posterior", "NetworkPosterior"),
    **_at("meta.models.network.data", "NetworkData"),
    **_at("meta.kernels.network.trial_contrasts", "Contrasts"),
    **_at("meta.models.dose.curve_result", "DoseResponse"),
    **_at("meta.models.dose.dose_region", "DoseRegion"),
    **_at("meta.models.dose.bayes_dose", "DosePosterior"),
    **_at("meta.models.dose.comparison", "ShapeComparison"),
    **_at("meta.kernels.dose.bases", "Basis"),
    **_at("meta.kernels.q_profile", "Tau2Interval"),
    **_at("meta.kernels.mantel_haenszel", "ChiSquared"),
    **_at("meta.kernels.cluster_robust", "Sandwich"),
    **_at("meta.kernels.mixed.stacked", "Stacked"),
    **_at("meta.kernels.mixed.terms", "RandomTerm"),
    **_at("meta.kernels.bounded", "Rows"),
    **_at("meta.kernels.normal_normal_model", "Conditional ConditionalRegression ShrinkageMap"),
    **_at("meta.kernels.adaptive_quadrature", "Axis Panels PanelDensity"),
    **_at("meta.kernels.adaptive_quadrature_2d", "Tensor Lines"),
    **_at("meta.kernels.mixtures", "NormalMixture"),
    **_at("meta.bayes.posterior", "Posterior"),
    **_at("meta.bayes.model", "Model"),
    **_at("meta.bayes.exact", "AnalyticCore"),
    **_at("meta.bayes.grid", "GridCore"),
    **_at("meta.bayes.pymc_fit", "DrawsCore"),
    **_at("meta.bayes.distributions", "PointMass Draws"),
    **_at("meta.bayes.posterior_regression", "PosteriorRegression"),
    **_at("meta.bayes.sampled", "SampledPosterior"),
    **_at("meta.bayes.loo", "LeaveOneOut"),
    **_at("meta.bayes.predictive_checks", "PredictiveCheck"),
    **_at("meta.bayes.earlier_posterior", "Earlier"),
    **_at("meta.bayes.batch", "BatchPosterior"),
    **_at("meta.bayes.ensemble", "ModelAverage EnsembleModel"),
    **_at(
        "meta.bayes.effect_priors",
        "Flat Fixed Normal StudentT Cauchy Uniform NormalMixturePrior",
    ),
    **_at(
        "meta.bayes.tau_priors",
        "HalfNormal HalfStudentT HalfCauchy HalfLogistic Exponential Lomax UniformShrinkage LogNormal "
        "LogStudentT InverseGamma",
    ),
    **_at("meta.bayes.shrinkage_priors", "RegularisedHorseshoe LaplaceSlopes"),
    **_at("meta.bayes.data_priors", "DuMouchel Shrinkage Jeffreys _JeffreysOf"),
    "bayes.Diagnostics": "meta.compat",
    **_at("meta.bias.egger_regression", "RegressionTest"),
    **_at("meta.bias.rank_correlation", "RankTest"),
    **_at("meta.bias.trimming", "TrimAndFill"),
    **_at("meta.bias.selection_result", "Sample"),
    **_at("meta.bias.likelihood_search", "SelectionFit"),
    **_at("meta.bias.step_selection", "SelectionModel"),
    **_at("meta.bias.beta_weights", "BetaSelection"),
    **_at("meta.bias.precision_effect", "PetPeese WeightedMean"),
    **_at("meta.bias.precision_lines", "Line"),
    **_at("meta.bias.robust_weights", "BiasRobust"),
    **_at("meta.bias.failsafe", "FailsafeN"),
    **_at("meta.bias.excess", "ExcessSignificance"),
    **_at("meta.bias.affirmative", "SignificanceFunnel"),
    **_at("meta.bias.selection_ratio", "Corrected"),
    **_at("meta.bias.copas_shi", "Copas"),
    **_at("meta.bias.limits", "LimitMetaAnalysis"),
    **_at("meta.bias.significant_results", "PCurve"),
    **_at("meta.bias.conditional", "ConditionalModel"),
    **_at("meta.evidence.claims", "Claim"),
    **_at("meta.evidence.claim_parts", "Analysis"),
    **_at("meta.claims.verdict", "Verdict Probabilities Compatibility"),
    **_at("meta.claims.normalised_share", "NormalisationFinding Scenario"),
    **_at("meta.claims.answer_claims", "Answer Variation"),
    **_at("meta.claims.multiverse", "Multiverse"),
    **_at("meta.claims.plan", "Plan"),
    **_at("meta.claims.certainty", "Certainty"),
    **_at("meta.claims.grade", "Finding"),
}
"""Name in the file (its last part is the class's own name) to the module that holds the class."""


def class_named(name: object) -> type:
    """Return the class that a file names.

    Raises
    ------
    InputError
        If the name is not in :data:`PLACES`; nothing is imported then.
    """
    if not isinstance(name, str) or name not in PLACES:
        raise InputError(f"class {str(name)[:60]!r} cannot be stored in a result file")
    return getattr(importlib.import_module(PLACES[name]), name.rpartition(".")[2])


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, str], str]:
    return {(place, name.rpartition(".")[2]): name for name, place in PLACES.items()}


def name_of(kind: type) -> str:
    """Return the name that a class has in files.

    >>> from meta import EffectSizes
    >>> name_of(EffectSizes)
    'EffectSizes'
    """
    found = _names().get((kind.__module__, kind.__qualname__))
    if found is None:
        raise InputError(
            f"a {kind.__name__} cannot be saved; save the result it belongs to, "
            "or its numbers with to_dict() or tidy()"
        )
    return found
