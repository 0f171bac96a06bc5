"""The numbers behind figures: the table that each figure returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import meta
from tests.net import data
from tests.net.register import Group

TABLES = Group("figures")
GROUPS = [TABLES]


def regression() -> Any:
    return meta.regress(data.es("bcg"), "~ ablat")


def post() -> Any:
    return meta.bayes(data.es("bcg"), effect=meta.Normal(0, 2), tau=meta.HalfNormal(0.5))


def diagnosed(name: str, **options: Any) -> Any:
    return getattr(meta.diagnostics, name)(data.fit("bcg"), **options)


FIGURES: dict[str, Callable[[], Any]] = {
    "forest": lambda: meta.forest(data.fit("bcg")),
    "forest by group": lambda: meta.forest(meta.subgroups(data.es("bcg"), by="alloc")),
    "forest of a regression": lambda: meta.forest(regression()),
    "forest of a posterior": lambda: meta.forest(post()),
    "forest of effects": lambda: meta.forest(data.es("bcg")),
    "funnel": lambda: meta.funnel(data.fit("bcg")),
    "funnel, filled": lambda: meta.funnel(meta.bias.trim_and_fill(data.fit("bcg"))),
    "caterpillar": lambda: meta.plots.caterpillar(data.fit("bcg")),
    "orchard": lambda: meta.plots.orchard(data.fit("bcg")),
    "drapery": lambda: meta.plots.drapery(data.fit("bcg")),
    "radial": lambda: meta.plots.radial(data.fit("bcg")),
    "qq": lambda: meta.plots.qq(data.fit("bcg")),
    "labbe": lambda: meta.plots.labbe(data.es("bcg")),
    "bubble": lambda: meta.plots.bubble(regression(), x="ablat"),
    "residual funnel": lambda: meta.plots.residual_funnel(regression()),
    "compatibility": lambda: meta.plots.compatibility(data.fit("bcg")),
    "posterior": lambda: meta.plots.posterior(post()),
    "prior sensitivity": lambda: meta.plots.prior_sensitivity({"a": post()}),
    "profile": lambda: meta.plots.profile(diagnosed("profile")),
    "baujat": lambda: meta.plots.baujat(diagnosed("baujat")),
    "cumulative": lambda: meta.plots.cumulative(diagnosed("cumulative")),
    "influence": lambda: meta.plots.influence(diagnosed("influence")),
    "gosh": lambda: meta.plots.gosh(diagnosed("gosh", subsets=60, seed=1)),
    "tau trace": lambda: meta.plots.tau_trace(data.fit("bcg")),
    "weight function": lambda: meta.plots.weight_function({"a": meta.bias.selection_model(data.es("bcg"))}),
}


def table(draw: Callable[[], Any]) -> Mapping[str, Any]:
    figure = draw()
    columns = {key: list(column) for key, column in figure.table.items()}
    return {
        key: [float("nan") if v is None else float(v) for v in column]
        for key, column in columns.items()
        if column and all(v is None or isinstance(v, int | float) for v in column)
    } | {"rows": float(max(map(len, columns.values()), default=0))}


for _name, _draw in FIGURES.items():
    TABLES.add(_name, lambda d=_draw: table(d))
