"""The vocabulary of tables: which columns `tidy`, `glance` and `augment` have, and what each means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TIDY = (
    *("term", "estimate", "se", "statistic", "df", "p_value"),
    *("ci_low", "ci_high", "pi_low", "pi_high"),
)
"""Columns of every `tidy`, in this order; NaN where a result has no such number. A posterior's ``se`` is its
standard deviation, and its ``ci_low`` and ``ci_high`` are the ends of a credible interval.
"""
WORDS = ("model", "measure", "method", "test")
"""Columns of every `glance` that hold words; empty where there is none."""
NUMBERS = (
    *("level", "k", "tau2", "tau2_se", "i2", "h2", "q", "q_df", "q_p"),
    *("loglik", "aic", "bic", "aicc"),
)
"""Columns of every `glance` that hold numbers; NaN where there is none."""
GLANCE = WORDS + NUMBERS
AUGMENT = ("study", "yi", "vi", "sei", "ci_low", "ci_high", "weight", "fitted", "residual")
"""Columns of every `augment`, beside the caller's own; ``weight`` is in percent, NaN where there is none."""

EXTRA: Mapping[str, str] = {
    "group": "name of the subgroup",
    "part": "part of the model: location or scale; mean, selection, unadjusted or test",
    "component": "part of an ensemble: effect, heterogeneity or bias",
    "models": "models of the ensemble that have the component",
    "prior": "prior, or prior probability of the component",
    "posterior": "posterior probability of the component",
    "inclusion_bf": "Bayes factor of the models with the component against those without",
    "z": "normal statistic of a rank correlation",
    "chosen": "whether a rule takes this estimate",
    "sd": "posterior standard deviation, the same as se",
    "median": "posterior median",
    "df_residual": "denominator degrees of freedom of an F test",
    "p_boundary": "p-value of a variance by the mixture of chi-squared distributions at the boundary",
    "k": "number of studies",
    "tau2": "heterogeneity variance",
    "tau2_se": "standard error of tau2",
    "i2": "I2 in percent",
    "h2": "H2",
    "q": "Cochran's Q",
    "q_p": "p-value of Q",
    "loglik": "log-likelihood",
    "weight": "Akaike weight of a model",
    "observed": "observed number or statistic",
    "expected": "expected number",
    "mean": "mean of replicated statistics",
    "p": "P(replicated >= observed), the same as p_value",
    "low": "lower end of the central 95% of replicated statistics",
    "high": "upper end of the central 95% of replicated statistics",
    "study": "label of the study",
    "elpd": "expected log predictive density of the study",
    "pareto_k": "shape of the tail of the study's importance weights",
    "eta": "how many times likelier an affirmative study is to be published",
    "published": "assumed probability that the least precise study is published",
    "rho": "correlation of effect and propensity to be published",
    "unpublished": "expected number of unpublished studies",
    "residual_p": "p-value of small-study effects that remain",
    "tau": "heterogeneity standard deviation",
    "tau_mean": "posterior mean of tau",
    "tau_sd": "posterior standard deviation of tau",
    "probability": "posterior probability",
    "probability_below": "posterior probability of a mean effect below the limit",
    "log_evidence": "log marginal likelihood",
    "error": "estimated relative error of the quadrature",
    "converged": "whether the estimator converged",
    "supported": "probability of the verdict supported",
    "contradicted": "probability of the verdict contradicted",
    "inconclusive": "probability of no conclusive verdict",
    "mc_error": "Monte Carlo error of the probabilities",
    "conclusion": "verdict, or a proposed rating",
    "reason": "why",
    "display": "name of the scale on which the result is read",
    "display_estimate": "the estimate on the display scale",
    "display_low": "lower end of its interval on the display scale",
    "display_high": "upper end of its interval on the display scale",
}
"""Further columns that a `tidy` may have after the common ones."""


def tidy_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per mapping; the common columns first, then the others in the order in which they come.

    >>> tidy_frame([{"term": "pooled", "estimate": 0.5, "k": 3}]).columns.tolist()[-3:]
    ['pi_low', 'pi_high', 'k']
    """
    import pandas as pd

    given = list(rows)
    extra = list(dict.fromkeys(key for row in given for key in row if key not in TIDY))
    table = pd.DataFrame({name: [row.get(name, math.nan) for row in given] for name in (*TIDY, *extra)})
    return table.astype(dict.fromkeys(TIDY[1:], float))


def tidy_columns(columns: Mapping[str, Any]) -> pd.DataFrame:
    """The same from whole columns, for a result with very many rows.

    >>> tidy_columns({"term": ["1", "2"], "estimate": [0.5, 0.1]})["estimate"].tolist()
    [0.5, 0.1]
    """
    import pandas as pd

    size = len(columns["term"])
    common = {name: columns.get(name, [math.nan] * size) for name in TIDY}
    return pd.DataFrame(common | {name: values for name, values in columns.items() if name not in TIDY})


def glance_frame(result: Any, more: Mapping[str, Any]) -> pd.DataFrame:
    """One row: the common columns, from ``more`` or the result's attributes, then the rest of ``more``."""
    import pandas as pd

    row: dict[str, Any] = {}
    for name in GLANCE:
        missing: Any = "" if name in WORDS else math.nan
        value = more[name] if name in more else getattr(result, name, missing)
        row[name] = missing if value is None else value
    return pd.DataFrame([row | {key: value for key, value in more.items() if key not in row}])


def rows_of_table(frame: Any, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a table of coefficients, its index being the term."""
    kept = list(frame.columns) if names is None else list(names)
    return [
        {"term": str(term)} | {name: row[name] for name in kept}
        for term, row in zip(frame.index, frame.to_dict("records"), strict=True)
    ]
