"""Every option of a figure changes the picture, warns or is refused, and so does every option of counts."""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meta
from meta.errors import MetaError, MetaWarning, UnknownOptionError
from tests.intake.engines_by_name import numbers
from tests.intake.test_one_way_in import FRAME

BCG = meta.datasets.load("bcg")
TWO_BY_TWO = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
RR = meta.effect_sizes(BCG, measure="RR", study="trial", **TWO_BY_TWO)
FIT = meta.pool(RR)
BY_LATITUDE = meta.regress(RR, "~ ablat")
POSTERIOR = meta.bayes(RR, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5))
CLAIM = meta.plots.ClaimMark(-0.4, (-np.inf, -0.4))
DATA = {
    "result",
    "fit",
    "table",
    "curve",
    "curves",
    "posteriors",
    "yi",
    "vi",
    "sei",
    "study",
    "measure",
    "ax",
}


def tau2_profile() -> Any:
    return meta.diagnostics.profile(FIT, values=np.linspace(0.05, 1, 30))


FIGURES: dict[str, tuple[Callable[..., Any], Callable[[], tuple[Any, ...]], dict[str, Any]]] = {
    "baujat": (meta.plots.baujat, lambda: (meta.diagnostics.baujat(FIT),), {}),
    "bubble": (meta.plots.bubble, lambda: (BY_LATITUDE,), {"x": "ablat"}),
    "caterpillar": (meta.plots.caterpillar, lambda: (RR,), {}),
    "cumulative": (meta.plots.cumulative, lambda: (meta.diagnostics.cumulative(FIT, order="year"),), {}),
    "drapery": (meta.plots.drapery, lambda: (RR,), {}),
    "forest": (meta.forest, lambda: (FIT,), {}),
    "funnel": (meta.funnel, lambda: (FIT,), {}),
    "gosh": (meta.plots.gosh, lambda: (meta.diagnostics.gosh(FIT, subsets=200, seed=1),), {}),
    "influence": (meta.plots.influence, lambda: (meta.diagnostics.influence(FIT),), {}),
    "joint": (meta.plots.joint, lambda: (POSTERIOR,), {"draws": 4000}),
    "labbe": (meta.plots.labbe, lambda: (RR,), {}),
    "orchard": (meta.plots.orchard, lambda: (RR,), {}),
    "posterior": (meta.plots.posterior, lambda: (POSTERIOR,), {}),
    "prior_sensitivity": (meta.plots.prior_sensitivity, lambda: ({"as stated": POSTERIOR},), {}),
    "profile": (meta.plots.profile, lambda: (tau2_profile(),), {}),
    "qq": (meta.plots.qq, lambda: (FIT,), {}),
    "radial": (meta.plots.radial, lambda: (RR,), {}),
    "residual_funnel": (meta.plots.residual_funnel, lambda: (BY_LATITUDE,), {}),
    "tau_trace": (meta.plots.tau_trace, lambda: (POSTERIOR,), {}),
}
FLIPPED = {
    **{"theme": "dark", "title": "A title of its own", "level": 0.8, "label": [1, 3], "claim": CLAIM},
    **{
        "columns": None,
        "scale": "identity",
        "order": "year",
        "by": "alloc",
        "prediction": None,
        "null": -0.5,
    },
    **{
        "xlim": (-3.0, 3.0),
        "labels": ("for", "against"),
        "notes": "a note",
        "contours": (0.8,),
        "center": 0.3,
    },
    **{"xlabel": "Degrees north", "line": ([10, 50], [0, -1]), "band": ([0, -1], [0.5, -0.5]), "draws": 900},
    **{"x": "year", "y": "tau2", "highlight": [2], "seed": 7, "of": "new", "prior": False, "upper": 2.0},
    **{"precision": "vi", "add_tau2": True, "estimate": 0.4, "interval": (0.2, 0.8)},
}
OTHER: dict[tuple[str, str], Any] = {
    ("baujat", "label"): 1,
    ("forest", "columns"): ["yi"],
    ("forest", "pooled"): {"equal effects": meta.pool(RR, method="EE", test="z")},
    ("funnel", "filled"): meta.bias.trim_and_fill(FIT, side="right"),
    ("influence", "columns"): ["rstudent"],
    ("posterior", "of"): "tau",
    ("prior_sensitivity", "of"): "tau",
    ("bubble", "x"): "year",
    ("bubble", "prediction"): ([-1, -2], [1, 0]),
    ("cumulative", "x"): "k",
}
CASES = [
    (name, option)
    for name, (function, _, _) in FIGURES.items()
    for option in inspect.signature(function).parameters
    if option not in DATA
]


