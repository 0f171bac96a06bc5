"""Every option changes a number, warns or is refused; nothing that is given is ignored."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.effects.registry import MEASURES
from meta.effects.used_columns import known
from meta.effects.zero_cells import DEFAULTS, OPTIONS
from meta.errors import InputError, quiet

GIVEN = {
    "2x2": {"events1": [0, 8, 0, 9], "n1": [20, 31, 22, 40], "events2": [3, 5, 0, 7], "n2": [30, 45, 26, 30]},
    "matched pairs": {"both": [0, 9, 8], "only1": [3, 5, 0], "only2": [4, 8, 0], "neither": [10, 11, 12]},
    "matched margins": {
        **{"events1": [0, 8, 0], "n1": [20, 31, 40], "events2": [3, 5, 0], "n2": [20, 31, 40]},
        "r": [0.1, 0.2, 0.3],
    },
    "two rates": {
        **{"events1": [0, 8, 0], "time1": [20, 30.5, 12], "events2": [3, 5, 0], "time2": [30, 45.5, 18]}
    },
    "two means": {
        **{"mean1": [5.0, 6, 7], "sd1": [1.0, 2, 3], "n1": [10, 25, 30]},
        **{"mean2": [4.0, 6.5, 5], "sd2": [1.5, 1.8, 2], "n2": [12, 20, 35]},
    },
    "superiority": {"auc": [0.6, 0.7, 0.4], "n1": [10, 20, 30], "n2": [15, 25, 20]},
    "proportion": {"events": [0, 5, 9], "n": [12, 20, 31]},
    "rate": {"events": [0, 5, 9], "time": [12.5, 20, 31]},
    "mean": {"mean": [5.0, 6, 7], "sd": [1.0, 2, 3], "n": [10, 25, 30]},
    "paired": {
        **{
            "mean_pre": [5.0, 6, 7],
            "sd_pre": [1.0, 2, 3],
            "mean_post": [4.0, 6.5, 9],
            "sd_post": [1.5, 1.8, 2],
        },
        **{"n": [10, 25, 30], "r": [0.5, 0.3, 0.6]},
    },
    "correlation": {"r": [0.3, -0.2, 0.7], "n": [12, 20, 31]},
    "partial correlation": {"r": [0.3, -0.2, 0.7], "n": [12, 20, 31], "m": [2, 3, 4]},
    "semi-partial correlation": {"r": [0.3, -0.2, 0.4], "n": [12, 20, 31], "r2": [0.3, 0.4, 0.5]},
    "reliability": {"alpha": [0.7, 0.8, 0.9], "items": [5, 10, 8], "n": [30, 40, 50]},
    "generic": {"yi": [0.1, 0.2, 0.3], "vi": [0.1, 0.2, 0.3]},
}
GIVEN["two means, standardised"] = GIVEN["two means"]
FLIPPED = {
    "add": 0.25,
    "to": "all",
    "drop00": True,
    "correction": "treatment-arm",
    "bias_correction": False,
    "exact": False,
    "vtype": None,
    "level": 0.9,
    "df": 7,
    "ci_scale": "ratio",
}


def effects(measure, **options):
    with quiet():
        return meta.effect_sizes(measure=measure, **GIVEN[MEASURES[measure].design], **options)


def differs(a, b):
    return not (np.array_equal(a.yi, b.yi, equal_nan=True) and np.array_equal(a.vi, b.vi, equal_nan=True))


@pytest.mark.parametrize("option", sorted(set(FLIPPED) - {"vtype"}))
@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_an_option_changes_the_effects_or_is_refused(measure, option):
    flipped = {option: FLIPPED[option]}
    if option in MEASURES[measure].accepts:
        assert differs(effects(measure, **flipped), effects(measure))
    else:
        with pytest.raises(InputError, match=f"^{option}=.* has no effect .*; leave it out$"):
            effects(measure, **flipped)


@pytest.mark.parametrize("measure", sorted(MEASURES))
def test_every_variant_is_a_formula_of_its_own_and_others_are_refused(measure):
    entry = MEASURES[measure]
    found = [effects(measure, vtype=name) for name in entry.variants]
    for i, one in enumerate(found):
        assert all(differs(one, other) for other in found[:i])
    for name in {"LS2", "UB", "AVHO", "CS"} - set(entry.variants):
        with pytest.raises(ValueError, match="unknown vtype"):
            effects(measure, vtype=name)


@pytest.mark.parametrize("measure", ["AS", "PHI", "RTET", "PAS", "PFT", "IRS", "IRFT", "IRSD"])
@pytest.mark.parametrize("option", ["add", "to", "drop00", "correction"])
def test_a_default_that_is_given_is_refused_too(measure, option):
    with pytest.raises(InputError, match=f"{option}=.* has no effect with measure '{measure}'; leave it out"):
        effects(measure, **{option: DEFAULTS[option]})


@pytest.mark.parametrize("options", [{"add": 1, "to": "none"}, {"add": 0, "correction": "treatment-arm"}])
def test_nothing_is_added_by_two_rules_that_contradict_each_other(options):
    with pytest.raises(InputError, match="has no effect with"):
        effects("OR", **options)
    assert effects("OR", add=0, to="none").kind.tolist() == ["none", "exact", "none", "exact"]


@pytest.mark.parametrize("option", [{"vtype": "UB"}, {"exact": False}, {"level": 0.9}])
def test_effects_that_are_already_computed_take_no_formula(option):
    with pytest.raises(InputError, match="has no effect"):
        meta.effect_sizes(measure="SMD", yi=[0.1], vi=[0.2], **option)


def test_an_interval_takes_its_level_and_its_df():
    given = {"yi": [0.2], "ci_low": [-0.1], "ci_high": [0.5]}
    base = meta.effect_sizes(measure="GEN", **given).vi
    assert meta.effect_sizes(measure="GEN", level=0.9, **given).vi > base
    assert meta.effect_sizes(measure="GEN", df=5, **given).vi < base


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - {"GEN", "HR", "HD"}))
def test_columns_of_other_designs_are_no_error(measure):
    given = GIVEN[MEASURES[measure].design]
    k = len(next(iter(given.values())))
    names = {name for columns in GIVEN.values() for name in columns} - {"yi", "vi"}
    spare = {name: ["text"] * k for name in names - set(given) - set(known(MEASURES[measure]))}
    alone = effects(measure)
    with quiet():
        both = meta.effect_sizes(measure=measure, **given, **spare)
    assert not differs(alone, both)


def test_a_misspelt_column_is_still_refused():
    with pytest.raises(InputError, match=r"does not take '?maen1"):
        meta.effect_sizes(measure="VR", maen1=[1], sd1=[1.0], n1=[9], sd2=[2.0], n2=[9])


def test_the_zero_cell_rule_of_every_design_is_declared():
    assert {entry.design for entry in MEASURES.values() if entry.zero_cells} == set(OPTIONS)


BINARY = {"events1": [3, 8, 4, 9], "n1": [20, 31, 22, 40], "events2": [4, 5, 6, 7], "n2": [30, 45, 26, 30]}
Y, V = [0.1, 0.6, 0.3, 0.9, 0.2, 0.4], [0.04, 0.05, 0.03, 0.06, 0.05, 0.02]
X = [1.0, 2, 3, 4, 5, 6.5]
NESTED = {"study": list("aabbcc"), "yi": Y, "vi": V, "outcome": list("uvuvuv")}
ES = meta.EffectSizes(Y, V, "GEN", list("abcdef"))


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (lambda: meta.pool(ES, common_tau2=True), "common_tau2"),
        (
            lambda: meta.subgroups(ES, by=list("xxxyyy"), method="EE", test="z", common_tau2=True),
            "common_tau2",
        ),
        (lambda: meta.subgroups(ES, by=list("xxxyyy"), method=0.1, common_tau2=True), "common_tau2"),
        (lambda: meta.regress(ES, moderators=X, link="log"), "link"),
        (lambda: meta.regress(ES, intercept=False), "intercept"),
        (lambda: meta.regress(ES, "~ 1", intercept=False), "intercept"),
        (lambda: meta.regress(ES, moderators=X, scale=X, weights=V), "weights"),
        (lambda: meta.pool_multilevel(NESTED, struct="CS"), "struct"),
        (lambda: meta.pool_multilevel(NESTED, intercept=False), "intercept"),
        (lambda: meta.pool_counts(measure="OR", quadrature=3, **BINARY), "quadrature"),
        (lambda: meta.pool_counts(measure="OR", model="UM.FS", **BINARY), "model"),
        (lambda: meta.pool_counts(measure="OR", method="Peto", quadrature=3, **BINARY), "quadrature"),
        (lambda: meta.pool_counts(measure="OR", method="GLMM", correct=False, **BINARY), "correct"),
        (lambda: meta.pool_counts(measure="OR", method="BB", correct=True, **BINARY), "correct"),
        (lambda: meta.pool_counts(measure="OR", method="BB", quadrature=3, **BINARY), "quadrature"),
        (lambda: meta.bias.egger(ES, method="DL"), "method"),
        (lambda: meta.bias.egger(ES, n=[10] * 6), "n"),
    ],
)
def test_an_option_out_of_place_is_refused_in_one_wording(call, option):
    with pytest.raises(InputError, match=rf"^{option}=.* has no effect .*; leave it out$"):
        call()
