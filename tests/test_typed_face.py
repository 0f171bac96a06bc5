"""What an editor, a type checker and `dir` see of the package is what it offers."""

import ast
import copy
import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import meta

PACKAGE = Path(meta.__file__).parent
LAZY = {"meta": "__init__.py", "meta.bias": "bias/__init__.py", "meta.diagnostics": "diagnostics/__init__.py"}
SCRIPT = """
import meta
es = meta.effect_sizes(measure="GEN", yi=[0.1, 0.2], vi=[0.1, 0.1])
{lines}
"""
REVEALED = {
    "meta.pool(es)": "meta.pooling.result.Pooled",
    'meta.pool(es, by="form")': "meta.pooling.subgroup_fits.Subgroups",
    "meta.pool(es).estimate": "float",
    'meta.regress(es, "~ dose")': "meta.pooling.regression_result.Regression",
    'meta.regress(es, "~ dose", scale="~ dose")': "meta.pooling.location_scale_fit.LocationScale",
    "meta.pool_multilevel(es)": "meta.pooling.multilevel_result.Multilevel",
    'meta.pool_counts({}, measure="OR")': "meta.pooling.count_result.PooledCounts",
    "meta.bayes(es)": "meta.bayes.posterior.Posterior",
    'meta.bayes(es, moderators="~ dose")': "meta.bayes.posterior_regression.PosteriorRegression",
    "meta.bayes.model_average(es)": "meta.bayes.ensemble.ModelAverage",
    "meta.bias.egger(es)": "meta.bias.egger_regression.RegressionTest",
    "meta.bias.trim_and_fill(es)": "meta.bias.trimming.TrimAndFill",
    "meta.plots.forest(es)": "meta.plots.forest.ForestPlot",
    "meta.priors.Normal(0, 1)": "meta.bayes.effect_priors.Normal",
    "meta.HalfNormal(1)": "meta.bayes.tau_priors.HalfNormal",
    'meta.datasets.load("bcg")': "pandas.core.frame.DataFrame",
    "meta.diagnostics.influence(es)": "pandas.core.frame.DataFrame",
}


