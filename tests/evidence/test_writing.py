"""Written study files: equal after a round trip, like the hand-written ones, never in the way of another."""

import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meta.errors import EvidenceError
from meta.evidence.load_studies import read_library
from meta.evidence.study_schema import Study
from meta.evidence.writing import SCHEMA_LINE, check_id, study_text, write_new

FOLDER = Path(__file__).parents[2] / "studies"
LIBRARY = read_library(FOLDER)


@pytest.mark.parametrize("study", LIBRARY.studies, ids=lambda study: study.id)
def test_round_trip(study):
    text = study_text(study)
    assert text.splitlines()[0] == SCHEMA_LINE
    back = Study.model_validate(tomllib.loads(text))
    assert back == study
    assert study_text(back) == text


def test_most_hand_written_files_come_out_byte_for_byte():
    same = [
        study.id
        for study in LIBRARY.studies
        if study_text(study) == f"{SCHEMA_LINE}\n{(FOLDER / f'{study.id}.toml').read_text(encoding='utf-8')}"
    ]
    assert len(same) >= 70  # the others keep trailing zeros, or have p before the arms


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(min_size=1, max_size=40).filter(lambda t: t.strip()),
    number=st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_text_and_any_number_survive(text, number):
    study = LIBRARY.study("schutten-2021")
    result = study.results[0].model_copy(
        update={
            "quote": text,
            "statistic": study.results[0].statistic.model_copy(
                update={"difference": number, "ci_low": None, "ci_high": None}
            ),
        }
    )
    changed = study.model_copy(update={"results": (result,), "notes": (text, text), "country": text})
    assert Study.model_validate(tomllib.loads(study_text(changed))) == changed


@pytest.mark.parametrize(
    "name",
    ["", "a", "../x", "..", "a/b", "a\\b", "/etc/passwd", "x.toml", "A-2001", "con", "nul", "com1", "claims",
     "müller-2019", "a b", "a\n", "-a", "a" * 65, "a\x00b", "～-2001", "ⅸ-2001", "²-2001"],
)  # fmt: skip
def test_ids_that_are_no_file_names_are_refused(name):
    with pytest.raises(EvidenceError, match="id "):
        check_id(name)


def test_an_existing_file_is_never_touched(tmp_path):
    study = LIBRARY.study("steward-2019")
    (path,) = write_new(tmp_path, [study])
    path.write_text("mine")
    with pytest.raises(EvidenceError, match=r"exists and is not overwritten.*steward-2019-b"):
        write_new(tmp_path, [study])
    assert path.read_text() == "mine"


def test_of_many_at_once_exactly_one_wins(tmp_path):
    studies = [LIBRARY.study("steward-2019").model_copy(update={"country": str(i)}) for i in range(16)]
    gate, won, lost = threading.Barrier(len(studies)), [], []

    def race(study):
        gate.wait()
        try:
            write_new(tmp_path, [study])
            won.append(study)
        except EvidenceError:
            lost.append(study)

    threads = [threading.Thread(target=race, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 15)
    assert (tmp_path / "steward-2019.toml").read_text() == study_text(won[0])


def test_several_are_written_all_or_none(tmp_path):
    first, second = LIBRARY.study("steward-2019"), LIBRARY.study("reno-2022")
    (tmp_path / "reno-2022.toml").write_text("mine")
    with pytest.raises(EvidenceError, match="reno-2022"):
        write_new(tmp_path, [first, second])
    assert [path.name for path in tmp_path.iterdir()] == ["reno-2022.toml"]


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_new(tmp_path, [LIBRARY.study("steward-2019")])
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path):
    (tmp_path / "steward-2019.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(EvidenceError, match="not overwritten"):
        write_new(tmp_path, [LIBRARY.study("steward-2019")])
    assert not (tmp_path / "elsewhere.toml").exists()
