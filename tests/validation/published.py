"""The published analyses: data that `meta.datasets` lacks, and how ours are held against the printed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import meta
from meta.errors import quiet

FILE = Path(__file__).with_name("analyses.toml")
ARMS = {"events1": "events1", "n1": "n1", "events2": "events2", "n2": "n2"}


@dataclass(frozen=True)
class Analysis:
    """One published analysis; ``ours`` holds the digits where ours rounds otherwise, and ``why``."""

    id: str
    title: str
    paper: str
    place: str
    code: str
    printed: dict[str, str]
    ours: dict[str, str] = field(default_factory=dict)
    why: str = ""

    def run(self) -> dict[str, float]:
        """Execute the lines and return what they found."""
        space: dict[str, Any] = {"meta": meta, "np": np, "pd": pd, "quiet": quiet} | HELPERS
        exec(compile(self.code, self.id, "exec"), space)
        return {name: float(value) for name, value in space["found"].items()}

    def expected(self) -> dict[str, str]:
        """What ours must print."""
        return {**self.printed, **self.ours}


def analyses() -> list[Analysis]:
    """All analyses of the file."""
    return [Analysis(**item) for item in tomllib.loads(FILE.read_text(encoding="utf-8"))["analyses"]]


def rounded(value: float, like: str) -> str:
    """Round a number to as many decimals as a printed one has; a zero has no sign."""
    digits = Decimal(1).scaleb(-len(like.partition(".")[2]))
    text = str(Decimal(repr(value)).quantize(digits, ROUND_HALF_EVEN))
    return text.removeprefix("-") if not Decimal(text) else text


def bcg(measure):
    """The BCG trials as log odds or risk ratios."""
    columns = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
    return meta.effect_sizes(meta.datasets.load("bcg"), measure=measure, study="author", **columns)


def stroke():
    """Stroke units: differences of means with pooled SDs, as the paper has them."""
    d = meta.datasets.load("normand1999")
    n1, n2 = d["n1"], d["n2"]
    v = ((n1 - 1) * d["sd1"] ** 2 + (n2 - 1) * d["sd2"] ** 2) / (n1 + n2 - 2)
    return meta.effect_sizes(measure="GEN", yi=d["mean1"] - d["mean2"], vi=v * (1 / n1 + 1 / n2))


def nausea():
    """Acupoint stimulation against nausea: Lee & Done 2004, doi:10.1002/14651858.CD003281.pub2."""
    events1 = [18, 5, 9, 32, 9, 11, 69, 3, 1, 11, 7, 4, 1, 24, 16, 28]
    n1 = [100, 50, 20, 135, 23, 18, 122, 25, 30, 30, 44, 47, 30, 40, 50, 110]
    events2 = [20, 18, 7, 31, 10, 12, 80, 12, 1, 19, 16, 6, 13, 71, 53, 25]
    n2 = [100, 50, 20, 139, 23, 18, 122, 25, 30, 30, 39, 47, 30, 80, 88, 111]
    return meta.effect_sizes(measure="OR", events1=events1, n1=n1, events2=events2, n2=n2)


def diuretics():
    """Diuretics and pre-eclampsia: Collins et al. 1985, doi:10.1136/bmj.290.6461.17."""
    n1 = [131, 385, 57, 38, 1011, 1370, 506, 108, 153]
    n2 = [136, 134, 48, 40, 760, 1336, 524, 103, 102]
    events1 = [14, 21, 14, 6, 12, 138, 15, 6, 65]
    events2 = [14, 17, 24, 18, 35, 175, 20, 2, 40]
    return meta.effect_sizes(measure="OR", events1=events1, n1=n1, events2=events2, n2=n2)


def smoothed():
    """The BCG trials with the smoothed variances of Berkey et al. 1995."""
    d = meta.datasets.load("bcg")
    es = bcg("RR")
    v = np.sum(d["tneg"] / d["tpos"]) / (13 * d["tn"]) + np.sum(d["cneg"] / d["cpos"]) / (13 * d["cn"])
    table = pd.DataFrame({"yi": es.yi, "vi": v, "north": d["ablat"] - 33.46})
    return meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")


def infections(measure, arm):
    """One arm of the catheter trials as log odds."""
    d = meta.datasets.load("nielweise2007")
    return meta.effect_sizes(d, measure=measure, events=f"events{arm}", n=f"n{arm}", study="author")


def catheters(model):
    """The catheter trials by a generalised linear mixed model."""
    return meta.pool_counts(
        meta.datasets.load("nielweise2007"), measure="OR", method="GLMM", model=model, **ARMS
    )


def rates(arm):
    """One arm of the catheter trials as log rates per 1000 days."""
    d = meta.datasets.load("nielweise2008")
    return meta.effect_sizes(measure="IRLN", events=d[f"events{arm}"], time=d[f"time{arm}"] / 1000)


def ulcer(model, **options):
    """Endoscopic haemostasis: bleeding in controls against treated, as the paper has it."""
    d = meta.datasets.load("collins1985a").dropna(subset=["bleeding1", "bleeding2"])
    arms = {"events1": d["bleeding2"], "n1": d["n2"], "events2": d["bleeding1"], "n2": d["n1"]}
    return meta.pool_counts(measure="OR", method="GLMM", model=model, **arms, **options)


def periodontal():
    """Two outcomes of five trials, by year: unstructured heterogeneity, maximum likelihood."""
    d = meta.datasets.load("berkey1998")
    d["late"] = d["year"] - 1983
    blocks = [part[["v1i", "v2i"]].to_numpy() for _, part in d.groupby("trial", sort=False)]
    v = np.zeros((len(d), len(d)))
    for i, block in enumerate(blocks):
        v[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = block
    formula = "~ 0 + C(outcome) + C(outcome):late"
    return meta.pool_multilevel(d, levels=["trial"], inner="outcome", V=v, moderators=formula, method="ML")


HELPERS = {
    "bcg": bcg,
    "stroke": stroke,
    "nausea": nausea,
    "diuretics": diuretics,
    "smoothed": smoothed,
    "infections": infections,
    "catheters": catheters,
    "rates": rates,
    "ulcer": ulcer,
    "periodontal": periodontal,
}
