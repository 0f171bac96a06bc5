"""What functions ask of a result: small protocols, so that a signature says what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

    from meta.effects.effect_size_table import EffectSizes
    from meta.results.effect_rows import EffectRows


class Fit(Protocol):
    """A mean effect with its error and interval, on the model scale."""

    @property
    def effects(self) -> EffectSizes | None:
        """The effects that were pooled."""
        ...

    @property
    def measure(self) -> str:
        """Code of the measure."""
        ...

    @property
    def level(self) -> float:
        """Level of the interval."""
        ...

    @property
    def estimate(self) -> float:
        """Mean effect."""
        ...

    @property
    def ci_low(self) -> float:
        """Lower end of its interval."""
        ...

    @property
    def ci_high(self) -> float:
        """Upper end of its interval."""
        ...

    @property
    def vcov(self) -> np.ndarray:
        """Covariance of the estimates, (p, p)."""
        ...

    def backtransform(self) -> Any:
        """The mean on the scale on which it is read."""
        ...

    def tidy(self) -> pd.DataFrame:
        """One row per term."""
        ...


class LinearFit(Protocol):
    """A linear model: coefficients, their covariance, and the questions that it answers."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        ...

    @property
    def beta(self) -> np.ndarray:
        """Coefficients, (p,)."""
        ...

    @property
    def vcov(self) -> np.ndarray:
        """Covariance of the estimates, (p, p)."""
        ...

    @property
    def coefficients(self) -> pd.DataFrame:
        """Table of the coefficients."""
        ...

    def predict(self, new: Any = None) -> pd.DataFrame:
        """Predictions, at new moderators or the own."""
        ...

    def contrast(self, rows: Any) -> pd.DataFrame:
        """Linear combinations of coefficients."""
        ...


@runtime_checkable
class Rows(Protocol):
    """Anything that can be drawn as rows of effects."""

    def rows(self) -> EffectRows:
        """Effects, summaries and heterogeneity."""
        ...


@runtime_checkable
class Posterior(Protocol):
    """A distribution of a mean effect; ``of`` names another quantity."""

    def pdf(self, x: ArrayLike, *, of: Any = "mu") -> np.ndarray:
        """Density at ``x``."""
        ...

    def ppf(self, q: ArrayLike, *, of: Any = "mu") -> np.ndarray:
        """Quantiles."""
        ...


def is_posterior(result: object) -> bool:
    """Whether a result has densities and quantiles, so that it is drawn as a distribution.

    >>> import meta
    >>> is_posterior(meta.pool(yi=[0.1, 0.2, 0.9], vi=[0.1, 0.1, 0.1]))
    False
    """
    return isinstance(result, Posterior)
