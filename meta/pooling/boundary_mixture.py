"""Null distribution of likelihood-ratio tests whose hypothesis lies on the boundary: variances of 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc

from meta.kernels.mixed import RandomTerm


def boundary_df(big: Any, small: Any) -> tuple[int, int] | None:
    """Degrees of freedom of the two chi-squared distributions that are mixed in equal parts.

    One variance more gives 0 and 1; one random coefficient more, beside q that it may correlate with, q and
    q + 1. None where the models differ in more than that: no simple mixture is known then.
    """
    more, less = _unmatched(_terms(big), _terms(small))
    if len(more) != 1 or len(less) > 1 or more[0].fixed is not None:
        return None
    new = more[0]
    if not less:
        return (0, 1) if new.size == 1 else None
    old = less[0]
    if old.fixed is not None or not _same_groups(old, new) or new.m != old.m + 1:
        return None
    if new.struct in ("GEN", "UN") and old.struct in ("GEN", "UN", ""):
        return old.m, new.m
    return (0, 1) if new.struct in ("GDIAG", "DIAG") and old.struct in ("GDIAG", "DIAG", "") else None


def mixture_p(statistic: float, dfs: tuple[int, int]) -> float:
    """Upper tail of the mixture; a chi-squared of no degrees of freedom is 0.

    >>> round(mixture_p(2.705543, (0, 1)), 6)
    0.05
    """
    tails = [float(statistic <= 0) if df == 0 else float(chdtrc(df, statistic)) for df in dfs]
    return 0.5 * sum(tails)


def _terms(fit: Any) -> list[RandomTerm]:
    """Random terms; the tau2 of a pool or a regression is a variance of effects."""
    known = getattr(fit, "random_terms", None)
    return [RandomTerm("tau2", "", np.arange(fit.effects.k))] if known is None else list(known)


def _unmatched(a: list[RandomTerm], b: list[RandomTerm]) -> tuple[list[RandomTerm], list[RandomTerm]]:
    rest = list(b)
    more = []
    for term in a:
        twin = next((i for i, other in enumerate(rest) if _equal(term, other)), None)
        if twin is None:
            more.append(term)
        else:
            rest.pop(twin)
    return more, rest


def _equal(a: RandomTerm, b: RandomTerm) -> bool:
    if a.struct != b.struct or a.m != b.m or a.fixed != b.fixed:
        return False
    pairs = ((a.z, b.z), (a.known, b.known), (a.place, b.place))
    same = all(x is y if x is None or y is None else np.array_equal(x, y) for x, y in pairs)
    # known correlations belong to numbers of groups, other groups to nothing but their rows
    return same and (np.array_equal(a.group, b.group) if a.known is not None else _same_groups(a, b))


def _same_groups(a: RandomTerm, b: RandomTerm) -> bool:
    """Whether two terms part the rows in the same way, whatever the numbers of their groups."""
    both = len(np.unique(np.column_stack([a.group, b.group]), axis=0))
    return both == len(np.unique(a.group)) == len(np.unique(b.group))
