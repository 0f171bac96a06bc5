"""Effect sizes: every measure of the registry with every variance and option, zero cells, data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta
from meta.effects.registry import MEASURES
from tests.net import data
from tests.net.register import Group, take

OF = Group("measures")
SCALES = Group("scales")
GROUPS = [OF, SCALES]

TWO = {"events1": [4, 12, 9, 25, 3], "n1": [50, 80, 40, 120, 45], "events2": [9, 10, 17, 20, 12]}
TWO |= {"n2": [55, 78, 44, 110, 60]}
ZERO = {"events1": [0, 5, 0, 12, 20], "n1": [20, 20, 15, 12, 50], "events2": [3, 0, 0, 7, 11]}
ZERO |= {"n2": [22, 20, 18, 9, 40]}
MEANS = {"mean1": [12.0, 8.5, 10.1, 9.7, 20.0], "sd1": [3.0, 2.2, 4.1, 2.9, 6.0], "n1": [12, 30, 22, 61, 8]}
MEANS |= {"mean2": [10.0, 9.1, 7.6, 9.9, 14.5], "sd2": [2.5, 2.8, 3.6, 3.3, 4.0], "n2": [14, 28, 25, 55, 9]}
PAIRED = {"mean_pre": [20.0, 9.0, 14.0, 31.0, 5.0], "mean_post": [24.0, 8.2, 16.5, 35.5, 5.6]}
PAIRED |= {"sd_pre": [4.0, 2.1, 5.2, 8.0, 1.1], "sd_post": [4.6, 1.9, 4.8, 9.1, 1.4]}
PAIRED |= {"n": [12, 33, 20, 50, 16], "r": [0.6, 0.3, 0.72, 0.5, 0.81]}
EXAMPLES: dict[str, dict[str, list[float]]] = {
    "2x2": TWO,
    "matched pairs": {
        "both": [10, 22, 31, 8, 15],
        "only1": [5, 9, 3, 7, 11],
        "only2": [8, 14, 6, 2, 9],
        "neither": [20, 30, 41, 12, 25],
    },
    "matched margins": TWO | {"r": [0.2, 0.4, 0.1, 0.3, 0.25]},
    "two rates": {
        "events1": [12, 4, 30, 7, 19],
        "time1": [100, 55, 310, 80, 140],
        "events2": [20, 9, 28, 15, 16],
        "time2": [110, 60, 290, 84, 150],
    },
    "two means": MEANS,
    "two means, standardised": MEANS,
    "superiority": {
        "auc": [0.6, 0.45, 0.71, 0.5, 0.66],
        "n1": [12, 30, 22, 61, 8],
        "n2": [14, 28, 25, 55, 9],
    },
    "proportion": {"events": [4, 12, 9, 25, 3], "n": [50, 80, 40, 120, 45]},
    "rate": {"events": [12, 4, 30, 7, 19], "time": [100, 55, 310, 80, 140]},
    "mean": {"mean": [12.0, 8.5, 10.1, 9.7, 20.0], "sd": [3.0, 2.2, 4.1, 2.9, 6.0], "n": [12, 30, 22, 61, 8]},
    "paired": PAIRED,
    "correlation": {"r": [0.3, -0.2, 0.55, 0.1, 0.8], "n": [40, 25, 110, 61, 15]},
    "partial correlation": {
        "r": [0.3, -0.2, 0.55, 0.1, 0.8],
        "n": [40, 25, 110, 61, 15],
        "m": [2, 3, 2, 5, 1],
    },
    "semi-partial correlation": {
        "r": [0.3, -0.2, 0.55, 0.1, 0.8],
        "n": [40, 25, 110, 61, 15],
        "r2": [0.4, 0.2, 0.6, 0.3, 0.75],
    },
    "reliability": {
        "alpha": [0.7, 0.82, 0.9, 0.65, 0.77],
        "items": [10, 12, 20, 5, 8],
        "n": [100, 80, 210, 45, 60],
    },
    "generic": {"yi": [0.3, 0.1, -0.2, 0.5, 0.0], "vi": [0.04, 0.09, 0.05, 0.12, 0.07]},
}
"""Five studies for each design."""


WITH_ZEROS: dict[str, dict[str, list[float]]] = {
    "2x2": ZERO,
    "matched pairs": {"both": [0, 5, 0], "only1": [3, 0, 0], "only2": [0, 4, 2], "neither": [8, 9, 0]},
    "matched margins": ZERO | {"r": [0.2, 0.1, 0.0, 0.1, 0.25]},
    "two rates": {"events1": [0, 4, 0], "time1": [9, 30, 22], "events2": [3, 0, 0], "time2": [8, 31, 20]},
    "proportion": {"events": [0, 4, 9], "n": [12, 30, 9]},
    "rate": {"events": [0, 4, 9], "time": [12, 30, 9]},
}


def columns(entry: Any) -> dict[str, list[float]]:
    """What a measure takes of its design's example."""
    example = EXAMPLES[entry.design]
    return example if entry.design == "paired" else {name: example[name] for name in entry.columns}


