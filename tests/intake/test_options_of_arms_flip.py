"""Every option of networks and dose-response models changes a number, warns or is refused."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import meta
from meta.errors import MetaError, MetaWarning, UnknownOptionError
from tests.intake.arms_by_name import ARMS, CHANGES, CURVE, EFFECT, PAIRS, RATIOS, TAU

NAMED = {"study": "study", "treatment": "treatment"}
MODELS = {
    "network of means": (meta.pool_network, ARMS, {"measure": "MD"}),
    "network of ratios of means": (meta.pool_network, ARMS, {"measure": "ROM"}),
    "network of counts": (meta.pool_network, ARMS, {"measure": "OR", "method": "DL"}),
    "network of pairs": (meta.pool_network, PAIRS, {"measure": "MD"}),
    "components": (meta.pool_network, PAIRS, {"measure": "MD", "components": " + "}),
    "posterior of a network of means": (meta.bayes_network, ARMS, {"measure": "ROM", "tau": TAU}),
    "posterior of a network of pairs": (meta.bayes_network, PAIRS, {"measure": "MD", "tau": TAU}),
    "curve of means": (meta.dose_response, CURVE, {**CHANGES, "shape": "quadratic"}),
    "curve of ratios": (meta.dose_response, CURVE, RATIOS),
    "curve without counts": (meta.dose_response, CURVE[["study", "dose", "yi", "vi"]], {}),
    "curve in two stages": (meta.dose_response, CURVE, {**CHANGES, "stage": "two"}),
    "splines": (meta.dose_response, CURVE, {**CHANGES, "shape": "rcs"}),
    "fractional polynomial": (meta.dose_response, CURVE, {**CHANGES, "shape": "fp", "powers": (0.5,)}),
    "posterior of a curve": (meta.bayes_dose, CURVE, {**CHANGES, "effect": EFFECT, "tau": TAU}),
    "posterior of ratios": (meta.bayes_dose, CURVE, {**RATIOS, "effect": EFFECT, "tau": TAU}),
    "comparison": (meta.compare_shapes, CURVE, {**CHANGES, "shapes": ["linear", "quadratic"]}),
}
FLIPPED = {
    **{"study": "other", "reference": "c", "measure": "SMD", "method": "ML", "test": "z", "better": "high"},
    **{"level": 0.8, "mean": "mean2", "sd": "sd2", "se": "sd2", "n": "n2", "events": "events2"},
    **{"nonevents": "events2", "time": "time2", "treat1": "treat2", "treat2": "treat1", "yi": "yi2"},
    **{"vi": "vi2", "sei": "vi2", "se_base": 0.1, "n1": "n2", "n2": "n2", "assume_shared": 0.4},
    **{"merge": {"ab": ["a", "b"]}, "bias_correction": False, "components": " + ", "inactive": "c"},
    **{"effect": meta.Normal(0, 0.1), "tau": meta.HalfNormal(0.05), "dose": "dose2", "cases": "cases2"},
    **{"design": "cohort", "referent": "last", "unit": "mg", "shape": "log", "knots": (1.0, 2.0, 3.0)},
    **{"powers": (1, 2), "reference_dose": 1.0, "stage": "two", "heterogeneity": "additive"},
    **{"covariance": "independent", "rho": 0.2, "vtype": "LS", "open_ended": 2.0, "shapes": ["log"]},
    **{"treatment": "swapped"},
}
OTHER = {
    ("network of counts", "measure"): "RR",
    ("network of pairs", "measure"): "RR",
    ("components", "measure"): "RR",
    ("posterior of a network of pairs", "measure"): "OR",
    ("curve of ratios", "measure"): "OR",
    ("curve without counts", "measure"): "OR",
    ("posterior of ratios", "measure"): "OR",
    ("curve of ratios", "design"): "case-control",
    ("posterior of ratios", "design"): "case-control",
    ("splines", "shape"): "quadratic",
    ("fractional polynomial", "shape"): "emax",
    ("curve in two stages", "stage"): "one",
    ("curve in two stages", "heterogeneity"): "none",
    ("components", "components"): "|",
    ("comparison", "method"): "EE",
    **{(name, "test"): "t" for name in ("curve of means", "curve of ratios", "curve without counts")},
    **{(name, "test"): "t" for name in ("curve in two stages", "splines", "fractional polynomial")},
}
DEPENDS = {
    ("curve in two stages", "stage"): "both give the same numbers where every trial identifies all terms",
    (
        "network of pairs",
        "n1",
    ): "refused or used for MD and SMD with a star of several arms, which has its test",
    **{
        (name, "open_ended"): "the doses of this table are numbers; its own test has open categories"
        for name in MODELS
    },
}


def table_of(frame):
    """The table with a second version of every column, of which any may be named."""
    made = frame.copy()
    for name in ("mean", "sd", "n", "events", "time", "yi", "vi", "cases", "dose"):
        if name in made:
            made[f"{name}2"] = made[name] * (1 + 0.05 * np.arange(len(made)))
    made["events2"] = np.arange(1, len(made) + 1)
    made["other"] = [made["study"].iloc[0] if i == 4 else label for i, label in enumerate(made["study"])]
    made["last"] = (made["study"] != made["study"].shift(-1)).astype(int)
    if "treatment" in made:
        made["swapped"] = made["treatment"].replace({"b": "c", "c": "b"})
    return made


def called(function, frame, options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        found = function(table_of(frame), **options)
    told = {str(item.message) for item in caught}
    return [found.tidy().to_csv(), found.glance().to_csv(), str(found), asked(found)], told


def asked(found):
    """What a curve predicts, and how treatments rank: what some options are for."""
    try:
        return (found.predict([1.5]) if hasattr(found, "predict") else found.ranking()).to_csv()
    except (MetaError, AttributeError) as problem:
        return str(problem)


CASES = [
    (name, option)
    for name, (function, _, _) in MODELS.items()
    for option in inspect.signature(function).parameters
    if option not in {"data", "table"} and (name, option) not in DEPENDS
]


@pytest.fixture(scope="module")
def base():
    known = {}

    def of(name):
        if name not in known:
            known[name] = called(*MODELS[name])
        return known[name]

    return of


@pytest.mark.parametrize(("name", "option"), CASES)
def test_a_flipped_option_acts_warns_or_is_refused(name, option, base):
    function, frame, fixed = MODELS[name]
    value = OTHER.get((name, option), FLIPPED[option])
    before, told = base(name)
    try:
        after, said = called(function, frame, {**fixed, option: value})
    except UnknownOptionError as problem:
        pytest.fail(f"flip {option} to something that exists: {problem}")
    except MetaError:
        return
    assert said - told or after != before


def test_an_open_ended_dose_takes_the_factor():
    table = CURVE.assign(dose=[">=3" if dose == 3 else dose for dose in CURVE["dose"]])
    with pytest.warns(MetaWarning, match=r"'>=3' as 3\.3"):
        near = meta.dose_response(table, **CHANGES, open_ended=1.1)
    with pytest.warns(MetaWarning, match="'>=3' as 6"):
        far = meta.dose_response(table, **CHANGES, open_ended=2.0)
    assert near.beta[0] != far.beta[0]
