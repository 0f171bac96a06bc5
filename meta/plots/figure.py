"""What every figure of this package can do: save itself, describe itself, and show itself in a notebook."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from meta.errors import InputError, unknown_option
from meta.keywords import keywords
from meta.plots.glyphs import FAMILY, drawable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

OWN = "meta-figure"
"""Id of figures that this package made, as opposed to those into which it draws."""

FORMATS = ("svg", "pdf", "png", "eps", "tiff", "tif")

_OWN = {
    "font.family": [FAMILY],
    "svg.fonttype": "none",
    "svg.hashsalt": "meta-verdict",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "savefig.bbox": None,
    "text.hinting": "none",
    "text.hinting_factor": 1,
    "path.simplify": True,
}


@cache
def _settings() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            name: value
            for name, value in mpl.rcParamsDefault.items()
            if not name.startswith(("backend", "interactive", "toolbar", "webagg", "date."))
        } | _OWN


@contextmanager
def style() -> Iterator[None]:
    """Draw and save with this package's settings whatever the caller's are, and leave those alone."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", mpl.MatplotlibDeprecationWarning)
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        mpl.rcParams.update(_settings())  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float, background: str = "white") -> Figure:
    """Make a figure of so many inches that no window and no global state knows of."""
    figure = Figure(figsize=(width, height), dpi=100, facecolor=background)
    figure.set_gid(OWN)
    FigureCanvasAgg(figure)
    return figure


def render(
    figure: Figure,
    form: str,
    *,
    title: str = "",
    description: str = "",
    dpi: float = 300,
    outline: bool = False,
) -> bytes:
    """Return the figure as bytes; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        What to write.
    form : {"svg", "pdf", "png", "eps", "tiff"}
        How.
    title, description : str
        Written into the file for screen readers and search.
    dpi : float
        Resolution of a PNG or TIFF.
    outline : bool
        Draw the letters of an SVG as shapes instead of editable text.
    """
    if form not in FORMATS:
        raise unknown_option("format", form, FORMATS)
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None},
        "pdf": {"CreationDate": None, "ModDate": None, "Title": title, "Subject": description},
        "png": {"Software": None, "Title": title, "Description": description},
        "eps": {"Title": title},
        "tiff": {},
    }
    form = "tiff" if form == "tif" else form
    packed: dict[str, Any] = {"pil_kwargs": {"compression": "tiff_lzw"}} if form == "tiff" else {}
    buffer = io.BytesIO()
    shapes = form != "svg" or outline
    with style(), drawable(figure) if shapes else nullcontext():
        if outline:
            mpl.rcParams["svg.fonttype"] = "path"
        figure.savefig(
            buffer,
            format=form,
            dpi=dpi,
            metadata=metadata[form] or None,
            **packed,
            facecolor=figure.get_facecolor(),
        )
    data = buffer.getvalue()
    return _accessible(data.decode(), title, description).encode() if form == "svg" else data


def _accessible(svg: str, title: str, description: str) -> str:
    """Give an SVG a role, a title and a description; and end lines without spaces."""
    opening = re.search(r"<svg[^>]*>", svg)
    assert opening is not None
    tag = opening.group(0)[:-1] + ' role="img" aria-labelledby="figure-title figure-description">'
    words = (
        f'\n <title id="figure-title">{html.escape(title or "Figure", quote=False)}</title>'
        f'\n <desc id="figure-description">{html.escape(description, quote=False)}</desc>'
    )
    return svg[: opening.start()] + tag + words + svg[opening.end() :]


@keywords
@dataclass(frozen=True, eq=False, repr=False)
class FigureResult:
    """A drawn figure.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure, open to any change.
    axes : tuple of matplotlib.axes.Axes
        Where the data are drawn.
    title : str
        What the file is called for a screen reader.
    alt_text : str
        The figure in words.
    table : mapping of str to sequence
        The numbers drawn, column by column.
    """

    figure: Figure
    axes: tuple[Axes, ...]
    title: str
    alt_text: str
    table: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        width, height = self.figure.get_size_inches()
        return f"{type(self).__name__}({self.title!r}, {width:.1f} x {height:.1f} in)"

    def save(self, path: str | Path, *, dpi: float = 300, outline: bool = False) -> Path:
        """Write the figure; the suffix says how (svg, pdf, png, eps or tiff).

        Parameters
        ----------
        path : str or Path
            Folders that do not exist are made.
        dpi : float
            Resolution of a PNG or TIFF.
        outline : bool
            Draw the letters of an SVG as shapes, so that it looks the same without the font.

        Returns
        -------
        Path
        """
        target = Path(path)
        form = target.suffix.lower().lstrip(".")
        if form not in FORMATS:
            raise InputError(
                f"path {str(path)!r} must end in one of {', '.join('.' + name for name in FORMATS)}, "
                "which says how the figure is written"
            )
        data = self.render(form, dpi=dpi, outline=outline)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def render(self, form: str = "svg", *, dpi: float = 300, outline: bool = False) -> bytes:
        """Return the bytes that :meth:`save` writes."""
        return render(
            self.figure, form, title=self.title, description=self.alt_text, dpi=dpi, outline=outline
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the numbers that are drawn, as a table."""
        import pandas as pd

        return pd.DataFrame({name: list(values) for name, values in self.table.items()})

    def _repr_svg_(self) -> str:
        return self.render("svg").decode()

    def _repr_png_(self) -> bytes:
        return self.render("png", dpi=150)
