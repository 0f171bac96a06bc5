"""What a result may offer beyond the common table, as protocols that `isinstance` can ask for.

Rooms that draw, judge or test a result tell it apart by these, so that none of them imports the engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes


@runtime_checkable
class EffectTable(Protocol):
    """Effects with their sampling variances and labels, one row each."""

    yi: np.ndarray
    vi: np.ndarray
    study: np.ndarray


@runtime_checkable
class KindsOfEffects(Protocol):
    """Effects some of which may be bounds or have an unknown sign; :meth:`subset` leaves them out."""

    kind: np.ndarray

    def subset(self, keep: Any, /) -> Any:
        """The rows to keep."""
        ...


@runtime_checkable
class OfEffects(Protocol):
    """A result that holds the effects it was made from."""

    effects: EffectSizes


@runtime_checkable
class MeanOfEffects(OfEffects, Protocol):
    """A mean of effects that it holds."""

    estimate: float


@runtime_checkable
class WithTau2(MeanOfEffects, Protocol):
    """A model of effects that vary between studies."""

    tau2: float


@runtime_checkable
class Estimated(Protocol):
    """One estimate."""

    estimate: Any


@runtime_checkable
class EstimatedWithError(Estimated, Protocol):
    """One estimate with its standard error."""

    se: Any
    k: int


@runtime_checkable
class WithInterval(Protocol):
    """An estimate with an interval."""

    ci_low: Any
    ci_high: Any


@runtime_checkable
class Predictive(Protocol):
    """A model that says where the effect of a new study lies."""

    def prediction_interval(self) -> Any:
        """Its two ends."""
        ...


@runtime_checkable
class Compatible(Estimated, WithInterval, Protocol):
    """A test of any value of the mean."""

    def p_value_at(self, value: Any, /) -> Any:
        """p-value of ``value``."""
        ...


@runtime_checkable
class WithTau2Interval(Protocol):
    """A model with an interval of the variance between studies."""

    def tau2_interval(self, method: str, /) -> Any:
        """Its two ends."""
        ...


@runtime_checkable
class Grouped(Protocol):
    """Fits of subgroups beside the fit of all."""

    fits: Mapping[str, Any]
    overall: Any


@runtime_checkable
class SeveralFits(Protocol):
    """Fits by name."""

    fits: Mapping[str, Any]


@runtime_checkable
class OfCounts(Protocol):
    """A model of events and totals."""

    counts: Any


@runtime_checkable
class WithLevels(Protocol):
    """A model with variance components of several levels."""

    sigma2: Any


@runtime_checkable
class WithDesign(Protocol):
    """A model with moderators: its design matrix, and the rows that it used."""

    design: Any
    es: EffectSizes
    X: np.ndarray
    names: tuple[str, ...]


@runtime_checkable
class WithMarginal(Protocol):
    """A linear model with the covariance of its effects."""

    es: EffectSizes
    X: np.ndarray
    beta: np.ndarray
    marginal: np.ndarray
    yi: np.ndarray
    names: tuple[str, ...]
    n_parameters: int


@runtime_checkable
class WithCoefficients(Protocol):
    """A model of several coefficients."""

    coefficients: Any


@runtime_checkable
class Predicting(Protocol):
    """A model that predicts at moderators."""

    def predict(self, new: Any = None, /, *, interval: str = ...) -> Any:
        """Predictions."""
        ...


@runtime_checkable
class WithContrasts(Predicting, Protocol):
    """A model of named terms that can be combined."""

    names: tuple[str, ...]

    def contrast(self, rows: Any, /) -> Any:
        """Combinations of them."""
        ...


@runtime_checkable
class RobustErrors(Protocol):
    """Cluster-robust errors of a fit."""

    df_method: str
    fit: Any


@runtime_checkable
class Imputed(Protocol):
    """A fit to which missing studies were added."""

    fit: Any
    original: Any
    filled: np.ndarray


@runtime_checkable
class WorstCase(Protocol):
    """The pooled effect of non-affirmative studies."""

    affirmative: np.ndarray
    worst: Any


@runtime_checkable
class Steps(Protocol):
    """A selection model whose weight changes at p-values."""

    steps: Any
    weights: Any


@runtime_checkable
class Shrinking(Protocol):
    """A model that shrinks the effects of studies."""

    def shrinkage(self) -> Any:
        """Their table."""
        ...


@runtime_checkable
class JointPosterior(Protocol):
    """A posterior of mean and heterogeneity that can be drawn from."""

    def sample(self, draws: int, /, *, seed: Any = None) -> Any:
        """Draws by name."""
        ...

    def cdf(self, x: Any, /) -> Any:
        """Distribution function of the mean."""
        ...


@runtime_checkable
class OfTreatments(Protocol):
    """A network of treatments with a reference."""

    treatments: tuple[str, ...]
    reference: str


@runtime_checkable
class OverRange(Protocol):
    """A curve whose mean over a range can be asked for."""

    k: int

    def over(self, low: float, high: float, /) -> Any:
        """The mean effect between two doses or times."""
        ...


@runtime_checkable
class ListsRows(Protocol):
    """Anything that lists the rows of its own forest plot."""

    def forest_rows(self) -> Any:
        """Rows or a table of them."""
        ...


@runtime_checkable
class Analyses(Protocol):
    """A table of analyses of one claim."""

    frame: Any
    region: Any
    analysis: Any
    claim: Any
    claimed: float | None
    choices: Any

    def __len__(self) -> int: ...


@runtime_checkable
class EffectsOnly(Protocol):
    """Effects with their sampling variances."""

    yi: np.ndarray
    vi: np.ndarray


@runtime_checkable
class WithLevel(Protocol):
    """A result with a level of its intervals."""

    level: float


@runtime_checkable
class WithUserWeights(Protocol):
    """A fit to which weights may have been given."""

    user_weights: np.ndarray | None


@runtime_checkable
class Searched(Protocol):
    """A selection model, whose likelihood was searched for its maximum."""

    search: Any


@runtime_checkable
class ResidualQ(Protocol):
    """A model with Q of what moderators or levels leave."""

    qe: float
    qe_df: float
    qe_p: float


@runtime_checkable
class TestOfMean(Protocol):
    """A test of small-study effects that may arrive at a mean of its own."""

    def _of_mean(self) -> Any: ...


@runtime_checkable
class LinearModel(Protocol):
    """A linear model with rows, labels and heterogeneity of its own."""

    def _own_rows(self) -> np.ndarray: ...

    def _between(self, rows: np.ndarray, new: Any, /) -> np.ndarray: ...

    def _labels(self, n: int, /) -> Any: ...

    def _is_mean(self) -> bool: ...


@runtime_checkable
class ContrastsOfTreatments(OfTreatments, Protocol):
    """A network that compares any two of its treatments."""

    k: int

    def contrast(self, treatment: str, comparator: str | None = None, /) -> Any:
        """One against the other, or against the reference."""
        ...


@runtime_checkable
class EffectsOfTreatments(ContrastsOfTreatments, Protocol):
    """A network with the covariance of its treatments' effects."""

    vcov: np.ndarray


@runtime_checkable
class CurveOfDoses(Protocol):
    """A curve with the dose of each row."""

    dose: np.ndarray


@runtime_checkable
class Augmented(Protocol):
    """A result with a table of its rows."""

    def augment(self) -> Any:
        """One row per effect."""
        ...

    def glance(self) -> Any:
        """One row about the whole."""
        ...
