"""Counts in any container give the same numbers, or the same refusal, in pooling and in tests of bias."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import meta
from meta.errors import MetaError, MetaWarning, quiet

ROWS = {
    "study": [f"Trial {letter}" for letter in "ABCDEFGH"],
    "events1": [3, 8, 4, 9, 2, 6, 11, 5],
    "n1": [20, 31, 22, 40, 15, 30, 52, 28],
    "events2": [7, 9, 6, 12, 3, 4, 17, 9],
    "n2": [21, 30, 26, 41, 16, 29, 50, 27],
    "time": [1.5, 2, 3, 1, 2, 2.5, 3, 4],
}
FRAME = pd.DataFrame(ROWS)
PLAIN = FRAME.astype({"study": "U9"}).to_records(index=False)


def fitted(table):
    with quiet():
        return meta.pool(meta.effect_sizes(table, measure="OR"))


CONTAINERS = {
    "effect sizes": lambda: meta.effect_sizes(FRAME, measure="OR"),
    "a fit": lambda: fitted(FRAME),
    "nullable": lambda: FRAME.convert_dtypes(),
    "Arrow": lambda: FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda: FRAME.astype(object),
    "narrow": lambda: FRAME.astype({"events1": "int8", "n1": "uint8", "events2": "float16"}),
    "shuffled index": lambda: FRAME.set_axis(np.random.default_rng(1).permutation(8), axis=0),
    "repeated index": lambda: FRAME.set_axis([3] * 8, axis=0),
    "polars": lambda: pl.DataFrame(ROWS).with_columns(pl.col("study").cast(pl.Categorical)),
    "polars decimals": lambda: pl.DataFrame(ROWS).with_columns(pl.col("n1").cast(pl.Decimal(8, 1))),
    "pyarrow": lambda: pa.table({**ROWS, "study": pa.array(ROWS["study"]).dictionary_encode()}),
    "dict": lambda: ROWS,
    "masked arrays": lambda: {n: np.ma.masked_array(FRAME[n].to_numpy()) for n in FRAME},
    "rows": lambda: FRAME.to_dict("records"),
    "structured": lambda: PLAIN,
    "spare columns": lambda: FRAME.assign(mean1="n/a", note=None, z=1j),
}
BIAS = ("harbord", "peters", "macaskill", "deeks")
ENGINES = {
    "MH": lambda t, **g: meta.pool_counts(t, measure="OR", **g),
    "MH RR": lambda t, **g: meta.pool_counts(t, measure="RR", **g),
    "Peto": lambda t, **g: meta.pool_counts(t, measure="OR", method="Peto", **g),
    **{name: getattr(meta.bias, name) for name in BIAS},
}


def answer(name, table, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        found = ENGINES[name](table, **given)
    return [found.k, found.statistic, found.p_value]


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("name", ENGINES)
def test_counts_of_every_kind_give_the_same_numbers(name, kind):
    np.testing.assert_allclose(answer(name, CONTAINERS[kind]()), answer(name, FRAME), rtol=1e-12)


def test_a_mixed_model_reads_them_too():
    wanted = meta.pool_counts(FRAME, measure="OR", method="GLMM").estimate
    for kind in ("polars", "nullable", "a fit"):
        found = meta.pool_counts(CONTAINERS[kind](), measure="OR", method="GLMM").estimate
        assert found == pytest.approx(wanted, rel=1e-10)


def without(value):
    return {**ROWS, "events1": [*ROWS["events1"][:7], value]}


MISSING = {
    "None": lambda: without(None),
    "NaN": lambda: without(np.nan),
    "NA": lambda: pd.DataFrame(without(None)).convert_dtypes(),
    "null": lambda: pl.DataFrame(without(None)),
    "Arrow null": lambda: pa.table(without(None)),
    "masked": lambda: {**ROWS, "events1": np.ma.masked_array(ROWS["events1"], [0] * 7 + [1])},
    "row without the key": lambda: [
        *FRAME[:7].to_dict("records"),
        FRAME[7:].drop(columns="events1").to_dict("records")[0],
    ],
    "masked record": lambda: np.ma.array(PLAIN, mask=[(0, i == 7, 0, 0, 0, 0) for i in range(8)]),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("name", ["MH", "harbord", "deeks"])
def test_a_missing_count_is_named_and_left_out(name, kind):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        found = ENGINES[name](MISSING[kind]())
    assert any("'Trial H'" in str(item.message) for item in caught)
    np.testing.assert_allclose([found.k, found.statistic, found.p_value], answer(name, FRAME[:7]))


@pytest.mark.parametrize("name", ENGINES)
def test_several_impossible_rows_are_named_together(name):
    table = FRAME.assign(events1=[99, -1, *ROWS["events1"][2:]], n2=[0, *ROWS["n2"][1:]])
    with pytest.raises(MetaError) as caught:
        answer(name, table)
    for part in (
        "'Trial A' has events1 = 99 and n1 = 20",
        "'Trial B' has events1 = -1",
        "'Trial A' has n2 = 0",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"events1": ["few", *ROWS["events1"][1:]]}, "events1 must be numeric: study 'Trial A'"),
        ({"n1": [np.inf, *ROWS["n1"][1:]]}, "n1 must be finite: study 'Trial A'"),
    ],
)
def test_what_is_no_count_is_refused_alike(name, change, match):
    with pytest.raises(MetaError, match=match):
        answer(name, {**ROWS, **change})


@pytest.mark.parametrize("name", ENGINES)
def test_labelled_counts_are_aligned_or_refused(name):
    labelled = FRAME.set_index("study")
    turned = labelled["events1"][::-1]
    given = {"n1": "n1", "events2": "events2", "n2": "n2"}
    assert answer(name, labelled, events1=turned, **given) == answer(name, FRAME)
    with pytest.raises(MetaError, match="row labels that are not those of the effects"):
        answer(name, labelled, events1=turned.set_axis(list("pqrstuvw")), **given)


def test_names_from_r_get_a_hint():
    given = {"ai": [1, 2], "n1i": [9, 9], "ci": [2, 2], "n2i": [9, 9]}
    for function in (meta.effect_sizes, meta.pool_counts, meta.bias.harbord, meta.bias.peters):
        measure = {} if function.__module__.startswith("meta.bias") else {"measure": "OR"}
        with pytest.raises(MetaError, match="did you mean events1, n1, events2, n2"):
            function(None, **measure, **given)
    for function in (meta.pool, meta.bias.egger, meta.regress, meta.funnel):
        with pytest.raises(MetaError, match=r"does not take slab; did you mean study"):
            function(yi=[0.1, 0.2, 0.3], vi=[1, 1, 1], slab=list("abc"))
    for options, meant in (({"method": "FE"}, "EE"), ({"test": "knha"}, "hksj")):
        with pytest.raises(MetaError, match=f"did you mean '{meant}'"):
            meta.pool(yi=[0.1, 0.2], vi=[1, 1], **options)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_figure_of_counts_reads_them_too(kind):
    wanted = meta.plots.labbe(CONTAINERS["effect sizes"]())
    table = CONTAINERS[kind]()
    found = meta.plots.labbe(table if kind in ("effect sizes", "a fit") else fitted(table))
    assert str(found.table) == str(wanted.table)
    for plot in (wanted, found):
        plt.close(plot.figure)
