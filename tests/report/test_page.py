"""The page, the Markdown and the Word file (meta.report.blocks, html, markdown, word, sections, methods)."""

import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_studies import add, make

import meta
from meta.claims.answer_claims import answer
from meta.report import html as html_module
from meta.report.answered_analysis import Gallery, Subject
from meta.report.blocks import Section, Table, Widget, cell, from_plain, line, link, strong, to_plain
from meta.report.html import TEMPLATES, policy, render
from meta.report.markdown import escape, markdown
from meta.report.reference_list import REFERENCES
from meta.report.run import run
from meta.report.sections.answered import assumptions
from meta.report.sections.missing_results import publication_bias
from meta.report.sections.section_registry import ANALYSIS, write_sections
from meta.report.sections.stated_priors import prior_sensitivity
from meta.report.word import word

ROOT = Path(__file__).parents[2]
MAIN = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
EVIL = "<script>alert(1)</script>|**x** [y](javascript:z) &amp; \x0b"


class Tables(HTMLParser):
    """The tables of a page: their classes, captions and headers."""

    def __init__(self, text):
        super().__init__()
        self.found, self._caption = [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "table":
            self.found.append({"class": attrs.get("class", "").split(), "caption": "", "keys": 0})
        elif tag == "caption":
            self._caption = True
        elif tag in ("td", "th") and "data-sort" in attrs:
            self.found[-1]["keys"] += 1

    def handle_endtag(self, tag):
        self._caption = self._caption and tag != "caption"

    def handle_data(self, data):
        if self._caption:
            self.found[-1]["caption"] += data


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The page of four small trials, with its folder."""
    keep = {}
    folder = tmp_path_factory.mktemp("page")
    studies = make(folder / "studies")
    add(studies, "third-2002", 9.5)
    add(studies, "fourth-2003", 12, **{"A trial": "Title with <b>&'quotes'</b>"})
    original = html_module.render
    patch = pytest.MonkeyPatch()
    patch.setattr(
        html_module, "render", lambda page, figures: keep.setdefault("page", page) and original(page, figures)
    )
    run(studies, folder / "results", engines=False)
    patch.undo()
    return keep["page"], folder / "results"


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    evidence = meta.load_evidence(ROOT / "studies")
    folder = tmp_path_factory.mktemp("figures")
    return lambda name: Subject(evidence, answer(evidence, name), Gallery(folder))


@pytest.fixture(scope="module")
def sort():
    mini_racer = pytest.importorskip("py_mini_racer")
    engine = mini_racer.MiniRacer()
    engine.eval("globalThis.exposed = {};" + (TEMPLATES / "scripts" / "sort.js").read_text(encoding="utf-8"))
    return lambda keys, down: list(engine.eval(f"exposed.order({json.dumps(keys)}, {json.dumps(down)})"))


@pytest.mark.parametrize(
    ("keys", "ascending", "descending"),
    [
        ([3, -1, 2.5], [1, 2, 0], [0, 2, 1]),
        ([3, None, 1], [2, 0, 1], [0, 2, 1]),
        ([1, 1, 0], [2, 0, 1], [0, 1, 2]),
        (["b 10", "b 9", "a"], [2, 1, 0], [0, 1, 2]),
        ([], [], []),
    ],
)
def test_tables_are_sorted_by_number_or_text_with_what_is_missing_last(sort, keys, ascending, descending):
    assert sort(keys, False) == ascending
    assert sort(keys, True) == descending


def test_every_table_has_a_caption_and_the_evidence_can_be_sorted(shown):
    tables = Tables((shown[1] / "report.html").read_text(encoding="utf-8")).found
    assert all(table["caption"] for table in tables)
    (evidence,) = (table for table in tables if "evidence" in table["class"])
    assert "sortable" in evidence["class"]
    assert evidence["keys"] >= 4 * 4  # tier, people, effect and weight of each trial


def test_only_the_scripts_of_the_page_may_run(shown):
    text = (shown[1] / "report.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == 2
    assert policy(scripts).replace("'", "&#39;") in text
    assert "default-src" in text
    assert len(text) < 1_500_000


def test_the_bias_section_tests_only_where_three_trials_can_be_computed(shown, subject):
    text = (shown[1] / "report.md").read_text(encoding="utf-8")
    for method in ("Egger’s regression test", "Trim and fill", "PET-PEESE", "Selection model"):
        assert method in text
    assert "Caution: with 4 trials (fewer than 10)" in text
    assert "funnel-cortisol.svg" in text
    few = publication_bias(subject("soreness"))
    assert "not applicable" in str(few)
    assert not [block for block in few if isinstance(block, Table)]
    told = str(publication_bias(subject("cortisol")))
    assert "4 trials of 6 measured this outcome and printed nothing" in told


def test_prior_sensitivity_has_the_stated_prior_and_its_numbers(subject):
    about = subject("soreness")
    told, table, figure = prior_sensitivity(about)
    (stated,) = (row for row in table.rows if "the stated prior" in row.cells[0].text)
    odds = about.answer.verdict.at_margin
    assert stated.cells[3].sort == pytest.approx(odds.mean, rel=1e-6)
    assert stated.cells[4].sort == pytest.approx(odds.prior, rel=1e-6)
    assert len(table.rows) == 16
    chances = [row.cells[3].sort for row in table.rows]
    assert f"{100 * min(chances):.1f}% to {100 * max(chances):.1f}%" in str(told)
    assert figure.name == "priors-soreness"
    assert prior_sensitivity(subject("cramp-free-pregnancy")) == ()


def test_assumptions_say_for_which_trial_over_which_range_and_why(subject):
    (table,) = assumptions(subject("soreness"))
    rows = {row.cells[0].text: [item.text for item in row.cells[1:]] for row in table.rows}
    who, varied, why = rows["correlation within a person = 0.7"]
    assert (who, varied) == ("Steward 2019", "0.5 to 0.87")
    assert why.startswith("Correlation of one person")


def test_every_number_of_the_evidence_table_leads_to_its_study_and_source(subject):
    about = subject("cortisol")
    sections = {section.id: section for section in write_sections("cortisol", about, ANALYSIS[:2])}
    (table,) = sections["cortisol-evidence"].blocks
    assert len(table.rows) == about.answer.effects.k
    for row, study in zip(table.rows, about.answer.effects.columns["study_id"], strict=True):
        cells = dict(zip(table.columns, row.cells, strict=True))
        assert cells["Trial"].lines[0][0].href == f"#study-{study}"
        assert cells["Effect"].lines[0][0].href.startswith(f"#result-{study}-")
        assert cells["As printed"].lines[0][0].href.startswith(f"#result-{study}-")
        assert cells["Source"].text


def test_methods_cite_only_what_was_used_and_number_it_in_order(shown):
    methods, references = shown[0].methods
    text = " ".join(span.text for block in methods.blocks for span in block.line)
    marks = [int(n) for n in re.findall(r"(\d+)", " ".join(re.findall(r"\[ ?(\d[\d ,]*?) ?\]", text)))]
    listed = references.blocks[0]
    assert sorted(set(marks)) == list(range(1, len(listed.items) + 1))
    first = list(dict.fromkeys(marks))
    assert first == sorted(first)
    assert listed.anchors == tuple(f"ref-{n}" for n in range(1, len(listed.items) + 1))
    assert all(item[1].href.startswith("https://doi.org/10.") for item in listed.items)
    assert "REML" in text
    assert "Hartung-Knapp" in text
    assert "Egger" in text
    assert "risk ratios" not in text
    assert "PyMC" not in text


def test_references_are_dois():
    assert all(re.fullmatch(r"10\.\d{4,5}/\S+", doi) for _, doi in REFERENCES.values())
    assert len({doi for _, doi in REFERENCES.values()}) == len(REFERENCES)


def test_markdown_shows_markup_as_text(shown):
    evil = Section("x", EVIL, (Table("c", ("a", "b"), (from_plain(to_plain(_row(EVIL))),)),))
    page = replace(shown[0], changed=evil)
    text = markdown(page)
    assert "<script>" not in text
    assert r"\<script\>" in text
    (row,) = (item for item in text.splitlines() if item.startswith(r"| \<script"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert "](javascript" not in re.sub(r"\\.", "", text)


def _row(text):
    from meta.report.blocks import Row

    return Row((cell(text, sort=1.5), cell(line(strong("s"), link("l", "#study-a")))))


def test_markdown_links_lead_to_the_page_and_figures_are_there(shown):
    text = (shown[1] / "report.md").read_text(encoding="utf-8")
    assert "(<report.html#study-first-2000>)" in text
    for name in re.findall(r"\]\((figures/[^)]+)\)", text):
        assert (shown[1] / name).exists()
    assert escape("a_b*c") == r"a\_b\*c"


def test_the_word_file_is_a_package_of_well_formed_parts(shown):
    data = (shown[1] / "tables.docx").read_bytes()
    package = zipfile.ZipFile(io.BytesIO(data))
    assert package.testzip() is None
    parts = {name: ElementTree.fromstring(package.read(name)) for name in package.namelist()}
    listed = {node.get("PartName") for node in parts["[Content_Types].xml"] if node.get("PartName")}
    assert listed == {"/word/document.xml", "/word/styles.xml"}
    assert parts["_rels/.rels"][0].get("Target") == "word/document.xml"
    document = parts["word/document.xml"]
    styles = {node.get(f"{MAIN}styleId") for node in parts["word/styles.xml"]}
    used = {node.get(f"{MAIN}val") for tag in ("pStyle", "tblStyle") for node in document.iter(MAIN + tag)}
    assert used <= styles
    for table in document.iter(MAIN + "tbl"):
        columns = len(table.find(MAIN + "tblGrid"))
        for row in table.iter(MAIN + "tr"):
            spans = [int(node.get(MAIN + "val")) for node in row.iter(MAIN + "gridSpan")]
            assert len(row.findall(MAIN + "tc")) - len(spans) + sum(spans) == columns
            assert all(box.findall(MAIN + "p") for box in row.findall(MAIN + "tc"))
    text = "".join(node.text or "" for node in document.iter(MAIN + "t"))
    assert "First-2000" in text
    assert "Egger’s regression test" in text
    assert "References" in text


def test_the_word_file_takes_any_text_and_is_the_same_each_time(shown):
    page = replace(shown[0], changed=Section("x", EVIL, (Table("c", ("a", "b"), (_row(EVIL),)),)))
    assert word(page) == word(page)
    document = zipfile.ZipFile(io.BytesIO(word(page))).read("word/document.xml").decode()
    ElementTree.fromstring(document)
    assert "&lt;script&gt;" in document
    assert "\x0b" not in document


def test_a_widget_gets_its_data_and_its_script_once(shown, monkeypatch, tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "sort.js").write_text("void 0;\n\n")
    (scripts / "explore.js").write_text("void 2;\n")
    (scripts / "play.js").write_text("// play\n\nvoid 1;\n")
    monkeypatch.setattr(html_module, "SCRIPTS", scripts)
    payload = json.dumps({"label": "</script><script>alert(1)</script>"})
    play = Section("play", "Try it", (Widget("one", "play", payload), Widget("two", "play", payload)))
    claims = (replace(shown[0].claims[0], sections=(play,)), *shown[0].claims[1:])
    page = replace(shown[0], claims=claims)
    text = render(page, shown[1] / "figures")
    assert text.count("// play\nvoid 1;") == 1
    run = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert sorted(run) == ["// play\nvoid 1;", "void 0;", "void 2;"]
    assert policy(run).replace("'", "&#39;") in text
    (data,) = re.findall(r'id="one-data">(.*?)</script>', text, re.S)
    assert json.loads(data) == json.loads(payload)
    assert "alert(1)</script>" not in text
    assert "Try it" in markdown(page)
    assert word(page)


def test_blocks_survive_json():
    section = Section("a", "b", (Table("c", ("d", "e"), (_row("x"),), sortable=True),))
    assert from_plain(json.loads(json.dumps(to_plain(section)))) == section


def test_what_is_not_finite_is_not_sorted_by():
    assert cell("–", sort=float("nan")).sort is None
    assert cell("∞", sort=float("inf")).sort is None
    assert cell("1", sort=1 / 3).sort == 0.333333333


def test_the_first_screen_holds_every_verdict(shown):
    text = (shown[1] / "report.html").read_text(encoding="utf-8")
    start = text.index('id="verdicts"')
    first = text[start : text.index("</section>", start)]
    for item in shown[0].verdicts:
        assert item.conclusion in first
        assert f"#claim-{item.claim.id}" in first
        assert item.chance in first
