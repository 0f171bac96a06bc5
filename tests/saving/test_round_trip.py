"""Every result saves to JSON and loads into an equal one (meta.saving)."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.bayes.averaging import model_average
from meta.bayes.batch import batch
from meta.claims.multiverse import Multiverse
from meta.errors import quiet
from meta.pooling.bounded_pool import pool_bounded
from meta.saving.files import dumps, loads

STUDIES = Path(__file__).parents[2] / "studies"
YI = [0.35, 0.12, -0.2, 0.61, 0.28, 0.05, 0.44, 0.3, 0.52, 0.02, 0.7, 0.33]
VI = [0.02, 0.05, 0.11, 0.08, 0.03, 0.02, 0.09, 0.04, 0.07, 0.015, 0.12, 0.05]


def equal(a, b):
    """Whether two values are equal to the last bit, whatever they are made of."""
    if type(a) is not type(b):
        return False
    if is_dataclass(a):
        kept = [item.name for item in fields(a) if "left_out" not in item.metadata]
        return all(equal(getattr(a, name), getattr(b, name)) for name in kept)
    if isinstance(a, np.ndarray):
        if a.dtype.kind == "O":
            return a.shape == b.shape and all(equal(x, y) for x, y in zip(a.flat, b.flat, strict=True))
        return (
            a.shape == b.shape
            and a.dtype.kind == b.dtype.kind
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, pd.DataFrame | pd.Index):
        return a.equals(b)
    if isinstance(a, pd.api.extensions.ExtensionArray):
        return a.equals(b)
    return a == b


@pytest.fixture(scope="module")
def es():
    table = pd.DataFrame(
        {
            "yi": YI,
            "vi": VI,
            "dose": np.linspace(100, 500, 12),
            "form": list("aabbccabcabc"),
            "trial": list("AABBCCDDEEFF"),
            "year": pd.to_datetime([f"{2000 + i}-01-02" for i in range(12)]),
            "kind": pd.Categorical(list("xyxyxyxyxyxy"), categories=["y", "x"], ordered=True),
            "size": pd.array([None, *range(11)], dtype="Int64"),
        },
        index=[f"r{i}" for i in range(12)],
    )
    return meta.effect_sizes(table, measure="SMD", yi="yi", vi="vi")


@pytest.fixture(scope="module")
def tables():
    return {
        "events1": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17],
        "n1": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716],
        "events2": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65],
        "n2": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665],
    }


RESULTS = {
    "EffectSizes": lambda es, t: es,
    "EffectSizes of a table": lambda es, t: meta.effect_sizes(t, measure="RR"),
    "Pooled": lambda es, t: meta.pool(es),
    "Pooled, one study": lambda es, t: meta.pool(yi=[0.3], vi=[0.1]),
    "Pooled, fixed tau2": lambda es, t: meta.pool(es, method=0.1, test="z", level=0.9),
    "PooledMany": lambda es, t: meta.pool_many(
        np.column_stack([YI, YI[::-1]]), np.column_stack([VI, [*VI[:-1], np.nan]])
    ),
    "Subgroups": lambda es, t: meta.subgroups(es, by="form"),
    "Regression": lambda es, t: meta.regress(es, "~ dose + C(form)"),
    "Regression on arrays": lambda es, t: meta.regress(es, moderators={"dose": np.linspace(0, 1, 12)}),
    "LocationScale": lambda es, t: meta.regress(es, "~ dose", scale="~ dose", test="z"),
    "PermutationTest": lambda es, t: meta.regress(es, "~ dose").permutation_test(n=20, seed=1),
    "Multilevel": lambda es, t: meta.pool_multilevel(es, levels=["trial", "form"], rho=0.6),
    "Robust": lambda es, t: meta.pool_multilevel(es, levels=["trial"], rho=0.6).robust("trial"),
    "PooledCounts, MH": lambda es, t: meta.pool_counts(t, measure="OR", method="MH", **{n: n for n in t}),
    "PooledCounts, GLMM": lambda es, t: meta.pool_counts(t, measure="OR", method="GLMM", **{n: n for n in t}),
    "Posterior": lambda es, t: meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)),
    "Posterior, flat": lambda es, t: meta.bayes(es, effect=meta.Flat(), tau=meta.priors.DuMouchel()),
    "Posterior on a grid": lambda es, t: meta.bayes(es, effect=meta.Cauchy(0, 1), tau=meta.LogNormal(-1, 1)),
    "Posterior, fixed tau": lambda es, t: meta.bayes(es, effect=meta.Normal(0, 1), tau=0.2),
    "PosteriorRegression": lambda es, t: meta.bayes(
        es, moderators="~ dose", effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)
    ),
    "ModelAverage": lambda es, t: model_average(es),
    "BatchPosterior": lambda es, t: batch(
        np.array([YI]), np.array([VI]), effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)
    ),
    "egger": lambda es, t: meta.bias.egger(es),
    "peters": lambda es, t: meta.bias.peters(t, **{n: n for n in t}),
    "harbord": lambda es, t: meta.bias.harbord(t, **{n: n for n in t}),
    "bias_robust": lambda es, t: meta.bias.bias_robust(es, cluster="study"),
    "selection_model, moderators": lambda es, t: meta.bias.selection_model(es, moderators="~ dose"),
    "begg": lambda es, t: meta.bias.begg(es),
    "trim_and_fill": lambda es, t: meta.bias.trim_and_fill(es),
    "selection_model": lambda es, t: meta.bias.selection_model(es, steps=[0.025]),
    "pet_peese": lambda es, t: meta.bias.pet_peese(es),
    "waap": lambda es, t: meta.bias.waap(es),
    "failsafe_n": lambda es, t: meta.bias.failsafe_n(es),
    "excess_significance": lambda es, t: meta.bias.excess_significance(es),
    "significance_funnel": lambda es, t: meta.bias.significance_funnel(es),
    "copas": lambda es, t: meta.bias.copas(es),
    "beta_selection": lambda es, t: meta.bias.beta_selection(es),
    "limit_meta_analysis": lambda es, t: meta.bias.limit_meta_analysis(es),
    "p_curve": lambda es, t: meta.bias.p_curve(es),
    "p_uniform_star": lambda es, t: meta.bias.p_uniform_star(es),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_loads_as_it_was_saved(name, es, tables, tmp_path):
    with quiet():
        result = RESULTS[name](es, tables)
        again = meta.load(result.save(tmp_path / "fit.json"))
        assert equal(again, result)
        assert repr(again) == repr(result)
        assert str(again) == str(result)
        assert dumps(again) == dumps(result)


@pytest.fixture(scope="module")
def answers():
    from meta.claims.answer_claims import answer

    with quiet():
        evidence = meta.load_evidence(STUDIES)
        return [answer(evidence, name) for name in ("soreness", sorted(evidence.analyses)[0])]


@pytest.mark.parametrize("which", [0, 1])
def test_verdicts_and_answers_load_as_they_were_saved(which, answers, tmp_path):
    found = answers[which]
    with quiet():
        results = [found, found.verdict, found.effects, found.fit, found.posterior]
        results.append(pool_bounded(found.effects, method="ML"))
        for number, result in enumerate(results):
            again = meta.load(result.save(tmp_path / f"{number}.json"))
            assert equal(again, result)
            assert repr(again) == repr(result)
            assert str(again) == str(result)


def test_what_is_worked_out_from_a_loaded_result_is_the_same(es, tmp_path):
    with quiet():
        fit = meta.regress(es, "~ dose + C(form)")
        again = meta.load(fit.save(tmp_path / "fit.json"))
        new = pd.DataFrame({"dose": [150.0, 300.0], "form": ["c", "a"]})
        pd.testing.assert_frame_equal(again.predict(new), fit.predict(new), check_exact=True)
        post = meta.bayes(es, effect=meta.StudentT(0, 1, 4), tau=meta.HalfCauchy(0.5))
        back = meta.load(post.save(tmp_path / "post.json"))
    pd.testing.assert_frame_equal(back.tidy(), post.tidy(), check_exact=True)
    pd.testing.assert_frame_equal(back.shrinkage(), post.shrinkage(), check_exact=True)
    assert back.bayes_factor("mu=0") == post.bayes_factor("mu=0")
    pd.testing.assert_frame_equal(back.effects.frame, post.effects.frame, check_exact=True)


@pytest.mark.parametrize("name", ["selection_model", "beta_selection"])
def test_a_loaded_selection_model_profiles_like_the_first(name, es, tmp_path):
    with quiet():
        found = getattr(meta.bias, name)(es)
        again = meta.load(found.save(tmp_path / "x.json"))
        assert again.profile_interval("tau2") == found.profile_interval("tau2")


def test_bounds_and_mixtures_survive(tmp_path):
    es = meta.EffectSizes(
        yi=[0.2, np.nan, np.nan, 0.4],
        vi=[0.1, 0.2, 0.1, 0.1],
        measure="GEN",
        study=["A", "B", "C", "D"],
        kind=["exact", "bound", "mixture", "exact"],
        lower=[np.nan, -np.inf, np.nan, np.nan],
        upper=[np.nan, 0.3, np.nan, np.nan],
        mixtures={2: ((0.5, 0.5), (-0.5, 0.5))},
        covariance=None,
    )
    post = meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    assert equal(meta.load(es.save(tmp_path / "es.json")), es)
    assert equal(meta.load(post.save(tmp_path / "post.json")), post)


@pytest.mark.mcmc
@pytest.mark.parametrize("tau", [meta.HalfNormal(0.5), 0.2])
def test_a_sampled_posterior_keeps_its_draws(es, tau, tmp_path):
    from meta import compat

    post = meta.bayes(
        es, effect=meta.Normal(0, 1), tau=tau, engine="pymc", seed=1, draws=1500, tune=500, chains=2
    )
    again = meta.load(post.save(tmp_path / "post.json"))
    assert equal(again.core, post.core)
    assert equal(again.diagnostics, post.diagnostics)
    assert str(again) == str(post)
    drawn, kept = (compat.posterior_draws(one.inference_data) for one in (post, again))
    assert equal(kept, drawn)
    assert compat.diagnostics(again.inference_data, ["mu"]) == compat.diagnostics(post.inference_data, ["mu"])


def test_a_file_says_what_it_is_and_how_it_was_made(es, tmp_path):
    with quiet():
        path = meta.pool(es, method="PM", test="z").save(tmp_path / "fit.json")
    content = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"bare {name}"))
    assert content["format"] == "meta-verdict/1"
    assert content["class"] == "Pooled"
    assert content["options"] == {
        "measure": "SMD",
        "method": "PM",
        "test": "z",
        "level": 0.95,
        "user_weights": False,
    }
    assert set(content["versions"]) == {"meta", "python", "numpy", "scipy", "pandas"}
    assert content["versions"]["numpy"] == np.__version__
    assert content["versions"]["meta"] == meta.__version__


def test_priors_are_readable_in_the_options(es):
    post = meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    options = json.loads(dumps(post))["options"]
    assert options["effect_prior"] == "Normal(mean=0, sd=1)"
    assert options["engine"] == "exact"
    with quiet():
        assert json.loads(dumps(meta.regress(es, "~ dose")))["options"]["formula"] == "~ dose"


@pytest.mark.parametrize("value", [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3])
def test_numbers_keep_every_bit(value, tmp_path):
    es = meta.EffectSizes(yi=[value], vi=[abs(value) or 1.0], measure="GEN", study=["A"])
    assert loads(dumps(es)).yi.tobytes() == es.yi.tobytes()


def test_a_multiverse_loads_as_it_was_saved(tmp_path):
    frame = pd.DataFrame(
        {
            "choice": np.array(["a", None, "b"], dtype=object),
            "yi": [0.1, np.nan, 0.3],
            "form": pd.Categorical(["x", "y", "x"], ["y", "x"], ordered=True),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "day": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]),
            "twice": [True, False, True],
        },
        index=["r1", "r2", "r2"],
    ).rename(columns={"twice": "yi"})
    with quiet():
        claim, analysis = meta.load_evidence(STUDIES).analyses["soreness"]
    found = Multiverse(claim, analysis, frame, ("a", "b"), 3, 2)
    again = meta.load(found.save(tmp_path / "m.json"))
    assert again.claim == claim
    assert again.analysis == analysis
    pd.testing.assert_frame_equal(again.frame, frame, check_exact=True)
    assert (again.choices, again.total, again.used) == (("a", "b"), 3, 2)


def test_tests_of_coefficients_load_as_they_were_saved(es, tmp_path):
    with quiet():
        small, large = (meta.regress(es, formula, method="ML") for formula in ("~ dose", "~ dose + C(form)"))
        result = meta.likelihood_ratio_test(small, large)
    again = meta.load(result.save(tmp_path / "test.json"))
    assert again == result
    assert str(again) == str(result)


def test_plans_and_certainty_load_as_they_were_saved(answers, tmp_path):
    with quiet():
        results = [
            meta.plan(answers[0].verdict, sizes=(50,), trials=(1,), draws=50),
            meta.certainty(meta.load_evidence(STUDIES), "soreness-41"),
        ]
        for result in results:
            again = meta.load(result.save(tmp_path / "x.json"))
            assert equal(again, result)
            assert str(again) == str(result)
