"""Publication bias as a model: weight functions, PET and PEESE, and the ensembles made of them.

Bartos et al. 2023, doi:10.1002/jrsm.1594; Maier, Bartos & Wagenmakers 2023, doi:10.1037/met0000405.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from meta.bayes.prior_base import Prior
from meta.bayes.tau_priors import HalfCauchy
from meta.errors import InputError, unknown_option

MAX_FREE = 3


def _check_weight(weight: float) -> None:
    if not (np.isfinite(weight) and weight > 0):
        raise InputError(f"the prior weight of a model of bias must be > 0, not {weight!r}")


def _check_slope(prior: Prior, weight: float) -> None:
    _check_weight(weight)
    if not prior.proper or prior.support != (0.0, np.inf):
        raise InputError(
            f"the slope of PET and PEESE needs a proper prior on positive values such as meta.HalfCauchy(1), "
            f"not {prior}"
        )


@dataclass(frozen=True)
class WeightFunction:
    """Step-function selection on p-values: each interval is published with its own relative probability.

    The probabilities fall with the p-value from 1 and are a priori uniform over all such sequences
    (cumulative Dirichlet with all parameters 1).

    Attributes
    ----------
    steps : tuple of float
        Ascending p-values at which the probability may fall; at most three.
    sided : {"one", "two"}
    weight : float
        Prior weight among the models with bias.

    Examples
    --------
    >>> print(WeightFunction((0.05, 0.025), sided="two"))
    Traceback (most recent call last):
    ...
    meta.errors.InputError: steps of a weight function must ascend within (0, 1), not (0.05, 0.025)
    >>> print(WeightFunction((0.025, 0.05)))
    one-sided 0.025, 0.05
    """

    steps: tuple[float, ...]
    sided: str = "one"
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(float(step) for step in self.steps))
        _check_weight(self.weight)
        if self.sided not in ("one", "two"):
            raise unknown_option("sided", self.sided, ("one", "two"))
        ends = np.array([0.0, *self.steps, 1.0])
        if not np.all(np.diff(ends) > 0):
            raise InputError(f"steps of a weight function must ascend within (0, 1), not {self.steps}")
        if not 1 <= len(self.steps) <= MAX_FREE:
            raise InputError(
                f"a weight function takes one to {MAX_FREE} steps, as its weights are integrated by "
                f"quadrature; not {len(self.steps)}"
            )

    def __str__(self) -> str:
        return f"{self.sided}-sided {', '.join(f'{step:g}' for step in self.steps)}"


@dataclass(frozen=True)
class PET:
    """Precision-effect test: effects grow in proportion to their standard errors; the slope has a prior."""

    prior: Prior = field(default_factory=lambda: HalfCauchy(1.0))
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_slope(self.prior, self.weight)

    def __str__(self) -> str:
        return "PET"


@dataclass(frozen=True)
class PEESE:
    """Effects grow in proportion to their sampling variances; the slope's scale is one over the effects'.

    The default belongs to standardised mean differences. On a scale whose values are c times as large,
    use ``PEESE(HalfCauchy(5 / c))``.
    """

    prior: Prior = field(default_factory=lambda: HalfCauchy(5.0))
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_slope(self.prior, self.weight)

    def __str__(self) -> str:
        return "PEESE"


Bias = WeightFunction | PET | PEESE

_TWO_SIDED = (WeightFunction((0.05,), "two"), WeightFunction((0.05, 0.1), "two"))
_SELECTION = (
    *_TWO_SIDED,
    WeightFunction((0.05,)),
    WeightFunction((0.025, 0.05)),
    WeightFunction((0.05, 0.5)),
    WeightFunction((0.025, 0.05, 0.5)),
)
# Name: models of bias and source. In "psma" selection and PET-PEESE weigh the same.
ENSEMBLES: dict[str, tuple[tuple[Bias, ...], str]] = {
    "psma": (
        (*(replace(one, weight=1 / 12) for one in _SELECTION), PET(weight=0.25), PEESE(weight=0.25)),
        "Bartos et al. 2023, doi:10.1002/jrsm.1594",
    ),
    "pp": ((PET(), PEESE()), "Bartos et al. 2023, doi:10.1002/jrsm.1594"),
    "two-sided": (_TWO_SIDED, "Maier, Bartos & Wagenmakers 2023, doi:10.1037/met0000405"),
}