def drawn(name: str, **options: Any) -> tuple[str, set[str]]:
    """The picture as the text of an SVG, and the warnings that came with it."""
    function, data, fixed = FIGURES[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        figure = function(*data(), **{**fixed, **options}).figure
    sheet = io.StringIO()
    with plt.rc_context({"svg.hashsalt": "same", "svg.fonttype": "none"}):
        figure.savefig(sheet, format="svg", metadata={"Date": None})
    plt.close(figure)
    return sheet.getvalue(), {str(item.message) for item in caught if issubclass(item.category, MetaWarning)}


@pytest.fixture(scope="module")
def plain():
    known: dict[str, tuple[str, set[str]]] = {}

    def of(name: str) -> tuple[str, set[str]]:
        if name not in known:
            known[name] = drawn(name)
        return known[name]

    return of


@pytest.mark.slow
@pytest.mark.parametrize(("name", "option"), CASES)
def test_an_option_of_a_figure_acts_warns_or_is_refused(name, option, plain):
    before, told = plain(name)
    try:
        after, said = drawn(name, **{option: OTHER.get((name, option), FLIPPED.get(option))})
    except UnknownOptionError as problem:
        pytest.fail(f"flip {option} to something that exists: {problem}")
    except MetaError:
        return
    assert said - told or after != before


def test_a_picture_drawn_twice_is_the_same_picture():
    assert drawn("caterpillar")[0] == drawn("caterpillar")[0]


COUNTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    **{
        f"pool_counts, {method}": (meta.pool_counts, {"measure": "OR", "method": method, **TWO_BY_TWO})
        for method in ("MH", "Peto", "GLMM")
    },
    "pool_counts, RR": (meta.pool_counts, {"measure": "RR", **TWO_BY_TWO}),
    "pool_counts, RD": (meta.pool_counts, {"measure": "RD", **TWO_BY_TWO}),
    "pool_counts, PLO": (
        meta.pool_counts,
        {"measure": "PLO", "method": "GLMM", "events": "tpos", "n": "tn"},
    ),
    "harbord": (meta.bias.harbord, TWO_BY_TWO),
    "peters": (meta.bias.peters, TWO_BY_TWO),
    "macaskill": (meta.bias.macaskill, TWO_BY_TWO),
    "deeks": (meta.bias.deeks, TWO_BY_TWO),
    "effect_sizes, OR": (meta.effect_sizes, {"measure": "OR", **TWO_BY_TWO}),
    "effect_sizes, AS": (meta.effect_sizes, {"measure": "AS", **TWO_BY_TWO}),
}
COUNTED = BCG.assign(
    tpos=[4, 0, *BCG["tpos"][2:]], cpos=[11, 0, *BCG["cpos"][2:]], tneg=BCG["tneg"] + 0, cneg=BCG["cneg"] + 0
)
OPTIONS = {
    **{"method": "Peto", "model": "CM.EL", "level": 0.8, "add": 0.1, "correct": True, "quadrature": 9},
    **{
        "direction": "less",
        "moderators": "~ ablat",
        "to": "all",
        "drop00": True,
        "correction": "treatment-arm",
    },
    **{"vtype": "UB", "exact": False, "bias_correction": False, "df": 9, "ci_scale": "model"},
}


@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option)
        for name, (function, _) in COUNTS.items()
        for option in inspect.signature(function).parameters
        # for effect sizes it is a column, of which those that a measure has no use for are no error
        if option in OPTIONS and not (option == "direction" and name.startswith("effect_sizes"))
    ],
)
def test_an_option_of_counts_acts_warns_or_is_refused(name, option):
    function, fixed = COUNTS[name]

    def called(**options: Any) -> tuple[list[Any], set[str]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MetaWarning)
            found = function(COUNTED, **{**fixed, **options})
        return [*numbers(found), str(found)], {str(item.message) for item in caught}

    value = OPTIONS[option]
    if option == "method" and fixed.get("method") == "Peto":
        value = "MH"
    before, told = called()
    try:
        after, said = called(**{option: value})
    except MetaError as problem:
        if isinstance(problem, UnknownOptionError) and option not in ("method", "vtype", "model"):
            pytest.fail(f"flip {option} to something that exists: {problem}")
        return
    assert said - told or after != before


SAMPLER = {
    **{"draws": 100, "tune": 150, "chains": 3, "cores": 2, "target_accept": 0.8, "seed": 5},
    **{"sample_options": {"init": "adapt_full"}},
}


@pytest.mark.mcmc
@pytest.mark.parametrize("option", SAMPLER)
def test_an_option_of_the_sampler_acts_or_is_refused(option):
    if option not in inspect.signature(meta.bayes).parameters:
        pytest.skip(f"meta.bayes has no {option}")
    few = {"draws": 120, "tune": 200, "chains": 2, "cores": 1, "seed": 1, "allow_failed": True}
    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}

    def means(**options: Any) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = meta.bayes(FRAME, engine="pymc", **priors, **{**few, **options})
        return found.estimate, found.sd

    changed = means(**{option: SAMPLER[option]}) != means()
    # several cores draw what one core draws, only sooner
    assert changed == (option != "cores")
