"""How much a result rests on single studies, on their order and on their choice."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meta.diagnostics.accumulation import cumulative as cumulative
    from meta.diagnostics.case_deletion import influence as influence
    from meta.diagnostics.case_deletion import leave_one_out as leave_one_out
    from meta.diagnostics.clusters import gosh_clusters as gosh_clusters
    from meta.diagnostics.contributions import baujat as baujat
    from meta.diagnostics.contributions import outliers as outliers
    from meta.diagnostics.model_influence import residuals as residuals
    from meta.diagnostics.normality import qq as qq
    from meta.diagnostics.profiles import profile as profile
    from meta.diagnostics.subsets import gosh as gosh

_PLACES = {
    "influence": "meta.diagnostics.case_deletion",
    "leave_one_out": "meta.diagnostics.case_deletion",
    "residuals": "meta.diagnostics.model_influence",
    "profile": "meta.diagnostics.profiles",
    "cumulative": "meta.diagnostics.accumulation",
    "baujat": "meta.diagnostics.contributions",
    "outliers": "meta.diagnostics.contributions",
    "qq": "meta.diagnostics.normality",
    "gosh": "meta.diagnostics.subsets",
    "gosh_clusters": "meta.diagnostics.clusters",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(
            f"module 'meta.diagnostics' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
