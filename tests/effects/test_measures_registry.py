"""The registry is complete, consistent and documented."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.effects import forms, measures_table, vtypes
from meta.effects.measures import definition, one_group, references, two_by_two, two_groups
from meta.effects.registry import MEASURES, Measure, measure
from meta.effects.scales import SCALES, freeman_tukey_proportion, freeman_tukey_rate
from meta.errors import InputError, UnknownOptionError

PROMISED = [
    "RR",
    "OR",
    "RD",
    "AS",
    "PETO",
    "VE",
    "DOR",
    "PHI",
    "ZPHI",
    "YUQ",
    "YUY",
    "RTET",
    "ZTET",
    "PBIT",
    "OR2D",
    "OR2DN",
    "OR2DL",
    "MPRD",
    "MPRR",
    "MPOR",
    "MPORC",
    "MPPETO",
    "MPORM",
    "IRR",
    "IRD",
    "IRSD",
    "MD",
    "SMD",
    "SMDH",
    "SMD1",
    "SMD1H",
    "ROM",
    "VR",
    "CVR",
    "CLES",
    "AUC",
    "CLESN",
    "AUCN",
    "RPB",
    "ZPB",
    "RBIS",
    "ZBIS",
    "D2OR",
    "D2ORN",
    "D2ORL",
    "COR",
    "UCOR",
    "ZCOR",
    "PCOR",
    "ZPCOR",
    "SPCOR",
    "ZSPCOR",
    "PR",
    "PLN",
    "PLO",
    "PAS",
    "PFT",
    "IR",
    "IRLN",
    "IRS",
    "IRFT",
    "MN",
    "SMN",
    "MNLN",
    "SDLN",
    "CVLN",
    "MC",
    "SMCC",
    "SMCR",
    "SMCRH",
    "SMCRP",
    "SMCRPH",
    "CLESCN",
    "AUCCN",
    "ROMC",
    "VRC",
    "CVRC",
    "ARAW",
    "AHW",
    "ABT",
    "HR",
    "HD",
    "GEN",
]


def test_every_promised_measure_is_there_once():
    entries = [*two_by_two.MEASURES, *two_groups.MEASURES, *one_group.MEASURES]
    assert sorted(PROMISED) == sorted(MEASURES)
    assert len(entries) == len(MEASURES)


@pytest.mark.parametrize("code", PROMISED)
def test_entries_say_all_that_is_needed(code):
    entry = measure(code)
    assert isinstance(entry, Measure)
    assert entry.name
    assert entry.display
    assert entry.citation
    assert entry.doi.startswith("10.") or code == "GEN"
    assert entry.design in forms.FORMS
    assert entry.transform is SCALES[entry.scale]
    assert set(entry.variants) <= set(vtypes.VTYPES)


@pytest.mark.parametrize("code", PROMISED)
def test_signatures_are_what_the_registry_says(code):
    entry = measure(code)
    parameters = inspect.signature(entry.function).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert tuple(positional) == entry.columns
    assert set(keyword) == set(entry.options) | ({"vtype"} if entry.variants else set())
    if entry.variants:
        assert keyword["vtype"] == entry.variants[0]


@pytest.mark.parametrize("code", ["PLOGIT", "rr", ""])
def test_unknown_measures_are_refused_with_those_that_exist(code):
    with pytest.raises(UnknownOptionError, match=r"allowed: ABT, AHW.*ZTET"):
        meta.effect_sizes(measure=code, yi=[1], vi=[1])


@pytest.mark.parametrize("code", [None, 3, ["RR"]])
def test_a_measure_is_named_by_text(code):
    with pytest.raises(InputError, match="measure must be text"):
        meta.effect_sizes(measure=code, yi=[1], vi=[1])


def test_unknown_variants_are_refused_with_those_that_exist():
    with pytest.raises(UnknownOptionError, match="allowed: LS, LS2, UB, AV, RM"):
        meta.effect_sizes(measure="SMD", vtype="XX", d=[0.1], n1=[9], n2=[9])


def test_ls_means_the_default_where_there_is_no_ls():
    assert vtypes.choose(measure("RPB"), "LS") == "ST"
    assert vtypes.choose(measure("OR"), "LS") is None


@pytest.mark.parametrize("name", sorted(SCALES))
def test_scales_go_there_and_back(name):
    scale = SCALES[name]
    display = {"one-minus-exp": np.array([-50.0, 10, 90]), "log": np.array([0.1, 1, 10])}
    x = display.get(name, np.array([0.1, 0.4, 0.8]))
    np.testing.assert_allclose(scale.back(scale.forward(x)), x, rtol=1e-12)
    order = np.sign(np.diff(scale.back(scale.forward(x))))
    step = np.sign(np.diff(scale.forward(x)))
    assert np.all(order == (step if scale.increasing else -step))


def test_double_arcsine_is_clipped_outside_what_n_can_give():
    assert freeman_tukey_proportion([0.01, 1.56], 10).tolist() == [0.0, 1.0]
    n = np.array([5.0, 40, 1000])
    for x in (np.zeros(3), np.array([2.0, 7, 400]), n):
        y = meta.effect_sizes(measure="PFT", events=x, n=n).yi
        np.testing.assert_allclose(freeman_tukey_proportion(y, n), x / n, atol=1e-9)


def test_transformed_rates_turn_back():
    x, t = np.array([0.0, 3, 50]), np.array([10.0, 20, 30])
    y = meta.effect_sizes(measure="IRFT", events=x, time=t).yi
    np.testing.assert_allclose(freeman_tukey_rate(y, t), x / t, atol=1e-12)
    assert freeman_tukey_rate(0.0, 10.0) == 0.0


MODULES = [
    "association",
    "biserial",
    "correlations",
    "generic",
    "matched",
    "mean_differences",
    "paired",
    "proportions",
    "rates",
    "reliability",
    "single_means",
    "superiority",
    "tables",
    "variability",
]


@pytest.mark.parametrize("module", MODULES)
def test_every_formula_is_registered(module):
    loaded = importlib.import_module(f"meta.effects.measures.{module}")
    registered = {entry.function for entry in MEASURES.values()}
    own = {f for _, f in inspect.getmembers(loaded, inspect.isfunction) if f.__module__ == loaded.__name__}
    public = {f for f in own if not f.__name__.startswith("_")} - {loaded.__dict__.get("smd_variance")}
    assert public
    assert public <= registered


def test_ratio_scales_have_a_null_of_one():
    for entry in MEASURES.values():
        if entry.scale == "log" and entry.null is not None:
            assert entry.transform.back(entry.null) == 1.0


def test_references_are_pairs_of_citation_and_doi():
    pairs = [value for name, value in vars(references).items() if name.isupper()]
    assert all((len(pair) == 2 and "(" in pair[0]) or pair == references.REPORTED for pair in pairs)


def test_families_pass_their_design_on():
    build = definition.of_design("2x2", "log ratio", ("a",), 0.0)
    entry = build("X", "x", "x", abs, "identity", ("Someone (1900)", "10.1/x"), null=None)
    assert (entry.design, entry.family, entry.columns) == ("2x2", "log ratio", ("a",))
    assert entry.null is None


def test_the_documented_table_is_current():
    page = Path(__file__).parents[2] / "docs" / "measures.md"
    assert page.read_text(encoding="utf-8") == measures_table.markdown(), (
        "run python -m meta.effects.measures_table docs/measures.md"
    )


def test_the_table_can_be_written(tmp_path):
    measures_table.main([str(tmp_path / "measures.md")])
    text = (tmp_path / "measures.md").read_text(encoding="utf-8")
    assert all(f"| `{code}` |" in text for code in PROMISED)
