"""Leave-one-out and predictive checks of models that only the sampler knows, from their PyMC model."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta import compat
from meta.bayes.loo import LeaveOneOut, smoothed_loo
from meta.bayes.predictive_checks import STATISTICS, PredictiveCheck
from meta.errors import InputError, unknown_option

_NEED_VARIANCES = ("Q", "max|z|")
CHECKED = tuple(name for name in STATISTICS if name not in _NEED_VARIANCES)


def sampled_loo(model: Any, inference_data: Any, diagnostics: Any) -> LeaveOneOut:
    """Leave-one-out densities from draws, by Pareto-smoothed weights; called by ``post.loo()``.

    References
    ----------
    Vehtari A, Gelman A, Gabry J (2017). Practical Bayesian model evaluation using leave-one-out
    cross-validation and WAIC. doi:10.1007/s11222-016-9696-4
    """
    observed = _observed(model)
    drawn = compat.log_likelihood(model, inference_data)
    each = {name: drawn[name].reshape(-1, drawn[name].shape[-1]).T for name in observed}
    if set(observed) == {"y1", "y2"}:
        logs = each["y1"] + each["y2"]  # both arms of a study are left out together
        labels = tuple(str(i + 1) for i in range(logs.shape[0]))
    else:
        logs = np.concatenate([each[name] for name in observed])
        labels = _labels(observed)
    if logs.shape[0] < 2:
        raise InputError("leaving a result out needs at least two, and this fit has one")
    efficiency = min(1.0, min(diagnostics.ess_bulk.values()) / logs.shape[1])
    return smoothed_loo(labels, logs, efficiency, "fit again without them to be sure")


def sampled_predictive(
    model: Any,
    inference_data: Any,
    source: str,
    statistics: tuple[str, ...],
    size: int,
    seed: int | None,
) -> PredictiveCheck:
    """Replicate what was observed; called by ``prior_predictive`` and ``posterior_predictive``."""
    for name in statistics:
        if name not in CHECKED:
            raise unknown_option("statistic of a sampled model", name, CHECKED)
    if size < 1:
        raise InputError(f"size must be at least 1, not {size!r}")
    observed = _observed(model)
    drawn = compat.replicated(model, inference_data, source, size, seed)
    flat = [drawn[name].reshape(-1, drawn[name].shape[-1])[:size] for name in observed]
    replicated, seen = np.concatenate(flat, axis=1), np.concatenate(list(observed.values()))
    unused = np.ones(seen.size)
    return PredictiveCheck(
        source,
        _labels(observed),
        replicated,
        {name: float(STATISTICS[name](seen[None, :], unused)[0]) for name in statistics},
        {name: np.asarray(STATISTICS[name](replicated, unused)) for name in statistics},
    )


def _observed(model: Any) -> dict[str, np.ndarray]:
    if model is None:
        raise InputError("a fit that was saved and loaded has no model to check; fit it again")
    found: dict[str, Any] = compat.observed_data(model)
    if not found:
        raise InputError(
            "the effects of one study depend on each other in this model, so that no single one can be left "
            "out or replicated; check it by meta.bayes on one effect per study"
        )
    return found


def _labels(observed: dict[str, np.ndarray]) -> tuple[str, ...]:
    return tuple(f"{name}[{i + 1}]" for name, values in observed.items() for i in range(values.size))
