"""Every shape of the corpus gives its numbers, or its refusal (tests.tables.corpus)."""

import json
import re
import sys
from pathlib import Path

import pytest

from meta import cli
from tests.tables.corpus import shapes

SHAPES = shapes()


def test_the_corpus_is_as_large_as_the_docs_say():
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text()
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 150
    assert int(re.search(r"(\d+) shapes of tables", page)[1]) == len(SHAPES)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_gives_its_numbers_or_its_refusal(shape, tmp_path, monkeypatch, capsys):
    path = tmp_path / f"table{shape.ending}"
    path.write_bytes(shape.content)
    monkeypatch.setattr(sys, "argv", ["meta", "pool", str(path), "--json", *shape.arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    if shape.refusal:
        assert stopped.value.code == 2
        assert shape.refusal in printed.err.splitlines()[-1]
        return
    assert not stopped.value.code, printed.err
    found = json.loads(printed.out)
    got = tuple(found[name] for name in ("estimate", "ci_low", "ci_high"))
    assert got == pytest.approx(shape.numbers, abs=2e-3), printed.err
    assert tuple(found["study"][: len(shape.labels)]) == shape.labels
