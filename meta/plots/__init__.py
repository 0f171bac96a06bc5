"""Figures drawn from result objects.

Every function returns a figure that can save itself (SVG with real text, PDF, PNG), gives its numbers as a
table and its content in words, and shows itself in a notebook.
"""

from __future__ import annotations

from meta.plots.bubbles import bubble
from meta.plots.curves import compatibility, drapery, profile
from meta.plots.densities import posterior, prior_sensitivity
from meta.plots.dose_curves import dose_residuals, dose_response
from meta.plots.figure import FigureResult
from meta.plots.figure_rows import ClaimMark, Row, Table
from meta.plots.forest import ForestPlot, forest
from meta.plots.funnel import funnel
from meta.plots.joint_density import joint
from meta.plots.network_graph import network
from meta.plots.network_ranks import comparison_funnel, rankogram
from meta.plots.network_rows import side_split
from meta.plots.network_tables import contributions, league, net_heat
from meta.plots.normalised import normalisation
from meta.plots.orchards import caterpillar, orchard
from meta.plots.planning import planning
from meta.plots.residual_funnel import residual_funnel
from meta.plots.scatter import baujat, gosh, labbe, qq, radial
from meta.plots.specification_curve import specification
from meta.plots.text_columns import SymbolColumn, TextColumn
from meta.plots.themes import THEMES, Theme
from meta.plots.traces import cumulative, influence, tau_trace, weight_function
from meta.plots.verdict_page import verdicts

__all__ = [
    "THEMES",
    "ClaimMark",
    "FigureResult",
    "ForestPlot",
    "Row",
    "SymbolColumn",
    "Table",
    "TextColumn",
    "Theme",
    "baujat",
    "bubble",
    "caterpillar",
    "comparison_funnel",
    "compatibility",
    "contributions",
    "cumulative",
    "dose_residuals",
    "dose_response",
    "drapery",
    "forest",
    "funnel",
    "gosh",
    "influence",
    "joint",
    "labbe",
    "league",
    "net_heat",
    "network",
    "normalisation",
    "orchard",
    "planning",
    "posterior",
    "prior_sensitivity",
    "profile",
    "qq",
    "radial",
    "rankogram",
    "residual_funnel",
    "side_split",
    "specification",
    "tau_trace",
    "verdicts",
    "weight_function",
]


def __dir__() -> list[str]:
    return __all__
