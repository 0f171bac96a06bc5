"""The registry of rules as a page: ``python -m meta.recovery.pages docs/recovery.md`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.facts import FACTS, WORDS
from meta.recovery.rules import FAMILIES
from meta.recovery.rules.rule import Rule
from meta.recovery.targets import effect_rules

MARK = "## Facts\n"
"""What follows this heading is generated; what stands before it is written by hand."""
EXAMPLES = (
    ("SMD", "two means"),
    ("MD", "two means"),
    ("SMD", "crossover"),
    ("ROM", "crossover"),
    ("SMCC", "paired"),
    ("ZCOR", "correlation"),
)
"""Measures whose last steps stand for those of all: rules of one name are listed once."""


def page() -> str:
    """The generated part: facts, assumptions, and every rule with its source.

    >>> page().startswith("## Facts")
    True
    """
    return "\n".join([MARK, *_facts(), "", *_assumptions(), "", *_rules()]) + "\n"


def write(path: Path) -> None:
    """Put the generated part in place of the old one, behind what is written by hand."""
    text = path.read_text(encoding="utf-8")
    before = text.partition(MARK)[0].rstrip("\n")
    path.write_text(f"{before}\n\n{page()}", encoding="utf-8")


def _facts() -> list[str]:
    lines = [
        "Facts of group 1 (the treated) and 2 end in `1` and `2`, those of a single group or of people",
        "measured twice do not.",
        "",
        "| fact | what it is |",
        "|---|---|",
    ]
    for name, fact in FACTS.items():
        if name.endswith("2") and f"{name[:-1]}1" in FACTS and name not in ("r2",):
            continue
        pair = f"`{name}` `{name[:-1]}2`" if f"{name[:-1]}2" in FACTS and name.endswith("1") else f"`{name}`"
        meaning = fact.meaning.removesuffix(" of group 1") if "` `" in pair else fact.meaning
        allowed = f" ({', '.join(WORDS[name])})" if name in WORDS else ""
        lines.append(f"| {pair} | {meaning}{allowed} |")
    return lines


def _assumptions() -> list[str]:
    lines = ["## Assumptions", "", "| id | assumption | tier | value | range |", "|---|---|---|---|---|"]
    for item in ASSUMPTIONS.values():
        value = "" if item.value is None else f"{item.value:g}"
        span = "" if item.low is None or item.high is None else f"{item.low:g} to {item.high:g}"
        lines.append(f"| `{item.id}` | {item.says} | {item.tier} | {value} | {span} |")
    return lines


def _rules() -> list[str]:
    lines = ["## Rules", "", "A rule without an assumption keeps tier A."]
    for title, rules in FAMILIES.items():
        lines += ["", f"### {title}", "", *_table(rules)]
    return [*lines, "", "### From facts to the effect", "", *_table(_last_steps())]


def _last_steps() -> Iterable[Rule]:
    from meta.effects.registry import measure

    found: dict[str, Rule] = {}
    for code, setting in EXAMPLES:
        for rule in effect_rules(measure(code), setting):
            found.setdefault(rule.name, rule)
    return found.values()


def _table(rules: Iterable[Rule]) -> list[str]:
    lines = ["| rule | needs | gives | formula | tier | assumes | source |", "|---|---|---|---|---|---|---|"]
    for rule in rules:
        needs = " ".join(f"`{name}`" for name in rule.needs) or "–"
        gives = " ".join(f"`{name}`" for name in rule.gives)
        citation, doi = rule.reference
        source = f"[{citation}](https://doi.org/{doi})" if doi else citation
        formula = rule.formula.replace("|", "\\|")
        name = rule.name.replace("|", "\\|")
        assumes = ", ".join(f"`{item}`" for item in rule.assumes)
        lines.append(f"| {name} | {needs} | {gives} | {formula} | {rule.tier} | {assumes} | {source} |")
    return lines


if __name__ == "__main__":
    write(Path(sys.argv[1]))
