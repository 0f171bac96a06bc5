"""The exact Bayesian engines: priors sit at ``data.at`` and are as wide as ``data.unit``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import meta
from meta.bayes.averaging import model_average
from meta.bayes.batch import batch
from meta.bayes.bias_models import PEESE, PET, WeightFunction
from tests.properties.changes import Effects, Found
from tests.properties.table import PRIOR, SLOPE, SPREAD, ZERO, Engine, lacks


def priors(data: Effects) -> dict[str, Any]:
    return {"effect": meta.Normal(data.at, data.unit), "tau": meta.HalfNormal(0.5 * data.unit)}


def posterior(post: Any, data: Effects, units: int) -> Found:
    return {
        "mean": ("place", post.estimate),
        "sd": ("spread", post.sd),
        "interval": ("ends", post.interval(0.95)),
        "prediction": ("ends", post.prediction_interval()),
        "tau": ("spread", post.tau.mean),
        "P(mu < 0) less a half": ("odd test", post.probability(below=0.0) - 0.5),
        "evidence": ("free", post.log_evidence + units * np.log(data.unit)),
        "effects of studies": ("each place", post.shrinkage()["mean"]),
    }


def _exact(data: Effects) -> Found:
    return posterior(meta.bayes(data.sizes(), **priors(data)), data, data.k)


def _student(data: Effects) -> Found:
    options = priors(data) | {"effect": meta.StudentT(data.at, data.unit, 4)}
    post = meta.bayes(data.sizes(), **options)
    return {
        "mean": ("place", post.estimate),
        "interval": ("ends", post.interval(0.95)),
        "tau": ("spread", post.tau.mean),
    }


def _bounds(data: Effects) -> Found:
    post = meta.bayes(data.bounded(), **priors(data))
    return posterior(post, data, int(data.bounded().exact.sum()))


def _known(tau: float) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        post = meta.bayes(data.sizes(), effect=meta.Normal(data.at, data.unit), tau=tau * data.unit)
        return {
            "mean": ("place", post.estimate),
            "sd": ("spread", post.sd),
            "interval": ("ends", post.interval(0.95)),
        }

    return run


def _flat(data: Effects) -> Found:
    post = meta.bayes(data.sizes(), effect=meta.Flat(), tau=0.0)
    return {"mean": ("place", post.estimate), "sd": ("spread", post.sd)}


def _regression(data: Effects) -> Found:
    effect = [meta.Normal(data.at, data.unit), meta.Normal(0, 0.5 * data.unit)]
    post = meta.bayes(data.sizes(), moderators="~ x", effect=effect, tau=meta.HalfNormal(0.5 * data.unit))
    first, second = (post.distribution(term) for term in post.terms)
    return {
        "intercept": ("place", first.mean),
        "slope": ("slope", second.mean),
        "sd": ("spread", (first.sd, second.sd)),
        "interval": ("ends", post.interval(post.terms[0])),
        "interval of the slope": ("slope ends", post.interval(post.terms[1])),
    }


def _batch(data: Effects) -> Found:
    got = batch(
        np.stack([data.y, data.y + data.sign * data.unit * data.x]), np.stack([data.v] * 2), **priors(data)
    )
    return {
        "mean": ("place", got.estimate),
        "sd": ("spread", got.sd),
        "tau": ("spread", got.tau_mean),
        "evidence": ("free", got.log_evidence + data.k * np.log(data.unit)),
    }


def _leave_one_out(data: Effects) -> Found:
    table = meta.bayes.leave_one_out(data.sizes(), **priors(data))
    return {"mean": ("each place", table["estimate"]), "tau": ("each spread", table["tau_mean"])}


def _average(bias: Any) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        chosen = bias(data) if callable(bias) else bias
        side = {} if chosen in (None, "two-sided") else {"direction": "greater" if data.sign > 0 else "less"}
        post = model_average(
            data.sizes(),
            effect=meta.Normal(0, data.unit),
            tau=meta.HalfNormal(0.5 * data.unit),
            bias=chosen,
            **side,
        )
        return {
            "estimate": ("place", post.estimate),
            "interval": ("ends", post.interval()),
            "tau": ("spread", post.tau),
            "for an effect": ("test", np.log(post.bf_effect)),
            "for heterogeneity": ("test", np.log(post.bf_heterogeneity)),
        }

    return run


def _biases(data: Effects) -> list[Any]:
    peese = PEESE(meta.HalfCauchy(5 / data.unit))
    return [WeightFunction((0.025,)), PET(), peese]


BAYES = lacks(doubled=PRIOR, merged=SPREAD)
AVERAGE = BAYES | lacks(shift=ZERO)
ENGINES = [
    Engine("Bayes, by quadrature over tau", _exact, BAYES),
    Engine("Bayes, t prior, on a grid", _student, BAYES, rtol=1e-5),
    Engine("Bayes with bounds, on a grid", _bounds, BAYES, rtol=1e-5, slow=True),
    Engine("Bayes, known tau", _known(0.25), BAYES),
    Engine("Bayes, tau 0", _known(0.0), lacks(doubled=PRIOR)),
    Engine("Bayes, tau 0, flat prior", _flat),
    Engine("Bayesian regression", _regression, BAYES, rtol=1e-5),
    Engine("Bayes, in a batch", _batch, BAYES),
    Engine("Bayes, leave one out", _leave_one_out, BAYES | lacks(vague="a study more is a row more")),
    Engine("model average", _average(None), AVERAGE, rtol=1e-5),
    Engine("model average with bias", _average(_biases), AVERAGE | lacks(vague=SLOPE), rtol=1e-4, slow=True),
]
