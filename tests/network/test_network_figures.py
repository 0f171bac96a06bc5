"""Figures of networks: what they draw, and that no text lies over another, for 3 to 40 treatments."""

import numpy as np
import pandas as pd
import pytest

import meta
from meta import plots
from meta.errors import MetaError, NotEstimableError, quiet
from tests.network.networks import arms, senn


def forty():
    rng = np.random.default_rng(1)
    names = [f"Treatment number {i}" if i % 3 else f"Drug {i}" for i in range(40)]
    pairs = [(0, i) for i in range(1, 40)] + [sorted(rng.choice(40, 2, replace=False)) for _ in range(40)]
    rows = [(f"s{k}", names[a], names[b], rng.normal(0, 0.5), 0.3) for k, (a, b) in enumerate(pairs)]
    table = pd.DataFrame(rows, columns=["study", "treat1", "treat2", "yi", "sei"])
    return meta.pool_network(table, measure="MD", better="low")


def linde():
    with quiet():
        table = meta.datasets.load("linde2016")
        return meta.pool_network(table, measure="OR", reference="Placebo", better="high")


def three():
    table = arms(1).query("treatment in ['a', 'b', 'c']")
    return meta.pool_network(
        table[table.groupby("study")["mean"].transform("size") > 1], measure="MD", better="low"
    )


NETWORKS = {"3": three, "10": senn, "22": linde, "40": forty}


def corners(text, renderer):
    """The four corners of a text as it is drawn, turned or not."""
    from matplotlib.transforms import Affine2D

    angle = text.get_rotation()
    text.set_rotation(0)
    box = text.get_window_extent(renderer)
    text.set_rotation(angle)
    x, y = text.get_transform().transform(text.get_position())
    turn = Affine2D().rotate_deg_around(x, y, angle)
    return turn.transform([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])


def overlap(one, two):
    """Whether two rectangles overlap, by the axes that could separate them."""
    for shape in (one, two):
        for a, b in ((0, 1), (1, 2)):
            axis = shape[b] - shape[a]
            first, second = one @ axis, two @ axis
            slack = 0.5 * np.linalg.norm(axis)
            if first.max() < second.min() + slack or second.max() < first.min() + slack:
                return False
    return True


@pytest.mark.parametrize("size", NETWORKS)
def test_no_name_of_the_graph_lies_over_another_or_off_the_page(size):
    net = NETWORKS[size]()
    figure = plots.network(net, numbers=False)
    renderer = figure.figure.canvas.get_renderer()
    names = [text for text in figure.axes[0].texts if text.get_text()]
    assert len(names) == len(net.treatments)
    shapes = [corners(text, renderer) for text in names]
    page = figure.figure.bbox
    for i, shape in enumerate(shapes):
        assert shape.min() >= -1
        assert shape[:, 0].max() <= page.width + 1
        assert shape[:, 1].max() <= page.height + 1
        for j in range(i):
            assert not overlap(shape, shapes[j]), (names[i].get_text(), names[j].get_text())


@pytest.mark.parametrize("size", ["3", "10", "22"])
@pytest.mark.parametrize("name", ["league", "contributions", "net_heat"])
def test_cells_hold_their_texts(size, name):
    figure = getattr(plots, name)(NETWORKS[size]())
    axes = figure.axes[0]
    renderer = figure.figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
    labels = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    shown = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    for group in (boxes, shown):
        for i, box in enumerate(group):
            for other in group[:i]:
                assert not (box.x0 < other.x1 - 1 and other.x0 < box.x1 - 1 and box.y0 < other.y1 - 1
                            and other.y0 < box.y1 - 1)  # fmt: skip
    assert min(box.x0 for box in shown) >= 0
    assert max(box.y1 for box in shown) <= figure.figure.bbox.height


def test_the_graph_counts_trials():
    net = senn()
    table = plots.network(net).to_frame()
    assert table["trials"].sum() == 28
    assert len(table) == 15
    ordered = plots.network(net, order=list(net.treatments))
    assert "10 treatments and 26 trials" in ordered.alt_text
    with pytest.raises(MetaError, match="order must name each treatment"):
        plots.network(net, order=["plac"])


def test_a_forest_has_the_intervals_of_the_test():
    net = senn()
    rows = [row for row in meta.forest(net).rows if row.kind == "study"]
    assert [row.label for row in rows][:2] == ["rosi", "piog"]
    pair = net.contrast("rosi")
    assert (rows[0].low, rows[0].high) == pytest.approx((pair.ci_low, pair.ci_high))
    post = meta.bayes_network(
        meta.datasets.load("senn2013"), measure="MD", reference="plac", tau=meta.HalfNormal(0.5)
    )
    assert len([row for row in meta.forest(post).rows if row.kind == "study"]) == 9
    trials = [row.label for row in meta.forest(pair).rows if row.kind == "study"]
    assert len(trials) == 6


def test_a_side_split_shows_three_rows_for_each_comparison():
    figure = plots.side_split(senn())
    kinds = [row.kind for row in figure.rows]
    assert kinds.count("group") == kinds.count("subtotal") == 11
    assert kinds.count("study") == 22
    star = {"study": list("1234"), "treat1": list("aabb"), "treat2": list("cccc"), "sei": [0.1] * 4}
    net = meta.pool_network(star | {"yi": [0.1, 0.2, 0.4, 0.9]}, method="DL")
    with pytest.raises(NotEstimableError, match="not estimable"):
        plots.side_split(net)


def test_rankograms_show_what_the_table_says():
    net = senn()
    figure = plots.rankogram(net, draws=1000, seed=4)
    wanted = net.rank_probabilities(draws=1000, seed=4)
    np.testing.assert_allclose(figure.to_frame()["probability"], wanted.to_numpy().ravel())
    last = plots.rankogram(net, cumulative=True, draws=1000, seed=4).to_frame()
    np.testing.assert_allclose(last.loc[last["rank"] == 10, "probability"], 1)


def test_colours_of_the_league_favour_the_row():
    low = plots.league(senn()).alt_text
    assert "blue favours the row" in low
    assert "row against column in both triangles" in low
