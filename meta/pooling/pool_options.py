"""The choices that pooling offers, one registry per choice, each entry with its citation.

The registry of estimators is :mod:`meta.kernels.tau2.estimators`, which the kernels read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meta.arguments import check_level
from meta.errors import InputError, unknown_option
from meta.kernels.tau2 import ESTIMATORS as ESTIMATORS


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
    (
        "KR",
        "Kenward-Roger",
        "Partlett & Riley 2017",
        "10.1002/sim.7140",
        "t, df from the unadjusted information (Kenward & Roger 1997); R's meta takes the adjusted",
    ),
    (
        "KR-PR",
        "Kenward-Roger, Partlett-Riley",
        "Partlett & Riley 2017",
        "10.1002/sim.7140",
        "the same with one df fewer",
    ),
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


OWN_WEIGHTS = (
    "Kenward-Roger's correction is derived for inverse-variance weights: "
    "leave weights= out, or give test='hksj'"
)


def check_options(method: str | float, test: str, level: float, weights: object = None) -> PoolOptions:
    """Check the options of a fit.

    >>> check_options("REML", "hksj", 0.95).method
    'REML'
    >>> check_options(0.1, "z", 0.9).estimator
    0.1
    """
    if test not in TESTS:
        raise unknown_option("test", test, TESTS)
    check_level(level)
    if isinstance(method, str) and method not in ESTIMATORS:
        raise unknown_option("method", method, [*ESTIMATORS, "or a number for a fixed tau2"])
    # an estimator that is made of weights warns of itself that it is not the one of the correction
    own = weights is not None and not (isinstance(method, str) and ESTIMATORS[method].weighted)
    if test == "KR" and own:
        raise InputError(OWN_WEIGHTS)
    if isinstance(method, str):
        if ESTIMATORS[method].weighted and weights is None:
            raise InputError(
                f"method {method!r} needs weights: give weights= with one positive number per study"
            )
        return PoolOptions(method, test, level, None, weights is not None)
    if isinstance(method, bool) or not isinstance(method, (int, float)) or not 0 <= method < float("inf"):
        raise InputError(f"method must be a name or a finite tau2 >= 0, not {method!r}")
    return PoolOptions("fixed", test, level, float(method), weights is not None)
