"""Values of a fitted curve: effects at doses, with pointwise, simultaneous and predictive intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level, check_seed, floats
from meta.errors import DataWarning, InputError, Notes, unknown_option
from meta.kernels.dose.bands import critical_value, root_of
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.models.dose.marginal import between
from meta.models.dose.shapes import differences
from meta.results.back_transformation import on_display
from meta.results.checked_options import check_scale

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray
GRID = 201
"""Doses at which a band holds: between two neighbours a curve moves by less than a simulation's error."""
KINDS = ("mean", "new")
INTERVALS = ("ci", "band", "pi")


class Predictions:
    """For a fit with ``basis location vcov psi heterogeneity df level seen reference_dose doses``."""

    __slots__ = ()

    @keywords
    def predict(  # type: ignore[override]
        self,
        dose: Any = None,
        *,
        reference: float | None = None,
        kind: str = "mean",
        level: float | None = None,
        scale: str = "model",
        draws: int = 10_000,
        seed: Any = 1,
    ) -> pd.DataFrame:
        """Effects at doses against a reference dose.

        Parameters
        ----------
        dose : number or list of numbers, optional
            The doses of the trials' arms without.
        reference : float, optional
            Dose to compare with; the fit's ``reference_dose`` without.
        kind : {"mean", "new"}
            Whose curve the simultaneous band covers: the mean curve, or that of a new trial.
        level : float, optional
            Of all intervals; the fit's own without.
        scale : {"model", "display"}
            On which scale estimates and intervals are; the standard error stays on the model scale.
        draws : int
            Simulated curves behind the simultaneous band.
        seed : int, Generator or None
            Of that simulation.

        Returns
        -------
        DataFrame
            One row per dose: ``dose estimate se ci_low ci_high band_low band_high pi_low pi_high outside``.
            The ``ci`` is pointwise, the ``band`` covers the whole curve over the doses seen, the ``pi`` is
            for a new trial's true effect. ``outside`` marks doses below the lowest or above the highest seen.
            At the reference the effect is 0 by definition, without any width.
        """
        import pandas as pd

        check_arguments(Predictions.predict, {k: v for k, v in locals().items() if k not in ("self", "pd")})
        if kind not in KINDS:
            raise unknown_option("kind", kind, KINDS)
        check_scale(scale), check_seed(seed)
        if draws < 100:
            raise InputError(f"draws must be at least 100, got {draws}")
        share = self.level if level is None else check_level(level)  # type: ignore[attr-defined]
        at = asked_doses(self, dose)
        origin = reference_of(self, reference)
        rows = differences(self.basis, at, np.full(len(at), origin))  # type: ignore[attr-defined]
        estimate, se, df = pointwise(self, rows)
        half = quantile(0.5 + share / 2, df) * se
        spread = between(self, rows, at - origin)
        wide = quantile(0.5 + share / 2, df) * np.sqrt(se**2 + spread)
        band = _band(self, origin, kind, share, draws, seed) * (
            se if kind == "mean" else np.sqrt(se**2 + spread)
        )
        halves = {"ci": half, "band": np.where(se == 0, 0.0, band), "pi": wide}
        columns: dict[str, Array] = {"dose": at, "estimate": estimate, "se": se}
        for name, width in halves.items():
            columns |= {f"{name}_low": estimate - width, f"{name}_high": estimate + width}
        if scale == "display":
            columns |= _displayed(self, columns)
        low, high = self.seen  # type: ignore[attr-defined]
        return pd.DataFrame(columns | {"outside": (at < low) | (at > high)})


def asked_doses(fit: Any, dose: Any) -> Array:
    """The doses that were asked for; those of the trials without."""
    if dose is None:
        return np.asarray(np.unique(fit.doses))
    at = np.atleast_1d(floats(dose, "dose", ndim=(0, 1)))
    if not len(at) or not np.isfinite(at).all() or np.any(at < 0):
        raise InputError("dose must be numbers >= 0; a value in it is not")
    return at


def reference_of(fit: Any, reference: float | None) -> float:
    """The dose to compare with; the fit's own without."""
    origin = fit.reference_dose if reference is None else float(reference)
    if not np.isfinite(origin) or origin < 0:
        raise InputError(f"reference must be a dose >= 0, got {origin:g}")
    return float(origin)


def pointwise(fit: Any, rows: Array) -> tuple[Array, Array, Array]:
    """Estimates, standard errors and degrees of freedom of linear forms."""
    estimate = rows @ fit.location
    se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, fit.vcov, rows), 0.0))
    still = ~np.any(rows, axis=1)
    df = np.full(len(rows), np.inf)
    if not still.all():
        df[~still] = fit._dfs(rows[~still])
    return estimate, np.where(still, 0.0, se), df


def grid_of(fit: Any) -> Array:
    """Doses over the range that was seen."""
    low, high = fit.seen
    return np.linspace(low, high, GRID)


def _band(fit: Any, origin: float, kind: str, level: float, draws: int, seed: Any) -> float:
    """Critical value of a band over the doses seen; NaN where a new trial's curve has no covariance."""
    at = grid_of(fit)
    rows = differences(fit.basis, at, np.full(len(at), origin))
    covariance = fit.vcov
    if kind == "new":
        if fit.heterogeneity == "additive":
            return np.nan
        if fit.heterogeneity == "proportional":
            rows = np.column_stack([rows, at - origin])
            covariance = np.zeros((fit.p + 1, fit.p + 1))
            covariance[:-1, :-1], covariance[-1:, -1:] = fit.vcov, fit.psi
        elif fit.heterogeneity != "none":
            covariance = fit.vcov.copy()
            covariance[: len(fit.psi), : len(fit.psi)] += fit.psi
    size = np.abs(rows).max(axis=0)
    size = np.where(size > 0, size, 1.0)
    root = root_of(covariance * np.outer(size, size))
    df = float(np.min(fit.df))
    return critical_value(rows / size, root, df, level, draws, np.random.default_rng(seed))


def _displayed(fit: Any, columns: dict[str, Array]) -> dict[str, Array]:
    """Estimates and the ends of all intervals on the display scale."""
    out: dict[str, Array] = {}
    for name in INTERVALS:
        ends = {"ci_low": columns[f"{name}_low"], "ci_high": columns[f"{name}_high"]}
        shown = on_display(fit.es, {"estimate": columns["estimate"], **ends})
        out |= {"estimate": shown["estimate"]}
        out |= {f"{name}_low": shown["ci_low"], f"{name}_high": shown["ci_high"]}
    return out


def warn_outside(origin: float, seen: tuple[float, float], notes: Notes) -> None:
    """Say that the reference dose itself was never given."""
    low, high = seen
    if not low <= origin <= high:
        notes.warn(
            f"reference_dose {origin:g} lies outside the doses seen, {low:g} to {high:g}: every effect "
            "against it is an extrapolation; give a dose that was given, reference_dose=",
            DataWarning,
        )
