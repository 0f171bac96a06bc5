"""Whether the numbers of a loaded result can be true: ranges, intervals and shapes by the fields' names.

One vocabulary serves all results, so that the name of a field says what its value must satisfy. NaN stands
for what could not be estimated and passes every check of a range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from meta.errors import InputError

SLACK = 1e-8
"""Relative: limits and estimates that were computed in two ways may differ in the last digits."""
TABLES_OF_THE_USER = frozenset({"EffectSizes", "Design"})
"""Classes whose tables hold columns that the user named."""
INTERNAL = frozenset(
    {
        *("Stacked", "Sandwich", "Conditional", "ConditionalRegression", "ShrinkageMap", "Axis", "Panels"),
        *("PanelDensity", "Tensor", "Lines", "Rows", "SelectionFit", "Sample", "Uniform", "Draws"),
    }
)
"""Parts of engines and priors: their fields have the shapes below, but not the names of results."""

_CI = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "df")
_OF_THE_FIT = ("tau2", "tau2_se", "q", "q_p", "i2", "h2", "loglik", "iterations", "converged", "at_boundary")
LENGTHS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Pooled": (("weights", "=k"),),
    "PooledMany": ((*_CI, "k", *_OF_THE_FIT),),
    "PooledCounts": (("study", "yi", "vi", "weights"),),
    "Regression": (("yi", "vi", "user_weights"), ("beta", "vcov.0", "vcov.1", "df")),
    "LocationScale": (
        ("beta", "vcov.0", "vcov.1"),
        ("alpha", "alpha_vcov.0", "alpha_vcov.1"),
        ("tau2", "i2"),
    ),
    "Multilevel": (
        ("beta", "vcov.0", "vcov.1", "df"),
        ("S.0", "S.1", "marginal.0", "marginal.1"),
        ("sigma2", "sigma2_se"),
    ),
    "Network": (("d", "phi.0", "phi.1", "vcov.0", "vcov.1", "slope.0", "slope.1"),),
    "NetworkComponents": (("names", "design.1", "theta", "vcov.0", "vcov.1", "rows_of_theta.0"),),
    "NetworkPosterior": (("nodes", "weights"),),
    "NetworkData": (("arm_trial", "arm_treatment", "arm_n", "arm_events"),),
    "Contrasts": (("y", "trial", "treatment", "base"),),
    "EffectSizes": (("yi", "covariance.0", "covariance.1"),),
    "DoseResponse": (
        ("dose", "origin"),
        ("beta", "vcov.0", "vcov.1", "df"),
        ("psi.0", "psi.1"),
    ),
    "DosePosterior": (("tau_nodes", "weights", "means.0", "covs.0"), ("means.1", "covs.1", "covs.2")),
    "RandomTerm": (("group", "z.0", "place.0"),),
    "Robust": (("names", "beta", "vcov.0", "vcov.1", "dfs"), ("labels", "variances")),
    "Sandwich": (
        ("vcov.0", "vcov.1", "bread.0", "bread.1", "halves.1"),
        ("=clusters", "halves.0"),
        ("working.0", "working.1", "halves.2"),
        ("vcov.0", "own.1", "own.2", "left.1", "right.1", "determined"),
        ("=clusters", "own.0", "left.0", "right.0"),
        ("left.2", "right.2"),
    ),
    "WildBootstrap": (("=reps", "statistics"),),
    "PermutationTest": (("names", "p_values", "observed", "statistics.1"), ("=n", "statistics.0")),
    "LeaveOneOut": (("study", "pointwise", "pareto_k"),),
    "PredictiveCheck": (("study", "yi.1"),),
    "BoundedPool": (("study", "=k"),),
    "Copas": (
        ("published", "estimate", "se", "ci_low", "ci_high", "tau2", "rho", "unpublished", "residual_p"),
    ),
    "Design": (("names", "X.1"),),
    "Counts": (("study", "columns.each"),),
    "Rows": (("y", "v", "lower", "upper", "values.0", "weights.0", "cutoff"), ("values.1", "weights.1")),
    "Model": (("study",),),
    "AnalyticCore": (("y", "v"), ("nodes", "weights")),
    "DrawsCore": (("mu_draws", "tau_draws", "new_draws", "theta_draws.0"),),
    "Conditional": (("log_likelihood", "mean", "variance"),),
    "Panels": (("low", "high", "z.0", "log_values.0"), ("z.1", "log_values.1")),
    "Tensor": (("tau_low", "tau_high", "log_values.0"), ("mu_low", "mu_high", "log_values.2")),
    "Stacked": (
        ("y.0", "q.0", "V.0", "K.1", "rows.0"),
        ("y.1", "q.1", "V.1", "V.2", "rows.1"),
        ("r.0", "r.1", "q.2"),
    ),
    "NormalMixture": (("means", "sds", "weights"),),
    "NormalMixturePrior": (("means", "sds", "weights"),),
    "PosteriorRegression": (("terms", "priors", "marginals", "design.1"),),
    "BatchPosterior": (
        ("estimate", "sd", "tau_mean", "tau_sd", "log_evidence", "probability_below", "error"),
    ),
    "SelectionModel": (("weights", "weights_se", "steps", "counts"), ("names", "vcov.0", "vcov.1")),
    "BetaSelection": (("weights", "weights_se"), ("names", "vcov.0", "vcov.1")),
    "SelectionFit": (("theta", "vcov.0", "vcov.1", "scores.1"),),
    "Sample": (("y", "v", "X.0"), ("names", "beta", "X.1")),
    "SignificanceFunnel": (("affirmative", "yi", "sei", "=k"),),
    "ExcessSignificance": (("power", "=k"),),
    "LimitMetaAnalysis": (("shrunken", "=k"),),
    "BiasRobust": (("share", "=k"),),
    "PCurve": (("significant", "=k"),),
    "WeightedMean": (("powered", "=k"),),
}
"""Fields of one length by class: ``name.axis`` of an array, ``=name`` where the field is the length."""


def check_result(made: Any) -> None:
    """Refuse an instance whose numbers cannot be those of a result; the message names the first of them."""
    if not is_dataclass(made):
        return
    name = type(made).__name__
    values: dict[str, Any] = {item.name: getattr(made, item.name, None) for item in fields(made)}
    _check_whole(name, {item.name: str(item.type) for item in fields(made)}, values)
    if name not in INTERNAL:
        _check_numbers(name, values)
        for field, value in values.items():
            if name not in TABLES_OF_THE_USER and hasattr(value, "columns") and hasattr(value, "dtypes"):
                _check_numbers(f"table {field!r} of the {name}", {str(key): x for key, x in value.items()})
    for group in LENGTHS.get(name, ()):
        _check_lengths(name, group, values)
    if type(made).__name__ == "Multilevel":
        _check_terms(made)


def _check_terms(made: Any) -> None:
    """Random terms that name a group for each row of the fit."""
    for term in getattr(made, "terms", None) or ():
        if hasattr(term, "group") and len(term.group) != made.design.X.shape[0]:
            raise InputError(f"group of the random term {term.name!r} in the file has not one value per row")


def _check_whole(name: str, types: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Refuse counts that are not whole numbers of zero or more."""
    for field, kind in types.items():
        if kind.split("|")[0].strip() == "int" or field in ("k", "k0"):
            x = _numbers(values[field])
            _refuse(x is not None and (x % 1 != 0) | (x < 0), name, field, x, "a whole number of at least 0")


