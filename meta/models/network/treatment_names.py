"""Labels of trials and treatments: which rows belong to one trial, and treatments that look like one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from meta.errors import DataWarning, InputError, Notes
from meta.formatting import listing, shown


def grouped(trial: np.ndarray) -> dict[str, np.ndarray]:
    """Positions of the rows of each trial, in the order in which trials come.

    >>> grouped(np.array(["b", "a", "b"], dtype=object))["b"].tolist()
    [0, 2]
    """
    names = np.array([str(x) for x in trial], dtype=object)
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(names.tolist())}


def merged(labels: np.ndarray, merge: Mapping[str, Sequence[str]] | None) -> np.ndarray:
    """Treatments under the names of the nodes that the caller makes of them.

    >>> merged(np.array(["sham", "oxide"], dtype=object), {"control": ["sham", "none"]}).tolist()
    Traceback (most recent call last):
    ...
    meta.errors.InputError: merge names the treatment 'none', but the network has none of that name; ...
    """
    if merge is None:
        return labels
    present = dict.fromkeys(labels.tolist())
    node: dict[str, str] = {}
    for name, parts in merge.items():
        if isinstance(parts, str) or not all(isinstance(part, str) for part in parts):
            raise InputError(
                f"merge must map a node to a list of treatments, {{'control': ['placebo', 'none']}}, "
                f"not {name!r} to {shown(parts)}"
            )
        for part in parts:
            if part not in present:
                raise InputError(
                    f"merge names the treatment {part!r}, but the network has none of that name; "
                    f"treatments: {', '.join(map(str, present))}"
                )
            if part in node:
                raise InputError(f"merge puts the treatment {part!r} into two nodes; choose one")
            node[part] = str(name)
    return np.array([node.get(label, label) for label in labels], dtype=object)


def look_alikes(treatments: Sequence[str], notes: Notes) -> None:
    """Warn of treatments whose names differ by capitals or blanks alone."""
    alike: dict[str, list[str]] = {}
    for name in treatments:
        alike.setdefault("".join(name.lower().split()), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            notes.warn(
                f"treatments {listing(map(repr, names))} differ only in capitals or blanks and are "
                "separate nodes; give them one name if they are the same",
                DataWarning,
            )


def check_repeated(arms: Sequence[str], trial: str, remedy: str) -> None:
    """Refuse a treatment that a trial has twice."""
    twice = [name for name in dict.fromkeys(arms) if list(arms).count(name) > 1]
    if twice:
        raise InputError(
            f"trial {trial!r} has the treatment {twice[0]!r} in {list(arms).count(twice[0])} arms; {remedy}"
        )
