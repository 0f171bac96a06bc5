"""The compact text of a pooled fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.errors import quiet
from meta.formatting import interval, number, p_equation, p_value, percent, significant
from meta.pooling.options import TESTS

if TYPE_CHECKING:
    from meta.pooling.result import Pooled


def heading(fit: Pooled) -> str:
    """First line: the model, the estimator, the test, k and the measure."""
    from meta.effects.registry import MEASURES

    entry = MEASURES.get(fit.measure)
    model = "Equal-effects meta-analysis" if fit.method == "EE" else "Random-effects meta-analysis"
    parts = [model] if fit.method == "EE" else [model, _method(fit)]
    parts += [TESTS[fit.test].name if fit.k > 1 else "the study's own test", f"k = {fit.k}"]
    if fit.options.user_weights:
        parts.append("user weights")
    name = fit.measure if entry is None else entry.name
    return f"{' · '.join(parts)}        measure: {name}"


def _method(fit: Pooled) -> str:
    return f"tau2 fixed at {fit.tau2:g}" if fit.options.tau2 is not None else fit.method


def prediction_label(fit: Pooled) -> str:
    """Name of the fit's own prediction interval with its degrees of freedom, such as "HK, t12"."""
    kind = fit.prediction_kind()
    df = fit.prediction_df()
    return kind if np.isinf(df) else f"{kind}, t{df:.4g}"


def block(fit: Pooled, digits: int = 3) -> list[str]:
    """The lines of the print-out but for the warnings; rounded for reading only."""
    share = percent(fit.level)
    back = fit.backtransform()
    read = back.display if fit.measure == "GEN" else fit.measure
    ci, p = interval(fit.ci_low, fit.ci_high, digits), p_value(fit.p_value)
    statistic = "z" if np.isinf(fit.df) else f"t({fit.df:.4g})"
    estimate, se, value = number(fit.estimate, digits), number(fit.se, digits), number(fit.statistic, 2)
    widths = max(8, len(estimate)), max(5, len(se)), max(len(statistic), len(value)), max(5, len(p))
    lines = [
        heading(fit),
        f"{'':10}{'estimate':>{widths[0]}}  {'se':>{widths[1]}}    {share + ' CI':<{len(ci) - 1}}   "
        f"{statistic:>{widths[2]}}  {'p':>{widths[3]}}   |  "
        f"{read} {number(back.estimate, 2)} {interval(back.ci_low, back.ci_high, 2)}",
        f"{'pooled':10}{estimate:>{widths[0]}}  {se:>{widths[1]}}   {ci}   "
        f"{value:>{widths[2]}}  {p:>{widths[3]}}   |  {_prediction(fit, back.pi_low, back.pi_high, share)}",
    ]
    if fit.narrow:
        lines.append(
            f"floored   {interval(*fit.adhoc)} (ad hoc), because Hartung-Knapp's is narrower than "
            f"the classic {interval(*fit.classic)}"
        )
    lines.append(_spread(fit))
    return [*lines, *(f"note: {message}" for message in back.notes)]


def _prediction(fit: Pooled, low: float, high: float, share: str) -> str:
    if fit.method == "EE":
        return "no prediction: one effect is assumed"
    if np.isnan(low):
        return f"no prediction interval ({fit.prediction_kind()}, k = {fit.k})"
    return f"{share} PI {number(low, 2)} to {number(high, 2)} ({prediction_label(fit)})"


def _spread(fit: Pooled) -> str:
    if fit.k < 2:
        return "tau2, I2 and Q do not exist for a single study"
    q = f"Q({fit.q_df:g}) = {number(fit.q, 1)}, {p_equation(fit.q_p)}"
    if fit.method == "EE":
        return f"I2 {percent(fit.i2 / 100)} (from Q)   {q}"
    if fit.options.tau2 is not None:
        return f"tau2 {_size(fit.tau2)} (fixed)   I2 {percent(fit.i2 / 100)}   {q}"
    with quiet():
        found = fit.tau2_set("QP")
    shown = f"[{_size(found.low)}, {_size(found.high)}] (Q-profile{', empty set' if found.empty else ''})"
    return f"tau2 {_size(fit.tau2)} {shown}   I2 {percent(fit.i2 / 100)}   {q}"


def _size(tau2: float) -> str:
    """Three decimals, and more where they would hide a small variance."""
    return number(tau2) if tau2 == 0 or tau2 >= 0.01 else significant(tau2)
