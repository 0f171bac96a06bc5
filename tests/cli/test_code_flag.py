"""``--code`` prints Python that does the same (meta.commands.code) and R that finds the same (r_code)."""

import contextlib
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from meta import cli
from meta.commands.output import as_json
from meta.errors import quiet
from tests.cli.r_scripts import COHORTS, CONTRASTS, DOSES, QUIT, SCRIPTS, STORED, numbers_here
from tests.tables.corpus import shapes

ROOT = Path(__file__).parents[2]
BCG = ROOT / "meta" / "datasets" / "data" / "bcg.csv"
RM5 = ROOT / "tests" / "fixtures" / "revman" / "aspirin.rm5"
READ = [shape for shape in shapes() if not shape.refusal]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["meta", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, printed.out, printed.err

    return call


def executed(text):
    """The names that a script defines; what it prints is left out."""
    names = {}
    with quiet(), contextlib.redirect_stdout(io.StringIO()):
        exec(compile(text, "script", "exec"), names)
    return names


@pytest.mark.parametrize("shape", READ, ids=lambda shape: shape.name)
def test_the_python_finds_the_number_of_the_command_for_every_shape_of_table(run, tmp_path, shape):
    path = tmp_path / f"table{shape.ending}"
    path.write_bytes(shape.content)
    code, out, err = run("pool", path, *shape.arguments, "--code")
    assert code == 0, err
    fit = executed(out)["fit"]
    assert (fit.estimate, fit.ci_low, fit.ci_high) == pytest.approx(shape.numbers, abs=2e-3), out
    assert tuple(fit.effects.study[: len(shape.labels)]) == shape.labels


ODD = {
    "totals and codes": (
        "study,events1,n1,events2,n2\nA,4,123,11,139\nB,6,306,29,303\nC,3,231,999,220\nTotal,13,660,40,662\n",
        ["-m", "RR", "--missing", "999"],
    ),
    "a total": (
        "study,events1,n1,events2,n2\nA,4,123,11,139\nB,6,306,29,303\nC,3,231,8,220\nTotal,13,660,48,662\n",
        ["-m", "RR"],
    ),
    "bad rows": ("study,yi,vi\nA,0.1,0.02\nB,none at all,0.03\nC,0.2,0\nD,0.3,0.01\n", ["--skip-bad"]),
    "decimal commas and a bad cell": ("study;yi;vi\nA;0,1;0,02\nB;?!;0,03\nC;0,3;0,01\n", ["--skip-bad"]),
    "shares": ("study,prevalence,n\nA,0.12,100\nB,0.2,50\nC,0.15,80\n", ["-m", "PLO"]),
    "the error of the ratio": (
        "study,OR,se,lower,upper\nA,2,0.4,1.35,2.96\nB,1.5,0.3,1.01,2.22\nC,1.2,0.2,0.87,1.66\n",
        [],
    ),
    "several facts": (
        "study,mean1,sd1,n1,mean2,sd2,n2,t\nA,5,1,20,4.5,1.1,22,\nB,,,30,,,31,2.4\nC,5,1,9,4,1,9,\n",
        ["-m", "SMD"],
    ),
    "zeros": (
        "study,events1,n1,events2,n2\nA,0,20,5,20\nB,0,9,0,9\nC,3,20,5,21\n",
        ["-m", "OR", "--add", "1"],
    ),
    "no double zeros": (
        "study,events1,n1,events2,n2\nA,0,20,5,20\nB,0,9,0,9\nC,3,20,5,21\n",
        ["-m", "OR", "--drop00"],
    ),
    "a column named by hand": ("trial,eff,s\nA,0.1,0.2\nB,0.3,0.1\n", ["-c", "yi=eff", "-c", "sei=s"]),
    "logs": ("study,OR,se\nA,0.3,0.1\nB,0.5,0.2\nC,0.2,0.2\n", ["--scale", "log"]),
    "a known tau2": ("study,yi,vi\nA,0.1,0.02\nB,0.4,0.03\n", ["--method", "0.05", "--test", "z"]),
}


@pytest.mark.parametrize("stdin", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize("name", ODD)
def test_what_was_done_to_rows_is_in_the_python(run, tmp_path, name, stdin):
    text, options = ODD[name]
    (tmp_path / "t.csv").write_text(text)
    source = "-" if stdin else "t.csv"
    expected = json.loads(run("pool", source, *options, "--json", stdin=text)[1])
    code, script, err = run("pool", source, *options, "--code", stdin=text)
    assert code == 0, err
    fit = executed(script)["fit"]
    for number in ("estimate", "ci_low", "ci_high", "tau2", "k"):
        assert getattr(fit, number) == pytest.approx(expected[number], rel=1e-12), script
    assert list(fit.effects.study) == expected["study"]


@pytest.mark.parametrize(
    ("arguments", "ours", "printed"),
    [
        (["pool", BCG, "-m", "RR", "--by", "alloc"],
         lambda n: n["fit"].overall.estimate, lambda j: j["overall"]["estimate"]),
        (["pool", BCG, "-m", "OR", "--method", "MH"],
         lambda n: n["fit"].estimate, lambda j: j["estimate"]),
        (["pool", BCG, "-m", "OR", "--method", "MH", "--by", "alloc"],
         lambda n: n["fit"].fits["random"].estimate, lambda j: j["groups"]["random"]["estimate"]),
        (["pool", RM5, "--outcome", "1.1"], lambda n: n["fit"].estimate, lambda j: j["estimate"]),
        (["pool", BCG, "-m", "RR", "--cluster", "alloc"],
         lambda n: n["robust"].se, lambda j: j["robust"]["coefficients"]["Intercept"]["se"]),
        (["regress", BCG, "-m", "RR", "-f", "~ ablat + C(alloc)"], lambda n: n["fit"].qm, lambda j: j["qm"]),
        (["bayes", BCG, "-m", "RR", "--effect", "normal(0, 1)", "--tau", "halfnormal(0.5)"],
         lambda n: n["post"].estimate, lambda j: j["posterior"][0]["estimate"]),
        (["multilevel", BCG, "-m", "RR", "--cluster", "alloc", "--rho", "0.5", "--robust", "CR2"],
         lambda n: n["fit"].sigma2[0], lambda j: j["sigma2"][0]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
def test_every_command_prints_python_that_does_the_same(run, arguments, ours, printed):
    code, script, err = run(*arguments, "--code")
    assert code == 0, err
    found = json.loads(run(*arguments, "--json")[1])
    assert ours(executed(script)) == pytest.approx(printed(found), rel=1e-12)


@pytest.mark.parametrize("stdin", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (CONTRASTS, ["network", "-m", "MD", "--reference", "plac", "--better", "low"]),
        (CONTRASTS.replace("yi", "diff"), ["network", "--yi", "diff", "--method", "DL", "--level", "0.9"]),
        (QUIT.replace("treatment", "drug"), ["network", "-m", "RR", "--treatment", "drug"]),
        (QUIT.replace(",", ";"), ["network", "-m", "OR", "--method", "0.1", "--test", "z"]),
        (DOSES, ["dose", "-m", "MD", "--shape", "rcs", "--knots", "3", "--at", "50,200"]),
        (DOSES.replace("dose", "week"), ["dose", "-m", "SMD", "--time", "week", "--method", "ML"]),
        (COHORTS, ["dose", "--design", "cohort", "--reference", "5", "--test", "t"]),
        (DOSES, ["dose", "-m", "MD", "--shape", "fp", "--powers", "0.5,1", "--stage", "one"]),
    ],
)
def test_the_python_of_networks_and_curves_is_the_command(run, tmp_path, text, arguments, stdin):
    (tmp_path / "t.csv").write_text(text)
    command, *options = arguments
    line = [command, "-" if stdin else "t.csv", *options]
    found = json.loads(run(*line, "--json", stdin=text)[1])
    code, script, err = run(*line, "--code", stdin=text)
    assert code == 0, err
    fit = executed(script)["fit"]
    own = json.loads(as_json(fit.to_dict()))
    assert {name: found[name] for name in own} == own


def test_the_python_of_bias_runs_and_names_each_method(run):
    code, script, err = run("bias", BCG, "-m", "RR", "--code")
    assert code == 0, err
    executed(script)
    for name in ("egger", "begg", "harbord", "peters", "trim_and_fill", "selection_model", "failsafe_n"):
        assert f"meta.bias.{name}(" in script


def test_the_python_of_figures_writes_the_same_file(run, tmp_path):
    table = pd.read_csv(BCG).assign(d1=["+", "-", "?"] * 4 + ["+"])
    table.to_csv(tmp_path / "t.csv", index=False)
    look = ["--labels", "Favours A,Favours B", "--xlim", "0.1,10", "--order", "effect", "--digits", "3"]
    look += ["--rob", "d1", "--theme", "jama", "--title", "Deaths", "--size", "7", "-o", "a.svg"]
    code, _, err = run("forest", "t.csv", "-m", "RR", *look)
    assert code == 0, err
    first = (tmp_path / "a.svg").read_bytes()
    (tmp_path / "a.svg").unlink()
    executed(run("forest", "t.csv", "-m", "RR", *look, "--code")[1])
    assert (tmp_path / "a.svg").read_bytes() == first
    script = run("funnel", "t.csv", "-m", "RR", "-o", "f.svg", "--code")[1]
    executed(script)
    assert (tmp_path / "f.svg").stat().st_size > 1000


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_r_is_that_of_which_the_numbers_are_stored(run, tmp_path, name):
    """The stored script was run by R (tests/cli/r_scripts.py); a changed one must be run again."""
    text, arguments = SCRIPTS[name]
    (tmp_path / "t.csv").write_text(text)
    code, script, err = run(*arguments, "--code", "r")
    assert code == 0, err
    stored = json.loads(STORED.read_text())[name]
    assert script.rstrip("\n").splitlines() == stored["script"]
    with quiet():
        here = numbers_here(run, arguments)
    # searches over several variances (rma.mv, rma.glmm) end by the likelihood, which is flat at its maximum
    assert here == pytest.approx(stored["numbers"], rel=1e-5, abs=1e-8)


def test_what_r_does_not_have_is_refused(run, tmp_path):
    (tmp_path / "t.csv").write_text("study,yi,vi\nA,0.1,0.02\nB,0.4,0.03\n")
    (tmp_path / "n.csv").write_text(CONTRASTS)
    (tmp_path / "d.csv").write_text(DOSES)
    bent = [(name, x, 3 * x / (x + 60) + 0.1 * i) for i, name in enumerate("ABCD") for x in (0, 40, 100, 300)]
    (tmp_path / "e.csv").write_text(
        "study,dose,mean,sd,n\n" + "".join(f"{name},{x},{mean},1,{30 + x % 7}\n" for name, x, mean in bent)
    )
    for arguments, words in (
        (["pool", "t.csv", "--test", "KR", "--code", "r"], "no test like --test KR"),
        (["bias", "t.csv", "--code", "r"], "leave out r for Python"),
        (["pool", "t.csv", "--methods", "all", "--code", "r"], "one method"),
        (["network", "n.csv", "--code", "r"], "no test like KR here; --code r needs --test z or --test t"),
        (["network", "n.csv", "--method", "PM", "--test", "z", "--code", "r"], "REML, ML and EE, not PM"),
        (["network", "n.csv", "--components", "+", "--code", "r"], "leave out --components"),
        (["dose", "d.csv", "-m", "MD", "--test", "t", "--code", "r"], "needs --test z"),
        (["dose", "e.csv", "-m", "MD", "--shape", "emax", "--code", "r"], "bends at an estimated dose"),
        (["dose", "d.csv", "-m", "MD", "--stage", "two", "--code", "r"], "leave out --stage two"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert words in err


def test_the_language_follows_the_flag_and_a_file_does_not(run, tmp_path):
    (tmp_path / "t.csv").write_text("study,yi,vi\nA,0.1,0.02\nB,0.4,0.03\n")
    assert "import meta" in run("pool", "--code", "t.csv")[1]
    assert "library(metafor)" in run("pool", "--code", "R", "t.csv")[1]
