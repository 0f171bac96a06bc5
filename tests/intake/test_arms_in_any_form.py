"""Networks and dose-response models read the same data in any container, or refuse it alike."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import meta
from meta.errors import MetaError, MetaWarning
from tests.intake.arms_by_name import ARMS, CURVE, FORMS, PAIRS, TAU, with_errors

NARROW = {"mean": "float16", "sd": "float16", "yi": "float16", "n": "uint8", "dose": "int8", "cases": "int8"}
TEXT = {"study": "U3", "treatment": "U6", "treat1": "U6", "treat2": "U6", "kind": "U8"}


def existing(frame, kinds):
    return {name: kind for name, kind in kinds.items() if name in frame}


def rows_of(frame):
    return {name: frame[name].tolist() for name in frame}


CONTAINERS = {
    "nullable": lambda f: f.convert_dtypes(),
    "Arrow": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "categories and objects": lambda f: f.astype({"study": "category"}).astype(
        existing(f, {"treatment": "category", "mean": object, "yi": object})
    ),
    "polars": lambda f: pl.DataFrame(rows_of(f)),
    "polars categories": lambda f: pl.DataFrame(rows_of(f)).with_columns(
        pl.col("study").cast(pl.Categorical)
    ),
    "pyarrow": lambda f: pa.table(rows_of(f)),
    "pyarrow dictionary": lambda f: pa.table(
        {**rows_of(f), "study": pa.array(rows_of(f)["study"]).dictionary_encode()}
    ),
    "dict of lists": rows_of,
    "masked arrays": lambda f: {name: np.ma.masked_array(f[name].to_numpy()) for name in f},
    "dict of Series": lambda f: {name: f[name] for name in f},
    "rows": lambda f: f.to_dict("records"),
    "structured array": lambda f: f.astype(existing(f, TEXT)).to_records(index=False),
    "standard errors": with_errors,
    "standard errors, polars": lambda f: pl.DataFrame(rows_of(with_errors(f))),
    "shuffled index": lambda f: f.set_axis(np.random.default_rng(3).permutation(len(f)), axis=0),
    "repeated index": lambda f: f.set_axis([7] * len(f), axis=0),
    "text index": lambda f: f.set_axis([f"row {i}" for i in range(len(f))], axis=0),
    "spare columns": lambda f: f.assign(
        note=None, when=pd.Timestamp("2020-01-01"), mean1="n/a", z=1j, events1="?"
    ),
    "narrow numbers": lambda f: f.astype(existing(f, NARROW)),
    "32 bits": lambda f: f.astype(existing(f, dict.fromkeys(NARROW, "float32"))),
}


def called(name, table=None, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        return FORMS[name][1](table, **given)


def numbers(result):
    """Every number of the table that a reader sees."""
    return result.tidy().select_dtypes("number").to_numpy()


@pytest.fixture(scope="module")
def expected():
    known = {}

    def of(name):
        if name not in known:
            known[name] = numbers(called(name, FORMS[name][0]))
        return known[name]

    return of


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("name", FORMS)
def test_every_container_gives_the_same_numbers(name, kind, expected):
    found = numbers(called(name, CONTAINERS[kind](FORMS[name][0])))
    assert np.isfinite(found).sum() > 2
    np.testing.assert_allclose(found, expected(name), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_the_order_of_rows_leaves_no_trace(name, expected):
    """Of the studies: the reference of a curve is its lowest dose, and that of a trial is no row."""
    frame = FORMS[name][0].sample(frac=1, random_state=2)
    np.testing.assert_allclose(numbers(called(name, frame)), expected(name), rtol=1e-7, atol=1e-9)


ARRAYS = {
    "lists": lambda f: rows_of(f),
    "arrays": lambda f: {name: f[name].to_numpy() for name in f},
    "narrow arrays": lambda f: {n: c.to_numpy() for n, c in f.astype(existing(f, NARROW)).items()},
    "masked": lambda f: {name: np.ma.masked_array(f[name].to_numpy()) for name in f},
    "Series": lambda f: {name: f[name] for name in f},
    "nullable": lambda f: {name: f[name].convert_dtypes().array for name in f},
    "polars": lambda f: {name: pl.Series(f[name].tolist()) for name in f},
    "pyarrow": lambda f: {name: pa.chunked_array([f[name].tolist()]) for name in f},
    "standard errors": lambda f: rows_of(with_errors(f)),
}
OF = {
    "network, MD": ("study", "treatment", "mean", "sd", "n"),
    "network, OR": ("study", "treatment", "events", "n"),
    "network, IRR": ("study", "treatment", "events", "time"),
    "network, pairs": ("study", "treat1", "treat2", "yi", "vi", "sei"),
    "bayes_network, arms": ("study", "treatment", "mean", "sd", "n"),
    "bayes_network, pairs": ("study", "treat1", "treat2", "yi", "vi", "sei"),
    "dose, means": ("study", "dose", "mean", "sd", "n"),
    "dose, ratios": ("study", "dose", "yi", "vi", "sei", "cases", "n", "design"),
    "bayes_dose": ("study", "dose", "mean", "sd", "n"),
    "compare_shapes": ("study", "dose", "mean", "sd", "n"),
}
FIXED = {
    "network, MD": (meta.pool_network, {"measure": "MD"}),
    "network, OR": (meta.pool_network, {"measure": "OR"}),
    "network, IRR": (meta.pool_network, {"measure": "IRR"}),
    "network, pairs": (meta.pool_network, {"measure": "MD"}),
    "bayes_network, arms": (meta.bayes_network, {"measure": "MD", "tau": TAU}),
    "bayes_network, pairs": (meta.bayes_network, {"measure": "MD", "tau": TAU}),
    "dose, means": (meta.dose_response, {"measure": "MD", "shape": "quadratic"}),
    "dose, ratios": (meta.dose_response, {"measure": "RR"}),
    "bayes_dose": (meta.bayes_dose, {"measure": "MD", "effect": meta.Normal(0, 2), "tau": TAU}),
    "compare_shapes": (meta.compare_shapes, {"measure": "MD", "shapes": ["linear", "quadratic"]}),
}


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("name", OF)
def test_arrays_of_every_kind_give_the_same_numbers(name, kind, expected):
    arrays = ARRAYS[kind](FORMS[name][0].rename(columns={"kind": "design"}))
    function, fixed = FIXED[name]
    found = function(**{n: arrays[n] for n in OF[name] if n in arrays}, **fixed)
    np.testing.assert_allclose(numbers(found), expected(name), rtol=1e-9, atol=1e-12)


LABELLED = {
    "network, MD": ("mean", "n"),
    "network, pairs": ("yi", "treat1"),
    "bayes_network, pairs": ("vi", "treat2"),
    "dose, means": ("mean", "dose"),
    "dose, ratios": ("yi", "cases", "design"),
    "bayes_dose": ("sd", "n"),
    "compare_shapes": ("mean", "dose"),
}


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize(("name", "column"), [(n, c) for n, columns in LABELLED.items() for c in columns])
def test_labelled_columns_are_aligned_or_refused(name, column, expected):
    frame = FORMS[name][0].rename(columns={"kind": "design"})
    frame = frame.set_axis([f"row {i}" for i in range(len(frame))], axis=0)
    function, fixed = FIXED[name]
    given = {n: n for n in OF[name] if n in frame} | {column: frame[column][::-1]}
    np.testing.assert_allclose(numbers(function(frame, **given, **fixed)), expected(name), rtol=1e-9)
    others = frame[column].set_axis([f"other {i}" for i in range(len(frame))])
    with pytest.raises(MetaError, match=r"row labels that are not those of"):
        function(frame, **{**given, column: others}, **fixed)
    short = frame[column].to_numpy()[:-1]
    with pytest.raises(MetaError, match=rf"{column}|length|rows|values"):
        function(frame, **{**given, column: short}, **fixed)


@pytest.mark.parametrize("name", FORMS)
def test_a_study_may_be_named_by_two_columns(name, expected):
    frame = FORMS[name][0].assign(author="Li", year=FORMS[name][0]["study"]).drop(columns="study")
    found = called(name, frame, study=["author", "year"])
    np.testing.assert_allclose(numbers(found), expected(name), rtol=1e-9)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("value", ["None", "NaN", "NA", "masked", "null"])
def test_a_missing_number_is_named_and_left_out_or_refused(name, value):
    frame = FORMS[name][0]
    counted = "events" if name.endswith(("OR", "IRR")) else "mean"
    column = "yi" if frame is PAIRS or "ratios" in name else counted
    at = len(frame) - 1
    cells = rows_of(frame)[column]
    made = {
        "None": lambda: {**rows_of(frame), column: [*cells[:at], None]},
        "NaN": lambda: frame.assign(**{column: [*cells[:at], np.nan]}),
        "NA": lambda: frame.assign(**{column: pd.array([*cells[:at], pd.NA], dtype="Float64")}),
        "masked": lambda: {**rows_of(frame), column: np.ma.masked_array(cells, [0] * at + [1])},
        "null": lambda: pl.DataFrame({**rows_of(frame), column: [*cells[:at], None]}),
    }[value]()
    label = str(frame["study"].iloc[at])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        found = FORMS[name][1](made)
    assert any(repr(label) in str(item.message) for item in caught)
    whole = called(name, frame.iloc[:at])
    np.testing.assert_allclose(numbers(found), numbers(whole), rtol=1e-9)


REFUSED = {
    "infinite": (np.inf, r"must be finite: (study|arm|trial) .* = inf"),
    "text": ("?", r"must be numeric: study .* = '\?'"),
    "complex": (1j, "must be numeric: study"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("name", FORMS)
def test_what_is_no_number_is_refused_alike(name, kind):
    frame = FORMS[name][0]
    column = "yi" if frame is PAIRS or "ratios" in name else "n"
    column = "time" if "IRR" in name else column
    value, match = REFUSED[kind]
    cells = [*frame[column].tolist()[:-1], value]
    with pytest.raises(MetaError, match=match):
        called(name, {**rows_of(frame), column: cells})


WRONG = {
    "a number": (lambda f: 3.0, "must be|takes|needs|say what|table"),
    "a file that is not there": (lambda f: "no such file.csv", "does not exist"),
    "lazy": (lambda f: pl.LazyFrame(rows_of(f)), r"lazy .*collect\(\)"),
    "no study": (lambda f: f.drop(columns="study"), "study"),
    "no rows": (lambda f: f.iloc[:0], "no rows|nothing is left|no arm|no contrast|no trial"),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", FORMS)
def test_what_cannot_be_used_is_refused_alike(name, kind):
    if kind == "no study" and FORMS[name][0] is PAIRS:
        return  # rows without labels are trials of their own
    make, match = WRONG[kind]
    with pytest.raises(MetaError, match=match):
        called(name, make(FORMS[name][0]))


NEEDED = {
    "network, MD": ("study", "treatment", "mean", "sd", "n"),
    "network, OR": ("study", "treatment", "events", "n"),
    "network, IRR": ("study", "treatment", "events", "time"),
    "network, pairs": ("study", "treat1", "treat2", "yi", "vi"),
    "network, components": ("study", "treat1", "treat2", "yi", "vi"),
    "bayes_network, arms": ("study", "treatment", "mean", "sd", "n"),
    "bayes_network, pairs": ("study", "treat1", "treat2", "yi", "vi"),
    "dose, means": ("study", "dose", "mean", "sd", "n"),
    "dose, ratios": ("study", "dose", "yi", "vi", "cases", "n", "kind"),
    "bayes_dose": ("study", "dose", "mean", "sd", "n"),
    "compare_shapes": ("study", "dose", "mean", "sd", "n"),
}


@pytest.mark.parametrize("name", NEEDED)
def test_two_columns_of_one_name_are_refused_where_one_is_needed(name, expected):
    frame = FORMS[name][0]
    for column in frame:
        table = pd.concat([frame, frame[[column]]], axis=1)
        if column in NEEDED[name]:
            with pytest.raises(MetaError, match=r"several columns of the table are called|must be text"):
                called(name, table)
        else:
            np.testing.assert_allclose(numbers(called(name, table)), expected(name), rtol=1e-12)


@pytest.mark.parametrize("name", FORMS)
def test_unknown_options_and_levels_are_refused_alike(name):
    frame = FORMS[name][0]
    with pytest.raises(MetaError, match=r"does not take slab; did you mean study"):
        called(name, frame, slab="study")
    with pytest.raises(MetaError, match=r"level must .*0\.95"):
        called(name, frame, level=95)
    with pytest.raises(MetaError, match="'trial_name' is not a column of the table; it has"):
        called(name, frame, study="trial_name")


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
def test_effect_sizes_and_fits_are_contrasts_too(expected):
    es = meta.pool(PAIRS, measure="MD").effects
    for data in (es, meta.pool(es)):
        for name, options in (("network, pairs", {}), ("bayes_network, pairs", {"tau": TAU})):
            function = FIXED[name][0]
            np.testing.assert_allclose(numbers(function(data, **options)), expected(name), rtol=1e-9)


def test_arms_and_contrasts_are_not_mixed():
    with pytest.raises(MetaError, match=r"not both|has no effect|have no effect"):
        meta.pool_network(ARMS, measure="MD", treatment="treatment", treat1="treatment")
    with pytest.raises(MetaError, match=r"not both|has no effect|have no effect"):
        meta.pool_network(PAIRS, measure="MD", mean="yi", treat1="treat1")
    with pytest.raises(MetaError, match="not both"):
        meta.dose_response(CURVE, measure="MD", mean="mean", sd="sd", n="n", dose="dose", time="dose")
