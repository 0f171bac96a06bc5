"""Twenty faults in kernels and effects are found by tests (``mutants.py``)."""

from __future__ import annotations

from pathlib import Path

import pytest

import meta
from tests.net.mutants import MUTANTS, ROOT, copy, files_of, killed, place, run

NAMES = [mutant.name for mutant in MUTANTS]


def test_there_are_twenty_each_in_its_place():
    assert len(set(NAMES)) == len(MUTANTS) >= 20
    for mutant in MUTANTS:
        assert mutant.snippet != mutant.replacement
        assert place(Path(meta.__file__).parent, mutant.snippet).is_file()
        assert files_of(ROOT, mutant.tests)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("mutants")
    copy(ROOT, root)
    assert run(root, tuple({name: None for mutant in MUTANTS for name in mutant.tests})) == 0
    return root


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_the_mutant_dies(mutant, tree):
    assert killed(tree, mutant), f"no test of {mutant.tests} finds the fault {mutant.name!r}"


def test_a_snippet_must_be_there_once(tmp_path):
    package = tmp_path / "meta"
    package.mkdir()
    (package / "a.py").write_text("x = 1\ny = 1\n")
    assert place(package, "x = 1") == package / "a.py"
    with pytest.raises(LookupError, match="no file"):
        place(package, "z = 1")
    with pytest.raises(LookupError, match=r"'a\.py': 2"):
        place(package, " = 1")
