"""Informed priors by name: Turner et al., Rhodes et al., Cochrane subfields, published ensembles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meta.bayes.cochrane_tables import COCHRANE, COCHRANE_GENERAL
from meta.bayes.effect_priors import StudentT
from meta.bayes.informed_tables import (
    RHODES,
    RHODES_COMPARISONS,
    RHODES_GENERAL,
    TURNER,
    TURNER_COMPARISONS,
    TURNER_GENERAL,
)
from meta.bayes.tau_priors import InverseGamma, LogNormal, LogStudentT
from meta.errors import InputError, unknown_option
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cochrane", "informed", "rhodes", "turner", "van_erp"]


class CochranePriors(NamedTuple):
    """Priors of the mean effect and of the heterogeneity, which belong together."""

    effect: StudentT
    tau: InverseGamma


@keywords
def cochrane(subfield: str | None = None) -> CochranePriors:
    """Bartos et al. 2021: priors of a standardised mean difference and its tau, by medical subfield.

    Parameters
    ----------
    subfield : str, optional
        Name as :func:`informed` lists it; without it, all of the Cochrane Database.

    Returns
    -------
    CochranePriors
        ``effect`` (Student t around 0) and ``tau`` (inverse gamma, on tau).

    References
    ----------
    Bartos F, Gronau QF, Timmers B, Otte WM, Ly A, Wagenmakers E-J (2021). Bayesian model-averaged
    meta-analysis in medicine. doi:10.1002/sim.9170

    Examples
    --------
    >>> import meta
    >>> effect, tau = meta.priors.cochrane("musculoskeletal")
    >>> print(effect, tau)
    StudentT(location=0, scale=0.45, df=6) InverseGamma(shape=1.87, scale=0.38, on='tau')
    """
    if subfield is not None and subfield not in COCHRANE:
        raise unknown_option("Cochrane subfield", subfield, COCHRANE)
    scale, df, shape, rate = COCHRANE_GENERAL if subfield is None else COCHRANE[subfield]
    return CochranePriors(StudentT(0.0, scale, df), InverseGamma(shape, rate, on="tau"))


@keywords
def turner(outcome: str | None = None, comparison: str | None = None) -> LogNormal:
    """Turner et al. 2015: log-normal prior of tau2 for log odds ratios.

    Parameters
    ----------
    outcome, comparison : str, optional
        Names as :func:`informed` lists them; without both, the general healthcare setting.

    Returns
    -------
    LogNormal
        On tau2.

    References
    ----------
    Turner et al. 2015, doi:10.1002/sim.6381, Table IV.

    Examples
    --------
    >>> print(turner("all-cause mortality", "pharmacological vs placebo/control"))
    LogNormal(mu=-3.95, sigma=1.34, on='tau2')
    """
    if outcome is None and comparison is None:
        return LogNormal(*TURNER_GENERAL, on="tau2")
    _both(outcome, comparison)
    if outcome not in TURNER:
        raise unknown_option("outcome", outcome, TURNER)
    if comparison not in TURNER_COMPARISONS:
        raise unknown_option("comparison", comparison, TURNER_COMPARISONS)
    return LogNormal(*TURNER[outcome][TURNER_COMPARISONS.index(comparison)], on="tau2")


@keywords
def rhodes(outcome: str | None = None, comparison: str | None = None, *, area: str = "other") -> LogStudentT:
    """Rhodes et al. 2015: log-Student-t (5 df) prior of tau2 for standardised mean differences.

    Parameters
    ----------
    outcome, comparison : str, optional
        Names as :func:`informed` lists them; without both, the general setting.
    area : {"other", "respiratory"}
        Medical area.

    Returns
    -------
    LogStudentT
        On tau2.

    References
    ----------
    Rhodes et al. 2015, doi:10.1016/j.jclinepi.2014.08.012, Table 3.

    Examples
    --------
    >>> print(rhodes())
    LogStudentT(mu=-3.44, sigma=2.59, df=5, on='tau2')
    """
    if outcome is None and comparison is None:
        return LogStudentT(*RHODES_GENERAL, df=5.0, on="tau2")
    _both(outcome, comparison)
    if area not in RHODES:
        raise unknown_option("medical area", area, RHODES)
    if outcome not in RHODES[area]:
        raise unknown_option("outcome", outcome, RHODES[area])
    if comparison not in RHODES_COMPARISONS:
        raise unknown_option("comparison", comparison, RHODES_COMPARISONS)
    entry = RHODES[area][outcome][RHODES_COMPARISONS.index(comparison)]
    if entry is None:
        raise InputError(
            f"the value for {outcome!r} with {comparison!r} looks like a misprint, unconfirmed; "
            "use rhodes() for the general setting"
        )
    return LogStudentT(*entry, df=5.0, on="tau2")


@keywords
def van_erp() -> InverseGamma:
    """Inverse gamma (1, 0.15) on tau, for standardised mean differences in psychology.

    References
    ----------
    van Erp et al. 2017, doi:10.5334/jopd.33, as used by Gronau et al. 2017,
    doi:10.1080/23743603.2017.1326760.

    Examples
    --------
    >>> print(van_erp())
    InverseGamma(shape=1, scale=0.15, on='tau')
    """
    return InverseGamma(1.0, 0.15)


@keywords
def informed() -> pd.DataFrame:
    """Every informed prior there is: ``source measure outcome comparison area prior``."""
    import pandas as pd

    rows = [("Turner 2015", "log OR", "any", "any", "any", turner())]
    for outcome in TURNER:
        for comparison in TURNER_COMPARISONS:
            rows.append(("Turner 2015", "log OR", outcome, comparison, "any", turner(outcome, comparison)))
    rows.append(("Rhodes 2015", "SMD", "any", "any", "any", rhodes()))  # type: ignore[arg-type]
    for area, table in RHODES.items():
        for outcome, entries in table.items():
            for comparison, entry in zip(RHODES_COMPARISONS, entries, strict=True):
                if entry is not None:
                    prior = rhodes(outcome, comparison, area=area)
                    rows.append(("Rhodes 2015", "SMD", outcome, comparison, area, prior))  # type: ignore[arg-type]
    for subfield in (None, *COCHRANE):
        for each in cochrane(subfield):
            what = "effect" if isinstance(each, StudentT) else "any"
            rows.append(("Cochrane, Bartos 2021", "SMD", what, "any", subfield or "any", each))  # type: ignore[arg-type]
    rows.append(("van Erp 2017", "SMD", "any", "any", "psychology", van_erp()))  # type: ignore[arg-type]
    return pd.DataFrame(rows, columns=["source", "measure", "outcome", "comparison", "area", "prior"])


def _both(outcome: str | None, comparison: str | None) -> None:
    if outcome is None or comparison is None:
        raise InputError("give both outcome and comparison, or neither for the general setting")
