"""meta.kernels.mixed: the likelihood of any sum of random terms, its derivatives, and the search."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from meta.kernels.mixed import RandomTerm, blocks_of, lay_out, maximise, mixed_likelihood, residual_q
from meta.kernels.mixed.mixed_likelihood import evaluate
from meta.kernels.mixed.structures import STRUCTURES, structure

RNG = np.random.default_rng(4)
N = 18
STUDY, TIME, CROSSED = np.repeat(range(6), 3), np.tile(range(3), 6), RNG.integers(0, 4, N)
X = np.column_stack([np.ones(N), RNG.normal(size=N)])
V = np.diag(RNG.uniform(0.1, 0.5, N))
V[0, 1] = V[1, 0] = 0.05
Y = RNG.normal(size=6)[STUDY] + RNG.normal(size=N) * 0.6
R4 = np.array([[1.0, 0.5, 0.2, 0.1], [0.5, 1, 0.3, 0.2], [0.2, 0.3, 1, 0.4], [0.1, 0.2, 0.4, 1]])
DOSE = np.column_stack([np.ones(N), RNG.uniform(0, 3, N)])
PLACE = RNG.uniform(0, 4, (N, 2))


def factor(name):
    return RandomTerm("inner", name, STUDY, z=np.eye(3)[TIME])


TERMS = {
    "nested": [RandomTerm("a", "", STUDY), RandomTerm("b", "", np.arange(N))],
    "crossed": [RandomTerm("a", "", STUDY), RandomTerm("b", "", CROSSED)],
    "known": [RandomTerm("a", "", CROSSED, known=R4), RandomTerm("b", "", CROSSED)],
    "slopes and intercepts": [RandomTerm("s", "GEN", STUDY, z=DOSE), RandomTerm("b", "", np.arange(N))],
    "fixed": [RandomTerm("a", "", STUDY, fixed=0.3), RandomTerm("b", "", np.arange(N))],
    "GDIAG": [RandomTerm("s", "GDIAG", STUDY, z=DOSE)],
    "CAR": [RandomTerm("t", "CAR", STUDY, place=PLACE[:, :1])],
    "SPEXP": [RandomTerm("p", "SPEXP", STUDY, place=PLACE)],
    "SPGAU": [RandomTerm("p", "SPGAU", np.zeros(N, int), place=PLACE)],
    **{name: [factor(name)] for name in ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR")},
}


def decay(t, x):
    d = np.sqrt(((t.place[:, None] - t.place[None]) ** 2).sum(-1))
    if t.struct == "CAR":
        return (0.5 * (1 + np.sin(x))) ** d
    return np.exp(-d / np.exp(x)) if t.struct == "SPEXP" else np.exp(-((d / np.exp(x)) ** 2))


def dense(terms, phi):
    """The marginal covariance, written out."""
    M, at = V.copy(), 0
    for t in terms:
        own = phi[at : at + t.size]
        at += t.size
        same = (
            np.equal.outer(t.group, t.group) * 1.0 if t.known is None else t.known[np.ix_(t.group, t.group)]
        )
        if t.fixed is not None:
            M += t.fixed * same
        elif t.place is not None:
            M += own[0] ** 2 * decay(t, own[1]) * same
        elif t.z is None:
            M += own[0] ** 2 * same
        else:
            M += (t.z @ t.shape.covariance(own) @ t.z.T) * same
    return M


def dense_loglik(terms, phi, restricted):
    M = dense(terms, phi)
    W = np.linalg.inv(M)
    q = np.linalg.qr(X)[0]
    A = q.T @ W @ q
    e = Y - q @ np.linalg.solve(A, q.T @ W @ Y)
    n = N - 2 if restricted else N
    out = -0.5 * (n * np.log(2 * np.pi) + np.linalg.slogdet(M)[1] + e @ W @ e)
    return out - 0.5 * np.linalg.slogdet(A)[1] if restricted else out


@pytest.fixture(params=[True, False], ids=["padded", "by size"])
def padding(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(mixed_likelihood, "PADDED", 0)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("name", TERMS)
def test_likelihood_and_derivatives_against_dense_algebra(name, restricted, padding):
    terms = TERMS[name]
    model = lay_out(Y, X, V, terms)
    phi = np.random.default_rng(1).uniform(0.3, 0.9, sum(t.size for t in terms))
    scales = np.concatenate([t.scales for t in terms])
    unit = np.where(scales, model.unit, 1.0)
    state = evaluate(model, phi, restricted, second=True)
    size = N - 2 if restricted else N
    expected = dense_loglik(terms, phi * unit, restricted) + size * np.log(model.unit)
    assert state.loglik == pytest.approx(expected, rel=1e-12)
    h = 1e-5

    def moved(i, by):
        return evaluate(model, phi + by * np.eye(len(phi))[i], restricted)

    slope = [(moved(i, h).loglik - moved(i, -h).loglik) / (2 * h) for i in range(len(phi))]
    np.testing.assert_allclose(state.score, slope, rtol=1e-6, atol=1e-8)
    bend = [(moved(i, h).score - moved(i, -h).score) / (2 * h) for i in range(len(phi))]
    np.testing.assert_allclose(-state.curvature, bend, rtol=1e-5, atol=1e-7)
    P = np.linalg.inv(dense(terms, phi * unit))
    if restricted:
        P = P - P @ X @ np.linalg.inv(X.T @ P @ X) @ X.T @ P
    d = [
        (dense(terms, (phi + h * e) * unit) - dense(terms, (phi - h * e) * unit)) / (2 * h)
        for e in np.eye(len(phi))
    ]
    information = [[0.5 * np.trace(P @ a @ P @ b) for a in d] for b in d]
    np.testing.assert_allclose(state.information, information, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", TERMS)
def test_maximum_is_a_maximum_and_free_of_rows_and_units(name):
    terms = TERMS[name]
    fit = maximise(lay_out(Y, X, V, terms))
    assert fit.converged
    assert fit.loglik == pytest.approx(dense_loglik(terms, fit.phi, True), rel=1e-9)
    for trial in np.random.default_rng(2).normal(0, 0.7, (60, len(fit.phi))):
        assert dense_loglik(terms, trial, True) <= fit.loglik + 1e-8
    order = np.random.default_rng(3).permutation(N)
    S = scipy.sparse.csr_matrix(V[np.ix_(order, order)])
    again = maximise(lay_out(Y[order], X[order], S, [t.rows(order) for t in terms]))
    assert again.loglik == pytest.approx(fit.loglik, abs=1e-8)
    np.testing.assert_allclose(again.beta, fit.beta, rtol=1e-6)
    if name != "fixed":
        large = maximise(lay_out(1e5 * Y, X, 1e10 * V, terms))
        np.testing.assert_allclose(large.beta, 1e5 * fit.beta, rtol=1e-6)
        assert large.loglik == pytest.approx(fit.loglik - (N - 2) * np.log(1e5), abs=1e-7)


def test_equivalent_parametrisations_agree():
    def best(*terms, rows=slice(None)):
        own = [t.rows(np.arange(N)[rows]) for t in terms]
        return maximise(lay_out(Y[rows], X[rows], V[rows][:, rows], own)).loglik

    two = np.flatnonzero(TIME < 2)
    pair = lambda name: RandomTerm("i", name, STUDY, z=np.eye(3)[TIME][:, :2])  # noqa: E731
    assert best(pair("HCS"), rows=two) == pytest.approx(best(pair("UN"), rows=two), abs=1e-9)
    assert best(pair("HAR"), rows=two) == pytest.approx(best(pair("UN"), rows=two), abs=1e-9)
    assert best(pair("AR"), rows=two) == pytest.approx(best(pair("CS"), rows=two), abs=1e-9)
    times = RandomTerm("t", "CAR", STUDY, place=TIME[:, None].astype(float))
    assert best(times) <= best(factor("AR")) + 1e-9  # CAR has no negative correlations
    assert best(*TERMS["nested"]) <= best(factor("CS")) + 1e-9  # nor have nested intercepts
    for small, big in (
        ("ID", "DIAG"),
        ("ID", "CS"),
        ("CS", "HCS"),
        ("HCS", "UN"),
        ("AR", "HAR"),
        ("HAR", "UN"),
    ):
        assert best(factor(small)) <= best(factor(big)) + 1e-9
    slopes = RandomTerm("s", "GEN", STUDY, z=DOSE)
    turned = RandomTerm("s", "GEN", STUDY, z=DOSE @ np.array([[1.0, -3.0], [0.0, 1.0]]))
    assert best(slopes) == pytest.approx(best(turned), abs=1e-9)


@pytest.mark.parametrize("name", [n for n in STRUCTURES if n not in ("CAR", "SPEXP", "SPGAU")])
def test_structures_are_covariances_with_their_derivatives(name):
    for m in (2, 3, 4):
        s = structure(name, m)
        for phi in np.random.default_rng(m).normal(0, 1, (20, s.size)):
            G = s.covariance(phi)
            assert np.linalg.eigvalsh(G)[0] >= -1e-12
            step = 1e-6
            for f, e in enumerate(np.eye(s.size)):
                slope = (s.covariance(phi + step * e) - s.covariance(phi - step * e)) / (2 * step)
                np.testing.assert_allclose(s.derivative(phi)[f], slope, atol=1e-8)
        assert all(len(start) == s.size for start in s.starts(1.0))


def test_blocks_are_what_groups_correlations_and_covariances_join():
    study = np.array([0, 0, 1, 2, 3])
    W = np.eye(5)
    assert blocks_of([RandomTerm("a", "", study)], W).tolist() == [0, 0, 1, 2, 3]
    W[2, 3] = W[3, 2] = 0.1
    assert blocks_of([RandomTerm("a", "", study)], W).tolist() == [0, 0, 1, 1, 2]
    crossed = RandomTerm("b", "", np.array([0, 1, 1, 2, 2]))
    assert set(blocks_of([RandomTerm("a", "", study), crossed], scipy.sparse.csr_matrix(W))) == {0}
    known = RandomTerm("a", "", study, known=np.array(np.eye(4) + 0.1 * np.eye(4)[::-1]))
    assert blocks_of([known], np.eye(5)).tolist() == [0, 0, 1, 1, 0]


def test_residual_q_by_blocks_is_that_of_dense_algebra():
    W = np.linalg.inv(V)
    P = W - W @ X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
    for S in (V, scipy.sparse.csr_matrix(V)):
        found = residual_q(Y, X, S)
        assert found.q == pytest.approx(Y @ P @ Y, rel=1e-10)
        np.testing.assert_allclose(found.p, np.diag(P), rtol=1e-10)
