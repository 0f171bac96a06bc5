"""What the report shows of a claimed share: regression to the mean, the effect needed, and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meta.claims.proportion import NormalisationFinding, Scenario
from meta.effects.evidence import Evidence, cited
from meta.evidence.claims import Claim
from meta.evidence.schema import Result, Study
from meta.formatting import number, percent
from meta.report import words
from meta.report.printed import printed


@dataclass(frozen=True, slots=True)
class Scenarios:
    """The scenarios of one retest correlation, one a cut-off."""

    label: str
    study: Study
    rho: str
    primary: bool
    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShareView:
    """What indirect evidence says about a claimed share."""

    claimed: str
    range: str
    reached: str
    pooled: str
    scenarios: tuple[Scenarios, ...]
    benchmarks: tuple[tuple[Study, Result, str, str], ...]


def share_view(evidence: Evidence, claim: Claim, finding: NormalisationFinding) -> ShareView:
    """Return what the report shows of a share: every scenario, the effect needed, and the benchmarks.

    Parameters
    ----------
    evidence : Evidence
        For the studies behind the numbers.
    claim : Claim
        A proportion claim.
    finding : NormalisationFinding
        From its verdict.
    """
    assert claim.proportion is not None
    groups: dict[str, list[Scenario]] = {}
    for scenario in finding.scenarios:
        groups.setdefault(scenario.label, []).append(scenario)
    low, high = finding.untreated_range
    reached = sum(item.none_needed for item in finding.scenarios)
    benchmarks = []
    for name in claim.proportion.benchmarks:
        study = evidence.library.study(name)
        for result in study.results:
            if result.statistic.kind in ("percentages", "counts"):
                benchmarks.append((study, result, printed(study, result), cited(study, result)))
    pooled = finding.delta == finding.delta
    return ShareView(
        percent(finding.claimed),
        f"{percent(low)} to {percent(high)}",
        f"{reached} of {len(finding.scenarios)}",
        f"{number(finding.delta, 2)} SD ({number(finding.delta_low, 2)} to {number(finding.delta_high, 2)})"
        if pooled
        else "–",
        tuple(
            Scenarios(
                label,
                evidence.library.study(items[0].study),
                number(items[0].rho, 2),
                items[0].primary,
                tuple(_scenario(item) for item in items),
            )
            for label, items in groups.items()
        ),
        tuple(benchmarks),
    )


def _scenario(item: Scenario) -> dict[str, str]:
    treated = percent(item.treated)
    return {
        "cutoff": words.mark(item.cutoff),
        "untreated": percent(item.untreated),
        "treated": f"{treated} ({percent(item.treated_low)} to {percent(item.treated_high)})",
        "due": f"{number(100 * item.due, 0)} in 100",
        "shift": "none needed" if item.none_needed else f"{number(item.shift, 2)} SD",
    }
