"""Studies and tables that hypothesis draws, and how."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from tests.properties.changes import Effects, effects
from tests.properties.count_engines import Tables

# What fails is small already: a search for something smaller would take minutes with the slower engines.
COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.explicit, Phase.generate),
}
GRID = 256  # numbers with few binary digits: shifts and units lose nothing, so that ties stay ties


@st.composite
def studies(draw: st.DrawFn) -> Effects:
    """Five to nine studies whose effects and variances differ."""
    k = draw(st.integers(5, 9))
    places = st.lists(st.integers(-2 * GRID, 2 * GRID), min_size=k, max_size=k, unique=True)
    variances = st.lists(st.integers(GRID // 32, GRID), min_size=k, max_size=k, unique=True)
    return effects(np.array(draw(places)) / GRID, np.array(draw(variances)) / GRID)


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    """Four to eight tables, single zeros among them; every study has an event and a non-event."""
    rows = []
    for _ in range(draw(st.integers(4, 8))):
        n1, n2 = draw(st.integers(5, 80)), draw(st.integers(5, 80))
        rows.append((draw(st.integers(0, n1 - 1)), n1, draw(st.integers(1, n2 - 1)), n2))
    return Tables(*np.array(rows, dtype=float).T)
