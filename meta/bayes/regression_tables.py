"""Tables of a Bayesian meta-regression: contrasts, predictions, rows with fitted values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import floats
from meta.bayes.distributions import shortest_interval
from meta.bayes.regression_numbers import RegressionNumbers
from meta.effects.design import index_of
from meta.errors import InputError, NotEstimableError
from meta.kernels.inference import quantile
from meta.results.back_transformation import on_display
from meta.results.checked_options import without_intervals
from meta.results.linear_contrasts import named_rows, weights_of

if TYPE_CHECKING:
    import pandas as pd


def _weights(post: RegressionNumbers, L: Any) -> tuple[np.ndarray, list[str]]:
    named = named_rows(L, post.terms)
    if named is not None:
        return np.vstack([_one(post, item) for item in named.values()]), list(named)
    given = _one(post, L) if isinstance(L, Mapping) else floats(L, "the contrast", ndim=(0, 1, 2))
    rows = np.atleast_2d(given)
    if rows.shape[1] != len(post.terms):
        known = ", ".join(post.terms)
        raise InputError(f"a contrast needs {len(post.terms)} weights ({known}), got {rows.shape[1]}")
    return rows, [f"contrast {i + 1}" for i in range(len(rows))]


def _one(post: RegressionNumbers, item: Any) -> np.ndarray:
    if isinstance(item, str):
        return weights_of(item, post.terms, post.moderators)
    unknown = [name for name in item if name not in post.terms]
    if unknown:
        raise InputError(f"no coefficient is called {unknown[0]!r}; coefficients: {', '.join(post.terms)}")
    return np.array([float(item.get(name, 0.0)) for name in post.terms])


def contrast_table(post: RegressionNumbers, L: Any, level: float) -> pd.DataFrame:
    """One row per combination of the coefficients."""
    import pandas as pd

    rows, names = _weights(post, L)
    found = []
    for row in rows:
        own = post.joint.combined(row)
        low, high = shortest_interval(own, level)
        middle = float(own.ppf(np.array(0.5)))
        numbers = (float(own.mean), float(own.sd), middle, low, high)
        found.append(dict(zip(("estimate", "sd", "median", "ci_low", "ci_high"), numbers, strict=True)))
    return pd.DataFrame(found, index=pd.Index(names, name="term"))


def predictions(post: RegressionNumbers, new: Any, level: float, scale: str, interval: str) -> pd.DataFrame:
    """One row per row of new data, or per study."""
    import pandas as pd

    if new is not None and post.moderators is None:
        raise NotEstimableError("the moderators were not saved with this posterior: fit it again")
    x = np.asarray(post.design) if new is None else post.moderators.new(new)  # type: ignore[union-attr]
    names = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")
    found = np.full((len(x), len(names)), np.nan)
    for i, row in enumerate(x):
        if np.isfinite(row).all():
            mean, fresh = post.joint.combined(row), post.joint.new(row)
            ends = (*shortest_interval(mean, level), *shortest_interval(fresh, level))
            found[i] = (float(mean.mean), float(mean.sd), *ends)
    columns = dict(zip(names, found.T, strict=True))
    if scale == "display":
        columns |= on_display(post.effects, columns)
    index = pd.Index(post.effects.study) if new is None else index_of(new)
    return pd.DataFrame(without_intervals(columns, interval), index=index)


def augmented(post: RegressionNumbers) -> pd.DataFrame:
    """The caller's columns with each effect's own interval and what the moderators predict."""
    es = post.effects
    half = float(quantile(0.5 + post.level / 2, np.inf)) * es.sei
    fitted = np.asarray(post.design) @ np.array([float(one.mean) for one in post.marginals])
    own: dict[str, Any] = {"ci_low": es.yi - half, "ci_high": es.yi + half, "weight": np.nan}
    return es.frame.assign(**own, fitted=fitted, residual=es.yi - fitted)
