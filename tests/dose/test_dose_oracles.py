"""Published numbers, and those of R (dosresmeta 2.2.0; metafor at tight tolerances)."""

import numpy as np
import pytest

from meta.kernels.dose import greenland_longnecker, hamling, mean_contrasts
from tests.dose.dose_tables import alcohol_curve, ari_curve, aripiprazole, breast, breast_curve

# dosresmeta stops its search for the counts early, which leaves about seven digits
SEARCHED = 2e-7


def counts():
    table = breast()
    return table["case"].to_numpy(float), table["n"].to_numpy(float)


def test_the_worked_example_of_1992():
    cases, n = counts()
    y, v = breast()["logrr"].to_numpy(), breast()["se"].to_numpy()[1:] ** 2
    fitted = greenland_longnecker.fitted_cases(y, cases, n, "case-control")
    np.testing.assert_allclose(fitted, [160.50632881, 70.33038781, 95.48568715, 124.67759280], rtol=1e-7)
    S = greenland_longnecker.covariance(y[1:], v, cases, n, "case-control")
    printed = [
        [0.05417235, 0.01881768, 0.01943145],
        [0.01881768, 0.05627467, 0.02068682],
        [0.01943145, 0.02068682, 0.05632754],
    ]
    np.testing.assert_allclose(S, printed, atol=6e-9)
    assert hamling.common_part(y[1:], v, cases, n, "case-control") == pytest.approx(0.02001773521, rel=5e-5)


def test_the_slope_of_1992():
    fit = breast_curve()
    assert fit.estimate == pytest.approx(0.04542884558, rel=1e-9)
    assert fit.se == pytest.approx(0.02066385616, rel=1e-9)


@pytest.mark.parametrize("stage", ["one", "two"])
@pytest.mark.parametrize(
    ("method", "slope", "se"),
    [
        ("REML", -0.0043654118, 0.0058892301),
        ("ML", -0.0043360174, 0.0053331542),
        ("MM", -0.0043718573, 0.0061965989),
        ("EE", -0.0043738033, 0.0029085584),
    ],
)
def test_linear_alcohol(stage, method, slope, se):
    if (method, stage) == ("MM", "one"):
        pytest.skip("moments need two stages")
    fit = alcohol_curve(stage=stage, method=method)
    assert fit.estimate == pytest.approx(slope, rel=2e-6)
    assert fit.se == pytest.approx(se, rel=5e-6)


def test_linear_alcohol_between_studies():
    fit = alcohol_curve()
    assert fit.psi[0, 0] == pytest.approx(0.00010057092, rel=1e-6)
    assert fit.loglik == pytest.approx(-13.68387015, abs=1e-6)
    assert (fit.q_df, alcohol_curve(stage="two").q_df) == (5, 5)
    assert fit.q == pytest.approx(14.1463501, rel=SEARCHED)
    assert fit.q_p == pytest.approx(0.0147060251, rel=1e-6)


@pytest.mark.parametrize("stage", ["one", "two"])
def test_quadratic_alcohol_where_the_peer_stops_early(stage):
    fit = alcohol_curve(stage=stage, shape="quadratic")
    assert fit.converged
    np.testing.assert_allclose(fit.beta, [-0.0302338854, 0.0007514854343], rtol=2e-6)
    np.testing.assert_allclose(fit.se, [0.0131778965, 0.0004885058], rtol=2e-6)
    psi = [[4.3692512e-4, -1.5655704e-5], [-1.5655704e-5, 6.8295657e-7]]
    np.testing.assert_allclose(fit.psi, psi, rtol=5e-6)
    assert fit.q == pytest.approx(35.1177304, rel=SEARCHED)
    assert fit.q_df == 10
    shown = fit.predict([12, 24, 36, 48, 60], scale="display")
    ratios = [0.7752321688, 0.7462029696, 0.8918166203, 1.3233890961, 2.4383325918]
    np.testing.assert_allclose(shown["estimate"], ratios, rtol=1e-6)
    np.testing.assert_allclose(shown["ci_low"][:2], [0.6355262723, 0.5587347], rtol=1e-6)
    np.testing.assert_allclose(shown["ci_high"][:2], [0.9456492073, 0.9965711], rtol=1e-6)


def test_standardised_aripiprazole():
    fit = ari_curve("SMD")
    # the peer stops at a Psi of 7e-13, which moves the sixth digit
    np.testing.assert_allclose(fit.beta, [0.046070605058, -0.001120228109], rtol=5e-6)
    np.testing.assert_allclose(fit.se, [0.0084045142, 0.0002912364], rtol=5e-5)
    assert not fit.psi.any()
    np.testing.assert_allclose(fit.es.yi[:3], [0.1599766819, 0.2893776157, 0.3275973008], rtol=1e-9)


def test_mean_differences_of_aripiprazole():
    """The peer takes the pooled SD on the diagonal and the reference's own SD beside it."""
    fit = ari_curve("MD")
    np.testing.assert_allclose(
        np.diag(fit.es.covariance)[:3], [7.592562657, 7.715466452, 7.514985084], rtol=1e-9
    )
    assert fit.es.covariance[0, 1] == pytest.approx(3.946416748, rel=1e-9)
    mixed = fit.es.covariance.copy()
    table, at = aripiprazole(), 0
    for _, own in table.groupby("id"):
        J = len(own) - 1
        block = mixed[at : at + J, at : at + J]
        block[~np.eye(J, dtype=bool)] = own["sd"].iloc[0] ** 2 / own["n"].iloc[0]
        at += J
    assert mixed[0, 1] == pytest.approx(3.944189412, rel=1e-9)
    W = np.linalg.inv(mixed)
    beta = np.linalg.solve(fit.X.T @ W @ fit.X, fit.X.T @ W @ fit.es.yi)
    np.testing.assert_allclose(beta, [1.02991473085, -0.02457140207], rtol=1e-9)
    np.testing.assert_allclose(fit.beta, beta, rtol=5e-3)
    assert fit.q == pytest.approx(3.5761631, rel=0.01)
    assert fit.q_df == 8


def test_one_sd_for_all_arms_or_each_its_own():
    mean, sd, n = np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0, 3.0]), np.array([11.0, 21.0, 31.0])
    pooled = (10 * 1 + 20 * 4 + 30 * 9) / 60
    one, own = (
        mean_contrasts.mean_differences(mean, sd, n),
        mean_contrasts.mean_differences(mean, sd, n, pooled=False),
    )
    np.testing.assert_allclose(
        one.S, pooled * np.array([[1 / 11 + 1 / 21, 1 / 11], [1 / 11, 1 / 11 + 1 / 31]])
    )
    np.testing.assert_allclose(own.S, [[1 / 11 + 4 / 21, 1 / 11], [1 / 11, 1 / 11 + 9 / 31]])
