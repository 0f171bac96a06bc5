"""Numbers in plain words, for readers without statistics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

from meta.formatting import number, percent, significant

SYMBOLS = {"supported": "✓", "inconclusive": "?", "contradicted": "×", "untestable": "–"}
SYMBOLS |= {"true": "✓", "half true": "~", "false": "×"}
VERDICTS = {
    "supported": "The trials make it very probable that the effect is at least as large as claimed.",
    "contradicted": "The trials make it very improbable that the effect is at least as large as claimed.",
    "inconclusive": "The trials leave it open: there are too few of them, or they are too uncertain.",
    "untestable": "No eligible trial measured what the claim is about.",
}
TIERS = {
    "A": "computed from reported statistics alone",
    "B": "computed with a stated assumption, which is varied below",
    "C": "only a range of possible effects is known",
    "D": "nothing to compute with; listed so that it stays in sight",
}
CONCERNS = {"low": "+", "some": "~", "high": "−", "unclear": "?"}
_ORDER = ("high", "some", "unclear", "low")


def effect(value: float, measure: str) -> str:
    """Say an effect on the model scale in words, as treatment against control.

    >>> effect(math.log(0.52), "ROM"), effect(0.2, "ROM"), effect(-0.49, "SMD"), effect(0.0, "ROM")
    ('48% less', '22% more', '0.49 SD lower', 'no difference')
    >>> effect(math.log(1.42), "RR"), effect(-math.inf, "ROM"), effect(math.log(6), "ROM")
    ('42% more often', 'any amount less', '6.0 times as much')
    """
    if math.isnan(value):
        return "–"
    from meta.effects.registry import measure as look_up

    known = look_up(measure)
    often = known.is_log_ratio and known.is_of_events
    side = ("less" if value < 0 else "more") + (" often" if often else "")
    if math.isinf(value):
        return f"any amount {side}"
    if known.is_log_ratio:
        ratio = math.exp(value)
        if ratio >= 3:
            return f"{number(ratio, 1)} times as {'often' if often else 'much'}"
        shown = percent(abs(ratio - 1))
        if shown == "0%":
            return "no difference"
        return f"{shown} {side}"
    if known.is_standardised:
        shown = number(abs(value), 2)
        return "no difference" if shown == "0.00" else f"{shown} SD {'lower' if value < 0 else 'higher'}"
    return significant(value)


def span(low: float, high: float, measure: str) -> str:
    """Say an interval of effects in words.

    >>> span(math.log(0.26), math.log(1.05), "ROM")
    '74% less to 5% more'
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{effect(low, measure)} to {effect(high, measure)}"


def display(value: float, measure: str) -> str:
    """Show an effect as a number on the scale on which it is read.

    >>> display(math.log(0.52), "ROM"), display(-0.49, "SMD"), display(-math.inf, "ROM")
    ('0.52', '-0.49', '0.00')
    """
    from meta.effects.registry import measure as look_up

    shown = float(np.asarray(look_up(measure).transform.back(value)))
    return significant(shown) if abs(shown) >= 1000 else number(shown, 2)


def display_interval(low: float, high: float, measure: str) -> str:
    """Show an interval on the scale on which it is read.

    >>> display_interval(-1.04, 0.08, "SMD")
    '-1.04 to 0.08'
    """
    if math.isnan(low) or math.isnan(high):
        return "–"
    return f"{display(low, measure)} to {display(high, measure)}"


def bayes_factor(value: float) -> str:
    """Say a Bayes factor against "no effect" in words.

    >>> bayes_factor(4.2), bayes_factor(0.5), bayes_factor(1.02)
    ('4.2 times as likely', '2.0 times less likely', 'about as likely')
    """
    if math.isnan(value):
        return "–"
    if 0.91 < value < 1.1:
        return "about as likely"
    if value >= 1:
        return f"{_size(value)} times as likely"
    return f"{_size(1 / value) if value > 0 else 'infinitely many'} times less likely"


def _size(value: float) -> str:
    return number(value, 1) if value < 100 else significant(value, 2)


def heads(surprisal: float) -> str:
    """Say a surprisal as heads in a row.

    >>> heads(0.43), heads(3.8)
    ('less surprising than one head', 'about as surprising as 4 heads in a row')
    """
    if math.isnan(surprisal):
        return "–"
    if math.isinf(surprisal):
        return "more surprising than any run of heads"
    whole = round(surprisal)
    if whole < 1:
        return "less surprising than one head"
    return f"about as surprising as {'one head' if whole == 1 else f'{whole} heads in a row'}"


def times(count: int, what: str, plural: str | None = None) -> str:
    """Say a count with its noun.

    >>> times(1, "trial"), times(3, "study", "studies"), times(0, "trial")
    ('1 trial', '3 studies', 'no trial')
    """
    if count == 0:
        return f"no {what}"
    return f"{count} {what if count == 1 else plural or what + 's'}"


def worst(concerns: Iterable[str]) -> str:
    """Return the gravest of several concerns.

    >>> worst(["low", "some", "unclear"])
    'some'
    """
    found = set(concerns)
    return next((level for level in _ORDER if level in found), "unclear")


def shares(conclusions: Iterable[str]) -> str:
    """Say how many of several analyses come to which verdict.

    >>> shares(["inconclusive", "inconclusive", "untestable"])
    '2 of 3 inconclusive (67%), 1 of 3 untestable (33%)'
    """
    counted = Counter(conclusions)
    total = sum(counted.values())
    return ", ".join(
        f"{n} of {total} {name} ({percent(n / total)})"
        for name, n in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def mark(cutoff: float) -> str:
    """Say above which percentile a value counts as raised.

    >>> mark(0.95), mark(0.975)
    ('95th percentile', '97.5th percentile')
    """
    return f"{100 * cutoff:.10g}th percentile"


def link(source: str, pmid: str | None = None) -> str:
    """Return the address of a source cited as ``doi:...`` or ``PMID ...``; empty if it has none.

    >>> link("doi:10.1007/s00421-019-04238-y"), link("PMID 28241153"), link("A book, 1999")
    ('https://doi.org/10.1007/s00421-019-04238-y', 'https://pubmed.ncbi.nlm.nih.gov/28241153/', '')
    """
    from urllib.parse import quote

    if source.startswith("doi:"):
        return "https://doi.org/" + quote(source[4:], safe="/:;()._-")
    if source.startswith("PMID ") and source[5:].strip().isdigit():
        return f"https://pubmed.ncbi.nlm.nih.gov/{source[5:].strip()}/"
    return ""
