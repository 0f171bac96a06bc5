"""Default priors go by the family of the measure, and every measure has a family."""

import numpy as np
import pytest

import meta
from meta.bayes.averaging import model_average
from meta.bayes.default_priors import AVERAGING_PRIORS, DEFAULT_PRIORS, WITHOUT_DEFAULT
from meta.effects.measures.families import FAMILIES
from meta.effects.registry import MEASURES
from meta.errors import InputError

DATA = {"yi": [0.1, 0.4, 0.3, 0.2], "vi": [0.04, 0.02, 0.05, 0.03]}
EXPECTED = {
    "standardised difference": (meta.Normal(0, 1), meta.HalfNormal(0.5)),
    "log ratio": (meta.Normal(0, 0.5), meta.HalfNormal(0.3)),
}
with_default = pytest.mark.parametrize(
    "code", [code for code, entry in MEASURES.items() if entry.family in EXPECTED]
)
without_default = pytest.mark.parametrize(
    "code", [code for code, entry in MEASURES.items() if entry.family not in EXPECTED]
)


def test_each_family_has_defaults_or_a_reason_for_none():
    assert set(DEFAULT_PRIORS) | set(WITHOUT_DEFAULT) == set(FAMILIES)
    assert set(AVERAGING_PRIORS) == set(DEFAULT_PRIORS)
    assert not set(DEFAULT_PRIORS) & set(WITHOUT_DEFAULT)
    assert {entry.family for entry in MEASURES.values()} == set(FAMILIES)


@pytest.mark.parametrize("entry", MEASURES.values(), ids=MEASURES)
def test_the_family_agrees_with_name_scale_and_null(entry):
    ratio = entry.scale in ("log", "one-minus-exp") and entry.null == 0
    assert entry.is_log_ratio == ratio
    assert entry.is_standardised == ("standardised" in entry.name and not entry.is_log_ratio), (
        "a measure in standard deviations says so in its name"
    )
    assert (entry.family == "correlation") == (
        "correlation" in entry.display or "phi" in entry.display or "Yule" in entry.display
    )
    assert (entry.family == "probability of superiority") == (entry.null == 0.5)
    if entry.logs_of_means:
        assert entry.scale == "log"
        assert any(name.startswith("mean") for name in entry.columns)


@with_default
def test_measures_of_one_family_share_their_defaults(code):
    post = meta.bayes(**DATA, measure=code)
    effect, tau = EXPECTED[MEASURES[code].family]
    assert (post.effect_prior, post.tau_prior) == (effect, tau)
    same = meta.bayes(**DATA, effect=effect, tau=tau)
    assert post.estimate == same.estimate
    given = meta.bayes(**DATA, measure=code, effect=meta.Normal(0, 2))
    assert given.effect_prior == meta.Normal(0, 2)
    assert given.tau_prior == tau


@with_default
def test_model_averaging_has_the_same_families(code):
    got = model_average(**DATA, measure=code)
    tau = meta.InverseGamma(1, 0.15) if MEASURES[code].is_standardised else meta.HalfNormal(0.3)
    same = model_average(**DATA, effect=EXPECTED[MEASURES[code].family][0], tau=tau)
    assert got.bf_effect == same.bf_effect
    assert np.isfinite(got.bf_effect)


@without_default
@pytest.mark.parametrize("verb", [meta.bayes, model_average], ids=["bayes", "model_average"])
def test_other_measures_say_what_to_give(code, verb):
    said = f"measure {code} has no default priors, as it .*give effect= and tau="
    for given in ({}, {"effect": meta.Normal(0, 4)}, {"tau": meta.HalfNormal(2)}):
        with pytest.raises(InputError, match=said):
            verb(**DATA, measure=code, **given)
    verb(**DATA, measure=code, effect=meta.Normal(0, 4), tau=meta.HalfNormal(2))
