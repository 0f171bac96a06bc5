"""Where a curve bends: ED50 of Emax and the hinge of a plateau, by maximum likelihood."""

from __future__ import annotations

import numpy as np

from meta.errors import ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.kernels.dose import one_stage
from meta.kernels.dose.bases import CURVED, Basis
from meta.models.dose.marginal import lay_out
from meta.models.dose.reference_contrasts import Comparisons

PLACES = 24
"""Places that are tried before the best is refined: likelihoods of a hinge have a peak near each dose."""
REACH = 20.0
"""ED50 is looked for up to so many times the highest dose: beyond, Emax is a straight line over the doses."""
ROUNDS = 50
SETTLED = 1e-9


def estimated_basis(
    data: Comparisons, kind: str, method: str, stage: str, wanted: str | None, notes: Notes
) -> Basis:
    """The basis at the likelihood's maximum over its place, with the derivative by it as second term.

    The place is that of the profile likelihood (ML); under REML, Gauss-Newton steps then take it to where the
    generalised least squares of the linearised curve rest.
    """
    if stage == "two":
        raise InputError(
            f"shape={kind!r} is for stage='one': a trial's own {CURVED[kind][1]} is rarely identified"
        )
    if wanted == "diagonal":
        raise InputError(
            f"heterogeneity='diagonal' has no effect with shape {kind!r}; 'full' is of {CURVED[kind][0]}"
        )
    heterogeneity = "none" if method == "EE" else wanted or "full"
    place = _profiled(data, kind, heterogeneity)
    return _settled(data, kind, place, heterogeneity, method == "REML", notes)


def _at(data: Comparisons, basis: Basis, heterogeneity: str, restricted: bool) -> tuple[float, np.ndarray]:
    trials = lay_out(data.es.yi, data.S, data.dose, data.origin, basis)
    found = one_stage.fit(trials, heterogeneity, restricted)
    return found.loglik, found.beta / trials.scale


def _profiled(data: Comparisons, kind: str, heterogeneity: str) -> float:
    """The place with the highest profile likelihood; refused where it runs to an end of the range."""
    from scipy.optimize import minimize_scalar

    low, high = float(data.doses[data.doses > 0].min()), float(data.doses.max())
    if kind == "emax":
        ends = np.log([low / REACH, high * REACH])
    else:
        ends = np.array([min(low, np.sort(np.unique(data.dose))[0]) * 0.5, high])

    def lack(x: float) -> float:
        place = float(np.exp(x)) if kind == "emax" else float(x)
        return -_at(data, Basis(kind, (place,)), heterogeneity, False)[0]

    grid = np.linspace(float(ends[0]), float(ends[1]), PLACES)
    values = np.array([lack(x) for x in grid])
    best = int(np.argmin(values))
    if best in (0, PLACES - 1):
        way = ("stays the same from the lowest dose on", "rises up to the highest dose")[best > 0]
        raise NotEstimableError(
            f"the doses do not identify {CURVED[kind][1]}: the likelihood is highest where the effect {way}; "
            "choose another shape"
        )
    found = minimize_scalar(
        lack, bounds=(grid[best - 1], grid[best + 1]), method="bounded", options={"xatol": 1e-10}
    )
    return float(np.exp(found.x)) if kind == "emax" else float(found.x)


def _settled(
    data: Comparisons, kind: str, place: float, heterogeneity: str, restricted: bool, notes: Notes
) -> Basis:
    size = _at(data, Basis(kind, (place,)), heterogeneity, restricted)[1][0]
    span = float(np.ptp(data.doses))
    start = place
    for _ in range(ROUNDS):
        basis = Basis(kind, (float(place), float(size)))
        size, shift = _at(data, basis, heterogeneity, restricted)[1]
        shift = float(np.clip(shift, -0.5 * place, 0.5 * place))
        place += shift
        if abs(shift) <= SETTLED * span:
            return Basis(kind, (float(place), float(size)))
    notes.warn(
        f"{CURVED[kind][1]} did not settle under the restricted likelihood; it is that of ML",
        ConvergenceWarning,
    )
    size = _at(data, Basis(kind, (start,)), heterogeneity, restricted)[1][0]
    return Basis(kind, (float(start), float(size)))
