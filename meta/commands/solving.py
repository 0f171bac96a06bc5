"""``meta solve``: from whatever a paper states to the effect; of a table, what each row becomes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import as_json, clean, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meta.recovery.solution import Solution
    from meta.recovery.solutions import Solutions

MOST_ROWS = 200
"""A preview is for reading; --json has all rows."""


def solve(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A table whose rows may report different things; - reads CSV."),
    ] = None,
    measure: options.Measure = None,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            "--fact",
            "-f",
            metavar="NAME=VALUE",
            help="A fact, such as mean1=32 (of a table: its column); repeat it. --mean1 32 is the same.",
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            "--assume",
            metavar="ID=VALUE",
            help="Another value for an assumption, such as within-person-r=0.5; repeat it.",
        ),
    ] = None,
    study: options.Study = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what was stated, and the source of every formula.")
    ] = False,
    json: options.Json = False,
    code: Annotated[
        bool, typer.Option("--code", help="Print the line of Python that does the same.")
    ] = False,
) -> None:
    """Find the effect that the stated facts lead to: every step, assumption and contradiction.

    Facts are n1 mean1 sd1 se1 ci_low1 median1 q1_1 events1 percent1 ... of both groups, and difference
    estimate se ci_low ci_high t f df p p_below not_significant direction d r ... of their comparison.
    docs/recovery.md has all of them. Numbers keep the digits that they are typed with.

    Examples:
      meta solve --mean1 32 --n1 18 --mean2 44 --n2 17 --p 0.04 -m SMD
      meta solve -m RR --percent1 30 --n1 50 --percent2 40 --n2 55 --explain
      meta solve -m SMD --design crossover --n 9 --eta-squared 0.67 --direction lower
      meta solve trials.csv -m SMD
    """
    from meta.recovery.solution import Solution

    found, line = _found(source, measure, fact or [], assume or [], study)
    if json:
        print(as_json(found.to_dict() if isinstance(found, Solution) else found.records()))
    elif code:
        print(clean(line))
    elif isinstance(found, Solution):
        _print_one(found, explain)
    else:
        _print_many(found, explain)
    nothing = found.tier == "D" if isinstance(found, Solution) else bool((found.tier == "D").all())
    if nothing:
        raise typer.Exit(2)


def _found(
    source: str | None, measure: str | None, fact: list[str], assume: list[str], study: str | None
) -> tuple[Solution | Solutions, str]:
    from meta.errors import InputError
    from meta.recovery.facts import check_names
    from meta.recovery.solve import solve as solve_facts

    if measure is None:
        raise InputError("say which effect is sought with --measure, such as --measure SMD")
    facts: dict[str, Any] = _pairs("--fact", fact)
    check_names(facts)
    values = {name: _number("--assume", name, value) for name, value in _pairs("--assume", assume).items()}
    more: dict[str, Any] = {"assume": values} if values else {}
    if source is None:
        said = "".join(f", {name}={_literal(value)}" for name, value in (*facts.items(), *more.items()))
        return solve_facts(measure=measure, **facts, **more), f"meta.solve(measure={measure!r}{said})"
    columns, named, label = _table(source, measure, facts, study)
    found = solve_facts(columns, measure=measure, study=label, **named, **more)
    said = "".join(f", {name}={value!r}" for name, value in (*named.items(), *more.items()))
    return found, f"meta.solve({source!r}, measure={measure!r}, study={label!r}{said})"


def _table(
    source: str, measure: str, facts: Mapping[str, str], study: str | None
) -> tuple[Mapping[str, Any], dict[str, Any], Any]:
    """The columns of a file, which of them is which fact, and the one that names the rows."""
    from meta.commands.column_guess import find, guess_labels
    from meta.commands.output import note
    from meta.commands.table_reading import read
    from meta.effects.registry import measure as look_up
    from meta.recovery.facts import FACTS

    columns = read(source).columns
    names = [str(name) for name in columns]
    named = {name: name for name in FACTS if name in names} | dict(facts)
    free = [name for name in names if name not in named.values()]
    for argument in look_up(measure).columns:
        column = None if argument in named else find(argument, free)
        if column is not None:
            named[argument] = column
    said = [f"{argument} = {name}" for argument, name in named.items() if argument != name]
    if said:
        note(f"columns: {', '.join(said)}")
    labels = guess_labels([name for name in names if name not in named.values()])
    return columns, named, study or (list(labels) if len(labels) > 1 else labels[0] if labels else None)


def _pairs(flag: str, given: list[str]) -> dict[str, Any]:
    from meta.errors import InputError

    found: dict[str, Any] = {}
    for pair in given:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name or not value:
            raise InputError(f"{flag} {pair!r} must look like NAME=VALUE")
        if name in found:
            raise InputError(f"{name} is given twice: {found[name]!r} and {value!r}; keep one")
        found[name] = value
    return found


def _literal(value: Any) -> str:
    """A fact as Python writes it: a number, or text where a float would lose a printed zero, or for words.

    >>> _literal("32"), _literal("0.04"), _literal("0.040"), _literal("032"), _literal("lower")
    ('32', '0.04', "'0.040'", "'032'", "'lower'")
    """
    try:
        number = ast.literal_eval(value) if isinstance(value, str) else value
    except (ValueError, SyntaxError):
        return repr(value)
    if isinstance(value, str) and (not isinstance(number, (int, float)) or repr(number) != value):
        return repr(value)
    return repr(number)


def _number(flag: str, name: str, value: str) -> float:
    from meta.errors import InputError

    try:
        return float(value)
    except ValueError:
        raise InputError(f"{flag} {name}={value}: {value!r} is not a number") from None


def _print_one(found: Solution, explain: bool) -> None:
    for line in (found.explain() if explain else str(found)).splitlines():
        indent = "  " if line.startswith("  ") else ""
        print(f"{indent}{clean(line.strip())}")


def _print_many(found: Solutions, explain: bool) -> None:
    from meta.formatting import number

    rows = []
    for record in found.records()[:MOST_ROWS]:
        what = number(record["yi"], 4) if record["yi"] is not None else record["kind"]
        se = "–" if record["sei"] is None else number(record["sei"], 4)
        how = record["how"] if explain or record["tier"] == "D" else record["used"]
        rows.append((record["study"], what, se, record["tier"], how))
    table(("study", found.measure, "se", "tier", "how" if explain else "from"), rows)
    if found.k > MOST_ROWS:
        print(f"... and {found.k - MOST_ROWS} more rows; --json has all of them")
    for text in dict.fromkeys(filter(None, found.assumptions)):
        print(clean(f"assumed: {text}"))
    for item in found.contradictions:
        print(clean(f"{item.kind}: study {str(found.study[item.row])!r}: {item}"))
