"""Any effects into any engine: a right answer or one clear sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meta
from meta.errors import MetaError, quiet
from tests.hostile.engines import ENGINES, FIGURES, outcome

QUICK = settings(settings.get_profile("hostile-quick"))
LONG = settings(settings.get_profile("hostile-long"))

ODD = [0.0, -0.0, 1e-300, 1e300, -1e300, 5e-324, 1e-154, 1e154, 1e100, 1e-8, 1e8]
ODD += [float("nan"), float("inf"), float("-inf")]
effect = st.one_of(st.floats(-3, 3), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from(ODD))
variance = st.one_of(
    st.floats(0.01, 1), st.floats(0.01, 1), st.floats(1e-12, 1e12), st.sampled_from([*ODD, -1.0, 0.1])
)


@st.composite
def studies(draw):
    """Between none and 12 studies, sometimes all alike, sometimes in an absurd unit."""
    k = draw(st.integers(0, 12))
    alike = draw(st.booleans())
    y = [draw(effect)] * k if alike else [draw(effect) for _ in range(k)]
    v = [draw(variance) for _ in range(k)]
    unit = 10.0 ** draw(st.sampled_from([0, 0, 0, 0, 10, -10, 24, -24, 100, -100]))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.array(y, dtype=float) * unit, np.array(v, dtype=float) * unit * unit


def run(engine, y, v):
    def call():
        k = len(y)
        table = pd.DataFrame(
            {"yi": y, "vi": v, "x": np.arange(k) * 1.0, "group": np.arange(k) // 2, "effect": np.arange(k)}
        )
        return ENGINES[engine](meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi"))

    return outcome(call)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in FIGURES])
@QUICK
@given(data=studies())
def test_an_engine_answers_or_refuses_in_one_sentence(engine, data):
    run(engine, *data)


@pytest.mark.parametrize("engine", FIGURES)
@settings(QUICK, max_examples=5)
@given(data=studies())
def test_a_figure_is_drawn_or_refused_in_one_sentence(engine, data):
    run(engine, *data)


@pytest.mark.long
@pytest.mark.parametrize("engine", list(ENGINES))
@LONG
@given(data=studies())
def test_an_engine_answers_or_refuses_many_more(engine, data):
    run(engine, *data)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in FIGURES])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_none_one_and_two_studies(engine, k):
    said = run(engine, np.array([0.2, 0.5])[:k], np.array([0.04, 0.09])[:k])
    assert k > 0 or said != "answer"


@pytest.mark.parametrize("engine", [name for name in ENGINES if name not in FIGURES])
@pytest.mark.parametrize("value", [0.0, 0.3, -7.0])
def test_identical_studies(engine, value):
    run(engine, np.full(8, value), np.full(8, 0.1))


@pytest.mark.parametrize(
    ("y", "v", "message"),
    [
        ([0.1, 0.2], [0.1, 0.0], "vi must be > 0: study '2' has vi = 0"),
        ([0.1, 0.2], [0.1, -1.0], "vi must be > 0"),
        ([1e300, 0.2], [0.1, 0.1], "yi is outside the range of double precision: study '1'"),
        ([0.1, 0.2], [1e-300, 0.1], "vi is outside the range of double precision: study '1'"),
        ([1e17, 0.2], [0.1, 0.1], "yi is more than 1e\\+15 standard errors from 0: study '1'"),
        ([0.1, 0.2], [1e-10, 1e10], "vi differs too much between studies"),
    ],
)
@pytest.mark.parametrize("function", [meta.pool, meta.bayes])
def test_what_no_study_measures_is_refused_by_name(function, y, v, message):
    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(1)} if function is meta.bayes else {}
    with pytest.raises(MetaError, match=message):
        function(yi=y, vi=v, **priors)


@pytest.mark.slow
def test_a_million_studies():
    rng = np.random.default_rng(5)
    v = rng.uniform(0.05, 0.5, 1_000_000)
    y = rng.normal(0.3, np.sqrt(v + 0.04))
    with quiet():
        fit = meta.pool(yi=y, vi=v)
    assert abs(fit.estimate - 0.3) < 4 * fit.se
    assert fit.tau2 == pytest.approx(0.04, abs=4 * fit.tau2_se)
    assert "k = 1000000" in fit.summary()
