"""The audit of rows in the library: it warns, keeps the warning on the result, and drops nothing."""

import warnings

import numpy as np
import pytest

import meta
from meta.errors import DataWarning

SD = np.array([0.2, 0.15, 0.1, 0.25])
NAMED = {"yi": "yi", "vi": "vi"}
LOW = {"ci_low": -1.96 * SD, "ci_high": 1.96 * SD, "yi": 0 * SD}


def heard(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call()
    return found, [str(item.message) for item in caught if issubclass(item.category, DataWarning)]


@pytest.mark.parametrize("measure", ["OR", "RR", "HR", "IRR", "ROM"])
def test_ratios_where_logs_are_expected(measure):
    table = {"study": list("ABC"), "yi": [1.35, 1.65, 1.1], "vi": [0.01, 0.04, 0.02]}
    es, told = heard(lambda: meta.effect_sizes(table, measure=measure, **NAMED))
    assert [text for text in told if "rather than logs of them? give ratios as estimate=" in text]
    assert es.yi.tolist() == table["yi"]
    assert es.warnings == tuple(told)
    logs = {**table, "yi": np.log(table["yi"])}
    assert heard(lambda: meta.effect_sizes(logs, measure=measure, **NAMED))[1] == []
    assert heard(lambda: meta.effect_sizes(table, measure="MD", **NAMED))[1] == []


@pytest.mark.parametrize(("error", "values"), [("vi", SD), ("sei", SD**2)])
def test_standard_errors_that_look_like_variances_and_the_reverse(error, values):
    table = {"study": list("ABCD"), **LOW, error: values}
    es, told = heard(lambda: meta.effect_sizes(table, measure="GEN"))
    other = "sei" if error == "vi" else "vi"
    assert any(f"{error} looks like" in text and f"give them as {other}=" in text for text in told)
    assert es.k == 4
    right = {"study": list("ABCD"), **LOW, other: values}
    assert not [text for text in heard(lambda: meta.effect_sizes(right, measure="GEN"))[1] if "looks" in text]


def test_standardised_differences_show_it_by_their_sizes():
    n = np.array([20, 30, 50, 24])
    table = {"study": list("ABCD"), "yi": [0.1, 0.3, 0.2, 0.0], "vi": np.sqrt(2 / n), "n1": n, "n2": n}
    assert any("vi looks like standard errors" in text for text in heard(
        lambda: meta.effect_sizes(table, measure="SMD", **NAMED))[1])  # fmt: skip
    fine = {**table, "vi": 2 / n}
    assert heard(lambda: meta.effect_sizes(fine, measure="SMD", **NAMED))[1] == []


def test_the_same_numbers_twice():
    n = [120, 98, 120]
    table = {"study": list("ABC"), "events1": [31, 12, 31], "n1": n, "events2": [40, 18, 40], "n2": n}
    es, told = heard(lambda: meta.effect_sizes(table, measure="OR"))
    assert "'A' and 'C' have the same numbers; is a study there twice?" in told
    assert es.k == 3


def test_repeated_studies_are_pooled_as_if_independent_and_it_is_said():
    es = meta.effect_sizes(measure="GEN", yi=[0.1, 0.3, 0.2], vi=[0.1, 0.2, 0.1], study=["A", "B", "A"])
    fit, told = heard(lambda: meta.pool(es))
    sentence = "study 'A' has 2 rows, pooled as if independent; meta.pool_multilevel"
    assert [text for text in told if text.startswith(sentence)]
    assert [text for text in fit.warnings if text.startswith(sentence)]
    assert fit.k == 3
    assert heard(lambda: meta.pool_multilevel(es, levels=["study", "effect"]))[1] == []
    unique = meta.effect_sizes(measure="GEN", yi=[0.1, 0.3, 0.2], vi=[0.1, 0.2, 0.1])
    assert heard(lambda: meta.pool(unique))[1] == []


def test_an_author_with_two_studies_of_other_years_is_not_warned_of():
    table = {
        "author": ["A", "B", "A"],
        "year": [1960, 1961, 1961],
        "yi": [0.1, 0.3, 0.2],
        "vi": [0.1, 0.2, 0.1],
    }
    es = meta.effect_sizes(table, measure="GEN", study="author")
    assert heard(lambda: meta.pool(es))[1] == []
    same = meta.effect_sizes({**table, "year": [1960, 1961, 1960]}, measure="GEN", study="author")
    assert any("study 'A 1960' has 2 rows" in text for text in heard(lambda: meta.pool(same))[1])


def test_arrays_are_left_alone():
    """Of arrays nothing is guessed: their owner has computed them."""
    call = {"yi": [1.35, 1.65, 1.1], "vi": [0.01, 0.04, 0.02]}
    assert heard(lambda: meta.effect_sizes(measure="OR", **call))[1] == []
