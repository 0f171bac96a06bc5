"""Zero cells of count data: what is added, to which studies, and which studies are set aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from meta.arguments import refuse_unused
from meta.errors import InputError, unknown_option

TO = ("only0", "all", "if0all", "none")
CORRECTIONS = ("constant", "treatment-arm")
DEFAULTS: Mapping[str, Any] = {"add": 0.5, "to": "only0", "drop00": False, "correction": "constant"}
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "2x2": ("add", "to", "drop00", "correction"),
    "matched margins": ("add", "to", "drop00"),
    "matched pairs": ("add", "to", "drop00"),
    "two rates": ("add", "to", "drop00"),
    "proportion": ("add", "to"),
    "rate": ("add", "to"),
}
"""What the rule of each design takes: one group has no second arm, matched groups are of one size."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Counts after the zero-cell rule.

    Attributes
    ----------
    values : dict of str to ndarray, each of shape (k,)
        The adjusted arguments.
    touched : ndarray of bool, shape (k,)
        Studies to which something was added.
    double : ndarray of bool, shape (k,)
        Double-zero studies: both groups without events, or with nothing but events.
    dropped : ndarray of bool, shape (k,)
        Those of them that were set to NaN, because ``drop00`` asked for it.
    """

    values: dict[str, np.ndarray]
    touched: np.ndarray
    double: np.ndarray
    dropped: np.ndarray


def chosen(has_zero: np.ndarray, to: str) -> np.ndarray:
    """Mask of the studies that receive the correction.

    >>> chosen(np.array([True, False]), "if0all").tolist()
    [True, True]
    """
    if to == "none":
        return np.zeros_like(has_zero)
    if to == "only0":
        return has_zero
    return np.full_like(has_zero, to == "all" or bool(np.any(has_zero)))


def check_options(add: float, to: str, correction: str) -> None:
    """Refuse a rule that is not among the allowed ones."""
    if to not in TO:
        raise unknown_option("to", to, TO)
    if correction not in CORRECTIONS:
        raise unknown_option("correction", correction, CORRECTIONS)
    if not isinstance(add, Real) or not np.isfinite(add) or add < 0:
        raise InputError(f"add must be a number >= 0: add = {add}; use 0.5, or to='none' for no correction")


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """The rule with its defaults where the caller left something out (None).

    >>> complete({"add": 1.0, "to": None})
    {'add': 1.0, 'to': 'only0', 'drop00': False, 'correction': 'constant'}
    """
    return {name: default if given.get(name) is None else given[name] for name, default in DEFAULTS.items()}


def check_given(given: Mapping[str, Any]) -> None:
    """Refuse a rule that is not allowed, and an amount or a share of what is not added."""
    rule = complete(given)
    check_options(rule["add"], rule["to"], rule["correction"])
    if rule["to"] == "none":
        refuse_unused(
            "with to='none'", {"add": given.get("add") or None, "correction": given.get("correction")}
        )
    if rule["add"] == 0:
        refuse_unused("with add=0", {"correction": given.get("correction")})


def adjust_table(
    events1: np.ndarray,
    n1: np.ndarray,
    events2: np.ndarray,
    n2: np.ndarray,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = False,
    correction: str = "constant",
) -> Adjusted:
    """Add to all four cells of 2x2 tables.

    ``correction="treatment-arm"`` adds ``2 add n1 / (n1 + n2)`` to both cells of group 1 and
    ``2 add n2 / (n1 + n2)`` to both cells of group 2, so that a large group is disturbed by as much as it
    deserves; with equal groups it is the constant correction.

    References
    ----------
    Sweeting MJ, Sutton AJ, Lambert PC (2004). Stat Med 23:1351-1375. https://doi.org/10.1002/sim.1761

    Examples
    --------
    >>> got = adjust_table(*map(np.array, ([0.0, 2.0], [10.0, 10.0], [3.0, 3.0], [10.0, 10.0])))
    >>> got.values["events1"].tolist(), got.values["n1"].tolist(), got.touched.tolist()
    ([0.5, 2.0], [11.0, 10.0], [True, False])
    """
    has_zero = (events1 == 0) | (events2 == 0) | (events1 == n1) | (events2 == n2)
    double = ((events1 == 0) & (events2 == 0)) | ((events1 == n1) & (events2 == n2))
    dropped = double if drop00 else np.zeros_like(double)
    touched = chosen(has_zero, to) & ~dropped & (add > 0)
    share1 = n1 / (n1 + n2) if correction == "treatment-arm" else 0.5
    added1 = np.where(touched, 2 * add * share1, 0.0)
    added2 = np.where(touched, 2 * add * (1 - share1), 0.0)
    blank = np.where(dropped, np.nan, 0.0)
    values = {
        "events1": events1 + added1 + blank,
        "n1": n1 + 2 * added1,
        "events2": events2 + added2 + blank,
        "n2": n2 + 2 * added2,
    }
    return Adjusted(values, touched, double, dropped)


def adjust_matched(
    values: Mapping[str, np.ndarray], *, add: float = 0.5, to: str = "only0", drop00: bool = False
) -> Adjusted:
    """Add to all four cells of matched-pair tables (``both only1 only2 neither``)."""
    cells = {name: values[name] for name in ("both", "only1", "only2", "neither")}
    has_zero = np.any(np.stack(list(cells.values())) == 0, axis=0)
    double = (cells["only1"] == 0) & (cells["only2"] == 0)
    dropped = double if drop00 else np.zeros_like(double)
    touched = chosen(has_zero, to) & ~dropped & (add > 0)
    added = np.where(dropped, np.nan, np.where(touched, add, 0.0))
    return Adjusted({name: cell + added for name, cell in cells.items()}, touched, double, dropped)


def adjust_rates(
    values: Mapping[str, np.ndarray], *, add: float = 0.5, to: str = "only0", drop00: bool = False
) -> Adjusted:
    """Add to event counts over person-time, of one group or two; the times stay as they are."""
    counts = [name for name in ("events", "events1", "events2") if name in values]
    zero = np.stack([values[name] == 0 for name in counts])
    has_zero, double = np.any(zero, axis=0), np.all(zero, axis=0) & (len(counts) == 2)
    dropped = double if drop00 else np.zeros_like(double)
    touched = chosen(has_zero, to) & ~dropped & (add > 0)
    added = np.where(dropped, np.nan, np.where(touched, add, 0.0))
    corrected = {name: values[name] + added for name in counts}
    return Adjusted({**values, **corrected}, touched, double, dropped)


def adjust_proportions(
    values: Mapping[str, np.ndarray], *, add: float = 0.5, to: str = "only0", drop00: bool = False
) -> Adjusted:
    """Add to the events and to the non-events of single groups."""
    events, n = values["events"], values["n"]
    touched = chosen((events == 0) | (events == n), to) & (add > 0)
    added = np.where(touched, add, 0.0)
    corrected = {"events": events + added, "n": n + 2 * added}
    none = np.zeros_like(touched)  # one group has no second arm that could be empty too
    return Adjusted({**values, **corrected}, touched, none, none)


def adjust(
    design: str,
    values: Mapping[str, np.ndarray],
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = False,
    correction: str = "constant",
) -> Adjusted:
    """Apply the rule of the design ("2x2", "matched pairs", "two rates", "rate", "proportion")."""
    check_options(add, to, correction)
    if design in ("2x2", "matched margins"):
        got = adjust_table(
            *(values[name] for name in ("events1", "n1", "events2", "n2")),
            add=add,
            to=to,
            drop00=drop00,
            correction=correction,
        )
        return Adjusted({**values, **got.values}, got.touched, got.double, got.dropped)
    if design == "matched pairs":
        return adjust_matched(values, add=add, to=to, drop00=drop00)
    if design == "proportion":
        return adjust_proportions(values, add=add, to=to, drop00=drop00)
    return adjust_rates(values, add=add, to=to, drop00=drop00)
