"""Sanity checks on what was reported: refusals for the impossible, messages for the unlikely.

Functions named ``refuse_*`` raise; the others return messages that name the study and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from meta.errors import InputError
from meta.formatting import listing

Labels = Sequence[str] | np.ndarray

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Domain:
    """What values an argument may take."""

    bad: Callable[[np.ndarray], np.ndarray]
    must: str
    remedy: str


def _not_positive(x: np.ndarray) -> np.ndarray:
    return np.asarray(x <= 0)


_SD = Domain(_not_positive, "be > 0", "correct it, or leave it empty if it was not reported")
_COUNT = Domain(lambda x: x < 0, "be >= 0", "correct the count, or leave it empty if it is unknown")
_SIZE = Domain(lambda x: x < 1, "be >= 1", "correct the size, or leave out the study")
_TIME = Domain(_not_positive, "be > 0", "give the person-time of the group")
_CORRELATION = Domain(lambda x: np.abs(x) > 1, "lie between -1 and 1", "correct the correlation")
_P = Domain(
    lambda x: (x == 0) | (np.abs(x) > 1),
    "be a signed two-sided p-value",
    "give its bound instead of 0, with the sign of the effect",
)
_THRESHOLD = Domain(lambda x: (x <= 0) | (x >= 1), "lie between 0 and 1", "give 0.05 for 'p < 0.05'")
_VARIANCE = Domain(_not_positive, "be > 0", "correct it, or leave out the study")
_SHARE = Domain(lambda x: (x < 0) | (x > 1), "lie between 0 and 1", "correct it")
_PERCENT = Domain(lambda x: (x < 0) | (x > 100), "lie between 0 and 100", "correct the percentage")

COUNTS = (
    "events",
    "events1",
    "events2",
    "nonevents",
    "nonevents1",
    "nonevents2",
    "both",
    "only1",
    "only2",
    "neither",
)
SIZES = ("n", "n1", "n2")
DOMAINS: dict[str, Domain] = {
    **dict.fromkeys((*COUNTS, "f"), _COUNT),
    **dict.fromkeys((*SIZES, "m"), _SIZE),
    **dict.fromkeys(("time", "time1", "time2"), _TIME),
    **dict.fromkeys(("sd", "sd1", "sd2", "sd_pre", "sd_post", "sd_change"), _SD),
    **dict.fromkeys(("se", "se1", "se2", "se_change"), _SD),
    **dict.fromkeys(("vi", "sei"), _VARIANCE),
    **dict.fromkeys(("r", "r_pb"), _CORRELATION),
    **dict.fromkeys(("auc", "r2", "eta_squared"), _SHARE),
    **dict.fromkeys(("percent", "percent1", "percent2"), _PERCENT),
    "alpha": Domain(lambda x: x >= 1, "be < 1", "correct it"),
    "items": Domain(lambda x: x < 2, "be >= 2", "alpha exists for two items or more"),
    **dict.fromkeys(("p", "p_signed"), _P) | dict.fromkeys(("p_below", "not_significant"), _THRESHOLD),
}


def show(value: Any) -> str:
    """Show a value in a message as it was typed, as far as that is known.

    >>> show(0.0), show(2.5), show(12.0)
    ('0', '2.5', '12')
    """
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def _rows(bad: np.ndarray) -> np.ndarray:
    return np.flatnonzero(bad)


def each(bad: np.ndarray, sentence: Callable[[int], str], what: str) -> list[str]:
    """One message per row; beyond twenty, one that counts the rest."""
    rows = _rows(bad)
    messages = [sentence(int(row)) for row in rows[:MOST_SHOWN]]
    if len(rows) > MOST_SHOWN:
        messages.append(f"{what}: so have {len(rows) - MOST_SHOWN} more studies")
    return messages


def double_zeros(kept: np.ndarray, amount: str, study: Labels) -> list[str]:
    """One message for all tables that are kept although both groups are without events, or full of them."""
    rows = _rows(kept)
    if not len(rows):
        return []
    names = [repr(str(study[row])) for row in rows[:MOST_SHOWN]]
    names += [f"{len(rows) - MOST_SHOWN} more"] if len(rows) > MOST_SHOWN else []
    return [
        f"double-zero tables are kept, with {amount} added to their cells: {listing(names)}; "
        "drop00=True leaves them out"
    ]


class Problem(NamedTuple):
    """What is wrong with one value of one row, the remedy, and the position of the row."""

    text: str
    remedy: str
    row: int


def refuse(problems: list[Problem]) -> None:
    """Raise for all problems at once, if there are any; the remedy of each kind is said once."""
    if not problems:
        return
    told = [problem.text for problem in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        told.append(f"and {len(problems) - MOST_SHOWN} more")
    remedies = dict.fromkeys(problem.remedy for problem in problems[:MOST_SHOWN])
    refusal = InputError("; ".join([*told, *remedies]))
    refusal.rows = tuple(sorted({int(problem.row) for problem in problems}))
    raise refusal


def refuse_impossible(values: Mapping[str, np.ndarray], study: Labels) -> None:
    """Raise for values outside the domain of their argument.

    >>> refuse_impossible({"vi": np.array([0.0])}, ["Reno 2022"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: vi must be > 0: study 'Reno 2022' has vi = 0; correct it, or leave out the study
    """
    refuse(impossible(values, study))


def impossible(values: Mapping[str, np.ndarray], study: Labels) -> list[Problem]:
    """Values outside the domain of their argument, row by row."""
    found = []
    for name, x in values.items():
        domain = DOMAINS.get(name)
        if domain is None:
            continue
        for row in _rows(domain.bad(x)):
            text = f"{name} must {domain.must}: study {str(study[row])!r} has {name} = {show(x[row])}"
            found.append(Problem(text, domain.remedy, int(row)))
    return found


def more_than_the_model(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Semi-partial correlations that account for more than the whole model does.

    >>> more_than_the_model({"r": np.array([0.5]), "r2": np.array([0.1])}, ["Doe"])
    ["r squared exceeds r2, which it is a part of: study 'Doe' (r = 0.5, r2 = 0.1); one of the two is wrong"]
    """
    # half of a last printed digit of either, so that r = 0.50 beside r2 = 0.25 stands
    slack = 0.005 * (2 * np.abs(values["r"]) + 1)
    rows = _rows(values["r"] ** 2 > values["r2"] + slack)
    told = [f"{str(study[i])!r} (r = {show(values['r'][i])}, r2 = {show(values['r2'][i])})" for i in rows]
    if not told:
        return []
    return [f"r squared exceeds r2, which it is a part of: study {listing(told)}; one of the two is wrong"]


def excess_events(values: Mapping[str, np.ndarray], study: Labels) -> list[Problem]:
    """More events (or non-events) than people, row by row."""
    found = []
    for stem in ("events", "nonevents"):
        for arm in ("", "1", "2"):
            count, n = f"{stem}{arm}", f"n{arm}"
            if count not in values or n not in values:
                continue
            for row in _rows(values[count] > values[n]):
                text = (
                    f"{count} must be <= {n}: study {str(study[row])!r} has {count} = "
                    f"{show(values[count][row])} and {n} = {show(values[n][row])}"
                )
                found.append(Problem(text, "correct the one that is wrong", int(row)))
    return found


def reversed_intervals(low: np.ndarray, high: np.ndarray, study: Labels) -> list[Problem]:
    """Lower limits that are not below the upper ones, row by row."""
    return [
        Problem(
            f"ci_low must be < ci_high: study {str(study[row])!r} has ci_low = {show(low[row])} and "
            f"ci_high = {show(high[row])}",
            "correct them or leave both empty",
            int(row),
        )
        for row in _rows(low >= high)
    ]


def fractional_counts(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Counts that are not whole numbers."""
    messages = []
    for name in (*COUNTS, *SIZES):
        if name not in values:
            continue
        x = values[name]
        bad = np.rint(x) != x
        bad &= ~np.isnan(x)
        if bad.any():
            messages += each(
                bad,
                lambda row, name=name, x=x: (  # type: ignore[misc]
                    f"{name} is not a whole number: study {study[row]!r} has {name} = {show(x[row])}"
                ),
                f"{name} is not a whole number",
            )
    return messages


def sizes_that_do_not_add_up(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Reported totals that differ from the sum of their parts; the parts of each arm and the two arms."""
    sums = [
        ("n1", ("events1", "nonevents1")),
        ("n2", ("events2", "nonevents2")),
        ("n", ("n1", "n2")),
        ("n", ("events", "nonevents")),
        ("n", ("both", "only1", "only2", "neither")),
    ]
    messages = []
    for total, parts in sums:
        if total not in values or any(part not in values for part in parts):
            continue
        found = np.sum([values[part] for part in parts], axis=0)
        bad = np.abs(found - values[total]) > 1e-9 * np.abs(found)
        messages += each(
            bad,
            lambda row, total=total, parts=parts, found=found: (  # type: ignore[misc]
                f"numbers do not add up: study {study[row]!r} has {total} = {show(values[total][row])}, "
                f"but {' + '.join(parts)} = {show(found[row])}"
            ),
            "numbers do not add up",
        )
    return messages


def unequal_pairs(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Margins of matched pairs that do not rest on the same number of pairs."""
    return each(
        values["n1"] != values["n2"],
        lambda row: (
            f"matched pairs need n1 = n2: study {study[row]!r} has n1 = {show(values['n1'][row])} and "
            f"n2 = {show(values['n2'][row])}"
        ),
        "matched pairs need n1 = n2",
    )


def decimals(value: float) -> int:
    """Number of decimals in the shortest way of writing ``value``.

    >>> decimals(12.5), decimals(40.0)
    (1, 0)
    """
    text = np.format_float_positional(value, trim="-")
    return len(text.partition(".")[2])


def grim(percent: np.ndarray, n: np.ndarray, places: int | None = None) -> np.ndarray:
    """Whether a percentage, as rounded, can come from ``n`` people; NaN is taken to fit.

    Parameters
    ----------
    percent, n : array_like of shape (k,)
        Reported percentages and group sizes.
    places : int or None
        Decimals reported; None counts those that each value shows.

    References
    ----------
    Brown NJL, Heathers JAJ (2017). Soc Psychol Personal Sci 8:363-369.
    https://doi.org/10.1177/1948550616673876

    Examples
    --------
    >>> grim(np.array([33.3, 35.0]), np.array([12.0, 12.0])).tolist()
    [True, False]
    """
    percent, n = np.broadcast_arrays(np.asarray(percent, dtype=float), np.asarray(n, dtype=float))
    fits = np.ones(percent.shape, dtype=bool)
    for row in np.flatnonzero(np.isfinite(percent) & np.isfinite(n)):
        digits = decimals(percent.flat[row]) if places is None else places
        slack = 0.5 * 10.0**-digits + 1e-9
        near = np.floor(percent.flat[row] * n.flat[row] / 100) + np.array([0.0, 1.0])
        fits.flat[row] = bool(np.any(np.abs(100 * near / n.flat[row] - percent.flat[row]) <= slack))
    return fits


def percentages_that_do_not_fit(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Percentages that no whole number of events gives (GRIM)."""
    messages = []
    for arm in ("", "1", "2"):
        percent, n = f"percent{arm}", f"n{arm}"
        if percent in values and n in values:
            messages += each(
                ~grim(values[percent], values[n]),
                lambda row, percent=percent, n=n: (  # type: ignore[misc]
                    f"percentage does not fit its n: study {study[row]!r} has {percent} = "
                    f"{show(values[percent][row])} with {n} = {show(values[n][row])}"
                ),
                "percentage does not fit its n",
            )
    return messages


def large_effects(yi: np.ndarray, study: Labels, limit: float = 2.0) -> list[str]:
    """Standardised effects beyond ``limit``, often a standard error typed as a standard deviation."""
    return each(
        np.abs(yi) > limit,
        lambda row: (
            f"|g| > {limit:g}: study {study[row]!r} has g = {yi[row]:.3g}; "
            "is a standard error given as a standard deviation?"
        ),
        f"|g| > {limit:g}",
    )


def opposite_signs(values: Mapping[str, np.ndarray], study: Labels) -> list[str]:
    """Means for which a ratio does not exist, or is of doubtful meaning because both are negative."""
    names = [name for name in ("mean1", "mean2", "mean") if name in values]
    x = np.stack([values[name] for name in names])
    known = ~np.any(np.isnan(x), axis=0)

    def told(row: int) -> str:
        return " and ".join(f"{name} = {show(values[name][row])}" for name in names)

    positive, negative = np.all(x > 0, axis=0), np.all(x < 0, axis=0)
    undefined = known & ~positive & (~negative if len(names) == 2 else True)
    doubtful = known & negative if len(names) == 2 else np.zeros_like(known)
    return each(
        undefined,
        lambda row: (
            f"no ratio of means: study {study[row]!r} has {told(row)}, "
            + ("not of the same sign" if len(names) == 2 else "not positive")
        ),
        "no ratio of means",
    ) + each(
        doubtful,
        lambda row: (
            f"ratio of negative means: study {study[row]!r} has {told(row)}; has the scale a true zero?"
        ),
        "ratio of negative means",
    )


def doubtful_intervals(
    yi: np.ndarray, low: np.ndarray, high: np.ndarray, study: Labels, slack: float = 0.1
) -> list[str]:
    """Estimates outside their interval, or off its middle by more than ``slack`` half-widths.

    All on the analysis scale; off the middle there, the interval is usually on another scale.
    """
    outside = (yi < low) | (yi > high)
    half = (high - low) / 2
    off = np.abs(yi - (low + high) / 2) / half
    return each(
        outside,
        lambda row: (
            f"estimate outside its interval: study {study[row]!r} has yi = {yi[row]:.6g} and "
            f"[{low[row]:.6g}, {high[row]:.6g}] on the analysis scale; check ci_scale"
        ),
        "estimate outside its interval",
    ) + each(
        (off > slack) & ~outside,
        lambda row: (
            f"interval not symmetric on the analysis scale: study {study[row]!r} has yi = {yi[row]:.6g}, "
            f"{off[row]:.0%} of the half-width away from the middle of [{low[row]:.6g}, {high[row]:.6g}]; "
            "check ci_scale"
        ),
        "interval not symmetric on the analysis scale",
    )


def missing_values(values: Mapping[str, np.ndarray], columns: Sequence[str], study: Labels) -> list[str]:
    """Rows without an effect because something it needs is missing."""
    blank = {name: np.isnan(values[name]) for name in columns if name in values}
    lacking = [name for name in blank if blank[name].any()]
    if not lacking:
        return []
    return each(
        np.any(np.stack([blank[name] for name in lacking]), axis=0),
        lambda row: (
            f"no effect for study {study[row]!r}: "
            f"{', '.join(name for name in lacking if blank[name][row])} missing (kept as a row without yi)"
        ),
        "values missing",
    )
