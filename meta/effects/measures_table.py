"""The table of measures for the documentation, generated from the registry.

Run ``python -m meta.effects.measures_table docs/measures.md`` after the registry has changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from meta.effects.forms import FORMS, known_names
from meta.effects.measures.definition import Measure
from meta.effects.registry import MEASURES
from meta.effects.vtypes import VTYPES
from meta.effects.zero_cells import TO

INTRODUCTION = """# Effect measures

Generated from the registry by `python -m meta.effects.measures_table docs/measures.md`; do not edit.

Group 1 is the treated group; effects of paired measurements are after minus before (1 minus 2), and
one-sided standardisers are those of group 2 or of the measurement before. Columns are given by name or as
arrays: `meta.effect_sizes(table, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")`.
Every measure also takes effects that were already computed: `yi` with `vi`, `sei` or `ci_low` and `ci_high`
on the model scale, or `estimate` with `ci_low` and `ci_high` on the display scale.
"""


def _row(measure: Measure) -> str:
    null = "" if measure.null is None else f"{measure.null:g}"
    options = [f"`{name}`" for name in measure.accepts]
    source = (
        f"[{measure.citation}](https://doi.org/{measure.doi.replace('<', '%3C').replace('>', '%3E')})"
        if measure.doi
        else measure.citation
    )
    cells = (
        f"`{measure.code}`",
        measure.name,
        measure.display,
        f"`{' '.join(measure.columns)}`",
        measure.scale,
        null,
        " ".join(measure.variants),
        ", ".join(options),
        source,
    )
    return f"| {' | '.join(cells)} |"


def _design(design: str) -> str:
    members = [measure for measure in MEASURES.values() if measure.design == design]
    lines = [
        f"## {design[0].upper()}{design[1:]}",
        "",
        "| code | model scale | display scale | columns | scale | null | vtype | options | source |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(measure) for measure in members),
    ]
    canonical = dict.fromkeys(name for measure in members for name in measure.columns)
    others = [name for name in known_names(FORMS[design], ()) if name not in canonical]
    ways = [
        f"`{' '.join(rule.gives)}` from `{' '.join(rule.needs)}`" for rule in FORMS[design] if rule.how != ""
    ]
    if others or ways:
        lines += ["", f"Also understood: `{' '.join(others)}`." if others else ""]
        lines += [f"Recovered where missing: {'; '.join(ways)}."] if ways else []
    return "\n".join(line for line in lines)


def markdown() -> str:
    """Return the page ``docs/measures.md``.

    Examples
    --------
    >>> markdown().splitlines()[0]
    '# Effect measures'
    """
    designs = dict.fromkeys(measure.design for measure in MEASURES.values())
    vtypes = "\n".join(f"- `{code}`: {meaning}" for code, meaning in VTYPES.items())
    closing = f"""## Variance variants (`vtype`)

The first one listed for a measure is its default; `"LS"` always means the default where a measure has no
variance of that name.

{vtypes}

## Zero cells

Measures with the options `add` and `to` have `add` (0.5) added to the cells of the studies chosen by `to`
({", ".join(f"`{to}`" for to in TO)}; by default the first); `correction="treatment-arm"` shares it
out by the sizes of the arms; `drop00=True` leaves double-zero studies without an effect, which are kept
otherwise, with a warning. For rates the events get it, not the times. Unlisted options are refused.
"""
    return "\n\n".join([INTRODUCTION.rstrip(), *(_design(design) for design in designs), closing])


def main(arguments: list[str]) -> None:
    """Write the page to the path that was given."""
    Path(arguments[0]).write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
