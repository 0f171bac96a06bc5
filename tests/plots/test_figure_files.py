"""Files that figures write (meta.plots.figure): same bytes, real text, words for those who cannot see."""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

import meta
import meta.plots as plots
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, UnknownOptionError

SVG = "{http://www.w3.org/2000/svg}"

SCRIPT = """
import sys, hashlib
import numpy as np
import meta
from meta.effects.effect_size_table import EffectSizes
rng = np.random.default_rng(3)
es = EffectSizes(rng.normal(0, 1, 5), rng.uniform(0.1, 0.5, 5), "SMD", list("ABCDE"))
for plot in (meta.forest(meta.pool(es, test="z")), meta.funnel(es)):
    print(*(hashlib.sha256(plot.render(form, dpi=80)).hexdigest() for form in ("svg", "pdf", "png")))
"""


def effects(k=4):
    rng = np.random.default_rng(3)
    return EffectSizes(
        rng.normal(0, 1, k), rng.uniform(0.1, 0.5, k), "SMD", [f"S & <{i}> $x_1$" for i in range(k)]
    )


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_same_input_gives_the_same_bytes(form):
    first, second = (meta.forest(effects()).render(form, dpi=80) for _ in range(2))
    assert first == second
    other = meta.forest(effects(5)).render(form, dpi=80)
    assert other != first


def test_same_bytes_in_another_process():
    runs = [
        subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].split()) == 6


def test_a_figure_can_be_written_twice():
    plot = meta.funnel(effects())
    assert plot.render("svg") == plot.render("svg")


def test_svg_has_a_role_a_title_a_description_ids_and_real_text():
    plot = meta.forest(effects(), title="Effects of A & B")
    root = ET.fromstring(plot.render("svg"))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Effects of A & B"
    assert root.find(f"{SVG}desc").text == plot.alt_text
    assert root.get("aria-labelledby").split() == [
        root.find(f"{SVG}{n}").get("id") for n in ("title", "desc")
    ]
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert {"study-1", "study-4", "study-1-interval", "null"} <= set(ids)
    assert len([i for i in ids if i == "study-1"]) == 1
    text = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert "S & <0> $x_1$" in text
    assert "date" not in plot.render("svg").decode().lower().split("<desc")[0]


def test_ids_are_unique():
    root = ET.fromstring(meta.forest(meta.pool(effects(6), test="z")).render("svg"))
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    repeated = {i for i in ids if ids.count(i) > 1}
    assert repeated == set()


def test_letters_can_be_outlined():
    svg = meta.forest(effects()).render("svg", outline=True).decode()
    assert "<text" not in svg


def test_save(tmp_path):
    plot = meta.forest(effects())
    for name in ("a.svg", "deep/er/b.pdf", "c.png", "d.eps"):
        path = plot.save(tmp_path / name, dpi=60)
        assert path.stat().st_size > 500
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "deep/er/b.pdf").read_bytes()[:4] == b"%PDF"
    with pytest.raises(InputError, match=r"must end in one of \.svg"):
        plot.save(tmp_path / "e.jpeg")
    with pytest.raises(UnknownOptionError, match="unknown format 'bmp'"):
        plot.render("bmp")


def test_notebook():
    plot = meta.forest(effects())
    assert plot._repr_svg_().lstrip().startswith("<?xml")
    assert plot._repr_png_()[:4] == b"\x89PNG"
    assert repr(plot).startswith("ForestPlot('Forest plot: standardised mean difference', ")


def test_pdf_says_what_it_shows():
    assert b"/Subject" in meta.forest(effects()).render("pdf")


def test_the_callers_settings_neither_matter_nor_change():
    plain = meta.forest(effects()).render("svg")
    with mpl.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path", "text.usetex": False}
    ):
        before = dict(mpl.rcParams)
        assert meta.forest(effects()).render("svg") == plain
        assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_speed():
    rng = np.random.default_rng(1)
    es = {
        k: EffectSizes(rng.normal(0, 1, k), rng.uniform(0.1, 0.5, k), "OR", [f"S{i}" for i in range(k)])
        for k in (13, 200)
    }
    meta.forest(es[13]).render("svg")
    for k, allowed in ((13, 0.5), (200, 2.0)):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            meta.forest(es[k]).render("svg")
            times.append(time.perf_counter() - start)
        assert min(times) < allowed


def test_every_public_name_exists():
    assert sorted(plots.__all__) == sorted(set(plots.__all__))
    for name in plots.__all__:
        assert getattr(plots, name) is not None
    assert meta.forest is plots.forest
    assert meta.funnel is plots.funnel
