"""The solver against numbers by hand, of the Cochrane Handbook and of the cases that people reported."""

import math

import numpy as np
import pytest
from scipy import stats

import meta

MEANS = {"mean1": 32, "n1": 18, "mean2": 44, "n2": 17, "p": 0.04}
MEDIANS = {"median1": 31, "q1_1": 18, "q3_1": 52, "n1": 20, "median2": 45, "q1_2": 30, "q3_2": 63, "n2": 21}


def step(found, gives):
    return next(item.value for item in found.trail if item.gives == gives)


def test_means_sizes_and_p_lead_to_the_sd():
    found = meta.solve(measure="SMD", **MEANS)
    assert found.tier == "A"
    assert step(found, "se_md") == pytest.approx(5.61, abs=0.005)
    assert step(found, "sd_pooled") == pytest.approx(16.6, abs=0.05)
    assert abs(found.implied.t) == pytest.approx(2.138, abs=5e-4)
    assert (found.implied.df, found.implied.p) == (33, 0.04)
    j = 1 - 3 / (4 * 33 - 1)
    assert found.yi == pytest.approx(-2.138 * math.sqrt(1 / 18 + 1 / 17) * j, abs=5e-4)


def test_the_ratio_of_means_from_p():
    plain = meta.solve(measure="ROM", **MEANS, bias_correction=False)
    assert plain.yi == pytest.approx(math.log(32 / 44), abs=1e-12)
    assert plain.sei == pytest.approx(0.153, abs=5e-4)
    assert meta.solve(measure="ROM", **MEANS).yi == pytest.approx(-0.315, abs=5e-4)
    assert plain.tier == "B"
    assert "equal SDs" in plain.assumptions[0]


def test_medians_with_quartiles():
    found = meta.solve(measure="ROM", **MEDIANS)
    assert [round(step(found, name), 1) for name in ("mean1", "sd1", "mean2", "sd2")] == [
        33.9,
        27.1,
        46.1,
        26.2,
    ]
    assert math.exp(found.yi) == pytest.approx(0.74, abs=0.005)
    assert found.sei == pytest.approx(0.22, abs=0.005)
    assert found.tier == "B"


def test_a_direction_with_p_is_no_better_than_means_with_p():
    alone = meta.solve(measure="SMD", n1=18, n2=17, p=0.04, direction="lower")
    both = meta.solve(measure="SMD", **MEANS, direction="lower")
    assert alone.yi == pytest.approx(both.yi, abs=1e-12)
    assert (alone.tier, both.tier) == ("B", "A")


@pytest.mark.parametrize(
    ("facts", "gives", "value", "digits"),
    [
        # Cochrane Handbook 6.5.2.2: 95% interval 30.0 to 34.2 of 25 people
        ({"ci_low1": 30.0, "ci_high1": 34.2, "n1": 25, "mean2": 31, "sd2": 5, "n2": 20}, "sd1", 5.09, 2),
        # 6.5.2.3: difference 3.8, p = 0.008, 25 and 22 people
        ({"difference": 3.8, "p": 0.008, "n1": 25, "n2": 22}, "se_md", 1.37, 2),
        ({"mean1": 5.8, "mean2": 2.0, "p": 0.008, "n1": 25, "n2": 22}, "sd_pooled", 4.69, 2),
    ],
)
def test_examples_of_the_cochrane_handbook(facts, gives, value, digits):
    # the Handbook rounds at every step
    assert step(meta.solve(measure="SMD", **facts), gives) == pytest.approx(value, abs=10**-digits)


def test_the_cluster_example_of_the_cochrane_handbook():
    # 23.1.4: clusters of 21.2 people, ICC 0.02: design effect 1.404, 295 people are worth 210.1
    facts = {"mean1": 5, "sd1": 2, "n1": 295, "mean2": 6, "sd2": 2, "n2": 330}
    plain = meta.solve(measure="MD", **facts)
    facts |= {"design": "cluster", "cluster_size": 21.2}
    inflated = meta.solve(
        measure="MD",
        mean1=5,
        sd1=2,
        n1=295,
        mean2=6,
        sd2=2,
        n2=330,
        design="cluster",
        cluster_size=21.2,
        icc=0.02,
    )
    assert inflated.vi / plain.vi == pytest.approx(1.404, abs=1e-9)
    assert inflated.tier == "A"
    assumed = meta.solve(measure="MD", **facts)
    assert assumed.tier == "B"
    assert "intracluster correlation" in assumed.assumptions[0]


def test_a_printed_standard_error_of_a_cluster_trial_is_not_inflated_again():
    facts = {
        "difference": -1,
        "se": 0.4,
        "n1": 100,
        "n2": 100,
        "design": "cluster",
        "cluster_size": 20,
        "icc": 0.05,
    }
    known = meta.solve(measure="MD", **facts, error_term="clusters")
    unsure = meta.solve(measure="MD", **facts)
    ignored = meta.solve(measure="MD", **facts, error_term="people")
    assert known.vi == unsure.vi == pytest.approx(0.16)
    assert (known.tier, unsure.tier, ignored.tier) == ("A", "B", "A")
    assert ignored.vi == pytest.approx(0.16 * 1.95)


