"""Does a claim fit together? What would make its verdict mean something else than its words say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meta.effects.registry import measure as look_up
from meta.evidence.claim_kinds import ASKS, OWN, FactCheck
from meta.evidence.claim_parts import Analysis, Rule, StatedClaim
from meta.evidence.estimand import Estimand, no_effect, off_scale
from meta.evidence.problems import Finding
from meta.formatting import listing

ROUNDING = 0.0051
"""A percentage in words is rounded to whole numbers, so that its ratio may differ by half of one percent."""

LESS, MORE = "less|fewer|lower|shorter|smaller", "more|higher|longer|larger|greater"
PERCENT = re.compile(rf"(\d+(?:\.\d+)?) ?% ({LESS}|{MORE})\b")


def incoherences(claim: StatedClaim) -> Iterator[Finding]:
    """Everything in a claim that does not fit together; nothing if it does.

    >>> from meta.evidence.claim_parts import Rule
    >>> [str(found) for found in _rule(Rule(support=0.95, contradict=0.97))][0]
    'rule.contradict: must be at most 0.5 (found 0.97); write 0.05, the usual one'
    """
    yield from _rule(claim.rule)
    yield from _readings(claim)
    yield from _kind(claim)
    for i, item in enumerate(claim.readings):
        for found in _kind(claim.as_read(item.id)):
            yield found._replace(field=f"readings.{i}.{found.field}")


def _kind(claim: StatedClaim) -> Iterator[Finding]:
    """What a kind needs and is not there, what belongs to another, and what its own tables say."""
    for name in ASKS[claim.kind]:
        if not getattr(claim, name):
            table = f"[[claims.{name}]]" if name == "analyses" else f"[claims.{name}]"
            yield Finding(name, "nothing", f"a {claim.kind} claim needs its {table} table", "add it")
    for name, kind in OWN.items():
        if getattr(claim, name) is not None and claim.kind != kind and not claim.readings:
            told = f"belongs to a {kind} claim, and this one is of kind {claim.kind!r}"
            if kind != "proportion" and claim.kind == "effect":
                yield Finding(name, "a table", told, f"write kind = {kind!r}, or remove it")
    if claim.fact is not None and claim.kind == "fact":
        yield from _fact(claim.fact)
    if claim.region is not None and claim.region.low >= claim.region.high:
        told = f"must be below high ({claim.region.high:g})"
        yield Finding("region.low", f"{claim.region.low:g}", told, "swap them, or correct one")
    if claim.estimand is not None and claim.kind != "fact":
        yield from _estimand(claim.kind, claim.estimand)
        for analysis in claim.primary if claim.kind != "non-inferiority" else ():
            yield from _scales(claim.estimand, analysis)


def _readings(claim: StatedClaim) -> Iterator[Finding]:
    ids = [item.id for item in claim.readings]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield Finding("readings", repr(name), "two readings have this id", "give each its own")
    known = {item.id for item in claim.analyses}
    for i, item in enumerate(claim.readings):
        for name in item.analyses:
            if name not in known:
                told = f"must be one of the claim's analyses ({listing(sorted(known), 'or')})"
                yield Finding(f"readings.{i}.analyses", repr(name), told, "correct it, or add the analysis")
    if claim.readings and not claim.headline:
        told = "names which reading the verdict is of, before anything is pooled"
        yield Finding("headline", "nothing", told, f"write headline = {ids[0]!r}, or another of them")
    for name in claim.headline:
        if name not in ids:
            told = f"must be one of the claim's readings ({listing(ids, 'or') or 'it has none'})"
            yield Finding("headline", repr(name), told, "correct it")


def _fact(fact: FactCheck) -> Iterator[Finding]:
    """A fact rests on two sources that were read, or on one that settles the matter."""
    enough = len(fact.sources) > 1 or any(source.authoritative for source in fact.sources)
    if fact.finding != "untestable" and not enough:
        told = "rests on two sources that were read, or on an authoritative one"
        yield Finding("fact.finding", repr(fact.finding), told, "add sources, or write 'untestable'")


def _rule(rule: Rule) -> Iterator[Finding]:
    if rule.support < 0.5:
        told = "must be at least 0.5: what is more likely wrong than right is not supported"
        yield Finding("rule.support", f"{rule.support:g}", told, "write 0.95, the usual one")
    if rule.contradict > 0.5:
        told = "must be at most 0.5"
        yield Finding("rule.contradict", f"{rule.contradict:g}", told, "write 0.05, the usual one")
    if rule.support <= rule.contradict:
        told = f"must be above contradict ({rule.contradict:g}), or every answer would be both"
        yield Finding("rule.support", f"{rule.support:g}", told, "write 0.95, the usual one")
    if rule.prior_factor < 1:
        told = "must be at least 1: the verdict has to hold under a wider prior, not under a narrower one"
        yield Finding("rule.prior_factor", f"{rule.prior_factor:g}", told, "write 2, the usual one")


def _estimand(kind: str, estimand: Estimand) -> Iterator[Finding]:
    wrong = list(off_scale(estimand))
    yield from wrong
    family = look_up(estimand.measure).family
    if kind == "proportion" and family != "proportion":
        told = "a proportion claim is about a share of one group"
        yield Finding("estimand.measure", repr(estimand.measure), told, "write PLO, or PR")
        return
    if estimand.value is None:
        yield from _without_size(kind, estimand)
    elif not wrong:
        yield from _against_its_side(kind, estimand, estimand.value)
        yield from _least(estimand, estimand.value)


def _without_size(kind: str, estimand: Estimand) -> Iterator[Finding]:
    if kind in ("proportion", "non-inferiority") or no_effect(estimand.measure) is None:
        what = "the margin" if kind == "non-inferiority" else "the claimed value"
        yield Finding("estimand.value", "nothing", "this field is needed", f"add {what}")
    if estimand.at_least is not None:
        told = "a claim without a size has no least value"
        yield Finding("estimand.at_least", f"{estimand.at_least:g}", told, "remove it, or add the value")


def _against_its_side(kind: str, estimand: Estimand, value: float) -> Iterator[Finding]:
    """A value on the wrong side of no effect, or no effect itself."""
    null, side = no_effect(estimand.measure), estimand.side
    if null is None:
        return
    shown = f"{value:g}"
    if value == null:
        told = f"{null:g} means no effect, not a size"
        remedy = "leave the value out: then any effect on the claim's side counts"
        if kind == "non-inferiority":
            remedy = "write the margin, such as 0.05 for 5 points"
        yield Finding("estimand.value", shown, told, remedy)
        return
    right = (value < null) == (side == "below")
    if right == (kind != "non-inferiority"):
        return
    other = "above" if side == "below" else "below"
    if kind == "non-inferiority":
        told = f"a margin is how much worse is still tolerated, so that with side {side!r} it lies "
        yield Finding("estimand.value", shown, f"{told}{other} {null:g}", "change its sign, or the side")
    else:
        told = f"the value lies {other} no effect ({null:g}), so that everything {side} it would count, "
        remedy = f"write side = {other!r}, or correct the value"
        yield Finding("estimand.side", repr(side), f"{told}also none", remedy)


def against_its_words(estimand: Estimand) -> Iterator[Finding]:
    """A ratio that is not what the words beside it say; words may be meant otherwise, so it is asked about.

    >>> claimed = Estimand(measure="ROM", value=0.41, value_text="41% less", side="below")
    >>> [found.remedy for found in against_its_words(claimed)]
    ['write 0.59, or correct value_text']
    """
    entry, said = look_up(estimand.measure), PERCENT.findall(estimand.value_text)
    value = estimand.value
    if value is None or not entry.is_log_ratio or entry.scale != "log" or len(said) != 1:
        return
    share, word = float(said[0][0]) / 100, said[0][1]
    meant = 1 - share if word in LESS.split("|") else 1 + share
    if abs(meant - value) > ROUNDING:
        told = f"value_text says {said[0][0]}% {word}, which is a {entry.display} of {meant:g}"
        yield Finding("estimand.value", f"{value:g}", told, f"write {meant:g}, or correct value_text")


def _least(estimand: Estimand, value: float) -> Iterator[Finding]:
    least, null = estimand.at_least, no_effect(estimand.measure)
    if least is None:
        return
    shown = f"{least:g}"
    if "margin" in estimand.model_fields_set:
        told = "names the least value that counts, as margin does"
        yield Finding("estimand.at_least", shown, told, "keep one of the two")
    ends = [end for end in (null, value) if end is not None]
    if null is not None and not min(ends) <= least <= max(ends):
        told = f"must lie between no effect ({null:g}) and the claimed value ({value:g})"
        yield Finding("estimand.at_least", shown, told, "correct it")


def _scales(estimand: Estimand, analysis: Analysis) -> Iterator[Finding]:
    own, judged = look_up(analysis.measure), look_up(estimand.measure)
    if (own.family, own.scale) != (judged.family, judged.scale):
        told = f"the claim is about a {judged.display}, which the verdict's own pools must be able to show"
        remedy = f"write {judged.code}, or give the analysis the role 'beside'"
        yield Finding(f"analyses.{analysis.id}.measure", repr(analysis.measure), told, remedy)
