"""`Contradiction`: a stated fact that the others deny, or that deserves a look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What does not fit, with both values and the likely slip.

    Attributes
    ----------
    row : int
        Position of the row; 0 for a single comparison.
    kind : str
        "contradiction" or "worth a look".
    facts : tuple of str
        The stated facts that it is about.
    stated : float
        The stated value of the first of them.
    implied : float
        What the others imply for it; NaN where there is no such value.
    low, high : float
        The implied value's range by rounding.
    says : str
        One sentence.
    slip : str
        The likely slip; empty if none is likely.
    """

    row: int
    kind: str
    facts: tuple[str, ...]
    stated: float
    implied: float
    low: float
    high: float
    says: str
    slip: str = ""

    def __str__(self) -> str:
        return f"{self.says}; {self.slip}" if self.slip else self.says

    def to_dict(self) -> dict[str, object]:
        """Its fields, for JSON."""
        names = ("row", "kind", "facts", "stated", "implied", "low", "high", "says", "slip")
        return {name: getattr(self, name) for name in names}
