"""The one place that knows which PyMC and ArviZ are installed.

PyMC 5.28 with ArviZ 0.23 (Python 3.11) returns ``InferenceData``; PyMC 6 with ArviZ 1.x returns a
``DataTree`` and has other defaults. Everything else asks here and keeps plain arrays.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.errors import InputError


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Convergence of a sample.

    Attributes
    ----------
    rhat, ess_bulk, ess_tail : dict of str to float
        Rank-normalised R-hat and effective sample sizes of each parameter (worst element of vectors).
    divergences : int
    draws : int
        Draws over all chains.
    """

    rhat: dict[str, float] = field(default_factory=dict)
    ess_bulk: dict[str, float] = field(default_factory=dict)
    ess_tail: dict[str, float] = field(default_factory=dict)
    divergences: int = 0
    draws: int = 0

    def failures(self, *, rhat: float = 1.01, ess: float = 400.0, divergences: float = 0.001) -> list[str]:
        """What failed, in words; empty if nothing did.

        >>> Diagnostics({"mu": 1.2}, {"mu": 900.0}, {"mu": 900.0}, 0, 4000).failures()
        ['R-hat of mu is 1.200 (limit 1.01)']
        """
        found = [
            f"R-hat of {name} is {value:.3f} (limit {rhat:g})"
            for name, value in self.rhat.items()
            if not value <= rhat
        ]
        for label, sizes in (("bulk", self.ess_bulk), ("tail", self.ess_tail)):
            found += [
                f"{label} effective sample size of {name} is {value:.0f} (limit {ess:g})"
                for name, value in sizes.items()
                if not value >= ess
            ]
        if self.divergences > divergences * self.draws:
            found.append(f"{self.divergences} of {self.draws} transitions diverged")
        return found


