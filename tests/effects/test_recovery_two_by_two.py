"""meta.effects.two_by_two_recovery: tables found again from what is printed about them."""

import itertools

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from meta.effects.two_by_two_recovery import (
    TwoByTwo,
    tables_from_chi2,
    tables_from_odds_ratio,
    tables_from_percentages,
    tables_from_phi,
    tables_from_risk_ratio,
)
from meta.errors import InputError, NotEstimableError

TRUTH = [TwoByTwo(11, 34, 2, 35), TwoByTwo(4, 123, 11, 139), TwoByTwo(18, 66, 21, 66), TwoByTwo(7, 20, 9, 31)]


def cells(t):
    return np.array([[t.events1, t.n1 - t.events1], [t.events2, t.n2 - t.events2]])


def margins(t):
    return {"n1": t.n1, "n2": t.n2, "events": t.events1 + t.events2}


@pytest.mark.parametrize("t", TRUTH, ids=str)
def test_odds_ratio_and_margins(t):
    (a, b), (c, d) = cells(t)
    found = tables_from_odds_ratio(f"{a * d / (b * c):.3f}", **margins(t))
    assert t in found.tables
    assert tables_from_odds_ratio(a * d / (b * c), **margins(t)).nearest == t


@pytest.mark.parametrize("yates", [False, True])
@pytest.mark.parametrize("t", TRUTH, ids=str)
def test_chi_square_and_margins(t, yates):
    chi2 = chi2_contingency(cells(t), correction=yates)[0]
    direction = "higher" if t.events1 / t.n1 > t.events2 / t.n2 else "lower"
    found = tables_from_chi2(f"{chi2:.3f}", **margins(t), direction=direction, yates=yates)
    assert t in found.tables
    other = "lower" if direction == "higher" else "higher"
    assert t not in tables_from_chi2(f"{chi2:.3f}", **margins(t), direction=other, yates=yates).tables


def test_yates_and_uncorrected_are_not_confused():
    t = TRUTH[0]
    chi2 = f"{chi2_contingency(cells(t), correction=True)[0]:.3f}"
    assert t not in tables_from_chi2(chi2, **margins(t), direction="higher", yates=False).tables


@pytest.mark.parametrize("t", TRUTH, ids=str)
def test_phi_keeps_its_sign(t):
    (a, b), (c, d) = cells(t)
    phi = (a * d - b * c) / np.sqrt(float(t.n1) * t.n2 * (a + c) * (b + d))
    found = tables_from_phi(f"{phi:.4f}", **margins(t))
    assert found.unique == t


def test_arm_swap_inverts_the_odds_ratio():
    one = tables_from_odds_ratio("7.89", n1=34, n2=35, events=13).unique
    two = tables_from_odds_ratio(f"{1 / 7.89:.4f}", n1=35, n2=34, events=13).unique
    assert (one.events1, one.events2) == (two.events2, two.events1)


def test_supakatisant_from_percentages():
    assert tables_from_percentages("86.0", "60.5", n1=43, n2=43).unique == TwoByTwo(37, 43, 26, 43)


def test_dahle_is_the_only_table_that_prints_like_the_review():
    found = tables_from_risk_ratio("5.66", ci_low="1.35", ci_high="23.68", total=69, risk2="57", risk1="323")
    assert found.unique == TwoByTwo(11, 34, 2, 35)
    without = tables_from_risk_ratio("5.66", ci_low="1.35", ci_high="23.68", total=69)
    assert TwoByTwo(11, 34, 2, 35) in without.tables


def test_dahle_against_plain_enumeration():
    hits = []
    for n1 in range(1, 69):
        n2 = 69 - n1
        for a, c in itertools.product(range(1, n1 + 1), range(1, n2 + 1)):
            rr = a / n1 / (c / n2)
            if f"{rr:.2f}" != "5.66":
                continue
            half = 1.959963984540054 * np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
            if f"{rr * np.exp(-half):.2f}" == "1.35" and f"{rr * np.exp(half):.2f}" == "23.68":
                hits.append(TwoByTwo(a, n1, c, n2))
    found = tables_from_risk_ratio("5.66", ci_low="1.35", ci_high="23.68", total=69)
    assert set(found.tables) == set(hits)


def test_ambiguity_and_impossibility_are_said():
    several = tables_from_percentages("50", "50", n1=400, n2=400)
    assert len(several.tables) > 1
    with pytest.raises(NotEstimableError, match="tables are printed like that"):
        _ = several.unique
    none = tables_from_odds_ratio("7.50", n1=34, n2=35, events=13)
    assert none.tables == ()
    assert none.nearest == TwoByTwo(11, 34, 2, 35)
    with pytest.raises(
        NotEstimableError, match="no table is printed like that; the nearest is 11/34 vs 2/35"
    ):
        _ = none.unique


def test_infinite_odds_ratios_do_not_match():
    found = tables_from_odds_ratio("7.89", n1=34, n2=35, events=13)
    assert TwoByTwo(13, 34, 0, 35) not in found.tables


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: tables_from_odds_ratio("2", n1=0, n2=5, events=2),
            "n1 must be a whole number of at least 1",
        ),
        (lambda: tables_from_odds_ratio("2", n1=5, n2=5, events=2.5), "events must be a whole number"),
        (lambda: tables_from_odds_ratio("2", n1=5, n2=5, events=11), "events must not exceed n1 \\+ n2 = 10"),
        (lambda: tables_from_chi2("2", n1=5, n2=5, events=0, direction="lower"), "chi-square does not exist"),
        (lambda: tables_from_risk_ratio("2", ci_low="1", ci_high="3", total=1), "total must be at least 2"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()
