"""Claims of every kind, and of several readings, with numbers that do not come from this package."""

import math
import tomllib
from typing import get_args

import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.claims.claimed_effect import claimed_on_model_scale, region, threshold
from meta.claims.kinds.kind_registry import KINDS
from meta.effects.effect_size_table import EffectSizes
from meta.effects.registry import MEASURES
from meta.errors import InputError, quiet
from meta.evidence.claim_kinds import ASKS, KindName
from meta.evidence.claims import ClaimsFile, Estimand
from meta.evidence.estimand import no_effect
from meta.kernels.network.untested_form import untested_form
from meta.kernels.risk_margin import risk_margin

HEAD = """
[[claims]]
id = "zinc"
kind = "{kind}"
statement = "Zinc does something."
short = "zinc"
citation = {{ made_in = "a page", attributed_to = "nothing", found = false }}
intervention = {{ treatment = "zinc" }}
{more}
"""
ESTIMAND = '[claims.estimand]\nmeasure = "{measure}"\nvalue_text = "words"\nside = "{side}"\n{more}\n'
ANALYSIS = """
[[claims.analyses]]
id = "{id}"
label = "{id}"
outcome = "pain"
measure = "{measure}"
eligibility = {{ groups = ["adults"] }}
prior = {{ effect_sd = {sd}, tau_sd = {tau} }}
"""


def claims_of(kind="effect", *parts, head=""):
    text = HEAD.format(kind=kind, more=head) + "\n".join(parts)
    return ClaimsFile.model_validate(tomllib.loads(text)).claims[0]


def estimand(measure="ROM", side="below", more="value = 0.8\nmargin = 1.0"):
    return ESTIMAND.format(measure=measure, side=side, more=more)


def analysis(id="pain", measure="ROM", sd=0.5, tau=0.3):
    return ANALYSIS.format(id=id, measure=measure, sd=sd, tau=tau)


def effects_of(yi, vi, measure="ROM", study=None, **more):
    study = [f"S{i}" for i in range(len(yi))] if study is None else study
    return EffectSizes(np.array(yi, float), np.array(vi, float), measure, np.array(study, object), **more)


def judged(claim, evidence=None, **more):
    with quiet():
        return meta.judge(claim, evidence, **more)


def test_one_registry_has_every_kind_of_the_schema():
    assert set(KINDS) == set(ASKS) == set(get_args(KindName))
    assert all(kind.about for kind in KINDS.values())


# --- any measure, either side -----------------------------------------------------------------------


VALUES = {"log ratio": (0.8, 1.25), "standardised difference": (-0.5, 0.5), "difference in units": (-4, 4),
          "risk difference": (-0.1, 0.1), "correlation": (-0.3, 0.3),
          "probability of superiority": (0.4, 0.6),
          "proportion": (0.3, 0.7), "rate": (0.2, 2.0), "mean": (2.0, 9.0), "reliability": (0.5, 0.8),
          "generic": (-1, 1)}  # fmt: skip


@pytest.mark.parametrize("code", sorted(MEASURES))
@pytest.mark.parametrize("side", ["below", "above"])
def test_every_measure_is_an_estimand_on_either_side(code, side):
    entry, kind = MEASURES[code], "effect"
    value = VALUES[entry.family][side == "above"]
    if code == "VE":
        value = -20.0 if side == "below" else 60.0
    claim = claims_of(
        kind, estimand(code, side, f"value = {value}\nmargin = 0.8"), analysis(measure=code, sd=5)
    )
    x0, edge = claimed_on_model_scale(claim.tested), threshold(claim.tested)
    assert float(entry.transform.back(x0)) == pytest.approx(value)
    low, high = region(claim.tested)
    assert low <= x0 <= high, "the claimed value counts"
    assert low <= edge <= high
    null = no_effect(code)
    if null is not None:
        assert not low < float(entry.transform.forward(null)) < high, "no effect does not count"


