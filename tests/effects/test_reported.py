"""Reported statistics of study files (`reported`, through the solver) against check values."""

import math

import numpy as np
import pytest
from scipy import stats

from meta.effects.derived_effect import Context
from meta.effects.from_tests import g_from_paired_t, g_from_t
from meta.effects.percent_scale import PercentScale
from meta.effects.reported import derive
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import ClaimsFile
from meta.evidence.study_schema import Study

ASSUMPTIONS = {
    "within-person-r": (0.7, 0.5, 0.87),
    "ancova-r2": (0.5, 0.0, 0.7),
    "pre-post-r": (0.5, 0.3, 0.87),
    "borrowed-sd-share": (0.26, 0.2, 0.31),
}


def claims_file():
    rows = [
        {"id": key, "name": key, "value": value, "low": low, "high": high, "why": "test"}
        for key, (value, low, high) in ASSUMPTIONS.items()
    ]
    return ClaimsFile.model_validate({"assumptions": rows})


def study(statistic, *, n=(None, None), kind="parallel", people=None, **result):
    return Study.model_validate(
        {
            "id": "test-2000",
            "label": "Test 2000",
            "title": "A trial",
            "status": "included",
            "sources": [{"key": "paper", "citation": "Test 2000", "read": "abstract"}],
            "design": {
                "kind": kind,
                "allocation": "randomised",
                "blinding": "double-blind",
                "control": "placebo",
            },
            "population": {"group": "adults", "description": "adults", "n_analysed": people},
            "arms": [
                {"id": "mg", "role": "treatment", "label": "magnesium", "n_analysed": n[0]},
                {"id": "placebo", "role": "control", "label": "placebo", "n_analysed": n[1]},
            ],
            "results": [
                {
                    "id": "one",
                    "outcome": "cortisol",
                    "measured": "serum cortisol",
                    "time": {"label": "end"},
                    "phase": "final",
                    "arms": ["mg", "placebo"],
                    "source": "paper",
                    "place": "abstract",
                    "statistic": statistic,
                }
                | result
            ],
        }
    )


def effect(statistic, *, measure="SMD", values=None, sizes=None, scale=None, rules=None, **parts):
    trial = study(statistic, **parts)
    analysis = Analysis.model_validate(
        {
            "id": "cortisol",
            "label": "Cortisol",
            "outcome": "cortisol",
            "measure": measure,
            "eligibility": {"groups": ["adults"]} | (rules or {}),
            "prior": {"effect_sd": 1, "tau_sd": 0.5},
        }
    )
    context = Context(
        trial, trial.results[0], analysis, claims_file(), values or {}, {"test-2000": sizes or {}}
    )
    return derive(context, scale)


def means(m1, s1, m2, s2, **more):
    arms = [{"arm": "mg", "mean": m1, "sd": s1}, {"arm": "placebo", "mean": m2, "sd": s2}]
    return {"kind": "means", "arms": arms} | more


def test_means_give_hedges_g_with_nothing_assumed():
    found = effect(means(4.0, 2.0, 6.0, 3.0), n=(20, 22))
    sp = math.sqrt((19 * 4 + 21 * 9) / 40)
    j = math.exp(math.lgamma(20) - math.lgamma(19.5)) / math.sqrt(20)
    assert found.tier == "A"
    assert found.y == pytest.approx(-2 / sp * j, rel=1e-12)
    assert found.v == pytest.approx(1 / 20 + 1 / 22 + found.y**2 / 84, rel=1e-12)


def test_swapping_arms_flips_the_sign():
    one = effect(means(4.0, 2.0, 6.0, 3.0), n=(20, 22))
    other = effect(means(6.0, 3.0, 4.0, 2.0), n=(22, 20))
    assert other.y == pytest.approx(-one.y)
    assert other.v == pytest.approx(one.v)


def test_unit_changes_leave_g_alone():
    one = effect(means(4.0, 2.0, 6.0, 3.0), n=(20, 22))
    assert effect(means(400.0, 200.0, 600.0, 300.0), n=(20, 22)).y == pytest.approx(one.y)


def test_standard_errors_and_intervals_stand_for_sds():
    by_sd = effect(means(4.0, 2.0, 6.0, 3.0), n=(16, 16))
    half = stats.t.ppf(0.975, 15) * 2.0 / 4
    arms = [
        {"arm": "mg", "mean": 4.0, "ci_low": 4 - half, "ci_high": 4 + half},
        {"arm": "placebo", "mean": 6.0, "se": 0.75},
    ]
    assert effect({"kind": "means", "arms": arms}, n=(16, 16)).y == pytest.approx(by_sd.y)


