"""What all of meta.bias keeps to: the tail follows the effects, few studies are told; and newer methods."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.bias.reported_tests import read_tests
from meta.errors import (
    AssumptionWarning,
    DataWarning,
    FewStudiesWarning,
    InputError,
    NotEstimableError,
    quiet,
)

R = json.loads((Path(__file__).parents[1] / "fixtures" / "moderated_influence.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def assink():
    return meta.effect_sizes(meta.datasets.load("assink2016"), measure="GEN", yi="yi", vi="vi", study="study")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study, columns=es.columns, inputs=es.inputs)


ESTIMATES = {
    "trim_and_fill": lambda es, d: meta.bias.trim_and_fill(meta.pool(es, method="DL", test="z"), direction=d),
    "selection_model": lambda es, d: meta.bias.selection_model(es, direction=d),
    "beta_selection": lambda es, d: meta.bias.beta_selection(es, direction=d),
    "pet_peese": lambda es, d: meta.bias.pet_peese(es, direction=d),
    "significance_funnel": lambda es, d: meta.bias.significance_funnel(es, direction=d, eta=3),
    "p_uniform_star": lambda es, d: meta.bias.p_uniform_star(es, direction=d),
    "copas": lambda es, d: meta.bias.copas(es, direction=d, published=[0.5]),
}
P_VALUES = {
    "egger": lambda es, d: meta.bias.egger(es, direction=d),
    "egger mixed": lambda es, d: meta.bias.egger(es, direction=d, model="mixed"),
    "begg": lambda es, d: meta.bias.begg(es, direction=d),
    "excess_significance": lambda es, d: meta.bias.excess_significance(es, direction=d),
    "p_curve": lambda es, d: meta.bias.p_curve(es, direction=d),
    "failsafe_n": lambda es, d: meta.bias.failsafe_n(es, direction=d),
}
# methods that favour no tail: they turn with the effects and take no direction
TAILLESS = {
    "limit_meta_analysis": meta.bias.limit_meta_analysis,
    "waap": meta.bias.waap,
    "bias_robust": lambda es: meta.bias.bias_robust(es, cluster="study"),
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_an_estimate_turns_with_the_effects_and_their_direction(name):
    function = ESTIMATES[name]
    with quiet():
        one, other = function(hackshaw(), "greater"), function(flipped(hackshaw()), "less")
    assert other.estimate == pytest.approx(-one.estimate, rel=1e-5)
    with pytest.raises(ValueError, match="greater, less"):
        function(hackshaw(), "down")


@pytest.mark.parametrize("name", P_VALUES)
def test_a_tail_turns_with_the_effects_and_is_not_the_other_tail(name):
    function = P_VALUES[name]
    with quiet():
        one, other = function(hackshaw(), "greater"), function(flipped(hackshaw()), "less")
        assert other.p_value == pytest.approx(one.p_value, rel=1e-9)
        if name == "p_curve":
            # no study is significant in the other tail
            with pytest.raises(NotEstimableError, match="less"):
                function(hackshaw(), "less")
        else:
            assert function(hackshaw(), "less").p_value != pytest.approx(one.p_value, rel=1e-3)


@pytest.mark.parametrize("name", TAILLESS)
def test_methods_without_a_tail_turn_with_the_effects(name):
    with quiet():
        one, other = TAILLESS[name](bcg()), TAILLESS[name](flipped(bcg()))
    assert other.estimate == pytest.approx(-one.estimate, rel=1e-9)


def test_the_default_tail_is_the_side_of_the_effects_where_benefit_is_negative():
    with quiet():
        for function in (
            meta.bias.selection_model,
            meta.bias.pet_peese,
            meta.bias.significance_funnel,
            meta.bias.p_uniform_star,
            meta.bias.p_curve,
            lambda es: meta.bias.copas(es, published=[0.5]),
        ):
            assert function(bcg()).direction == "less", function
    assert meta.bias.trim_and_fill(meta.pool(bcg())).side == "right"


def test_every_method_says_below_ten_studies_that_it_has_little_power():
    es = bcg().subset(np.arange(9))
    table = meta.datasets.load("bcg").head(9)
    sized = {"n1": table["tn"].to_numpy(), "n2": table["cn"].to_numpy()}
    methods = {
        "egger": meta.bias.egger,
        "egger mixed": lambda es: meta.bias.egger(es, model="mixed"),
        "begg": meta.bias.begg,
        "pustejovsky_rodgers": lambda es: meta.bias.pustejovsky_rodgers(es, **sized),
        **{
            name: lambda es, name=name: getattr(meta.bias, name)(table, **ARMS)
            for name in ("harbord", "peters", "macaskill", "deeks")
        },
        "trim_and_fill": lambda es: meta.bias.trim_and_fill(meta.pool(es)),
        "excess_significance": meta.bias.excess_significance,
        "pet_peese": meta.bias.pet_peese,
        "selection_model": meta.bias.selection_model,
        "beta_selection": meta.bias.beta_selection,
        "significance_funnel": meta.bias.significance_funnel,
        "copas": lambda es: meta.bias.copas(es, published=[0.5]),
        "limit_meta_analysis": meta.bias.limit_meta_analysis,
        "p_curve": meta.bias.p_curve,
        "p_uniform_star": meta.bias.p_uniform_star,
    }
    for name, function in methods.items():
        with pytest.warns(FewStudiesWarning, match="little power"):
            found = function(es)
        assert found.low_power, name
        assert any("little power" in note for note in found.warnings), name
        assert "little power" in found.summary(), name


@pytest.mark.parametrize("name", ["harbord", "peters", "macaskill", "deeks"])
def test_two_by_two_regressions_with_moderators(name):
    r, call = R["with_ablat"][name], getattr(meta.bias, name)
    for test in (
        call(meta.datasets.load("bcg"), moderators="~ ablat", **ARMS),
        call(bcg(), moderators="~ ablat"),
    ):
        assert [test.statistic, test.p_value, test.slope] == pytest.approx(
            [r["t"], r["p"], r["slope"]], rel=1e-9
        )
        assert test.df == 10
        assert math.isnan(test.limit)


def test_two_by_two_regressions_leave_out_tables_without_the_moderator():
    table = meta.datasets.load("bcg")
    table = table.assign(ablat=table["ablat"].where(table["year"] != 1960).astype(float))
    with pytest.warns(DataWarning, match="moderators are missing"):
        test = meta.bias.peters(table, moderators="~ ablat", **ARMS)
    rest = table[table["ablat"].notna()]
    assert test.k == len(rest) < 13
    assert test.statistic == pytest.approx(meta.bias.peters(rest, moderators="~ ablat", **ARMS).statistic)


def test_pustejovsky_rodgers_with_moderators():
    with quiet():
        es = meta.effect_sizes(meta.datasets.load("normand1999"), measure="SMD")
        test = meta.bias.pustejovsky_rodgers(es, moderators=np.arange(1.0, 10.0))
    r = R["with_ablat"]["pustejovsky_rodgers"]
    assert [test.statistic, test.p_value, test.slope] == pytest.approx([r["t"], r["p"], r["slope"]], rel=1e-9)


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_bias_robust_weights_are_equal_effects_weights_with_cr2(rho):
    with quiet():
        found = meta.bias.bias_robust(assink(), cluster="study", rho=rho)
    r = R["bias_robust"][f"rho{10 * rho:.0f}"]
    assert [found.estimate, found.se, found.df, found.p_value] == pytest.approx(
        [r["beta"], r["se"], r["df"], r["p"]], rel=1e-7
    )
    assert found.share.sum() == pytest.approx(100)
    assert any("negative weight" in note for note in found.warnings)
    assert any("degrees of freedom" in note for note in found.warnings) == (rho == 0.8)


def test_bias_robust_without_clusters_is_the_equal_effects_mean():
    found = meta.bias.bias_robust(hackshaw())
    assert found.estimate == pytest.approx(meta.pool(hackshaw(), method="EE", test="z").estimate, rel=1e-12)
    assert abs(found.estimate) < abs(meta.pool(hackshaw(), test="z").estimate)
    assert "CR2" in found.summary()
    assert json.dumps(found.to_dict())
    with pytest.warns(AssumptionWarning, match="negative weight"):
        meta.bias.bias_robust(assink(), cluster="study", rho=0.5)
    with pytest.raises(InputError, match="between -1 and 1"):
        meta.bias.bias_robust(bcg(), cluster="study", rho=1)
    with pytest.raises(NotEstimableError, match="two clusters"):
        meta.bias.bias_robust(bcg(), cluster=np.zeros(13))


@pytest.mark.parametrize("eta", [1, 4])
def test_significance_funnel_with_clusters(eta):
    r = R["mathur_clusters"][f"eta{eta}"]
    found = meta.bias.significance_funnel(assink(), cluster="study", eta=eta)
    assert [found.estimate, found.se, found.corrected.df] == pytest.approx(
        [r["beta"], r["se"], r["df"]], rel=1e-6
    )
    with pytest.raises(InputError, match="model='robust'"):
        meta.bias.significance_funnel(assink(), cluster="study", model="equal-effects")
    with pytest.raises(NotEstimableError, match="two clusters"):
        meta.bias.significance_funnel(bcg(), cluster=np.zeros(13))


def test_filled_in_effects_stop_at_their_limits():
    fit = meta.pool(hackshaw(), method="EE", test="z")
    found, r = meta.bias.trim_and_fill(fit, limits=(-0.35, 2)), R["trimfill_ilim"]
    assert (found.k0, found.estimate) == (r["k0"], pytest.approx(r["beta"], rel=1e-9))
    assert found.fit.effects.yi[found.filled] == pytest.approx(r["fill"])
    with pytest.raises(InputError, match="lower and a higher"):
        meta.bias.trim_and_fill(fit, limits=(1, 0))


def test_trim_and_fill_takes_the_favoured_direction_for_a_side():
    fit = meta.pool(hackshaw(), method="DL", test="z")
    for direction, side in (("greater", "left"), ("less", "right")):
        found, given = (meta.bias.trim_and_fill(fit, **o) for o in ({"direction": direction}, {"side": side}))
        assert (found.side, found.k0, found.estimate) == (side, given.k0, given.estimate)
    with pytest.raises(InputError, match="not both"):
        meta.bias.trim_and_fill(fit, side="left", direction="greater")


def test_general_failsafe_number_reaches_its_aim_and_holds_the_others_as_special_cases():
    es = hackshaw()
    found = meta.bias.failsafe_n(es, kind="General")
    tau2 = meta.pool(es, test="z").tau2
    typical = 1 / np.mean(1 / es.vi)

    def p_with(n):
        v = np.concatenate([es.vi, np.full(n, typical)])
        return meta.pool(yi=np.concatenate([es.yi, np.zeros(n)]), vi=v, method=tau2, test="z").p_value

    assert p_with(found.n - 1) < 0.05 <= p_with(found.n)
    rosenberg = meta.bias.failsafe_n(es, kind="Rosenberg")
    general = meta.bias.failsafe_n(es, kind="General", method="EE")
    assert general.exact == pytest.approx(rosenberg.exact, rel=1e-12)
    assert general.n > found.n
    target = math.log(1.05)
    orwin = meta.bias.failsafe_n(es, kind="Orwin", target=target, weighted=True)
    general = meta.bias.failsafe_n(es, kind="General", target=target, method="EE")
    assert (general.exact, general.n) == (pytest.approx(orwin.exact, rel=1e-12), 104)
    assert "mean effect of 0.049" in general.summary()
    with pytest.raises(InputError, match="same side"):
        meta.bias.failsafe_n(es, kind="General", target=-0.1)


# Third-wave psychotherapies for stress in college students, as printed with the p-curve in Harrer et al. 2021
# (Doing Meta-Analysis with R, ISBN 9780367610074)
THIRD_WAVE = """
0.7091362 0.2608202  0.3548641 0.1963624  1.7911700 0.3455692  0.1824552 0.1177874  0.4218509 0.1448128
0.6300000 0.1960000  0.7248838 0.2246641  0.5286638 0.2104609  0.2840000 0.1680000  1.2750682 0.3371997
0.1036082 0.1947275  0.3883906 0.2307689  0.5407398 0.2443133  0.4261593 0.2579379  0.5153969 0.3512737
1.4797260 0.3152817  0.6125782 0.2266834  0.6000000 0.2490000
"""


def test_published_p_curve_of_third_wave_therapies():
    y, se = np.array(THIRD_WAVE.split(), dtype=float).reshape(-1, 2).T
    found = meta.bias.p_curve(meta.EffectSizes(y, np.square(se), "SMD", range(18)))
    assert int(found.significant.sum()) == 11
    assert [found.statistic, found.half_statistic, found.flat_statistic] == pytest.approx(
        [-5.943, -4.982, 3.260], abs=6e-4
    )
    assert found.binomial_p == pytest.approx(0.006, abs=5e-4)
    assert [found.power, found.power_low, found.power_high] == pytest.approx([0.84, 0.627, 0.946], abs=5e-3)
    assert (found.evidential, found.inadequate) == (True, False)


def test_pp_values_of_the_half_curve_under_low_power_are_uniform():
    rng = np.random.default_rng(6)
    from meta.bias.reported_tests import NormalTests, noncentrality

    z = np.abs(rng.normal(noncentrality(1 / 3, 0.05), 1, 200_000))
    near = z[z > 2.241402728]
    pp = np.exp(NormalTests(near).log_pp(1 / 3, 0.05, 0.025))
    assert np.quantile(pp, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=6e-3)


def test_p_curve_of_reported_tests_by_the_noncentral_distributions():
    r = R["p_curve"]
    assert read_tests(r["tests"]).p == pytest.approx(r["p"], rel=1e-9)
    with pytest.warns(FewStudiesWarning):
        found = meta.bias.p_curve(tests=r["tests"])
    assert [found.statistic, found.half_statistic] == pytest.approx([r["full"], r["half"]], rel=1e-9)
    assert [found.flat_statistic, found.flat_half_statistic] == pytest.approx(
        [r["flat"], r["flat_half"]], rel=1e-6
    )
    assert found.power == pytest.approx(r["power"], rel=1e-6)
    assert (found.k, int(found.significant.sum())) == (9, 8)


def test_reported_normal_tests_are_those_of_effects():
    z = [2.0, 2.5, 3.1, 4.2]
    with quiet():
        direct = meta.bias.p_curve(meta.EffectSizes(z, np.ones(4), "GEN", range(4)))
        told = meta.bias.p_curve(tests=[f"Z={x}" for x in z])
        squared = meta.bias.p_curve(tests=[f"chi2(1)={x * x:.12f}" for x in z])
    for name in ("statistic", "flat_statistic", "flat_half_statistic", "power"):
        assert getattr(told, name) == pytest.approx(getattr(direct, name), rel=1e-8), name
        assert getattr(squared, name) == pytest.approx(getattr(direct, name), rel=1e-6), name


@pytest.mark.parametrize("text", ["t=2.1", "q(3)=2", "F(2)=4", "t(88) = two", "r(20)=1.2", "chi2(1)=-3"])
def test_tests_that_cannot_be_are_refused(text):
    with pytest.raises(InputError, match=r"cannot be read|impossible"):
        meta.bias.p_curve(tests=[text])


def test_p_curve_takes_effects_or_tests():
    with pytest.raises(InputError, match="either effect sizes or tests"):
        meta.bias.p_curve()
    with pytest.raises(InputError, match="carry no direction"):
        meta.bias.p_curve(tests=["Z=3"], direction="less")
