"""The study files hold what was reported, number by number, and nothing that was worked out from it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meta.evidence.study_schema import Result, Study

FOLDER = Path(__file__).parents[2] / "studies"
FILES = sorted(path for path in FOLDER.glob("*.toml") if path.name != "claims.toml")


def read(name: str) -> Study:
    with (FOLDER / f"{name}.toml").open("rb") as file:
        return Study.model_validate(tomllib.load(file))


STUDIES = {path.stem: read(path.stem) for path in FILES}


def result(study: str, name: str) -> Result:
    return next(item for item in STUDIES[study].results if item.id == name)


def stat(study: str, name: str) -> dict[str, Any]:
    """One result's statistic as printed: what is set, without what is absent."""
    return result(study, name).statistic.model_dump(exclude_unset=True)


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield abs(float(value))


INCLUDED = {
    "abbasi-2012", "araujo-2020", "barna-2021", "byerley-txst", "cinar-2008", "coates-2025", "cordova-2019",
    "dahle-1995", "dmitrasinovic-2016", "frusso-1999", "ghasvarian-2025", "golf-1998", "held-2002",
    "khalid-2024", "liaqat-2023", "moore-2017", "nau-guilford", "nygaard-2008", "pjmhs-2022", "reno-2022",
    "roffe-2002", "roguin-maor-2017", "schutten-2021", "steward-2019", "supakatisant-2015", "tabriz-2022",
    "wilborn-2004", "wwu-2013",
}  # fmt: skip
EXCLUDED = {
    "trial": {
        "albion-2009", "bagis-2013", "belgrade-thesis", "bomar-2025", "boyle-2022", "bubeck-2025",
        "cohen-hagai", "cordova-2017", "finstad-2001", "floatrest-2022", "golf-1984", "gulick-2012",
        "kass-2013", "kass-2015", "kharait-2022", "macian-2022", "morgan-2013",
        "murck-steiger-1998", "nct00963638", "nct05363410", "oddoux-2022", "peikert-1996",
        "petrovic-2016", "pouteau-2018", "russell-super-malic", "schutten-2022", "setaro-2014",
        "sohrabvand", "steward-thesis", "terblanche-1992", "zarean", "zogovic-2014",
    },
    "review": {
        "cochrane-pregnancy-2020", "della-porta-2023", "garrison-2012", "garrison-2020", "izmir-2023",
        "mah-pitre-2021", "sebo-2014", "tarsitano-2024", "tjog-2021", "wang-2017",
    },
    "variation": {
        "camfield-2013", "cclm-2024", "chandrasekhar-2012", "cortisol-icc-review", "jcem-2014", "lnsc-2011",
        "wust-2000",
    },
    "benchmark": {
        "chen-2020", "findling-2016", "jcem-1998", "linc-1", "linc-2", "linc-3", "linc-4",
        "newell-price-2020", "orlova-2021", "rajizadeh-2017",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_id_is_the_file_name(name: str) -> None:
    assert STUDIES[name].id == name


def test_every_study_is_there_with_its_status_and_role() -> None:
    assert {name for name, study in STUDIES.items() if study.status == "included"} == INCLUDED
    for role, names in EXCLUDED.items():
        found = {s.id for s in STUDIES.values() if s.status == "excluded" and s.role == role}
        assert found == names


@pytest.mark.parametrize("name", sorted(set(STUDIES) - INCLUDED))
def test_excluded_studies_say_why(name: str) -> None:
    assert len(STUDIES[name].exclusion_reason) > 10


@pytest.mark.parametrize("name", sorted(INCLUDED))
def test_included_studies_can_be_found(name: str) -> None:
    study = STUDIES[name]
    assert study.role == "trial"
    assert study.doi or study.pmid or any(s.doi or s.pmid or s.read_at for s in study.sources)
    used = {item.source for item in study.results}
    assert used
    for source in study.sources:
        if source.key in used:
            assert source.doi or source.pmid or source.read_at, source.key
    assert study.not_seen
    assert study.risk_of_bias


def test_doi_and_pmid_look_like_ones() -> None:
    for study in STUDIES.values():
        for item in (study, *study.sources):
            assert item.doi is None or item.doi.startswith("10.")
            assert item.pmid is None or item.pmid.isdigit()


def test_identifiers_as_recorded() -> None:
    expected = {
        "reno-2022": ("10.1519/jsc.0000000000003827", "33009349"),
        "steward-2019": ("10.1007/s00421-019-04238-y", "31624951"),
        "coates-2025": (None, "40537122"),
        "abbasi-2012": (None, "23853635"),
        "dmitrasinovic-2016": ("10.1515/jomb-2016-0021", "28670189"),
        "golf-1998": ("10.1023/a:1007708918683", "9794094"),
        "held-2002": ("10.1055/s-2002-33195", "12163983"),
        "khalid-2024": (None, "39534260"),
        "liaqat-2023": ("10.54393/pjhs.v4i09.995", None),
        "cinar-2008": ("10.1007/s12011-007-8052-0", "17999037"),
        "roguin-maor-2017": (None, "28241153"),
        "barna-2021": ("10.1186/s12937-021-00747-9", None),
        "supakatisant-2015": (None, "22909270"),
        "pjmhs-2022": ("10.53350/pjmhs22167247", None),
        "nygaard-2008": (None, "18768245"),
        "araujo-2020": (None, "31923242"),
    }
    assert {name: (STUDIES[name].doi, STUDIES[name].pmid) for name in expected} == expected


def test_steward_as_printed() -> None:
    assert stat("steward-2019", "soreness-condition") == {
        "kind": "test",
        "direction": "lower",
        "p_below": 0.01,
        "eta_squared": 0.67,
        "test": "main effect of condition",
    }
    for name, low, high, eta in (
        ("il6", (1.36, 0.66), (2.06, 1.14), 0.54),
        ("sil6r", (27615, 8446), (24368, 7806), 0.41),
    ):
        arms = stat("steward-2019", f"{name}-means")["arms"]
        assert [(arm["arm"], arm["n"], arm["mean"], arm["sd"]) for arm in arms] == [
            ("mg", 9, *low),
            ("placebo", 9, *high),
        ]
        assert all(arm["dispersion_stated"] is False for arm in arms)
        assert stat("steward-2019", f"{name}-test")["eta_squared"] == eta
    study = STUDIES["steward-2019"]
    assert (study.design.kind, study.design.allocation, study.population.n_analysed) == (
        "crossover",
        "counterbalanced",
        9,
    )
    assert (study.arm("mg").dose_mg, study.arm("mg").dose_is) == (500, "not stated")
    assert any(item.about == "dose" for item in study.ambiguities)


def test_reno_as_printed() -> None:
    change = result("reno-2022", "soreness-change")
    assert stat("reno-2022", "soreness-change") == {
        "kind": "interval",
        "low": 1,
        "high": 2,
        "direction": "lower",
        "significant": True,
        "other_arm_significant": False,
    }
    assert (change.scale_low, change.scale_high, change.phase) == (0, 6, "change")
    pairs = {
        "rpe-before": [(5.1, 2.4), (5.0, 1.8)],
        "rpe-after": [(4.1, 2.0), (5.5, 1.6)],
        "recovery-before": [(5.4, 2.2), (6.2, 2.4)],
        "recovery-after": [(7.5, 2.3), (7.2, 3.3)],
    }
    for name, values in pairs.items():
        assert [(arm["mean"], arm["sd"]) for arm in stat("reno-2022", name)["arms"]] == values
        assert "acute" in result("reno-2022", name).measured or name.startswith("recovery")
    assert stat("reno-2022", "repetitions")["p"] == 0.06
    assert stat("reno-2022", "repetitions-65-75")["p"] == 0.08
    study = STUDIES["reno-2022"]
    assert (study.arm("mg").dose_mg, study.arm("mg").form, study.arm("mg").duration_days) == (
        350,
        "glycinate",
        10,
    )
    assert study.design.allocation == "not stated"


def test_coates_as_printed() -> None:
    printed = {
        "soreness-pre": [(4, 5), (4, 5)],
        "soreness-0h": [(28, 20), (21, 14)],
        "soreness-24h": [(43, 27), (41, 26)],
        "soreness-48h": [(42, 31), (32, 23)],
    }
    for name, values in printed.items():
        arms = stat("coates-2025", name)["arms"]
        assert [(arm["mean"], arm["sd"]) for arm in arms] == values
        assert all(arm["dispersion_stated"] is False and "n" not in arm for arm in arms)
    study = STUDIES["coates-2025"]
    assert study.population.n_analysed == 35
    assert all(arm.n_analysed is None and arm.n_randomised is None for arm in study.arms)
    assert study.arm("mg").route == "topical"


def test_soreness_bounds_and_silence() -> None:
    assert stat("wwu-2013", "mgcr-vs-alkcr") == {"kind": "not-significant"}
    assert result("wwu-2013", "mgcr-vs-alkcr").arms == ("mgcr", "alkcr")
    assert STUDIES["wwu-2013"].arm("mgcr").co_interventions == ("creatine",)
    assert stat("tabriz-2022", "pain")["direction"] == "not seen"
    assert stat("byerley-txst", "overall")["f"] == 8.98
    assert stat("byerley-txst", "epsom-vs-control")["p"] == 0.007
    assert stat("byerley-txst", "hot-water-vs-control")["p"] == 0.002
    assert stat("byerley-txst", "epsom-vs-hot-water")["kind"] == "not-significant"
    assert stat("nau-guilford", "group")["f"] == 3.89
    assert stat("moore-2017", "soreness")["kind"] == "not-significant"


def test_schutten_as_printed() -> None:
    printed = {
        "ufc": (-32, -59, -5, 0.021),
        "cortisone": (-1, -38, 35, 0.949),
        "thf": (-0.5, -1.2, 0.3, 0.231),
        "allo-thf": (-0.5, -1.1, 0.0, 0.065),
        "the": (-0.2, -1.9, 1.6, 0.861),
        "total-metabolites": (-1.2, -4.0, 1.7, 0.420),
        "cortisol-cortisone": (-0.10, -0.17, -0.03, 0.005),
        "thfs-the": (-0.09, -0.17, -0.02, 0.018),
    }
    for name, values in printed.items():
        found = stat("schutten-2021", name)
        assert (found["difference"], found["ci_low"], found["ci_high"], found["p"]) == values
        assert "se" not in found
    outcomes = {item.id: item.outcome for item in STUDIES["schutten-2021"].results}
    assert [name for name, outcome in outcomes.items() if outcome == "cortisol"] == ["ufc"]
    study = STUDIES["schutten-2021"]
    assert (study.arm("mg").n_analysed, study.arm("placebo").n_analysed) == (25, 24)
    assert study.design.post_hoc


def test_other_cortisol_trials_as_printed() -> None:
    assert stat("abbasi-2012", "cortisol") == {"kind": "test", "direction": "lower", "p": 0.008}
    assert result("abbasi-2012", "cortisol").adjusted == "unknown"
    abbasi = STUDIES["abbasi-2012"].population
    assert (abbasi.n_randomised, abbasi.n_analysed) == (46, 43)
    for name in ("cortisol-day-1", "cortisol-game"):
        item = result("dmitrasinovic-2016", name)
        assert stat("dmitrasinovic-2016", name) == {
            "kind": "threshold",
            "p_below": 0.01,
            "direction": "lower",
        }
        assert item.selected
        assert item.error_term == "observations"
    acth = stat("dmitrasinovic-2016", "acth-interaction")
    assert (acth["f"], acth["df"], acth["p"]) == (1.695, (4, 105), 0.157)
    sizes = {arm.id: arm.n_analysed for arm in STUDIES["dmitrasinovic-2016"].arms}
    assert sizes == {"mg": 13, "control": 10}
    assert stat("khalid-2024", "cortisol")["arms"] == (
        {"arm": "mg", "p": 0.001},
        {"arm": "placebo"},
        {"arm": "potassium", "p": 0.001},
        {"arm": "mg-potassium", "p": 0.001},
    )
    assert stat("liaqat-2023", "cortisol")["arms"] == (
        {"arm": "mg", "n": 40, "p": 0.02, "direction": "lower"},
        {"arm": "control", "n": 40, "p": 0.276},
    )
    assert stat("golf-1998", "cortisol")["kind"] == "narrative"
    assert stat("held-2002", "cortisol")["kind"] == "narrative"
    sleep = stat("held-2002", "slow-wave-sleep")["arms"]
    assert [(arm["mean"], arm["sd"]) for arm in sleep] == [(16.5, 20.4), (10.1, 15.4)]
    assert stat("cinar-2008", "cortisol")["arms"][0] == {
        "arm": "trained-mg",
        "significant": True,
        "direction": "higher",
    }
    assert stat("cordova-2019", "cortisol")["direction"] == "not stated"
    assert stat("wilborn-2004", "cortisol")["kind"] == "not-significant"


def test_cramps_in_older_adults_as_printed() -> None:
    printed = {
        "cramps-before": [(48, 7.84, 5.68), (46, 8.51, 5.20)],
        "cramps-after": [(48, 4.44, 5.66), (46, 5.48, 4.93)],
        "cramps-change": [(48, -3.41, 4.05), (46, -3.03, 4.53)],
    }
    for name, values in printed.items():
        arms = stat("roguin-maor-2017", name)["arms"]
        assert [(arm["n"], arm["mean"], arm["sd"]) for arm in arms] == values
    assert stat("roguin-maor-2017", "cramps-difference") == {
        "kind": "mean-difference",
        "difference": -0.38,
        "p": 0.67,
    }
    frusso = stat("frusso-1999", "cramps")
    assert [(arm["n"], arm["mean"], arm["sd"]) for arm in frusso["arms"]] == [
        (42, 11.8, 7.6),
        (42, 11.1, 7.3),
    ]
    assert frusso["p"] == 0.59
    medians = {
        "cramps-placebo-first": [("mg", 29, 5, 4, 8), ("placebo", 29, 9, 6, 17)],
        "cramps-mg-first": [("mg", 17, 9, 5, 13), ("placebo", 17, 8, 4, 14)],
    }
    for name, values in medians.items():
        arms = stat("roffe-2002", name)["arms"]
        fields = ("arm", "n", "median", "median_ci_low", "median_ci_high")
        assert [tuple(arm[field] for field in fields) for arm in arms] == values
    assert stat("roffe-2002", "cramps-treatment")["p"] == 0.07
    barna = stat("barna-2021", "cramps-change")
    assert ([arm["mean"] for arm in barna["arms"]], barna["p"]) == ([-3.4, -2.6], 0.01)
    assert all(set(arm) == {"arm", "mean"} for arm in barna["arms"])


def test_cramps_in_pregnancy_as_printed() -> None:
    halved = stat("supakatisant-2015", "frequency-halved")
    assert [(a["percent"], a["n"]) for a in halved["arms"]] == [(86.0, 43), (60.5, 43)]
    assert halved["p"] == 0.007
    intensity = stat("supakatisant-2015", "intensity-halved")
    assert [(a["percent"], a["n"]) for a in intensity["arms"]] == [(69.8, 43), (48.8, 43)]
    assert intensity["p"] == 0.048
    ratio = stat("supakatisant-2015", "frequency-halved-ratio")
    assert (ratio["estimate"], ratio["ci_low"], ratio["ci_high"]) == (1.42, 1.09, 1.86)
    ratio = stat("supakatisant-2015", "intensity-halved-ratio")
    assert (ratio["estimate"], ratio["ci_low"], ratio["ci_high"]) == (1.43, 0.99, 2.06)
    dahle = stat("dahle-1995", "never-cramps")
    assert (dahle["measure"], dahle["estimate"], dahle["ci_low"], dahle["ci_high"]) == (
        "RR",
        5.66,
        1.35,
        23.68,
    )
    assert (dahle["n_total"], dahle["per_1000"]) == (69, {"mg": 323, "placebo": 57})
    assert stat("pjmhs-2022", "cramp-free")["arms"] == (
        {"arm": "mg", "events": 45, "n": 100},
        {"arm": "placebo", "events": 26, "n": 100},
    )
    nygaard = [(a["mean"], a["sd"]) for a in stat("nygaard-2008", "cramps")["arms"]]
    assert nygaard == [(9.5, 5.1), (7.7, 4.7)]
    assert [(a["mean"], a["sd"]) for a in stat("nygaard-2008", "intensity")["arms"]] == [
        (13.2, 6.5),
        (11.4, 8.5),
    ]
    review = stat("nygaard-2008", "cramps-review")
    assert (review["difference"], review["ci_low"], review["ci_high"]) == (1.8, -1.32, 4.92)


def test_araujo_percentages_and_counts_as_printed() -> None:
    free = stat("araujo-2020", "cramp-free")
    assert free["arms"] == ({"arm": "mg", "percent": 27.2, "n": 66}, {"arm": "placebo", "percent": 32.8})
    counts = stat("araujo-2020", "cramp-free-as-printed")["arms"]
    assert [(a["events"], a["n"]) for a in counts] == [(18, 66), (21, 66)]
    assert result("araujo-2020", "cramp-free-as-printed").outcome == "other"
    odds = stat("araujo-2020", "still-cramps")
    assert (odds["measure"], odds["estimate"], odds["ci_low"], odds["ci_high"]) == ("OR", 1.3, 0.6, 2.9)
    assert any("denominator" in item.about for item in STUDIES["araujo-2020"].ambiguities)


def test_variation_and_benchmarks_as_printed() -> None:
    assert stat("lnsc-2011", "variation") == {
        "kind": "variation",
        "within_person_cv_low": 34.1,
        "within_person_cv_high": 34.1,
        "between_person_cv_low": 35.3,
        "between_person_cv_high": 35.3,
        "analytical_cv": 15.4,
    }
    cclm = stat("cclm-2024", "variation")
    assert (cclm["within_person_cv_low"], cclm["within_person_cv_high"]) == (29.3, 56.5)
    assert (cclm["between_person_cv_low"], cclm["between_person_cv_high"]) == (29.7, 51.6)
    assert stat("cortisol-icc-review", "variation")["retest_correlation_high"] == 0.75
    assert [a["percent"] for a in stat("rajizadeh-2017", "normalised")["arms"]] == [88.5, 48.1]
    assert [(a["percent"], a["n"]) for a in stat("linc-4", "normalised")["arms"]] == [(77, 48), (8, 25)]
    assert [(a["events"], a["n"]) for a in stat("linc-3", "normalised")["arms"]] == [(31, 36), (10, 34)]
    assert [(a["events"], a["n"]) for a in stat("linc-2", "normalised")["arms"]] == [(15, 19)]
    assert [(a["events"], a["n"]) for a in stat("linc-1", "normalised")["arms"]] == [(11, 12)]
    assert [(a["events"], a["n"]) for a in stat("findling-2016", "normalised-6m")["arms"]] == [(25, 67)]
    assert [(a["events"], a["n"]) for a in stat("findling-2016", "normalised-12m")["arms"]] == [(13, 67)]
    assert [a["percent"] for a in stat("orlova-2021", "normal-066")["arms"]] == [92.1, 78.4]
    assert [a["percent"] for a in stat("orlova-2021", "normal-080")["arms"]] == [73.8, 58.9]
    for name, percent in (("saliva", 22.8), ("urine", 45.7), ("both", 17.4)):
        assert stat("newell-price-2020", name)["arms"][0]["percent"] == percent
    sodium = [(a["mean"], a["sd"]) for a in stat("chen-2020", "ufc")["arms"]]
    assert sodium == [(178.0, 89.7), (121.3, 65.6)]
    shares = {138: (62, 27), 166: (46, 17), 193: (32, 10), 221: (23, 6), 248: (17, 4)}
    for cutoff, values in shares.items():
        assert tuple(a["percent"] for a in stat("chen-2020", f"above-{cutoff}")["arms"]) == values


def test_reviews_as_printed() -> None:
    printed = {
        ("garrison-2020", "percent-change"): (-9.59, -23.14, 3.97),
        ("garrison-2020", "cramps-per-week"): (-0.18, -0.84, 0.49),
        ("garrison-2012", "percent-change"): (-3.9, -21.1, 13.3),
        ("garrison-2012", "cramps-per-week"): (0.01, -0.52, 0.55),
        ("garrison-2012", "responders"): (-8, -28, 12),
        ("tjog-2021", "frequency"): (-0.47, -1.14, 0.20),
    }
    for (study, name), values in printed.items():
        found = stat(study, name)
        assert (found["difference"], found["ci_low"], found["ci_high"]) == values
    responders = stat("garrison-2020", "responders")
    assert (responders["estimate"], responders["ci_low"], responders["ci_high"]) == (1.04, 0.84, 1.29)


# What somebody worked out from the printed numbers (or printed elsewhere without support). None of it is
# evidence: the code derives it, or it stays out.
DERIVED = {
    "steward-2019": (16.24, 4.03, 1.34, 1.21, 0.004, 0.016, 0.046, 301, 0.84, 0.87, 0.76, 0.68),
    "reno-2022": (11, 41),
    "coates-2025": (17, 18),
    "schutten-2021": (13.41, 13.4, 13.78, 0.67, 0.29, 56, 117, 46),
    "abbasi-2012": (21, 22, 0.83, 0.32),
    "roguin-maor-2017": (0.48, 0.888, 2.14, 1.38, 43, 36),
    "frusso-1999": (1.29, 0.175, 0.32, 900, 1800),
    "roffe-2002": (46, 36, 25, 73),
    "barna-2021": (87, 88),
    "supakatisant-2015": (37, 26, 30, 21),
    "dahle-1995": (11, 34, 2, 35, 366),
    "nygaard-2008": (21, 17, 20, 18, 23, 22, 366),
    "araujo-2020": (64, 20.9, 44.4, 31.8, 0.384, 0.415),
    "pjmhs-2022": (0.005,),
    "golf-1998": (413,),
    "khalid-2024": (80, 72, 73),
    "wwu-2013": (12,),
    "dmitrasinovic-2016": (84, 115, 1.15),
    "wilborn-2004": (450,),
    "rajizadeh-2017": (23, 26, 13, 27),
    "linc-4": (37, 2),
    "lnsc-2011": (0.47, 0.471, 0.517),
    "cclm-2024": (0.216, 0.756),
    "chen-2020": (56.5, 63.0, 68.8, 73.9, 76.5, 57),
    "russell-super-malic": (300,),
}


@pytest.mark.parametrize("name", sorted(DERIVED))
def test_nothing_derived_is_entered(name: str) -> None:
    study = STUDIES[name]
    entered = {
        *numbers([item.statistic.model_dump(exclude_unset=True) for item in study.results]),
        *numbers([arm.model_dump() for arm in study.arms]),
    }
    assert entered.isdisjoint(abs(value) for value in DERIVED[name])


def test_percentages_that_were_printed_without_counts_have_none() -> None:
    for name in ("supakatisant-2015", "rajizadeh-2017", "linc-4", "orlova-2021", "dahle-1995"):
        assert all(item.statistic.kind != "counts" for item in STUDIES[name].results)


@pytest.mark.parametrize(
    "name", ["abbasi-2012", "reno-2022", "nygaard-2008", "barna-2021", "khalid-2024", "wwu-2013"]
)
def test_arm_sizes_that_were_not_seen_are_absent(name: str) -> None:
    assert all(arm.n_analysed is None and arm.n_randomised is None for arm in STUDIES[name].arms)


def test_overlapping_cohorts_count_once() -> None:
    cohorts: dict[str, set[str]] = {}
    for study in STUDIES.values():
        if study.cohort:
            cohorts.setdefault(study.cohort, set()).add(study.id)
    assert cohorts["belgrade-magnesium"] == {
        "dmitrasinovic-2016", "belgrade-thesis", "petrovic-2016", "zogovic-2014",
    }  # fmt: skip
    assert cohorts["steward-2019"] == {"steward-2019", "steward-thesis"}
    assert cohorts["wwu-2013"] == {"wwu-2013", "albion-2009"}
    for members in cohorts.values():
        assert sum(STUDIES[name].status == "included" for name in members) <= 1


def test_copies_are_named_as_copies() -> None:
    mirrors = (
        "movatter",
        "herbal-organic",
        "biomaterialdatabase",
        "biocloudy",
        "ouci.dntb",
        "peeref",
        "suppr.",
    )
    for study in STUDIES.values():
        for source in study.sources:
            if any(mirror in (source.read_at or "") for mirror in mirrors):
                assert source.read == "abstract (copy)", (study.id, source.key)


def test_only_real_selections_are_marked() -> None:
    marked = {(study.id, item.id) for study in STUDIES.values() for item in study.results if item.selected}
    assert marked == {("dmitrasinovic-2016", "cortisol-day-1"), ("dmitrasinovic-2016", "cortisol-game")}
