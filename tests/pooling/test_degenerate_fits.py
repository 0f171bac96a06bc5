"""One rule for fits without spread, in every engine that estimates its standard error from residuals."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import meta
from meta.errors import NarrowIntervalWarning

X = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 8.0])
V = np.array([0.1, 0.2, 0.15, 0.1, 0.3, 0.2, 0.07])
STUDY = ["a", "a", "b", "b", "c", "d", "e"]


def table(kind, size, bump=0.0):
    """Effects that are all equal, or lie on a line, up to rounding and a bump of the third."""
    y = {"equal": np.full(7, 0.3), "line": 0.1 + 0.2 * X}[kind] * size
    return {"yi": y + bump * (np.arange(7) == 2), "vi": V * size**2, "x": X, "study": STUDY}


def es(own):
    return meta.effect_sizes(measure="GEN", yi=own["yi"], vi=own["vi"], study=[f"s{i}" for i in range(7)])


def many(own):
    return meta.pool_many(np.tile(own["yi"][:, None], 3), np.tile(own["vi"][:, None], 3), test="hksj")


ENGINES = {
    "pool": (lambda d: meta.pool(es(d), test="hksj"), "equal"),
    "regress": (lambda d: meta.regress(d, "~ x", test="hksj").coefficients, "equal line"),
    "robust pool": (lambda d: meta.robust(meta.pool(es(d), test="z"), "effect"), "equal"),
    "robust regression": (lambda d: meta.regress(d, "~ x", test="z").robust("study"), "equal line"),
    "robust multilevel": (
        lambda d: meta.pool_multilevel(d, levels=["study", "effect"], moderators="~ x").robust(),
        "equal line",
    ),
    "bias-robust": (lambda d: meta.bias.bias_robust(es(d)), "equal"),
    "UWLS": (lambda d: meta.bias.waap(es(d)).uwls, "equal"),
    "PET": (lambda d: meta.bias.pet_peese(es(d)).pet, "equal"),
    "PEESE": (lambda d: meta.bias.pet_peese(es(d)).peese, "equal"),
    "significance funnel": (lambda d: meta.bias.significance_funnel(es(d)).naive, "equal"),
    "many": (many, "equal"),
}
CASES = [(name, kind) for name, (_, kinds) in ENGINES.items() for kind in kinds.split()]


@pytest.mark.parametrize("size", [1.0, 1e-8, 1e8, 1 / 3])
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_rounding_is_no_standard_error(name, kind, size):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = ENGINES[name][0](table(kind, size))
    assert np.all(np.asarray(fit.se) == 0)
    assert np.all(np.isnan(fit.p_value))
    assert np.all(np.isnan(getattr(fit, "statistic", np.nan)))
    assert name == "many" or any(issubclass(w.category, NarrowIntervalWarning) for w in caught)


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_printed_differences_are_spread(name, kind):
    fit = ENGINES[name][0](table(kind, 1.0, bump=1e-6))
    assert np.all(np.asarray(fit.se) > 0)
    assert np.all(np.isfinite(fit.p_value))
