"""Measures that have ends: every print-out cuts what leaves them on the display scale, and says so."""

import re

import numpy as np
import pytest

import meta
from meta.effects.registry import MEASURES
from meta.errors import quiet
from meta.results.print_out import needs_display

COUNTS = {
    "study": list("ABCDEF"),
    "events": [1, 0, 2, 1, 3, 0],
    "n": [40, 30, 30, 90, 50, 20],
    "d": [1.0, 2, 3, 4, 5, 6],
    "group": list("uuvvvu"),
    "cluster": list("aabbcc"),
}
PRIORS = {"effect": meta.Normal(0, 0.3), "tau": meta.HalfNormal(0.2)}


@pytest.fixture(scope="module")
def rare():
    with quiet():
        return meta.effect_sizes(COUNTS, measure="PR", events="events", n="n", study="study")


RESULTS = {
    "pool": lambda es: meta.pool(es, level=0.999),
    "bayes": lambda es: meta.bayes(es, **PRIORS),
    "model_average": lambda es: meta.bayes.model_average(es, level=0.999, **PRIORS),
    "regress": lambda es: meta.regress(es, "~ d"),
    "subgroups": lambda es: meta.subgroups(es, by="group"),
    "multilevel": lambda es: meta.pool_multilevel(es, levels=["cluster"], level=0.999),
    "robust": lambda es: meta.robust(meta.pool(es), cluster="cluster"),
    "egger": meta.bias.egger,
    "trim_and_fill": meta.bias.trim_and_fill,
    "pet_peese": meta.bias.pet_peese,
    "significance_funnel": meta.bias.significance_funnel,
    "copas": meta.bias.copas,
    "limit": meta.bias.limit_meta_analysis,
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_proportion_below_zero_is_shown_from_zero_and_said(name, rare):
    with quiet():
        text = str(RESULTS[name](rare))
    assert "cut at the end of its range" in text
    shown = [line.split("|")[1] for line in text.splitlines() if "|  PR" in line]
    assert shown
    for line in shown:
        assert all(float(x) >= 0 for x in re.findall(r"-?\d+\.\d+", line))
    assert any("[0.000, " in line for line in shown)


def test_one_note_names_all_rows_that_were_cut(rare):
    with quiet():
        lines = str(meta.bias.copas(rare)).splitlines()
    assert sum("cut at the end" in line for line in lines) <= 2  # an interval; an interval and its estimate


def test_measures_without_ends_on_their_own_scale_are_shown_once():
    for code, entry in MEASURES.items():
        free = entry.scale == "identity" and not np.isfinite(entry.limits).any()
        assert needs_display(code) is not free, code
