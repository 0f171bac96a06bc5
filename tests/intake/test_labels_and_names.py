"""Clusters, contrasts and rows of a figure go by names and identities, never by position."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pandas as pd
import polars as pl
import pytest

import meta
from meta.errors import DataWarning, MetaError
from tests.intake.engines_by_name import ENGINES, PRIORS
from tests.intake.test_one_way_in import FRAME, K

pytestmark = pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
LABELLED = FRAME.set_index("study", drop=False).assign(sure=[True, False] * (K // 2))
ES = meta.effect_sizes(LABELLED, measure="GEN")
REGRESSION = meta.regress(ES, "~ dose + size")

ARGUMENTS = {
    "influence of clusters": (
        "lab",
        lambda v: meta.diagnostics.influence(REGRESSION, cluster=v)["cook"].tolist(),
    ),
    "leave clusters out": (
        "lab",
        lambda v: meta.diagnostics.leave_one_out(ES, cluster=v)["estimate"].tolist(),
    ),
    "truncated": ("sure", lambda v: meta.bayes(ES, truncated=v, **PRIORS).estimate),
    "bubbles": ("dose", lambda v: np.asarray(meta.plots.bubble(ES, x=v).table["x"]).tolist()),
    "bubbles of a regression": (
        "dose",
        lambda v: np.asarray(meta.plots.bubble(REGRESSION, x=v).table["x"]).tolist(),
    ),
    "headings": ("form", lambda v: [row.label for row in meta.forest(ES, by=v).rows]),
    "mask": ("sure", lambda v: ES[v].study.tolist()),
    "study": ("form", lambda v: meta.pool(ES, study=v).effects.study.tolist()),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_labelled_arguments_go_by_their_labels(name):
    column, call = ARGUMENTS[name]
    wanted = call(LABELLED[column].to_numpy())
    assert call(LABELLED[column][::-1]) == wanted
    assert call(pl.Series(LABELLED[column].tolist())) == wanted
    with pytest.raises(MetaError, match="row labels that are not those of the effects"):
        call(LABELLED[column][::-1].set_axis([f"other {i}" for i in range(K)]))


@pytest.mark.parametrize("name", ["influence of clusters", "leave clusters out", "truncated"])
def test_a_row_without_a_cluster_is_refused_by_name(name):
    column, call = ARGUMENTS[name]
    gap = LABELLED[column].astype(object).where(LABELLED["study"] != "Trial C", None)
    with pytest.raises(MetaError, match="must be known for every row: study 'Trial C' has none"):
        call(gap)


def test_clusters_of_counts_are_not_taken_by_position():
    table = {"events1": [1, 2, 3, 4], "n1": [9] * 4, "events2": [3, 4, 6, 5], "n2": [9] * 4}
    fit = meta.pool_counts(table, measure="OR", study=list("abcd"))
    with pytest.raises(MetaError, match="row labels"):
        meta.diagnostics.leave_one_out(fit, cluster=pd.Series(list("uuvv"), index=list("dcba")))
    with pytest.raises(MetaError, match="study 'c' has none"):
        meta.diagnostics.leave_one_out(fit, cluster=["u", "u", None, "v"])


def test_many_analyses_go_by_the_labels_of_both_axes():
    y = pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 3, 1]}, index=list("xyz"))
    v = pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.1, 0.4]}, index=list("xyz"))
    wanted = meta.pool_many(y, v).estimate
    assert meta.pool_many(y, v[::-1][["b", "a"]]).estimate == pytest.approx(wanted, rel=1e-14)
    for other in (v.set_axis(list("pqr")), v.set_axis(list("mn"), axis=1)):
        with pytest.raises(MetaError, match="row labels"):
            meta.pool_many(y, other)


NAMED = {
    "mapping": {"size": 1},
    "Series": pd.Series({"size": 1.0}),
    "Series of all": pd.Series({"size": 1.0, "dose": 0.0, "Intercept": 0.0}),
    "frame": pd.DataFrame({"size": [1.0], "dose": [0.0]}),
    "polars": pl.DataFrame({"size": [1.0], "Intercept": [0.0]}),
    "rows": [{"size": 1}],
    "row of numbers": [0, 0, 1],
    "frame without names": pd.DataFrame([[0, 0, 1]]),
}


@pytest.mark.parametrize("kind", NAMED)
def test_contrasts_that_carry_names_go_by_them(kind):
    term = REGRESSION.coefficients.loc["size"]
    assert REGRESSION.contrast(NAMED[kind])["estimate"].tolist() == [pytest.approx(term["estimate"])]
    assert REGRESSION.wald(NAMED[kind]).p_value == pytest.approx(term["p_value"])
    robust = meta.robust(REGRESSION, "lab")
    assert robust.wald(NAMED[kind]).statistic == pytest.approx(robust.wald([[0, 0, 1]]).statistic)


WRONG = {
    "unknown name": (pd.DataFrame({"sise": [1.0]}), "no coefficient is called 'sise'"),
    "name twice": (pd.Series([1, 2], index=["size", "size"]), "twice"),
    "column twice": (pd.DataFrame([[1, 2]], columns=["size", "size"]), "twice"),
    "text": ("sise", "cannot be read"),
    "text weight": ({"size": "a"}, "must be numbers"),
    "missing weight": ({"size": None}, "must be finite"),
    "too short": ([1, 2], "needs 3 weights"),
    "nothing": ({}, "needs 3 weights"),
    "no rows": (pd.DataFrame({"size": [1.0]})[:0], "needs 3 weights"),
    "complex": ([[0, 0, 1j]], "must be numbers"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_contrasts_that_fit_no_coefficient_are_refused(kind):
    L, match = WRONG[kind]
    for call in (REGRESSION.contrast, REGRESSION.wald):
        with pytest.raises(MetaError, match=match):
            call(L)


TWICE = meta.effect_sizes(
    {"study": ["Reno", "Reno", "B", "C"], "yi": [0.1, 0.5, 0.3, 0.2], "vi": [0.04, 0.05, 0.02, 0.03]},
    measure="GEN",
)


def side_by_side(models):
    rows = [row for row in meta.forest(models).rows if row.kind == "study"]
    return [(row.label, row.estimate, row.others[0].estimate) for row in rows]


def test_a_forest_of_several_fits_keeps_trials_of_one_name_apart():
    whole, part = meta.pool(TWICE), meta.pool(TWICE[1:])
    found = side_by_side({"all": whole, "without the first": part})
    assert [label for label, *_ in found] == ["Reno", "Reno", "B", "C"]
    np.testing.assert_array_equal([x for *_, x in found], [np.nan, 0.5, 0.3, 0.2])
    turned = side_by_side({"all": whole, "turned": meta.pool(TWICE[::-1], method="EE")})
    assert all(one == other for _, one, other in turned)


def test_posteriors_side_by_side_keep_trials_of_one_name_apart():
    both = {"all": meta.bayes(TWICE, **PRIORS), "part": meta.bayes(TWICE[1:], **PRIORS)}
    found = side_by_side(both)
    part = both["part"].shrinkage()
    assert len(found) == 4
    assert np.isnan(found[0][2])
    assert found[1][2] == pytest.approx(part["mean"].iloc[0])


def test_a_label_that_is_unique_joins_what_has_other_numbers():
    other = meta.effect_sizes({"study": ["C", "B"], "yi": [0.9, 0.8], "vi": [0.1, 0.1]}, measure="GEN")
    found = side_by_side({"a": meta.pool(TWICE), "b": meta.pool(other)})
    assert [row[2] for row in found[2:]] == [0.8, 0.9]


CELLS_WITH_LISTS = {
    "polars": lambda: pl.DataFrame(FRAME.to_dict("list")).with_columns(pl.Series("sites", [[1, 2]] * K)),
    "dict": lambda: {**FRAME.to_dict("list"), "sites": [[1, 2]] * K},
    "array": lambda: {**FRAME.to_dict("list"), "sites": np.ones((K, 3))},
}


@pytest.mark.parametrize("kind", CELLS_WITH_LISTS)
def test_a_spare_column_may_hold_lists(kind):
    table = CELLS_WITH_LISTS[kind]()
    wanted = meta.regress(FRAME, "~ dose").beta
    assert meta.regress(table, "~ dose").beta.tolist() == wanted.tolist()
    assert meta.effect_sizes(table, measure="GEN").frame.shape[0] == K


PLACES = ("meta", "meta.bias", "meta.diagnostics", "meta.plots")
NEEDS_A_FIT = {
    **dict.fromkeys(("meta.bayes", "meta.plots.forest", "meta.plots.funnel"), "called by another name"),
    **dict.fromkeys(("meta.effect_sizes", "meta.pool_counts"), "counts: test_counts_in_any_form.py"),
    **dict.fromkeys(
        ("meta.bias.harbord", "meta.bias.peters", "meta.bias.macaskill", "meta.bias.deeks"),
        "2x2 tables: test_counts_in_any_form.py",
    ),
    "meta.bayes_dose": "arms: tests/dose/test_dose_posterior.py",
    "meta.compare_shapes": "arms: tests/dose/test_dose_questions.py",
    "meta.dose_response": "arms: tests/dose/test_dose_tables.py",
    "meta.solve": "facts: tests/recovery",
    "meta.vcalc": "gives a matrix: its own tests try tables and arrays",
    "meta.shared_control": "needs sizes and means of a common control",
    "meta.plots.labbe": "needs the events of both groups",
    **dict.fromkeys(("meta.pool_network", "meta.bayes_network"), "arms, or contrasts of named treatments"),
    **dict.fromkeys(
        [f"meta.plots.{name}" for name in ("comparison_funnel", "contributions", "league", "net_heat")]
        + [f"meta.plots.{name}" for name in ("network", "rankogram", "side_split")],
        "needs a network",
    ),
    "meta.plots.bubble": "takes effects or a regression and names a moderator",
    "meta.plots.joint": "needs a posterior",
    "meta.plots.posterior": "needs a posterior",
    "meta.plots.tau_trace": "needs a posterior",
    "meta.plots.residual_funnel": "needs a fit with residuals",
}
FIRST = ("es", "fit", "data", "result")


def public():
    for place in PLACES:
        module = importlib.import_module(place)
        for name in module.__all__:
            found = getattr(module, name)
            if callable(found) and not inspect.isclass(found):
                yield f"{place}.{name}", found


def test_every_public_function_that_takes_effects_is_among_the_engines():
    tried = {name.partition(",")[0] for name in ENGINES}
    lacking = []
    for name, function in public():
        parameters = list(inspect.signature(function).parameters)
        takes = "yi" in parameters or (parameters and parameters[0] in FIRST)
        short = name.removeprefix("meta.").removeprefix("bias.").removeprefix("diagnostics.")
        if takes and short not in tried and name not in NEEDS_A_FIT:
            lacking.append(name)
    assert not lacking, f"try these in tests/intake/engines_by_name.py: {lacking}"
    for name in ("bayes", "model_average", "bayes, leave one out"):
        assert name in ENGINES


@pytest.mark.parametrize(
    ("measure", "columns", "told"),
    [
        ("RR", ("ai", "bi", "ci", "di"), 'events1="ai", events2="ci", nonevents1="bi", nonevents2="di"'),
        ("OR", ("ai", "n1i", "ci", "n2i"), 'events1="ai", n1="n1i", events2="ci", n2="n2i"'),
        (
            "SMD",
            ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),
            'mean1="m1i", sd1="sd1i", n1="n1i", mean2="m2i", sd2="sd2i", n2="n2i"',
        ),
        ("ZCOR", ("ri", "ni"), 'r="ri", n="ni"'),
        ("PLO", ("xi", "ni"), 'events="xi", n="ni"'),
    ],
)
def test_a_table_with_the_names_of_another_package_is_told_how_they_are_called_here(measure, columns, told):
    table = pd.DataFrame({name: [0.1, 0.2] for name in columns})
    with pytest.raises(MetaError, match="by its names the table has " + told):
        meta.effect_sizes(table, measure=measure)


@pytest.mark.parametrize("function", [meta.pool, meta.bias.egger, meta.forest, meta.diagnostics.influence])
def test_a_table_of_effects_with_other_names_is_told_how_they_are_called_here(function):
    table = pd.DataFrame({"TE": [0.1, 0.2, 0.4], "seTE": [0.1, 0.2, 0.1], "studlab": list("abc")})
    with pytest.raises(MetaError, match='by its names the table has yi="TE", sei="seTE", study="studlab"'):
        function(table)


@pytest.mark.parametrize("method", ["FE", "EE", "DL", "REML", "inverse"])
def test_pooling_counts_by_inverse_variance_says_where_that_is(method):
    with pytest.raises(MetaError, match=r"unknown method .*; to pool by inverse variance, .*meta\.pool"):
        meta.pool_counts(measure="OR", method=method, events1=[4], n1=[20], events2=[9], n2=[20])


@pytest.mark.parametrize(
    "call",
    [
        lambda **own: meta.regress(ES, "~ dose", **own),
        lambda **own: meta.regress(ES, "~ dose", scale="~ dose", test="z", **own),
        lambda **own: meta.pool_multilevel(ES, levels="lab", moderators="~ dose", **own),
        lambda **own: meta.bayes(ES, moderators="~ dose", **PRIORS, **own),
    ],
)
def test_a_function_that_no_formula_calls_is_refused(call):
    with pytest.raises(MetaError, match="context has 'cube', which the formula does not call"):
        call(context={"cube": np.cbrt})


def test_a_function_that_only_the_scale_calls_is_used():
    both = meta.regress(ES, "~ dose", scale="~ half(dose)", test="z", context={"half": lambda x: x / 2})
    assert both.alpha[1] == pytest.approx(2 * meta.regress(ES, "~ dose", scale="~ dose", test="z").alpha[1])


def test_ordered_categories_add_up_in_their_own_order():
    sizes = pd.Categorical(
        ["large", "small", "middle"] * 4, categories=["small", "middle", "large"], ordered=True
    )
    effects = meta.effect_sizes(FRAME.assign(band=sizes), measure="GEN")
    table = meta.diagnostics.cumulative(effects, order="band")
    assert list(table["order"]) == ["small"] * 4 + ["middle"] * 4 + ["large"] * 4
    back = meta.diagnostics.cumulative(effects, order="band", descending=True)
    assert list(back["order"]) == ["large"] * 4 + ["middle"] * 4 + ["small"] * 4
    assert list(back["study"][:4]) == [FRAME["study"][i] for i in (0, 3, 6, 9)]


def test_kenward_roger_is_refused_beside_weights_of_ones_own():
    for call in (
        lambda: meta.pool(ES, weights="size", test="KR"),
        lambda: meta.regress(ES, "~ dose", weights="size", test="KR"),
    ):
        with pytest.raises(MetaError, match="Kenward-Roger's correction is derived for inverse-variance"):
            call()


@pytest.mark.parametrize("measure", ["SPCOR", "ZSPCOR"])
def test_a_part_that_accounts_for_more_than_the_whole_is_said(measure):
    said = "r squared exceeds r2, which it is a part of: study 'b' .r = 0.5, r2 = 0.1."
    with pytest.warns(DataWarning, match=said):
        found = meta.effect_sizes(measure=measure, r=[0.3, 0.5], r2=[0.3, 0.1], n=[30, 30], study=["a", "b"])
    assert any("'b'" in told for told in found.warnings)
    assert not meta.effect_sizes(measure=measure, r=[0.50], r2=[0.25], n=[30]).warnings


def test_claims_on_a_figure_are_numbers():
    for wrong in ({"value": "x"}, {"value": 1, "region": "ab"}, {"value": 1, "region": (2, 1)}):
        with pytest.raises(MetaError, match="claim's"):
            meta.plots.ClaimMark(**wrong)


def test_what_is_left_when_a_study_is_out_is_read_at_its_own_harmonic_mean():
    events, n = np.array([0, 2, 5, 30]), np.array([18, 12, 40, 900])
    effects = meta.effect_sizes(measure="PFT", events=events, n=n, study=list("abcd"))
    table = meta.diagnostics.leave_one_out(effects)
    for i, row in enumerate(meta.forest(table).rows[:4]):
        left = np.arange(4) != i
        size = 3 / np.sum(1 / n[left])
        assert row.n == pytest.approx(size, rel=1e-12)
    # a part of the table is read as the whole is
    assert meta.forest(table.iloc[[2]]).rows[0].n == pytest.approx(3 / np.sum(1 / n[[0, 1, 3]]), rel=1e-12)
    grown = meta.forest(meta.diagnostics.cumulative(effects, order=[4, 3, 2, 1])).rows
    assert [row.n for row in grown[:2]] == pytest.approx([900, 2 / (1 / 900 + 1 / 40)], rel=1e-12)
