"""Every result as a JSON file and back (meta.saving, meta.encoding)."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta import saving
from meta.bayes.averaging import model_average
from meta.bayes.batch import batch
from meta.encoding import Decoder, Encoder
from meta.errors import InputError, quiet
from meta.pooling.bounded import pool_bounded

DATA = Path(meta.__file__).parent / "datasets" / "data"
STUDIES = Path(__file__).parents[2] / "studies"
Y, V = [0.1, 0.5, -0.2, 0.9, 0.4], [0.02, 0.05, 0.04, 0.1, 0.03]
BCG = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def strict(constant):
    raise AssertionError(f"{constant} is not strict JSON")


def there_and_back(result, tmp_path):
    path = result.save(tmp_path / "result.json")
    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=strict)
    assert content["format"] == "meta-verdict/1"
    assert set(content["versions"]) == {"meta-verdict", "python", "numpy", "scipy", "pandas"}
    again = meta.load(path)
    assert type(again) is type(result)
    assert repr(again) == repr(result)
    assert saving.dumps(again) == path.read_text(encoding="utf-8")
    return again, content


@pytest.fixture(scope="module")
def bcg():
    with quiet():
        return meta.effect_sizes(str(DATA / "bcg.csv"), measure="RR", study="author", **BCG)


def pooled(es):
    return meta.pool(es)


RESULTS = {
    "effect sizes": lambda es: es,
    "effect sizes with bounds": lambda es: meta.load_evidence(STUDIES).effects("soreness"),
    "pool": pooled,
    "pool, one study": lambda es: meta.pool(yi=[0.1], vi=[0.2]),
    "pool, weights": lambda es: meta.pool(yi=Y, vi=V, weights=[1, 2, 3, 4, 5], method=0.1, test="z"),
    "pool_many": lambda es: meta.pool_many(np.array([Y, Y]).T, np.array([V, V]).T),
    "subgroups": lambda es: meta.subgroups(es, by="alloc"),
    "regress": lambda es: meta.regress(es, "~ ablat + C(alloc)"),
    "regress, arrays": lambda es: meta.regress(es, moderators={"x": np.arange(13.0)}),
    "multilevel": lambda es: meta.pool_multilevel(es, levels=["alloc", "trial"]),
    "robust": lambda es: meta.pool_multilevel(es, levels=["alloc", "trial"]).robust("alloc"),
    "counts, MH": lambda es: meta.pool_counts(
        pd.read_csv(DATA / "bcg.csv"), measure="OR", method="MH", **BCG
    ),
    "counts, Peto": lambda es: meta.pool_counts(
        pd.read_csv(DATA / "bcg.csv"), measure="OR", method="Peto", **BCG
    ),
    "posterior": lambda es: meta.bayes(es, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5)),
    "posterior, flat": lambda es: meta.bayes(es, effect=meta.Flat(), tau=meta.HalfCauchy(0.5)),
    "posterior, tau known": lambda es: meta.bayes(es, effect=meta.Normal(0, 1), tau=0.3),
    "posterior, grid": lambda es: meta.bayes(es, effect=meta.Cauchy(0, 1), tau=meta.Exponential(2)),
    "posterior regression": lambda es: meta.bayes(
        es, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5), moderators="~ ablat"
    ),
    "egger": lambda es: meta.bias.egger(es),
    "begg": lambda es: meta.bias.begg(es),
    "trim and fill": lambda es: meta.bias.trim_and_fill(pooled(es)),
    "pet-peese": lambda es: meta.bias.pet_peese(es),
    "waap": lambda es: meta.bias.waap(es),
    "selection model": lambda es: meta.bias.selection_model(es),
    "failsafe": lambda es: meta.bias.failsafe_n(es),
    "excess": lambda es: meta.bias.excess_significance(es),
    "significance funnel": lambda es: meta.bias.significance_funnel(es),
    "limit": lambda es: meta.bias.limit_meta_analysis(es),
    "p-uniform*": lambda es: meta.bias.p_uniform_star(es),
    "p-curve": lambda es: meta.bias.p_curve(es),
    "copas": lambda es: meta.bias.copas(es),
    "beta weights": lambda es: meta.bias.beta_selection(es),
    "likelihood ratio": lambda es: meta.likelihood_ratio_test(
        meta.regress(es, "~ ablat", method="ML"), meta.regress(es, "~ 1", method="ML")
    ),
    "permutation": lambda es: meta.regress(es, "~ ablat", test="z").permutation_test(n=50, seed=1),
    "location-scale": lambda es: meta.regress(es, "~ ablat", scale="~ ablat", test="z"),
    "bounds": lambda es: pool_bounded(meta.load_evidence(STUDIES).effects("soreness"), method="ML"),
    "batch of posteriors": lambda es: batch(
        np.array([Y]), np.array([V]), effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)
    ),
    "model average": lambda es: model_average(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)),
    "multiverse": lambda es: meta.multiverse(meta.load_evidence(STUDIES), "soreness", limit=60),
    "harbord": lambda es: meta.bias.harbord(str(DATA / "bcg.csv"), **BCG),
}


SLOW = ("copas", "multiverse", "model average")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in RESULTS]
)
def test_a_result_is_the_same_after_saving_and_loading(name, bcg, tmp_path):
    with quiet():
        there_and_back(RESULTS[name](bcg), tmp_path)


def test_a_loaded_fit_does_all_that_a_fit_does(bcg, tmp_path):
    with quiet():
        fit = meta.pool(bcg)
        again, content = there_and_back(fit, tmp_path)
        assert str(again) == str(fit)
        assert again.prediction_interval() == fit.prediction_interval()
        assert again.tau2_interval("PL") == fit.tau2_interval("PL")
        pd.testing.assert_frame_equal(again.augment(), fit.augment())
        pd.testing.assert_frame_equal(again.effects.frame, fit.effects.frame)
        assert meta.bias.egger(again).p_value == meta.bias.egger(fit).p_value
    assert content["class"] == "pooling.result.Pooled"
    assert content["options"] == {"measure": "RR", "method": "REML", "test": "hksj", "level": 0.95}
    assert content["versions"]["numpy"] == np.__version__


def test_a_loaded_posterior_answers_like_the_first(bcg, tmp_path):
    with quiet():
        post = meta.bayes(bcg, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5))
        again, content = there_and_back(post, tmp_path)
    assert again.interval(0.9, of="new") == post.interval(0.9, of="new")
    assert again.bayes_factor("mu=0") == post.bayes_factor("mu=0")
    assert again.effect_prior == post.effect_prior
    pd.testing.assert_frame_equal(again.shrinkage(), post.shrinkage())
    assert content["options"]["tau_prior"] == "HalfNormal(scale=0.5)"


def test_a_loaded_regression_predicts(bcg, tmp_path):
    with quiet():
        fit = meta.regress(bcg, "~ np.log(ablat) + C(alloc)")
        again, content = there_and_back(fit, tmp_path)
    new = pd.DataFrame({"ablat": [10, 40], "alloc": ["random", "alternate"]})
    pd.testing.assert_frame_equal(again.predict(new), fit.predict(new))
    pd.testing.assert_frame_equal(again.coefficients, fit.coefficients)
    assert content["options"]["formula"] == "~ np.log(ablat) + C(alloc)"


@pytest.mark.parametrize(
    "formula",
    [
        "~ open('x')",
        "~ __import__('os').system('true')",
        "~ ablat # + open('x')",
        "~ {open}",
        "~ ablat.__class__",
        "~ np.load(ablat)",
        "~ (lambda: 1)()",
        "~ '''a''' + ablat",
    ],
)
def test_a_stored_formula_that_could_do_anything_is_never_evaluated(bcg, tmp_path, formula):
    with quiet():
        fit = meta.regress(bcg, "~ ablat")
    text = saving.dumps(fit).replace('"~ ablat"', json.dumps(formula))
    again = saving.loads(text)
    with pytest.raises(InputError, match="is not evaluated from a file"):
        again.predict(pd.DataFrame({"ablat": [10]}))


def test_verdicts_with_all_they_rest_on(tmp_path):
    with quiet():
        evidence = meta.load_evidence(STUDIES)
        claim = evidence.claims["soreness-41"]
        post = meta.bayes(evidence.effects("soreness"), effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.3))
        verdict = meta.judge(claim, post)
        again, _ = there_and_back(verdict, tmp_path)
        assert str(again) == str(verdict)
        assert again.claim == verdict.claim
        assert again.to_dict() == verdict.to_dict()
        there_and_back(meta.judge(evidence.claims["cortisol-78"], None), tmp_path)
        plan = meta.plan(verdict, sizes=(50,), trials=(1,), draws=50)
        again, _ = there_and_back(plan, tmp_path)
        pd.testing.assert_frame_equal(again.frame, plan.frame)
        certainty = meta.certainty(evidence, "soreness-41")
        again, _ = there_and_back(certainty, tmp_path)
        assert again.summary() == certainty.summary()


def test_what_a_sampler_drew_is_kept_and_the_rest_is_said(tmp_path):
    from meta.bayes.fit import build_model
    from meta.bayes.posterior import Posterior
    from meta.bayes.pymc_fit import DrawsCore

    rng = np.random.default_rng(1)
    es = meta.effect_sizes(measure="GEN", yi=Y, vi=V)
    model = build_model(es, meta.Normal(0, 1), meta.HalfNormal(0.5))
    core = DrawsCore(
        model, *(rng.normal(size=50) ** 2 for _ in range(2)), rng.normal(size=(50, 5)), rng.normal(size=50)
    )
    post = Posterior(es, core, 0.95, "pymc", model.effect, model.tau, inference_data=object())
    with pytest.warns(meta.errors.DataWarning, match=r"not in the file: inference_data.*to_netcdf"):
        path = post.save(tmp_path / "draws.json")
    again = meta.load(path)
    assert repr(again) == repr(post)
    assert again.inference_data is None
    assert again.interval() == post.interval()
    assert "to_netcdf" in json.loads(path.read_text())["left_out"][0]


def trip(value):
    text = json.dumps(Encoder(saving.name_of)(value), allow_nan=False)
    return Decoder(saving.class_of)(json.loads(text))


@pytest.mark.parametrize(
    "value",
    [
        np.array([1.0, np.nan, np.inf, -np.inf, 5e-324, 0.1 + 0.2]),
        np.zeros((0, 3)),
        np.array([[True, False]]),
        np.array(["ä", "b"]),
        np.array([1, 2], dtype="int8"),
        np.array(["2020-01-01", "NaT"], dtype="datetime64[s]"),
        np.array(["a", None, 1, (2, 3)], dtype=object),
    ],
)
def test_arrays_keep_values_type_and_shape(value):
    again = trip(value)
    assert again.dtype == value.dtype
    assert again.shape == value.shape
    np.testing.assert_array_equal(again, value)


def test_numbers_and_containers_keep_their_types():
    value = {"a": (1, 2.5, None), "b": [math.inf, True, "x"], "$": np.float64(0.1)}
    again = trip(value)
    assert again == value
    assert type(again["$"]) is np.float64
    assert trip({3: (1.0, 2)}) == {3: (1.0, 2)}
    assert math.isnan(trip(math.nan))
    assert trip(-0.0) == 0
    assert math.copysign(1, trip(-0.0)) == -1


def test_pandas_columns_and_indices_survive():
    frame = pd.DataFrame(
        {
            "study": ["A", "B", "C"],
            "yi": [0.1, 0.2, 0.4],
            "vi": [0.1, 0.1, 0.1],
            "form": pd.Categorical(["x", "y", "x"], ["y", "x"], ordered=True),
            "n": pd.array([1, None, 3], dtype="Int64"),
            "day": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]),
        },
        index=["r1", "r2", "r2"],
    )
    es = meta.effect_sizes(frame, measure="GEN", yi="yi", vi="vi", study="study")
    again = trip(es)
    pd.testing.assert_frame_equal(again.frame, es.frame)
    pd.testing.assert_frame_equal(trip(frame), frame)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is not JSON"),
        ("[1]", "does not say that its format is meta-verdict/1"),
        ('{"format": "other/1"}', "does not say that its format"),
        ('{"format": "meta-verdict/9", "result": 1}', "its format is meta-verdict/9, and this version reads"),
        ('{"format": "meta-verdict/1"}', "its content is damaged"),
        ('{"format": "meta-verdict/1", "result": {"$": "os.system"}}', "holds a 'os.system'"),
        ('{"format": "meta-verdict/1", "result": {"$": "pooling.parts.Interval"}}', "damaged"),
        (
            '{"format": "meta-verdict/1", "result": {"$": "pooling.options.PoolOptions", "x": 1}}',
            "PoolOptions has no x in this version",
        ),
        (
            '{"format": "meta-verdict/1", "result": {"$": "array", "dtype": "O", "shape": [1], "data": "a"}}',
            "",
        ),
        ('{"format": "meta-verdict/1", "result": ' + "[" * 100_000, "it is not JSON"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence or "bad.json") as caught:
        meta.load(path)
    assert "bad.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_missing_or_not_text(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*no\.json"):
        meta.load(tmp_path / "no.json")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not text"):
        meta.load(tmp_path / "b.json")


def test_only_results_can_be_saved(tmp_path):
    with pytest.raises(InputError, match="a dict cannot be saved; only results can"):
        saving.save({}, tmp_path / "x.json")
    es = meta.effect_sizes({"yi": [1.0], "vi": [1.0], "x": [object()]}, measure="GEN", yi="yi", vi="vi")
    with pytest.raises(InputError, match="a object cannot be saved"):
        es.save(tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_every_registered_class_exists_and_every_result_is_registered():
    for name in saving._registered():
        assert isinstance(saving.class_of(name), type), name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        missing = [cls for cls in _subclasses(saving.Saved) if cls.__dict__.get("__dataclass_fields__")]
    for cls in missing:
        if cls.__module__.startswith("meta."):
            assert saving.name_of(cls), cls


def _subclasses(cls):
    return [found for sub in cls.__subclasses__() for found in (sub, *_subclasses(sub))]
