"""The exact engine that fits a model."""

from __future__ import annotations

from meta.bayes.exact import fit_analytic
from meta.bayes.model import Model
from meta.bayes.posterior_core import Core


def fit_core(model: Model) -> Core:
    """Fit by quadrature: over tau alone where mu is analytic, over both where it is not.

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05], effect=meta.Normal(0, 1), tau=0.1)
    >>> again = fit_core(post.core.model)
    >>> again.log_evidence == post.log_evidence
    True
    """
    if model.analytic:
        return fit_analytic(model)
    from meta.bayes.grid import fit_grid

    return fit_grid(model)
