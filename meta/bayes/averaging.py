"""Bayesian model averaging: effect x heterogeneity x publication bias."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from meta.arguments import check_direction, check_level, check_share, refuse_unused
from meta.bayes.bias_evidence import BiasFit, Cutoffs, fit_bias
from meta.bayes.bias_models import ENSEMBLES, PEESE, PET, Bias, WeightFunction
from meta.bayes.default_priors import AVERAGING_PRIORS, default_priors
from meta.bayes.effect_priors import Fixed
from meta.bayes.ensemble import EnsembleModel, ModelAverage
from meta.bayes.fit import build_model
from meta.bayes.model import Model, as_prior
from meta.bayes.prior_base import Prior
from meta.effects.intake import as_effects, informative
from meta.errors import (
    ConvergenceWarning,
    FewStudiesWarning,
    InputError,
    Notes,
    NotEstimableError,
    unknown_option,
)
from meta.keywords import keywords

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes

MAX_ERROR = 0.005
_OLD = {"positive": "greater", "negative": "less"}
"""What version 0.1 called the two directions."""


@keywords
def model_average(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    effect: Prior | None = None,
    tau: Prior | None = None,
    bias: str | Sequence[Bias] | None = None,
    direction: str | None = None,
    p_effect: float = 0.5,
    p_heterogeneity: float = 0.5,
    p_bias: float | None = None,
    cutoffs: Cutoffs | None = None,
    level: float = 0.95,
) -> ModelAverage:
    """Average over models with and without an effect, heterogeneity and publication bias.

    Every marginal likelihood is an integral computed by quadrature, with an estimate of its error.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Exact, independent effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`.
    effect, tau : Prior, optional
        Proper priors of mu and tau where they are not zero. For standardised differences by default
        Normal(0, 1) and InverseGamma(1, 0.15), as in RoBMA; for log ratios those of :func:`meta.bayes`.
    bias : str or sequence, optional
        None: four models without bias. ``"psma"``: the 36 models of RoBMA-PSMA (six weight functions, PET
        and PEESE). ``"pp"``: PET and PEESE. ``"two-sided"``: two two-sided weight functions. Or any
        ``WeightFunction``, ``PET`` and ``PEESE`` of ``meta.bayes.bias_models``, with their weights. The
        named ensembles' slope of PEESE is scaled for standardised mean differences.
    direction : {"greater", "less"}, optional
        Which effects one-sided selection, PET and PEESE take to be favoured; "greater" without.
    p_effect, p_heterogeneity : float
        Prior probabilities of these two components.
    p_bias : float, optional
        Prior probability of bias: 0.5 if there are models with it.
    cutoffs : callable, optional
        Maps a one-sided p-value to the k effects, in the favoured direction, that have exactly that
        p-value; by default those of the normal test. RoBMA takes those of the t-test.
    level : float
        Level of intervals.

    Returns
    -------
    ModelAverage

    Notes
    -----
    With t-test cutoffs, Fisher's z and the priors halved accordingly, the published RoBMA 2.x analysis of
    Bem (2011) is reproduced: its model probabilities and Bayes factors to the error of its bridge
    sampling. With two or fewer studies the priors decide.

    References
    ----------
    Bartos F et al. (2023). Robust Bayesian meta-analysis: model-averaging across complementary publication
    bias adjustment methods. doi:10.1002/jrsm.1594

    Gronau QF et al. (2017). A Bayesian model-averaged meta-analysis of the power pose effect with informed
    and default priors. doi:10.1080/23743603.2017.1326760

    Examples
    --------
    >>> import meta
    >>> from meta.bayes.averaging import model_average
    >>> got = model_average(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05],
    ...                     effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> round(got.bf_effect, 3), round(got.bf_heterogeneity, 3), round(got.estimate, 3)
    (2.075, 0.931, 0.195)
    """
    check_level(level)
    effects = as_effects(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    found = _ensemble(bias)
    side = _side(direction)
    given = None if direction in _OLD else direction  # the old words have had their warning
    _refuse_idle(found, {"direction": given, "cutoffs": cutoffs, "p_bias": p_bias})
    p_bias = 0.5 if p_bias is None else p_bias
    notes = Notes()
    model = _checked(effects, effect, tau, notes)
    for name, share in {"p_effect": p_effect, "p_heterogeneity": p_heterogeneity, "p_bias": p_bias}.items():
        check_share(share, name)
    total = sum(one.weight for one in found)
    kinds: list[tuple[Bias | None, float]] = [(None, 1.0 - p_bias if found else 1.0)]
    kinds += [(one, p_bias * one.weight / total) for one in found]
    cells, fits = [], []
    for (kind, share), has_effect, has_tau in product(kinds, (False, True), (False, True)):
        weight = share * (p_effect if has_effect else 1 - p_effect)
        cells.append(
            (kind, has_effect, has_tau, weight * (p_heterogeneity if has_tau else 1 - p_heterogeneity))
        )
        fits.append(
            fit_bias(
                model.rows.y,
                model.rows.v,
                bias=kind,
                effect=model.effect if has_effect else None,
                tau=model.tau if has_tau else None,
                sign=-1.0 if side == "less" else 1.0,
                cutoffs=cutoffs,
            )
        )
    models = _weigh(cells, fits)
    _note_limits(models, model.k, notes)
    return ModelAverage(
        effects,
        models,
        level,
        model.effect,
        model.tau,
        side,
        tuple(fit.mu for fit in fits),
        notes.messages,
    )


def _side(direction: str | None) -> str:
    """The favoured side; the words of version 0.1 are understood, and said to be old."""
    if direction in _OLD:
        new = _OLD[str(direction)]
        warnings.warn(
            f"direction={direction!r} is now called {new!r}, as in every other function",
            DeprecationWarning,
            stacklevel=3,
        )
        return new
    check_direction(direction, ("greater", "less"))
    return direction or "greater"


def _refuse_idle(found: tuple[Bias, ...], given: dict[str, Any]) -> None:
    """Refuse options that none of the models of bias would read."""
    if not found:
        refuse_unused("without bias", given)
    functions = [one for one in found if isinstance(one, WeightFunction)]
    if all(one.sided == "two" for one in functions) and len(functions) == len(found):
        refuse_unused("with two-sided weight functions alone", {"direction": given["direction"]})
    if not functions:
        refuse_unused("without a weight function", {"cutoffs": given["cutoffs"]})


def _weigh(
    cells: list[tuple[Bias | None, bool, bool, float]], fits: list[BiasFit]
) -> tuple[EnsembleModel, ...]:
    log = np.array([np.log(cell[3]) + fit.log_evidence for cell, fit in zip(cells, fits, strict=True)])
    posterior = np.exp(log - special.logsumexp(log))
    return tuple(
        EnsembleModel(
            has_effect,
            has_tau,
            "none" if kind is None else str(kind),
            prior,
            fit.log_evidence,
            float(share),
            fit.error,
            0.0 if fit.mu is None else float(fit.mu.mean),
            fit.tau,
        )
        for (kind, has_effect, has_tau, prior), fit, share in zip(cells, fits, posterior, strict=True)
    )


def _note_limits(models: tuple[EnsembleModel, ...], k: int, notes: Notes) -> None:
    if k < 3:
        notes.warn(
            f"k = {k}: model probabilities depend on the priors far more than on the data",
            FewStudiesWarning,
        )
    worst = max(models, key=lambda m: m.posterior * m.error)
    if not worst.posterior * worst.error < MAX_ERROR:
        notes.warn(
            f"the marginal likelihood of the model with bias {worst.bias!r} has a relative numerical error "
            f"of {worst.error:.2g}, which moves the averaged answer by up to "
            f"{worst.posterior * worst.error:.2g}",
            ConvergenceWarning,
        )


def _ensemble(bias: str | Sequence[Bias] | None) -> tuple[Bias, ...]:
    if bias is None:
        return ()
    if isinstance(bias, str):
        if bias not in ENSEMBLES:
            raise unknown_option("bias", bias, tuple(ENSEMBLES))
        return ENSEMBLES[bias][0]
    found = tuple(bias)
    for one in found:
        if not isinstance(one, WeightFunction | PET | PEESE):
            raise InputError(f"bias takes WeightFunction, PET and PEESE, not {one!r}")
    return found


def _checked(effects: EffectSizes, effect: Prior | None, tau: Prior | None, notes: Notes) -> Model:
    if effect is None or tau is None:
        default = default_priors(effects.measure, AVERAGING_PRIORS)
        effect, tau = default[0] if effect is None else effect, default[1] if tau is None else tau
    effect, tau = as_prior(effect, "effect"), as_prior(tau, "tau")
    used = informative(effects, notes)
    if used.k == 0:
        raise InputError("no result has an effect, so there is nothing to average")
    if isinstance(tau, Fixed):
        raise InputError(
            "tau takes a prior here, because a model without heterogeneity is always averaged over"
        )
    model = build_model(used, effect, tau)
    if not model.rows.plain or model.covariance is not None:
        raise InputError(
            "model averaging needs exact, independent effects; bounds, mixtures and covariances belong to "
            "meta.bayes"
        )
    for name, prior in (("effect", model.effect), ("tau", model.tau)):
        if not prior.proper:
            raise NotEstimableError(
                f"model averaging needs proper priors, but the prior of {name} is {prior}; choose one that "
                "integrates"
            )
    return model