def _check_numbers(name: str, values: Mapping[str, Any]) -> None:
    known = {field: x for field, value in values.items() if (x := _numbers(value)) is not None}
    for field, x in known.items():
        for bad, demand in _ranges(field, x):
            _refuse(bad, name, field, x, demand)
    # Percentiles of a bootstrap and intervals of a posterior's mean need not hold the estimate.
    loose = bool(np.any(known.get("replicates", 0))) or name.startswith("table ")
    for low, high, inside in _intervals(known):
        _check_interval(name, known, low, high, "" if loose else inside)


def _ranges(field: str, x: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """Where a field's value is out of its range, and the range in words."""
    if _is_probability(field):
        yield (x < -SLACK) | (x > 1 + SLACK), "between 0 and 1"
    if field == "level":
        yield (x <= 0) | (x >= 1), "between 0 and 1"
    if field in ("se", "sei", "sd", "sds") or field.endswith(("_se", "_sd")) or field.startswith("se_"):
        yield (x < 0) | np.isinf(x), "finite and at least 0"
    if field in ("i2", "i2_q", "r2"):
        yield (x < 0) | (x > 100 + SLACK), "between 0 and 100"
    if field in ("q", "qe", "qm", "h2", "h2_q", "vi", "v", "dispersion") or field.startswith(
        ("tau2", "sigma2")
    ):
        yield x < 0, "at least 0"
    if field in ("df", "dfs", "df1", "df2") or field.endswith(("_df", "_df_residual")):
        yield x < -1, "at least -1"  # k - 1 where a batch has a meta-analysis of no study
    if field in ("estimate", "beta", "yi", "y"):
        yield np.isinf(x), "finite"
    if field in ("vcov", "alpha_vcov") and x.ndim == 2:
        yield np.asarray((x < 0) & np.eye(len(x), x.shape[1], dtype=bool)), "at least 0 on its diagonal"


def _is_probability(field: str) -> bool:
    return (
        field in ("p", "p_value", "p_values", "probability", "assurance", "posterior")
        or field.endswith("_p")
        or field.startswith(("p_", "probability_"))
    )


def _intervals(known: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str, str]]:
    """Pairs of limits with the field that lies between them; empty where there is none."""
    for low in known:
        stem, found, rest = low.rpartition("low")
        high = f"{stem}high"
        if found and not rest and high in known:
            middle = "estimate" if stem in ("ci_", "pi_") else stem.removesuffix("_")
            yield low, high, middle if middle in known else ""
    if "lower" in known and "upper" in known:
        yield "lower", "upper", ""


