"""Any table through the commands (meta.commands: pooling, drawing, small_study, moderators, posterior)."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta import cli
from meta.commands.flags import ARGUMENTS
from meta.commands.output_files import cells_for_spreadsheets
from meta.commands.table_reading import read
from meta.errors import InputError, quiet
from meta.tables.cell_text import column
from meta.tables.reader import read_text

ROOT = Path(__file__).parents[2]
DATA = ROOT / "meta" / "datasets" / "data"
BCG = DATA / "bcg.csv"
RM5 = ROOT / "tests" / "fixtures" / "revman" / "aspirin.rm5"
COUNTS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def parse(text, name):
    return read_text(text.encode(), name).columns


COMMANDS = ("pool", "forest", "funnel", "bias", "regress", "bayes")


@pytest.fixture(scope="module")
def bcg():
    with quiet():
        return meta.effect_sizes(str(BCG), measure="RR", study="author", **COUNTS)


def examples(command):
    told = next(c for c in cli.app.registered_commands if c.callback.__name__ == command).help
    return re.findall(r"^ +((?:cat .* \| )?meta .*)$", told.partition("Examples:")[2], re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_in_the_help_run(command, invoke, workplace):
    found = examples(command)
    assert 2 <= len(found) <= 4
    assert all(example in invoke(command, "-h")[1] for example in found)
    for example in found:
        stdin = None
        if example.startswith("cat "):
            source, _, example = example.partition(" | ")
            stdin = (workplace / shlex.split(source)[1]).read_bytes()
        code, out, err = invoke(*shlex.split(example)[1:], stdin=stdin)
        assert code == 0, (example, err)
        written = re.search(r"(?:-o|--out) (\S+)", example)
        if written:
            assert (workplace / written[1]).stat().st_size > 100
        elif command not in ("forest", "funnel"):
            assert len(out) > 100
        if "--json" in example:
            json.loads(out)


def test_what_was_guessed_is_said_and_kept_out_of_the_output(invoke):
    code, out, err = invoke("pool", BCG, "-m", "RR", "--json")
    assert code == 0
    assert err == "columns: events1 = tpos, n1 = tn, events2 = cpos, n2 = cn, study = author + year\n"
    json.loads(out)
    assert invoke("pool", "-", stdin="study,lnHR,se\nA,0.1,0.2\nB,0.3,0.1\n")[2].endswith("measure: HR\n")


def test_pool_by_subgroups(invoke, bcg, tmp_path):
    _, out, _ = invoke("pool", BCG, "-m", "RR", "--by", "alloc", "--json", "--out", "groups.csv")
    with quiet():
        found = meta.subgroups(bcg, by="alloc")
    assert json.loads(out)["columns"]["events1"] == "tpos"
    rows = list(csv.DictReader((tmp_path / "groups.csv").read_text().splitlines()))
    assert [row["group"] for row in rows] == [*found.groups, "overall"]
    assert float(rows[0]["estimate"]) == found["random"].estimate


def test_pool_of_counts(invoke):
    _, out, _ = invoke("pool", BCG, "-m", "OR", "--method", "MH", "--json")
    fit = meta.pool_counts(pd.read_csv(BCG), measure="OR", method="MH", **COUNTS)
    assert json.loads(out)["estimate"] == fit.estimate
    _, out, _ = invoke("pool", BCG, "-m", "OR", "--method", "MH", "--by", "alloc", "--json")
    table = pd.read_csv(BCG)
    table = table[table["alloc"] == "random"]
    alone = meta.pool_counts(table, measure="OR", method="MH", **COUNTS)
    assert json.loads(out)["groups"]["random"]["estimate"] == alone.estimate


@pytest.mark.parametrize("suffix", [".csv", ".json", ".txt", ".md", ".html", ".svg", ".png", ".pdf"])
def test_pool_writes_by_ending(invoke, tmp_path, bcg, suffix):
    code, out, err = invoke("pool", BCG, "-m", "RR", "-o", f"fit{suffix}")
    assert (code, out) == (0, "")
    assert f"written to fit{suffix}" in err
    path = tmp_path / f"fit{suffix}"
    with quiet():
        fit = meta.pool(bcg)
    if suffix == ".json":
        assert meta.load(path).estimate == fit.estimate
    elif suffix == ".csv":
        row = next(csv.DictReader(path.read_text().splitlines()))
        assert float(row["estimate"]) == fit.estimate
        assert float(row["tau2"]) == fit.tau2
    elif suffix == ".png":
        assert path.read_bytes().startswith(b"\x89PNG")
    elif suffix == ".pdf":
        assert path.read_bytes().startswith(b"%PDF")
    else:
        assert {".md": "| pooled | -0.7145", ".html": "<td>pooled</td>"}.get(
            suffix, "0.7"
        ) in path.read_text()


def test_json_and_a_file_at_once(invoke, tmp_path):
    _, out, _ = invoke("pool", BCG, "-m", "RR", "--json", "-o", "fit.json")
    assert json.loads(out)["estimate"] == meta.load(tmp_path / "fit.json").estimate


def test_bias_as_one_table(invoke, bcg):
    code, out, _ = invoke("bias", BCG, "-m", "RR", "--direction", "less", "--json")
    assert code == 0
    content = json.loads(out)
    found = {row["method"]: row for row in content["methods"]}
    with quiet():
        assert found["Egger"]["p_value"] == meta.bias.egger(bcg, direction="less").p_value
        assert found["Begg"]["p_value"] == meta.bias.begg(bcg, direction="less").p_value
        assert found["trim and fill"]["estimate"] == meta.bias.trim_and_fill(meta.pool(bcg)).fit.estimate
        assert (
            found["selection model"]["estimate"] == meta.bias.selection_model(bcg, direction="less").estimate
        )
        assert found["PET-PEESE"]["estimate"] == meta.bias.pet_peese(bcg, direction="less").pet.estimate
    assert set(found) == {
        *("as found", "Egger", "Begg", "Harbord", "Peters", "excess significance", "trim and fill"),
        *("PET-PEESE", "selection model", "limit", "worst case", "fail-safe N"),
    }
    assert content["warnings"] == []


def test_the_table_of_bias_lines_up(invoke):
    lines = invoke("bias", BCG, "-m", "RR")[1].splitlines()
    ends = {line.index(p) + len(p) for line in lines for p in re.findall(r"(?<=  )\d\.\d{3}(?=   |$)", line)}
    assert len(ends) == 1
    assert lines[1].split() == ["estimate", "95%", "interval", "p"]
    assert lines[1].index("p") + 1 in ends


def test_bias_of_few_studies_is_cautious_and_says_what_cannot_be_computed(invoke):
    few = "study,yi,vi\nA,0.1,0.1\nB,0.5,0.2\nC,0.9,0.3\nD,0.2,0.1\n"
    _, out, _ = invoke("bias", "-", stdin=few)
    assert "caution: k = 4, fewer than 10" in out
    _, out, _ = invoke("bias", "-", stdin="study,yi,vi\nA,0.1,0.1\nB,0.5,0.2\n")
    assert re.search(r"^not computed\n  Egger +Egger's test needs at least 3 studies", out, re.M)
    code, _, err = invoke("bias", BCG, "-m", "RR", "--direction", "up")
    assert code == 2
    assert "unknown direction 'up'; allowed: greater, less, two-sided" in err


def test_regress(invoke, bcg, tmp_path):
    _, out, _ = invoke("regress", BCG, "-m", "RR", "-f", "~ ablat", "--test", "z", "--json", "-o", "fit.json")
    with quiet():
        fit = meta.regress(bcg, "~ ablat", test="z")
    content = json.loads(out)
    assert content["coefficients"]["ablat"]["estimate"] == fit.coefficients.loc["ablat", "estimate"]
    assert content["formula"] == "~ ablat"
    assert meta.load(tmp_path / "fit.json").qm == fit.qm
    code, _, err = invoke("regress", BCG, "-m", "RR", "-f", "~ nothing")
    assert code == 2
    assert "names 'nothing', which is not a column" in err
    assert invoke("regress", BCG, "-m", "RR")[0] == 2


def test_bayes(invoke, bcg, tmp_path):
    arguments = ("--effect", "normal(0, 1)", "--tau", "halfnormal(0.5)")
    _, out, _ = invoke("bayes", BCG, "-m", "RR", *arguments, "--json", "-o", "posterior.json")
    post = meta.bayes(bcg, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    content = json.loads(out)
    assert content["estimate"] == post.estimate
    assert content["bayes_factors"]["mu=0"] == post.bayes_factor("mu=0")
    assert content["shrinkage"][0]["mean"] == post.shrinkage()["mean"][0]
    assert meta.load(tmp_path / "posterior.json").interval() == post.interval()
    assert "Bayes factor of mu = 0" in invoke("bayes", BCG, "-m", "RR", *arguments)[1]


@pytest.mark.parametrize(
    ("effect", "tau", "sentence"),
    [
        ("norml(0, 1)", "0.3", "unknown prior 'norml'; did you mean Normal?"),
        ("normal", "0.3", "cannot be read; write it as normal(0, 1)"),
        ("normal(0, open)", "0.3", "cannot be read"),
        ("normal(0, 1, 2, 3)", "0.3", "cannot be made"),
        ("normal(0, -1)", "0.3", "sd must be > 0"),
        ("normal(0, 1)", "normal(0, 1)", "reaches below zero"),
        ("normal(0, 1)", "-1", "tau must be >= 0"),
        ("normal(0, 1)", "'); x", "cannot be read"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(invoke, effect, tau, sentence):
    code, out, err = invoke("bayes", BCG, "-m", "RR", f"--effect={effect}", f"--tau={tau}")
    assert (code, out) == (2, "")
    assert sentence in err


@pytest.mark.parametrize(
    "formula",
    [
        *("~ C(", "~ np.foo(ablat)", "~ bs(alloc, df=2)", "~ np.log(ablat - 13)", "~ 1 / 0", "~ alloc(1)"),
        *("~ {ablat", "y ~ ablat", "~ np.log(ablat - 20)", "~ '", "~ ablat +"),
    ],
)
def test_a_formula_that_cannot_be_is_refused_in_one_sentence(invoke, formula):
    code, out, err = invoke("regress", BCG, "-m", "RR", "-f", formula)
    assert (code, out) == (2, "")
    complaint = err.splitlines()[-1]
    assert complaint.startswith(("error: the formula ", "error: the term "))
    assert not re.search(r"\x1b|⧛|⧚", complaint)


@pytest.mark.parametrize(
    ("command", "extra", "words"),
    [
        ("regress", ["-f", "~ ablat"], "Bubble plot"),
        ("regress", ["-f", "~ alloc"], "Forest plot"),
        ("bayes", [], "Forest plot"),
        ("bias", [], "Funnel plot"),
        ("pool", ["--by", "alloc"], "Forest plot"),
    ],
)
def test_each_command_draws_its_figure(invoke, tmp_path, command, extra, words):
    assert invoke(command, BCG, "-m", "RR", *extra, "-o", "f.svg")[0] == 0
    assert words in (tmp_path / "f.svg").read_text()


@pytest.mark.parametrize("command", ["forest", "funnel"])
def test_the_numbers_of_a_figure_go_to_files_too(invoke, tmp_path, command):
    for suffix in (".csv", ".json", ".md"):
        assert invoke(command, BCG, "-m", "RR", "-o", f"f{suffix}")[0] == 0
    numbers = json.loads((tmp_path / "f.json").read_text())["numbers"]
    rows = list(csv.DictReader((tmp_path / "f.csv").read_text().splitlines()))
    assert list(rows[0]) == list(numbers)
    assert [float(row["estimate"]) for row in rows if row["estimate"]] == [
        x for x in numbers["estimate"] if x is not None
    ]


def test_columns_have_flags_of_their_own(invoke):
    named = ["--events1", "tpos", "--n1=tn", "--events2", "cpos", "--n2", "cn"]
    _, out, err = invoke("pool", BCG, "-m", "RR", *named, "--json")
    assert out == invoke("pool", BCG, "-m", "RR", "--json")[1]
    assert "events1 = tpos" in err
    effects = "trial,low,effect,high\nA,0.1,0.2,0.3\nB,0.2,0.4,0.6\n"
    assert invoke("pool", "-", "--ci-low", "low", "--ci_high=high", "--yi", "effect", stdin=effects)[0] == 0
    for arguments in (["--n1"], ["--n1", "--json"], ["--n1="]):
        code, _, err = invoke("pool", BCG, "-m", "RR", *arguments)
        assert (code, err) == (2, "error: --n1 needs the name of a column; write --n1 NAME\n")
    assert "has no column 'zz'" in invoke("pool", BCG, "-m", "RR", "--n1", "zz")[2]


def test_the_flags_of_columns_are_the_arguments_of_all_measures():
    from meta.effects.forms import FORMS
    from meta.effects.registry import MEASURES
    from meta.effects.used_columns import GENERIC
    from meta.effects.used_columns import known as known_columns

    known = set(GENERIC)
    for entry in MEASURES.values():
        known |= set(known_columns(entry) if entry.design in FORMS else entry.columns)
    assert known - {"direction"} == ARGUMENTS  # --direction is an option of bias


def test_forest_by_subgroups(invoke, tmp_path):
    assert invoke("forest", BCG, "-m", "RR", "--by", "alloc", "-o", "f.svg")[0] == 0
    assert "systematic" in (tmp_path / "f.svg").read_text()


def test_revman_files_are_tables(invoke):
    code, out, err = invoke("pool", RM5, "--outcome", "1.2", "--method", "EE", "--test", "z", "--json")
    assert code == 0
    assert err == "RevMan: outcome 1.2 Mental health treatment\nmeasure: MD\n"
    content = json.loads(out)
    assert content["estimate"] == pytest.approx(-0.70938839)
    assert content["ci_low"] == pytest.approx(-1.25848502, abs=1e-5)
    code, _, err = invoke("pool", RM5)
    assert code == 2
    assert (
        "has 4 outcomes; choose one with --outcome: 1.1 Death after myocardial infarction (OR, k = 7)" in err
    )
    assert invoke("pool", "-", "--outcome", "1.1", stdin=RM5.read_bytes())[0] == 0
    assert invoke("forest", RM5.with_name("revman5.csv"), "--outcome", "1.1")[0] == 0
    assert invoke("pool", RM5, "--outcome", "2.1")[2].endswith("measure: HR\n")


TABLE = [("A", 0.1, 0.2), ("B", 0.5, 0.1), ("C", -1.2, 0.4)]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("comma", "study,yi,vi\nA,0.1,0.2\nB,0.5,0.1\nC,-1.2,0.4\n"),
        ("tab", "study\tyi\tvi\nA\t0.1\t0.2\nB\t0.5\t0.1\nC\t-1.2\t0.4\n"),
        ("semicolon, decimal comma", "study;yi;vi\nA;0,1;0,2\nB;0,5;0,1\nC;-1,2;0,4\n"),
        ("semicolon, decimal point", "study;yi;vi\nA;0.1;0.2\nB;0.5;0.1\nC;-1.2;0.4\n"),
        ("mark, Windows line ends", "\ufeffstudy,yi,vi\r\nA,0.1,0.2\r\nB,0.5,0.1\r\nC,-1.2,0.4\r\n"),
        ("quotes, spaces, blank lines", 'study, yi, vi\n\n"A", 0.1, 0.2\n"B",0.5,0.1\n"C",-1.2,0.4\n\n'),
        ("sep=", "sep=;\nstudy;yi;vi\nA;0,1;0,2\nB;0,5;0,1\nC;-1,2;0,4\n"),
        ("true minus", "study,yi,vi\nA,0.1,0.2\nB,0.5,0.1\nC,−1.2,0.4\n"),
        ("UTF-16", "study\tyi\tvi\nA\t0.1\t0.2\nB\t0.5\t0.1\nC\t-1.2\t0.4\n".encode("utf-16")),
    ],
)
def test_tables_as_programs_write_them(invoke, kind, content):
    code, out, err = invoke("pool", "-", "--json", stdin=content)
    assert code == 0, err
    found = json.loads(out)
    with quiet():
        fit = meta.pool(yi=[row[1] for row in TABLE], vi=[row[2] for row in TABLE])
    assert found["study"] == ["A", "B", "C"]
    assert found["estimate"] == fit.estimate


def test_excel(invoke, tmp_path):
    pd.DataFrame(TABLE, columns=["study", "yi", "vi"]).to_excel(tmp_path / "x.xlsx", index=False)
    assert json.loads(invoke("pool", "x.xlsx", "--json")[1])["k"] == 3
    sheet = [
        ["study", "yi", "vi", "n"],
        ["A", 0.1, 0.2, 3],
        [None] * 4,
        ["B", "NA", 0.1, 4],
        ["C", -1.2, 0.4, 5],
    ]
    pd.DataFrame(sheet).to_excel(tmp_path / "y.xlsx", index=False, header=False)
    found = read("y.xlsx").columns
    assert found["n"].tolist() == [3, 4, 5]
    np.testing.assert_array_equal(found["yi"], [0.1, np.nan, -1.2])
    pd.DataFrame([["yi", "yi"], [1, 2]]).to_excel(tmp_path / "z.xlsx", index=False, header=False)
    assert "two columns are called 'yi'" in invoke("pool", "z.xlsx")[2]
    pd.DataFrame([["yi", "vi"]]).to_excel(tmp_path / "h.xlsx", index=False, header=False)
    assert "it has a header but no rows" in invoke("pool", "h.xlsx")[2]
    pd.DataFrame().to_excel(tmp_path / "e.xlsx", index=False)
    assert "it is empty" in invoke("pool", "e.xlsx")[2]
    (tmp_path / "bad.xlsx").write_text("no")
    code, _, err = invoke("pool", "bad.xlsx")
    assert code == 2
    assert "'bad.xlsx' is not a spreadsheet that can be read" in err


def test_columns_keep_their_kind():
    found = parse("a,b,c,d,e\n1,0.5,x,007,\n2,NA,,010,\n", "t")
    assert found["a"].dtype == np.int64
    np.testing.assert_array_equal(found["b"], [0.5, np.nan])
    assert found["c"].tolist() == ["x", None]
    assert found["d"].tolist() == ["007", "010"]
    assert np.isnan(found["e"]).all()
    assert column(["1_0"]).tolist() == ["1_0"]
    assert column(["0,5"]).tolist() == ["0,5"]
    assert column(["inf"]).tolist() == ["inf"]


def test_a_column_reads_like_pandas_reads_it():
    text = BCG.read_text()
    mine, theirs = parse(text, "bcg"), pd.read_csv(io.StringIO(text))
    assert list(mine) == list(theirs)
    for name in mine:
        assert mine[name].tolist() == theirs[name].tolist(), name


def test_cells_that_a_spreadsheet_would_run_are_quoted(invoke, tmp_path):
    assert cells_for_spreadsheets(["=1+1", "+1", "-x", "@a", "\tx", "A=1", -1.5]) == [
        *("'=1+1", "'+1", "'-x", "'@a", "'\tx", "A=1", -1.5)
    ]
    table = "study,yi,vi,g\nA,0.1,0.2,=cmd()\nB,0.5,0.1,=cmd()\nC,0.2,0.1,b\nD,0.2,0.1,b\n"
    invoke("pool", "-", "--by", "g", "-o", "x.csv", stdin=table)
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    assert [row["group"] for row in rows] == ["'=cmd()", "b", "overall"]


MISTAKES = [
    (["no.csv"], None, "no file 'no.csv'"),
    (["."], None, "'.' is a folder"),
    (["-"], "", "it is empty"),
    (["-"], "\n\n", "it is empty"),
    (["-"], "yi,vi\n", "it has a header but no rows"),
    (["-"], b"\x00\x01\x02", "it is binary"),
    (["-"], b"\x89PNG\r\n\x1a\n\x00\xff", "is not UTF-8 text"),
    (["-"], b"PK\x03\x04abc", "is a spreadsheet or zip file"),
    (["-"], "<html><table>", "it is XML or HTML"),
    (["-"], "yi,vi,yi\n1,2,3\n", "two columns are called 'yi'"),
    (["-"], "yi,vi\n1,2\n1,2,3\n", "line 3 has 3 cells, and the header has 2"),
    (["-"], 'a,b\n"1,2\n', "is not a table: line 2"),
    (["-"], "study,yi,vi\nA,1,abc\nB,1,1\n", "vi must be numeric: study 'A' has vi = 'abc'"),
    (["-"], "study,yi,vi\nA,1,-1\nB,1,1\n", "study 'A'"),
    (["-"], "study,yi,vi\nA,NA,NA\nB,,\n", "every effect is missing"),
    (["-"], "yi,se,stderr\n1,2,3\n", "both 'se' and 'stderr' could be sei; say which with --column sei=se"),
    (["-", "-m", "XX"], "yi,vi\n1,2\n", "unknown measure 'XX'"),
    (["-", "-m", "rr"], "tpos,tn,cpos,cn\n1,9,2,9\n", "unknown measure 'rr'"),
    (["-", "-m", "RR"], "x,y\n1,2\n", "name them with --column events1=NAME"),
    (["-"], "x,z\n1,2\n", "--measure"),
    (["-", "-m", "SMD"], "m1i,sd1i,n1i\n1,2,3\n", "mean2"),
    (["-", "-m", "RR"], "events1,n1,events2,n2\n9,4,1,4\n", "events1"),
    (["-", "-m", "RR"], "events1,n1,events2,n2\n-1,4,1,4\n", "events1"),
    (["-", "-m", "ZCOR"], "r,n\n1.5,20\n", "r"),
    (["-", "-c", "yi"], "yi,vi\n1,2\n", "must look like events1=NAME"),
    (["-", "-c", "yi=a", "-c", "yi=b"], "a,b,vi\n1,2,3\n", "gives yi twice"),
    (["-", "-c", "yi=nope"], "yi,vi\n1,2\n", "has no column 'nope'"),
    (["-", "-c", "zz=yi"], "yi,vi\n1,2\n", "GEN has no argument 'zz'; it takes yi vi"),
    (["-", "--study", "zz"], "yi,vi\n1,2\n", "--study 'zz' is not a column"),
    (["-", "--by", "zz"], "yi,vi\n1,2\n2,3\n", "--by 'zz' is not a column"),
    (["-", "--by", "g"], "yi,vi,g\n1,2,a\n2,3,a\n", "at least two groups"),
    (["-", "--method", "RMEL"], "yi,vi\n1,2\n2,2\n", "unknown method 'RMEL'"),
    (["-", "--test", "zz"], "yi,vi\n1,2\n2,2\n", "unknown test 'zz'"),
    (["-", "--level", "95"], "yi,vi\n1,2\n2,2\n", "level must lie between 0 and 1"),
    (["-", "--level", "x"], "yi,vi\n1,2\n2,2\n", "'--level'"),
    (["-", "--outcome", "1.1"], "yi,vi\n1,2\n", "--outcome belongs to RevMan files"),
    ([RM5, "--outcome", "9.9"], None, "has no outcome '9.9'"),
    (["-", "-o", "x.docx"], "yi,vi\n1,2\n", "must end in .csv"),
    (["-", "-o", "no/such/x.csv"], "yi,vi\n1,2\n2,2\n", "No such file or directory: 'no/such/x.csv'"),
    (["-", "--method", "Peto"], "yi,vi\n1,2\n", "--method Peto pools counts such as events1"),
    ([], None, "Missing argument"),
    (["-", "--nonsense"], "yi,vi\n1,2\n", "--nonsense"),
]


@pytest.mark.parametrize(("arguments", "stdin", "sentence"), MISTAKES)
def test_a_mistake_never_shows_a_traceback(invoke, arguments, stdin, sentence):
    code, out, err = invoke("pool", *arguments, stdin=stdin)
    assert code == 2
    assert out == ""
    assert sentence in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("content", ["", "yi,vi\n", "yi,vi\nx,y\n", "study,yi,vi\nA,,\n", "a\n1\n"])
def test_no_command_breaks_on_a_poor_table(invoke, command, content):
    extra = ["-f", "~ yi"] if command == "regress" else []
    code, out, err = invoke(command, "-", *extra, stdin=content)
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_one_study_is_no_crash(invoke, command):
    extra = ["-f", "~ x"] if command == "regress" else []
    code, _, err = invoke(command, "-", *extra, stdin="study,yi,vi,x\nA,0.1,0.2,1\n")
    assert code in (0, 2)
    assert code == 0 or err.splitlines()[-1].startswith("error: ")


def run(*arguments, **options):
    command = [sys.executable, "-m", "meta.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)


def test_a_reader_that_stops_early_is_no_complaint():
    code = f"{shlex.quote(sys.executable)} -m meta.cli pool {BCG} -m RR --json | head -1"
    done = subprocess.run(["sh", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "{\n"
    assert done.stderr.startswith("columns: ")
    assert done.stderr.count("\n") == 1


def test_pooling_a_small_table_waits_for_neither_pandas_nor_plots():
    code = (
        f"import sys; sys.argv = ['meta', 'pool', {str(BCG)!r}, '-m', 'RR']\n"
        "from meta import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'matplotlib', 'pymc', 'rich', 'formulaic', 'statsmodels', 'scipy.stats'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts(invoke, shell):
    code, out, _ = invoke("completion", shell)
    assert code == 0
    assert "_META_COMPLETE" in out
    assert invoke("completion", "tcsh")[2].startswith("error: unknown shell 'tcsh'; allowed: bash")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("meta po", "pool"),
        ("meta pool x.csv --measure SMD", "SMDH"),
        ("meta pool x.csv --method RE", "REML"),
        ("meta pool x.csv --test hk", "hksj"),
        ("meta bayes x.csv --tau halfn", "halfnormal("),
        ("meta bias x.csv --direction le", "less"),
    ],
)
def test_what_the_shell_completes(words, expected):
    at = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_META_COMPLETE": "complete_bash"}
    done = run(env={**os.environ, **at})
    assert expected in done.stdout.split()


def test_help_names_the_exit_codes(invoke):
    assert "Exit codes: 0 done; 1 " in " ".join(invoke("-h")[1].split())


def test_a_refusal_is_an_input_error():
    with pytest.raises(InputError, match="it has a header but no rows"):
        parse("a,a\n", "x.csv")
