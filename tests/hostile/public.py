"""Every public function with arguments that work, so that one after the other can be made hostile."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import meta
from meta.bayes.fit import bayes
from meta.errors import quiet

ROOT = Path(__file__).parents[2]
Y = np.array([0.3, 0.1, 0.9, 0.5, -0.2, 0.4, 0.7, 0.2, 0.6, 0.35, 1.1, 0.0])
V = np.array([0.04, 0.09, 0.05, 0.12, 0.07, 0.03, 0.2, 0.06, 0.1, 0.05, 0.15, 0.08])
K = len(Y)

ROOMS = {
    "meta": meta,
    "meta.bias": meta.bias,
    "meta.diagnostics": meta.diagnostics,
    "meta.plots": meta.plots,
    "meta.priors": meta.priors,
    "meta.datasets": meta.datasets,
}
RECORDS = ["ClaimMark", "FigureResult", "ForestPlot", "Row", "SymbolColumn", "Table", "TextColumn", "Theme"]
EXCUSED = {
    "meta.EffectSizes": "made by effect_sizes; its own checks are tests/effects'",
    "meta.priors.Prior": "the base of the others",
    **{
        f"meta.priors.{name}": "from data or the literature; tests/bayes has its checks"
        for name in import_module("meta.bayes.priors")._ON_DEMAND
    },
    "meta.datasets.About": "a record that is only handed out",
    **{f"meta.plots.{name}": "a record that figures read or hand out" for name in RECORDS},
}
"""Public names that are not called, and why."""


def public() -> dict[str, Callable[..., Any]]:
    """Every public function and class by its full name; a prior under each room that has it only once."""
    found: dict[str, Callable[..., Any]] = {}
    for where, room in ROOMS.items():
        results = getattr(room, "_CLASSES", ())  # handed out, not called
        for name in room.__all__:
            if name in results:
                continue
            item = bayes if (where, name) == ("meta", "bayes") else getattr(room, name)
            if inspect.isroutine(item) or inspect.isclass(item):
                found.setdefault(f"{where}.{name}", item)
    return found


@cache
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "study": [f"S{i}" for i in range(K)],
            "yi": Y,
            "vi": V,
            "x": np.arange(K) * 1.0,
            "g": list("abc") * 4,
            "events1": rng.integers(1, 9, K),
            "n1": rng.integers(20, 40, K),
            "events2": rng.integers(1, 9, K),
            "n2": rng.integers(20, 40, K),
        }
    )


@cache
def shared() -> pd.DataFrame:
    """The counts with one control group for each value of ``g``."""
    return frame().assign(events2=5, n2=30)


@cache
def compared() -> pd.DataFrame:
    """Trials of three treatments."""
    return frame().assign(first=list("bcc") * 4, second=list("aab") * 4)


@cache
def compared_network() -> Any:
    with quiet():
        return meta.pool_network(compared(), measure="MD", treat1="first", treat2="second", better="low")


@cache
def es() -> Any:
    return meta.effect_sizes(frame(), measure="GEN", yi="yi", vi="vi")


@cache
def smd() -> Any:
    rng = np.random.default_rng(5)
    arms = {f"{what}{arm}": rng.uniform(1, 3, K) for what in ("mean", "sd") for arm in (1, 2)}
    return meta.effect_sizes({**arms, "n1": 20 + 3 * np.arange(K), "n2": np.full(K, 22)}, measure="SMD")


@cache
def counts() -> Any:
    return meta.effect_sizes(frame()[["study", *COUNTS]], measure="OR")


@cache
def doses() -> dict[str, Any]:
    """Six trials with two doses each beside their reference."""
    mean = 0.01 * np.tile([0.0, 50.0, 100.0], 6) + np.repeat(np.linspace(0, 1, 6), 3)
    means = {"mean": mean, "sd": np.linspace(0.9, 1.1, 18), "n": np.full(18, 30)}
    return {"study": list("aaabbbcccdddeeefff"), "dose": [0.0, 50.0, 100.0] * 6, **means}


@cache
def curve() -> Any:
    return meta.dose_response(doses(), measure="MD", shape="quadratic")


@cache
def fit() -> Any:
    return meta.pool(es())


@cache
def post() -> Any:
    return meta.bayes(es(), effect=meta.Normal(0, 2), tau=meta.HalfNormal(0.5))


@cache
def regression() -> Any:
    return meta.regress(es(), "~ x")


@cache
def evidence() -> Any:
    with quiet():
        return meta.load_evidence(ROOT / "studies")


@cache
def claim() -> Any:
    return next(iter(evidence().claims.values()))


@cache
def analysis() -> str:
    return str(claim().analyses[0].id)


@cache
def verdict() -> Any:
    with quiet():
        return meta.judge(claim(), evidence().effects(analysis()))


@cache
def planned() -> Any:
    with quiet():
        return meta.plan(verdict(), sizes=(50,), trials=(1,), draws=20)


@cache
def many_ways() -> Any:
    with quiet():
        return meta.multiverse(evidence(), claim(), analysis=analysis(), limit=20)


PRIORS = ["Cauchy", "Exponential", "Flat", "HalfCauchy", "HalfNormal", "HalfStudentT", "InverseGamma"]
PRIORS += ["LogNormal", "Normal", "StudentT", "Uniform"]
MORE_PRIORS = ["HalfLogistic", "LogStudentT", "Lomax", "UniformShrinkage"]
EFFECTS = ["begg", "beta_selection", "copas", "egger", "excess_significance", "failsafe_n"]
EFFECTS += ["limit_meta_analysis", "p_curve", "p_uniform_star", "pet_peese", "selection_model"]
EFFECTS += ["significance_funnel", "vevea_woods", "waap"]
TABLES = ["deeks", "harbord", "macaskill", "peters"]
FITS = ["baujat", "cumulative", "influence", "leave_one_out", "outliers", "profile", "qq", "residuals"]
FIGURES = ["caterpillar", "drapery", "forest", "funnel", "orchard", "qq", "radial"]
COUNTS = {name: name for name in ("events1", "n1", "events2", "n2")}
CURVES = {"a": (np.linspace(-2, 2, 9), np.linspace(0.1, 0.9, 9))}
CALLS: dict[str, Callable[[], dict[str, Any]]] = {
    "meta.aggregate": lambda: {"data": es(), "cluster": "g", "rho": 0.5},
    "meta.vcalc": lambda: {"data": es(), "cluster": "g", "obs": "effect", "rho": 0.5},
    "meta.bayes_dose": lambda: {"data": doses(), "measure": "MD", "tau": meta.HalfNormal(0.5)},
    "meta.compare_shapes": lambda: {"table": doses(), "measure": "MD", "shapes": ["linear", "log"]},
    "meta.dose_response": lambda: {"table": doses(), "measure": "MD", "shape": "quadratic"},
    "meta.bayes": lambda: {"es": es(), "effect": meta.Normal(0, 2), "tau": meta.HalfNormal(0.5)},
    "meta.certainty": lambda: {"evidence": evidence(), "claim": claim(), "analysis": analysis()},
    "meta.effect_sizes": lambda: {"table": frame(), "measure": "GEN", "yi": "yi", "vi": "vi"},
    "meta.forest": lambda: {"result": fit()},
    "meta.funnel": lambda: {"result": fit()},
    "meta.judge": lambda: {"claim": claim(), "evidence": evidence().effects(analysis())},
    "meta.likelihood_ratio_test": lambda: {
        "a": meta.pool(es(), method="ML"),
        "b": meta.regress(es(), "~ x", method="ML"),
    },
    "meta.load": lambda: {"path": fit().save(_folder() / "fit.json")},
    "meta.load_evidence": lambda: {"folder": ROOT / "studies"},
    "meta.multiverse": lambda: {
        "evidence": evidence(),
        "claim": claim(),
        "analysis": analysis(),
        "limit": 10,
    },
    "meta.plan": lambda: {"verdict": verdict(), "sizes": (50,), "trials": (1,), "draws": 20},
    "meta.pool": lambda: {"es": es()},
    "meta.pool_counts": lambda: {"table": frame(), "measure": "OR", **COUNTS},
    "meta.pool_many": lambda: {"Y": np.tile(Y[:, None], 3), "V": np.tile(V[:, None], 3)},
    "meta.pool_multilevel": lambda: {"data": es(), "levels": ["g", "study"]},
    "meta.bayes_network": lambda: {
        "data": compared(),
        "measure": "SMD",
        "treat1": "first",
        "treat2": "second",
        "tau": meta.HalfNormal(0.5),
    },
    "meta.pool_network": lambda: {"data": compared(), "measure": "MD", "treat1": "first", "treat2": "second"},
    "meta.read_revman": lambda: {"path": ROOT / "tests/fixtures/revman/aspirin.rm5", "outcome": "1.1"},
    "meta.read_table": lambda: {"path": ROOT / "meta/datasets/data/bcg.csv"},
    "meta.solve": lambda: {"measure": "SMD", "mean1": 32, "n1": 18, "mean2": 44, "n2": 17, "p": 0.04},
    "meta.regress": lambda: {"data": es(), "formula": "~ x"},
    "meta.rve": lambda: {"data": es(), "model": "CORR", "cluster": "g", "rho": 0.5},
    "meta.robust": lambda: {"fit": regression(), "cluster": "g"},
    "meta.shared_control": lambda: {
        "data": shared(),
        "cluster": "g",
        "measure": "OR",
        "events2": "events2",
        "n2": "n2",
    },
    "meta.simulate": lambda: {"mu": 0.2, "tau2": 0.1, "vi": V, "reps": 10, "seed": 1},
    "meta.subgroups": lambda: {"es": es(), "by": "g"},
    **{f"meta.bias.{name}": lambda: {"es": es()} for name in EFFECTS},
    "meta.bias.bias_robust": lambda: {"es": es(), "cluster": "g"},
    **{f"meta.bias.{name}": lambda: {"table": counts()} for name in TABLES},
    "meta.bias.pustejovsky_rodgers": lambda: {"es": smd()},
    "meta.bias.trim_and_fill": lambda: {"fit": fit()},
    **{f"meta.diagnostics.{name}": lambda: {"fit": fit()} for name in FITS},
    "meta.diagnostics.gosh": lambda: {"fit": fit(), "subsets": 50, "seed": 1},
    "meta.diagnostics.gosh_clusters": lambda: {"table": meta.diagnostics.gosh(fit(), subsets=60, seed=1)},
    **{f"meta.plots.{name}": lambda: {"result": fit()} for name in FIGURES},
    **{
        f"meta.plots.{name}": lambda: {"net": compared_network()}
        for name in ("comparison_funnel", "contributions", "league", "net_heat", "network", "side_split")
    },
    "meta.plots.rankogram": lambda: {"net": compared_network(), "draws": 200},
    "meta.plots.baujat": lambda: {"table": meta.diagnostics.baujat(fit())},
    "meta.plots.bubble": lambda: {"result": regression(), "x": "x"},
    "meta.plots.dose_response": lambda: {"curve": curve()},
    "meta.plots.dose_residuals": lambda: {"curve": curve()},
    "meta.plots.compatibility": lambda: {"curve": fit()},
    "meta.plots.cumulative": lambda: {"table": meta.diagnostics.cumulative(fit())},
    "meta.plots.gosh": lambda: {"table": meta.diagnostics.gosh(fit(), subsets=60, seed=1)},
    "meta.plots.influence": lambda: {"table": meta.diagnostics.influence(fit())},
    "meta.plots.joint": lambda: {"result": post(), "draws": 100},
    "meta.plots.labbe": lambda: {"result": counts()},
    "meta.plots.normalisation": lambda: {"curves": CURVES},
    "meta.plots.planning": lambda: {"plan": planned()},
    "meta.plots.posterior": lambda: {"result": post()},
    "meta.plots.prior_sensitivity": lambda: {"posteriors": {"a": post()}},
    "meta.plots.profile": lambda: {"curve": meta.diagnostics.profile(fit())},
    "meta.plots.residual_funnel": lambda: {"fit": regression()},
    "meta.plots.specification": lambda: {"table": many_ways()},
    "meta.plots.tau_trace": lambda: {"result": fit()},
    "meta.plots.verdicts": lambda: {"items": [verdict()]},
    "meta.plots.weight_function": lambda: {"curves": {"a": meta.bias.selection_model(es())}},
    **dict.fromkeys((f"meta.{name}" for name in PRIORS), dict),
    **dict.fromkeys((f"meta.priors.{name}" for name in [*PRIORS, *MORE_PRIORS]), dict),
    "meta.priors.LaplaceSlopes": dict,
    "meta.priors.RegularisedHorseshoe": lambda: {"expected": 2},
    "meta.priors.Fixed": lambda: {"value": 0.3},
    "meta.priors.NormalMixturePrior": lambda: {"weights": (0.5, 0.5), "means": (0.0, 1.0), "sds": (1.0, 2.0)},
    "meta.datasets.about": lambda: {"name": "bcg"},
    "meta.datasets.load": lambda: {"name": "bcg"},
    "meta.datasets.names": dict,
}


def _folder() -> Path:
    from tests.hostile.parsers import folder

    return folder()


def _function() -> None:
    """A value that nobody expects."""


BAD: dict[str, Any] = {
    "None": None,
    "word": "x",
    "empty text": "",
    "NUL": "a\0b",
    "long text": "é" * 10_000,
    "script": "<script>alert(1)</script>",
    "path": "../../etc/passwd",
    "bytes": b"x",
    "complex": 1j,
    "object": object(),
    "function": _function,
    "class": int,
    "NaN": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "0": 0,
    "-1": -1,
    "half": 0.5,
    "1e-300": 1e-300,
    "1e300": 1e300,
    "-1e300": -1e300,
    "10**400": 10**400,
    "True": True,
    "no list": [],
    "list of None": [None] * K,
    "list of words": ["x"] * K,
    "zeros": [0.0] * K,
    "negative": [-1.0] * K,
    "all alike": [0.1] * K,
    "NaNs": [float("nan")] * K,
    "1e300s": [1e300] * K,
    "1e-300s": [1e-300] * K,
    "infinities": [float("inf")] * K,
    "one number": [0.1],
    "ragged": [[1.0], [1.0, 2.0]],
    "matrix": np.eye(3),
    "no array": np.array([]),
    "dates": pd.date_range("2020", periods=K),
    "dict": {"x": 1},
    "no dict": {},
    "set": {1, 2},
    "no frame": pd.DataFrame(),
    "frame of words": pd.DataFrame({"yi": ["a", "b"], "vi": ["c", "d"]}),
}
