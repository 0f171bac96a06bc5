"""The recipes of CONTRIBUTING.md: a measure, a figure and a section of the report take two files each."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from tests.kernels.test_estimator_recipe import PACKAGE, blocks, run

USED = """
import warnings

import numpy as np

import meta

warnings.simplefilter("error")
ARMS = {"mean1": [9.0, 12.0, 8.0], "sd1": [3.0, 4.0, 2.0], "n1": [20, 30, 25]}
ARMS |= {"mean2": [10.0, 16.0, 10.0], "sd2": [3.0, 5.0, 2.5], "n2": [20, 31, 24]}
es = meta.effect_sizes({"study": ["A", "B", "C"]} | ARMS, measure="RELD", study="study")
np.testing.assert_allclose(es.yi, [-0.1, -0.25, -0.2])

# the delta method again, by numerical derivatives
for i in range(3):
    m1, s1, n1, m2, s2, n2 = (float(values[i]) for values in ARMS.values())
    h = 1e-5
    d1 = ((m1 + h) / m2 - (m1 - h) / m2) / (2 * h)
    d2 = (m1 / (m2 + h) - m1 / (m2 - h)) / (2 * h)
    np.testing.assert_allclose(es.vi[i], d1**2 * s1**2 / n1 + d2**2 * s2**2 / n2, rtol=1e-6)

fit = meta.pool(es)
assert "relative difference" in str(fit)
assert "relative difference" in meta.forest(fit)._repr_svg_().lower()
try:
    meta.bayes(es)
except ValueError as error:
    assert "prior" in str(error)  # a measure in units has no default priors
assert np.isfinite(meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.3)).estimate)

# facts other than means and SDs lead to it
found = meta.solve(mean1=9, n1=20, mean2=10, n2=20, se1=3 / 20**0.5, se2=3 / 20**0.5, measure="RELD")
assert abs(found.yi + 0.1) < 1e-12 and found.tier == "A"

figure = meta.plots.strip(es)
assert "3 effects." in figure.alt_text and "<svg" in figure._repr_svg_()
assert figure.to_frame()["study"].tolist() == ["A", "B", "C"]
assert "strip" in dir(meta.plots)
print("used everywhere")
"""

REPORTED = """
from pathlib import Path
from types import SimpleNamespace

from meta.report.sections.section_registry import ANALYSIS, write_sections

import meta

es = meta.EffectSizes([0.1, 0.4], [0.04, 0.01], "SMD", ["Small 2001", "Large 2002"])
subject = SimpleNamespace(answer=SimpleNamespace(effects=es))
made = write_sections("claim", subject, tuple(entry for entry in ANALYSIS if entry.id == "largest"))
assert [section.title for section in made] == ["The largest trial"]
from meta.report.blocks import said
assert "Large 2002" in str(made[0].blocks)
print("written")
"""

IMPORTS = {
    "meta/effects/measures/two_groups.py": ("    rates,\n", "    relative_difference,\n"),
    "meta/report/sections/section_registry.py": ("    explore,\n", "    largest_trial,\n"),
}


def registered(text: str, entry: str, end: str) -> str:
    at = text.rindex(end)
    return text[:at] + textwrap.indent(f"{entry.rstrip()},\n", " " * 4) + text[at:]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with all that the recipes add."""
    root = tmp_path_factory.mktemp("recipes")
    shutil.copytree(PACKAGE, root / "meta", ignore=shutil.ignore_patterns("__pycache__"))
    for path, body in blocks().items():
        file = root / path
        if not file.exists():
            file.write_text(body, encoding="utf-8")
        elif path in IMPORTS:
            after, line = IMPORTS[path]
            text = file.read_text(encoding="utf-8").replace(after, after + line, 1)
            if path.endswith("two_groups.py"):
                text = registered(text, body, ")\n")
            else:
                head, tail = text.split("CLAIM:", 1)
                text = registered(head, body, ")\n") + "CLAIM:" + tail
            file.write_text(text, encoding="utf-8")
    face = root / "meta" / "plots" / "__init__.py"
    text = face.read_text(encoding="utf-8")
    text = text.replace(
        "from meta.plots.text_columns",
        "from meta.plots.strip_of_effects import strip\nfrom meta.plots.text_columns",
    )
    face.write_text(text.replace('    "tau_trace",\n', '    "strip",\n    "tau_trace",\n'), encoding="utf-8")
    return root


def test_each_recipe_has_two_files() -> None:
    assert list(blocks())[2:] == [
        "meta/effects/measures/relative_difference.py",
        "meta/effects/measures/two_groups.py",
        "meta/plots/strip_of_effects.py",
        "meta/report/sections/largest_trial.py",
        "meta/report/sections/section_registry.py",
    ]


def test_a_measure_and_a_figure_are_used_everywhere(copy: Path) -> None:
    assert "used everywhere" in run(copy, "-c", USED)


def test_a_section_of_the_report_is_written(copy: Path) -> None:
    assert "written" in run(copy, "-c", REPORTED)


def test_the_command_line_knows_the_measure(copy: Path) -> None:
    table = copy / "means.csv"
    table.write_text(
        "study,mean1,sd1,n1,mean2,sd2,n2\nA,9,3,20,10,3,20\nB,12,4,30,16,5,31\n", encoding="utf-8"
    )
    assert "elative difference" in run(copy, "-W", "ignore", "-m", "meta", "pool", str(table), "-m", "RELD")
    page = copy / "measures.md"
    run(copy, "-m", "meta.effects.measures_table", str(page))
    assert "RELD" in page.read_text(encoding="utf-8")
