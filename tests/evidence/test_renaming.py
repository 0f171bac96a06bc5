"""A study under another name, everywhere and nowhere else; a study that others name stays."""

import shutil
import tomllib
from pathlib import Path

import pytest

from meta.errors import EvidenceError
from meta.evidence.load_studies import check_folder, read_library
from meta.evidence.renaming import mentions, renamed
from meta.evidence.study_texts import texts_of
from meta.evidence.writing import write_together

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(STUDIES, tmp_path / "studies")
    return tmp_path / "studies"


@pytest.mark.parametrize("old", ["coates-2025", "steward-2019", "linc-4", "lnsc-2011", "schutten-2021"])
def test_a_study_is_renamed_everywhere_and_the_folder_stays_whole(folder, old):
    texts = texts_of(folder)
    changed = renamed(texts, old, "other-2001")
    write_together(folder, changed, gone=(f"{old}.toml",))
    assert check_folder(folder) == []
    after = texts_of(folder)
    assert set(after) == set(texts) - {f"{old}.toml"} | {"other-2001.toml"}
    untouched = set(texts) - {f"{old}.toml"} - set(changed)
    assert all(after[name] == texts[name] for name in untouched)
    assert mentions(after, old) == []
    assert len(mentions(after, "other-2001")) == len(mentions(texts, old))
    back = renamed(after, "other-2001", old)
    assert all(back.get(name, after.get(name)) == text for name, text in texts.items())  # byte for byte


def test_only_ids_of_studies_are_changed():
    texts = {
        "a-2001.toml": 'id = "a-2001"\nlabel = "a-2001"\n[[arms]]\nid = "a-2001"\n',
        "b-2002.toml": "id = 'b-2002'\ncohort = 'a-2001' # of a-2001\nnote = \"cohort = 'a-2001'\"\n",
        "claims.toml": 'list = [{ study = "a-2001", result = "a-2001" }]\n'
        'benchmarks = ["b-2002", "a-2001"]\n',
    }
    changed = renamed(texts, "a-2001", "c-2003")
    assert changed["c-2003.toml"] == 'id = "c-2003"\nlabel = "a-2001"\n[[arms]]\nid = "a-2001"\n'
    assert changed["b-2002.toml"].splitlines()[1:] == [
        "cohort = 'c-2003' # of a-2001",
        "note = \"cohort = 'a-2001'\"",
    ]
    assert tomllib.loads(changed["claims.toml"]) == {
        "list": [{"study": "c-2003", "result": "a-2001"}],
        "benchmarks": ["b-2002", "c-2003"],
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("stewart-2019", "x-2001", "did you mean steward-2019"),
        ("claims", "x-2001", "no study 'claims'"),
        ("steward-2019", "coates-2025", "exists and is not overwritten"),
    ],
)
def test_what_cannot_be_renamed_is_refused(old, new, said):
    with pytest.raises(EvidenceError, match=said):
        renamed(texts_of(STUDIES), old, new)


def test_an_id_that_stands_in_no_plain_way_is_left_to_people():
    with pytest.raises(EvidenceError, match="edit it by hand"):
        renamed({"a-2001.toml": 'id = """a-2001"""\n'}, "a-2001", "b-2002")


def test_mentions_have_the_lines_on_which_they_stand():
    texts = texts_of(STUDIES)
    found = mentions(texts, "coates-2025")
    assert {field for _, _, field in found} == {"borrowed_cv.study", "arm_sizes.1.study"}
    for name, line, _ in found:
        assert "coates-2025" in texts[name].splitlines()[line - 1]
    assert read_library(STUDIES).study("coates-2025")
