"""A masked value is a missing value wherever numbers are taken, and complex numbers are no numbers."""

import functools

import numpy as np
import pytest

import meta
from meta.arguments import floats, one_each
from meta.errors import InputError, MetaError, quiet
from meta.missing import absent, unmasked

HIDDEN = np.array([False, True, False, False])
NUMBERS = np.array([0.1, 99.0, 0.4, 0.3])
PLAIN = np.where(HIDDEN, np.nan, NUMBERS)
MASKED = np.ma.masked_array(NUMBERS, HIDDEN)
COMPLEX = NUMBERS + 1j
V = np.array([0.1, 0.1, 0.1, 0.2])
PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
SIZES = {"n1": [200] * 4, "events2": [5] * 4, "n2": [200] * 4}


@functools.cache
def es():
    return meta.effect_sizes(measure="GEN", yi=[0.1, 0.2, 0.4, 0.3], vi=V)


def two(x):
    """A matrix of a constant and the values."""
    ones = np.ones(4)
    return np.ma.column_stack([ones, x]) if isinstance(x, np.ma.MaskedArray) else np.column_stack([ones, x])


def diagonal(x):
    if isinstance(x, np.ma.MaskedArray):
        return np.ma.masked_array(np.diag(x.data), np.outer(x.mask, x.mask))
    return np.diag(x)


TAKERS = {
    "pool yi": lambda x: meta.pool(yi=x, vi=V).estimate,
    "pool vi": lambda x: meta.pool(yi=V, vi=x).estimate,
    "pool sei": lambda x: meta.pool(yi=V, sei=x).estimate,
    "pool weights": lambda x: meta.pool(es(), weights=x).estimate,
    "pool by": lambda x: meta.pool(es(), by=x).summary(),
    "effect_sizes": lambda x: meta.effect_sizes(measure="GEN", yi=x, vi=V).yi,
    "effect_sizes of a table": lambda x: meta.effect_sizes({"yi": x, "vi": V}, measure="GEN").yi,
    "effect_sizes of counts": lambda x: meta.effect_sizes(measure="OR", events1=x, **SIZES).yi,
    "EffectSizes": lambda x: meta.EffectSizes(x, V, "GEN", list("abcd")).yi,
    "pool_many Y": lambda x: meta.pool_many(x[:, None], V[:, None]).estimate,
    "pool_many V": lambda x: meta.pool_many(V[:, None], x[:, None]).estimate,
    "regress moderators": lambda x: meta.regress(es(), x).coefficients.estimate.tolist(),
    "regress dictionary": lambda x: meta.regress(es(), {"x": x}).coefficients.estimate.tolist(),
    "regress weights": lambda x: meta.regress(es(), np.arange(4.0), weights=x).coefficients.estimate.tolist(),
    "simulate vi": lambda x: meta.simulate(vi=x, mu=0.1, tau2=0.1, reps=3, seed=1).y[0].tolist(),
    "simulate mu": lambda x: meta.simulate(vi=V, mu=x, tau2=0.1, reps=3, seed=1).y[0].tolist(),
    "bayes": lambda x: meta.bayes(yi=x, vi=V, **PRIORS).estimate,
    "bayes moderators": lambda x: meta.bayes(es(), moderators=two(x), **PRIORS).tidy().to_csv(),
    "pool_counts": lambda x: meta.pool_counts(measure="OR", events1=x, **SIZES).estimate,
    "multilevel yi": lambda x: meta.pool_multilevel(yi=x, vi=V, levels=[list("aabb"), list("abab")]).estimate,
    "multilevel V": lambda x: meta.pool_multilevel(es(), levels=["study"], V=diagonal(x)).estimate,
    "robust cluster": lambda x: meta.robust(meta.pool(es()), cluster=x).summary(),
    "egger n": lambda x: meta.bias.egger(es(), predictor="n", n=x).p_value,
    "selection steps": lambda x: meta.bias.selection_model(es(), steps=x).estimate,
    "cumulative order": lambda x: meta.diagnostics.cumulative(meta.pool(es()), order=x).estimate.tolist(),
    "bubble": lambda x: meta.plots.bubble(meta.regress(es(), np.arange(4.0)), x=x).alt_text,
    "prior density": lambda x: meta.Normal(0, 1).pdf(x).tolist(),
    "borrowed_sd": lambda x: str(meta.bayes.borrowed_sd(x)),
    "contrast": lambda x: meta.regress(es(), np.arange(4.0)).contrast(x[:2]).to_csv(),
}


def answer(taker, values):
    with quiet():
        try:
            return repr(taker(values))
        except MetaError as refusal:
            return f"refused: {refusal}"


def shown(values):
    return {"masked": MASKED, "NaN": PLAIN, "complex": COMPLEX}[values]


@pytest.mark.parametrize("name", TAKERS)
def test_a_masked_value_is_a_missing_value(name):
    told = [answer(TAKERS[name], shown(values)) for values in ("masked", "NaN")]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", TAKERS)
def test_complex_numbers_are_refused(name):
    with quiet(), pytest.raises(MetaError):
        TAKERS[name](COMPLEX)


def test_the_masked_example_of_the_mean():
    masked = np.ma.masked_array([0.1, 99, 0.4], mask=[0, 1, 0])
    with quiet():
        assert meta.pool(yi=masked, vi=[0.1, 0.1, 0.1]).estimate == pytest.approx(0.25)


def test_masks_of_labels_integers_and_nothing():
    assert unmasked(np.ma.masked_array([1, 2], mask=[1, 0])).tolist()[1] == 2.0
    assert unmasked(np.ma.masked_array([1, 2])).dtype.kind == "i"
    assert unmasked(np.ma.masked_array(["a", "b"], mask=[1, 0])).tolist() == [None, "b"]
    assert absent(np.ma.masked_array([1, 2], mask=[1, 0])).tolist() == [True, False]
    assert np.isnan(floats(np.ma.masked_array([1, 2], mask=[1, 0]), "x")[0])
    with pytest.raises(InputError, match="not complex"):
        one_each([1j, 2], "by", 2)


@pytest.mark.parametrize("name", ["yi", "vi"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_no_effect_and_no_variance_is_infinite(name, value):
    given = {"yi": np.array([0.1, 0.2]), "vi": np.array([0.1, 0.1])}
    given[name] = given[name] + np.array([0.0, value])
    makers = [
        lambda: meta.EffectSizes(given["yi"], given["vi"], "GEN", ["A", "B"]),
        lambda: meta.effect_sizes(measure="GEN", **given),
        lambda: meta.effect_sizes(given, measure="GEN"),
        lambda: meta.pool(**given),
        lambda: meta.pool(given),
        lambda: meta.subgroups(**given, by=["a", "b"]),
        lambda: meta.regress(**given, moderators=[1.0, 2.0]),
        lambda: meta.regress(given, np.array([1.0, 2.0])),
        lambda: meta.pool_multilevel(given, levels=["study"]),
        lambda: meta.bayes(**given, **PRIORS),
        lambda: meta.bias.egger(given),
        lambda: meta.bias.begg(given),
        lambda: meta.pool_many(given["yi"][:, None], given["vi"][:, None]),
    ]
    for maker in makers:
        with quiet(), pytest.raises(MetaError, match=r"finite|> 0|outside the range"):
            maker()
