"""Where a search for the maximum of the likelihood of a mixed model begins."""

from __future__ import annotations

from itertools import product

import numpy as np

from meta.kernels.mixed.mixed_likelihood import MixedModel
from meta.kernels.mixed.terms import drawn, starts_of

Array = np.ndarray
DRAWN = 4
"""Random starting points for each working parameter, beside the regular ones. Of simulated meta-analyses of
4 to 9 studies, 1 in 6 with three random coefficients and 1 in 10 with HCS have a higher maximum than the
regular ones lead to."""
MOST = 20
"""No more random ones than that."""
PLAIN = 2
"""Random starting points of models with random intercepts alone, which rarely have a second maximum."""
SEED = 1992
"""Any fixed seed: the same data must give the same answer."""


def starting_points(model: MixedModel, near: Array | None, count: int) -> list[Array]:
    """Starting points in the model's unit: equal shares, one term above the others, the correlations', and
    ``count`` random ones; ``near`` (in the same unit) and one other where that is given.
    """
    terms = [term for term in model.terms if term.size]
    size = len(terms)
    first = [starts_of(term, 0.7 / np.sqrt(size)) for term in terms]
    small = [starts_of(term, 0.1) for term in terms]
    large = [starts_of(term, 0.7) for term in terms]
    found = [np.concatenate(choice) for choice in list(product(*first))[:64]]
    if near is not None:
        scales = np.concatenate([term.scales for term in terms])
        spread = float(np.sqrt(np.mean(near[scales] ** 2))) or 0.3
        # a standard deviation of exactly 0 has no slope and could not move
        return [np.where(scales & (np.abs(near) < 1e-3 * spread), 0.1 * spread, near), found[0]]
    found += [
        np.concatenate([(large if i == j else small)[j][0] for j in range(size)])
        for i in range(size if size > 1 else 0)
    ]
    found.append(np.concatenate([s[0] for s in small]))
    rng = np.random.default_rng(SEED)
    found += [np.concatenate([drawn(term, 0.7, rng) for term in terms]) for _ in range(count)]
    return found
