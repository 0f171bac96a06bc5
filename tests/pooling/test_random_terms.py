"""`pool_multilevel(random=...)`: every kind of random term, against metafor and against equivalent models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import meta
from meta.errors import AssumptionWarning, InputError, NotEstimableError, UnknownOptionError

REF = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_effects.json").read_text())
DATA = {name: pd.DataFrame(v) for name, v in REF["data"].items() if name != "phylo_R"}
PHYLOGENY = pd.DataFrame(
    REF["data"]["phylo_R"]["R"],
    index=REF["data"]["phylo_R"]["names"],
    columns=REF["data"]["phylo_R"]["names"],
)
quiet = pytest.mark.filterwarnings("ignore::meta.errors.AssumptionWarning")


def close(actual, expected, rtol=1e-4, atol=1e-6):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=atol)


KALAIAN = ("kalaian1996", {"random": "~ outcome | study", "moderators": "~ 0 + outcome"})
ISHAK = {"random": "~ C(time) | study", "moderators": "~ 0 + C(time)"}
CASES = {
    **{f"kalaian_{s}": (KALAIAN[0], KALAIAN[1] | {"struct": s}) for s in ("UN", "HCS", "CS", "DIAG", "ID")},
    **{
        f"ishak_{s}_{m}": ("ishak2007", ISHAK | {"struct": s, "method": m})
        for s in ("AR", "HAR", "CS", "HCS", "UN", "DIAG")
        for m in ("REML", "ML")
    },
    "ishak_CAR": ("ishak2007", ISHAK | {"random": "~ months | study", "struct": "CAR"}),
    "ishak_GEN": ("ishak2007", {"random": "~ months | study", "moderators": "~ months"}),
    "ishak_GDIAG": (
        "ishak2007",
        {"random": "~ months | study", "struct": "GDIAG", "moderators": "~ months"},
    ),
    "ishak_slope": ("ishak2007", {"random": "~ 0 + months | study", "moderators": "~ 0 + months"}),
    "ishak_two": ("ishak2007", ISHAK | {"random": ["~ 1 | study", "~ C(time) | study"], "struct": "DIAG"}),
    **{
        f"crede_nested_{m}": ("crede2010", {"random": "~ 1 | studyid/sampleid/esid", "method": m})
        for m in ("REML", "ML")
    },
    **{
        f"crede_crossed_{m}": (
            "crede2010",
            {"random": ["~ 1 | studyid", "~ 1 | year", "~ 1 | esid"], "method": m},
        )
        for m in ("REML", "ML")
    },
    "crede_fixed": (
        "crede2010",
        {"random": "~ 1 | studyid/sampleid/esid", "fixed": {"studyid/sampleid": 0.01}},
    ),
    **{f"spatial_{s}": ("spatial", {"random": "~ x + z | one", "struct": s}) for s in ("SPEXP", "SPGAU")},
    **{
        f"spatial_within_{s}": ("spatial", {"random": "~ x + z | study", "struct": s})
        for s in ("SPEXP", "SPGAU")
    },
    "phylo": ("phylo", {"random": ["~ 1 | species", "~ 1 | study"], "R": {"species": PHYLOGENY}}),
    "phylo_twin": (
        "phylo",
        {"random": ["~ 1 | species", "~ 1 | species", "~ 1 | esid"], "R": {"species": PHYLOGENY}},
    ),
}


@quiet
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_metafor_or_is_likelier(name):
    r, (data, options) = REF["terms"][name], CASES[name]
    fit = meta.pool_multilevel(DATA[data], **options)
    assert fit.converged
    assert r["ll"] - 1e-7 <= fit.loglik <= r["ll"] + 1e-5
    close(fit.beta, r["beta"])
    close(fit.se, r["se"], rtol=2e-4)
    close(fit.qe, r["qe"], rtol=1e-9)
    sigma2 = np.atleast_1d(r["sigma2"]) if np.any(r["sigma2"]) else []
    if name == "ishak_two":
        close(fit.sigma2, [*np.atleast_1d(r["sigma2"]), *r["tau2"]], rtol=1e-3, atol=1e-5)
    elif len(sigma2):
        close(fit.sigma2, sigma2, rtol=1e-3, atol=1e-7)
    elif name not in ("kalaian_CS",):
        close(fit.sigma2, np.broadcast_to(r["tau2"], fit.sigma2.shape), rtol=1e-3, atol=1e-5)


@quiet
def test_order_of_rows_and_labels_do_not_matter():
    for name, (data, options) in CASES.items():
        if name.endswith("_ML") or name in ("ishak_UN_REML", "ishak_HCS_REML"):
            continue
        table = DATA[data]
        mixed = table.sample(frac=1, random_state=1)
        a, b = (meta.pool_multilevel(t, **options) for t in (table, mixed))
        assert a.loglik == pytest.approx(b.loglik, abs=1e-7), name
        close(a.beta, b.beta, rtol=1e-6)


def test_levels_and_random_are_one_model():
    data = meta.datasets.load("konstantopoulos2011")
    a = meta.pool_multilevel(data, levels=["district", "school"], rho=0.4)
    b = meta.pool_multilevel(data, random="~ 1 | district/school", rho=0.4)
    c = meta.pool_multilevel(data, random=["~ 1 | district", "~ 1 | study"], rho=0.4)
    for other in (b, c):
        close(
            [other.estimate, other.se, other.loglik, *other.sigma2],
            [a.estimate, a.se, a.loglik, *a.sigma2],
            1e-9,
        )
    close(b.robust().se, a.robust().se, rtol=1e-9)
    close(b.profile_interval("district/school"), a.profile_interval("school"), rtol=1e-6)
    assert b.components["term"].tolist() == ["district", "district/school"]
    berkey = meta.datasets.load("berkey1998")
    V = np.kron(np.eye(5), np.ones((2, 2))) * np.sqrt(np.outer(berkey["vi"], berkey["vi"])) * 0.4
    np.fill_diagonal(V, berkey["vi"])
    d = meta.pool_multilevel(berkey, levels=["trial"], inner="outcome", V=V, moderators="~ 0 + outcome")
    e = meta.pool_multilevel(berkey, random="~ outcome | trial", V=V, moderators="~ 0 + outcome")
    f = meta.pool_multilevel(
        berkey, random="~ outcome | trial", V=scipy.sparse.csr_matrix(V), moderators="~ 0 + outcome"
    )
    for other in (e, f):
        close([*other.beta, other.loglik, *other.G.ravel()], [*d.beta, d.loglik, *d.G.ravel()], 1e-8)


def test_two_outcomes_make_hcs_unstructured():
    fits = [
        meta.pool_multilevel(
            DATA["kalaian1996"], random="~ outcome | study", struct=s, moderators="~ 0 + outcome"
        )
        for s in ("HCS", "UN")
    ]
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=1e-9)
    assert fits[0].loglik == pytest.approx(6.04485, abs=1e-5)


@quiet
def test_inner_levels_go_by_their_type():
    rng = np.random.default_rng(8)
    n, m = 25, 12
    study, time = np.repeat(range(n), m), np.tile(range(1, m + 1), n)
    G = 0.4 * 0.8 ** np.abs(np.subtract.outer(range(m), range(m)))
    y = rng.multivariate_normal(np.zeros(m), G, n).ravel() + rng.normal(0, 0.2, n * m)
    data = pd.DataFrame({"study": study, "time": time, "yi": y, "vi": 0.04})
    numbers = meta.pool_multilevel(data, levels=["study"], inner="time", struct="AR")
    assert numbers.inner_levels[:3] == ("1", "2", "3")
    assert 0.6 < numbers.rho_inner[0, 1] < 0.95
    shapes = {
        "text": data["time"].astype(str),
        "categories": pd.Categorical([f"w{t}" for t in time], [f"w{t}" for t in range(1, 13)], ordered=True),
        "dates": pd.Timestamp("2020-01-01") + pd.to_timedelta(data["time"], "D"),
    }
    for values in shapes.values():
        other = meta.pool_multilevel(data.assign(time=values), levels=["study"], inner="time", struct="AR")
        close([other.loglik, *other.G.ravel()], [numbers.loglik, *numbers.G.ravel()], rtol=1e-8)
    real = meta.pool_multilevel(data.assign(time=time / 7), random="~ time | study", struct="CAR")
    assert real.loglik == pytest.approx(numbers.loglik, abs=1e-7)
    with pytest.warns(AssumptionWarning, match="order of the alphabet"):
        meta.pool_multilevel(
            data.assign(time=data["time"].map("abcdefghijklm".__getitem__)),
            levels=["study"],
            inner="time",
            struct="AR",
        )
    # every level of twelve has its own share, not a twelfth of one
    assert numbers.i2.min() > 80


def test_i2_and_prediction_intervals_of_inner_levels():
    more = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_counts.json").read_text())
    data = pd.DataFrame(more["data"]["berkey1998"])
    V = np.zeros((10, 10))
    for trial in data["trial"].unique():
        at = np.flatnonzero(data["trial"] == trial)
        V[np.ix_(at, at)] = data.loc[at, ["v1i", "v2i"]]
    fit = meta.pool_multilevel(data, levels=["trial"], inner="outcome", V=V, moderators="~ 0 + outcome")
    assert sorted(fit.i2.round(1).tolist()) == [82.8, 93.1]  # the metafor project's page on I2
    low, high = fit.prediction_interval()
    half = 1.959963984540054 * np.sqrt(fit.se**2 + np.diag(fit.G))
    close([low, high], [fit.beta - half, fit.beta + half], rtol=1e-9)
    names = list(fit.inner_levels)
    new = fit.predict({"outcome": names[::-1]})
    close(new["pi_low"], low[::-1], rtol=1e-9)
    one = meta.pool_multilevel(data, levels=["trial"], inner="outcome", V=V)
    table = one.predict()
    assert list(table.index) == names
    assert table["pi_low"].notna().all()
    with pytest.raises(InputError, match="'outcome'"):
        meta.pool_multilevel(data, levels=["trial"], inner="outcome", V=V, moderators="~ year").predict(
            {"year": [1980]}
        )


@quiet
def test_prediction_intervals_of_random_slopes_grow_with_the_dose():
    fit = meta.pool_multilevel(DATA["ishak2007"], random="~ months | study", moderators="~ months")
    new = fit.predict({"months": [0.0, 12.0]})
    spread = ((new["pi_high"] - new["pi_low"]) / 2 / 1.959963984540054) ** 2 - new["se"] ** 2
    z = np.array([[1.0, 0.0], [1.0, 12.0]])
    close(spread, np.einsum("ij,jk,ik->i", z, fit.G, z), rtol=1e-8)


def test_known_correlations_are_aligned_and_checked():
    data, options = DATA["phylo"], {"random": ["~ 1 | species", "~ 1 | esid"]}
    fit = meta.pool_multilevel(data, R={"species": PHYLOGENY}, **options)
    turned = PHYLOGENY.sample(frac=1, random_state=3).sample(frac=1, axis=1, random_state=4)
    more = turned.copy()
    more.loc["other"], more["other"] = 0.0, 0.0
    more.loc["other", "other"] = 1.0
    for R in (turned, more):
        assert meta.pool_multilevel(data, R={"species": R}, **options).loglik == pytest.approx(
            fit.loglik, abs=1e-9
        )
    with pytest.warns(AssumptionWarning, match="scaled to correlations"):
        scaled = meta.pool_multilevel(data, R={"species": 2 * PHYLOGENY}, **options)
    assert scaled.loglik == pytest.approx(fit.loglik, abs=1e-9)
    identity = pd.DataFrame(np.eye(8), PHYLOGENY.index, PHYLOGENY.columns)
    plain = meta.pool_multilevel(data, **options)
    assert meta.pool_multilevel(data, R={"species": identity}, **options).loglik == pytest.approx(
        plain.loglik, abs=1e-9
    )
    singular = PHYLOGENY * 0 + 1
    for R, words in (
        ({"species": PHYLOGENY.to_numpy()}, "DataFrame"),
        ({"species": PHYLOGENY.iloc[1:, 1:]}, "no row for 'sp1'"),
        ({"genus": PHYLOGENY}, "'genus'"),
        ({"species": singular}, "not positive definite"),
    ):
        with pytest.raises(InputError, match=words):
            meta.pool_multilevel(data, R=R, **options)


@quiet
def test_profiles_of_every_structure_hold_the_estimate():
    fit = meta.pool_multilevel(
        DATA["kalaian1996"], random="~ outcome | study", struct="CS", moderators="~ 0 + outcome"
    )
    assert fit.components["parameter"].tolist() == ["tau2", "rho"]
    low, high = fit.profile_interval("tau2")
    assert low == 0 < high
    slopes = meta.pool_multilevel(DATA["ishak2007"], random="~ months | study", moderators="~ months")
    for name in ("tau2[Intercept]", "tau2[months]"):
        value = slopes.components.set_index("parameter").loc[name, "estimate"]
        low, high = slopes.profile_interval(name)
        assert low < value < high
        close(slopes.profile(name, [value]), [slopes.loglik], rtol=1e-9)
    place = meta.pool_multilevel(DATA["spatial"], random="~ x + z | one", struct="SPEXP")
    low, high = place.profile_interval("range")
    assert low < place.components.set_index("parameter").loc["range", "estimate"] < high


REFUSALS = [
    ({"random": "1 | study"}, InputError, "not a random term"),
    ({"random": []}, InputError, "names no term"),
    ({"random": "~ 1 | town"}, InputError, "town"),
    ({"random": "~ 1 | study", "levels": ["study"]}, InputError, "not both"),
    ({"random": "~ 1 | study", "struct": "UN"}, InputError, "left side"),
    ({"random": "~ outcome | study", "struct": ["UN", "CS"]}, InputError, "2 entries for 1"),
    ({"random": "~ outcome | study", "struct": "TOEP"}, UnknownOptionError, "GDIAG"),
    ({"random": "~ hrs | study", "struct": "CS"}, InputError, r"C\(hrs\)"),
    ({"random": ["~ 1 | study", "~ 1 | study"]}, InputError, "twice"),
    ({"random": "~ 1 | study", "fixed": {"id": 0.1}}, InputError, "fixed names 'id'"),
    ({"random": "~ 1 | study", "fixed": {"study": -1.0}}, InputError, ">= 0"),
    ({"levels": ["study"], "R": {"study": PHYLOGENY}}, InputError, "R"),
    ({"random": "~ hrs | study"}, InputError, "needs hrs in every row"),
]


@quiet
@pytest.mark.parametrize(("options", "error", "words"), REFUSALS)
def test_refusals(options, error, words):
    data = DATA["kalaian1996"].assign(hrs=lambda d: d["hrs"].where(d["id"] != 3))
    with pytest.raises(error, match=words):
        meta.pool_multilevel(data, **options)


def test_a_single_group_is_refused():
    with pytest.raises(NotEstimableError, match="single group"):
        meta.pool_multilevel(DATA["spatial"], random="~ 1 | one")
