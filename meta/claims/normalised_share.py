"""What indirect evidence allows to say about a claim that a share of people becomes normal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import InputError
from meta.formatting import number, percent
from meta.kernels.normalisation import retest_correlation, share_normal_later, shift_needed
from meta.results.base import Result

if TYPE_CHECKING:
    from meta.evidence.claims import Claim, RetestCorrelation
    from meta.evidence.load_studies import Library


@dataclass(frozen=True, slots=True)
class Scenario:
    """One retest correlation with one cut-off.

    Attributes
    ----------
    label, study : str
        Which measurement of variation, and the file it comes from.
    rho, cutoff : float
        Test-retest correlation; percentile above which a value counts as raised.
    untreated : float
        Share normal later with no treatment at all.
    shift : float
        True shift (in SD) at which the claimed share is reached; zero or positive if none is needed.
    treated, treated_low, treated_high : float
        Share normal later at the pooled shift and at the ends of its interval; NaN without a pool.
    due : float
        Share due to treatment at the pooled shift: ``treated - untreated``.
    primary : bool
        Whether this is the scenario that the verdict's sentence quotes.
    """

    label: str
    study: str
    rho: float
    cutoff: float
    untreated: float
    shift: float
    treated: float
    treated_low: float
    treated_high: float
    due: float
    primary: bool

    @property
    def none_needed(self) -> bool:
        """Whether the claimed share is reached without any treatment."""
        return self.shift >= 0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NormalisationFinding(Result):
    """Regression to the mean against a claimed share, over all scenarios.

    Attributes
    ----------
    claimed : float
        The claimed share.
    direct : int
        Trials that report the share directly.
    delta, delta_low, delta_high : float
        The pooled shift in SD with its interval; NaN where nothing could be pooled.
    scenarios : tuple of Scenario
    """

    claimed: float
    direct: int
    delta: float
    delta_low: float
    delta_high: float
    scenarios: tuple[Scenario, ...]

    @property
    def untreated_range(self) -> tuple[float, float]:
        """Lowest and highest share that is normal later without treatment."""
        shares = [item.untreated for item in self.scenarios]
        return min(shares), max(shares)

    def _shown(self) -> str:
        return f"claimed {percent(self.claimed)}, {len(self.scenarios)} scenarios"

    def _terms(self) -> list[Mapping[str, Any]]:
        """The pooled shift, and the share that is normal later in each scenario."""
        shift = {"term": "pooled shift", "estimate": self.delta}
        shift |= {"ci_low": self.delta_low, "ci_high": self.delta_high}
        shares = [
            {"term": item.label, "estimate": item.treated}
            | {"ci_low": item.treated_low, "ci_high": item.treated_high}
            for item in self.scenarios
        ]
        return [shift, *shares]

    def _facts(self) -> Mapping[str, Any]:
        low, high = self.untreated_range
        own = {"claimed": self.claimed, "direct": self.direct, "scenarios": len(self.scenarios)}
        return {"model": "regression to the mean"} | own | {"untreated_low": low, "untreated_high": high}

    def _lines(self, digits: int) -> list[str]:
        low, high = self.untreated_range
        reached = sum(item.none_needed for item in self.scenarios)
        return [
            f"With no treatment at all, {percent(low)} to {percent(high)} of raised values are normal when "
            f"measured again; {percent(self.claimed)} is reached without any effect in {reached} of "
            f"{len(self.scenarios)} scenarios. Pooled shift in the trials: {number(self.delta, 2)} SD "
            f"({number(self.delta_low, 2)} to {number(self.delta_high, 2)})."
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        names = Scenario.__slots__
        return {
            "claimed": self.claimed,
            "direct_studies": self.direct,
            "delta": self.delta,
            "delta_low": self.delta_low,
            "delta_high": self.delta_high,
            "scenarios": [{name: getattr(item, name) for name in names} for item in self.scenarios],
        }


def correlation_of(library: Library, retest: RetestCorrelation) -> float:
    """Return the test-retest correlation that a study file's coefficients of variation imply.

    Raises
    ------
    InputError
        If the named result holds no coefficients of variation.
    """
    study = library.study(retest.study)
    found = [result.statistic for result in study.results if result.id == retest.result]
    cv = found[0] if found and found[0].kind == "variation" else None
    if cv is None or cv.between_person_cv_low is None or cv.within_person_cv_low is None:
        raise InputError(
            f"{retest.study!r} has no result {retest.result!r} with within- and between-person variation; "
            "name one that has in claims.toml"
        )
    between_low, within_low = cv.between_person_cv_low, cv.within_person_cv_low
    between_high = cv.between_person_cv_high or between_low
    within_high = cv.within_person_cv_high or within_low
    if retest.combine == "most-reliable":
        return retest_correlation(between_high, within_low)
    if retest.combine == "least-reliable":
        return retest_correlation(between_low, within_high)
    return retest_correlation(
        between_low, within_low, cv.analytical_cv or 0.0 if retest.combine == "all" else 0.0
    )


def normalisation(
    claim: Claim, library: Library, *, delta: tuple[float, float, float], direct: int
) -> NormalisationFinding:
    """Return what regression to the mean alone would do to the claimed share, and what the trials add.

    Parameters
    ----------
    claim : Claim
        A proportion claim.
    library : Library
        For the coefficients of variation.
    delta : tuple of float
        Pooled shift in SD, and the ends of its interval.
    direct : int
        Number of trials that report the share.
    """
    assert claim.proportion is not None
    claimed = claim.tested.value
    assert claimed is not None
    scenarios = []
    for retest in claim.proportion.retest:
        rho = correlation_of(library, retest)
        for cutoff in claim.proportion.cutoffs:
            shares = share_normal_later(np.array([0.0, *delta]), cutoff=cutoff, rho=rho)
            scenarios.append(
                Scenario(
                    retest.label,
                    retest.study,
                    rho,
                    cutoff,
                    untreated=float(shares[0]),
                    shift=shift_needed(claimed, cutoff=cutoff, rho=rho),
                    treated=float(shares[1]),
                    treated_low=float(min(shares[2:])),
                    treated_high=float(max(shares[2:])),
                    due=float(shares[1] - shares[0]),
                    primary=retest.primary,
                )
            )
    return NormalisationFinding(claimed, direct, *delta, tuple(scenarios))
