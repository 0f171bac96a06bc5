"""meta.effects.rounding: printed numbers as intervals."""

import numpy as np
import pytest

from meta.effects.recovered_values import Range
from meta.effects.recovery import change_sd, se_from_ci, t_from_p
from meta.effects.rounding import counts_from_percentage, propagate, rounding_range
from meta.errors import InputError


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("0.02", 0.015, 0.025),
        ("0.020", 0.0195, 0.0205),
        (0.02, 0.015, 0.025),
        ("-1.5", -1.55, -1.45),
        ("−1.5", -1.55, -1.45),
        ("323", 322.5, 323.5),
        ("1e-3", 0.0005, 0.0015),
        (" 5 ", 4.5, 5.5),
    ],
)
def test_rounding_range(printed, low, high):
    found = rounding_range(printed)
    assert (float(found.low), float(found.high)) == pytest.approx((low, high), rel=1e-12)


def test_natural_limits():
    assert float(rounding_range("0.00", at_least=0).low) == 0
    assert float(rounding_range("1.0", at_most=1).high) == 1


@pytest.mark.parametrize("printed", ["<0.05", "n.s.", "", "inf", "nan"])
def test_what_is_not_a_number_is_refused(printed):
    with pytest.raises(InputError, match="printed value must be"):
        rounding_range(printed)


def test_propagated_range_holds_every_value_that_prints_the_same():
    span = propagate(lambda p: t_from_p(p, direction="lower", df=39), rounding_range("0.02"))
    for p in np.linspace(0.015, 0.025, 23):
        assert float(t_from_p(p, direction="lower", df=39)) in span
    assert float(t_from_p(0.0149, direction="lower", df=39)) not in span


def test_corners_of_two_rounded_limits():
    span = propagate(
        lambda low, high: se_from_ci(low, high), rounding_range("1.0"), rounding_range("3.0"), points=2
    )
    crit = 2 * 1.959963984540054
    assert (float(span.low), float(span.high)) == pytest.approx((1.9 / crit, 2.1 / crit))
    assert "printed as 1.0" in span.how


def test_range_of_an_assumed_correlation():
    span = propagate(lambda r: change_sd(sd_pre=4, sd_post=5, r=r), Range(np.array(0.5), np.array(0.9), "r"))
    assert float(span.low) == pytest.approx(np.sqrt(41 - 36))
    assert float(span.high) == pytest.approx(np.sqrt(41 - 20))


def test_infinite_ranges_are_refused():
    with pytest.raises(InputError, match="must be finite"):
        propagate(lambda x: x, Range(np.array(0.0), np.array(np.inf), "bound"))


def test_counts_from_percentages():
    assert (
        int(counts_from_percentage("86.0", n=43).low),
        int(counts_from_percentage("86.0", n=43).high),
    ) == (37, 37)
    wide = counts_from_percentage("35", n=400)
    assert (int(wide.low), int(wide.high)) == (138, 142)
    for n in (7, 43, 66, 201):
        for x in range(n + 1):
            found = counts_from_percentage(f"{100 * x / n:.1f}", n=n)
            assert x in found


def test_percentages_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"percentage 85.0 fits no count out of n = 43: 37/43 is 86.05"):
        counts_from_percentage("85.0", n=43)
    with pytest.raises(InputError, match="n must be a whole number"):
        counts_from_percentage("50", n=0)
