"""What ordinary charts share: a canvas, an effect axis, and the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.display import display_of
from meta.effects.intake import as_effects
from meta.errors import InputError
from meta.plots.axis import Reading, make_axis, minus, reading
from meta.plots.figure import OWN, FigureResult, new_figure, style
from meta.plots.text_size import font, most_letters, shortened, width, wrap
from meta.plots.themes import Theme
from meta.results.abilities import EffectsOnly, EffectTable, KindsOfEffects, TestOfMean
from meta.tables.containers import is_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def canvas(size: tuple[float, float], theme: Theme, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Return a figure of so many inches with one pair of axes, or the axes given and their figure."""
    if ax is not None:
        dress(ax, theme)
        return ax.figure, ax  # type: ignore[return-value]
    figure = new_figure(*size, theme.background)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    axes = figure.add_subplot()
    dress(axes, theme)
    return figure, axes


def dress(axes: Axes, theme: Theme) -> None:
    """Give axes this package's look."""
    axes.set_facecolor("none")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=theme.rule, linewidth=0.8)
    axes.tick_params(colors=theme.text, labelsize=theme.small, length=3, width=0.8)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=theme.text, fontproperties=font(theme.font_size))


def words(axes: Axes, theme: Theme, *, x: str = "", y: str = "", title: str | None = None) -> None:
    """Name the axes and the chart; long names are broken into lines."""
    figure = axes.figure
    own = figure.get_gid() == OWN
    wide, tall = (side / figure.dpi for side in (figure.bbox.size if own else axes.bbox.size))
    room = wide - 1.0 if own else wide
    size = theme.font_size
    axes.set_xlabel(folded(x, room, size, 3), fontproperties=font(size), color=theme.text)
    axes.set_ylabel(
        folded(y, tall - 0.8 if own else tall, size, 3), fontproperties=font(size), color=theme.text
    )
    if title:
        text = folded(title, room, size + 1.5, 4, True)
        axes.set_title(text, fontproperties=font(size + 1.5, True), color=theme.text, loc="left")


def heading(figure: Figure, title: str | None, theme: Theme) -> None:
    """Name a figure of several panels."""
    if title:
        size = theme.font_size + 1.5
        text = folded(title, figure.get_size_inches()[0] - 0.3, size, 3, True)
        figure.suptitle(text, fontproperties=font(size, True), color=theme.text, x=0.02, ha="left")


def folded(text: str, limit: float, size: float, most: int, bold: bool = False) -> str:
    """Break a text into at most so many lines; what does not fit is cut short.

    >>> folded("one two three four", 0.8, 9.0, 9) == "\\n".join(wrap("one two three four", 0.8, 9.0))
    True
    """
    limit = max(limit, 0.8)
    lines = wrap(text[: (most + 1) * most_letters(limit, size)], limit, size, bold)
    if len(lines) > most:
        lines = (*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), limit, size, bold))
    return "\n".join(lines)


