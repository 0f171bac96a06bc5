"""Tables of diagnostics, for one mean, for regressions and for several levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import meta
from tests.net import data
from tests.net.register import Group

TABLES = Group("diagnostics")
SLOW = Group("diagnostics-slow")
GROUPS = [TABLES, SLOW]
SETS = ["bcg", "raudenbush1985", "aspirin", "eight_schools", "normand1999", "miller1978", "power_pose"]


def of_fit(
    name: str, function: str, method: str = "REML", test: str = "hksj", **options: Any
) -> Mapping[str, Any]:
    table = getattr(meta.diagnostics, function)(data.fit(name, method, test), **options)
    return {"table": table}


def of_regression(function: str, **options: Any) -> Mapping[str, Any]:
    fit = meta.regress(data.es("bcg"), "~ ablat", test="z")
    return {"table": getattr(meta.diagnostics, function)(fit, **options)}


def of_levels(function: str, **options: Any) -> Mapping[str, Any]:
    fit = meta.pool_multilevel(data.es("konstantopoulos2011"), levels=["district", "school"])
    return {"table": getattr(meta.diagnostics, function)(fit, **options)}


for _name in SETS:
    for _function in ("influence", "leave_one_out", "residuals", "baujat", "outliers", "cumulative"):
        TABLES.add(f"{_function} {_name}", lambda n=_name, f=_function: of_fit(n, f))
        if _name in ("bcg", "raudenbush1985"):
            TABLES.add(f"{_function} {_name} DL z", lambda n=_name, f=_function: of_fit(n, f, "DL", "z"))
    TABLES.add(f"qq {_name}", lambda n=_name: of_fit(n, "qq", draws=50, seed=2))
    TABLES.add(f"profile {_name}", lambda n=_name: of_fit(n, "profile", "REML", "z"))
for _name in ("aspirin", "eight_schools", "power_pose"):
    TABLES.add(f"gosh {_name}", lambda n=_name: of_fit(n, "gosh", "DL", "z"))
TABLES.add("gosh bcg", lambda: of_fit("bcg", "gosh", subsets=60, seed=5))
for _method in ("kmeans", "dbscan", "gmm"):
    TABLES.add(
        f"gosh clusters {_method}",
        lambda m=_method: {
            "table": meta.diagnostics.gosh_clusters(
                meta.diagnostics.gosh(data.fit("aspirin")), method=m, seed=1
            )
        },
    )
TABLES.add("cumulative bcg by year", lambda: of_fit("bcg", "cumulative", order="year"))
TABLES.add("cumulative bcg by year down", lambda: of_fit("bcg", "cumulative", order="year", descending=True))
TABLES.add(
    "cumulative bcg by year collapsed", lambda: of_fit("bcg", "cumulative", order="year", collapse=True)
)
TABLES.add("influence bcg by alloc", lambda: of_fit("bcg", "influence", cluster="alloc"))
TABLES.add("leave_one_out bcg by alloc", lambda: of_fit("bcg", "leave_one_out", cluster="alloc"))
TABLES.add("residuals bcg kept", lambda: of_fit("bcg", "residuals", reestimate=False))
for _rule in ("deleted", "interval", "bonferroni"):
    TABLES.add(f"outliers bcg {_rule}", lambda r=_rule: of_fit("bcg", "outliers", rule=r))
for _kind in ("rstandard", "rstudent"):
    TABLES.add(f"qq bcg {_kind}", lambda k=_kind: of_fit("bcg", "qq", kind=k, draws=50, seed=2))
for _function in ("influence", "leave_one_out", "residuals", "baujat", "outliers", "cumulative", "qq"):
    _more = {"draws": 50, "seed": 2} if _function == "qq" else {}
    TABLES.add(f"regression {_function}", lambda f=_function, o=_more: of_regression(f, **o))
TABLES.add("regression profile", lambda: of_regression("profile"))
for _function in ("influence", "leave_one_out", "residuals", "cumulative"):
    SLOW.add(f"levels {_function}", lambda f=_function: of_levels(f, cluster="district"))
SLOW.add("levels residuals kept", lambda: of_levels("residuals", reestimate=False))
SLOW.add("levels profile", lambda: of_levels("profile", component=0, values=[0.0, 0.03, 0.1]))
SLOW.add("regression influence kept", lambda: of_regression("influence", reestimate=False))
