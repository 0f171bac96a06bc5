"""What contrasts of one trial share: the variance of their common arm."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from meta.effects.registry import MEASURES
from meta.errors import AssumptionWarning, InputError, Notes


@dataclass(frozen=True, slots=True)
class Shared:
    """What the table says about common arms, (q,) each where it does; trials for which a share is assumed."""

    se_base: np.ndarray | None = None
    n1: np.ndarray | None = None
    n2: np.ndarray | None = None
    assumed: float | None = None
    assumed_for: list[str] = field(default_factory=list)
    measure: str = "GEN"

    def people(self, at: np.ndarray, first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
        """People of each arm of a trial; NaN where the table does not say."""
        out = np.full(size, np.nan)
        for ends, n in ((first, self.n1), (second, self.n2)):
            if n is not None:
                out[ends] = n[at]
        return out


def star_covariance(
    shared: Shared,
    at: np.ndarray,
    sign: np.ndarray,
    v: np.ndarray,
    y: np.ndarray,
    carried: np.ndarray | None,
    told: tuple[str, str, int],
    notes: Notes,
) -> np.ndarray:
    """Covariance of a - 1 contrasts against one arm, signed as treatment minus base.

    It comes, in this order, from the effect sizes themselves, the SE of the base arm, the arm sizes, or, at
    the caller's word, a share of the smaller variance.
    """
    trial, base, size = told
    if carried is not None and np.any(carried != np.diag(np.diag(carried))):
        return np.asarray(carried * np.outer(sign, sign))
    if shared.se_base is not None and np.isfinite(shared.se_base[at]).any():
        return _from_se(shared.se_base[at], v, trial, base)
    if shared.n1 is not None and shared.n2 is not None:
        n1, n2 = shared.n1[at], shared.n2[at]
        if np.isfinite(n1).all() and np.isfinite(n2).all():
            return _from_sizes(shared.measure, np.where(sign > 0, n2, n1), np.where(sign > 0, n1, n2), v,
                               sign * y, trial, base)  # fmt: skip
    if shared.assumed is not None:
        notes.warn(
            f"the covariance of the contrasts of trial {trial!r} is assumed: {shared.assumed:g} of the "
            "smaller variance; vary assume_shared, say 0.25 and 0.75, before you rely on the result",
            AssumptionWarning,
        )
        shared.assumed_for.append(trial)
        cov = shared.assumed * np.minimum(v[:, None], v[None, :])
        np.fill_diagonal(cov, v)
        return cov
    raise InputError(
        f"trial {trial!r} gives {size - 1} of the {size * (size - 1) // 2} contrasts among its {size} arms, "
        f"whose covariance is unknown: give all of them, the SE of arm {base!r} (se_base=), the arm sizes "
        "(n1= and n2=, for MD and SMD), or assume_shared=0.5 for half the smaller variance"
    )


def _from_se(given: np.ndarray, v: np.ndarray, trial: str, base: str) -> np.ndarray:
    values = given[np.isfinite(given)]
    if np.ptp(values) > 1e-9 * values.max():
        raise InputError(
            f"se_base must be one number per trial: trial {trial!r} has {values.min():g} and {values.max():g}"
        )
    common = float(values[0]) ** 2
    if not 0 < common < v.min():
        raise InputError(
            f"se_base must be > 0 and below the standard errors of the contrasts: trial {trial!r} has "
            f"se_base = {values[0]:g} for arm {base!r}, and a contrast with sei = {np.sqrt(v.min()):g}"
        )
    cov = np.full((len(v), len(v)), common)
    np.fill_diagonal(cov, v)
    return cov


def _from_sizes(
    measure: str, base: np.ndarray, others: np.ndarray, v: np.ndarray, y: np.ndarray, trial: str, arm: str
) -> np.ndarray:
    entry = MEASURES.get(measure)
    if entry is None or entry.code not in ("MD", "SMD"):
        raise InputError(
            f"arm sizes give the covariance of MD and SMD alone, not of {measure} (trial {trial!r}); give "
            f"all contrasts, or the SE of arm {arm!r} (se_base=)"
        )
    if np.ptp(base) > 0:
        raise InputError(
            f"the sizes of arm {arm!r} differ within trial {trial!r} ({base.min():g} and {base.max():g}); "
            "give one size"
        )
    if entry.code == "SMD":
        cov = 1 / base[0] + np.outer(y, y) / (2 * (base[0] + others.sum()))
    else:  # variances in proportion to 1/n, as with one SD: v_b = v_j (1/n_b) / (1/n_j + 1/n_b)
        share = np.sqrt(v * (1 / base) / (1 / others + 1 / base))
        cov = np.outer(share, share)
    np.fill_diagonal(cov, v)
    return np.asarray(cov)
