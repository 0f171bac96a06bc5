"""What a type checker sees of ``meta.bayes``: a call, and the functions that are offered beside it.

At run time ``meta.bayes`` is the function of :mod:`meta.bayes.fit` with these attributes. A function with
attributes has no type of its own, so its parameters are repeated here; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, overload

from meta.bayes import bias_models as _bias_models
from meta.bayes import priors as _priors
from meta.bayes.averaging import model_average as _model_average
from meta.bayes.batch import leave_one_out as _leave_one_out
from meta.bayes.correlation_model import bayes_correlation as _bayes_correlation
from meta.bayes.count_models import bayes_counts as _bayes_counts
from meta.bayes.fit import Engine
from meta.bayes.level_models import bayes_multilevel as _bayes_multilevel
from meta.bayes.loo import compare_loo as _compare_loo
from meta.bayes.posterior import Posterior
from meta.bayes.posterior_regression import PosteriorRegression
from meta.bayes.scale_model import bayes_location_scale as _bayes_location_scale
from meta.bayes.sd_model import bayes_unknown_sd as _bayes_unknown_sd
from meta.bayes.sd_model import borrowed_sd as _borrowed_sd


class _Call(Protocol):
    @overload
    def __call__(
        self, es: Any = ..., *, yi: Any = ..., vi: Any = ..., sei: Any = ..., study: Any = ...,
        measure: str | None = ..., effect: Any = ..., tau: Any = ...,
        engine: Engine = ..., level: float = ..., seed: int | None = ..., moderators: None = ...,
        intercept: bool | None = ..., context: Mapping[str, Any] | None = ..., slopes: Any = ...,
        truncated: Any = ..., alpha: float = ..., allow_failed: bool = ...,
        heterogeneity: Literal['normal', 't'] = ..., draws: int | None = ..., tune: int | None = ...,
        chains: int | None = ..., cores: int | None = ..., target_accept: float | None = ...,
        nuts_sampler: str | None = ..., progressbar: bool | None = ...,
        sample_options: Mapping[str, Any] | None = ...,
    ) -> Posterior: ...  # fmt: skip

    @overload
    def __call__(
        self, es: Any = ..., *, yi: Any = ..., vi: Any = ..., sei: Any = ..., study: Any = ...,
        measure: str | None = ..., effect: Any = ..., tau: Any = ...,
        engine: Engine = ..., level: float = ..., seed: int | None = ..., moderators: Any,
        intercept: bool | None = ..., context: Mapping[str, Any] | None = ..., slopes: Any = ...,
        truncated: Any = ..., alpha: float = ..., allow_failed: bool = ...,
        heterogeneity: Literal['normal', 't'] = ..., draws: int | None = ..., tune: int | None = ...,
        chains: int | None = ..., cores: int | None = ..., target_accept: float | None = ...,
        nuts_sampler: str | None = ..., progressbar: bool | None = ...,
        sample_options: Mapping[str, Any] | None = ...,
    ) -> PosteriorRegression: ...  # fmt: skip


class Bayes(_Call):
    """The type of ``meta.bayes``."""

    bayes_correlation = staticmethod(_bayes_correlation)
    bayes_counts = staticmethod(_bayes_counts)
    bayes_location_scale = staticmethod(_bayes_location_scale)
    bayes_multilevel = staticmethod(_bayes_multilevel)
    bayes_unknown_sd = staticmethod(_bayes_unknown_sd)
    borrowed_sd = staticmethod(_borrowed_sd)
    compare_loo = staticmethod(_compare_loo)
    leave_one_out = staticmethod(_leave_one_out)
    model_average = staticmethod(_model_average)
    bias_models = _bias_models
    priors = _priors
