"""Likelihood-ratio tests of variances: the mixture of chi-squared distributions at the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import meta
from meta.errors import quiet

DATA = meta.datasets.load("konstantopoulos2011")


def fitted(random, **options):
    with quiet():
        return meta.pool_multilevel(DATA, random=random, moderators="~ year", **options)


PAIRS = [
    (["~ 1 | district/school"], {}, ["~ 1 | district"], {}, (0, 1)),
    (["~ 1 | district/school"], {}, ["~ 1 | study"], {}, (0, 1)),
    (["~ 1 | district", "~ 1 | year"], {}, ["~ 1 | district"], {}, (0, 1)),
    (["~ year | district"], {}, ["~ 1 | district"], {}, (1, 2)),
    (["~ year | district", "~ 1 | study"], {}, ["~ 1 | district/school"], {}, (1, 2)),
    (["~ year | district"], {"struct": "GDIAG"}, ["~ 1 | district"], {}, (0, 1)),
    (["~ year | district"], {}, ["~ year | district"], {"struct": "GDIAG"}, ()),  # a correlation
    (["~ year | district", "~ 1 | study"], {}, ["~ 1 | study"], {}, ()),  # three parameters
]


@pytest.mark.parametrize(("big", "a", "small", "b", "dfs"), PAIRS)
def test_which_mixture(big, a, small, b, dfs):
    one, two = fitted(big, **a), fitted(small, **b)
    for test in (meta.likelihood_ratio_test(one, two), meta.likelihood_ratio_test(two, one)):
        assert test.boundary_df == dfs
        if dfs:
            tails = [float(test.statistic <= 0) if d == 0 else chi2.sf(test.statistic, d) for d in dfs]
            assert test.p_boundary == pytest.approx(np.mean(tails))
            assert test.p_boundary <= test.p_value
            assert "boundary" in str(test)
        else:
            assert np.isnan(test.p_boundary)
            assert "boundary" not in str(test)


def test_a_pool_is_a_model_of_one_variance():
    with quiet():
        small = meta.regress(DATA, "~ year", method="REML")
    big = fitted(["~ 1 | district/school"])
    test = meta.likelihood_ratio_test(big, small)
    assert test.boundary_df == (0, 1)
    assert test.p_boundary == pytest.approx(test.p_value / 2)


def test_other_moderators_leave_no_mixture():
    with quiet():
        a = meta.pool_multilevel(DATA, levels=["district", "school"], moderators="~ year", method="ML")
        b = meta.pool_multilevel(DATA, levels=["district"], method="ML")
        assert meta.likelihood_ratio_test(a, b).boundary_df == ()


def test_rejects_as_often_as_it_says():
    """Under a variance of 0, the mixture's test holds 5 %; the plain chi-squared one about half of that."""
    rng = np.random.default_rng(5)
    study = np.repeat(range(12), 3)
    mixed = []
    for _ in range(150):
        table = pd.DataFrame({"study": study, "esid": range(36), "vi": 0.04})
        table["yi"] = rng.normal(0, np.sqrt(0.04 + 0.1), 36)
        with quiet():
            big = meta.pool_multilevel(table, levels=["study", "esid"], method="ML")
            small = meta.pool(table, method="ML", study="esid", yi="yi", vi="vi")
            mixed.append(meta.likelihood_ratio_test(big, small).p_boundary)
    assert 0.01 < np.mean(np.array(mixed) < 0.05) < 0.10
    assert np.mean(np.array(mixed) == 1.0) > 0.3  # half of the estimates are 0


def test_saved(tmp_path):
    test = meta.likelihood_ratio_test(fitted("~ 1 | district/school"), fitted("~ 1 | district"))
    test.save(tmp_path / "test.json")
    again = meta.load(tmp_path / "test.json")
    assert again.boundary_df == (0, 1)
    assert again.p_boundary == test.p_boundary
    assert again.tidy()["p_boundary"].iloc[0] == test.p_boundary