def sampling_options() -> dict[str, Any]:
    """How to compile: PyTensor's Numba mode without a C compiler (its Python mode takes minutes)."""
    import pytensor

    return {} if getattr(pytensor.config, "cxx", "") else {"compile_kwargs": {"mode": "NUMBA"}}


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep the sampler's log and warnings off the screen; diagnostics are checked and reported by us."""
    loggers = [logging.getLogger(name) for name in ("pymc", "pytensor", "arviz")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def load() -> None:
    """Import PyMC without the notices that its dependencies print on import."""
    with silent():
        import pymc  # noqa: F401


SETTINGS: dict[str, Any] = {
    "draws": 2000,
    "tune": 1000,
    "chains": 4,
    "cores": 1,
    "progressbar": False,
    "target_accept": 0.95,
}


def sample(model: Any, options: dict[str, Any], *, seed: int | None) -> Any:
    """Run NUTS and return what this PyMC returns (``InferenceData`` or ``DataTree``)."""
    import pymc as pm
    from threadpoolctl import threadpool_limits

    other = options.get("nuts_sampler", "pymc") != "pymc"
    # Threads of BLAS spin while they wait for each other; on matrices as small as ours that is all they do,
    # and PyMC does not hold them back where processes are forked.
    with silent(), model, _plain_strings(other), threadpool_limits(1):
        try:
            return pm.sample(
                random_seed=seed,
                **{**SETTINGS, **({} if other else sampling_options()), **options},
            )
        except ImportError as error:
            if not other:
                raise
            raise InputError(
                f"nuts_sampler={options['nuts_sampler']!r} is not installed here ({error}); install it, or "
                "leave the argument out"
            ) from None


@contextlib.contextmanager
def _plain_strings(wanted: bool) -> Iterator[None]:
    """Let pandas keep strings as objects: nutpie reads coordinate names and knows no other kind."""
    import pandas as pd

    with pd.option_context("future.infer_string", False) if wanted else contextlib.nullcontext():
        yield


def _group(inference_data: Any, name: str) -> Any:
    group = inference_data[name]
    return group.dataset if hasattr(group, "dataset") else group


def inference_data(
    groups: dict[str, dict[str, tuple[tuple[str, ...], np.ndarray]]],
    labels: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """What this ArviZ works with, from the dimensions and values of each group's variables.

    ``labels`` name the places of a dimension, which are numbered without.
    """
    known = labels or {}
    with silent():
        import arviz as az
    import xarray as xr

    sets: dict[str, Any] = {}
    for group, variables in groups.items():
        sizes = {
            dim: size
            for dims, values in variables.values()
            for dim, size in zip(dims, values.shape, strict=True)
        }
        places = {dim: known.get(dim, np.arange(n)) for dim, n in sizes.items()}
        sets[group] = xr.Dataset(dict(variables), coords=places)
    if "InferenceData" in vars(az):
        return az.InferenceData(**sets)
    return xr.DataTree.from_dict(sets)


def posterior_draws(inference_data: Any) -> dict[str, np.ndarray]:
    """Draws by name, chains and draws as the first two axes."""
    group = _group(inference_data, "posterior")
    return {str(name): np.asarray(group[name].values) for name in group.data_vars}


def diagnostics(inference_data: Any, names: list[str]) -> Diagnostics:
    """R-hat, effective sample sizes and divergences of the named parameters."""
    import arviz as az

    group = _group(inference_data, "posterior")[names]
    with silent():
        values = {
            "rhat": az.rhat(group),
            "bulk": az.ess(group, method="bulk"),
            "tail": az.ess(group, method="tail"),
        }
    worst = {
        key: {
            name: float((np.nanmax if key == "rhat" else np.nanmin)(np.asarray(got[name]))) for name in names
        }
        for key, got in values.items()
    }
    stats = _group(inference_data, "sample_stats")
    divergent = int(np.asarray(stats["diverging"]).sum()) if "diverging" in stats else 0
    first = np.asarray(group[names[0]])
    return Diagnostics(
        worst["rhat"], worst["bulk"], worst["tail"], divergent, int(first.shape[0] * first.shape[1])
    )


def _sure_mode() -> dict[str, Any]:
    """How to compile log likelihoods and replications: without a rewrite of PyTensor that fails on them."""
    from pytensor.compile.mode import get_default_mode, get_mode

    chosen = sampling_options().get("compile_kwargs", {}).get("mode")
    mode = get_default_mode() if chosen is None else get_mode(chosen)
    return {"compile_kwargs": {"mode": mode.excluding("local_inline_composite_constants")}}


def observed_data(model: Any) -> dict[str, np.ndarray]:
    """What the model has observed, by name."""
    return {str(rv.name): np.atleast_1d(model.rvs_to_values[rv].eval()) for rv in model.observed_RVs}


def log_likelihood(model: Any, inference_data: Any) -> dict[str, np.ndarray]:
    """Log density of every observed value for every draw, chains and draws as the first two axes."""
    import pymc as pm

    with silent(), model:
        got = pm.compute_log_likelihood(
            inference_data, extend_inferencedata=False, progressbar=False, **_sure_mode()
        )
    return {str(name): np.asarray(got[name].values) for name in got.data_vars}


def replicated(
    model: Any, inference_data: Any, source: str, size: int, seed: int | None
) -> dict[str, np.ndarray]:
    """Replications of what was observed, from the prior or the posterior."""
    import pymc as pm

    with silent(), model:
        if source == "prior":
            got = pm.sample_prior_predictive(size, random_seed=seed, **_sure_mode())
        else:
            got = pm.sample_posterior_predictive(
                inference_data, progressbar=False, random_seed=seed, **_sure_mode()
            )
    group = _group(got, f"{source}_predictive")
    return {str(name): np.asarray(group[name].values) for name in group.data_vars}


def smooth_weights(log_weights: np.ndarray, efficiency: float) -> tuple[np.ndarray, np.ndarray]:
    """Pareto-smoothed log importance weights of shape (k, draws), and the tail's shape of each row."""
    with silent():
        import arviz as az

        if "psislw" in vars(az):
            smoothed, shape = az.psislw(log_weights, reff=efficiency)
        else:
            from arviz_stats.base import array_stats

            # this ArviZ takes log likelihoods and turns their sign itself where its older form did not
            smoothed, shape = array_stats.psislw(-log_weights, r_eff=efficiency)
    return np.asarray(smoothed), np.atleast_1d(np.asarray(shape, dtype=float))
