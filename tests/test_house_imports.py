"""The import graph: rooms on floors, no circle between modules, private names at home."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import meta
from tests.test_house import room_of

PACKAGE = Path(meta.__file__).parent
FLOORS = (
    ("errors", "formatting", "missing"),
    ("arguments", "keywords", "compat", "datasets"),
    ("saving", "kernels", "tables"),
    ("measures",),
    ("evidence",),
    ("effects", "recovery"),
    ("results",),
    ("pooling", "bayes", "models"),
    ("bias", "diagnostics", "plots"),
    ("claims",),
    ("report",),
    ("commands",),
    ("cli",),
)
"""From the ground up; a room takes only from floors below it. Two rooms of one floor have their order in
`test_house.ALLOWED`."""

NAMED_IN_FILES = {"_JeffreysOf"}
"""A class of that name stands in saved results."""


def modules(package=PACKAGE):
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = ["meta", *path.relative_to(package).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name, path, known):
    """What a module imports of the package, also inside functions and for types alone: (module, name)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((item.name, "") for item in node.names if item.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for item in node.names:
                inner = f"{node.module}.{item.name}"
                if inner in known:
                    yield inner, ""
                elif node.module in known:
                    yield node.module, item.name


def graph(package=PACKAGE):
    """Arrows of the package by module; the lazy table of ``meta`` itself stands above all."""
    known = modules(package)
    arrows = defaultdict(set)
    for name, path in known.items():
        arrows[name] |= {to for to, _ in imports(name, path, known) if to not in ("meta", name)}
    del arrows["meta"]
    return arrows


def circles(arrows):
    """Sets of modules that reach each other (Tarjan 1972, doi:10.1137/0201010)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(frozenset(group))

    for node in list(arrows):
        if node not in index:
            visit(node)
    return set(found)


def test_no_module_reaches_itself():
    assert not [sorted(group) for group in circles(graph())]


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ("import meta.b", True),
        ("def f():\n    from meta.b import x", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from meta import b", True),
        ("x = 1", False),
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path, text, circle):
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "a.py").write_text(text)
    (tmp_path / "b.py").write_text("from meta.a import y")
    assert (circles(graph(tmp_path)) != set()) is circle


def test_every_room_stands_on_a_floor():
    assert {room_of(name) for name in modules() if name != "meta"} == {
        *(item for floor in FLOORS for item in floor),
        "__main__",
    }


def test_rooms_take_only_from_floors_below():
    height = {item: i for i, floor in enumerate(FLOORS) for item in floor}
    up = [
        f"{name} -> {to}"
        for name, others in graph().items()
        for to in others
        if name != "meta.__main__" and height[room_of(to)] > height[room_of(name)]
    ]
    assert not up


def test_private_names_stay_at_home():
    known = modules()
    taken = [
        f"{name} takes {what} from {to}"
        for name, path in known.items()
        for to, what in imports(name, path, known)
        if what.startswith("_") and not what.startswith("__") and to != name and what not in NAMED_IN_FILES
    ]
    assert not taken
