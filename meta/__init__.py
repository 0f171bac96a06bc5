"""From what papers actually report to a verdict on a stated claim.

Nothing heavy is imported until it is used: pooling a table does not wait for PyMC.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "effect_sizes": "meta.effects.api",
    "EffectSizes": "meta.effects.model",
    "datasets": "",
    "pool": "meta.pooling.univariate",
    "pool_many": "meta.pooling.many",
    "subgroups": "meta.pooling.subgroups",
    "simulate": "meta.pooling.simulation",
    "regress": "meta.pooling.regression",
    "pool_multilevel": "meta.pooling.multilevel",
    "pool_counts": "meta.pooling.counts",
    "robust": "meta.pooling.robust",
    "aggregate": "meta.pooling.dependence",
    "shared_control": "meta.pooling.dependence",
    "likelihood_ratio_test": "meta.pooling.regression",
    "bayes": "",
    "priors": "meta.bayes.priors",
    "bias": "",
    "diagnostics": "",
    "load": "meta.saving.files",
    "load_evidence": "meta.effects.evidence",
    "judge": "meta.claims.judge",
    "multiverse": "meta.claims.multiverse",
    "plan": "meta.claims.plan",
    "certainty": "meta.claims.certainty",
    "plots": "",
    "forest": "meta.plots.forest",
    "read_revman": "meta.effects.revman",
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
