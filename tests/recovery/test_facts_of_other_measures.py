"""Printed ratios lead to the other measures of their table, and thresholds of p to bounds, everywhere."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import meta
from meta.evidence.kinds import KINDS
from meta.evidence.statistics import Ratio
from meta.kernels.hedges_correction import hedges_j

A, N1, C, N2 = 11, 34, 2, 35  # the example of Di Pietrantonj (2006)
EFFECTS = {
    "OR": (math.log(A * (N2 - C) / (C * (N1 - A))), 1 / A + 1 / (N1 - A) + 1 / C + 1 / (N2 - C)),
    "RR": (math.log(A / N1 / (C / N2)), 1 / A - 1 / N1 + 1 / C - 1 / N2),
    "RD": (A / N1 - C / N2, A * (N1 - A) / N1**3 + C * (N2 - C) / N2**3),
}
PRINTED = {"odds_ratio": "7.89", "risk_ratio": "5.66", "risk_difference": "0.266"}


@pytest.mark.parametrize("margin", [{"events": A + C}, {"events2": C}], ids=["all events", "group 2"])
@pytest.mark.parametrize("fact", PRINTED)
@pytest.mark.parametrize("measure", EFFECTS)
def test_a_statistic_of_the_table_leads_to_every_measure(measure, fact, margin):
    found = meta.solve(measure=measure, n1=N1, n2=N2, **{fact: PRINTED[fact]}, **margin)
    assert (found.yi, found.vi) == pytest.approx(EFFECTS[measure], rel=1e-12)
    assert found.tier == "A"
    assert not found.contradictions


@pytest.mark.parametrize(
    ("fact", "rough"), [("odds_ratio", "7.6"), ("risk_ratio", "5.5"), ("risk_difference", "0.27")]
)
def test_a_rough_statistic_gives_the_nearest_count_and_says_so(fact, rough):
    found = meta.solve(measure="RR", n1=N1, n2=N2, events2=C, **{fact: f"{rough}00"})
    assert found.tier == "B"
    assert found.yi == pytest.approx(EFFECTS["RR"][0])
    assert "nearest whole number" in found.assumptions[0]


def test_an_adjusted_ratio_is_not_that_of_the_counts():
    found = meta.solve(measure="RR", n1=N1, n2=N2, events=A + C, odds_ratio="7.89", adjusted="yes")
    assert found.tier == "D"


def test_a_ratio_that_does_not_fit_its_table_is_a_contradiction():
    counts = {"events1": A, "n1": N1, "events2": C, "n2": N2}
    for fact, wrong in (("odds_ratio", 4.7), ("risk_ratio", 7.89), ("risk_difference", 0.5)):
        (found,) = meta.solve(measure="RD", **counts, **{fact: wrong}).contradictions
        assert fact in found.facts


def test_the_ratio_of_a_study_file_states_its_margins():
    statistic = Ratio(kind="ratio", measure="OR", estimate=7.89, events_total=13)
    facts = KINDS["ratio"].facts(statistic, ("drug", "placebo"))
    assert facts["events"] == 13
    assert "13 with the event" in KINDS["ratio"].printed(statistic, lambda name: name)


LIMIT = hedges_j(np.array(39.0)) * math.sqrt(1 / 20 + 1 / 21)


@pytest.mark.parametrize(
    ("stated", "low", "high"),
    [
        ({"p_below": [0.01], "direction": ["lower"]}, -np.inf, -stats.t.isf(0.005, 39) * LIMIT),
        ({"p_below": [0.01], "direction": ["higher"]}, stats.t.isf(0.005, 39) * LIMIT, np.inf),
        ({"not_significant": [True]}, -stats.t.isf(0.025, 39) * LIMIT, stats.t.isf(0.025, 39) * LIMIT),
        ({"not_significant": [1.0]}, -stats.t.isf(0.025, 39) * LIMIT, stats.t.isf(0.025, 39) * LIMIT),
        ({"not_significant": [0.1], "direction": ["lower"]}, -stats.t.isf(0.05, 39) * LIMIT, 0.0),
    ],
)
def test_thresholds_are_columns_of_tables(stated, low, high):
    table = pd.DataFrame({"n1": [20], "n2": [21], **stated})
    es = meta.effect_sizes(table, measure="SMD")
    assert (es.lower[0], es.upper[0]) == pytest.approx((low, high))
    assert es.kind[0] == "bound"
    named = {name: name for name in stated}
    again = meta.effect_sizes(table, measure="SMD", n1="n1", n2="n2", **named)
    assert (again.lower[0], again.upper[0]) == (es.lower[0], es.upper[0])
    alone = meta.solve(measure="SMD", n1=20, n2=21, **{name: cells[0] for name, cells in stated.items()})
    assert (alone.low, alone.high) == pytest.approx((low, high))


def test_p_values_as_printed_in_a_file_give_bounds(tmp_path):
    path = tmp_path / "printed.csv"
    path.write_text("study,n1,n2,p,direction\nA,20,21,<0.01,lower\nB,20,21,p > 0.10,\nC,20,21,ns,\n")
    es = meta.effect_sizes(path, measure="SMD")
    assert es.upper == pytest.approx([-stats.t.isf(q, 39) * LIMIT * s for q, s in
                                      ((0.005, 1), (0.05, -1), (0.025, -1))])  # fmt: skip


def test_a_threshold_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match=r"p_below must lie between 0 and 1: study '1' has p_below = 1.2"):
        meta.effect_sizes(measure="SMD", n1=[20], n2=[21], p_below=[1.2], direction=["lower"])
