"""``meta init``: a review of your own, from an empty folder to a verdict."""

import json
import os
import subprocess
import sys
import tomllib

import nbformat
import pytest

from meta.evidence.load_studies import check_folder, read_library
from meta.evidence.new_review_files import QUESTIONS, begin, first_files

COLDS = ("--treatment", "vitamin C", "--outcome", "days with a cold", "--people", "adults")
TRIAL = (
    *("--group", "adults", "--allocation", "randomised", "--control", "placebo", "--read", "abstract"),
    *("--design", "parallel", "--route", "oral", "--place", "abstract", "--outcome", "days-with-a-cold"),
    *("--time", "2 weeks", "--phase", "final", "--unit", "days", "--yes"),
    *("--sd1", "2.0", "--n1", "43", "--mean2", "5.6", "--sd2", "2.2", "--n2", "41"),
)


def run(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "meta.cli", *arguments],
        capture_output=True, text=True, cwd=folder, stdin=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip


@pytest.mark.slow
def test_from_an_empty_folder_to_a_verdict_on_another_topic(tmp_path):
    done = run("init", "colds", *COLDS, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for author, year, mean in (("Doe J", "2001", "4.2"), ("Roe K", "2004", "4.6")):
        own = ("--author", author, "--year", year, "--title", "A trial", "--mean1", mean)
        done = run("add", *own, *TRIAL, folder=tmp_path / "colds")
        assert done.returncode == 0, done.stderr
    done = run("run", "--no-engines", folder=tmp_path / "colds")
    assert done.returncode == 0, done.stderr
    verdicts = json.loads((tmp_path / "colds" / "results" / "verdicts.json").read_text())
    assert verdicts["claims"]["days-with-a-cold-claim"]["conclusion"] in ("inconclusive", "supported")
    report = (tmp_path / "colds" / "results" / "report.md").read_text()
    assert "vitamin C" in report
    for word in ("magnesium", "soreness", "cortisol", "cramp"):
        assert word not in report.lower()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    done = run("init", ".", *COLDS, folder=tmp_path)
    assert done.returncode == 2
    assert "never overwritten" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_better_is_lower_or_higher(tmp_path):
    done = run("init", "x", "--better", "more", folder=tmp_path)
    assert done.returncode == 2
    assert "better must be lower or higher" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"better": "higher"},
        {
            "treatment": 'a "quoted" word \\ and 10% of $5',
            "people": "Jürgen’s 𝛼 cohort",
            "outcome": "schläft",
        },
        {"treatment": "水", "outcome": "痛み"},
    ],
)
def test_whatever_is_answered_the_files_are_read_without_a_problem(tmp_path, changed):
    answers = {name: default for name, (_, default) in QUESTIONS.items()} | changed
    begin(tmp_path, answers)
    assert check_folder(tmp_path / "studies") == []
    library = read_library(tmp_path / "studies")
    assert library.claims.topic.treatment == answers["treatment"]
    assert library.studies[0].status == "excluded"
    assert library.claims.claims[0].estimand.side == (
        "above" if changed.get("better") == "higher" else "below"
    )
    nbformat.validate(nbformat.read(tmp_path / "notebook.ipynb", as_version=4))


def test_the_first_files_name_every_field_that_a_verdict_needs():
    answers = {name: default for name, (_, default) in QUESTIONS.items()}
    content = tomllib.loads(first_files(answers)["studies/claims.toml"])
    assert set(content) == {"topic", "outcomes", "populations", "claims"}


def test_an_empty_folder_says_how_to_begin(tmp_path):
    done = run("run", folder=tmp_path)
    assert done.returncode == 2
    assert "meta init begins a review" in done.stderr
