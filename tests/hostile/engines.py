"""Every engine behind one call each: effects in, and the numbers that must make sense out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import meta
from meta.errors import MetaError, MetaWarning

ESTIMATORS = ["EE", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM"]
TESTS = ["z", "t", "hksj", "adhoc", "KR"]


def _pool(method: str, test: str) -> Callable[[Any], dict[str, Any]]:
    def run(es: Any) -> dict[str, Any]:
        fit = meta.pool(es, method=method, test=test)
        return fields(fit, "estimate se ci_low ci_high p_value tau2 i2 h2 q q_p weights") | {
            "low, high of tau2": fit.tau2_interval("QP")
            if fit.k > 1 and method not in ("EE",)
            else (0.0, 1.0),
            "text": fit.summary(),
        }

    return run


def fields(result: Any, names: str) -> dict[str, Any]:
    return {name: getattr(result, name) for name in names.split() if hasattr(result, name)}


def _bayes(es: Any) -> dict[str, Any]:
    post = meta.bayes(es, effect=meta.Normal(0, 2), tau=meta.HalfNormal(0.5))
    low, high = post.interval(0.95)
    return {
        "estimate": post.estimate,
        "se": post.sd,
        "ci_low": low,
        "ci_high": high,
        "p_value": post.cdf(0.0),
        "tau2": post.interval(0.95, of="tau")[1],
        "text": post.summary(),
    }


def _regress(es: Any) -> dict[str, Any]:
    fit = meta.regress(es, "~ x")
    table = fit.coefficients
    return {
        "se": table["se"].to_numpy(),
        "p_value": table["p_value"].to_numpy(),
        "ci_low": table["ci_low"].to_numpy(),
        "ci_high": table["ci_high"].to_numpy(),
        "tau2": fit.tau2,
        "text": fit.summary(),
    }


def _multilevel(es: Any) -> dict[str, Any]:
    fit = meta.pool_multilevel(es, levels=["group", "effect"])
    return fields(fit, "estimate se ci_low ci_high p_value") | {"tau2": np.asarray(fit.sigma2)}


def _bias(name: str, **options: Any) -> Callable[[Any], dict[str, Any]]:
    def run(es: Any) -> dict[str, Any]:
        data = meta.pool(es) if name == "trim_and_fill" else es
        result = getattr(meta.bias, name)(data, **options)
        return fields(result, "estimate se p_value ci_low ci_high tau2") | {"text": str(result)}

    return run


def _diagnostics(name: str, **options: Any) -> Callable[[Any], dict[str, Any]]:
    def run(es: Any) -> dict[str, Any]:
        table = getattr(meta.diagnostics, name)(meta.pool(es), **options)
        frame = table if hasattr(table, "columns") else table.to_frame()
        kept = [c for c in ("se", "p_value", "ci_low", "ci_high", "tau2", "i2") if c in frame.columns]
        return {name: frame[name].to_numpy(dtype=float) for name in kept}

    return run


def _figure(name: str) -> Callable[[Any], dict[str, Any]]:
    def run(es: Any) -> dict[str, Any]:
        figure = getattr(meta, name)(meta.pool(es))
        return {"text": figure.alt_text}

    return run


ENGINES: dict[str, Callable[[Any], dict[str, Any]]] = {
    **{f"pool {method} {test}": _pool(method, test) for method in ESTIMATORS for test in ("z", "hksj")},
    **{f"pool REML {test}": _pool("REML", test) for test in TESTS},
    "bayes": _bayes,
    "regress": _regress,
    "multilevel": _multilevel,
    "egger": _bias("egger"),
    "begg": _bias("begg"),
    "trim and fill": _bias("trim_and_fill"),
    "selection model": _bias("selection_model", steps=[0.025]),
    "PET-PEESE": _bias("pet_peese"),
    "fail-safe": _bias("failsafe_n", kind="Rosenthal"),
    "excess significance": _bias("excess_significance"),
    "significance funnel": _bias("significance_funnel"),
    "influence": _diagnostics("influence"),
    "leave one out": _diagnostics("leave_one_out"),
    "cumulative": _diagnostics("cumulative"),
    "Baujat": _diagnostics("baujat"),
    "GOSH": _diagnostics("gosh"),
    "forest": _figure("forest"),
    "funnel": _figure("funnel"),
}
FIGURES = ("forest", "funnel")


def outcome(run: Callable[[], dict[str, Any]]) -> str:
    """Run an engine; return "answer" or the refusal. Anything else is a defect and is raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", MetaWarning)
            found = run()
    except MetaError as refusal:
        text = str(refusal)
        assert text, "a refusal without a word"
        assert "\n" not in text.strip(), f"not one sentence: {text!r}"
        assert "Traceback" not in text
        return text
    check(found)
    return "answer"


def check(found: dict[str, Any]) -> None:
    """Assert what must hold for any data."""
    low, high, estimate = (found.get(name) for name in ("ci_low", "ci_high", "estimate"))
    if low is not None and high is not None:
        assert np.all(~(np.asarray(low) > np.asarray(high))), f"interval upside down: {low} {high}"
        if estimate is not None and math.isfinite(float(np.asarray(estimate).ravel()[0])):
            slack = 1e-9 * np.maximum(np.abs(low), np.abs(high))
            assert np.all(~(np.asarray(low) - slack > estimate)), f"{low} > {estimate}"
            assert np.all(~(np.asarray(high) + slack < estimate)), f"{high} < {estimate}"
    for name in ("p_value", "q_p"):
        values = np.asarray(found.get(name, 0.5), dtype=float)
        assert np.all(np.isnan(values) | ((values >= 0) & (values <= 1))), f"{name} = {values}"
    for name in ("se", "tau2", "q", "weights"):
        values = np.asarray(found.get(name, 0.0), dtype=float)
        assert np.all(np.isnan(values) | (values >= 0)), f"{name} = {values}"
    i2 = np.asarray(found.get("i2", 0.0), dtype=float)
    assert np.all(np.isnan(i2) | ((i2 >= 0) & (i2 <= 100))), f"i2 = {i2}"
    bounds = found.get("low, high of tau2")
    if bounds is not None and not any(math.isnan(b) for b in bounds):
        assert 0 <= bounds[0] <= bounds[1], f"tau2 interval {bounds}"
    text = found.get("text", "ok")
    assert text, "an answer that says nothing"
