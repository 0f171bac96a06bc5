"""meta add and meta schema as a user meets them: flags, references, tables, a terminal."""

import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from meta import cli
from meta.effects.study_evidence import load_evidence
from meta.errors import EvidenceError, quiet
from meta.evidence.load_studies import check_folder, read_library

STUDIES = Path(__file__).parents[2] / "studies"
BIB = """@article{doe, author={Doe, Jane Q. and Roe, K}, title={A {M}agnesium trial}, year={2001},
journal={J Test}, volume=3, pages={1--9}, doi={10.1000/ABC}}
@article{roe, author={Roe, K}, title={Another}, year={2002}, doi={10.1000/DEF}}"""
TRIAL = ["--group", "adults", "--allocation", "randomised", "--control", "placebo", "--read", "abstract",
         "--place", "Table 2", "--outcome", "cortisol", "--time", "8 weeks", "--phase", "final"]  # fmt: skip
MEANS = ["--mean1", "11.2", "--sd1", "3.1", "--n1", "20", "--mean2", "13.0", "--sd2", "2.9", "--n2", "21"]
DOE = ["--author", "Doe JQ", "--author", "Roe K", "--year", "2001", "--title", "A trial"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(STUDIES, tmp_path / "studies")
    return tmp_path / "studies"


@pytest.fixture
def add(monkeypatch, capsys, folder):
    """Run meta add beside a copy of the studies; return exit code, output and complaints."""
    monkeypatch.chdir(folder.parent)

    def call(*arguments, stdin=None, terminal=None, command="add"):
        monkeypatch.setattr(sys, "argv", ["meta", command, *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", Terminal(terminal) if terminal else io.StringIO(stdin or ""))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return stopped.value.code or 0, captured.out, captured.err

    return call


def content(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_usual_trial_in_one_line(add, folder):
    code, out, err = add(*DOE, *TRIAL, *MEANS, "--yes")
    assert code == 0
    assert "cortisol: tier A: Means 11.2 (SD 3.1) and 13 (SD 2.9), n 20 and 21. Hedges's g = -0.589" in out
    assert out.splitlines()[-1] == "written: studies/doe-2001.toml"
    assert "not stated in the file: design, blinding" in err
    assert (folder / "doe-2001.toml").read_text().startswith("#:schema ./schema/study.schema.json\n")
    assert check_folder(folder) == []
    assert read_library(folder).study("doe-2001").authors == ("Doe JQ", "Roe K")


def test_a_file_that_exists_is_never_overwritten(add, folder):
    before = content(folder)
    code, _, err = add(*DOE, *TRIAL, *MEANS, "--yes", "--id", "steward-2019")
    assert code == 2
    assert "steward-2019.toml exists and is not overwritten" in err
    assert content(folder) == before


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(add, folder, monkeypatch):
    from meta.evidence import writing

    def late(place, studies):
        (folder / "doe-2001.toml").write_text("mine")
        return original(place, studies)

    original = writing.write_new
    monkeypatch.setattr(writing, "write_new", late)
    code, _, err = add(*DOE, *TRIAL, *MEANS, "--yes")
    assert code == 2
    assert "not overwritten" in err
    assert (folder / "doe-2001.toml").read_text() == "mine"


def test_a_dry_run_shows_the_file_and_writes_nothing(add, folder):
    before = content(folder)
    code, out, err = add(*DOE, *TRIAL, *MEANS, "--dry-run")
    assert code == 0
    assert 'title = "A trial"' in out
    assert "Hedges's g = -0.589" in out
    assert "nothing was written" in err
    assert content(folder) == before


def test_json_has_the_text_the_effect_and_what_was_written(add, folder):
    code, out, _err = add(*DOE, *TRIAL, *MEANS, "--yes", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["written"] == ["studies/doe-2001.toml"]
    assert found["studies"][0]["text"] == (folder / "doe-2001.toml").read_text()
    assert found["studies"][0]["effects"][0]["yi"] == pytest.approx(-0.589, abs=5e-4)
    code, out, _ = add(*TRIAL, "--json")
    assert code == 2
    assert {item["field"] for item in json.loads(out)["problems"]} >= {"id", "kind"}


def test_a_pipe_needs_yes(add, folder):
    before = content(folder)
    code, _, err = add(*DOE, *TRIAL, *MEANS)
    assert code == 2
    assert "say --yes" in err
    code, _, err = add()
    assert code == 2
    assert err.startswith("error: there is nobody to ask here")
    assert content(folder) == before


def test_a_terminal_is_asked_before_writing(add, folder):
    code, _out, err = add(*DOE, *TRIAL, *MEANS, terminal="n\n")
    assert code == 1
    assert "nothing was written" in err
    assert not (folder / "doe-2001.toml").exists()
    assert add(*DOE, *TRIAL, *MEANS, terminal="\n")[0] == 0
    assert (folder / "doe-2001.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--maen1", "3"], "did you mean mean1, median1 or mean2?"),
        (["--mean1"], "--mean1 has no value"),
        (["--mean1", "--sd1", "3"], "--mean1 has no value"),
        (["--mean1", "3", "--mean1", "4"], "given twice"),
        (["stray"], "'stray' belongs to no flag"),
        (["--from", "nowhere.bib"], "no file 'nowhere.bib'"),
        (["--rows", "nowhere.csv"], "no file 'nowhere.csv'"),
        (["--studies", "nowhere", *DOE, *TRIAL, *MEANS, "--yes"], "no folder 'nowhere'"),
    ],
)
def test_mistakes_are_one_sentence(add, arguments, message):
    code, _, err = add(*arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["../doe", "con", "claims", "Doe", "", "doe/2001", "dœ-2001", "doe.toml"])
def test_ids_that_are_no_file_names_write_nothing(add, folder, name):
    before = content(folder.parent)
    code, _out, _err = add(*DOE[:-2], "--title", "T", *TRIAL, *MEANS, "--yes", f"--id={name}")
    assert (code == 0) == (name == "")  # an empty id is none, so author and year give it
    if name:
        assert content(folder.parent) == before


def test_nonsense_comes_as_a_table_and_nothing_is_written(add, folder):
    before = content(folder)
    code, out, err = add(*DOE, *TRIAL, "--mean1", "3", "--sd1", "0", "--mean2", "x", "--yes")
    assert code == 2
    assert out.splitlines()[0] == "2 problems"
    assert out.splitlines()[1].split() == ["file", "field", "value", "rule", "remedy"]
    assert err == "nothing was written\n"
    assert content(folder) == before


def test_a_study_that_breaks_a_rule_of_the_library_is_not_written(add, folder):
    before = content(folder)
    code, out, _ = add(*DOE, *TRIAL, *MEANS, "--yes", "--doi", "10.1007/s00421-019-04238-y")
    assert code == 2
    assert "steward-2019.toml has the same DOI" in out or "doe-2001.toml has the same DOI" in out
    assert content(folder) == before
    assert (
        add(*DOE, *TRIAL, *MEANS, "--yes", "--doi", "10.1007/s00421-019-04238-y", "--cohort", "steward-2019")[
            0
        ]
        == 0
    )


def test_problems_of_other_files_do_not_stand_in_the_way(add, folder):
    (folder / "reno-2022.toml").write_text("broken")
    assert add(*DOE, *TRIAL, *MEANS, "--yes")[0] == 0


def test_why_a_study_is_not_eligible_is_told(add):
    out = add("--author", "Doe J", "--year", "2001", *TRIAL, *MEANS, "--control", "none", "--dry-run")
    assert "given twice" in out[2]
    arguments = [item if item != "placebo" else "none" for item in TRIAL]
    code, out, _ = add(*DOE, *arguments, *MEANS, "--dry-run")
    assert code == 0
    assert "not in cortisol: control: none" in out
    arguments = [item if item != "cortisol" else "other" for item in TRIAL]
    assert "it reports other; pooled are" in add(*DOE, *arguments, *MEANS, "--dry-run")[1]


def test_a_reference_gives_the_bibliographic_fields(add, folder, tmp_path):
    (tmp_path / "refs.bib").write_text(BIB)
    code, _, err = add("--from", "refs.bib", *TRIAL, *MEANS, "--yes")
    assert code == 2
    assert "name one with --entry: doe, roe" in err
    assert "it has doe, roe" in add("--from", "refs.bib", "--entry", "moe")[2]
    assert add("--from", "refs.bib", "--entry", "doe", *TRIAL, *MEANS, "--yes")[0] == 0
    assert add("--from", "-", "--entry", "10.1000/def", *TRIAL, *MEANS, "--yes", stdin=BIB)[0] == 0
    library = read_library(folder)
    assert library.study("doe-2001").journal == "J Test 2001;3:1-9"
    assert library.study("roe-2002").doi == "10.1000/def"


# Real trials of this folder, entered again as flags; the arms' ids follow from the control.
AGAIN = {
    "roguin-maor-2017": (
        "cramps-older-adults",
        "A",
        """
        --design parallel --allocation randomised --control placebo --group "older adults with
        cramps" --form oxide --route oral --outcome cramp-frequency --time "4 weeks" --phase final
        --mean1 4.44 --sd1 5.66 --n1 48 --mean2 5.48 --sd2 4.93 --n2 46""",
    ),
    "schutten-2021": (
        "cortisol",
        "B",
        """
        --design parallel --allocation randomised --control placebo --group adults --route oral
        --outcome cortisol --time "24 weeks" --phase final --adjusted yes --md -32 --ci-low -59
        --ci-high -5 --p 0.021 --n1 25 --n2 24""",
    ),
    "abbasi-2012": (
        "cortisol",
        "B",
        """
        --design parallel --allocation randomised --control placebo --group adults --outcome
        cortisol --time "8 weeks" --phase "not stated" --adjusted unknown --direction lower --p
        0.008""",
    ),
    "dahle-1995": (
        "cramp-free-pregnancy",
        "A",
        """
        --design parallel --allocation randomised --control placebo --group "pregnant women with
        cramps" --outcome cramp-free --higher-is better --time "3 weeks" --phase final --measure RR
        --estimate 5.66 --ci-low 1.35 --ci-high 23.68""",
    ),
    "araujo-2020": (
        "cramp-free-pregnancy",
        "B",
        """
        --design parallel --allocation randomised --control placebo --group "pregnant women with
        cramps" --outcome cramp-free --higher-is better --time "4 weeks" --phase final --percent1
        27.2 --n1 66 --percent2 32.8 --p 0.527""",
    ),
    "pjmhs-2022": (
        "cramp-free-pregnancy",
        "A",
        """
        --design parallel --allocation randomised --control "not stated" --group "pregnant women
        with cramps" --outcome cramp-free --higher-is better --time "4 weeks" --phase final
        --events1 45 --n1 100 --events2 26 --n2 100""",
    ),
    "steward-2019": (
        "soreness",
        "B",
        """
        --design crossover --allocation counterbalanced --control placebo --n-analysed 9 --group
        "healthy exercisers" --outcome soreness --time "all times" --averaged yes --phase average
        --direction lower --p-below 0.01 --eta-squared 0.67""",
    ),
}


def effect(folder, analysis, study):
    with quiet():
        table = load_evidence(folder).effects(analysis)
    row = list(table.columns["study_id"]).index(study)
    return table.columns["tier"][row], table.yi[row], table.vi[row]


@pytest.mark.parametrize("study", AGAIN)
def test_a_real_trial_entered_again_by_flags_has_the_same_effect(add, folder, study):
    analysis, tier, flags = AGAIN[study]
    before = effect(folder, analysis, study)
    assert before[0] == tier
    (folder / f"{study}.toml").unlink()
    code, out, err = add(
        "--id",
        study,
        *shlex.split(" ".join(flags.split())),
        "--read",
        "abstract",
        "--place",
        "results",
        "--yes",
    )
    assert code == 0, out + err
    assert effect(folder, analysis, study) == before


ROWS = """study,group,outcome,time,phase,mean1,sd1,n1,mean2,sd2,n2,percent1,percent2,higher_is
Roguin Maor 2017,older adults with cramps,cramp-frequency,4 weeks,final,4.44,5.66,48,5.48,4.93,46,,,
Roguin Maor 2017,older adults with cramps,cramp-frequency,screening,baseline,7.84,5.68,48,8.51,5.20,46,,,
Supakatisant 2015,pregnant women with cramps,cramp-reduction,4 weeks,final,,,43,,,43,86.0,60.5,better
"""


@pytest.mark.parametrize("kind", ["csv", "semicolons", "xlsx"])
def test_real_trials_entered_again_as_rows_have_the_same_effects(add, folder, tmp_path, kind):
    old = {
        "roguin-maor-2017": effect(folder, "cramps-older-adults", "roguin-maor-2017"),
        "supakatisant-2015": effect(folder, "cramp-halved-pregnancy", "supakatisant-2015"),
    }
    for name in old:
        (folder / f"{name}.toml").unlink()
    path = tmp_path / ("data.xlsx" if kind == "xlsx" else "data.csv")
    if kind == "xlsx":
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        for line in ROWS.splitlines():
            cells = line.split(",")
            book.active.append([float(c) if c.replace(".", "").isdigit() else c or None for c in cells])
        book.save(path)
    else:
        text = ROWS if kind == "csv" else ROWS.replace(",", ";").replace(".", ",")
        path.write_text("\ufeff" + text, encoding="utf-8")
    common = [
        "--read",
        "abstract",
        "--place",
        "results",
        "--allocation",
        "randomised",
        "--control",
        "placebo",
    ]
    code, out, err = add("--rows", path, *common, "--yes")
    assert code == 0, out + err
    assert effect(folder, "cramps-older-adults", "roguin-maor-2017") == old["roguin-maor-2017"]
    if kind != "xlsx":  # Excel keeps no trailing zero, so that 86.0% is less exact there
        assert effect(folder, "cramp-halved-pregnancy", "supakatisant-2015") == old["supakatisant-2015"]


def test_rows_are_written_all_or_none(add, folder):
    before = content(folder)
    code, out, _err = add("--rows", "-", "--read", "abstract", "--place", "results", "--yes",
                         stdin=ROWS.replace("86.0", "186.0").replace("7.84,5.68", "7.84,-5.68")
                                   .replace("Maor 2017", "Maor 2018").replace("2015", "2016"))  # fmt: skip
    assert code == 2
    assert "rows 2, 3" in out
    assert "row 4" in out
    assert "percent1" in out
    assert "sd1" in out
    assert content(folder) == before


def test_headers_of_other_programs_are_understood_and_told(add, folder):
    rows = "study,Mean.e,SD.e,Total.e,Mean.c,SD.c,Total.c\nDoe 2001,1.5,0.4,20,2.5,0.5,21\n"
    code, _, err = add("--rows", "-", *TRIAL, "--yes", stdin=rows)
    assert code == 0
    assert "columns: mean1 = Mean.e, sd1 = SD.e, n1 = Total.e" in err
    statistic = read_library(folder).study("doe-2001").results[0].statistic
    assert [(arm.mean, arm.sd, arm.n) for arm in statistic.arms] == [(1.5, 0.4, 20), (2.5, 0.5, 21)]


def test_a_folder_without_the_schema_is_told_how_to_get_it(add, folder):
    assert "meta schema" not in add(*DOE, *TRIAL, *MEANS, "--yes")[2]
    shutil.rmtree(folder / "schema")
    (folder / "doe-2001.toml").unlink()
    assert "meta schema study -o studies/schema/study.schema.json" in add(*DOE, *TRIAL, *MEANS, "--yes")[2]


def test_columns_are_listed(add):
    code, out, _ = add("--columns")
    assert code == 0
    assert "how far single people lie from the mean" in out
    listed = json.loads(add("--columns", "--json")[1])
    assert {"study", "result", "kind means", "kind narrative"} <= {item["for"] for item in listed}
    assert all(item["means"] and item["takes"] for item in listed)


CONVERSATION = [
    "", "Doe J", "2001", "A trial", "", "", "", "", "abstract", "", "parallel", "randomised", "",
    "placebo", "adults", "", "", "", "oxide", "oral", "300", "", "56", "cortisol", "serum cortisol",
    "8 weeks", "final", "", "", "1", "", "?", "SD", "11.2", "<", "11.2", "3.1", "20", "13,0", "2.9",
    "21", "", "Table 2", "", "", "", "",
]  # fmt: skip


def test_a_conversation_at_a_terminal(add, folder):
    code, out, err = add(terminal="\n".join([*CONVERSATION, "y"]) + "\n")
    assert code == 0, out[-2000:] + err
    assert "Enter never makes up a fact" in out
    assert "divided by the square root of n" in " ".join(out.split())
    assert "Undone: 11.2." in out
    assert "Hedges's g = -0.589" in out
    assert out.splitlines()[-1].endswith("written: studies/doe-2001.toml")
    assert check_folder(folder) == []


@pytest.mark.parametrize("number", [0, 1, 10, 30, len(CONVERSATION)])
@pytest.mark.parametrize("word", ["quit\n", ""])
def test_who_stops_leaves_nothing_behind(add, folder, number, word):
    before = content(folder.parent)
    typed = "\n".join(CONVERSATION[:number]) + "\n" + (word if number < len(CONVERSATION) else "n\n")
    code, _, err = add(terminal=typed)
    assert code == 1
    assert "nothing was written" in err.lower()
    assert content(folder.parent) == before


def test_schema_is_printed_and_written(add, folder, tmp_path):
    code, out, _ = add(command="schema")
    assert code == 0
    assert json.loads(out) == json.loads((STUDIES / "schema" / "study.schema.json").read_text())
    code, _, err = add("claims", "-o", "new/claims.schema.json", command="schema")
    assert (code, err) == (0, "written to new/claims.schema.json\n")
    assert (tmp_path / "new" / "claims.schema.json").read_text() == (
        STUDIES / "schema" / "claims.schema.json"
    ).read_text()
    assert "allowed: study, claims" in add("trial", command="schema")[2]


def test_the_refusal_of_a_bad_id_is_an_evidence_error():
    from meta.commands.adding.add import flags_of

    with pytest.raises(EvidenceError, match="has no value"):
        flags_of(["--id"])


def test_the_documentation_names_every_flag():
    from meta.evidence.columns import NAMES, known

    page = (STUDIES.parent / "docs" / "adding.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)`", page.partition("## The flags")[2].partition("## What")[0]))
    same_with_2 = {f"{name[:-1]}2" for name in named if name.endswith("1")}
    assert set(NAMES) - named - same_with_2 == set()
    page_flags = set(re.findall(r"(?<!-)--([a-z][a-z_0-9-]*)", page)) - {
        "from",
        "entry",
        "rows",
        "sheet",
        "yes",
        "json",
    }
    for name in page_flags - {"dry-run", "columns"}:
        assert known(name)
