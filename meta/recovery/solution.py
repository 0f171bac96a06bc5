"""`Solution`: the effect of one comparison with its trail."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meta.recovery.contradiction import Contradiction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ImpliedTest:
    """The test of no effect on the native scale.

    Attributes
    ----------
    t, df, p : float
        Statistic, degrees of freedom (infinite for a normal test) and two-sided p-value. ``t`` is NaN where
        its sign is unknown.
    source : str
        "as printed" or "from the facts".
    """

    t: float
    df: float
    p: float
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way: what it gives, its formula with the numbers, and where it comes from."""

    name: str
    gives: str
    value: float
    formula: str
    citation: str
    doi: str

    def __str__(self) -> str:
        shown = "" if math.isnan(self.value) else f" = {self.value:.4g}"
        return f"{self.name}: {self.formula}{shown} ({self.citation})"


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """The effect that the stated facts of one comparison lead to.

    Attributes
    ----------
    measure : str
        Code of the measure.
    yi, vi : float
        Effect on the model scale and its sampling variance; ``yi`` is NaN for a bound or a mixture.
    tier : str
        A from what is stated alone; B with assumptions; C bounds or two values; D nothing.
    kind : str
        "exact", "bound", "mixture" or "none".
    low, high : float
        The bound's ends; NaN otherwise.
    mixture : tuple of (value, weight)
        The possible values where only the sign is unknown.
    range : (float, float)
        Within which the effect lies as the digits are rounded and the assumptions vary.
    trail : tuple of Step
        The steps in order.
    assumptions : tuple of str
        What was assumed, with value and range.
    implied : ImpliedTest or None
        The test of no effect that was printed, or that follows.
    contradictions : tuple of Contradiction
        What does not fit, or deserves a look.
    facts : mapping of str to object
        What was stated, as it was given.
    used : tuple of str
        Those of them that the way uses.
    phase : str
        "final" or "change" where the groups were measured before and after; empty otherwise.
    reason : str
        Why no effect follows, and what would help.
    """

    measure: str
    yi: float
    vi: float
    tier: str
    kind: str = "exact"
    low: float = math.nan
    high: float = math.nan
    mixture: tuple[tuple[float, float], ...] = ()
    range: tuple[float, float] = (math.nan, math.nan)
    trail: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()
    implied: ImpliedTest | None = None
    contradictions: tuple[Contradiction, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    phase: str = ""
    reason: str = ""

    @property
    def sei(self) -> float:
        """Standard error."""
        return math.sqrt(self.vi) if self.vi >= 0 else math.nan

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step in words, with its formula, its value and its citation."""
        return tuple(map(str, self.trail))

    @property
    def provenance(self) -> str:
        """The way in one line: the facts used and the steps."""
        way = "; ".join(step.name for step in self.trail)
        return f"{', '.join(self.used)}: {way}" if way else self.reason

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Normal interval of the effect on the model scale.

        >>> low, high = Solution("MD", -12.0, 31.5, "A").interval()
        >>> round(low, 1), round(high, 1)
        (-23.0, -1.0)
        """
        from scipy.special import ndtri

        half = float(ndtri((1 + level) / 2)) * self.sei
        return self.yi - half, self.yi + half

    def __eq__(self, other: object) -> bool:
        # what does not exist is NaN here, which equals nothing, and None there
        return NotImplemented if type(other) is not type(self) else self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.measure, self.tier, self.kind, self.used, self.reason))

    def __repr__(self) -> str:
        effect = f"effect={self.yi:.4g}, se={self.sei:.4g}" if self.kind == "exact" else f"kind={self.kind!r}"
        return f"Solution(measure={self.measure!r}, {effect}, tier={self.tier!r})"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    def summary(self) -> str:
        """The compact print-out: effect, tier, steps, range, test, contradictions."""
        return _block(self)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row with the columns of every result's table, and the tier.

        ``statistic df p_value`` are those of the test that was printed or follows; the interval is normal.

        Examples
        --------
        >>> row = Solution("MD", -12.0, 31.5, "A").tidy().iloc[0]
        >>> row["term"], round(float(row["ci_low"]), 1), row["tier"]
        ('effect', -23.0, 'A')
        """
        import pandas as pd

        low, high = self.interval(level) if self.kind == "exact" else (self.low, self.high)
        test = self.implied
        return pd.DataFrame(
            {
                "term": ["effect"],
                "estimate": [self.yi],
                "se": [self.sei],
                "statistic": [math.nan if test is None else test.t],
                "df": [math.nan if test is None else test.df],
                "p_value": [math.nan if test is None else test.p],
                "ci_low": [low],
                "ci_high": [high],
                "pi_low": [math.nan],
                "pi_high": [math.nan],
                "tier": [self.tier],
            }
        )

    def explain(self) -> str:
        """The whole trail: facts, steps with formulas and DOIs, assumptions, contradictions."""
        return _explanation(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON; numbers that do not exist are None."""
        return _as_dict(self)

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def code(self) -> str:
        """The line of Python that gives this solution.

        >>> Solution("MD", -12.0, 31.5, "A", facts={"difference": -12, "se": "5.61"}).code()
        "meta.solve(measure='MD', difference=-12, se='5.61')"
        """
        facts = "".join(f", {name}={value!r}" for name, value in self.facts.items())
        return f"meta.solve(measure={self.measure!r}{facts})"


_STEP = ("name", "gives", "value", "formula", "citation", "doi")
_TIERS = {
    "A": "from what is stated alone",
    "B": "with assumptions",
    "C": "bounds or possible values only",
    "D": "no effect",
}


def _block(found: Solution) -> str:
    """The compact print-out of a solution."""
    lines = [f"{_headline(found)}   tier {found.tier}: {_TIERS[found.tier]}"]
    if found.reason:
        lines.append(found.reason)
    if found.used:
        lines.append(f"from {', '.join(found.used)}")
    lines += [f"  {number}. {step}" for number, step in enumerate(found.steps, 1)]
    lines += _below(found)
    return "\n".join(lines)


def _explanation(found: Solution) -> str:
    """The print-out with what was stated, every DOI, and what the range stands for."""
    stated = ", ".join(f"{name} = {value}" for name, value in found.facts.items())
    lines = [f"stated: {stated}", _block(found)]
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


def _as_dict(found: Solution) -> dict[str, Any]:
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
