"""Every result of the package prints, tidies, predicts, saves and compares itself in one way."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import pkgutil
import re
import typing
from functools import cache

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import MetaError, quiet
from meta.results.base import Result
from meta.results.equality import same
from meta.results.table_columns import AUGMENT, EXTRA, GLANCE, TIDY
from meta.saving import Saved
from meta.saving.saved_classes import PLACES
from tests.net.recipes import RECIPES, made
from tests.net.saved import loaded, names, text_of

DATA = {"EffectSizes"}
"""Saved, but what goes into a fit: it has its own equality and tables."""
PARTS = {
    *("Diagnostics", "Interval", "BackTransformed", "PoolOptions", "Design", "Between", "Counts"),
    *("Tau2Interval", "ChiSquared", "Corrected", "Line", "Sample", "SelectionFit", "EnsembleModel"),
    *("Claim", "Analysis", "Probabilities", "Compatibility", "Scenario", "Variation", "Finding"),
    *(
        "Sandwich",
        "Basis",
        "Stacked",
        "RandomTerm",
        "Rows",
        "Conditional",
        "ConditionalRegression",
        "ShrinkageMap",
        "Axis",
    ),
    *("Panels", "PanelDensity", "Tensor", "Lines", "NormalMixture", "Model", "AnalyticCore", "GridCore"),
    *("DrawsCore", "PointMass", "Draws", "bayes.Diagnostics", "_JeffreysOf"),
    *(
        "Earlier",
        "Flat",
        "Fixed",
        "Normal",
        "StudentT",
        "Cauchy",
        "Uniform",
        "NormalMixturePrior",
        "HalfNormal",
    ),
    *("HalfStudentT", "HalfCauchy", "HalfLogistic", "Exponential", "Lomax", "UniformShrinkage"),
    *("LogNormal", "LogStudentT", "InverseGamma", "RegularisedHorseshoe", "LaplaceSlopes", "DuMouchel"),
    *("Shrinkage", "Jeffreys", "NetworkData", "Contrasts"),
}
"""What results are made of: their fields, priors and engines."""
NOT_RESULTS = {
    "Evidence": "the studies that were read",
    "FigureResult": "a figure",
    "ForestPlot": "a figure",
    "Simulated": "a pair of arrays for pool_many",
    "CochranePriors": "a pair of priors",
    "Axes": "a figure",
    "Solution": "the effect of one comparison, data for a fit",
    "Solutions": "the effects of rows, data for a fit",
}
"""Classes that public verbs return and that are no results, and what they are instead."""
NO_ROWS = {
    "WildBootstrap",
    *("WaldTest", "LikelihoodRatio", "PermutationTest", "PooledMany", "BatchPosterior", "SampledPosterior"),
    *("Verdict", "Multiverse", "Plan", "Certainty", "NormalisationFinding", "BoundedPool"),
    *("NetworkComponents", "NetworkPosterior"),
    *("ShapeComparison", "DosePosterior", "LeaveOneOut", "PredictiveCheck"),
}
"""Results without rows of effects, or whose rows have no effect of their own (bounds)."""
NO_MEAN = {
    "WildBootstrap",
    *("WaldTest", "LikelihoodRatio", "PermutationTest", "RankTest", "ExcessSignificance", "FailsafeN"),
    *("PCurve", "Verdict", "Multiverse", "Plan", "Certainty", "NormalisationFinding", "Answer"),
    "NetworkPosterior",
    *("ShapeComparison", "DosePosterior", "LeaveOneOut", "PredictiveCheck"),
}
"""Results that estimate no mean effect, or leave that to a fit which they hold."""
WITH_LIKELIHOOD = {
    *("Pooled", "PooledMany", "Regression", "LocationScale", "Multilevel", "PooledCounts", "BoundedPool"),
    "Network",
    "DoseResponse",
    *("SelectionModel", "BetaSelection", "ConditionalModel"),
}
WITH_COEFFICIENTS = {"Regression", "LocationScale", "Multilevel", "Robust", "PosteriorRegression"}
WITH_PREDICTIONS = (
    WITH_COEFFICIENTS
    | {"Pooled", "Subgroups", "PooledCounts", "Posterior", "TrimAndFill"}
    | {"NetworkContrast"}
)
BAYESIAN = {"Posterior", "PosteriorRegression", "SampledPosterior", "ModelAverage", "BatchPosterior"}
SLOW = {"plan", "multiverse", "certainty", "verdict", "answer", "answer-varied"}
OLDER = {"robust": "the fit was not kept in its file"}


def subclasses(kind):
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


@cache
def classes():
    """Every result class of the package, found by its base after all modules are imported."""
    for module in pkgutil.walk_packages(meta.__path__, "meta."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = set(subclasses(Saved))
    return {kind.__name__: kind for kind in found if hasattr(kind, "__dataclass_fields__")}


def fresh(name):
    """A result that was made now; those that a sampler or all studies make are loaded from their files."""
    text = text_of(name)
    return loaded(name) if '"$draws"' in text or name in SLOW else made(name)


def of_results():
    for name in names():
        kind = re.search(r'"class"\s*:\s*"(\w+)"', text_of(name)).group(1)
        if not name.startswith("prior-") and kind not in PARTS | DATA:
            marks = [pytest.mark.slow] if '"$draws"' in text_of(name) else []
            yield pytest.param(name, kind, marks=marks, id=name)


CASES = list(of_results())


@pytest.fixture(params=["made now", "from its file"])
def result(request, name, kind):
    with quiet():
        return fresh(name) if request.param == "made now" else loaded(name)


def kept_rows(name, result):
    """Whether the rows of effects are there: older files lack those of bias results and of robust errors."""
    return getattr(result, "effects", None) is not None or type(result).__name__ == "Answer"


@pytest.mark.parametrize(("name", "kind"), CASES)
class TestEveryResult:
    def test_it_is_a_result(self, name, kind, result):
        assert isinstance(result, Result)
        assert type(result).__name__ == kind

    def test_it_prints_in_lines_and_html(self, name, kind, result):
        text = result.summary()
        assert text == str(result)
        assert text == text.rstrip()
        assert len(text.splitlines()) >= 1
        page = result._repr_html_()
        assert page.startswith("<")
        assert page.endswith(">")
        notes = [line for line in text.splitlines() if line.startswith("note: ")]
        assert all(f"note: {message}" in text for message in getattr(result, "warnings", ()))
        assert text.splitlines()[len(text.splitlines()) - len(notes) :] == notes

    def test_digits_are_decimals(self, name, kind, result):
        assert isinstance(result.summary(digits=5), str)
        with pytest.raises(MetaError, match="digits must be a whole number from 0 to 15"):
            result.summary(digits=-1)

    def test_its_representation_is_short(self, name, kind, result):
        text = repr(result)
        assert len(text) < 200
        assert "\n" not in text
        assert text.startswith(f"{kind}(")

    def test_tidy_has_the_common_columns_first(self, name, kind, result):
        table = result.tidy()
        assert tuple(table.columns[: len(TIDY)]) == TIDY
        assert set(table.columns[len(TIDY) :]) <= set(EXTRA), set(table.columns) - set(EXTRA)
        assert len(table) >= 1
        assert table["term"].map(lambda term: isinstance(term, str) and term != "").all()
        for column in TIDY[1:]:
            assert table[column].dtype == float, column
        for low, high in (("ci_low", "ci_high"), ("pi_low", "pi_high")):
            known = table[[low, high]].dropna()
            assert (known[low] <= known[high]).all()
        p = table["p_value"].dropna()
        assert ((p >= 0) & (p <= 1)).all()

    def test_glance_is_one_row(self, name, kind, result):
        table = result.glance()
        assert len(table) == 1
        assert tuple(table.columns[: len(GLANCE)]) == GLANCE
        assert table.columns.is_unique
        row = table.iloc[0]
        assert row["model"] != "" or kind == "PooledCounts"
        if isinstance(getattr(result, "k", None), int):
            assert row["k"] == result.k

    def test_augment_has_one_row_an_effect(self, name, kind, result):
        if kind in NO_ROWS:
            assert not hasattr(result, "augment")
            return
        if not kept_rows(name, result):
            with pytest.raises(MetaError, match="not saved"):
                result.augment()
            return
        table = result.augment()
        if kind != "Answer":
            assert set(AUGMENT) <= set(table.columns)
            np.testing.assert_allclose(table["yi"] - table["fitted"], table["residual"])
        # the effects of a network are a table of its pairs, its rows the comparisons of trials
        assert len(table) == (len(result.data.pairs.y) if kind == "Network" else result.effects.k)

    def test_a_mean_has_a_variance_and_a_display_scale(self, name, kind, result):
        if kind in NO_MEAN:
            return
        if kind == "RegressionTest":  # what it tests is a slope
            assert result.backtransform().estimate == result.limit if kept_rows(name, result) else True
            return
        if kind in ("Subgroups", "CountSubgroups"):
            assert len(result.backtransform()) == len(result) + 1
            return
        assert result.vcov.shape[-1] == result.vcov.shape[-2]
        assert (np.diagonal(result.vcov, axis1=-2, axis2=-1) >= 0).all()
        if kind in ("Copas", "PooledMany", "BatchPosterior", "SampledPosterior", "LocationScale"):
            return
        if kept_rows(name, result):
            back = result.backtransform()
            assert isinstance(back, pd.DataFrame) or back.ci_low <= back.estimate <= back.ci_high

    def test_a_likelihood_has_its_criteria(self, name, kind, result):
        if kind not in WITH_LIKELIHOOD:
            return
        loglik = np.asarray(result.loglik)
        aic, bic, aicc = (np.asarray(getattr(result, name)) for name in ("aic", "bic", "aicc"))
        parameters = (aic + 2 * loglik) / 2
        known = np.isfinite(loglik)
        np.testing.assert_allclose(parameters[known], np.round(parameters[known]), atol=1e-8)
        assert (aicc[known] >= aic[known]).all()
        assert bic.shape == aic.shape

    def test_predictions_have_one_shape(self, name, kind, result):
        if kind not in WITH_PREDICTIONS or (name in OLDER and not kept_rows(name, result)):
            return
        table = result.predict()
        wanted = ["estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high"]
        assert [column for column in table.columns if column != "df"] == wanted
        assert list(result.predict(interval="none").columns) == [
            c for c in table if c in ("estimate", "se", "df")
        ]
        shown = result.predict(scale="display", interval="confidence")
        assert (shown["ci_low"] <= shown["ci_high"]).all()
        narrow = result.predict(level=0.5)
        assert (narrow["ci_high"] - narrow["ci_low"] <= table["ci_high"] - table["ci_low"]).all()
        for wrong in ({"scale": "log"}, {"interval": "credible"}, {"level": 95}):
            with pytest.raises(MetaError):
                result.predict(**wrong)

    def test_coefficients_are_combined_by_name_and_in_words(self, name, kind, result):
        if kind not in WITH_COEFFICIENTS:
            return
        first, last = result.names[0], result.names[-1]
        words = result.contrast({"twice": f"2 * {last}", "none": f"{first} - {first}"})
        assert list(words.index) == ["twice", "none"]
        alone = result.coefficients.loc[last, "estimate"]
        assert words.loc["twice", "estimate"] == pytest.approx(2 * alone)
        assert words.loc["none", "estimate"] == pytest.approx(0, abs=1e-12)
        by_weight = result.contrast({last: 2})
        assert by_weight["estimate"].iloc[0] == pytest.approx(2 * alone)
        assert result.vcov.shape == (len(result.names), len(result.names))
        with pytest.raises(MetaError, match="cannot be read"):
            result.contrast("nothing[of] - that")

    def test_it_is_ready_for_json(self, name, kind, result):
        content = result.to_dict()
        assert json.loads(json.dumps(content)).keys() == content.keys()

    def test_copies_and_pickles_are_equal(self, name, kind, result):
        for again in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
            assert again == result
            assert hash(again) == hash(result)
            assert str(again) == str(result)
        assert result != "something else"

    def test_it_loads_as_it_was_saved(self, name, kind, result, tmp_path):
        again = meta.load(result.save(tmp_path / "result.json"))
        assert again == result
        assert repr(again) == repr(result)
        assert str(again) == str(result)
        pd.testing.assert_frame_equal(again.tidy(), result.tidy())
        pd.testing.assert_frame_equal(again.glance(), result.glance())


def test_results_of_other_data_differ():
    fits = [meta.pool(yi=[0.1, 0.4, last], vi=[0.04, 0.02, 0.05]) for last in (0.3, 0.3, 0.31)]
    assert fits[0] == fits[1]
    assert fits[0] != fits[2]
    assert len({fits[0], fits[1]}) == 1


def test_every_class_that_is_saved_is_walked():
    walked = {case.values[1] for case in CASES}
    saved = set(PLACES) - PARTS - DATA
    nested = {"NormalisationFinding"}  # in the verdict of a claimed share
    assert saved - walked <= nested, "make a recipe in tests/net/recipes.py, or say above what it is part of"
    assert {name for name in classes() if name in PLACES} >= saved - DATA
    assert PARTS - {"Diagnostics"} <= set(PLACES), "parts that no file may hold"


def returned(function):
    """Names of the package's classes in a function's return annotation."""
    told = str(inspect.signature(function).return_annotation)
    return {name for name in re.findall(r"\b[A-Z]\w+", told) if name not in ("Any", "DataFrame", "None")}


def public_functions():
    rooms = (meta, meta.bias, meta.diagnostics, meta.priors)
    for room in rooms:
        for name in dir(room):
            item = getattr(room, name)
            if inspect.isfunction(item) and not name.startswith("_"):
                yield name, item
    for name in dir(meta.bayes):
        if not name.startswith("_"):
            yield name, getattr(meta.bayes, name)


@pytest.mark.parametrize(("name", "function"), [item for item in public_functions() if callable(item[1])])
def test_every_class_that_a_public_verb_returns_is_walked(name, function):
    walked = {case.values[1] for case in CASES}
    unknown = returned(function) - walked - DATA - PARTS - set(NOT_RESULTS)
    assert not unknown, f"{name} returns {unknown}, which no recipe makes"


def test_fields_are_compared_as_a_result_demands():
    frame = pd.DataFrame({"a": [1.0, np.nan]})
    assert same({"x": (frame, np.array([np.nan]))}, {"x": (frame.copy(), np.array([np.nan]))})
    assert not same(frame, frame.assign(a=[1.0, 2.0]))
    assert not same(np.array([1.0]), [1.0])


def test_recipes_are_all_of_known_kinds():
    assert set(RECIPES) == set(names())
    assert typing.get_type_hints(Result.tidy, {"pd": pd})["return"] is pd.DataFrame
