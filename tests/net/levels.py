"""Several levels and several outcomes: nesting, structures, correlated errors, robust errors, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta
from tests.net import data
from tests.net.register import Group, take

NESTED = Group("multilevel")
SLOW = Group("multilevel-slow")
ROBUST = Group("robust")
PROFILED = Group("multilevel-profiles")
GROUPS = [NESTED, SLOW, ROBUST, PROFILED]
FIT = "k p df coefficients sigma2 sigma2_se phi i2 i2_total qe qe_df qe_p qm qm_p loglik aic bic"
FIT += " G estimate ci_low ci_high p_value rho_inner n_groups"
_FITS: dict[str, Any] = {}
STRUCTURES = ["UN", "CS", "HCS", "DIAG", "ID", "AR"]
KINDS = ["CR0", "CR1", "CR1p", "CR2"]


def berkey_v() -> np.ndarray:
    """The sampling covariances within the trials of Berkey et al. (1998)."""
    table = data.table("berkey1998")
    V = np.zeros((len(table), len(table)))
    for trial in table["trial"].unique():
        at = np.flatnonzero(table["trial"] == trial)
        V[np.ix_(at, at)] = table.loc[at, ["v1i", "v2i"]].to_numpy()
    return V


def nested(name: str, **options: Any) -> Any:
    """A fit; those that several cases ask for are made once."""
    key = repr((name, sorted(options.items(), key=lambda item: item[0])))
    if key not in _FITS:
        _FITS[key] = _fitted(name, **options)
    return _FITS[key]


def _fitted(name: str, **options: Any) -> Any:
    return meta.pool_multilevel(data.es(name), **options)


def told(name: str, **options: Any) -> Mapping[str, Any]:
    return take(nested(name, **options), FIT)


def everything(name: str, **options: Any) -> Mapping[str, Any]:
    fit = nested(name, **options)
    return take(
        fit,
        "vcov typical fitted",
        random=fit.random_effects,
        components=fit.variance_components,
        predict=fit.predict,
        prediction=fit.prediction_interval,
        wald=lambda: take(fit.wald(), "statistic df df_residual p_value"),
        augment=fit.augment,
        glance=fit.glance,
    )


def structured(struct: str, **options: Any) -> Mapping[str, Any]:
    return told("berkey1998", levels=["trial"], inner="outcome", struct=struct, V=berkey_v(), **options)


def robust(fit: Any, cluster: str, **options: Any) -> Mapping[str, Any]:
    found = meta.robust(fit, cluster, **options)
    return take(
        found,
        "coefficients df dfs vcov clusters",
        wald=lambda: take(found.wald(), "statistic df df_residual p_value"),
    )


LEVELS: dict[str, dict[str, Any]] = {
    "konstantopoulos2011": {"levels": ["district", "school"]},
    "assink2016": {"levels": ["study", "effect"]},
    "bangertdrowns2004": {"levels": ["grade", "effect"]},
    "hackshaw1998": {"levels": ["country", "effect"]},
    "mcdaniel1994": {"levels": ["type", "effect"]},
    "molloy2014": {"levels": ["controls", "effect"]},
    "berkey1998": {"levels": ["trial", "effect"]},
    "raudenbush1985": {"levels": ["weeks", "effect"]},
    "bcg": {"levels": "effect"},
}
for _name, _options in LEVELS.items():
    for _method in ("REML", "ML"):
        (SLOW if _name == "mcdaniel1994" or _method == "ML" else NESTED).add(
            f"{_name} {_method}", lambda n=_name, o=_options, m=_method: told(n, method=m, **o)
        )
for _test in ("t", "containment"):
    NESTED.add(
        f"konstantopoulos2011 {_test}",
        lambda t=_test: told("konstantopoulos2011", levels=["district", "school"], test=t),
    )
for _rho in (0.0, 0.3, 0.6, 0.9):
    NESTED.add(f"assink2016 rho {_rho}", lambda r=_rho: told("assink2016", levels=["study", "effect"], rho=r))
    NESTED.add(
        f"konstantopoulos2011 rho {_rho}",
        lambda r=_rho: told("konstantopoulos2011", levels=["district", "school"], rho=r),
    )
for _struct in STRUCTURES:
    for _method in ("REML", "ML"):
        (NESTED if _method == "REML" else SLOW).add(
            f"berkey1998 {_struct} {_method}", lambda s=_struct, m=_method: structured(s, method=m)
        )
    NESTED.add(
        f"berkey1998 {_struct} by outcome",
        lambda s=_struct: structured(s, moderators="~ 0 + outcome"),
    )
    SLOW.add(
        f"berkey1998 {_struct} slopes",
        lambda s=_struct: structured(s, moderators="~ 0 + outcome + outcome:I(year - 1983)"),
    )
NESTED.add("berkey1998 V", lambda: told("berkey1998", levels=["trial", "effect"], V=berkey_v()))
NESTED.add(
    "konstantopoulos2011 ~ year",
    lambda: told("konstantopoulos2011", levels=["district", "school"], moderators="~ I(year - 1985)"),
)
NESTED.add(
    "assink2016 ~ deltype",
    lambda: told("assink2016", levels=["study", "effect"], moderators="~ deltype", rho=0.5),
)
NESTED.add(
    "konstantopoulos2011 everything",
    lambda: everything("konstantopoulos2011", levels=["district", "school"]),
)
SLOW.add("assink2016 everything", lambda: everything("assink2016", levels=["study", "effect"], rho=0.5))
NESTED.add(
    "berkey1998 everything",
    lambda: everything(
        "berkey1998",
        levels=["trial"],
        inner="outcome",
        struct="UN",
        V=berkey_v(),
        moderators="~ 0 + outcome",
    ),
)
for _kind in KINDS:
    for _df in (None, "residual", "satterthwaite"):
        ROBUST.add(
            f"konstantopoulos2011 {_kind} {_df}",
            lambda k=_kind, d=_df: robust(
                nested("konstantopoulos2011", levels=["district", "school"]), "district", kind=k, df=d
            ),
        )
        ROBUST.add(
            f"bangertdrowns2004 {_kind} {_df}",
            lambda k=_kind, d=_df: robust(
                meta.regress(data.es("bangertdrowns2004"), "~ length + wic"), "grade", kind=k, df=d
            ),
        )
    ROBUST.add(
        f"assink2016 {_kind}",
        lambda k=_kind: robust(
            nested("assink2016", levels=["study", "effect"], rho=0.6, moderators="~ deltype"),
            "study",
            kind=k,
        ),
    )
    ROBUST.add(
        f"pool konstantopoulos2011 {_kind}",
        lambda k=_kind: robust(data.fit("konstantopoulos2011"), "district", kind=k),
    )
ROBUST.add(
    "assink2016 at 0.8",
    lambda: robust(nested("assink2016", levels=["study", "effect"], rho=0.6), "study", level=0.8),
)
for _component in (0, 1):
    PROFILED.add(
        f"konstantopoulos2011 {_component}",
        lambda c=_component: {
            "interval": nested("konstantopoulos2011", levels=["district", "school"]).profile_interval(c),
            "profile": nested("konstantopoulos2011", levels=["district", "school"]).profile(
                c, [0.0, 0.02, 0.05, 0.1]
            ),
        },
    )
    PROFILED.add(
        f"assink2016 {_component}",
        lambda c=_component: {
            "interval": nested("assink2016", levels=["study", "effect"], rho=0.5).profile_interval(c)
        },
    )
