"""Models that are sampled get the same numbers from any container; nothing is sampled here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import meta
from meta.bayes import correlation_model, count_models, level_models, scale_model, sd_model
from meta.errors import MetaError, MetaWarning
from tests.intake.test_counts_in_any_form import CONTAINERS as COUNTS
from tests.intake.test_counts_in_any_form import FRAME as COUNTED
from tests.intake.test_counts_in_any_form import MISSING
from tests.intake.test_one_way_in import CONTAINERS, FRAME, REFUSED, ROWS, SEI, YI

PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
LEVELS = {"effect": meta.Normal(0, 1), "tau_study": meta.HalfNormal(1), "tau_effect": meta.HalfNormal(1)}
SD = meta.LogNormal(1, 0.5)
MODELS = {
    "levels": (
        level_models,
        "three_levels",
        lambda es=None, **g: meta.bayes.bayes_multilevel(es, **{"study": "lab", **LEVELS, **g}),
    ),
    "scale": (
        scale_model,
        "location_scale_model",
        lambda es=None, **g: meta.bayes.bayes_location_scale(
            es, **{"scale": "~ dose", "moderators": "~ form", **PRIORS, **g}
        ),
    ),
    "unknown SD": (
        sd_model,
        "unknown_sd_model",
        lambda es=None, **g: meta.bayes.bayes_unknown_sd(es, diff=[1.0], n1=[20], n2=[20], sd=SD, **PRIORS),
    ),
    "correlation": (
        correlation_model,
        "correlation_model",
        lambda es=None, **g: meta.bayes.bayes_correlation(es, dz=[0.5], n=[20], **PRIORS),
    ),
}


def numbers(values):
    if isinstance(values, dict):
        return [x for name, value in values.items() for x in numbers(value) if name != "prior"]
    if isinstance(values, (list, tuple)):
        return [x for value in values for x in numbers(value)]
    array = np.asarray(values)
    return array.astype(float).ravel().tolist() if array.dtype.kind in "biuf" else []


@pytest.fixture
def reached(monkeypatch):
    """Call a model and return the numbers that its PyMC model would be built from."""

    def call(home, builder, function, *args, **given):
        got = []
        monkeypatch.setattr(home, builder, lambda *a, **k: got.extend(numbers(a)))
        monkeypatch.setattr(home, "sampled", lambda *a, **k: None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MetaWarning)
            function(*args, **given)
        return got

    return call


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("name", MODELS)
def test_effects_in_every_container(name, kind, reached):
    wanted = reached(*MODELS[name], meta.effect_sizes(FRAME, measure="GEN"))
    assert len(wanted) >= 2 * len(YI)
    np.testing.assert_allclose(reached(*MODELS[name], CONTAINERS[kind]()), wanted, rtol=1e-9)


@pytest.mark.parametrize("name", ["levels", "scale"])
def test_effects_as_arrays(name, reached):
    wanted = reached(*MODELS[name], FRAME)
    given = {"study": ROWS["lab"]} if name == "levels" else {"scale": FRAME[["dose"]]}
    given |= {} if name == "levels" else {"moderators": (FRAME["form"] == "oxide").to_numpy(float)}
    found = reached(*MODELS[name], yi=YI, sei=SEI, **given)
    np.testing.assert_allclose(np.abs(found), np.abs(wanted), rtol=1e-9)


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", MODELS)
def test_effects_that_cannot_be_used_are_refused_alike(name, kind):
    make, match = REFUSED[kind]
    with pytest.raises(MetaError, match=match):
        MODELS[name][2](make())


COUNT = (count_models, "count_model", lambda t=None, **g: meta.bayes.bayes_counts(t, **PRIORS, **g))


@pytest.mark.parametrize("kind", COUNTS)
def test_counts_in_every_container(kind, reached):
    names = ("events1", "n1", "events2", "n2")
    wanted = reached(*COUNT, **{name: COUNTED[name].to_numpy() for name in names})
    assert len(wanted) == 4 * len(COUNTED)
    np.testing.assert_allclose(reached(*COUNT, COUNTS[kind]()), wanted)


@pytest.mark.parametrize("kind", MISSING)
def test_a_missing_count_is_left_out(kind, reached):
    np.testing.assert_allclose(reached(*COUNT, MISSING[kind]()), reached(*COUNT, COUNTED[:7]))


def test_several_impossible_counts_are_named_together():
    with pytest.raises(MetaError, match=r"'Trial A' has n2 = 0.*|'Trial B' has events1 = -1") as caught:
        COUNT[2](COUNTED.assign(events1=[3, -1, *COUNTED["events1"][2:]], n2=[0, *COUNTED["n2"][1:]]))
    assert "'Trial A' has n2 = 0" in str(caught.value)
    assert "'Trial B' has events1 = -1" in str(caught.value)