def test_assumed_arm_sizes_make_tier_b_and_are_named():
    found = effect(means(4.0, 2.0, 6.0, 3.0), sizes={"mg": 17, "placebo": 18})
    assert found.tier == "B"
    assert any("n of the magnesium arm = 17" in text for text in found.assumptions)


def test_without_sizes_nothing_is_computed():
    found = effect(means(4.0, 2.0, 6.0, 3.0))
    assert found.tier == "D"
    assert "people per arm" in found.reason


def test_scales_that_run_the_other_way_are_turned_with_a_record():
    plain = effect(means(4.0, 2.0, 6.0, 3.0), n=(20, 22))
    turned = effect(means(4.0, 2.0, 6.0, 3.0), n=(20, 22), higher_is="better")
    assert turned.y == -plain.y
    assert any("scale turned" in text for text in turned.assumptions)


def schutten(**more):
    return effect(
        {"kind": "mean-difference", "difference": -32, "ci_low": -59, "ci_high": -5, "p": 0.021},
        n=(25, 24),
        adjusted="yes",
        **more,
    )


def test_schutten_standard_error_and_g():
    found = schutten(values={"ancova-r2": 0.0})
    assert "= 13.41." in " ".join(found.steps)
    assert found.y == pytest.approx(-0.67, abs=0.005)
    assert math.sqrt(found.v) == pytest.approx(0.29, abs=0.005)


def test_adjustment_shrinks_g_and_its_error_and_is_tier_b():
    raw, found = schutten(values={"ancova-r2": 0.0}), schutten()
    assert found.tier == "B"
    assert found.y == pytest.approx(raw.y * math.sqrt(0.5))
    assert found.v == pytest.approx(raw.v * 0.5)


def test_abbasi_from_its_p_value():
    found = effect({"kind": "test", "p": 0.008, "direction": "lower"}, sizes={"mg": 21, "placebo": 22})
    assert found.y == pytest.approx(-0.83, abs=0.01)
    assert math.sqrt(found.v) == pytest.approx(0.32, abs=0.005)
    assert found.tier == "B"


def test_a_difference_with_a_p_value_only():
    t = 2.1
    p = 2 * stats.t.sf(t, 38)
    found = effect({"kind": "mean-difference", "difference": -3.0, "p": p}, n=(20, 20))
    assert found.tier == "A"
    assert found.y == pytest.approx(float(g_from_t(-t, n1=20, n2=20).yi), rel=1e-9)


STEWARD = {"kind": "test", "eta_squared": 0.67, "p_below": 0.01, "direction": "lower"}


@pytest.mark.parametrize(("r", "g"), [(0.5, -1.21), (0.7, -0.94), (0.87, -0.62)])
def test_steward_at_three_correlations(r, g):
    found = effect(STEWARD, kind="crossover", people=9, values={"within-person-r": r})
    assert found.y == pytest.approx(g, abs=0.006)
    assert found.tier == "B"
    steps = " ".join(found.steps)
    assert "F = eta2/(1 - eta2) df = 16.24." in steps
    assert "dz = t / sqrt(n) = -1.343." in steps
    assert found.implied.p == pytest.approx(0.0038, abs=5e-5)
    assert (found.implied.t, found.implied.df) == (pytest.approx(-4.03, abs=0.005), 8)


def test_steward_exact_variance():
    found = effect(STEWARD, kind="crossover", people=9, values={"within-person-r": 0.5})
    # The dossier's 0.247 is at g rounded to -1.21; the full digits give 0.2479.
    assert found.v == pytest.approx(0.2479, abs=0.0001)


def test_exact_moment_agrees_with_simulation():
    rng = np.random.default_rng(5)
    n, r, delta = 9, 0.5, -0.9
    differences = delta + rng.standard_normal((400_000, n)) * math.sqrt(2 * (1 - r))
    t = differences.mean(axis=1) / (differences.std(axis=1, ddof=1) / math.sqrt(n))
    j = math.exp(math.lgamma(4) - math.lgamma(3.5)) / math.sqrt(4)
    g = j * t / math.sqrt(n) * math.sqrt(2 * (1 - r))
    t_at_delta = delta / (j * math.sqrt(2 * (1 - r))) * math.sqrt(n)
    found = g_from_paired_t(t_at_delta, n=n, r=r)
    assert float(found.vi) == pytest.approx(g.var(), rel=0.02)
    assert g.mean() == pytest.approx(delta, abs=0.005)


