"""`Evidence`: the study and claim files of a folder, and the effects that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.effects.as_reported import cited, row_of
from meta.effects.defensible_choices import Choices
from meta.effects.derived_effect import TIERS, Context, Derived, nothing
from meta.effects.designs import check_score_types
from meta.effects.effect_size_table import EffectSizes
from meta.effects.eligibility import candidates, distance_in_time, indirectness, reasons_against
from meta.effects.percent_scale import PercentScale, percent_scale
from meta.effects.reported import derive, within
from meta.effects.several_arms import contrasts, derive_together, one_arm_of, question, told_apart
from meta.effects.study_contradictions import Doubt, doubts_about, doubts_of
from meta.errors import EvidenceError
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.evidence.clones import printed_counts, printed_values
from meta.evidence.load_studies import Library, read_library
from meta.evidence.study_schema import Arm, Result, Study
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd


PRIMARY = Choices()


@dataclass(frozen=True)
class Reading:
    """One study's contribution to an analysis: the result that was chosen and the effect derived from it."""

    study: Study
    result: Result
    treated: Arm
    control: Arm
    effect: Derived
    differs: tuple[str, ...]
    n1: float
    n2: float
    part: int = 0


@dataclass(frozen=True)
class Evidence:
    """The evidence of a folder of study files.

    Attributes
    ----------
    library : Library
        The files as read.
    """

    library: Library

    def __repr__(self) -> str:
        included = sum(study.status == "included" for study in self.library.studies)
        return (
            f"Evidence({self.library.folder!r}: {len(self.library.studies)} studies, {included} included; "
            f"claims: {', '.join(self.claims)}; analyses: {', '.join(self.analyses)})"
        )

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """The claims by id."""
        return {claim.id: claim for claim in self.library.claims.claims}

    @cached_property
    def analyses(self) -> dict[str, tuple[Claim, Analysis]]:
        """The analyses by id, each with its claim."""
        return {item.id: (claim, item) for claim in self.claims.values() for item in claim.analyses}

    @cached_property
    def studies(self) -> pd.DataFrame:
        """What was reported: one row per result, with its place in its source."""
        import pandas as pd

        return pd.DataFrame(
            [row_of(study, result) for study in self.library.studies for result in study.results]
        )

    def analysis(self, name: str) -> tuple[Claim, Analysis]:
        """Look up an analysis by its id.

        Raises
        ------
        EvidenceError
            If there is none of this name; where a claim has several analyses that must never be pooled
            together, the message lists them.
        """
        if name in self.analyses:
            return self.analyses[name]
        several = [key for key in self.analyses if key.startswith(f"{name}-")]
        if several:
            raise EvidenceError(
                f"{name!r} has separate analyses that are never pooled together; "
                f"name one: {', '.join(several)}"
            )
        raise EvidenceError(f"unknown outcome {name!r}; the claims file has: {', '.join(self.analyses)}")

    def effects(self, name: str, *, choices: Choices = PRIMARY) -> EffectSizes:
        """Return the effects of an analysis by the rules of its claim, one row per cohort.

        Parameters
        ----------
        name : str
            An analysis id of the claims file.
        choices : Choices
            Departures from the primary analysis, for sensitivity analyses.

        Returns
        -------
        EffectSizes
            Rows of tier A and B are exact, of tier C bounds or mixtures, of tier D not estimable. The
            columns hold tier, source, steps and assumptions.

        Raises
        ------
        EvidenceError
            If there is none, or it has separate parts that are never pooled together.
        """
        _, analysis = self.analysis(name)
        return effect_sizes_of(self.readings(name, choices=choices), analysis)

    def readings(self, name: str, *, choices: Choices = PRIMARY) -> list[Reading]:
        """Return each eligible cohort's best result with the effect derived from it."""
        return one_a_cohort(
            item for study in self.library.studies for item in self._parts(study, name, choices)
        )

    def reading(
        self, study: Study, name: str, *, choices: Choices = PRIMARY, part: int = 0
    ) -> Reading | None:
        """Return a study's best result for an analysis; None if it may not enter or reports none.

        Of a study with several arms that share out their control, ``part`` says which.
        """
        found = self._parts(study, name, choices)
        return found[part] if part < len(found) else None

    def _parts(self, study: Study, name: str, choices: Choices) -> list[Reading]:
        claim, analysis = self.analysis(name)
        analysis = _with(analysis, choices)
        if study.id in choices.leave_out or reasons_against(study, analysis.eligibility):
            return []
        return self._read(study, claim, analysis, choices)

    def not_eligible(self, name: str) -> pd.DataFrame:
        """Return the studies that report the outcome but may not enter, each with the reasons."""
        import pandas as pd

        _, analysis = self.analysis(name)
        rows = []
        for study in self.library.studies:
            reasons = reasons_against(study, analysis.eligibility)
            wrong_group = study.status == "included" and len(reasons) == 1 and "population" in reasons[0]
            if reasons and _reports(study, analysis) and not wrong_group:
                rows.append({"study_id": study.id, "study": study.label, "reasons": "; ".join(reasons)})
        return pd.DataFrame(rows, columns=["study_id", "study", "reasons"])

    def doubts(self, study_id: str | None = None) -> list[Doubt]:
        """Return what does not fit in the study files, or deserves a look: of one study, or of all."""
        studies = self.library.studies
        if study_id is None:
            return doubts_of(studies)
        study = self.library.study(study_id)
        return doubts_about(study, [item for item in studies if item is not study])

    def percent_scale(self, choices: Choices = PRIMARY) -> PercentScale | None:
        """Return how standardised effects are put on the ratio scale, if the claims file says how."""
        return percent_scale(
            self.library, method=choices.scale, cv=choices.cv, arm_sizes=_sizes(self, choices)
        )

    def outcome(self, name: str) -> str:
        """What an outcome is called in sentences: its declared label, else its id in words."""
        labels = {item.id: item.label for item in self.library.claims.outcomes}
        return labels.get(name, name.replace("-", " "))

    def on_percent_scale(self, analysis: Analysis) -> bool:
        """Whether standardised effects become ratios: where the borrowed CV is one of the same outcome."""
        borrowed = self.library.claims.borrowed_cv
        if analysis.measure != "ROM" or borrowed is None:
            return False
        results = self.library.study(borrowed.study).results
        return any(item.id == borrowed.result and item.outcome == analysis.outcome for item in results)

    def _read(self, study: Study, claim: Claim, analysis: Analysis, choices: Choices) -> list[Reading]:
        """The best answer of a study: one reading, or one for each arm that has its share of the control."""
        rules = analysis.eligibility
        scale = self.percent_scale(choices) if self.on_percent_scale(analysis) else None
        asked: dict[tuple[Any, ...], list[tuple[Result, tuple[Arm, Arm]]]] = {}
        for result in candidates(study, analysis):
            for pair in contrasts(study, result):
                if _as_asked(pair[0], choices):
                    asked.setdefault((question(result), pair[1].id), []).append((result, pair))
        readings = []
        for order, group in enumerate(told_apart(asked.values())):
            contexts = [
                Context(study, result, analysis, self.library.claims, choices.assumptions,
                        _sizes(self, choices), pair)
                for result, pair in group
            ]  # fmt: skip
            found = self._answers(contexts, claim, analysis, scale)
            key = (TIERS.index(found[0].effect.tier), distance_in_time(group[0][0], rules), order)
            readings.append((key, found))
        return min(readings, key=lambda pair: pair[0])[1] if readings else []

    def _answers(
        self, contexts: list[Context], claim: Claim, analysis: Analysis, scale: PercentScale | None
    ) -> list[Reading]:
        study, result = contexts[0].study, contexts[0].result
        if len(contexts) > 1:
            effects = derive_together(contexts, scale, analysis.several_arms)
        else:
            effects = [derive(contexts[0], scale)]
        found = []
        for part, effect in enumerate(effects):
            own = contexts if len(effects) == 1 else contexts[part : part + 1]
            treated = one_arm_of([item.arms[0] for item in own]) if len(own) > 1 else own[0].arms[0]
            sizes = [item.sizes() or (np.nan, np.nan) for item in own]
            n1, n2 = float(sum(pair[0] for pair in sizes)), float(sizes[0][1])
            n2 = n2 / len(effects) if len(effects) > 1 else n2
            differs = indirectness(study, treated, claim.intervention)
            effect = _admitted(effect, result, analysis)
            control = own[0].arms[1]
            found.append(Reading(study, result, treated, control, effect, differs, n1, n2, part))
        return found


