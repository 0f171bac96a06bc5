"""What may have to be assumed on the way from facts to an effect: each with its tier, value and range."""

from __future__ import annotations

from dataclasses import dataclass

TIERS = "ABCD"


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption of the registry.

    Attributes
    ----------
    id : str
        Key in :data:`ASSUMPTIONS`, and in ``assume=`` where it has a value.
    says : str
        The assumption in words.
    tier : str
        The tier that an effect has at best if it rests on it.
    value, low, high : float or None
        The value that is taken, and the range over which the effect is varied.
    """

    id: str
    says: str
    tier: str = "B"
    value: float | None = None
    low: float | None = None
    high: float | None = None

    def told(self, value: float | None = None) -> str:
        """The assumption with its value and range."""
        taken = self.value if value is None else value
        if taken is None or self.low is None:
            return self.says
        return f"{self.says} = {taken:g} (range {self.low:g} to {self.high:g})"


ASSUMPTIONS: dict[str, Assumption] = {
    item.id: item
    for item in (
        Assumption("t-test", "the p-value is that of a t test"),
        Assumption("sd-ratio", "equal SDs in both groups: ratio of the SDs", "B", 1.0, 0.5, 2.0),
        Assumption("other-sd", "the SD of the other group holds: ratio of the SDs", "B", 1.0, 0.5, 2.0),
        Assumption(
            "normal-quantiles",
            "values behind medians, quartiles and ranges are normally distributed: error of the estimated "
            "mean in its standard errors",
            "B",
            0.0,
            -2.0,
            2.0,
        ),
        Assumption("normal-interval", "the interval or p-value is a normal one, as its df are unknown"),
        Assumption("equal-split", "the people were split evenly: share of group 1", "B", 0.5, 0.4, 0.6),
        Assumption("nearest-count", "the nearest whole number to the percentage is the count"),
        Assumption("pre-post-r", "correlation of before and after", "B", 0.5, 0.3, 0.87),
        Assumption("same-r", "the correlation of before and after is that of the other group"),
        Assumption("within-person-r", "correlation within a person", "B", 0.7, 0.5, 0.87),
        Assumption("ancova-r2", "R2 of the covariates", "B", 0.5, 0.0, 0.7),
        # Adams et al. 2004 (doi:10.1016/j.jclinepi.2003.12.013): median 0.01, interquartile range to 0.03;
        # hospital and school outcomes are larger (Campbell 2000), so the value is on the careful side.
        Assumption("icc", "intracluster correlation", "B", 0.05, 0.01, 0.15),
        Assumption("test-of-clusters", "the printed test allows for the clusters"),
        Assumption(
            "same-sds",
            "equal SDs at both times or under both conditions: ratio of the SDs",
            "B",
            1.0,
            0.67,
            1.5,
        ),
        Assumption("borrowed-sd-share", "SD as a share of the length of the scale", "B", 0.26, 0.14, 0.31),
        Assumption("within-arm", "changes were tested within the groups, not their difference", "C"),
        Assumption("threshold", "p is taken at its threshold, so the standard error is an upper limit"),
        Assumption("bound", "only a bound of the effect follows", "C"),
        Assumption("sign", "the sign of the effect is unknown: one of two values, half each", "C"),
    )
}
BITS: dict[str, int] = {name: 1 << place for place, name in enumerate(ASSUMPTIONS)}


def mask_of(names: tuple[str, ...]) -> int:
    """The assumptions as a bit mask."""
    found = 0
    for name in names:
        found |= BITS[name]
    return found


def names_in(mask: int) -> tuple[str, ...]:
    """The assumptions of a bit mask.

    >>> names_in(mask_of(("icc", "t-test")))
    ('t-test', 'icc')
    """
    return tuple(name for name, bit in BITS.items() if mask & bit)


def tier_of(mask: int) -> str:
    """The tier of an effect that rests on these assumptions: the worst of theirs, A without any.

    >>> tier_of(0), tier_of(BITS["icc"]), tier_of(BITS["icc"] | BITS["sign"])
    ('A', 'B', 'C')
    """
    return max((ASSUMPTIONS[name].tier for name in names_in(mask)), default="A")
