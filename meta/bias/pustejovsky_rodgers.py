"""Pustejovsky and Rodgers' regression test for standardised mean differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_direction
from meta.bias.common import caution_few, rows_of
from meta.bias.egger_regression import RegressionTest, adjusted, regression_test, with_sizes
from meta.effects.intake import data_of
from meta.errors import Notes
from meta.keywords import keywords


@keywords
def pustejovsky_rodgers(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    n1: Any = "n1",
    n2: Any = "n2",
    direction: str = "two-sided",
    moderators: Any = None,
    level: float = 0.95,
) -> RegressionTest:
    """Egger's test for standardised mean differences without the built-in correlation.

    A standardised mean difference and its own standard error are correlated by construction, which inflates
    the error rate of Egger's test; the predictor here is ``sqrt(1/n1 + 1/n2)``, with weights 1/v.

    Parameters
    ----------
    es : EffectSizes
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    n1, n2 : str or array_like
        Group sizes: columns (by default those the effects were computed from) or arrays.
    direction : {"two-sided", "greater", "less"}
        As in :func:`egger`.
    moderators : str or array_like, optional
        A formula over the caller's columns, or columns, to adjust for.
    level : float
        Of the interval of the limit estimate.

    Returns
    -------
    RegressionTest

    References
    ----------
    Pustejovsky & Rodgers 2019, doi:10.1002/jrsm.1332.

    Examples
    --------
    >>> from meta import EffectSizes
    >>> es = EffectSizes([0.9, 0.5, 0.4, 0.35, 0.1, 0.3, 0.2, 0.8, 0.2, 0.15],
    ...                  [0.2, 0.1, 0.08, 0.05, 0.02, 0.06, 0.03, 0.25, 0.04, 0.02], "SMD", range(10))
    >>> n = [10, 20, 25, 40, 100, 34, 67, 8, 50, 100]
    >>> test = pustejovsky_rodgers(es, n1=n, n2=n)
    >>> test.predictor, test.p_value < 0.01
    ('sqrt(1/n1 + 1/n2)', True)
    """
    check_arguments(pustejovsky_rodgers, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    check_direction(direction)
    notes = Notes()
    effects, sizes = with_sizes(es, {"n1": n1, "n2": n2})
    effects = rows_of(effects, notes, what="Pustejovsky and Rodgers' test")
    x, others = np.sqrt(1 / sizes["n1"] + 1 / sizes["n2"]), None
    if moderators is not None:
        keep, others = adjusted(effects, moderators, notes)
        effects, x = effects.subset(keep), x[keep]
    caution_few(effects.k, notes, "Pustejovsky and Rodgers' test")
    return regression_test(
        "Pustejovsky and Rodgers' test",
        effects.yi,
        x,
        1 / effects.vi,
        predictor="sqrt(1/n1 + 1/n2)",
        direction=direction,
        notes=notes,
        others=others,
        effects=effects,
        level=level,
    )
