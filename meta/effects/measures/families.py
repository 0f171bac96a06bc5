"""The families of measures: what a value on the model scale means, whatever design it came from."""

from __future__ import annotations

from typing import Literal, get_args

Family = Literal[
    "log ratio",
    "standardised difference",
    "difference in units",
    "risk difference",
    "mean",
    "proportion",
    "rate",
    "correlation",
    "probability of superiority",
    "reliability",
    "generic",
]
"""Names of the families.

``log ratio``
    Log of a ratio of two groups, or of one group at two times: free of units, 0 means no effect.
``standardised difference``
    In standard deviations.
``difference in units``
    In the units of the outcome, or per unit of time.
``risk difference``
    Of two proportions, raw or after a transformation.
``mean``
    Level or spread of one group, in the units of its outcome or as a log.
``proportion``, ``rate``
    Of one group, on any scale.
``correlation``
    Of any kind, raw or as Fisher's z.
``probability of superiority``
    With 1/2 as no effect.
``reliability``
    Cronbach's alpha, raw or transformed.
``generic``
    Computed elsewhere, on a scale that is not known.
"""

FAMILIES: tuple[Family, ...] = get_args(Family)
