"""The study file: who, what design, which arms, and what was reported where.

One TOML file a study, ``studies/<id>.toml``. No number stands without its source.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from meta.evidence.statistics import Count, Positive, Size, Statistic, Strict

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Doi = Annotated[str, StringConstraints(pattern=r"^10\.\d{4,9}/\S+$")]
Pmid = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,8}$")]
Reading = Literal["full text", "full table", "abstract", "abstract (copy)", "registry", "secondary"]
Outcome = Identifier
"""Id of an outcome: one that the claims file declares, or ``other``, which enters no analysis."""


class Source(Strict):
    """Where something was read: DOI or PMID first, the page where the number was read second."""

    key: Identifier = Field(
        description="Short name of this source, used by the results: abstract, paper, registry."
    )
    citation: Text = Field(description="The reference in words, with the part that was read.")
    doi: Doi | None = Field(
        default=None, description="DOI without https://doi.org/, such as 10.1007/s00421-019-04238-y."
    )
    pmid: Pmid | None = Field(default=None, description="PubMed number, digits only.")
    read: Reading = Field(
        description="What of the source was read. 'secondary' is a review or a news page about the study."
    )
    read_at: Text | None = Field(
        default=None, description="Page where it was read: an address without https://, or a page number."
    )
    note: str = Field(default="", description="Anything a reader of the source should know.")


_CLUSTERS = ("cluster_size", "icc", "design_effect")


class Design(Strict):
    """How the study was set up, as far as its sources say."""

    kind: Literal[
        "parallel",
        "crossover",
        "cluster",
        "before-after",
        "contralateral",
        "survey",
        "review",
        "other",
        "not stated",
    ] = Field(
        description="parallel: each person gets one treatment. crossover: each gets both in turn. "
        "cluster: groups of people (wards, schools) were allotted. contralateral: one limb each.",
    )
    allocation: Literal["randomised", "counterbalanced", "not randomised", "not stated", "none"] = Field(
        description="How people came into the arms. 'counterbalanced': the order was balanced, chance is not "
        "mentioned.",
    )
    blinding: Literal["double-blind", "single-blind", "open", "not stated"] = Field(
        description="Who did not know the treatment, as the paper says."
    )
    control: Literal["placebo", "no supplement", "active", "none", "not stated"] = Field(
        description="What the comparison group got."
    )
    cluster_size: Annotated[float, Field(ge=1)] | None = Field(
        default=None, description="People in a cluster on average, in a cluster trial."
    )
    icc: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="Intracluster correlation as printed, in a cluster trial."
    )
    design_effect: Positive | None = Field(
        default=None, description="Factor by which clustering inflates the variance, where printed."
    )
    post_hoc: bool = Field(
        default=False, description="true if this analysis was not planned before the data were seen."
    )
    note: str = Field(default="", description="Anything about the design that the fields do not say.")

    @model_serializer(mode="wrap")
    def _without_clusters(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # so that files of trials without clusters keep the fingerprint that results are told apart by
        return {name: x for name, x in plain(self).items() if x is not None or name not in _CLUSTERS}


class Population(Strict):
    """Who took part."""

    group: Text = Field(
        description="Which kind of people: one that the claims file declares, or other. "
        "The analyses choose by it."
    )
    description: Text = Field(description="Who took part, in words.")
    n_randomised: Size | None = Field(default=None, description="People randomised, all arms together.")
    n_analysed: Size | None = Field(default=None, description="People analysed, all arms together.")


class Arm(Strict):
    """One arm, or one condition of a crossover."""

    id: Identifier = Field(description="Short name used by the results: mg, placebo.")
    role: Literal["treatment", "control", "other"] = Field(
        description="What the arm is in the comparison: treatment is group 1, control is group 2."
    )
    label: Text = Field(description="Name shown in tables and figures.")
    form: str | None = Field(default=None, description="Form that was given, such as oxide or citrate.")
    route: Literal["oral", "topical", "bath", "intravenous", "flotation"] | None = Field(
        default=None, description="How it was given."
    )
    dose_mg: Positive | None = Field(default=None, description="Dose a day in mg, as printed.")
    dose_is: Literal["elemental", "compound", "not stated"] = Field(
        default="not stated",
        description="Whether the dose is of the active element or of the whole compound.",
    )
    duration_days: Positive | None = Field(default=None, description="Days of treatment.")
    n_randomised: Size | None = Field(default=None, description="People randomised to this arm.")
    n_analysed: Count | None = Field(default=None, description="People of this arm in the analysis.")
    co_interventions: tuple[str, ...] = Field(
        default=(), description="What else this arm got and the other did not: creatine, vitamin B6."
    )
    note: str = Field(default="", description="Anything about the arm that the fields do not say.")


class Fact(Strict):
    """A fact that bears on the risk of bias, as reported, by domain of RoB 2."""

    domain: Literal[
        "randomisation", "deviations", "missing data", "measurement", "selective reporting", "other"
    ] = Field(description="Domain of RoB 2 that the fact bears on.")
    fact: Text = Field(description="What the source says, without judging.")
    concern: Literal["low", "some", "high", "unclear"] = Field(description="How much it worries.")
    source: Identifier = Field(description="Key of the source that says so.")


class Ambiguity(Strict):
    """Something that the sources leave open, and how the files treat it."""

    about: Text = Field(description="What is open, in a few words.")
    says: Text = Field(description="What the sources say about it.")
    treated: Text = Field(description="How this file treats it.")


class Time(Strict):
    """When the outcome was measured. ``value`` and ``unit`` where there is one time; ``label`` always."""

    label: Text = Field(description="When it was measured, in words: 24 h, 8 weeks, end of treatment.")
    value: float | None = Field(default=None, description="The time as a number, where there is one time.")
    unit: Literal["h", "d", "wk"] | None = Field(
        default=None, description="Unit of value: hours, days or weeks."
    )
    averaged: bool = Field(default=False, description="true if it is an average over several times.")


class Result(Strict):
    """One reported result: an outcome, a time, arms, exactly one statistic, and where it stands."""

    id: Identifier = Field(description="Short name of this result.")
    outcome: Outcome = Field(description="Which outcome it is; 'other' enters no analysis.")
    measured: Text = Field(description="What was measured, in the paper's words.")
    unit: str = Field(default="", description="Unit of the numbers, such as mm or nmol/l.")
    higher_is: Literal["worse", "better"] = Field(
        default="worse", description="Whether a higher value is worse (pain) or better (free of it)."
    )
    scale_low: float | None = Field(default=None, description="Lowest value that the scale allows.")
    scale_high: float | None = Field(default=None, description="Highest value that the scale allows.")
    time: Time = Field(description="When it was measured.")
    phase: Literal["baseline", "final", "change", "average", "not stated"] = Field(
        description="final: values at that time. change: change from baseline. baseline: before treatment. "
        "average: over all times.",
    )
    arms: tuple[Identifier, ...] = Field(
        min_length=1, description="Ids of the arms that the result compares, treatment first."
    )
    statistic: Statistic = Field(description="What was printed: exactly one statistic.")
    adjusted: Literal["yes", "no", "unknown"] = Field(
        default="no", description="Whether the comparison was adjusted for baseline or other covariates."
    )
    error_term: Literal["people", "observations", "clusters", "not stated"] = Field(
        default="people",
        description="What the test's error was between: people, repeated observations of them, or clusters.",
    )
    selected: bool = Field(
        default=False, description="true if it is reported because it was significant, the best of several."
    )
    source: Identifier = Field(description="Key of the source where it stands.")
    place: Text = Field(description="Where in the source: Table 2; abstract, results; page 100.")
    quote: str = Field(default="", description="The sentence as printed, where the wording matters.")
    note: str = Field(default="", description="Anything about the numbers that the fields do not say.")

    @model_validator(mode="after")
    def _arms_match(self) -> Result:
        named = [arm.arm for arm in getattr(self.statistic, "arms", ())]
        extra = [name for name in named if name not in self.arms]
        if extra:
            raise ValueError(
                f"the statistic names the arm {extra[0]!r}, which is not among the result's arms; "
                f"name one of: {', '.join(self.arms)}"
            )
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("an arm is named twice in arms; name each once")
        return self


class Study(Strict):
    """A study file."""

    id: Identifier = Field(
        description="The file's name without .toml: small letters, digits, hyphens, such as steward-2019."
    )
    label: Text = Field(description="Name shown in tables and figures: Steward 2019.")
    title: Text = Field(description="Title of the paper.")
    authors: tuple[str, ...] = Field(default=(), description="Authors as surname and initials: Steward CJ.")
    year: Annotated[int, Field(ge=1900, le=2100)] | None = Field(None, description="Year of publication.")
    journal: str = Field(default="", description="Journal with year, volume and pages.")
    doi: Doi | None = Field(default=None, description="DOI without https://doi.org/.")
    pmid: Pmid | None = Field(default=None, description="PubMed number, digits only.")
    registration: tuple[str, ...] = Field(default=(), description="Trial registrations, such as NCT04216836.")
    country: str = Field(default="", description="Where it was done.")
    funding: str = Field(default="", description="Who paid.")
    cohort: Identifier | None = Field(
        default=None, description="Same word for all papers on the same people, so that they count once."
    )
    role: Literal["trial", "review", "variation", "benchmark"] = Field(
        default="trial",
        description="trial: evidence. review: for cross-checking. variation: how much a measurement varies. "
        "benchmark: for comparison only.",
    )
    status: Literal["included", "excluded"] = Field(description="Whether the study may enter an analysis.")
    exclusion_reason: str = Field(default="", description="Why it is excluded; only for an excluded study.")
    sources: tuple[Source, ...] = Field(
        min_length=1, description="What was read; each result names one of them."
    )
    design: Design = Field(description="How the study was set up.")
    population: Population = Field(description="Who took part.")
    arms: tuple[Arm, ...] = Field(default=(), description="The arms, or the conditions of a crossover.")
    risk_of_bias: tuple[Fact, ...] = Field(default=(), description="Facts that bear on the risk of bias.")
    ambiguities: tuple[Ambiguity, ...] = Field(default=(), description="What the sources leave open.")
    not_seen: tuple[str, ...] = Field(default=(), description="What was looked for and not seen.")
    notes: tuple[str, ...] = Field(default=(), description="Remarks on the study.")
    results: tuple[Result, ...] = Field(default=(), description="What was reported, one entry a result.")

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
                raise ValueError(
                    f"result {result.id!r} cites the source {result.source!r}, which is not in sources; "
                    f"name one of: {', '.join(sources)}"
                )
            for name in result.arms:
                if name not in arms:
                    raise ValueError(
                        f"result {result.id!r} names the arm {name!r}, which is not in arms; "
                        f"name one of: {', '.join(arms)}"
                    )
        for fact in self.risk_of_bias:
            if fact.source not in sources:
                raise ValueError(
                    f"a risk-of-bias fact cites the source {fact.source!r}, which is not in sources; "
                    f"name one of: {', '.join(sources)}"
                )
        if self.status == "excluded" and not self.exclusion_reason:
            raise ValueError("an excluded study needs its exclusion_reason; say why it may not enter")
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
