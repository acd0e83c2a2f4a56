"""Turn a matplotlib figure into an SVG fit to stand inside a page: themed, small, described, without outside links."""

from __future__ import annotations

import io
import re
import warnings
from html import escape
from typing import TYPE_CHECKING

from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(height_pt: float, width_pt: float = style.FIGURE_WIDTH_PT) -> Figure:
    """An empty figure of the given size in points. Enter ``style.RC`` before drawing in it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_pt / 72, height_pt / 72))
    FigureCanvasAgg(figure)  # no window, whatever backend the person's notebook uses
    return figure


def _shorter(found: re.Match[str]) -> str:
    """A long path (the lines of a map) to a tenth of a point, without blanks that nobody needs."""
    parts = (part if part.isalpha() else f" {float(part):.1f}".removesuffix(".0") for part in found.group().split())
    text = "".join(parts)
    for command in "MLz":
        text = text.replace(f"{command} ", command)
    return text


def to_svg(figure: Figure, key: str, alt: str) -> str:
    """The figure as an ``<svg>`` element.

    Parameters
    ----------
    figure
        What to write.
    key
        Put before every id in it, so that several pictures can share a page.
    alt
        What the picture shows, for people who cannot see it.
    """
    file = io.StringIO()
    with warnings.catch_warnings():  # the browser has a font for every script; matplotlib only measures here
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(file, format="svg", dpi=200, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = file.getvalue()
    body = text[text.index("<svg") :]
    view_box = re.search(r'viewBox="([^"]*)"', body)
    inner = body[body.index(">") + 1 : body.rindex("</svg>")]
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, flags=re.DOTALL)
    inner = re.sub(r"<!--.*?-->\s*", "", inner, flags=re.DOTALL)  # matplotlib repeats every text as a comment
    inner = re.sub(r'(?<= d=")[^"]{4000,}', _shorter, inner)
    inner = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), inner)
    inner = re.sub(r"font: ([^;\"]*?)(\d[\d.]*)px [^;\"]*", r"font: \1\2px var(--font)", inner)
    inner = re.sub(r'\bid="', f'id="{key}-', inner)
    inner = re.sub(r"url\(#", f"url(#{key}-", inner)
    inner = re.sub(r'xlink:href="#', f'href="#{key}-', inner).replace("xlink:href", "href")
    inner = re.sub(r"\s*\n\s*", "\n", inner)
    box = view_box.group(1) if view_box else ""
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(alt)}">{style.themed(inner).strip()}</svg>'
