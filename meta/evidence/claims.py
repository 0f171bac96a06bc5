"""The claims file: what is claimed, what would count as evidence, and the rule that decides.

The rule is fixed here before anything is pooled.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meta.evidence.schema import Identifier, Outcome, Text
from meta.evidence.statistics import Positive, Size, Strict

Tier = Literal["A", "B", "C"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Citation(Strict):
    """Where the claim was made, what it cites, and whether that could be found."""

    made_in: Text
    attributed_to: Text
    found: bool
    note: str = ""


class Intervention(Strict):
    """What the claim is about; trials that differ are indirect evidence."""

    form: str | None = None
    route: str = "oral"
    dose_mg: Positive | None = None
    population: str = ""


class Estimand(Strict):
    """The claimed value on the display scale and which side counts as at least as large.

    ``value`` is a ratio for ROM and RR, a share for PLO. ``margin`` m: "at least as large" is beyond
    m times the claimed value on the model scale.
    """

    measure: Literal["ROM", "SMD", "PLO"]
    value: float
    value_text: Text
    side: Literal["below", "above"]
    margin: Annotated[float, Field(gt=0, le=1)] = 0.8
    named_by_claim: bool = True


class PriorSpec(Strict):
    """Normal(0, effect_sd) for the mean effect and HalfNormal(tau_sd) for tau."""

    effect_sd: Positive
    tau_sd: Positive


class Rule(Strict):
    """When a verdict is more than "inconclusive"."""

    support: Share = 0.95
    contradict: Share = 0.05
    min_studies: Size = 2
    min_computed: Annotated[int, Field(ge=0)] = 1
    prior_factor: Positive = 2.0


class Eligibility(Strict):
    """Which trials and results enter, and which time point."""

    groups: tuple[str, ...]
    allocation: tuple[str, ...] = ("randomised", "counterbalanced")
    controls: tuple[str, ...] = ("placebo", "no supplement", "active", "not stated")
    routes: tuple[str, ...] = ("oral",)
    co_interventions: bool = False
    tiers: tuple[Tier, ...] = ("A", "B", "C")
    selected_bounds: bool = False
    pseudo_replicated: bool = False
    borrowed_sd: bool = False
    target_time: float | None = None
    target_unit: Literal["h", "d", "wk"] | None = None


class Analysis(Strict):
    """One pool: an outcome in a population, on a scale, with its priors.

    ``role`` is "primary" (the verdict rests on it), "indirect" (what a proportion claim can be held against
    where no trial reports the proportion) or "beside" (shown, no verdict).
    """

    id: Identifier
    label: Text
    outcome: Outcome
    measure: Literal["ROM", "SMD", "RR", "PLO"]
    benefit: Literal["lower", "higher"] = "lower"
    role: Literal["primary", "indirect", "beside"] = "primary"
    eligibility: Eligibility
    prior: PriorSpec
    method: str = "REML"
    test: str = "hksj"


class Assumption(Strict):
    """A value that no paper reports, why it was chosen, and the range over which it is varied."""

    id: Identifier
    name: Text
    value: float
    low: float
    high: float
    why: Text

    @model_validator(mode="after")
    def _value_in_range(self) -> Assumption:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} lies outside its range [{self.low:g}, {self.high:g}]")
        return self


class BorrowedCV(Strict):
    """The control arm whose mean and SD give the coefficient of variation for the percent scale."""

    study: Identifier
    result: Identifier
    arm: Identifier
    low: Positive
    high: Positive
    why: Text


class ArmSizes(Strict):
    """Arm sizes that were not printed: the assumed ones, and the others that are possible."""

    study: Identifier
    sizes: dict[str, Size]
    alternatives: tuple[dict[str, Size], ...] = ()
    why: Text


class RetestCorrelation(Strict):
    """Which reported coefficients of variation give a test-retest correlation.

    The correlation is between-person variance over total variance; ``combine`` says which ends of the
    reported ranges are used and whether the assay's own variation counts.
    """

    label: Text
    study: Identifier
    result: Identifier
    combine: Literal["all", "no-analytical", "most-reliable", "least-reliable"]
    primary: bool = False


class Proportion(Strict):
    """What a claim about a normalised share needs: retest correlations and cut-offs."""

    retest: tuple[RetestCorrelation, ...]
    cutoffs: tuple[Share, ...]
    benchmarks: tuple[Identifier, ...] = ()


class Multiverse(Strict):
    """Choices other than the primary ones that a careful analyst could defend."""

    margins: tuple[float, ...] = (0.8, 1.0)
    routes: tuple[tuple[str, ...], ...] = (("oral",),)
    glycinate_only: bool = True
    dose_window_mg: tuple[float, float] = (200.0, 400.0)
    scale_methods: tuple[str, ...] = ()
    non_randomised: bool = False
    co_interventions: bool = False
    selected_bounds: bool = False
    prior_factors: tuple[float, ...] = (0.5, 1.0, 2.0)
    methods: tuple[str, ...] = ("REML", "DL", "PM", "ML")
    tests: tuple[str, ...] = ("hksj", "adhoc", "z")


class Claim(Strict):
    """A stated claim and everything that decides about it."""

    id: Identifier
    kind: Literal["effect", "proportion"]
    statement: Text
    short: Text
    citation: Citation
    intervention: Intervention
    estimand: Estimand
    analyses: tuple[Analysis, ...] = Field(min_length=1)
    rule: Rule = Rule()
    proportion: Proportion | None = None
    multiverse: Multiverse = Multiverse()

    @model_validator(mode="after")
    def _kinds_fit(self) -> Claim:
        if self.kind == "proportion" and self.proportion is None:
            raise ValueError("a proportion claim needs its [claims.proportion] table")
        if self.kind == "proportion" and not 0 < self.estimand.value < 1:
            raise ValueError(f"a claimed share lies between 0 and 1, not at {self.estimand.value:g}")
        if self.kind == "effect" and self.estimand.measure == "ROM" and self.estimand.value <= 0:
            raise ValueError(f"a ratio must be > 0, not {self.estimand.value:g}")
        return self

    def analysis(self, analysis_id: str) -> Analysis:
        """Return the analysis with this id."""
        return next(analysis for analysis in self.analyses if analysis.id == analysis_id)

    @property
    def primary(self) -> tuple[Analysis, ...]:
        """The analyses on which verdicts rest."""
        return tuple(analysis for analysis in self.analyses if analysis.role == "primary")


class ClaimsFile(Strict):
    """``studies/claims.toml``: the claims, and the assumptions that they share."""

    claims: tuple[Claim, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    arm_sizes: tuple[ArmSizes, ...] = ()
    borrowed_cv: BorrowedCV | None = None

    @model_validator(mode="after")
    def _unique(self) -> ClaimsFile:
        names = [claim.id for claim in self.claims]
        analyses = [analysis.id for claim in self.claims for analysis in claim.analyses]
        for what, ids in (("claim", names), ("analysis", analyses)):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} id {twice[0]!r} is used twice; give each its own")
        return self

    def assumption(self, assumption_id: str) -> Assumption:
        """Return the assumption with this id."""
        return next(item for item in self.assumptions if item.id == assumption_id)
