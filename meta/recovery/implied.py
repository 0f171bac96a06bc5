"""Rules that only serve comparison: what the facts imply for other statistics that were printed."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from meta.effects.measures.definition import Measure
from meta.recovery.rules.dispersion import t_quantile
from meta.recovery.rules.events import STATISTICS, phi_of_table
from meta.recovery.rules.rule import COMPARISONS, TESTED, Rule

_2X2 = ("2x2",)


def _rule(
    name: str, needs: tuple[str, ...], gives: str, function: Any, at: tuple[str, ...], **more: Any
) -> Rule:
    return Rule(f"implied: {name}", needs, (gives,), function, name, at, **more)


def _difference(low: bool) -> Any:
    sign = -1 if low else 1
    return lambda md, se, df, level: md + sign * t_quantile(level, df) * se


OF_COMPARISONS: tuple[Rule, ...] = (
    _rule("standard error", ("se_md",), "se_printed", lambda se: se, COMPARISONS),
    _rule("lower end", ("md", "se_md", "df", "level"), "ci_low_md", _difference(True), COMPARISONS),
    _rule("upper end", ("md", "se_md", "df", "level"), "ci_high_md", _difference(False), COMPARISONS),
    _rule("t", ("t",), "t_printed", lambda t: t, TESTED),
    _rule("F", ("t",), "f", np.square, TESTED),
    _rule("eta squared", ("t", "df"), "eta_squared", lambda t, df: t**2 / (t**2 + df), TESTED),
    _rule("signed p", ("p", "sign"), "p_signed", np.multiply, TESTED),
    _rule("threshold", ("p",), "p_below", lambda p: p, TESTED),
    _rule("non-significance", ("p",), "not_significant", lambda p: p, TESTED),
    _rule("direction", ("md",), "direction", np.sign, COMPARISONS),
    _rule("d", ("d",), "d", lambda d: d, COMPARISONS),
)


def _chi2(e1: np.ndarray, n1: np.ndarray, e2: np.ndarray, n2: np.ndarray, yates: float = 0.0) -> np.ndarray:
    total, events = n1 + n2, e1 + e2
    excess = np.maximum(np.abs(e1 * n2 - e2 * n1) - yates * total / 2, 0)
    return excess**2 * total / (n1 * n2 * events * (total - events))


def _yates(e1: np.ndarray, n1: np.ndarray, e2: np.ndarray, n2: np.ndarray) -> np.ndarray:
    return _chi2(e1, n1, e2, n2, 1.0)


_TABLE = ("events1", "n1", "events2", "n2")


def _of_table(statistic: Any) -> Any:
    return lambda e1, n1, e2, n2: statistic(e1, n1, n2, e1 + e2)


def of_counts() -> tuple[Rule, ...]:
    """What a 2x2 table implies."""
    found = [
        _rule("chi-square", _TABLE, "chi2", _chi2, _2X2),
        _rule("chi-square with Yates's correction", _TABLE, "chi2", _yates, _2X2, cost=2),
        _rule("phi", _TABLE, "phi", lambda e1, n1, e2, n2: phi_of_table(e1, n1, n2, e1 + e2), _2X2),
        _rule("p of chi-square", _TABLE, "p", lambda *x: chdtrc(1, _chi2(*x)), _2X2),
        _rule("p of Yates's chi-square", _TABLE, "p", lambda *x: chdtrc(1, _yates(*x)), _2X2, cost=2),
    ]
    for fact, (statistic, words) in STATISTICS.items():
        found.append(_rule(words, _TABLE, fact, _of_table(statistic), _2X2))
    for arm in "12":
        found.append(
            _rule(
                f"percentage {arm}",
                (f"events{arm}", f"n{arm}"),
                f"percent{arm}",
                lambda events, n: 100 * events / n,
                _2X2,
            )
        )
    return tuple(found)


def of_effect(entry: Measure, setting: str) -> tuple[Rule, ...]:
    """What the effect implies for the estimate and interval as they are read."""
    back = entry.transform.back

    def computed(given: Any) -> tuple[np.ndarray, np.ndarray]:
        if "columns" in given:
            found = entry.function(*given["columns"].values())
            return found.yi, found.vi * given.get("inflate", 1.0)
        return given.get("yi", np.asarray(np.nan)), given.get("vi", np.asarray(np.nan))

    def end(sign: int) -> Any:
        def at(effect: Any, level: np.ndarray) -> np.ndarray:
            y, v = computed(effect)
            return np.asarray(back(y + sign * ndtri((1 + level) / 2) * np.sqrt(v)))

        return at

    def p(effect: Any) -> np.ndarray:
        y, v = computed(effect)
        return 2 * np.asarray(ndtr(-np.abs(y) / np.sqrt(v)))

    at = (setting,)
    low, high = (end(-1), end(1)) if entry.transform.increasing else (end(1), end(-1))
    found = [
        _rule("estimate", ("effect",), "est", lambda effect: np.asarray(back(computed(effect)[0])), at),
        _rule("lower end of the estimate", ("effect", "level"), "ci_low_est", low, at),
        _rule("upper end of the estimate", ("effect", "level"), "ci_high_est", high, at),
        _rule("standard error of the effect", ("effect",), "se_est", lambda e: np.sqrt(computed(e)[1]), at),
    ]
    if setting not in TESTED:
        found.append(_rule("p of the effect", ("effect",), "p", p, at, cost=3))
    return tuple(found)


def rules_for(entry: Measure, setting: str) -> tuple[Rule, ...]:
    """All rules of comparison for a measure and a setting."""
    return (*OF_COMPARISONS, *of_counts(), *of_effect(entry, setting))
