"""The choices that pooling offers, one registry a choice, each entry with its citation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from meta.errors import InputError, unknown_option

Method = Literal["EE", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQ"]
Test = Literal["z", "t", "hksj", "adhoc", "KR"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed value of an option.

    Attributes
    ----------
    code : str
        What the caller writes.
    name : str
        What is printed.
    citation : str
        Authors and year.
    doi : str
        Digital object identifier, where there is one.
    note : str
        What a reader should know.
    """

    code: str
    name: str
    citation: str
    doi: str
    note: str = ""


def _registry(*rows: tuple[str, ...]) -> dict[str, Choice]:
    return {row[0]: Choice(*row) for row in rows}


ESTIMATORS: dict[str, Choice] = _registry(
    ("EE", "equal effects", "Laird & Mosteller 1990", "10.1017/S0266462300008916", "tau2 = 0 by assumption"),
    (
        "DL",
        "DerSimonian-Laird",
        "DerSimonian & Laird 1986",
        "10.1016/0197-2456(86)90046-2",
        "moments, weights 1/v",
    ),
    (
        "DLIT",
        "iterated DerSimonian-Laird",
        "DerSimonian & Kacker 2007",
        "10.1016/j.cct.2006.04.004",
        "solves (Q(t) - (k - 1)) / tr P(t) = t with weights 1/(v + t)",
    ),
    ("HE", "Hedges", "Hedges 1983", "10.1037/0033-2909.93.2.388", "moments, equal weights"),
    ("HS", "Hunter-Schmidt", "Hunter & Schmidt 1990", "10.4135/9781483398105", "(Q - k) / sum of weights"),
    (
        "HSk",
        "Hunter-Schmidt, corrected",
        "Viechtbauer 2005",
        "10.3102/10769986030003261",
        "with the factor k / (k - 1)",
    ),
    ("SJ", "Sidik-Jonkman", "Sidik & Jonkman 2005", "10.1111/j.1467-9876.2005.00489.x", "never 0"),
    (
        "ML",
        "maximum likelihood",
        "Hardy & Thompson 1996",
        "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
        "global maximum",
    ),
    (
        "REML",
        "REML",
        "Harville 1977",
        "10.1080/01621459.1977.10480998",
        "restricted likelihood, global maximum",
    ),
    ("EB", "empirical Bayes", "Morris 1983", "10.1080/01621459.1983.10477920", "the same estimate as PM"),
    ("PM", "Paule-Mandel", "Paule & Mandel 1982", "10.6028/jres.087.022", "Q(tau2) = k - 1"),
    (
        "PMM",
        "Paule-Mandel, median",
        "Viechtbauer 2021",
        "10.1002/sim.2514",
        "Q(tau2) = median of chi-squared; median-unbiased",
    ),
    (
        "GENQ",
        "generalised Q",
        "DerSimonian & Kacker 2007",
        "10.1016/j.cct.2006.04.004",
        "moments, the caller's weights",
    ),
)

TESTS: dict[str, Choice] = _registry(
    (
        "z",
        "Wald",
        "DerSimonian & Laird 1986",
        "10.1016/0197-2456(86)90046-2",
        "normal; too narrow for few studies",
    ),
    (
        "t",
        "Wald, t",
        "Follmann & Proschan 1999",
        "10.1111/j.0006-341X.1999.00732.x",
        "classic error, t with k - 1",
    ),
    ("hksj", "Hartung-Knapp", "Hartung & Knapp 2001", "10.1002/sim.791", "t with k - 1, no floor"),
    (
        "adhoc",
        "Hartung-Knapp, floored",
        "Knapp & Hartung 2003",
        "10.1002/sim.1482",
        "the scale q never falls below 1",
    ),
    ("KR", "Kenward-Roger", "Kenward & Roger 1997", "10.2307/2533558", "expected information; for REML"),
)

