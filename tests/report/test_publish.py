"""A folder of results is put in place whole, or not at all (meta.report.publish)."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meta.errors import InputError
from meta.report import publish as module
from meta.report.publish import MANIFEST, locked, publish


def writer(text, *more):
    def build(folder):
        files = ["a.txt", MANIFEST, *more]
        (folder / "a.txt").write_text(text)
        for name in more:
            (folder / name).write_text(text)
        (folder / MANIFEST).write_text(json.dumps({"files": files}))
        return files

    return build


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_makes_the_folder_and_its_parents(tmp_path):
    publish(tmp_path / "x" / "results", writer("one"))
    assert (tmp_path / "x" / "results" / "a.txt").read_text() == "one"
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["results"]


def test_replaces_its_own_files_and_keeps_others(tmp_path):
    target = tmp_path / "results"
    publish(target, writer("one", "stale.svg"))
    (target / "notes.md").write_text("mine")
    (target / "sub").mkdir()
    (target / "sub" / "deep.txt").write_text("mine too")
    publish(target, writer("two"))
    found = snapshot(target)
    assert found["a.txt"] == b"two"
    assert "stale.svg" not in found
    assert found["notes.md"] == b"mine"
    assert found["sub/deep.txt"] == b"mine too"


@pytest.mark.parametrize(
    "failure", [RuntimeError("broken"), OSError(28, "No space left on device"), KeyboardInterrupt()]
)
def test_a_failure_half_way_changes_nothing(tmp_path, failure):
    target = tmp_path / "results"
    publish(target, writer("one"))
    before = snapshot(target)

    def build(folder):
        (folder / "a.txt").write_text("half")
        raise failure

    with pytest.raises(type(failure)):
        publish(target, build)
    assert snapshot(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_failure_between_the_two_renames_puts_the_old_folder_back(tmp_path, monkeypatch):
    target = tmp_path / "results"
    publish(target, writer("one"))
    before, real = snapshot(target), os.replace

    def replace(source, destination):
        if str(source).endswith(".new"):
            raise OSError(13, "Permission denied")
        real(source, destination)

    monkeypatch.setattr(module.os, "replace", replace)
    with pytest.raises(OSError, match="Permission denied"):
        publish(target, writer("two"))
    assert snapshot(target) == before


def test_a_run_that_was_cut_off_is_mended_by_the_next(tmp_path):
    target = tmp_path / "results"
    publish(target, writer("one"))
    os.replace(target, tmp_path / ".results.old")
    (tmp_path / ".results.new").mkdir()

    def build(folder):
        assert (target / "a.txt").read_text() == "one"
        return writer("two")(folder)

    publish(target, build)
    assert (target / "a.txt").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_two_runs_at_once_are_refused(tmp_path):
    target = tmp_path / "results"

    def build(folder):
        with pytest.raises(InputError, match="another run is writing to"):
            publish(target, writer("second"))
        return writer("first")(folder)

    publish(target, build)
    assert (target / "a.txt").read_text() == "first"


def test_a_lock_file_left_behind_does_not_block(tmp_path):
    (tmp_path / ".results.lock").write_text("")
    publish(tmp_path / "results", writer("one"))
    with locked(tmp_path / ".results.lock", "results"):
        assert (tmp_path / ".results.lock").exists()
    assert not (tmp_path / ".results.lock").exists()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(InputError, match="is a file, not a folder"):
        publish(tmp_path / "results", writer("one"))
    assert (tmp_path / "results").read_text() == "a file"


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "real", target_is_directory=True)
    publish(tmp_path / "results", writer("one"))
    assert (tmp_path / "results").is_symlink()
    assert (tmp_path / "real" / "a.txt").read_text() == "one"


def test_a_place_that_cannot_be_written_is_an_os_error():
    with pytest.raises(OSError, match=r"\w"):
        publish(Path("/proc/nowhere/results"), writer("one"))


def test_a_run_that_is_killed_leaves_the_last_good_results(tmp_path):
    target = tmp_path / "results"
    publish(target, writer("one"))
    before = snapshot(target)
    code = (
        "import sys, time; from meta.report.publish import publish\n"
        "def build(folder):\n"
        "    (folder / 'a.txt').write_text('half'); print('writing', flush=True); time.sleep(60)\n"
        f"publish({str(target)!r}, build)"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline() == b"writing\n"
        with pytest.raises(InputError, match="another run is writing"):
            publish(target, writer("two"))
        process.kill()
    assert snapshot(target) == before
    publish(target, writer("two"))
    assert (target / "a.txt").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize(
    ("number", "why", "kind"),
    [
        (errno.ENOSPC, "No space left on device", OSError),
        (errno.EACCES, "Permission denied", PermissionError),
        (errno.EROFS, "Read-only file system", OSError),
    ],
)
def test_what_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, number, why, kind):
    publish(tmp_path / "results", writer("one"))
    before = snapshot(tmp_path)

    def refuse(self, *args, **kwargs):
        raise OSError(number, why, str(self))

    monkeypatch.setattr(Path, "mkdir" if number != errno.ENOSPC else "write_text", refuse)
    with pytest.raises(kind) as caught:
        publish(tmp_path / "results", writer("two"))
    monkeypatch.undo()
    expected = (
        f"the results could not be written to {str(tmp_path / 'results')!r} and are as they were: {why}"
    )
    assert caught.value.strerror == expected
    assert snapshot(tmp_path) == before
