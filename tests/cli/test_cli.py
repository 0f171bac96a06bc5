"""The command line as a user meets it (meta.cli; meta.commands, but for meta add)."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import meta
from meta.commands.column_guess import find, guess, guess_labels, guess_measure
from meta.commands.output import clean
from meta.errors import InputError, quiet

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"
HELP, CHECK = 89_100, 1_284_000
DATA = ROOT / "meta" / "datasets" / "data"


@pytest.fixture
def broken(tmp_path):
    folder = tmp_path / "studies"
    shutil.copytree(STUDIES, folder)
    steward = folder / "steward-2019.toml"
    steward.write_text(steward.read_text().replace("year = 2019", 'year = "two thousand"', 1))
    coates = folder / "coates-2025.toml"
    coates.write_text(coates.read_text().replace("mean = 43, sd = 27", "mean = 43, sd = -27", 1))
    return folder


def test_help_names_every_command(invoke):
    code, out, _ = invoke("--help")
    assert code == 0
    for name in ("run", "add", "check", "claims", "show", "pool", "forest", "funnel", "schema"):
        assert f"\n  {name} " in out
        assert invoke(name, "--help")[0] == 0


def test_version(invoke):
    assert invoke("--version")[1].strip() == f"meta-verdict {meta.__version__}"


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['meta', '--help']\n"
        "from meta import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'matplotlib', 'pymc', 'rich', 'jinja2'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def calls(*arguments):
    """How many function calls the command makes, imports included.

    Seconds differ between machines and runs (benchmarks/startup.py has them, beside a peer); calls do not.
    """
    code = (
        "import cProfile, contextlib, io, pstats, sys\n"
        f"sys.argv = ['meta', *{arguments!r}]\n"
        "watch = cProfile.Profile()\n"
        "watch.enable()\n"
        "from meta import cli\n"
        "try:\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        cli.main()\n"
        "except SystemExit: pass\n"
        "watch.disable()\n"
        "print(pstats.Stats(watch).total_calls)"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, capture_output=True, check=True, cwd=ROOT)  # compiles what is not yet compiled
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(done.stdout)


def test_help_does_no_more_work_than_it_did():
    assert calls("--help") < HELP


def test_check_says_that_all_is_well(invoke):
    code, out, err = invoke("check", STUDIES)
    assert code == 0
    assert "no problem found" in out
    doubts = err.splitlines()
    assert {line.partition(":")[0] for line in doubts} == {"contradiction", "worth a look"}
    assert any("rajizadeh-2017, normalised: percent1 = 88.5 fits no count" in line for line in doubts)
    assert json.loads(invoke("check", STUDIES, "--json")[1]) == []


def test_check_takes_single_files_as_a_commit_hook_names_them(invoke, broken):
    code, out, _ = invoke("check", broken / "steward-2019.toml", broken / "reno-2022.toml")
    assert code == 2
    assert out.splitlines()[0] == "1 problem"
    assert "coates" not in out
    code, out, _ = invoke("check", broken / "reno-2022.toml")
    assert (code, out) == (0, "1 file: no problem found\n")
    assert len(json.loads(invoke("check", broken, "--json")[1])) == 2
    assert "2 problems" in invoke("check", broken, STUDIES)[1]
    assert f"{broken}/coates-2025.toml" in invoke("check", broken, STUDIES)[1]


def test_check_of_single_files_still_looks_across_them(invoke, broken):
    shutil.copy(STUDIES / "steward-2019.toml", broken)
    shutil.copy(STUDIES / "coates-2025.toml", broken)
    (broken / "abbasi-2012.toml").unlink()
    code, out, _ = invoke("check", broken / "reno-2022.toml")
    assert code == 2
    assert "add abbasi-2012.toml" in out


@pytest.mark.parametrize("name", ["nowhere.toml", "README.md", "studies/schema/study.schema.json"])
def test_check_of_what_is_no_study_file_is_one_sentence(invoke, name):
    code, _, err = invoke("check", ROOT / name)
    assert code == 2
    assert err.count("\n") == 1
    assert "name .toml files, or the folder they are in" in err


def test_the_commit_hook_checks_study_and_claims_files():
    hook = dict(
        line.strip(" -").split(": ", 1) for line in (ROOT / ".pre-commit-hooks.yaml").read_text().splitlines()
    )
    assert hook["entry"] == "meta check"
    names = [
        "studies/steward-2019.toml",
        "studies/claims.toml",
        "studies/schema/study.schema.json",
        "pyproject.toml",
    ]
    assert [bool(re.search(hook["files"], name)) for name in names] == [True, True, False, False]


def test_check_does_no_more_work_than_it_did():
    assert calls("check") < CHECK


def test_check_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['meta', 'check']\n"
        "from meta import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'scipy.stats', 'scipy.optimize', 'matplotlib', 'pymc', 'rich'}\n"
        "heavy &= set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_check_lists_every_problem_with_its_remedy(invoke, broken):
    code, out, _ = invoke("check", broken)
    assert code == 2
    assert out.splitlines()[0] == "2 problems"
    steward = next(line for line in out.splitlines() if line.startswith("steward-2019.toml"))
    assert "year" in steward
    assert "'two thousand'" in steward
    assert "write a whole number without quotes" in steward
    assert any("coates-2025.toml" in line and "-27" in line for line in out.splitlines())
    problems = json.loads(invoke("check", broken, "--json")[1])
    assert {item["file"] for item in problems} == {"steward-2019.toml", "coates-2025.toml"}
    assert all(set(item) == {"file", "line", "field", "value", "rule", "remedy"} for item in problems)
    for item in problems:  # the line is that of the value
        row = (broken / item["file"]).read_text(encoding="utf-8").splitlines()[item["line"] - 1]
        assert item["value"].strip("'") in row


def test_run_on_broken_files_writes_nothing(invoke, broken):
    results = broken.parent / "results"
    results.mkdir()
    (results / "verdicts.json").write_text("{}")
    code, out, err = invoke("run", "--studies", broken, "--results", results, "--no-engines")
    assert code == 2
    assert "steward-2019.toml" in out
    assert "coates-2025.toml" in out
    assert err.count("\n") == 1
    assert "nothing was written" in err
    assert [path.name for path in results.iterdir()] == ["verdicts.json"]
    assert (results / "verdicts.json").read_text() == "{}"


def test_run_prints_the_verdicts_and_is_quiet_in_a_pipe(invoke, tmp_path):
    code, out, err = invoke("run", "--studies", STUDIES, "--no-engines")
    assert code == 0
    # no progress, only what does not fit in the files, as check lists it
    assert err.splitlines() == [f"{item.kind}: {item}" for item in meta.load_evidence(STUDIES).doubts()]
    assert "soreness-41  Muscle soreness after exercise" in out
    assert "untestable" in out
    assert (tmp_path / "results" / "report.html").is_file()


def test_run_says_where_it_may_not_write(invoke, tmp_path):
    (tmp_path / "results").write_text("a file")
    code, _, err = invoke("run", "--studies", STUDIES, "--no-engines")
    assert code == 2
    assert err == "error: 'results' is a file, not a folder; name another place for the results\n"
    code, _, err = invoke("run", "--studies", STUDIES, "--results", "/proc/x/results", "--no-engines")
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_a_full_disk_is_one_sentence(invoke, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("meta.report.answered_analysis.Gallery.draw", fail)
    code, _, err = invoke("run", "--studies", STUDIES, "--no-engines")
    assert code == 2
    sentence = "the results could not be written to 'results' and are as they were: No space left on device"
    assert err == f"error: {sentence}\n"


def test_a_missing_folder_is_one_sentence(invoke):
    code, _, err = invoke("run")
    assert code == 2
    assert err.startswith("error: no folder 'studies'")


def test_claims(invoke):
    code, out, _ = invoke("claims", "--studies", STUDIES)
    assert code == 0
    assert "soreness-41" in out
    listed = json.loads(invoke("claims", "--studies", STUDIES, "--json")[1])
    assert [claim["id"] for claim in listed] == ["soreness-41", "cortisol-78", "cramps"]


def test_show_tells_what_a_study_reported_and_what_follows(invoke):
    code, out, _ = invoke("show", "steward-2019", "--studies", STUDIES)
    assert code == 0
    assert "eta squared = 0.67" in out
    assert "F = eta2/(1 - eta2) df = 16.24" in " ".join(out.split())
    assert "assumed: " in out
    content = json.loads(invoke("show", "steward-2019", "--studies", STUDIES, "--json")[1])
    assert content["study"]["id"] == "steward-2019"
    assert content["effects"][0]["analysis"] == "soreness"
    assert content["effects"][0]["yi"] == pytest.approx(meta.load_evidence(STUDIES).effects("soreness").yi[0])
    assert "enters no analysis" in invoke("show", "linc-4", "--studies", STUDIES)[1]


def test_show_suggests_what_was_meant(invoke):
    code, _, err = invoke("show", "stewart-2019", "--studies", STUDIES)
    assert code == 2
    assert "did you mean steward-2019" in err


def test_pool_recognises_the_columns_and_says_so(invoke):
    code, out, err = invoke("pool", DATA / "bcg.csv", "-m", "RR")
    assert code == 0
    assert "-0.715" in out
    assert "[-1.108, -0.321]" in out
    assert err == "columns: events1 = tpos, n1 = tn, events2 = cpos, n2 = cn, study = author + year\n"


def test_pool_as_json_equals_the_library(invoke):
    _, out, _ = invoke("pool", DATA / "bcg.csv", "-m", "RR", "--method", "DL", "--test", "z", "--json")
    content = json.loads(out)
    with quiet():
        es = meta.effect_sizes(
            str(DATA / "bcg.csv"), measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn"
        )
        fit = meta.pool(es, method="DL", test="z")
    assert content["estimate"] == fit.estimate
    assert content["weights"] == fit.weights.tolist()
    assert content["columns"] == {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
    assert content["read"]["estimate"] == pytest.approx(0.4896, abs=2e-3)
    assert content["study"][0] == "Aronson 1948"


def test_pool_of_one_study_is_valid_json(invoke):
    _, out, _ = invoke("pool", "-", "--json", stdin="study,yi,vi\nA,0.1,0.2\n")
    assert json.loads(out)["tau2"] is None


@pytest.mark.parametrize("suffix", [".json", ".csv", ".txt"])
def test_pool_writes_by_suffix(invoke, tmp_path, suffix):
    code, out, err = invoke("pool", DATA / "raudenbush1985.csv", "-o", f"fit{suffix}")
    assert code == 0
    assert out == ""
    assert f"written to fit{suffix}" in err
    text = (tmp_path / f"fit{suffix}").read_text()
    assert "0.0837" in text or "0.084" in text


def test_pool_reads_standard_input_and_european_numbers(invoke):
    plain = json.loads(invoke("pool", "-", "--json", stdin="study,yi,vi\nA,0.1,0.2\nB,0.5,0.1\n")[1])
    europe = json.loads(invoke("pool", "-", "--json", stdin="\ufeffstudy;yi;vi\nA;0,1;0,2\nB;0,5;0,1\n")[1])
    assert plain["estimate"] == europe["estimate"]
    assert plain["study"] == europe["study"] == ["A", "B"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        (["nofile.csv"], None, "no file 'nofile.csv'"),
        (["-"], "", "is not a table"),
        (["-"], 'a,b\n"1,2\n', "is not a table"),
        (["-"], "tpos,tn,cpos,cn\n1,9,2,9\n", "with these columns it can be RR, OR or RD"),
        (["-"], "a,b\n1,2\n", "say which effect measure"),
        (["-", "-m", "XX"], "yi,vi\n1,2\n", "unknown measure 'XX'; allowed:"),
        (["-", "-m", "RR"], "a,b\n1,2\n", "name them with --column events1=NAME"),
        (["-", "--method", "RMEL"], "yi,vi\n1,2\n2,2\n", "unknown method 'RMEL'"),
        (["-"], "study,yi,vi\nA,1,-2\nB,1,1\n", "study 'A'"),
        (["-"], "study,yi,vi\nA,one,2\n", "must be numeric"),
        (["-", "-c", "yi"], "yi,vi\n1,2\n", "must look like events1=NAME"),
        (["-", "-c", "yi=zz"], "yi,vi\n1,2\n", "has no column 'zz'"),
        (["-", "--study", "zz"], "yi,vi\n1,2\n", "--study 'zz' is not a column"),
        (["-", "-o", "x.docx"], "yi,vi\n1,2\n", "must end in .csv, .json, .txt"),
        (["-", "-m", "RR"], "events1,n1,events2,n2\n5,4,1,4\n", "events1"),
        (["-", "--level", "2"], "yi,vi\n1,2\n2,1\n", "level must lie between 0 and 1"),
    ],
)
def test_a_mistake_ends_in_one_sentence(invoke, arguments, stdin, sentence):
    code, out, err = invoke("pool", *arguments, stdin=stdin)
    assert code == 2
    assert out == ""
    complaint = [line for line in err.splitlines() if not line.startswith("columns: ")]
    assert len(complaint) == 1
    assert complaint[0].startswith("error: ")
    assert sentence in complaint[0]


def test_a_file_that_is_not_text_is_refused(invoke, tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00yi")
    code, _, err = invoke("pool", "x.csv")
    assert code == 2
    assert "not UTF-8 text" in err


def test_an_unknown_option_ends_with_code_two(invoke):
    assert invoke("pool", "--nonsense")[0] == 2


def test_forest_of_a_table(invoke, tmp_path):
    code, out, err = invoke("forest", DATA / "bcg.csv", "-m", "RR", "-o", "bcg.svg")
    assert code == 0
    assert out == ""
    assert "Forest plot of 13 studies" in err
    assert "Aronson 1948" in (tmp_path / "bcg.svg").read_text()


def test_forest_of_an_analysis_is_that_of_the_report(invoke, tmp_path):
    code, out, _ = invoke("forest", "soreness", "--studies", STUDIES, "--json")
    assert code == 0
    content = json.loads(out)
    assert content["file"] == "forest-soreness.svg"
    assert "Steward 2019" in (tmp_path / "forest-soreness.svg").read_text()


def test_forest_refuses_what_is_neither(invoke, tmp_path):
    code, _, err = invoke("forest", "nonsense", "--studies", STUDIES)
    assert code == 2
    assert "unknown outcome 'nonsense'" in err
    code, _, err = invoke("forest", DATA / "bcg.csv", "-m", "RR", "-o", "bcg.docx")
    assert code == 2
    assert "bcg.docx" in err
    assert list(tmp_path.iterdir()) == []


def test_funnel_of_a_table(invoke, tmp_path):
    code, _, err = invoke("funnel", DATA / "bcg.csv", "-m", "OR", "-o", "funnel.png")
    assert code == 0
    assert "written to funnel.png" in err
    assert (tmp_path / "funnel.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("columns", "measure", "expected"),
    [
        (
            "Study,Experimental events,Experimental total,Control events,Control total",
            "OR",
            ["Experimental events", "Experimental total", "Control events", "Control total"],
        ),
        ("studlab,event.e,n.e,event.c,n.c", "RR", ["event.e", "n.e", "event.c", "n.c"]),
        ("ai,bi,ci,di", "RR", ["ai", "bi", "ci", "di"]),
        ("m1i,sd1i,n1i,m2i,sd2i,n2i", "SMD", ["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"]),
        ("mean.e,sd.e,n.e,mean.c,sd.c,n.c", "MD", ["mean.e", "sd.e", "n.e", "mean.c", "sd.c", "n.c"]),
        ("x1i,t1i,x2i,t2i", "IRR", ["x1i", "t1i", "x2i", "t2i"]),
        ("xi,ni", "PLO", ["xi", "ni"]),
        ("ri,ni", "ZCOR", ["ri", "ni"]),
        ("_meta_es,_meta_se", "GEN", ["_meta_es", "_meta_se"]),
        ("HR,lower,upper", "HR", ["HR", "lower", "upper"]),
    ],
)
def test_columns_are_recognised_by_their_common_spellings(columns, measure, expected):
    assert sorted(guess(columns.split(","), measure, {}).values()) == sorted(expected)


def test_arms_are_not_confused():
    names = ["deaths_treat", "total_treat", "deaths_control", "total_control"]
    assert guess(names, "RR", {}) == {
        "events1": "deaths_treat",
        "n1": "total_treat",
        "events2": "deaths_control",
        "n2": "total_control",
    }


def test_two_candidates_are_not_guessed_between():
    with pytest.raises(InputError, match="both 'events_t' and 'cases_t' could be events1"):
        find("events1", ["events_t", "cases_t"])
    assert find("yi", ["yi", "es"]) == "yi"


def test_what_is_said_is_not_guessed_again():
    names = ["yi", "es", "vi"]
    assert guess(names, "GEN", {"yi": "es"}) == {"yi": "es", "vi": "vi"}


def test_the_measure_is_guessed_only_where_there_is_no_choice():
    assert guess_measure(["TE", "seTE"]) == "GEN"
    with pytest.raises(InputError, match="SMD, MD or ROM"):
        guess_measure(["m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"])


def test_labels_prefer_the_study_over_the_author():
    assert guess_labels(["author", "studlab", "year"]) == ("studlab",)
    assert guess_labels(["Authors", "Year"]) == ("Authors", "Year")
    assert guess_labels(["yi"]) == ()


def test_output_is_one_clean_line():
    assert clean("a\x1b]0;title\x07b\r\nc") == "a]0;titleb c"


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "meta.cli", "pool", "nofile.csv"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 2
    assert done.stderr == "error: no file 'nofile.csv'; give the path of a CSV, TSV or Excel file, or -\n"
