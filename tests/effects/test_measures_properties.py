"""What must hold for every measure: sign under an arm swap, units, row order, limits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meta
from meta.effects.registry import MEASURES
from meta.errors import DataWarning

SETTINGS = settings(max_examples=40, deadline=None)
SIGNED_2X2 = ["RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "RTET", "PBIT", "OR2DL", "OR2DN", "VE"]
SIGNED_MEANS = ["MD", "SMD", "SMDH", "ROM", "VR", "CVR", "RPB", "RBIS", "D2ORL", "D2ORN"]
VECTORISED = sorted(code for code, entry in MEASURES.items() if entry.design != "generic")


def effects(measure, **columns):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return meta.effect_sizes(measure=measure, **columns)


size = st.integers(2, 400)


@st.composite
def tables(draw):
    n1, n2 = draw(size), draw(size)
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


real = st.floats(0.5, 50)


@st.composite
def summaries(draw):
    return (
        *(draw(real) for _ in range(2)),
        draw(st.integers(3, 200)),
        *(draw(real) for _ in range(2)),
        draw(st.integers(3, 200)),
    )


def means(row, scale=1.0):
    m1, s1, n1, m2, s2, n2 = row
    names = {
        "mean1": m1 * scale,
        "sd1": s1 * scale,
        "n1": n1,
        "mean2": m2 * scale,
        "sd2": s2 * scale,
        "n2": n2,
    }
    return {name: [value] for name, value in names.items()}


def for_measure(measure, columns):
    return {name: columns[name] for name in MEASURES[measure].columns}


@pytest.mark.parametrize("measure", SIGNED_2X2)
@SETTINGS
@given(row=tables())
def test_swapping_the_arms_of_a_table_turns_the_sign(measure, row):
    a, n1, c, n2 = row
    es = effects(measure, events1=[a], n1=[n1], events2=[c], n2=[n2])
    swapped = effects(measure, events1=[c], n1=[n2], events2=[a], n2=[n1])
    np.testing.assert_allclose(es.yi, -swapped.yi, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(es.vi, swapped.vi, rtol=1e-7)


@pytest.mark.parametrize("measure", SIGNED_MEANS)
@SETTINGS
@given(row=summaries())
def test_swapping_the_arms_of_means_turns_the_sign(measure, row):
    es = effects(measure, **for_measure(measure, means(row)))
    swapped = effects(measure, **for_measure(measure, means((*row[3:], *row[:3]))))
    np.testing.assert_allclose(es.yi, -swapped.yi, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(es.vi, swapped.vi, rtol=1e-9)


@pytest.mark.parametrize(
    "measure", ["SMD", "SMDH", "SMD1", "SMD1H", "ROM", "VR", "CVR", "CLESN", "RPB", "D2ORN"]
)
@SETTINGS
@given(row=summaries(), scale=st.floats(0.01, 100))
def test_a_change_of_unit_leaves_standardised_effects_and_ratios_alone(measure, row, scale):
    es = effects(measure, **for_measure(measure, means(row)))
    other = effects(measure, **for_measure(measure, means(row, scale)))
    np.testing.assert_allclose(other.yi, es.yi, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.vi, es.vi, rtol=1e-9)


@SETTINGS
@given(row=summaries(), scale=st.floats(0.01, 100))
def test_a_change_of_unit_scales_the_mean_difference(row, scale):
    es, other = effects("MD", **means(row)), effects("MD", **means(row, scale))
    np.testing.assert_allclose(other.yi, es.yi * scale, rtol=1e-9)
    np.testing.assert_allclose(other.vi, es.vi * scale**2, rtol=1e-9)


@SETTINGS
@given(row=summaries(), shift=st.floats(-40, 40))
def test_a_shift_leaves_differences_alone(row, shift):
    moved = (row[0] + shift, *row[1:3], row[3] + shift, *row[4:])
    for measure in ("MD", "SMD", "SMDH"):
        es, other = effects(measure, **means(row)), effects(measure, **means(moved))
        np.testing.assert_allclose(other.yi, es.yi, rtol=1e-7, atol=1e-9)


@SETTINGS
@given(row=summaries())
def test_corrections_vanish_with_large_groups(row):
    big = (row[0], row[1], 10**7, row[3], row[4], 10**7)
    m1, s1, _, m2, s2, _ = row
    d = (m1 - m2) / np.sqrt((s1**2 + s2**2) / 2)
    for measure in ("SMD", "SMDH"):
        assert effects(measure, **means(big)).yi.item() == pytest.approx(d, rel=1e-5, abs=1e-12)
    assert effects("ROM", **means(big)).yi.item() == pytest.approx(np.log(m1 / m2), abs=1e-3)
    variances = [effects("SMD", vtype=v, **means(big)).vi.item() for v in ("LS", "LS2", "UB", "RM")]
    assert np.ptp(variances) <= 1e-5 * variances[0]


@SETTINGS
@given(n=st.integers(5, 500), share=st.floats(0.1, 0.9))
def test_proportion_transformations_have_delta_method_variances(n, share):
    n, x = 1000 * n, round(1000 * n * share)
    p = x / n
    base = p * (1 - p) / n
    slopes = {"PR": 1.0, "PLN": 1 / p, "PLO": 1 / (p * (1 - p)), "PAS": 1 / (2 * np.sqrt(p * (1 - p)))}
    for measure, slope in slopes.items():
        es = effects(measure, events=[x], n=[n])
        assert es.vi.item() == pytest.approx(base * slope**2, rel=1e-9)
        back = MEASURES[measure].transform.back(es.yi).item()
        assert back == pytest.approx(p, rel=1e-9)
    assert effects("PFT", events=[x], n=[n]).yi.item() == pytest.approx(
        effects("PAS", events=[x], n=[n]).yi.item(), abs=1e-3
    )


@SETTINGS
@given(
    both=st.integers(1, 60), only1=st.integers(1, 60), only2=st.integers(1, 60), neither=st.integers(1, 60)
)
def test_swapping_the_conditions_of_pairs_turns_the_sign(both, only1, only2, neither):
    for measure in ("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO"):
        es = effects(measure, both=[both], only1=[only1], only2=[only2], neither=[neither])
        swapped = effects(measure, both=[both], only1=[only2], only2=[only1], neither=[neither])
        np.testing.assert_allclose(es.yi, -swapped.yi, atol=1e-12)
        np.testing.assert_allclose(es.vi, swapped.vi, rtol=1e-10)


def test_marginal_odds_from_the_margins_is_that_of_the_pairs():
    """With r the phi coefficient of the pairs, the margins say the same as the pairs' own table."""
    a, b, c, d = 20, 12, 7, 30
    phi = (a * d - b * c) / np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    pairs = effects("MPOR", both=[a], only1=[b], only2=[c], neither=[d])
    margins = effects("MPORM", events1=[a + b], n1=[69], events2=[a + c], n2=[69], r=[phi])
    np.testing.assert_allclose([margins.yi, margins.vi], [pairs.yi, pairs.vi], rtol=1e-12)


