"""meta rename and meta remove as a user meets them."""

import shutil

import pytest
from test_cli import STUDIES

from meta.evidence.load_studies import check_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(STUDIES, tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "studies"


def test_rename_says_what_it_wrote(invoke, folder):
    code, out, _ = invoke("rename", "coates-2025", "coates-2025-b")
    assert code == 0
    assert [line.rpartition("/")[2] for line in out.splitlines()] == ["coates-2025-b.toml", "claims.toml"]
    assert check_folder(folder) == []
    assert not (folder / "coates-2025.toml").exists()


@pytest.mark.parametrize("new", ["steward-2019", "../out", "claims", "Coates 2025", "con"])
def test_a_bad_new_name_changes_nothing(invoke, folder, new):
    before = {path.name: path.read_bytes() for path in folder.glob("*.toml")}
    code, _, err = invoke("rename", "coates-2025", new)
    assert code == 2
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.glob("*.toml")} == before


def test_remove_is_refused_while_others_speak_of_the_study(invoke, folder):
    code, _, err = invoke("remove", "coates-2025", "--yes")
    assert code == 2
    assert "claims.toml:" in err
    assert (folder / "coates-2025.toml").exists()


def test_remove_asks_or_takes_yes(invoke, folder):
    code, _, err = invoke("remove", "golf-1984")
    assert code == 2
    assert "--yes" in err
    code, out, _ = invoke("remove", "golf-1984", "--yes")
    assert (code, out) == (0, "removed: studies/golf-1984.toml\n")
    assert not (folder / "golf-1984.toml").exists()
    assert invoke("remove", "golf-1984", "--yes")[0] == 2
