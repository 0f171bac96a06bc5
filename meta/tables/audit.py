"""What a look at a table's rows shows before they are pooled: totals, repeats, codes for missing values.

Pure functions: labels and numbers in, findings out. Who calls them warns, or leaves rows out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from meta.formatting import listing

Values = Mapping[str, np.ndarray]
Labels = Sequence[str] | np.ndarray

_TOTAL = re.compile(
    r"\W*(?:(?:sub|grand|sous|zwischen)?[ -]?(?:totals?|totale?|totaux|summe)|all (?:studies|trials)|overall|"
    r"pooled|combined|summary|gesamt(?:ergebnis|effekt|summe|zahl)?|zwischensumme|insgesamt|ensemble|global|"
    r"conjunto|résumé|resumen|(?:random|fixed|common|equal)[- ]?effects?|meta[- ]?analysis|"
    r"pooled (?:estimate|effect)|summary (?:estimate|effect))\b",
    re.IGNORECASE,
)
"""How rows that sum up others begin, in several languages."""
_YEAR = re.compile(r"\b(19|20)\d\d\b")
_COUNTS = (
    *("events1", "events2", "nonevents1", "nonevents2", "n1", "n2", "time1", "time2"),
    *("events", "nonevents", "n", "time"),
)
CODES = (99.0, 999.0, 9999.0, 99999.0, -9.0, -99.0, -999.0, -9999.0)
"""Numbers that stand for missing values in older files."""
MOST_LABELS = 20_000
"""Rows whose labels are read; a larger table is looked at by its sums alone, which takes no time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a table that its owner should look at.

    Attributes
    ----------
    kind : {"total", "sum", "labelled", "repeated label", "repeated numbers", "code", "scale", "spread"}
        "total": label and sums say that the row sums up others; "sum" and "labelled": one of the two says so.
    rows : tuple of int
        Positions of the rows.
    text : str
        One sentence, without a remedy.
    """

    kind: str
    rows: tuple[int, ...]
    text: str


def totals(study: Labels, values: Values) -> list[Finding]:
    """Rows that sum up others: by their label, by their counts, or by an effect that is the others' mean.

    Examples
    --------
    >>> n = {"events1": np.array([1.0, 2.0, 3.0]), "n1": np.array([10.0, 20.0, 30.0])}
    >>> [(found.kind, found.rows) for found in totals(["A", "B", "Total"], n)]
    [('total', (2,))]
    """
    k = len(study)
    if k < 3:
        return []
    counts = {name: values[name] for name in _COUNTS if name in values}
    labelled = [i for i, label in enumerate(study) if _TOTAL.match(str(label))] if k <= MOST_LABELS else []
    if len(labelled) > k / 2:
        labelled = []  # a table of pooled results is one of results, not of studies with their totals
    found = []
    others = np.ones(k, dtype=bool)
    others[labelled] = False
    for place, row in enumerate(labelled):
        before = labelled[place - 1] if place else -1
        since = others.copy()
        since[: before + 1] = False
        since[row:] = False
        groups = [since, others]
        how = next((text for group in groups if (text := _sums_up(row, group, counts, values))), "")
        name = repr(str(study[row]))
        if how:
            found.append(Finding("total", (row,), f"row {row + 1}, {name}, is a total: {how}"))
        elif not _YEAR.search(str(study[row])):
            text = f"row {row + 1}, {name}, is called like a total, but does not sum up the other rows"
            found.append(Finding("labelled", (row,), text))
    if not labelled:
        found += _unlabelled(study, counts)
    return found


def odd_rows(study: Labels, values: Values) -> list[str]:
    """What a library function warns of: totals that are pooled like studies, and codes for missing values.

    >>> n = {"events1": np.array([1.0, 2.0, 3.0]), "n1": np.array([10.0, 20.0, 30.0])}
    >>> odd_rows(["A", "B", "Total"], n)
    ["row 3, 'Total', is a total: its events1 and n1 are the sums of the other rows; leave it out"]
    """
    sums = [found for found in totals(study, values) if found.kind in ("total", "sum")]
    told = [found.text if found.kind == "sum" else f"{found.text}; leave it out" for found in sums]
    told += [f"{found.text}; is a study there twice?" for found in repeated_numbers(study, values)]
    return told + [f"{found.text}; make it missing" for found in codes(study, values)]


def odd_effects(values: Values, given: Sequence[str], *, log_ratio: bool, standardised: bool) -> list[str]:
    """What a library function warns of where effects are computed already: their scale and their errors.

    Parameters
    ----------
    values : mapping
        ``yi``, ``vi`` and, where they are known, ``sei``, ``model_low``, ``model_high``, ``n1``, ``n2``.
    given : sequence of str
        The arguments that the caller gave.
    log_ratio, standardised : bool
        What the measure is.

    Examples
    --------
    >>> effects = {"yi": np.array([1.35, 1.65, 1.1]), "vi": np.array([0.01, 0.04, 0.02])}
    >>> odd_effects(effects, ["yi", "vi"], log_ratio=True, standardised=False)[0][-35:]
    '? give ratios as estimate=, not yi='
    """
    told = []
    error = next((name for name in ("vi", "sei") if name in given and name in values), None)
    if error is not None:
        known = {name: x for name, x in values.items() if standardised or name[0] != "n"}
        other = "sei" if error == "vi" else "vi"
        told += [f"{found.text}; give them as {other}=" for found in spread_swapped(known, error)]
    if log_ratio and "yi" in given and {"yi", "vi"} <= values.keys():
        told += [f"{found.text} give ratios as estimate=, not yi=" for found in raw_ratios(values)]
    return told


def _sums_up(row: int, group: np.ndarray, counts: Values, values: Values) -> str:
    """How a row sums up a group of others; empty if it does not."""
    if group.sum() < 2:
        return ""
    known = [name for name, x in counts.items() if np.isfinite(x[row]) and np.isfinite(x[group]).any()]
    if known and any(counts[name][row] > 0 for name in known):
        equal = [abs(np.nansum(counts[name][group]) - counts[name][row]) <= 1e-9 for name in known]
        return f"its {listing(known)} are the sums of the other rows" if all(equal) else ""
    return _is_mean(row, group, values)


def _is_mean(row: int, group: np.ndarray, values: Values) -> str:
    """Whether a row's effect is a weighted mean of others, known as well as all of them together.

    Rounding to two decimals moves a precision by a few percent; a random-effects mean lies below the sum of
    the precisions, but above that of any single study unless heterogeneity is huge.
    """
    if "yi" not in values or "vi" not in values:
        return ""
    yi, vi = values["yi"], values["vi"]
    use = group & np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    if use.sum() < 2 or not (np.isfinite(yi[row]) and vi[row] > 0):
        return ""
    weights = 1 / vi[use]
    mean, plain = float(np.average(yi[use], weights=weights)), float(yi[use].mean())
    se = float(np.sqrt(vi[row]))
    near = min(mean, plain) - se <= yi[row] <= max(mean, plain) + se
    precise = 1.05 * weights.sum() >= 1 / vi[row]
    fixed = abs(yi[row] - mean) <= 0.1 * se and abs(np.log(1 / vi[row] / weights.sum())) < 0.1
    random = precise and near and 1 / vi[row] >= np.median(weights)
    return "its effect is the pooled one of the other rows" if fixed or random else ""


def _unlabelled(study: Labels, counts: Values) -> list[Finding]:
    """The row whose counts are all the sums of all other rows, though its label does not say so."""
    known = [x for x in counts.values() if np.isfinite(x).all()]
    if len(known) < 2 or len(study) < 4:
        return []
    sums = np.all([np.abs(2 * x - x.sum()) <= 1e-9 * max(x.sum(), 1) for x in known], axis=0)
    sums &= np.all([x > 0 for x in known], axis=0)
    if sums.sum() != 1:
        return []
    row = int(np.argmax(sums))
    text = f"row {row + 1}, {str(study[row])!r}, has the sums of all other rows; is it a total?"
    return [Finding("sum", (row,), text)]


def repeated_labels(study: Labels) -> list[Finding]:
    """Studies with several rows.

    >>> repeated_labels(["A", "B", "A"])[0].text
    "study 'A' has 2 rows"
    """
    counted = Counter(map(str, study))
    several = {label: count for label, count in counted.items() if count > 1}
    if not several:
        return []
    rows = tuple(i for i, label in enumerate(study) if str(label) in several)
    if len(several) == 1:
        label, count = next(iter(several.items()))
        return [Finding("repeated label", rows, f"study {label!r} has {count} rows")]
    shown = [f"{label!r} ({count})" for label, count in list(several.items())[:3]]
    more = len(several) - len(shown)
    told = listing([*shown, *([f"{more} more"] if more > 0 else [])])
    return [Finding("repeated label", rows, f"{len(several)} studies have several rows: {told}")]


def repeated_numbers(study: Labels, values: Values) -> list[Finding]:
    """Rows with other labels but the same numbers throughout, if those are too many digits for chance.

    >>> n = np.array([120.0, 98.0, 120.0])
    >>> found = repeated_numbers(["A", "B", "C"], {"events1": n - 90, "n1": n, "events2": n - 80, "n2": n})
    >>> found[0].text
    "'A' and 'C' have the same numbers"
    """
    columns = [x for x in values.values() if x.dtype.kind == "f" and x.ndim == 1]
    if not columns or len(study) > MOST_LABELS:
        return []
    table = np.stack(columns, axis=1)
    complete = np.flatnonzero(np.isfinite(table).any(axis=1))
    groups: dict[bytes, list[int]] = {}
    for row in complete:
        groups.setdefault(table[row].tobytes(), []).append(int(row))
    found = []
    for rows in groups.values():
        labels = list(dict.fromkeys(str(study[row]) for row in rows))
        if len(rows) < 2 or len(labels) < 2 or _digits(table[rows[0]]) < 7:
            continue
        told = listing([repr(label) for label in labels[:5]])
        found.append(Finding("repeated numbers", tuple(rows), f"{told} have the same numbers"))
    return found


def _digits(values: np.ndarray) -> int:
    """Digits that would have to agree by chance; seven in all hardly do."""
    known = values[np.isfinite(values)]
    return sum(len(f"{abs(x):.6g}".replace(".", "").lstrip("0")) for x in known)


def codes(study: Labels, values: Values) -> list[Finding]:
    """Numbers that stand for missing values: 99, 999, -9 and the like far from all others of their column.

    >>> codes(["A", "B", "C"], {"sd1": np.array([2.1, 999.0, 3.2])})[0].text
    "sd1 = 999 of study 'B' looks like a code for a missing value"
    """
    found = []
    for name, x in values.items():
        if x.dtype.kind != "f":
            continue
        for code in CODES:
            at = x == code
            if not at.any() or at.all():
                continue
            rest = x[~at & np.isfinite(x) & ~np.isin(x, CODES)]
            if rest.size < 2:
                continue
            far = code > 10 * np.abs(rest).max() if code > 0 else bool((rest >= 0).all() and rest.any())
            if far:
                rows = tuple(int(row) for row in np.flatnonzero(at))
                whose = listing([repr(str(study[row])) for row in rows[:5]])
                text = f"{name} = {code:g} of study {whose} looks like a code for a missing value"
                found.append(Finding("code", rows, text))
    return found


def spread_swapped(values: Values, error: str) -> list[Finding]:
    """Variances that are standard errors, or the other way round, by the interval or the sizes beside them.

    Parameters
    ----------
    values : mapping
        ``sei`` or ``vi`` as ``error`` says, beside ``model_low`` and ``model_high`` (95% limits on the model
        scale), or ``n1`` and ``n2`` of standardised mean differences.
    error : {"vi", "sei"}
        What the column is taken for.

    Examples
    --------
    >>> n = np.array([20.0, 30.0, 50.0])
    >>> spread_swapped({"vi": np.sqrt(2 / n), "n1": n, "n2": n, "yi": 0 * n}, "vi")[0].text
    'vi looks like standard errors, not variances'
    """
    known = values[error]
    if "model_low" in values and "model_high" in values:
        se = (values["model_high"] - values["model_low"]) / (2 * 1.959963984540054)
        slack = 0.1  # limits printed with two digits
    elif {"n1", "n2"} <= values.keys():
        with np.errstate(divide="ignore", invalid="ignore"):
            se = np.sqrt(1 / values["n1"] + 1 / values["n2"])
        slack = 0.2  # the effect's own share of the variance
    else:
        return []
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.log(known / (se**2 if error == "vi" else se))
        other = np.log(known / (se if error == "vi" else se**2))
    use = np.isfinite(right) & np.isfinite(other)
    if use.sum() < 3:
        return []
    if np.mean(np.abs(other[use]) < slack) < 0.9 or np.mean(np.abs(right[use]) < 2 * slack) > 0.1:
        return []
    kinds = ("standard errors", "variances")
    is_, not_ = kinds if error == "vi" else kinds[::-1]
    return [Finding("spread", (), f"{error} looks like {is_}, not {not_}")]


def raw_ratios(values: Values) -> list[Finding]:
    """Ratios given where their logs are expected.

    All are positive and many standard errors away from 0, as logs of ratios hardly ever are, while their logs
    lie closer together than they do.

    >>> raw_ratios({"yi": np.array([1.35, 1.65, 1.1]), "vi": np.array([0.01, 0.04, 0.02])})[0].kind
    'scale'
    """
    yi, vi = values["yi"], values["vi"]
    use = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    y, se = yi[use], np.sqrt(vi[use])
    if y.size < 3 or np.any(y <= 0):
        return []
    # A log ratio three standard errors above 0 in every study is rare; a ratio near 1 always is.
    far = np.min(y / se) > 3
    near_one = np.median(np.abs(np.log(y))) < 0.7 and np.median(y) > 0.4
    if not (far and near_one):
        return []
    text = (
        f"all effects are positive, between {y.min():.3g} and {y.max():.3g}, as ratios are: are they ratios "
        "rather than logs of them?"
    )
    return [Finding("scale", (), text)]