VALUES = {
    "events1": [3, 0, 8],
    "n1": [20, 15, 30],
    "events2": [5, 4, 2],
    "n2": [22, 18, 25],
    "r": [0.3, 0.5, 0.1],
    "both": [5, 3, 9],
    "only1": [4, 0, 2],
    "only2": [2, 6, 3],
    "neither": [7, 8, 4],
    "r2": [0.4, 0.5, 0.3],
    "time1": [20.0, 15, 30],
    "time2": [22.0, 18, 25],
    "time": [20.0, 15, 30],
    "events": [3, 0, 8],
    "n": [20, 15, 30],
    "mean1": [3.0, 4, 5],
    "sd1": [2.0, 3, 1],
    "mean2": [2.0, 5, 4],
    "sd2": [1.0, 2, 3],
    "auc": [0.6, 0.7, 0.4],
    "mean": [3.0, 4, 5],
    "sd": [2.0, 3, 1],
    "mean_change": [0.5, -1, 0.2],
    "sd_change": [1.0, 2, 3],
    "m": [2, 3, 4],
    "alpha": [0.7, 0.8, 0.9],
    "items": [5, 8, 10],
}


@pytest.mark.parametrize("measure", VECTORISED)
def test_rows_do_not_depend_on_each_other_nor_on_their_order(measure):
    columns = for_measure(measure, VALUES)
    es = effects(measure, **columns)
    assert es.exact.any()
    backwards = effects(measure, **{name: x[::-1] for name, x in columns.items()})
    np.testing.assert_allclose(backwards.yi[::-1], es.yi, rtol=1e-12)
    np.testing.assert_allclose(backwards.vi[::-1], es.vi, rtol=1e-12)
    alone = [effects(measure, **{name: x[i : i + 1] for name, x in columns.items()}) for i in range(3)]
    np.testing.assert_allclose([part.yi.item() for part in alone], es.yi, rtol=1e-12)
    np.testing.assert_allclose([part.vi.item() for part in alone], es.vi, rtol=1e-12)
