"""Bundled data sets as effect sizes, and the columns that each needs."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import meta

CELLS = {name: name for name in ("events1", "n1", "events2", "n2")}
RATES = {name: name for name in ("events1", "time1", "events2", "time2")}
MEANS = {name: name for name in ("mean1", "sd1", "n1", "mean2", "sd2", "n2")}
GIVEN = {"yi": "yi", "vi": "vi"}
WITH_SE = {"yi": "yi", "sei": "sei"}
PREPOST = {name: name for name in ("mean_pre", "mean_post", "sd_pre", "sd_post", "n", "r")}
COLUMNS: dict[str, tuple[str, dict[str, str]]] = {
    "aspirin": ("OR", CELLS),
    "assink2016": ("SMD", GIVEN),
    "bangertdrowns2004": ("SMD", GIVEN),
    "bcg": ("RR", {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}),
    "berkey1998": ("MD", GIVEN),
    "bonett2010": ("ABT", {"alpha": "alpha", "items": "items", "n": "n"}),
    "collins1985a": ("OR", {"events1": "death1", "n1": "n1", "events2": "death2", "n2": "n2"}),
    "egger2001": ("OR", CELLS),
    "eight_schools": ("GEN", WITH_SE),
    "hackshaw1998": ("OR", GIVEN),
    "hart1999": ("IRR", RATES),
    "hine1989": ("RD", CELLS),
    "konstantopoulos2011": ("SMD", GIVEN),
    "lau1992": ("OR", CELLS),
    "mcdaniel1994": ("ZCOR", {"r": "r", "n": "n"}),
    "miller1978": ("PFT", {"events": "events", "n": "n"}),
    "molloy2014": ("ZCOR", {"r": "r", "n": "n"}),
    "morris2008": ("SMCR", PREPOST),
    "nielweise2007": ("OR", CELLS),
    "nielweise2008": ("IRR", RATES),
    "normand1999": ("MD", MEANS),
    "power_pose": ("SMD", WITH_SE),
    "pritz1997": ("PLO", {"events": "events", "n": "n"}),
    "raudenbush1985": ("SMD", GIVEN),
    "yusuf1985": ("PETO", CELLS),
}
"""Every bundled data set: the measure of its usual analysis, and its columns by argument."""

MODERATED = {
    "bcg": "ablat",
    "bangertdrowns2004": "length",
    "raudenbush1985": "weeks",
    "hackshaw1998": "year",
    "lau1992": "year",
    "konstantopoulos2011": "year",
    "molloy2014": "meanage",
    "egger2001": "year",
}
"""Data sets with a number that may explain something."""


@cache
def table(name: str) -> pd.DataFrame:
    """A bundled table; rows that lack what the measure needs are left out."""
    data = meta.datasets.load(name)
    kept = data[list(COLUMNS[name][1].values())].notna().all(axis=1)
    return data[kept].reset_index(drop=True)


@cache
def es(name: str, measure: str = "") -> Any:
    """Effect sizes of a bundled table."""
    usual, columns = COLUMNS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return meta.effect_sizes(table(name), measure=measure or usual, **columns)


@cache
def fit(name: str, method: str = "REML", test: str = "hksj") -> Any:
    """A pooled fit of a bundled table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return meta.pool(es(name), method=method, test=test)


@cache
def some(name: str, rows: int) -> Any:
    """The effects of the first rows of a bundled table."""
    data = es(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return meta.effect_sizes(data.frame.iloc[:rows][["yi", "vi"]], measure=data.measure, yi="yi", vi="vi")


@cache
def weights(k: int) -> np.ndarray:
    """User weights that nothing else would give."""
    return 1.0 + np.arange(k) % 5
