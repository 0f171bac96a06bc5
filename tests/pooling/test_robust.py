"""meta.pooling.robust and kernels.cluster_robust."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import (
    FewStudiesWarning,
    InputError,
    NotEstimableError,
    UnknownOptionError,
    quiet,
)
from meta.kernels.cluster_robust import KINDS, sandwich, satterthwaite
from meta.pooling.robust import robust

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())
DEPENDENT = json.loads((HERE / "dependent_effects.json").read_text())
few = pytest.mark.filterwarnings("ignore::meta.errors.FewStudiesWarning")


@pytest.fixture(scope="module")
def bcg():
    frame = pd.DataFrame(MORE["data"]["bcg"])
    return frame.assign(yi=REF["bcg_escalc"]["RR"]["yi"], vi=REF["bcg_escalc"]["RR"]["vi"])


@pytest.fixture(scope="module")
def schools():
    return pd.DataFrame(MORE["data"]["konstantopoulos2011"])


def close(actual, expected, rtol=1e-6):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol)


@few
@pytest.mark.parametrize("kind", KINDS)
def test_regression_by_trial_agrees_with_clubsandwich(bcg, kind):
    r = MORE[f"uni_trial_{kind}"] if f"uni_trial_{kind}" in MORE else DEPENDENT["CR"][kind]["uni"]
    fit = meta.regress(bcg, "~ ablat", test="z").robust("trial", kind=kind, df="satterthwaite")
    close(fit.se, r["se"])
    close(fit.df, r["df"])
    close(fit.p_value, r["p"])


@few
def test_coarser_clusters_and_both_traditions(bcg):
    r = REF["bcg_robust"]
    fit = meta.regress(bcg, "~ ablat", test="z")
    old = robust(fit, "alloc", kind="CR1p")
    close(old.se, r["alloc_CR1_se"])
    assert old.df.tolist() == [r["alloc_df"]] * 2
    new = robust(fit, "alloc")
    close(new.se, r["alloc_CR2_se"])
    close(new.df, r["alloc_df_satt"])
    metafor = MORE["uni_trial_metafor"]
    plain = robust(fit, "trial", kind="CR1p")
    close([plain.se, plain.p_value], [metafor["se"], metafor["p"]])
    assert plain.df[0] == metafor["df"] == 11
    assert plain.p_value[1] < 0.1 * robust(fit, "trial").p_value[1]  # very different p-values


@pytest.mark.parametrize("kind", KINDS)
def test_multilevel_agrees_with_clubsandwich(schools, kind):
    fit = meta.pool_multilevel(schools, levels=["district", "school"], rho=0.6)
    r = MORE[f"ml_che_{kind}"] if f"ml_che_{kind}" in MORE else DEPENDENT["CR"][kind]["ml"]
    out = fit.robust("district", kind=kind, df="satterthwaite")
    close([out.se, out.df, out.p_value], [r["se"], r["df"], r["p"]], rtol=1e-5)
    assert isinstance(out.se, float)
    assert out.ci_low < fit.estimate < out.ci_high


def test_konstantopoulos_cr2(schools):
    out = meta.pool_multilevel(schools, levels=["district", "school"]).robust()
    close([out.se, out.df], REF["konstantopoulos2011_3level"]["CR2"], rtol=1e-5)
    assert out.kind == "CR2"
    assert out.clusters == 11


@few
def test_htz_test(schools, bcg):
    data = schools.assign(y=schools["year"] - 1990, odd=schools["school"] % 2)
    fit = meta.pool_multilevel(data, levels=["district", "school"], rho=0.6, moderators="~ y + odd")
    out, r = fit.robust("district"), MORE["ml_mods_HTZ"]
    close(out.se, MORE["ml_mods_CR2"]["se"], rtol=1e-5)
    close(out.df, MORE["ml_mods_CR2"]["df"], rtol=1e-5)
    test = out.wald()
    close([test.statistic, test.df2, test.p_value], [r["f"], r["df"], r["p"]], rtol=1e-5)
    assert test.df1 == 2
    r = MORE["uni_HTZ"]
    test = meta.regress(bcg, "~ C(alloc) + ablat", test="z").robust("trial").wald()
    close([test.statistic, test.df2, test.p_value], [r["f"], r["df"], r["p"]])


@few
def test_htz_of_one_coefficient_is_the_satterthwaite_t_test(bcg):
    out = meta.regress(bcg, "~ ablat", test="z").robust("trial")
    test = out.wald({"ablat": 1})
    close(
        [test.statistic, test.df2, test.p_value],
        [out.statistic[1] ** 2, out.df[1], out.p_value[1]],
        rtol=1e-7,
    )


def test_pooled_mean_is_robust_too(bcg):
    pooled = meta.pool(yi=bcg["yi"], vi=bcg["vi"], test="z")
    a = robust(pooled, bcg["trial"].to_numpy())
    b = robust(meta.regress(bcg, test="z"), "trial")
    close([a.se, a.df], [b.se, b.df])


def test_cr2_is_unbiased_under_the_working_model():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(6), [1, 2, 3, 4, 2, 3])
    X = np.column_stack([np.ones(15), rng.normal(size=15)])
    working = 0.4 * np.equal.outer(cluster, cluster) + np.diag(rng.uniform(0.5, 2, 15))
    fit = sandwich(np.zeros(15), X, working, cluster)
    np.testing.assert_allclose(fit.expected, fit.bread, rtol=1e-8)
    assert np.all(satterthwaite(fit, np.eye(2)) < 6)
    biased = sandwich(np.zeros(15), X, working, cluster, kind="CR0")
    assert np.all(np.diag(biased.expected) < np.diag(fit.bread))
    draws = rng.multivariate_normal(np.zeros(15), working, 4000)
    for kind in KINDS:
        mean = np.mean([sandwich(y, X, working, cluster, kind=kind).vcov for y in draws], axis=0)
        np.testing.assert_allclose(
            mean, sandwich(draws[0], X, working, cluster, kind=kind).expected, rtol=0.15
        )


@few
def test_singular_adjustment_blocks_use_the_pseudo_inverse():
    # a dummy for each cluster makes (I - H)_j Phi (I - H)_j' singular
    cluster = np.repeat([0, 1, 2], 3)
    X = np.equal.outer(cluster, np.arange(3)).astype(float)
    fit = sandwich(np.arange(9.0), X, np.eye(9), cluster)
    assert np.all(np.isfinite(fit.vcov))


def test_few_degrees_of_freedom_warn_and_bad_requests_are_refused(bcg, schools):
    fit = meta.regress(bcg, "~ ablat", test="z")
    with pytest.warns(FewStudiesWarning, match="fewer than 4"):
        out = fit.robust("alloc")
    assert out.warnings
    with pytest.raises(UnknownOptionError, match="CR2"):
        fit.robust("trial", kind="CR4")
    with pytest.raises(InputError, match="town"):
        fit.robust("town")
    with pytest.raises(NotEstimableError, match="clusters"):
        fit.robust(np.zeros(13))
    nested = meta.pool_multilevel(schools, levels=["district", "school"])
    with pytest.raises(InputError, match="outermost"):
        nested.robust("school")
    with pytest.raises(InputError, match="needs a fit"):
        robust(3.0, "trial")


@few
@pytest.mark.filterwarnings("ignore::meta.errors.DataWarning")
def test_labels_may_be_given_for_all_rows_of_the_data(bcg):
    holed = bcg.assign(ablat=bcg["ablat"].where(bcg["trial"] != 4))
    fit = meta.regress(holed, "~ ablat", test="z")
    close(fit.robust(bcg["trial"].to_numpy()).se, fit.robust("trial").se)


@few
def test_reads_well(bcg):
    out = meta.regress(bcg, "~ ablat", test="z").robust("trial")
    assert list(out.coefficients.columns) == [
        "estimate",
        "se",
        "statistic",
        "p_value",
        "df",
        "ci_low",
        "ci_high",
    ]
    assert "13 clusters (trial)" in out.summary()
    assert json.dumps(out.to_dict())
    assert out.tidy().shape == (2, 10)
    assert out.glance().loc[0, "kind"] == "CR2"


@pytest.mark.parametrize("moderators", [None, "~ x"])
def test_robust_errors_are_not_taken_for_the_mean_of_a_fit(moderators):
    data = {
        "yi": [0.1, 0.5, 0.3, 0.9, 0.2, 0.6],
        "vi": [0.05] * 6,
        "x": [1.0, 2, 3, 4, 5, 6],
        "g": list("aabbcc"),
    }
    es = meta.effect_sizes(data, measure="SMD", yi="yi", vi="vi")
    with quiet():
        fit = meta.pool(es) if moderators is None else meta.regress(es, moderators)
        once = meta.robust(fit, cluster="g")
        with pytest.raises(InputError, match=r"give the fit that they belong to"):
            meta.robust(once, cluster="g")
        assert meta.robust(once.fit, cluster="g") == once
