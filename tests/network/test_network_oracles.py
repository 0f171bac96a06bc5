"""Published and independently computed numbers of networks.

netmeta 3.2 (equal effects, DerSimonian-Laird), rma.mv of metafor 3.8 with full covariances (REML), and plain
matrix algebra. netmeta's REML drops the covariance of trials of several arms, so that it is no oracle.
"""

import numpy as np
import pytest

import meta
from meta.errors import quiet
from tests.network.networks import arms, blocks, dense, dense_reml, senn, smoking

SENN = {
    "EE": {
        "rosi": (-1.2018420107, 0.0476621653),
        "metf": (-1.1141101890, 0.0596114776),
        "sulf": (-0.4394971506, 0.0914791254),
        "acar": (-0.8273689720, 0.1085208454),
    },
    "DL": {
        "rosi": (-1.2334557530, 0.1278016419),
        "metf": (-1.1267753512, 0.1542665820),
        "sulf": (-0.4165588002, 0.2408838117),
        "acar": (-0.8417849382, 0.2458203057),
    },
    "REML": {
        "rosi": (-1.2337412711, 0.1234582145),
        "metf": (-1.1284202868, 0.1494048632),
        "sulf": (-0.4175481822, 0.2326190879),
        "acar": (-0.8413787281, 0.2384358955),
    },
}


@pytest.mark.parametrize("method", SENN)
def test_senn_effects(method):
    net = senn(method=method, test="z")
    for name, wanted in SENN[method].items():
        found = net.contrast(name, "plac")
        # rma.mv stops at a relative change of 1e-8
        assert (found.estimate, found.se) == pytest.approx(wanted, abs=5e-9 if method == "REML" else 6e-11)


def test_senn_heterogeneity():
    net = senn(method="DL")
    assert net.tau2 == pytest.approx(0.1087169231, abs=6e-11)
    assert (net.q, net.q_df) == (pytest.approx(96.98555301, abs=6e-9), 18)
    assert net.i2 == pytest.approx(81.44, abs=0.005)
    assert net.i2_interval() == pytest.approx((71.97, 87.71), abs=0.01)
    assert (net.k, len(net.treatments), net.test, net.df_residual) == (26, 10, "t", 18)


def test_senn_reml_is_that_of_the_full_covariance():
    net = senn()
    assert net.tau2 == pytest.approx(0.0999174575, abs=2e-9)
    assert abs(net.tau2 - 0.1010500776) > 1e-3, "netmeta's, which drops the covariance"
    assert net.loglik == pytest.approx(-12.192731, abs=5e-7)
    assert net.test == "KR"


SMOKING = {
    "self_help": (0.4162377, 0.3681022),
    "ind_counseling": (0.7334060, 0.2189236),
    "grp_counseling": (0.9022982, 0.4115865),
}


def test_smoking_cessation_from_arms():
    with quiet():
        net = smoking(method="DL", test="z")
    assert net.tau2 == pytest.approx(0.5988752589, abs=6e-11)
    assert (net.q, net.q_df) == (pytest.approx(202.6188712, abs=6e-8), 23)
    for name, wanted in SMOKING.items():
        found = net.contrast(name)
        assert (found.estimate, found.se) == pytest.approx(wanted, abs=6e-8)
    with quiet():
        net = smoking(test="z")
    # rma.mv stops where its likelihood changes by less than 1e-8, here 5e-7 short of the maximum
    assert net.tau2 == pytest.approx(0.4502296203, abs=1e-6)
    assert (net.contrast("ind_counseling").estimate, net.contrast("ind_counseling").se) == pytest.approx(
        (0.7090093, 0.1952505), abs=3e-7
    )


