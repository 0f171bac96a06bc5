"""The public surface may only grow, or forward with a DeprecationWarning (``forwarded.toml``)."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings

import pytest

import meta
from tests.net import surface, surface_examples
from tests.net.surface_losses import (
    CHANGEABLE,
    Loss,
    listed,
    lists,
    losses,
    members,
    names,
    options,
    parameters,
    tables,
)

KNOWN = surface.stored()
SLOW = {"multiverse", "certainty", "plots.planning"}
EXAMPLES = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in KNOWN["examples"]
]


def refuse(found):
    """Fail for losses that the list does not account for."""
    gone = [str(loss) for loss in found if loss not in listed()]
    assert not gone, "gone without a line in tests/net/forwarded.toml:\n" + "\n".join(gone)


@pytest.fixture(scope="module")
def modules():
    return surface.modules(KNOWN["modules"])


@pytest.mark.parametrize("name", KNOWN["modules"])
def test_names_and_their_signatures_go_on(name, modules):
    refuse(names(name, KNOWN["modules"][name], modules[name]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_members_and_tables_of_results_go_on(name):
    known = KNOWN["examples"][name]
    found = surface.of_example(name)
    refuse(members(known["is"], KNOWN["members"][known["is"]], found["members"]))
    refuse(tables(name, known["tables"], found["tables"]))


def test_commands_and_their_options_go_on():
    found = surface.commands()
    for name, known in KNOWN["commands"].items():
        where = f"meta {name}".rstrip()
        refuse([] if name in found else [Loss("command", where)])
        refuse(options(where, known, found.get(name, {})))


@pytest.mark.parametrize("part", ["datasets", "results"])
def test_columns_of_files_go_on(part):
    refuse(tables(part, KNOWN[part], getattr(surface, part)()))


def test_every_example_is_recorded():
    assert set(surface_examples.EXAMPLES) <= set(KNOWN["examples"]), "run python -m tests.net.surface"


def command(*words):
    """Run the command line; its own word of deprecation is a warning here too."""
    done = subprocess.run(
        [sys.executable, "-m", "meta.cli", *words], capture_output=True, text=True, check=True
    )
    if "deprecated" in done.stderr:
        warnings.warn(done.stderr, DeprecationWarning, stacklevel=2)
    return done.stdout


def last_word(what):
    """The name itself: of ``meta.pool(level)`` its ``level``."""
    return re.split(r"[ .(]", what.rstrip(")"))[-1].lstrip("*")


def value(expression):
    """An expression of the list, evaluated among the examples."""
    known = {name: getattr(surface_examples, name)() for name in ("trials", "fit", "evidence")}
    return eval(expression, {"meta": meta, "es": surface_examples.bcg(), "command": command, **known})


@pytest.mark.parametrize("entry", lists()["forwarded"], ids=lambda entry: entry["what"])
def test_what_forwards_warns_and_gives_what_the_new_one_gives(entry):
    assert entry["reason"]
    with pytest.warns(DeprecationWarning, match=re.escape(last_word(entry["what"]))):
        before = value(entry["before"])
    assert repr(before) == repr(value(entry["after"]))


@pytest.mark.parametrize("entry", lists()["changed"], ids=lambda entry: entry["what"])
def test_what_changed_is_of_a_kind_that_may_and_has_a_reason(entry):
    assert entry["kind"] in CHANGEABLE
    assert entry["reason"]


def test_the_list_speaks_of_what_is_recorded():
    """Entries that account for nothing would let a later loss of that name pass."""
    told = surface.written(KNOWN)
    for loss in listed():
        assert f'"{last_word(loss.what)}"' in told, f"nothing of that name is recorded: {loss}"


def test_a_loss_of_every_kind_is_seen():
    plain = {"is": "function", "parameters": {"x": "either", "level": "keyword = 0.95"}}
    old = {
        "modules": {"meta": {"pool": plain, "gone": plain}},
        "examples": {"pool": {"is": "Fit", "tables": {"tidy": ["term", "se"]}}},
        "members": {"Fit": {"se": "attribute", "ci": {"level": "either = None"}}},
        "commands": {"pool": {"--level": "option", "source": "argument required"}, "run": {}},
        "datasets": {"bcg": ["year"], "other": ["n"]},
        "results": {"effects.csv": ["yi"]},
    }
    new = {
        "modules": {"meta": {"pool": {"is": "function", "parameters": {"x": "either", "new": "keyword"}}}},
        "examples": {"pool": {"is": "Fit", "tables": {"tidy": ["term", "more"]}}},
        "members": {"Fit": {"ci": {"level": "keyword = None"}}},
        "commands": {"pool": {"source": "argument required", "--must": "option required"}},
        "datasets": {"bcg": ["year", "more"]},
        "results": {"effects.csv": []},
    }
    assert [str(loss) for loss in losses(old, new)] == [
        "parameter meta.pool(level)",
        "required meta.pool(new)",
        "name meta.gone",
        "column pool.tidy: se",
        "member Fit.se",
        "position Fit.ci(level)",
        "option meta pool --level",
        "required meta pool --must",
        "command meta run",
        "column datasets.other: n",
        "column results.effects.csv: yi",
    ]
    assert losses(old, old) == []


@pytest.mark.parametrize(
    ("old", "new", "want"),
    [
        ({"a": "either", "b": "either"}, {"b": "either", "a": "either"}, ["position f(a)", "position f(b)"]),
        ({"a": "keyword = 1"}, {"a": "either = 1"}, []),
        ({"a": "keyword"}, {"a": "keyword = 1"}, []),
        ({"a": "keyword = 1"}, {"a": "keyword"}, ["required f(a)"]),
        ({"a": "either"}, {"a": "positional"}, ["keyword f(a)"]),
        ({"c": "open keywords"}, {"x": "keyword = None"}, ["open keywords f(**c)"]),
    ],
)
def test_calls_that_were_allowed_stay_allowed(old, new, want):
    assert [str(loss) for loss in parameters("f", old, new)] == want
