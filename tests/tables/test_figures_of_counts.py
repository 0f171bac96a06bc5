"""Counts by MH, Peto and GLMM: subgroups and forest plots (meta.pooling.count_subgroups, plots.count_rows).

Groups are compared with R's rma.mh on each of them (metafor 3.8).
"""

from dataclasses import replace

import numpy as np
import pytest

import meta
from meta.errors import InputError
from meta.plots.themes import THEMES

TABLE = {
    "study": list("ABCDE"),
    "events1": [4, 6, 3, 5, 2],
    "n1": [123, 306, 231, 100, 50],
    "events2": [11, 29, 11, 9, 3],
    "n2": [139, 303, 220, 101, 50],
    "g": list("xxyyz"),
}


def test_mantel_haenszel_by_group_is_that_of_each_group():
    found = meta.pool_counts(TABLE, measure="RR", method="MH", by="g")
    shown = {name: fit.backtransform() for name, fit in found.fits.items()}
    expected = {"x": (0.259, 0.131, 0.509), "y": (0.393, 0.177, 0.875), "z": (0.667, 0.116, 3.82)}
    for name, numbers in expected.items():
        back = shown[name]
        assert (back.estimate, back.ci_low, back.ci_high) == pytest.approx(numbers, abs=1e-3)
    assert found.overall.estimate == meta.pool_counts(TABLE, measure="RR", method="MH").estimate
    assert "RR" in str(found) or "risk ratio 0.259 [0.131, 0.509]" in str(found)
    y = np.array([fit.estimate for fit in found.fits.values()])
    w = np.array([fit.se**-2 for fit in found.fits.values()])
    assert found.q_between == pytest.approx(np.sum(w * y**2) - np.sum(w * y) ** 2 / w.sum())


@pytest.mark.parametrize("study", ["study", ["study", "g"], list("vwxyz"), np.array(list("vwxyz"))])
def test_labels_of_every_form_go_with_their_groups(study):
    found = meta.pool_counts(TABLE, measure="RR", method="MH", by="g", study=study)
    joined = (
        list("ABCDE")
        if isinstance(study, str)
        else [f"{a} {g}" for a, g in zip("ABCDE", "xxyyz", strict=True)]
    )
    expected = joined if isinstance(study, str) or "study" in list(study) else list("vwxyz")
    assert list(found.overall.effects.study) == expected
    assert [list(fit.effects.study) for fit in found.fits.values()] == [
        expected[:2],
        expected[2:4],
        expected[4:],
    ]


@pytest.mark.parametrize(
    ("measure", "method"), [("RR", "MH"), ("OR", "Peto"), ("OR", "GLMM"), ("OR", "MH"), ("RD", "MH")]
)
def test_every_method_has_a_forest_plot(measure, method):
    fit = meta.pool_counts(TABLE, measure=measure, method=method)
    plot = meta.forest(fit)
    rows = {row.label: row for row in plot.rows}
    assert [row.label for row in plot.rows if row.kind == "study"] == list("ABCDE")
    pooled = next(row for row in plot.rows if row.kind == "pooled")
    assert (pooled.estimate, pooled.low, pooled.high) == (fit.estimate, fit.ci_low, fit.ci_high)
    assert rows["A"].estimate == pytest.approx(fit.yi[0])
    if method != "GLMM":
        assert rows["A"].weight == pytest.approx(fit.weights[0])
    grouped = meta.forest(meta.pool_counts(TABLE, measure=measure, method=method, by=list("xxyyy")))
    assert sum(row.kind == "subtotal" for row in grouped.rows) == 2


def test_a_table_without_events_is_shown_as_not_estimable():
    table = TABLE | {"events1": [0, 6, 3, 5, 2], "events2": [0, 29, 11, 9, 3]}
    with pytest.warns(meta.errors.DataWarning):
        fit = meta.pool_counts(table, measure="RR", method="MH", by=None)
    assert next(row.shape for row in meta.forest(fit).rows if row.kind == "study") == "none"


def test_groups_must_be_there():
    with pytest.raises(InputError, match="by='h' is not a column"):
        meta.pool_counts(TABLE, measure="RR", by="h")
    with pytest.raises(InputError, match="at least two groups"):
        meta.pool_counts(TABLE, measure="RR", by=["x"] * 5)
    with pytest.raises(InputError, match="row 2 has none"):
        meta.pool_counts(TABLE, measure="RR", by=["x", None, "y", "y", "y"])


def test_figures_as_tiff_and_with_chosen_decimals(tmp_path):
    plot = meta.forest(meta.pool_counts(TABLE, measure="RR"), theme=replace(THEMES["default"], digits=1))
    for dpi in (300, 600):
        plot.save(tmp_path / "f.tiff", dpi=dpi)
        from PIL import Image

        with Image.open(tmp_path / "f.tiff") as image:
            assert round(float(image.info["dpi"][0])) == dpi
    with pytest.raises(InputError, match="digits must lie between 0 and 10"):
        meta.forest(meta.pool_counts(TABLE, measure="RR"), theme=replace(THEMES["default"], digits=11))


@pytest.mark.parametrize("method", ["MH", "Peto", "GLMM"])
@pytest.mark.parametrize("by", [None, "g"])
def test_columns_of_the_table_can_be_shown(tmp_path, method, by):
    """Risk of bias, years and the like beside counts that are pooled as they are, also after a saved fit."""
    table = {
        **TABLE,
        "g": list("xxyyy"),
        "year": [2001, 2002, 2003, 2004, 2005],
        "d1": ["+", "-", "?", "+", "+"],
    }
    fit = meta.pool_counts(table, measure="OR", method=method, by=by)
    shown = ["study", "year", "plot", "estimate", meta.plots.SymbolColumn("d1")]
    plot = meta.forest(fit, columns=shown)
    studies = {row.label: row.cells["year"] for row in plot.rows if row.kind == "study"}
    assert studies == dict(zip("ABCDE", table["year"], strict=True))
    if by is None:
        again = meta.load(fit.save(tmp_path / "fit.json"))
        assert again.effects.columns["d1"].tolist() == table["d1"]
        assert meta.forest(fit, columns=["study", "plot"], order="year").rows
