"""Only what changed is computed, and what that did is written down (meta.report.record, history, moves)."""

import json

import pytest
from small_studies import CLAIMS, add, make, snapshot

import meta
from meta.claims.decision_rule import posterior_of
from meta.commands.running import run as command
from meta.errors import InputError
from meta.evidence.renaming import renamed
from meta.evidence.writing import write_together
from meta.report import record as record_module
from meta.report import run as run_module
from meta.report.attribution import CLAIMS_FILE, same
from meta.report.changes import what
from meta.report.fingerprints import fingerprint, inputs_of, part_for
from meta.report.record import Record
from meta.report.run import run
from meta.report.sections.section_registry import ANALYSIS

SECOND_CLAIM = (
    CLAIMS.replace('"calm"', '"legs"')
    .replace('id = "cortisol"', 'id = "cramps"')
    .replace('"cortisol"', '"cramp-frequency"')
)


@pytest.fixture(autouse=True)
def same_day(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")


@pytest.fixture(autouse=True)
def without_figures(request, monkeypatch):
    """Most of the time of a run is drawing; only tests that ask for figures draw all of them."""
    if "figures" not in request.fixturenames:
        plain = tuple(entry for entry in ANALYSIS if entry.id in ("short", "evidence", "sure", "assumed"))
        monkeypatch.setattr(run_module, "ANALYSIS", plain)
        monkeypatch.setattr(run_module, "overview", lambda rows, gallery: Record(fingerprint(rows), ()))


@pytest.fixture
def figures():
    return True


@pytest.fixture
def small(tmp_path):
    return make(tmp_path / "studies")


@pytest.fixture
def two_claims(small):
    text = SECOND_CLAIM.replace('label = "Cortisol"', 'label = "Cramps"')
    (small / "claims.toml").write_text(CLAIMS + text)
    add(small, "legs-2001", 11, **{'outcome = "cortisol"': 'outcome = "cramp-frequency"'})
    return small


def again(studies, results, **options):
    return run(studies, results, engines=False, **options)


def lines_of(results):
    return [json.loads(line) for line in (results / "history.jsonl").read_text().splitlines()]


def center(studies, leave_out=()):
    evidence = meta.load_evidence(studies)
    effects = evidence.effects("cortisol")
    kept = [i for i, name in enumerate(effects.columns["study_id"]) if name not in leave_out]
    return posterior_of(effects.subset(kept), evidence.analysis("cortisol")[1]).estimate


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(two_claims, tmp_path):
    first = again(two_claims, tmp_path / "results")
    before = snapshot(tmp_path / "results")
    second = again(two_claims, tmp_path / "results")
    assert (set(first.answers), first.kept) == ({"cortisol", "cramps"}, ())
    assert (second.answers, second.kept, second.change) == ({}, ("cortisol", "cramps"), None)
    assert snapshot(tmp_path / "results") == before
    assert second.conclusions == first.conclusions


def test_an_unchanged_analysis_is_not_fitted_again(two_claims, tmp_path, monkeypatch):
    again(two_claims, tmp_path / "results")
    asked = []
    answer = run_module.answer
    monkeypatch.setattr(run_module, "answer", lambda part, name: asked.append(name) or answer(part, name))
    add(two_claims, "third-2002", 9)
    result = again(two_claims, tmp_path / "results")
    assert asked == ["cortisol"]
    assert result.kept == ("cramps",)


def test_what_is_taken_over_with_its_figures_gives_the_bytes_of_a_full_run(two_claims, tmp_path, figures):
    again(two_claims, tmp_path / "results")
    add(two_claims, "first-2000", 8)
    assert again(two_claims, tmp_path / "results").kept == ("cramps",)
    found = snapshot(tmp_path / "results")
    assert "figures/priors-cortisol.svg" in found
    again(two_claims, tmp_path / "results", everything=True)
    assert snapshot(tmp_path / "results") == found


@pytest.mark.parametrize("edit", ["study", "claim", "shared", "remove", "comment"])
def test_what_is_taken_over_gives_the_bytes_of_a_full_run(two_claims, tmp_path, edit):
    again(two_claims, tmp_path / "results")
    claims = two_claims / "claims.toml"
    if edit == "study":
        add(two_claims, "first-2000", 8)
    elif edit == "claim":
        claims.write_text(claims.read_text().replace("halves", "quarters", 1))
    elif edit == "shared":
        shared = (
            '[[assumptions]]\nid = "within-r"\nname = "r"\nvalue = 0.5\nlow = 0.4\nhigh = 0.6\nwhy = "w"\n'
        )
        claims.write_text(shared + claims.read_text())
    elif edit == "remove":
        (two_claims / "second-2000.toml").unlink()
    else:
        claims.write_text("# a remark\n" + claims.read_text())
    partly = again(two_claims, tmp_path / "results")
    found = snapshot(tmp_path / "results")
    fully = again(two_claims, tmp_path / "results", everything=True)
    assert snapshot(tmp_path / "results") == found
    assert set(fully.answers) == {"cortisol", "cramps"}
    expected = {"shared": (), "comment": ("cortisol", "cramps")}.get(edit, ("cramps",))
    assert partly.kept == expected
    assert (partly.change is None) == (edit == "comment")


def test_other_code_or_libraries_refit_everything(small, tmp_path, monkeypatch):
    again(small, tmp_path / "results")
    monkeypatch.setattr(record_module, "made_with", lambda: "another version")
    assert again(small, tmp_path / "results").kept == ()
    assert again(small, tmp_path / "results").kept == ("cortisol",)


def test_a_figure_that_was_changed_or_lost_is_drawn_again(small, tmp_path, figures):
    again(small, tmp_path / "results")
    before = snapshot(tmp_path / "results")
    for spoil in (lambda path: path.write_text("<svg/>"), lambda path: path.unlink()):
        spoil(tmp_path / "results" / "figures" / "forest-cortisol.svg")
        assert again(small, tmp_path / "results").kept == ()
        assert snapshot(tmp_path / "results") == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_with": 1}'])
def test_a_broken_record_only_costs_time(small, tmp_path, text):
    again(small, tmp_path / "results")
    before = snapshot(tmp_path / "results")
    (tmp_path / "results" / ".kept.json").write_text(text)
    assert again(small, tmp_path / "results").kept == ()
    assert snapshot(tmp_path / "results") == before


def test_the_history_begins_without_a_date(small, tmp_path):
    result = again(small, tmp_path / "results")
    (line,) = lines_of(tmp_path / "results")
    assert line == result.change
    assert line["date"] is None
    assert line["inputs"] == inputs_of(meta.load_evidence(small)).fingerprint
    assert line["analyses"]["cortisol"]["before"] is None
    assert line["analyses"]["cortisol"]["after"]["posterior"]["estimate"] == pytest.approx(center(small))
    assert "Nothing has changed since the history began" in (tmp_path / "results" / "report.md").read_text()


def test_the_study_that_moved_the_answer_is_named_with_what_it_did(small, tmp_path):
    again(small, tmp_path / "results")
    before = center(small)
    add(small, "third-2002", 8)
    add(small, "fourth-2003", 10.8)
    result = again(small, tmp_path / "results")
    entry = lines_of(tmp_path / "results")[1]["analyses"]["cortisol"]
    after = center(small)
    assert entry["before"]["posterior"]["estimate"] == pytest.approx(before)
    assert entry["after"]["posterior"]["estimate"] == pytest.approx(after)
    by = {move["study"]: move["by"] for move in entry["moved_by"]}
    assert list(by) == ["third-2002", "fourth-2003"]
    for name, moved in by.items():
        assert moved == pytest.approx(after - center(small, leave_out=(name,)))
    assert result.change["date"] == "2026-09-21"
    assert result.change["studies"] == {
        "total": 4,
        "added": ["fourth-2003", "third-2002"],
        "removed": [],
        "edited": [],
    }
    page = (tmp_path / "results" / "report.html").read_text()
    assert "On 2026-09-21: added Fourth-2003 and Third-2002." in page
    assert "and 1 other change" in page


def test_an_edited_study_is_put_back_alone(small, tmp_path):
    again(small, tmp_path / "results")
    before = center(small)
    add(small, "first-2000", 7)
    again(small, tmp_path / "results")
    (move,) = lines_of(tmp_path / "results")[1]["analyses"]["cortisol"]["moved_by"]
    assert move["study"] == "first-2000"
    assert move["by"] == pytest.approx(center(small) - before)


def test_a_removed_study_and_the_way_back(small, tmp_path):
    again(small, tmp_path / "results")
    text = (small / "second-2000.toml").read_text()
    (small / "second-2000.toml").unlink()
    again(small, tmp_path / "results")
    (small / "second-2000.toml").write_text(text)
    again(small, tmp_path / "results")
    first, second, third = lines_of(tmp_path / "results")
    assert second["studies"]["removed"] == third["studies"]["added"] == ["second-2000"]
    one, other = (line["analyses"]["cortisol"]["moved_by"][0]["by"] for line in (second, third))
    assert one == pytest.approx(-other)
    assert third["inputs"] == first["inputs"]
    assert "All changes, the last first" in (tmp_path / "results" / "report.md").read_text()


def test_the_first_trial_of_an_analysis_has_nothing_to_be_compared_with(small, tmp_path):
    for path in small.glob("*-2000.toml"):
        path.unlink()
    again(small, tmp_path / "results")
    add(small, "first-2000", 10)
    again(small, tmp_path / "results")
    entry = lines_of(tmp_path / "results")[1]["analyses"]["cortisol"]
    assert entry["before"]["verdict"] == "untestable"
    assert entry["moved_by"] == [{"cause": "First-2000", "study": "first-2000", "by": None}]
    assert "untestable → inconclusive" in (tmp_path / "results" / "report.md").read_text()


def test_a_prior_that_was_changed_is_put_down_to_the_claims_file(small, tmp_path):
    again(small, tmp_path / "results")
    before = center(small)
    claims = small / "claims.toml"
    claims.write_text(claims.read_text().replace("effect_sd = 1.0", "effect_sd = 0.2"))
    again(small, tmp_path / "results")
    line = lines_of(tmp_path / "results")[1]
    assert line["claims"]["edited"] == ["calm"]
    (move,) = line["analyses"]["cortisol"]["moved_by"]
    assert move == {"cause": CLAIMS_FILE, "study": None, "by": pytest.approx(center(small) - before)}


def test_a_better_report_of_the_same_people_is_one_change(small, tmp_path):
    cohort = {'status = "included"': 'status = "included"\ncohort = "people"'}
    add(small, "second-2000", 11, **cohort)
    again(small, tmp_path / "results")
    before = center(small)
    add(small, "a-better-2001", 9, **cohort)
    again(small, tmp_path / "results")
    (move,) = lines_of(tmp_path / "results")[1]["analyses"]["cortisol"]["moved_by"]
    assert move["study"] == "a-better-2001"
    assert move["by"] == pytest.approx(center(small) - before)


def test_words_that_change_no_number_are_a_line_without_moves(small, tmp_path):
    again(small, tmp_path / "results")
    path = small / "first-2000.toml"
    path.write_text(path.read_text().replace('title = "A trial"', 'title = "Another title"'))
    result = again(small, tmp_path / "results")
    assert result.change["studies"]["edited"] == ["first-2000"]
    assert result.change["analyses"] == {}
    assert "No pooled effect and no verdict moved." in (tmp_path / "results" / "report.html").read_text()


def test_the_command_prints_what_changed(small, tmp_path, capsys):
    def printed(**options):
        command(str(small), str(tmp_path / "results"), engines=False, **{"everything": False, **options})
        return capsys.readouterr().out

    assert "The history begins with this run." in printed()
    assert "Nothing changed since the last line of the history." in printed()
    assert "1 of 1 analyses computed, 0 taken over unchanged" in printed(everything=True)
    add(small, "third-2002", 8)
    out = printed()
    assert "What changed: added Third-2002." in out
    (row,) = (line for line in out.splitlines() if line.startswith("cortisol"))
    entry = lines_of(tmp_path / "results")[1]["analyses"]["cortisol"]
    before, after = (entry[when]["posterior"]["estimate"] for when in ("before", "after"))
    assert f"{-before:.2f} SD lower" in row
    assert f"{-after:.2f} SD lower" in row
    assert f"Third-2002 by {after - before:+.3f}" in row
    path = small / "third-2002.toml"
    path.write_text(path.read_text().replace('title = "A trial"', 'title = "Another title"'))
    assert "No pooled effect and no verdict moved." in printed()


@pytest.mark.parametrize("text", ["not json\n", "[]\n", "{}\n"])
def test_a_history_that_cannot_be_read_is_refused_and_left_alone(small, tmp_path, text):
    again(small, tmp_path / "results")
    (tmp_path / "results" / "history.jsonl").write_text(text)
    before = snapshot(tmp_path / "results")
    with pytest.raises(InputError, match=r"line 1 of history\.jsonl"):
        again(small, tmp_path / "results")
    assert snapshot(tmp_path / "results") == before


def test_results_without_history_begin_one(small, tmp_path):
    again(small, tmp_path / "results")
    (tmp_path / "results" / "history.jsonl").unlink()
    assert again(small, tmp_path / "results").change["date"] is None


def test_part_of_the_evidence_is_all_that_an_analysis_sees(two_claims):
    evidence = meta.load_evidence(two_claims)
    claim, analysis = evidence.analysis("cramps")
    part = part_for(evidence, claim, {analysis.outcome})
    assert [study.id for study in part.library.studies] == ["legs-2001"]
    assert list(part.claims) == ["legs"]


def test_values_are_the_same_but_for_the_last_digits():
    assert same({"a": [1.0, None, "x"]}, {"a": [1.0 + 1e-13, None, "x"]})
    assert not same({"a": 1.0}, {"a": 1.001})
    assert not same({"a": 1.0}, {"b": 1.0})
    assert not same(None, 1.0)
    assert not same([1.0], [1.0, 2.0])


def test_a_renamed_study_is_neither_added_nor_removed(small, tmp_path):
    again(small, tmp_path / "results")
    old = sorted(path.stem for path in small.glob("*.toml") if path.stem != "claims")[0]
    texts = {path.name: path.read_text() for path in small.glob("*.toml")}
    write_together(small, renamed(texts, old, "other-2001"), gone=(f"{old}.toml",))
    change = again(small, tmp_path / "results").change
    assert change["studies"]["renamed"] == [[old, "other-2001"]]
    assert (change["studies"]["added"], change["studies"]["removed"]) == ([], [])
    assert change["analyses"] == {}
    assert f"renamed {old} to other-2001" in what(change, meta.load_evidence(small))
