"""Every engine that takes effects has the properties of the table, and not those it is said to lack."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from meta.errors import MetaError
from tests.properties.changes import CHANGES, Effects, differences, examples
from tests.properties.draws import COMMON, studies
from tests.properties.registry import ENGINES
from tests.properties.table import Engine

SLOW = [name for name, engine in ENGINES.items() if engine.slow]
SECONDS = ("Copas", "beta selection", "model average with bias")
QUICK = [name for name in ENGINES if name not in SLOW]


def broken(engine: Engine, data: Effects, names: list[str]) -> dict[str, list[str]]:
    """Properties that do not hold for these data; where an engine refuses them, it must refuse both."""
    wrong = {}
    try:
        before = engine(data)
    except MetaError as refusal:
        before, said = None, type(refusal)
    for name in names:
        change = CHANGES[name]
        try:
            after = engine(change.apply(data))
        except MetaError as refusal:
            if before is not None or type(refusal) is not said:
                wrong[name] = [f"refused: {refusal}"]
            continue
        if before is None:
            if name not in ("doubled", "merged", "vague"):
                wrong[name] = ["answered where the same data were refused"]
            continue
        found = differences(change, before, after, data, engine.rtol)
        if found:
            wrong[name] = found
    return wrong


def holds(name: str, data: Effects) -> None:
    engine = ENGINES[name]
    wrong = broken(engine, data, [change for change in CHANGES if engine.has(change)])
    assert not wrong, "\n".join(f"{name}, {change}: {'; '.join(what)}" for change, what in wrong.items())


def as_the_table_says(name: str) -> None:
    """What an engine has holds for the first example; what it lacks fails for one at least."""
    engine, failed = ENGINES[name], set()
    holds(name, examples()[0])
    for data in examples():
        assert engine(data), "an example is answered, not refused"
        missing = [change for change in engine.without if change not in failed]
        failed |= set(broken(engine, data, missing)) if missing else set()
    assert failed == set(engine.without), f"{name} has: {set(engine.without) - failed}; fix the table"


@pytest.mark.parametrize("name", QUICK)
def test_properties_hold_and_fail_as_the_table_says(name):
    as_the_table_says(name)


@pytest.mark.long
@pytest.mark.parametrize("name", SLOW)
def test_properties_of_slow_engines_hold_and_fail_as_the_table_says(name):
    as_the_table_says(name)


@pytest.mark.parametrize("name", [name for name in SLOW if name not in SECONDS])
def test_slow_engines_mirror_data_with_the_other_sign(name):
    assert not broken(ENGINES[name], examples()[0], ["sign"])


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=2, **COMMON)
@given(data=studies())
def test_properties_hold_for_any_studies(name, data):
    holds(name, data)


@pytest.mark.long
@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=15, **COMMON)
@given(data=studies())
def test_properties_of_slow_engines_hold_for_any_studies(name, data):
    holds(name, data)


@pytest.mark.long
@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=100, **COMMON)
@given(data=studies())
def test_properties_hold_for_many_more_studies(name, data):
    holds(name, data)
