"""The standard deviation and the size of a group from what is printed in their place."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from meta.recovery.facts import of_arm
from meta.recovery.rules.rule import COMPARISONS, TWO_GROUPS, Rule

ARMS = {"1": COMPARISONS, "2": COMPARISONS, "": ("mean",)}


def t_quantile(level: np.ndarray, df: np.ndarray) -> np.ndarray:
    """The t quantile that a two-sided interval of this level uses.

    >>> float(t_quantile(np.array(0.95), np.array(24.0)).round(4))
    2.0639
    """
    return np.asarray(stdtrit(df, (1 + level) / 2))


def sd_from_se(se: np.ndarray, n: np.ndarray) -> np.ndarray:
    """SD of a group from the standard error of its mean.

    >>> float(sd_from_se(np.array(0.5), np.array(16.0)))
    2.0
    """
    return se * np.sqrt(n)


def se_from_interval(low: np.ndarray, high: np.ndarray, level: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Standard error of a mean from its t interval (Cochrane Handbook 6.5.2.2).

    >>> se = se_from_interval(np.array(30.0), np.array(34.2), np.array(0.95), np.array(25.0))
    >>> float((5 * se).round(3))
    5.087
    """
    return (high - low) / (2 * t_quantile(level, n - 1))


def midpoint(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Middle of a symmetric interval."""
    return (low + high) / 2


def _arm(arm: str) -> tuple[Rule, ...]:
    n, mean, sd, se, low, high = (of_arm(x, arm) for x in ("n", "mean", "sd", "se", "ci_low", "ci_high"))
    at = ARMS[arm]
    # In a crossover, the people of both groups are the same.
    sizes = {"": ("n",), "1": ("n1",), "2": ("n2",)}[arm]
    which = f" {arm}" if arm else ""
    return (
        Rule(
            f"SD{which} from its standard error",
            (se, *sizes),
            (sd,),
            sd_from_se,
            f"{sd} = {se} sqrt({n})",
            at,
        ),
        Rule(
            f"standard error{which} from its interval",
            (low, high, "level", *sizes),
            (se,),
            se_from_interval,
            f"{se} = ({high} - {low}) / (2 t(level, {n} - 1))",
            at,
        ),
        Rule(
            f"standard error{which} from its SD",
            (sd, *sizes),
            (se,),
            lambda s, size: s / np.sqrt(size),
            f"{se} = {sd} / sqrt({n})",
            at,
        ),
        Rule(
            f"mean{which} from its interval",
            (low, high),
            (mean,),
            midpoint,
            f"{mean} = ({low} + {high}) / 2",
            at,
        ),
    )


SIZES = (
    Rule(
        "n2 from the total",
        ("n_total", "n1"),
        ("n2",),
        np.subtract,
        "n2 = n_total - n1",
        ("two means", "2x2"),
    ),
    Rule(
        "n1 from the total",
        ("n_total", "n2"),
        ("n1",),
        np.subtract,
        "n1 = n_total - n2",
        ("two means", "2x2"),
    ),
    Rule("total", ("n1", "n2"), ("n_total",), np.add, "n_total = n1 + n2", ("two means", "2x2")),
    Rule(
        "even split of the total",
        ("n_total",),
        ("n1", "n2"),
        lambda n, share: (n * share, n * (1 - share)),
        "n1 = n2 = n_total / 2",
        ("two means", "2x2"),
        assumes=("equal-split",),
        cost=4,
    ),
    Rule(
        "total from the degrees of freedom",
        ("df",),
        ("n_total",),
        lambda df: df + 2,
        "n_total = df + 2",
        TWO_GROUPS,
        unless=("adjusted", "inflate"),
        cost=2,
    ),
)

RULES: tuple[Rule, ...] = tuple(rule for arm in ARMS for rule in _arm(arm)) + SIZES
