"""The forest plot: ``meta.forest``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from meta.arguments import check_arguments
from meta.effects.intake import data_of
from meta.errors import InputError, Notes, OptionWarning, unknown_option
from meta.formatting import listing
from meta.keywords import keywords
from meta.plots.axis import Reading, limits, reading
from meta.plots.boxes import Layout
from meta.plots.common_scale import mean_of, on_one_scale
from meta.plots.draw import Painter
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.figure_rows import ClaimMark, Row, Table, each, table_of
from meta.plots.layout import page
from meta.plots.model_rows import dressed, key_of
from meta.plots.rows_of_results import PREDICTIONS, flatten, rows_from
from meta.plots.text_columns import Words, choose_columns, decimals
from meta.plots.themes import THEMES, Theme, as_theme
from meta.results.abilities import OfTreatments

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ClaimMark", "ForestPlot", "forest"]

MANY = 60


def _headed(look: Theme, result: Any) -> Theme:
    """The theme, its first column headed by what the rows of a network are compared with."""
    if look.study_header == as_theme("default").study_header and isinstance(result, OfTreatments):
        return replace(look, study_header=f"Against {result.reference}")
    return look


@keywords
@dataclass(frozen=True, eq=False, repr=False)
class ForestPlot(FigureResult):
    """A forest plot.

    Attributes
    ----------
    rows : tuple of Row
        What was drawn, from top to bottom.
    layout : Layout
        Where, in inches from the top left corner.
    """

    rows: tuple[Row, ...] = ()
    layout: Layout | None = None


@keywords
def forest(
    result: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    columns: Sequence[Any] | None = None,
    scale: str | None = None,
    order: Any = None,
    by: Any = None,
    prediction: str | None = "bar",
    null: float | None = None,
    xlim: tuple[float, float] | None = None,
    labels: tuple[str, str] | None = None,
    theme: str | Theme = "default",
    claim: ClaimMark | None = None,
    pooled: Any = (),
    title: str | None = None,
    notes: Sequence[str] | str = (),
    ax: Axes | None = None,
) -> ForestPlot:
    """Draw a forest plot.

    Effects are placed on the model scale and labelled on the scale on which they are read. A study whose
    effect is only bounded is drawn as a band with an arrow at its open end; where one of several values is
    possible, all are shown; what is not estimable is listed as such.

    Parameters
    ----------
    result : object
        Effect sizes, a fit, a posterior, subgroups, or a table with ``estimate``, ``ci_low`` and ``ci_high``
        (leave-one-out, cumulative); or anything with ``forest_rows()``. A mapping of names to such results
        draws them side by side, studies with the same label in one row; of a posterior, each study's own
        effect given all.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    columns : sequence, optional
        Names ("study", "tier", "estimate", "weight", "reason", any column of the data), columns
        (:class:`~meta.plots.text_columns.TextColumn`, :class:`~meta.plots.text_columns.SymbolColumn`) or
        functions of a row; "plot" stands for the panel.
    scale : str, optional
        Key of :data:`meta.effects.scales.SCALES` for the labels, instead of the measure's own.
    order : str, callable or sequence of int, optional
        "effect", "precision", "study" or a column, with "-" before it for descending.
    by : str or array, optional
        Headings from a column; for subtotals, give a subgroup analysis as ``result``.
    prediction : {"bar", "line", "dist", "shade", None}
        How prediction intervals are drawn.
    null : float, optional
        No effect, on the model scale.
    xlim : (float, float), optional
        Ends of the axis, as it is labelled.
    labels : (str, str), optional
        What lies left and right of no effect ("Favours treatment", "Favours control").
    theme : str or Theme
        "default", "revman", "jama", "bmj", "compact" or "dark"; a Theme also says how many digits are shown.
    claim : ClaimMark, optional
        A claimed value, and the region of effects at least as large.
    pooled : object or sequence, optional
        Further fits, each shown as a summary row; a posterior as a half-eye.
    title : str, optional
        Printed above.
    notes : str or sequence of str
        Printed below.
    ax : Axes, optional
        Draw inside these axes, shrunk to fit, instead of on a page of its own.

    Returns
    -------
    ForestPlot

    References
    ----------
    Lewis S, Clarke M (2001). BMJ 322:1479-1480. https://doi.org/10.1136/bmj.322.7300.1479

    Examples
    --------
    >>> from meta import EffectSizes
    >>> es = EffectSizes(yi=[-0.9, -0.2, 0.1], vi=[0.3, 0.04, 0.1], measure="RR", study=["A", "B", "C"])
    >>> plot = forest(es, labels=("Fewer events", "More events"))
    >>> [row.label for row in plot.rows], plot.layout.axis.labels
    (['A', 'B', 'C'], ('0.2', '0.5', '1', '2'))
    >>> print(plot.alt_text)
    Forest plot of 3 studies (risk ratio). Estimates range from 0.41 to 1.11.
    """
    check_arguments(forest, locals())
    named = (yi, vi, sei, study, measure)
    if result is None or any(item is not None for item in named):  # else a table may hold intervals or fits
        result = data_of(result, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    look = _headed(as_theme(theme), result)
    shown = "none" if prediction is None else prediction
    if shown not in PREDICTIONS:
        raise unknown_option("prediction", prediction, PREDICTIONS)
    table = rows_from(
        result,
        pooled=flatten(pooled),
        order=order,
        by=by,
        prediction=shown,
        show_test=look.show_test,
        show_tau2=look.show_tau2,
        leading_zero=look.leading_zero,
    )
    if shown not in ("bar", "none") and not any(map(_predicts, table.rows)):
        Notes().warn(
            f"prediction={shown!r} has no effect, because no row has a prediction interval", OptionWarning
        )
    look = _crowded(look, table)
    table = dressed(table, look)
    how = reading(table.measure, scale=scale, null=null, size=mean_of(table.rows))
    numbers = table_of(table.rows, table.models)
    table, cut = on_one_scale(table) if scale is None else (table, "")
    if look.digits is not None and not 0 <= look.digits <= 10:
        raise InputError(f"digits must lie between 0 and 10, not {look.digits}")
    words = Words(how, look, decimals(table.rows, how) if look.digits is None else look.digits)
    left, right = choose_columns(columns, table, words, look)
    below = [notes] if isinstance(notes, str) else list(notes)
    ends = limits(table.rows, how, claim=claim, xlim=xlim)

    def measured(with_theme: Theme) -> Layout:
        return page(
            table.rows,
            left,
            right,
            with_theme,
            how,
            ends,
            title=title,
            notes=[*_legend(table, claim), *filter(None, [cut]), *below],
            labels=labels,
            claim=claim,
            axis_label=how.name[:1].upper() + how.name[1:],
            models=key_of(table, look),
        )

    with style():
        layout = measured(look)
        if look.page_width is not None:
            look, layout = _narrowed(look, layout, measured)
    plot = _draw(layout, table, replace(words, theme=look), claim, shown, title, ax)
    return replace(plot, table=numbers, alt_text=f"{plot.alt_text} {cut}".rstrip())


def _predicts(row: Row) -> bool:
    return row.kind == "prediction" or math.isfinite(row.pi_low)


def _narrowed(look: Theme, layout: Layout, measured: Callable[[Theme], Layout]) -> tuple[Theme, Layout]:
    """Bring a page down to its theme's width: panel, then type, then labels, then the panel again."""
    limit = look.page_width or layout.width
    least = (("panel_width", 1.6), ("font_size", 7.0), ("label_width", 1.0), ("panel_width", 0.9))
    for name, smallest in least:
        excess = layout.width - limit
        now = getattr(look, name)
        if excess <= 1e-9 or now <= smallest:
            continue
        to = smallest if name == "font_size" else max(smallest, now - excess)
        changes: dict[str, float] = {name: to}
        if name == "font_size":
            changes["row_height"] = min(look.row_height, 0.165)
        look = replace(look, **changes)  # type: ignore[arg-type]
        layout = measured(look)
    return look, layout


