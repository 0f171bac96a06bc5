"""Twenty small faults in kernels and effects, each of which a test has to find.

A fault is a snippet and what to put in its place. The snippet is looked for in the whole package and must be
there once, and tests are named by their file alone, so that code and tests may move. When a line is
rewritten, its mutant is rewritten with it.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
# What tests read beside the package; results and notebooks are large, and no test named below opens them.
COPIED = ("meta", "tests", "studies", "pyproject.toml", "conftest.py")
QUICK = "not mcmc and not notebook and not slow and not long"


class Mutant(NamedTuple):
    """A fault, and the test files of which one has to fail."""

    name: str
    snippet: str
    replacement: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "narrow interval",
        "out[narrow] = _log_narrow(middle[narrow], half[narrow])",
        "pass",
        ("test_normal.py",),
    ),
    Mutant(
        "degrees of freedom of DerSimonian-Laird",
        "tau2 = np.maximum((m.q - (rows.n - 1)) / m.trace_p, 0.0)",
        "tau2 = np.maximum((m.q - rows.n) / m.trace_p, 0.0)",
        ("test_tau2.py",),
    ),
    Mutant("variance of Sidik-Jonkman", "shift = tau2 - first", "shift = tau2", ("test_tau2.py",)),
    Mutant(
        "profile likelihood interval",
        "drop = 0.5 * float(chdtri(1, 1 - level))",
        "drop = float(chdtri(1, 1 - level))",
        ("test_inference.py",),
    ),
    Mutant("H2", "h2=1 + tau2 / typical", "h2=tau2 / typical", ("test_univariate.py",)),
    Mutant(
        "Kenward-Roger df",
        "return variance, 2 * information * (m.s1 / m.s2) ** 2",
        "return variance, 2 * information * (m.s1 / m.s2)",
        ("test_inference.py",),
    ),
    Mutant(
        "df of the Hartung-Knapp prediction interval",
        'df = n - 1 if kind == "HK" else n - 2',
        'df = n - 2 if kind == "HK" else n - 1',
        ("test_inference.py", "test_univariate.py"),
    ),
    Mutant(
        "constant of the restricted likelihood",
        "value = value + 0.5 * (math.log(2 * math.pi) + np.log(rows.n) - np.log(s1))",
        "value = value + 0.5 * (math.log(2 * math.pi) - np.log(s1))",
        ("test_univariate.py",),
    ),
    Mutant("series of Hedges' J", "x * (-7 / 32", "x * (7 / 32", ("test_hedges.py",)),
    Mutant(
        "exact variance of g",
        "second = ratio * (1 / size + d**2)",
        "second = 1 / size + d**2",
        ("test_hedges.py", "test_recovery_from_tests.py"),
    ),
    Mutant(
        "Robins-Breslow-Greenland variance",
        "variance += (p * s + q * r).sum() / (2 * top * bottom)",
        "variance += (p * r + q * s).sum() / (2 * top * bottom)",
        ("test_counts.py",),
    ),
    Mutant(
        "Sato's variance",
        "n1 * n2 * (n2 - n1) / 2) / n**2",
        "n1 * n2 * (n1 - n2) / 2) / n**2",
        ("test_counts.py",),
    ),
    Mutant(
        "df of Hotelling's approximation",
        "return value * (eta - q + 1) / (eta * q), eta - q + 1",
        "return value * (eta - q + 1) / (eta * q), eta - q",
        ("test_robust.py",),
    ),
    Mutant(
        "Henmi and Copas' spread",
        "spread = math.sqrt(1 + tau2 * w2)",
        "spread = math.sqrt(tau2 * w2)",
        ("test_inference.py", "test_limits_and_p_values.py", "test_univariate.py"),
    ),
    Mutant(
        "restricted score of mixed models",
        "D += (one.mq @ cover) @ np.swapaxes(one.mq, 1, 2) if restricted else 0.0",
        "D -= (one.mq @ cover) @ np.swapaxes(one.mq, 1, 2) if restricted else 0.0",
        ("test_mixed.py", "test_multilevel.py"),
    ),
    Mutant(
        "conditional variance of the normal-normal model",
        "variance = 1.0 / (s0 + precision0)",
        "variance = 1.0 / s0",
        ("test_nnhm.py", "test_bayes_exact.py"),
    ),
    Mutant(
        "variance of Fisher's z",
        "_where(n > 3, 1 / (n - 3))",
        "_where(n > 3, 1 / (n - 2))",
        ("test_measures_reference.py", "test_measures_published.py"),
    ),
    Mutant(
        "zero cells by treatment arm",
        'share1 = n1 / (n1 + n2) if correction == "treatment-arm" else 0.5',
        'share1 = n2 / (n1 + n2) if correction == "treatment-arm" else 0.5',
        ("test_zero_cells.py",),
    ),
    Mutant(
        "variance of r from d",
        "a**2 * variance / (effect**2 + a) ** 3",
        "a**2 * variance / (effect**2 + a) ** 2",
        ("test_conversions.py",),
    ),
    Mutant(
        "correlation from three standard deviations",
        "r = (before**2 + after**2 - change**2) / (2 * before * after)",
        "r = (before**2 + after**2 + change**2) / (2 * before * after)",
        ("test_recovery.py",),
    ),
)


def place(package: Path, snippet: str) -> Path:
    """The one file of a package that holds a snippet, once."""
    found = {path: path.read_text(encoding="utf-8").count(snippet) for path in sorted(package.rglob("*.py"))}
    where = {path.relative_to(package).as_posix(): count for path, count in found.items() if count}
    if sum(where.values()) != 1:
        raise LookupError(f"{snippet!r} should be in {package.name} once; it is in {where or 'no file'}")
    return package / next(iter(where))


def files_of(root: Path, names: tuple[str, ...]) -> list[Path]:
    """Test files by their names, which are unique in the tree."""
    found = {name: sorted((root / "tests").rglob(name)) for name in names}
    if wrong := [name for name, paths in found.items() if len(paths) != 1]:
        raise LookupError(f"there should be one test file of each name; not so of {wrong}")
    return [paths[0] for paths in found.values()]


def copy(root: Path, to: Path) -> None:
    """What the tests need, without caches."""
    for name in COPIED:
        kept = root / name
        if kept.is_dir():
            shutil.copytree(kept, to / name, ignore=shutil.ignore_patterns("__pycache__", "images"))
        elif kept.exists():
            shutil.copy(kept, to / name)


def run(root: Path, names: tuple[str, ...]) -> int:
    """Run tests on the package of ``root``; returns pytest's exit code (0 passed, 1 failed)."""
    files = [str(path.relative_to(root)) for path in files_of(root, names)]
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", QUICK]
    # Byte code is not written: a mutant of the same second and size would be taken for what it replaces.
    settings = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *options, *files]
    return subprocess.run(command, cwd=root, env=settings, capture_output=True, check=False).returncode


def killed(root: Path, mutant: Mutant) -> bool:
    """Whether a test fails for a fault; ``root`` is as it was when this returns."""
    path = place(root / "meta", mutant.snippet)
    text = path.read_text(encoding="utf-8")
    changed = text.replace(mutant.snippet, mutant.replacement)
    ast.parse(changed)  # a fault that is no Python would be found by everything
    path.write_text(changed, encoding="utf-8")
    try:
        return run(root, mutant.tests) == 1
    finally:
        path.write_text(text, encoding="utf-8")