def seen_by_a_checker(path):
    """Names that a module imports where a type checker reads it, and where from."""
    found = {}
    body = ast.parse(path.read_text()).body
    lazy = any(isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" for node in body)
    for node in body:
        if not lazy and isinstance(node, ast.ImportFrom) and node.module.startswith("meta."):
            found |= {item.name: node.module for item in node.names}
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for part in node.body:
                if isinstance(part, ast.ImportFrom):
                    found |= {item.asname: part.module for item in part.names if item.asname}
                elif isinstance(part, ast.AnnAssign):
                    found[part.target.id] = "declared"
    return found


@pytest.mark.parametrize("name", LAZY)
def test_a_checker_sees_what_is_offered(name):
    module = importlib.import_module(name)
    found = seen_by_a_checker(PACKAGE / LAZY[name])
    assert sorted(found) == [item for item in module.__all__ if not item.startswith("__")]
    for item, place in found.items():
        if place not in ("meta", "declared", "meta.bayes"):
            assert getattr(module, item) is getattr(importlib.import_module(place), item)


@pytest.mark.parametrize(
    "name", ["meta", "bayes", "bias", "diagnostics", "plots", "datasets", "bayes.priors"]
)
def test_dir_lists_what_is_public(name):
    module = meta if name == "meta" else importlib.import_module(f"meta.{name}")
    assert dir(module) == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for item in module.__all__:
        assert getattr(module, item) is not None


def test_priors_on_demand_are_those_of_their_modules():
    from meta.bayes import priors

    places = set(priors._ON_DEMAND.values())
    offered = {name: place for place in places for name in importlib.import_module(place).__all__}
    assert offered == priors._ON_DEMAND


def test_classes_of_results_can_be_imported():
    from meta import Multilevel, Pooled, PooledCounts, Posterior, Regression, Subgroups

    fit = meta.pool(yi=[0.1, 0.9, 1.4], vi=[0.1, 0.1, 0.2])
    assert isinstance(fit, Pooled)
    assert all(map(inspect.isclass, (Multilevel, PooledCounts, Posterior, Regression, Subgroups)))


IMPORTS = [
    "import meta.bayes.priors",
    "import meta.bayes.exact",
    "from meta.bayes.grid import GridCore",
    "from meta.bayes import model_average",
    "import meta.bayes as b; assert b is meta.bayes",
    "from meta import bayes; assert bayes is meta.bayes",
    "import meta.bayes.priors as p; assert p is meta.priors",
    "import importlib; importlib.import_module('meta.compat')",
    "meta.HalfNormal(1)",
]
AFTER = """
import inspect, pickle
assert inspect.isfunction(meta.bayes), meta.bayes
assert pickle.loads(pickle.dumps(meta.bayes)) is meta.bayes
assert "effect" in inspect.signature(meta.bayes).parameters
assert meta.bayes.model_average and meta.bayes.priors.Normal and meta.bayes.bias_models.PET
assert meta.bayes.__doc__.startswith("Bayesian random-effects")
"""


def test_bayes_stays_a_function_whatever_is_imported():
    # Each import has to be the first one and so needs its own interpreter; the slow test runs them all.
    for statement in (IMPORTS[0], IMPORTS[1]):
        subprocess.run([sys.executable, "-c", f"import meta\n{statement}\n{AFTER}"], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("statement", IMPORTS)
def test_bayes_stays_a_function_after_any_import(statement):
    subprocess.run([sys.executable, "-c", f"import meta\n{statement}\n{AFTER}"], check=True)


def test_bayes_is_a_plain_function():
    package = importlib.import_module("meta.bayes")
    assert inspect.isfunction(meta.bayes)
    assert pickle.loads(pickle.dumps(meta.bayes)) is meta.bayes
    assert copy.deepcopy(meta.bayes) is meta.bayes
    assert [name for name in dir(meta.bayes) if not name.startswith("_")] == [
        name for name in package.__all__ if name != "bayes"
    ]
    with pytest.raises(AttributeError, match=r"it offers .*model_average"):
        package.model_averages  # noqa: B018


def shape(node):
    """Parameters in their order, with their annotations and whether they have a default."""
    required = len(node.args.args) - len(node.args.defaults)
    places = [
        (item, position >= required) for position, item in enumerate(node.args.args) if item.arg != "self"
    ]
    places += [
        (item, default is not None)
        for item, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    ]
    return {item.arg: (ast.unparse(item.annotation), given) for item, given in places}


@pytest.mark.parametrize(
    ("path", "name", "deciding", "own"),
    [
        ("pooling/univariate.py", "pool", "by", "pooling/univariate.py"),
        ("pooling/regress.py", "regress", "scale", "pooling/regress.py"),
        ("bayes/fit.py", "bayes", "moderators", "bayes/_typed.py"),
    ],
)
def test_overloads_have_the_parameters_of_the_function(path, name, deciding, own):
    defined = [
        item
        for item in ast.walk(ast.parse((PACKAGE / path).read_text()))
        if getattr(item, "name", "") == name
    ]
    real = shape(defined[-1])
    listed = (
        defined[:-1]
        if own == path
        else [
            item
            for item in ast.walk(ast.parse((PACKAGE / own).read_text()))
            if isinstance(item, ast.FunctionDef)
        ]
    )
    assert len(listed) == 2
    for item, decision in zip(listed, [("None", True), ("Any", False)], strict=True):
        assert shape(item) == real | {deciding: decision}


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.slow
def test_a_type_checker_knows_the_results(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(lines="\n".join(f"reveal_type({line})" for line in REVEALED)))
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "", "--ignore-missing-imports", str(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(PACKAGE.parent), "PATH": "", "HOME": str(tmp_path)},
    )
    found = [
        line.split('Revealed type is "')[1][:-1] for line in ran.stdout.splitlines() if "Revealed" in line
    ]
    assert dict(zip(REVEALED, found, strict=True)) == REVEALED, ran.stdout
    assert "error" not in ran.stdout.replace(tmp_path.name, ""), ran.stdout
