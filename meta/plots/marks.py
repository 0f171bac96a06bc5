"""The marks of a forest plot's rows: intervals, squares, diamonds, bars, bands, half-eyes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from meta.plots.axis import Axis
from meta.plots.boxes import Band, Layout
from meta.plots.figure_rows import Row, each
from meta.plots.text_size import height
from meta.plots.themes import Theme

TIER_MARKERS = {"A": "s", "B": "o", "C": "D", "": "s"}


class RowPainter:
    """Draws rows into a panel whose x is the model scale and whose y are inches of the page."""

    layout: Layout
    theme: Theme
    scale: float
    panel: Axes

    def row(self, row: Row, band: Band) -> None:
        """Draw one row."""
        if not row.drawn:
            return
        if row.others:
            self._models(row, band)
            return
        if row.density is not None:
            self._density(row, band)
        if row.kind in ("pooled", "subtotal"):
            self._diamond(row, band)
        elif row.kind == "prediction":
            if row.marker != "none":
                self._bar(row, band)
        elif row.shape == "bound":
            self._bound(row, band)
        elif row.shape == "mixture":
            self._mixture(row, band)
        else:
            self._study(row, band)
        if row.shrunken is not None:
            self._shrunken(row, band)
        if row.fitted is not None:
            self._fitted(row, band)

    def _models(self, row: Row, band: Band) -> None:
        """Draw the same row under several models, each beside its line of numbers."""
        step = height(1, self.theme.font_size)
        lines = each([replace(row, others=()), *row.others])
        for place, one in enumerate(lines):
            middle = band.middle + (place - 0.5 * (len(lines) - 1)) * step
            self.row(one, Band(band.top, band.bottom, middle))

    def _visible(self, low: float, high: float) -> tuple[float, float]:
        axis = self.layout.axis
        return min(max(low, axis.low), axis.high), max(min(high, axis.high), axis.low)

    def _line(
        self, low: float, high: float, y: float, color: str, width: float, gid: str, **style: object
    ) -> None:
        """Draw an interval, with an arrow where it runs out of the panel."""
        start, end = self._visible(low, high)
        line = self.panel.plot(
            [start, end],
            [y, y],
            color=color,
            lw=width * self.scale,
            solid_capstyle="butt",
            zorder=3,
            **style,  # type: ignore[arg-type]
        )[0]
        line.set_gid(gid)
        self._arrows(low, high, y, color, gid)

    def _arrows(self, low: float, high: float, y: float, color: str, gid: str) -> None:
        axis: Axis = self.layout.axis
        for clipped, x, marker, side in zip(
            axis.clips(low, high), (axis.low, axis.high), (4, 5), ("left", "right"), strict=True
        ):
            if clipped:
                # Caret markers have their tip at the data point, so that the arrow stays inside the panel.
                tip = self.panel.plot(
                    [x],
                    [y],
                    marker=marker,
                    ms=4.5 * self.scale,
                    color=color,
                    mec="none",
                    ls="none",
                    zorder=4,
                    clip_on=False,
                )[0]
                tip.set_gid(f"{gid}-clipped-{side}")

    def _side(self, row: Row) -> float:
        """Side of a study's square in points: its area goes with its weight."""
        largest = min(0.62 * self.theme.row_height * 72, 11.0)
        share = row.size if math.isfinite(row.size) else 0.3
        return max(2.4, largest * math.sqrt(max(share, 0.0))) * self.scale

    def _study(self, row: Row, band: Band) -> None:
        color = row.color or self.theme.study
        if math.isfinite(row.low) and math.isfinite(row.high):
            self._line(row.low, row.high, band.middle, color, 1.1, f"{row.key}-interval")
        if not self.layout.axis.inside(row.estimate):
            return
        marker = row.marker or TIER_MARKERS.get(row.tier, "s")
        point = self.panel.plot(
            [row.estimate],
            [band.middle],
            marker=marker,
            ms=self._side(row),
            color=color,
            mec=self.theme.background,
            mew=0.4 * self.scale,
            ls="none",
            zorder=4,
        )[0]
        point.set_gid(row.key)

    def _bound(self, row: Row, band: Band) -> None:
        """A band between the bounds, closed by a stroke where it ends and by an arrow where it does not."""
        color = row.color or self.theme.bound
        axis, y = self.layout.axis, band.middle
        low, high = self._visible(row.low, row.high)
        tall = 0.34 * self.theme.row_height
        box = Rectangle(
            (low, y - 0.5 * tall), high - low, tall, facecolor=color, alpha=0.22, edgecolor="none", zorder=2.5
        )
        box.set_gid(row.key)
        self.panel.add_patch(box)
        self._line(
            max(row.low, axis.low - 1e9),
            min(row.high, axis.high + 1e9),
            y,
            color,
            1.0,
            f"{row.key}-interval",
            ls=(0, (2, 1.5)),
        )
        for end in (row.low, row.high):
            if math.isfinite(end) and axis.inside(end):
                self.panel.plot(
                    [end, end], [y - 0.75 * tall, y + 0.75 * tall], color=color, lw=1.6 * self.scale, zorder=4
                )

    def _mixture(self, row: Row, band: Band) -> None:
        """Every possible value as an open marker, joined by a thin dashed line."""
        color = row.color or self.theme.bound
        values = [x for x, _ in row.values]
        self._line(min(values), max(values), band.middle, color, 0.9, f"{row.key}-interval", ls=(0, (3, 2)))
        inside = [x for x in values if self.layout.axis.inside(x)]
        points = self.panel.plot(
            inside,
            [band.middle] * len(inside),
            marker="D",
            ms=min(4.6, 0.3 * self.theme.row_height * 72) * self.scale,
            mfc=self.theme.background,
            mec=color,
            mew=1.1 * self.scale,
            ls="none",
            zorder=4,
        )[0]
        points.set_gid(row.key)

    def _shrunken(self, row: Row, band: Band) -> None:
        """The study's own effect given all others: thick and short, below its raw interval."""
        middle, low, high = row.shrunken  # type: ignore[misc]
        y = band.middle + 0.27 * self.theme.row_height
        self._line(low, high, y, self.theme.shrunken, 2.4, f"{row.key}-shrunken-interval", alpha=0.55)
        if self.layout.axis.inside(middle):
            self.panel.plot(
                [middle],
                [y],
                marker="o",
                ms=3.0 * self.scale,
                mfc=self.theme.background,
                mec=self.theme.shrunken,
                mew=0.9 * self.scale,
                ls="none",
                zorder=5,
            )[0].set_gid(f"{row.key}-shrunken")

    def _fitted(self, row: Row, band: Band) -> None:
        """What the moderators predict for the study: a pale diamond behind its interval."""
        middle, low, high = row.fitted  # type: ignore[misc]
        y, half = band.middle, 0.34 * self.theme.row_height
        corners = [(low, y), (middle, y - half), (high, y), (middle, y + half)]
        shape = Polygon(
            corners, closed=True, facecolor=self.theme.prediction, alpha=0.45, edgecolor="none", zorder=2.6
        )
        shape.set_gid(f"{row.key}-fitted")
        self.panel.add_patch(shape)

    def _diamond(self, row: Row, band: Band) -> None:
        theme, y = self.theme, band.middle
        half = 0.36 * theme.row_height
        if math.isfinite(row.pi_low) and math.isfinite(row.pi_high) and not math.isnan(row.pi_low):
            self._line(row.pi_low, row.pi_high, y, theme.prediction, 1.6, f"{row.key}-prediction")
        low, high = (row.low, row.high) if math.isfinite(row.low + row.high) else (row.estimate, row.estimate)
        corners = [(low, y), (row.estimate, y - half), (high, y), (row.estimate, y + half)]
        diamond = Polygon(
            corners,
            closed=True,
            facecolor=row.color or theme.pooled,
            edgecolor=theme.pooled_edge,
            lw=0.9 * self.scale,
            zorder=4,
        )
        diamond.set_gid(row.key)
        self.panel.add_patch(diamond)
        self._arrows(low, high, y, theme.pooled_edge, row.key)

    def _bar(self, row: Row, band: Band) -> None:
        low, high = self._visible(row.low, row.high)
        tall = 0.30 * self.theme.row_height
        bar = Rectangle((low, band.middle - 0.5 * tall), high - low, tall)
        bar.set(
            facecolor=row.color or self.theme.prediction,
            edgecolor=self.theme.text,
            lw=0.6 * self.scale,
            zorder=3.5,
        )
        bar.set_gid(row.key)
        self.panel.add_patch(bar)
        self._arrows(row.low, row.high, band.middle, self.theme.text, row.key)

    def _density(self, row: Row, band: Band) -> None:
        """A half-eye: the density above the interval, the prior as a dotted line behind it."""
        assert row.density is not None
        x, d = row.density
        foot = band.middle - 0.38 * self.theme.row_height
        room = foot - band.top - 0.02
        peak = float(np.max(d))
        if not peak > 0:
            return
        color = row.color or (self.theme.prediction if row.kind == "prediction" else self.theme.pooled)
        inside = (x >= self.layout.axis.low) & (x <= self.layout.axis.high)
        top = foot - room * d / peak
        area = self.panel.fill_between(
            x[inside], foot, top[inside], color=color, alpha=0.45, lw=0, zorder=2.2
        )
        area.set_gid(f"{row.key}-density")
        self.panel.plot(x[inside], top[inside], color=color, lw=0.9 * self.scale, zorder=2.4)
        if row.prior is not None:
            px, pd_ = row.prior
            within = (px >= self.layout.axis.low) & (px <= self.layout.axis.high)
            self.panel.plot(
                px[within],
                foot - room * np.minimum(pd_[within] / peak, 1.0),
                color=self.theme.muted,
                lw=0.8 * self.scale,
                ls=(0, (1, 1.5)),
                zorder=2.3,
            )[0].set_gid(f"{row.key}-prior")
