"""Tables of a posterior: its quantities, its predictions, its studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.bayes.posterior_numbers import Of, PosteriorNumbers
from meta.errors import InputError
from meta.results.back_transformation import on_display
from meta.results.checked_options import check_interval_option, check_scale, without_intervals
from meta.results.print_out import on_both_scales

if TYPE_CHECKING:
    import pandas as pd


QUANTITIES: tuple[Of, ...] = ("mu", "tau", "new")


def terms(post: PosteriorNumbers) -> list[Mapping[str, Any]]:
    """Rows for mu, tau and a new study's effect; a new study's interval stands beside mu too."""
    rows: list[Mapping[str, Any]] = []
    ends = {of: post.interval(of=of) for of in QUANTITIES}
    for of in QUANTITIES:
        mean = post.tau.mean if of == "tau" else post.estimate
        sd = post._spread(of, 1 if of == "mu" else 2)
        row = {"term": of, "estimate": mean, "se": sd, "sd": sd}
        row |= {"median": float(post.distribution(of).ppf(np.array(0.5)))}
        row |= dict(zip(("ci_low", "ci_high"), ends[of], strict=True))
        row |= dict(zip(("pi_low", "pi_high"), ends["new"], strict=True)) if of == "mu" else {}
        rows.append(on_both_scales(post.effects, row) if of != "tau" else row)
    return rows


def predictions(
    post: PosteriorNumbers, new: Any, level: float | None, scale: str, interval: str
) -> pd.DataFrame:
    """One row: the mean effect and a new study's."""
    import pandas as pd

    if new is not None:
        raise InputError("new= has no use here: the model has no moderators; leave it out")
    check_scale(scale), check_interval_option(interval)
    share = post.level if level is None else check_level(level)
    numbers = (post.estimate, post.sd, *post.interval(share), *post.interval(share, of="new"))
    names = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")
    columns = {name: np.array([value]) for name, value in zip(names, numbers, strict=True)}
    if scale == "display":
        columns |= on_display(post.effects, columns)
    return pd.DataFrame(without_intervals(columns, interval))


def augmented(post: PosteriorNumbers) -> pd.DataFrame:
    """One row per study that the posterior used."""
    own = post.shrinkage()
    es = post.effects.subset(post.effects.informative)
    columns = {"estimate": own["mean"], "se": own["sd"], "ci_low": own["low"], "ci_high": own["high"]}
    arrays = {name: values.to_numpy() for name, values in columns.items()}
    return es.frame.assign(**arrays, weight=np.nan, fitted=post.estimate, residual=es.yi - post.estimate)
