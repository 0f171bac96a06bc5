"""Cells as papers print them, several numbers in one: 12/45, 5.3 (1.2), 1.35 (1.11 to 1.64), p < 0.001."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from meta.tables.numerals import as_plain, bare, is_missing

_N = r"[+\-−–]?\s?(?:\d(?:[\d.,·∙⋅]*\d)?|[.·]\d+)(?:e[+-]?\d+)?"
_WHOLE = r"\d[\d.,   ]*"
_END = r"\s*[*†‡§¶#]*"
_SIGNED = r"\s+(?=[+\-−–]\d)"
"""A gap before a limit with a sign of its own, as in -0.9 -0.1, where a dash might be the separator too."""
_TO = r"(?:\s*(?:[-–—−~]|to|bis|a|à|;|:|\.\.\.?|…)\s*|\s*,\s+|,(?=[+\-−]?\d)|\s+(?=[+\-−]?\d))"


def _pattern(text: str, to: str = _TO) -> re.Pattern[str]:
    filled = text.replace("MARK", _END).replace("W", _WHOLE).replace("N", _N).replace("TO", to)
    return re.compile(filled + _END, re.IGNORECASE)


FRACTION = _pattern(r"(W)\s*(?:/|of|out of|von|de|sur)\s*(W)(?:\s*[(\[]\s*(?:N)\s*%?\s*[)\]])?")
SHARE = _pattern(r"(W)MARK\s*[(\[]\s*(N)\s*%\s*[)\]]")
SHARE_OF_HEADER = _pattern(r"(W)MARK\s*[(\[]\s*(N)\s*%?\s*[)\]]")
PLUS_MINUS = _pattern(r"(N)\s*(?:±|\+/-|\+-|\+/−|&plusmn;)\s*(N)")
IN_BRACKETS = _pattern(r"(N)MARK\s*[(\[]\s*(?:SDs?|SEM?|s\.?d\.?|s\.?e\.?)?\s*=?\s*(N)\s*[)\]]")
_INTERVAL = r"[(\[]?\s*(N)TO(N)\s*[)\]]?"
_WITH_INTERVAL = (
    r"(N)MARK\s*[,;]?\s*[(\[{]?\s*(?:\d\d(?:\.\d)?\s?%?\s*(?:CI|KI|IC|CrI|confidence interval)\s*[:,=]?)?\s*"
    r"[(\[]?\s*(N)TO(N)\s*[)\]}]{0,2}"
)
INTERVAL = _pattern(_INTERVAL)
WITH_INTERVAL = _pattern(_WITH_INTERVAL)
WITH_SIGNS = {
    INTERVAL: _pattern(_INTERVAL, _SIGNED),
    WITH_INTERVAL: _pattern(_WITH_INTERVAL, _SIGNED),
}
"""The forms whose upper limit may have a sign behind a gap, which is tried first."""
P_VALUE = _pattern(r"(?:p\s*(?:-?\s*value)?)?\s*([<>≤≥=]?)\s*=?\s*(N)")
NOT_SIGNIFICANT = re.compile(
    r"\(?\s*(?:n\.?\s?s\.?|not significant|non-significant|nicht signifikant)\s*\)?", re.I
)
COUNT_IS = _pattern(r"n\s*=\s*(W)")

Cells = Sequence[str]
_SAMPLE = 50
"""Cells that show whether a column may have one of the forms, before all of them are taken apart."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the cells of a column hold.

    Attributes
    ----------
    kind : str
        In words, for what is said.
    columns : dict of str to ndarray
        By fact ("events", "n", "mean", "sd", "estimate", "ci_low", ...); NaN where the cell is missing.
    example : str
        The first cell.
    """

    kind: str
    columns: dict[str, np.ndarray]
    example: str


def parts_of(header: str, cells: Cells, decimal: str = ".") -> Parts | None:
    """Take the cells of a column apart, if all of them have one of the forms; None otherwise.

    Parameters
    ----------
    header : str
        Name of the column: what stands in brackets is only known where it says so ("Mean (SD)").
    cells : sequence of str
        Its cells.
    decimal : {".", ","}
        The table's sign.

    Examples
    --------
    >>> {k: v.tolist() for k, v in parts_of("Drug", ["12/45", "5/50"]).columns.items()}
    {'events': [12.0, 5.0], 'n': [45.0, 50.0]}
    >>> {k: v.tolist() for k, v in parts_of("Mean (SD)", ["5.0 (1.1)"]).columns.items()}
    {'mean': [5.0], 'sd': [1.1]}
    >>> {k: v.tolist() for k, v in parts_of("OR (95% CI)", ["1.35 (1.11-1.64)"]).columns.items()}
    {'estimate': [1.35], 'ci_low': [1.11], 'ci_high': [1.64]}
    >>> parts_of("dose", ["5.0 (1.1)"]) is None
    True
    """
    there = list(islice((text for cell in cells if not is_missing(text := cell.strip())), _SAMPLE))
    digits = bool(there) and any(character.isdigit() for character in there[0])
    if not digits and not any(NOT_SIGNIFICANT.fullmatch(cell) for cell in there):
        return None
    for form in _FORMS:
        names = form.names(header)
        if (names and form.pattern.fullmatch(there[0])) or (names and form.words):
            found = _taken(form, names, cells, decimal)
            if found is not None:
                return Parts(form.kind, found, there[0])
    return None


@dataclass(frozen=True, slots=True)
class _Form:
    kind: str
    pattern: re.Pattern[str]
    names: Callable[[str], tuple[str, ...]]
    sensible: Callable[..., bool] = lambda *values: True
    words: bool = False


def _always(*names: str) -> Callable[[str], tuple[str, ...]]:
    return lambda header: names


def _if(pattern: str, *names: str) -> Callable[[str], tuple[str, ...]]:
    look = re.compile(pattern, re.IGNORECASE)
    return lambda header: names if look.search(header) else ()


_SD = r"\b(sds?|s\.d\.?|std\.?|standard deviations?|standardabweichung|sa|écart[ -]type|de)\b"
_SE = r"\b(sem?|s\.e\.(m\.)?|std\.? err(or)?|standard errors?|standardfehler)\b"
_MEDIAN = r"\b(median|mediane|médiane|iqr|interquartile)\b"
_RANGE = r"\b(range|min(imum)?|spannweite)\b"
_EVENTS = r"%|\b(events?|n|no\.?|number|cases|deaths|ereignisse|eventos)\b"
_P = r"^\s*p([- _.]?(val(ue)?s?|wert|valeur))?\s*$"


def _spread(header: str) -> tuple[str, ...]:
    if re.search(_SE, header, re.IGNORECASE):
        return ("mean", "se")
    return ("mean", "sd") if re.search(_SD, header, re.IGNORECASE) else ()


def _middle(header: str) -> tuple[str, ...]:
    if not re.search(_MEDIAN, header, re.IGNORECASE):
        return ()
    ends = ("minimum", "maximum") if re.search(_RANGE, header, re.IGNORECASE) else ("q1", "q3")
    return ("median", *ends)


def _ordered(estimate: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    known = np.isfinite(estimate + low + high)
    return bool(np.all((low <= estimate)[known] & (estimate <= high)[known]))


def _limits(low: np.ndarray, high: np.ndarray) -> bool:
    known = np.isfinite(low + high)
    return bool(known.any() and np.all((low <= high)[known]))


def _within(events: np.ndarray, n: np.ndarray) -> bool:
    """Fractions above 1 in every row are something else, such as ratios of doses."""
    known = np.isfinite(events + n)
    return bool(np.any((events <= n)[known]))


_FORMS: tuple[_Form, ...] = (
    _Form("p-value", P_VALUE, _if(_P, "sign", "p"), words=True),
    _Form("events/n", FRACTION, _always("events", "n"), _within),
    _Form("median with its range", WITH_INTERVAL, _middle, _ordered),
    _Form("events (percent)", SHARE, _always("events", "percent")),
    _Form("mean ± SE", PLUS_MINUS, _if(_SE, "mean", "se")),
    _Form("mean ± SD", PLUS_MINUS, _always("mean", "sd")),
    _Form("mean and its spread", IN_BRACKETS, _spread),
    _Form("events (percent)", SHARE_OF_HEADER, _if(_EVENTS, "events", "percent")),
    _Form("estimate with its interval", WITH_INTERVAL, _always("estimate", "ci_low", "ci_high"), _ordered),
    _Form("n = number", COUNT_IS, _always("n")),
    _Form(
        "interval",
        INTERVAL,
        _if(r"\b(ci|ki|ic|cri|interval|intervall|intervalo|limits?|95|90|99)\b|%|range", "ci_low", "ci_high"),
        _limits,
    ),
)


def _taken(form: _Form, names: tuple[str, ...], cells: Cells, decimal: str) -> dict[str, np.ndarray] | None:
    read: dict[str, tuple[float, ...] | None] = {}
    for cell in dict.fromkeys(cells):
        read[cell] = _one(form, len(names), cell.strip(), decimal)
        if read[cell] is None:
            return None
    values = np.array([read[cell] for cell in cells], dtype=float).T
    found = dict(zip(names, values, strict=True))
    if names == ("sign", "p"):
        return _p_values(found["sign"], found["p"])
    return found if form.sensible(*found.values()) else None


def _one(form: _Form, width: int, cell: str, decimal: str) -> tuple[float, ...] | None:
    if is_missing(cell):
        return (np.nan,) * width
    if form.pattern is P_VALUE and NOT_SIGNIFICANT.fullmatch(cell):
        return (2.0, np.nan)
    if form.pattern in WITH_SIGNS:
        signed = _numbers_of(WITH_SIGNS[form.pattern], cell, decimal)
        if signed is not None and signed[-2] <= signed[-1]:  # "0.9 -1.1" is an interval with a dash
            return signed
    return _numbers_of(form.pattern, cell, decimal)


def _numbers_of(pattern: re.Pattern[str], cell: str, decimal: str) -> tuple[float, ...] | None:
    match = pattern.fullmatch(cell)
    if match is None:
        return None
    numbers = []
    for text in match.groups():
        if pattern is P_VALUE and text in _SIGNS:
            numbers.append(_SIGNS[text])
            continue
        plain = as_plain(bare(text.strip().rstrip(".,")), decimal)
        if plain is None:
            return None
        numbers.append(float(plain))
    return tuple(numbers)


def numbers_in(cell: str) -> tuple[str, ...]:
    """The numerals of a cell that has one of the forms, as they stand; empty for any other cell.

    >>> numbers_in("1,35 (1,11-1,64)"), numbers_in("Reno 2001")
    (('1,35', '1,11', '1,64'), ())
    """
    for form in _FORMS:
        match = form.pattern.fullmatch(cell) if form.pattern is not P_VALUE else None
        if match:
            return tuple(text.strip().rstrip(".,") for text in match.groups() if text)
    return ()


_SIGNS = {"": 0.0, "=": 0.0, "<": -1.0, "≤": -1.0, ">": 1.0, "≥": 1.0}


def _p_values(sign: np.ndarray, p: np.ndarray) -> dict[str, np.ndarray] | None:
    """Exact p-values, bounds and bare words; None where all are plain numbers."""
    bounded, words = sign == -1, (sign == 2) | (sign == 1)
    if not bounded.any() and not words.any() and np.isnan(sign).all():
        return None
    return {
        "p": np.where(sign == 0, p, np.nan),
        "p_below": np.where(bounded, p, np.nan),
        "not_significant": np.where(np.isnan(sign), np.nan, np.where(sign == 1, p, words)),
    }
