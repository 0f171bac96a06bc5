"""Turning a measured page into artists."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.transforms import blended_transform_factory

from meta.plots.axis import Reading
from meta.plots.boxes import Band, Layout
from meta.plots.figure_rows import ClaimMark, Row
from meta.plots.marks import RowPainter
from meta.plots.text_columns import SIGNS, judgement
from meta.plots.text_size import font
from meta.plots.themes import Theme, ink


class Painter(RowPainter):
    """Draws one page, at its own size or shrunk into a part of another figure."""

    def __init__(
        self,
        figure: Figure,
        layout: Layout,
        rows: Sequence[Row],
        theme: Theme,
        how: Reading,
        *,
        origin: tuple[float, float] = (0.0, 0.0),
        scale: float = 1.0,
        page_size: tuple[float, float] | None = None,
    ) -> None:
        self.layout, self.rows, self.theme, self.how, self.scale = layout, rows, theme, how, scale
        self.used: dict[str, int] = {}
        width, height = page_size or (layout.width, layout.height)
        left, top, right, bottom = layout.panel
        self.page = self._axes(figure, (0, 0, layout.width, layout.height), origin, width, height, "page")
        self.page.set(xlim=(0, layout.width), ylim=(layout.height, 0))
        self.panel = self._axes(figure, (left, top, right, bottom), origin, width, height, "panel")
        self.panel.set(xlim=(layout.axis.low, layout.axis.high), ylim=(bottom, top))
        self.page.set_axis_off()

    def _unique(self, key: str) -> str | None:
        """The key the first time, then with a number: ids occur once in a file."""
        count = self.used[key] = self.used.get(key, 0) + 1
        return None if not key else key if count == 1 else f"{key}-{count}"

    def _axes(
        self,
        figure: Figure,
        box: tuple[float, float, float, float],
        origin: tuple[float, float],
        width: float,
        height: float,
        name: str,
    ) -> Axes:
        s = self.scale
        x0, y0, x1, y1 = (value * s for value in box)
        rect = (
            (origin[0] + x0) / width,
            1 - (origin[1] + y1) / height,
            (x1 - x0) / width,
            (y1 - y0) / height,
        )
        axes = figure.add_axes(rect, label=f"forest-{name}", facecolor="none")
        axes.set_gid(f"forest-{name}")
        return axes

    def all(self, *, claim: ClaimMark | None = None, guide: float | None = None, shade: bool = False) -> None:
        """Draw everything."""
        self.stripes()
        self.words()
        self.signs()
        self.backdrop(claim, guide, shade)
        for row, band in zip(self.rows, self.layout.bands, strict=True):
            self.row(row, band)
        self.ticks()

    def _striped(self) -> list[Band]:
        """Every second study of a group."""
        found: list[Band] = []
        odd = False
        for row, band in zip(self.rows, self.layout.bands, strict=True):
            if row.kind == "study" and odd and self.theme.stripes:
                found.append(band)
            odd = row.kind == "study" and not odd
        return found

    def _row_color(self, y: float) -> str:
        inside = any(band.top <= y <= band.bottom for band in self._striped())
        return self.theme.zebra if inside else self.theme.background

    def stripes(self) -> None:
        """Tint every second study, and draw the rules."""
        for band in self._striped():
            box = Rectangle((0.04, band.top), self.layout.width - 0.08, band.bottom - band.top)
            box.set(facecolor=self.theme.zebra, edgecolor="none", zorder=0)
            self.page.add_patch(box)
        for x0, x1, y in self.layout.rules:
            self.page.plot(
                [x0, x1], [y, y], color=self.theme.rule, lw=0.7 * self.scale, solid_capstyle="butt", zorder=1
            )

    def words(self) -> None:
        """Write all text outside the panel."""
        colors = {
            "text": self.theme.text,
            "muted": self.theme.muted,
            "claim": self.theme.claim,
            "reason": self.theme.muted,
        }
        for item in self.layout.placed:
            axes = self.page
            if item.role == "reason":
                # Above the vertical lines of the panel, on the colour of its row.
                axes = self.panel
                left, _, right, _ = item.box
                half = 0.5 * 1.28 * item.size / 72
                self.panel.add_patch(
                    Rectangle(
                        (left - 0.04, item.y - half),
                        right - left + 0.08,
                        2 * half,
                        facecolor=self._row_color(item.y),
                        edgecolor="none",
                        transform=self.page.transData,
                        zorder=5,
                    )
                )
            text = axes.text(
                item.x,
                item.y,
                item.text,
                ha=item.align,
                va="center_baseline",
                color=colors.get(item.role, item.role),
                fontproperties=font(item.size * self.scale, item.bold, item.italic),
                parse_math=False,
                transform=self.page.transData,
                zorder=6,
            )
            text.set_gid(self._unique(item.key))

    def signs(self) -> None:
        """Draw judgements: a colour and a sign."""
        for symbol in self.layout.symbols:
            name = judgement(symbol.value)
            if name is None:
                continue
            sign, color = SIGNS[name]
            self.page.add_patch(
                Circle((symbol.x, symbol.y), symbol.radius, facecolor=color, edgecolor="none", zorder=3)
            )
            self.page.text(
                symbol.x,
                symbol.y,
                sign,
                ha="center",
                va="center_baseline",
                color=ink(color),
                fontproperties=font(max(6.0, 100 * symbol.radius) * self.scale, True),
                parse_math=False,
                zorder=6,
            )

    def backdrop(self, claim: ClaimMark | None, guide: float | None, shade: bool) -> None:
        """Draw what lies behind the rows: no effect, the pooled effect, the claim."""
        axis, panel, s = self.layout.axis, self.panel, self.scale
        if claim is not None:
            if claim.region is not None:
                low, high = max(claim.region[0], axis.low), min(claim.region[1], axis.high)
                if high > low:
                    panel.axvspan(low, high, color=self.theme.band, alpha=0.14, lw=0, zorder=0.5).set_gid(
                        "claim-region"
                    )
            if axis.inside(claim.value):
                line = panel.axvline(
                    claim.value, color=self.theme.claim, lw=1.2 * s, ls=(0, (6, 1.5, 1.5, 1.5)), zorder=1.5
                )
                line.set_gid("claim")
        if shade:
            for row in self.rows:
                if row.kind == "pooled" and math.isfinite(row.pi_low):
                    span = panel.axvspan(
                        max(row.pi_low, axis.low),
                        min(row.pi_high, axis.high),
                        color=self.theme.prediction,
                        alpha=0.15,
                        lw=0,
                        zorder=0.4,
                    )
                    span.set_gid("prediction")
        if self.how.null is not None and axis.inside(self.how.null):
            panel.axvline(self.how.null, color=self.theme.text, lw=0.8 * s, zorder=1).set_gid("null")
        if guide is not None and axis.inside(guide):
            line = panel.axvline(
                guide, color=self.theme.pooled_edge, lw=0.8 * s, ls=(0, (3, 2.5)), zorder=1.2
            )
            line.set_gid("pooled-guide")

    def ticks(self) -> None:
        """Draw the axis below the panel."""
        panel, axis, s = self.panel, self.layout.axis, self.scale
        for side in ("left", "right", "top"):
            panel.spines[side].set_visible(False)
        panel.spines["bottom"].set(color=self.theme.text, linewidth=0.8 * s)
        panel.set_yticks([])
        panel.set_xticks(axis.ticks)
        panel.set_xticklabels([])
        panel.tick_params(axis="x", length=3 * s, width=0.8 * s, color=self.theme.text, pad=0)
        # Labels are placed by hand, so that the page knows their height at any scale.
        where = blended_transform_factory(panel.transData, self.page.transData)
        y = self.layout.panel[3] + 0.06 + 0.5 * 1.28 * self.layout.axis_size / 72
        for x, text in zip(axis.ticks, axis.labels, strict=True):
            panel.text(
                x,
                y,
                text,
                ha="center",
                va="center_baseline",
                color=self.theme.text,
                transform=where,
                fontproperties=font(self.layout.axis_size * s),
                parse_math=False,
            ).set_gid(self._unique("tick-label"))
