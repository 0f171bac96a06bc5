"""Every engine of counts has the properties of the table, and not those it is said to lack."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import meta
from meta.errors import MetaError, quiet
from meta.kernels import mantel_haenszel as mh
from tests.properties.count_engines import CHANGES, ENGINES, NAMES, Tables, differences, example
from tests.properties.draws import COMMON, tables

SLOW = [name for name, engine in ENGINES.items() if engine.slow]
QUICK = [name for name in ENGINES if name not in SLOW]
CLOSED = [name for name in QUICK if name.startswith(("MH", "Peto")) or name.islower()]


def holds(name: str, data: Tables) -> None:
    """Each property the engine has; data that are refused must be refused when changed."""
    engine = ENGINES[name]
    for change in (change for change in CHANGES if engine.has(change)):
        changed = CHANGES[change][1](data)
        try:
            before = engine(data)
        except MetaError as refusal:
            if change != "doubled":
                with pytest.raises(type(refusal)):
                    engine(changed)
            continue
        assert not differences(name, change, before, engine(changed)), (name, change)


def as_the_table_says(name: str) -> None:
    engine, data = ENGINES[name], example()
    holds(name, data)
    before = engine(data)
    for change in engine.without:
        after = engine(CHANGES[change][1](data))
        assert differences(name, change, before, after), f"{name} has {change}; fix the table"


@pytest.mark.parametrize("name", QUICK)
def test_counts_behave_as_the_table_says(name):
    as_the_table_says(name)


@pytest.mark.long
@pytest.mark.parametrize("name", SLOW)
def test_models_of_counts_behave_as_the_table_says(name):
    as_the_table_says(name)


@pytest.mark.parametrize("name", CLOSED)
@settings(max_examples=8, **COMMON)
@given(data=tables())
def test_properties_hold_for_any_tables(name, data):
    holds(name, data)


@pytest.mark.long
@pytest.mark.parametrize("name", CLOSED)
@settings(max_examples=500, **COMMON)
@given(data=tables())
def test_properties_hold_for_many_more_tables(name, data):
    holds(name, data)


@settings(max_examples=20, **COMMON)
@given(data=tables())
def test_one_stratum_is_its_own_table(data):
    """Mantel-Haenszel's estimate of one table is the table's ratio or difference; Peto's is (O - E) / V."""
    a, n1, c, n2 = one = tuple(column[:1] for column in data.columns)
    b, d = n1 - a, n2 - c
    with np.errstate(divide="ignore"):
        odds, risk = np.log(a * d / (b * c)), np.log((a / n1) / (c / n2))
    if a > 0:
        np.testing.assert_allclose(mh.odds_ratio(*one).estimate, odds, atol=1e-12)
        np.testing.assert_allclose(mh.risk_ratio(*one).estimate, risk, atol=1e-12)
    np.testing.assert_allclose(mh.risk_difference(*one).estimate, a / n1 - c / n2, atol=1e-12)


@settings(max_examples=20, **COMMON)
@given(data=tables())
def test_peto_is_the_sum_of_observed_less_expected(data):
    """Yusuf et al. 1985, doi:10.1016/S0033-0620(85)80003-7."""
    a, n1, c, n2 = data.columns
    total, events = n1 + n2, a + c
    v = n1 * n2 * events * (total - events) / (total**2 * (total - 1))
    with quiet():
        fit = meta.pool_counts(measure="OR", method="Peto", **data.named(NAMES))
    assert fit.estimate == pytest.approx((a - n1 * events / total).sum() / v.sum(), rel=1e-12, abs=1e-14)
    assert fit.se == pytest.approx(v.sum() ** -0.5, rel=1e-12)


@pytest.mark.parametrize("times", [2, 5])
@settings(max_examples=10, **COMMON)
@given(data=tables())
def test_strata_with_equal_margins_merge(times, data):
    """Tables that are alike are one table of their sums, whatever the measure; so is a rate's time."""
    a, n1, c, n2 = (column[:1] for column in data.columns)
    apart = tuple(np.repeat(column, times) for column in (a, n1, c, n2))
    whole = tuple(column * times for column in (a, n1, c, n2))
    for function in (
        mh.risk_difference,
        mh.rate_ratio,
        mh.rate_difference,
        *([mh.odds_ratio] if a[0] else []),
    ):
        if a[0] or function is not mh.rate_ratio:
            np.testing.assert_allclose(function(*apart).estimate, function(*whole).estimate, atol=1e-12)
