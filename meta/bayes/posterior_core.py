"""What an engine hands to a posterior."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from meta.bayes.distributions import Distribution
from meta.bayes.model import Model


class Core(Protocol):
    """What an engine hands over."""

    @property
    def model(self) -> Model:
        """Data and priors."""
        ...

    @property
    def mu(self) -> Distribution:
        """Marginal of the mean effect."""
        ...

    @property
    def tau(self) -> Distribution:
        """Marginal of the heterogeneity."""
        ...

    @property
    def new(self) -> Distribution:
        """Predictive of a new study's true effect."""
        ...

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood."""
        ...

    @property
    def error(self) -> float:
        """Relative numerical error."""
        ...

    def study(self, i: int) -> Distribution:
        """Posterior of study i's own effect."""
        ...

    def log_point(self, mu: float) -> float:
        """Log evidence where the mean effect is exactly ``mu``."""
        ...

    def log_homogeneous(self) -> float:
        """Log evidence without heterogeneity."""
        ...

    def sample(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Joint draws of mu and tau."""
        ...
