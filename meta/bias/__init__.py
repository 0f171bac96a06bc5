"""Small-study effects, selection models, sensitivity to unpublished studies.

Each function takes effect sizes (or a fit, or 2x2 tables) and returns a frozen result with ``summary()``
and ``to_dict()``. No method of this room can prove or exclude publication bias: asymmetry has other causes,
above all heterogeneity that goes with study size (Sterne et al. 2011, doi:10.1136/bmj.d4002).
"""

from __future__ import annotations

import importlib
from typing import Any

_PLACES = {
    "egger": "meta.bias.small_study",
    "pustejovsky_rodgers": "meta.bias.standardised",
    "harbord": "meta.bias.two_by_two",
    "peters": "meta.bias.two_by_two",
    "macaskill": "meta.bias.two_by_two",
    "deeks": "meta.bias.two_by_two",
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

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'meta.bias' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
