"""What a verdict is asked to judge: the effects, the fits of them, and that they belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.claims.decision_rule import posterior_of, priors_of
from meta.claims.independence import Standing, independent, rows_for, standing
from meta.effects.effect_size_table import EffectSizes
from meta.effects.registry import measure as look_up
from meta.errors import AssumptionWarning, InputError, Notes, quiet
from meta.formatting import listing
from meta.models.network.network_contrast import NetworkContrast
from meta.results.abilities import Compatible
from meta.results.protocols import is_posterior

if TYPE_CHECKING:
    from meta.claims.normalised_share import NormalisationFinding
    from meta.evidence.claim_parts import Analysis
    from meta.evidence.claims import Claim


@dataclass(frozen=True)
class Case:
    """One analysis of a claim with all that may decide it.

    Attributes
    ----------
    claim, analysis : Claim, Analysis
        What is judged, in one of its readings.
    effects : EffectSizes or None
        One row per independent study.
    fit, posterior : object
        Of these effects; None where there is nothing to compute with.
    normalisation : NormalisationFinding or None
        For a proportion claim.
    questions, notes : tuple of str
        Numbers that agree under different names; what was combined or assumed.
    given : object
        What was handed in, for kinds that judge something else than effects.
    """

    claim: Claim
    analysis: Any
    effects: EffectSizes | None
    fit: Any = None
    posterior: Any = None
    normalisation: NormalisationFinding | None = None
    questions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    given: Any = None

    @property
    def size(self) -> int:
        """Rows that a likelihood can use."""
        return 0 if self.effects is None else int(np.sum(self.effects.informative))

    @property
    def own_priors(self) -> bool:
        """Whether the posterior has the priors of the claims file."""
        return (self.posterior.effect_prior, self.posterior.tau_prior) == priors_of(self.analysis)

    def standing(self) -> Standing:
        """What the verdict may rest on."""
        assert self.effects is not None
        return standing(rows_for(self.effects), *self.posterior.interval(0.95))

    def counts(self) -> dict[str, Any]:
        """Studies listed and by tier."""
        if self.effects is None:
            return {"k_listed": 0, "tiers": {}}
        tiers = self.effects.columns.get("tier", np.where(self.effects.exact, "A", "C"))
        return {
            "k_listed": self.effects.k,
            "tiers": dict(sorted(Counter(str(tier) for tier in tiers).items())),
        }


def make_case(
    claim: Claim,
    evidence: Any,
    analysis: str | None,
    fit: Any,
    posterior: Any,
    normalisation: NormalisationFinding | None,
) -> Case:
    """Sort what was handed in, and refuse what does not belong together."""
    given = evidence
    if claim.kind in ("contrast", "region") and not isinstance(evidence, EffectSizes):
        return Case(claim, chosen_analysis(claim, analysis, None), None, given=given)
    _refuse_parts(claim, evidence, fit)
    fit, posterior, effects = _sorted(evidence, fit, posterior)
    chosen = chosen_analysis(claim, analysis, effects)
    notes: list[str] = []
    if effects is not None and effects.informative.any():
        _same_scale(claim, chosen, effects)
        notes += _as_logs(claim, chosen, effects)
    _same_effects(effects if evidence is effects else None, fit, posterior)
    case = Case(claim, chosen, effects, fit, posterior, normalisation, notes=tuple(notes), given=given)
    return case if effects is None or not effects.informative.any() else _one_row_per_study(case)


def _refuse_parts(claim: Claim, *given: Any) -> None:
    """Refuse one number of a larger model, whose own effects are not what it rests on."""
    for item in given:
        if isinstance(item, NetworkContrast):
            raise InputError(
                f"a contrast of a network decides a claim of kind 'contrast', and {claim.id!r} is of kind "
                f"{claim.kind!r}; write kind = 'contrast' with its [claims.contrast] table, or give the "
                "effects of the direct trials"
            )


def _one_row_per_study(case: Case) -> Case:
    """The case with dependent rows combined and the fits made again, if there are any."""
    assert case.effects is not None
    found = independent(case.effects)
    if not found.merged:
        return replace(case, questions=found.questions)
    notes = (*case.notes, *found.merged)
    fit, exact = case.fit, found.effects.subset(found.effects.exact)
    if fit is not None:
        from meta.pooling.univariate import pool

        with quiet():
            fit = pool(exact, method=fit.method, test=fit.test, level=fit.level)
    return replace(
        case, effects=found.effects, fit=fit, posterior=None, questions=found.questions, notes=notes
    )


def bears_on(claim: Claim, evidence: Any, analysis: str | None, fit: Any, posterior: Any) -> bool:
    """Whether what was handed in can decide a reading: its analyses, in the measure of one of them."""
    judged = [item for item in claim.analyses if item.role != "beside"]
    if analysis is not None:
        return any(item.id == analysis for item in judged)
    sources = (evidence, getattr(evidence, "effects", None), getattr(fit, "effects", None),
               getattr(posterior, "effects", None))  # fmt: skip
    effects = next((item for item in sources if isinstance(item, EffectSizes)), None)
    return (
        effects is None
        or any(item.measure in (effects.measure, "GEN") for item in judged)
        or (effects.measure == "GEN")
    )


def with_posterior(case: Case) -> Case:
    """The case with the posterior under the claim's priors, where none was handed in."""
    if case.posterior is not None or case.effects is None:
        return case
    return replace(case, posterior=posterior_of(case.effects, case.analysis))