def legend(
    axes: Axes,
    theme: Theme,
    *,
    loc: str = "best",
    beside: bool = False,
    below: bool = False,
    width: float = 2.2,
) -> None:
    """Explain what is drawn, without a frame; ``beside`` or ``below`` the axes, where data are everywhere."""
    where: dict[str, Any] = {"loc": loc}
    if beside:
        where |= {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    if below:
        where |= {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2}
    handles, labels = axes.get_legend_handles_labels()
    box = axes.legend(
        handles,
        [folded(text, width, theme.small, 3) for text in labels],
        prop=font(theme.small),
        labelcolor=theme.text,
        frameon=True,
        facecolor=theme.background,
        framealpha=0.85,
        **where,
    )
    box.get_frame().set(edgecolor="none")
    for handle in box.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set(alpha=1.0)
            handle.set_sizes([22.0])


def effect_axis(
    axes: Axes,
    ends: tuple[float, float],
    how: Reading,
    theme: Theme,
    *,
    inches: float,
    vertical: bool = False,
) -> None:
    """Label a model-scale axis on the scale on which effects are read."""
    low, high = ends
    if axes.figure.get_gid() != OWN:
        # Inside another figure, whose layout may still take some of the axes for their labels.
        given = axes.bbox.height if vertical else axes.bbox.width
        inches = min(inches, 0.85 * given / axes.figure.dpi)

    def fits(positions: Sequence[float], labels: Sequence[str]) -> bool:
        places = [(x - low) / (high - low) * inches for x in positions]
        sizes = [0.2 if vertical else width(text, theme.small) for text in labels]
        pairs = zip(places, places[1:], sizes, sizes[1:], strict=False)
        return all(b - a > 0.5 * (u + v) + 0.1 for a, b, u, v in pairs)

    made = make_axis(low, high, how, fits)
    if vertical:
        axes.set_ylim(low, high)
        axes.set_yticks(made.ticks, made.labels)
    else:
        axes.set_xlim(low, high)
        axes.set_xticks(made.ticks, made.labels)


def spread(values: Any, *also: float | None, pad: float = 0.06) -> tuple[float, float]:
    """Return ends that hold all finite values, with some air.

    >>> spread([0.0, 1.0], 2.0, pad=0.5)
    (-1.0, 3.0)
    """
    extra = [x for x in also if x is not None]
    found = np.concatenate([np.ravel(np.asarray(values, dtype=float)), np.asarray(extra, dtype=float)])
    found = found[np.isfinite(found)]
    if found.size == 0:
        return -1.0, 1.0
    low, high = float(found.min()), float(found.max())
    if not high > low:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    return low - pad * (high - low), high + pad * (high - low)


def usual(values: Any, least: float = 0.0) -> tuple[float, float]:
    """Return the range in which values lie that are not extreme: 15 median deviations from the median.

    Of fewer than five values none is extreme; nor is what lies within ``least`` of the median.

    >>> usual([0.0, 0.1, 0.2, 0.3, 50.0])[1] < 2
    True
    """
    found = np.ravel(np.asarray(values, dtype=float))
    found = found[np.isfinite(found)]
    if found.size < 5:
        return -np.inf, np.inf
    middle = float(np.median(found))
    far = max(15.0 * float(np.median(np.abs(found - middle))), least)
    return (middle - far, middle + far) if far > 0 else (-np.inf, np.inf)


def reach(ends: tuple[float, float], values: Any, share: float = 0.75) -> tuple[float, float]:
    """Widen ends to hold values with some air, but by no more than a share of their distance on either side.

    >>> reach((0.0, 1.0), [0.5, 1.2]), reach((0.0, 1.0), [-9.0], share=0.5)
    ((0.0, 1.24), (-0.5, 1.0))
    """
    found = np.ravel(np.asarray(values, dtype=float))
    found = found[np.isfinite(found)]
    if found.size == 0:
        return ends
    room, air = share * (ends[1] - ends[0]), 0.04 * (ends[1] - ends[0])
    low, high = float(found.min()), float(found.max())
    return (
        max(low - air, ends[0] - room) if low < ends[0] else ends[0],
        min(high + air, ends[1] + room) if high > ends[1] else ends[1],
    )


def at_edge(axes: Axes, x: Any, y: Any, color: str) -> int:
    """Point out at the edge what lies beyond the axes; return how many points do."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inner = np.clip(x, min(left, right), max(left, right)), np.clip(y, min(bottom, top), max(bottom, top))
    turned = 1 if top > bottom else -1
    sides = {
        "left": (4, x < left),
        "right": (5, x > right),
        "bottom": (7, turned * (y - bottom) < 0),
        "top": (6, turned * (y - top) > 0),
    }
    gone = np.zeros(x.size, dtype=bool)
    for side, (marker, out) in sides.items():
        here = out & ~gone
        gone |= out
        if here.any():
            drawn = axes.plot(inner[0][here], inner[1][here], ls="none", marker=marker, ms=6, color=color)[0]
            drawn.set(clip_on=False, zorder=6, gid=f"beyond-{side}")
    return int(gone.sum())


def beyond_words(count: int) -> str:
    """Say how many points lie beyond the axes; nothing where none does."""
    if not count:
        return ""
    return f" {count} {'lies' if count == 1 else 'lie'} beyond the axes, marked at their edge."


def exact_rows(result: Any) -> Any:
    """Return the exactly known effects behind a result."""
    effects = getattr(result, "effects", result)
    if is_table(effects):
        effects = as_effects(effects)
    if not isinstance(effects, EffectTable):
        raise InputError(
            f"this figure cannot be drawn from {type(result).__name__}: give effect sizes or a fit of them"
        )
    if isinstance(effects, KindsOfEffects):
        effects = effects.subset(np.asarray(effects.kind == "exact"))
    if len(effects.yi) == 0:
        raise InputError("there is nothing to draw: no study has an exactly known effect")
    return effects


def center_of(result: Any) -> float | None:
    """Pooled estimate of a fit; None for effect sizes alone, and for a test that arrives at no mean."""
    if isinstance(result, TestOfMean):
        mean = result._of_mean()
        return None if mean is None else float(mean[0])
    estimate = getattr(result, "estimate", None)
    return None if estimate is None or np.size(estimate) != 1 else float(np.asarray(estimate).reshape(()))


def how_read(result: Any) -> Reading:
    """Return the scale on which the effects of a result are read."""
    effects = getattr(result, "effects", result)
    measure = str(getattr(effects, "measure", getattr(result, "measure", "GEN")))
    return reading(measure, size=display_of(effects).size if isinstance(effects, EffectsOnly) else None)


def how_tabulated(table: Any, measure: str) -> Reading:
    """Return the scale on which the numbers of a diagnostic table are read."""
    return reading(measure, size=getattr(table, "attrs", {}).get("size"))


def axis_name(how: Reading) -> str:
    """Name of an effect axis, with a capital."""
    return how.name[:1].upper() + how.name[1:]


def numbers(frame: Any, *names: str) -> list[np.ndarray]:
    """Columns of a table or mapping as arrays of numbers."""
    found = []
    for name in names:
        try:
            found.append(np.asarray(frame[name], dtype=float))
        except (KeyError, IndexError, TypeError):
            names = frame.columns if hasattr(frame, "columns") else frame
            offered = ", ".join(map(str, names))
            raise InputError(f"the table has no column {name!r}; it has: {offered}") from None
    return found


def finished(
    figure: Figure, axes: Axes | Sequence[Axes], title: str, alt_text: str, table: Mapping[str, Any]
) -> FigureResult:
    """Wrap a drawn figure; its layout is settled once, so that writing it does not move anything."""
    if figure.get_gid() == OWN and figure.get_layout_engine() is not None:
        with style():
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    several = tuple(axes) if isinstance(axes, Sequence) else (axes,)
    return FigureResult(figure=figure, axes=several, title=title, alt_text=alt_text, table=table)


def shown(x: float, digits: int = 2) -> str:
    """A number with a true minus sign."""
    from meta.formatting import number

    return minus(number(x, digits))