def effects(code: str, table: Mapping[str, Any], **options: Any) -> Mapping[str, Any]:
    es = meta.effect_sizes(table, measure=code, **options)
    return {"yi": list(es.yi), "vi": list(es.vi)}


def sized(name: str, measure: str) -> Mapping[str, Any]:
    es = data.es(name, measure)
    return take(es, "k yi vi")


def pooled(code: str) -> Mapping[str, Any]:
    """A fit on the measure's own scale, and back."""
    entry = MEASURES[code]
    fit = meta.pool(meta.effect_sizes(columns(entry), measure=code))
    found = take(fit, "estimate ci_low ci_high tau2")
    names = "estimate ci_low ci_high low high prediction_low prediction_high pi_low pi_high"
    return found | {"back": take(fit.backtransform(), names)}


def by_interval(measure: str, scale: str | None) -> Mapping[str, Any]:
    low, high = np.array([0.4, 0.7, 0.9]), np.array([0.9, 1.6, 1.4])
    if measure not in ("OR", "RR", "HR"):
        low, high = np.log(low), np.log(high)
    out = {}
    for key, options in {"z": {}, "t": {"df": [10, 20, 30]}, "0.9": {"level": 0.9}}.items():
        es = meta.effect_sizes(measure=measure, ci_low=low, ci_high=high, ci_scale=scale, **options)
        out[key] = {"yi": list(es.yi), "vi": list(es.vi)}
    return out


for _code, _entry in MEASURES.items():
    for _vtype in _entry.variants or (None,):
        OF.add(
            f"{_code} {_vtype or ''}".strip(),
            lambda c=_code, v=_vtype: effects(c, columns(MEASURES[c]), **({"vtype": v} if v else {})),
        )
    for _option in _entry.options:
        OF.add(
            f"{_code} {_option} off",
            lambda c=_code, o=_option: effects(c, columns(MEASURES[c]), **{o: False}),
        )
    SCALES.add(f"pooled {_code}", lambda c=_code: pooled(c))
    if _entry.zero_cells:
        for _to in ("only0", "all", "if0all", "none"):
            OF.add(
                f"{_code} zeros {_to}",
                lambda c=_code, t=_to: effects(c, WITH_ZEROS[MEASURES[c].design], to=t),
            )
        OF.add(
            f"{_code} zeros, add 0.25", lambda c=_code: effects(c, WITH_ZEROS[MEASURES[c].design], add=0.25)
        )
        OF.add(
            f"{_code} zeros, drop00", lambda c=_code: effects(c, WITH_ZEROS[MEASURES[c].design], drop00=True)
        )
        for _kind in ("treatment-arm",):
            OF.add(
                f"{_code} zeros, {_kind}",
                lambda c=_code, k=_kind: effects(c, WITH_ZEROS[MEASURES[c].design], correction=k),
            )
for _name, (_usual, _columns) in data.COLUMNS.items():
    SCALES.add(f"{_name} {_usual}", lambda n=_name, m=_usual: sized(n, m))
    _design = MEASURES[_usual].design
    for _code, _entry in MEASURES.items():
        if (
            _code != _usual
            and _entry.design == _design
            and _design != "generic"
            and set(_columns) == set(_entry.columns)
        ):
            SCALES.add(f"{_name} {_code}", lambda n=_name, m=_code: sized(n, m))
for _measure in ("OR", "RR", "HR", "MD", "SMD", "GEN"):
    SCALES.add(f"{_measure} from intervals", lambda m=_measure: by_interval(m, None))
