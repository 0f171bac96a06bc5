"""The study file: who, what design, which arms, and what was reported where.

One TOML file a study, ``studies/<id>.toml``. No number stands without its source.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from meta.evidence.statistics import Count, Positive, Size, Statistic, Strict

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Reading = Literal["full text", "full table", "abstract", "abstract (copy)", "registry", "secondary"]
Outcome = Literal[
    "soreness",
    "cortisol",
    "cortisol-normalised",
    "cramp-frequency",
    "cramp-free",
    "cramp-reduction",
    "cramp-intensity",
    "other",
]


class Source(Strict):
    """Where something was read: DOI or PMID first, the page where the number was read second."""

    key: Identifier
    citation: Text
    doi: str | None = None
    pmid: str | None = None
    read: Reading
    read_at: Text | None = None
    note: str = ""


class Design(Strict):
    """How the study was set up, as far as its sources say."""

    kind: Literal[
        "parallel", "crossover", "before-after", "contralateral", "survey", "review", "other", "not stated"
    ]
    allocation: Literal["randomised", "counterbalanced", "not randomised", "not stated", "none"]
    blinding: Literal["double-blind", "single-blind", "open", "not stated"]
    control: Literal["placebo", "no supplement", "active", "none", "not stated"]
    post_hoc: bool = False
    note: str = ""


class Population(Strict):
    """Who took part."""

    group: Literal[
        "healthy exercisers", "adults", "older adults with cramps", "pregnant women with cramps", "other"
    ]
    description: Text
    n_randomised: Size | None = None
    n_analysed: Size | None = None


class Arm(Strict):
    """One arm, or one condition of a crossover."""

    id: Identifier
    role: Literal["magnesium", "control", "other"]
    label: Text
    form: str | None = None
    route: Literal["oral", "topical", "bath", "intravenous", "flotation"] | None = None
    dose_mg: Positive | None = None
    dose_is: Literal["elemental", "compound", "not stated"] = "not stated"
    duration_days: Positive | None = None
    n_randomised: Size | None = None
    n_analysed: Count | None = None
    co_interventions: tuple[str, ...] = ()
    note: str = ""


class Fact(Strict):
    """A fact that bears on the risk of bias, as reported, by domain of RoB 2."""

    domain: Literal[
        "randomisation", "deviations", "missing data", "measurement", "selective reporting", "other"
    ]
    fact: Text
    concern: Literal["low", "some", "high", "unclear"]
    source: Identifier


class Ambiguity(Strict):
    """Something that the sources leave open, and how the files treat it."""

    about: Text
    says: Text
    treated: Text


class Time(Strict):
    """When the outcome was measured. ``value`` and ``unit`` where there is one time; ``label`` always."""

    label: Text
    value: float | None = None
    unit: Literal["h", "d", "wk"] | None = None
    averaged: bool = False


class Result(Strict):
    """One reported result: an outcome, a time, arms, exactly one statistic, and where it stands."""

    id: Identifier
    outcome: Outcome
    measured: Text
    unit: str = ""
    higher_is: Literal["worse", "better"] = "worse"
    scale_low: float | None = None
    scale_high: float | None = None
    time: Time
    phase: Literal["baseline", "final", "change", "average", "not stated"]
    arms: tuple[Identifier, ...] = Field(min_length=1)
    statistic: Statistic
    adjusted: Literal["yes", "no", "unknown"] = "no"
    error_term: Literal["people", "observations", "not stated"] = "people"
    selected: bool = False
    source: Identifier
    place: Text
    quote: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _arms_match(self) -> Result:
        named = [arm.arm for arm in getattr(self.statistic, "arms", ())]
        extra = [name for name in named if name not in self.arms]
        if extra:
            raise ValueError(f"statistic names the arm {extra[0]!r}; arms lists {list(self.arms)}")
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("an arm is named twice in arms")
        return self


class Study(Strict):
    """A study file."""

    id: Identifier
    label: Text
    title: Text
    authors: tuple[str, ...] = ()
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    journal: str = ""
    doi: str | None = None
    pmid: str | None = None
    registration: tuple[str, ...] = ()
    country: str = ""
    funding: str = ""
    cohort: Identifier | None = None
    status: Literal["included", "excluded"]
    exclusion_reason: str = ""
    role: Literal["trial", "review", "variation", "benchmark"] = "trial"
    sources: tuple[Source, ...] = Field(min_length=1)
    design: Design
    population: Population
    arms: tuple[Arm, ...] = ()
    risk_of_bias: tuple[Fact, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()
    not_seen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()

    @model_validator(mode="after")
    def _references_hold(self) -> Study:
        sources = [source.key for source in self.sources]
        arms = [arm.id for arm in self.arms]
        results = [result.id for result in self.results]
        for what, names in (("source key", sources), ("arm id", arms), ("result id", results)):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} {twice[0]!r} is used twice; give each its own")
        for result in self.results:
            if result.source not in sources:
                raise ValueError(f"result {result.id!r} cites the source {result.source!r}; known: {sources}")
            for name in result.arms:
                if name not in arms:
                    raise ValueError(f"result {result.id!r} names the arm {name!r}; known: {arms}")
        for fact in self.risk_of_bias:
            if fact.source not in sources:
                raise ValueError(f"a risk-of-bias fact cites the source {fact.source!r}; known: {sources}")
        if self.status == "excluded" and not self.exclusion_reason:
            raise ValueError("an excluded study needs its exclusion_reason")
        if self.status == "included" and self.exclusion_reason:
            raise ValueError(
                "an included study has an exclusion_reason; remove it or set status = 'excluded'"
            )
        return self

    def arm(self, arm_id: str) -> Arm:
        """Return the arm with this id."""
        return next(arm for arm in self.arms if arm.id == arm_id)

    def source(self, key: str) -> Source:
        """Return the source with this key."""
        return next(source for source in self.sources if source.key == key)
