"""``meta.bayes``: from effect sizes and priors to a posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from meta.arguments import check_arguments, idle_seed, refuse_unused
from meta.bayes.default_priors import default_priors
from meta.bayes.model import Model, as_prior, check_integrates, check_priors
from meta.bayes.posterior import Posterior
from meta.bayes.prior_base import Prior
from meta.bayes.quadrature import fit_core
from meta.bayes.sampler_options import refuse_sampler, sampler_options
from meta.effects.double_precision import check_carried
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import as_effects, informative, numbers
from meta.errors import FewStudiesWarning, InputError, Notes, unknown_option
from meta.formatting import listing
from meta.kernels.bounded import make_rows
from meta.keywords import keywords

Engine = Literal["exact", "pymc"]
HETEROGENEITY = ("normal", "t")
ALPHA = 0.05
"""Two-sided level of truncation that is meant where none is said."""


@keywords
def bayes(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    effect: Any = None,
    tau: Any = None,
    engine: Engine = "exact",
    level: float = 0.95,
    seed: int | None = None,
    moderators: Any = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
    slopes: Any = None,
    truncated: Any = None,
    alpha: float = ALPHA,
    allow_failed: bool = False,
    heterogeneity: Literal["normal", "t"] = "normal",
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int | None = None,
    target_accept: float | None = None,
    nuts_sampler: str | None = None,
    progressbar: bool | None = None,
    sample_options: Mapping[str, Any] | None = None,
) -> Any:
    """Bayesian random-effects meta-analysis.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Effects of any kind: exact, bounds and mixtures enter the likelihood as what they are.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`.
    effect : Prior
        Prior of the mean effect mu; with ``moderators`` of every coefficient (or one prior each).
        Standardised differences have Normal(0, 1) and log ratios Normal(0, 0.5) by default; other
        measures have no default, as it would depend on their units.
    tau : Prior or float
        Prior of the heterogeneity, or its known value; by default HalfNormal(0.5) for standardised
        differences and HalfNormal(0.3) for log ratios.
    engine : {"exact", "pymc"}
        Quadrature (milliseconds) or sampling.
    level : float
        Level of intervals.
    seed : int, optional
        For the sampler; quadrature gives the same answer whatever it is, and says so.
    moderators : str, list of str, array, mapping or frame, optional
        As in `meta.regress`: a formula over the columns of ``es.frame``, names of columns, or values (k,) or
        (k, p). An intercept is added, unless a column of ones of your own stands for it (arrays are then
        named from x0 on).
    intercept : bool, optional
        Whether names and arrays of moderators get an intercept (True); formulas say so themselves.
    context : mapping of str to function, optional
        Functions of your own that the formula may call.
    slopes : Prior, RegularisedHorseshoe or LaplaceSlopes, optional
        With ``moderators``: prior of every coefficient but the intercept, which keeps ``effect``. The last
        two are for many moderators and need ``engine="pymc"``.
    truncated : array_like of bool or str, optional
        Rows that would not have been reported had they not been significant at ``alpha``; their
        likelihood is truncated accordingly.
    alpha : float
        Two-sided level of that truncation.
    allow_failed : bool
        Return the sampler's result even if its diagnostics fail.
    heterogeneity : {"normal", "t"}
        Distribution of the studies' own effects; heavy tails (Student t, 4 degrees of freedom) need
        ``engine="pymc"``.
    draws, tune, chains, cores, target_accept, nuts_sampler, progressbar : optional
        For the sampler, as in ``pymc.sample``: 2000 draws a chain after 1000 to tune, four chains one after
        the other, a target of 0.95 and no progress bar by default.
    sample_options : mapping, optional
        Any other argument of ``pymc.sample``, such as ``{"init": "adapt_diag"}``.

    Returns
    -------
    Posterior
        Or ``PosteriorRegression`` with moderators.

    References
    ----------
    Roever C (2020). Bayesian random-effects meta-analysis using the bayesmeta R package.
    doi:10.18637/jss.v093.i06

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05],
    ...                   effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> round(post.probability(above=0.0), 3)
    0.937
    """
    arguments = locals()
    check_arguments(bayes, arguments)
    notes = Notes()
    effects = as_effects(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    used = informative(effects, notes)
    if used.k == 0:
        raise InputError("no result has an effect, a bound or a mixture, so there is nothing to estimate")
    effect, tau_prior = _priors(effects.measure, effect, tau)
    if moderators is None and not isinstance(effect, Prior):
        raise InputError("one effect takes one prior; several belong to moderators=")
    if engine not in ("exact", "pymc"):
        raise unknown_option("engine", engine, ("exact", "pymc"))
    sampler = _sampler(arguments)
    if engine == "exact":
        idle_seed(seed, "with engine='exact'", notes)
    if moderators is not None:
        from meta.bayes.bayes_regression import bayes_regression

        found = bayes_regression(
            used,
            moderators=moderators,
            intercept=intercept,
            context=context,
            effect=effect,
            tau=tau_prior,
            slopes=slopes,
            engine=engine,
            level=level,
            seed=seed,
            allow_failed=allow_failed,
            sampler=sampler,
        )
        return replace(found, warnings=(*notes.messages, *found.warnings))
    refuse_unused("without moderators", {"intercept": intercept, "context": context})
    if slopes is not None:
        raise InputError("slopes= is the prior of moderators' coefficients; give moderators= too")
    model = build_model(used, effect, tau_prior, _mask(truncated, effects), alpha)
    if used.k < 3:
        notes.warn(
            f"k = {used.k}: the posterior of the heterogeneity, and so much else, depends on its prior "
            f"{tau_prior}",
            FewStudiesWarning,
        )
    if engine == "pymc":
        from meta.bayes.pymc_fit import fit_pymc

        return fit_pymc(
            model,
            effects=effects,
            level=level,
            seed=seed,
            notes=notes,
            allow_failed=allow_failed,
            heterogeneity=heterogeneity,
            sampler=sampler,
        )
    core = fit_core(model)
    return Posterior(effects, core, level, "exact", model.effect, model.tau, notes.messages)


def _sampler(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Options of the sampler; refused are those that the chosen engine or model would not use."""
    regression = arguments["moderators"] is not None
    if arguments["heterogeneity"] not in HETEROGENEITY:
        raise unknown_option("heterogeneity", arguments["heterogeneity"], HETEROGENEITY)
    if regression and arguments["truncated"] is not None:
        raise InputError("truncated= belongs to the model without moderators; leave one of the two out")
    if arguments["truncated"] is None and arguments["alpha"] != ALPHA:
        raise InputError("alpha= is the level of truncated=; give that too, or leave alpha out")
    heavy = arguments["heterogeneity"] != "normal"
    if heavy and regression:
        raise InputError("heterogeneity='t' belongs to the model without moderators; leave one of them out")
    if arguments["engine"] == "pymc":
        return sampler_options(arguments)
    if heavy:
        raise InputError("heterogeneity='t' needs the sampler: use engine='pymc'")
    refuse_sampler(arguments)
    return {}


def build_model(
    used: EffectSizes,
    effect: Prior,
    tau: Prior,
    truncated: np.ndarray | None = None,
    alpha: float = 0.05,
) -> Model:
    """Check data and priors and put them together; ``used`` holds informative rows only."""
    check_carried(used)
    rows = make_rows(
        used.yi,
        used.vi,
        lower=used.lower,
        upper=used.upper,
        mixtures=dict(used.mixtures),
        truncated=truncated,
        alpha=alpha,
    )
    effect, tau = effect.resolve(used.yi, used.vi), tau.resolve(used.yi, used.vi)
    check_priors(effect, tau)
    model = Model(rows, effect, tau, tuple(str(s) for s in used.study), _covariance(used))
    if model.covariance is not None and not rows.plain:
        raise InputError(
            "bounds, mixtures and truncation need independent sampling errors; drop the covariances"
        )
    check_integrates(model)
    return model


def _covariance(used: EffectSizes) -> np.ndarray | None:
    matrix = used.covariance
    if matrix is None or not np.any(matrix - np.diag(np.diag(matrix))):
        return None
    return matrix


def _mask(truncated: Any, effects: EffectSizes) -> np.ndarray | None:
    if truncated is None:
        return None
    if isinstance(truncated, (bool, np.bool_)):
        return np.full(int(effects.informative.sum()), bool(truncated))
    mask = numbers(effects, truncated, "truncated")
    gaps = [repr(str(label)) for label in effects.study[np.isnan(mask)]]
    if gaps:
        raise InputError(f"truncated must be known for every row: study {listing(gaps[:8])} has none")
    return mask.astype(bool)[effects.informative]


def _priors(measure: str, effect: Any, tau: Any) -> tuple[Any, Prior]:
    if effect is None or tau is None:
        default = default_priors(measure)
        effect, tau = default[0] if effect is None else effect, default[1] if tau is None else tau
    return (
        effect if isinstance(effect, Mapping | Sequence) else as_prior(effect, "effect"),
        as_prior(tau, "tau"),
    )
