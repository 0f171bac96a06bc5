"""Sanity checks: the impossible is refused with a sentence, the unlikely is reported and kept."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.effects import checks
from meta.errors import DataWarning, InputError

MEANS = {
    "mean1": [10.0, 11],
    "sd1": [2.0, 3],
    "n1": [20, 30],
    "mean2": [9.0, 9],
    "sd2": [2.0, 2],
    "n2": [20, 30],
}
STUDY = ["Reno 2022", "Lund 2019"]


def changed(**columns):
    return {**MEANS, **columns}


@pytest.mark.parametrize(
    ("measure", "columns", "sentence"),
    [
        ("GEN", {"yi": [1, 2], "vi": [0, 1]}, "vi must be > 0: study 'Reno 2022' has vi = 0"),
        ("GEN", {"yi": [1, 2], "vi": [1, -0.25]}, "vi must be > 0: study 'Lund 2019' has vi = -0.25"),
        ("GEN", {"yi": [1, 2], "sei": [1, 0.0]}, "sei must be > 0: study 'Lund 2019' has sei = 0"),
        ("SMD", changed(sd1=[0, 1]), "sd1 must be > 0: study 'Reno 2022' has sd1 = 0"),
        ("SMD", changed(sd2=[1, -2]), "sd2 must be > 0: study 'Lund 2019' has sd2 = -2"),
        ("MD", changed(n1=[0, 5]), "n1 must be >= 1: study 'Reno 2022' has n1 = 0"),
        (
            "OR",
            {"events1": [5, -1], "n1": [9, 9], "events2": [1, 1], "n2": [9, 9]},
            "events1 must be >= 0: study 'Lund 2019' has events1 = -1",
        ),
        (
            "OR",
            {"events1": [12, 1], "n1": [9, 9], "events2": [1, 1], "n2": [9, 9]},
            "events1 must be <= n1: study 'Reno 2022' has events1 = 12 and n1 = 9",
        ),
        (
            "RR",
            {"events1": [2, 1], "n1": [9, 9], "nonevents2": [1, 10], "n2": [9, 9]},
            "nonevents2 must be <= n2: study 'Lund 2019' has nonevents2 = 10 and n2 = 9",
        ),
        (
            "PR",
            {"events": [5, 12], "n": [9, 9]},
            "events must be <= n: study 'Lund 2019' has events = 12 and n = 9",
        ),
        (
            "ZCOR",
            {"r": [1.2, 0.1], "n": [9, 9]},
            "r must lie between -1 and 1: study 'Reno 2022' has r = 1.2",
        ),
        ("IRLN", {"events": [1, 2], "time": [0, 3]}, "time must be > 0: study 'Reno 2022' has time = 0"),
        ("ARAW", {"alpha": [0.7, 1.0], "items": [5, 5], "n": [9, 9]}, "alpha must be < 1: study 'Lund 2019'"),
        (
            "ARAW",
            {"alpha": [0.7, 0.8], "items": [5, 1], "n": [9, 9]},
            "items must be >= 2: study 'Lund 2019'",
        ),
        (
            "SMD",
            {"p": [0.0, 0.2], "n1": [9, 9], "n2": [9, 9]},
            "p must be a signed two-sided p-value: study 'Reno 2022'",
        ),
        ("PR", {"percent": [101, 50], "n": [9, 10]}, "percent must lie between 0 and 100: study 'Reno 2022'"),
        ("GEN", {"ci_low": [2, 0], "ci_high": [1, 1]}, "ci_low must be < ci_high: study 'Reno 2022'"),
    ],
)
def test_impossible_values_are_refused(measure, columns, sentence):
    with pytest.raises(InputError) as refusal:
        meta.effect_sizes(measure=measure, study=STUDY, **columns)
    assert sentence in str(refusal.value)
    assert ";" in str(refusal.value), "the remedy is missing"


def warned(match, measure, **columns):
    with pytest.warns(DataWarning, match=match) as caught:
        es = meta.effect_sizes(measure=measure, study=STUDY, **columns)
    assert len(caught) == len(es.warnings) == 1
    return es


def test_a_huge_g_is_kept_with_a_question():
    es = warned(r"\|g\| > 2: study 'Lund 2019' has g = 4.94", "SMD", **changed(sd1=[2, 0.4], sd2=[2, 0.4]))
    assert es.exact.all()
    assert "standard error given as a standard deviation" in es.warnings[0]


def test_a_g_of_exactly_two_passes():
    assert checks.large_effects(np.array([2.0, -2.0, np.nan]), ["a", "b", "c"]) == []


@pytest.mark.parametrize("measure", ["ROM", "CVR"])
def test_means_of_opposite_sign_have_no_ratio(measure):
    es = warned(
        "no ratio of means: study 'Lund 2019' has mean1 = -1 and mean2 = 9",
        measure,
        **changed(mean1=[10, -1]),
    )
    assert es.kind.tolist() == ["exact", "none"]
    assert np.isnan(es.yi[1])
    assert np.isnan(es.vi[1])


def test_a_mean_of_zero_has_no_ratio():
    es = warned("no ratio of means: study 'Reno 2022'", "ROM", **changed(mean2=[0, 9]))
    assert es.kind.tolist() == ["none", "exact"]


def test_two_negative_means_have_a_ratio_and_a_question():
    es = warned("ratio of negative means: study 'Reno 2022'", "ROM", **changed(mean1=[-4, 11], mean2=[-2, 9]))
    assert es.yi[0] == pytest.approx(np.log(2) + (4 / (20 * 16) - 4 / (20 * 4)) / 2)


def test_a_negative_mean_has_no_log():
    es = warned(
        "no ratio of means: study 'Lund 2019' has mean = -3", "MNLN", mean=[2, -3], sd=[1, 1], n=[9, 9]
    )
    assert es.kind.tolist() == ["exact", "none"]


def test_counts_that_are_not_whole_are_said_and_used():
    es = warned(
        "events1 is not a whole number: study 'Reno 2022' has events1 = 4.5",
        "OR",
        events1=[4.5, 1],
        n1=[9, 9],
        events2=[1, 1],
        n2=[9, 9],
    )
    assert es.yi[0] == pytest.approx(np.log(8))


def test_an_interval_that_is_symmetric_elsewhere():
    es = warned(
        "not symmetric on the analysis scale: study 'Lund 2019'",
        "HR",
        estimate=[0.5, 0.55],
        ci_low=[0.25, 0.3],
        ci_high=[1.0, 0.8],
    )
    assert es.exact.all()


def test_an_estimate_outside_its_interval():
    warned("outside its interval: study 'Reno 2022'", "GEN", yi=[5, 1], ci_low=[1, 0], ci_high=[3, 2])


def test_log_estimates_beside_a_ratio_interval_are_noticed():
    warned(
        "outside its interval: study 'Reno 2022' has yi = -0.7",
        "HR",
        yi=[-0.7, 0.1],
        ci_low=[0.3, -0.1],
        ci_high=[0.8, 0.3],
    )


def test_percentages_that_no_count_gives():
    es = warned(
        "percentage does not fit its n: study 'Lund 2019' has percent = 35 with n = 12",
        "PR",
        percent=[33.3, 35],
        n=[12, 12],
    )
    assert es.inputs["events"].tolist() == [4.0, 4.0]
    assert es.frame["events_from"].str.contains("nearest whole number").all()


@pytest.mark.parametrize(
    ("percent", "n", "places", "fits"),
    [
        (66.67, 3, None, True),
        (66.7, 3, None, True),
        (67.0, 3, 0, True),
        (66.0, 3, 0, False),
        (78.0, 9, None, True),
        (78.1, 9, None, False),
        (50.0, 7, None, False),
        (0.0, 7, None, True),
        (100.0, 7, None, True),
        (np.nan, 7, None, True),
        (12.5, 8, None, True),
        (12.6, 8, None, False),
    ],
)
def test_grim(percent, n, places, fits):
    assert checks.grim(np.array([percent]), np.array([n]), places).tolist() == [fits]


def test_numbers_that_do_not_add_up():
    warned("do not add up: study 'Lund 2019' has n = 61, but n1 \\+ n2 = 60", "SMD", **changed(n=[40, 61]))
    warned(
        "do not add up: study 'Reno 2022' has n1 = 10, but events1 \\+ nonevents1 = 9",
        "OR",
        events1=[4, 4],
        nonevents1=[5, 6],
        n1=[10, 10],
        events2=[3, 3],
        n2=[9, 9],
    )


def test_margins_of_pairs_rest_on_the_same_pairs():
    warned(
        "matched pairs need n1 = n2: study 'Reno 2022' has n1 = 20 and n2 = 21",
        "MPORM",
        events1=[5, 6],
        n1=[20, 20],
        events2=[7, 8],
        n2=[21, 20],
        r=[0.5, 0.5],
    )


def test_missing_values_are_named_and_the_row_is_kept():
    es = warned(
        "no effect for study 'Lund 2019': sd1, n2 missing", "SMD", **changed(sd1=[2, None], n2=[20, np.nan])
    )
    assert es.k == 2
    assert es.kind.tolist() == ["exact", "none"]
    assert np.isnan(es.yi[1])


def test_a_sample_too_small_for_its_variance_has_no_effect():
    es = warned("no effect for study 'Lund 2019': ZCOR", "ZCOR", r=[0.3, 0.4], n=[9, 3])
    assert es.kind.tolist() == ["exact", "none"]


def test_many_messages_end_in_a_count():
    k = 50
    with pytest.warns(DataWarning) as caught:
        es = meta.effect_sizes(measure="GEN", yi=[np.nan] * k, vi=[1.0] * k)
    assert len(caught) == checks.MOST_SHOWN + 1
    assert "30 more studies" in es.warnings[-1]
    assert es.k == k