def _draw(
    layout: Layout,
    table: Table,
    words: Words,
    claim: ClaimMark | None,
    prediction: str,
    title: str | None,
    ax: Axes | None,
) -> ForestPlot:
    look, how = words.theme, words.how
    with style():
        if ax is None:
            figure = new_figure(layout.width, layout.height, look.background)
            painter = Painter(figure, layout, table.rows, look, how)
        else:
            painter = _embedded(ax, layout, table, words)
            figure = painter.page.figure  # type: ignore[assignment]
        pooled = [row.estimate for row in table.rows if row.kind == "pooled" and row.drawn]
        guide = pooled[0] if pooled and not table.models else None
        painter.all(claim=claim, guide=guide, shade=prediction == "shade")
    return ForestPlot(
        figure=figure,
        axes=(painter.panel,),
        title=title or f"Forest plot: {how.name}",
        alt_text=describe(table, words, layout, claim),
        table={},
        rows=table.rows,
        layout=layout,
    )


def _embedded(ax: Axes, layout: Layout, table: Table, words: Words) -> Painter:
    """A painter that stays inside another figure's axes."""
    figure = ax.figure
    ax.set_axis_off()
    width, height = figure.bbox.width / figure.dpi, figure.bbox.height / figure.dpi
    box = ax.get_position()
    scale = min(1.0, box.width * width / layout.width, box.height * height / layout.height)
    spare = box.width * width - scale * layout.width
    origin = (box.x0 * width + 0.5 * spare, (1 - box.y1) * height)
    return Painter(
        figure,  # type: ignore[arg-type]
        layout,
        table.rows,
        words.theme,
        words.how,
        origin=origin,
        scale=scale,
        page_size=(width, height),
    )


