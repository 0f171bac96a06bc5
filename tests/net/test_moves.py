"""The script that shows what a commit changed in tests beside import lines."""

from __future__ import annotations

import subprocess

import pytest

from tests.net import moves

OLD = "from meta.pooling.univariate import pool\n\n\ndef test_pool():\n    assert pool is not None\n"
NEW = OLD.replace("meta.pooling.univariate import pool", "meta.models.pooling import (\n    pool,\n)")


@pytest.fixture
def repository(tmp_path):
    """A repository of its own: one test file, then whatever a test commits."""

    def commit(message, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_name(f"{path.name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
        subprocess.run(["git", *who, "commit", "-q", "-m", message], cwd=tmp_path, check=True)

    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    commit("Begin", tests__test_a=OLD, meta__a="x = 1\n")
    return tmp_path, commit


def test_a_move_with_new_imports_is_no_offence(repository, capsys):
    root, commit = repository
    commit("Move", tests__test_a=None, tests__models__test_a=NEW, meta__a=None, meta__b="x = 2\n")
    assert moves.main("HEAD~1..HEAD", root) == 0
    assert capsys.readouterr().out == ""


def test_what_else_changes_is_shown(repository, capsys):
    root, commit = repository
    commit("Move", tests__test_a=NEW)
    commit("Move, and loosen", tests__test_a=NEW.replace("is not None", "or True"))
    commit("Move, and drop", tests__test_a=None)
    assert moves.main("HEAD~3..HEAD", root) == 2
    told = capsys.readouterr().out
    assert "+    assert pool or True" in told
    assert "-def test_pool():" in told


def test_a_deleted_file_and_a_changed_fixture_are_offences():
    before = {"tests/a.json": "1\n", "tests/test_b.py": "assert 1\n"}
    assert moves.offences(before, {"tests/a.json": "2\n"}, {}) == [
        "tests/a.json",
        "-1",
        "+2",
        "tests/test_b.py",
        "-assert 1",
    ]