@pytest.mark.parametrize(
    ("measure", "value", "margin", "edge"),
    [("MD", -5.0, 0.8, -4.0), ("ROM", 0.59, 0.8, 0.8 * math.log(0.59)), ("ZCOR", -0.5, 0.8, math.atanh(-0.4)),
     ("VE", -50.0, 0.8, math.log(1.4)), ("AUC", 0.3, 0.5, 0.4)],
)  # fmt: skip
def test_margins_are_on_the_display_scale_but_for_ratios(measure, value, margin, edge):
    made = Estimand(measure=measure, value=value, value_text="x", side="below", margin=margin)
    assert threshold(made) == pytest.approx(edge)


def test_a_least_value_is_named_on_the_display_scale():
    made = Estimand(measure="ROM", value=0.59, value_text="x", side="below", at_least=0.7)
    assert threshold(made) == pytest.approx(math.log(0.7))
    assert threshold(made, 1.0) == pytest.approx(math.log(0.59))


# --- an effect without a size -----------------------------------------------------------------------


def test_a_claim_without_a_size_asks_for_any_effect_on_its_side():
    claim = claims_of("effect", estimand(more=""), analysis())
    found = judged(claim, effects_of([-0.5, -0.55, -0.6], [0.01] * 3))
    assert found.at_margin.threshold == 0
    assert found.at_margin.prior == 0.5
    assert math.isnan(found.bf_claimed)
    assert found.conclusion == "supported"
    assert "effect on the claim's side" in found.reasons[0]


def test_no_effect_is_no_size():
    with pytest.raises(ValueError, match="leave the value out"):
        claims_of("effect", estimand(more="value = 1.0"), analysis())


# --- non-inferiority --------------------------------------------------------------------------------


def brute_force(table, margin, effect_sd, tau_sd):
    """P(mu < margin) of one table by nested quadrature over theta and p; mu given theta is normal."""
    x1, n1, x2, n2 = table

    def weights(theta):
        def inside(p):
            return stats.binom.pmf(x1, n1, p + theta) * stats.binom.pmf(x2, n2, p)

        low, high = max(0.0, -theta), min(1.0, 1 - theta)
        grid = np.linspace(low, high, 2001)
        return integrate.trapezoid(inside(grid), grid)

    theta = np.linspace(-0.9, 0.9, 721)
    likelihood = np.array([weights(t) for t in theta])
    tau = np.linspace(1e-4, 5 * tau_sd, 300)[:, None]
    sd = np.hypot(effect_sd, tau)
    marginal = stats.norm.pdf(theta, 0, sd) * stats.halfnorm.pdf(tau, scale=tau_sd) * likelihood
    mean, spread = theta * effect_sd**2 / sd**2, effect_sd * tau / sd
    below = stats.norm.cdf((margin - mean) / spread) * marginal
    return below.sum() / marginal.sum()


@pytest.mark.parametrize("table", [(2, 40, 1, 41), (0, 14, 0, 14), (12, 60, 5, 58)])
def test_the_binomial_likelihood_against_brute_force(table):
    columns = [np.array([float(x)]) for x in table]
    found = risk_margin(*columns, margin=0.05, effect_sd=0.1, tau_sd=0.05)
    assert found.below == pytest.approx(brute_force(table, 0.05, 0.1, 0.05), abs=3e-3)
    assert found.prior_below == pytest.approx(stats.norm.cdf(0.5))


SAFE = ("non-inferiority", estimand("RD", "below", "value = 0.05"), analysis(measure="RD", sd=0.1, tau=0.05))


