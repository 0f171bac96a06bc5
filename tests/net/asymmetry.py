"""Small-study effects, selection models, sensitivity to what is unpublished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import meta
from tests.net import data
from tests.net.register import Group, take

TESTS = Group("bias-tests")
MODELS = Group("bias-models")
SLOW = Group("bias-slow")
GROUPS = [TESTS, MODELS, SLOW]
LINE = "k estimate se statistic p_value df dispersion tau2 slope limit limit_low limit_high limit_se"
FIT = "k estimate se statistic p_value ci_low ci_high tau2 tau2_se loglik weights weights_se"
FIT += " unadjusted unadjusted_tau2 lrt lrt_p qm qm_p vcov coefficients counts significant"
PART = "estimate se statistic p_value df ci_low ci_high slope slope_p slope_se"
SETS = ["bcg", "raudenbush1985", "egger2001", "lau1992", "hackshaw1998", "bangertdrowns2004", "molloy2014"]
SETS += ["nielweise2007", "eight_schools", "konstantopoulos2011"]
CELLS = ["bcg", "aspirin", "egger2001", "lau1992", "nielweise2007", "hine1989", "collins1985a"]


def line(name: str, **options: Any) -> Mapping[str, Any]:
    return take(meta.bias.egger(data.es(name), **options), LINE)


def cells(test: str, name: str, **options: Any) -> Mapping[str, Any]:
    function = getattr(meta.bias, test)
    return take(function(data.table(name), **data.COLUMNS[name][1], **options), LINE)


def filled(name: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bias.trim_and_fill(data.fit(name), **options)
    return take(found, "k0 k0_se k0_p centre estimate se ci_low ci_high p_value tau2 filled")


def two_lines(name: str) -> Mapping[str, Any]:
    found = meta.bias.pet_peese(data.es(name))
    parts = {part: take(getattr(found, part), PART) for part in ("pet", "peese")}
    return take(found, "chosen estimate se ci_low ci_high p_value pet_p statistic") | parts


def powered(name: str) -> Mapping[str, Any]:
    found = meta.bias.waap(data.es(name))
    parts = {part: take(getattr(found, part), PART) for part in ("uwls", "waap") if getattr(found, part)}
    return take(found, "estimate se powered") | parts


def file_drawer(name: str, kind: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bias.failsafe_n(data.es(name), kind=kind, **options)
    return take(found, "n exact estimate p_value target")


def excess(name: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bias.excess_significance(data.es(name), **options)
    return take(found, "observed expected statistic p_value p_two_sided effect ratio limit power")


def affirmative(name: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bias.significance_funnel(data.es(name), **options)
    parts = {
        part: take(getattr(found, part), "eta estimate se ci_low ci_high p_value")
        for part in ("corrected", "naive", "worst")
    }
    return take(found, "s_value s_value_ci worst_case affirmative tau2") | parts


def limited(name: str) -> Mapping[str, Any]:
    found = meta.bias.limit_meta_analysis(data.es(name))
    return take(
        found,
        "estimate se ci_low ci_high p_value intercept slope tau2 q q_p q_rest q_rest_p q_small q_small_p"
        " shrunken",
    )


def curve(name: str) -> Mapping[str, Any]:
    names = "statistic p_value half_statistic half_p flat_statistic flat_p flat_half_statistic flat_half_p"
    names += " binomial_p power power_low power_high shares significant"
    return take(meta.bias.p_curve(data.es(name)), names)


def tests_of_curve() -> Mapping[str, Any]:
    tests = ["t(48)=2.4", "F(1,90)=5.2", "z=2.9", "chi2(1)=6.1", "r(60)=.31"]
    return take(meta.bias.p_curve(tests=tests), "statistic p_value half_p flat_p power power_low power_high")


def steps(name: str, *, profiled: str = "", **options: Any) -> Mapping[str, Any]:
    found = meta.bias.selection_model(data.es(name), **options)
    calls = {"profile": lambda: found.profile_interval(profiled)} if profiled else {}
    return take(found, FIT, **calls)


def fixed_weights(name: str) -> Mapping[str, Any]:
    found = meta.bias.vevea_woods(data.es(name))
    return {key: take(one, "estimate se tau2 loglik") for key, one in found.items()}


def copas(name: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bias.copas(data.es(name), **options)
    return take(found, "estimate se ci_low ci_high tau2 rho residual_p unpublished published")


for _name in SETS:
    TESTS.add(f"egger {_name}", lambda n=_name: line(n))
    TESTS.add(f"egger {_name} mixed", lambda n=_name: line(n, model="mixed"))
    TESTS.add(
        f"begg {_name}",
        lambda n=_name: take(meta.bias.begg(data.es(n)), "tau z score statistic p_value"),
    )
    TESTS.add(f"PET-PEESE {_name}", lambda n=_name: two_lines(n))
    TESTS.add(f"WAAP {_name}", lambda n=_name: powered(n))
    for _kind in ("Rosenthal", "Orwin", "Rosenberg", "General"):
        TESTS.add(f"fail-safe {_name} {_kind}", lambda n=_name, k=_kind: file_drawer(n, k))
    for _test in ("chi2", "binomial", "exact"):
        TESTS.add(f"excess {_name} {_test}", lambda n=_name, t=_test: excess(n, test=t))
    TESTS.add(f"limit {_name}", lambda n=_name: limited(n))
    TESTS.add(f"p-curve {_name}", lambda n=_name: curve(n))
    TESTS.add(
        f"bias-robust {_name}",
        lambda n=_name: take(
            meta.bias.bias_robust(data.es(n), cluster="study"), "estimate se df ci_low ci_high p_value share"
        ),
    )
    for _estimator in ("L0", "R0", "Q0"):
        MODELS.add(
            f"trim and fill {_name} {_estimator}", lambda n=_name, e=_estimator: filled(n, estimator=e)
        )
    for _eta in (1.0, 4.0):
        MODELS.add(f"significance funnel {_name} {_eta}", lambda n=_name, e=_eta: affirmative(n, eta=e))
    MODELS.add(
        f"significance funnel {_name} equal", lambda n=_name: affirmative(n, eta=3.0, model="equal-effects")
    )
    SLOW.add(f"selection {_name}", lambda n=_name: steps(n))
    SLOW.add(f"Vevea-Woods {_name}", lambda n=_name: fixed_weights(n))
    SLOW.add(f"p-uniform* {_name}", lambda n=_name: take(meta.bias.p_uniform_star(data.es(n)), FIT))
for _predictor in ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"):
    TESTS.add(
        f"egger bcg by {_predictor}",
        lambda p=_predictor: line("bcg", predictor=p, n=data.table("bcg")["tn"] + data.table("bcg")["cn"]),
    )
for _direction in ("greater", "less"):
    TESTS.add(f"egger bcg {_direction}", lambda d=_direction: line("bcg", direction=d))
    TESTS.add(
        f"begg bcg {_direction}",
        lambda d=_direction: take(meta.bias.begg(data.es("bcg"), direction=d), "tau z p_value"),
    )
    MODELS.add(f"excess bcg {_direction}", lambda d=_direction: excess("bcg", direction=d))
TESTS.add("egger bcg moderated", lambda: line("bcg", model="mixed", moderators="~ ablat"))
TESTS.add("egger bcg DL at 0.8", lambda: line("bcg", model="mixed", method="DL", level=0.8))
TESTS.add(
    "begg bcg approximately",
    lambda: take(meta.bias.begg(data.es("bcg"), exact=False, continuity=True), "tau z score p_value"),
)
TESTS.add("p-curve of tests", tests_of_curve)
TESTS.add("fail-safe bcg target", lambda: file_drawer("bcg", "Orwin", target=-0.1))
for _name in CELLS:
    for _test in ("harbord", "peters", "macaskill", "deeks"):
        TESTS.add(f"{_test} {_name}", lambda t=_test, n=_name: cells(t, n))
for _name in ("normand1999",):
    for _direction in ("two-sided", "greater"):
        TESTS.add(
            f"Pustejovsky-Rodgers {_name} {_direction}",
            lambda n=_name, d=_direction: take(
                meta.bias.pustejovsky_rodgers(data.es(n, "SMD"), direction=d), LINE
            ),
        )
for _name in ("bcg", "hackshaw1998"):
    for _steps in ((0.025,), (0.05,), (0.025, 0.5), (0.01, 0.05, 0.5)):
        SLOW.add(f"selection {_name} at {_steps}", lambda n=_name, s=_steps: steps(n, steps=s))
    SLOW.add(f"copas {_name}", lambda n=_name: copas(n, published=(1.0, 0.8, 0.5)))
    SLOW.add(f"beta selection {_name}", lambda n=_name: take(meta.bias.beta_selection(data.es(n)), FIT))
SLOW.add("selection bcg moderated", lambda: steps("bcg", moderators="~ ablat"))
SLOW.add("selection bcg weights", lambda: steps("bcg", steps=(0.025, 0.5), weights=(1.0, 0.6, 0.2)))
SLOW.add("selection bcg profile", lambda: steps("bcg", profiled="tau2"))
SLOW.add("selection bcg clusters", lambda: steps("bcg", cluster="alloc"))