TAU2_INTERVALS: dict[str, Choice] = _registry(
    ("QP", "Q-profile", "Viechtbauer 2007", "10.1002/sim.2514", "exact under normality"),
    (
        "PL",
        "profile likelihood",
        "Hardy & Thompson 1996",
        "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
        "restricted unless the method is ML",
    ),
    ("BJ", "Biggerstaff-Jackson", "Biggerstaff & Jackson 2008", "10.1002/sim.3490", "Q with weights 1/v"),
    ("J", "Jackson", "Jackson 2013", "10.1002/jrsm.1081", "Q with weights 1/sqrt(v)"),
)

PREDICTION_INTERVALS: dict[str, Choice] = _registry(
    ("normal", "normal", "Skipka 2006", "", "classic standard error, normal"),
    ("V", "Veroniki", "Veroniki et al. 2019", "10.1002/jrsm.1319", "classic standard error, t with k - 1"),
    (
        "HTS",
        "Higgins-Thompson-Spiegelhalter",
        "Higgins, Thompson & Spiegelhalter 2009",
        "10.1111/j.1467-985X.2008.00552.x",
        "classic standard error, t with k - 2",
    ),
    ("HK", "Hartung-Knapp", "Partlett & Riley 2017", "10.1002/sim.7140", "Hartung-Knapp, t with k - 1"),
    ("HK-PR", "Hartung-Knapp, Partlett-Riley", "Partlett & Riley 2017", "10.1002/sim.7140", "t with k - 2"),
    ("KR", "Kenward-Roger", "Partlett & Riley 2017", "10.1002/sim.7140", "t with Kenward-Roger's df"),
    ("KR-PR", "Kenward-Roger, Partlett-Riley", "Partlett & Riley 2017", "10.1002/sim.7140", "one df fewer"),
    (
        "NNF",
        "Nagashima-Noma-Furukawa",
        "Nagashima, Noma & Furukawa 2019",
        "10.1177/0962280218773520",
        "bootstrap over the confidence distribution of tau2; takes seed=",
    ),
)

DEFAULT_PREDICTION: Mapping[str, str] = {"z": "normal", "t": "V", "hksj": "HK", "adhoc": "HK", "KR": "KR"}


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """How a fit was made.

    Attributes
    ----------
    method : str
        A key of :data:`ESTIMATORS`, or "fixed".
    test : str
        A key of :data:`TESTS`.
    level : float
        Confidence level.
    tau2 : float or None
        The fixed heterogeneity variance, where ``method`` is "fixed".
    user_weights : bool
        Whether the caller gave weights.
    """

    method: str
    test: str
    level: float
    tau2: float | None = None
    user_weights: bool = False

    @property
    def estimator(self) -> str | float:
        """What :func:`meta.kernels.tau2.estimate` takes."""
        return self.method if self.tau2 is None else self.tau2

    @property
    def method_name(self) -> str:
        """Name of the estimator, for the print-out."""
        return ESTIMATORS[self.method].name if self.tau2 is None else f"tau2 fixed at {self.tau2:g}"


def check_options(method: str | float, test: str, level: float, weights: object = None) -> PoolOptions:
    """Check the options of a fit.

    >>> check_options("REML", "hksj", 0.95).method
    'REML'
    >>> check_options(0.1, "z", 0.9).estimator
    0.1
    """
    if test not in TESTS:
        raise unknown_option("test", test, TESTS)
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, not {level}: give 0.95 for a 95% interval")
    if isinstance(method, str):
        if method not in ESTIMATORS:
            raise unknown_option("method", method, [*ESTIMATORS, "or a number for a fixed tau2"])
        if method == "GENQ" and weights is None:
            raise InputError("method 'GENQ' needs weights: give weights= with one positive number a study")
        return PoolOptions(method, test, level, None, weights is not None)
    if isinstance(method, bool) or not isinstance(method, (int, float)) or not 0 <= method < float("inf"):
        raise InputError(f"method must be a name or a finite tau2 >= 0, not {method!r}")
    return PoolOptions("fixed", test, level, float(method), weights is not None)
