"""Stated values as arrays: digits kept, words checked, every impossible value of every row named at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.formatting import shown
from meta.recovery.facts import FACTS, SIGNS, WORDS, half_digit, half_digits, problems
from meta.tables.containers import missing

Labels = Sequence[Any] | np.ndarray
MOST_SHOWN = 20
_YES = ("yes", "true", "1", "1.0")
_NO = ("no", "false", "0", "0.0", "")
_NOT_SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Stated:
    """What k rows state.

    Attributes
    ----------
    values : dict of str to ndarray of shape (k,)
        Numbers by fact; NaN where a row does not state one.
    halves : dict of str to ndarray of shape (k,)
        Half of the last printed digit, where the digits are known from text; otherwise absent.
    words : dict of str to ndarray of str, shape (k,)
        Facts that are words.
    k : int
        Number of rows.
    """

    values: dict[str, np.ndarray]
    words: dict[str, np.ndarray]
    k: int
    halves: dict[str, np.ndarray] = field(default_factory=dict)

    def half(self, name: str) -> np.ndarray:
        """Half of the last digit of a fact's values, as printed or by their shortest form."""
        return self.halves[name] if name in self.halves else half_digits(self.values[name])


def read(given: Mapping[str, Any], labels: Labels) -> Stated:
    """Read facts as columns of k values.

    Parameters
    ----------
    given : mapping of str to array_like of shape (k,)
        By fact: numbers, text as printed ("0.040", "< 0.01", "ns"), or words.
    labels : sequence of str, shape (k,)
        Names of the rows, for messages.

    Raises
    ------
    InputError
        One sentence that names every impossible value.

    Examples
    --------
    >>> stated = read({"p": ["0.040", "<0.01"], "n1": [20, 20]}, ["A", "B"])
    >>> stated.values["p"].tolist(), stated.values["p_below"].tolist(), stated.half("p").tolist()
    ([0.04, nan], [nan, 0.01], [0.0005, 0.0])
    """
    k = len(labels)
    values: dict[str, np.ndarray] = {}
    halves: dict[str, np.ndarray] = {}
    words: dict[str, np.ndarray] = {}
    wrong: list[str] = []
    for name, column in given.items():
        if FACTS[name].domain == "word":
            words[name] = _words(name, column, labels, wrong)
            continue
        array = np.asarray(column)
        if array.dtype.kind in "biuf" and name.startswith("not_significant"):
            _merge(values, halves, name, _thresholds(array.astype(float)), None)
            continue
        if array.dtype.kind in "iuf" and FACTS[name].domain != "sign":
            _merge(values, halves, name, array.astype(float), None)
            continue
        for fact, (numbers, half) in _cells(name, column, labels, wrong).items():
            _merge(values, halves, fact, numbers, half)
    _sign_p(values, halves)
    _refuse(values, labels, wrong)
    return Stated({name: x for name, x in values.items() if not np.isnan(x).all()}, words, k, halves)


def _thresholds(x: np.ndarray) -> np.ndarray:
    """Thresholds that p did not reach, where 1 stands for True and 0 for False: no threshold is either."""
    return np.where(x == 0, np.nan, np.where(x == 1, _NOT_SIGNIFICANT, x))


def _merge(
    values: dict[str, np.ndarray],
    halves: dict[str, np.ndarray],
    name: str,
    numbers: np.ndarray,
    half: np.ndarray | None,
) -> None:
    known = half is not None or name in halves
    fresh = half_digits(numbers) if half is None else half
    if name not in values:
        values[name] = numbers
        if known:
            halves[name] = fresh
        return
    empty = np.isnan(values[name])
    if known:
        before = halves[name] if name in halves else half_digits(values[name])
        halves[name] = np.where(empty, fresh, before)
    values[name] = np.where(empty, numbers, values[name])


def _sign_p(values: dict[str, np.ndarray], halves: dict[str, np.ndarray]) -> None:
    """A column p with a negative value is one of signed p-values."""
    if "p" not in values or "p_signed" in values:
        return
    with np.errstate(invalid="ignore"):
        if np.any(values["p"] < 0):
            values["p_signed"] = values.pop("p")
            if "p" in halves:
                halves["p_signed"] = halves.pop("p")


