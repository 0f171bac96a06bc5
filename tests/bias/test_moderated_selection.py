"""meta.bias: selection models with moderators, clusters, bootstrap and profile intervals."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.bias.beta_likelihood import beta_terms
from meta.errors import ConvergenceWarning, DataWarning, InputError, NotEstimableError

R = json.loads((Path(__file__).parents[1] / "fixtures" / "moderated_influence.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def hackshaw():
    table = meta.datasets.load("hackshaw1998")
    return meta.effect_sizes(table.assign(since=table["year"] - 1990), measure="GEN", yi="yi", vi="vi")


def bangert():
    table = meta.datasets.load("bangertdrowns2004")
    return meta.effect_sizes(table[table["length"].notna()], measure="GEN", yi="yi", vi="vi")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study, columns=es.columns)


CASES = {
    "bangert_step2": (bangert, {"moderators": "~ length", "steps": [0.025, 0.5]}),
    "bangert_two_moderators": (bangert, {"moderators": "~ length + imag"}),
    "bcg_less": (bcg, {"moderators": "~ ablat"}),
    "hackshaw_two": (hackshaw, {"moderators": "~ since", "steps": [0.05, 0.5], "direction": "two-sided"}),
    "hackshaw_given": (
        hackshaw,
        {"moderators": "~ since", "steps": [0.05, 0.5, 1], "weights": [1, 0.7, 0.3]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_step_functions_with_moderators(name):
    es, options = CASES[name]
    r = R["selection"][name]
    found = meta.bias.selection_model(es(), **options)
    # the reference stops its search at about five digits
    assert found.estimate == pytest.approx(r["beta"], rel=1e-3)
    assert found.se == pytest.approx(r["se"], rel=1e-3)
    assert found.tau2 == pytest.approx(r["tau2"], rel=1e-4, abs=1e-6)
    assert found.weights == pytest.approx(r["delta"], rel=1e-4)
    assert found.loglik == pytest.approx(r["ll"], rel=1e-5)
    assert [found.qm, found.qm_p] == pytest.approx([r["QM"], r["QMp"]], rel=1e-3)
    if not found.fixed:
        assert found.weights_se[1:] == pytest.approx(r["se_delta"][1:], rel=1e-3)
        assert [found.lrt, found.lrt_p] == pytest.approx([r["LRT"], r["p"]], rel=1e-4)
    assert found.coefficients["estimate"].to_numpy() == pytest.approx(found.estimate)


def test_beta_selection_with_a_moderator():
    r = R["selection"]["hackshaw_beta"]
    found = meta.bias.beta_selection(hackshaw(), moderators="~ since")
    # the reference integrates its normalising constants to about 1e-5 each
    assert found.estimate == pytest.approx(r["beta"], rel=1e-3)
    assert found.weights == pytest.approx(r["delta"], rel=1e-3)
    assert found.se == pytest.approx(r["se"], rel=2e-2)
    assert found.loglik == pytest.approx(r["ll"], rel=1e-4)
    exact = R["robust"]["hackshaw_beta"]
    assert [*found.estimate, found.tau2, *found.weights] == pytest.approx(exact["par"], rel=1e-5)
    assert [*found.se, found.tau2_se, *found.weights_se] == pytest.approx(exact["se"], rel=1e-4)
    assert found.loglik == pytest.approx(exact["ll"], rel=1e-9)


def test_robust_errors_are_those_of_the_likelihood_written_out():
    r = R["robust"]["bangert_step"]
    found = meta.bias.selection_model(bangert(), moderators="~ length", steps=[0.025, 0.5], cluster="subject")
    assert [*found.estimate, found.tau2, *found.weights[1:]] == pytest.approx(r["par"], rel=1e-6, abs=1e-7)
    assert [*found.se, found.tau2_se, *found.weights_se[1:]] == pytest.approx(r["robust"], rel=1e-5)
    assert found.clusters == r["clusters"]
    r = R["robust"]["hackshaw_beta"]
    found = meta.bias.beta_selection(hackshaw(), moderators="~ since", cluster="country")
    assert [*found.se, found.tau2_se, *found.weights_se] == pytest.approx(r["robust"], rel=1e-4)
    assert found.clusters == r["clusters"]


def test_profile_intervals():
    found = meta.bias.selection_model(hackshaw())
    assert tuple(found.profile_interval()) == pytest.approx(R["profile"]["mean"], rel=1e-6)
    assert tuple(found.profile_interval("tau2")) == pytest.approx(R["profile"]["tau2"], rel=1e-6, abs=1e-12)
    assert tuple(found.profile_interval("weight 2")) == pytest.approx(R["profile"]["weight"], rel=1e-6)
    turned = meta.bias.selection_model(flipped(hackshaw()))
    low, high = found.profile_interval("Intercept")
    assert tuple(turned.profile_interval("Intercept")) == pytest.approx((-high, -low), rel=1e-6)
    with pytest.raises(InputError, match="no parameter is called 'delta'"):
        found.profile_interval("delta")


def test_a_profile_interval_exists_where_a_weight_is_at_its_bound():
    y = np.concatenate([[2.1], np.linspace(1.8, 1.95, 39)])
    with pytest.warns(ConvergenceWarning, match="reached its bound"):
        found = meta.bias.selection_model(meta.EffectSizes(y, np.ones(40), "GEN", np.arange(40)))
    low, high = found.profile_interval("weight 2")
    assert 1 < low < 100
    assert math.isinf(high)


def test_the_moderators_of_a_regression_are_taken_over():
    direct = meta.bias.selection_model(bangert(), moderators="~ length", steps=[0.025, 0.5])
    fit = meta.regress(bangert(), "~ length", method="REML", test="z")
    lent = meta.bias.selection_model(fit, steps=[0.025, 0.5])
    assert lent.estimate == pytest.approx(direct.estimate, rel=1e-9)
    assert lent.names == ("Intercept", "length")
    ml = meta.regress(bangert(), "~ length", method="ML", test="z")
    assert lent.unadjusted == pytest.approx(ml.beta, rel=1e-8)
    with pytest.raises(InputError, match="moderators of its own"):
        meta.bias.selection_model(fit, moderators="~ imag")


def test_rows_without_a_moderator_are_left_out_with_their_clusters():
    table = meta.datasets.load("bangertdrowns2004")
    es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    with pytest.warns(DataWarning, match="moderators are missing"):
        found = meta.bias.selection_model(
            es, moderators="~ length", steps=[0.025, 0.5], cluster=table["subject"].to_numpy()
        )
    assert found.k == 46
    assert found.se == pytest.approx(R["robust"]["bangert_step"]["robust"][:2], rel=1e-5)


def test_a_flip_and_a_change_of_unit_of_effects_with_moderators():
    es, options = bcg(), {"moderators": "~ ablat"}
    base = meta.bias.selection_model(es, **options)
    other = meta.bias.selection_model(flipped(es), **options)
    assert (base.direction, other.direction) == ("less", "greater")
    assert other.estimate == pytest.approx(-base.estimate, rel=1e-7)
    assert other.ci_low == pytest.approx(-base.ci_high, rel=1e-7)
    big = meta.EffectSizes(es.yi * 100, es.vi * 1e4, "GEN", es.study, columns=es.columns)
    found = meta.bias.selection_model(big, **options)
    assert found.estimate == pytest.approx(100 * base.estimate, rel=1e-6)
    assert [found.qm, *found.weights] == pytest.approx([base.qm, *base.weights], rel=1e-6)
    turned = meta.bias.beta_selection(flipped(hackshaw()), moderators="~ since")
    assert turned.estimate == pytest.approx(
        -meta.bias.beta_selection(hackshaw(), moderators="~ since").estimate, rel=1e-6
    )


def test_vevea_woods_with_moderators():
    found = meta.bias.vevea_woods(hackshaw(), moderators="~ since")["severe one-tailed"]
    assert found.fixed
    assert found.names == ("Intercept", "since")
    assert found.estimate[0] < found.unadjusted[0]


def test_scores_of_the_beta_likelihood_are_its_derivatives():
    es = hackshaw()
    X = np.column_stack([np.ones(es.k), es.columns["since"]])
    theta = np.array([0.2, -0.01, 0.05, 1.4, 0.8])
    scores = beta_terms(es.yi, es.vi, X, theta)[1].sum(axis=0)
    for i, size in enumerate((1e-5, 1e-6, 1e-6, 1e-5, 1e-5)):
        step = size * np.eye(5)[i]
        ahead, behind = (beta_terms(es.yi, es.vi, X, theta + s * step)[0].sum() for s in (1, -1))
        assert scores[i] == pytest.approx((ahead - behind) / (2 * size), rel=1e-5)


def test_bootstrap_percentiles_follow_the_seed_and_the_spread():
    once, again = (meta.bias.selection_model(hackshaw(), bootstrap=60, seed=4) for _ in range(2))
    assert (once.ci_low, once.ci_high, once.replicates) == (again.ci_low, again.ci_high, 60)
    assert once.ci_low < once.estimate < once.ci_high
    wald = meta.bias.selection_model(hackshaw())
    assert 0.4 < (once.ci_high - once.ci_low) / (wald.ci_high - wald.ci_low) < 1.5
    assert "bootstrap, 60 samples" in once.summary()
    with pytest.raises(InputError, match="at least 40"):
        meta.bias.selection_model(hackshaw(), bootstrap=10)


def test_moderated_models_print_export_and_refuse():
    found = meta.bias.selection_model(bangert(), moderators="~ length", steps=[0.025, 0.5])
    assert "search" not in found.to_dict()
    assert json.loads(json.dumps(found.to_dict()))["names"] == ["Intercept", "length"]
    assert "moderators: chi2(1) = 3.36" in found.summary()
    assert repr(found).startswith("SelectionModel(greater, k=46")
    with pytest.raises(NotEstimableError, match="fewer steps or moderators"):
        meta.bias.selection_model(bcg().subset(np.arange(5)), moderators="~ ablat + year")
    with pytest.raises(NotEstimableError, match="fewer moderators"):
        meta.bias.beta_selection(bcg().subset(np.arange(5)), moderators="~ ablat")
    with pytest.raises(NotEstimableError, match="composite"):
        meta.bias.selection_model(hackshaw(), cluster="country").profile_interval()
    with pytest.raises(InputError, match="no column 'site'"):
        meta.bias.selection_model(hackshaw(), cluster="site")
