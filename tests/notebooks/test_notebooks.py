"""The notebooks run from top to bottom and print what was committed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def printed(notebook):
    """Text that each cell printed; figures and tables are left to the notebooks' own assertions."""
    return [
        "".join(out.text for out in cell.get("outputs", []) if out.output_type == "stream")
        for cell in notebook.cells
    ]


def test_the_three_claims_have_their_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"soreness", "cortisol", "cramps"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_committed_and_free_of_errors(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(cell.outputs for cell in code)
    assert not any(out.output_type == "error" for cell in code for out in cell.outputs)
    assert "assert" in code[-1].source


@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fresh_run_prints_the_same(path):
    notebook = nbformat.read(path, as_version=4)
    before = printed(notebook)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3")
    client.execute(cwd=str(FOLDER))
    assert printed(notebook) == before
