"""Test statistics, p-values and intervals of the difference of two groups, and what they say of the SDs."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from meta.recovery.rules.dispersion import midpoint, t_quantile
from meta.recovery.rules.rule import COMPARISONS, PEOPLE_TWICE, TESTED, TWO_GROUPS, Rule

ROSNOW = ("Rosnow & Rosenthal 1996", "10.1037/1082-989X.1.4.331")


def t_of_p(p: np.ndarray, df: np.ndarray) -> np.ndarray:
    """|t| of a two-sided p-value.

    >>> float(t_of_p(np.array(0.04), np.array(33.0)).round(3))
    2.138
    """
    return -np.asarray(stdtrit(df, p / 2))


def z_of_p(p: np.ndarray) -> np.ndarray:
    """|z| of a two-sided p-value.

    >>> float(z_of_p(np.array(0.05)).round(4))
    1.96
    """
    return -np.asarray(ndtri(p / 2))


def p_of_t(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Two-sided p-value of t.

    >>> float(p_of_t(np.array(-2.138), np.array(33.0)).round(3))
    0.04
    """
    return 2 * np.asarray(stdtr(df, -np.abs(t)))


def _nonzero(value: np.ndarray) -> np.ndarray:
    return np.where(value == 0, np.nan, value)


def _se_of_t(md: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.abs(_nonzero(md) / _nonzero(t))


DIFFERENCE = (
    Rule(
        "difference of the means", ("mean1", "mean2"), ("md",), np.subtract, "md = mean1 - mean2", COMPARISONS
    ),
    Rule(
        "mean 1 from the difference", ("md", "mean2"), ("mean1",), np.add, "mean1 = mean2 + md", COMPARISONS
    ),
    Rule(
        "mean 2 from the difference",
        ("mean1", "md"),
        ("mean2",),
        np.subtract,
        "mean2 = mean1 - md",
        COMPARISONS,
    ),
    Rule(
        "difference from its interval",
        ("ci_low_md", "ci_high_md"),
        ("md",),
        midpoint,
        "md = (ci_low + ci_high) / 2",
        COMPARISONS,
    ),
    Rule(
        "standard error as printed",
        ("se_printed",),
        ("se_md",),
        lambda se: se,
        "se(md) as printed",
        COMPARISONS,
        cost=0.5,
        printed=True,
    ),
    Rule(
        "standard error of the difference from its t interval",
        ("ci_low_md", "ci_high_md", "level", "df"),
        ("se_md",),
        lambda low, high, level, df: (high - low) / (2 * t_quantile(level, df)),
        "se(md) = (ci_high - ci_low) / (2 t(level, df))",
        COMPARISONS,
        printed=True,
    ),
    Rule(
        "standard error of the difference from its normal interval",
        ("ci_low_md", "ci_high_md", "level"),
        ("se_md",),
        lambda low, high, level: (high - low) / (2 * -ndtri((1 - level) / 2)),
        "se(md) = (ci_high - ci_low) / (2 z(level))",
        COMPARISONS,
        assumes=("normal-interval",),
        printed=True,
    ),
    Rule(
        "standard error of the difference from t",
        ("md", "t_printed"),
        ("se_md",),
        _se_of_t,
        "se(md) = |md / t|",
        COMPARISONS,
        printed=True,
    ),
    Rule(
        "standard error of the difference from F",
        ("md", "f"),
        ("se_md",),
        lambda md, f: _se_of_t(md, np.sqrt(f)),
        "se(md) = |md| / sqrt(F)",
        COMPARISONS,
        cost=1.1,
        printed=True,
    ),
    *(
        Rule(
            f"standard error of the difference from {'a paired ' if paired else ''}p",
            ("md", "p", "df"),
            ("se_md",),
            lambda md, p, df: _se_of_t(md, t_of_p(p, df)),
            "se(md) = |md| / t(p, df)",
            PEOPLE_TWICE if paired else TWO_GROUPS,
            # of two groups it hardly matters which test it is; of the same people, papers often print the
            # p of two groups
            assumes=("t-test",) if paired else (),
            cost=1.5,
            printed=True,
        )
        for paired in (False, True)
    ),
    Rule(
        "standard error of the difference from a normal p",
        ("md", "p"),
        ("se_md",),
        lambda md, p: _se_of_t(md, z_of_p(p)),
        "se(md) = |md| / z(p)",
        COMPARISONS,
        assumes=("normal-interval",),
        cost=4,
        printed=True,
    ),
    Rule(
        "standard error of the difference from the threshold of p",
        ("md", "p_below", "df"),
        ("se_md",),
        lambda md, p, df: _se_of_t(md, t_of_p(p, df)),
        "se(md) <= |md| / t(threshold, df)",
        COMPARISONS,
        assumes=("threshold",),
        cost=3,
        printed=True,
    ),
)

STATISTICS = (
    Rule("|t| as printed", ("t_printed",), ("abs_t",), np.abs, "|t| as printed", TESTED, printed=True),
    Rule("|t| from F", ("f",), ("abs_t",), np.sqrt, "|t| = sqrt(F)", TESTED, ROSNOW, printed=True),
    Rule(
        "|t| from p",
        ("p", "df"),
        ("abs_t",),
        t_of_p,
        "|t| = t(p, df)",
        TESTED,
        assumes=("t-test",),
        printed=True,
    ),
    Rule(
        "F from eta squared",
        ("eta_squared", "df"),
        ("f_explained",),
        lambda eta, df: eta / (1 - eta) * df,
        "F = eta2/(1 - eta2) df",
        TESTED,
        ROSNOW,
        cost=0.6,
        printed=True,
    ),
    Rule("|t| from that F", ("f_explained",), ("abs_t",), np.sqrt, "|t| = sqrt(F)", TESTED, ROSNOW, cost=0.6),
    Rule("sign as stated", ("direction",), ("sign",), lambda x: x, "the direction as stated", TESTED),
    Rule("sign of the signed p", ("p_signed",), ("sign",), np.sign, "the sign of p", TESTED, cost=1.1),
    Rule(
        "sign of the difference",
        ("md",),
        ("sign",),
        lambda x: np.sign(_nonzero(x)),
        "the sign of md",
        COMPARISONS,
        cost=0.5,
    ),
    Rule(
        "sign of d",
        ("d",),
        ("sign",),
        lambda x: np.sign(_nonzero(x)),
        "the sign of d",
        TESTED,
        cost=0.6,
    ),
    Rule("p from the signed p", ("p_signed",), ("p",), np.abs, "p = |p_signed|", TESTED),
    Rule("t with its sign", ("abs_t", "sign"), ("t",), np.multiply, "t = sign |t|", TESTED),
    # Dear beside a direction or means: papers print |t|, so that its own sign counts last.
    Rule("t as printed", ("t_printed",), ("t",), lambda t: t, "t as printed", TESTED, cost=8, printed=True),
    Rule(
        "t of the difference",
        ("md", "se_md"),
        ("t",),
        lambda md, se: md / se,
        "t = md / se(md)",
        COMPARISONS,
    ),
    Rule(
        "difference from t",
        ("t", "se_md"),
        ("md",),
        np.multiply,
        "md = t se(md)",
        COMPARISONS,
        cost=2,
    ),
    Rule("p of t", ("t", "df"), ("p",), p_of_t, "p = 2 P(T > |t|)", TESTED, cost=2),
    Rule(
        "degrees of freedom",
        ("n1", "n2"),
        ("df",),
        lambda n1, n2: n1 + n2 - 2,
        "df = n1 + n2 - 2",
        TWO_GROUPS,
        unless=("covariate", "clustered"),
    ),
    Rule(
        "degrees of freedom of an adjusted test",
        ("n1", "n2"),
        ("df",),
        lambda n1, n2: n1 + n2 - 3,
        "df = n1 + n2 - 3",
        TWO_GROUPS,
        when=("covariate",),
        unless=("clustered",),
    ),
)

RULES: tuple[Rule, ...] = (*DIFFERENCE, *STATISTICS)
