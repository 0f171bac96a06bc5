"""The verdicts on the three claims, from the study files."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.claims.answer_claims import answer, answer_all, describe_fit, overall, primary_verdicts
from meta.claims.decision_rule import posterior_of
from meta.claims.judge import judge
from meta.errors import InputError

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence(STUDIES)


@pytest.fixture(scope="module")
def answers(evidence):
    return {item.analysis.id: item for item in answer_all(evidence)}


def marginal(y, v, mu_sd, tau_sd):
    """Posterior density of mu by brute force on a fine grid: an independent route."""
    mu = np.linspace(-4, 4, 2401)
    tau = np.linspace(0, 8 * tau_sd, 1201)
    s2 = np.asarray(v)[:, None] + tau**2
    loglik = sum(stats.norm.logpdf(yi, mu[:, None], np.sqrt(s)) for yi, s in zip(y, s2, strict=True))
    log = loglik + stats.norm.logpdf(mu, 0, mu_sd)[:, None] + stats.halfnorm.logpdf(tau, scale=tau_sd)
    density = integrate.trapezoid(np.exp(log - log.max()), tau, axis=1)
    return mu, density / integrate.trapezoid(density, mu)


def tail(mu, density, edge):
    below = integrate.cumulative_trapezoid(density, mu, initial=0)
    return float(np.interp(edge, mu, below))


def test_soreness_is_inconclusive_with_one_trial(answers):
    verdict = answers["soreness"].verdict
    assert verdict.conclusion == "inconclusive"
    assert (verdict.k, verdict.k_computed) == (1, 1)
    assert any("there is one study where the rule asks for 2" in reason for reason in verdict.reasons)
    assert "oxide, not glycinate" in verdict.sentence
    assert "500 mg, not 300 mg" in verdict.sentence


@pytest.mark.parametrize("name", ["soreness", "cramps-older-adults", "cramps-pregnancy"])
def test_probabilities_agree_with_a_brute_force_grid(answers, name):
    item = answers[name]
    y, v = item.effects.yi[item.effects.exact], item.effects.vi[item.effects.exact]
    prior = item.analysis.prior
    mu, density = marginal(y, v, prior.effect_sd, prior.tau_sd)
    at = item.verdict.at_margin
    assert at.mean == pytest.approx(tail(mu, density, at.threshold), abs=2e-4)
    assert at.prior == pytest.approx(stats.norm.cdf(at.threshold, 0, prior.effect_sd), abs=1e-9)
    mu, wide = marginal(y, v, 2 * prior.effect_sd, 2 * prior.tau_sd)
    assert at.wide == pytest.approx(tail(mu, wide, at.threshold), abs=2e-3)


def test_a_new_study_is_less_certain_than_the_mean(answers):
    at = answers["soreness"].verdict.at_margin
    assert abs(at.new - 0.5) < abs(at.mean - 0.5)


def test_margin_one_asks_for_more(answers):
    verdict = answers["soreness"].verdict
    assert verdict.at_claim.mean < verdict.at_margin.mean
    assert verdict.at_margin.threshold == pytest.approx(0.8 * math.log(0.59))


def test_bayes_factor_of_the_claimed_value_by_hand(answers):
    item = answers["soreness"]
    (y,), (v,) = item.effects.yi[item.effects.exact], item.effects.vi[item.effects.exact]
    tau = item.analysis.prior.tau_sd

    def likelihood(mu):
        def integrand(t):
            return stats.norm.pdf(y, mu, math.hypot(math.sqrt(v), t)) * stats.halfnorm.pdf(t, scale=tau)

        return integrate.quad(integrand, 0, 12 * tau, epsabs=1e-13)[0]

    expected = likelihood(math.log(0.59)) / likelihood(0.0)
    assert item.verdict.bf_claimed == pytest.approx(expected, rel=1e-6)


def test_compatibility_of_one_study_is_its_own_test(answers):
    item = answers["soreness"]
    (y,), (v,) = item.effects.yi[item.effects.exact], item.effects.vi[item.effects.exact]
    found = item.verdict.compatibility
    assert found.p_null == pytest.approx(2 * stats.norm.sf(abs(y) / math.sqrt(v)), rel=1e-9)
    assert found.surprisal_null == pytest.approx(-math.log2(found.p_null))
    assert "One study" in describe_fit(item.fit)


def test_cortisol_share_is_untestable_directly(answers):
    verdict = answers["cortisol-normalised"].verdict
    assert verdict.conclusion == "untestable"
    assert "untestable directly" in verdict.sentence
    finding = verdict.normalisation
    assert finding.direct == 0
    primary = [item for item in finding.scenarios if item.primary]
    assert [round(100 * item.untreated) for item in primary] == [58, 69, 77, 83]
    assert [item.none_needed for item in primary] == [False, False, False, True]
    for item in finding.scenarios:
        assert item.due == pytest.approx(item.treated - item.untreated)
        assert item.treated_low <= item.treated <= item.treated_high


def test_cortisol_pool_of_two_says_that_it_has_one_degree_of_freedom(answers):
    item = answers["cortisol"]
    assert item.fit.k == 2
    assert "one degree of freedom" in describe_fit(item.fit)
    assert item.fit.ci_low < 0 < item.fit.ci_high
    assert item.verdict.conclusion == "untestable"


def test_cortisol_says_that_only_significant_results_could_be_computed(answers):
    item = answers["cortisol"]
    (caution,) = item.verdict.warnings
    assert "4 listed trials give no number" in caution
    y, v = (getattr(item.effects, name)[item.effects.exact] for name in ("yi", "vi"))
    mu, tau = np.linspace(-4, 4, 1601), np.linspace(0, 4, 801)
    s = np.sqrt(v[:, None] + tau**2)
    edge = 1.959964 * np.sqrt(v)[:, None]
    log = stats.norm.logpdf(mu[:, None], 0, 1) + stats.halfnorm.logpdf(tau, scale=0.5)
    for i in range(len(y)):
        seen = stats.norm.sf((edge[i] - mu[:, None]) / s[i]) + stats.norm.cdf((-edge[i] - mu[:, None]) / s[i])
        log = log + stats.norm.logpdf(y[i], mu[:, None], s[i]) - np.log(seen)
    density = integrate.trapezoid(np.exp(log - log.max()), tau, axis=1)
    mean = integrate.trapezoid(mu * density, mu) / integrate.trapezoid(density, mu)
    assert f"it is {mean:.2f} (" in caution
    assert answers["cramps-older-adults"].verdict.warnings[0].startswith("only two")


def test_older_adults_two_trials(answers):
    item = answers["cramps-older-adults"]
    assert item.verdict.k == 2
    assert item.verdict.conclusion in ("inconclusive", "contradicted")
    assert item.verdict.k_listed == 4


def test_verdicts_survive_json(answers):
    assert answers["cramp-free-pregnancy"].verdict is None
    for item in (item for item in answers.values() if item.verdict):
        text = json.dumps(item.verdict.to_dict(), allow_nan=False, sort_keys=True)
        assert item.claim.id in text
        assert item.verdict.summary()


def test_judge_from_fit_posterior_or_effects_is_the_same(evidence):
    claim = evidence.claims["cramps"]
    es = evidence.effects("cramps-older-adults")
    exact = es.subset(es.exact)
    with pytest.warns(meta.errors.FewStudiesWarning):
        fit = meta.pool(exact)
    by_fit = judge(claim, fit)
    by_posterior = judge(claim, posterior_of(exact, claim.analyses[0]))
    by_effects = judge(claim, exact)
    assert by_fit.at_margin.mean == by_posterior.at_margin.mean == by_effects.at_margin.mean
    assert by_fit.compatibility is not None
    assert by_posterior.compatibility is None
    assert by_fit.conclusion == by_posterior.conclusion


def test_judge_refuses_effects_on_another_scale(evidence):
    with pytest.raises(InputError, match="ROM scale"):
        judge(evidence.claims["soreness-41"], evidence.effects("cortisol"))


def test_judge_without_evidence_is_untestable(evidence):
    verdict = judge(evidence.claims["soreness-41"])
    assert verdict.conclusion == "untestable"
    nothing = evidence.effects("soreness").subset([])
    assert judge(evidence.claims["soreness-41"], nothing).conclusion == "untestable"


def test_strong_evidence_of_the_claimed_size_supports_it(evidence):
    es = meta.effect_sizes(
        measure="GEN", yi=[-0.55, -0.52, -0.56, -0.5, -0.53], vi=[0.004] * 5, study=list("ABCDE")
    )
    with pytest.warns(meta.errors.AssumptionWarning, match="taken as a log ratio of means"):
        assert judge(evidence.claims["soreness-41"], es).conclusion == "supported"


def test_strong_evidence_of_nothing_contradicts_it(evidence):
    es = meta.effect_sizes(
        measure="GEN", yi=[0.02, -0.03, 0.01, 0.0, 0.03], vi=[0.004] * 5, study=list("ABCDE")
    )
    with pytest.warns(meta.errors.AssumptionWarning, match="taken as a log ratio of means"):
        verdict = judge(evidence.claims["soreness-41"], es)
    assert verdict.conclusion == "contradicted"
    assert verdict.compatibility is None


def test_variations_name_what_would_change_the_verdict(answers):
    found = {item.choice: item for item in answers["soreness"].variations}
    assert found["primary analysis"].estimate == pytest.approx(
        answers["soreness"].posterior.estimate, rel=1e-9
    )
    assert found["without Steward 2019"].conclusion == "untestable"
    assert "allocation not stated or not randomised" not in found
    low, high = (found[f"correlation within a person = {r}"] for r in (0.5, 0.87))
    assert low.estimate < high.estimate
    assert low.probability > high.probability
    assert any(choice.startswith("routes") and item.k == 2 for choice, item in found.items())
    assert {
        "percent scale: control-sd",
        "percent scale: log",
        "all that lets more evidence in, together",
    } <= set(found)


def test_a_claim_has_one_overall_conclusion(evidence, answers):
    found = {
        key: overall(primary_verdicts(answers.values(), claim)) for key, claim in evidence.claims.items()
    }
    assert found == {"soreness-41": "inconclusive", "cortisol-78": "untestable", "cramps": "inconclusive"}
    mixed = [answers["soreness"].verdict, answers["cortisol-normalised"].verdict]
    assert overall(mixed) == "inconclusive"


def test_one_answer_alone_is_that_of_all(evidence, answers):
    alone = answer(evidence, "cramps-pregnancy")
    assert alone.verdict.to_dict() == answers["cramps-pregnancy"].verdict.to_dict()