def test_large_crossovers_use_the_asymptotic_variance():
    found = effect(
        {"kind": "test", "t": -3.0, "direction": "lower"},
        kind="crossover",
        people=40,
        values={"within-person-r": 0.6},
    )
    d = -3.0 / math.sqrt(40) * math.sqrt(0.8)
    j = float(np.exp(math.lgamma(19.5) - math.lgamma(19)) / math.sqrt(19.5))
    assert found.y == pytest.approx(j * d)
    assert found.v == pytest.approx(j**2 * (0.8 / 40 + d**2 / 80))


def critical_g(p, n1, n2):
    m = n1 + n2 - 2
    j = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    return j * stats.t.isf(p / 2, m) * math.sqrt(1 / n1 + 1 / n2)


def test_dmitrasinovic_bound_if_it_is_used():
    assert critical_g(0.01, 13, 10) == pytest.approx(1.15, abs=0.005)
    statistic = {"kind": "threshold", "p_below": 0.01, "direction": "lower"}
    refused = effect(statistic, n=(13, 10), error_term="observations")
    assert refused.tier == "D"
    assert "independent" in refused.reason
    admitted = effect(statistic, n=(13, 10), error_term="observations", rules={"pseudo_replicated": True})
    assert (admitted.tier, admitted.low) == ("C", -math.inf)
    assert admitted.high == pytest.approx(-1.148, abs=0.002)
    assert admitted.v == pytest.approx(1 / 13 + 1 / 10)


def test_a_corrected_threshold_divides_alpha():
    statistic = {"kind": "threshold", "p_below": 0.05, "direction": "lower", "comparisons": 5}
    assert effect(statistic, n=(13, 10)).high == pytest.approx(-critical_g(0.01, 13, 10))


def test_not_significant_is_a_symmetric_interval_or_one_side():
    both = effect({"kind": "not-significant"}, n=(12, 12))
    assert both.high == pytest.approx(critical_g(0.05, 12, 12))
    assert both.low == -both.high
    lower = effect({"kind": "not-significant", "direction": "lower"}, n=(12, 12))
    assert (lower.low, lower.high) == (both.low, 0.0)


def test_liaqat_is_a_mixture_of_two_values():
    arms = [{"arm": "mg", "p": 0.02, "direction": "lower"}, {"arm": "placebo", "p": 0.276}]
    found = effect({"kind": "within-arm-tests", "arms": arms}, n=(40, 40))
    values = [value for value, _ in found.mixture]
    assert values == pytest.approx([-0.56, -0.21], abs=0.006)
    assert [weight for _, weight in found.mixture] == [0.5, 0.5]
    assert found.v == pytest.approx(1 / 40 + 1 / 40)
    assert (found.tier, found.kind) == ("C", "mixture")


def within_arm_limit(n, r=0.5):
    m = n - 1
    j = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    return j * stats.t.ppf(0.975, m) * math.sqrt(2 * (1 - r) / n)


def test_a_higher_correlation_brings_changes_closer_to_people():
    arms = [{"arm": "mg", "p": 0.02, "direction": "lower"}, {"arm": "placebo", "p": 0.276}]
    found = effect({"kind": "within-arm-tests", "arms": arms}, n=(40, 40), values={"pre-post-r": 0.8})
    plain = effect({"kind": "within-arm-tests", "arms": arms}, n=(40, 40))
    for one, two in zip(found.mixture, plain.mixture, strict=True):
        assert one[0] == pytest.approx(two[0] * math.sqrt(0.4))
    assert found.v == pytest.approx(plain.v * 0.4)


def test_arms_known_only_by_significance_give_bounds():
    arms = [
        {"arm": "mg", "significant": True, "direction": "lower"},
        {"arm": "placebo", "significant": False},
    ]
    found = effect({"kind": "within-arm-tests", "arms": arms}, n=(20, 25))
    one, two = (within_arm_limit(n) for n in (20, 25))
    assert (found.low, found.high) == (-math.inf, pytest.approx(-one + two))


RENO = {
    "kind": "interval",
    "low": 1,
    "high": 2,
    "direction": "lower",
    "significant": True,
    "other_arm_significant": False,
}


def test_scale_points_need_a_borrowed_sd():
    parts = {"sizes": {"mg": 11, "placebo": 11}, "scale_low": 0, "scale_high": 6}
    assert effect(RENO, **parts).tier == "D"
    found = effect(RENO, rules={"borrowed_sd": True}, **parts)
    limit = within_arm_limit(11)
    assert found.low == pytest.approx(-2 / 1.56 - limit)
    assert found.high == pytest.approx(-1 / 1.56 + limit)
    assert any("borrowed-sd-share" in text for text in found.assumptions)


def test_words_alone_give_nothing():
    found = effect({"kind": "narrative", "direction": "lower", "words": "cortisol was lower"})
    assert (found.tier, found.kind) == ("D", "none")
    assert "cortisol was lower" in found.reason


