"""What a result states and how its effect follows, in words for readers of the review."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from meta.effects.derived_effect import Derived, shown
from meta.effects.measures.definition import Measure
from meta.effects.registry import MEASURES
from meta.recovery.solution import Step

_WORDS = {
    "mean": "means", "sd": "SDs", "se": "SEs", "n": "n", "ci_low": "lower ends", "ci_high": "upper ends",
    "median": "medians", "q1": "first quartiles", "q3": "third quartiles", "minimum": "lowest values",
    "maximum": "highest values", "events": "events", "nonevents": "without the event",
    "percent": "percentages", "time": "person-time", "p_change": "p of the changes",
    "direction_change": "directions of the changes",
}  # fmt: skip
_SINGLE = {
    "t": "t", "f": "F", "df": "df", "p": "p", "eta_squared": "eta squared", "direction": "direction",
    "difference": "difference", "se": "SE", "ci_low": "interval from", "ci_high": "interval to",
    "p_below": "p below", "not_significant": "not significant at", "estimate": "estimate",
    "n_total": "people in all", "n": "n", "mean": "mean", "sd": "SD",
}  # fmt: skip
_PLAIN = ("formula of the measure", "effect and variance as given")


def stated_in_words(used: Sequence[str], values: Mapping[str, Any]) -> str:
    """The facts that were used, those of two arms side by side.

    >>> stated_in_words(["mean1", "mean2", "p"], {"mean1": 32.0, "mean2": 44, "p": 0.04})
    'Means 32 and 44; p 0.04.'
    >>> stated_in_words(["mean1", "mean2", "sd1", "sd2"], dict(mean1=32, sd1=9, mean2=44, sd2=8))
    'Means 32 (SD 9) and 44 (SD 8).'
    """
    parts: dict[str, str] = {}
    beside = {"mean1", "sd1", "mean2", "sd2"} <= set(used)
    for name in _in_order(used):
        if beside and name[:-1] in ("mean", "sd"):
            mean, sd = _shown(values[f"mean{name[-1]}"]), f"{float(values[f'sd{name[-1]}']):.3g}"
            both = f"{mean} (SD {sd})"
            if name == "mean1":
                parts["mean"] = f"means {both}"
            elif name == "mean2":
                parts["mean"] += f" and {both}"
            continue
        stem, arm = (name[:-1].rstrip("_"), name[-1]) if name[-1:] in "12" and name[:-1] else (name, "")
        if name in ("q1", "q3") or not arm:
            parts[name] = f"{_SINGLE.get(name, name.replace('_', ' '))} {_shown(values.get(name))}"
        elif stem in parts:
            parts[stem] += f" and {_shown(values.get(name))}"
        else:
            parts[stem] = f"{_WORDS.get(stem, stem.replace('_', ' '))} {_shown(values.get(name))}"
    text = ("; " if not beside else ", ").join(parts.values())
    return f"{_upper(text)}." if text else ""


def _upper(text: str) -> str:
    """A sentence's first letter as a capital, unless its first word is a symbol."""
    return text if len(text.partition(" ")[0]) == 1 else f"{text[:1].upper()}{text[1:]}"


def _in_order(used: Sequence[str]) -> list[str]:
    known = [*_WORDS, *_SINGLE]
    stems = {name: name[:-1].rstrip("_") if name[-1:] in "12" else name for name in used}
    place = {name: known.index(stem) if stem in known else len(known) for name, stem in stems.items()}
    return sorted(used, key=lambda name: (place[name], name))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):.6g}" if value is not None else "?"


def step_in_words(step: Step) -> str:
    """A step with its formula and value; the value of the last one is told as the result."""
    if step.name in _PLAIN:
        return ""
    if math.isnan(step.value) or step.gives in MEASURES:
        return f"{_upper(step.name)}: {step.formula}."
    value = f"{step.value:.4g}"
    said = step.formula if step.formula.endswith(value) else f"{step.formula} = {value}"
    return f"{_upper(step.name)}: {said}."


def table_in_words(columns: Mapping[str, float]) -> str:
    """Events and people, where the effect is one of counts.

    >>> table_in_words({"events1": 18.0, "n1": 66.0, "events2": 21.0, "n2": 64.0})
    '18/66 against 21/64.'
    """
    parts = [
        f"{columns[f'events{arm}']:g}/{columns[f'n{arm}']:g}"
        for arm in ("1", "2", "")
        if {f"events{arm}", f"n{arm}"} <= columns.keys()
    ]
    if any("nan" in part for part in parts):  # another way was taken than by counts
        return ""
    return f"{' against '.join(parts)}." if parts else ""


def result_in_words(found: Derived, entry: Measure) -> str:
    """The effect as the last step says it."""
    name = "Hedges's g" if entry.code == "SMD" else "log ratio" if entry.is_log_ratio else entry.code
    if found.mixture:
        values = " or ".join(shown(value) for value, _ in found.mixture)
        return f"{name[:1].upper()}{name[1:]} is {values}."
    if found.kind == "bound":
        if math.isinf(found.low):
            return f"{name} is at most {shown(found.high)}."
        if math.isinf(found.high):
            return f"{name} is at least {shown(found.low)}."
        return f"{name} lies between {shown(found.low)} and {shown(found.high)}."
    se = shown(math.sqrt(found.v))
    if entry.is_log_ratio:
        return f"Log ratio {shown(found.y)} (SE {se}), ratio {math.exp(found.y):.2f}."
    return f"{name} = {shown(found.y)} (SE {se})."
