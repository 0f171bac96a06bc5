"""The same data in any container give the same numbers, or the same refusal, in every public function."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import meta
from meta.errors import MetaError, MetaWarning
from tests.intake.engines_by_name import ENGINES, SLOW, USES_COLUMNS, numbers

# Values that float16 and int8 hold exactly, so that narrow columns are the same numbers.
YI = [0.25, 0.5, -0.125, 0.75, 0.375, 1.25, 0.0625, 0.625, 0.875, -0.25, 1.5, 0.3125]
SEI = [0.25, 0.125, 0.5, 0.25, 0.375, 0.5, 0.125, 0.25, 0.5, 0.375, 0.625, 0.1875]
ROWS = {
    "study": [f"Trial {letter}" for letter in "ABCDEFGHIJKL"],
    "yi": YI,
    "vi": [s * s for s in SEI],
    "dose": [1, 2, 3, 1, 2, 3, 4, 5, 1, 6, 7, 2],
    "size": [40, 90, 12, 44, 20, 11, 99, 41, 13, 21, 9, 60],
    "form": ["citrate", "oxide", "citrate", "oxide"] * 3,
    "lab": ["p", "p", "q", "q", "r", "r", "s", "s", "t", "t", "u", "v"],
}
FRAME = pd.DataFrame(ROWS)
STRUCTURED = FRAME.astype({"study": "U9", "form": "U8", "lab": "U2"}).to_records(index=False)
K = len(YI)


def by_sei(frame):
    return frame.assign(sei=SEI).drop(columns="vi")


def shuffled(frame):
    """Columns in another order of rows would be other data; a shuffled index on the same rows is not."""
    return frame.set_axis(np.random.default_rng(3).permutation(K), axis=0)


CONTAINERS = {
    "effect sizes": lambda: meta.effect_sizes(FRAME, measure="GEN"),
    "frame of effect sizes": lambda: meta.effect_sizes(FRAME, measure="GEN").frame,
    "pandas": lambda: FRAME,
    "pandas, nullable": lambda: FRAME.convert_dtypes(),
    "pandas, Arrow": lambda: FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "pandas, categories and objects": lambda: FRAME.astype(
        {"form": "category", "lab": "category", "yi": object}
    ),
    "polars": lambda: pl.DataFrame(ROWS),
    "pyarrow": lambda: pa.table(ROWS),
    "dict of lists": lambda: ROWS,
    "dict of masked arrays": lambda: {n: np.ma.masked_array(FRAME[n].to_numpy()) for n in FRAME},
    "dict of Series": lambda: {n: FRAME[n] for n in FRAME},
    "rows": lambda: FRAME.to_dict("records"),
    "structured array": lambda: STRUCTURED,
    "standard errors": lambda: by_sei(FRAME),
    "standard errors, polars": lambda: pl.DataFrame(by_sei(FRAME).to_dict("list")),
    "shuffled index": lambda: shuffled(FRAME),
    "repeated index": lambda: FRAME.set_axis([7] * K, axis=0),
    "text index": lambda: FRAME.set_axis([f"row {i}" for i in range(K)], axis=0),
    "spare columns": lambda: FRAME.assign(note=None, when=pd.Timestamp("2020-01-01"), mean1="n/a", z=1j),
    "narrow numbers": lambda: FRAME.astype({"yi": "float16", "dose": "int8", "size": "uint8"}),
    "32 bits": lambda: FRAME.astype({"yi": "float32", "vi": "float32", "dose": "int32"}),
}
QUICK = ("frame of effect sizes", "polars", "dict of lists", "standard errors", "narrow numbers")


def called(name, *args, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        return ENGINES[name](*args, **given)


@pytest.fixture(scope="module")
def expected():
    found = {}

    def of(name):
        if name not in found:
            found[name] = numbers(called(name, CONTAINERS["effect sizes"]()))
        return found[name]

    return of


CASES = [
    pytest.param(name, kind, marks=[pytest.mark.slow] if name in SLOW and kind not in QUICK else [])
    for name in ENGINES
    for kind in CONTAINERS
    if kind != "effect sizes"
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_container_gives_the_same_numbers(name, kind, expected):
    wanted = expected(name)
    assert len(wanted) > 2
    np.testing.assert_allclose(numbers(called(name, CONTAINERS[kind]())), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in CONTAINERS if kind != "effect sizes"])
def test_covariances_of_shared_controls_in_every_container(kind):
    given = {"cluster": "lab", "n2": [20] * K, "total": "size"}
    wanted = meta.shared_control(meta.pool(FRAME, measure="SMD").effects, **given)
    assert np.count_nonzero(wanted) == K + 10  # five laboratories with two effects each
    found = meta.shared_control(CONTAINERS[kind](), measure="SMD", **given)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


ARRAYS = {
    "lists": (YI, "vi", ROWS["vi"]),
    "standard errors": (YI, "sei", SEI),
    "arrays": (np.array(YI, dtype=np.float16), "sei", np.array(SEI, dtype=np.float16)),
    "masked": (np.ma.masked_array(YI), "vi", np.ma.masked_array(ROWS["vi"])),
    "Series": (FRAME["yi"], "vi", FRAME["vi"]),
    "Series in another order": (FRAME.set_index("study")["yi"], "vi", FRAME.set_index("study")["vi"][::-1]),
    "nullable": (FRAME["yi"].convert_dtypes(), "vi", FRAME["vi"].array),
    "polars": (pl.Series(YI), "vi", pl.Series(ROWS["vi"])),
    "pyarrow": (pa.chunked_array([YI]), "vi", pa.array(ROWS["vi"])),
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", [name for name in ENGINES if name not in USES_COLUMNS and name not in SLOW])
def test_arrays_of_every_kind_give_the_same_numbers(name, kind, expected):
    yi, spread, values = ARRAYS[kind]
    found = numbers(called(name, yi=yi, study=ROWS["study"], **{spread: values}))
    np.testing.assert_allclose(found, expected(name), rtol=1e-9, atol=1e-12)


MISSING = {
    "masked": lambda: {"yi": np.ma.masked_array([*YI, 99.0], [0] * K + [1]), "vi": [*ROWS["vi"], 1.0]},
    "masked variances": lambda: {
        "yi": [*YI, 99.0],
        "vi": np.ma.masked_array([*ROWS["vi"], 1.0], [0] * K + [1]),
    },
    "NaN": lambda: {"yi": [*YI, np.nan], "vi": [*ROWS["vi"], 1.0]},
    "None": lambda: {"yi": [*YI, None], "vi": [*ROWS["vi"], 1.0]},
    "NA": lambda: pd.DataFrame({"yi": pd.array([*YI, pd.NA], dtype="Float64"), "vi": [*ROWS["vi"], 1.0]}),
    "polars null": lambda: pl.DataFrame({"yi": [*YI, None], "vi": [*ROWS["vi"], 1.0]}),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize(
    "name", ["pool", "regress", "pool_multilevel", "bayes", "egger", "influence", "funnel"]
)
def test_missing_values_of_every_kind_are_named_and_left_out(name, kind):
    functions = {
        "regress": lambda data: meta.regress(data, "~ 1"),
        "pool_multilevel": lambda data: meta.pool_multilevel(data, levels="effect"),
    }
    function = functions.get(name, ENGINES.get(name))
    table = MISSING[kind]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        found = function(table)
    if name != "funnel":  # a figure counts them in its text
        assert any("'13'" in str(item.message) for item in caught)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        whole = function({"yi": YI, "vi": ROWS["vi"]})
    drop = 1 if name == "bayes" else 0
    assert len(numbers(found)) >= len(numbers(whole)) - drop
    if hasattr(found, "estimate"):
        np.testing.assert_allclose(found.estimate, whole.estimate, rtol=1e-12)


REFUSED = {
    "infinite": (
        lambda: FRAME.assign(yi=[np.inf, *YI[1:]]),
        "yi must be finite: study 'Trial A' has yi = inf",
    ),
    "infinite variance": (
        lambda: FRAME.assign(vi=[np.inf, *ROWS["vi"][1:]]),
        "vi must be finite: study 'Trial A'",
    ),
    "zero variances": (
        lambda: FRAME.assign(vi=[0.0, -1.0, *ROWS["vi"][2:]]),
        r"study 'Trial A' has vi = 0; vi must be > 0: study 'Trial B' has vi = -1",
    ),
    "text": (lambda: FRAME.assign(yi=["?", *YI[1:]]), r"yi must be numeric: study 'Trial A' has yi = '\?'"),
    "complex": (lambda: FRAME.assign(yi=np.array(YI) + 1j), "yi must be numeric: study 'Trial A'"),
    "dates": (lambda: FRAME.assign(yi=pd.Timestamp("2020-01-01")), "yi must be numeric"),
    "two columns of effects": (
        lambda: pd.concat([FRAME, FRAME[["yi"]]], axis=1),
        "several columns of the table are called 'yi'",
    ),
    "two columns of labels": (
        lambda: pd.concat([FRAME, FRAME[["study"]]], axis=1),
        "several columns of the table are called 'study'",
    ),
    "lazy": (lambda: pl.LazyFrame(ROWS), r"lazy .*collect\(\)"),
    "no effects": (lambda: FRAME.drop(columns="yi"), "the table has no column 'yi'"),
    "vi and sei that disagree": (lambda: FRAME.assign(sei=1.0), "the columns vi and sei disagree"),
    "a number": (lambda: 3.0, "must be|takes|cannot be drawn|needs"),
    "text for data": (lambda: "no such file.csv", "does not exist"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", ENGINES)
def test_what_cannot_be_used_is_refused_alike(name, kind):
    table, match = REFUSED[kind]
    with pytest.raises(MetaError, match=match):
        called(name, table())


@pytest.mark.parametrize("name", ENGINES)
def test_data_and_arrays_together_are_refused(name):
    with pytest.raises(MetaError, match="not both"):
        called(name, CONTAINERS["effect sizes"](), yi=YI, vi=ROWS["vi"])


@pytest.mark.parametrize("name", ENGINES)
def test_an_unknown_column_is_refused_by_name(name):
    if name in USES_COLUMNS:
        with pytest.raises(MetaError, match=r"dose|size|form|lab"):
            called(name, FRAME[["study", "yi", "vi"]])


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
def test_a_label_is_not_an_identity():
    es = meta.effect_sizes(FRAME.assign(study=["Reno"] * 2 + ROWS["study"][2:]), measure="GEN")
    fit = meta.pool(es)
    calls = [
        lambda **given: meta.robust(fit, **given).clusters,
        lambda **given: meta.aggregate(es, rho=0.5, **given).k,
        lambda **given: meta.bias.bias_robust(es, **given).clusters,
    ]
    for call in calls:
        with pytest.raises(
            MetaError, match=r"2 rows are called 'Reno': give cluster='study' .* cluster='effect'"
        ):
            call()
        assert call(cluster="study") == K - 1
        assert call(cluster="effect") == K
    assert meta.robust(meta.pool(FRAME)).clusters == K


def test_columns_join_to_labels():
    table = {"author": ["Reno", "Reno"], "year": [2001, 2022], "yi": [0.1, 0.2], "vi": [1, 1]}
    assert meta.pool(table, study=["author", "year"], test="z").effects.study.tolist() == [
        "Reno 2001",
        "Reno 2022",
    ]
    es = meta.effect_sizes(table, measure="GEN", study=["author", "year"])
    assert es.study.tolist() == ["Reno 2001", "Reno 2022"]


LABELLED = FRAME.set_index("study", drop=False)
REVERSED = LABELLED[::-1]
ARGUMENTS = {
    "weights": lambda values: meta.pool(LABELLED, weights=values).estimate,
    "by": lambda values: meta.subgroups(LABELLED, by=values).q_between,
    "cluster": lambda values: meta.robust(meta.pool(LABELLED), values).se,
    "n": lambda values: meta.bias.egger(LABELLED, predictor="ninv", n=values).p_value,
    "order": lambda values: meta.diagnostics.cumulative(meta.pool(LABELLED), order=values)["estimate"].sum(),
    "moderators": lambda values: meta.regress(LABELLED, moderators=values).beta.tolist(),
    "frame of moderators": lambda values: meta.regress(LABELLED, moderators=values).beta.tolist(),
    "V": lambda values: meta.pool_multilevel(LABELLED, levels="lab", V=values).estimate,
}
COLUMNS = {
    "weights": "size",
    "by": "form",
    "cluster": "lab",
    "n": "size",
    "order": "dose",
    "moderators": "dose",
    "frame of moderators": ["dose"],
}


def matrix(frame):
    labels = frame.index
    vi = frame["vi"].to_numpy()
    together = frame["lab"].to_numpy()[:, None] == frame["lab"].to_numpy()[None, :]
    return pd.DataFrame(np.where(np.eye(K, dtype=bool), np.diag(vi), 0.01 * together), labels, labels)


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize("name", ARGUMENTS)
def test_labelled_arguments_are_aligned_or_refused(name):
    call = ARGUMENTS[name]
    right, turned = (matrix(LABELLED), matrix(REVERSED)) if name == "V" else (LABELLED[COLUMNS[name]],) * 2
    turned = turned if name == "V" else REVERSED[COLUMNS[name]]
    wanted = call(right)
    assert call(turned) == pytest.approx(wanted, rel=1e-12)
    assert call(right.to_numpy()) == pytest.approx(wanted, rel=1e-12)
    renamed = turned.set_axis([f"other {i}" for i in range(K)], axis=0)
    with pytest.raises(
        MetaError, match=r"row labels that are not those of the effects .*\.loc\[es\.frame\.index\]"
    ):
        call(renamed)
    with pytest.raises(MetaError, match=r"labelled rows|repeated row labels|row labels that are not"):
        call(turned.set_axis([turned.index[0], *turned.index[:-1]], axis=0))


def test_categories_order_subgroups_and_masks_choose_rows():
    ordered = FRAME.assign(form=pd.Categorical(FRAME["form"], ["oxide", "citrate"], ordered=True)[::-1])
    es = meta.effect_sizes(ordered, measure="GEN")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        assert meta.subgroups(es, by="form").groups == ["oxide", "citrate"]
    assert es[es.yi > 0].k == es.where("yi > 0").k == sum(y > 0 for y in YI)
    assert list(es[::-1].study) == ROWS["study"][::-1]
    assert es == meta.effect_sizes(ordered, measure="GEN")
    assert es != es[1:]
    assert es != 3
    for wrong in ([True, False], [K], [0.5], ["Trial A"], [None]):
        with pytest.raises(MetaError, match=r"mask|rows must be|no row"):
            es[wrong]


CONDITIONS = {
    "yi > 0 and form == 'oxide'": lambda f: (f["yi"] > 0) & (f["form"] == "oxide"),
    "1 < dose <= 3": lambda f: f["dose"].between(2, 3),
    "not form in ['oxide', 'other']": lambda f: f["form"] != "oxide",
    "dose > size": lambda f: f["dose"] > f["size"],
    "study != 'Trial A' or `dose` == 1": lambda f: (f["study"] != "Trial A") | (f["dose"] == 1),
    "yi >= -0.125": lambda f: f["yi"] >= -0.125,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_choose_the_rows_that_pandas_would(condition):
    found = meta.effect_sizes(FRAME, measure="GEN").where(condition)
    assert found.study.tolist() == FRAME["study"][CONDITIONS[condition](FRAME)].tolist()


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "yi",
        "yi >",
        "__import__('os')",
        "yi.real > 0",
        "open('x') == 1",
        "yi > 0; 1",
        "yi > (1).real",
        "f > 1",
        "yi > '1'",
        "[yi > 0]",
        "lambda: 1",
        "yi > 1e3 ** 9",
        "(" * 300 + "yi > 0" + ")" * 300,
        3,
        "yi is 0",
        "x" * 9999,
    ],
)
def test_a_condition_is_never_code(condition):
    with pytest.raises(MetaError, match=r"condition"):
        meta.effect_sizes(FRAME, measure="GEN").where(condition)


def test_several_impossible_rows_are_told_together():
    table = {"events1": [5, -1, 3], "n1": [4, 10, 0], "events2": [1, 1, 1], "n2": [10, 10, 10]}
    with pytest.raises(MetaError) as caught:
        meta.effect_sizes(table, measure="RR")
    for part in (
        "study '2' has events1 = -1",
        "study '3' has n1 = 0",
        "study '1' has events1 = 5 and n1 = 4",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("Y", "V"), [([[0.1], [np.inf]], [[1.0], [1.0]]), ([[0.1], [0.2]], [[1.0], [np.inf]])]
)
def test_batches_refuse_infinite_values_too(Y, V):
    with pytest.raises(MetaError, match=r"analysis 0 .* = inf"):
        meta.pool_many(Y, V)


ELSEWHERE = {
    "effect_sizes": "test_counts_in_any_form and tests/effects",
    "solve": "tests/recovery/test_solve_tables",
    "shared_control": "its own test above",
    "labbe": "test_counts_in_any_form",
    "gosh_clusters": "takes the table of gosh",
    **dict.fromkeys(("pool_counts", "harbord", "peters", "macaskill", "deeks"), "test_counts_in_any_form"),
    **dict.fromkeys(
        ("pool_network", "bayes_network", "dose_response", "bayes_dose", "compare_shapes"),
        "test_arms_in_any_form",
    ),
    **dict.fromkeys(
        ("bayes_counts", "bayes_correlation", "bayes_location_scale", "bayes_multilevel", "bayes_unknown_sd"),
        "test_sampled_models_in_any_form",
    ),
}
"""Public functions of effects whose containers another test tries."""


def test_every_public_function_of_effects_is_in_the_matrix():
    rooms = (meta, meta.bias, meta.diagnostics, meta.plots, meta.bayes)
    found = {
        name
        for room in rooms
        for name in dir(room)
        if not name.startswith("_") and inspect.isfunction(function := getattr(room, name))
        if {"yi", "data", "es"} & set(parameters := inspect.signature(function).parameters)
        or ("table" in parameters and room not in (meta.plots,))
    }
    tried = {name.split(",")[0].removeprefix("plots.") for name in ENGINES} | {"bayes"}
    assert found - tried - set(ELSEWHERE) == set()
    assert set(ELSEWHERE) <= found
