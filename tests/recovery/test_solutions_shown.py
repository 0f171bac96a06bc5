"""Solutions tidy, print, compare and show themselves in a notebook as results do."""

import copy
import math
import pickle

import pytest

import meta
from meta.results.table_columns import TIDY

ROW = {"mean1": 32, "n1": 18, "mean2": 44, "n2": 17, "p": 0.04}
ROWS = {
    "study": ["A", "B", "C"],
    "mean1": [32, 31, None],
    "n1": [18, 20, 12],
    "mean2": [44, 40, None],
    "n2": [17, 21, 14],
    "p": [0.04, 0.03, None],
    "t": [None, None, -2.1],
}


def test_one_solution_has_the_common_table():
    found = meta.solve(**ROW, measure="SMD")
    row = found.tidy().iloc[0]
    assert tuple(found.tidy().columns) == (*TIDY, "tier")
    assert (row["estimate"], row["se"]) == (found.yi, found.sei)
    assert row["statistic"] == pytest.approx(-2.138, abs=5e-4)  # by hand: t(33) of p = .04
    assert (row["df"], row["p_value"]) == (33, 0.04)
    assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * 1.959964 * found.sei)


def test_a_bound_has_its_ends_and_no_estimate():
    found = meta.solve(n1=20, n2=20, p_below=0.05, direction=1, measure="SMD")
    row = found.tidy().iloc[0]
    assert found.kind == "bound"
    assert math.isnan(row["estimate"])
    assert (row["ci_low"], row["ci_high"]) == (found.low, found.high)


def test_rows_have_the_common_table():
    found = meta.solve(ROWS, measure="SMD", study="study")
    assert tuple(found.tidy().columns) == (*TIDY, "tier")
    assert found.tidy()["term"].tolist() == ["A", "B", "C"]
    alone = meta.solve(**ROW, measure="SMD")
    assert found.tidy()["ci_low"][0] == pytest.approx(alone.tidy()["ci_low"][0])


@pytest.mark.parametrize("given", [ROW, {"table": ROWS, "study": "study"}])
def test_solutions_compare_and_show_themselves(given):
    found, again = meta.solve(**given, measure="SMD"), meta.solve(**given, measure="SMD")
    assert found == again
    assert hash(found) == hash(again)
    assert found != meta.solve(**given, measure="MD")
    assert len(repr(found)) < 180
    assert str(found) == found.summary()
    assert found._repr_html_().startswith("<pre>")
    assert "tier" in found.summary()


def test_one_solution_is_pickled_and_rows_say_what_to_pickle():
    found = meta.solve(**ROW, measure="SMD")
    assert pickle.loads(pickle.dumps(found)) == found
    rows = meta.solve(ROWS, measure="SMD", study="study")
    with pytest.raises(TypeError, match=r"pickle \.frame"):
        pickle.dumps(rows)
    assert copy.copy(rows) == rows
