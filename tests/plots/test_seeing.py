"""Colours and contrast: for colour-blind readers and on every ground (meta.plots.themes).

Deficiencies are simulated with the matrices of Machado, Oliveira and Fernandes (2009, severity 1,
https://doi.org/10.1109/TVCG.2009.113), on linear RGB; differences are distances in CIELAB, of which about 2
can just be seen side by side.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

import meta
from meta.plots import THEMES, ClaimMark
from meta.plots.text_columns import SIGNS
from meta.plots.themes import DASHES, MARKERS, PALETTE, contrast, ink
from meta.plots.verdict_page import CONCLUSIONS
from tests.plots import hard_cases

DEFICIENCIES = {
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    x = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a, b, kind):
    matrix = np.array(DEFICIENCIES[kind])
    return float(np.linalg.norm(lab(matrix @ linear(a)) - lab(matrix @ linear(b))))


def test_the_simulation_confuses_what_deuteranopes_confuse():
    assert np.array(DEFICIENCIES["deuteranopia"]).sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    green, red = "#5B9A3C", "#B5763A"
    plain = float(np.linalg.norm(lab(linear(green)) - lab(linear(red))))
    assert apart(green, red, "deuteranopia") < 0.3 * plain


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_colours_of_lines_stay_apart(kind):
    for a, b in itertools.combinations(PALETTE, 2):
        assert apart(a, b, kind) > 15, (a, b)
    assert len(set(map(str, DASHES))) == len(set(MARKERS)) == len(PALETTE)


@pytest.mark.parametrize("name", ["default", "compact", "dark"])
@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_roles_stay_apart(name, kind):
    theme = THEMES[name]
    roles = (theme.study, theme.pooled, theme.prediction, theme.bound)
    assert min(apart(a, b, kind) for a, b in itertools.combinations(roles, 2)) > 9


@pytest.mark.parametrize("name", THEMES)
def test_every_role_has_a_shape_of_its_own(name):
    plot = meta.forest(meta.pool(hard_cases.trials(5)), theme=name)
    found = {a.get_gid(): a for a in plot.axes[0].get_children() if a.get_gid()}
    assert isinstance(found["study-1"], Line2D)
    assert found["study-1"].get_marker() == "s"
    assert type(found["pooled"]) is Polygon
    assert len(found["pooled"].get_xy()) == 5
    assert type(found["prediction"]) is Rectangle


@pytest.mark.parametrize("name", THEMES)
def test_text_contrast(name):
    """At least 4.5 to 1 for text and 3 to 1 for what is drawn (WCAG 2.1)."""
    theme = THEMES[name]
    for ground in (theme.background, theme.zebra):
        for color in (theme.text, theme.muted, theme.claim):
            assert contrast(color, ground) >= 4.5
        for color in (theme.study, theme.pooled_edge, theme.bound, theme.shrunken, theme.rule):
            assert contrast(color, ground) >= 3


def test_signs_can_be_read_on_their_colours():
    for _, color in (*SIGNS.values(), *CONCLUSIONS.values()):
        assert contrast(ink(color), color) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_stripes_are_faint(name):
    theme = THEMES[name]
    assert contrast(theme.zebra, theme.background) < 1.15


def test_the_region_of_the_claim_is_explained():
    es = hard_cases.trials(3)
    words = [p.text for p in meta.forest(es, claim=ClaimMark(-0.5, (-np.inf, -0.4))).layout.placed]
    assert "Shaded: effects at least as large as claimed." in words
    words = [p.text for p in meta.forest(es, claim=ClaimMark(-0.5)).layout.placed]
    assert not any("Shaded" in text for text in words)