def _crowded(look: Theme, table: Table) -> Theme:
    """Smaller type and closer rows where there are many, unless the theme is small already."""
    studies = sum(row.kind == "study" for row in table.rows)
    if any(row.shrunken for row in table.rows):
        look = replace(look, row_height=1.25 * look.row_height)
    if studies <= MANY or look.font_size <= 7.5:
        return look
    small = THEMES["compact"]
    return replace(
        look, font_size=small.font_size, row_height=small.row_height, label_width=small.label_width
    )


def _legend(table: Table, claim: ClaimMark | None) -> list[str]:
    """Explain what is drawn but does not explain itself."""
    shapes = {row.shape for row in table.rows if row.kind == "study"}
    tiers = {row.tier for row in table.rows if row.tier}
    lines = []
    if tiers:
        words = {
            "A": "A (square) computed from what was reported",
            "B": "B (circle) rests on a stated assumption",
            "C": "C only bounds or possible values are known",
            "D": "D not estimable",
        }
        lines.append("Tiers: " + "; ".join(text for tier, text in words.items() if tier in tiers) + ".")
    if "bound" in shapes:
        lines.append("Band with strokes: bounds on the effect; an arrow where it is open or leaves the axis.")
    if "mixture" in shapes:
        lines.append("Open diamonds: the effect is one of these values.")
    if any(row.shrunken for row in table.rows):
        lines.append("Thick line below a study: its own effect given all studies (posterior mean, 95% CrI).")
    if any(row.fitted for row in table.rows):
        lines.append("Pale diamonds: what the moderators predict for the study.")
    if any(row.prior is not None for row in table.rows):
        lines.append("Dotted: prior of the mean effect.")
    if claim is not None and claim.region is not None:
        lines.append("Shaded: effects at least as large as claimed.")
    return [" ".join(lines)] if lines else []


def describe(table: Table, words: Words, layout: Layout, claim: ClaimMark | None) -> str:
    """Put the plot into words."""
    studies = [row for row in table.rows if row.kind == "study"]
    exact = [r for r in each(studies) if r.shape == "exact" and math.isfinite(r.estimate)]
    how: Reading = words.how
    noun = "study" if len(studies) == 1 else "studies"
    text = [f"Forest plot of {len(studies)} {noun} ({how.name})."]
    if table.models:
        text.append(f"In each row: {listing(table.models)}.")
    for row in table.rows:
        if row.kind in ("pooled", "prediction") and row.drawn:
            low, high = words.interval(row.low, row.high)
            level = f"{100 * row.level:g}%"
            if row.kind == "pooled":
                text.append(f"{row.label}: {words.value(row.estimate)} ({level} interval {low} to {high}).")
            else:
                text.append(f"{row.label}: {low} to {high}.")
    if exact:
        low, high = words.interval(min(r.estimate for r in exact), max(r.estimate for r in exact))
        one = len(exact) == 1
        text.append(f"The estimate is {low}." if one else f"Estimates range from {low} to {high}.")
    others = {shape: sum(row.shape == shape for row in studies) for shape in ("bound", "mixture", "none")}
    named = {"bound": "known only within bounds", "mixture": "one of several values", "none": "not estimable"}
    parts = [f"{count} {named[shape]}" for shape, count in others.items() if count]
    if parts:
        text.append(f"{listing(parts).capitalize()}.")
    clipped = sum(any(layout.axis.clips(r.low, r.high)) for r in exact if math.isfinite(r.low + r.high))
    if clipped:
        text.append(f"{clipped} {'interval reaches' if clipped == 1 else 'intervals reach'} beyond the axis.")
    if claim is not None:
        text.append(f"Claimed value: {words.value(claim.value)}.")
    return " ".join(text)
