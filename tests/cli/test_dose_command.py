"""``meta dose`` gives what the function gives."""

import json

import pandas as pd
import pytest

import meta


def test_the_command_is_the_function(invoke, workplace):
    code, out, _ = invoke("dose", "arms.csv", "-m", "MD", "--shape", "quadratic", "--at", "100,200", "--json")
    assert code == 0
    found = json.loads(out)
    fit = meta.dose_response(pd.read_csv(workplace / "arms.csv"), measure="MD", shape="quadratic")
    assert found["loglik"] == pytest.approx(fit.loglik)
    assert [row["estimate"] for row in found["curve"]] == pytest.approx(
        fit.predict([100, 200])["estimate"].tolist()
    )


def test_columns_time_and_a_figure(invoke, workplace):
    table = pd.read_csv(workplace / "arms.csv").rename(columns={"mean": "m", "dose": "weeks"})
    table.to_csv(workplace / "other.csv", index=False)
    line = ("dose", "other.csv", "-m", "MD", "--mean", "m", "--time", "weeks")
    code, out, _ = invoke(*line)
    assert (code, out.partition(" ")[0]) == (0, "Time-response")
    code, _, err = invoke(*line, "--out", "curve.svg")
    assert code == 0
    assert "written to curve.svg" in err
    assert (workplace / "curve.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--knots", "many", "--shape", "rcs"), "--knots must be numbers between commas"),
        (("--column", "weight=n"), "--column 'weight=n' must be ARG=NAME"),
        (("--shape", "cubic"), "unknown shape 'cubic'"),
    ],
)
def test_bad_input_ends_in_a_sentence(invoke, workplace, options, told):
    code, _, err = invoke("dose", "arms.csv", "-m", "MD", *options)
    assert code == 2
    assert told in err


def test_columns_are_recognised_by_their_spellings(invoke, workplace):
    table = pd.read_csv(workplace / "arms.csv")
    fit = meta.dose_response(table, measure="MD")
    names = {"study": "Autor", "dose": "Dosis", "mean": "Mittelwert", "sd": "SD", "n": "Anzahl"}
    table.rename(columns=names).to_csv(workplace / "other.csv", index=False, sep=";", decimal=",")
    code, out, err = invoke("dose", "other.csv", "-m", "MD", "--json")
    assert code == 0, err
    assert json.loads(out)["loglik"] == pytest.approx(fit.loglik)
    assert "columns: study = Autor, dose = Dosis, mean = Mittelwert, sd = SD, n = Anzahl" in err
    assert "decimal sign: comma" in err
