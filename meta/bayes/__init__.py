"""Priors as objects, the exact engine, the PyMC models.

The package is also the public function: ``meta.bayes(es, effect=..., tau=...)``. Importing any module of
a package named ``bayes`` binds that name in ``meta`` to the package, so the package itself is callable.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_FUNCTIONS = {
    "bayes_correlation": "meta.bayes.correlation_model",
    "bayes_counts": "meta.bayes.count_models",
    "bayes_location_scale": "meta.bayes.scale_model",
    "bayes_multilevel": "meta.bayes.level_models",
    "bayes_unknown_sd": "meta.bayes.sd_model",
    "borrowed_sd": "meta.bayes.sd_model",
    "compare_loo": "meta.bayes.loo",
    "leave_one_out": "meta.bayes.batch",
    "model_average": "meta.bayes.averaging",
}


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module 'meta.bayes' has no attribute {name!r}")
    return getattr(importlib.import_module(_FUNCTIONS[name]), name)


class _CallablePackage(ModuleType):
    @property
    def __call__(self) -> Any:
        """The function itself, so that its own signature and refusals hold."""
        from meta.bayes.fit import bayes

        return bayes

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(self.__call__)


sys.modules[__name__].__class__ = _CallablePackage
