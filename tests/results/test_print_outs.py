"""Print-outs name both scales, with long names, and no test of a proportion."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import quiet
from tests.results.test_rows_and_figures import BCG, MADE, PRIORS

PROPORTIONS = pd.DataFrame({"events": [1, 2, 0, 3], "n": [20, 30, 12, 25], "g": list("aabb")})


def proportions(measure):
    return meta.effect_sizes(PROPORTIONS, measure=measure, events="events", n="n")


@pytest.mark.parametrize("name", [name for name in MADE if name not in ("begg",)])
def test_the_measure_is_named_in_full_and_logs_stand_beside_ratios(name):
    with quiet():
        text = str(MADE[name]())
    head = text.splitlines()[0]
    ratio = "OR" if name in ("Mantel-Haenszel", "GLMM") else "RR"
    assert head.endswith(f"measure: log {'odds' if ratio == 'OR' else 'risk'} ratio")
    assert re.search(rf"\|  .*{ratio}", text)
    assert "hksj" not in text


@pytest.mark.parametrize("name", MADE)
def test_short_codes_of_tests_are_written_out(name):
    with quiet():
        assert not re.search(r"\b(hksj|adhoc|knha)\b", MADE[name]().summary())


@pytest.mark.parametrize("measure", ["PR", "PLO", "PFT", "PAS", "PLN"])
def test_a_proportion_is_not_tested_and_stays_within_its_range(measure):
    with quiet():
        fit = meta.pool(proportions(measure), test="z")
        back = fit.backtransform()
    assert 0 <= back.ci_low <= back.estimate <= back.ci_high <= 1
    table = str(fit).splitlines()[1:3]
    assert not re.search(r"\b(z|t\(|p)\b", table[0].partition("|")[0])
    for end in back.cut:
        assert f"{end[:2].upper()} at" in str(fit)


def test_an_interval_that_was_cut_says_where():
    es = meta.effect_sizes(measure="PR", events=[1, 1], n=[10, 40])
    with quiet():
        fit = meta.pool(es)
    assert fit.ci_low < 0
    assert fit.backtransform().ci_low == 0
    assert "was cut at the end of its range: CI at 0" in str(fit)
    with quiet():
        groups = meta.subgroups(
            meta.effect_sizes(PROPORTIONS, measure="PR", events="events", n="n"), by="g", test="hksj"
        )
    assert "was cut at the end of its range" in str(groups)


def test_equal_effects_print_no_prediction_and_no_interval_of_tau2():
    with quiet():
        fit = meta.pool(BCG, method="EE", test="z")
    assert "PI" not in str(fit).replace("no prediction", "")
    assert "tau2" not in str(fit)
    assert fit.tidy()[["pi_low", "pi_high"]].isna().all(axis=None)
    assert fit.predict()["pi_low"].isna().all()


def test_tables_hold_the_display_scale():
    with quiet():
        groups = meta.pool(BCG, by="alloc").tidy()
        slopes = meta.regress(BCG, "~ ablat").tidy().set_index("term")
        egger = meta.bias.egger(BCG).tidy().set_index("term")
        post = meta.bayes(BCG, **PRIORS).tidy().set_index("term")
    np.testing.assert_allclose(groups["display_estimate"], np.exp(groups["estimate"]))
    assert set(groups["display"]) == {"risk ratio"}
    assert slopes["display"].to_dict() == {"Intercept": "risk ratio", "ablat": "ratio of RRs"}
    np.testing.assert_allclose(slopes["display_high"], np.exp(slopes["ci_high"]))
    assert egger.loc["limit", "display_estimate"] == pytest.approx(np.exp(egger.loc["limit", "estimate"]))
    assert pd.isna(egger.loc["slope", "display_estimate"])
    assert post.loc["mu", "display_low"] == pytest.approx(np.exp(post.loc["mu", "ci_low"]))


def test_digits_widen_the_numbers():
    fit = meta.pool(BCG)
    assert f"{fit.estimate:.6f}" in fit.summary(digits=6)
    assert f"{fit.estimate:.3f}" in fit.summary()


def test_criteria_are_those_of_the_likelihood():
    fit = meta.pool(BCG, method="ML", test="z")
    assert fit.aic == pytest.approx(-2 * fit.loglik + 4)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 2 * np.log(13))
    alone = meta.regress(BCG, "~ 1", method="REML", test="z")
    pooled = meta.pool(BCG, method="REML", test="z")
    assert [pooled.aic, pooled.bic, pooled.aicc] == pytest.approx([alone.aic, alone.bic, alone.aicc])


def test_a_contrast_in_words_is_that_of_weights():
    fit = meta.regress(BCG, "~ ablat + C(alloc)")
    words = fit.contrast("alloc[random] - alloc[systematic]")
    weights = fit.contrast({"C(alloc)[T.random]": 1, "C(alloc)[T.systematic]": -1})
    np.testing.assert_allclose(words.to_numpy(), weights.to_numpy())
    mean = fit.contrast("alloc[random]")["estimate"].iloc[0]
    data = {"ablat": BCG.frame["ablat"].to_list(), "alloc": ["random"] * 13}
    assert mean == pytest.approx(fit.predict(data)["estimate"].mean())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alloc[nowhere]", "no level 'nowhere'"),
        ("ablat + 1", "adds the number 1"),
        ("ablat * ablat", "multiplies two"),
        ("1 / ablat", "divides by"),
        ("ablat -", "cannot be read at 'its end'"),
        ("longitude", "cannot be read"),
    ],
)
def test_contrasts_that_mean_nothing_are_refused(text, words):
    fit = meta.regress(BCG, "~ ablat + C(alloc)")
    with pytest.raises(meta.errors.MetaError, match=words):
        fit.contrast(text)


def test_a_bayesian_contrast_agrees_with_its_coefficients():
    post = meta.bayes(BCG, moderators="~ ablat", **PRIORS)
    both = post.contrast({"slope": "ablat", "ten": "10 * ablat", "at 30": "Intercept + 30 * ablat"})
    slope = post.coefficients.loc["ablat"]
    assert both.loc["slope", ["estimate", "sd", "ci_low"]].to_list() == pytest.approx(
        slope[["estimate", "sd", "ci_low"]].to_list(), rel=1e-6
    )
    assert both.loc["ten", "ci_high"] == pytest.approx(10 * slope["ci_high"], rel=1e-6)
    there = post.predict({"ablat": [30]}).iloc[0]
    assert [there["estimate"], there["ci_low"]] == pytest.approx(
        both.loc["at 30", ["estimate", "ci_low"]].to_list()
    )
    assert there["pi_low"] < there["ci_low"] < there["ci_high"] < there["pi_high"]
    weights = np.array([1.0, 30.0])
    assert there["se"] ** 2 == pytest.approx(weights @ post.vcov @ weights)
