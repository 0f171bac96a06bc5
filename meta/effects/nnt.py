"""Numbers needed to treat, from a risk difference or from a relative effect at a baseline risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, ndtri

from meta.arguments import check_share
from meta.errors import InputError, unknown_option


@dataclass(frozen=True, slots=True)
class NumberNeeded:
    """A number needed to treat.

    Attributes
    ----------
    value : float
        ``1/|risk difference|``, not rounded; infinite without a difference.
    kind : str
        "benefit" or "harm" (of the point estimate).
    low, high : float
        Its confidence limits; NaN where none were asked for. If ``through_infinity``, the interval runs from
        ``low`` (benefit) through infinity to ``high`` (harm), as Altman (1998) writes it.
    through_infinity : bool
        Whether the interval of the risk difference contains zero.
    risk1 : float
        The risk with treatment, where it was computed from a baseline; else NaN.
    how : str
        How it was obtained.
    """

    value: float
    kind: str
    low: float
    high: float
    through_infinity: bool
    risk1: float
    how: str


def nnt_from_rd(
    rd: float, *, ci_low: float | None = None, ci_high: float | None = None, events_are: str = "bad"
) -> NumberNeeded:
    """Return the number needed to treat of a risk difference (group 1 minus group 2).

    Parameters
    ----------
    rd : float
        Risk difference.
    ci_low, ci_high : float or None
        Its confidence limits.
    events_are : {"bad", "good"}
        Whether fewer events are the benefit.

    References
    ----------
    Altman DG (1998). Confidence intervals for the number needed to treat. doi:10.1136/bmj.317.7168.1309

    Examples
    --------
    >>> found = nnt_from_rd(-0.2575, ci_low=-0.4247, ci_high=-0.0903)
    >>> round(found.value, 1), found.kind, round(found.low, 1), round(found.high, 1)
    (3.9, 'benefit', 2.4, 11.1)
    """
    if events_are not in ("bad", "good"):
        raise unknown_option("events_are", events_are, ["bad", "good"])
    for name, value in (("rd", rd), ("ci_low", ci_low), ("ci_high", ci_high)):
        if value is not None and not -1 <= value <= 1:
            raise InputError(f"{name} must be between -1 and 1: got {value:g}; write 0.12, not 12")
    sign = -1.0 if events_are == "bad" else 1.0
    gain = sign * rd
    low = high = np.nan
    through = False
    if ci_low is not None and ci_high is not None:
        smallest, largest = sorted((sign * ci_low, sign * ci_high))
        through = smallest <= 0 <= largest
        ends = (largest, smallest) if through or smallest > 0 else (smallest, largest)
        low, high = (_reciprocal(x) for x in ends)
    kind = "benefit" if gain >= 0 else "harm"
    return NumberNeeded(_reciprocal(rd), kind, low, high, through, np.nan, "NNT = 1/|risk difference|")


def _reciprocal(x: float) -> float:
    return float(np.inf) if x == 0 else 1 / abs(x)


def _from_risks(risk1: float, baseline: float, events_are: str, how: str) -> NumberNeeded:
    found = nnt_from_rd(risk1 - baseline, events_are=events_are)
    nan = float(np.nan)
    return NumberNeeded(found.value, found.kind, nan, nan, False, risk1, f"{how}; {found.how}")


def _risk(baseline: float) -> None:
    check_share(baseline, "baseline")


def nnt_from_or(odds_ratio: float, *, baseline: float, events_are: str = "bad") -> NumberNeeded:
    """Return the number needed to treat of an odds ratio at a baseline risk.

    >>> found = nnt_from_or(0.5, baseline=0.3)
    >>> round(found.value, 1), found.kind, round(found.risk1, 3)
    (8.1, 'benefit', 0.176)
    """
    _risk(baseline)
    if not odds_ratio > 0:
        raise InputError(f"odds_ratio must be > 0: got {odds_ratio:g}; is it a log odds ratio?")
    risk1 = float(expit(np.log(odds_ratio) + np.log(baseline) - np.log1p(-baseline)))
    return _from_risks(risk1, baseline, events_are, f"odds ratio at a baseline risk of {baseline:g}")


def nnt_from_rr(risk_ratio: float, *, baseline: float, events_are: str = "bad") -> NumberNeeded:
    """Return the number needed to treat of a risk ratio at a baseline risk.

    >>> found = nnt_from_rr(0.5, baseline=0.3)
    >>> round(found.value, 1)
    6.7
    """
    _risk(baseline)
    if not 0 < risk_ratio * baseline <= 1:
        raise InputError(
            f"risk_ratio {risk_ratio:g} at a baseline of {baseline:g} is not a risk: "
            "check both, or use an odds ratio"
        )
    return _from_risks(
        risk_ratio * baseline, baseline, events_are, f"risk ratio at a baseline risk of {baseline:g}"
    )


def nnt_from_smd(d: float, *, baseline: float, events_are: str = "good") -> NumberNeeded:
    """Return the number needed to treat of an SMD, for the share of people beyond a fixed cut-off.

    ``risk1 = Phi(Phi^-1(baseline) + d)``, where ``baseline`` is the share beyond it among controls
    (Furukawa & Leucht 2011, doi:10.1371/journal.pone.0019070).

    >>> round(nnt_from_smd(0.5, baseline=0.2).value, 1)
    6.0
    """
    _risk(baseline)
    risk1 = float(ndtr(ndtri(baseline) + d))
    return _from_risks(risk1, baseline, events_are, f"SMD at a baseline share of {baseline:g}")
