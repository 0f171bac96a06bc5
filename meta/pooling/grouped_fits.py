"""What fits by subgroup have in common, whatever was pooled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from meta.errors import InputError

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Between:
    """A test of no difference between subgroups.

    Attributes
    ----------
    kind : str
        "fixed" (within-study variances alone), "random, separate tau2" or "random, common tau2".
    q : float
        Weighted sum of squares of the group estimates about their mean.
    df : int
        Number of groups minus one.
    p_value : float
        From chi-squared.
    """

    kind: str
    q: float
    df: int
    p_value: float


class GroupedFits(Generic[F]):
    """A fit per group and one of all studies, with a test between the groups."""

    __slots__ = ()
    fits: dict[str, F]
    overall: Any
    random: Between

    def __len__(self) -> int:
        return len(self.fits)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fits)

    def __getitem__(self, group: Any) -> F:
        try:
            return self.fits[str(group)]
        except KeyError:
            raise InputError(f"no group {group!r}; the groups are: {', '.join(self.fits)}") from None

    def _shown(self) -> str:
        return ", ".join(f"{name} (k={fit.k})" for name, fit in self.fits.items())  # type: ignore[attr-defined]

    def _all(self) -> list[tuple[str, Any]]:
        """The groups' fits by name, and that of all studies."""
        return [*self.fits.items(), ("overall", self.overall)]

    @property
    def effects(self) -> EffectSizes:
        """The effect sizes of all groups together."""
        return self.overall.effects

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.overall.k)

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return str(self.overall.measure)

    @property
    def level(self) -> float:
        """Confidence level."""
        return float(self.overall.level)

    @property
    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(self.fits)

    @property
    def q_between(self) -> float:
        """Statistic of the test between groups, under random effects where there are any."""
        return self.random.q

    @property
    def q_between_df(self) -> int:
        """Its degrees of freedom."""
        return self.random.df

    @property
    def q_between_p(self) -> float:
        """Its p-value."""
        return self.random.p_value
