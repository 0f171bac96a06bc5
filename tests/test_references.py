"""Every DOI that is written somewhere is in ``docs/references.csv``, with year and where it was seen.

A new DOI needs a line there: ``doi,year,seen_in``. ``seen_in`` names an independent place in which author,
year and DOI stand together; it stays empty if there was none, so that nothing claims to be checked that was
not.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs" / "references.csv"
WHERE = ("meta/**/*.py", "meta/**/*.toml", "docs/*.md", "docs/*.py", "studies/*.toml", "benchmarks/**/*.py")
WHERE += ("README.md", "benchmarks/*.md", "tests/validation/*", "tests/calibration/*.py", "tests/bayes/*.py")
DOI = re.compile(
    r"10\.\d{4,9}/(?:\([^\s)]*\)|<[^\s>]*>|\[[^\]\s]*\]|;2-[A-Z0-9]\b|[^\s`\",;'\]<>}|\\()])+", re.ASCII
)
MADE_UP = ("10.1000/", "10.1234/")
PLACES = {"metafor, metadat or clubSandwich", "evidence notes", "library sources", "search", ""}


def uses() -> dict[str, list[str]]:
    """The text before every DOI, by DOI."""
    found: dict[str, list[str]] = {}
    for pattern in WHERE:
        for path in sorted(ROOT.glob(pattern)):
            text = unquote(path.read_text(encoding="utf-8")).replace("&lt;", "<").replace("&gt;", ">")
            for match in DOI.finditer(text):
                doi = match[0].rstrip(".:*_")
                if not doi.startswith(MADE_UP):
                    found.setdefault(doi, []).append(text[max(0, match.start() - 300) : match.start()])
    return found


@pytest.fixture(scope="module")
def ledger() -> dict[str, dict[str, str]]:
    with LEDGER.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["doi"].lower() for row in rows}) == len(rows), "a DOI stands in the ledger twice"
    return {row["doi"]: row for row in rows}


def test_every_doi_is_in_the_ledger_and_spelled_as_there(ledger):
    known = {doi.lower(): doi for doi in ledger}
    unknown = sorted(doi for doi in uses() if doi.lower() not in known)
    assert not unknown, f"not in docs/references.csv: {unknown}"
    left = sorted(set(known) - {doi.lower() for doi in uses()})
    assert not left, f"in docs/references.csv, but nowhere used: {left}"


PRINT = re.compile(r"\((?:online|epub) \d{4}\)")
YEAR = re.compile(r"(?<![\d./-])(?:1[89]|20)\d\d(?![\d/-])")


def cited_year(text: str) -> str:
    """The last year before a DOI; empty where a value is shown (``'10.1001/...'``) rather than a paper cited.

    That a paper was online before the year of its issue may stand between the two.
    """
    if text.endswith("'"):
        return ""
    years = YEAR.findall(PRINT.sub("", text))
    return years[-1] if years else "none"


def wrong_years(found: dict[str, list[str]], known: dict[str, str]) -> list[str]:
    """Every use of a DOI beside another year than its own, or beside none."""
    return [
        f"{doi} ({known[doi.lower()]}, not {cited_year(text)}): ...{text[-60:]!r}"
        for doi, texts in found.items()
        for text in texts
        if known.get(doi.lower()) and cited_year(text) not in ("", known[doi.lower()])
    ]


def test_the_year_beside_every_use_of_a_doi_is_that_of_the_ledger(ledger):
    assert not wrong_years(uses(), {doi.lower(): row["year"] for doi, row in ledger.items()})


def test_one_wrong_use_among_right_ones_is_seen():
    known = {"10.1002/sim.2514": "2007"}
    right = ["Viechtbauer 2007, doi:", "(2007; then 2021) and Viechtbauer 2007 https://doi.org/"]
    assert not wrong_years({"10.1002/sim.2514": [*right, "PMM (online 2006) 2007 ", "doc() == '"]}, known)
    for wrong in ("Viechtbauer 2007; Viechtbauer 2021, doi:", "Q-profile, doi:"):
        assert len(wrong_years({"10.1002/sim.2514": [*right, wrong]}, known)) == 1


def test_the_ledger_says_where_a_doi_was_seen(ledger):
    assert {row["seen_in"] for row in ledger.values()} <= PLACES
    assert sum(bool(row["seen_in"]) for row in ledger.values()) >= 130
    assert ledger["10.1002/jrsm.1410"]["year"] == "2021"
