"""Run the simulations: each PyMC model is compiled once and meets many datasets; the exact engine too."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from meta import compat
from meta.bayes.bayes_regression import bayes_regression
from meta.bayes.quadrature import fit_core
from meta.effects.effect_size_table import EffectSizes
from tests.calibration import cases
from tests.calibration.cases import CASES, Case, Values
from tests.calibration.ranks import Calibration, place

KEPT = 99


class Compiled:
    """A PyMC model of changing data, with one NUTS step that is tuned anew for each."""

    def __init__(self, case: Case, example: Values, target_accept: float = 0.8) -> None:
        compat.load()
        import pymc as pm
        import pytensor

        with compat.silent():
            self.data = {
                name: pytensor.shared(value, name=f"data_{name}", shape=value.shape)
                for name, value in example.items()
            }
            self.model = case.build(self.data)
            with self.model:
                self.step = pm.NUTS(target_accept=target_accept, **compat.sampling_options())

    def draws(self, data: Values, seed: int, tune: int = 400, thin: int = 4) -> Values:
        """KEPT draws of every parameter, from one chain."""
        import pymc as pm
        from threadpoolctl import threadpool_limits

        for name, value in data.items():
            self.data[name].set_value(value)
        with compat.silent(), self.model, threadpool_limits(1):
            sample = pm.sample(
                step=self.step,
                draws=KEPT * thin,
                tune=tune,
                chains=1,
                cores=1,
                progressbar=False,
                compute_convergence_checks=False,
                random_seed=seed,
            )
        drawn = compat.posterior_draws(sample)
        return {name: values[0, thin - 1 :: thin] for name, values in drawn.items()}


def generator(name: str, seed: int) -> np.random.Generator:
    """Random numbers of its own for every model, so that chance does not strike them all at once."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def simulate(name: str, simulations: int, seed: int = 1) -> Calibration:
    """Calibrate one PyMC model."""
    case, rng = CASES[name], generator(name, seed)
    compiled: Compiled | None = None
    places: dict[str, list[float]] = {}
    for i in range(simulations):
        truth = case.draw(rng)
        data = case.simulate(truth, rng)
        compiled = compiled or Compiled(case, data)
        drawn = compiled.draws(data, seed=1000 * seed + i)
        if case.derive is not None:
            drawn |= case.derive(drawn, data, rng)
        for quantity, value in truth.items():
            places.setdefault(quantity, []).append(place(float(value), drawn[quantity], rng))
        # A quantity that also depends on the data: a posterior that ignored them would pass without it.
        first = next(iter(truth))
        sign = towards(data)
        places.setdefault(f"{first} x data", []).append(
            place(sign * float(truth[first]), sign * drawn[first], rng)
        )
    return Calibration(name, {key: np.array(values) for key, values in places.items()})


def towards(data: Values) -> float:
    """The sign of the data's own estimate."""
    if "events1" in data:
        return float(np.sign((data["events1"] - data["events2"]).sum()) or 1.0)
    values = np.concatenate([value for name, value in data.items() if name != "upper"])
    return float(np.sign(values.sum()) or 1.0)


def _pooled(data: Values) -> dict[str, Any]:
    core = fit_core(cases.model_of(data["y"]))
    return {"mu": core.mu, "tau": core.tau}


def _bounded(data: Values) -> dict[str, Any]:
    core = fit_core(cases.bounded_model(data))
    return {"mu": core.mu, "tau": core.tau}


def _line(data: Values) -> dict[str, Any]:
    priors = CASES["meta-regression"].priors
    es = EffectSizes(data["y"], cases.V, "SMD", [str(i) for i in range(cases.K)])
    post = bayes_regression(
        es, moderators=cases.DESIGN, effect=[priors["beta_0"], priors["beta_1"]], tau=priors["tau"]
    )
    return {
        "beta_0": post.distribution("x0"),
        "beta_1": post.distribution("x1"),
        "tau": post.distribution("tau"),
    }


EXACT = {"normal-normal": _pooled, "bounds and truncation": _bounded, "meta-regression": _line}


def simulate_exact(name: str, simulations: int, seed: int = 1, inflate: float = 1.0) -> Calibration:
    """Calibrate the exact engine; ``inflate`` multiplies the noise that it is not told of."""
    case, rng = CASES[name], generator(name, seed)
    places: dict[str, list[float]] = {}
    for _ in range(simulations):
        truth = case.draw(rng)
        data = case.simulate(truth, rng)
        if inflate != 1.0:
            data = {"y": data["y"] + np.sqrt((inflate**2 - 1) * cases.V) * rng.standard_normal(cases.K)}
        marginals = EXACT[name](data)
        for quantity, value in truth.items():
            places.setdefault(quantity, []).append(float(marginals[quantity].cdf(value)))
        first, sign = next(iter(truth)), towards(data)
        at = places[first][-1]
        places.setdefault(f"{first} x data", []).append(at if sign > 0 else 1.0 - at)
    return Calibration(f"{name}, exact", {key: np.array(values) for key, values in places.items()})
