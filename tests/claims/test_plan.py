"""Planning: power against statsmodels, assurance against its closed form, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

import meta
from meta.claims.judge import judge
from meta.claims.plan import SCENARIOS, _first_size
from meta.claims.power import detectable, exaggeration, power, sign_error
from meta.errors import InputError, NotEstimableError, quiet
from meta.kernels.bounded import make_rows
from meta.kernels.preposterior import present, probabilities_after


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence("studies")


@pytest.fixture(scope="module")
def verdict(evidence):
    return judge(evidence.claims["soreness-41"], evidence.effects("soreness"))


@pytest.mark.parametrize("effect", [0.0, 0.2, -0.5, 1.3])
def test_power_is_that_of_statsmodels(effect):
    n = 40
    expected = NormalIndPower().power(abs(effect), nobs1=n, alpha=0.05, ratio=1.0)
    assert float(power(effect, np.sqrt(2 / n))) == pytest.approx(expected, rel=1e-9)


def test_what_is_detectable_has_that_power():
    se = np.array([0.1, 0.35, 2.0])
    assert power(detectable(se), se) == pytest.approx(0.8, abs=1e-6)
    assert power(detectable(se, 0.95, 0.01), se, 0.01) == pytest.approx(0.95, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 2.5])
def test_errors_of_sign_and_size_are_those_of_simulated_trials(ratio):
    estimates = ratio + np.random.default_rng(5).standard_normal(2_000_000)
    seen = estimates[np.abs(estimates) > stats.norm.isf(0.025)]
    assert float(sign_error(ratio, 1.0)) == pytest.approx(np.mean(seen < 0), abs=2e-3)
    assert float(exaggeration(ratio, 1.0)) == pytest.approx(np.mean(np.abs(seen)) / ratio, rel=5e-3)


def test_the_published_example_of_exaggeration():
    # Gelman & Carlin 2014, beauty and sex ratio: effect 0.1, se 3.3; type S 46%, type M 77
    assert float(sign_error(0.1, 3.3)) == pytest.approx(0.46, abs=0.005)
    assert float(exaggeration(0.1, 3.3)) == pytest.approx(77, abs=1.0)


def test_a_future_updates_like_a_conjugate_normal():
    rows = make_rows(np.array([0.4]), np.array([0.09]))
    now = present(rows, 8.0, 1e-4, 0.3, 0.05)
    by_mu = np.exp(-0.5 * now.mu**2)[None, :]
    by_tau = np.ones((1, now.tau.size))
    mean, v, m = np.array([-0.2, 0.1, 0.9]), 0.04, 2
    found = probabilities_after(now, mean, np.full(3, 0.01), m, v, by_mu, by_tau)[:, 0]
    precision = 1 + 1 / 0.09 + m / v
    centre = (0.4 / 0.09 + mean * m / v) / precision
    assert found == pytest.approx(stats.norm.cdf(0.3, centre, precision**-0.5), abs=2e-4)


def test_a_future_is_the_posterior_that_bayes_gives():
    y, v = np.array([-0.5, 0.1]), np.array([0.05, 0.08])
    new = np.array([-0.9, -0.3, -0.4])
    rows = make_rows(y, v)
    effect, tau = meta.Normal(0, 0.5), meta.HalfNormal(0.3)
    now = present(rows, 3.0, 0.3, -0.42, 0.05)
    by_mu, by_tau = np.exp(effect.logpdf(now.mu))[None, :], np.exp(tau.logpdf(now.tau))[None, :]
    squares = np.array([np.sum((new - new.mean()) ** 2)])
    found = probabilities_after(now, np.array([new.mean()]), squares, 3, 0.02, by_mu, by_tau)
    post = meta.bayes(yi=[*y, *new], vi=[*v, 0.02, 0.02, 0.02], effect=effect, tau=tau)
    assert found[0, 0] == pytest.approx(float(post.cdf(-0.42)), abs=5e-5)


def test_plans_add_up_and_are_the_same_again(verdict):
    one = meta.plan(verdict, sizes=(50, 500), trials=(1, 3), draws=200, seed=4)
    again = meta.plan(verdict, sizes=(50, 500), trials=(1, 3), draws=200, seed=4)
    assert one.frame.equals(again.frame)
    total = one.frame[["supported", "contradicted", "inconclusive"]].sum(axis=1)
    assert total.to_numpy() == pytest.approx(1.0)
    assert one.frame["scenario"].unique().tolist() == list(SCENARIOS)


def test_what_is_true_decides_which_way_it_ends(verdict):
    frame = meta.plan(verdict, sizes=(1000,), trials=(10,), draws=300).frame.set_index("scenario")
    assert frame.loc["as claimed", "supported"] > frame.loc["as claimed", "contradicted"] + 0.2
    assert frame.loc["no effect", "contradicted"] > 0.8
    assert frame.loc["no effect", "supported"] < 0.02


def test_more_people_and_more_trials_never_hurt(verdict):
    frame = meta.plan(verdict, sizes=(20, 1000), trials=(2, 10), draws=400).frame
    shares = frame[frame["scenario"] == "no effect"].set_index(["trials", "n_per_arm"])["conclusive"]
    assert shares[2, 20] <= shares[2, 1000] + 0.05
    assert shares[2, 1000] < shares[10, 1000]


def test_the_existing_trial_and_the_unit_of_a_new_one(evidence, verdict):
    found = meta.plan(verdict, sizes=(50,), trials=(1,), draws=50)
    es = evidence.effects("soreness")
    assert found.unit == pytest.approx(float(es.vi[0]) * 9)
    assert found.existing["se"].tolist() == pytest.approx(es.sei.tolist())
    assert found.existing["power_claimed"][0] == pytest.approx(float(power(np.log(0.59), es.sei[0])))
    assert meta.plan(verdict, sizes=(50,), trials=(1,), draws=50, unit=0.8).unit == 0.8


def test_the_size_needed_is_interpolated_on_the_log_scale():
    sizes, shares = np.array([10.0, 100.0, 1000.0]), np.array([0.2, 0.6, 0.9])
    assert _first_size(sizes, shares, 0.75) == pytest.approx(10**2.5)
    assert _first_size(sizes, shares, 0.1) == 10.0
    assert _first_size(sizes, shares, 0.95) == np.inf


def test_where_the_smallest_size_suffices_the_sentence_says_or_fewer(verdict):
    found = meta.plan(verdict, sizes=(50, 500), trials=(5,), draws=50, assurance=0.8)
    found.frame["conclusive"] = 0.95
    assert "5 new trials of 50 people per arm or fewer" in found.sentence
    found.frame["conclusive"] = np.where(found.frame["n_per_arm"] == 50, 0.5, 0.95)
    assert "5 new trials of about 233 people per arm" in found.sentence  # 50 * 10 ** (0.3 / 0.45)


def test_a_claim_that_an_effect_is_above_is_planned_too(verdict):
    claim = verdict.claim
    flipped = claim.model_copy(
        update={"estimand": claim.estimand.model_copy(update={"value": 1 / 0.59, "side": "above"})}
    )
    es = verdict.posterior.effects
    with quiet():
        mirrored = judge(flipped, replace(es, yi=-es.yi))
        one = meta.plan(verdict, sizes=(500,), trials=(5,), draws=400).frame
        two = meta.plan(mirrored, sizes=(500,), trials=(5,), draws=400).frame
    assert two["supported"].to_numpy() == pytest.approx(one["supported"].to_numpy(), abs=0.09)
    assert two["contradicted"].to_numpy() == pytest.approx(one["contradicted"].to_numpy(), abs=0.09)


def test_the_figure_draws_the_table(verdict):
    found = meta.plan(verdict, sizes=(50, 500), trials=(1, 2), draws=100)
    plot = meta.plots.planning(found, scenario="no effect")
    curve = next(line for line in plot.axes[0].lines if line.get_gid() == "trials-2")
    part = found.frame[(found.frame["scenario"] == "no effect") & (found.frame["trials"] == 2)]
    assert curve.get_ydata().tolist() == part["conclusive"].tolist()
    with pytest.raises(InputError, match="unknown scenario 'both'"):
        meta.plots.planning(found, scenario="both")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": ()}, "sizes must be at least 1"),
        ({"sizes": (0,)}, "sizes must be at least 1"),
        ({"trials": (-1,)}, "trials must be at least 1"),
        ({"assurance": 1.0}, "assurance must lie between"),
        ({"unit": 0.0}, "unit must be > 0"),
        ({"draws": 0}, "draws must be at least 1"),
    ],
)
def test_plans_that_make_no_sense_are_refused(verdict, options, message):
    with pytest.raises(InputError, match=message):
        meta.plan(verdict, **options)


def test_an_untestable_claim_needs_another_kind_of_trial_first(evidence):
    verdict = judge(evidence.claims["cortisol-78"], None, analysis="cortisol-normalised")
    with pytest.raises(NotEstimableError, match="no trial reports what the claim is about"):
        meta.plan(verdict)
    with pytest.raises(InputError, match="verdict must be a Verdict"):
        meta.plan(3)
    with pytest.raises(InputError, match="se must be > 0"):
        power(1.0, 0.0)
