"""Files of other programs: old Excel, Stata, SPSS, Parquet, JSON; missing packages are named."""

import builtins
import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

import meta
from meta import cli
from meta.errors import InputError

FRAME = pd.DataFrame(
    {
        "study": ["Álvarez 2001", "Beta 2002", "Gamma 2003"],
        "events1": [12, 5, 7], "n1": [45, 50, 30], "events2": [15, 9, 8], "n2": [44, 50, 31],
        "note": ["", "x", None],
    }
)  # fmt: skip
RISK_RATIO = (-0.276, -0.790, 0.239)
"""R (metafor 3.8): escalc, rma with REML and knha."""


def pooled(path):
    table = meta.read_table(path)
    assert table["study"].tolist() == FRAME["study"].tolist()
    fit = meta.pool(meta.effect_sizes(table, measure="RR"))
    return fit.estimate, fit.ci_low, fit.ci_high


FILES = Path(__file__).parents[1] / "fixtures" / "foreign"
"""Written by Excel's, SPSS's, Stata's and SAS's formats' own writers: make_foreign.py beside them."""
NEEDS = {".xls": "python-calamine", ".sav": "pyreadstat", ".zsav": "pyreadstat", ".por": "pyreadstat"}


@pytest.mark.parametrize(
    ("name", "study", "design"),
    [
        ("excel97.xls", "Álvarez 2001", None),
        ("spss.sav", "Álvarez 2001", ["parallel", "crossover", "parallel"]),
        ("spss.zsav", "Álvarez 2001", ["parallel", "crossover", "parallel"]),
        ("spss.por", "Alvarez", None),
        ("stata15.dta", "Álvarez 2001", ["parallel", "crossover", "parallel"]),
        ("stata8.dta", "Alvarez", [1, 2, 1]),
        ("sas.xpt", "Alvarez", [1, 2, 1]),
        ("table.parquet", "Álvarez 2001", [1, 2, 1]),
        ("table.feather", "Álvarez 2001", [1, 2, 1]),
    ],
)
def test_files_that_other_programs_wrote(name, study, design):
    path = FILES / name
    package = NEEDS.get(path.suffix)
    if package and not (has(package.replace("-", "_")) or (path.suffix == ".xls" and has("xlrd"))):
        with pytest.raises(InputError, match=rf"'{path.name}' needs the package {package}: pip install"):
            meta.read_table(path)
        return
    table = meta.read_table(path)
    if name == "spss.por":  # the format knows names of eight letters in capitals
        table.columns = [column.lower() for column in table.columns]
    assert table["study"][0] == study
    assert table["dose"].isna().tolist() == [False, True, False]
    assert table["dose"].dropna().tolist() == [1.5, 2.5]
    if design is not None:
        assert table["design"].tolist() == design
    fit = meta.pool(meta.effect_sizes(table, measure="RR", study="study"))
    assert (fit.estimate, fit.ci_low, fit.ci_high) == pytest.approx(RISK_RATIO, abs=1e-3)


def test_an_old_workbook_is_laid_out_as_a_new_one():
    if not (has("xlrd") or has("python_calamine")):
        pytest.skip("needs xlrd or python-calamine")
    table = meta.read_table(FILES / "excel97.xls")
    assert table["n1"].tolist() == [45, 50, 30]
    assert table["date"].tolist() == ["2004-05-04", "2005-05-04", "2006-05-04"]
    told = " ".join(table.attrs["notes"])
    for words in ("sheet: 'Data'; there is also 'Read me'", "header: line 3", "left out: line 8"):
        assert words in told


@pytest.mark.parametrize("name", ["labelled_missing.dta", "labelled_missing.sav", "declared_missing.sav"])
def test_a_code_that_the_file_calls_missing_is_missing(name):
    if not has(*[NEEDS[suffix] for suffix in NEEDS if name.endswith(suffix)]):
        pytest.skip("needs pyreadstat")
    table = meta.read_table(FILES / name)
    assert table["events2"].isna().tolist() == [False, False, True]
    assert table["events2"][:2].tolist() == [15, 9]


