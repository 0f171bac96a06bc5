"""The printed block of a posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meta.formatting import interval, number, percent, significant

if TYPE_CHECKING:
    from meta.bayes.posterior import Posterior


def posterior_lines(post: Posterior, digits: int = 3) -> list[str]:
    """Lay out the posterior, its priors and its numerical error."""
    level = percent(post.level, 0 if float(100 * post.level).is_integer() else 1)
    engine = "exact (quadrature)" if post.engine == "exact" else "PyMC (NUTS)"
    lines = [
        f"Bayesian random-effects meta-analysis · {engine} · k = {post.k}        measure: {post.measure}",
        f"{'':10}{'mean':>10}{'median':>10}{'sd':>10}   {level} interval (shortest)",
    ]
    for of, label in (("mu", "mu"), ("tau", "tau"), ("new", "new study")):
        dist = post.distribution(of)  # type: ignore[arg-type]
        mean = {"mu": post.estimate, "tau": post.tau.mean}.get(of, post.estimate)
        sd = {"mu": post.sd, "tau": post.tau.sd}.get(of)
        sd = post._spread(of, 2) if sd is None else sd
        median = float(dist.ppf(0.5))
        low, high = post.interval(of=of)  # type: ignore[arg-type]
        cells = "".join(f"{number(x, digits):>10}" for x in (mean, median, sd))
        lines.append(f"{label:10}{cells}   {interval(low, high, digits)}")
    lines.append(f"prior: {post.prior}")
    if post.engine == "exact":
        lines.append(
            f"log evidence {number(post.log_evidence)} · "
            f"numerical error (relative) {significant(max(post.error, 1e-16), 1)}"
        )
    return lines
