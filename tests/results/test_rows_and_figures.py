"""Every result with rows says what figures draw, and is drawn."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

import meta
from meta.errors import MetaError, NotEstimableError, quiet
from meta.results.effect_rows import rows_of

mpl.use("Agg")
CELLS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
BCG = meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **CELLS)
LEVELS = {"levels": ["study", "effect"]}
MADE = {
    "pooled": lambda: meta.pool(BCG),
    "subgroups": lambda: meta.pool(BCG, by="alloc"),
    "regression": lambda: meta.regress(BCG, "~ ablat"),
    "location-scale": lambda: meta.regress(BCG, "~ ablat", scale="~ ablat"),
    "multilevel": lambda: meta.pool_multilevel(BCG, **LEVELS),
    "multilevel with moderators": lambda: meta.pool_multilevel(BCG, **LEVELS, moderators="~ ablat"),
    "robust": lambda: meta.pool_multilevel(BCG, **LEVELS).robust("author"),
    "robust with moderators": lambda: meta.regress(BCG, "~ ablat").robust("author"),
    "Mantel-Haenszel": lambda: meta.pool_counts(meta.datasets.load("bcg"), measure="OR", **CELLS),
    "GLMM": lambda: meta.pool_counts(meta.datasets.load("bcg"), measure="OR", method="GLMM", **CELLS),
    "egger": lambda: meta.bias.egger(BCG),
    "begg": lambda: meta.bias.begg(BCG),
    "trim and fill": lambda: meta.bias.trim_and_fill(BCG),
    "selection": lambda: meta.bias.selection_model(BCG),
    "PET-PEESE": lambda: meta.bias.pet_peese(BCG),
    "limit": lambda: meta.bias.limit_meta_analysis(BCG),
    "posterior": lambda: meta.bayes(BCG, **PRIORS),
    "posterior with moderators": lambda: meta.bayes(BCG, moderators="~ ablat", **PRIORS),
    "model average": lambda: meta.bayes.model_average(BCG),
}
WITHOUT_MEAN = {"begg", "regression", "location-scale", "multilevel with moderators"}
WITHOUT_MEAN |= {"robust with moderators", "posterior with moderators"}


@pytest.fixture(params=MADE)
def named(request):
    with quiet():
        return request.param, MADE[request.param]()


def test_rows_have_labels_weights_and_named_summaries(named):
    name, result = named
    rows = result.rows()
    assert len(rows.effects.study) == len(rows.weights) == rows.effects.k
    if np.isfinite(rows.weights).all() and name != "subgroups":
        assert rows.weights.sum() == pytest.approx(100)
    labels = [one.label for one in rows.summaries]
    assert len(set(labels)) == len(labels)
    assert bool(labels) == (name not in WITHOUT_MEAN)
    assert all(not one.ci_low > one.estimate for one in rows.summaries)
    assert (rows.groups is not None) == (name == "subgroups")


def test_forest_draws_every_row_and_summary(named):
    name, result = named
    with quiet():
        table = meta.forest(result).to_frame()
    assert (table["kind"] == "study").sum() == result.rows().effects.k
    drawn = table[table["kind"].isin(["pooled"])]
    assert len(drawn) >= (name not in WITHOUT_MEAN)
    assert drawn["label"].is_unique


def test_funnel_draws_every_effect(named):
    _, result = named
    with quiet():
        table = meta.funnel(result).to_frame()
    assert len(table) >= BCG.k


def test_a_funnel_is_centred_at_a_mean_and_never_at_a_slope():
    from meta.plots.chart import center_of

    test = meta.bias.egger(BCG)
    assert center_of(test) == test.limit
    assert center_of(meta.bias.begg(BCG)) is None


def test_what_has_no_rows_is_refused():
    many = meta.pool_many(np.array([[0.1], [0.2]]), np.array([[0.1], [0.1]]))
    with pytest.raises(NotEstimableError, match="has no rows of effects to draw"):
        rows_of(many)
    with pytest.raises(MetaError):
        meta.forest(many)
