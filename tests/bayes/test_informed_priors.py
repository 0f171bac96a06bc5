"""meta.bayes.informed, meta.bayes.informed_tables and meta.bayes.sensitivity."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

import meta
from meta.bayes.cochrane_tables import COCHRANE
from meta.bayes.informed import cochrane, informed, rhodes, turner, van_erp
from meta.bayes.informed_tables import RHODES, TURNER
from meta.bayes.sensitivity import plot_sensitivity, sensitivity
from meta.errors import InputError, UnknownOptionError

DRUG = "pharmacological vs placebo/control"


def test_turner_2015_table_iv():
    assert turner("all-cause mortality", DRUG) == meta.LogNormal(-3.95, 1.34, on="tau2")
    assert turner("pain", "non-pharmacological vs non-pharmacological") == meta.LogNormal(
        -1.38, 1.45, on="tau2"
    )
    assert turner() == meta.LogNormal(-2.56, 1.74, on="tau2")
    assert len(TURNER) * 5 == 80
    assert float(turner().ppf(0.5)) ** 2 == pytest.approx(np.exp(-2.56))


def test_turner_columns_keep_their_order():
    # in every row the second comparison lies 0.23 or 0.24 below the first on the log scale
    for entries in TURNER.values():
        assert entries[0][0] - entries[1][0] == pytest.approx(0.235, abs=0.0051)
        assert entries[3][0] > entries[4][0] > entries[0][0]


def test_rhodes_2015():
    prior = rhodes("obstetric", DRUG)
    assert (prior.mu, prior.sigma, prior.df, prior.on) == (-4.13, 2.34, 5, "tau2")
    assert rhodes("biological markers", "non-pharmacological").mu == -3.27
    for area in RHODES.values():
        for entries in area.values():
            assert entries[0][0] - entries[1][0] == pytest.approx(0.275, abs=0.011)
            if entries[2] is not None:
                assert entries[2][0] - entries[0][0] == pytest.approx(0.14, abs=0.011)


def test_cochrane_subfields():
    # the example of the paper and of its software, and the whole database
    assert cochrane("oral health") == (meta.StudentT(0, 0.51, 5), meta.InverseGamma(1.79, 0.28))
    assert cochrane() == (meta.StudentT(0, 0.43, 5), meta.InverseGamma(1.71, 0.4))
    assert len(COCHRANE) == 46
    effects = np.array([cochrane(name).effect.scale for name in COCHRANE])
    heterogeneity = np.array([float(cochrane(name).tau.ppf(0.5)) for name in COCHRANE])
    assert np.median(effects) == pytest.approx(0.43, abs=0.011)
    assert np.median(heterogeneity) == pytest.approx(float(cochrane().tau.ppf(0.5)), abs=0.02)
    post = meta.bayes(yi=[0.1, 0.5, 0.3], vi=[0.05, 0.04, 0.1], **cochrane("musculoskeletal")._asdict())
    assert 0.1 < post.estimate < 0.5
    with pytest.raises(UnknownOptionError, match="oral health"):
        cochrane("teeth")


def test_informed_lists_them_and_they_fit():
    table = informed()
    assert set(table["source"]) == {"Turner 2015", "Rhodes 2015", "Cochrane, Bartos 2021", "van Erp 2017"}
    assert len(table) == 81 + 1 + 23 + 24 + 2 * 47 + 1
    post = meta.bayes(
        yi=[0.1, 0.5, 0.3], vi=[0.05, 0.04, 0.1], effect=meta.Normal(0, 1), tau=meta.priors.rhodes()
    )
    assert post.error < 1e-7
    assert 0 < post.tau.median < 0.5
    assert van_erp() == meta.InverseGamma(1, 0.15)


def test_refusals():
    with pytest.raises(UnknownOptionError, match="all-cause mortality"):
        turner("deaths", DRUG)
    with pytest.raises(UnknownOptionError, match="non-pharmacological"):
        turner("pain", "drug")
    with pytest.raises(InputError, match="both outcome and comparison"):
        turner("pain")
    with pytest.raises(UnknownOptionError, match="other, respiratory"):
        rhodes("pain", DRUG, area="cancer")
    with pytest.raises(UnknownOptionError, match="unknown outcome"):
        rhodes("deaths", DRUG)
    with pytest.raises(UnknownOptionError, match="unknown comparison"):
        rhodes("obstetric", "drug")
    with pytest.raises(InputError, match="unconfirmed"):
        rhodes("mental health", "non-pharmacological")


def test_sensitivity_grid_and_figure():
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    data = {"yi": [-0.6, -0.2, -0.4], "vi": [0.05, 0.03, 0.08]}
    table = sensitivity(
        **data,
        effect={"wide": meta.Normal(0, 4), "flat": meta.Flat()},
        tau=[meta.HalfNormal(0.5), meta.Flat()],
        below=0.0,
    )
    assert table["effect_prior"].tolist() == ["wide", "wide", "flat", "flat"]
    one = meta.bayes(**data, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5))
    assert table.loc[0, "estimate"] == pytest.approx(one.estimate)
    assert table.loc[0, "bf_mu_0"] == pytest.approx(one.bayes_factor("mu=0"))
    assert table.loc[0, "probability"] == pytest.approx(one.probability(below=0))
    assert np.isnan(table.loc[2, "bf_mu_0"])
    refused = sensitivity(yi=[0.1, 0.2], vi=[0.1, 0.1], effect=[meta.Flat()], tau=[meta.Flat()])
    assert "does not integrate" in refused.loc[0, "note"]
    ax = plot_sensitivity(table)
    assert len(ax.get_yticklabels()) == len(table)
    plt.close(ax.figure)
    with pytest.raises(InputError, match="at least one prior"):
        sensitivity(**data, tau=[])
