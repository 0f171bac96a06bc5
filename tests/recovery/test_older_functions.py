"""The functions of version 0.1 for recovery beside the solver's rules: the same numbers, fewer callers.

The registry of rules is the one place for formulas. The older modules keep their public functions; what still
imports them, and what still computes for itself, is listed here and may only become less.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.effects import from_tests, recovery, two_by_two_recovery
from meta.recovery.rules import change, dispersion, events, tests

EFFECTS = Path(from_tests.__file__).parent
CALLERS = {
    "from_tests": {"effects/designs.py"},
    "recovery": {"effects/designs.py", "effects/from_tests.py"},
    "two_by_two_recovery": set(),
}
"""Modules of the package that import an older one; the lists may only shrink."""
OWN_FORMULAS = {
    "from_tests": {
        *(
            "g_from_t",
            "ancova_adjusted",
            "g_from_difference",
            "paired_variance",
            "g_from_paired_t",
            "dz_from_p",
        ),
        *("contrast_of_changes", "unsigned_contrast", "bound_from_threshold", "paired_bound_from_threshold"),
        *("g_from_eta2", "_threshold"),
    },
    "recovery": {
        *("_crit", "se_from_ci", "t_from_p", "t_from_f", "f_from_eta2", "se_from_t", "se_of_difference"),
        *("sd_from_difference", "correlation_from_eta2"),
    },
    "two_by_two_recovery": {
        *("_pick", "_within", "tables_from_odds_ratio", "_excess", "_chi2"),
        *("tables_from_percentages", "tables_from_risk_ratio", "_risks_fit"),
    },
}
"""Functions of the older modules that compute for themselves; the lists may only shrink."""


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{item.name}" for item in node.names)}
    return names


@pytest.mark.parametrize("module", CALLERS)
def test_callers_only_become_fewer(module):
    package = EFFECTS.parent
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if f"meta.effects.{module}" in imported(path)
    }
    assert found == CALLERS[module]


@pytest.mark.parametrize("module", OWN_FORMULAS)
def test_own_formulas_only_become_fewer(module):
    tree = ast.parse((EFFECTS / f"{module}.py").read_text())
    arithmetic = (ast.Mult, ast.Div, ast.Pow)
    found = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(x, ast.BinOp) and isinstance(x.op, arithmetic) for x in ast.walk(node))
    }
    assert found == OWN_FORMULAS[module]


SIZES = {"n1": 18.0, "n2": 17.0}


def value(found):
    return float(found.value)


@pytest.mark.parametrize(
    ("older", "rule"),
    [
        (lambda: value(recovery.sd_from_se(0.5, n=16)), lambda: dispersion.sd_from_se(0.5, 16)),
        (lambda: value(recovery.se_from_ci(30.0, 34.2, df=24)),
         lambda: dispersion.se_from_interval(30.0, 34.2, 0.95, 25)),
        (lambda: value(recovery.t_from_p(0.04, direction="higher", df=33)), lambda: tests.t_of_p(0.04, 33)),
        (lambda: value(recovery.t_from_p(0.04, direction="higher")), lambda: tests.z_of_p(0.04)),
        (lambda: value(recovery.change_sd(sd_pre=4, sd_post=5, r=0.7)), lambda: change.change_sd(4, 5, 0.7)),
        (lambda: value(recovery.correlation_from_sds(sd_pre=4, sd_post=5, sd_change=3.6)),
         lambda: change.correlation_of_sds(4, 5, 3.6)),
        (lambda: from_tests.g_from_t(-2.1, n1=18, n2=17).yi,
         lambda: meta.solve(measure="SMD", t=-2.1, **SIZES).yi),
        (lambda: from_tests.g_from_p(0.04, n1=18, n2=17, direction="lower").yi,
         lambda: meta.solve(measure="SMD", p=0.04, direction="lower", **SIZES).yi),
        (lambda: from_tests.g_from_paired_t(2.1, n=18, r=0.7).yi,
         lambda: meta.solve(measure="SMD", design="crossover", t=2.1, n=18, r=0.7).yi),
    ],
    ids=["SD of SE", "SE of CI", "t of p", "z of p", "SD of change", "r of SDs", "g of t", "g of p",
         "g of a paired t"],
)  # fmt: skip
def test_older_functions_agree_with_the_rules(older, rule):
    assert float(older()) == pytest.approx(float(rule()), rel=1e-12)


@pytest.mark.parametrize(
    ("table", "rule", "printed", "digits"),
    [
        (two_by_two_recovery.tables_from_odds_ratio, events.from_odds_ratio, "7.89", 2),
        (two_by_two_recovery.tables_from_phi, events.from_phi, "0.341", 3),
        (two_by_two_recovery.tables_from_chi2, events.from_chi2, "8.00", 2),
    ],
    ids=["odds ratio", "phi", "chi-square"],
)
def test_tables_from_margins_agree_with_the_rules(table, rule, printed, digits):
    more = {"direction": "higher"} if rule is events.from_chi2 else {}
    found = table(printed, n1=34, n2=35, events=13, **more).unique
    sign = [np.array(1.0)] if more else []
    given = (float(printed), 0.5 * 10.0**-digits, 34.0, 35.0, 13.0)
    assert found.events1 == float(rule(*map(np.array, given), *sign))
    a, b, c, d = found.events1, 34 - found.events1, found.events2, 35 - found.events2
    phi = (a * d - b * c) / np.sqrt(34 * 35 * 13 * (69 - 13))
    assert {"7.89": a * d / (b * c), "0.341": phi, "8.00": 69 * phi**2}[printed] == pytest.approx(
        float(printed), abs=0.5 * 10.0**-digits
    )
