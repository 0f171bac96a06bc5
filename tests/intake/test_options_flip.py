"""Every option of a public function changes a number, warns or is refused: none is ignored."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

import meta
from meta.bayes.averaging import model_average
from meta.bayes.batch import leave_one_out
from meta.errors import MetaError, MetaWarning, OptionWarning, UnknownOptionError
from tests.intake.engines_by_name import PRIORS, numbers
from tests.intake.test_one_way_in import FRAME, YI

K = len(YI)
DATA = {"es", "fit", "data", "result", "table", "yi", "vi", "sei", "study", "measure", "formula"}
BIAS = (
    *("begg", "beta_selection", "bias_robust", "copas", "egger", "excess_significance", "failsafe_n"),
    *("limit_meta_analysis", "p_curve", "p_uniform_star", "pet_peese", "pustejovsky_rodgers"),
    *("selection_model", "significance_funnel", "trim_and_fill", "waap"),
)
DIAGNOSTICS = (
    *("cumulative", "gosh", "influence", "leave_one_out", "outliers", "profile", "qq", "residuals"),
)
FUNCTIONS = {
    "pool": (meta.pool, {}),
    "subgroups": (meta.subgroups, {"by": "form"}),
    "regress": (meta.regress, {"formula": "~ dose"}),
    "regress, scale": (meta.regress, {"formula": "~ dose", "scale": "~ dose", "test": "z"}),
    "pool_multilevel": (meta.pool_multilevel, {"levels": "lab", "rho": 0.2}),
    "aggregate": (meta.aggregate, {"cluster": "lab", "rho": 0.5}),
    "bayes": (meta.bayes, PRIORS),
    "bayes, moderators": (meta.bayes, {**PRIORS, "moderators": "~ dose"}),
    "bayes leave one out": (leave_one_out, PRIORS),
    "model_average": (model_average, PRIORS),
    "model_average, pp": (model_average, {**PRIORS, "bias": "pp"}),
    "model_average, two-sided": (model_average, {**PRIORS, "bias": "two-sided"}),
    **{name: (getattr(meta.bias, name), {}) for name in BIAS},
    **{f"fail-safe {kind}": (meta.bias.failsafe_n, {"kind": kind}) for kind in ("Orwin", "Rosenberg")},
    "fail-safe General": (meta.bias.failsafe_n, {"kind": "General"}),
    "egger, mixed": (meta.bias.egger, {"model": "mixed"}),
    **{name: (getattr(meta.diagnostics, name), {}) for name in DIAGNOSTICS},
}
FUNCTIONS["pustejovsky_rodgers"] = (meta.bias.pustejovsky_rodgers, {"n1": "size", "n2": "size"})
FUNCTIONS["qq"] = (meta.diagnostics.qq, {"seed": 1})
FLIPPED = {
    **{"method": "DL", "test": "t", "level": 0.8, "weights": list(range(1, K + 1)), "cluster": "form"},
    **{"moderators": "~ size", "intercept": False, "context": {"cube": np.cbrt}, "scale": "~ size"},
    **{"link": "identity", "common_tau2": True, "by": "lab", "V": np.diag(FRAME["vi"]) * 2, "rho": 0.4},
    **{"levels": "form", "inner": "form", "struct": "CS", "weighted": True, "direction": "less"},
    **{"exact": False, "continuity": True, "bootstrap": 40, "seed": 7, "published": (1.0, 0.4), "top": 0.7},
    **{"model": "mixed", "predictor": "vi", "n": "size", "alpha": 0.2, "alpha_test": 0.3, "effect": 0.9},
    **{
        "tau2": 0.4,
        "kind": "rstudent",
        "target": 0.1,
        "pool": "Fisher",
        "tests": ["z"],
        "steps": (0.05, 0.5),
    },
    **{"eta": 2.0, "null": 0.3, "eta_max": 9.0, "estimator": "R0", "side": "right", "centre": "EE"},
    **{"limits": (-0.1, 1.0), "power": 0.4, "n1": "dose", "n2": "dose", "order": "dose", "collapse": True},
    **{"descending": True, "subsets": 20, "reestimate": False, "rule": "interval", "component": 1},
    **{"values": [0.1, 0.2], "draws": 100, "p_effect": 0.2, "p_heterogeneity": 0.2, "p_bias": 0.2},
    **{"bias": "pp", "cutoffs": lambda p: np.ones(K), "tau": meta.HalfNormal(2.0), "below": 0.5},
    **{"slopes": meta.Normal(0, 0.1), "truncated": FRAME["dose"] > 4, "allow_failed": True},
    **{"heterogeneity": "t", "tune": 100, "chains": 2, "cores": 1, "target_accept": 0.9},
    **{"random": "~ 1 | lab", "R": {"lab": [[1.0]]}, "fixed": {"lab": 0.1}},
    **{"nuts_sampler": "numpyro", "progressbar": True, "sample_options": {"init": "auto"}},
}
FLIPPED["effect"] = meta.Normal(0.3, 2)
OTHER = {
    ("excess_significance", "effect"): 0.9,
    ("excess_significance", "test"): "binomial",
    ("significance_funnel", "model"): "equal-effects",
    ("pool_multilevel", "method"): "ML",
    ("failsafe_n", "kind"): "Orwin",
    ("failsafe_n", "alpha"): 0.01,
    **{(f"fail-safe {kind}", "kind"): "Rosenthal" for kind in ("Orwin", "Rosenberg", "General")},
    ("fail-safe General", "alpha"): 0.01,
    ("fail-safe Rosenberg", "alpha"): 0.01,
    ("egger, mixed", "model"): "classic",
    ("aggregate", "weighted"): False,
    ("model_average, pp", "bias"): "two-sided",
    ("model_average, two-sided", "bias"): "pp",
}
DEPENDS = {
    ("waap", "alpha"): "which studies are powered, of these data",
    ("profile", "component"): "there is one component here, and any other is refused",
    ("begg", "exact"): "without ties and with so few studies exact is what None chooses",
}


def sampled(name):
    """Options that only the sampler's own tests flip."""
    return name == "engine"


