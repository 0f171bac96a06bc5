"""A contrast claim: one treatment against another, by a network where no trial compares them directly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from meta.claims.case import Case
from meta.claims.claimed_effect import region, threshold
from meta.claims.kinds import effect
from meta.claims.kinds.claim_kind import Kind
from meta.claims.kinds.summarised import judge_summary
from meta.claims.verdict import Probabilities, Verdict
from meta.claims.wording import untestable
from meta.effects.registry import measure
from meta.errors import InputError
from meta.formatting import interval, listing, number, percent
from meta.kernels.mixtures import NormalMixture
from meta.kernels.network.untested_form import untested_form
from meta.models.network.network_contrast import NetworkContrast
from meta.results.abilities import ContrastsOfTreatments, EffectsOfTreatments


def judge(case: Case) -> Verdict:
    """Judge the contrast of a network of :func:`meta.pool_network`, or effects of direct comparisons."""
    asked, net = case.claim.contrast, case.given
    assert asked is not None
    if case.size:
        return effect.judge(case)
    if isinstance(net, NetworkContrast):
        if (net.treat1, net.treat2) != (asked.treatment, asked.comparator):
            raise InputError(
                f"the claim is about {asked.treatment} against {asked.comparator}, and this is {net.treat1} "
                f"against {net.treat2}; give net.contrast({asked.treatment!r}, {asked.comparator!r})"
            )
        return judge_summary(case, net, net.trials)
    if not isinstance(net, ContrastsOfTreatments):
        return untestable(
            case,
            f"no eligible trial compared {asked.treatment} with {asked.comparator}; a network of trials "
            "(meta.pool_network) may compare them through others",
        )
    known = [str(name) for name in net.treatments]
    missing = [name for name in (asked.treatment, asked.comparator) if name not in known]
    new = missing == [asked.treatment] and asked.between_sd is not None
    if new and isinstance(net, EffectsOfTreatments):
        assert asked.between_sd is not None
        return _predicted(case, net, asked.between_sd)
    if missing:
        return untestable(case, f"no trial of {listing(missing)}; the network has {listing(known)}")
    return judge_summary(case, net.contrast(asked.treatment, asked.comparator), int(net.k))


def _predicted(case: Case, net: EffectsOfTreatments, scale: float) -> Verdict:
    """Untestable, with what the tested forms predict for one that no trial tested.

    All treatments of the network but its reference are taken as forms.
    """
    asked, estimand, rule = case.claim.contrast, case.claim.tested, case.claim.rule
    assert asked is not None
    assert estimand is not None
    down = math.isinf(region(estimand)[0])

    def chance(found: NormalMixture, margin: float | None) -> float:
        below = float(found.cdf(threshold(estimand, margin)))
        return below if down else 1 - below

    found, wide = (_of_new_form(net, asked.comparator, x) for x in (scale, rule.prior_factor * scale))
    at = [
        Probabilities(threshold(estimand, m), chance(found, m), chance(found, m), math.nan, chance(wide, m))
        for m in (None, 1.0)
    ]
    low, middle, high = (float(found.ppf(q)) for q in (0.025, 0.5, 0.975))
    entry, forms = measure(estimand.measure), len(net.treatments) - 1
    text = f"{number(middle, 3)} {interval(low, high, 3)}"
    if entry.scale != "identity":
        left, centre, right = (float(entry.transform.back(x)) for x in (low, middle, high))
        text += f", {entry.display} {number(centre, 2)} {interval(left, right, 2)}"
    told = (
        f"from how {forms} tested forms differ (SD between forms: half-normal, scale {scale:g}), "
        f"{asked.treatment} against {asked.comparator} is predicted at {text} (95%), at least as large as "
        f"claimed with probability {percent(at[0].mean, 1)} ({percent(at[0].wide, 1)} with a scale of "
        f"{rule.prior_factor * scale:g})"
    )
    verdict = untestable(case, f"no trial of {asked.treatment}")
    return replace(
        verdict,
        reasons=(*verdict.reasons, told),
        sentence=f"{verdict.sentence} {told[:1].upper()}{told[1:]}.",
        at_margin=at[0],
        at_claim=at[1],
    )


def _of_new_form(net: EffectsOfTreatments, comparator: str, scale: float) -> NormalMixture:
    """The prediction for a form without a trial, against a form of the network or its reference."""
    names = [str(name) for name in net.treatments]
    forms = [name for name in names if name != str(net.reference)]
    against = np.zeros((len(forms), len(names)))
    against[np.arange(len(forms)), [names.index(name) for name in forms]] = 1.0
    against[:, names.index(str(net.reference))] = -1.0
    vcov = against @ np.asarray(net.vcov, dtype=float) @ against.T
    own = forms.index(comparator) if comparator in forms else None
    return untested_form(np.array([net.contrast(name).estimate for name in forms]), vcov, scale, own)


KIND = Kind("contrast", "one treatment against another", judge)
