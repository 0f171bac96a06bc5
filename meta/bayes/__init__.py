"""Priors as objects, the exact engine, the PyMC models.

The package is also the public function: ``meta.bayes(es, effect=..., tau=...)``. Importing any module of
a package named ``bayes`` binds that name in ``meta`` to the package, so the package itself is callable.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Any:
        from meta.bayes.fit import bayes

        return bayes(*args, **options)


sys.modules[__name__].__class__ = _CallablePackage