def _cells(
    name: str, column: Any, labels: Labels, wrong: list[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Numbers and half digits of a column of mixed cells, by the fact that each cell states."""
    k = len(labels)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for row, cell in enumerate(column):
        if missing(cell) or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            fact, number, half = cell_of(name, cell)
        except InputError as error:
            wrong.append(f"{error}{_of_row(labels, row)}")
            continue
        if np.isnan(number):
            continue
        numbers, printed = found.setdefault(fact, (np.full(k, np.nan), np.zeros(k)))
        numbers[row], printed[row] = number, half
    return found or {name: (np.full(k, np.nan), np.zeros(k))}


def cell_of(name: str, cell: Any) -> tuple[str, float, float]:
    """The fact that a cell states, its number, and half of its last digit.

    >>> cell_of("p", "< 0.01"), cell_of("p", "ns"), cell_of("direction", "lower"), cell_of("mean1", "3.50")
    (('p_below', 0.01, 0.0), ('not_significant', 0.05, 0.0), ('direction', -1.0, 0.0), ('mean1', 3.5, 0.005))
    """
    if FACTS[name].domain == "sign":
        return name, _sign(name, cell), 0.0
    if isinstance(cell, (bool, np.bool_)):
        if not name.startswith("not_significant"):
            raise InputError(f"{name} must be a number, not {cell}")
        return name, _NOT_SIGNIFICANT if cell else np.nan, 0.0
    if name.startswith("not_significant") and not isinstance(cell, str):
        return name, float(_thresholds(np.asarray(_number(name, cell)))), 0.0
    if not isinstance(cell, str):
        return name, _number(name, cell), half_digit(cell if isinstance(cell, Decimal) else _short(cell))
    text = cell.strip().replace("−", "-")
    if name.startswith("not_significant") and text.lower() in (*_YES[:2], "ns"):
        return name, _NOT_SIGNIFICANT, 0.0
    if name == "p":
        if text.lower() in ("ns", "n.s.", "not significant"):
            return "not_significant", _NOT_SIGNIFICANT, 0.0
        if text[:1] in "<≤":
            return "p_below", _number(name, text[1:].lstrip("= ")), 0.0
        if text[:1] in ">≥":
            return "not_significant", _number(name, text[1:].lstrip("= ")), 0.0
        text = text.lstrip("= ")
    return name, _number(name, text), half_digit(text)


def _short(cell: Any) -> Any:
    """A number in its shortest form; NumPy's print as Python's."""
    return cell.item() if isinstance(cell, np.generic) else cell


def _number(name: str, cell: Any) -> float:
    try:
        number = float(cell)
    except OverflowError:
        raise InputError(f"{name} must be finite, not a number of hundreds of digits") from None
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number, not {shown(cell)}") from None
    if np.isinf(number):
        raise InputError(f"{name} must be finite, not {shown(cell)}")
    return number


def _sign(name: str, cell: Any) -> float:
    if isinstance(cell, str) and cell.strip().lower() in SIGNS:
        return SIGNS[cell.strip().lower()]
    if isinstance(cell, (int, float, np.number)) and cell in (1, -1):
        return float(cell)
    if isinstance(cell, str) and cell.strip().lower() == "not stated":
        return np.nan
    raise InputError(f"{name} must be 'higher' or 'lower', not {shown(cell)}")


def _words(name: str, column: Any, labels: Labels, wrong: list[str]) -> np.ndarray:
    allowed = WORDS[name]
    found = np.full(len(labels), allowed[0], dtype=object)
    for row, cell in enumerate(column):
        if missing(cell):
            continue
        text = str(cell).strip().lower()
        if allowed[:2] == ("no", "yes"):
            text = "yes" if text in _YES else "no" if text in _NO else text
        if text in allowed:
            found[row] = text
            continue
        near = get_close_matches(text, allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(allowed)}"
        wrong.append(f"{name} cannot be {str(cell)!r}; {hint}{_of_row(labels, row)}")
    return found


def _of_row(labels: Labels, row: int) -> str:
    return f" (study {str(labels[row])!r})" if len(labels) > 1 else ""


def _refuse(values: Mapping[str, np.ndarray], labels: Labels, wrong: list[str]) -> None:
    """Refuse impossible values, all in one sentence; the remedy of each kind is said once."""
    told, remedies = list(wrong), []
    with np.errstate(invalid="ignore"):
        for name, row, value, rule, remedy in problems(values):
            told_as = f"{value:.12g}"
            if FACTS[name].domain == "sign":
                continue
            told.append(f"{name} {rule}, and is {told_as}{_of_row(labels, row)}")
            remedies.append(remedy)
    if not told:
        return
    if len(told) > MOST_SHOWN:
        told = [*told[:MOST_SHOWN], f"and {len(told) - MOST_SHOWN} more"]
    raise InputError("; ".join([*told, *dict.fromkeys(remedies)]))
