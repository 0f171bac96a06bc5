"""One posterior of mu and tau, in a process of its own: ``python sampling.py ENGINE K``.

ENGINE is "exact", "batch" (10,000 posteriors at once), "pymc", "nutpie" (the package's engines), "bare" (PyMC
as a tutorial writes it: study effects sampled, non-centred) or "quad" (a loop of SciPy quadratures). Prints
seconds of the first fit (import and compilation included) and of a second one on other data, the mean of mu,
and effective draws.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from typing import Any

START = time.perf_counter()


def data(k: int, shift: float) -> tuple[Any, Any]:
    import numpy as np

    rng = np.random.default_rng(k)
    v = rng.uniform(0.02, 0.2, k)
    return rng.normal(0.2, np.sqrt(v + 0.1)) + shift, v


def own(engine: str, k: int, shift: float) -> tuple[float, float]:
    import meta

    y, v = data(k, shift)
    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    if engine == "exact":
        post = meta.bayes(yi=y, vi=v, **priors)
        post.interval(0.95)
        return float(post.estimate), float("nan")
    if engine == "nutpie":
        priors["nuts_sampler"] = "nutpie"
    post = meta.bayes(yi=y, vi=v, **priors, engine="pymc", seed=1, allow_failed=True)
    return float(post.estimate), min(post.diagnostics.ess_bulk.values())


def batch(k: int, shift: float) -> tuple[float, float]:
    """10,000 posteriors, which are one call."""
    import numpy as np

    import meta
    from meta.bayes.batch import batch as together

    y, v = data(k, shift)
    many = together(
        np.tile(y, (10_000, 1)) + np.linspace(0.0, 1e-3, 10_000)[:, None],
        np.tile(v, (10_000, 1)),
        effect=meta.Normal(0, 1),
        tau=meta.HalfNormal(0.5),
    )
    return float(many.estimate[0]), float("nan")


def bare(k: int, shift: float) -> tuple[float, float]:
    import arviz as az
    import numpy as np
    import pymc as pm

    y, v = data(k, shift)
    with pm.Model():
        mu = pm.Normal("mu", 0, 1)
        tau = pm.HalfNormal("tau", 0.5)
        z = pm.Normal("z", 0, 1, shape=k)
        pm.Normal("y", mu + tau * z, np.sqrt(v), observed=y)
        trace = pm.sample(
            2000, tune=1000, chains=4, cores=1, progressbar=False, random_seed=1, target_accept=0.95
        )
    group = trace["posterior"]
    group = group.dataset if hasattr(group, "dataset") else group
    sizes = az.ess(group[["mu", "tau"]], method="bulk")
    return float(group["mu"].mean()), float(min(sizes["mu"], sizes["tau"]))


def quad(k: int, shift: float) -> tuple[float, float]:
    import numpy as np
    from scipy import integrate

    y, v = data(k, shift)

    def joint(m: float, t: float) -> float:
        s = v + t * t
        log = -0.5 * (np.log(s).sum() + ((y - m) ** 2 / s).sum() + m * m + 4 * t * t)
        return float(np.exp(log - top))

    top = 0.0
    top = max(np.log(joint(m, t) + 1e-300) for m in np.linspace(-1, 2, 31) for t in np.linspace(0.01, 1, 20))
    whole, first = (
        integrate.dblquad(f, 0, 3, -3, 3, epsabs=1e-10, epsrel=1e-7)[0]
        for f in (joint, lambda m, t: m * joint(m, t))
    )
    return first / whole, float("nan")


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    engine, k = sys.argv[1], int(sys.argv[2])
    fit = {"bare": bare, "quad": quad, "batch": batch}.get(engine) or (lambda k, shift: own(engine, k, shift))
    fit(k, 0.0)
    first = time.perf_counter() - START
    start = time.perf_counter()
    answer, ess = fit(k, 0.01)
    refit = time.perf_counter() - start
    print(json.dumps({"first": first, "refit": refit, "answer": answer, "ess": ess}))


if __name__ == "__main__":
    main()
