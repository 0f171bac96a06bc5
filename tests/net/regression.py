"""Regression: formulas and arrays, methods, tests, weights, permutation, location and scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta
from tests.net import data
from tests.net.pooling import METHODS, TESTS
from tests.net.register import Group, attempt, take

FORMULAS = Group("regression")
CHOICES = Group("regression-choices")
SCALES = Group("location-scale")
SLOW = Group("location-scale-slow")
GROUPS = [FORMULAS, CHOICES, SCALES, SLOW]
FIT = "k p df coefficients tau2 tau2_se i2 h2 r2 qe qe_df qe_p qm qm_df qm_p loglik aic bic aicc"
MODELS: list[tuple[str, str]] = [
    ("bcg", "~ ablat"),
    ("bcg", "~ ablat + year"),
    ("bcg", "~ C(alloc)"),
    ("bcg", "~ 0 + C(alloc)"),
    ("bcg", "~ C(alloc) + ablat"),
    ("bcg", "~ ablat * C(alloc)"),
    ("bcg", "~ ablat + I(ablat**2)"),
    ("bcg", "~ poly(ablat, 2)"),
    ("bcg", "~ bs(ablat, df=4)"),
    ("bcg", "~ cr(ablat, df=3)"),
    ("bcg", "~ center(ablat)"),
    ("bcg", "~ scale(ablat) + scale(year)"),
    ("bcg", "~ log(ablat)"),
    ("bcg", "~ np.log(ablat)"),
    ("bcg", "~ ablat:year"),
    ("bcg", "~ C(alloc, contr.sum)"),
    ("bcg", "~ C(alloc, contr.helmert)"),
    ("bcg", "~ C(alloc, contr.treatment('random'))"),
    ("bcg", "~ 1"),
    ("bcg", "~ ablat - 1"),
    ("bangertdrowns2004", "~ length"),
    ("bangertdrowns2004", "~ length + wic + feedback + info + pers + imag + meta"),
    ("bangertdrowns2004", "~ C(grade)"),
    ("bangertdrowns2004", "~ C(grade) * length"),
    ("bangertdrowns2004", "~ bs(length, df=5)"),
    ("bangertdrowns2004", "~ n"),
    ("raudenbush1985", "~ weeks"),
    ("raudenbush1985", "~ C(setting) + C(tester)"),
    ("raudenbush1985", "~ weeks * setting"),
    ("raudenbush1985", "~ poly(weeks, 3)"),
    ("hackshaw1998", "~ year"),
    ("hackshaw1998", "~ design"),
    ("hackshaw1998", "~ country"),
    ("lau1992", "~ year"),
    ("konstantopoulos2011", "~ year"),
    ("konstantopoulos2011", "~ C(district)"),
    ("molloy2014", "~ meanage"),
    ("molloy2014", "~ controls + design"),
    ("molloy2014", "~ quality + meanage"),
    ("egger2001", "~ year"),
    ("assink2016", "~ pubstatus + year"),
    ("assink2016", "~ deltype"),
    ("mcdaniel1994", "~ type"),
    ("mcdaniel1994", "~ struct"),
    ("berkey1998", "~ outcome"),
    ("berkey1998", "~ 0 + outcome + outcome:year"),
    ("bonett2010", "~ items"),
    ("bonett2010", "~ caregivers"),
    ("collins1985a", "~ year"),
    ("nielweise2007", "~ year"),
    ("nielweise2008", "~ year"),
    ("hart1999", "~ prevention"),
    ("pritz1997", "~ n"),
    ("aspirin", "~ year"),
]


def regressed(name: str, formula: str, **options: Any) -> Mapping[str, Any]:
    es = data.es(name)
    if options.get("method") == "GENQ" or options.pop("weighted", False):
        options["weights"] = data.weights(es.k)
    fit = meta.regress(es, formula, **options)
    return take(fit, FIT)


def everything(name: str, formula: str) -> Mapping[str, Any]:
    """All that a regression tells by its methods."""
    fit = meta.regress(data.es(name), formula)
    L = np.eye(fit.p)[-1:]
    return take(
        fit,
        "vcov fitted tau2_null scale qm_df_residual",
        predict=fit.predict,
        predict_at=lambda: fit.predict(data.es(name).frame.head(3), level=0.8),
        contrast=lambda: fit.contrast(L),
        wald=lambda: take(fit.wald(L), "statistic df df_residual p_value"),
        terms=fit.test_terms,
        vif=fit.vif,
        blup=fit.blup,
        augment=fit.augment,
        glance=fit.glance,
        permuted=lambda: take(fit.permutation_test(n=49, seed=3), "observed p_values qm_p"),
        robust=lambda: attempt(lambda: take(fit.robust("study"), "coefficients df dfs vcov")),
    )


def permuted() -> Mapping[str, Any]:
    fit = meta.regress(data.es("power_pose"), moderators={"x": [1.0, 2.0, 0.5, 3.0, 1.5, 2.5]}, test="z")
    return take(fit.permutation_test(exact=True), "observed p_values qm_p n statistics")


def arrays(**options: Any) -> Mapping[str, Any]:
    es = data.es("bcg")
    x = data.table("bcg")["ablat"].to_numpy()
    z = np.column_stack([x, x % 7])
    fits = {
        "one": meta.regress(yi=es.yi, vi=es.vi, moderators=x, **options),
        "dictionary": meta.regress(es, moderators={"x": x, "z": x % 7}, **options),
        "matrix": meta.regress(es, moderators=z, **options),
        "no intercept": meta.regress(es, moderators=z, intercept=False, **options),
    }
    return {key: take(fit, "beta se tau2 qm loglik fitted") for key, fit in fits.items()}


def ratio(name: str, small: str, large: str) -> Mapping[str, Any]:
    a, b = (meta.regress(data.es(name), f, method="ML") for f in (small, large))
    found = meta.likelihood_ratio_test(a, b)
    return take(found, "statistic df p_value loglik_small loglik_large aic bic")


def scaled(name: str, formula: str, scale: str, **options: Any) -> Mapping[str, Any]:
    fit = meta.regress(data.es(name), formula, scale=scale, **options)
    return take(fit, "beta alpha coefficients scale_coefficients tau2 i2 qe qe_p qm qm_p loglik aic fitted")


def predicted() -> Mapping[str, Any]:
    fit = meta.regress(data.es("bcg"), "~ ablat + C(alloc)")
    new = {"ablat": [10.0, 33.0, 55.0], "alloc": ["random", "alternate", "systematic"]}
    return {"new": fit.predict(new), "at 0.8": fit.predict(new, level=0.8)}


for _name, _formula in MODELS:
    FORMULAS.add(f"{_name} {_formula}", lambda n=_name, f=_formula: regressed(n, f))
for _name, _formula in (
    ("bcg", "~ ablat + C(alloc)"),
    ("raudenbush1985", "~ weeks"),
    ("bangertdrowns2004", "~ C(grade) + length"),
):
    CHOICES.add(f"{_name} {_formula} everything", lambda n=_name, f=_formula: everything(n, f))
    for _method in METHODS:
        CHOICES.add(
            f"{_name} {_formula} {_method} z",
            lambda n=_name, f=_formula, m=_method: regressed(n, f, method=m, test="z"),
        )
    for _test in TESTS:
        for _method in ("REML", "DL", "EE"):
            CHOICES.add(
                f"{_name} {_formula} {_method} test {_test}",
                lambda n=_name, f=_formula, m=_method, t=_test: regressed(n, f, method=m, test=t),
            )
    CHOICES.add(f"{_name} {_formula} weighted", lambda n=_name, f=_formula: regressed(n, f, weighted=True))
    CHOICES.add(f"{_name} {_formula} at 0.8", lambda n=_name, f=_formula: regressed(n, f, level=0.8))
CHOICES.add("arrays", arrays)
CHOICES.add("arrays ML z", lambda: arrays(method="ML", test="z"))
CHOICES.add("predicted", predicted)
CHOICES.add("permuted exactly", permuted)
CHOICES.add("likelihood ratio", lambda: ratio("bcg", "~ ablat", "~ ablat + C(alloc)"))
CHOICES.add("likelihood ratio, raudenbush", lambda: ratio("raudenbush1985", "~ 1", "~ weeks"))
for _name, _formula, _scale in (
    ("bcg", "~ ablat", "~ ablat"),
    ("bangertdrowns2004", "~ length", "~ n"),
    ("raudenbush1985", "~ 1", "~ weeks"),
    ("hackshaw1998", "~ 1", "~ design"),
    ("konstantopoulos2011", "~ 1", "~ year"),
):
    for _method in ("REML", "ML"):
        for _link in ("log", "identity"):
            for _test in ("z", "t"):
                # The log link has no finite answer where a level of the factor has no heterogeneity.
                if (_test == "z" or _link == "log") and (_link, _scale) != ("log", "~ design"):
                    (SLOW if _name == "konstantopoulos2011" or _method == "ML" else SCALES).add(
                        f"{_name} {_formula} {_scale} {_method} {_link} {_test}",
                        lambda n=_name, f=_formula, s=_scale, m=_method, l=_link, t=_test: scaled(
                            n, f, s, method=m, link=l, test=t
                        ),
                    )
