"""Rows of one file that report different things: each by its own facts (meta.commands.fact_flags)."""

import io
import json
import sys
from math import gamma, sqrt

import pytest

import meta
from meta import cli

MIXED = """study,mean1,sd1,n1,mean2,sd2,n2,{t},{p},{d}
A,5,1,20,4.5,1.1,22,,,
B,,,30,,,31,2.4,,
C,,,25,,,24,,0.03,
D,,,40,,,41,,,0.25
"""
PLAIN = MIXED.format(t="t", p="p", d="d")


@pytest.fixture
def run(monkeypatch, capsys):
    def call(text, *arguments):
        monkeypatch.setattr(sys, "argv", ["meta", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return call


def g_of(d, df):
    """Hedges's exact factor (Hedges 1981), written out."""
    return d * gamma(df / 2) / (sqrt(df / 2) * gamma((df - 1) / 2))


@pytest.mark.parametrize(
    "header",
    [
        {"t": "t", "p": "p", "d": "d"},
        {"t": "t value", "p": "P-value", "d": "Cohen's d"},
        {"t": "t.stat", "p": "p_value", "d": "cohens_d"},
    ],
)
def test_each_row_is_computed_from_what_it_reports(run, tmp_path, header):
    path = tmp_path / "fit.json"
    code, out, err = run(MIXED.format(**header), "pool", "-", "-m", "SMD", "--json", "-o", str(path))
    assert code == 0, err
    assert json.loads(out)["study"] == ["A", "B", "D"]
    yi = meta.load(path).effects.yi
    assert yi[1] == pytest.approx(g_of(2.4 * sqrt(1 / 30 + 1 / 31), 59), abs=1e-12)
    assert yi[2] == pytest.approx(g_of(0.25, 79), abs=1e-12)
    assert "rows that lack a number are computed from" in err
    assert all(name in err for name in header.values())
    assert "study 'C' has two possible effects, as a two-sided p has no sign" in "".join(
        json.loads(out)["data_warnings"]
    )


@pytest.mark.parametrize("command", ["forest", "funnel", "bias", "bayes"])
def test_every_command_takes_the_same_rows(run, command, tmp_path):
    more = ["-o", str(tmp_path / "x.svg")] if command in ("forest", "funnel") else []
    _, _, err = run(PLAIN, command, "-", "-m", "SMD", *more)
    assert "rows that lack a number are computed from" in err
    assert "two possible effects" in err


def test_pool_and_solve_agree_row_by_row(run, tmp_path):
    (tmp_path / "mixed.csv").write_text(PLAIN)
    solved = meta.solve(meta.read_table(tmp_path / "mixed.csv"), measure="SMD")
    run(PLAIN, "pool", "-", "-m", "SMD", "-o", str(tmp_path / "fit.json"))
    assert meta.load(tmp_path / "fit.json").effects.yi.tolist() == pytest.approx(
        [y for y in solved.yi if y == y], abs=1e-12
    )


def test_a_direction_in_the_file_gives_p_its_sign(run, tmp_path):
    text = "study,p,n1,n2,direction\nA,0.03,25,24,lower\nB,0.5,30,31,lower\nC,0.2,40,41,higher\n"
    code, _, err = run(text, "pool", "-", "-m", "SMD", "-o", str(tmp_path / "fit.json"))
    assert code == 0, err
    assert [y > 0 for y in meta.load(tmp_path / "fit.json").effects.yi] == [False, False, True]


def test_complete_rows_are_left_alone_by_columns_of_other_meanings(run):
    text = "study,mean1,sd1,n1,mean2,sd2,n2,t,f\nA,5,1,20,4.5,1.1,22,12,high\nB,5,1,21,4.4,1.1,20,24,low\n"
    plain = "\n".join(",".join(line.split(",")[:7]) for line in text.splitlines()) + "\n"
    first, second = (run(table, "pool", "-", "-m", "SMD", "--json") for table in (text, plain))
    assert json.loads(first[1])["estimate"] == json.loads(second[1])["estimate"]
    assert "contradiction" not in first[2]


def test_a_refusal_says_why_no_row_has_an_effect(run):
    code, _, err = run("study,p,n1,n2\nA,0.03,25,24\nB,0.50,30,31\n", "pool", "-", "-m", "SMD")
    assert code == 2
    assert "study 'A' has two possible effects, as a two-sided p has no sign: give direction" in err
    assert "(2 rows are like this)" in err