def test_steward_2019_by_every_statistic():
    # F = 16.24, |dz| = 1.34; g = -1.21, -0.94, -0.62 at r = 0.5, 0.7, 0.87; exact variance 0.248 at r = 0.5
    facts = {"design": "crossover", "n": 9, "eta_squared": 0.67, "direction": "lower"}
    found = meta.solve(measure="SMD", **facts)
    assert abs(found.implied.t) == pytest.approx(math.sqrt(16.24), abs=0.001)
    for r, g in ((0.5, -1.21), (0.7, -0.94), (0.87, -0.62)):
        stated = meta.solve(measure="SMD", **facts, r=r)
        assert stated.yi == pytest.approx(g, abs=0.005)
        assert meta.solve(measure="SMD", **facts, assume={"within-person-r": r}).yi == stated.yi
    assert meta.solve(measure="SMD", **facts, r=0.5).vi == pytest.approx(0.248, abs=5e-4)
    assert found.yi == pytest.approx(-0.94, abs=0.005)


@pytest.mark.parametrize(
    ("facts", "g", "se"),
    [
        ({"difference": -32, "ci_low": -59, "ci_high": -5, "n1": 25, "n2": 24}, -0.67, 0.29),  # Schutten
        ({"p": 0.008, "direction": "lower", "n1": 21, "n2": 22}, -0.83, 0.32),  # Abbasi
    ],
)
def test_parallel_trials_of_the_dossier(facts, g, se):
    found = meta.solve(measure="SMD", **facts)
    assert (found.yi, found.sei) == (pytest.approx(g, abs=0.005), pytest.approx(se, abs=0.005))
    half = meta.solve(measure="SMD", **facts, adjusted=True)
    assert half.yi == pytest.approx(found.yi * math.sqrt(0.5), rel=0.02)
    assert any("R2" in item for item in half.assumptions)


def test_thresholds_are_bounds():
    found = meta.solve(measure="SMD", n1=13, n2=10, p="<0.01", direction="lower")
    assert (found.kind, found.tier, found.low) == ("bound", "C", -math.inf)
    assert found.high == pytest.approx(-1.15, abs=0.005)
    around = meta.solve(measure="SMD", n1=13, n2=10, p="ns")
    assert around.low == -around.high
    one_side = meta.solve(measure="SMD", n1=13, n2=10, p="ns", direction="lower")
    assert (one_side.low, one_side.high) == (around.low, 0.0)


def test_a_two_sided_p_has_no_sign():
    found = meta.solve(measure="SMD", n1=25, n2=24, p=0.03)
    assert (found.kind, found.tier) == ("mixture", "C")
    assert math.isnan(found.yi)
    assert [weight for _, weight in found.mixture] == [0.5, 0.5]
    signed = meta.solve(measure="SMD", n1=25, n2=24, p_signed=-0.03)
    assert signed.yi == pytest.approx(found.mixture[0][0], abs=1e-12)
    assert meta.solve(measure="SMD", n1=25, n2=24, p=-0.03).yi == signed.yi


def test_the_sign_of_means_holds_for_p():
    # by hand: t = qt(1 - p/2, n1 + n2 - 2); g = J t sqrt(1/n1 + 1/n2); the sign of mean1 - mean2
    table = {
        "mean1": [5, 5, 6],
        "mean2": [7, 5.2, 5],
        "p": [0.03, 0.5, 0.2],
        "n1": [25, 30, 40],
        "n2": [24, 31, 41],
    }
    found = meta.solve(table, measure="SMD")
    assert found.yi.round(3).tolist() == [-0.629, -0.172, 0.284]
    assert set(found.tier) == {"A"}


def test_rows_that_report_different_things():
    nan = np.nan
    table = {
        "study": list("ABCD"), "mean1": [5, nan, nan, nan], "sd1": [1, nan, nan, nan], "n1": [20, 30, 25, 40],
        "mean2": [4.5, nan, nan, nan], "sd2": [1.1, nan, nan, nan], "n2": [22, 31, 24, 41],
        "t": [nan, 2.4, nan, nan], "p": [nan, nan, 0.03, nan], "d": [nan, nan, nan, 0.25],
    }  # fmt: skip
    found = meta.solve(table, measure="SMD")
    for row, facts in enumerate(
        (
            {"mean1": 5, "sd1": 1, "n1": 20, "mean2": 4.5, "sd2": 1.1, "n2": 22},
            {"t": 2.4, "n1": 30, "n2": 31},
            {"p": 0.03, "n1": 25, "n2": 24},
            {"d": 0.25, "n1": 40, "n2": 41},
        )
    ):
        one = meta.solve(measure="SMD", **facts)
        np.testing.assert_allclose(found.yi[row], one.yi, rtol=1e-13)
        assert (found.tier[row], found.kind[row]) == (one.tier, one.kind)
    assert found.kind.tolist() == ["exact", "exact", "mixture", "exact"]