@keywords
def load_evidence(folder: str | Path = "studies") -> Evidence:
    """Read and check a folder of study files.

    Parameters
    ----------
    folder : str or Path
        Folder with one TOML file a study and ``claims.toml``.

    Returns
    -------
    Evidence

    Raises
    ------
    EvidenceError
        If anything is wrong in any file; the message lists every problem with its remedy.

    Examples
    --------
    >>> evidence = load_evidence("studies")
    >>> [claim.id for claim in evidence.library.claims.claims] == list(evidence.claims)
    True
    """
    check_arguments(load_evidence, locals())
    return Evidence(read_library(folder))


def one_a_cohort(readings: Iterable[Reading]) -> list[Reading]:
    """Return the best reading of each cohort of people, those with nothing to compute last.

    A study whose arms share out their control has a reading for each of them.
    """
    best: dict[str, list[Reading]] = {}
    for reading in readings:
        cohort = reading.study.cohort or reading.study.id
        there = best.get(cohort)
        if there and there[0].study is reading.study:
            there.append(reading)
        elif there is None or reading.effect.tier < there[0].effect.tier:
            best[cohort] = [reading]
    every = [item for group in best.values() for item in group]
    return sorted(every, key=lambda item: (item.effect.tier == "D", item.study.year or 9999))


