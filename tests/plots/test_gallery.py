"""The gallery shows every figure, and a few of them are compared with their pictures.

Covers docs/build_gallery.py. After a wanted change of looks, write the pictures anew with
``python tests/plots/test_gallery.py``.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import meta
from meta import plots
from meta.errors import quiet

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path(__file__).parent / "images"
COMPARED = ("forest", "forest-bounds", "forest-bayes", "funnel", "bubble", "specification")
DPI = 60
TOLERANCE = 5.0


def load_builder():
    spec = importlib.util.spec_from_file_location("build_gallery", ROOT / "docs" / "build_gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


builder = load_builder()


def picture(name):
    """The figure as grey levels, shape (height, width)."""
    with quiet():
        png = builder.draw(name).render("png", dpi=DPI)
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float)


def blocks(grey, size=4):
    """Means over small squares: thinner strokes or moved letters count, their smoothing does not."""
    height, width = (n - n % size for n in grey.shape)
    return grey[:height, :width].reshape(height // size, size, width // size, size).mean(axis=(1, 3))


def distance(one, other):
    """Root mean square difference of grey levels (0 to 255) after averaging."""
    height, width = np.minimum(one.shape, other.shape)
    return float(np.sqrt(np.mean((blocks(one[:height, :width]) - blocks(other[:height, :width])) ** 2)))


def test_every_figure_function_is_in_the_gallery():
    functions = {name for name in plots.__all__ if inspect.isfunction(getattr(plots, name))}
    used = {name for example in builder.EXAMPLES for name in re.findall(r"plots\.(\w+)\(", example.code)}
    assert len(functions) >= 20
    assert functions <= used


def test_examples_are_at_most_three_lines_with_names_of_their_own():
    names = [example.name for example in builder.EXAMPLES]
    assert len(set(names)) == len(names)
    assert all(1 <= len(example.code.splitlines()) <= 3 for example in builder.EXAMPLES)
    with pytest.raises(ValueError, match="last line of an example must be the figure"):
        builder.run("x = 1", {})


def test_the_page_is_the_one_that_the_list_makes():
    page = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    files = {path.stem for path in (ROOT / "docs" / "gallery").glob("*.png")}
    assert files == {example.name for example in builder.EXAMPLES}
    for example in builder.EXAMPLES:
        assert f"## {example.title}\n\n```python\n{example.code}\n```\n\n![" in page
        assert f"](gallery/{example.name}.png)" in page
        size = (ROOT / "docs" / "gallery" / f"{example.name}.png").stat().st_size
        assert 1000 < size <= 60_000
    assert ">>>" not in page


def test_the_notebook_is_the_one_that_the_list_makes():
    nbformat = pytest.importorskip("nbformat")
    path = ROOT / "notebooks" / "gallery.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code[2:-1]] == [example.code for example in builder.EXAMPLES]
    for cell in code[2:-1]:
        pictures = [kind for out in cell.outputs for kind in out.get("data", {}) if kind.startswith("image/")]
        assert len(pictures) == 1
    assert path.stat().st_size < 2_000_000
    assert str(ROOT) not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMPARED)
def test_figures_look_as_they_did(name):
    now = picture(name)
    before = np.asarray(Image.open(IMAGES / f"{name}.png").convert("L"), dtype=float)
    assert np.abs(np.subtract(now.shape, before.shape)).max() <= 4
    assert distance(now, before) < TOLERANCE


def test_the_comparison_sees_a_change():
    before = np.asarray(Image.open(IMAGES / "forest.png").convert("L"), dtype=float)
    fit = meta.pool(builder.start()["bcg"], test="z")
    png = meta.forest(fit, order="-effect", labels=("Favours vaccine", "Favours no vaccine")).render(
        "png", dpi=DPI
    )
    upside_down = np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float)
    assert distance(upside_down, before) > 2 * TOLERANCE
    assert distance(np.roll(before, 12, axis=1), before) > 2 * TOLERANCE


def test_leave_one_out_says_what_is_left_out():
    es = builder.start()["bcg"]
    table = meta.diagnostics.leave_one_out(meta.pool(es))
    assert table["study"].tolist() == list(es.study)
    assert [row.label for row in meta.forest(table).rows] == [f"Without {name}" for name in es.study]
    assert meta.diagnostics.leave_one_out(es).attrs["measure"] == "RR"


def test_a_selection_model_is_drawn_as_steps():
    found = meta.bias.selection_model(builder.start()["writing"], steps=[0.025, 0.5], direction="greater")
    frame = plots.weight_function({"fitted": found}).to_frame()
    assert frame["p"].tolist() == [0.0, 0.025, 0.025, 0.5, 0.5, 1.0]
    assert frame["weight"].to_numpy() == pytest.approx(np.repeat(found.weights, 2))


if __name__ == "__main__":
    for name in COMPARED:
        grey = Image.fromarray(picture(name).astype(np.uint8))
        grey.save(IMAGES / f"{name}.png", optimize=True)
