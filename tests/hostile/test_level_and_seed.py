"""One check of a level and one of a seed, wherever a public function or method takes one."""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.arguments import check_level, check_seed
from meta.errors import InputError, quiet
from meta.saving.saved_classes import PLACES, class_named
from tests.hostile.public import CALLS, es, public
from tests.net.surface import ON_DEMAND
from tests.net.surface_examples import EXAMPLES

BAD = {
    "level": [95, 0, 1, -0.5, float("nan"), float("inf"), "0.95", True, [0.95], 1e-17],
    "seed": [-1, 1.5, "1", True, float("nan"), [1]],
}


FACTS = {"level": ("meta.solve",)}
"""Where the parameter is a fact of a paper: also a column, or a text with the digits that were printed."""


@pytest.mark.parametrize("bad", [95, 0, 1, -0.5, float("inf"), True, 1e-17, [0.95, 95], ["0.95", "x"]])
def test_a_printed_level_is_one(bad):
    several = isinstance(bad, list)
    facts = {"estimate": 0.8, "ci_low": 0.6, "ci_high": 1.1}
    given = {name: [value, value] if several else value for name, value in facts.items()}
    with quiet(), pytest.raises(InputError, match="level "):
        meta.solve(measure="RR", **given, level=bad)


def functions(parameter):
    """Public functions that take the parameter, by name, with arguments that work where some are needed."""
    found = {name: (item, CALLS.get(name, dict)) for name, item in public().items()}
    for room, names in ON_DEMAND.items():
        held = getattr(meta, room)
        for name in names:
            found.setdefault(f"meta.{room}.{name}", (getattr(held, name), dict))
    return {
        name: (item, given)
        for name, (item, given) in found.items()
        if name not in FACTS.get(parameter, ())
        and inspect.isroutine(item)
        and parameter in inspect.signature(item).parameters
    }


def methods(kind, parameter):
    return [
        name
        for name, item in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and parameter in inspect.signature(item).parameters
    ]


@cache
def examples():
    """An object of every class that the examples hold, by class; of a class without one, a bare object."""
    with quiet():
        slow = ("multiverse", "certainty", "plots.")
        found = {}
        for name, make in EXAMPLES.items():
            if not name.startswith(slow):
                value = make()
                if type(value).__module__.startswith("meta."):
                    found.setdefault(type(value), value)
    for name in PLACES:
        kind = class_named(name)
        if any(methods(kind, parameter) for parameter in BAD):
            found.setdefault(kind, object.__new__(kind))
    return found


def required(item):
    """Arguments of the right type where one is asked for: the level is looked at before what they hold."""
    empty, kinds = inspect.Parameter.empty, (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    prior = dict.fromkeys(("effect", "tau", "tau_study", "tau_effect", "sd"), meta.HalfNormal(1))
    found = inspect.signature(item).parameters.values()
    names = [p.name for p in found if p.default is empty and p.kind not in kinds and p.name != "self"]
    return {name: ({"es": es()} | prior).get(name) for name in names}


@pytest.mark.parametrize(
    ("parameter", "name"), [(parameter, name) for parameter in BAD for name in functions(parameter)]
)
def test_functions_refuse(parameter, name):
    function, make = functions(parameter)[name]
    with quiet():
        given = {**required(function), **make()}
    for bad in BAD[parameter]:
        with quiet(), pytest.raises(InputError, match=f"^{parameter} must "):
            function(**{**given, parameter: bad})


def answer(method, parameter, bad):
    """What a method says of a bad value: its refusal, or another error, or that it took it."""
    try:
        with quiet():
            method(**{**required(method), parameter: bad})
    except Exception as error:  # whatever it is, it is compared with the refusal
        return f"{type(error).__name__}: {error}"
    return "taken"


@pytest.mark.parametrize("parameter", BAD)
def test_methods_refuse(parameter):
    found = {
        f"{kind.__name__}.{name}({parameter}={bad!r})": answer(getattr(value, name), parameter, bad)
        for kind, value in examples().items()
        for name in methods(kind, parameter)
        for bad in BAD[parameter]
    }
    assert len(found) > 40
    assert {k: v for k, v in found.items() if not v.startswith(f"InputError: {parameter} must ")} == {}


def test_what_is_a_level_and_a_seed_is_taken():
    assert [check_level(level) for level in (0.5, np.float64(0.95), 1e-9, 1 - 1e-12)] == [
        0.5,
        0.95,
        1e-9,
        1 - 1e-12,
    ]
    generator = np.random.default_rng(1)
    assert check_seed(generator) is generator
    assert [check_seed(seed) for seed in (None, 0, np.int64(3), 2**40)] == [None, 0, 3, 2**40]


@pytest.mark.parametrize(
    ("level", "remedy"), [(95, "write 0.95 for 95%"), (80, "write 0.8 for 80%"), (-1, "write 0.95 for 95%")]
)
def test_a_percentage_is_told_how_to_write_it(level, remedy):
    with pytest.raises(InputError, match=f"^level must lie between 0 and 1, not {level}; {remedy}$"):
        check_level(level)


def test_no_room_has_a_check_of_its_own():
    """The wordings that were there before, and any other comparison of a level with 0 and 1."""
    package = Path(meta.__file__).parent
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "arguments.py":
            assert "< level < 1" not in text, path
            assert 'share(level, "level")' not in text, path
