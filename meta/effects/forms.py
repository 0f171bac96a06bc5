"""The forms in which each design may be reported, and the way from each to what the formula takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from meta.effects.scales import Scale

Values = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Rule:
    """How some arguments follow from others.

    Attributes
    ----------
    gives : tuple of str
        Arguments that are filled in, together, in the rows that lack any of them.
    needs : tuple of str
        Arguments that it takes.
    function : callable
        From the arrays named by ``needs`` to one array, or a tuple of arrays as ``gives`` names them.
    how : str
        What the provenance says; empty if it is only another name.
    """

    gives: tuple[str, ...]
    needs: tuple[str, ...]
    function: Callable
    how: str = ""


def _alias(name: str, other: str) -> Rule:
    return Rule((name,), (other,), lambda x: x)


def _counts(arm: str) -> tuple[Rule, ...]:
    events, none, n, percent = (f"{name}{arm}" for name in ("events", "nonevents", "n", "percent"))
    return (
        Rule((n,), (events, none), lambda a, b: a + b, f"{events} + {none}"),
        Rule((events,), (none, n), lambda b, total: total - b, f"{n} - {none}"),
        Rule(
            (events,),
            (percent, n),
            lambda p, total: np.round(p * total / 100),
            f"{percent} of {n}, to the nearest whole number",
        ),
    )


def _spread(arm: str) -> tuple[Rule, ...]:
    return (
        Rule(
            (f"sd{arm}",), (f"se{arm}", f"n{arm}"), lambda se, n: se * np.sqrt(n), f"se{arm} * sqrt(n{arm})"
        ),
    )


def _standardised(d: np.ndarray) -> tuple[np.ndarray, ...]:
    return d, np.ones_like(d), np.zeros_like(d), np.ones_like(d)


def _d_from_t(t: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> np.ndarray:
    return t * np.sqrt(1 / n1 + 1 / n2)


def _d_from_point_biserial(r: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> np.ndarray:
    m = n1 + n2 - 2
    return r * np.sqrt(m / n1 + m / n2) / np.sqrt(1 - r**2)


def _change_sd(sd1: np.ndarray, sd2: np.ndarray, r: np.ndarray) -> np.ndarray:
    return np.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)


_TWO_MEANS = (*_spread("1"), *_spread("2"))
_STANDARDISED = (
    Rule(("d",), ("t", "n1", "n2"), _d_from_t, "t * sqrt(1/n1 + 1/n2)"),
    Rule(("d",), ("r_pb", "n1", "n2"), _d_from_point_biserial, "point-biserial correlation"),
    Rule(("mean1", "sd1", "mean2", "sd2"), ("d",), _standardised, "d"),
)
_PAIRED_NAMES = tuple(
    _alias(*pair)
    for pair in (
        ("mean1", "mean_post"),
        ("mean2", "mean_pre"),
        ("sd1", "sd_post"),
        ("sd2", "sd_pre"),
    )
)
_CHANGE = (
    Rule(("mean_change",), ("mean1", "mean2"), np.subtract, "mean1 - mean2"),
    Rule(("sd_change",), ("se_change", "n"), lambda se, n: se * np.sqrt(n), "se_change * sqrt(n)"),
    Rule(("sd_change",), ("sd1", "sd2", "r"), _change_sd, "sd1, sd2 and r"),
    Rule(
        ("r",),
        ("sd1", "sd2", "sd_change"),
        lambda s1, s2, s: (s1**2 + s2**2 - s**2) / (2 * s1 * s2),
        "sd1, sd2 and sd_change",
    ),
)
_CORRELATION = (Rule(("r",), ("t", "n"), lambda t, n: t / np.sqrt(t**2 + n - 2), "t and n"),)
_PARTIAL = (Rule(("r",), ("t", "n", "m"), lambda t, n, m: t / np.sqrt(t**2 + n - m - 1), "t, n and m"),)

FORMS: dict[str, tuple[Rule, ...]] = {
    "2x2": (*_counts("1"), *_counts("2")),
    "matched pairs": (),
    "matched margins": (*_counts("1"), *_counts("2")),
    "two rates": (),
    "two means": _TWO_MEANS,
    "two means, standardised": (*_TWO_MEANS, *_STANDARDISED),
    "superiority": (Rule(("auc",), ("u", "n1", "n2"), lambda u, n1, n2: u / (n1 * n2), "u / (n1 n2)"),),
    "proportion": _counts(""),
    "rate": (),
    "mean": _spread(""),
    "paired": (*_PAIRED_NAMES, *_CHANGE),
    "correlation": _CORRELATION,
    "partial correlation": _PARTIAL,
    "semi-partial correlation": (),
    "reliability": (),
    "generic": (),
}


def generic_rules(
    scale: Scale, ci_scale: str | None, level: float, df: np.ndarray | None
) -> tuple[Rule, ...]:
    """Rules for effects that were already computed.

    ``estimate`` and, unless ``ci_scale="model"``, the interval beside it are on the display scale (the
    ratio itself); ``yi``, ``vi`` and ``sei`` are on the model scale.
    """
    tail = (1 + level) / 2

    def from_interval(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        quantile = ndtri(tail) if df is None else np.where(np.isnan(df), ndtri(tail), stdtrit(df, tail))
        return ((high - low) / (2 * quantile)) ** 2

    percent = f"{100 * level:g}%"
    quantile_name = "normal quantile" if df is None else "t quantile"
    return (
        Rule(("yi",), ("estimate",), scale.forward, f"estimate, to the {scale.name} scale"),
        Rule(("yi",), ("model_low", "model_high"), lambda a, b: (a + b) / 2, "midpoint of the interval"),
        Rule(("vi",), ("sei",), np.square, "sei squared"),
        Rule(
            ("vi",),
            ("model_low", "model_high"),
            from_interval,
            f"{percent} interval ({'model' if ci_scale == 'model' else 'display'} scale), {quantile_name}",
        ),
    )


def fill(values: Values, rules: tuple[Rule, ...], k: int) -> tuple[Values, dict[str, np.ndarray]]:
    """Fill in what follows from what was given, row by row.

    Returns
    -------
    values : dict of str to ndarray of shape (k,)
        What was given and what follows.
    provenance : dict of str to ndarray of str, shape (k,)
        For each filled argument, how each row was obtained ("" if given or missing).

    Examples
    --------
    >>> values, how = fill({"se1": np.array([0.5]), "n1": np.array([16.0])}, FORMS["two means"], 1)
    >>> values["sd1"].tolist(), how["sd1"].tolist()
    ([2.0], ['se1 * sqrt(n1)'])
    """
    filled = dict(values)
    provenance: dict[str, np.ndarray] = {}
    for rule in rules:
        if any(name not in filled for name in rule.needs):
            continue
        lacking = np.zeros(k, dtype=bool)
        for name in rule.gives:
            lacking |= np.isnan(filled[name]) if name in filled else True
        rows = lacking & ~np.any(np.isnan(np.stack([filled[name] for name in rule.needs])), axis=0)
        if not rows.any() and all(name in filled for name in rule.gives):
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            results = rule.function(*(filled[name] for name in rule.needs))
        for name, result in zip(rule.gives, results if len(rule.gives) > 1 else (results,), strict=True):
            old = filled.get(name, np.full(k, np.nan))
            filled[name] = np.where(rows, result, old)
            if rule.how and rows.any():
                how = provenance.setdefault(name, np.full(k, "", dtype=object))
                how[rows] = rule.how
    return filled, provenance


def known_names(rules: tuple[Rule, ...], columns: tuple[str, ...]) -> tuple[str, ...]:
    """All argument names that a design understands, those of the formula first."""
    names = dict.fromkeys(columns)
    for rule in rules:
        names |= dict.fromkeys((*rule.gives, *rule.needs))
    return tuple(names)
