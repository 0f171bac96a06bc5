"""The facts that a source may state of a comparison: names, domains, and how exactly they are printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.keywords import nearest


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by name.

    Attributes
    ----------
    name : str
        As in :func:`meta.solve`, in columns, on the command line and in study files.
    meaning : str
        What it is, in words.
    domain : str
        Key of :data:`DOMAINS`; "word" for text.
    """

    name: str
    meaning: str
    domain: str = "number"


@dataclass(frozen=True, slots=True)
class Domain:
    """Which values a fact may take, and how to say so."""

    bad: Callable[[np.ndarray], np.ndarray]
    must: str
    remedy: str


DOMAINS: dict[str, Domain] = {
    "positive": Domain(lambda x: x <= 0, "be > 0", "correct it, or leave it out if it was not reported"),
    "count": Domain(lambda x: x < 0, "be >= 0", "correct the count, or leave it out"),
    "size": Domain(lambda x: x < 1, "be >= 1", "correct the size, or leave it out"),
    "p": Domain(
        lambda x: (x <= 0) | (x > 1),
        "be above 0 and at most 1",
        "write p=0.000 as the threshold p_below=0.001",
    ),
    "signed p": Domain(
        lambda x: (x == 0) | (np.abs(x) > 1),
        "lie between -1 and 1 and not be 0",
        "give the sign of the effect",
    ),
    "open share": Domain(lambda x: (x <= 0) | (x >= 1), "lie between 0 and 1", "write 0.95, not 95"),
    "share": Domain(lambda x: (x < 0) | (x >= 1), "be at least 0 and below 1", "correct it"),
    "correlation": Domain(lambda x: np.abs(x) > 1, "lie between -1 and 1", "correct the correlation"),
    "percent": Domain(lambda x: (x < 0) | (x > 100), "lie between 0 and 100", "write 12 for 12%"),
    "at least 0": Domain(lambda x: x < 0, "be >= 0", "correct it, or leave it out"),
    "at least 1": Domain(lambda x: x < 1, "be >= 1", "correct it, or leave it out"),
    "sign": Domain(
        lambda x: np.abs(x) != 1, "be 'higher' or 'lower'", "say how group 1 differs from group 2"
    ),
}

_ARM = (
    Fact("n", "people", "size"),
    Fact("mean", "mean"),
    Fact("sd", "standard deviation", "positive"),
    Fact("se", "standard error of the mean", "positive"),
    Fact("ci_low", "lower end of the mean's confidence interval"),
    Fact("ci_high", "upper end of the mean's confidence interval"),
    Fact("median", "median"),
    Fact("q1", "first quartile"),
    Fact("q3", "third quartile"),
    Fact("minimum", "lowest value"),
    Fact("maximum", "highest value"),
    Fact("events", "people with the event", "count"),
    Fact("nonevents", "people without the event", "count"),
    Fact("percent", "percentage with the event", "percent"),
    Fact("time", "person-time", "positive"),
    Fact("mean_pre", "mean before"),
    Fact("sd_pre", "standard deviation before", "positive"),
    Fact("mean_post", "mean after"),
    Fact("sd_post", "standard deviation after", "positive"),
    Fact("mean_change", "mean change (after minus before)"),
    Fact("sd_change", "standard deviation of the change", "positive"),
    Fact("se_change", "standard error of the mean change", "positive"),
)
_WITHIN = (
    Fact("p_change", "two-sided p-value of the change within the group", "p"),
    Fact("p_below_change", "threshold below which that p lies", "open share"),
    Fact("not_significant_change", "threshold that the p of the change did not reach", "open share"),
    Fact("direction_change", "'higher' or 'lower': whether the group's values rose or fell", "sign"),
    Fact("change_low", "lower end of a mean change that is stated as a range, as in '1 to 2 points'"),
    Fact("change_high", "upper end of that range"),
)
"""Of the arms of a comparison alone."""