def test_standardised_effects_reach_the_percent_scale():
    scale = PercentScale(0.63, 0.1, 0.4, 1.0, "exact", "test")
    found = effect(STEWARD, measure="ROM", kind="crossover", people=9, scale=scale)
    assert found.y == pytest.approx(-0.64, abs=0.006)


def test_means_on_a_ratio_scale_need_no_percent_scale():
    scale = PercentScale(0.63, 0.1, 0.4, 1.0, "exact", "test")
    found = effect(means(43, 27, 41, 26), measure="ROM", n=(17, 18), scale=scale)
    expected = math.log(43 / 41) + 0.5 * (27**2 / (17 * 43**2) - 26**2 / (18 * 41**2))
    assert found.y == pytest.approx(expected, abs=1e-12)
    assert found.tier == "A"


def test_crossover_ratio_takes_r_from_the_printed_p():
    found = effect(means(11.8, 7.6, 11.1, 7.3, p=0.59), measure="ROM", kind="crossover", people=42)
    assert "= 1.289." in " ".join(found.steps)
    assert found.tier == "B"
    se = 0.7 / stats.t.isf(0.295, 41)
    r = (7.6**2 + 7.3**2 - 42 * se**2) / (2 * 7.6 * 7.3)
    v = 7.6**2 / (42 * 11.8**2) + 7.3**2 / (42 * 11.1**2) - 2 * r * 7.6 * 7.3 / (42 * 11.8 * 11.1)
    assert found.v == pytest.approx(v, rel=1e-9)


def test_percentages_find_their_counts():
    arms = [
        {"arm": "mg", "percent": 86.0, "n": 43},
        {"arm": "placebo", "percent": 60.5, "n": 43},
    ]
    found = effect({"kind": "percentages", "arms": arms}, measure="RR")
    steps = " ".join(found.steps)
    assert "percentages 86.0 and 60.5" in steps
    assert "= 37." in steps
    assert "= 26." in steps
    assert math.exp(found.y) == pytest.approx(1.42, abs=0.005)


def test_percentages_that_fit_no_count_are_left_alone():
    arms = [
        {"arm": "mg", "percent": 27.2, "n": 66},
        {"arm": "placebo", "percent": 32.8, "n": 66},  # is 21/64, not 21/66
    ]
    found = effect({"kind": "percentages", "arms": arms}, measure="RR")
    assert found.tier == "D"
    assert "fits 0 counts" in found.reason


def test_a_printed_ratio_gives_its_log_and_error():
    statistic = {"kind": "ratio", "measure": "RR", "estimate": 5.66, "ci_low": 1.35, "ci_high": 23.68}
    found = effect(statistic, measure="RR")
    assert found.y == pytest.approx(math.log(5.66))
    assert math.sqrt(found.v) == pytest.approx(math.log(23.68 / 1.35) / 3.919928, rel=1e-6)


@pytest.mark.parametrize("measure", ["RR", "RD", "OR"])
def test_an_odds_ratio_with_its_margins_gives_every_measure_of_the_table(measure):
    statistic = {"kind": "ratio", "measure": "OR", "estimate": 7.89, "events_total": 13}
    found = effect(statistic, n=(34, 35), measure=measure)
    log = {"OR": math.log(11 * 33 / (2 * 23)), "RR": math.log(11 / 34 / (2 / 35)), "RD": 11 / 34 - 2 / 35}
    assert found.y == pytest.approx(log[measure])
    assert found.tier == "A"


def test_another_ratio_is_not_pooled_as_this_one():
    statistic = {"kind": "ratio", "measure": "OR", "estimate": 1.3, "ci_low": 0.6, "ci_high": 2.9}
    assert effect(statistic, measure="RR").tier == "D"


def test_two_means_name_what_is_missing():
    only_one = {"kind": "means", "arms": [{"arm": "mg", "mean": 4.0, "sd": 2.0}]}
    assert "mean of an arm" in effect(only_one, n=(20, 22)).reason
    bare = {"kind": "means", "arms": [{"arm": "mg", "mean": 4.0}, {"arm": "placebo", "mean": 6.0}]}
    assert "dispersion of an arm" in effect(bare, n=(20, 22)).reason


def test_the_other_arms_sd_is_borrowed_and_said():
    bare = {"kind": "means", "arms": [{"arm": "mg", "mean": 4.0}, {"arm": "placebo", "mean": 6.0, "sd": 3.0}]}
    found = effect(bare, n=(20, 22))
    assert found.tier == "B"
    assert any("SD of the other group" in text for text in found.assumptions)
