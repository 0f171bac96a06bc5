"""Selection with a beta-shaped weight function of the p-value."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.arguments import check_arguments, idle_seed
from meta.bias.beta_likelihood import beta_terms
from meta.bias.likelihood_search import Likelihood, maximise
from meta.bias.selection_bootstrap import check_bootstrap
from meta.bias.selection_result import Sample, Selected, assemble, read_sample
from meta.effects.intake import data_of
from meta.errors import ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import number, p_equation
from meta.keywords import keywords

LARGEST = math.exp(5.0)
_STARTS = ((0.3, 1.35, 1.1), (0.1, 0.6, 1.2))


@dataclass(frozen=True, eq=False, repr=False)
class BetaSelection(Selected):
    """A fitted beta selection model, by maximum likelihood.

    ``weights`` (2,) are the exponents: a p-value is published with probability proportional to
    ``p^(weights[0] - 1) (1 - p)^(weights[1] - 1)``; (1, 1) means no selection. The other attributes are
    those of :class:`meta.bias.selection_result.Selected`.
    """

    def _weight_names(self) -> tuple[str, ...]:
        return ("exponent 1", "exponent 2")

    def _title(self) -> str:
        return "Beta selection model"

    def _likelihood(self, sample: Sample) -> Likelihood:
        return likelihood_of(sample)

    def _lines(self, digits: int) -> list[str]:
        a, b = (number(float(x)) for x in self.weights)
        return [
            *self._common(digits),
            f"exponents {a} and {b}; no selection: LR(2) = {number(self.lrt, 2)}, {p_equation(self.lrt_p)}",
        ]


def likelihood_of(sample: Sample) -> Likelihood:
    """The likelihood of a sample: coefficients, tau2 and the two exponents."""
    p = len(sample.names)

    def terms(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return beta_terms(sample.y, sample.v, sample.X, theta)

    return Likelihood(terms, p, p + 3, sample.spread, (1 / LARGEST, LARGEST))


@keywords
def beta_selection(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    moderators: Any = None,
    direction: str | None = None,
    cluster: Any = None,
    bootstrap: int = 0,
    seed: int | np.random.Generator | None = None,
    level: float = 0.95,
) -> BetaSelection:
    """Random-effects model of effects published with a probability that is a beta density of their p-value.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects; a meta-regression lends its moderators.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    moderators : str or array_like, optional
        Formula or arrays, as in :func:`meta.bias.selection_model`.
    direction : {"greater", "less"}, optional
        Tail of the one-sided p-values; by default the side of the equal-effects estimate.
    cluster : str or array_like, optional
        Clusters of dependent effects, for robust standard errors.
    bootstrap : int
        Samples of clusters (or studies) for a percentile interval in place of Wald's; 0 for none.
    seed : int, optional
        Of the bootstrap.
    level : float
        Confidence level.

    Returns
    -------
    BetaSelection

    References
    ----------
    Citkowicz & Vevea 2017, doi:10.1037/met0000119.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = beta_selection(es)
    >>> round(found.lrt, 2)
    4.68
    """
    check_arguments(beta_selection, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if direction == "two-sided":
        raise InputError("the beta weight function has one tail: direction must be 'greater' or 'less'")
    check_bootstrap(bootstrap)
    notes = Notes()
    if not bootstrap:
        idle_seed(seed, "without bootstrap", notes)
    sample = read_sample(es, moderators, cluster, direction, notes, at_least=5, what="a beta selection model")
    p = len(sample.names)
    if sample.effects.k <= p + 3:
        raise NotEstimableError(
            f"{sample.effects.k} studies can't support {p + 3} parameters: use fewer moderators"
        )
    of = likelihood_of(sample)
    tries = [(max(sample.tau2, 0.05 * of.spread), np.ones(2)), (0.0, np.ones(2))]
    tries += [(share * of.spread, np.array([a, b])) for share, a, b in _STARTS]
    fit = maximise(of, sample.beta, tries)
    if fit.at_bound or not fit.converged or np.isnan(fit.vcov[0, 0]):
        notes.warn(
            "the beta selection model is hardly identified: its standard errors are withheld",
            ConvergenceWarning,
        )
        fit = replace(fit, vcov=np.full_like(fit.vcov, np.nan))
    common = assemble(
        sample,
        of,
        fit,
        level=level,
        bootstrap=bootstrap,
        seed=seed,
        notes=notes,
        what="a beta selection model",
    )
    return BetaSelection(**common, warnings=notes.messages)
