"""Networks and dose-response models in every form of input that they take, each called in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import meta

TAU = meta.HalfNormal(0.5)
EFFECT = meta.Normal(0, 2)

# Numbers that float16 and int8 hold exactly, so that narrow columns are the same numbers.
ARMS = pd.DataFrame(
    {
        "study": ["A", "A", "B", "B", "B", "C", "C", "D", "D", "E", "E", "F", "F"],
        "treatment": ["a", "b", "a", "b", "c", "b", "c", "a", "c", "a", "b", "a + b", "a"],
        "mean": [10.0, 11.5, 9.0, 10.25, 12.0, 11.0, 12.5, 10.0, 12.25, 9.5, 11.75, 12.5, 9.75],
        "sd": [2.0, 2.5, 1.75, 2.0, 2.25, 3.0, 2.5, 2.0, 1.5, 2.75, 2.5, 2.0, 2.25],
        "n": [20, 22, 30, 31, 29, 40, 41, 25, 24, 50, 51, 33, 30],
        "events": [5, 8, 7, 9, 14, 9, 12, 4, 11, 12, 20, 15, 8],
        "time": [20.0, 21.5, 33.0, 30.5, 28.0, 44.0, 41.0, 26.0, 22.5, 52.0, 53.5, 31.0, 32.0],
        "dose": [0, 2, 0, 2, 4, 1, 3, 0, 4, 0, 2, 3, 0],
        "size": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9],
    }
)
SEI = [0.25, 0.5, 0.375, 0.25, 0.625, 0.5, 0.25, 0.375]
PAIRS = pd.DataFrame(
    {
        "study": ["P", "Q", "R", "S", "T", "U", "V", "W"],
        "treat1": ["a", "a", "b", "a", "b", "a", "a + b", "a"],
        "treat2": ["b", "c", "c", "b", "c", "c", "a", "b"],
        "yi": [0.5, 1.25, 0.5, 0.25, 0.875, 1.5, 0.75, 0.625],
        "vi": [s * s for s in SEI],
        "dose": [1, 2, 3, 1, 2, 3, 4, 2],
    }
)
CURVE = pd.DataFrame(
    {
        "study": list("AAABBBCCCDDD"),
        "dose": [0, 1, 2, 0, 1, 3, 0, 2, 4, 0, 1, 3],
        "mean": [1.0, 1.5, 2.25, 1.25, 1.75, 3.0, 0.75, 2.0, 3.5, 1.125, 1.375, 2.875],
        "sd": [1.0, 1.25, 1.125, 1.0, 0.875, 1.25, 1.5, 1.25, 1.0, 1.125, 1.25, 1.0],
        "n": [40, 42, 38, 30, 33, 31, 60, 58, 61, 45, 44, 47],
        "cases": [5, 8, 12, 4, 6, 11, 9, 18, 26, 6, 8, 15],
        "yi": [0.0, 0.375, 0.75, 0.0, 0.25, 1.0, 0.0, 0.625, 1.125, 0.0, 0.25, 0.875],
        "vi": [0.0, 0.25, 0.25, 0.0, 0.5, 0.25, 0.0, 0.125, 0.125, 0.0, 0.25, 0.25],
        "kind": ["cohort"] * 12,
    }
)
RATIOS = {"measure": "RR", "design": "kind"}
CHANGES = {"measure": "MD", "mean": "mean", "sd": "sd", "n": "n"}


def dose(function: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    return lambda table=None, **given: function(table, **fixed, **given)


FORMS: dict[str, tuple[pd.DataFrame, Callable[..., Any]]] = {
    "network, MD": (ARMS, dose(meta.pool_network, measure="MD")),
    "network, SMD": (ARMS, dose(meta.pool_network, measure="SMD", method="DL")),
    "network, ROM": (ARMS, dose(meta.pool_network, measure="ROM")),
    "network, OR": (ARMS, dose(meta.pool_network, measure="OR")),
    "network, IRR": (ARMS, dose(meta.pool_network, measure="IRR")),
    "network, pairs": (PAIRS, dose(meta.pool_network, measure="MD")),
    "network, components": (PAIRS, dose(meta.pool_network, measure="MD", components=" + ")),
    "bayes_network, arms": (ARMS, dose(meta.bayes_network, measure="MD", tau=TAU)),
    "bayes_network, pairs": (PAIRS, dose(meta.bayes_network, measure="MD", tau=TAU)),
    "dose, means": (CURVE, dose(meta.dose_response, **CHANGES, shape="quadratic")),
    "dose, SMD": (CURVE, dose(meta.dose_response, **{**CHANGES, "measure": "SMD"})),
    "dose, ratios": (CURVE, dose(meta.dose_response, **RATIOS)),
    "bayes_dose": (CURVE, dose(meta.bayes_dose, **CHANGES, effect=EFFECT, tau=TAU)),
    "bayes_dose, ratios": (CURVE, dose(meta.bayes_dose, **RATIOS, effect=EFFECT, tau=TAU)),
    "compare_shapes": (CURVE, dose(meta.compare_shapes, **CHANGES, shapes=["linear", "quadratic"])),
}


def with_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Standard errors in the place of variances."""
    if "vi" not in frame:
        return frame
    return frame.assign(sei=np.sqrt(frame["vi"])).drop(columns="vi")
