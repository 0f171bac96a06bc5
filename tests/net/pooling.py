"""One mean: estimators, tests, levels, intervals, subgroups, many at once, aggregation, simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta
from tests.net import data
from tests.net.register import Group, take

METHODS = ["EE", "DL", "DLIT", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQ", 0.05]
TESTS = ["z", "t", "hksj", "adhoc", "KR"]
TAU2 = ["QP", "PL", "BJ", "J"]
PREDICTION = ["normal", "V", "HTS", "HK", "HK-PR", "KR", "KR-PR"]
FIT = "estimate se ci_low ci_high statistic p_value df tau2 tau2_se i2 h2 loglik"

ESTIMATES = Group("estimates")
TESTED = Group("tests")
INTERVALS = Group("intervals")
GROUPED = Group("subgroups")
MANY = Group("many")
GROUPS = [ESTIMATES, TESTED, INTERVALS, GROUPED, MANY]


def pooled(name: str, **options: Any) -> Mapping[str, Any]:
    es = data.es(name)
    if options.get("method") == "GENQ":
        options["weights"] = data.weights(es.k)
    fit = meta.pool(es, **options)
    return take(fit, f"{FIT} q q_p weights" if options.get("method") in ("EE", "REML") else FIT)


def everything(name: str) -> Mapping[str, Any]:
    """All that a fit tells by its methods."""
    fit = data.fit(name)
    return take(
        fit,
        "k hk_scale se_classic h2_q i2_q q_df adhoc classic tau",
        back=lambda: back(fit),
        blup=fit.blup,
        augment=fit.augment,
        tidy=fit.tidy,
        glance=fit.glance,
        at=lambda: (fit.p_value_at(0.1), fit.surprisal_at(0.1)),
        interval=lambda: fit.interval(0.8),
        probability=lambda: (
            fit.probability(below=0.0),
            fit.probability(above=0.1),
            fit.probability(between=(-0.1, 0.3)),
        ),
    )


def back(fit: Any) -> Mapping[str, Any]:
    names = "estimate ci_low ci_high prediction_low prediction_high low high pi_low pi_high"
    return take(fit.backtransform(), names)


def tau2_intervals(name: str, method: str) -> Mapping[str, Any]:
    fit = data.fit(name, method)
    calls = {f"tau2 {kind}": lambda kind=kind: fit.tau2_interval(kind) for kind in TAU2}
    calls |= {f"i2 {kind}": lambda kind=kind: fit.i2_interval(kind) for kind in ("QP", "PL")}
    calls["h2"] = lambda: fit.h2_interval("QP", level=0.9)
    calls["tau2 at 0.8"] = lambda: fit.tau2_interval("QP", level=0.8)
    return take(fit, "", **calls)


def predictions(name: str, method: str, test: str) -> Mapping[str, Any]:
    fit = data.fit(name, method, test)
    calls = {kind: lambda kind=kind: fit.prediction_interval(kind) for kind in PREDICTION}
    calls |= {f"df {kind}": lambda kind=kind: fit.prediction_df(kind) for kind in PREDICTION}
    calls["default at 0.8"] = lambda: fit.prediction_interval(level=0.8)
    return take(fit, "", **calls)


def subgroups(name: str, by: str, **options: Any) -> Mapping[str, Any]:
    fit = meta.subgroups(data.es(name), by=by, **options)
    found = {str(g): take(fit.fits[g], "k estimate se ci_low ci_high tau2 q p_value") for g in fit.fits}
    tests = {kind: take(getattr(fit, kind), "q df p_value") for kind in ("fixed", "random")}
    return found | tests | take(fit, "q_between q_between_df q_between_p", tidy=fit.tidy, glance=fit.glance)


def many(**options: Any) -> Mapping[str, Any]:
    """Six meta-analyses with holes."""
    names = ["bcg", "raudenbush1985", "egger2001", "lau1992", "aspirin", "eight_schools"]
    k = max(data.es(name).k for name in names)
    Y, V = np.full((k, 6), np.nan), np.full((k, 6), np.nan)
    for j, name in enumerate(names):
        es = data.es(name)
        Y[: es.k, j], V[: es.k, j] = es.yi, es.vi
    if options.get("method") == "GENQ":
        options["weights"] = np.tile(data.weights(k)[:, None], 6)
    fit = meta.pool_many(Y, V, **options)
    names = "k estimate se ci_low ci_high statistic p_value df tau2 tau2_se q q_p i2 h2 loglik"
    return take(fit, names)


def drawn(name: str) -> Mapping[str, Any]:
    fit = data.fit(name)
    return {
        "NNF": fit.prediction_interval("NNF", seed=4, draws=200),
        "P": fit.probability(below=0.1, kind="NNF", seed=4),
    }


def simulated(**options: Any) -> Mapping[str, Any]:
    found = meta.simulate(vi=data.es("bcg").vi, reps=30, seed=11, **options)
    return take(found, "yi vi estimate se tau2 Y V theta")


def aggregated(name: str, cluster: str, **options: Any) -> Mapping[str, Any]:
    es = meta.aggregate(data.es(name), cluster=cluster, **options)
    return take(es, "k yi vi") | take(meta.pool(es), "estimate se tau2")


def arrays() -> Mapping[str, Any]:
    """The same data by other doors."""
    es = data.es("bcg")
    fits = {
        "arrays": meta.pool(yi=es.yi, vi=es.vi),
        "standard errors": meta.pool(yi=es.yi, sei=np.sqrt(es.vi)),
        "lists": meta.pool(yi=list(es.yi), vi=list(es.vi), measure="RR"),
        "weights": meta.pool(es, weights=data.weights(es.k)),
        "weights, EE": meta.pool(es, weights=data.weights(es.k), method="EE", test="z"),
        "one": meta.pool(yi=[0.3], vi=[0.1]),
        "two": meta.pool(yi=[0.3, 0.7], vi=[0.1, 0.2]),
        "equal": meta.pool(yi=[0.3] * 4, vi=[0.1] * 4),
    }
    return {key: take(fit, FIT) for key, fit in fits.items()}


def shared() -> Mapping[str, Any]:
    table = data.table("aspirin").assign(events2=40, n2=400, g=list("aaabbbc"))
    common = {"measure": "OR", "events2": "events2", "n2": "n2"}
    means = data.table("normand1999").assign(mean2=50, sd2=30, n2=60, g=list("aaabbbccc"))
    smd = meta.effect_sizes(means, measure="SMD", **data.MEANS)
    return {
        "OR": meta.shared_control(
            meta.effect_sizes(table, measure="OR", **data.CELLS), cluster="g", **common
        ),
        "SMD": meta.shared_control(smd, cluster="g", measure="SMD", n2="n2", total=[90] * 9),
    }


for _name in data.COLUMNS:
    for _method in METHODS:
        ESTIMATES.add(f"{_name} {_method}", lambda n=_name, m=_method: pooled(n, method=m, test="z"))
    TESTED.add(f"{_name} everything", lambda n=_name: everything(n))
    for _test in TESTS[1:]:
        TESTED.add(f"{_name} {_test}", lambda n=_name, t=_test: pooled(n, method="REML", test=t))
for _method in ("EE", "DL", "PM", "ML", 0.05):
    for _test in TESTS[1:]:
        TESTED.add(f"bcg {_method} {_test}", lambda m=_method, t=_test: pooled("bcg", method=m, test=t))
for _level in (0.5, 0.8, 0.9, 0.99):
    TESTED.add(f"bcg at {_level}", lambda l=_level: pooled("bcg", level=l))
for _name in (
    "bcg",
    "aspirin",
    "eight_schools",
    "raudenbush1985",
    "hackshaw1998",
    "miller1978",
    "normand1999",
):
    for _method in ("REML", "DL", "ML"):
        INTERVALS.add(f"{_name} {_method} tau2", lambda n=_name, m=_method: tau2_intervals(n, m))
    for _method, _test in (("REML", "hksj"), ("DL", "z"), ("REML", "KR"), ("ML", "t"), ("EE", "z")):
        INTERVALS.add(
            f"{_name} {_method} {_test} prediction",
            lambda n=_name, m=_method, t=_test: predictions(n, m, t),
        )
    INTERVALS.add(f"{_name} Henmi-Copas", lambda n=_name: {"interval": data.fit(n, "DL", "z").henmi_copas()})
for _name in ("bcg", "eight_schools"):
    INTERVALS.add(f"{_name} drawn", lambda n=_name: drawn(n))
for _name, _by in (
    ("bcg", "alloc"),
    ("molloy2014", "controls"),
    ("raudenbush1985", "setting"),
    ("berkey1998", "outcome"),
):
    for _common in (False, True):
        for _method, _test in (("REML", "hksj"), ("DL", "z"), ("EE", "z")):
            GROUPED.add(
                f"{_name} {_method} {_test}{' common' * _common}",
                lambda n=_name, b=_by, c=_common, m=_method, t=_test: subgroups(
                    n, b, method=m, test=t, **({"common_tau2": True} if c else {})
                ),
            )
for _method in METHODS:
    MANY.add(f"{_method} z", lambda m=_method: many(method=m, test="z"))
for _test in TESTS[1:]:
    MANY.add(f"REML {_test}", lambda t=_test: many(method="REML", test=t))
MANY.add("REML at 0.8", lambda: many(level=0.8))
MANY.add("arrays", arrays)
MANY.add("shared control", shared)
MANY.add("simulated", lambda: simulated(mu=0.2, tau2=0.1))
MANY.add("simulated t", lambda: simulated(mu=0.2, tau2=0.1, df=np.full(13, 6.0)))
for _rho in (0.0, 0.5, 0.9):
    for _weighted in (True, False):
        MANY.add(
            f"aggregate assink2016 {_rho}{'' if _weighted else ' unweighted'}",
            lambda r=_rho, w=_weighted: aggregated("assink2016", "study", rho=r, weighted=w),
        )
MANY.add("aggregate konstantopoulos2011", lambda: aggregated("konstantopoulos2011", "district", rho=0.4))
