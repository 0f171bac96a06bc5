"""Best linear unbiased predictions of the studies' true effects and of random effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.errors import NotEstimableError
from meta.kernels.inference import quantile
from meta.pooling.structures import same

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.multilevel_result import Multilevel
    from meta.pooling.regression_result import Regression


def true_effects(fit: Regression, level: float) -> pd.DataFrame:
    """One row a study: its effect shrunken toward its fitted value, of the columns of ``Pooled.blup``."""
    import pandas as pd

    share = fit.tau2 / (fit.tau2 + fit.vi)
    around = fit._combined(fit.X)[1] ** 2
    mean = share * fit.yi + (1 - share) * fit.fitted
    se = np.sqrt(share * fit.vi + (1 - share) ** 2 * around)
    half = quantile(0.5 + level / 2, fit.df[0]) * se
    columns = {"study": fit.study, "estimate": mean, "se": se}
    columns |= {"low": mean - half, "high": mean + half, "shrinkage": 1 - share}
    return pd.DataFrame(columns)


def random_effects(fit: Multilevel, level: float) -> pd.DataFrame:
    """One row a group of each level: how far its mean lies from that of the level above.

    With ``P = M^-1 - M^-1 X V X' M^-1`` and the indicators Z of a level's groups, the predictions are
    ``sigma2 Z'M^-1 (y - X beta)`` and the variance of their errors is ``sigma2 - sigma2^2 Z'PZ``.
    """
    import pandas as pd

    if fit.G is not None:
        raise NotEstimableError("predictions are for nested levels; this fit has an inner structure")
    inverse = np.linalg.inv(fit.marginal)
    mx = inverse @ fit.X
    P = inverse - mx @ fit.vcov @ mx.T
    pulled = inverse @ (fit.yi - fit.X @ fit.beta)
    crit = float(quantile(0.5 + level / 2, float(np.min(fit.df))))
    tables = []
    for name, group, sigma2 in zip(fit.levels, fit.groups, fit.sigma2, strict=True):
        first = np.sort(np.unique(group, return_index=True)[1])
        Z = same(group)[:, first]
        mean = sigma2 * (Z.T @ pulled)
        se = np.sqrt(np.maximum(sigma2 - sigma2**2 * np.einsum("ki,kl,li->i", Z, P, Z), 0.0))
        columns = {"level": name, "group": _labels(fit, name, first), "estimate": mean, "se": se}
        tables.append(pd.DataFrame(columns | {"low": mean - crit * se, "high": mean + crit * se}))
    return pd.concat(tables, ignore_index=True)


def _labels(fit: Multilevel, name: str, first: np.ndarray) -> list[str]:
    """Labels of the groups, with those of the levels above them where they are needed to tell them apart."""
    above = fit.levels[: fit.levels.index(name) + 1]
    rows = np.arange(fit.k)
    columns = [fit.es.study if n == "study" else np.asarray(fit.es.columns.get(n, rows)) for n in above]
    return ["/".join(str(c[i]) for c in columns) for i in first]
