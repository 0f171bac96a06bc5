"""Effects with their errors by a rule: X beside se_X, X_se, SE(X), var.X, or X lower and X upper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from meta.tables.naming import normal, words
from meta.tables.spellings import EFFECTS, SPREADS

_FILLERS = frozenset(
    (
        *("ci", "cl", "conf", "confidence", "interval", "int", "limit", "bound", "of", "the", "95"),
        *("ic", "ki", "limite", "grenze", "intervalo", "intervalle", "intervall", "konfidenzintervall"),
        *("confianza", "confiance", "vertrauensintervall"),
    )
)
WAYS = (("sei",), ("vi",), ("ci_low", "ci_high"))


@dataclass(frozen=True, slots=True)
class Pair:
    """An effect and what is known of its error.

    Attributes
    ----------
    effect : str
        Its column.
    error : dict of str to str
        Columns by argument: ``sei``, ``vi``, or ``ci_low`` and ``ci_high``.
    named : bool
        Whether the errors' names hold the effect's.
    """

    effect: str
    error: dict[str, str]
    named: bool


def pairs_of(columns: Sequence[str]) -> list[Pair]:
    """All effects that have an error, those whose errors carry their name first.

    Parameters
    ----------
    columns : sequence of str
        Names of the table's columns.

    Examples
    --------
    >>> [(pair.effect, pair.error) for pair in pairs_of(["study", "cohens_d", "se_cohens_d"])]
    [('cohens_d', {'sei': 'se_cohens_d'})]
    >>> [(pair.effect, pair.error) for pair in pairs_of(["HR", "HR lower 95% CI", "HR upper 95% CI"])]
    [('HR', {'ci_low': 'HR lower 95% CI', 'ci_high': 'HR upper 95% CI'})]
    >>> pairs_of(["study", "mean", "sd"])
    []
    """
    kinds = {name: _spread_of(name) for name in columns}
    effects = [name for name in columns if _bare_kind(name) is None]
    spreads = [(name, *part) for name, part in kinds.items() if part is not None]
    named, alone = [], []
    for effect in effects:
        own = _key(words(effect))
        if not own:
            continue
        error: dict[str, str] = {}
        for name, kind, rest in spreads:
            if name != effect and rest == own:
                error.setdefault(kind, name)
        if _enough(error):
            named.append(Pair(effect, error, True))
        elif normal(effect) in EFFECTS or own in EFFECTS:
            bare = {kind: name for kind, name in ((_bare_kind(n), n) for n in columns) if kind}
            if _enough(bare):
                alone.append(Pair(effect, bare, False))
    return [*named, *alone]


def _enough(error: dict[str, str]) -> bool:
    return any(all(part in error for part in way) for way in WAYS)


def _key(parts: Sequence[str]) -> str:
    return "".join(part for part in parts if part not in ("%", "95"))


def _kinds(text: str) -> str | None:
    return next((kind for kind, spellings in SPREADS.items() if text in spellings), None)


def _bare_kind(name: str) -> str | None:
    """The kind of a column that is called nothing but "se", "lower" and the like.

    >>> _bare_kind("SE"), _bare_kind("95% CI lower"), _bare_kind("2.5 %"), _bare_kind("se_d")
    ('sei', 'ci_low', 'ci_low', None)
    """
    limit = re.fullmatch(r"\s*(0?2[.,]5|97[.,]5)\s*%?\s*", str(name))
    if limit:
        return "ci_low" if "2" in limit[1][:2] else "ci_high"
    if normal(name) in ("cilow", "cihigh"):
        return "ci_low" if normal(name) == "cilow" else "ci_high"
    parts = [part for part in words(name) if part not in _FILLERS and part != "%"]
    return _kinds("".join(parts)) or _kinds(normal(name))


def _spread_of(name: str) -> tuple[str, str] | None:
    """The kind of a spread and the name of the effect that it belongs to, where its own name holds both."""
    parts = [part for part in words(name) if part not in _FILLERS and part != "%"]
    for size in (3, 2, 1):
        if len(parts) <= size:
            continue
        for kind_words, rest in ((parts[:size], parts[size:]), (parts[-size:], parts[:-size])):
            kind = _kinds("".join(kind_words))
            if kind is not None:
                return kind, "".join(rest)
    glued = re.fullmatch(r"(se|var|v)([a-z]+)", normal(name))
    if glued and glued[2] in EFFECTS:
        return ("sei" if glued[1] == "se" else "vi"), glued[2]
    return None