def of_arm(name: str, arm: str) -> str:
    """The name of an arm's fact: ``mean1``, ``q1_1``; plain for a single group.

    >>> of_arm("mean", "1"), of_arm("q3", "2"), of_arm("sd", "")
    ('mean1', 'q3_2', 'sd')
    """
    return f"{name}_{arm}" if arm and name[-1].isdigit() else f"{name}{arm}"


_BETWEEN = (
    Fact("difference", "difference of the means, group 1 minus group 2"),
    Fact("md", "the same as difference"),
    Fact("estimate", "the effect as printed, on the scale on which it is read (a ratio, a correlation, g)"),
    Fact("se", "standard error of the difference, of the log ratio, or of the single mean", "positive"),
    Fact("ci_low", "lower end of the interval of the difference or the estimate"),
    Fact("ci_high", "upper end of that interval"),
    Fact("level", "level of the intervals, 0.95 if not given", "open share"),
    Fact("t", "t statistic"),
    Fact("f", "F statistic with one numerator degree of freedom", "at least 0"),
    Fact("df", "degrees of freedom of the test", "positive"),
    Fact("chi2", "chi-square statistic with one degree of freedom", "at least 0"),
    Fact("phi", "phi coefficient of a 2x2 table, with its sign", "correlation"),
    Fact("odds_ratio", "odds ratio as printed, where another measure of the table is sought", "positive"),
    Fact("risk_ratio", "risk ratio as printed, where another measure of the table is sought", "positive"),
    Fact("risk_difference", "risk difference as printed, likewise", "correlation"),
    Fact("eta_squared", "(partial) eta squared of an effect with one degree of freedom", "share"),
    Fact("p", "two-sided p-value, without a sign", "p"),
    Fact("p_signed", "two-sided p-value with the sign of the effect", "signed p"),
    Fact("p_below", "threshold below which p lies: 0.01 for 'p < 0.01'", "open share"),
    Fact("not_significant", "True, or the threshold that p did not reach", "open share"),
    Fact("direction", "'higher' or 'lower': how group 1 differs from group 2", "sign"),
    Fact("d", "Cohen's d (not bias-corrected)"),
    Fact("r", "correlation: within people (paired designs), or the effect itself", "correlation"),
    Fact("r2", "share of variance that the covariates explain", "share"),
    Fact("r_pb", "point-biserial correlation", "correlation"),
    Fact("yi", "effect on the model scale"),
    Fact("vi", "its sampling variance", "positive"),
    Fact("sei", "its standard error", "positive"),
)
_DESIGN = (
    Fact("design", "parallel, crossover or cluster", "word"),
    Fact("n_total", "people in all groups together", "size"),
    Fact("cluster_size", "mean number of people in a cluster", "at least 1"),
    Fact("icc", "intracluster correlation", "share"),
    Fact("design_effect", "factor by which clustering inflates the variance", "positive"),
    Fact("error_term", "'clusters' if the printed test allows for them, 'people' if it does not", "word"),
    Fact("phase", "final or change", "word"),
    Fact("adjusted", "yes if the printed test is adjusted for covariates (ANCOVA); no; unknown", "word"),
    Fact("scale_low", "lowest value that the scale allows"),
    Fact("scale_high", "highest value that the scale allows"),
    Fact("whole", "True if the values are whole numbers, so that GRIM applies", "word"),
)
_FORMULA = tuple(
    Fact(name, meaning, domain)
    for name, meaning, domain in (
        ("auc", "area under the curve", "number"),
        ("u", "Mann-Whitney U", "at least 0"),
        ("both", "pairs with the event twice", "count"),
        ("only1", "pairs with the event in the first only", "count"),
        ("only2", "pairs with the event in the second only", "count"),
        ("neither", "pairs without the event", "count"),
        ("m", "number of predictors", "size"),
        ("alpha", "Cronbach's alpha", "number"),
        ("items", "items of the scale", "size"),
    )
)

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        *(
            Fact(of_arm(f.name, arm), f"{f.meaning} of group {arm}", f.domain)
            for arm in "12"
            for f in (*_ARM, *_WITHIN)
        ),
        *(f for f in _ARM if f.name not in ("se", "ci_low", "ci_high")),
        *_BETWEEN,
        *_DESIGN,
        *_FORMULA,
    )
}
WORDS: dict[str, tuple[str, ...]] = {
    "design": ("parallel", "crossover", "cluster"),
    "error_term": ("not stated", "people", "clusters"),
    "phase": ("not stated", "final", "change"),
    "adjusted": ("no", "yes", "unknown"),
    "whole": ("no", "yes"),
}
"""Facts that are words, and what they may be; the first is what holds if nothing is said."""
SIGNS = {"higher": 1.0, "lower": -1.0}


