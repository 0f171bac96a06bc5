"""Which factors of which terms are coded with all of their levels, so that no column is redundant by design.

The rule is that of Wilkinson and Rogers (1973), doi:10.2307/2346786, in the form that patsy and formulaic
share: a term spans the products of its factors without some of them; what earlier terms span already is left
to them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from meta.effects.design.parsing import Term

Part = tuple[str, bool]
"""A factor's label, and whether it is coded with reduced rank."""

Product = tuple[Part, ...]


def products_of(terms: Iterable[Term], spans: Mapping[str, bool]) -> list[list[Product]]:
    """For each term the products that make its columns; ``spans`` says which factors contain the intercept.

    >>> products_of([Term("1", ()), Term("f", ("f",))], {"f": True})
    [[()], [(('f', True),)]]
    >>> products_of([Term("f", ("f",))], {"f": True})
    [[(('f', False),)]]
    """
    spanned: set[frozenset[Part]] = set()
    found = []
    for term in terms:
        choices = [[((name, True),), ()] if spans[name] else [((name, False),)] for name in term.factors]
        every = [tuple(itertools.chain(*chosen)) for chosen in itertools.product(*choices)]
        new = [product for product in every if frozenset(product) not in spanned]
        found.append(_merged(new))
        spanned.update(map(frozenset, new))
    return found


def _merged(products: list[Product]) -> list[Product]:
    """The fewest products that span the same: ``a + a:f`` with reduced ``f`` is ``a:f`` with full ``f``."""
    kept: list[Product] = []
    for product in sorted(products, key=len):
        parts = frozenset(product)
        for other in kept:
            extra = parts - frozenset(other)
            if len(parts) - 1 == len(other) and len(extra) == 1 and next(iter(extra))[1]:
                (name, _) = next(iter(extra))
                full = tuple((name, False) if part == (name, True) else part for part in product)
                kept = _merged([item for item in kept if item != other] + [full])
                break
        else:
            kept.append(product)
    return kept
