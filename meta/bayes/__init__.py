"""Priors as objects, the exact engine, the PyMC models.

``meta.bayes`` is a function, although its package has the same name: the parent keeps the function
when a module of this package is imported, and the functions that are offered beside it are its attributes.
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
_MODULES = ("bias_models", "priors")
"""Modules that are public themselves, so that ``meta.bayes.priors.Normal`` is found."""

__all__ = sorted(["bayes", *_FUNCTIONS, *_MODULES])


def __getattr__(name: str) -> Any:
    if name == "bayes":
        return _function()
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"meta.bayes.{name}")
    raise AttributeError(f"module 'meta.bayes' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__


def _function() -> Any:
    """The public function, with what is offered beside it as its attributes."""
    from meta.bayes.fit import bayes

    for name in (*_FUNCTIONS, *_MODULES):
        setattr(bayes, name, getattr(sys.modules[__name__], name))
    return bayes


class _CallablePackage(ModuleType):
    """The package as ``importlib.import_module`` returns it, which has always been callable."""

    @property
    def __call__(self) -> Any:
        """The function itself, so that its own signature and refusals hold."""
        return _function()

    @property
    def __signature__(self) -> Any:
        import inspect

        return inspect.signature(self.__call__)


sys.modules[__name__].__class__ = _CallablePackage
