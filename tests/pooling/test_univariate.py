"""`pool` and `pool_many`: meta.pooling.univariate, fitting, options, result, pooled_numbers, pooled_text."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.effects.effect_size_table import EffectSizes
from meta.errors import (
    AssumptionWarning,
    DataWarning,
    FewStudiesWarning,
    InputError,
    NarrowIntervalWarning,
    NotEstimableError,
    UnknownOptionError,
    quiet,
)
from meta.kernels import tau2
from meta.pooling.pool_options import (
    DEFAULT_PREDICTION,
    ESTIMATORS,
    PREDICTION_INTERVALS,
    TAU2_INTERVALS,
    TESTS,
    check_options,
)

REFERENCE = json.loads((Path(__file__).parents[1] / "fixtures" / "univariate_r.json").read_text())
DATASETS = [name for name in REFERENCE if name not in ("_meta", "subgroups_bcg")]
FIELDS = {
    "estimate": "beta",
    "se": "se",
    "ci_low": "ci_lb",
    "ci_high": "ci_ub",
    "p_value": "p",
    "tau2": "tau2",
    "q": "QE",
    "q_p": "QEp",
    "i2": "I2",
    "h2": "H2",
    "loglik": "ll",
}


def data(name: str = "bcg_RR") -> dict[str, np.ndarray]:
    d = REFERENCE[name]["data"]
    return {"yi": np.array(d["yi"]), "vi": np.array(d["vi"])}


@pytest.fixture
def bcg() -> meta.pooling.result.Pooled:
    return meta.pool(**data(), measure="RR")


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("method", [m for m in ESTIMATORS if m != "GENQ"])
def test_every_method_against_r(name: str, method: str) -> None:
    if method not in REFERENCE[name]["fits"]:
        pytest.skip("R did not converge")
    want = REFERENCE[name]["fits"][method]
    fit = meta.pool(**data(name), method=method, test="z")
    rtol = 1e-6 if name == "normand1999_MD" else 1e-7
    for ours, theirs in FIELDS.items():
        assert getattr(fit, ours) == pytest.approx(want[theirs], rel=rtol, abs=1e-11), ours


@pytest.mark.parametrize("name", DATASETS)
def test_weights_blups_and_prediction_against_r(name: str) -> None:
    want, d = REFERENCE[name], data(name)
    fit = meta.pool(**d, test="z")
    np.testing.assert_allclose(fit.weights, want["weights"], rtol=1e-5)
    np.testing.assert_allclose(fit.weights.sum(), 100, rtol=1e-13)
    blup = fit.blup()
    np.testing.assert_allclose(blup["estimate"], want["blup"]["pred"], rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(blup["se"], want["blup"]["se"], rtol=1e-6)
    with quiet():
        hk = meta.pool(**d)
    np.testing.assert_allclose(hk.prediction_interval(), want["PI_knha"], rtol=1e-6)
    weighted = meta.pool(**d, test="z", weights=np.arange(1.0, fit.k + 1))
    assert weighted.estimate == pytest.approx(want["user"]["beta"], rel=1e-6)
    assert weighted.options.user_weights
    general = meta.pool(**d, method="GENQ", test="z", weights=1 / np.sqrt(d["vi"]))
    for ours in ("estimate", "se", "tau2"):
        assert getattr(general, ours) == pytest.approx(want["genq"][FIELDS[ours]], rel=1e-7, abs=1e-12)


def test_published_values() -> None:
    # BCG odds ratios as analysed by van Houwelingen et al. 2002, doi:10.1002/sim.1040
    colditz = meta.pool(**data("colditz1994"), method="ML", test="z")
    assert (round(colditz.estimate, 3), round(colditz.tau2, 3)) == (-0.742, 0.302)


def test_block_is_as_designed(bcg: meta.pooling.result.Pooled) -> None:
    assert str(bcg).splitlines() == [
        "Random-effects meta-analysis · REML · Hartung-Knapp · k = 13        measure: log risk ratio",
        "          estimate     se    95% CI            t(12)      p   |  RR 0.49 [0.33, 0.73]",
        "pooled      -0.715  0.181   [-1.108, -0.321]   -3.95  0.002   |  95% PI 0.14 to 1.76 (HK, t12)",
        "tau2 0.313 [0.120, 1.111] (Q-profile)   I2 92%   Q(12) = 152.2, p < 0.001",
    ]
    assert "<pre>" in bcg._repr_html_()
    assert repr(bcg).startswith("Pooled(REML, hksj, k=13")


def test_compatibility_at_any_value(bcg: meta.pooling.result.Pooled) -> None:
    assert bcg.p_value_at(0.0) == pytest.approx(bcg.p_value, rel=1e-12)
    assert bcg.p_value_at(bcg.ci_low) == pytest.approx(0.05, rel=1e-9)
    assert bcg.p_value_at(bcg.estimate) == 1.0
    assert bcg.surprisal_at(bcg.ci_high) == pytest.approx(-np.log2(0.05), rel=1e-9)


def test_predictive_probabilities(bcg: meta.pooling.result.Pooled) -> None:
    low, high = bcg.prediction_interval("HK")
    assert bcg.probability(below=low) == pytest.approx(0.025, rel=1e-9)
    assert bcg.probability(above=high) == pytest.approx(0.025, rel=1e-9)
    assert bcg.probability(between=(low, high)) == pytest.approx(0.95, rel=1e-9)
    assert bcg.probability(below=0.0) + bcg.probability(above=0.0) == pytest.approx(1.0)
    assert bcg.probability(below=0.0, kind="NNF", seed=1) == pytest.approx(0.87, abs=0.03)
    with pytest.raises(InputError, match="exactly one"):
        bcg.probability(below=0.0, above=1.0)


def test_levels(bcg: meta.pooling.result.Pooled) -> None:
    other = meta.pool(**data(), level=0.8)
    assert bcg.interval(0.8) == pytest.approx((other.ci_low, other.ci_high))
    assert bcg.at_level(0.8).ci == pytest.approx(other.ci)
    assert bcg.tau2_interval("QP", level=0.8) == pytest.approx(other.tau2_interval())
    assert bcg.prediction_interval(level=0.8) == pytest.approx(other.prediction_interval())
    with pytest.raises(InputError, match="level"):
        bcg.interval(80)


def test_intervals_of_i2_follow_tau2(bcg: meta.pooling.result.Pooled) -> None:
    low, high = bcg.i2_interval("QP")
    assert (low, high) == (pytest.approx(81.92, abs=0.005), pytest.approx(97.68, abs=0.005))
    assert bcg.h2_interval("QP") == pytest.approx((1 / (1 - low / 100), 1 / (1 - high / 100)))
    assert bcg.i2_q == pytest.approx(100 * (bcg.q - 12) / bcg.q)
    for kind in TAU2_INTERVALS:
        ends = bcg.tau2_interval(kind)
        assert 0 < ends.low < bcg.tau2 < ends.high
    with pytest.raises(UnknownOptionError, match="QP"):
        bcg.tau2_interval("XY")


def test_frames_and_dict(bcg: meta.pooling.result.Pooled) -> None:
    assert bcg.tidy().loc[0, "estimate"] == bcg.estimate
    assert bcg.glance().loc[0, "i2_q"] == bcg.i2_q
    augmented = bcg.augment()
    assert len(augmented) == 13
    assert augmented["weight"].sum() == pytest.approx(100)
    again = json.loads(json.dumps(bcg.to_dict()))
    assert again["estimate"] == bcg.estimate
    assert again["diagnostics"]["maxima"] == 1
    back = bcg.backtransform()
    assert (back.estimate, back["pi_high"]) == (
        pytest.approx(np.exp(bcg.estimate)),
        pytest.approx(np.exp(bcg.prediction_interval().high)),
    )


def test_plain_hartung_knapp_warns_only_where_it_is_narrower() -> None:
    y, v = [0.10, 0.13, 0.08, 0.11], [0.04, 0.05, 0.03, 0.05]
    with pytest.warns(NarrowIntervalWarning, match="narrower"):
        fit = meta.pool(yi=y, vi=v)
    assert fit.ci_high - fit.ci_low < fit.classic.high - fit.classic.low < fit.adhoc.high - fit.adhoc.low
    assert "(ad hoc)" in str(fit)
    assert any("narrower" in message for message in fit.warnings)
    floored = meta.pool(yi=y, vi=v, test="adhoc")
    assert floored.ci == pytest.approx(fit.adhoc)
    assert fit.adhoc.high - fit.estimate == pytest.approx(3.182446 * fit.se_classic, rel=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wide = meta.pool(**data())
    assert not wide.narrow
    assert wide.warnings == ()


def test_all_effects_equal() -> None:
    with pytest.warns(NarrowIntervalWarning, match="all effects are equal"):
        fit = meta.pool(yi=[0.2, 0.2, 0.2], vi=[0.1, 0.2, 0.3])
    np.testing.assert_allclose([fit.se, fit.ci_low, fit.ci_high, fit.q], [0.0, 0.2, 0.2, 0.0], atol=1e-15)
    assert fit.tau2 == 0.0
    assert fit.tau2_set().empty
    assert "empty set" in str(fit)


def test_one_study_keeps_its_own_test() -> None:
    with pytest.warns(FewStudiesWarning, match="one study"):
        fit = meta.pool(yi=[0.5], vi=[0.04])
    assert (fit.estimate, fit.se, fit.df) == (0.5, 0.2, np.inf)
    assert fit.statistic == 2.5
    assert np.isnan([fit.tau2, fit.tau2_se, fit.i2, fit.q_p, *fit.tau2_interval()]).all()
    assert fit.weights.tolist() == [100.0]
    with pytest.warns(FewStudiesWarning, match="k = 1"):
        assert np.isnan(fit.prediction_interval()).all()
    with pytest.raises(NotEstimableError):
        fit.probability(below=0)
    with pytest.raises(NotEstimableError):
        fit.blup()
    assert "single study" in str(fit)
    with pytest.warns(FewStudiesWarning):
        fixed = meta.pool(yi=[0.5], vi=[0.04], method=0.05)
    assert (fixed.tau2, fixed.se) == (0.05, pytest.approx(0.3))


def test_two_studies_use_t_with_one_df() -> None:
    with pytest.warns(FewStudiesWarning, match=r"12\.7"):
        fit = meta.pool(yi=[0.1, 0.9], vi=[0.04, 0.05])
    assert fit.df == 1
    assert (fit.ci_high - fit.estimate) / fit.se == pytest.approx(12.7062047, rel=1e-7)
    with pytest.warns(FewStudiesWarning, match="0 degrees of freedom"):
        assert np.isnan(fit.prediction_interval("HTS")).all()


def test_nothing_to_pool_and_other_refusals() -> None:
    with pytest.raises(InputError, match="no study"):
        meta.pool(yi=[], vi=[])
    with pytest.raises(InputError, match="study 'Reno 2022' has vi = 0"):
        meta.pool(yi=[0.1, 0.2], vi=[0.1, 0.0], study=["A", "Reno 2022"])
    with pytest.raises(InputError, match="same length"):
        meta.pool(yi=[0.1, 0.2], vi=[0.1])
    with pytest.raises(InputError, match="exactly one of vi= and sei="):
        meta.pool(yi=[0.1, 0.2], vi=[0.1, 0.1], sei=[0.1, 0.1])
    with pytest.raises(UnknownOptionError, match="allowed: EE, DL"):
        meta.pool(**data(), method="reml2")
    with pytest.raises(UnknownOptionError, match="hksj"):
        meta.pool(**data(), test="wald")
    with pytest.raises(InputError, match="GENQ"):
        meta.pool(**data(), method="GENQ")
    with pytest.raises(InputError, match="tau2 >= 0"):
        meta.pool(**data(), method=-0.1)
    with pytest.raises(InputError, match="weights must be >= 0"):
        meta.pool(yi=[0.1, 0.2], vi=[0.1, 0.1], weights=[1.0, -1.0])
    with pytest.raises(InputError, match="yi='effect' is not a column"):
        meta.pool(pd.DataFrame({"yi": [0.1]}), yi="effect", vi="yi")
    with pytest.raises(InputError, match="yi must be numeric"):
        meta.pool(yi=["a", "b"], vi=[1, 1])


def test_methods_that_rest_on_assumptions_say_so() -> None:
    with pytest.warns(AssumptionWarning, match="equal effects"):
        meta.pool(**data(), method="EE", test="adhoc")
    with pytest.warns(AssumptionWarning, match="REML"):
        meta.pool(**data(), method="DL", test="KR")
    es = EffectSizes(
        [0.1, 0.5, 0.9], [0.1, 0.1, 0.1], "GEN", ["A", "A", "B"], covariance=np.eye(3) * 0.05 + 0.05
    )
    with pytest.warns(AssumptionWarning, match="pool_multilevel"):
        meta.pool(es, test="z")


def test_rows_without_an_exact_effect_are_left_out_aloud() -> None:
    es = EffectSizes(
        [0.1, np.nan, 0.9, 0.4], [0.1, 0.2, 0.1, 0.1], "GEN", ["A", "B", "C", "D"],
        kind=["exact", "bound", "exact", "exact"],
    )  # fmt: skip
    with pytest.warns(DataWarning, match=r"1 of 4 rows .* 'B'"):
        fit = meta.pool(es, test="z", weights=[1.0, 9.0, 1.0, 1.0])
    assert fit.k == 3
    assert fit.effects.study.tolist() == ["A", "C", "D"]
    assert fit.estimate == pytest.approx((0.1 + 0.9 + 0.4) / 3)


def test_ways_of_giving_the_data_agree() -> None:
    d = data()
    frame = pd.DataFrame(
        {"effect": d["yi"], "variance": d["vi"], "se": np.sqrt(d["vi"]), "who": list("abcdefghijklm")}
    )
    es = EffectSizes(d["yi"], d["vi"], "RR", list("abcdefghijklm"))
    want = meta.pool(**d).estimate
    assert meta.pool(es).estimate == want
    assert meta.pool(frame, yi="effect", vi="variance", study="who").estimate == want
    assert meta.pool(frame, yi="effect", sei="se").estimate == pytest.approx(want, rel=1e-13)
    assert meta.pool(frame.rename(columns={"effect": "yi", "variance": "vi"})).estimate == want
    assert meta.pool({"yi": d["yi"].tolist(), "vi": d["vi"].tolist()}).estimate == want


@pytest.mark.parametrize("method", [*ESTIMATORS, 0.1])
@pytest.mark.parametrize("test", list(TESTS))
def test_pool_is_pool_many_of_width_one(method: str | float, test: str) -> None:
    d = data("colditz1994")
    w = 1 / np.sqrt(d["vi"]) if method == "GENQ" else None
    with quiet():
        one = meta.pool(**d, method=method, test=test, weights=w)
    many = meta.pool_many(np.tile(d["yi"][:, None], 3), d["vi"][:, None], method=method, test=test, weights=w)
    for name in many.to_dict():
        if name in ("iterations", "converged", "at_boundary"):
            continue
        np.testing.assert_allclose(getattr(many, name), getattr(one, name), rtol=1e-11, err_msg=name)


def test_pool_many_with_absent_studies_and_its_memory() -> None:
    rng = np.random.default_rng(2)
    v = rng.uniform(0.02, 0.4, (20, 20_000))
    y = rng.normal(0, np.sqrt(v + 0.1))
    y[15:, ::2] = np.nan
    tracemalloc.start()
    many = meta.pool_many(y, v, method="REML")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * (y.nbytes + v.nbytes)
    assert set(many.k.tolist()) == {15, 20}
    j = 4
    with quiet():
        one = meta.pool(yi=y[:15, j], vi=v[:15, j])
    assert (many.estimate[j], many.loglik[j]) == (
        pytest.approx(one.estimate, rel=1e-12),
        pytest.approx(one.loglik),
    )
    assert len(many) == 20_000
    with pytest.raises(InputError, match="row 1, column 0"):
        meta.pool_many([[0.1], [0.2]], [[0.1], [0.0]])


def test_registries_are_complete_and_cited() -> None:
    assert ESTIMATORS is tau2.ESTIMATORS
    assert all(code == entry.code and (entry.doi or entry.citation) for code, entry in ESTIMATORS.items())
    assert set(DEFAULT_PREDICTION) == set(TESTS)
    assert set(DEFAULT_PREDICTION.values()) < set(PREDICTION_INTERVALS)
    for registry in (ESTIMATORS, TESTS, TAU2_INTERVALS, PREDICTION_INTERVALS):
        for code, entry in registry.items():
            assert entry.code == code
            assert entry.citation
            assert entry.doi.startswith("10.") or entry.code in ("normal", "PMM")
    assert check_options("PM", "z", 0.9).method_name == "Paule-Mandel"
    assert check_options(0.2, "z", 0.9).method_name == "tau2 fixed at 0.2"


def test_default_prediction_intervals_go_with_the_test(bcg: meta.pooling.result.Pooled) -> None:
    assert (bcg.prediction_kind(), bcg.prediction_df()) == ("HK", 12)
    for test, kind in DEFAULT_PREDICTION.items():
        fit = meta.pool(**data(), test=test)
        assert fit.prediction_interval() == fit.prediction_interval(kind)
    first = bcg.prediction_interval("NNF", seed=5)
    assert first == bcg.prediction_interval("NNF", seed=5)
    with pytest.raises(UnknownOptionError, match="HK-PR"):
        bcg.prediction_interval("Riley")


def test_henmi_copas_on_a_fit() -> None:
    fit = meta.pool(**data("egger2001_magnesium"), method="DL", test="z")
    assert fit.henmi_copas() == pytest.approx((-3.236932383626, 3.266441293167), rel=1e-5)


def test_pooling_waits_for_no_heavy_import() -> None:
    code = (
        "import sys, meta; fit = meta.pool(yi=[0.1, 0.9, 0.4], vi=[0.1] * 3, test='z'); fit.tau2_interval();"
        "heavy = ('pandas', 'scipy.stats', 'scipy.optimize', 'pymc', 'matplotlib');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_equal_effects_and_fixed_tau2_print() -> None:
    text = str(meta.pool(**data(), method="EE", test="z"))
    assert text.startswith("Equal-effects meta-analysis")
    assert "from Q" in text
    assert "fixed" in str(meta.pool(**data(), method=0.2))
    one = meta.pool(**data(), method="EE", test="z")
    assert (one.i2, one.h2) == (one.i2_q, one.h2_q)


def test_a_batch_shared_between_threads_equals_its_parts() -> None:
    rng = np.random.default_rng(4)
    v = rng.uniform(0.02, 0.4, (4, 70_000))
    y = rng.normal(0, np.sqrt(v + 0.1))
    whole, some = meta.pool_many(y, v), meta.pool_many(y[:, 60_000:60_500], v[:, 60_000:60_500])
    for name in ("estimate", "tau2", "loglik", "p_value", "ci_high"):
        np.testing.assert_allclose(
            getattr(whole, name)[60_000:60_500], getattr(some, name), rtol=1e-9, atol=1e-14
        )
    v[2, 65_432] = -1.0
    with pytest.raises(InputError, match="row 2, column 65432"):
        meta.pool_many(y, v)


@pytest.mark.parametrize(
    ("yi", "vi", "name"),
    [([1e300, 2e300], [1.0, 1.0], "yi"), ([1.0, 2.0], [1e300, 1.0], "vi"), ([1.0, 2.0], [1e-300, 1.0], "vi")],
)
def test_numbers_whose_squares_overflow_are_refused(yi, vi, name):
    with pytest.raises(InputError, match=f"{name} is outside the range of double precision: study '1'"):
        meta.pool(yi=yi, vi=vi)
