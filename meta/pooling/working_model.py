"""What cluster-robust inference reads from a fit: effects, X, working covariance, and the rows it used."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError
from meta.results.abilities import RobustErrors, WithMarginal, WithTau2
from meta.tables.containers import one_column
from meta.tables.labels import labelled


def pieces_of(fit: Any) -> tuple[EffectSizes, np.ndarray, np.ndarray, np.ndarray, tuple[str, ...], Any]:
    """Effects, X, marginal covariance, coefficients, names and weights of a fit."""
    if isinstance(fit, RobustErrors):  # it has a mean and tau2 too, which would hide its other coefficients
        raise InputError("these are cluster-robust errors already; give the fit that they belong to, .fit")
    own = getattr(fit, "user_weights", None)
    weights = None if own is None else np.asarray(own, dtype=float)
    if isinstance(fit, WithMarginal):
        return fit.es, fit.X, fit.marginal, fit.beta, fit.names, weights
    if isinstance(fit, WithTau2):
        effects = fit.effects
        marginal = np.diag(effects.vi + fit.tau2)
        return effects, np.ones((effects.k, 1)), marginal, np.array([fit.estimate]), ("Intercept",), weights
    raise InputError(f"robust needs a fit of effect sizes, got {type(fit).__name__}")


def used_labels(fit: Any, es: EffectSizes, cluster: Any) -> Any:
    """Labels of the rows that the fit used, where one was given for every row of the data."""
    design = getattr(fit, "design", None)
    if design is None or isinstance(cluster, str) or design.rows.all():
        return cluster
    if not hasattr(cluster, "__len__") or len(cluster) != design.rows.size:
        return cluster
    if labelled(cluster):
        own = [] if es.index is None else list(es.index)
        known = bool(own) and cluster.index.is_unique and set(own) <= set(cluster.index)
        return cluster.loc[own] if known else cluster
    return one_column(cluster, "cluster")[design.rows]
