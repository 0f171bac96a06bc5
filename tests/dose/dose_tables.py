"""The published tables, and calls of `dose_response` for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import meta
from meta.errors import quiet

DATA = Path(__file__).parent / "data"
Z = 1.959963984540054
RATIOS = {"study": "id", "yi": "logrr", "sei": "se", "cases": "cases", "n": "n", "design": "type"}


@cache
def alcohol() -> pd.DataFrame:
    return pd.read_csv(DATA / "dose_alcohol_cvd.csv")


@cache
def aripiprazole() -> pd.DataFrame:
    return pd.read_csv(DATA / "dose_ari.csv")


@cache
def breast() -> pd.DataFrame:
    table = pd.read_csv(DATA / "dose_cc_ex.csv")
    se = (np.log(table["ub"]) - np.log(table["lb"])) / (2 * Z)
    return table.assign(study="Rohan 1988", se=se).drop(columns=["crudeor", "adjrr", "lb", "ub"])


def alcohol_curve(**options: Any) -> Any:
    """Alcohol and cardiovascular disease, with the covariances of R's dosresmeta by default."""
    with quiet():
        return meta.dose_response(alcohol(), **{**RATIOS, "covariance": "GL", **options})


def ari_curve(measure: str = "SMD", **options: Any) -> Any:
    given = {"study": "author", "mean": "y", "measure": measure, "shape": "quadratic"}
    return meta.dose_response(aripiprazole(), **{**given, **options})


def breast_curve(**options: Any) -> Any:
    names = {"yi": "logrr", "sei": "se", "cases": "case", "n": "n", "design": "case-control", "method": "EE"}
    return meta.dose_response(breast(), **{**names, **options})


def simulated(seed: int, trials: int = 6, doses: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0)) -> dict[str, Any]:
    """Means of trials with curves that differ."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Any]] = {name: [] for name in ("study", "dose", "mean", "sd", "n")}
    for i in range(trials):
        slope, bend = rng.normal(1.0, 0.4), rng.normal(-0.1, 0.05)
        for x in doses:
            n = int(rng.integers(20, 60))
            rows["study"].append(f"T{i}")
            rows["dose"].append(x)
            rows["n"].append(n)
            rows["sd"].append(float(rng.uniform(0.8, 1.4)))
            rows["mean"].append(float(i / 3 + slope * x + bend * x * x + rng.normal(0, 1 / np.sqrt(n))))
    return rows
