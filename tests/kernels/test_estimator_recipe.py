"""The recipe of CONTRIBUTING.md: an estimator of two files works wherever `method=` is taken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import meta

PACKAGE = Path(meta.__file__).parent
RECIPE = PACKAGE.parent / "CONTRIBUTING.md"

USED = """
import warnings

import numpy as np

import meta
from meta.bias import egger, trim_and_fill
from meta.kernels.tau2 import ESTIMATORS

warnings.simplefilter("ignore")
rng = np.random.default_rng(7)
k = 16
x, v = rng.normal(size=k), rng.uniform(0.02, 0.3, k)
y = 0.4 * x + rng.normal(size=k) * np.sqrt(v + 0.2)
group = np.array(["a", "b"] * 8)


def two_step(y, v, X):
    def step(a):
        P = np.diag(a) - a[:, None] * X @ np.linalg.solve(X.T * a @ X, X.T * a)
        return max(0.0, (y @ P @ y - np.trace(P @ np.diag(v))) / np.trace(P))

    return step(1 / (v + step(1 / v)))


def same(actual, expected):
    np.testing.assert_allclose(np.asarray(actual, float), expected, rtol=1e-9, atol=1e-12)


one, both = np.ones((k, 1)), np.column_stack([np.ones(k), x])
alone = two_step(y, v, one)
es = meta.EffectSizes(y, v, "GEN", [f"s{i}" for i in range(k)], columns={"x": x, "group": group})
fit = meta.pool(es, method="DL2")
same(fit.tau2, alone)
assert fit.tau2_se > 0 and "DL2" in str(fit) and ESTIMATORS["DL2"].mean is None
same(meta.regress(es, "~ x", method="DL2").tau2, two_step(y, v, both))
same(meta.regress(es, method="DL2").tau2, alone)
half = meta.subgroups(es, by="group", method="DL2")
for name in "ab":
    at = group == name
    same(half[name].tau2, two_step(y[at], v[at], one[at]))
cells = (group[:, None] == np.array(["a", "b"])).astype(float)
same(meta.subgroups(es, by="group", method="DL2", common_tau2=True).common_tau2, two_step(y, v, cells))
table = meta.diagnostics.cumulative(fit)
same(table["tau2"].iloc[-1], alone)
same(table["tau2"].iloc[7], two_step(y[:8], v[:8], one[:8]))
left = meta.diagnostics.leave_one_out(fit)
same(left["tau2"].iloc[0], two_step(y[1:], v[1:], one[1:]))
mixed = egger(es, model="mixed", method="DL2")
same(mixed.tau2, two_step(y, v, np.column_stack([np.ones(k), np.sqrt(v)])))
assert np.isfinite(trim_and_fill(fit).estimate)

Y, V = np.tile(y[:, None], 5), np.tile(v[:, None], 5)
same(meta.pool_many(Y, V, method="DL2").tau2, np.full(5, alone))
Y[:3, 1] = np.nan
Y[1:, 2] = np.nan
many = meta.pool_many(Y, V, method="DL2").tau2
same(many[[0, 1, 3]], [alone, two_step(y[3:], v[3:], one[3:]), alone])
assert np.isnan(many[2])
line = meta.regress(es, "~ x", method="DL2", test="z")
same(line.permutation_test(n=20, exact=False, seed=1).observed, line.coefficients["statistic"])
try:
    meta.pool(es, method="DL3")
except ValueError as error:
    assert "DL2" in str(error)
print("used everywhere")
"""


def blocks() -> dict[str, str]:
    """The recipe's Python by the file that its first line names."""
    text = RECIPE.read_text(encoding="utf-8")
    found = re.findall(r"^( *)```python\n\s*# (meta/\S+)\n(.*?)^\1```", text, flags=re.DOTALL | re.MULTILINE)
    return {path: textwrap.dedent(body) for _, path, body in found}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the recipe's estimator."""
    root = tmp_path_factory.mktemp("recipe")
    shutil.copytree(PACKAGE, root / "meta", ignore=shutil.ignore_patterns("__pycache__"))
    code, entry = list(blocks().values())[:2]
    (root / "meta" / "kernels" / "tau2" / "two_step.py").write_text(code, encoding="utf-8")
    registry = root / "meta" / "kernels" / "tau2" / "estimators.py"
    text = registry.read_text(encoding="utf-8")
    text = text.replace("    sidik_jonkman,\n)", "    sidik_jonkman,\n    two_step,\n)")
    end = text.rindex("    )\n}")
    registry.write_text(
        text[:end] + textwrap.indent(f"{entry.rstrip()},\n", " " * 8) + text[end:], encoding="utf-8"
    )
    return root


def run(root: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_recipe_names_two_files() -> None:
    assert list(blocks())[:2] == ["meta/kernels/tau2/two_step.py", "meta/kernels/tau2/estimators.py"]


def test_an_estimator_of_two_files_is_used_everywhere(copy: Path) -> None:
    assert "used everywhere" in run(copy, "-c", USED)


def test_the_command_line_and_the_documentation_follow(copy: Path) -> None:
    table = copy / "effects.csv"
    table.write_text("study,yi,vi\na,0.1,0.02\nb,0.9,0.03\nc,0.4,0.01\n", encoding="utf-8")
    assert "DL2" in run(copy, "-W", "ignore", "-m", "meta.cli", "pool", str(table), "--method", "DL2")
    page = copy / "choices.md"
    run(copy, "-m", "meta.pooling.options_table", str(page))
    assert "`DL2` | DerSimonian-Laird, two steps" in page.read_text(encoding="utf-8")
