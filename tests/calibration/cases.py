"""The models to calibrate: priors, how data arise from parameters, and the PyMC model of those data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

import meta
from meta.bayes.correlation_model import correlation_model
from meta.bayes.count_models import count_model
from meta.bayes.fit import build_model
from meta.bayes.level_models import three_levels
from meta.bayes.model import Model
from meta.bayes.pymc_models import normal_normal, regression, student_t
from meta.bayes.scale_model import location_scale_model
from meta.bayes.sd_model import unknown_sd_model
from meta.bayes.shrinkage_model import draw_slopes, shrinkage_model, standardise, typical_variance
from meta.effects.effect_size_table import EffectSizes
from meta.kernels.bounded import Rows, make_rows

Values = dict[str, np.ndarray]
EFFECT, TAU = meta.Normal(0.0, 1.0), meta.HalfNormal(0.5)
V = np.array([0.02, 0.05, 0.03, 0.2, 0.08, 0.04, 0.1, 0.06])
K = V.size
X = np.linspace(-1.0, 1.0, K)


@dataclass(frozen=True)
class Case:
    """One model.

    Attributes
    ----------
    name : str
    priors : dict of str to Prior
        Of the scalar parameters, drawn independently.
    simulate : callable
        Data from parameters: ``simulate(parameters, rng)``.
    build : callable
        PyMC model of symbolic data: ``build(data)``.
    complete : callable, optional
        Parameters that are not scalars with a prior of their own: ``complete(rng)``.
    derive : callable, optional
        Draws that are made after sampling: ``derive(draws, data, rng)``.
    """

    name: str
    priors: dict[str, Any]
    simulate: Callable[[Values, np.random.Generator], Values]
    build: Callable[[dict[str, Any]], Any]
    complete: Callable[[np.random.Generator], Values] = lambda rng: {}
    derive: Callable[[Values, Values, np.random.Generator], Values] | None = None

    def draw(self, rng: np.random.Generator) -> Values:
        """Parameters from the prior."""
        own = {name: np.asarray(prior.ppf(rng.uniform())) for name, prior in self.priors.items()}
        return own | self.complete(rng)


def normal(mean: Any, sd: Any, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(mean + sd * rng.standard_normal(np.broadcast(mean, sd).shape))


def _pooled(p: Values, rng: np.random.Generator) -> Values:
    return {"y": normal(normal(p["mu"], p["tau"] * np.ones(K), rng), np.sqrt(V), rng)}


def model_of(y: np.ndarray) -> Model:
    return build_model(EffectSizes(y, V, "SMD", [str(i) for i in range(K)]), EFFECT, TAU)


def with_data(built: Any, swaps: list[tuple[np.ndarray, Any]]) -> Any:
    """Put shared variables where the model holds these constants, so that data can change after compiling."""
    from pytensor.graph.basic import Constant
    from pytensor.graph.traversal import ancestors

    def swapped(value: Any) -> Any:
        if isinstance(value, Constant):
            for old, new in swaps:
                if np.array_equal(value.data, old):
                    return new
        return value

    for rv in built.observed_RVs:
        value = built.rvs_to_values[rv]
        built.values_to_rvs.pop(value)
        built.rvs_to_values[rv] = swapped(value)
        built.values_to_rvs[built.rvs_to_values[rv]] = rv
    for variable in list(ancestors(built.potentials)):
        if variable.owner is not None:
            variable.owner.inputs = [swapped(value) for value in variable.owner.inputs]
    return built


_START = 0.1 + 0.01 * np.arange(K)


def _normal_normal(data: dict[str, Any]) -> Any:
    return with_data(normal_normal(model_of(_START)), [(_START, data["y"])])


def _student_t(data: dict[str, Any]) -> Any:
    return with_data(student_t(model_of(_START)), [(_START, data["y"])])


def _with_t(p: Values, rng: np.random.Generator) -> Values:
    return {"y": normal(p["mu"] + p["tau"] * rng.standard_t(4.0, K), np.sqrt(V), rng)}


# Five effects, two known only to lie in a cell of width 0.6, one that was only reported as significant.
EXACT, CELL, SIGNIFICANT = slice(0, 5), slice(5, 7), 7
WIDTH = 0.6


def bounded_rows(data: Values) -> Rows:
    nan = np.full(K, np.nan)
    y, lower, upper = nan.copy(), nan.copy(), nan.copy()
    y[EXACT], y[SIGNIFICANT] = data["y"], data["z"][0]
    lower[CELL], upper[CELL] = data["lower"], data["upper"]
    return make_rows(y, V, lower=lower, upper=upper, truncated=np.arange(K) == SIGNIFICANT, alpha=0.05)


def bounded_model(data: Values) -> Model:
    return Model(bounded_rows(data), EFFECT, TAU, tuple(str(i) for i in range(K)))


def _reported(p: Values, rng: np.random.Generator) -> Values:
    y = _pooled(p, rng)["y"]
    limit = 1.959963984540054 * np.sqrt(V[SIGNIFICANT])
    while abs(y[SIGNIFICANT]) < limit:
        y[SIGNIFICANT] = _pooled(p, rng)["y"][SIGNIFICANT]
    lower = WIDTH * np.floor(y[CELL] / WIDTH)
    return {"y": y[EXACT], "lower": lower, "upper": lower + WIDTH, "z": y[[SIGNIFICANT]]}


_BOUNDED = {
    "y": _START[EXACT],
    "lower": np.array([0.11, 0.12]),
    "upper": np.array([0.71, 0.72]),
    "z": np.array([1.5]),
}


def _bounded(data: dict[str, Any]) -> Any:
    start = np.append(_BOUNDED["y"], _BOUNDED["z"])
    import pytensor.tensor as pt

    both = pt.concatenate([data["y"], data["z"]])
    swaps = [(start, both), (_BOUNDED["lower"], data["lower"]), (_BOUNDED["upper"], data["upper"])]
    return with_data(normal_normal(bounded_model(_BOUNDED)), swaps)


DESIGN = np.column_stack([np.ones(K), X])


def _line(p: Values, rng: np.random.Generator) -> Values:
    mean = p["beta_0"] + p["beta_1"] * X
    return {"y": normal(normal(mean, p["tau"], rng), np.sqrt(V), rng)}


_MANY = np.random.default_rng(11).standard_normal((14, 4))
_MANY_V = np.random.default_rng(12).uniform(0.02, 0.15, 14)
_Z = standardise(np.column_stack([np.ones(14), _MANY]), tuple("cabde")).x
_SMALL_TAU = meta.HalfNormal(0.3)


def _slopes_case(name: str, slopes: Any) -> Case:
    def complete(rng: np.random.Generator) -> Values:
        drawn = slopes.draw(4, 14, typical_variance(_MANY_V), 1, seed=rng)[0]
        return {f"slope_{j}": drawn[j] for j in range(4)}

    def simulate(p: Values, rng: np.random.Generator) -> Values:
        mean = p["mu"] + _Z @ np.array([p[f"slope_{j}"] for j in range(4)])
        return {"y": normal(normal(mean, p["tau"], rng), np.sqrt(_MANY_V), rng)}

    def derive(draws: Values, data: Values, rng: np.random.Generator) -> Values:
        got = draw_slopes(data["y"], _MANY_V, _Z, draws["mu"], draws["tau"], draws["slope_sd"], rng)
        return {f"slope_{j}": got[:, j] for j in range(4)}

    priors = {"mu": EFFECT, "tau": _SMALL_TAU}
    return Case(
        name,
        priors,
        simulate,
        lambda data: shrinkage_model(data["y"], _MANY_V, _Z, EFFECT, slopes, _SMALL_TAU),
        complete,
        derive,
    )


_SCALE_PRIORS = {
    "mu": EFFECT,
    "slope[x]": meta.Normal(0, 0.7),
    "tau": TAU,
    "log_tau2[x]": meta.Normal(0, 1),
}


def _scaled(p: Values, rng: np.random.Generator) -> Values:
    tau = p["tau"] * np.exp(0.5 * p["log_tau2[x]"] * X)
    return {"y": normal(normal(p["mu"] + p["slope[x]"] * X, tau, rng), np.sqrt(V), rng)}


CODES = np.array([0, 0, 0, 1, 1, 2, 3, 3])
_LEVEL_PRIORS = {"mu": EFFECT, "tau_study": TAU, "tau_effect": _SMALL_TAU}


def _nested(p: Values, rng: np.random.Generator) -> Values:
    study = normal(p["mu"], p["tau_study"] * np.ones(4), rng)[CODES]
    return {"y": normal(normal(study, p["tau_effect"], rng), np.sqrt(V), rng)}


_N1, _N2 = np.array([20, 35, 60, 150, 25, 80]), np.array([22, 30, 60, 140, 50, 40])
_BASE, _LOG_EFFECT = meta.Normal(-1.5, 0.8), meta.Normal(0, 0.7)


def _counts_case(measure: str) -> Case:
    def simulate(p: Values, rng: np.random.Generator) -> Values:
        centre = np.asarray(_BASE.ppf(rng.uniform(size=_N1.size)))
        theta = normal(p["mu"], p["tau"] * np.ones(_N1.size), rng)
        eta1, eta2 = centre + 0.5 * theta, centre - 0.5 * theta
        if measure == "OR":
            events = rng.binomial(_N1, special.expit(eta1)), rng.binomial(_N2, special.expit(eta2))
        else:
            events = rng.poisson(_N1 * np.exp(eta1)), rng.poisson(_N2 * np.exp(eta2))
        return {"events1": events[0].astype(float), "events2": events[1].astype(float)}

    names = ("n1", "n2") if measure == "OR" else ("time1", "time2")
    sizes = dict(zip(names, (_N1.astype(float), _N2.astype(float)), strict=True))
    return Case(
        f"counts, {measure}",
        {"mu": _LOG_EFFECT, "tau": TAU},
        simulate,
        lambda data: count_model(measure, {**sizes, **data}, _LOG_EFFECT, TAU, _BASE),
    )


_PAIRED = np.array([60.0, 90.0, 120.0])
_FACTOR = np.exp(special.gammaln((_PAIRED - 1) / 2) - special.gammaln((_PAIRED - 2) / 2)) / np.sqrt(
    (_PAIRED - 1) / 2
)
_R = {"mu": meta.Normal(0, 0.5), "tau": _SMALL_TAU, "r": meta.Uniform(0.2, 0.9)}


def _paired(p: Values, rng: np.random.Generator) -> Values:
    unit = _FACTOR * np.sqrt(2 * (1 - p["r"]))
    theta = normal(p["mu"], p["tau"] * np.ones(3), rng)
    spread = np.sqrt(1 / _PAIRED + (theta / unit) ** 2 / (2 * _PAIRED))
    y = normal(normal(p["mu"], p["tau"] * np.ones(4), rng), np.sqrt(V[:4]), rng)
    return {"y": y, "dz": normal(theta / unit, spread, rng)}


_UNIT = np.array([1 / 15 + 1 / 15, 1 / 40 + 1 / 35, 1 / 10 + 1 / 12])
_SD = {"mu": EFFECT, "tau": TAU, "sd": meta.LogNormal(0.5, 0.4)}


def _sd_case(measure: str) -> Case:
    def simulate(p: Values, rng: np.random.Generator) -> Values:
        theta = normal(p["mu"], p["tau"] * np.ones(3), rng)
        true = theta * p["sd"] if measure == "SMD" else theta
        y = normal(normal(p["mu"], p["tau"] * np.ones(4), rng), np.sqrt(V[:4]), rng)
        return {"y": y, "diff": normal(true, p["sd"] * np.sqrt(_UNIT), rng)}

    return Case(
        f"unknown SD, {measure}",
        _SD,
        simulate,
        lambda data: unknown_sd_model(data["y"], V[:4], data["diff"], _UNIT, _SD, measure),
    )


_NN = {"mu": EFFECT, "tau": TAU}
CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case("normal-normal", _NN, _pooled, _normal_normal),
        Case("bounds and truncation", _NN, _reported, _bounded),
        Case("Student-t heterogeneity", _NN, _with_t, _student_t),
        Case(
            "meta-regression",
            {"beta_0": EFFECT, "beta_1": meta.Normal(0, 0.7), "tau": TAU},
            _line,
            lambda data: regression(data["y"], V, DESIGN, (EFFECT, meta.Normal(0, 0.7)), TAU),
        ),
        _slopes_case("horseshoe slopes", meta.priors.RegularisedHorseshoe(expected=1)),
        _slopes_case("Laplace slopes", meta.priors.LaplaceSlopes(0.3)),
        Case(
            "location-scale",
            _SCALE_PRIORS,
            _scaled,
            lambda data: location_scale_model(data["y"], V, X[:, None], X[:, None], _SCALE_PRIORS),
        ),
        Case(
            "three-level",
            _LEVEL_PRIORS,
            _nested,
            lambda data: three_levels(data["y"], V, CODES, _LEVEL_PRIORS),
        ),
        _counts_case("OR"),
        _counts_case("IRR"),
        Case(
            "unknown correlation",
            _R,
            _paired,
            lambda data: correlation_model(data["y"], V[:4], data["dz"], _PAIRED, _FACTOR, _R),
        ),
        _sd_case("SMD"),
        _sd_case("MD"),
    )
}
