"""Tables as people have them: frames, files, odd indexes, odd types."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import meta
from meta.errors import DataWarning, InputError
from meta.tables.containers import as_columns

TABLE = pd.DataFrame({"label": ["A", "B", "C"], "y": [0.1, 0.2, 0.3], "v": [0.01, 0.02, 0.03]})


def computed(table, **more):
    return meta.effect_sizes(table, measure="GEN", yi="y", vi="v", **more)


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.to_dict("list"),
        TABLE.to_dict("records"),
        {name: TABLE[name] for name in TABLE},
        {name: TABLE[name].to_numpy() for name in TABLE},
        {name: tuple(TABLE[name]) for name in TABLE},
        TABLE.to_records(index=False),
        TABLE.convert_dtypes(),
        TABLE.astype({"label": "category", "y": object}),
        TABLE.astype({"y": "float32", "v": "Float64"}),
    ],
    ids=range(10),
)
def test_tables_of_many_kinds(table):
    es = computed(table, study="label")
    assert es.study.tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(es.yi, TABLE["y"], rtol=1e-6)
    assert es.frame["label"].astype(str).tolist() == ["A", "B", "C"]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["x", "x", "y"]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)]),
        pd.date_range("2020", periods=3),
        pd.Index([5, 5, 5]),
        pd.Index([np.nan, 1.0, 1.0]),
        pd.CategoricalIndex(["p", "q", "p"]),
    ],
    ids=range(6),
)
def test_any_index_is_kept(index):
    table = TABLE.set_axis(index, axis=0)
    es = computed(table)
    assert es.frame.index.equals(index)
    assert es.yi.tolist() == TABLE["y"].tolist()
    assert es.subset([2, 0]).yi.tolist() == [0.3, 0.1]


def test_a_default_index_counts_as_unlabelled_and_is_taken_by_position():
    shuffled = TABLE.iloc[[2, 0, 1]]
    es = meta.effect_sizes(shuffled, measure="GEN", yi="y", vi=TABLE["v"])
    assert es.vi.tolist() == TABLE["v"].tolist()
    assert es.yi.tolist() == [0.3, 0.1, 0.2]


def test_labels_come_from_the_argument_a_study_column_a_text_index_or_the_position():
    assert computed(TABLE, study="label").study.tolist() == ["A", "B", "C"]
    assert computed(TABLE.rename(columns={"label": "study"})).study.tolist() == ["A", "B", "C"]
    assert computed(TABLE.set_index("label")).study.tolist() == ["A", "B", "C"]
    assert computed(TABLE).study.tolist() == ["1", "2", "3"]
    assert computed(TABLE, study=[1.0, None, "Z"]).study.tolist() == ["1", "row 2", "Z"]
    assert computed(TABLE, study=["S", "S", "S"]).study.tolist() == ["S", "S", "S"]


def test_namesakes_are_overwritten_and_others_kept():
    table = TABLE.assign(yi=-1.0, sei=-1.0, study=["P", "Q", "R"])
    frame = computed(table, study="label").frame
    assert frame["yi"].tolist() == TABLE["y"].tolist()
    assert frame["study"].tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(frame["sei"] ** 2, TABLE["v"])


def test_two_columns_of_one_name_are_kept_and_refused_only_where_the_name_is_needed():
    table = pd.DataFrame([[0.1, 1.0, 9.0]], columns=["y", "v", "y"])
    with pytest.raises(
        InputError, match="yi='y': several columns of the table are called that; rename all but one"
    ):
        computed(table)
    es = computed(table.set_axis(["z", "y", "z"], axis=1).assign(v=2.0))
    assert es.frame[["z.1", "z.2"]].iloc[0].tolist() == [0.1, 9.0]


def test_names_of_several_parts_are_refused_with_the_remedy():
    table = pd.DataFrame([[0.1, 1.0]], columns=pd.MultiIndex.from_tuples([("a", "y"), ("a", "v")]))
    with pytest.raises(InputError, match=r"column names must be text, but one is .*join the parts"):
        computed(table)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, float("nan")])
def test_missing_values_of_any_kind(missing):
    table = {"y": [0.1, missing], "v": [1.0, 1.0]}
    with pytest.warns(DataWarning, match="no effect for study '2': yi missing"):
        es = computed(table)
    assert es.kind.tolist() == ["exact", "none"]


def test_nullable_and_boolean_columns():
    table = pd.DataFrame(
        {"e": pd.array([True, False, None], dtype="boolean"), "n": pd.array([1, 1, 1], dtype="Int64")}
    )
    with pytest.warns(DataWarning, match="events missing"):
        es = meta.effect_sizes(table, measure="PR", events="e", n="n")
    assert es.inputs["events"][:2].tolist() == [1.0, 0.0]
    plain = meta.effect_sizes(measure="PR", events=np.array([True, False]), n=[5, 5])
    assert plain.inputs["events"].tolist() == [1.0, 0.0]


def test_decimals_and_numpy_scalars_are_numbers():
    es = computed({"y": [Decimal("0.1"), np.float32(0.5)], "v": np.array([1, 2], dtype=object)})
    np.testing.assert_allclose(es.yi, [0.1, 0.5])


@pytest.mark.parametrize(
    "text",
    [
        np.array(["0.1", "0.2", "0.3"]),
        ["0.1", 0.2, 0.3],
        pd.Series(["0.1", "0.2", "0.3"]),
        pd.Categorical(["0.1", "0.2", "0.3"]),
        pd.Series(pd.date_range("2020", periods=3)),
        [1j, 2, 3],
    ],
    ids=range(6),
)
def test_text_dates_and_complex_numbers_are_refused(text):
    with pytest.raises(InputError, match="yi must be numeric: study '1' has"):
        computed({"y": text, "v": [1.0, 1, 1]})


def test_csv_and_excel_files(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False, encoding="utf-8-sig")
    TABLE.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    TABLE.to_excel(tmp_path / "t.xlsx", index=False)
    for name in ("t.csv", "t.tsv", "t.xlsx"):
        es = computed(tmp_path / name, study="label")
        np.testing.assert_allclose(es.vi, TABLE["v"])
        assert computed(str(tmp_path / name)).k == 3


def test_files_that_are_not_there_or_not_tables(tmp_path):
    with pytest.raises(InputError, match=r"table file .*nowhere.csv' does not exist"):
        computed(tmp_path / "nowhere.csv")
    (tmp_path / "t.docx").write_bytes(b"")
    with pytest.raises(InputError, match=r"has suffix '.docx'; use .csv, .tsv or .xlsx"):
        computed(tmp_path / "t.docx")


class Interchange:
    """A frame that offers the interchange protocol and nothing else."""

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TABLE[["y", "v"]].__dataframe__(nan_as_null, allow_copy)


class Arrow:
    """A frame that offers the Arrow stream alone."""

    def __arrow_c_stream__(self, requested_schema=None):
        raise AssertionError


OTHERS = {
    "interchange": Interchange(),
    "polars": pl.DataFrame(TABLE.to_dict("list")),
    "polars with categories": pl.DataFrame(TABLE.to_dict("list"), schema_overrides={"label": pl.Categorical}),
    "pyarrow": pa.table(TABLE.to_dict("list")),
    "pyarrow batch": pa.RecordBatch.from_pydict(TABLE.to_dict("list")),
    "pandas on Arrow": TABLE.convert_dtypes(dtype_backend="pyarrow"),
    "masked": {name: np.ma.masked_array(TABLE[name]) for name in TABLE},
}


@pytest.mark.parametrize("table", OTHERS.values(), ids=OTHERS)
def test_frames_of_other_libraries(table):
    assert computed(table).yi.tolist() == TABLE["y"].tolist()


def test_nulls_of_other_libraries_are_missing():
    rows = {"y": [0.1, None, 0.3], "v": [1, 1, None], "n": [5, None, 7], "form": ["a", None, "b"]}
    for table in (pl.DataFrame(rows), pa.table(rows), rows, pd.DataFrame(rows)):
        with pytest.warns(DataWarning, match="missing"):
            es = computed(table)
        assert es.kind.tolist() == ["exact", "none", "none"]
        np.testing.assert_array_equal(np.asarray(es.frame["n"], float), [5, np.nan, 7])
        assert es.frame["form"].isna().tolist() == [False, True, False]


def test_categories_keep_their_order():
    levels = ["low", "mid", "high"]
    values = ["mid", "high", "low"]
    for column in (
        pd.Categorical(values, categories=levels, ordered=True),
        pl.Series(values, dtype=pl.Enum(levels)),
    ):
        es = computed({"y": [1, 2, 3], "v": [1, 1, 1], "dose": column})
        assert list(es.frame["dose"].cat.categories) == levels
        assert list(es.subset([2, 0]).frame["dose"].cat.categories) == levels
        assert es.subset([2, 0]).frame["dose"].tolist() == ["low", "mid"]


def test_a_lazy_frame_is_refused_with_its_remedy():
    with pytest.raises(InputError, match=r"lazy .*table.collect\(\)"):
        computed(pl.LazyFrame(TABLE.to_dict("list")))


def test_arrow_streams_ask_for_pyarrow_where_it_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="needs the package pyarrow"):
        computed(Arrow())


def test_other_things_are_not_tables():
    with pytest.raises(InputError, match=r"table must be a DataFrame.*not int"):
        computed(3)


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InputError, match="all columns must have the same length, but they have: y 2, v 3"):
        computed({"y": [1, 2], "v": [1, 2, 3]})


def test_a_scalar_beside_columns_holds_for_all_rows():
    assert computed({"y": [0.1, 0.2], "v": 0.5}).vi.tolist() == [0.5, 0.5]


def test_a_table_that_was_read_is_read_once():
    table = as_columns({"y": [1.0]})
    assert as_columns(table) is table
    assert as_columns(None).k is None
