"""What is added to zero cells, to which studies, and what is said about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import meta
from meta.effects import zero_cells
from meta.errors import DataWarning, InputError, UnknownOptionError

TABLE = {"events1": [0, 5, 0, 25], "n1": [25, 25, 25, 25], "events2": [4, 9, 0, 25], "n2": [25, 25, 50, 25]}


def test_risk_difference_shifts_as_the_convention_has_it():
    es = meta.effect_sizes(measure="RD", events1=[0], n1=[25], events2=[4], n2=[25])
    assert es.yi.item() == pytest.approx(0.5 / 26 - 4.5 / 26, rel=1e-14)
    plain = meta.effect_sizes(measure="RD", to="none", events1=[0], n1=[25], events2=[4], n2=[25])
    assert plain.yi.item() == pytest.approx(-0.16, rel=1e-14)


KEPT = r"double-zero tables are kept, with .* added to their cells: .*; drop00=True leaves them out"


def test_only_tables_with_a_zero_are_touched_and_double_zeros_are_kept_and_said():
    with pytest.warns(DataWarning, match=KEPT) as caught:
        es = meta.effect_sizes(measure="OR", **TABLE)
    assert len(caught) == 1
    assert "with 0.5 added to their cells: '3' and '4'" in es.warnings[0]
    assert es.exact.all()
    assert es.yi[1] == pytest.approx(math.log(5 / 20 / (9 / 16)), rel=1e-13)
    assert es.yi[2] == pytest.approx(math.log(0.5 / 25.5 / (0.5 / 50.5)), rel=1e-13)
    assert es.yi[3] == pytest.approx(0.0, abs=1e-14)
    assert "0.5 added" in es.frame["yi_from"].iloc[0]
    assert "added" not in es.frame["yi_from"].iloc[1]


def test_risk_ratio_adds_to_both_cells_so_twice_to_n():
    with pytest.warns(DataWarning, match=KEPT):
        es = meta.effect_sizes(measure="RR", **TABLE)
    assert es.yi[0] == pytest.approx(math.log((0.5 / 26) / (4.5 / 26)), rel=1e-13)
    assert es.vi[0] == pytest.approx(1 / 0.5 - 1 / 26 + 1 / 4.5 - 1 / 26, rel=1e-13)


def test_peto_gets_the_half_too():
    es = meta.effect_sizes(measure="PETO", events1=[0], n1=[25], events2=[4], n2=[25])
    events, total, n = 5.0, 52.0, 26.0
    variance = events * (total - events) * n * n / (total**2 * (total - 1))
    assert es.yi.item() == pytest.approx((0.5 - events * n / total) / variance, rel=1e-13)


def test_arcsine_differences_need_nothing_added_and_keep_double_zeros():
    es = meta.effect_sizes(measure="AS", events1=[0, 0], n1=[25, 10], events2=[4, 0], n2=[25, 12])
    assert es.yi.tolist() == pytest.approx([-math.asin(0.4), 0.0], rel=1e-14)
    assert es.vi.tolist() == pytest.approx([2 / 100, 1 / 40 + 1 / 48], rel=1e-14)
    assert es.warnings == ()


@pytest.mark.parametrize(
    ("to", "touched"),
    [
        ("only0", [True, False, True, True]),
        ("all", [True, True, True, True]),
        ("if0all", [True, True, True, True]),
        ("none", [False, False, False, False]),
    ],
)
def test_to_says_which_tables(to, touched):
    got = zero_cells.adjust("2x2", {k: np.array(v, dtype=float) for k, v in TABLE.items()}, to=to)
    assert got.touched.tolist() == touched


def test_if0all_leaves_data_without_zeros_alone():
    assert zero_cells.chosen(np.array([False, False]), "if0all").tolist() == [False, False]


def test_without_a_correction_the_study_stays_without_an_effect():
    with pytest.warns(DataWarning, match="no effect for study 'A'"):
        es = meta.effect_sizes(
            measure="OR", to="none", study=["A", "B"], events1=[0, 5], n1=[9, 9], events2=[4, 6], n2=[9, 9]
        )
    assert es.kind.tolist() == ["none", "exact"]
    assert np.isnan(es.yi[0])
    assert np.isnan(es.vi[0])


def test_zero_variance_is_no_variance():
    with pytest.warns(DataWarning, match="variance 0"):
        es = meta.effect_sizes(measure="RD", to="none", events1=[0], n1=[9], events2=[0], n2=[9])
    assert es.kind.tolist() == ["none"]


def test_drop00_sets_double_zeros_aside_with_a_word():
    with pytest.warns(DataWarning, match=r"study '[34]'.*double-zero") as caught:
        es = meta.effect_sizes(measure="RR", drop00=True, **TABLE)
    assert len(caught) == 2
    assert es.kind.tolist() == ["exact", "exact", "none", "none"]
    assert len(es.warnings) == 2


def test_treatment_arm_correction_of_sweeting_2004():
    """Shares proportional to the arm's size that add up to one when add is a half."""
    es = meta.effect_sizes(
        measure="OR", correction="treatment-arm", events1=[0], n1=[100], events2=[3], n2=[300]
    )
    k1, k2 = 0.25, 0.75
    assert es.yi.item() == pytest.approx(
        math.log(k1 / (100 + k1)) - math.log((3 + k2) / (297 + k2)), rel=1e-13
    )
    assert es.vi.item() == pytest.approx(1 / k1 + 1 / (100 + k1) + 1 / (3 + k2) + 1 / (297 + k2), rel=1e-13)


def test_treatment_arm_correction_is_the_constant_one_for_equal_arms():
    given = {"events1": [0, 2], "n1": [40, 40], "events2": [3, 0], "n2": [40, 40]}
    constant = meta.effect_sizes(measure="RR", **given)
    shared = meta.effect_sizes(measure="RR", correction="treatment-arm", **given)
    np.testing.assert_allclose(shared.yi, constant.yi, rtol=1e-13)
    np.testing.assert_allclose(shared.vi, constant.vi, rtol=1e-13)


def test_a_treatment_arm_correction_gives_no_effect_for_double_zeros():
    with pytest.warns(DataWarning, match=KEPT):
        es = meta.effect_sizes(
            measure="OR", correction="treatment-arm", events1=[0], n1=[100], events2=[0], n2=[300]
        )
    assert es.yi.item() == pytest.approx(0.0, abs=1e-12)


def test_rates_add_to_the_events_and_not_to_the_time():
    es = meta.effect_sizes(measure="IRR", events1=[0], time1=[10.0], events2=[4], time2=[20.0])
    assert es.yi.item() == pytest.approx(math.log((0.5 / 10) / (4.5 / 20)), rel=1e-13)
    assert es.vi.item() == pytest.approx(1 / 0.5 + 1 / 4.5, rel=1e-13)


def test_single_proportions_add_to_events_and_non_events():
    es = meta.effect_sizes(measure="PLO", events=[10], n=[10])
    assert es.yi.item() == pytest.approx(math.log(10.5 / 0.5), rel=1e-13)


@pytest.mark.parametrize("bad", [{"to": "some"}, {"correction": "half"}])
def test_unknown_rules_are_refused(bad):
    with pytest.raises(UnknownOptionError, match="allowed"):
        meta.effect_sizes(measure="OR", **TABLE, **bad)


@pytest.mark.parametrize("add", [-0.5, float("nan"), "half"])
def test_a_negative_addition_is_refused(add):
    with pytest.raises(InputError, match="add must be a number"):
        meta.effect_sizes(measure="OR", add=add, **TABLE)
