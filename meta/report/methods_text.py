"""The methods, written from the options that were used, with citations: ready for a paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from meta.effects.study_evidence import Evidence
from meta.evidence.claim_parts import Analysis
from meta.formatting import listing
from meta.pooling.pool_options import ESTIMATORS, PREDICTION_INTERVALS, TESTS
from meta.report.blocks import Block, Paragraph, Section, Span, paragraph
from meta.report.engines import RULE
from meta.report.reference_list import Citations, sentence

MEASURES = {
    "SMD": ("standardised mean differences (Hedges’s g with the exact small-sample factor)", "hedges-1981"),
    "ROM": ("ratios of means (analysed as logarithms)", "hedges-1999"),
    "RR": ("risk ratios (analysed as logarithms)", "katz-1978"),
    "PLO": ("shares (analysed as logits)", "stijnen-2010"),
}
_TESTS = {"hksj": ("hartung-2001", "inthout-2014"), "adhoc": ("knapp-2003",)}
Numbers = Mapping[str, Mapping[str, Any]]


def methods(evidence: Evidence, numbers: Numbers, engines: Mapping[str, bool]) -> tuple[Section, ...]:
    """Return the methods text and its references.

    Parameters
    ----------
    evidence : Evidence
        For the claims and their options.
    numbers : mapping of str to mapping
        What ``verdicts.json`` says of each analysis, by id.
    engines : mapping of str to bool
        For which analyses the sampled posterior agrees; empty if that was not checked.
    """
    cite = Citations()
    used = {name: analysis for name, (_, analysis) in evidence.analyses.items() if name in numbers}
    texts = (
        _data(evidence, cite),
        _effects(evidence, used, numbers, cite),
        _pooling(used, numbers, cite),
        _bayes(used, numbers, cite, engines),
        _judging(evidence, cite),
        _missing(used, numbers, cite),
    )
    written = tuple(Paragraph(text) for text in texts if text)
    blocks: tuple[Block, ...] = (
        paragraph("This text is written from the options that were used; it can be pasted into a paper."),
        *written,
    )
    return Section("text", "Methods", blocks), Section("references", "References", (cite.listed(),))


def _data(evidence: Evidence, cite: Citations) -> tuple[Span, ...]:
    included = sum(study.status == "included" for study in evidence.library.studies)
    total = len(evidence.library.studies)
    return sentence(
        f"Of {total} studies that were read, {included} were included. Each is one file that holds what was "
        "reported, verbatim, with its source, the place in it, and how it was read. Facts that bear "
        "on the risk of bias were noted by the domains of RoB 2 ",
        cite("sterne-2019"),
        ". What each claim is, which trials may enter, the priors and the rule of decision were written down "
        "before anything was pooled; what single studies had reported was known then.",
    )


def _effects(
    evidence: Evidence, used: Mapping[str, Analysis], numbers: Numbers, cite: Citations
) -> tuple[Span, ...]:
    measures = list(dict.fromkeys(a.measure for name, a in used.items() if _informed(numbers[name])))
    if not measures:
        return ()
    parts: list[str | Iterable[Span]] = ["Effects were expressed as "]
    for position, code in enumerate(measures):
        name, reference = MEASURES[code]
        parts += [", " if 0 < position < len(measures) - 1 else " and " if position else "", f"{name} "]
        parts.append(cite(reference))
    parts.append(
        " and derived from the reported statistics; every effect carries its tier: A from reported "
        "statistics alone, B with a stated assumption, C where only a range is known, D where there is "
        "nothing to compute with."
    )
    if evidence.percent_scale() is not None and "ROM" in measures:
        named = [evidence.outcome(a.outcome) for a in used.values() if evidence.on_percent_scale(a)]
        what = listing(dict.fromkeys(named))
        parts.append(
            f" Standardised effects on {what} were put on the ratio scale through the control group’s "
            "coefficient of variation, whose uncertainty is carried along (delta method)."
        )
    return sentence(*parts)


def _informed(numbers: Mapping[str, Any]) -> bool:
    return numbers.get("posterior") is not None or numbers.get("fit") is not None


def _fits(numbers: Numbers) -> list[Mapping[str, Any]]:
    return [found["fit"] for found in numbers.values() if found.get("fit") and found["fit"]["k"] > 1]


def _pooling(used: Mapping[str, Analysis], numbers: Numbers, cite: Citations) -> tuple[Span, ...]:
    fits = _fits(numbers)
    if not fits:
        return sentence(
            "No analysis had two trials with a computed effect: nothing was pooled without prior beliefs."
        )
    methods_used = listing([ESTIMATORS[name].name for name in _each(fits, "method")])
    tests = _each(fits, "test")
    kinds = [PREDICTION_INTERVALS[name].name for name in _each(fits, "prediction_kind")]
    supports = [name for test in tests for name in _TESTS.get(test, ())]
    return sentence(
        f"Random-effects models were fitted with {methods_used} as the estimator of the variance between "
        f"trials, and with {listing([TESTS[name].name for name in tests])} tests and 95% intervals ",
        cite(*supports) if supports else "",
        "; the interval with its scale floored at 1 is shown beside ",
        cite("knapp-2003"),
        ". The interval of the variance between trials is that of the Q-profile ",
        cite("viechtbauer-2007"),
        "; I2 is the share of the variance that is not sampling error ",
        cite("higgins-2002"),
        f". Prediction intervals are those of {listing(kinds)} ",
        cite("partlett-2017"),
        ".",
    )


def _each(fits: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(str(fit[name]) for fit in fits))


def _bayes(
    used: Mapping[str, Analysis], numbers: Numbers, cite: Citations, engines: Mapping[str, bool]
) -> tuple[Span, ...]:
    priors: dict[tuple[float, float], list[str]] = {}
    for name, analysis in used.items():
        if numbers[name].get("posterior"):
            key = (analysis.prior.effect_sd, analysis.prior.tau_sd)
            priors.setdefault(key, []).append(analysis.label)
    if not priors:
        return ()
    stated = "; ".join(
        f"normal with mean 0 and SD {effect:g} for the mean effect and half-normal with scale {tau:g} for "
        f"the SD between trials ({', '.join(labels)})"
        for (effect, tau), labels in priors.items()
    )
    parts: list[str | Iterable[Span]] = [
        "The Bayesian normal-normal model was computed by quadrature ",
        cite("rover-2020"),
        f", with these priors on the model’s scale: {stated}. Credible intervals are the shortest ones. ",
    ]
    if any((found.get("tiers") or {}).get("C") for found in numbers.values()):
        parts.append(
            "Results known only as bounds enter the likelihood as the probability of lying between them. "
        )
    parts.append("Sensitivity to the priors was looked at over a grid from half to four times their width.")
    if engines:
        agree = "all agreed" if all(engines.values()) else "NOT all agreed"
        parts += [
            " As a check the same models were sampled with PyMC ",
            cite("pymc-2023"),
            f"; the engines count as agreeing if {RULE}, and {agree}.",
        ]
    else:
        parts.append(" The exact posterior was not checked against a sampled one.")
    return sentence(*parts)


def _judging(evidence: Evidence, cite: Citations) -> tuple[Span, ...]:
    parts: list[str | Iterable[Span]] = [
        "A claim is judged by the posterior probability that the mean effect is at least as large as "
        "claimed, by the rule that stands with each claim. Beside it stand the compatibility of the claimed "
        "value and of no effect with the trials (two-sided p-values and their surprisals) ",
        cite("greenland-2019"),
        " and Bayes factors against no effect.",
    ]
    if any(claim.kind == "proportion" for claim in evidence.claims.values()):
        parts.append(
            " The share of raised values that are normal later without treatment is that of a bivariate "
            "normal distribution with the stated test-retest correlation."
        )
    return sentence(*parts)


def _missing(used: Mapping[str, Analysis], numbers: Numbers, cite: Citations) -> tuple[Span, ...]:
    if not any(fit["k"] >= 3 for fit in _fits(numbers)):
        return sentence(
            "No analysis had the three trials that tests for small-study effects need, so that none was made."
        )
    return sentence(
        "Where three or more trials could be computed with, small-study effects and selection were looked at "
        "with a contour-enhanced funnel plot ",
        cite("peters-2008"),
        ", Egger’s regression test ",
        cite("egger-1997"),
        ", Begg and Mazumdar’s rank correlation ",
        cite("begg-1994"),
        ", trim and fill ",
        cite("duval-2000"),
        ", PET-PEESE ",
        cite("stanley-2014"),
        " and a step-function selection model ",
        cite("vevea-1995"),
        ". With fewer than ten trials these have hardly any power ",
        cite("sterne-2011"),
        ".",
    )
