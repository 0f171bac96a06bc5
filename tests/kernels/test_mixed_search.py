"""The maximum of a mixed model: no random start leads higher, and what it says lies in its family."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from meta.kernels.mixed import RandomTerm, at, lay_out, maximise
from meta.kernels.mixed.basis import well_scaled
from meta.kernels.mixed.mixed_likelihood import evaluate
from meta.kernels.mixed.structures import correlation, lowest
from meta.kernels.mixed.terms import upright

ISHAK = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_effects.json").read_text())["data"]
# alcohol and cardiovascular disease (six studies; Crippa & Orsini 2016, doi:10.18637/jss.v072.c01)
ALCOHOL = Path(__file__).parents[1] / "dose" / "data" / "dose_alcohol_cvd.csv"
# numbers of simulated data sets in which climbs from regular starting points end below the maximum
HARD = {"HCS": (6, 14, 28), "HAR": (20, 32), "GEN2": (26,), "GEN3": (9, 16, 18, 34), "CAR": (13, 19)}
KINDS = (
    *("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR", "GEN2", "GEN3", "GENi", "GDIAG", "CAR", "SPEXP", "SPGAU"),
    *("nested", "crossed", "twin", "two"),
)


def random_terms(kind, rng, study, inner, dose):
    n, g = len(study), int(study.max()) + 1
    each = RandomTerm("b", "", np.arange(n))
    Z = np.eye(int(inner.max()) + 1)[inner]
    slopes = np.column_stack([np.ones(n), dose, dose**2])
    if kind.startswith("G"):
        z = {"GEN2": slopes[:, 1:], "GEN3": slopes}.get(kind, slopes[:, :2])
        return [RandomTerm("s", "GDIAG" if kind == "GDIAG" else "GEN", study, z=z)]
    if kind == "CAR":
        return [RandomTerm("t", "CAR", study, place=dose[:, None])]
    if kind in ("SPEXP", "SPGAU"):
        return [RandomTerm("t", kind, study, place=np.column_stack([dose, rng.uniform(0, 3, n)]))]
    if kind == "nested":
        return [RandomTerm("a", "", study), each]
    if kind == "crossed":
        other = np.unique(rng.integers(0, 4, n), return_inverse=True)[1]
        return [RandomTerm("a", "", study), RandomTerm("c", "", other), each]
    if kind == "twin":
        a = rng.normal(size=(g, g))
        C = a @ a.T + np.eye(g) * 0.5
        d = np.sqrt(np.diag(C))
        return [RandomTerm("a", "", study, known=C / np.outer(d, d)), RandomTerm("a2", "", study), each]
    if kind == "two":
        return [RandomTerm("i", "UN", study, z=Z), each]
    return [RandomTerm("i", kind, study, z=Z)]


def simulated(kind, number):
    """A small meta-analysis with unequal studies, variances over a wide range, and outliers in some."""
    rng = np.random.default_rng(1000 + number)
    g, m = int(rng.integers(4, 10)), int(rng.integers(2, 5))
    if kind in ("nested", "crossed"):
        m = int(rng.integers(2, 4))
    keep = rng.uniform(size=g * m) < 0.85
    study = np.unique(np.repeat(np.arange(g), m)[keep], return_inverse=True)[1]
    inner = np.unique(np.tile(np.arange(m), g)[keep], return_inverse=True)[1]
    n = len(study)
    v = rng.uniform(0.02, 0.5, n) ** rng.uniform(0.5, 2)
    dose = rng.uniform(0, 5, n) * 10 ** rng.uniform(-1, 2)
    terms = random_terms(kind, rng, study, inner, dose)
    X = terms[0].z if kind in ("GEN2", "GEN3", "GENi", "GDIAG") else np.ones((n, 1))
    if kind in ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR") and rng.uniform() < 0.5:
        X = terms[0].z
    y = rng.normal(size=g)[study] * rng.uniform(0, 1) + rng.normal(size=n) * np.sqrt(v) * rng.uniform(0.5, 2)
    y = y + rng.standard_t(2, size=n) * 0.3 * (rng.uniform() < 0.3)
    return y, X, np.diag(v), terms


def best_of_random_starts(y, X, V, terms, restricted=True, starts=12):
    """Another search: L-BFGS from starting points over four powers of ten."""
    plain = lay_out(y, X, V, terms)
    model = well_scaled(plain, [])[0]
    rng = np.random.default_rng(8)
    scales = np.concatenate([t.scales for t in model.terms])
    positive = np.concatenate([t.positive for t in model.terms])
    bounds = [(0, None) if p else (None, None) for p in positive]

    def down(x):
        state = evaluate(model, x, restricted)
        if not np.isfinite(state.loglik):
            return 1e10, np.zeros(len(x))
        return -state.loglik, -state.score

    best = -np.inf
    for _ in range(starts):
        size = rng.normal(size=len(scales)) * 10 ** rng.uniform(-2, 2)
        x = np.where(scales, size, rng.uniform(-3, 3, len(scales)))
        x = np.where(positive, np.abs(x), x)
        with np.errstate(all="ignore"):
            found = minimize(down, x, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300})
        best = max(best, -found.fun)
    rows = len(y) - X.shape[1] if restricted else len(y)
    return best - rows * np.log(plain.unit)


@pytest.mark.parametrize(
    ("kind", "number"), [(k, s) for k in KINDS for s in sorted({*HARD.get(k, ()), 1})], ids=str
)
def test_no_random_start_leads_higher(kind, number):
    y, X, V, terms = simulated(kind, number)
    fit = maximise(lay_out(y, X, V, terms))
    assert fit.converged
    assert best_of_random_starts(y, X, V, terms) <= fit.loglik + 1e-6
    in_own_columns = at(lay_out(y, X, V, terms), fit.phi, True)[1]
    assert in_own_columns == pytest.approx(fit.loglik, abs=1e-7)


def alcohol():
    import pandas as pd

    import meta
    from meta.errors import quiet

    table = pd.read_csv(ALCOHOL)
    names = {"study": "id", "yi": "logrr", "sei": "se", "cases": "cases", "n": "n", "design": "type"}
    with quiet():
        curve = meta.dose_response(table, **names, shape="quadratic", covariance="GL")
    return curve


def test_random_coefficients_of_different_sizes_reach_the_maximum():
    curve = alcohol()
    y, X, V = curve.es.yi, curve.X, curve.es.covariance
    study = np.unique(curve.es.study, return_inverse=True)[1]
    free = [RandomTerm("s", "GEN", study, z=X)]
    fit = maximise(lay_out(y, X, V, free))
    assert fit.loglik == pytest.approx(-9.02907272, abs=1e-7)  # -9.151 is a second maximum
    assert fit.loglik == pytest.approx(curve.loglik, abs=1e-7)
    for turn in (np.diag([1e3, 1e-4]), np.array([[1.0, -40.0], [0.0, 1.0]]), np.eye(2)[::-1]):
        other = maximise(lay_out(y, X, V, [RandomTerm("s", "GEN", study, z=X @ turn)]))
        assert other.loglik == pytest.approx(fit.loglik, abs=1e-8)
        G = turn @ free[0].shape.covariance(other.phi) @ turn.T
        np.testing.assert_allclose(G, free[0].shape.covariance(fit.phi), rtol=1e-4)
    for restricted in (True, False):
        for struct in ("GEN", "GDIAG"):
            terms = [RandomTerm("s", struct, study, z=X)]
            fit = maximise(lay_out(y, X, V, terms), restricted=restricted)
            assert best_of_random_starts(y, X, V, terms, restricted, 30) <= fit.loglik + 1e-6


@pytest.mark.parametrize("struct", ["UN", "HCS", "HAR", "AR", "CS", "DIAG"])
def test_published_repeated_measures_reach_the_maximum(struct):
    data = {name: np.asarray(values) for name, values in ISHAK["ishak2007"].items()}
    study = np.unique(data["study"], return_inverse=True)[1]
    z = np.eye(4)[np.unique(data["time"], return_inverse=True)[1]]
    y, V = data["yi"].astype(float), np.diag(data["vi"].astype(float))
    terms = [RandomTerm("i", struct, study, z=z)]
    fit = maximise(lay_out(y, z, V, terms))
    assert fit.converged
    assert best_of_random_starts(y, z, V, terms) <= fit.loglik + 1e-6


@pytest.mark.parametrize("struct", ["HCS", "HAR"])
def test_levels_that_share_a_correlation_have_no_signs_of_their_own(struct):
    """Negative standard deviations would make correlations of both signs out of a single one."""
    for number in (6, 14, 20, 28, 34):
        y, X, V, terms = simulated(struct, number)
        phi = maximise(lay_out(y, X, V, terms)).phi
        assert np.all(phi[:-1] >= 0)
        G, m = terms[0].shape.covariance(phi), terms[0].m
        sd, rho = np.sqrt(np.diag(G)), correlation(float(phi[-1]), lowest(struct, m))
        lag = np.abs(np.subtract.outer(range(m), range(m)))
        pattern = np.where(lag > 0, rho, 1.0) if struct == "HCS" else rho**lag
        np.testing.assert_allclose(G, np.outer(sd, sd) * pattern, atol=1e-12)


def test_held_parameters_keep_their_value_in_any_basis():
    y, X, V, terms = simulated("GEN3", 1)
    model = lay_out(y, X, V, terms)
    free = maximise(model)
    for held in ({0: 0.7 * abs(free.phi[0])}, {2: 0.1}, dict(enumerate(free.phi))):
        fit = maximise(model, held=held)
        np.testing.assert_allclose([fit.phi[i] for i in held], list(held.values()), rtol=1e-12)
        assert fit.loglik <= free.loglik + 1e-9
    assert fit.loglik == pytest.approx(free.loglik, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_standard_deviations_are_reported_without_the_sign_that_a_climb_ended_at(kind):
    """Of the points with one covariance, the same is reported on every machine."""
    y, X, V, terms = simulated(kind, 3)
    model = lay_out(y, X, V, terms)
    own = model.split(maximise(model).phi)
    for term, phi in zip(terms, own, strict=True):
        if term.struct in ("UN", "GEN"):
            root = np.zeros((term.m, term.m))
            root[np.tril_indices(term.m)] = phi
            assert np.all(np.diag(root) >= 0)
            continue
        assert np.all(phi[np.asarray(term.scales)] >= 0)
        if term.struct not in ("SPEXP", "SPGAU"):  # their second parameter is the logarithm of a range
            assert np.all(np.abs(phi[~np.asarray(term.scales)]) <= np.pi / 2)
        mirrored = np.where(term.scales & ~term.positive, -phi, phi)
        assert upright(term, mirrored) == pytest.approx(phi, abs=1e-12)
