"""From study files to results: verdicts.json, effects.csv, figures, report (meta.report.run and helpers)."""

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from small_studies import STUDY, make, snapshot

import meta
from meta.claims.answer_claims import answer_all
from meta.errors import DiagnosticsError, EvidenceError
from meta.report import engines as engines_module
from meta.report.answered_analysis import ClaimSubject, Gallery
from meta.report.certainty_table import sure
from meta.report.effects_table import effect_rows
from meta.report.engines import Comparison, EngineCheck
from meta.report.record import KEPT
from meta.report.run import run
from meta.report.sections.share import untreated_share

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture
def small(tmp_path):
    return make(tmp_path / "studies")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    target = tmp_path_factory.mktemp("real") / "results"
    return run(STUDIES, target, engines=False), target


class Page(HTMLParser):
    """What a test needs to know of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.text, self.sources = [], [], [], [], []
        self.headings = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        self.sources += [attrs[name] for name in ("src", "srcset", "data", "poster") if name in attrs]

    def handle_data(self, data):
        self.text.append(data.replace("\u00a0", " "))


@pytest.fixture(scope="module")
def report(real):
    text = (real[1] / "report.html").read_text(encoding="utf-8")
    return Page(text), text


def test_everything_that_was_promised_is_there(real):
    result, target = real
    found = snapshot(target)
    assert {*result.files, KEPT} == set(found)
    texts = ("history.jsonl", "inputs.json", "report.html", "report.md", "tables.docx")
    for name in ("verdicts.json", "effects.csv", *texts, "figures/forest-soreness.svg"):
        assert name in found
    assert {"figures/normalisation-cortisol-78.png", "figures/verdicts.svg"} <= set(found)
    for name in result.files:
        if name.startswith("figures/") and name.endswith(".png"):
            assert found[name].startswith(b"\x89PNG")


def test_verdicts_json_says_what_the_answers_say(real):
    result, target = real
    text = (target / "verdicts.json").read_text(encoding="utf-8")
    content = json.loads(text)
    answers = {item.analysis.id: item for item in answer_all(meta.load_evidence(STUDIES))}
    soreness = content["claims"]["soreness-41"]["analyses"]["soreness"]
    assert soreness["conclusion"] == answers["soreness"].verdict.conclusion
    assert soreness["posterior"]["estimate"] == answers["soreness"].posterior.estimate
    assert soreness["at_margin"]["mean"] == answers["soreness"].verdict.at_margin.mean
    assert len(soreness["variations"]) == len(answers["soreness"].variations)
    assert content["claims"]["cortisol-78"]["conclusions"] == {"cortisol-normalised": "untestable"}
    assert content["version"] == meta.__version__
    assert content["engines"]["checked"] is False
    assert content["files"] == sorted(result.files)
    assert "NaN" not in text
    assert "Infinity" not in text


def test_effects_csv_has_every_study_with_its_source(real):
    with (real[1] / "effects.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    evidence = meta.load_evidence(STUDIES)
    for name in evidence.analyses:
        own = [row for row in rows if row["analysis"] == name]
        effects, left_out = evidence.effects(name), evidence.not_eligible(name)
        assert len(own) == effects.k + len(left_out)
        listed = [row for row in own if row["status"] != "not eligible"]
        for row, y, kind in zip(listed, effects.yi, effects.kind, strict=True):
            assert row["source"]
            assert row["place"]
            assert row["read"]
            assert row["kind"] == kind
            assert row["steps"] if kind != "none" else row["reason"]
            assert (float(row["yi"]) == y) if row["yi"] else (y != y)
        assert all(row["reason"] for row in own if row["status"] == "not eligible")
    assert {"D"} <= {row["tier"] for row in rows}


def test_the_report_loads_nothing(report):
    page_, text = report
    assert page_.sources == []
    assert not any(tag in ("link", "iframe", "object", "img", "base", "form") for tag, _ in page_.tags)
    scripts = [attrs for tag, attrs in page_.tags if tag == "script"]
    assert [attrs for attrs in scripts if "type" not in attrs] == [{}, {}]
    assert all(attrs["type"] == "application/json" for attrs in scripts if attrs)
    assert not any("src" in attrs for attrs in scripts)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert not [name for _, attrs in page_.tags for name in attrs if name.startswith("on")]


def test_every_link_inside_the_report_leads_somewhere(report):
    page_, _ = report
    assert len(page_.ids) == len(set(page_.ids))
    inside = {link[1:] for link in page_.links if link.startswith("#")}
    assert inside <= set(page_.ids)
    assert all(link.startswith(("#", "https://", "http://")) for link in page_.links)


def test_every_effect_in_the_report_has_its_source_and_its_study(report, real):
    page_, text = report
    for row in effect_rows(meta.load_evidence(STUDIES)):
        assert f"study-{row['study_id']}" in page_.ids
        if row["status"] == "not eligible":
            assert f"#study-{row['study_id']}" in page_.links
            continue
        assert f"#result-{row['study_id']}-{row['result']}" in page_.links
        source = row["source"]
        if source.startswith("doi:"):
            assert any(link.startswith("https://doi.org/") for link in page_.links)
        assert source.replace("&", "&amp;") in text.replace("\u00a0", " ")


def test_the_report_can_be_read_from_top_to_bottom(report):
    page_, text = report
    words = " ".join(page_.text)
    for claim in meta.load_evidence(STUDIES).claims.values():
        assert claim.statement in words
        assert f"claim-{claim.id}" in page_.ids
    assert "That source could not be found." in words
    assert "No source is given." in words
    order = [
        text.index(f'id="{part}"')
        for part in ("verdicts", "changed", "claim-soreness-41", "words", "methods", "references", "studies")
    ]
    assert order == sorted(order)
    assert page_.headings[0] == 1
    steps = [b - a for a, b in zip(page_.headings, page_.headings[1:], strict=False)]
    assert max(steps) == 1
    for needed in (
        "regression to the mean",
        "How sure can one be?",
        "How much do prior beliefs decide?",
        "Could results be missing?",
        "What was assumed",
        "Risk of bias",
        "not applicable: they need at least 3 trials",
    ):
        assert needed in words
    assert "Rajizadeh 2017" in words
    assert "77% of 48" in words


def test_the_report_is_accessible_where_a_test_can_tell(report):
    page_, _ = report
    assert ("html", {"lang": "en"}) in page_.tags
    headers = [attrs for tag, attrs in page_.tags if tag == "th"]
    assert headers
    assert all("scope" in attrs for attrs in headers)
    pictures = [attrs for tag, attrs in page_.tags if tag == "svg"]
    assert len(pictures) >= 7
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in pictures)
    first_link = next(attrs for tag, attrs in page_.tags if tag == "a")
    assert first_link == {"class": "skip", "href": "#main"}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def roots(text):
    return re.findall(r":root{([^}]*--[^}]*)}", text)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_the_report_have_enough_contrast(report, theme):
    light, dark = (dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", rule)) for rule in roots(report[1]))
    colours = {**light, **(dark if theme == "dark" else {})}
    for name in ("ink", "soft", "link"):
        for ground in (colours["paper"], colours["wash"], colours["mark"]):
            assert contrast(ground, colours[name]) >= 4.5, name
    for name in ("green", "amber", "red", "slate"):
        assert contrast("#ffffff", light[name]) >= 4.5, name


def test_the_section_on_shares_counts_scenarios_and_quotes_benchmarks_as_printed(tmp_path):
    evidence = meta.load_evidence(STUDIES)
    blocks = untreated_share(ClaimSubject(evidence, evidence.claims["cortisol-78"], Gallery(tmp_path)))
    scenarios, benchmarks = (block for block in blocks if type(block).__name__ == "Table")
    assert len(scenarios.rows) == 16
    primary = [row for row in scenarios.rows if "(primary)" in row.cells[0].text]
    assert [row.cells[3].text for row in primary] == ["58%", "69%", "77%", "83%"]
    assert primary[-1].cells[-1].text == "none needed"
    needless = sum(row.cells[-1].text == "none needed" for row in scenarios.rows)
    assert f"In {needless} of 16 of the scenarios" in str(blocks)
    assert {row.cells[0].lines[0][0].href for row in benchmarks.rows} == {
        "#study-rajizadeh-2017",
        *(f"#study-linc-{number}" for number in (1, 2, 3, 4)),
    }


def test_probabilities_stand_beside_their_priors(real):
    item = real[0].answers["soreness"]
    lines = {line.question: line for line in sure(item)}
    line = next(line for question, line in lines.items() if "about as large as claimed" in question)
    assert line.answer == f"{100 * item.verdict.at_margin.mean:.1f}%"
    assert f"{100 * item.verdict.at_margin.prior:.1f}%" in line.meaning
    assert any("no effect at all" in question for question in lines)


def test_beside_analyses_have_no_verdict_but_are_shown(real, report):
    beside = [item for item in real[0].answers.values() if item.analysis.role == "beside"]
    assert beside
    assert all(f"analysis-{item.analysis.id}" in report[0].ids for item in beside if item.effects.k)
    judged = [item.analysis for item in real[0].conclusions]
    assert judged == ["soreness", "cortisol-normalised", "cramps-older-adults", "cramps-pregnancy"]


def test_the_same_files_give_the_same_bytes(small, tmp_path):
    run(small, tmp_path / "one", engines=False)
    run(small, tmp_path / "two", engines=False)
    run(small, tmp_path / "one", engines=False)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_results_do_not_depend_on_where_the_files_are(small, tmp_path):
    run(small, tmp_path / "one", engines=False)
    elsewhere = tmp_path / "deep" / "studies"
    shutil.copytree(small, elsewhere)
    run(elsewhere, tmp_path / "two", engines=False)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_markup_in_study_files_is_shown_as_text(small, tmp_path):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} ]]> &amp;"
    text = STUDY.format(id="evil-2000", label="Evil --!></text><script>", title=evil, mean=9)
    text = text.replace('read = "abstract"', 'read = "abstract"\nread_at = "javascript:alert(3)"')
    (small / "evil-2000.toml").write_text(text)
    run(small, tmp_path / "results", engines=False)
    html = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    found = Page(html)
    assert not [tag for tag, _ in found.tags if tag in ("img", "b ")]
    scripts = [attrs for tag, attrs in found.tags if tag == "script"]
    assert len([attrs for attrs in scripts if attrs.get("type") != "application/json"]) == 2
    assert not [name for _, attrs in found.tags for name in attrs if name.startswith("on")]
    assert "<b>halves</b>" in "".join(found.text)
    assert evil.replace("&amp;", "&amp;") in "".join(found.text)
    assert not [link for link in found.links if link.startswith("javascript")]
    svg = (tmp_path / "results" / "figures" / "forest-cortisol.svg").read_text(encoding="utf-8")
    assert "<script" not in svg


def test_a_formula_in_a_label_is_disarmed_in_the_csv(small, tmp_path):
    text = STUDY.format(id="evil-2000", label="=HYPERLINK(1)", title="t", mean=9)
    (small / "evil-2000.toml").write_text(text)
    run(small, tmp_path / "results", engines=False)
    with (tmp_path / "results" / "effects.csv").open(encoding="utf-8", newline="") as stream:
        labels = {row["study"] for row in csv.DictReader(stream)}
    assert "'=HYPERLINK(1)" in labels


def test_a_broken_study_leaves_the_results_alone(small, tmp_path):
    run(small, tmp_path / "results", engines=False)
    before = snapshot(tmp_path / "results")
    path = small / "first-2000.toml"
    path.write_text(path.read_text().replace("sd = 3", "sd = -3").replace("year = 2000", "year = 3000"))
    with pytest.raises(EvidenceError) as caught:
        run(small, tmp_path / "results", engines=False)
    assert len(caught.value.problems) >= 2
    assert snapshot(tmp_path / "results") == before


def test_a_failure_while_drawing_leaves_the_results_alone(small, tmp_path, monkeypatch):
    run(small, tmp_path / "results", engines=False)
    before = snapshot(tmp_path / "results")

    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("meta.report.html.render", fail)
    with pytest.raises(OSError, match="No space left"):
        run(small, tmp_path / "results", engines=False)
    assert snapshot(tmp_path / "results") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results", "studies"]


def test_a_claim_without_any_study_is_untestable_and_does_not_crash(small, tmp_path):
    for path in small.glob("*-2000.toml"):
        path.unlink()
    result = run(small, tmp_path / "results", engines=False)
    assert [item.conclusion for item in result.conclusions] == ["untestable"]
    assert "No eligible trial measured this." in (tmp_path / "results" / "report.html").read_text()


def test_progress_is_told(small, tmp_path):
    said = []
    run(small, tmp_path / "results", engines=False, say=said.append)
    assert said[0].startswith("reading")
    assert any("drawing" in line for line in said)
    assert said[-1] == "writing the report"


def test_engines_agree_within_four_monte_carlo_errors():
    assert Comparison("x", 0.0, 0.0399, 0.01).agrees
    assert not Comparison("x", 0.0, 0.0401, 0.01).agrees


def test_tasks_survive_their_way_to_the_sampler(small):
    (answer,) = answer_all(meta.load_evidence(small))
    task = json.loads(json.dumps(engines_module._task(answer)))
    assert engines_module._floats(task["yi"]).tolist() == answer.effects.yi.tolist()
    assert engines_module._floats(["inf", "-inf", None, 1.0])[:2].tolist() == [float("inf"), float("-inf")]
    assert (task["effect_sd"], task["tau_sd"]) == (1.0, 0.5)


def test_a_sampler_that_dies_is_reported_and_the_results_are_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr(engines_module.sys, "executable", "/bin/false")
    result = run(small, tmp_path / "results")
    assert result.engines == {}
    assert any("could not be checked" in warning for warning in result.warnings)
    assert json.loads((tmp_path / "results" / "verdicts.json").read_text())["engines"]["checked"] is False


def test_engines_that_disagree_are_reported(small, tmp_path, monkeypatch):
    monkeypatch.setattr(EngineCheck, "start", lambda self: self)
    monkeypatch.setattr(EngineCheck, "result", lambda self: {"cortisol": False})
    result = run(small, tmp_path / "results")
    assert result.warnings == ("the exact and the sampled posterior of cortisol do not agree",)
    assert "do NOT agree" in (tmp_path / "results" / "report.html").read_text()


def test_nothing_to_sample_starts_no_sampler():
    check = EngineCheck([]).start()
    assert check.result() == {}
    check.stop()


@pytest.mark.long
@pytest.mark.mcmc
def test_the_engines_agree_on_the_real_evidence_and_the_bytes_stay_the_same(tmp_path):
    first = run(STUDIES, tmp_path / "one")
    assert set(first.engines) == {"soreness", "cortisol", "cramps-older-adults", "cramps-pregnancy"}
    assert all(first.engines.values())
    assert first.warnings == ()
    run(STUDIES, tmp_path / "two")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_a_refusal_of_the_sampler_is_a_diagnostics_error(small, monkeypatch):
    monkeypatch.setattr(engines_module.sys, "executable", "/bin/false")
    check = EngineCheck(answer_all(meta.load_evidence(small))).start()
    with pytest.raises(DiagnosticsError, match="--no-engines"):
        check.result()
