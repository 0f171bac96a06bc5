"""Weights that hardly follow the effects: the two-step estimate for selective reporting and dependence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments
from meta.bias.common import Estimated, caution_flat, rows_of, tail_p
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import clusters_of, numbered
from meta.effects.intake import as_effects, data_of
from meta.errors import AssumptionWarning, FewStudiesWarning, InputError, Notes, NotEstimableError
from meta.kernels.cluster_robust import sandwich, satterthwaite
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.pooling.dependence import sampling_covariance

FEW_DF = 4.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BiasRobust(Estimated):
    """The two-step estimate.

    Attributes
    ----------
    estimate, se, statistic, p_value, ci_low, ci_high, df : float
        Mean effect with its bias-reduced cluster-robust error and Satterthwaite's degrees of freedom.
    share : ndarray of shape (k,)
        Weight of each effect in percent; a strongly correlated imprecise effect can have a negative one.
    rho : float
        Assumed correlation of the sampling errors within a cluster.
    clusters, k : int
        Number of clusters and of effects.
    level : float
        Confidence level.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    estimate: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    df: float
    share: np.ndarray
    rho: float
    clusters: int
    k: int
    level: float
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    def _shares(self) -> np.ndarray:
        return self.share

    def _terms(self) -> list[Mapping[str, Any]]:
        return [self._row("pooled")]

    def _facts(self) -> Mapping[str, Any]:
        return {"model": "bias-robust weights", "test": "CR2", "clusters": self.clusters, "rho": self.rho}

    def _lines(self, digits: int) -> list[str]:
        of = f"{self.k} effects in {self.clusters} clusters"
        parts = ["Bias-robust weights", "CR2", of, f"rho = {self.rho:g}"]
        return self._block(parts, self._terms(), digits)


@keywords
def bias_robust(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    cluster: Any = None,
    rho: float = 0.5,
    level: float = 0.95,
) -> BiasRobust:
    """Mean effect with equal-effects weights and cluster-robust errors.

    Random-effects weights give small studies, which suffer most from selection, nearly the weight of large
    ones. The first step therefore weighs by the inverse of the sampling covariance alone, with correlation
    ``rho`` within a cluster, as if there were no heterogeneity; the second takes a robust standard error,
    which holds although there is. No tail is favoured: the estimate turns with the sign of the effects.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array_like, optional
        Effects that depend on one another; without, every effect is its own cluster, refused where study
        labels repeat.
    rho : float
        Correlation of the sampling errors within a cluster.
    level : float
        Confidence level.

    Returns
    -------
    BiasRobust

    References
    ----------
    Yang et al. 2024, doi:10.1111/2041-210X.14377; Henmi & Copas 2010, doi:10.1002/sim.4029 (the idea).

    Examples
    --------
    >>> import meta
    >>> table = {"study": list("aabcdefg"), "yi": [0.2, 0.4, 0.1, 0.5, 0.3, 0.2, 0.4, 0.3], "vi": [0.02] * 8}
    >>> found = bias_robust(meta.effect_sizes(table, measure="GEN", study="study"), cluster="study", rho=0.0)
    >>> round(found.estimate, 3), found.clusters
    (0.3, 7)
    """
    check_arguments(bias_robust, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if not -1 < rho < 1:
        raise InputError(f"rho must lie between -1 and 1, not {rho}")
    notes = Notes()
    effects = as_effects(es)
    labels = clusters_of(effects, cluster)[effects.exact]
    used = rows_of(effects, notes, at_least=2, what="the bias-robust estimate")
    groups = numbered(labels)
    m = int(groups.max()) + 1
    if m < 2:
        raise NotEstimableError("robust standard errors need at least two clusters")
    S = sampling_covariance(used, groups, rho, None)
    fit = sandwich(used.yi, np.ones((used.k, 1)), S, groups, kind="CR2")
    w = np.linalg.solve(S if isinstance(S, np.ndarray) else S.toarray(), np.ones(used.k))
    estimate, se = float(w @ used.yi / w.sum()), float(np.sqrt(fit.vcov[0, 0]))
    df = float(satterthwaite(fit, np.eye(1))[0])
    if df < FEW_DF:
        notes.warn(f"{df:.2g} degrees of freedom are too few for a p-value to depend on", FewStudiesWarning)
    if np.any(w < 0):
        notes.warn(
            f"{int((w < 0).sum())} effects have a negative weight under rho = {rho:g}: try a lower rho",
            AssumptionWarning,
        )
    caution_flat(se, notes, "the bias-robust estimate")
    statistic = estimate / se if se > 0 else float("nan")
    half = float(quantile(0.5 + level / 2, df)) * se
    return BiasRobust(
        estimate=estimate,
        se=se,
        statistic=statistic,
        p_value=tail_p(statistic, df, "two-sided"),
        ci_low=estimate - half,
        ci_high=estimate + half,
        df=df,
        share=100 * w / w.sum(),
        rho=rho,
        clusters=m,
        k=used.k,
        level=level,
        warnings=notes.messages,
        effects=used,
    )
