"""How closely two routes to the same number must agree, and why not more closely."""

from __future__ import annotations

CLASSES: dict[str, tuple[float | str, str]] = {
    "closed forms": (1e-7, "only the digits that a fixture stores are lost"),
    "estimators of tau2": (1e-6, "R's tolerances, tightened, leave about seven digits"),
    "multilevel and selection models": (1e-4, "metafor's optimisers stop at a relative change of 1e-8"),
    "generalised linear mixed models": (1e-3, "seven nodes in R, ours until nothing changes"),
    "Bayesian quadrature": (1e-6, "independent quadrature to 1e-10; bayesmeta's own grid is good to 1e-3"),
    "sampling": ("4 standard errors", "Monte Carlo error of the draws"),
    "published": ("printed digits", "what the paper prints, rounded as it rounds"),
}
