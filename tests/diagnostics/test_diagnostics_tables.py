"""meta.diagnostics: case_deletion, accumulation, contributions, batches."""

import json
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.diagnostics import baujat, cumulative, influence, leave_one_out, outliers
from meta.errors import InputError, NotEstimableError

FIXTURES = Path(__file__).parents[1] / "fixtures"
REFERENCE = json.loads((FIXTURES / "bias_reference.json").read_text())
R = json.loads((FIXTURES / "bias_diagnostics.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
NAMES = {
    "rstudent": "rstudent",
    "dffits": "dffits",
    "cook": "cook",
    "cov_ratio": "cov.r",
    "tau2": "tau2.del",
    "q": "QE.del",
    "hat": "hat",
    "dfbetas": "dfbetas",
}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def magnesium():
    return meta.effect_sizes(meta.datasets.load("egger2001"), measure="OR", study="author")


@pytest.mark.parametrize("column", NAMES)
def test_influence_of_bcg(column):
    table = influence(meta.pool(bcg(), test="z"))
    r = REFERENCE["bcg_influence"]
    assert table[column].to_numpy() == pytest.approx(r[NAMES[column]], rel=1e-7)
    assert table["estimate"].to_numpy() == pytest.approx(r["l1o_est"], rel=1e-7)
    assert table["i2"].to_numpy() == pytest.approx(r["l1o_I2"], rel=1e-7)


@pytest.mark.parametrize(
    ("name", "es", "options"),
    [
        ("bcg_influence_knha", bcg, {"test": "hksj"}),
        ("bcg_influence_DL_z", bcg, {"method": "DL", "test": "z"}),
        ("bcg_influence_EE_z", bcg, {"method": "EE", "test": "z"}),
        ("egger2001_influence", magnesium, {"test": "z"}),
    ],
)
def test_influence_under_other_models(name, es, options):
    table, r = influence(meta.pool(es(), **options)), R[name]
    for column, theirs in {**NAMES, "rstandard": "rstandard", "se": "l1o_se"}.items():
        if column == "tau2" and name.endswith("EE_z"):
            continue
        assert table[column].to_numpy() == pytest.approx(r[theirs], rel=1e-6, abs=1e-10), column
    assert table["influential"].tolist() == r["inf"]
    assert table["influential"].dtype == bool


def test_each_row_of_influence_is_a_refit():
    fit = meta.pool(bcg(), method="PM", test="hksj")
    table = influence(fit)
    for i in (0, 7, 12):
        other = meta.pool(bcg().subset(np.arange(13) != i), method="PM", test="hksj")
        row = table.iloc[i]
        assert [row["estimate"], row["se"], row["tau2"]] == pytest.approx(
            [other.estimate, other.se, other.tau2]
        )
        assert row["cook"] == pytest.approx((fit.estimate - other.estimate) ** 2 / fit.se**2)
        spread = other.hk_scale * (fit.effects.vi[i] + other.tau2) + other.se**2
        assert row["rstudent"] == pytest.approx((fit.effects.yi[i] - other.estimate) / spread**0.5)


def test_a_gross_outlier_is_influential():
    fit = meta.pool(yi=[0.1, 0.2, 0.15, 0.12, 0.18, 6.0], vi=[0.05] * 6, method="EE", test="z")
    assert influence(fit)["influential"].tolist()[-1]
    # under equal effects the outlier makes outliers of all the others too
    assert outliers(fit)["outlier"].all()
    assert outliers(fit).attrs["without"] is None
    table = outliers(meta.pool(fit.effects, test="z"))
    assert table["outlier"].tolist() == [False] * 5 + [True]
    assert table.attrs["without"]["estimate"] == pytest.approx(0.15)


def test_leave_one_out_and_by_cluster():
    fit = meta.pool(bcg(), test="z")
    table = leave_one_out(fit)
    assert table["study"].tolist() == bcg().study.tolist()
    assert table["tau2"].to_numpy() == pytest.approx(REFERENCE["bcg_influence"]["l1o_tau2"], rel=1e-7)
    by = leave_one_out(fit, cluster="alloc")
    assert by["study"].tolist() == ["random", "alternate", "systematic"]
    rest = bcg().subset(meta.datasets.load("bcg")["alloc"].to_numpy() != "random")
    other = meta.pool(rest, test="z")
    assert [by["estimate"][0], by["se"][0], by["k"][0]] == pytest.approx([other.estimate, other.se, other.k])
    with pytest.raises(NotEstimableError, match="only one cluster"):
        leave_one_out(fit, cluster=np.zeros(13))
    with pytest.raises(InputError, match="no column 'site'"):
        leave_one_out(fit, cluster="site")


def test_leave_one_out_keeps_user_weights_and_fixed_tau2():
    w = np.arange(1.0, 14.0)
    fit = meta.pool(bcg(), method=0.2, test="z", weights=w)
    table = leave_one_out(fit)
    keep = np.arange(13) != 4
    other = meta.pool(bcg().subset(keep), method=0.2, test="z", weights=w[keep])
    assert [table["estimate"][4], table["se"][4]] == pytest.approx([other.estimate, other.se])


def test_cumulative_in_the_order_of_the_data_and_by_year():
    fit = meta.pool(bcg(), test="z")
    expected = REFERENCE["bcg_bias"]["cumul"]
    by_year = cumulative(fit, order="year")
    assert by_year["estimate"].to_numpy() == pytest.approx(expected, rel=1e-7)
    assert len(by_year) == 13
    assert by_year["k"].tolist() == list(range(1, 14))
    assert by_year["order"].is_monotonic_increasing
    in_data_order = cumulative(fit)
    first = meta.pool(bcg().subset(np.arange(5)), test="z")
    assert in_data_order["estimate"][4] == pytest.approx(first.estimate)
    assert "order" not in in_data_order


def test_tables_take_effect_sizes_and_remember_the_measure():
    es = meta.effect_sizes(measure="GEN", yi=[0.1, 0.4, 0.2, 0.5], vi=[0.02, 0.03, 0.05, 0.04])
    assert cumulative(es).attrs["measure"] == "GEN"
    assert leave_one_out(es).attrs["measure"] == "GEN"


def test_cumulative_lau():
    table = meta.datasets.load("lau1992")
    es = meta.effect_sizes(table, measure="OR", study="author")
    got = cumulative(meta.pool(es, method="DL", test="z"), order="year")
    r = R["lau_cumul"]
    assert got["estimate"].to_numpy() == pytest.approx(r["estimate"], rel=1e-7)
    assert got["se"].to_numpy() == pytest.approx(r["se"], rel=1e-7)
    assert got["tau2"].to_numpy()[1:] == pytest.approx(r["tau2"][1:], rel=1e-7, abs=1e-12)
    assert got["q"].to_numpy() == pytest.approx(r["Q"], rel=1e-7, abs=1e-12)


def test_cumulative_ties_are_stable_and_can_collapse():
    table = {
        "yi": [0.1, 0.2, 0.3, 0.4],
        "vi": [0.1] * 4,
        "study": list("ABCD"),
        "year": [2000, 1990, 2000, 1990],
    }
    fit = meta.pool(meta.effect_sizes(table, measure="GEN", study="study"), method="DL", test="z")
    assert cumulative(fit, order="year")["study"].tolist() == ["B", "D", "A", "C"]
    assert cumulative(fit, order="year", descending=True)["study"].tolist() == ["A", "C", "B", "D"]
    together = cumulative(fit, order="year", collapse=True)
    assert together["k"].tolist() == [2, 4]
    assert together["estimate"].to_numpy() == pytest.approx([0.3, 0.25])
    with pytest.raises(InputError, match="collapse needs order"):
        cumulative(fit, collapse=True)
    with pytest.raises(InputError, match="no value for study 'C'"):
        cumulative(fit, order=[1, 2, np.nan, 3])


def test_baujat():
    table = baujat(meta.pool(bcg(), test="z"))
    r = REFERENCE["bcg_influence"]
    assert table["x"].to_numpy() == pytest.approx(r["baujat_x"], rel=1e-7)
    assert table["y"].to_numpy() == pytest.approx(r["baujat_y"], rel=1e-7)
    table = baujat(meta.pool(bcg(), method="EE", test="z"))
    assert table["x"].to_numpy() == pytest.approx(R["bcg_baujat_EE"]["x"], rel=1e-7)
    assert table["y"].to_numpy() == pytest.approx(R["bcg_baujat_EE"]["y"], rel=1e-7)
    assert table["x"].sum() == pytest.approx(meta.pool(bcg(), method="EE", test="z").q)


def test_outlier_rules():
    fit = meta.pool(bcg(), test="z")
    assert not outliers(fit)["outlier"].any()
    apart = outliers(fit, rule="interval")
    low, high = fit.ci_low, fit.ci_high
    half = 1.959963984540054 * bcg().sei
    expected = (bcg().yi + half < low) | (bcg().yi - half > high)
    assert apart["outlier"].tolist() == expected.tolist()
    kept = meta.pool(bcg().subset(~expected), test="z")
    assert apart.attrs["without"]["estimate"] == pytest.approx(kept.estimate)
    with pytest.raises(ValueError, match="deleted, bonferroni"):
        outliers(fit, rule="mad")


def test_tables_follow_a_shift_a_flip_and_the_row_order():
    es = bcg()
    base = influence(meta.pool(es, test="z"))
    moved = influence(meta.pool(yi=5 - es.yi, vi=es.vi, test="z"))
    assert moved["rstudent"].to_numpy() == pytest.approx(-base["rstudent"].to_numpy(), rel=1e-8)
    assert moved["cook"].to_numpy() == pytest.approx(base["cook"].to_numpy(), rel=1e-7)
    rows = np.random.default_rng(0).permutation(13)
    mixed = influence(meta.pool(es.subset(rows), test="z"))
    assert mixed["dffits"].to_numpy() == pytest.approx(base["dffits"].to_numpy()[rows], rel=1e-8)


def test_refusals_of_diagnostics():
    with pytest.raises(NotEstimableError, match="at least 3"):
        influence(meta.pool(bcg().subset([0, 1]), test="z"))
    with pytest.raises(AttributeError, match="it offers"):
        meta.diagnostics.influenc  # noqa: B018
    assert "gosh" in dir(meta.diagnostics)
