"""The exact engine that fits a model."""

from __future__ import annotations

from meta.bayes.core import Core
from meta.bayes.exact import fit_analytic
from meta.bayes.model import Model


def fit_core(model: Model) -> Core:
    """Fit by quadrature: over tau alone where mu is analytic, over both where it is not."""
    if model.analytic:
        return fit_analytic(model)
    from meta.bayes.grid import fit_grid

    return fit_grid(model)
