"""Moderators of Bayesian models are those of `meta.regress`: formulas, names, arrays, the intercept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import meta
from meta.bayes import bayes_location_scale
from meta.errors import InputError, NotEstimableError, quiet
from meta.saving.files import dumps, loads

K = 18
RNG = np.random.default_rng(7)
COLUMNS = {
    "x": RNG.normal(size=K),
    "n": RNG.integers(10, 90, size=K),
    "year": np.linspace(1980, 2015, K).round(),
    "form": np.array(list("abc") * 6),
    "g": np.array(list("uv") * 9),
    "co2.elev": RNG.uniform(size=K),
    "class": np.array(list("ppq") * 6),
}
ES = meta.EffectSizes(
    RNG.normal(size=K), RNG.uniform(0.05, 0.3, K), "SMD", [f"s{i}" for i in range(K)], columns=COLUMNS
)
FORMULAS = [
    *("~ 1", "~ x", "~ 0 + x", "~ year", "~ form", "~ 0 + form", "~ form*x", "~ form:g - 1", "~ x:form + g"),
    *("~ I(x**2) + log(n)", "~ poly(x, 2)", "~ bs(x, df=4)", "~ 0 + cr(x, df=3)", "~ center(x)*scale(n)"),
    *("~ C(form, contr.helmert)", "~ C(form, Treatment('c'))", "~ `co2.elev` + C(`class`)", "x"),
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_flat_priors_and_a_known_tau_are_weighted_least_squares(formula, tau):
    post = meta.bayes(ES, moderators=formula, effect=meta.Flat(), tau=tau)
    fit = meta.regress(ES, moderators=formula, method=tau**2, test="z")
    assert post.terms == fit.names
    np.testing.assert_allclose(post.coefficients["estimate"], fit.beta, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(post.coefficients["sd"], fit.se, rtol=1e-8)
    np.testing.assert_array_equal(post.design, fit.X)
    again = loads(dumps(post))
    np.testing.assert_array_equal(again.moderators.new(ES.frame), fit.X)


def test_an_array_gets_an_intercept():
    x, y = np.array([1.0, 2, 3, 4, 5, 7]), np.array([2.1, 2.2, 2.3, 2.4, 2.5, 2.7])
    post = meta.bayes(yi=y, vi=[0.01] * 6, moderators=x.tolist(), effect=meta.Flat(), tau=0.0)
    assert post.coefficients["estimate"].to_dict() == pytest.approx({"Intercept": 2.0, "x1": 0.1})
    without = meta.bayes(yi=y, vi=[0.01] * 6, moderators=x, intercept=False, effect=meta.Flat(), tau=0.0)
    assert without.coefficients["estimate"].to_dict() == pytest.approx({"x1": x @ y / (x @ x)})


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_column_of_ones_of_the_callers_own_is_the_intercept_in_its_place(at):
    x = np.insert(np.column_stack([COLUMNS["x"], COLUMNS["n"] / 50]), at, 1.0, axis=1)
    priors = [meta.Normal(0.1 * i, 1 + i) for i in range(3)]
    post = meta.bayes(ES, moderators=x, effect=priors, tau=meta.HalfNormal(0.5))
    assert post.terms == ("x0", "x1", "x2")
    assert post.priors == tuple(priors)
    np.testing.assert_array_equal(post.design, x)
    assert post.moderators.intercept == at
    named = pd.DataFrame(x, columns=["one" if i == at else f"c{i}" for i in range(3)])
    by_name = meta.bayes(
        ES, moderators=named, effect=dict(zip(named, priors, strict=True)), tau=meta.HalfNormal(0.5)
    )
    np.testing.assert_array_equal(by_name.coefficients["estimate"], post.coefficients["estimate"])
    sloped = meta.bayes(
        ES, moderators=x, effect=meta.Normal(0, 3), slopes=meta.Normal(0, 0.4), tau=meta.HalfNormal(0.5)
    )
    assert sloped.priors == tuple(meta.Normal(0, 3 if i == at else 0.4) for i in range(3))


def test_every_spelling_of_one_moderator():
    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    want = meta.bayes(ES, moderators="~ x", **priors).coefficients
    for given in ("x", ["x"], {"x": COLUMNS["x"]}, pd.DataFrame({"x": COLUMNS["x"]})):
        pd.testing.assert_frame_equal(meta.bayes(ES, moderators=given, **priors).coefficients, want)
    clipped = meta.bayes(ES, moderators="~ cut(x)", context={"cut": lambda x: np.clip(x, 0, 1)}, **priors)
    np.testing.assert_array_equal(clipped.design[:, 1], np.clip(COLUMNS["x"], 0, 1))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"moderators": "~ x", "intercept": True}, "intercept=True has no effect with a formula"),
        ({"intercept": False}, "intercept=False has no effect without moderators"),
        ({"moderators": "~ open(x)"}, "uses open, which formulas do not offer"),
        ({"moderators": "~ dose"}, "'dose', which is not a column"),
        ({"moderators": [np.inf] * K}, "x1 is inf for study 's0'"),
    ],
)
def test_refusals_are_the_common_ones(given, match):
    with pytest.raises(InputError, match=match):
        meta.bayes(ES, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), **given)


def test_leaving_a_study_out_may_take_a_level_with_it():
    form = np.array(["a", "b", *["a", "c"] * 8])
    es = meta.EffectSizes(ES.yi, ES.vi, "SMD", ES.study, columns={"form": form})
    proper = meta.bayes(es, moderators="~ form", effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)).loo()
    assert np.isfinite(proper.pointwise).all()
    flat = meta.bayes(es, moderators="~ form", effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    with pytest.raises(NotEstimableError, match="without study 's1' the moderators are linearly dependent"):
        flat.loo()


def test_the_location_scale_model_uses_the_rows_that_have_both(monkeypatch):
    z = COLUMNS["x"].copy()
    z[3] = np.nan
    es = meta.EffectSizes(ES.yi, ES.vi, "SMD", ES.study, columns=COLUMNS | {"z": z})
    from meta.bayes import scale_model

    seen = {}
    monkeypatch.setattr(
        scale_model, "location_scale_model", lambda y, v, x, z, priors: seen.update(y=y, x=x, z=z)
    )
    monkeypatch.setattr(scale_model, "sampled", lambda *given: given[2])
    with quiet():
        priors = bayes_location_scale(
            es, scale="z", moderators="~ form", effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)
        )
    assert list(priors) == ["mu", "slope[form[T.b]]", "slope[form[T.c]]", "tau", "log_tau2[z]"]
    assert seen["y"].size == seen["x"].shape[0] == seen["z"].shape[0] == K - 1
    np.testing.assert_allclose(seen["z"].mean(axis=0), 0, atol=1e-15)
    with pytest.raises(InputError, match="has no intercept; write it as '~ 1 "):
        bayes_location_scale(es, scale="~ 0 + x", effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
