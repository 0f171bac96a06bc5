"""Meta-analytic-predictive priors: what earlier evidence predicts for a new study, as a prior of mu."""

from __future__ import annotations

import numpy as np

from meta.bayes.effect_priors import NormalMixturePrior
from meta.bayes.posterior import Posterior
from meta.errors import InputError, NotEstimableError
from meta.kernels.mixtures import NormalMixture
from meta.keywords import keywords

__all__ = ["effective_sample_size", "map_prior"]


@keywords
def map_prior(
    post: Posterior, *, components: int = 12, robust: float = 0.0, robust_sd: float | None = None
) -> NormalMixturePrior:
    """The predictive distribution of a new study's effect, as a mixture prior.

    Parameters
    ----------
    post : Posterior
        An exact fit of the earlier evidence with a normal or flat prior of the effect.
    components : int
        Number of normals; neighbouring scale components are merged with mean and variance kept.
    robust : float
        Weight of an added vague component (0.1 to 0.5 is usual), so that conflicting
        data can discard the rest.
    robust_sd : float, optional
        Its standard deviation, needed where ``robust`` > 0: that of one observation's worth of information.

    Returns
    -------
    NormalMixturePrior

    References
    ----------
    Schmidli et al. 2014, doi:10.1111/biom.12242.

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05],
    ...                   effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> prior = map_prior(post, robust=0.2, robust_sd=2.0)
    >>> round(sum(prior.weights), 9), len(prior.weights)
    (1.0, 13)
    """
    if not 0 <= robust < 1:
        raise InputError(f"robust must lie in [0, 1), not {robust!r}")
    if robust > 0 and (robust_sd is None or not robust_sd > 0):
        raise InputError(
            "robust_sd must be given and > 0 where robust > 0; see meta.priors.unit_information_sd"
        )
    new = post.core.new
    if not isinstance(new, NormalMixture):
        raise NotEstimableError("a MAP prior needs an exact fit with a normal or flat prior of the effect")
    means, sds, weights = _merged(new, components)
    if robust > 0:
        means, sds = np.append(means, new.mean), np.append(sds, float(robust_sd))  # type: ignore[arg-type]
        weights = np.append((1.0 - robust) * weights, robust)
    label = f"MAP prior from k = {post.k} studies"
    return NormalMixturePrior(tuple(weights.tolist()), tuple(means.tolist()), tuple(sds.tolist()), label)


def _merged(new: NormalMixture, components: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.argsort(new.sds)
    share = np.cumsum(new.weights[order]) - 0.5 * new.weights[order]
    group = np.minimum((share * components).astype(int), components - 1)
    weights = np.bincount(group, new.weights[order], components)
    first = np.bincount(group, new.weights[order] * new.means[order], components)
    square = np.bincount(
        group, new.weights[order] * (new.sds[order] ** 2 + new.means[order] ** 2), components
    )
    used = weights > 0
    means = first[used] / weights[used]
    return means, np.sqrt(square[used] / weights[used] - means**2), weights[used] / weights[used].sum()


@keywords
def effective_sample_size(prior: NormalMixturePrior, unit_sd: float) -> float:
    """Expected local-information-ratio effective sample size of a prior, in observations of SD ``unit_sd``.

    Neuenschwander et al. 2020, doi:10.1111/biom.13252. A normal prior of SD s counts for (unit_sd/s)^2.

    Examples
    --------
    >>> round(effective_sample_size(NormalMixturePrior((1.0,), (0.0,), (0.5,)), 2.0), 6)
    16.0
    """
    if not unit_sd > 0:
        raise InputError(f"unit_sd must be > 0, not {unit_sd!r}")
    q = (np.arange(4000) + 0.5) / 4000
    x = prior.ppf(q)
    weights, means, sds = (np.array(part) for part in (prior.weights, prior.means, prior.sds))
    z = (x[:, None] - means) / sds
    logs = np.log(weights) - np.log(sds) - 0.5 * z * z
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    score = np.sum(share * (-z / sds), axis=1)
    curvature = np.sum(share * (1.0 - z * z) / sds**2, axis=1) + score**2
    return float(unit_sd**2 * curvature.mean()) if weights.size > 1 else float((unit_sd / sds[0]) ** 2)
