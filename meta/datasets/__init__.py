"""Classic meta-analytic datasets, keyed from the papers that published them.

Columns of two-group data carry the names that :func:`meta.effect_sizes` takes
(``events1 n1 events2 n2``, ``mean1 sd1 n1 ...``), so that a dataset can be handed to it as it is.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from meta.arguments import check_arguments
from meta.errors import unknown_option
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["About", "about", "load", "names"]

_ALIASES = {
    "colditz1994": "bcg",
    "fleiss1993": "aspirin",
    "rubin1981": "eight_schools",
    "gronau2017": "power_pose",
}


@keywords
@dataclass(frozen=True, slots=True)
class About:
    """Where a dataset comes from.

    Attributes
    ----------
    name : str
        The name under which :func:`load` finds it.
    description : str
        What was studied and what the columns mean.
    measure : str
        The code of the measure with which it is usually analysed.
    citation : str
        The publication of the data.
    doi : str
        Its DOI; empty where it has none.
    """

    name: str
    description: str
    measure: str
    citation: str
    doi: str

    def __str__(self) -> str:
        link = f" https://doi.org/{self.doi}" if self.doi else ""
        return f"{self.name} ({self.measure}): {self.description}\n{self.citation}{link}"


@cache
def _catalogue() -> dict[str, About]:
    text = resources.files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    return {name: About(name=name, **entry) for name, entry in tomllib.loads(text).items()}


@keywords
def names() -> list[str]:
    """List the datasets.

    >>> names()[:3]
    ['aspirin', 'assink2016', 'bangertdrowns2004']
    """
    return sorted(_catalogue())


@keywords
def about(name: str) -> About:
    """Tell what a dataset holds and which paper published it.

    >>> about("bcg").doi
    '10.1001/jama.1994.03510330076038'
    """
    check_arguments(about, locals())
    known = _catalogue()
    key = _ALIASES.get(name, name)
    if key not in known:
        raise unknown_option("dataset", name, names())
    return known[key]


@keywords
def load(name: str) -> pd.DataFrame:
    """Load a dataset as a fresh DataFrame; its ``attrs`` say where it comes from.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    DataFrame
        With ``attrs`` holding ``name``, ``citation``, ``doi``, ``description`` and ``measure``.

    Raises
    ------
    UnknownOptionError
        If there is no such dataset; the message lists those that exist.

    Examples
    --------
    >>> bcg = load("bcg")
    >>> bcg.shape, bcg.attrs["doi"]
    ((13, 11), '10.1001/jama.1994.03510330076038')
    """
    check_arguments(load, locals())
    import pandas as pd

    entry = about(name)
    path = resources.files(__package__).joinpath("data", f"{entry.name}.csv")
    text_columns = {"id": str} if entry.name == "yusuf1985" else None
    with path.open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype=text_columns)
    table.attrs = {field: getattr(entry, field) for field in About.__slots__}
    return table


def __dir__() -> list[str]:
    return __all__