def counts(*tables):
    names = ("events1", "n1", "events2", "n2")
    table = {"study": [f"S{i}" for i in range(len(tables))]}
    table |= {name: [row[j] for row in tables] for j, name in enumerate(names)}
    with quiet():
        return meta.effect_sizes(table, measure="RD", study="study", **{name: name for name in names})


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ([(10, 900, 11, 890), (8, 700, 9, 720)], "supported"),
        ([(200, 900, 50, 890), (150, 700, 40, 720)], "contradicted"),
        ([(2, 20, 1, 21), (1, 18, 1, 20)], "inconclusive"),
        ([(10, 9000, 11, 8900)], "inconclusive"),
    ],
)
def test_non_inferiority(tables, expected):
    found = judged(claims_of(*SAFE), counts(*tables))
    assert found.conclusion == expected
    assert found.at_margin.prior == pytest.approx(stats.norm.cdf(0.5))
    assert "control risk" in found.sentence
    assert "times that risk" in found.sentence


def test_a_margin_lies_on_the_harmful_side():
    with pytest.raises(ValueError, match="how much worse is still tolerated"):
        claims_of("non-inferiority", estimand("RD", "below", "value = -0.05"), analysis(measure="RD"))


# --- interaction, contrast, region ------------------------------------------------------------------


def test_an_interaction_is_of_two_arms_that_both_got_the_treatment():
    parts = (
        estimand("SMD", "below", ""),
        analysis(measure="SMD"),
        '[claims.interaction]\npartner = "copper"',
    )
    found = judged(claims_of("interaction", *parts), effects_of([-0.6, -0.7], [0.01, 0.02], "SMD"))
    assert found.conclusion == "supported"
    assert found.sentence.startswith("Zinc with copper against zinc alone")
    nothing = judged(claims_of("interaction", *parts))
    assert nothing.conclusion == "untestable"
    assert "with and without copper" in nothing.reasons[0]


CONTRAST = (estimand("MD", "above", "value = 0.05"), analysis(measure="MD", sd=0.2, tau=0.1),
            '[claims.contrast]\ntreatment = "picolinate"\ncomparator = "oxide"')  # fmt: skip


def network():
    table = {"trial": list("AABBCC"),
             "form": ["picolinate", "citrate", "citrate", "oxide", "picolinate", "oxide"],
             "mean": [1.30, 1.20, 1.21, 1.10, 1.31, 1.12], "sd": [0.1] * 6, "n": [50] * 6}  # fmt: skip
    with quiet():
        return meta.pool_network(
            table, study="trial", treatment="form", mean="mean", sd="sd", n="n", measure="MD"
        )


def test_a_contrast_by_a_network():
    claim, net = claims_of("contrast", *CONTRAST), network()
    found = judged(claim, net)
    own = net.contrast("picolinate", "oxide")
    precision = 1 / 0.2**2 + 1 / own.se**2
    edge = 0.8 * 0.05
    expected = stats.norm.sf(edge, own.estimate / own.se**2 / precision, precision**-0.5)
    assert found.at_margin.mean == pytest.approx(expected)
    assert found.compatibility.p_null == pytest.approx(own.p_value)
    assert found.conclusion == "supported"


def test_a_contrast_of_a_network_is_judged_as_the_network_is():
    claim, net = claims_of("contrast", *CONTRAST), network()
    whole, own = meta.judge(claim, net), meta.judge(claim, net.contrast("picolinate", "oxide"))
    assert (own.conclusion, own.k, repr(own.at_margin)) == (whole.conclusion, whole.k, repr(whole.at_margin))
    with pytest.raises(InputError, match=r"give net\.contrast"):
        meta.judge(claim, net.contrast("oxide", "picolinate"))


def test_a_contrast_of_a_network_does_not_decide_a_claim_of_another_kind():
    claim, net = claims_of("effect", estimand(more=""), analysis()), network()
    with pytest.raises(InputError, match="decides a claim of kind 'contrast'"):
        meta.judge(claim, net.contrast("picolinate", "oxide"))


def test_a_contrast_without_a_trial_of_the_form_is_untestable():
    claim = claims_of("contrast", *CONTRAST)
    other = claim.model_copy(
        update={"contrast": claim.contrast.model_copy(update={"treatment": "gluconate"})}
    )
    assert "no trial of gluconate" in judged(other, network()).reasons[0]
    assert judged(claim).conclusion == "untestable"


