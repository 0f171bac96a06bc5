"""Numbers in plain language, what was printed, safe CSV, inline pictures (meta.report)."""

import csv
import io
import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

import meta
from meta.evidence.claims import Topic
from meta.evidence.study_schema import Result, Study
from meta.report.as_printed import printed
from meta.report.effects_table import csv_text
from meta.report.glossary import glossary
from meta.report.html import safe_url
from meta.report.json_values import plain
from meta.report.plain_language import bayes_factor, display, effect, link, shares, span, worst
from meta.report.sections.answered import parts_of
from meta.report.svg import inline

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (math.log(0.59), "ROM", "41% less"),
        (math.log(2.5), "ROM", "150% more"),
        (math.log(3.2), "RR", "3.2 times as often"),
        (0.001, "ROM", "no difference"),
        (0.3, "SMD", "0.30 SD higher"),
        (-0.001, "SMD", "no difference"),
        (math.inf, "SMD", "any amount more"),
        (math.nan, "ROM", "–"),
    ],
)
def test_effects_in_words(value, measure, text):
    assert effect(value, measure) == text


def test_numbers_on_the_scale_on_which_they_are_read():
    assert display(math.log(0.59), "ROM") == "0.59"
    assert span(math.log(0.5), math.log(2), "ROM") == "50% less to 100% more"


def test_bayes_factors_below_one_are_turned_round():
    assert bayes_factor(0.25) == "4.0 times less likely"
    assert bayes_factor(1.0) == "about as likely"


def test_shares_count_every_verdict():
    assert shares(["a", "b", "a", "a"]) == "3 of 4 a (75%), 1 of 4 b (25%)"


def test_the_gravest_concern_wins():
    assert worst(["low", "unclear"]) == "unclear"
    assert worst(["unclear", "high", "low"]) == "high"


def test_links_are_made_only_of_identifiers():
    assert (
        link("doi:10.1002/(SICI)1097<619::AID>3.0;2-A")
        == "https://doi.org/10.1002/(SICI)1097%3C619::AID%3E3.0;2-A"
    )
    assert (
        link('doi:10.1/x" onmouseover="alert(1)') == "https://doi.org/10.1/x%22%20onmouseover%3D%22alert(1)"
    )
    assert link("PMID 12; rm") == ""
    assert safe_url("JavaScript:alert(1)") == ""
    assert safe_url(None) == ""


def test_every_statistic_of_every_study_can_be_said():
    library = meta.load_evidence(STUDIES).library
    said = {(s.id, r.id): printed(s, r) for s in library.studies for r in s.results}
    assert said[("coates-2025", "soreness-24h")] == (
        "Magnesium gel: mean 43, SD 27 (taken to be one); Placebo gel: mean 41, SD 26 (taken to be one)"
    )
    assert said[("linc-4", "normalised")] == "Osilodrostat: 77% of 48; Placebo: 8% of 25"
    kinds = {r.statistic.kind for s in library.studies for r in s.results}
    assert len(kinds) >= 10
    empty = [key for key, text in said.items() if not text]
    assert not empty


def test_a_percentage_keeps_the_decimals_it_was_printed_with(tmp_path):
    study, result = one_result(
        {"kind": "percentages", "arms": [{"arm": "mg", "percent": 27.0, "decimals": 1}]}
    )
    assert printed(study, result) == "Magnesium: 27.0%"


def test_a_minus_sign_and_every_digit_survive():
    study, result = one_result(
        {
            "kind": "mean-difference",
            "difference": -0.12345678,
            "ci_low": -1,
            "ci_high": 2,
            "level": 0.9,
            "p": 0.031,
        }
    )
    assert printed(study, result) == "difference −0.12345678; 90% CI −1 to 2; p = 0.031"


def one_result(statistic):
    study = Study.model_validate(
        {
            "id": "one",
            "label": "One",
            "title": "One",
            "status": "included",
            "sources": [{"key": "paper", "citation": "One", "read": "abstract"}],
            "design": {"kind": "parallel", "allocation": "randomised", "blinding": "open", "control": "none"},
            "population": {"group": "adults", "description": "people"},
            "arms": [{"id": "mg", "role": "treatment", "label": "Magnesium"}],
            "results": [
                {
                    "id": "r1",
                    "outcome": "cortisol",
                    "measured": "cortisol",
                    "time": {"label": "end"},
                    "phase": "final",
                    "arms": ["mg"],
                    "source": "paper",
                    "place": "Table 1",
                    "statistic": statistic,
                }
            ],
        }
    )
    result: Result = study.results[0]
    return study, result


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =cmd|' /C calc'!A0"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    ((_, cell),) = list(csv.reader(io.StringIO(csv_text([{"a": "x", "b": text}], ("a", "b")))))[1:]
    assert cell == "'" + text


def test_numbers_stay_numbers_in_csv_with_every_digit():
    value = -0.1 - 0.2
    rows = list(
        csv.DictReader(io.StringIO(csv_text([{"a": value, "b": 3, "c": math.nan, "d": True}], "abcd")))
    )
    assert float(rows[0]["a"]) == value
    assert (rows[0]["b"], rows[0]["c"], rows[0]["d"]) == ("3", "", "true")


def test_plain_turns_what_json_cannot_hold_into_nothing():
    assert plain({"a": [float("inf"), 1.5], "b": (math.nan,)}) == {"a": [None, 1.5], "b": [None]}


SVG = (
    '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n'
    '<!-- by hand --><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="9pt" height="9pt" viewBox="0 0 9 9" role="img" aria-labelledby="t d"><title id="t">T</title>'
    "<metadata><a/></metadata>"
    '<clipPath id="c"><rect/></clipPath><g id="pooled" clip-path="url(#c)"><use xlink:href="#c"/></g></svg>'
)


def test_two_inline_pictures_share_no_id():
    first, second = (ElementTree.fromstring(inline(SVG, name, "alt")) for name in ("one", "two"))
    ids = [{node.get("id") for node in tree.iter() if node.get("id")} for tree in (first, second)]
    assert ids[0] == {"one-t", "one-c", "one-pooled"}
    assert not ids[0] & ids[1]


def test_references_inside_a_picture_follow_their_targets():
    text = inline(SVG, "one", 'a "quoted" & <b>')
    assert "url(#one-c)" in text
    assert 'xlink:href="#one-c"' in text
    assert "metadata" not in text
    assert "<!--" not in text
    assert 'width="9pt"' not in text
    assert ElementTree.fromstring(text).get("aria-label") == 'a "quoted" & <b>'


def test_parts_are_cut_where_they_end():
    assert parts_of("a (b; c (d; e)); f") == ["a (b; c (d; e))", "f"]


def test_the_glossary_explains_what_the_report_says():
    words = " ".join(word for word, _ in glossary(Topic())).lower()
    for needed in (
        "p-value",
        "surprisal",
        "bayes factor",
        "prediction interval",
        "tier",
        "regression to the mean",
    ):
        assert needed in words
