"""Results that were cut off, edited or mixed up: a sentence, never a traceback, never a number believed."""

import json
import random
import shutil

import pytest
from small_studies import add, make

from meta.errors import MetaError
from meta.report import run as run_module
from meta.report.fingerprints import fingerprint
from meta.report.record import KEPT, Record
from meta.report.run import run
from meta.report.sections.section_registry import ANALYSIS

FILES = ("history.jsonl", "inputs.json", "verdicts.json", "effects.csv", KEPT)
PLAIN = tuple(entry for entry in ANALYSIS if entry.id == "short")
JUNK = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"x"',
    b"{}",
    b'{"claims": []}',
    b'{"claims": {"calm": [1]}}',
    b"\xff\xfe",
]
JUNK += [b'{"claims": {"calm": {"analyses": [1, 2]}}}', b'{"files": 7, "claims": {}}', b"[" * 100_000]
JUNK += [
    b"1" * 5000,
    b'{"studies": [], "claims": 1}',
    b'{"made_with": 1, "records": []}',
    b"\x00" * 50,
    b"NaN",
]
JUNK += [
    b'{"date": null, "inputs": 1, "analyses": [], "studies": 3}\n',
    b'a,"b\nc',
    b"analysis,status\nx,y,z\n",
]


def hasten(patch):
    """Most of the time of a run is drawing and rendering."""
    patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    patch.setattr(run_module, "ANALYSIS", PLAIN)
    patch.setattr(run_module, "CLAIM", ())
    patch.setattr(run_module, "overview", lambda rows, gallery: Record(fingerprint(rows), ()))
    patch.setattr(run_module, "_write_report", lambda folder, shown: None)
    texts = ("effects.csv", "history.jsonl", "inputs.json", "verdicts.json")
    patch.setattr(run_module, "TEXTS", texts)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    hasten(monkeypatch)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Study files before and after a change, and the results of both."""
    folder = tmp_path_factory.mktemp("damaged")
    with pytest.MonkeyPatch.context() as patch:
        hasten(patch)
        studies = make(folder / "studies")
        run(studies, folder / "results", engines=False)
        add(studies, "late-2005", 9)
        run(studies, folder / "results", engines=False)
        right = json.loads((folder / "results" / "verdicts.json").read_text())
    return studies, folder / "results", right["claims"]


def damaged(places, tmp_path):
    studies, results, right = places
    shutil.copytree(results, tmp_path / "results")
    return studies, tmp_path / "results", right


def outcome(studies, results, right):
    """Run again; the numbers are the right ones, or there is one sentence and all is as it was."""
    try:
        found = run(studies, results, engines=False)
    except (MetaError, OSError) as refusal:
        told = str(refusal)
    else:
        assert json.loads((results / "verdicts.json").read_text())["claims"] == right
        return found
    assert told.strip()
    assert "\n" not in told
    return None


def mutated(content, rng):
    """The file with one thing wrong: cut, a byte changed, a piece doubled, a value of another type."""
    at = rng.randrange(max(len(content), 1))
    kind = rng.randrange(6)
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
    if kind == 2:
        return content[: at + 20] + content[at:]
    if kind == 3:
        return content[:at] + b"\xff" + content[at:]
    old, new = rng.choice(
        [
            (b"{", b"["),
            (b"[", b"{"),
            (b":", b""),
            (b"null", b"1e999"),
            (b'"', b""),
            (b"0.", b"9e400"),
            (b"1", b"-1"),
        ]
    )
    return content.replace(old, new, 1) if kind == 4 else content.replace(old, new)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("number", range(len(JUNK)))
def test_other_content_is_never_believed(places, tmp_path, name, number):
    studies, results, right = damaged(places, tmp_path)
    (results / name).write_bytes(JUNK[number])
    outcome(studies, results, right)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(12))
def test_a_mutated_file_is_never_believed(places, tmp_path, name, seed):
    studies, results, right = damaged(places, tmp_path)
    rng = random.Random(f"{name} {seed}")
    (results / name).write_bytes(mutated((results / name).read_bytes(), rng))
    outcome(studies, results, right)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file(places, tmp_path, name):
    studies, results, right = damaged(places, tmp_path)
    (results / name).unlink()
    (results / name).mkdir()
    outcome(studies, results, right)


def test_a_last_line_that_was_cut_off_is_repaired_and_nothing_is_lost(places, tmp_path):
    studies, results, right = damaged(places, tmp_path)
    whole = (results / "history.jsonl").read_bytes()
    first, last = whole.splitlines(keepends=True)
    (results / "history.jsonl").write_bytes(first + last[:60])
    found = outcome(studies, results, right)
    assert any("was cut off" in text for text in found.warnings)
    assert (results / "history.jsonl").read_bytes().startswith(first)
    assert last[:60].decode() in (results / "history.cut-off.txt").read_text()
    assert outcome(studies, results, right).warnings == ()


def test_a_last_line_without_its_end_is_whole(places, tmp_path):
    studies, results, right = damaged(places, tmp_path)
    whole = (results / "history.jsonl").read_bytes()
    (results / "history.jsonl").write_bytes(whole[:-1])
    assert outcome(studies, results, right).warnings == ()
    assert (results / "history.jsonl").read_bytes() == whole


def test_an_edited_number_in_what_is_kept_is_computed_anew(places, tmp_path):
    studies, results, right = damaged(places, tmp_path)
    kept = json.loads((results / KEPT).read_text())
    kept["records"]["cortisol"]["numbers"]["conclusion"] = "supported"
    (results / KEPT).write_text(json.dumps(kept))
    found = outcome(studies, results, right)
    assert found.kept == ()
    assert any("computed again" in text for text in found.warnings)


@pytest.mark.parametrize(
    "change",
    [
        lambda fit: fit.update(estimate=99.0),
        lambda fit: fit.update(p_value=7.0),
        lambda fit: fit.update(k=-1),
        lambda fit: fit.update(ci_low="x"),
        lambda fit: fit.update(tau2=-0.1),
    ],
)
def test_impossible_numbers_are_no_before(places, tmp_path, change):
    studies, results, right = damaged(places, tmp_path)
    content = json.loads((results / "verdicts.json").read_text())
    change(content["claims"]["calm"]["analyses"]["cortisol"]["fit"])
    (results / "verdicts.json").write_text(json.dumps(content))
    found = outcome(studies, results, right)
    assert any(text.startswith("verdicts.json") for text in found.warnings)


def test_without_the_inputs_nothing_is_said_to_be_added(places, tmp_path):
    studies, results, _ = damaged(places, tmp_path)
    shutil.copytree(studies, tmp_path / "studies")
    add(tmp_path / "studies", "later-2007", 7)
    (results / "inputs.json").write_text("[]")
    found = run(tmp_path / "studies", results, engines=False)
    assert found.change["unknown"] is True
    assert "added" not in found.change["studies"]
