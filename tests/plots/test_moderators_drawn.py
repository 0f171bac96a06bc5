"""Figures of regressions where studies, levels and names are not the plainest."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.errors import InputError, quiet
from meta.saving.files import dumps, loads

K = 12
RNG = np.random.default_rng(0)
X = np.linspace(0.5, 3, K)
X[3] = np.nan
ES = meta.EffectSizes(
    RNG.normal(size=K),
    np.full(K, 0.1),
    "GEN",
    [f"s{i}" for i in range(K)],
    columns={"x": X, "J/N": np.arange(K) ** 1.5, "form": np.array(list("abc") * 4)},
)


@pytest.mark.parametrize(
    ("given", "x"),
    [
        ("~ x", "x"),
        ("~ I(x**2)", "x"),
        ("~ bs(x, df=4)", "x"),
        ("~ log(x)", "x"),
        ("~ `J/N`", "J/N"),
        (["x"], "x"),
    ],
)
@pytest.mark.parametrize("saved", [False, True])
def test_a_bubble_plot_of_the_studies_that_have_the_moderator(given, x, saved):
    with quiet():
        fit = meta.regress(ES, moderators=given)
    fit = loads(dumps(fit)) if saved else fit
    drawn = meta.plots.bubble(fit, x=x)
    values = np.asarray(ES.columns[x])[fit.design.rows]
    np.testing.assert_array_equal(drawn.table["x"], values)
    line = next(one for one in drawn.figure.axes[0].lines if one.get_gid() == "line")
    want = fit.predict({x: line.get_xdata()})["estimate"]
    np.testing.assert_allclose(line.get_ydata(), want, rtol=1e-12)


@pytest.mark.parametrize("given", ["~ x", "~ x + form", "~ 0 + form"])
def test_a_forest_plot_shows_what_the_moderators_predict_for_the_studies_used(given):
    with quiet():
        fit = meta.regress(ES, given)
    drawn = meta.forest(fit)
    assert "s3" not in fit.study or "x" not in given
    written = {text.get_text() for text in drawn.figure.axes[0].texts}
    assert set(map(str, fit.study)) <= written
    assert ("s3" in written) == ("x" not in given)


def test_a_bubble_plot_beside_other_moderators_says_what_it_lacks():
    with quiet():
        fit = meta.regress(ES, "~ x + form")
    with pytest.raises(InputError, match="lack the moderator form"):
        meta.plots.bubble(fit, x="x")
