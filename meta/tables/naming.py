"""What names of columns say: counts, the arm that a column belongs to, and names for parts of cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from meta.tables.spellings import ARMS, BASES, OTHERS

COUNTED = ("events", "nonevents", "n")


def normal(name: str) -> str:
    """Return a column's name without case, accents, spaces and signs.

    >>> normal("Events (Exp.)"), normal("Évènements")
    ('eventsexp', 'evenements')
    """
    text = unicodedata.normalize("NFKD", str(name).replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", text.lower())


def words(name: str) -> list[str]:
    """The words of a name, without accents; a capital inside of a word begins another.

    >>> words("cohens_d"), words("seTE"), words("Mean (SD) drug")
    (['cohens', 'd'], ['se', 'te'], ['mean', 'sd', 'drug'])
    """
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name))
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).lower()
    text = re.sub(r"[^a-z0-9%]+", " ", re.sub(r"[\u0300-\u036f'’]", "", text))
    return re.findall(r"[a-z]+|\d+|%", text)


@cache
def _bases() -> dict[str, str]:
    found = {spelling: base for base, spellings in BASES.items() for spelling in spellings}
    return {"%": "percent", **found}


def base_and_arm(name: str) -> tuple[str, str] | None:
    """What a column holds and of which arm, where its name has a word for the first and another beside it.

    >>> base_and_arm("Events drug A"), base_and_arm("N placebo"), base_and_arm("region")
    (('events', 'drug a'), ('n', 'placebo'), None)
    """
    parts = words(name)
    best: tuple[int, str, str] | None = None
    for start in range(len(parts)):
        for end in range(start + 1, min(start + 4, len(parts)) + 1):
            base = _bases().get("".join(parts[start:end]))
            rest = [part for part in parts[:start] + parts[end:] if part not in ("of", "in", "the")]
            edge = start == 0 or end == len(parts)
            if base and rest and edge and (best is None or end - start > best[0]):
                best = (end - start, base, " ".join(rest))
    if best is None:
        return None
    if best[1] == "percent" or (best[1] in COUNTED and is_percentage(name)):
        # "% events placebo" and "Events placebo (%)" are the percentage of the arm "placebo"
        own = [word for word in best[2].split() if word != "%" and word not in BASES["events"]]
        return ("percent", " ".join(own)) if own else None
    return best[1:]


_PERCENT = re.compile(
    r"^\s*%|%\s*$|\b(?:percent(?:age)?|pct|prozent|porcentaje|pourcentage)\b", re.IGNORECASE
)
_COUNTED_TOO = re.compile(r"\b(?:n|no\.?|number|anzahl)\s*,?\s*[(\[]?\s*%|/", re.IGNORECASE)


def is_percentage(name: str) -> bool:
    """Whether a name says that a column holds percentages, and not counts with a percentage beside them.

    >>> is_percentage("% events T"), is_percentage("Events (%)"), is_percentage("Events n (%)")
    (True, True, False)
    """
    bare = str(name).strip().rstrip(")]")
    return bool(_PERCENT.search(bare)) and not _COUNTED_TOO.search(bare)


def arms_of(columns: Sequence[str]) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Columns of two arms by argument ("events1", "n2", ...), and the names of the arms.

    Two arms are recognised where the same two words stand beside events, means or non-events; the control is
    the one called so, and otherwise the second.

    Examples
    --------
    >>> arms_of(["mean Drug", "n Drug", "mean Placebo", "n Placebo"])[0]
    {'mean1': 'mean Drug', 'mean2': 'mean Placebo', 'n1': 'n Drug', 'n2': 'n Placebo'}
    """
    found: dict[str, dict[str, str]] = {}
    for name in columns:
        split = base_and_arm(name)
        if split is not None:
            found.setdefault(split[0], {}).setdefault(split[1], name)
    heads = [
        list(found[base]) for base in ("events", "mean", "nonevents", "median", "percent") if base in found
    ]
    pairs = [tuple(rests) for rests in heads if len(rests) == 2]
    if not pairs:
        return {}, None
    first, second = pairs[0]
    if _is_control(first) and not _is_control(second):
        first, second = second, first
    named = {}
    for base, rests in found.items():
        for arm, rest in (("1", first), ("2", second)):
            if rest in rests:
                named[base + arm] = rests[rest]
    return named, (first, second)


def _is_control(arm: str) -> bool:
    parts = arm.split()
    return "".join(parts) in ARMS["2"] or any(len(part) > 1 and part in ARMS["2"] for part in parts)


@cache
def _counts() -> frozenset[str]:
    bases = [spelling for base in COUNTED for spelling in BASES[base]]
    arms = [spelling for spellings in ARMS.values() for spelling in spellings]
    both = {word for base in bases for arm in arms for word in (base + arm, arm + base)}
    others = {word for name in ("events", "n", *_LETTERS) for word in OTHERS.get(name, ())}
    return frozenset({*both, *bases, *others} - {"p", "i", "e", "c", "t"})


_LETTERS = ("events1", "nonevents1", "events2", "nonevents2")


def is_count(name: str) -> bool:
    """Whether a column of this name holds counts of people or events.

    >>> is_count("n1"), is_count("Total control"), is_count("mean1")
    (True, True, False)
    """
    if normal(name) in _counts():
        return True
    split = base_and_arm(name)
    return split is not None and split[0] in COUNTED


def is_size(name: str) -> bool:
    """Whether a column of this name holds numbers of people.

    >>> is_size("n1"), is_size("events1")
    (True, False)
    """
    split = base_and_arm(name)
    if split is not None:
        return split[0] == "n"
    return normal(name) in BASES["n"] or normal(name) in OTHERS["n"]


_DESCRIBES = re.compile(
    r"\b(?:means?|m|sds?|s\.d\.?|sem?|s\.e\.m?\.?|std\.?(?:\s*dev\.?)?|events?|total|n|no\.?|number|cases|"
    r"percent|median|iqr|range|mittelwert|standardabweichung|moyenne|media|de|"
    r"(?:9\d(?:\.\d)?\s*%?\s*)?(?:ci|ki|ic|cri|confidence interval|conf\.? int\.?)|interval)\b|"
    r"9\d\s*%|[%±/()\[\],;:+]|\+/-",
    re.IGNORECASE,
)
_ENDS = {"ci_low": "lower", "ci_high": "upper"}


def named_parts(header: str, facts: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Names for the columns of the parts of a column's cells.

    >>> named_parts("Mean (SD) drug", ("mean", "sd"), [])
    {'mean': 'mean drug', 'sd': 'sd drug'}
    >>> named_parts("OR (95% CI)", ("estimate", "ci_low", "ci_high"), [])
    {'estimate': 'OR', 'ci_low': 'OR lower', 'ci_high': 'OR upper'}
    >>> named_parts("95% CI", ("ci_low", "ci_high"), ["OR"])
    {'ci_low': 'ci_low', 'ci_high': 'ci_high'}
    """
    rest = " ".join(_DESCRIBES.sub(" ", header).replace("_", " ").split()).strip(" -.")
    found: dict[str, str] = {}
    for fact in facts:
        if fact == "p":
            found[fact] = header
            continue
        if fact in ("p_below", "not_significant"):
            name = fact
        elif fact == "estimate":
            name = rest or "estimate"
        else:
            base = _ENDS.get(fact, fact) if rest and "estimate" in facts else fact
            name = f"{rest} {base}" if base in _ENDS.values() else f"{base} {rest}".strip()
        while name in taken or name in found.values():
            name = f"{name} ({header})" if f"({header})" not in name else f"{name}'"
        found[fact] = name
    return found
