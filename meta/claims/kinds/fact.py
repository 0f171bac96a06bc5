"""A fact claim: a statement that is checked against sources; no pool, no probability."""

from __future__ import annotations

from meta.claims.case import Case
from meta.claims.kinds.claim_kind import Kind
from meta.claims.verdict import Verdict
from meta.formatting import listing


def judge(case: Case) -> Verdict:
    """Say what the statement was checked against, and what came of it."""
    fact = case.claim.fact
    assert fact is not None
    where = [f"{source.citation}, {source.place}" for source in fact.sources]
    read = f" Read: {listing(where)}." if where else " No source was read."
    opening = {
        "true": "is true",
        "half true": "is half true",
        "false": "is false",
        "untestable": "cannot be tested",
    }[fact.finding]
    statement = case.claim.statement.rstrip(".")
    return Verdict(
        case.claim,
        None,
        fact.finding,
        (fact.because,),
        f"The statement “{statement}” {opening}: {fact.because.rstrip('.')}.{read}",
    )


KIND = Kind("fact", "a statement that is checked against sources", judge, needs_fit=False)
