"""The compact text of a pooled fit."""

from __future__ import annotations

import numpy as np

from meta.errors import quiet
from meta.formatting import interval, number, percent
from meta.pooling.pool_options import TESTS
from meta.pooling.pooled_numbers import PooledNumbers
from meta.results.print_out import Line, display_digits, has_null, heading, heterogeneity, read_as, table


def title(fit: PooledNumbers) -> str:
    """First line: the model, the estimator, the test, k and the measure."""
    equal = fit.method == "EE"
    parts = ["Equal-effects meta-analysis"] if equal else ["Random-effects meta-analysis", method_text(fit)]
    parts += [TESTS[fit.test].name if fit.k > 1 else "the study's own test", f"k = {fit.k}"]
    parts += ["user weights"] if fit.options.user_weights else []
    return heading(parts, fit.measure)


def method_text(fit: PooledNumbers) -> str:
    """The estimator's code, or the tau2 that was fixed."""
    return f"tau2 fixed at {fit.tau2:g}" if fit.options.tau2 is not None else fit.method


def prediction_label(fit: PooledNumbers) -> str:
    """Name of the fit's own prediction interval with its degrees of freedom, such as "HK, t12"."""
    kind = fit.prediction_kind()
    df = fit.prediction_df()
    return kind if np.isinf(df) else f"{kind}, t{df:.4g}"


def block(fit: PooledNumbers, digits: int = 3) -> list[str]:
    """The lines of the print-out but for the warnings; rounded for reading only."""
    share = percent(fit.level)
    back = fit.backtransform()
    line = Line.of(fit._terms()[0], _prediction(fit, back.pi_low, back.pi_high, share))
    places = display_digits(fit.measure)
    read = f"{read_as(fit.measure, back.display)} {number(back.estimate, places)}"
    shown = f"{read} {interval(back.ci_low, back.ci_high, places)}"
    lines = [
        title(fit),
        *table([line], fit.level, digits, head=shown, tested=has_null(fit.measure)),
    ]
    if fit.narrow:
        lines.append(
            f"floored   {interval(*fit.adhoc)} (ad hoc), because Hartung-Knapp's is narrower than "
            f"the classic {interval(*fit.classic)}"
        )
    return [*lines, spread(fit), *(f"note: {message}" for message in back.notes)]


def _prediction(fit: PooledNumbers, low: float, high: float, share: str) -> str:
    if fit.method == "EE":
        return "no prediction: one effect is assumed"
    if np.isnan(low):
        return f"no prediction interval ({fit.prediction_kind()}, k = {fit.k})"
    places = display_digits(fit.measure)
    return f"{share} PI {number(low, places)} to {number(high, places)} ({prediction_label(fit)})"


def spread(fit: PooledNumbers) -> str:
    """The line of heterogeneity."""
    if fit.k < 2:
        return "tau2, I2 and Q do not exist for a single study"
    q = (fit.q, fit.q_df, fit.q_p)
    if fit.method == "EE":
        return heterogeneity(q=q, more=[f"I2 {percent(fit.i2 / 100)} (from Q)"])[0]
    if fit.options.tau2 is not None:
        return heterogeneity(tau2=fit.tau2, how="fixed", i2=fit.i2, q=q)[0]
    with quiet():
        found = fit.tau2_set("QP")
    how = f"Q-profile{', empty set' if found.empty else ''}"
    return heterogeneity(tau2=fit.tau2, tau2_ends=(found.low, found.high), how=how, i2=fit.i2, q=q)[0]
