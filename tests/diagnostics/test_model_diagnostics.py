"""meta.diagnostics of regressions, multilevel models and counts: residuals, influence, refits, profiles."""

import json
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.diagnostics import (
    baujat,
    cumulative,
    influence,
    leave_one_out,
    outliers,
    profile,
    qq,
    residuals,
)
from meta.errors import InputError, NotEstimableError, UnknownOptionError, quiet

R = json.loads((Path(__file__).parents[1] / "fixtures" / "moderated_influence.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
# rma.mv stops at a relative change of its likelihood
MULTILEVEL = {"rel": 2e-5, "abs": 1e-7}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def schools():
    table = meta.datasets.load("konstantopoulos2011")
    table = table.assign(since=table["year"] - 1990)
    return meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi", study="study")


def districts(**options):
    return meta.pool_multilevel(schools(), levels=["district", "school"], **options)


def berkey():
    table = meta.datasets.load("berkey1998")
    es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    trial, v1, v2 = (table[name].to_numpy() for name in ("trial", "v1i", "v2i"))
    V = np.zeros((es.k, es.k))
    for t in np.unique(trial):
        rows = np.flatnonzero(trial == t)
        V[np.ix_(rows, rows)] = np.column_stack([v1[rows], v2[rows]])
    return meta.pool_multilevel(es, levels="trial", inner="outcome", V=V, moderators="~ 0 + outcome")


def numbers(values):
    return np.array([np.nan if x is None else x for x in values], dtype=float)


FITS = {
    "z": ("~ ablat + year", {"test": "z"}),
    "knha": ("~ ablat + year", {}),
    "EE": ("~ ablat + year", {"method": "EE", "test": "z"}),
    "DL": ("~ ablat + year", {"method": "DL", "test": "z"}),
    "factor": ("~ alloc", {"test": "z"}),
}


@pytest.mark.parametrize("name", FITS)
def test_influence_in_meta_regressions(name):
    formula, options = FITS[name]
    r = R["regression"][name]
    table = influence(meta.regress(bcg(), formula, **options))
    for column in ("rstandard", "rstudent", "dffits", "cook", "cov_ratio", "tau2", "hat", "weight"):
        assert table[column].to_numpy() == pytest.approx(numbers(r[column]), rel=1e-6, abs=1e-9), column
    assert table["q"].to_numpy() == pytest.approx(numbers(r["qe"]), rel=1e-8)
    ours = [column for column in table if column.startswith("dfbetas_")]
    assert len(ours) == len(r["dfbetas"])
    for column, theirs in zip(ours, r["dfbetas"].values(), strict=True):
        assert table[column].to_numpy() == pytest.approx(numbers(theirs), rel=1e-5, abs=1e-7), column
    assert table["influential"].tolist() == r["influential"]


@pytest.mark.parametrize("name", ["z", "knha", "DL"])
def test_residuals_of_every_kind(name):
    formula, options = FITS[name]
    fit = meta.regress(bcg(), formula, **options)
    table = residuals(fit)
    for column in ("pearson", "cholesky", "rstandard", "rstandard_se", "rstudent", "rstudent_se"):
        assert table[column].to_numpy() == pytest.approx(numbers(R["regression"][name][column]), rel=1e-7), (
            column
        )
    assert table["residual"].to_numpy() == pytest.approx(bcg().yi - fit.fitted)
    assert (table["deleted"] / table["rstudent_se"]).to_numpy() == pytest.approx(table["rstudent"].to_numpy())


def test_a_row_of_influence_is_a_refit_of_the_regression():
    fit = meta.regress(bcg(), "~ ablat", method="PM", test="hksj")
    row = influence(fit).iloc[3]
    rest = meta.regress(bcg().subset(np.arange(13) != 3), "~ ablat", method="PM", test="hksj")
    assert [row["estimate_Intercept"], row["estimate_ablat"]] == pytest.approx(rest.beta, rel=1e-9)
    assert [row["se_ablat"], row["tau2"], row["q"]] == pytest.approx([rest.se[1], rest.tau2, rest.qe])
    change = fit.beta - rest.beta
    assert row["cook"] == pytest.approx(change @ np.linalg.solve(fit.vcov, change))
    assert row["cov_ratio"] == pytest.approx(np.linalg.det(rest.vcov) / np.linalg.det(fit.vcov))


def test_a_study_without_which_a_coefficient_is_lost_has_no_deletion():
    es = bcg()
    lonely = meta.EffectSizes(es.yi, es.vi, "RR", es.study, columns={"x": np.eye(13)[0]})
    table = influence(meta.regress(lonely, "~ x", test="z"))
    assert np.isnan(
        table.loc[0, ["cook", "dffits", "estimate_x", "rstudent", "rstandard"]].to_numpy(float)
    ).all()
    # a leverage of 1 is beyond 3 p / k
    assert table["influential"][0]
    assert table["cook"][1:].notna().all()
    assert np.isnan(leave_one_out(meta.regress(lonely, "~ x", test="z"))["estimate"][:2]).all()


def test_weights_of_generalised_q_are_kept_in_refits():
    w = np.arange(1.0, 14.0)
    fit = meta.regress(bcg(), "~ ablat", method="GENQ", weights=w, test="z")
    keep = np.arange(13) != 5
    rest = meta.regress(bcg().subset(keep), "~ ablat", method="GENQ", weights=w[keep], test="z")
    assert influence(fit)["tau2"][5] == pytest.approx(rest.tau2, rel=1e-9)


def multilevel_agrees(table, against, r):
    for column in ("rstandard", "rstandard_se", "rstudent", "rstudent_se"):
        assert against[column].to_numpy() == pytest.approx(numbers(r[column]), **MULTILEVEL), column
    assert table["cook"].to_numpy() == pytest.approx(numbers(r["cook"]), **MULTILEVEL)
    ours = [column for column in table if column.startswith("dfbetas")]
    for column, theirs in zip(ours, r["dfbetas"].values(), strict=True):
        assert table[column].to_numpy() == pytest.approx(numbers(theirs), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "reestimate"),
    [
        ("kon_district", {}, True),
        ("kon_district_held", {}, False),
        ("kon_year", {"moderators": "~ since"}, True),
    ],
)
def test_multilevel_influence_by_cluster(name, options, reestimate):
    fit, r = districts(**options), R["multilevel"][name]
    table = influence(fit, cluster="district", reestimate=reestimate)
    multilevel_agrees(table, residuals(fit, cluster="district", reestimate=reestimate), r)
    assert table["x2"].to_numpy() == pytest.approx(r["x2"], rel=1e-5)
    assert table["x2_standard"].to_numpy() == pytest.approx(r["x2_standard"], rel=1e-5)
    assert table["k"].tolist() == r["k"]
    assert table["study"].tolist() == r["cluster"]
    assert table["hat"].sum() == pytest.approx(fit.p)
    by_row = np.array(r["hat"])
    members = fit.es.columns["district"].astype(str)
    assert table["hat"].to_numpy() == pytest.approx(
        [by_row[members == d].sum() for d in table["study"]], rel=1e-6
    )


def test_multilevel_influence_by_effect():
    fit, r = districts(), R["multilevel"]["kon_rows"]
    table = influence(fit)
    assert table["rstudent"].to_numpy() == pytest.approx(r["rstudent"], **MULTILEVEL)
    assert table["rstandard"].to_numpy() == pytest.approx(r["rstandard"], **MULTILEVEL)
    assert table["cook"].to_numpy() == pytest.approx(r["cook"], **MULTILEVEL)
    assert table["hat"].to_numpy() == pytest.approx(r["hat"], rel=1e-6)
    assert {"sigma2_district", "sigma2_school"} <= set(table)


def test_cholesky_and_pearson_residuals_of_correlated_effects():
    table = residuals(districts(), reestimate=False)
    assert table["pearson"].to_numpy() == pytest.approx(R["multilevel"]["kon_pearson"], rel=1e-5)
    # the reference takes the same root of the inverse
    assert table["cholesky"].to_numpy() == pytest.approx(R["multilevel"]["kon_cholesky"], rel=1e-5, abs=1e-7)


def test_influence_with_correlated_sampling_errors():
    table = meta.datasets.load("assink2016")
    es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi", study="study")
    fit = meta.pool_multilevel(es, levels=["study", "esid"], rho=0.6)
    found, r = influence(fit, cluster="study"), R["multilevel"]["assink_study"]
    assert found["x2"].to_numpy() == pytest.approx(r["x2"], rel=1e-4)
    assert found["cook"].to_numpy() == pytest.approx(r["cook"], rel=1e-4)
    assert found["dfbetas"].to_numpy() == pytest.approx(r["dfbetas"]["intrcpt"], rel=1e-4)


def test_influence_with_an_inner_structure():
    fit, r = berkey(), R["multilevel"]["berkey_trial"]
    table, against = influence(fit, cluster="trial"), residuals(fit, cluster="trial")
    # a correlation near 1 leaves the reference's likelihood flat
    assert against["rstudent"].to_numpy() == pytest.approx(r["rstudent"], rel=2e-4, abs=1e-5)
    assert against["rstandard"].to_numpy() == pytest.approx(r["rstandard"], rel=2e-4, abs=1e-5)
    assert table["cook"].to_numpy() == pytest.approx(r["cook"], rel=2e-3, abs=1e-5)
    assert table["x2"].to_numpy() == pytest.approx(r["x2"], rel=2e-3)
    with pytest.raises(NotEstimableError, match="one mean"):
        cumulative(fit)


def test_leave_one_out_of_multilevel_fits():
    table = leave_one_out(districts(), cluster="district")
    assert table.attrs["rows"] == "without"
    table = table.set_index("study")
    for district, r in R["multilevel"]["kon_without"].items():
        row = table.loc[district]
        got = [row["estimate"], row["se"], row["sigma2_district"], row["sigma2_school"], row["q"], row["k"]]
        assert got == pytest.approx([r["beta"], r["se"], *r["sigma2"], r["qe"], r["k"]], rel=1e-5)


def test_leave_one_out_of_regressions_has_a_row_a_coefficient():
    fit = meta.regress(bcg(), "~ ablat + year", test="hksj")
    table = leave_one_out(fit)
    assert table["term"].tolist()[:3] == ["Intercept", "ablat", "year"]
    rest = meta.regress(bcg().subset(np.arange(13) != 1), "~ ablat + year", test="hksj")
    row = table[(table["study"] == bcg().study[1]) & (table["term"] == "ablat")].iloc[0]
    theirs = rest.coefficients.loc["ablat"]
    for column in ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high"):
        assert row[column] == pytest.approx(theirs[column], rel=1e-8), column
    assert [row["tau2"], row["q"], row["q_p"]] == pytest.approx([rest.tau2, rest.qe, rest.qe_p], rel=1e-8)
    by = leave_one_out(fit, cluster="alloc")
    assert by["study"].unique().tolist() == ["random", "alternate", "systematic"]


def test_cumulative_by_cluster_of_a_multilevel_fit():
    table = cumulative(districts(), cluster="district")
    for step, r in R["multilevel"]["kon_first"].items():
        row = table.iloc[int(step) - 1]
        got = [row["estimate"], row["se"], row["sigma2_district"], row["sigma2_school"], row["q"], row["k"]]
        assert got == pytest.approx([r["beta"], r["se"], *r["sigma2"], r["qe"], r["k"]], rel=1e-5, abs=1e-6)
    # one district says nothing about the variance between districts
    assert np.isnan(table["sigma2_district"][0])
    table_of = meta.datasets.load("konstantopoulos2011")
    year = table_of.groupby("district")["year"].transform("min").to_numpy()
    newest = cumulative(districts(), cluster="district", order=year, descending=True)
    assert newest["order"].is_monotonic_decreasing
    assert newest["estimate"].iloc[-1] == pytest.approx(table["estimate"].iloc[-1], rel=1e-6)


def test_cumulative_by_cluster_of_a_pooled_fit():
    fit = meta.pool(schools(), test="z")
    year = meta.datasets.load("konstantopoulos2011").groupby("district")["year"].transform("min")
    table = cumulative(fit, cluster="district", order=year.to_numpy())
    first = meta.pool(schools().subset(schools().columns["district"] == int(table["study"][0])), test="z")
    assert [table["estimate"][0], table["k"][0]] == pytest.approx([first.estimate, first.k])
    assert table["k"].iloc[-1] == 56
    with pytest.raises(InputError, match="one value per cluster: '644' has 1995 and 1994"):
        cumulative(fit, cluster="district", order="year")


@pytest.mark.parametrize("method", ["MH", "Peto"])
def test_counts_without_each_study_and_in_order(method):
    table = meta.datasets.load("bcg")
    fit = meta.pool_counts(table, measure="OR", method=method, study="author", **ARMS)
    r = R["counts"][method]
    found = {"without": leave_one_out(fit), "cumulative": cumulative(fit, order=table["year"].to_numpy())}
    for name, got in found.items():
        for column, theirs in (("estimate", "estimate"), ("se", "se"), ("q", "q"), ("p_value", "p")):
            assert got[column].to_numpy() == pytest.approx(r[name][theirs], rel=1e-7, abs=1e-10), column
    points = baujat(fit)
    assert points["x"].to_numpy() == pytest.approx(r["baujat"]["x"], rel=1e-8)
    assert points["y"].to_numpy() == pytest.approx(r["baujat"]["y"], rel=1e-8)
    left = residuals(fit)
    assert left["rstudent"].to_numpy() == pytest.approx(r["rstudent"], rel=1e-8)
    assert left["pearson"].to_numpy() == pytest.approx(r["rstandard"], rel=1e-8)


def test_counts_refuse_what_has_no_closed_form():
    table = meta.datasets.load("bcg")
    fit = meta.pool_counts(table, measure="OR", method="GLMM", model="CM.AL", **ARMS)
    with pytest.raises(InputError, match="MH and Peto, not GLMM"):
        leave_one_out(fit)
    mh = meta.pool_counts(table, measure="OR", method="MH", **ARMS)
    with pytest.raises(InputError, match="carry no column 'alloc'"):
        leave_one_out(mh, cluster="alloc")
    assert len(leave_one_out(mh, cluster=table["alloc"].to_numpy())) == 3
    with pytest.raises(InputError, match="not a PooledCounts"):
        influence(mh)


def test_baujat_of_a_regression_and_of_a_multilevel_fit():
    points = baujat(meta.regress(bcg(), "~ ablat + year", test="z"))
    assert points["x"].to_numpy() == pytest.approx(R["regression"]["baujat"]["x"], rel=1e-7)
    assert points["y"].to_numpy() == pytest.approx(R["regression"]["baujat"]["y"], rel=1e-6)
    es = bcg()
    one = meta.EffectSizes(es.yi, es.vi, "RR", es.study, columns={"row": np.arange(13)})
    nested = baujat(meta.pool_multilevel(one, levels="row"))
    plain = baujat(meta.pool(es, test="z"))
    assert nested["x"].to_numpy() == pytest.approx(plain["x"].to_numpy(), rel=1e-5)
    assert nested["y"].to_numpy() == pytest.approx(plain["y"].to_numpy(), rel=1e-4)


def test_a_multilevel_fit_of_one_level_has_the_influence_of_a_pooled_one():
    es = bcg()
    one = meta.EffectSizes(es.yi, es.vi, "RR", es.study, columns={"row": np.arange(13)})
    nested, plain = influence(meta.pool_multilevel(one, levels="row")), influence(meta.pool(es, test="z"))
    by_row = influence(meta.pool(es, test="z"), cluster=np.arange(13))
    for column in ("rstudent", "cook", "cov_ratio", "dfbetas", "dffits", "hat", "weight"):
        assert nested[column].to_numpy() == pytest.approx(plain[column].to_numpy(), rel=1e-4), column
    assert by_row["x2"].to_numpy() == pytest.approx(plain["rstudent"].to_numpy() ** 2, rel=1e-8)
    assert by_row["cook"].to_numpy() == pytest.approx(plain["cook"].to_numpy(), rel=1e-8)


def test_held_heterogeneity_is_a_fit_at_the_same_tau2():
    fit = meta.pool(bcg(), test="z")
    table = influence(fit, reestimate=False)
    rest = meta.pool(bcg().subset(np.arange(13) != 6), method=fit.tau2, test="z")
    assert [table["estimate"][6], table["se"][6]] == pytest.approx([rest.estimate, rest.se])
    assert table["tau2"].to_numpy() == pytest.approx(np.full(13, fit.tau2))
    assert np.abs(table["rstudent"] - influence(fit)["rstudent"]).max() > 0.01


def test_outliers_of_a_regression():
    fit = meta.regress(bcg(), "~ ablat + year", test="z")
    table = outliers(fit)
    assert np.flatnonzero(table["outlier"]).tolist() == [6, 12]
    rest = meta.regress(bcg().subset(~table["outlier"].to_numpy()), "~ ablat + year", test="z")
    assert table.attrs["without"]["estimate"] == pytest.approx(rest.beta.tolist())
    assert table.attrs["without"]["tau2"] == pytest.approx(rest.tau2)
    apart = outliers(fit, rule="interval")["outlier"].to_numpy()
    ends = fit.predict()
    half = 1.959963984540054 * bcg().sei
    low, high = ends["ci_low"].to_numpy(), ends["ci_high"].to_numpy()
    assert apart.tolist() == ((bcg().yi + half < low) | (bcg().yi - half > high)).tolist()
    with pytest.raises(UnknownOptionError, match="bonferroni"):
        outliers(fit, rule="gross")


def test_quantile_plot_of_a_regression():
    fit = meta.regress(bcg(), "~ ablat", test="z")
    table = qq(fit, seed=3)
    assert table["residual"].to_numpy() == pytest.approx(np.sort(residuals(fit)["rstandard"]))
    assert (table["low"] < table["high"]).all()
    # standardised residuals have about unit spread, so that the envelope holds the normal line
    assert ((table["low"] < table["theoretical"]) & (table["theoretical"] < table["high"])).all()
    assert qq(fit, seed=3).equals(table)
    with pytest.raises(InputError, match="independent effects"):
        qq(districts())


def test_profile_likelihoods():
    r = R["profiles"]
    fits = {
        "mean": meta.pool(bcg(), test="z"),
        "regression": meta.regress(bcg(), "~ ablat + year", test="z"),
        "regression_ml": meta.regress(bcg(), "~ ablat + year", method="ML", test="z"),
        "district": districts(),
    }
    for name, fit in fits.items():
        curve = profile(fit, values=r[name]["x"])
        assert curve["loglik"].to_numpy() == pytest.approx(r[name]["loglik"], rel=1e-9), name
    assert profile(fits["mean"]).attrs["interval"] == pytest.approx(r["mean_pl"], rel=1e-8)
    assert profile(fits["regression_ml"]).attrs["interval"] == pytest.approx(r["regression_pl"], rel=1e-7)
    whole = profile(fits["mean"])
    assert whole["loglik"].max() <= fits["mean"].loglik + 1e-9
    assert whole["x"].iloc[-1] > whole.attrs["interval"][1]
    district = profile(fits["district"], component="district", values=[0.1])
    assert tuple(district.attrs["interval"]) == pytest.approx(
        tuple(fits["district"].profile_interval(0)), rel=1e-6
    )


def test_profile_refusals():
    with pytest.raises(InputError, match="ML or REML, not 'DL'"):
        profile(meta.pool(bcg(), method="DL", test="z"))
    with pytest.raises(InputError, match="'tau2', not 'district'"):
        profile(meta.pool(bcg(), test="z"), component="district")
    with pytest.raises(InputError, match="levels: district, school"):
        profile(districts(), component="country")
    with pytest.raises(InputError, match="variances from 0"):
        profile(meta.pool(bcg(), test="z"), values=[-1.0])


def test_model_diagnostics_follow_a_flip_a_scale_and_the_order():
    es = bcg()
    base = influence(meta.regress(es, "~ ablat", test="z"))
    turned = meta.EffectSizes(-3 * es.yi, 9 * es.vi, "GEN", es.study, columns=es.columns)
    other = influence(meta.regress(turned, "~ ablat", test="z"))
    assert other["rstudent"].to_numpy() == pytest.approx(-base["rstudent"].to_numpy(), rel=1e-7)
    for column in ("cook", "hat", "cov_ratio"):
        assert other[column].to_numpy() == pytest.approx(base[column].to_numpy(), rel=1e-6)
    rows = np.random.default_rng(2).permutation(13)
    mixed = influence(meta.regress(es.subset(rows), "~ ablat", test="z"))
    assert mixed["dffits"].to_numpy() == pytest.approx(base["dffits"].to_numpy()[rows], rel=1e-6)


def test_diagnostics_refuse_other_fits_and_single_clusters():
    fit = meta.regress(bcg(), "~ ablat", test="z")
    with pytest.raises(NotEstimableError, match="only one cluster"):
        influence(fit, cluster=np.zeros(13))
    with pytest.raises(InputError, match="no column 'site'"):
        leave_one_out(fit, cluster="site")
    with pytest.raises(NotEstimableError, match="at least 4 effects"):
        influence(meta.regress(bcg().subset([0, 1, 2]), "~ ablat", test="z"))


def test_effects_without_any_spread_have_no_statistics():
    es = meta.EffectSizes(np.full(8, 0.3), np.linspace(0.1, 0.5, 8), "GEN", list("ABCDEFGH"))
    with quiet():
        flat = meta.regress(es, moderators={"x": np.arange(8.0)}, test="hksj")
        one = meta.pool(es)
    for fit in (flat, one):
        assert influence(fit, cluster=np.arange(8) // 2)["k"].tolist() == [2] * 4
        assert residuals(fit)["residual"].to_numpy() == pytest.approx(np.zeros(8), abs=1e-9)
        assert np.isfinite(leave_one_out(fit)["estimate"]).all()
    assert len(baujat(flat)) == len(outliers(flat)) == len(qq(flat, seed=1, draws=20)) == 8


def test_predictions_of_true_and_random_effects():
    for name, options in (("z", {"test": "z"}), ("knha", {})):
        got = meta.regress(bcg(), "~ ablat + year", **options).blup()
        for column, theirs in R["blup"][name].items():
            assert got[column].to_numpy() == pytest.approx(theirs, rel=1e-8), (name, column)
    for name, options in (("kon", {}), ("kon_year", {"moderators": "~ since"})):
        table = districts(**options).random_effects()
        for level, key in (("district", "district"), ("school", "district/school")):
            part = table[table["level"] == level]
            for column, theirs in R["blup"][name][key].items():
                assert part[column].to_numpy() == pytest.approx(theirs, rel=1e-5, abs=1e-7), (name, column)
    assert len(berkey().random_effects()) == 10
