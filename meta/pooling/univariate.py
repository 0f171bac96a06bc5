"""Pooling one effect per study: :func:`pool`. For many meta-analyses at once see :mod:`meta.pooling.many`."""

from __future__ import annotations

from typing import Any, overload

from meta.arguments import check_arguments, refuse_unused
from meta.effects.intake import as_effects, column, usable, weights_of
from meta.effects.row_audit import repeated_studies
from meta.errors import DataWarning, Notes
from meta.keywords import keywords
from meta.pooling.fitting import fit_effects
from meta.pooling.pool_options import check_options
from meta.pooling.result import Pooled
from meta.pooling.subgroup_fits import Subgroups, fit_subgroups


@overload
def pool(
    es: Any = ..., *, yi: Any = ..., vi: Any = ..., sei: Any = ..., study: Any = ...,
    method: str | float = ..., test: str = ..., level: float = ..., by: None = ..., weights: Any = ...,
    common_tau2: bool | None = ..., measure: str | None = ...,
) -> Pooled: ...  # fmt: skip


@overload
def pool(
    es: Any = ..., *, yi: Any = ..., vi: Any = ..., sei: Any = ..., study: Any = ...,
    method: str | float = ..., test: str = ..., level: float = ..., by: Any, weights: Any = ...,
    common_tau2: bool | None = ..., measure: str | None = ...,
) -> Subgroups: ...  # fmt: skip


@keywords
def pool(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    method: str | float = "REML",
    test: str = "hksj",
    level: float = 0.95,
    by: Any = None,
    weights: Any = None,
    common_tau2: bool | None = None,
    measure: str | None = None,
) -> Pooled | Subgroups:
    """Pool effects with a random-effects (or equal-effects) model.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Effect sizes; or a table of any kind, of which ``yi``, ``vi`` (or ``sei``), ``study`` name columns.
        Rows whose effect is not exactly known are left out with a warning.
    yi, vi, sei : array_like or str, optional
        Effects, and their sampling variances or standard errors.
    study : array_like or str, optional
        Labels.
    method : str or float
        A key of :data:`meta.pooling.pool_options.ESTIMATORS`, or a number to fix tau2.
    test : str
        A key of :data:`meta.pooling.pool_options.TESTS`.
    level : float
        Confidence level.
    by : array_like or str, optional
        Subgroups; the result is then a :class:`meta.pooling.subgroups.Subgroups`.
    weights : array_like or str, optional
        Weights instead of inverse variances.
    common_tau2 : bool, optional
        With ``by``: estimate one tau2 for all subgroups (False: one for each).
    measure : str
        Code of the measure of ``yi``, for labels and display; "GEN" without.

    Returns
    -------
    Pooled or Subgroups

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; IntHout et al. 2014,
    doi:10.1186/1471-2288-14-25.

    Examples
    --------
    >>> fit = pool(yi=[0.1, 0.5, 0.9, 0.4], vi=[0.04, 0.05, 0.03, 0.06])
    >>> round(fit.estimate, 4), round(fit.tau2, 4)
    (0.4869, 0.0834)
    """
    check_arguments(pool, locals())
    options = check_options(method, test, level, weights)
    if by is None:
        refuse_unused("without by", {"common_tau2": common_tau2})
    notes = Notes()
    effects = as_effects(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    given = weights_of(effects, weights)
    if by is not None:
        return fit_subgroups(
            effects, column(effects, by, "by"), options=options, weights=given, common_tau2=common_tau2
        )
    effects, used = usable(effects, notes)
    for text in repeated_studies(effects):
        notes.warn(text, DataWarning)
    return fit_effects(effects, options, weights=None if given is None else given[used], notes=notes)