def test_a_form_without_a_trial_is_predicted_from_the_others():
    claim = claims_of("contrast", *CONTRAST)
    asked = {"treatment": "gluconate", "comparator": "oxide", "between_sd": 0.03}
    other = claim.model_copy(update={"contrast": type(claim.contrast)(**asked)})
    table = {"trial": list("AABBCC"),
             "form": ["citrate", "placebo", "oxide", "placebo", "picolinate", "placebo"],
             "mean": [1.30, 1.20, 1.21, 1.20, 1.31, 1.22], "sd": [0.1] * 6, "n": [50] * 6}  # fmt: skip
    with quiet():
        net = meta.pool_network(table, study="trial", treatment="form", mean="mean", sd="sd", n="n",
                                measure="MD", reference="placebo", method="EE")  # fmt: skip
    found = judged(other, net)
    assert found.conclusion == "untestable"
    assert found.reasons[0] == "no trial of gluconate"
    # star network: every form's estimate is its own trial's, without covariance
    forms = [name for name in net.treatments if name != "placebo"]
    d = np.array([net.contrast(name, "placebo").estimate for name in forms])
    v = np.diag([net.contrast(name, "placebo").se ** 2 for name in forms])
    predicted = untested_form(d, v, 0.03, forms.index("oxide"))
    assert found.at_margin.mean == pytest.approx(1 - float(predicted.cdf(0.8 * 0.05)))
    assert "3 tested forms" in found.reasons[1]
    assert "half-normal, scale 0.03" in found.sentence
    assert found.at_margin.wide == pytest.approx(
        1 - float(untested_form(d, v, 0.06, forms.index("oxide")).cdf(0.8 * 0.05))
    )
    against_placebo = claim.model_copy(
        update={"contrast": type(claim.contrast)(**(asked | {"comparator": "placebo"}))}
    )
    alone = judged(against_placebo, net).at_margin.mean
    assert alone == pytest.approx(1 - float(untested_form(d, v, 0.03, None).cdf(0.8 * 0.05)))


def test_a_region_takes_a_curve():
    class Over:
        estimate, se, k = -0.5, 0.1, 6

    class Curve:
        k = 6

        def over(self, low, high):
            assert (low, high) == (200, 400)
            return Over()

    parts = (estimand("SMD", "below", "value = -0.2\nmargin = 1.0"), analysis(measure="SMD", sd=1.0),
             '[claims.region]\nof = "dose"\nlow = 200\nhigh = 400\nunit = "mg"')  # fmt: skip
    claim = claims_of("region", *parts)
    assert judged(claim, Curve()).conclusion == "supported"
    assert judged(claim, Over()).at_margin.mean == judged(claim, Curve()).at_margin.mean
    nothing = judged(claim)
    assert nothing.conclusion == "untestable"
    assert "curve over dose" in nothing.reasons[0]


# --- fact -------------------------------------------------------------------------------------------

SOURCE = (
    '{ citation = "A handbook", address = "example.org", place = "p. 3", says = "no", authoritative = %s }'
)


def fact(finding, *authoritative):
    sources = ", ".join(SOURCE % str(flag).lower() for flag in authoritative)
    return f'[claims.fact]\nfinding = "{finding}"\nbecause = "it is not"\nsources = [{sources}]'


@pytest.mark.parametrize("finding", ["true", "half true", "false"])
def test_a_fact_rests_on_its_sources_alone(finding):
    claim = claims_of("fact", fact(finding, True))
    found = meta.judge(claim)
    assert found.conclusion == finding
    assert "Read: A handbook, p. 3." in found.sentence
    assert found.to_dict()["conclusion"] == finding
    assert claims_of("fact", fact(finding, False, False)).fact.finding == finding
    with pytest.raises(InputError, match="takes no fit"):
        meta.judge(claim, effects_of([0.1], [0.1]))


