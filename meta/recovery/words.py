"""Solutions as text and as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meta.recovery.solution import Solution

STEP = ("name", "gives", "value", "formula", "citation", "doi")
TIERS = {
    "A": "from what is stated alone",
    "B": "with assumptions",
    "C": "bounds or possible values only",
    "D": "no effect",
}


def block(found: Solution) -> str:
    """The compact print-out of a solution."""
    lines = [f"{_headline(found)}   tier {found.tier}: {TIERS[found.tier]}"]
    if found.reason:
        lines.append(found.reason)
    if found.used:
        lines.append(f"from {', '.join(found.used)}")
    lines += [f"  {number}. {step}" for number, step in enumerate(found.steps, 1)]
    lines += _below(found)
    return "\n".join(lines)


def explanation(found: Solution) -> str:
    """The print-out with what was stated, every DOI, and what the range stands for."""
    stated = ", ".join(f"{name} = {value}" for name, value in found.facts.items())
    lines = [f"stated: {stated}", block(found)]
    sources = {step.citation: step.doi for step in found.trail if step.citation}
    if sources:
        lines.append("sources:")
        lines += [f"  {who}{f', doi:{doi}' if doi else ''}" for who, doi in sources.items()]
    return "\n".join(lines)


def _headline(found: Solution) -> str:
    from meta.effects.registry import measure

    entry = measure(found.measure)
    name = (
        f"{entry.name[:1].upper()}{entry.name[1:]}"
        if found.measure in entry.name
        else f"{found.measure}, {entry.name}"
    )
    if found.kind == "exact":
        low, high = found.interval()
        back = entry.transform.back
        read = ""
        if entry.scale != "identity":
            ends = sorted(float(back(x)) for x in (low, high))
            read = f"  |  {entry.display} {float(back(found.yi)):.3g} [{ends[0]:.3g}, {ends[1]:.3g}]"
        return f"{name}: {found.yi:.4g}, SE {found.sei:.4g}, 95% CI [{low:.3g}, {high:.3g}]{read}"
    if found.kind == "bound":
        return f"{name}: between {found.low:.4g} and {found.high:.4g} (variance {found.vi:.4g})"
    if found.kind == "mixture":
        values = " or ".join(f"{value:.4g}" for value, _ in found.mixture)
        return f"{name}: {values}, half each, as the sign is not stated (SE {found.sei:.4g})"
    return f"{name}: no effect"


def _below(found: Solution) -> list[str]:
    lines = [f"assumed: {item}" for item in found.assumptions]
    low, high = found.range
    if found.kind == "exact" and high > low:
        varied = "rounding and assumptions" if found.assumptions else "rounding"
        lines.append(f"range by {varied}: {low:.4g} to {high:.4g}")
    test = found.implied
    if test is not None:
        t = "|t|" if math.isnan(test.t) else "t"
        statistic = "" if math.isnan(test.t) else f"{t}({test.df:.4g}) = {test.t:.4g}, "
        if math.isinf(test.df):
            statistic = f"z = {test.t:.4g}, "
        lines.append(f"test of no effect ({test.source}): {statistic}p = {test.p:.4g}")
    lines += [f"{item.kind}: {item}" for item in found.contradictions]
    return lines


def as_dict(found: Solution) -> dict[str, Any]:
    """A solution as plain data."""
    test = found.implied
    return {
        "measure": found.measure,
        "yi": _plain(found.yi),
        "vi": _plain(found.vi),
        "sei": _plain(found.sei),
        "tier": found.tier,
        "kind": found.kind,
        "low": _plain(found.low),
        "high": _plain(found.high),
        "mixture": [list(item) for item in found.mixture],
        "range": [_plain(x) for x in found.range],
        "steps": [
            {
                name: _plain(getattr(step, name))
                for name in ("name", "gives", "value", "formula", "citation", "doi")
            }
            for step in found.trail
        ],
        "assumptions": list(found.assumptions),
        "implied": None
        if test is None
        else {"t": _plain(test.t), "df": _plain(test.df), "p": _plain(test.p), "source": test.source},
        "contradictions": [
            {name: _plain(value) for name, value in item.to_dict().items()} for item in found.contradictions
        ],
        "facts": {name: str(value) for name, value in found.facts.items()},
        "used": list(found.used),
        "phase": found.phase,
        "reason": found.reason,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return list(value) if isinstance(value, tuple) else value
