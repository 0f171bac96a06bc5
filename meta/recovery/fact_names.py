"""Canonical names: the role of a printed ``se``, ``ci_low``, ``n`` or ``t`` for a measure and a design."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from meta.errors import InputError
from meta.recovery.facts import WORDS

SETTINGS = {
    "two means": "two means",
    "two means, standardised": "two means",
    "2x2": "2x2",
    "two rates": "rates",
    "paired": "paired",
    "mean": "mean",
    "proportion": "proportion",
    "rate": "rate",
    "correlation": "correlation",
    "generic": "generic",
}
"""The setting of each design of the registry of measures; "other" for what has only its own formula."""
BETWEEN_TESTS = frozenset(
    ("se", "ci_low", "ci_high", "t", "f", "p", "p_signed", "p_below", "not_significant", "eta_squared")
)
OF_TABLES = ("odds_ratio", "risk_ratio", "risk_difference")
"""Facts that estimate one measure of a 2x2 table; with its margins they lead to the others."""
_EXACTLY_PRINTED = ("percent", "percent1", "percent2", "chi2", "phi", "est", *OF_TABLES)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The words that a source states about a comparison.

    Attributes
    ----------
    design, phase, error_term, adjusted : str
        As in :data:`meta.recovery.facts.WORDS`.
    """

    design: str = WORDS["design"][0]
    phase: str = WORDS["phase"][0]
    error_term: str = WORDS["error_term"][0]
    adjusted: str = WORDS["adjusted"][0]


@lru_cache(maxsize=256)
def fact_of_table(code: str) -> str:
    """The fact that is the estimate of a measure of 2x2 tables; empty for every other measure.

    >>> fact_of_table("OR"), fact_of_table("SMD")
    ('odds_ratio', '')
    """
    from meta.effects.registry import MEASURES

    name = MEASURES[code].display.replace(" ", "_") if code in MEASURES else ""
    return name if name in OF_TABLES else ""


def setting_of_design(measure_design: str) -> str:
    """The setting of a design of the registry of measures, apart from how the people were allotted."""
    return SETTINGS.get(measure_design, "other")


def setting_of(measure_design: str, code: str, words: Circumstances) -> str:
    """The setting in which a measure is sought.

    >>> setting_of("two means", "MD", Circumstances(design="crossover"))
    'crossover'
    """
    setting = setting_of_design(measure_design)
    if words.design == "crossover":
        if setting == "2x2":
            raise InputError(
                f"{code} of a crossover needs the matched pairs: use MPOR, MPRR or MPRD with both, only1, "
                "only2 and neither"
            )
        return "crossover" if setting == "two means" else setting
    return setting


def flags_of(code: str, words: Circumstances, stated: Iterable[str], phase: str) -> frozenset[str]:
    """The circumstances under which rules hold.

    >>> sorted(flags_of("SMD", Circumstances(design="cluster"), {"mean1", "p"}, "final"))
    ['SMD', 'clustered', 'inflate', 'unsure']
    """
    found = {code, fact_of_table(code)} - {""}
    if words.adjusted != WORDS["adjusted"][0]:
        # a test that may be adjusted has the df of one that is not: what is known to cost a df is not known
        found |= {"adjusted"} | ({"covariate"} if words.adjusted == "yes" else set())
    if phase == "change":
        found.add("change")
    if words.design == "cluster":
        found.add("inflate")
        tested = not BETWEEN_TESTS.isdisjoint(stated)
        if tested and words.error_term != "people":
            found.add("clustered")
            if words.error_term == "not stated":
                found.add("unsure")
    return frozenset(found)


def canonical(
    names: frozenset[str], setting: str, code: str, words: Circumstances, phase: str
) -> dict[str, str]:
    """The canonical name of each stated fact.

    Parameters
    ----------
    names : frozenset of str
        The stated facts.
    setting, code : str
        What is sought.
    words : Circumstances
        What is said of the design.
    phase : str
        "final" or "change": which values are looked at.

    Examples
    --------
    >>> canonical(frozenset({"difference", "se"}), "two means", "MD", Circumstances(), "final")
    {'difference': 'md', 'se': 'se_printed'}
    """
    if setting in ("two means", "crossover", "paired"):
        renamed = _comparison(names, setting, code)
        if setting == "paired":
            renamed |= _PAIRED
        elif phase == "change":
            renamed |= _change(words.phase == "change")
    else:
        renamed = dict(_PRINTED)
        if setting == "2x2":
            renamed |= {"n": "n_total", "events": "events_total"}
            fact = fact_of_table(code)
            if fact and "estimate" not in names:
                renamed[fact] = "est"
        elif setting == "correlation":
            renamed |= {"t": "t_printed", "n_total": "n"}
        elif setting == "mean" and ("mean" in names or "estimate" not in names):
            renamed = {"estimate": "est"}
        elif setting in ("proportion", "mean", "rate"):
            renamed |= {"n_total": "n"}
    found: dict[str, str] = {}
    for name in sorted(names, key=_first):
        target = renamed.get(name, name)
        if target not in found.values():
            found[name] = target
    return found


def halves(stated: Iterable[str]) -> frozenset[str]:
    """Names of the half digits that rules read beside the stated facts."""
    return frozenset(f"{name}_half" for name in stated if name in _EXACTLY_PRINTED)


def _first(name: str) -> tuple[bool, str]:
    # of two names for the same fact the plainer one counts
    return name in ("md", "n_total", "mean_change", "sei"), name


_PRINTED: Mapping[str, str] = {
    "estimate": "est",
    "se": "se_est",
    "ci_low": "ci_low_est",
    "ci_high": "ci_high_est",
}
_OF_DIFFERENCE = {"se": "se_printed", "ci_low": "ci_low_md", "ci_high": "ci_high_md"}
_PAIRED = {
    "mean_post": "mean1",
    "sd_post": "sd1",
    "mean_pre": "mean2",
    "sd_pre": "sd2",
    "mean_change": "md",
    "sd_change": "sd_difference",
    "se_change": "se_md",
}


def _comparison(names: frozenset[str], setting: str, code: str) -> dict[str, str]:
    differing = not names.isdisjoint(("difference", "md"))
    printed = "estimate" in names and not differing and code not in ("MD", "MC")
    renamed = {"difference": "md", "t": "t_printed", **(_PRINTED if printed else _OF_DIFFERENCE)}
    if not printed:
        renamed["estimate"] = "est" if code not in ("MD", "MC") or differing else "md"
    return renamed | ({"n": "n_total"} if setting == "two means" else {"n_total": "n"})


def _change(stated: bool) -> dict[str, str]:
    """With the phase stated as change, plain means are changes; else they are those after."""
    phase = "change" if stated else "post"
    return {f"{name}{arm}": f"{name}_{phase}{arm}" for name in ("mean", "sd") for arm in "12"} | (
        {f"se{arm}": f"se_change{arm}" for arm in "12"} if stated else {}
    )