def _sorted(evidence: Any, fit: Any, posterior: Any) -> tuple[Any, Any, EffectSizes | None]:
    """Tell apart what was handed in by what it can do."""
    if isinstance(evidence, EffectSizes):
        return fit, posterior, evidence
    if is_posterior(evidence):
        posterior = evidence
    elif isinstance(evidence, Compatible):
        fit = evidence
    elif evidence is not None:
        raise InputError(
            f"judge needs a fit, a posterior or effect sizes, not {type(evidence).__name__}; "
            "use meta.pool(...), meta.bayes(...) or evidence.effects(...)"
        )
    source = posterior if posterior is not None else fit
    return fit, posterior, None if source is None else source.effects


def chosen_analysis(claim: Claim, name: str | None, effects: EffectSizes | None) -> Analysis:
    """The analysis of this name; without one the first on the scale of the effects."""
    if name is not None:
        known = {item.id: item for item in claim.analyses}
        if name not in known:
            raise InputError(f"claim {claim.id!r} has no analysis {name!r}; it has: {', '.join(known)}")
        return known[name]
    judged = [item for item in claim.analyses if item.role != "beside"]
    if effects is not None:
        same = [item for item in judged if item.measure == effects.measure]
        return same[0] if same else judged[0]
    return judged[0]


def _same_scale(claim: Claim, analysis: Analysis, effects: EffectSizes) -> None:
    if effects.measure not in (analysis.measure, "GEN"):
        raise InputError(
            f"the claim is judged on the {analysis.measure} scale, but the effects are {effects.measure}; "
            f"use evidence.effects({analysis.id!r}), or convert them first"
        )


def _as_logs(claim: Claim, analysis: Analysis, effects: EffectSizes) -> tuple[str, ...]:
    """Take generic effects for logs where a ratio is claimed, and say so; refuse what looks like ratios."""
    entry, value = look_up(analysis.measure), None if claim.estimand is None else claim.tested.value
    if effects.measure != "GEN" or not entry.is_log_ratio:
        return ()
    y = effects.yi[effects.exact]
    if value is not None and value < 1 and y.size and np.all((y > LOWEST_RATIO) & (y < 1 / LOWEST_RATIO)):
        raise InputError(
            f"the claim is a {entry.display} below 1, and all effects are positive, as ratios are: is "
            f"{float(y[0]):g} a ratio or its log? Take logs of ratios (np.log(yi)), or say that these are "
            f"logs: meta.effect_sizes(measure={analysis.measure!r}, yi=..., vi=...)"
        )
    notes = Notes()
    notes.warn(
        f"the effects name no measure: each is taken as a {entry.name}, as the claim is a {entry.display}",
        AssumptionWarning,
    )
    return notes.messages


LOWEST_RATIO = 0.1
"""Ratios of trials lie between this and its inverse; small positive logs, which say "no effect", do not."""


def _same_effects(effects: EffectSizes | None, fit: Any, posterior: Any) -> None:
    """Refuse a fit or posterior of other studies than the effects that are judged."""
    sources = {
        "evidence": effects,
        "fit": getattr(fit, "effects", None),
        "posterior": getattr(posterior, "effects", None),
    }
    known = {name: _exact_rows(source) for name, source in sources.items() if source is not None}
    names = list(known)
    for one, other in pairwise(names):
        here, missing = (one, other) if known[one].keys() - known[other].keys() else (other, one)
        extra = known[here].keys() - known[missing].keys()
        if extra or sorted(map(len, known[one].values())) != sorted(map(len, known[other].values())):
            studies = sorted({repr(label) for key in extra for label in known[here][key]})
            told = f"; only the {here} has {listing(studies[:5])} as it is there" if studies else ""
            raise InputError(
                f"the {one} and the {other} must hold the same effects{told}; "
                "make both from the same effect sizes"
            )


def _exact_rows(effects: EffectSizes) -> dict[tuple[str, str], list[str]]:
    """Labels by effect and variance of the exact rows, to 12 digits, in which machines agree."""
    found: dict[tuple[str, str], list[str]] = {}
    exact = effects.exact
    for label, y, v in zip(effects.study[exact], effects.yi[exact], effects.vi[exact], strict=True):
        found.setdefault((f"{y:.12g}", f"{v:.12g}"), []).append(str(label))
    return found


def indirectness(effects: EffectSizes | None) -> tuple[str, ...]:
    """How the treatment of each study in the pool differs from the claimed one."""
    words = None if effects is None else effects.columns.get("indirectness")
    if effects is None or words is None:
        return ()
    used = effects.informative
    return tuple(
        f"{study}: {text}"
        for study, text, use in zip(effects.study, words, used, strict=True)
        if text and use
    )


def plain_counts(case: Case) -> Mapping[str, Any]:
    """Counts of a case that is not judged by probability: rows that inform, and exact ones."""
    computed = 0 if case.effects is None else int(np.sum(case.effects.exact))
    return {"k": case.size, "k_computed": computed} | case.counts()
