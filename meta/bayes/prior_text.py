"""Priors as people write them: ``normal(0, 1)``, ``halfnormal(scale=0.5)``, or a number for a known value."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import Any

from meta.bayes import priors
from meta.bayes.effect_priors import Fixed
from meta.bayes.prior_base import Prior
from meta.errors import InputError

NAMES = (
    *(name for name in priors.__all__ if name not in ("Prior", "Fixed", "NormalMixturePrior")),
    *("DuMouchel", "Shrinkage", "Jeffreys", "informed", "turner", "rhodes", "van_erp"),
)


def parse_prior(text: str) -> Prior:
    """Read a prior from its text.

    Parameters
    ----------
    text : str
        A name of :data:`NAMES`, in any case, with numbers or words in brackets; or a number.

    Raises
    ------
    InputError
        If it cannot be read; the sentence names the priors that there are.

    Examples
    --------
    >>> print(parse_prior("normal(0, 1)"), parse_prior("half-normal(scale=0.5)"), parse_prior("0.3"))
    Normal(mean=0, sd=1) HalfNormal(scale=0.5) Fixed(value=0.3)
    """
    name, bracket, rest = text.strip().partition("(")
    if not bracket:
        return _without_arguments(text)
    known = {_plain(item): item for item in NAMES}
    found = known.get(_plain(name))
    if found is None:
        near = get_close_matches(_plain(name), known, n=1)
        hint = f"did you mean {known[near[0]]}? " if near else ""
        raise InputError(f"unknown prior {name!r}; {hint}there are: {', '.join(NAMES)}")
    values, named = _arguments(text, f"f({rest}")
    try:
        prior = getattr(priors, found)(*values, **named)
    except TypeError as problem:
        reason = str(problem).replace(f"{found}.__init__() ", "")
        raise InputError(f"the prior {text!r} cannot be made: {reason}") from None
    if not isinstance(prior, Prior):
        raise InputError(f"the prior {text!r} is a {type(prior).__name__}; name one of its rows")
    return prior


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _without_arguments(text: str) -> Prior:
    if _plain(text) == "flat":
        return priors.Flat()
    try:
        return Fixed(float(text))
    except ValueError:
        raise InputError(
            f"the prior {text!r} cannot be read; write it as normal(0, 1) or halfnormal(0.5)"
        ) from None


def _arguments(text: str, call: str) -> tuple[list[Any], dict[str, Any]]:
    try:
        tree = ast.parse(call, mode="eval").body
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
            raise ValueError
        values = [ast.literal_eval(item) for item in tree.args]
        return values, {str(item.arg): ast.literal_eval(item.value) for item in tree.keywords}
    except (SyntaxError, ValueError):
        raise InputError(
            f"the prior {text!r} cannot be read; write it as normal(0, 1) or halfnormal(0.5)"
        ) from None
