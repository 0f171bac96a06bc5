"""A ratio of risks or odds between arms with its interval, and the arm risks per 1000 where printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import COMPARE, Level, Positive, Probability, Size, Strict, outside
from meta.evidence.kinds.kind import Asking, Facts, Kind, level_of, plain, stated
from meta.evidence.kinds.text import Named, ends, joined, number, p_value


class Ratio(Strict):
    """A ratio of risks or odds between arms with its interval, and the arm risks per 1000 where printed."""

    kind: Literal["ratio"]
    measure: Literal["RR", "OR", "IRR", "ROM", "HR"] = Field(
        description="RR risk ratio, OR odds ratio, IRR rate ratio, ROM ratio of means, HR hazard ratio."
    )
    estimate: Positive = Field(description="The ratio, treatment to control; 1 means no difference.")
    ci_low: Positive | None = Field(default=None, description="Lower end of its confidence interval.")
    ci_high: Positive | None = Field(default=None, description="Upper end of its confidence interval.")
    level: Level = Field(default=0.95, description="Level of the interval: 0.95 for 95%.")
    p: Probability | None = Field(default=None, description="Its p-value, as printed.")
    n_total: Size | None = Field(default=None, description="People in both arms together.")
    events_total: Size | None = Field(
        default=None, description="People with the event in both arms together, where printed."
    )
    per_1000: dict[str, float] = Field(
        default_factory=dict, description="Risk per 1000 by arm, where printed."
    )

    @model_validator(mode="after")
    def _interval_holds_it(self) -> Ratio:
        if outside(self.estimate, self.ci_low, self.ci_high):
            raise ValueError(
                f"the ratio {self.estimate:g} lies outside its interval "
                f"[{self.ci_low:g}, {self.ci_high:g}]; {COMPARE}"
            )
        return self


COLUMNS = plain("measure", "estimate", "ci_low", "ci_high", "level", "p", "n_total", "events_total") | {
    "per_1000_1": "per_1000.0",
    "per_1000_2": "per_1000.1",
}


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("measure", "Which ratio?")
    yield a.ask("estimate", f"The ratio, {a.treatment} to control?")
    yield a.ask("ci_low", "Lower end of its 95% interval?", optional=True)
    if a.answer("ci_low"):
        yield a.ask("ci_high", "Upper end?")
    yield a.p("p-value?")
    yield a.ask("n_total", "How many people in both groups together?", optional=True)
    yield a.ask("events_total", "How many of them with the event, in both groups together?", optional=True)
    yield a.adjusted()


def printed(s: Ratio, arm: Named) -> str:
    """As a reader would write it down."""
    risks = ", ".join(f"{arm(name)} {number(risk)}" for name, risk in s.per_1000.items())
    return joined(
        f"{s.measure} {number(s.estimate)}",
        ends(s.ci_low, s.ci_high, s.level),
        p_value(s.p),
        f"per 1000: {risks}" if risks else "",
        "" if s.n_total is None else f"{s.n_total} people",
        "" if s.events_total is None else f"{s.events_total} with the event",
    )


def facts(s: Ratio, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names; ``estimate`` is a ratio of the kind ``estimates``."""
    risks = {
        f"percent{place + 1}": s.per_1000[arm] / 10 for place, arm in enumerate(arms) if arm in s.per_1000
    }
    found = stated(s, "estimate", "ci_low", "ci_high", "p", "n_total") | level_of(s)
    if s.events_total is not None:
        found["events"] = s.events_total
    return found | {"estimates": s.measure} | (risks if len(arms) > 1 else {})


KIND = Kind(
    name="ratio",
    model=Ratio,
    asked="a risk, odds or rate ratio",
    means=(
        "A ratio of the two groups, 1 meaning no difference, mostly with a 95% interval. It is "
        "used on the log scale, with the standard error that the interval tells."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("estimate",),
)
