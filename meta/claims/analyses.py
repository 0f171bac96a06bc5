"""The table behind a multiverse: every set of effects under every model, prior and threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.claims.answer_claims import finding_for
from meta.claims.claimed_effect import claimed_on_model_scale, points_down, threshold
from meta.claims.decision_rule import decide, posterior_of
from meta.claims.independence import Standing, standing
from meta.claims.rosters import NOT_ASKED, DataSet
from meta.claims.specifications import Prior, effect_rows, fits, p_values_at, posteriors
from meta.claims.verdict import Probabilities
from meta.effects.study_evidence import Evidence
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim

if TYPE_CHECKING:
    import pandas as pd

MODEL, PRIOR, LIKELIHOOD, MARGIN = "model", "prior", "likelihood", "margin"
CUTOFF, RETEST = "cut-off", "test-retest correlation"
BAYES, AS_STATED, AS_REPORTED = "Bayes", "as stated", "as reported"
NUMBERS = ("k", "estimate", "ci_low", "ci_high", "tau", "probability", "p_claimed", "p_null")


@dataclass(frozen=True)
class Bar:
    """What counts as at least as large: a threshold, and the options that lead to it."""

    options: dict[str, str]
    threshold: float


def _bars(evidence: Evidence, claim: Claim, analysis: Analysis) -> list[Bar]:
    """Return the thresholds to hold the effect against; the primary one first."""
    if claim.kind == "effect":
        margins = dict.fromkeys((claim.tested.margin, *claim.multiverse.margins))
        return [Bar({MARGIN: f"{m:g}"}, threshold(claim.tested, m)) for m in margins]
    effects = evidence.effects(analysis.id)
    posterior = posterior_of(effects, analysis) if effects.informative.any() else None
    finding = finding_for(evidence, claim, posterior)
    assert finding is not None
    scenarios = sorted(finding.scenarios, key=lambda item: not item.primary)
    return [
        Bar({CUTOFF: f"{item.cutoff:.1%}".replace(".0%", "%"), RETEST: f"{item.rho:.2f}"}, item.shift)
        for item in scenarios
    ]


def analyses(evidence: Evidence, claim: Claim, analysis: Analysis, sets: list[DataSet]) -> pd.DataFrame:
    """Return one row for each data set, model, prior, likelihood and threshold."""
    import pandas as pd

    bars = _bars(evidence, claim, analysis)
    filled = [data for data in sets if data.effects]
    blocks = _bayesian(claim, analysis, filled, bars)
    blocks += _frequentist(claim, analysis, filled, bars, blocks)
    table = pd.concat([pd.DataFrame(block) for block in blocks], ignore_index=True)
    chosen = pd.DataFrame([data.options for data in sets], dtype=object)
    made = pd.DataFrame({"departures": [data.departures for data in sets]})
    where = np.flatnonzero([bool(data.effects) for data in sets])[table.pop("set")]
    table["departures"] += made["departures"].to_numpy()[where]
    table = pd.concat([chosen.iloc[where].reset_index(drop=True), table], axis=1)
    empty = np.flatnonzero([not data.effects for data in sets])
    nothing = pd.concat([chosen.iloc[empty], made.iloc[empty]], axis=1)
    nothing = nothing.assign(k=0, conclusion="untestable", **dict.fromkeys(NUMBERS[1:], np.nan))
    if len(nothing):
        table = pd.concat([table, nothing.astype({name: table[name].dtype for name in NUMBERS})])
    names = [name for name in table.columns if name not in _RESULTS]
    table[names] = table[names].astype(object).where(table[names].notna(), NOT_ASKED)
    table = table.sort_values("departures", kind="stable", ignore_index=True)
    return table[[*names, *NUMBERS, "conclusion", "departures"]]


_RESULTS = frozenset({*NUMBERS, "conclusion", "departures"})
Block = dict[str, Any]
"""Columns of some analyses: numbers by name, and ``set``, the number of the data set."""


def _bayesian(claim: Claim, analysis: Analysis, sets: Sequence[DataSet], bars: Sequence[Bar]) -> list[Block]:
    spec, options = Prior(analysis.prior.effect_sd, analysis.prior.tau_sd), claim.multiverse
    factors = list(dict.fromkeys((1.0, *options.prior_factors)))
    every = list(dict.fromkeys((*factors, *(factor * claim.rule.prior_factor for factor in factors))))
    priors, bounds = [spec.times(factor) for factor in every], [bar.threshold for bar in bars]
    below = points_down(claim.tested) or analysis.role == "indirect"
    blocks = []
    for truncated in (False, True) if options.truncated else (False,):
        found = posteriors(sets, priors, bounds, truncated=truncated)
        reached = found.below if below else 1.0 - found.below
        standings = _standings(sets, found.low[:, 0], found.high[:, 0])
        for factor in factors:
            at, wide = every.index(factor), every.index(factor * claim.rule.prior_factor)
            model = {MODEL: BAYES, PRIOR: f"{factor:g} times as wide" if factor != 1 else AS_STATED}
            if options.truncated:
                model[LIKELIHOOD] = "truncated to p < .05" if truncated else AS_REPORTED
            numbers = {
                "k": np.array([len(data.effects) for data in sets]),
                "estimate": found.estimate[:, at],
                "ci_low": found.low[:, at],
                "ci_high": found.high[:, at],
                "tau": found.tau[:, at],
                "p_claimed": np.nan,
                "p_null": np.nan,
            }
            for b, bar in enumerate(bars):
                p, p_wide = reached[:, at, b], reached[:, wide, b]
                blocks.append(
                    {"set": np.arange(len(sets)), **model, **bar.options, **numbers, "probability": p}
                    | {"conclusion": _conclusions(claim, bar, p, p_wide, standings)}
                    | {"departures": int(factor != 1) + int(truncated) + int(b > 0)}
                )
    return blocks


def _conclusions(
    claim: Claim, bar: Bar, p: np.ndarray, wide: np.ndarray, standings: Sequence[Standing]
) -> list[str]:
    if claim.kind == "proportion":
        return ["untestable"] * len(standings)
    nan = float("nan")
    found: list[str] = []
    for i, own in enumerate(standings):
        at = Probabilities(bar.threshold, mean=float(p[i]), new=nan, prior=nan, wide=float(wide[i]))
        found.append(decide(claim.rule, at, own.k, own.k_computed, own.others)[0])
    return found


def _standings(sets: Sequence[DataSet], low: np.ndarray, high: np.ndarray) -> list[Standing]:
    """What each data set's verdict may rest on, given the interval of its posterior under the first prior."""
    return [standing(effect_rows(data.effects), float(low[i]), float(high[i])) for i, data in enumerate(sets)]


