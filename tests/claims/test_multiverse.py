"""The multiverse: its rows against single analyses, its shares and drivers against what is known."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.claims.answer_claims import answer, vary
from meta.claims.choices import departures, merge
from meta.claims.decision_rule import posterior_of
from meta.claims.explained import turned, variance_alone, variance_beyond
from meta.claims.judge import judge
from meta.claims.rosters import NOT_ASKED, data_sets
from meta.claims.specifications import Prior, fits, p_values_at, posteriors, sampled
from meta.effects.defensible_choices import Choices
from meta.effects.effect_size_table import EffectSizes
from meta.effects.study_evidence import PRIMARY
from meta.errors import EvidenceError, InputError, quiet

ANALYSES = ["soreness", "cortisol", "cramps-older-adults", "cramps-pregnancy"]


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence("studies")


@pytest.fixture(scope="module")
def universes(evidence):
    return {name: meta.multiverse(evidence, name, limit=400) for name in ANALYSES}


def as_effects(data, measure):
    e = data.effects
    return EffectSizes(
        [x.y for x in e],
        [x.v for x in e],
        measure,
        list(data.studies),
        kind=[x.kind for x in e],
        lower=[x.low for x in e],
        upper=[x.high for x in e],
        mixtures={i: x.mixture for i, x in enumerate(e) if x.mixture},
    )


@pytest.mark.parametrize("name", ANALYSES)
def test_the_first_row_is_the_primary_analysis(evidence, universes, name):
    row, known = universes[name].primary, answer(evidence, name)
    low, high = known.posterior.interval(0.95)
    assert row["estimate"] == pytest.approx(known.posterior.estimate, abs=1e-6)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=1.5e-3)
    assert row["departures"] == 0
    assert row["conclusion"] == known.verdict.conclusion
    if known.verdict.at_margin is not None:
        assert row["probability"] == pytest.approx(known.verdict.at_margin.mean, abs=1e-4)


@pytest.mark.parametrize("name", ANALYSES)
def test_every_single_departure_is_among_the_analyses(evidence, universes, name):
    frame = universes[name].frame
    single = frame[frame["departures"] <= 1]
    with quiet():
        single_changes = list(vary(evidence, name))
    for variation in single_changes:
        if np.isnan(variation.estimate) or "together" in variation.choice:
            continue
        gap = np.abs(single["estimate"] - variation.estimate)
        assert gap.min() < 1e-5, variation.choice


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("name", ["soreness", "cortisol"])
def test_the_shared_grid_agrees_with_the_exact_engine(evidence, name, truncated):
    _, analysis = evidence.analysis(name)
    sets = [data for data in data_sets(evidence, name) if data.effects]
    picked = [sets[0], *(sets[i] for i in np.random.default_rng(2).choice(len(sets), 5, replace=False))]
    spec = Prior(analysis.prior.effect_sd, analysis.prior.tau_sd)
    factors, bound = (1.0, 0.5, 4.0), -0.42
    found = posteriors(picked, [spec.times(f) for f in factors], [bound], truncated=truncated)
    for i, data in enumerate(picked):
        for j, factor in enumerate(factors):
            exact = posterior_of(as_effects(data, analysis.measure), analysis, factor, truncated=truncated)
            assert found.estimate[i, j] == pytest.approx(exact.estimate, abs=1e-5)
            assert found.sd[i, j] == pytest.approx(exact.sd, abs=1e-5)
            assert found.below[i, j, 0] == pytest.approx(float(exact.cdf(bound)), abs=1e-4)
            assert (found.low[i, j], found.high[i, j]) == pytest.approx(exact.interval(0.95), abs=1.5e-3)


@pytest.mark.parametrize(("method", "test"), [("REML", "hksj"), ("DL", "hksj"), ("REML", "z")])
def test_frequentist_rows_are_single_fits(evidence, method, test):
    sets = [data for data in data_sets(evidence, "soreness") if data.effects][::200]
    many = fits(sets, method, test)
    p = p_values_at(many, -0.5)
    for i, data in enumerate(sets):
        known = [effect for effect in data.effects if effect.kind == "exact"]
        if not known:
            assert np.isnan(many.estimate[i])
            continue
        with quiet():
            fit = meta.pool(yi=[e.y for e in known], vi=[e.v for e in known], method=method, test=test)
        assert many.estimate[i] == pytest.approx(fit.estimate, rel=1e-9)
        assert many.ci_high[i] == pytest.approx(fit.ci_high, rel=1e-9)
        assert p[i] == pytest.approx(float(fit.p_value_at(-0.5)), rel=1e-8)


def test_verdicts_are_those_of_the_rule(evidence, universes):
    claim, analysis = evidence.analysis("soreness")
    frame = universes["soreness"].frame
    rows = frame[(frame["model"] == "Bayes") & (frame["prior"] == "as stated") & (frame["margin"] == "0.8")]
    by_numbers = {}
    for data in data_sets(evidence, "soreness"):
        if data.effects and data.departures <= 2:
            by_numbers[tuple(sorted(data.options.items()))] = data
    checked = 0
    for _, row in rows.iterrows():
        options = {n: row[n] for n in universes["soreness"].choices if row[n] != NOT_ASKED}
        for data in by_numbers.values():
            if all(data.options.get(n, options[n]) == options[n] for n in options) and row["k"] == len(
                data.effects
            ):
                with quiet():
                    posterior = posterior_of(as_effects(data, "ROM"), analysis)
                if abs(posterior.estimate - row["estimate"]) < 1e-6:
                    verdict = judge(claim, posterior=posterior, analysis="soreness")
                    assert verdict.conclusion == row["conclusion"]
                    checked += 1
                break
        if checked >= 12:
            break
    assert checked >= 5


@pytest.mark.parametrize("name", ANALYSES)
def test_shares_add_up_and_no_analysis_is_there_twice(universes, name):
    every = universes[name]
    assert every.shares["share"].sum() == pytest.approx(1.0)
    assert every.shares["n"].sum() == len(every)
    assert not every.frame.drop(columns="departures").duplicated().any()
    assert set(every.choices) == set(every.drivers["choice"])
    for name_ in every.choices:
        assert every.frame[name_].nunique() > 1


def test_a_sample_keeps_the_primary_analysis_and_its_single_departures(evidence):
    sets = data_sets(evidence, "soreness")
    fewer = sampled(sets, 200, seed=3)
    assert len(fewer) == 200
    assert fewer == sampled(sets, 200, seed=3)
    assert fewer != sampled(sets, 200, seed=4)
    near = [data for data in sets if data.departures <= 1]
    assert fewer[: len(near)] == near
    assert sampled(sets, 10**6, seed=1) is sets


def test_a_share_claim_stays_untestable_and_says_what_the_shift_would_need(universes):
    every = universes["cortisol"]
    assert every.shares["conclusion"].tolist() == ["untestable"]
    assert {"cut-off", "test-retest correlation", "likelihood"} <= set(every.choices)
    assert "what the claimed share would need" in every.sentence
    by_cutoff = every.frame[every.frame["model"] == "Bayes"].groupby("cut-off")["probability"].mean()
    assert by_cutoff["97.5%"] > by_cutoff["80%"]


def test_truncation_pulls_the_pool_toward_zero(universes):
    frame = universes["cortisol"].frame
    bayes = frame[(frame["departures"] <= 1) & (frame["model"] == "Bayes") & (frame["prior"] == "as stated")]
    plain = bayes[bayes["likelihood"] == "as reported"].iloc[0]
    cut = bayes[bayes["likelihood"] != "as reported"].iloc[0]
    assert plain["estimate"] < cut["estimate"] < 0


def test_variance_explained_of_an_additive_function_adds_up():
    a, b, c = (x.ravel() for x in np.meshgrid(range(2), range(3), range(4), indexing="ij"))
    y = 3.0 * a + np.array([0.0, 1.0, 5.0])[b] + 0.1 * c
    codes = {"a": a, "b": b, "c": c}
    alone = {name: variance_alone(y, code) for name, code in codes.items()}
    assert sum(alone.values()) == pytest.approx(1.0)
    assert alone["a"] == pytest.approx(2.25 / np.var(y))
    assert variance_beyond(y, codes) == pytest.approx(alone)


def test_a_pure_interaction_has_no_main_effect_but_turns_the_verdict():
    a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    assert variance_alone(y, a) == pytest.approx(0.0)
    assert turned((y > 0.5).astype(int), {"a": a, "b": b}) == {"a": 1.0, "b": 1.0}


def test_a_choice_that_is_not_to_be_made_counts_only_where_it_is():
    y = np.array([0.0, 1.0, 50.0, 60.0])
    code = np.array([0, 1, -1, -1])
    assert variance_alone(y, code) == pytest.approx(1.0)
    assert np.isnan(turned(np.zeros(4, dtype=int), {"a": np.array([-1, -1, -1, -1])})["a"])


def test_departures_carry_the_choices_of_the_file(evidence):
    claim, analysis = evidence.analysis("soreness")
    found = dict(departures(evidence, claim, analysis))
    assert found["primary analysis"] == PRIMARY
    assert found["correlation within a person = 0.5"].assumptions == {"within-person-r": 0.5}
    assert found["only glycinate"].form == "glycinate"
    wide = found["all that lets more evidence in, together"].eligibility
    assert wide["co_interventions"] is True
    assert "topical" in wide["routes"]


def test_merged_choices_let_the_later_win():
    one, two = Choices(cv=0.4, scale="log"), Choices(cv=0.5, form="oxide")
    both = merge([one, PRIMARY, two])
    assert (both.cv, both.scale, both.form) == (0.5, "log", "oxide")


def test_the_form_and_dose_filters_keep_only_such_arms(evidence):
    everything = evidence.effects("cramp-halved-pregnancy")
    kept = evidence.effects("cramp-halved-pregnancy", choices=Choices(form="glycinate", dose_mg=(200, 400)))
    assert everything.k >= kept.k >= 1
    none = evidence.effects("cramp-halved-pregnancy", choices=Choices(dose_mg=(1.0, 2.0)))
    assert none.k == 0


def test_the_curve_marks_the_claim_and_draws_no_more_than_asked(universes):
    figure = meta.plots.specification(universes["soreness"], most=60)
    assert len(figure.to_frame()) <= 61
    assert figure.to_frame()["primary"].sum() == 1
    assert "Specification curve" in figure.alt_text


def test_what_does_not_exist_is_refused(evidence):
    with pytest.raises(EvidenceError, match="unknown outcome 'sleep'"):
        meta.multiverse(evidence, "sleep")
    with pytest.raises(InputError, match="has no analysis 'cortisol'"):
        meta.multiverse(evidence, "soreness-41", analysis="cortisol")
    with pytest.raises(InputError, match="nothing to vary"):
        meta.multiverse(evidence, "cortisol-normalised")
