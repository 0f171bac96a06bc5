"""Signs of limits behind a comma or a gap, percentages called events, limits in other languages, marks."""

import itertools

import numpy as np
import pytest

from meta.commands.table_options import TableOptions
from meta.commands.table_reading import load
from meta.errors import quiet
from meta.tables.printed import parts_of

LIMITS = ((-0.9, -0.1), (-0.9, 0.1), (0.25, 1.5), (-12.0, -3.25))
SEPARATORS = (" to ", ", ", "; ", ";", " ", ",", " – ", "–")


@pytest.mark.parametrize("minus", ["-", "−"])
@pytest.mark.parametrize(
    ("limits", "between"), [pair for pair in itertools.product(LIMITS, SEPARATORS) if pair[1] != ","]
)
def test_the_sign_of_an_upper_limit_is_never_lost(limits, between, minus):
    low, high = (str(x).replace("-", minus) for x in limits)
    cells = [f"({low}{between}{high})", f"[{low}{between}{high}]", f"{low}{between}{high}"]
    found = parts_of("95% CI", cells)
    assert found is not None
    assert set(found.columns["ci_low"]) == {limits[0]}
    assert set(found.columns["ci_high"]) == {limits[1]}
    middle = round(sum(limits) / 2, 2)
    found = parts_of("MD (95% CI)", [f"{middle} ({low}{between}{high})".replace("-", minus)])
    assert [values.tolist() for values in found.columns.values()] == [[middle], [limits[0]], [limits[1]]]


@pytest.mark.parametrize("cell", ["0.9 -1.1", "0.9 - 1.1", "0.9- 1.1", "0.9-1.1", "0.9 – 1.1"])
def test_a_dash_between_positive_limits_is_no_sign(cell):
    found = parts_of("95% CI", [cell])
    assert [values.tolist() for values in found.columns.values()] == [[0.9], [1.1]]


def test_decimal_commas_stand_beside_separating_ones():
    found = parts_of("95% KI", ["-0,9, -0,1", "0,25, 1,0"], ",")
    assert [values.tolist() for values in found.columns.values()] == [[-0.9, 0.25], [-0.1, 1.0]]


@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("OR (95% CI)", "0.39* (0.12-1.26)", [0.39, 0.12, 1.26]),
        ("OR (95% CI)", "0.19† [0.08-0.46]‡", [0.19, 0.08, 0.46]),
        ("Mean (SD)", "5.2* (1.1)", [5.2, 1.1]),
        ("Events", "12* (27%)", [12, 27]),
    ],
)
def test_a_mark_may_stand_behind_the_first_number(header, cell, expected):
    assert [values[0] for values in parts_of(header, [cell]).columns.values()] == expected


def effects(tmp_path, text, measure=None):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with quiet():
        return load(str(path), measure, None, None, None, TableOptions())


@pytest.mark.parametrize(
    "names",
    [
        ("% events T", "% events C"),
        ("Events T (%)", "Events C (%)"),
        ("percent events T", "percent events C"),
        ("Events T, %", "Events C, %"),
    ],
)
def test_percentages_are_never_taken_for_counts(tmp_path, names):
    text = f'study,"{names[0]}",n T,"{names[1]}",n C\nA,10,50,20,50\nB,12.5,80,25,80\n'
    found = effects(tmp_path, text, "RR")
    assert found.columns.keys() == {"percent1", "n1", "percent2", "n2"}
    assert np.sqrt(found.effects.vi) == pytest.approx(
        [np.sqrt(1 / 5 - 1 / 50 + 1 / 10 - 1 / 50), np.sqrt(1 / 10 - 1 / 80 + 1 / 20 - 1 / 80)]
    )


@pytest.mark.parametrize("names", [("Events T", "Events C"), ("Events T, n (%)", "Events C, n (%)")])
def test_counts_with_a_percentage_beside_them_are_counts(tmp_path, names):
    text = f'study,"{names[0]}",n T,"{names[1]}",n C\nA,5 (10%),50,10 (20%),50\nB,10 (12.5%),80,20 (25%),80\n'
    found = effects(tmp_path, text, "RR")
    assert found.effects.yi == pytest.approx([np.log(0.5)] * 2)
    assert {"events1", "events2"} <= found.columns.keys()


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("IC 95% inferior", "IC 95% superior"),
        ("IC95% inf", "IC95% sup"),
        ("KI unten", "KI oben"),
        ("untere Grenze", "obere Grenze"),
        ("Límite inferior", "Límite superior"),
        ("95%-KI untere Grenze", "95%-KI obere Grenze"),
        ("IC inférieur", "IC supérieur"),
        ("Untergrenze", "Obergrenze"),
    ],
)
def test_limits_are_known_in_other_languages(tmp_path, low, high):
    found = effects(tmp_path, f"Studie;OR;{low};{high}\nA;0,5;0,25;1,0\nB;0,6;0,3;1,2\n")
    assert (found.measure, found.columns["ci_low"], found.columns["ci_high"]) == ("OR", low, high)
    assert found.effects.yi == pytest.approx(np.log([0.5, 0.6]))
