"""Facts, claims without a size and readings go through a whole run."""

import json

import pytest
from small_studies import CLAIMS, make

from meta.report.run import run

MORE = """
[[claims]]
id = "amino-acid"
kind = "fact"
statement = "It is bound to threonine."
short = "bound to threonine"
citation = { made_in = "an article", attributed_to = "nothing", found = false }
intervention = { form = "glycinate" }
[claims.fact]
finding = "false"
because = "glycinate is bound to glycine"
[[claims.fact.sources]]
citation = "A handbook"
address = "example.org"
place = "p. 3"
says = "glycine"
authoritative = true
"""
READINGS = """
[[claims.readings]]
id = "any"
label = "any reduction"
estimand = { measure = "SMD", value_text = "lower cortisol", side = "below" }
analyses = ["cortisol"]
[[claims.readings]]
id = "half"
label = "as claimed"
[[claims.readings]]
id = "literal"
label = "to the letter"
kind = "fact"
fact = { finding = "untestable", because = "nobody says when" }
"""  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    studies = make(folder / "studies")
    text = CLAIMS.replace('kind = "effect"', 'kind = "effect"\nheadline = "any"', 1) + READINGS + MORE
    (studies / "claims.toml").write_text(text, encoding="utf-8")
    found = run(studies, folder / "results", engines=False)
    return found, folder / "results"


def test_a_fact_is_concluded_without_a_pool(results):
    found, folder = results
    assert {item.claim: item.conclusion for item in found.conclusions}["amino-acid"] == "false"
    content = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["claims"]["amino-acid"]
    assert content["conclusion"] == "false"
    assert content["analyses"] == {}
    for name in ("report.html", "report.md"):
        assert "glycinate is bound to glycine" in (folder / name).read_text(encoding="utf-8")


def test_the_headline_is_judged_and_the_readings_stand_beside_it(results):
    _, folder = results
    claim = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["claims"]["calm"]
    analysis = claim["analyses"]["cortisol"]
    assert analysis["reading"] == "any"
    assert set(analysis["readings"]) == {"any", "half", "literal"}
    assert analysis["at_margin"]["threshold"] == 0
    assert analysis["readings"]["half"]["at_margin"]["threshold"] == -0.8
    assert claim["readings"]["literal"]["conclusion"] == "untestable"
    assert "to the letter" in (folder / "report.html").read_text(encoding="utf-8")