def _frequentist(
    claim: Claim,
    analysis: Analysis,
    sets: Sequence[DataSet],
    bars: Sequence[Bar],
    bayesian: Sequence[Block],
) -> list[Block]:
    """Return the frequentist fits, each with its effects' verdict under the claim's prior."""
    options = claim.multiverse
    models = [(method, analysis.test) for method in dict.fromkeys((analysis.method, *options.methods))]
    models += [(analysis.method, test) for test in options.tests if test != analysis.test]
    judged = [
        block
        for block in bayesian
        if block[PRIOR] == AS_STATED and block.get(LIKELIHOOD, AS_REPORTED) == AS_REPORTED
    ]
    value = claimed_on_model_scale(claim.tested) if claim.kind == "effect" else float("nan")
    blocks = []
    for method, test in models:
        fit = fits(sets, method, test)
        p_claimed, p_null = p_values_at(fit, value), p_values_at(fit, 0.0)
        known = np.flatnonzero(np.isfinite(fit.estimate))
        numbers = {
            "set": known,
            "k": fit.k[known],
            "estimate": fit.estimate[known],
            "ci_low": fit.ci_low[known],
            "ci_high": fit.ci_high[known],
            "tau": np.sqrt(fit.tau2[known]),
            "p_claimed": p_claimed[known],
            "p_null": p_null[known],
        }
        for b, block in enumerate(judged):
            verdicts = {
                "probability": block["probability"][known],
                "conclusion": [block["conclusion"][i] for i in known],
                "departures": 1 + int(b > 0),
            }
            model = {PRIOR: NOT_ASKED, MODEL: f"{method}, {test}"}
            blocks.append(block | numbers | verdicts | model)
    return blocks