def test_counts_from_percentages_and_margins():
    assert meta.solve(measure="PLO", percent="86.0", n=43).yi == pytest.approx(math.log(37 / 6))
    near = meta.solve(measure="PLO", percent="86.0", n=44)
    assert near.tier == "B"
    assert "fits no count" in str(near.contradictions[0])
    table = {"events1": 11, "n1": 34, "events2": 2, "n2": 35}
    direct = meta.solve(measure="OR", **table)
    by_ratio = meta.solve(measure="OR", estimate="7.89", n1=34, n2=35, events=13)
    by_chi2 = meta.solve(measure="OR", chi2="8.00", n1=34, n2=35, events=13, direction="higher")
    assert by_ratio.yi == by_chi2.yi == direct.yi
    assert stats.chi2_contingency([[11, 23], [2, 33]], correction=False).statistic == pytest.approx(
        8.00, abs=0.005
    )


def test_ratios_as_printed():
    found = meta.solve(measure="RR", estimate="5.66", ci_low="1.35", ci_high="23.68")
    assert found.yi == pytest.approx(math.log(5.66))
    assert found.sei == pytest.approx(0.7308, abs=5e-5)
    by_p = meta.solve(measure="HR", estimate=0.7, p=0.01)
    assert by_p.sei == pytest.approx(abs(math.log(0.7)) / stats.norm.isf(0.005))


def test_change_scores_are_standardised_by_single_values():
    facts = {"mean_change1": -2, "sd_change1": 3, "n1": 20, "mean_change2": -1, "sd_change2": 3, "n2": 20}
    found = meta.solve(measure="SMD", **facts)
    assert (found.tier, found.phase) == ("B", "change")
    assert any("correlation of before and after" in item for item in found.assumptions)
    # at r = 1/2 the SD of the change is that of single values
    j = 1 - 3 / (4 * 38 - 1)
    assert found.yi == pytest.approx(-j / 3, abs=1e-4)
    assert meta.solve(measure="MD", **facts).yi == -1.0
    assert meta.solve(measure="MD", **facts).tier == "A"
    stated = meta.solve(measure="SMD", **facts, sd_pre1=4, sd_pre2=4, r=0.7)
    assert stated.tier == "A"
    assert stated.yi == pytest.approx(-j / 4, abs=1e-4)


def test_what_is_lacking_is_named():
    found = meta.solve(measure="SMD", n1=18, p=0.04)
    assert (found.tier, found.kind) == ("D", "none")
    assert "n_total" in found.reason
    assert found.steps == ()


def test_a_paired_t_leaves_room_for_unequal_sds():
    """The SDs may differ by half: g of a trial whose SDs do lies in the range of what its t alone says."""
    n, t, r, ratio = 30, 3.0, 0.7, 1.5
    alone = meta.solve(measure="SMD", design="crossover", t=t, n=n, r=r)
    sd2 = 2.0
    difference = np.sqrt((ratio * sd2) ** 2 + sd2**2 - 2 * r * ratio * sd2**2)
    whole = meta.solve(
        measure="SMD", design="crossover", mean1=t * difference / np.sqrt(n), mean2=0, sd1=ratio * sd2,
        sd2=sd2, n=n, r=r,
    )  # fmt: skip
    assert alone.tier == "B"
    assert alone.range[0] - 1e-9 <= whole.yi <= alone.range[1] + 1e-9
    assert whole.yi != pytest.approx(alone.yi, rel=0.02)


def test_changes_within_two_groups():
    """Liaqat: p = .02 with its direction and .276 without."""
    found = meta.solve(
        measure="SMD", n1=40, n2=40, p_change1=0.02, p_change2=0.276, direction_change1="lower"
    )
    assert (found.tier, found.kind) == ("C", "mixture")
    assert [value for value, _ in found.mixture] == pytest.approx([-0.558, -0.209], abs=5e-4)
    assert found.vi == pytest.approx(0.05)
    both = meta.solve(
        measure="SMD", n1=40, n2=40, p_change1=0.02, p_change2=0.276, direction_change1="lower",
        direction_change2="lower",
    )  # fmt: skip
    assert [weight for _, weight in both.mixture] == [1.0]
    assert both.tier == "C"


def test_one_to_two_points_lower_against_a_group_that_did_not_change():
    found = meta.solve(
        measure="SMD", n1=11, n2=11, change_low1=-2, change_high1=-1, not_significant_change2=True,
        scale_low=0, scale_high=6,
    )  # fmt: skip
    j = math.exp(math.lgamma(5) - math.lgamma(4.5)) / math.sqrt(5)
    limit = j * stats.t.ppf(0.975, 10) / math.sqrt(11)
    assert (found.tier, found.kind) == ("C", "bound")
    assert (found.low, found.high) == pytest.approx((-2 / 1.56 - limit, -1 / 1.56 + limit))
