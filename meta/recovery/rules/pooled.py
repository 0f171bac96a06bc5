"""The pooled SD of two groups, the SDs of each, and standardised differences."""

from __future__ import annotations

import numpy as np

from meta.recovery.rules.rule import COMPARISONS, GUESSED, TWO_GROUPS, Rule

BORENSTEIN = ("Borenstein et al. 2009, Introduction to Meta-Analysis ch. 4", "10.1002/9780470743386")


def pooled_sd(sd1: np.ndarray, n1: np.ndarray, sd2: np.ndarray, n2: np.ndarray) -> np.ndarray:
    """Pooled SD of two groups.

    >>> float(pooled_sd(*map(np.array, (3.0, 10.0, 4.0, 10.0))).round(4))
    3.5355
    """
    return np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def _other_sd(pooled: np.ndarray, sd: np.ndarray, n: np.ndarray, other: np.ndarray) -> np.ndarray:
    rest = (n + other - 2) * pooled**2 - (n - 1) * sd**2
    return np.sqrt(np.where(rest > 0, rest, np.nan) / (other - 1))


def by_ratio(
    pooled: np.ndarray, n1: np.ndarray, n2: np.ndarray, ratio: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """SDs of two groups with this pooled SD and this ratio.

    >>> [float(x) for x in by_ratio(np.array(2.0), np.array(10.0), np.array(10.0), 1.0)]
    [2.0, 2.0]
    """
    second = pooled * np.sqrt((n1 + n2 - 2) / ((n1 - 1) * ratio**2 + n2 - 1))
    return ratio * second, second


def _root_sizes(n1: np.ndarray, n2: np.ndarray) -> np.ndarray:
    return np.sqrt(1 / n1 + 1 / n2)


RULES: tuple[Rule, ...] = (
    Rule(
        "pooled SD",
        ("sd1", "n1", "sd2", "n2"),
        ("sd_pooled",),
        pooled_sd,
        "sd_pooled = sqrt(((n1 - 1) sd1^2 + (n2 - 1) sd2^2) / (n1 + n2 - 2))",
        TWO_GROUPS,
        BORENSTEIN,
    ),
    Rule(
        "pooled SD from the standard error of the difference",
        ("se_md", "n1", "n2"),
        ("sd_pooled",),
        lambda se, n1, n2: se / _root_sizes(n1, n2),
        "sd_pooled = se(md) / sqrt(1/n1 + 1/n2)",
        TWO_GROUPS,
        unless=("adjusted", "clustered", "change"),
    ),
    Rule(
        "standard error of the difference from the pooled SD",
        ("sd_pooled", "n1", "n2"),
        ("se_md",),
        lambda sd, n1, n2: sd * _root_sizes(n1, n2),
        "se(md) = sd_pooled sqrt(1/n1 + 1/n2)",
        TWO_GROUPS,
        unless=("adjusted", "clustered", "change"),
    ),
    # Dear: t, d and p of two groups are those of the pooled test unless nothing else leads on.
    Rule(
        "standard error of the difference from both SDs",
        ("sd1", "n1", "sd2", "n2"),
        ("se_md",),
        lambda s1, n1, s2, n2: np.sqrt(s1**2 / n1 + s2**2 / n2),
        "se(md) = sqrt(sd1^2/n1 + sd2^2/n2)",
        TWO_GROUPS,
        unless=("adjusted", "clustered", "change"),
        cost=15,
    ),
    Rule(
        "SD 2 from the pooled SD",
        ("sd_pooled", "sd1", "n1", "n2"),
        ("sd2",),
        _other_sd,
        "(n2 - 1) sd2^2 = (n1 + n2 - 2) sd_pooled^2 - (n1 - 1) sd1^2",
        TWO_GROUPS,
        cost=2,
    ),
    Rule(
        "SD 1 from the pooled SD",
        ("sd_pooled", "sd2", "n2", "n1"),
        ("sd1",),
        _other_sd,
        "(n1 - 1) sd1^2 = (n1 + n2 - 2) sd_pooled^2 - (n2 - 1) sd2^2",
        TWO_GROUPS,
        cost=2,
    ),
    Rule(
        "both SDs from the pooled SD",
        ("sd_pooled", "n1", "n2"),
        ("sd1", "sd2"),
        by_ratio,
        "sd1 = sd2 = sd_pooled",
        TWO_GROUPS,
        assumes=("sd-ratio",),
        cost=3,
    ),
    Rule(
        "SD 2 from SD 1",
        ("sd1",),
        ("sd2",),
        lambda sd, ratio: sd / ratio,
        "sd2 = sd1",
        COMPARISONS,
        assumes=("other-sd",),
        cost=4,
    ),
    Rule(
        "SD 1 from SD 2",
        ("sd2",),
        ("sd1",),
        lambda sd, ratio: sd * ratio,
        "sd1 = sd2",
        COMPARISONS,
        assumes=("other-sd",),
        cost=4,
    ),
    Rule(
        "d from t",
        ("t", "n1", "n2"),
        ("d",),
        lambda t, n1, n2: t * _root_sizes(n1, n2),
        "d = t sqrt(1/n1 + 1/n2)",
        TWO_GROUPS,
        BORENSTEIN,
        unless=("adjusted", "clustered", "change"),
    ),
    Rule(
        "d from an adjusted t",
        ("t", "n1", "n2", "r2"),
        ("d_adjusted",),
        lambda t, n1, n2, r2: t * _root_sizes(n1, n2) * np.sqrt(1 - r2),
        "d = t sqrt(1/n1 + 1/n2) sqrt(1 - R2)",
        TWO_GROUPS,
        BORENSTEIN,
        when=("adjusted",),
        unless=("clustered",),
    ),
    Rule(
        "R2 assumed",
        (),
        ("r2",),
        lambda value: value,
        "R2 assumed",
        TWO_GROUPS,
        assumes=("ancova-r2",),
        when=("adjusted",),
        cost=GUESSED,
    ),
    Rule(
        "d from difference and pooled SD",
        ("md", "sd_pooled"),
        ("d",),
        np.divide,
        "d = md / sd_pooled",
        TWO_GROUPS,
        BORENSTEIN,
    ),
    Rule(
        "difference from d and pooled SD",
        ("d", "sd_pooled"),
        ("md",),
        np.multiply,
        "md = d sd_pooled",
        TWO_GROUPS,
        BORENSTEIN,
        cost=2,
    ),
    Rule(
        "t from d",
        ("d", "n1", "n2"),
        ("t",),
        lambda d, n1, n2: d / _root_sizes(n1, n2),
        "t = d / sqrt(1/n1 + 1/n2)",
        TWO_GROUPS,
        BORENSTEIN,
        unless=("adjusted", "clustered", "change"),
        cost=1.5,
    ),
    Rule(
        "d from the point-biserial correlation",
        ("r_pb", "n1", "n2"),
        ("d",),
        lambda r, n1, n2: r * np.sqrt((n1 + n2 - 2) * (1 / n1 + 1 / n2)) / np.sqrt(1 - r**2),
        "d = r sqrt((n1 + n2 - 2)(1/n1 + 1/n2)) / sqrt(1 - r^2)",
        TWO_GROUPS,
        BORENSTEIN,
        cost=1.5,
    ),
)