def called(function, options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        found = function(FRAME, **options)
    told = {str(item.message) for item in caught}
    tables = [found.tidy()] if hasattr(found, "tidy") else []
    return [*numbers(found), *(x for table in tables for x in numbers(table)), str(found)], told


CASES = [
    (name, option)
    for name, (function, fixed) in FUNCTIONS.items()
    for option in inspect.signature(function).parameters
    if option not in DATA and not sampled(option) and (name, option) not in DEPENDS
]
SLOW = {"copas", "model_average, two-sided", "significance_funnel"}


@pytest.fixture(scope="module")
def base():
    known = {}

    def of(name):
        function, fixed = FUNCTIONS[name]
        if name not in known:
            known[name] = called(function, fixed)
        return known[name]

    return of


@pytest.mark.parametrize(
    ("name", "option"),
    [pytest.param(*case, marks=[pytest.mark.slow] if case[0] in SLOW else []) for case in CASES],
)
def test_a_flipped_option_acts_warns_or_is_refused(name, option, base):
    function, fixed = FUNCTIONS[name]
    value = OTHER.get((name, option), FLIPPED[option])
    before, told = base(name)
    try:
        after, said = called(function, {**fixed, option: value})
    except UnknownOptionError as problem:
        pytest.fail(f"flip {option} to something that exists: {problem}")
    except MetaError:
        return
    assert said - told or after != before


def test_a_seed_where_nothing_is_drawn_is_said():
    for call in (
        lambda: meta.bayes(FRAME, **PRIORS, seed=1),
        lambda: meta.bias.selection_model(FRAME, seed=1),
        lambda: meta.bias.beta_selection(FRAME, seed=1),
        lambda: meta.diagnostics.gosh(FRAME[:5], seed=1),
        lambda: meta.pool(FRAME).prediction_interval("HTS", seed=1),
        lambda: meta.pool(FRAME).probability(below=0, seed=1),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MetaWarning)
            call()
        told = [str(item.message) for item in caught if item.category is OptionWarning]
        assert len(told) == 1
        assert told[0].startswith("seed=1 has no effect with")


DIRECTED = [name for name in BIAS if "direction" in inspect.signature(getattr(meta.bias, name)).parameters]


@pytest.mark.parametrize("name", [*DIRECTED, "harbord", "peters", "macaskill", "deeks", "vevea_woods"])
def test_a_direction_has_one_vocabulary(name):
    function = getattr(meta.bias, name)
    fixed = {"n1": "size", "n2": "size"} if name == "pustejovsky_rodgers" else {}
    with pytest.raises(UnknownOptionError, match=r"unknown direction 'positive'; .*did you mean 'greater'"):
        function(FRAME, direction="positive", **fixed)


def test_the_old_words_of_model_average_are_forwarded():
    given = {**PRIORS, "bias": "pp"}
    new = model_average(FRAME, direction="less", **given)
    with pytest.warns(DeprecationWarning, match="now called 'less'"):
        old = model_average(FRAME, direction="negative", **given)
    assert old.estimate == new.estimate
    assert old.direction == "less"
    with pytest.raises(UnknownOptionError, match="unknown direction 'two-sided'"):
        model_average(FRAME, direction="two-sided", **given)


@pytest.mark.parametrize("wrong", [0, 1, 5, -0.1, float("nan"), True, "0.05"])
def test_a_share_has_one_wording(wrong):
    told = r"must lie between 0 and 1, not|must be a number"
    for call in (
        lambda: meta.bias.waap(FRAME, alpha=wrong),
        lambda: meta.bias.waap(FRAME, power=wrong),
        lambda: meta.bias.excess_significance(FRAME, alpha=wrong),
        lambda: meta.bias.failsafe_n(FRAME, alpha=wrong),
        lambda: meta.bias.pet_peese(FRAME, alpha=wrong),
        lambda: meta.bias.copas(FRAME, top=wrong),
        lambda: model_average(FRAME, **PRIORS, p_effect=wrong),
    ):
        with pytest.raises(MetaError, match=told):
            call()


ES = meta.effect_sizes(FRAME, measure="GEN")


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: meta.subgroups(ES, by="form"), {"by": "lab"}),
        (lambda: meta.diagnostics.leave_one_out(ES), {"by": "study"}),
        (lambda: {"a": meta.pool(ES), "b": meta.pool(ES, method="EE")}, {"by": "form"}),
    ],
)
def test_a_forest_refuses_headings_where_it_has_its_own(make, options):
    with pytest.raises(MetaError, match=r"by.* (has no effect|cannot be given)"):
        meta.forest(make(), **options)


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
def test_a_forest_orders_and_groups_whatever_it_draws():
    fit = meta.regress(ES, "~ dose")
    plot = meta.forest(fit, by="form")
    assert [row.label for row in plot.rows if row.kind == "group"] == ["citrate", "oxide"]
    table = meta.diagnostics.leave_one_out(ES)
    ordered = [row.estimate for row in meta.forest(table, order="-effect").rows if row.kind == "study"]
    assert ordered == sorted(ordered, reverse=True)


def test_a_prediction_that_nothing_has_is_said():
    with pytest.warns(OptionWarning, match="prediction='line' has no effect"):
        meta.forest(ES, prediction="line")