def test_a_label_of_several_codes_leaves_the_codes_and_says_so():
    table = meta.read_table(FILES / "same_labels.dta")
    assert table["design"].tolist() == [1, 2, 1]
    assert "a value label of the file stands for several codes" in table.attrs["notes"][0]


@pytest.mark.parametrize(
    "option", [{"sheet": "Data"}, {"header": 1}, {"skip": 1}, {"decimal": ","}, {"encoding": "cp1252"}]
)
def test_options_on_the_layout_are_refused_where_a_file_leaves_none_open(option):
    (name,) = option
    with pytest.raises(InputError, match=rf"{name}=.* has no effect on 'table.parquet'"):
        meta.read_table(FILES / "table.parquet", **option)


def has(*packages):
    return all(importlib.util.find_spec(package) for package in packages)


def write(path):
    ending = path.suffix
    if ending == ".dta":
        FRAME.drop(columns="note").to_stata(path, write_index=False, version=118)
    elif ending == ".json":
        FRAME.to_json(path, orient="records")
    elif ending == ".parquet":
        FRAME.to_parquet(path)
    elif ending == ".feather":
        FRAME.to_feather(path)


@pytest.mark.parametrize(
    ("ending", "needs"), [(".dta", ()), (".json", ()), (".parquet", ("pyarrow",)), (".feather", ("pyarrow",))]
)
def test_files_that_pandas_reads(tmp_path, ending, needs):
    if not has(*needs):
        pytest.skip(f"needs {needs}")
    path = tmp_path / f"t{ending}"
    write(path)
    assert pooled(path) == pytest.approx(RISK_RATIO, abs=1e-3)


@pytest.mark.parametrize("orient", ["records", "columns", "split"])
def test_json_of_every_orientation_that_pandas_tells(tmp_path, orient):
    path = tmp_path / "t.json"
    FRAME.to_json(path, orient=orient)
    if orient == "split":
        with pytest.raises(InputError, match=r"t\.json"):
            meta.read_table(path)
        return
    assert pooled(path) == pytest.approx(RISK_RATIO, abs=1e-3)


def test_stata_keeps_missing_values_and_labels(tmp_path):
    path = tmp_path / "t.dta"
    frame = FRAME.drop(columns="note").assign(g=pd.Categorical(["low", "high", "low"]), x=[1.5, None, 2.5])
    frame.to_stata(path, write_index=False)
    table = meta.read_table(path)
    assert table["g"].tolist() == ["low", "high", "low"]
    assert table["x"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("ending", "module"),
    [
        (".xls", "xlrd"),
        (".sav", "pyreadstat"),
        (".parquet", "pyarrow"),
        (".xlsx", "openpyxl"),
    ],
)
def test_a_package_that_is_missing_is_named_in_our_own_words(tmp_path, monkeypatch, capsys, ending, module):
    path = tmp_path / f"t{ending}"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) if ending == ".xls" else b"PAR1" + bytes(99)
    )
    if ending == ".xlsx":
        FRAME.to_excel(tmp_path / "t.xlsx", index=False)
        path.write_bytes((tmp_path / "t.xlsx").read_bytes())
    absent = (module, "python_calamine", "fastparquet", "xlrd", "odf", "pyreadstat")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] in absent:
            raise ImportError(f"No module named {name!r}")
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.split(".")[0] in absent]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(sys, "argv", ["meta", "pool", str(path), "-m", "RR"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert stopped.value.code == 2
    assert "needs the package" in told
    assert "pip install" in told
    assert "conda" not in told
    assert "Import" not in told


@pytest.mark.parametrize("ending", [".dta", ".sav", ".xls", ".parquet", ".json", ".feather", ".sas7bdat"])
def test_a_file_that_is_not_what_its_ending_says(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    path.write_bytes(b"study,yi,vi\nA,0.1,0.2\n")
    with pytest.raises(InputError, match="t" + ending.replace(".", r"\.")):
        meta.read_table(path)
