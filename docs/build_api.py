"""Write ``docs/api.md`` from the docstrings: run ``python docs/build_api.py`` after one has changed."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import meta
from meta.bayes.fit import bayes

PAGE = Path(__file__).parent / "api.md"
HEAD = """# API reference

Generated from the docstrings by `python docs/build_api.py`; do not edit. Measures are listed in
[measures.md](measures.md), estimators, tests and intervals in [choices.md](choices.md). Every result prints
itself, and has `to_frame()` or tidy tables where it holds a table.
"""
TITLES = ("Parameters", "Returns", "Yields", "Raises", "Attributes", "Notes", "References", "Examples")
ROOMS = {
    "meta": ("Effects, pooling, Bayes, claims", None),
    "meta.bias": ("Small-study effects and selection", "bias"),
    "meta.diagnostics": ("Diagnostics", "diagnostics"),
    "meta.plots": ("Figures", "plots"),
    "meta.priors": ("Priors", "priors"),
    "meta.datasets": ("Classic datasets", "datasets"),
}


def public(module: Any) -> list[tuple[str, Any]]:
    """Names and objects that a module offers, modules left out."""
    names = [name for name in module.__all__ if not name.startswith("_")]
    found = [(name, getattr(module, name)) for name in names]
    found = [(name, bayes if name == "bayes" else item) for name, item in found]
    return [(name, item) for name, item in found if inspect.isfunction(item) or inspect.isclass(item)]


def entry(name: str, item: Any) -> str:
    """One name: its signature and its docstring as Markdown."""
    text = inspect.getdoc(item) or ""
    lines = [f"### `{name}`", "", "```python", f"{name}{signature(item)}", "```", "", *body(text)]
    return "\n".join(lines).rstrip() + "\n"


def signature(item: Any) -> str:
    """Parameters with their defaults, without annotations."""
    try:
        found = inspect.signature(item)
    except ValueError:
        return "(...)"
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def body(text: str) -> list[str]:
    """A numpydoc docstring as Markdown lines."""
    parts = re.split(rf"^({'|'.join(TITLES)})\n-+\n", text, flags=re.M)
    told, *shown = re.split(r"^(?=>>> )", parts[0].strip(), maxsplit=1, flags=re.M)
    lines = [links(told.strip()), ""]
    lines += [line for part in shown for line in section("Examples", part)]
    for title, content in zip(parts[1::2], parts[2::2], strict=True):
        lines += [f"**{title}**", "", *section(title, content.strip("\n")), ""]
    return lines


def section(title: str, content: str) -> list[str]:
    """The lines of one section: a list of parameters, a block of code, or text."""
    if title == "Examples":
        return ["```python", *(code(line) for line in content.strip().splitlines()), "```"]
    if title in ("Notes", "References"):
        return [links(content.strip())]
    items: list[list[str]] = []
    for line in content.splitlines():
        if line and not line.startswith(" "):
            name, _, kind = line.partition(" : ")
            items.append([f"- `{name}`" + (f" ({kind})" if kind else "")])
        elif line.strip() and items:
            items[-1].append(line.strip())
    return [links(" — ".join(filter(None, (head, " ".join(rest))))) for head, *rest in items]


def code(line: str) -> str:
    """A line of an example as it is typed; what it prints as a comment."""
    if line.startswith((">>> ", "... ")):
        return line[4:]
    return f"# {line}" if line.strip() not in ("", "...", ">>>") else ""


def links(text: str) -> str:
    """Turn roles into code and DOIs into links."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    return re.sub(r"\bdoi:(10\.\S+?)([.,;)]*)(?=\s|$)", r"[doi:\1](https://doi.org/\1)\2", text)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for where, (title, name) in ROOMS.items():
        module = meta if name is None else getattr(meta, name)
        entries = [entry(f"{where}.{key}", item) for key, item in public(module)]
        parts += [f"## {title}\n", *entries]
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
