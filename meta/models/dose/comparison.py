"""Several shapes for the same trials, weighed by AICc: `compare_shapes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.effects.registry import measure as look_up
from meta.errors import InputError, Notes, unknown_option
from meta.formatting import number, percent, shown
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.models.dose.curve_result import DoseResponse
from meta.models.dose.dose_columns import read_arms
from meta.models.dose.dose_response import METHODS, check_options, fit_curve
from meta.models.dose.reference_contrasts import Choices, compare
from meta.models.dose.shapes import NAMES, make_basis
from meta.results.back_transformation import on_display
from meta.results.base import Result
from meta.results.checked_options import check_scale
from meta.results.print_out import heading

if TYPE_CHECKING:
    import pandas as pd

SHAPES = ("linear", "log", "quadratic", "rcs")
KEYS = ("shape", "knots", "powers")


@dataclass(frozen=True, eq=False, repr=False)
class ShapeComparison(Result):
    """Curves of several shapes, fitted by maximum likelihood to the same trials.

    Attributes
    ----------
    labels : tuple of str
        Names of the shapes.
    fits : tuple of DoseResponse
        Their fits.
    level : float
    warnings : tuple of str
    """

    labels: tuple[str, ...]
    fits: tuple[DoseResponse, ...]
    level: float
    warnings: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.fits[0].k

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.fits[0].measure

    @property
    def method(self) -> str:
        """Estimator of the fits."""
        return self.fits[0].method

    @property
    def weights(self) -> np.ndarray:
        """Akaike weights, which add up to 1."""
        gap = np.array([fit.aicc for fit in self.fits])
        relative = np.exp(-0.5 * (gap - gap.min()))
        return np.asarray(relative / relative.sum())

    @property
    def best(self) -> DoseResponse:
        """The fit with the lowest AICc."""
        return self.fits[int(np.argmax(self.weights))]

    @property
    def table(self) -> pd.DataFrame:
        """One row per shape: ``shape parameters loglik aic aicc delta weight``."""
        import pandas as pd

        aicc = np.array([fit.aicc for fit in self.fits])
        columns = {"shape": self.labels, "parameters": [fit._counted()[0] for fit in self.fits]}
        columns |= {name: [getattr(fit, name) for fit in self.fits] for name in ("loglik", "aic")}
        return pd.DataFrame(columns | {"aicc": aicc, "delta": aicc - aicc.min(), "weight": self.weights})

    @keywords
    def predict(
        self,
        dose: Any = None,
        *,
        reference: float | None = None,
        level: float | None = None,
        scale: str = "model",
    ) -> pd.DataFrame:
        """The averaged curve, whose standard errors include the differences between the shapes.

        Parameters
        ----------
        dose, reference, level, scale : optional
            As in `DoseResponse.predict`.

        Returns
        -------
        DataFrame
            One row per dose: ``dose estimate se ci_low ci_high outside``.

        Notes
        -----
        ``se = sum w sqrt(se_m^2 + (f_m - f)^2)``: Buckland, Burnham & Augustin (1997), doi:10.2307/2533961.
        """
        import pandas as pd

        given = {"dose": dose, "reference": reference, "level": level, "scale": scale}
        check_arguments(ShapeComparison.predict, given)
        check_scale(scale)
        share = self.level if level is None else check_level(level)
        tables = [fit.predict(dose, reference=reference, draws=100) for fit in self.fits]
        f, se = (np.array([table[name] for table in tables]) for name in ("estimate", "se"))
        w = self.weights[:, None]
        mean = (w * f).sum(axis=0)
        error = (w * np.sqrt(se**2 + (f - mean) ** 2)).sum(axis=0)
        half = float(quantile(0.5 + share / 2, np.inf)) * error
        columns = {"estimate": mean, "se": error, "ci_low": mean - half, "ci_high": mean + half}
        if scale == "display":
            columns |= on_display(self.fits[0].es, columns)
        return pd.DataFrame({"dose": tables[0]["dose"], **columns, "outside": tables[0]["outside"]})

    def _terms(self) -> list[Mapping[str, Any]]:
        names = ("loglik", "weight")
        return [
            {"term": row["shape"]} | {name: row[name] for name in names}
            for row in self.table.to_dict("records")
        ]

    def _facts(self) -> Mapping[str, Any]:
        best = self.labels[int(np.argmax(self.weights))]
        return {"model": "comparison of dose-response shapes", "loglik": np.nan, "best": best}

    def to_dict(self) -> dict[str, Any]:
        """The table, ready for JSON."""
        from meta.results.plain import plain

        return plain({"shapes": self.table.to_dict("records"), "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        table = self.table
        width = max(len(name) for name in self.labels)
        first = self.fits[0]
        parts = [f"{first.axis.capitalize()}-response shapes", f"{first.heterogeneity} heterogeneity"]
        parts += [self.method, f"{first.n_trials} trials", f"k = {self.k}"]
        if first.unit:
            parts.append(f"{first.axis} in {first.unit}")
        rows = [f"{'':{width}}  parameters    loglik      AICc     delta   weight"]
        for row in table.to_dict("records"):
            cells = [number(row[name], 2).rjust(8) for name in ("loglik", "aicc", "delta")]
            start = f"{row['shape']:{width}}  {row['parameters']:10d}"
            rows.append("  ".join([start, *cells, percent(row["weight"], 1).rjust(7)]))
        return [heading(parts, self.measure), *rows]

    def _shown(self) -> str:
        return f"shapes={list(self.labels)}, k={self.k}"


@keywords
def compare_shapes(
    table: Any = None,
    *,
    shapes: Sequence[Any] = SHAPES,
    study: Any = None,
    dose: Any = None,
    time: Any = None,
    measure: str | None = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    cases: Any = None,
    n: Any = None,
    mean: Any = None,
    sd: Any = None,
    design: Any = None,
    referent: Any = None,
    unit: Any = None,
    reference_dose: float = 0.0,
    method: str = "ML",
    heterogeneity: str = "proportional",
    covariance: str = "GL",
    rho: float | None = None,
    vtype: str | None = None,
    open_ended: float | None = None,
    level: float = 0.95,
) -> ShapeComparison:
    """Fit several shapes of dose-response curves to the same trials and weigh them by AICc.

    Parameters
    ----------
    table : table, optional
        As in :func:`meta.dose_response`.
    shapes : list of str or dict
        Names of shapes, or dictionaries with ``shape`` and its ``knots`` or ``powers``.
    study, dose, time, measure, yi, vi, sei, cases, n, mean, sd, design, referent, unit : optional
        As in :func:`meta.dose_response`.
    reference_dose : float
        Dose that predictions compare with.
    method : {"ML", "EE"}
        Maximum likelihood, or equal curves; restricted likelihoods of different shapes are not comparable.
    heterogeneity : {"proportional", "additive", "full", "diagonal", "none"}
        The same for all shapes, so that only the curves are compared.
    covariance, rho, vtype, open_ended : optional
        As in :func:`meta.dose_response`.
    level : float
        Confidence level of the averaged curve.

    Returns
    -------
    ShapeComparison
        With ``table``, ``weights``, ``best``, ``fits`` and the averaged curve by ``predict``.

    Notes
    -----
    Burnham & Anderson (2002), doi:10.1007/b97636.

    Examples
    --------
    >>> import meta
    >>> table = {"study": list("aaabbbcccddd"), "dose": [0, 1, 3] * 4, "sd": [1.0] * 12, "n": [50] * 12}
    >>> table["mean"] = [0, 1.1, 2.9, 0, 0.9, 3.2, 0, 1.2, 3.0, 0, 1.0, 2.8]
    >>> meta.compare_shapes(table, measure="MD", shapes=["linear", "log"]).table["shape"].tolist()
    ['linear', 'log']
    """
    check_arguments(compare_shapes, locals())
    if method not in ("ML", "EE"):
        if method in METHODS:
            raise InputError(
                f"method={method!r} does not compare shapes, as restricted likelihoods of different terms "
                "are not comparable; use method='ML'"
            )
        raise unknown_option("method", method, ("ML", "EE"))
    notes = Notes()
    check_options(method, "one", None if method == "EE" else heterogeneity, "z", covariance, rho, vtype)
    check_level(level)
    given = {"yi": yi, "vi": vi, "sei": sei, "cases": cases, "n": n, "mean": mean, "sd": sd}
    arms = read_arms(
        table, given, study=study, dose=dose, time=time, design=design, referent=referent, unit=unit,
        open_ended=open_ended, notes=notes,
    )  # fmt: skip
    code = None if measure is None else look_up(measure).code
    data = compare(arms, Choices(code, covariance, rho, vtype), notes)
    options = (method, "one", None if method == "EE" else heterogeneity, "z", covariance)
    wanted = _wanted(shapes)
    fits = [
        fit_curve(
            data,
            make_basis(item["shape"], item.get("knots"), item.get("powers"), data.doses, notes),
            options,
            (float(reference_dose), arms.unit, level, arms.axis),
            notes,
        )
        for item in wanted.values()
    ]
    return ShapeComparison(tuple(wanted), tuple(fits), level, notes.messages)


def _wanted(shapes: Any) -> dict[str, Mapping[str, Any]]:
    """The shapes by their labels."""
    if isinstance(shapes, str) or len(shapes) < 2:
        raise InputError("shapes must be a list of two or more, such as ['linear', 'rcs']")
    found: dict[str, Mapping[str, Any]] = {}
    for item in shapes:
        own = {"shape": item} if isinstance(item, str) else item
        if not isinstance(own, Mapping) or "shape" not in own or not set(own) <= set(KEYS):
            raise InputError(
                f"a shape is a name or a dictionary with shape and knots or powers, not {shown(item)}"
            )
        if own["shape"] not in NAMES:
            raise unknown_option("shape", own["shape"], tuple(NAMES))
        more = [f"{name}={own[name]}" for name in KEYS[1:] if own.get(name) is not None]
        label = " ".join([str(own["shape"]), *more])
        if label in found:
            raise InputError(f"shapes has {label!r} twice; leave one out")
        found[label] = own
    return found
