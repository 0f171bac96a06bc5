"""Cochrane's RevMan: its RM5 files and its CSV exports, as tables with this package's column names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from meta.arguments import check_arguments
from meta.effects.revman_csv import from_csv
from meta.effects.revman_rows import Outcome
from meta.effects.revman_xml import from_xml
from meta.errors import InputError
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd


@keywords
def read_revman(path: str | os.PathLike[str], *, outcome: str | None = None) -> pd.DataFrame:
    """Read the study data of a Cochrane review.

    Parameters
    ----------
    path : str or Path
        A RevMan 5 file (``.rm5``), its CSV export, or RevMan Web's CSV of data rows.
    outcome : str, optional
        Which outcome, such as "1.2" (comparison 1, outcome 2), or "1.2.1" for one subgroup of it. Needed
        where the review has several and one table is wanted; without it all rows of all outcomes come.

    Returns
    -------
    DataFrame
        One row per study: ``study year outcome subgroup``; then ``events1 n1 events2 n2``, or
        ``mean1 sd1 n1 mean2 sd2 n2``, or ``yi`` with ``sei`` or ``vi`` (on the log scale for ratios); then
        what RevMan itself states: ``revman_effect revman_ci_low revman_ci_high revman_weight``, and
        ``revman_estimable`` where it calls a study not estimable.
        ``attrs["outcomes"]`` lists the outcomes, with RevMan's measure, method, model and pooled result.

    Raises
    ------
    InputError
        If the file is not RevMan's, or has no such outcome; the message lists those it has.

    Notes
    -----
    The layout follows files that RevMan 5 and RevMan Web write.

    Examples
    --------
    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "review.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("Analysis group,Analysis number,Study,Experimental cases,Experimental N,"
    ...                    "Control cases,Control N\\n1,1,Adams 2001,4,20,8,21\\n")
    >>> read_revman(path, outcome="1.1")[["study", "events1", "n1", "events2", "n2"]].values.tolist()
    [['Adams 2001', 4, 20, 8, 21]]
    """
    check_arguments(read_revman, locals())
    target = Path(path)
    if not target.is_file():
        raise InputError(f"no file {str(path)!r}; give the path of an .rm5 file or a RevMan CSV export")
    return as_frame(outcomes_of(target.read_bytes(), target.name), outcome, target.name)


def as_frame(outcomes: list[Outcome], outcome: str | None, name: str) -> pd.DataFrame:
    """Table of one outcome, or of all."""
    import pandas as pd

    chosen = outcomes if outcome is None else [pick(outcomes, outcome, name)]
    part = outcome.split(".")[2] if outcome is not None and outcome.count(".") == 2 else None
    rows = [row for item in chosen for row in item.rows if part is None or row["subgroup_number"] == part]
    if part is not None and not rows:
        raise InputError(f"outcome {chosen[0].number} of {name!r} has no subgroup {outcome!r}")
    frame = pd.DataFrame([{k: v for k, v in row.items() if k != "subgroup_number"} for row in rows])
    frame = frame.dropna(axis="columns", how="all")
    if "subgroup" in frame and not frame["subgroup"].astype(bool).any():
        frame = frame.drop(columns="subgroup")
    if "revman_estimable" in frame and frame["revman_estimable"].all():
        frame = frame.drop(columns="revman_estimable")
    fields = ("number", "name", "comparison", "measure", "method", "model", "effect", "ci_low", "ci_high")
    frame.attrs["outcomes"] = [{field: getattr(item, field) for field in fields} for item in chosen]
    return frame


def pick(outcomes: list[Outcome], number: str, name: str) -> Outcome:
    """The outcome of a number; refuses others and says which there are."""
    wanted = ".".join(part.lstrip("0") or "0" for part in number.strip().split(".")[:2])
    for item in outcomes:
        if item.number == wanted:
            return item
    raise InputError(f"{name!r} has no outcome {number!r}; it has: {'; '.join(map(str, outcomes))}")


def outcomes_of(content: bytes, name: str) -> list[Outcome]:
    """All outcomes with data in the content of a file."""
    found = from_xml(content, name) if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else None
    if found is None:
        found = from_csv(content, name)
    found = [item for item in found if item.rows]
    if not found:
        raise InputError(f"{name!r} holds no study data")
    return found
