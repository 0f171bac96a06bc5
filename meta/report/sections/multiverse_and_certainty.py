"""Every other way to do the analysis, how certain the evidence is, and what would settle the question."""

from __future__ import annotations

import math

import numpy as np

from meta.claims.certainty import NOTHING, certainty
from meta.claims.multiverse import Multiverse, multiverse
from meta.claims.plan import Plan, plan
from meta.errors import quiet
from meta.formatting import percent
from meta.plots.planning import planning
from meta.plots.specification_curve import specification
from meta.report.answered_analysis import Subject
from meta.report.blocks import Block, Cell, Row, Table, cell, line, paragraph, soft
from meta.report.plain_language import display, effect
from meta.report.sections.listed_trials import plain_row

DRAWN = 200
PLAN = {"sizes": (50, 100, 200, 500, 1000), "trials": (1, 2, 3, 5, 10), "draws": 300}


def every_analysis(subject: Subject) -> tuple[Block, ...]:
    """Return what becomes of the answer under every combination of choices that the claims file names."""
    item = subject.answer
    if item.analysis.role == "beside" or not item.effects.informative.any():
        return ()
    with quiet():
        found = multiverse(subject.evidence, item.claim, analysis=item.analysis.id)
        figure = subject.gallery.draw(
            f"multiverse-{item.analysis.id}", specification(found, most=DRAWN), _curve_caption(found)
        )
    return paragraph(found.sentence), figure, _conclusions(found), _drivers(found)


def _curve_caption(found: Multiverse) -> str:
    known = int(found.frame["estimate"].notna().sum())
    shown = "All are drawn" if known <= DRAWN else f"Of {known:,} analyses, {DRAWN} at equal ranks are drawn"
    return (
        "Every defensible analysis, from the smallest to the largest estimate, with its 95% interval; below, "
        f"the choices behind each. The ring is the primary analysis. {shown}; arrows mark intervals that "
        "reach beyond the axis."
    )


def _conclusions(found: Multiverse) -> Table:
    measure, rows = found.analysis.measure, []
    for name, n, share in found.shares.itertuples(index=False):
        estimates = found.frame.loc[found.frame["conclusion"] == name, "estimate"].dropna()
        span = "–"
        if len(estimates):
            low, high = (float(q) for q in np.quantile(estimates, (0.0, 1.0)))
            span = f"{display(low, measure)} to {display(high, measure)}"
        few = "under 1%" if share < 0.005 else percent(float(share))
        rows.append(plain_row(name, cell(f"{n:,}", sort=float(n)), few, span))
    return Table("Verdicts of all analyses", ("Verdict", "Analyses", "Share", "Estimates"), tuple(rows))


def _drivers(found: Multiverse) -> Table:
    rows = tuple(
        plain_row(
            str(row["choice"]),
            cell(str(row["options"]), sort=float(row["options"])),
            *(_share(float(row[name])) for name in ("estimate_alone", "estimate_beyond", "turned")),
        )
        for row in found.drivers.to_dict("records")
    )
    return Table(
        "Which choice drives the answer: share of the variance of the estimate between its options, share "
        "lost without it, and share of pairs that differ in it alone whose verdicts differ",
        ("Choice", "Options", "Alone", "Beyond the others", "Turns the verdict"),
        rows,
        sortable=True,
        kind="numbers",
    )


def _share(value: float) -> Cell:
    return cell("–" if math.isnan(value) else percent(value), sort=value)


def how_certain(subject: Subject) -> tuple[Block, ...]:
    """Return the facts that GRADE asks for, with a proposal."""
    item = subject.answer
    if item.analysis.role == "beside":
        return ()
    found = certainty(subject.evidence, item.claim, analysis=item.analysis.id, known=item)
    if found.proposal == NOTHING:
        return ()
    rows = tuple(
        Row((cell(f.domain.capitalize()), cell(f.proposal), cell(f.reason), cell(*f.facts), cell(f.rests_on)))
        for f in found.findings
    )
    columns = ("Domain", "Proposal", "Because", "What is known", "Rests on")
    return paragraph(found.sentence), Table("Certainty of the evidence, domain by domain", columns, rows)


def what_it_takes(subject: Subject) -> tuple[Block, ...]:
    """Return how large new trials would have to be, and what the trials at hand could find."""
    item = subject.answer
    verdict = item.verdict
    if verdict is None or verdict.posterior is None or item.claim.kind != "effect":
        return ()
    with quiet():
        found = plan(verdict, **PLAN)  # type: ignore[arg-type]
        figure = subject.gallery.draw(
            f"plan-{item.analysis.id}",
            planning(found),
            "Chance that new trials would settle the verdict, if effects are as the evidence says. Bands: "
            "simulation error.",
        )
    return paragraph(found.sentence), figure, _futures(found), *_existing(found)


def _futures(found: Plan) -> Table:
    ends = ("supported", "contradicted", "inconclusive")
    largest = found.frame[found.frame["n_per_arm"] == found.frame["n_per_arm"].max()]
    rows = tuple(
        plain_row(
            f"{row['scenario']}, {row['trials']} new",
            *(cell(percent(row[name]), sort=row[name]) for name in ends),
        )
        for row in largest.to_dict("records")
    )
    n = int(largest["n_per_arm"].iloc[0])
    return Table(
        f"How it would end with trials of {n:,} people per arm, by what is true",
        ("If effects are", "Supported", "Contradicted", "Inconclusive"),
        rows,
        kind="numbers",
    )


def _existing(found: Plan) -> tuple[Table, ...]:
    if not len(found.existing):
        return ()
    measure = found.verdict.analysis.measure
    toward = -1.0 if found.verdict.claim.tested.side == "below" else 1.0
    rows = tuple(
        plain_row(
            str(row["study"]),
            percent(row["power_claimed"]),
            cell(
                line(
                    f"{effect(toward * row['detectable'], measure)} ",
                    soft(display(toward * row["detectable"], measure)),
                )
            ),
            percent(row["sign_error"], 1),
            f"{row['exaggeration']:.1f} times",
        )
        for row in found.existing.to_dict("records")
    )
    return (
        Table(
            "What the trials at hand could find. If the claim is true and a trial significant: chance of the "
            "wrong sign, and exaggeration",
            ("Trial", "Power for the claim", "Found with 80% power", "Wrong sign", "Exaggeration"),
            rows,
        ),
    )