def test_linde_heterogeneity():
    table = meta.datasets.load("linde2016")
    with pytest.warns(UserWarning, match="trials '50', '53' and '24' do not add up exactly"):
        net = meta.pool_network(table, measure="OR", method="DL", reference="Placebo")
    assert (net.k, len(net.treatments)) == (93, 22)
    assert net.tau2 == pytest.approx(0.0174020244, abs=6e-8)
    assert (net.q, net.q_df) == (pytest.approx(102.4475261, abs=1e-5), 87)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_network_against_plain_matrix_algebra(seed):
    table = arms(seed)
    names, y, X, S, H = blocks(table)
    net = meta.pool_network(table, measure="MD", test="z", reference=names[0])
    tau2 = dense_reml(y, X, S, H)
    assert net.tau2 == pytest.approx(tau2, rel=2e-6, abs=2e-8)
    b, C, loglik, _ = dense(y, X, S, H, net.tau2)
    assert net.loglik == pytest.approx(loglik, abs=1e-9)
    for i, name in enumerate(names[1:]):
        found = net.contrast(name, names[0])
        assert (found.estimate, found.se) == pytest.approx((b[i], np.sqrt(C[i, i])), rel=1e-9)
    q = dense(y, X, S, H, 0.0)[3]
    assert net.q == pytest.approx(q)
    low, high = net.tau2_interval()
    from scipy.stats import chi2

    df = len(y) - X.shape[1]
    assert dense(y, X, S, H, high)[3] == pytest.approx(chi2.ppf(0.025, df))
    assert low == 0 or dense(y, X, S, H, low)[3] == pytest.approx(chi2.ppf(0.975, df))


def test_moments_by_their_formula():
    table = arms(2)
    _, y, X, S, H = blocks(table)
    W = np.linalg.inv(S)
    A = np.linalg.inv(X.T @ W @ X)
    df = len(y) - X.shape[1]
    wanted = (dense(y, X, S, H, 0.0)[3] - df) / (np.trace(W @ H) - np.trace(A @ X.T @ W @ H @ W @ X))
    assert wanted > 0
    assert meta.pool_network(table, measure="MD", method="DL").tau2 == pytest.approx(wanted)
    paule = meta.pool_network(table, measure="MD", method="PM").tau2
    assert dense(y, X, S, H, paule)[3] == pytest.approx(df)


def test_kenward_roger_by_its_own_formulas():
    """Noma et al. 2023 with derivatives taken from dense matrices, tau2 by REML."""
    table = arms(6)
    names, _, X, S, H = blocks(table)
    net = meta.pool_network(table, measure="MD", reference=names[0])
    W = np.linalg.inv(S + net.tau2 * H)
    C = np.linalg.inv(X.T @ W @ X)
    P = W - W @ X @ C @ X.T @ W
    variance = 2 / np.trace(P @ H @ P @ H)
    p, q = -X.T @ W @ H @ W @ X, X.T @ W @ H @ W @ H @ W @ X
    adjusted = C + 2 * variance * C @ (q - p @ C @ p) @ C
    for i, name in enumerate(names[1:]):
        found = net.contrast(name, names[0])
        slope = (C @ p @ C)[i, i] / C[i, i]
        assert found.se == pytest.approx(np.sqrt(adjusted[i, i]))
        assert found.df == pytest.approx(2 / (variance * slope**2))


def test_standardised_contrasts_add_up():
    """One SD pooled over all arms; pairwise SDs give AB + BC = -.913 and AC = -.769."""
    table = {
        "study": ["x"] * 3 + ["y"] * 2,
        "treatment": list("ABCAC"),
        "mean": [10, 12, 15, 11, 14],
        "sd": [3, 5, 8, 4, 4],
        "n": [20, 25, 30, 40, 40],
    }
    net = meta.pool_network(table, measure="SMD", method="EE")
    found = net.augment().query("study == 'x'").set_index(["treat1", "treat2"])["yi"]
    assert found["A", "B"] + found["B", "C"] == pytest.approx(found["A", "C"], abs=1e-12)
    pooled = np.sqrt((19 * 9 + 24 * 25 + 29 * 64) / 72)
    j = 1 - 3 / (4 * 72 - 1)
    assert found["A", "C"] == pytest.approx(-5 / pooled * j, rel=1e-4)
    g_ab, g_ac = found["A", "B"], found["A", "C"]
    own = net.data.contrasts.cov[0]
    assert own[0, 1] == pytest.approx(1 / 20 + g_ab * g_ac / 150)
    assert own[0, 0] == pytest.approx(1 / 25 + 1 / 20 + g_ab**2 / 150)
