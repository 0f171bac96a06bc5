"""`meta.effect_sizes`: what it takes, what it returns, and what it says."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import meta
from meta.effects import api, forms
from meta.effects.scales import SCALES
from meta.errors import DataWarning, InputError, UnknownOptionError

TRIALS = pd.DataFrame(
    {
        "trial": ["Aronson", "Ferguson", "Rosenthal"],
        "tpos": [4, 6, 3],
        "tn": [123, 306, 231],
        "cpos": [11, 29, 11],
        "cn": [139, 303, 220],
        "year": [1948, 1949, 1960],
    }
)
NAMES = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def test_the_frame_keeps_the_caller_s_columns_and_says_how_values_were_obtained():
    es = meta.effect_sizes(TRIALS, measure="RR", study="trial", **NAMES)
    frame = es.frame
    assert list(frame.columns[:6]) == list(TRIALS.columns)
    assert {"study", "yi", "vi", "sei", "yi_from", "vi_from"} <= set(frame.columns)
    assert frame["study"].tolist() == TRIALS["trial"].tolist()
    assert frame["yi_from"].iloc[0] == "RR of events1, n1, events2, n2"
    np.testing.assert_allclose(frame["sei"] ** 2, es.vi)
    assert es.measure == "RR"
    assert es.inputs["events1"].tolist() == [4.0, 6.0, 3.0]


def test_names_arrays_and_mixtures_of_them_agree():
    named = meta.effect_sizes(TRIALS, measure="OR", **NAMES)
    arrays = meta.effect_sizes(measure="OR", **{k: TRIALS[v] for k, v in NAMES.items()})
    lists = meta.effect_sizes(measure="OR", **{k: TRIALS[v].tolist() for k, v in NAMES.items()})
    mixed = meta.effect_sizes(TRIALS, measure="OR", **{**NAMES, "n2": [139, 303, 220]})
    for other in (arrays, lists, mixed):
        assert other.yi.tolist() == named.yi.tolist()
        assert other.vi.tolist() == named.vi.tolist()
    assert arrays.frame["events1"].tolist() == [4, 6, 3]
    assert mixed.frame["n2"].tolist() == [139, 303, 220]


def test_non_events_serve_as_well_as_totals():
    whole = meta.effect_sizes(TRIALS, measure="RR", **NAMES)
    parts = meta.effect_sizes(
        TRIALS.assign(tneg=TRIALS.tn - TRIALS.tpos, cneg=TRIALS.cn - TRIALS.cpos),
        measure="RR",
        events1="tpos",
        nonevents1="tneg",
        events2="cpos",
        nonevents2="cneg",
    )
    np.testing.assert_allclose(parts.yi, whole.yi, rtol=1e-14)
    assert parts.frame["n1_from"].tolist() == ["events1 + nonevents1"] * 3
    others = meta.effect_sizes(
        measure="RR", nonevents1=TRIALS.tn - TRIALS.tpos, n1=TRIALS.tn, events2=TRIALS.cpos, n2=TRIALS.cn
    )
    np.testing.assert_allclose(others.yi, whole.yi, rtol=1e-14)


def test_columns_that_carry_the_arguments_names_need_not_be_named():
    table = TRIALS.rename(columns={v: k for k, v in NAMES.items()})
    assert (
        meta.effect_sizes(table, measure="RR").yi.tolist()
        == meta.effect_sizes(TRIALS, measure="RR", **NAMES).yi.tolist()
    )
    generic = meta.effect_sizes(pd.DataFrame({"yi": [0.1], "sei": [0.2]}), measure="GEN")
    assert generic.vi.item() == pytest.approx(0.04)


def test_scalars_hold_for_all_rows_and_alone_make_one_study():
    es = meta.effect_sizes(
        measure="SMCR", mean_pre=[1.0, 2], mean_post=[2.0, 2], sd_pre=[1.0, 1], n=[9, 9], r=0.5
    )
    assert es.k == 2
    assert es.frame["r"].tolist() == [0.5, 0.5]
    assert meta.effect_sizes(measure="OR", events1=1, n1=9, events2=2, n2=9).k == 1


@pytest.mark.parametrize(
    ("measure", "options", "variant"),
    [
        ("SMD", {}, "LS (large-sample variance); exact Hedges correction"),
        (
            "SMD",
            {"vtype": "UB", "exact": False},
            "UB (unbiased variance); approximate Hedges correction 1 - 3/(4m - 1)",
        ),
        ("ROM", {}, "LS (large-sample variance); bias-corrected"),
        ("ROM", {"bias_correction": False}, "LS (large-sample variance); without bias correction"),
        ("SMDH", {}, "exact Hedges correction"),
    ],
)
def test_the_result_carries_the_formula_s_name(measure, options, variant):
    given = {"mean1": [2.0], "sd1": [1.0], "n1": [9], "mean2": [1.5], "sd2": [1.0], "n2": [9]}
    es = meta.effect_sizes(measure=measure, **given, **options)
    assert es.variant == variant
    assert es.provenance["vi"] == variant


# already computed effects


def test_computed_effects_by_variance_standard_error_or_interval():
    yi, vi = [0.2, -0.1], [0.04, 0.09]
    z = stats.norm.ppf(0.975)
    by_vi = meta.effect_sizes(measure="GEN", yi=yi, vi=vi)
    by_sei = meta.effect_sizes(measure="GEN", yi=yi, sei=[0.2, 0.3])
    by_ci = meta.effect_sizes(
        measure="GEN", yi=yi, ci_low=[0.2 - 0.2 * z, -0.1 - 0.3 * z], ci_high=[0.2 + 0.2 * z, -0.1 + 0.3 * z]
    )
    for es in (by_vi, by_sei, by_ci):
        np.testing.assert_allclose(es.vi, vi, rtol=1e-12)
        assert es.yi.tolist() == yi
    assert by_ci.frame["vi_from"].tolist() == ["95% interval (model scale), normal quantile"] * 2


def test_intervals_of_other_levels_and_with_t_quantiles():
    t = stats.t.ppf(0.95, [10, 20])
    half = 0.5 * t
    es = meta.effect_sizes(
        measure="MD", yi=[1.0, 1.0], ci_low=1 - half, ci_high=1 + half, level=0.9, df=[10, 20]
    )
    np.testing.assert_allclose(es.sei, 0.5, rtol=1e-12)
    one_df = meta.effect_sizes(
        measure="MD", yi=[1.0], ci_low=1 - half[:1], ci_high=1 + half[:1], level=0.9, df=10
    )
    assert one_df.sei.item() == pytest.approx(0.5, rel=1e-12)
    table = pd.DataFrame({"y": [1.0], "low": 1 - half[:1], "high": 1 + half[:1], "nu": [10]})
    named = meta.effect_sizes(table, measure="GEN", yi="y", ci_low="low", ci_high="high", level=0.9, df="nu")
    assert named.sei.item() == pytest.approx(0.5, rel=1e-12)


HAZARD = {"ci_low": [0.64], "ci_high": [1.0]}


@pytest.mark.parametrize(
    "given",
    [
        {"estimate": [0.8], **HAZARD},
        {"estimate": [0.8], **HAZARD, "ci_scale": "display"},
        {"yi": [np.log(0.8)], **HAZARD, "ci_scale": "display"},
        {"yi": [np.log(0.8)], **HAZARD, "ci_scale": "ratio"},
        {"yi": [np.log(0.8)], "ci_low": [np.log(0.64)], "ci_high": [0.0]},
        {"yi": [np.log(0.8)], "ci_low": [np.log(0.64)], "ci_high": [0.0], "ci_scale": "log"},
        {"ci_low": [0.64], "ci_high": [1.0], "ci_scale": "display"},
    ],
)
@pytest.mark.parametrize("measure", ["HR", "RR"])
def test_the_scale_of_the_interval_is_stated(measure, given):
    es = meta.effect_sizes(measure=measure, **given)
    assert es.yi.item() == pytest.approx(np.log(0.8), rel=1e-12)
    assert es.sei.item() == pytest.approx(-np.log(0.64) / (2 * stats.norm.ppf(0.975)), rel=1e-12)


def test_a_generic_ratio_interval():
    es = meta.effect_sizes(measure="GEN", estimate=[0.8], ci_low=[0.64], ci_high=[1.0], ci_scale="ratio")
    assert es.yi.item() == pytest.approx(np.log(0.8), rel=1e-12)


def test_efficacy_intervals_change_ends_with_the_scale():
    es = meta.effect_sizes(measure="VE", estimate=[90.0], ci_low=[80.0], ci_high=[95.0])
    assert es.yi.item() == pytest.approx(np.log(0.1), rel=1e-12)
    assert es.sei.item() == pytest.approx(np.log(4) / (2 * stats.norm.ppf(0.975)), rel=1e-12)


def test_ways_may_differ_from_row_to_row():
    es = meta.effect_sizes(
        measure="GEN",
        yi=[0.1, 0.2, np.nan],
        vi=[0.04, np.nan, np.nan],
        sei=[np.nan, 0.3, np.nan],
        ci_low=[np.nan, np.nan, 0.0],
        ci_high=[np.nan, np.nan, 1.0],
    )
    np.testing.assert_allclose(es.yi, [0.1, 0.2, 0.5])
    np.testing.assert_allclose(es.vi[:2], [0.04, 0.09])
    assert es.frame["vi_from"].tolist()[:2] == ["as given", "sei squared"]
    assert es.exact.all()


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"level": 95}, InputError, "level must lie between 0 and 1, not 95; write 0.95 for 95%"),
        ({"df": [0]}, InputError, "df must be > 0"),
        ({"ci_scale": "natural"}, UnknownOptionError, "unknown ci_scale"),
    ],
)
def test_interval_options_are_checked(options, error, match):
    with pytest.raises(error, match=match):
        meta.effect_sizes(measure="GEN", yi=[1.0], ci_low=[0.0], ci_high=[2.0], **options)


@pytest.mark.parametrize("option", [{"df": 5}, {"ci_scale": "display"}])
def test_interval_options_without_an_interval_are_refused(option):
    with pytest.raises(InputError, match="has no effect without ci_low and ci_high"):
        meta.effect_sizes(measure="GEN", yi=[1.0], vi=[1.0], **option)


def test_ratios_must_be_positive():
    with pytest.raises(
        InputError, match=r"ci_low is not on the display scale of HR: study .1. has ci_low = -0\.2"
    ):
        meta.effect_sizes(measure="HR", estimate=[0.8], ci_low=[-0.2], ci_high=[1.0])


# forms of input


def test_standard_errors_and_standardised_shortcuts():
    whole = {"mean1": [5.0], "sd1": [2.0], "n1": [16], "mean2": [4.0], "sd2": [2.0], "n2": [25]}
    g = meta.effect_sizes(measure="SMD", **whole)
    by_se = meta.effect_sizes(measure="SMD", mean1=[5.0], se1=[0.5], n1=[16], mean2=[4.0], se2=[0.4], n2=[25])
    t = 0.5 / np.sqrt(1 / 16 + 1 / 25)
    p = 2 * stats.t.sf(t, 39)
    r = 0.5 / np.sqrt(0.25 + 39 / 16 + 39 / 25)
    for given in (
        {"d": [0.5]},
        {"t": [t]},
        {"p_signed": [p]},
        {"p": [p], "direction": ["higher"]},
        {"r_pb": [r]},
    ):
        es = meta.effect_sizes(measure="SMD", n1=[16], n2=[25], **given)
        np.testing.assert_allclose([es.yi, es.vi], [g.yi, g.vi], rtol=1e-9)
    with pytest.warns(DataWarning, match="two-sided p has no sign"):
        unsigned = meta.effect_sizes(measure="SMD", n1=[16], n2=[25], p=[p])
    assert unsigned.kind.tolist() == ["mixture"]
    np.testing.assert_allclose([value for value, _ in unsigned.mixtures[0]], [-g.yi[0], g.yi[0]], rtol=1e-9)
    negative = meta.effect_sizes(measure="SMD", n1=[16], n2=[25], p=[-p])
    np.testing.assert_allclose(negative.yi, -g.yi, rtol=1e-9)
    np.testing.assert_allclose([by_se.yi, by_se.vi], [g.yi, g.vi], rtol=1e-12)


def test_rows_fill_what_they_lack_from_what_they_have():
    es = meta.effect_sizes(
        measure="MD",
        mean1=[5.0, 5.0],
        sd1=[2.0, np.nan],
        se1=[0.5, 0.5],
        n1=[16, 16],
        mean2=[4.0, 4.0],
        sd2=[2.0, 2.0],
        n2=[25, 25],
    )
    assert es.vi[0] == es.vi[1]
    assert es.frame["sd1_from"].tolist() == ["", "se1 * sqrt(n1)"]


def test_correlations_from_t_and_signed_p():
    r, n = 0.35, 40
    t = r * np.sqrt((n - 2) / (1 - r**2))
    p = 2 * stats.t.sf(t, n - 2)
    assert meta.effect_sizes(measure="COR", t=[t], n=[n]).yi.item() == pytest.approx(r, rel=1e-12)
    assert meta.effect_sizes(measure="COR", p=[-p], n=[n]).yi.item() == pytest.approx(-r, rel=1e-9)


def test_change_sd_from_the_correlation_and_back():
    given = {"mean1": [5.0], "mean2": [4.0], "sd1": [2.0], "sd2": [3.0], "n": [20]}
    by_r = meta.effect_sizes(measure="MC", r=[0.5], **given)
    assert by_r.vi.item() == pytest.approx((4 + 9 - 6) / 20)
    by_sd = meta.effect_sizes(measure="SMCR", sd_change=[np.sqrt(7)], **given)
    assert by_sd.inputs["r"].item() == pytest.approx(0.5)


def test_an_impossible_correlation_is_refused_with_its_study():
    with pytest.raises(InputError, match="r must lie between -1 and 1: study '1' has r = -"):
        meta.effect_sizes(
            measure="SMCR", mean1=[5.0], mean2=[4.0], sd1=[2.0], sd2=[3.0], n=[20], sd_change=[9.0]
        )


def test_generic_rules_name_their_quantile():
    rules = forms.generic_rules(SCALES["log"], "display", 0.95, np.array([5.0]))
    assert any("t quantile" in rule.how for rule in rules)


# refusals


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            {"measure": "SMD", "mean1": [1]},
            r"measure 'SMD' needs mean1 sd1 n1 mean2 sd2 n2; give sd1 \(or se1 n1\)",
        ),
        ({"measure": "SMD"}, "measure 'SMD' needs"),
        ({"measure": "MD", "mean_1": [1]}, r"effect_sizes\(\) does not take mean_1; did you mean mean1"),
        ({"measure": "GEN", "yi": [1]}, r"measure 'GEN' needs yi vi; give vi \(or sei\)"),
        (
            {"measure": "GEN", "yi": [1, 2], "vi": [1]},
            "vi must have one value per row: it has 1, the others 2",
        ),
        ({"measure": "GEN", "yi": [[1, 2]], "vi": [1]}, "yi must be a single column"),
        ({"measure": "GEN", "yi": [1], "vi": [1], "study": ["a", "b"]}, "study must have one label per row"),
        ({"measure": "GEN", "yi": "y", "vi": [1]}, "yi='y' names a column, but no table was given"),
        ({"measure": "GEN", "yi": ["0.3"], "vi": [1]}, "yi must be numeric: study '1' has yi = '0.3'"),
        ({"measure": "GEN", "yi": [np.inf], "vi": [1]}, "yi must be finite: study '1' has yi = inf"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(call, match):
    with pytest.raises(InputError, match=match):
        meta.effect_sizes(**call)


def test_mistyped_columns_get_a_suggestion():
    with pytest.raises(InputError, match="events1='tpoz' is not a column of the table; did you mean 'tpos'"):
        meta.effect_sizes(TRIALS, measure="RR", **{**NAMES, "events1": "tpoz"})


def test_an_empty_table_is_refused():
    with pytest.raises(InputError, match="the table has no rows"):
        meta.effect_sizes(TRIALS.iloc[:0], measure="RR", **NAMES)


def test_warnings_point_at_the_caller():
    with pytest.warns(DataWarning) as caught:
        meta.effect_sizes(measure="GEN", yi=[np.nan], vi=[1.0])
    assert caught[0].filename == __file__


# speed


def test_a_million_tables_in_well_under_a_second_and_without_pandas():
    k = 1_000_000
    rng = np.random.default_rng(1)
    n1, n2 = rng.integers(20, 200, k), rng.integers(20, 200, k)
    given = {"events1": rng.binomial(n1, 0.1), "n1": n1, "events2": rng.binomial(n2, 0.1), "n2": n2}
    given["events1"][(given["events1"] == 0) & (given["events2"] == 0)] = 1
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        es = api.effect_sizes(measure="OR", **given)
        best = min(best, time.process_time() - start)
    assert es.exact.all()
    assert best < 1.0
    assert "frame" not in vars(es)


def test_pandas_is_not_imported_for_arrays():
    code = (
        "import sys, meta; meta.effect_sizes({'y': [1.0], 'v': [2.0]}, measure='GEN', yi='y', vi='v');"
        "meta.effect_sizes(measure='RTET', events1=[3], n1=[9], events2=[4], n2=[9]);"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