def check_names(names: Iterable[str]) -> None:
    """Refuse facts that do not exist, with the nearest that does.

    >>> check_names(["meen1"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: unknown fact 'meen1'; did you mean 'mean1'?
    """
    for name in names:
        if name not in FACTS:
            near = nearest(name, FACTS)
            hint = f"did you mean {near!r}?" if near else f"the facts are {', '.join(FACTS)}"
            raise InputError(f"unknown fact {name!r}; {hint}")


def problems(values: Mapping[str, np.ndarray]) -> list[tuple[str, int, float, str, str]]:
    """Impossible values as (fact, row, value, rule, remedy), all of them.

    >>> problems({"sd1": np.array([2.0, -1.0])})[0][:4]
    ('sd1', 1, -1.0, 'must be > 0')
    """
    found = []
    for name, x in values.items():
        domain = DOMAINS.get(FACTS[name].domain)
        if domain is not None:
            for row in np.flatnonzero(domain.bad(x)):
                found.append((name, int(row), float(x[row]), f"must {domain.must}", domain.remedy))
    for low, high in _ORDERED:
        if low in values and high in values:
            for row in np.flatnonzero(values[low] > values[high]):
                said = f"must be at most {high} = {values[high][row]:g}"
                found.append((low, int(row), float(values[low][row]), said, "check the order of the two"))
    return found


_OF_ARMS = tuple(
    (of_arm(low, arm), of_arm(high, arm))
    for arm in ("1", "2", "")
    for low, high in (
        ("ci_low", "ci_high"),
        ("q1", "q3"),
        ("minimum", "maximum"),
        ("minimum", "q1"),
        ("q3", "maximum"),
        ("q1", "median"),
        ("median", "q3"),
        ("events", "n"),
        ("nonevents", "n"),
    )
)
_ORDERED = (*_OF_ARMS, ("scale_low", "scale_high"))


def half_digit(printed: Any) -> float:
    """Half of the last printed digit: text and Decimal keep theirs, a float has those of its shortest form.

    >>> half_digit("0.040"), half_digit("0.04"), half_digit(32), half_digit(1e-3)
    (0.0005, 0.005, 0.5, 0.0005)
    """
    try:
        number = Decimal(str(printed).strip().replace("−", "-"))
    except InvalidOperation:
        raise InputError(f"{printed!r} is not a number") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        return 0.0
    return float(Decimal(5).scaleb(exponent - 1))


_MOST_DIGITS = 9
"""A value with more decimals than this was computed, not printed; it counts as exact."""


def half_digits(values: np.ndarray) -> np.ndarray:
    """Half of each value's last digit, of float arrays (k,); whole numbers count as printed without decimals.

    >>> half_digits(np.array([0.25, 3.0, 1 / 3])).tolist()
    [0.005, 0.5, 0.0]
    """
    x = np.asarray(values, dtype=float)
    half = np.zeros(x.shape)
    open_ = np.isfinite(x)
    for digits in range(_MOST_DIGITS + 1):
        fits = open_ & (np.round(x, digits) == x)
        half[fits] = 0.5 * 10.0**-digits
        open_ &= ~fits
        if not open_.any():
            break
    return half