def _check_interval(name: str, known: Mapping[str, np.ndarray], low: str, high: str, inside: str) -> None:
    lower, upper = known[low], known[high]
    if lower.shape != upper.shape:
        raise InputError(f"{low} and {high} of the {name} in the file have different shapes")
    with np.errstate(invalid="ignore"):
        slack = SLACK * np.maximum(1.0, np.where(np.isfinite(lower), np.abs(lower), 1.0))
        _refuse(lower > upper + slack, name, low, lower, f"at most {high}")
        if inside and known[inside].shape == lower.shape:
            x = known[inside]
            _refuse((x < lower - slack) | (x > upper + slack), name, inside, x, f"between {low} and {high}")


def _check_lengths(name: str, group: tuple[str, ...], values: Mapping[str, Any]) -> None:
    found: dict[str, int] = {}
    for key in group:
        field, _, axis = key.strip("=").partition(".")
        value = values.get(field)
        if value is None:
            continue
        if "=" in key:
            found[field] = int(value)
        elif axis == "each":
            found |= {f"{field}[{i}]": len(item) for i, item in enumerate(value)}
        elif np.ndim(value) > int(axis or 0) and hasattr(value, "shape"):
            found[key] = value.shape[int(axis or 0)]
        elif hasattr(value, "__len__"):
            found[key] = len(value)
        else:
            raise InputError(f"{field} of the {name} in the file has no length")
    if len(set(found.values())) > 1:
        told = ", ".join(f"{key} {size}" for key, size in found.items())
        raise InputError(f"the lengths of the {name} in the file do not agree: {told}")


def _numbers(value: Any) -> np.ndarray | None:
    """A number, an array of numbers or a column as floats; None for anything else."""
    if isinstance(value, bool) or not (isinstance(value, int | float) or hasattr(value, "dtype")):
        return None
    if getattr(getattr(value, "dtype", None), "kind", "f") not in "iuf":
        return None
    return np.asarray(value, dtype=float)


def _refuse(bad: Any, name: str, field: str, x: np.ndarray | None, demand: str) -> None:
    if x is not None and np.any(bad):
        flat = np.broadcast_to(bad, x.shape).ravel() if np.shape(bad) == x.shape else np.ones(x.size, bool)
        raise InputError(f"{field} of the {name} in the file must be {demand}, not {x.ravel()[flat][0]:g}")
