"""The print-out of a fitted network."""

from __future__ import annotations

import numpy as np

from meta.effects.registry import MEASURES
from meta.formatting import number, p_equation, percent
from meta.models.network.effect_tables import measured, reference_rows
from meta.models.network.network_numbers import NetworkNumbers
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    heterogeneity,
    needs_display,
    table,
)

TESTS = {
    "KR": "Kenward-Roger",
    "t": "t",
    "z": "normal",
    "hksj": "Hartung-Knapp",
    "adhoc": "Hartung-Knapp, floored",
}


def lines(net: NetworkNumbers, digits: int) -> list[str]:
    """The lines of the print-out but for the warnings."""
    equal = net.method == "EE"
    method = f"tau2 fixed at {net.tau2:g}" if net.method == "fixed" else "" if equal else net.method
    first = [
        f"{'Equal-effects' if equal else 'Random-effects'} network meta-analysis",
        method,
        TESTS[net.test],
        f"{net.k} trials",
        f"{len(net.treatments)} treatments",
    ]
    rows = reference_rows(net)
    shown = measured(net)
    display = needs_display(net.measure)
    right = [
        display_text(shown, row["estimate"], row["ci_low"], row["ci_high"]) if display else "" for row in rows
    ]
    lines = [Line.of(row, text) for row, text in zip(rows, right, strict=True)]
    body = table(lines, net.level, digits)
    return [
        heading(first, net.measure),
        f"each treatment against {net.reference}",
        *body,
        *(cut_notes(shown, lines) if display else []),
        *_prediction(net, digits),
        *_heterogeneity(net),
        inconsistency_line(net),
        *_direction(net),
    ]


def _prediction(net: NetworkNumbers, digits: int) -> list[str]:
    if not net._predicts():
        return []
    rows = reference_rows(net)
    df = {round(float(row["df"]), 1) for row in rows}
    how = "normal" if df == {np.inf} else f"t{df.pop():g}" if len(df) == 1 else "t"
    told = ", ".join(
        f"{row['term']} {number(row['pi_low'], digits)} to {number(row['pi_high'], digits)}"
        for row in rows[:6]
    )
    more = f" and {len(rows) - 6} more in tidy()" if len(rows) > 6 else ""
    return [f"{percent(net.level)} PI ({how}): {told}{more}"]


def _heterogeneity(net: NetworkNumbers) -> list[str]:
    q = (net.q, net.q_df, net.q_p)
    if net.q_df == 0:
        return ["tau2, I2 and Q do not exist: the network has no residual degrees of freedom"]
    if net.method == "EE":
        return heterogeneity(i2=net.i2, q=q)
    ends = None if net.method == "fixed" else net.tau2_interval()
    how = "fixed" if net.method == "fixed" else "Q-profile"
    return heterogeneity(tau2=net.tau2, tau2_ends=ends, how=how, i2=net.i2, q=q)


def inconsistency_line(net: NetworkNumbers) -> str:
    """Q within and between designs, or why inconsistency cannot be estimated."""
    found = net._parts
    if found.between.df == 0:
        return "inconsistency is not estimable: no closed loop of different designs"
    within = (
        f"within designs {number(found.within.q, 1)} ({found.within.df}, {p_equation(found.within.p_value)})"
        if found.within.df
        else "no design has two trials"
    )
    between = found.between
    return (
        f"Q: {within}; between designs (inconsistency) {number(between.q, 1)} ({between.df}, "
        f"{p_equation(between.p_value)})"
    )


def _direction(net: NetworkNumbers) -> list[str]:
    if net.better is None or net.measure not in MEASURES:
        return []
    return [f"sorted by effect, the best first ({net.better} is better)"]
