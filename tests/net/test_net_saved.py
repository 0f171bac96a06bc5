"""Files that were saved once load for ever, as they were and with the same print-out."""

from __future__ import annotations

import difflib

import pytest

from meta.saving.saved_classes import PLACES
from tests.net.saved import held, kept, names, printed, text_of


def patient(name: str) -> object:
    """Files with draws need ArviZ, whose import alone takes seconds."""
    return pytest.param(name, marks=pytest.mark.slow) if '"$draws"' in text_of(name) else name


@pytest.mark.parametrize("name", [patient(name) for name in names()])
def test_the_print_out_is_the_same(name):
    old, new = (text.splitlines() for text in (kept(name), printed(name)))
    diff = "\n".join(difflib.unified_diff(old, new, "as it was saved", "now", lineterm="", n=0))
    assert not diff, f"{diff}\nif meant: `python -m tests.net.saved --reprint`, then accept it by the report"


# Ends of an interval and what engines hand on to one another: no result keeps one.
NEVER_KEPT = {"ConditionalRegression", "Interval", "Lines", "ShrinkageMap"}


def test_every_class_of_the_registry_is_in_a_file():
    missing = sorted(set(PLACES) - held() - NEVER_KEPT)
    assert not missing, f"no saved file holds {missing}: add a recipe and run `python -m tests.net.saved`"


def test_every_recipe_has_its_file():
    from tests.net.recipes import RECIPES

    assert set(RECIPES) == set(names())
