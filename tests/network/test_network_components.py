"""Additive components against Linde 2016, and a disconnected network that they join."""

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError, NotEstimableError, UnknownOptionError, quiet


def linde(**options):
    with quiet():
        table = meta.datasets.load("linde2016")
        return meta.pool_network(table, measure="OR", method="DL", reference="Placebo", **options)


def test_linde_components():
    found = linde().components()
    assert found.tau2 == pytest.approx(0.02076148875, abs=6e-8)
    assert (found.q, found.q_df) == (pytest.approx(109.118978, abs=1e-5), 90)
    assert (found.q_diff, found.q_diff_df) == (pytest.approx(6.671451881, abs=1e-5), 3)
    assert found.q_diff_p == pytest.approx(0.08314064426, abs=1e-6)
    assert len(found.names) == 18


def test_a_combination_is_the_sum_of_its_components():
    found = linde().components()
    effect = {row["term"]: row["estimate"] for row in found.tidy().to_dict("records")}
    both = found.contrast("Self-help CBT + SSRI")
    assert both["estimate"].iloc[0] == pytest.approx(effect["Self-help CBT"] + effect["SSRI"])
    against = found.contrast("Self-help CBT + SSRI", "SSRI")
    assert against["estimate"].iloc[0] == pytest.approx(effect["Self-help CBT"])
    with pytest.raises(UnknownOptionError, match="unknown component 'magnesium'"):
        found.contrast("magnesium + SSRI")


def test_treatments_without_combinations_are_the_network_itself():
    from tests.network.networks import senn

    net = senn(method="DL", test="z")
    found = net.components(inactive="plac")
    assert found.tau2 == pytest.approx(net.tau2)
    assert np.isnan(found.q_diff)
    row = found.contrast("rosi", "metf").iloc[0]
    own = net.contrast("rosi", "metf")
    assert (row["estimate"], row["se"]) == pytest.approx((own.estimate, own.se))


DISCONNECTED = pd.DataFrame(
    {
        "study": list("12345"),
        "treat1": ["a", "a", "b", "a + b", "a + b"],
        "treat2": ["none", "none", "none", "a + c", "a + c"],
        "yi": [0.5, 0.7, 0.3, 0.2, 0.4],
        "sei": [0.2, 0.2, 0.2, 0.2, 0.3],
    }
)


def test_components_join_a_disconnected_network():
    with pytest.raises(InputError, match=r"disconnected: .* join them with components=' \+ '"):
        meta.pool_network(DISCONNECTED)
    found = meta.pool_network(DISCONNECTED, components=" + ", inactive="none", method="EE")
    X = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, -1], [0, 1, -1.0]])
    w = 1 / DISCONNECTED["sei"].to_numpy() ** 2
    wanted = np.linalg.solve(X.T * w @ X, X.T * w @ DISCONNECTED["yi"].to_numpy())
    np.testing.assert_allclose(found.theta, wanted)
    assert found.contrast("c")["estimate"].iloc[0] == pytest.approx(wanted[2])
    assert "joins 2 pieces" in str(found)


def test_components_that_never_appear_apart_have_no_estimate():
    table = DISCONNECTED.replace({"treat1": {"b": "c"}}).assign(treat2="none")
    table["treat1"] = ["a + b", "a + b", "c", "a + b", "c"]
    with pytest.warns(UserWarning, match="components 'a' and 'b' cannot be told apart"):
        found = meta.pool_network(table, components=" + ", inactive="none", method="EE")
    assert found.tidy().set_index("term")["estimate"].isna().tolist() == [True, True, False]
    assert np.isfinite(found.contrast("a + b")["estimate"].iloc[0])
    with pytest.raises(NotEstimableError, match="never appear apart"):
        found.contrast("a")


def test_options_of_components():
    with pytest.raises(InputError, match="inactive='none' has no effect without components"):
        meta.pool_network(DISCONNECTED, inactive="none")
    with pytest.raises(UnknownOptionError, match="unknown inactive treatment 'placebo'"):
        meta.pool_network(DISCONNECTED, components=" + ", inactive="placebo")
    with pytest.raises(InputError, match="reference='a' has no effect with components"):
        meta.pool_network(DISCONNECTED, components=" + ", inactive="none", reference="a")
