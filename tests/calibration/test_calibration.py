"""Simulation-based calibration of the exact engine and of each PyMC model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.calibration.cases import CASES, model_of, with_data
from tests.calibration.ranks import Calibration, place, uniform_p
from tests.calibration.sampling import EXACT, simulate, simulate_exact

SURE = 1e-3


@pytest.mark.parametrize("name", ["normal-normal", "meta-regression"])
def test_the_exact_engine_is_calibrated(name):
    found = simulate_exact(name, 400)
    assert found.simulations == 400
    assert found.smallest_p() > SURE, found.p_values()


def test_calibration_fails_where_noise_is_larger_than_the_model_says():
    assert simulate_exact("normal-normal", 200, inflate=1.5).smallest_p() < SURE


def test_calibration_fails_where_the_data_are_ignored():
    rng = np.random.default_rng(1)
    truth = rng.standard_normal(500)
    data = np.sign(truth + rng.standard_normal(500))
    own = {"mu": stats.norm.cdf(truth), "mu x data": stats.norm.cdf(data * truth)}
    found = Calibration("the prior as its own posterior", own).p_values()
    assert found["mu"] > SURE > found["mu x data"]


def test_the_truth_among_its_own_kind_is_anywhere():
    rng = np.random.default_rng(2)
    places = np.array([place(rng.normal(), rng.normal(size=99), rng) for _ in range(2000)])
    assert uniform_p(places) > SURE
    ties = np.array([place(0.0, np.zeros(9), rng) for _ in range(2000)])
    assert uniform_p(ties) > SURE
    assert place(-9.0, np.zeros(99), rng) < 0.01


@pytest.mark.mcmc
def test_data_can_change_after_compiling():
    import pytensor

    from meta import compat
    from meta.bayes.pymc_models import normal_normal

    compat.load()
    start, other = 0.1 + 0.01 * np.arange(8), np.linspace(-1, 1, 8)
    with compat.silent():
        data = pytensor.shared(start, shape=start.shape)
        moving = with_data(normal_normal(model_of(start)), [(start, data)]).compile_logp()
        fixed = normal_normal(model_of(other)).compile_logp()
        data.set_value(other)
        at = {"mu": np.array(0.3), "tau_log__": np.array(-1.0)}
        assert float(moving(at)) == pytest.approx(float(fixed(at)), rel=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("name", list(EXACT))
def test_the_exact_engine_is_calibrated_in_many_simulations(name):
    found = simulate_exact(name, 1500, seed=3)
    assert found.smallest_p() > SURE, found.p_values()


@pytest.mark.long
@pytest.mark.mcmc
@pytest.mark.parametrize("name", list(CASES))
def test_each_pymc_model_is_calibrated(name):
    found = simulate(name, 40 if "slopes" in name else 100, seed=2)
    assert found.smallest_p() > SURE, found.p_values()
