"""The house as designed: public names, lazy imports, arrows that point one way, small rooms."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import meta

PACKAGE = Path(meta.__file__).parent

ALLOWED = {
    "results": {"kernels", "tables", "effects"},
    "kernels": set(),
    "evidence": {"measures"},
    "datasets": set(),
    "tables": set(),
    "recovery": {"kernels", "tables", "measures"},
    "effects": {"kernels", "evidence", "tables", "recovery"},
    "pooling": {"tables", "kernels", "effects", "results"},
    "bayes": {"tables", "kernels", "effects", "results"},
    "models": {"tables", "kernels", "effects", "results", "pooling", "bayes"},
    "bias": {"tables", "kernels", "effects", "results", "pooling"},
    "diagnostics": {"tables", "kernels", "effects", "results", "pooling"},
    "claims": {"tables", "kernels", "evidence", "effects", "results", "pooling", "bayes", "models", "bias"},
    "plots": {"tables", "kernels", "effects", "results"},
    "report": {"tables", "kernels", "evidence", "effects", "pooling", "bayes", "bias", "claims", "plots"},
}

MEASURES = ("measures", "registry", "scales", "zero_cells", "vtypes", "inputs")
"""Modules of the effects room that know nothing of effect sizes: a room of their own, below recovery."""


def room_of(name):
    """The room of a module by its dotted name."""
    parts = name.split(".")
    return "measures" if parts[1] == "effects" and parts[2:3] and parts[2] in MEASURES else parts[1]


def rooms_imported(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {room_of(name) for name in names if name.startswith("meta.")}
    return found & {*ALLOWED, "measures"}


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_point_one_way(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        own = {room, "measures"} if room == "effects" or "effects" in ALLOWED[room] else {room}
        extra = rooms_imported(path) - ALLOWED[room] - own
        assert not extra, f"{path.relative_to(PACKAGE)} imports {sorted(extra)}"


def test_every_public_name_resolves():
    for name in meta.__all__:
        assert getattr(meta, name) is not None, name
    assert dir(meta) == meta.__all__


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(AttributeError, match=r"it offers .*effect_sizes"):
        meta.effectsizes  # noqa: B018


@pytest.mark.parametrize("statement", ["import meta", "import meta; meta.pool(yi=[1, 2, 3], vi=[1, 1, 1])"])
def test_heavy_packages_wait_until_they_are_needed(statement):
    heavy = "('pandas', 'pymc', 'arviz', 'statsmodels', 'matplotlib', 'formulaic', 'scipy.stats')"
    code = f"{statement}; import sys; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_bayes_is_a_package_and_the_public_function():
    importlib.import_module("meta.bayes.priors")
    post = meta.bayes(
        yi=[0.1, 0.2, 0.4], vi=[0.01, 0.02, 0.03], effect=meta.Normal(0, 1), tau=meta.HalfNormal(1)
    )
    assert 0 < post.estimate < 0.5


WITH_A_MATRIX_OF_THEIR_OWN = {
    "bias/selection_likelihood.py",  # ends of steps, not moderators
}
"""Modules outside the design that put ones beside columns or import formulaic; the list may only shrink."""


def makes_a_design(path):
    """Whether a module imports formulaic, or stacks columns with ones among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            if any(name.split(".")[0] == "formulaic" or name == "model_matrix" for name in names):
                return True
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
            "column_stack",
            "hstack",
            "vander",
        ):
            inside = {getattr(part.func, "attr", "") for part in ast.walk(node) if isinstance(part, ast.Call)}
            if inside & {"ones", "ones_like", "full"}:
                return True
    return False


def test_one_room_makes_design_matrices():
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if PACKAGE / "effects" / "design" not in path.parents and makes_a_design(path)
    }
    assert found == WITH_A_MATRIX_OF_THEIR_OWN


def test_modules_stay_readable():
    long = {
        str(path.relative_to(PACKAGE)): count
        for path in PACKAGE.rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert not long, f"over 400 lines: {long}"


LISTS_OF_MEASURES = {
    "effects/revman_rows.py": "RevMan's names of measures",
    "evidence/kinds/ratio.py": "schema of a study file, in a room below the measures",
    "plots/scatter.py": "one curve of equal effect per measure",
    "pooling/pool_counts.py": "one Mantel-Haenszel formula per measure",
    "pooling/dependence.py": "one covariance formula per measure",
    "pooling/count_glmm.py": "one set of likelihoods per measure",
    "report/methods_text.py": "the sentence of the methods section per measure of a claim",
}
"""Modules outside the registry that list three or more measures, and why; the list may only shrink."""


def lists_measures(path, codes):
    """Whether a module has a literal with three or more codes of measures, or a text of nothing but codes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Set | ast.Tuple | ast.List):
            parts = node.elts
        elif isinstance(node, ast.Dict):
            parts = [*node.keys, *node.values]
        else:
            words = node.value.split() if isinstance(getattr(node, "value", None), str) else []
            if len(words) >= 3 and codes.issuperset(words):
                return True
            continue
        texts = [part.value for part in parts if isinstance(part, ast.Constant)]
        if len({text for text in texts if isinstance(text, str)} & codes) >= 3:
            return True
    return False


def test_one_registry_lists_measures():
    from meta.effects.registry import MEASURES

    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if PACKAGE / "effects" / "measures" not in path.parents and lists_measures(path, set(MEASURES))
    }
    assert found == set(LISTS_OF_MEASURES)


@pytest.mark.parametrize(
    "text", ['{"SMD", "SMDH", "SMD1"}', '{"RR": 1, "OR": 2, "RD": 3}', '"RR OR HR".split()']
)
def test_a_second_list_of_measures_is_found(text, tmp_path):
    (tmp_path / "module.py").write_text(f"FOUND = {text}\n")
    assert lists_measures(tmp_path / "module.py", {"SMD", "SMDH", "SMD1", "RR", "OR", "RD", "HR"})


ODD = re.compile(
    r"\b(one (?:row|file|line|label|test|module) an? |is no (?!longer|more|doubt|other|one|such|way)"
    r"|mend(?:ed|s)? (?:that|the|it|this)|is told (?:in|by)|save it anew)"
)
"""Words in a foreign order: "one row a study", "is no Excel file", "mend that line", "save it anew"."""


def test_words_stand_in_the_order_of_native_speakers():
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ODD.search(line)
    ]
    assert not found, "\n".join(found)


BY_FORM = {"arguments", "cli", "compat", "commands", "effects", "evidence", "saving", "tables", "kernels"}
"""Where objects of other packages (tables, sparse matrices, streams) are told apart by their form."""
FEW = {"bayes": 4, "plots": 7, "pooling": 13, "report": 1, "results": 11}
"""How often each other room asks for a single attribute: of pandas, scipy and matplotlib. May only shrink."""


def test_results_are_told_apart_by_protocols():
    """`meta.results.abilities` says what a result may offer; one attribute says nothing to a reader."""
    count = dict.fromkeys(FEW, 0)
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if room not in BY_FORM and (found := path.read_text().count("hasattr(")):
            assert room in FEW, f"{path.name} asks by hasattr; use a protocol of meta.results.abilities"
            count[room] += found
    assert count == FEW


def test_no_file_name_stands_in_two_rooms():
    names = [path.name for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