def effect_sizes_of(readings: list[Reading], analysis: Analysis) -> EffectSizes:
    """Return readings as effect sizes, with everything a table or figure needs in the columns."""
    effects = [item.effect for item in readings]
    scored = [r for r in readings if r.effect.tier != "D" and r.result.phase in ("change", "final")]
    mixed = check_score_types(
        [item.result.phase for item in scored],
        measure=analysis.measure,
        study=[item.study.label for item in scored],
    )
    columns = {
        "study_id": [item.study.id for item in readings],
        "tier": [effect.tier for effect in effects],
        "year": [item.study.year or 0 for item in readings],
        "n1": [item.n1 for item in readings],
        "n2": [item.n2 for item in readings],
        "form": [item.treated.form or "not stated" for item in readings],
        "dose_mg": [item.treated.dose_mg or np.nan for item in readings],
        "time": [item.result.time.label for item in readings],
        "measured": [item.result.measured for item in readings],
        "result": [item.result.id for item in readings],
        "reported": [item.result.statistic.kind for item in readings],
        "source": [cited(item.study, item.result) for item in readings],
        "place": [item.result.place for item in readings],
        "read": [item.study.source(item.result.source).read for item in readings],
        "steps": [" ".join(effect.steps) for effect in effects],
        "assumptions": ["; ".join(effect.assumptions) for effect in effects],
        "indirectness": ["; ".join(item.differs) for item in readings],
        "reason": [effect.reason for effect in effects],
        "counts": [printed_counts(r.result, r.treated.id, r.control.id) for r in readings],
        "printed": [" ".join(sorted(printed_values(item.result))) for item in readings],
    }
    return EffectSizes(
        yi=np.array([effect.y for effect in effects], dtype=float),
        vi=np.array([effect.v for effect in effects], dtype=float),
        measure=analysis.measure,
        study=np.array([item.study.label for item in readings], dtype=object),
        kind=np.array([effect.kind for effect in effects], dtype=object),
        lower=np.array([effect.low for effect in effects], dtype=float),
        upper=np.array([effect.high for effect in effects], dtype=float),
        mixtures={i: effect.mixture for i, effect in enumerate(effects) if effect.mixture},
        columns={
            name: np.array(values, dtype=object if name not in _NUMERIC else float)
            for name, values in columns.items()
        },
        provenance={"yi": np.array([effect.tier for effect in effects], dtype=object)},
        variant="as reported; see steps",
        warnings=mixed,
    )


_NUMERIC = frozenset({"n1", "n2", "dose_mg"})


def _admitted(effect: Derived, result: Result, analysis: Analysis) -> Derived:
    rules = analysis.eligibility
    if effect.tier == "C" and result.selected and not rules.selected_bounds:
        return nothing("the bound was chosen for being significant; it is left out of the primary analysis")
    return within(effect, rules.tiers)


def _as_asked(arm: Arm, choices: Choices) -> bool:
    if choices.form is not None and choices.form.lower() not in (arm.form or "").lower():
        return False
    if choices.dose_mg is None:
        return True
    low, high = choices.dose_mg
    return arm.dose_mg is not None and low <= arm.dose_mg <= high


def _with(analysis: Analysis, choices: Choices) -> Analysis:
    if not choices.eligibility:
        return analysis
    rules = analysis.eligibility.model_copy(update=dict(choices.eligibility))
    return analysis.model_copy(update={"eligibility": rules})


def _sizes(evidence: Evidence, choices: Choices) -> dict[str, Mapping[str, int]]:
    primary = {item.study: item.sizes for item in evidence.library.claims.arm_sizes}
    return {**primary, **choices.arm_sizes}


def _reports(study: Study, analysis: Analysis) -> bool:
    return study.role == "trial" and any(result.outcome == analysis.outcome for result in study.results)
