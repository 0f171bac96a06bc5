"""Claims on the study files as they are: effects, verdicts, multiverses, plans, certainty; a RevMan file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import meta
from meta.errors import quiet
from tests.net.register import Group, take

ROOT = Path(__file__).parents[2]
CLAIMS = Group("claims")
GROUPS = [CLAIMS]
ANALYSES = ["soreness", "cortisol", "cramps-pregnancy", "cramps-older-adults"]


@cache
def evidence() -> Any:
    with quiet():
        return meta.load_evidence(ROOT / "studies")


def effects(analysis: str) -> Mapping[str, Any]:
    es = evidence().effects(analysis)
    return {"yi": list(es.yi), "vi": list(es.vi), "lower": list(es.lower), "upper": list(es.upper)}


def verdict(analysis: str) -> Any:
    claim, _ = evidence().analysis(analysis)
    return meta.judge(claim, evidence().effects(analysis), analysis=analysis)


def judged(analysis: str) -> Mapping[str, Any]:
    found = verdict(analysis)
    parts = {
        part: take(getattr(found, part), "threshold mean new prior wide p_claimed surprisal_claimed p_null")
        for part in ("at_margin", "at_claim", "compatibility")
        if getattr(found, part) is not None
    }
    names = "estimate sd ci_low ci_high log_evidence"
    return (
        take(found, "conclusion k k_computed k_listed tiers bf_claimed bf_side")
        | parts
        | {"fit": take(found.fit, "estimate se tau2 p_value"), "posterior": take(found.posterior, names)}
    )


def varied(analysis: str) -> Mapping[str, Any]:
    claim, _ = evidence().analysis(analysis)
    found = meta.multiverse(evidence(), claim, analysis=analysis, limit=60)
    return take(
        found, "total used", shares=lambda: found.shares, drivers=lambda: found.drivers, frame=found.to_frame
    )


def planned(analysis: str) -> Mapping[str, Any]:
    found = meta.plan(verdict(analysis), sizes=(50, 200), trials=(1, 3), draws=60)
    return take(found, "frame existing pooled_power unit")


def certain(analysis: str) -> Mapping[str, Any]:
    claim, _ = evidence().analysis(analysis)
    found = meta.certainty(evidence(), claim, analysis=analysis)
    return {"proposal": found.proposal, "rows": float(len(found.frame))}


def revman() -> Mapping[str, Any]:
    table = meta.read_revman(ROOT / "tests/fixtures/revman/aspirin.rm5", outcome="1.1")
    return {"table": table.select_dtypes("number")}


for _name in ANALYSES:
    CLAIMS.add(f"effects {_name}", lambda n=_name: effects(n))
    CLAIMS.add(f"verdict {_name}", lambda n=_name: judged(n))
    CLAIMS.add(f"multiverse {_name}", lambda n=_name: varied(n))
    CLAIMS.add(f"plan {_name}", lambda n=_name: planned(n))
    CLAIMS.add(f"certainty {_name}", lambda n=_name: certain(n))
CLAIMS.add("RevMan", revman)