@pytest.mark.parametrize("sources", [(), (False,)])
def test_a_fact_on_too_little_is_refused(sources):
    with pytest.raises(ValueError, match="two sources that were read"):
        claims_of("fact", fact("false", *sources))
    assert meta.judge(claims_of("fact", fact("untestable", *sources))).conclusion == "untestable"


def test_a_fact_survives_saving(tmp_path):
    found = meta.judge(claims_of("fact", fact("false", True)))
    found.save(tmp_path / "fact.json")
    assert meta.load(tmp_path / "fact.json").sentence == found.sentence


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_a_kind_says_what_it_needs(kind):
    with pytest.raises(ValueError, match=r"is needed|needs its"):
        claims_of(kind)


# --- readings ---------------------------------------------------------------------------------------

READINGS = """
[[claims.readings]]
id = "any"
label = "any reduction"
estimand = { measure = "ROM", value_text = "fewer", side = "below" }
analyses = ["pain"]
[[claims.readings]]
id = "quarter"
label = "a quarter fewer"
estimand = { measure = "ROM", value = 0.75, value_text = "25% fewer", side = "below", margin = 1.0 }
analyses = ["pain"]
[[claims.readings]]
id = "responders"
label = "responders"
estimand = { measure = "RR", value_text = "more responders", side = "above" }
analyses = ["free"]
[[claims.readings]]
id = "literal"
label = "as it is written"
kind = "fact"
fact = { finding = "untestable", because = "nobody looked" }
"""


def read(headline):
    parts = (analysis(), analysis("free", "RR").replace("pain", "pain-free"), READINGS)
    return claims_of("effect", *parts, head=f"headline = {headline}")


WEAK = ([-0.15, -0.16, -0.14], [0.0004] * 3)


def test_each_reading_has_its_verdict_and_the_headline_is_the_claims():
    found = judged(read('"any"'), effects_of(*WEAK))
    assert {name: item.conclusion for name, item in found.readings.items()} == {
        "any": "supported", "quarter": "contradicted", "literal": "untestable",
    }  # fmt: skip
    assert (found.conclusion, found.reading) == ("supported", "any")
    assert judged(read('"quarter"'), effects_of(*WEAK)).conclusion == "contradicted"


def test_readings_of_equal_rank_are_both_in_the_sentence():
    found = judged(read('["any", "quarter"]'), effects_of(*WEAK))
    assert found.conclusion == "inconclusive"
    assert "Any reduction: The claim of fewer is supported" in found.sentence
    assert "A quarter fewer: The claim of 25% fewer is contradicted" in found.sentence


def test_one_reading_can_be_asked_for():
    claim = read('"any"')
    assert judged(claim, effects_of(*WEAK), reading="quarter").conclusion == "contradicted"
    assert judged(claim, effects_of([0.4, 0.5], [0.01, 0.01], "RR"), reading="responders").conclusion == (
        "supported"
    )
    with pytest.raises(InputError, match="it has: any, quarter, responders, literal"):
        judged(claim, reading="all")
    with pytest.raises(InputError, match="has no readings"):
        judged(claims_of("effect", estimand(), analysis()), reading="any")


def test_a_headline_is_named_before_anything_is_pooled():
    with pytest.raises(ValueError, match="headline"):
        claims_of("effect", estimand(), analysis(), analysis("free", "RR"), READINGS)
    with pytest.raises(ValueError, match="must be one of the claim's readings"):
        read('"none"')


def test_evidence_that_does_not_bear_on_the_headline_leaves_it_untestable():
    found = judged(read('"any"'), effects_of([0.4, 0.5], [0.01, 0.01], "RR"))
    assert found.conclusion == "untestable"
    assert found.readings["responders"].conclusion == "supported"


def test_a_verdict_with_readings_survives_saving(tmp_path):
    found = judged(read('"any"'), effects_of(*WEAK))
    found.save(tmp_path / "verdict.json")
    again = meta.load(tmp_path / "verdict.json")
    assert {name: item.conclusion for name, item in again.readings.items()} == {
        name: item.conclusion for name, item in found.readings.items()
    }
