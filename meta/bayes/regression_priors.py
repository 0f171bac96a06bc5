"""The design of a Bayesian regression, and one prior for each of its coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meta.bayes.model import as_prior
from meta.bayes.prior_base import Prior
from meta.effects.design import Design, build, refuse_uncalled
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, Notes


def design(
    es: EffectSizes,
    moderators: Any,
    notes: Notes,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
) -> Design:
    """The design of a Bayesian model: a column of ones of the caller's own is the intercept."""
    found = build(es, None, moderators, intercept, notes, context=context, own_ones=True)
    refuse_uncalled(context, found)
    return found


def priors_of(effect: Any, terms: tuple[str, ...]) -> tuple[Prior, ...]:
    """One prior per coefficient, of one for all, a sequence or a mapping of their names."""
    if isinstance(effect, Mapping):
        missing = [term for term in terms if term not in effect]
        if missing:
            raise InputError(f"no prior for {', '.join(missing)}; give one for each of {', '.join(terms)}")
        return tuple(as_prior(effect[term], term) for term in terms)
    if isinstance(effect, Prior):
        return (effect,) * len(terms)
    given = tuple(as_prior(prior, "effect") for prior in effect)
    if len(given) != len(terms):
        raise InputError(
            f"{len(terms)} coefficients ({', '.join(terms)}) need as many priors, not {len(given)}"
        )
    return given


def with_slopes(effect: Any, slopes: Any, made: Design) -> tuple[Prior, ...]:
    """The intercept's prior, and that of the slopes for every other coefficient."""
    if not isinstance(effect, Prior):
        raise InputError("with slopes= the effect takes one prior, that of the intercept")
    return tuple(
        effect if i == made.intercept else as_prior(slopes, term) for i, term in enumerate(made.names)
    )
