"""meta.bias: step_selection, selection_likelihood, affirmative."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.bias.selection_likelihood import prepare, study_terms
from meta.errors import ConvergenceWarning, FewStudiesWarning, InputError, NotEstimableError

FIXTURES = Path(__file__).parents[1] / "fixtures"
REFERENCE = json.loads((FIXTURES / "bias_reference.json").read_text())
R = json.loads((FIXTURES / "bias_diagnostics.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study, columns=es.columns)


def agrees(found, r):
    assert [found.estimate, found.tau2, found.loglik] == pytest.approx(
        [r["beta"], r["tau2"], r["ll"]], rel=1e-4
    )
    assert found.se == pytest.approx(r["se"], rel=1e-3)
    assert found.weights == pytest.approx(r["delta"], rel=1e-4)
    assert found.converged


@pytest.mark.parametrize(("name", "steps"), [("step1", [0.025]), ("step4", [0.025, 0.1, 0.5])])
def test_hackshaw_one_sided_steps(name, steps):
    r = REFERENCE["hackshaw1998_sel"][name]
    found = meta.bias.selection_model(hackshaw(), steps=steps)
    agrees(found, r)
    assert [found.lrt, found.lrt_p] == pytest.approx([r["LRT"], r["LRTp"]], rel=1e-5)
    assert sum(found.counts) == 37
    assert found.steps[-1] == 1.0


def test_steps_are_one_sided_as_published_for_hackshaw():
    found = meta.bias.selection_model(hackshaw(), steps=[0.05, 0.10, 0.50, 1])
    assert found.weights == pytest.approx([1, 2.422, 0.978, 0.397], abs=6e-4)
    assert found.lrt == pytest.approx(7.066, abs=5e-4)
    agrees(found, R["selection"]["hackshaw_vh"])
    assert found.weights_se[1:] == pytest.approx(R["selection"]["hackshaw_vh"]["se_delta"][1:], rel=2e-3)


def test_two_steps_and_two_tails():
    agrees(meta.bias.selection_model(hackshaw(), steps=[0.05, 0.5]), R["selection"]["hackshaw_step2"])
    agrees(
        meta.bias.selection_model(hackshaw(), steps=[0.05, 0.5], direction="two-sided"),
        R["selection"]["hackshaw_two"],
    )


def test_it_is_ml_even_where_the_fit_was_reml():
    found = meta.bias.selection_model(meta.pool(hackshaw(), method="REML", test="z"), steps=[0.025])
    assert found.estimate == pytest.approx(REFERENCE["hackshaw1998_sel"]["step1"]["beta"], rel=1e-4)
    ml = REFERENCE["hackshaw1998_sel"]["ML"]
    assert [found.unadjusted, found.unadjusted_tau2] == pytest.approx([ml["beta"], ml["tau2"]], rel=1e-7)


def test_negative_benefit_looks_at_the_lower_tail():
    found = meta.bias.selection_model(bcg())
    assert found.direction == "less"
    agrees(found, R["selection"]["bcg_less"])
    other = meta.bias.selection_model(flipped(bcg()), direction="greater")
    assert other.estimate == pytest.approx(-found.estimate, rel=1e-9)
    assert other.weights == pytest.approx(found.weights, rel=1e-9)


def test_an_empty_interval_is_refused_with_its_reason():
    with pytest.raises(NotEstimableError, match=r"no study has a one-sided p-value .* in 0 < p <= 1e-12"):
        meta.bias.selection_model(hackshaw(), steps=[1e-12, 0.5])
    with pytest.raises(InputError, match="ascend strictly"):
        meta.bias.selection_model(hackshaw(), steps=[0.5, 0.025])
    with pytest.raises(InputError, match="2 positive numbers"):
        meta.bias.selection_model(hackshaw(), weights=[1, 0.5, 0.2])
    with pytest.raises(ValueError, match="greater, less, two-sided"):
        meta.bias.selection_model(hackshaw(), direction="left")


@pytest.mark.parametrize("pattern", ["moderate one", "severe one", "moderate two", "severe two"])
def test_vevea_woods_given_weights(pattern):
    r = R["selection"][pattern.replace(" ", "_")]
    found = meta.bias.vevea_woods(hackshaw())[f"{pattern}-tailed"]
    agrees(found, r)
    assert found.fixed
    assert math.isnan(found.lrt)


def test_given_weights_of_one_are_no_selection():
    found = meta.bias.selection_model(hackshaw(), weights=[1, 1])
    assert found.estimate == pytest.approx(found.unadjusted, rel=1e-8)
    assert found.loglik == pytest.approx(REFERENCE["hackshaw1998_sel"]["ML"]["ll"], rel=1e-9)


@pytest.mark.parametrize("two_sided", [False, True])
def test_scores_are_the_derivatives_of_the_likelihood(two_sided):
    es = hackshaw()
    p = np.linspace(0.001, 0.9, es.k)
    data = prepare(es.yi, es.vi, np.ones((es.k, 1)), p, np.array([0.025, 0.4]), two_sided)
    theta = np.array([0.1, 0.05, 0.7, 0.3])

    def value(t):
        return study_terms(data, t[:1], t[1], np.concatenate([[1.0], t[2:]]))[0].sum()

    scores = study_terms(data, theta[:1], theta[1], np.concatenate([[1.0], theta[2:]]))[1].sum(axis=0)
    for i, step in enumerate(np.eye(4) * 1e-6):
        assert scores[i] == pytest.approx((value(theta + step) - value(theta - step)) / 2e-6, rel=1e-6)


def test_selection_density_integrates_to_one():
    from scipy.integrate import quad
    from scipy.stats import norm

    v, delta, steps = np.array([0.2]), np.array([1.0, 0.4, 0.1]), np.array([0.025, 0.5])

    def density(y):
        data = prepare(np.array([y]), v, np.ones((1, 1)), norm.sf(np.array([y]) / np.sqrt(v)), steps, False)
        return math.exp(study_terms(data, np.array([0.1]), 0.05, delta)[0][0])

    cuts = [-8, 0, 1.959964 * math.sqrt(0.2), 8]
    total = sum(quad(density, a, b)[0] for a, b in itertools.pairwise(cuts))
    assert total == pytest.approx(1, abs=1e-7)


def test_scale_and_order_do_not_matter():
    es, base = hackshaw(), meta.bias.selection_model(hackshaw())
    big = meta.bias.selection_model(meta.EffectSizes(es.yi * 1000, es.vi * 1e6, "GEN", es.study))
    assert [big.estimate, big.se] == pytest.approx([1000 * base.estimate, 1000 * base.se], rel=1e-6)
    rows = np.random.default_rng(3).permutation(es.k)
    assert meta.bias.selection_model(es.subset(rows)).estimate == pytest.approx(base.estimate, rel=1e-7)


def test_selection_recovers_what_it_generated():
    rng = np.random.default_rng(11)
    se = rng.uniform(0.1, 0.5, 4000)
    y = rng.normal(0.2, np.sqrt(se**2 + 0.04))
    keep = (y / se > 1.959964) | (rng.random(4000) < 0.25)
    es = meta.EffectSizes(y[keep], se[keep] ** 2, "GEN", np.arange(keep.sum()))
    found = meta.bias.selection_model(es, steps=[0.025])
    assert abs(found.estimate - 0.2) < 4 * found.se
    assert abs(found.weights[1] - 0.25) < 4 * found.weights_se[1]
    assert found.unadjusted > 0.25


def test_clusters_of_one_give_a_robust_error_and_doubling_rows_does_not_fool_it():
    es = hackshaw()
    twice = es.subset(np.repeat(np.arange(es.k), 2))
    naive, robust = (
        meta.bias.selection_model(twice),
        meta.bias.selection_model(twice, cluster=np.repeat(np.arange(37), 2)),
    )
    single = meta.bias.selection_model(es, cluster=np.arange(37))
    assert robust.clusters == 37
    assert robust.se == pytest.approx(single.se, rel=1e-5)
    assert naive.se == pytest.approx(meta.bias.selection_model(es).se / math.sqrt(2), rel=1e-5)
    with pytest.raises(NotEstimableError, match="at least two clusters"):
        meta.bias.selection_model(es, cluster=np.zeros(37))


def test_few_studies_and_bounds_are_told():
    with pytest.warns(FewStudiesWarning):
        found = meta.bias.selection_model(bcg().subset(np.arange(8)), weights=[1, 0.5])
    assert found.low_power
    y = np.concatenate([[2.1], np.linspace(1.8, 1.95, 39)])
    with pytest.warns(ConvergenceWarning, match="reached its bound"):
        found = meta.bias.selection_model(meta.EffectSizes(y, np.ones(40), "GEN", np.arange(40)))
    assert found.weights[1] == pytest.approx(100, rel=1e-3)
    assert math.isnan(found.weights_se[1])


def mathur(**options):
    return meta.bias.significance_funnel(hackshaw(), **options)


@pytest.mark.parametrize("eta", [1, 4, 20])
def test_corrected_estimate_is_a_cr2_fit_with_selection_weights(eta):
    r = R["mathur"][f"eta{eta}"]
    found = mathur(eta=eta)
    assert [found.estimate, found.se, found.p_value] == pytest.approx([r["beta"], r["se"], r["p"]], rel=1e-6)
    assert found.corrected.df == pytest.approx(r["df"], rel=1e-6)


def test_affirmative_means_significant_and_in_the_favoured_direction():
    found = mathur()
    assert found.affirmative.tolist() == R["mathur"]["affirmative"]
    assert found.tau2 == pytest.approx(R["mathur"]["tau2"], rel=1e-8)
    mirrored = meta.bias.significance_funnel(flipped(hackshaw()), eta=4)
    assert mirrored.direction == "less"
    assert mirrored.affirmative.tolist() == found.affirmative.tolist()
    assert mirrored.estimate == pytest.approx(-mathur(eta=4).estimate)
    assert mirrored.ci_low == pytest.approx(-mathur(eta=4).ci_high)
    other_side = meta.bias.significance_funnel(bcg(), direction="greater")
    assert other_side.affirmative.sum() < meta.bias.significance_funnel(bcg()).affirmative.sum()


def test_worst_case_is_the_non_affirmative_studies_and_the_limit_of_eta():
    found = mathur(model="equal-effects", eta=1e9)
    rest = hackshaw().subset(~found.affirmative)
    alone = meta.pool(rest, method="EE", test="z")
    assert found.worst.estimate == pytest.approx(alone.estimate, rel=1e-10)
    assert found.estimate == pytest.approx(alone.estimate, rel=1e-6)
    assert found.worst.se == pytest.approx(alone.se, rel=1e-10)
    assert mathur().worst_case == pytest.approx(meta.pool(rest, test="z").estimate, rel=1e-8)


def test_s_values_bring_estimate_and_interval_to_the_null():
    y = np.concatenate([np.linspace(0.7, 1.2, 9), np.linspace(-0.35, 0.1, 6)])
    es = meta.EffectSizes(y, np.full(15, 0.04), "GEN", np.arange(15))
    for model in ("robust", "equal-effects"):
        found = meta.bias.significance_funnel(es, model=model)
        assert 1 < found.s_value_ci < found.s_value < math.inf
        at = meta.bias.significance_funnel(es, model=model, eta=found.s_value)
        assert at.estimate == pytest.approx(0, abs=1e-12)
        near = meta.bias.significance_funnel(es, model=model, eta=found.s_value_ci)
        assert near.ci_low == pytest.approx(0, abs=1e-8)
    down = meta.bias.significance_funnel(flipped(es))
    assert down.s_value == pytest.approx(meta.bias.significance_funnel(es).s_value)


def test_s_value_that_no_selection_attains_and_the_search_bound():
    assert math.isinf(mathur().s_value)
    assert math.isinf(mathur().s_value_ci)
    assert mathur().eta_max == 200
    assert "not attainable" in mathur().summary()
    assert mathur(null=0.2, eta_max=1.0001).s_value > 1
    weak = meta.EffectSizes([0.1, -0.6, 0.3, 2.2] * 3, np.ones(12), "GEN", np.arange(12))
    assert meta.bias.significance_funnel(weak).s_value_ci == 1


def test_refusals_of_the_significance_funnel():
    with pytest.raises(InputError, match="direction must be"):
        mathur(direction="two-sided")
    with pytest.raises(InputError, match=">= 1"):
        mathur(eta=0.5)
    with pytest.raises(ValueError, match="robust, equal-effects"):
        mathur(model="random")
