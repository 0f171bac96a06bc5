"""Two-by-two tables rebuilt from odds ratios, chi-squares, percentages or risk ratios and their margins.

Every function lists the whole-number tables whose statistics are printed like the reported ones, so that
the reader sees whether the table is determined or only narrowed down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from meta.effects.recovered_values import Range, sign_of
from meta.effects.rounding import counts_from_percentage, rounding_range
from meta.errors import InputError, NotEstimableError
from meta.recovery.rules.events import phi_of_table


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Events and group sizes of two groups."""

    events1: int
    n1: int
    events2: int
    n2: int

    def __str__(self) -> str:
        return f"{self.events1}/{self.n1} vs {self.events2}/{self.n2}"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that agree with what was reported.

    Attributes
    ----------
    tables : tuple of TwoByTwo
        All whole-number tables whose statistics are printed as reported.
    nearest : TwoByTwo
        The one closest to the reported figures (one of ``tables`` unless that is empty).
    how : str
        How they were found.
    """

    tables: tuple[TwoByTwo, ...]
    nearest: TwoByTwo
    how: str

    @property
    def unique(self) -> TwoByTwo:
        """The table, if exactly one agrees; refused otherwise."""
        if len(self.tables) == 1:
            return self.tables[0]
        if not self.tables:
            raise NotEstimableError(
                f"no table is printed like that; the nearest is {self.nearest}: check the margins"
            )
        shown = "; ".join(map(str, self.tables[:5]))
        raise NotEstimableError(
            f"{len(self.tables)} tables are printed like that ({shown}): report more figures"
        )


def _margins(n1: int, n2: int, events: int) -> np.ndarray:
    for name, value in (("n1", n1), ("n2", n2), ("events", events)):
        if value != int(value) or value < (0 if name == "events" else 1):
            raise InputError(
                f"{name} must be a whole number of at least {int(name != 'events')}: got {value!r}"
            )
    if events > n1 + n2:
        raise InputError(f"events must not exceed n1 + n2 = {n1 + n2}: got {events}")
    return np.arange(max(0, events - n2), min(n1, events) + 1, dtype=float)


def _pick(
    a: np.ndarray, statistic: np.ndarray, printed: str | float, size: tuple[int, int, int], how: str
) -> Tables:
    n1, n2, events = size
    shown = rounding_range(printed)
    fits = _within(statistic, shown)
    target = (float(shown.low) + float(shown.high)) / 2
    if target == 0 or not np.any(np.isfinite(statistic) & (statistic > 0)):
        distance = np.abs(statistic - target)
    else:
        with np.errstate(divide="ignore"):
            distance = np.abs(np.log(np.where(statistic > 0, statistic, np.nan)) - np.log(abs(target)))
    distance = np.where(np.isfinite(distance), distance, np.inf)

    def table(x: float) -> TwoByTwo:
        return TwoByTwo(int(x), int(n1), int(events - x), int(n2))

    return Tables(tuple(table(x) for x in a[fits]), table(a[int(np.argmin(distance))]), how)


def _within(values: np.ndarray, shown: Range) -> np.ndarray:
    # A hair of slack, because printed halves may have been rounded either way.
    slack = 1e-9 * max(1.0, abs(float(shown.high)))
    return (values >= shown.low - slack) & (values <= shown.high + slack)


def tables_from_odds_ratio(odds_ratio: str | float, *, n1: int, n2: int, events: int) -> Tables:
    """Return the tables with this odds ratio, group sizes and total number of events.

    Parameters
    ----------
    odds_ratio : str or float
        As printed; a string keeps trailing zeros.
    n1, n2 : int
        Group sizes (row totals).
    events : int
        Events in both groups together.

    Examples
    --------
    >>> print(tables_from_odds_ratio("7.89", n1=34, n2=35, events=13).unique)
    11/34 vs 2/35
    """
    a = _margins(n1, n2, events)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = a * (n2 - events + a) / ((n1 - a) * (events - a))
    return _pick(a, value, odds_ratio, (n1, n2, events), f"odds ratio {odds_ratio} and margins")


def tables_from_chi2(
    chi2: str | float, *, n1: int, n2: int, events: int, direction: str, yates: bool = False
) -> Tables:
    """Return the tables with this chi-square statistic and these margins.

    Parameters
    ----------
    chi2 : str or float
        As printed.
    n1, n2, events : int
        Group sizes and events in both groups together.
    direction : {"higher", "lower"}
        Whether the risk in group 1 was the higher or the lower one; chi-square does not say.
    yates : bool
        True if it was computed with the continuity correction.

    Examples
    --------
    >>> print(tables_from_chi2("8.00", n1=34, n2=35, events=13, direction="higher").unique)
    11/34 vs 2/35
    >>> print(tables_from_chi2("6.36", n1=34, n2=35, events=13, direction="higher", yates=True).unique)
    11/34 vs 2/35
    """
    a, value = _chi2(n1, n2, events, direction, yates)
    kind = "Yates-corrected" if yates else "uncorrected"
    return _pick(
        a, value, chi2, (n1, n2, events), f"{kind} chi-square {chi2} and margins, {direction} as stated"
    )


def tables_from_phi(phi: str | float, *, n1: int, n2: int, events: int) -> Tables:
    """Return the tables with this (signed) phi coefficient and these margins.

    >>> print(tables_from_phi("0.341", n1=34, n2=35, events=13).unique)
    11/34 vs 2/35
    """
    a = _margins(n1, n2, events)
    value = phi_of_table(a, float(n1), n2, events)
    fits = _within(value, rounding_range(phi))
    rows = [TwoByTwo(int(x), n1, int(events - x), n2) for x in a]
    nearest = rows[int(np.argmin(np.abs(value - float(phi))))]
    chosen = tuple(row for row, fit in zip(rows, fits, strict=True) if fit)
    return Tables(chosen, nearest, f"phi {phi} and margins")


def _excess(a: np.ndarray, n1: int, n2: int, events: int) -> np.ndarray:
    return a * (n2 - events + a) - (n1 - a) * (events - a)


def _chi2(n1: int, n2: int, events: int, direction: str, yates: bool) -> tuple[np.ndarray, np.ndarray]:
    a = _margins(n1, n2, events)
    total, missed = n1 + n2, n1 + n2 - events
    if events == 0 or missed == 0:
        raise InputError(f"chi-square does not exist when events = {events} of {total}: give counts instead")
    excess = _excess(a, n1, n2, events)
    keep = excess * sign_of(direction) >= 0
    a, size = a[keep], np.abs(excess[keep])
    if yates:
        size = np.maximum(size - total / 2, 0)
    return a, total * size**2 / (float(n1) * n2 * events * missed)


def tables_from_percentages(
    percentage1: str | float, percentage2: str | float, *, n1: int, n2: int
) -> Tables:
    """Return the tables whose percentages of events are printed like these.

    >>> print(tables_from_percentages("86.0", "60.5", n1=43, n2=43).unique)
    37/43 vs 26/43
    """
    first, second = counts_from_percentage(percentage1, n=n1), counts_from_percentage(percentage2, n=n2)
    rows = [
        TwoByTwo(a, n1, c, n2)
        for a in range(int(first.low), int(first.high) + 1)
        for c in range(int(second.low), int(second.high) + 1)
    ]
    target = np.array([float(percentage1), float(percentage2)]) / 100
    gaps = [abs(t.events1 / n1 - target[0]) + abs(t.events2 / n2 - target[1]) for t in rows]
    how = f"{percentage1} % of {n1} and {percentage2} % of {n2}"
    return Tables(tuple(rows), rows[int(np.argmin(gaps))], how)


def tables_from_risk_ratio(
    risk_ratio: str | float,
    *,
    ci_low: str | float,
    ci_high: str | float,
    total: int,
    risk2: str | float | None = None,
    risk1: str | float | None = None,
    per: int = 1000,
    level: float = 0.95,
) -> Tables:
    """Return the tables that print as this risk ratio and interval, the total n alone being known.

    Every split of the people into two groups and every pair of event counts is tried.

    Parameters
    ----------
    risk_ratio, ci_low, ci_high : str or float
        As printed.
    total : int
        People in both groups together.
    risk2, risk1 : str or float or None
        Risks per ``per`` people as printed. Summary tables print as ``risk1`` either the observed risk or
        ``risk2`` times the ratio: a table agrees if either is printed so.
    per : int
        Denominator of the risks.
    level : float
        Confidence level of the interval.

    Examples
    --------
    >>> found = tables_from_risk_ratio(
    ...     "5.66", ci_low="1.35", ci_high="23.68", total=69, risk2="57", risk1="323"
    ... )
    >>> print(found.unique)
    11/34 vs 2/35
    """
    shown = [rounding_range(x) for x in (risk_ratio, ci_low, ci_high)]
    crit = -float(ndtri((1 - level) / 2))
    targets = np.log([float(risk_ratio), float(ci_low), float(ci_high)])
    found, nearest, closest = [], None, np.inf
    for n1 in range(1, total):
        n2 = total - n1
        a, c = np.meshgrid(np.arange(1.0, n1 + 1), np.arange(1.0, n2 + 1), indexing="ij")
        log_ratio, se = np.log(a / n1 / (c / n2)), np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
        limits = (log_ratio, log_ratio - crit * se, log_ratio + crit * se)
        fits = np.all([_within(np.exp(x), s) for x, s in zip(limits, shown, strict=True)], axis=0)
        fits &= _risks_fit(a / n1, c / n2, risk1, risk2, per)
        found += [TwoByTwo(int(a[i]), n1, int(c[i]), n2) for i in zip(*np.nonzero(fits), strict=True)]
        gap = sum(np.abs(x - t) for x, t in zip(limits, targets, strict=True))
        best = np.unravel_index(int(np.argmin(gap)), gap.shape)
        if gap[best] < closest:
            closest, nearest = float(gap[best]), TwoByTwo(int(a[best]), n1, int(c[best]), n2)
    if nearest is None:
        raise InputError(f"total must be at least 2: got {total}")
    how = f"risk ratio {risk_ratio} ({ci_low} to {ci_high}), N = {total}, by trying every table"
    return Tables(tuple(found), found[0] if found else nearest, how)


def _risks_fit(
    p1: np.ndarray, p2: np.ndarray, risk1: str | float | None, risk2: str | float | None, per: int
) -> np.ndarray:
    fits = np.ones(p1.shape, dtype=bool)
    if risk2 is not None:
        fits &= _within(p2 * per, rounding_range(risk2))
    if risk1 is not None:
        shown = rounding_range(risk1)
        implied = np.zeros_like(p1) if risk2 is None else p1 / p2 * float(risk2)
        fits &= _within(p1 * per, shown) | _within(implied, shown)
    return fits
