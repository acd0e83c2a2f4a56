"""Own the colours, fonts, sizes and number formats of every report and picture; nothing sets them elsewhere.

Pictures are drawn in the light colours. ``themed`` then swaps each colour of an SVG for its CSS variable, so that one
picture follows the page into dark mode and onto paper.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

FONT_STACK = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif'

NBSP = "\N{NO-BREAK SPACE}"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
DASH = "\N{EN DASH}"

# For pictures without a browser: fonts that know other scripts, where the machine has one of them.
OTHER_SCRIPTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei"),
    *("PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Malgun Gothic", "Arial Unicode MS"),
)

# Variable -> (light, dark). Sequential: cividis in six steps, little is light on white and dark on black.
PALETTE: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#14181d"),
    "ink": ("#1b1f24", "#e6e9ed"),
    "muted": ("#59616c", "#a4adb8"),
    "rule": ("#dcdfe4", "#333b45"),
    "road": ("#c2c7cd", "#4a525d"),
    "accent": ("#0072b2", "#5ab4e8"),  # Okabe-Ito blue
    "second": ("#d55e00", "#f0883e"),  # Okabe-Ito vermilion
    "third": ("#009e73", "#3cc79b"),  # Okabe-Ito green
    "level1": ("#f6dd3f", "#27477f"),
    "level2": ("#c8b866", "#46557c"),
    "level3": ("#948e77", "#666970"),
    "level4": ("#666970", "#948e77"),
    "level5": ("#35456c", "#c8b866"),
    "level6": ("#00224e", "#f6dd3f"),
    "less3": ("#08519c", "#9ecae1"),  # diverging: blue is less, orange more, in three steps each
    "less2": ("#4292c6", "#4292c6"),
    "less1": ("#9dc9e6", "#2b5f8a"),
    "more1": ("#fdb97d", "#8a4f1d"),
    "more2": ("#e6730f", "#e6730f"),
    "more3": ("#8f3a03", "#fdb97e"),
}
LIGHT = {name: light for name, (light, _) in PALETTE.items()}
LEVELS = tuple(LIGHT[f"level{step}"] for step in range(1, 7))
LESS = tuple(LIGHT[f"less{step}"] for step in range(1, 4))
MORE = tuple(LIGHT[f"more{step}"] for step in range(1, 4))
LEVEL_WIDTH_PT = (0.8, 1.3, 1.9, 2.6, 3.4, 4.4)

# Okabe-Ito, for categories: the same thing has the same colour in the whole report.
ROAD_CLASS_COLOUR = {
    "motorway": "#d55e00",
    "trunk": "#d55e00",
    "primary": "#0072b2",
    "secondary": "#009e73",
    "tertiary": "#cc79a7",
}
FAULT_COLOUR = "#f0e442"  # with a dark edge; no road has it
ROAD_CLASS_WIDTH_PT = {"motorway": 2.4, "trunk": 2.2, "primary": 2.0, "secondary": 1.6, "tertiary": 1.2}

# Drawing units: one point of the picture is one CSS pixel where it is shown at its own size (a phone).
FIGURE_WIDTH_PT = 400.0
TEXT_PT = 10.5
SMALL_PT = 9.0
LINE_PT = 1.6

RC: dict[Any, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.labelsize": TEXT_PT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LIGHT["rule"],
    "grid.linewidth": 0.7,
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "font.size": TEXT_PT,
    "font.family": "DejaVu Sans",  # measures the layout; the browser sets the text in FONT_STACK, which is narrower
    "lines.linewidth": LINE_PT,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "citytwin",
    "path.simplify": True,
    "text.parse_math": False,  # a street may be called "$2 Lane"
}


def raster_fonts() -> list[str]:
    """Font families for a picture whose letters are drawn here, each standing in for what the one before lacks."""
    from matplotlib.font_manager import fontManager

    return ["DejaVu Sans", *[name for name in OTHER_SCRIPTS if name in set(fontManager.get_font_names())]]


def can_draw(text: str, families: list[str]) -> bool:
    """Whether every letter of a text is in one of the fonts."""
    from matplotlib.font_manager import findfont, get_font

    fonts = [get_font(findfont(name)) for name in families]
    return all(any(font.get_char_index(ord(letter)) for font in fonts) for letter in text)


def css_variables() -> str:
    """The palette as CSS: light by default, dark where the reader's system is dark, light again in print."""
    light = " ".join(f"--{name}: {colours[0]};" for name, colours in PALETTE.items())
    dark = " ".join(f"--{name}: {colours[1]};" for name, colours in PALETTE.items())
    return (
        f":root {{ color-scheme: light dark; --font: {FONT_STACK}; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def themed(svg: str) -> str:
    """Replace the light colours of an SVG by their CSS variables."""
    names = {light: name for name, light in LIGHT.items()}
    return re.sub("|".join(names), lambda found: f"var(--{names[found.group()]})", svg)


def number(value: float, *, figures: int = 3) -> str:
    """A number with two or three significant figures and thin spaces between thousands.

    Examples
    --------
    >>> number(0.01234), number(12.345), number(98765.4).replace(THIN_SPACE, " ")
    ('0.0123', '12.3', '98 800')
    >>> number(float("nan"))
    '–'
    """
    if not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    places = figures - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(0, places)}f}".replace(",", THIN_SPACE)


def whole(value: float) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{round(value):,}".replace(",", THIN_SPACE) if math.isfinite(value) else DASH


def tick(value: float) -> str:
    """A round number beside an axis.

    Examples
    --------
    >>> tick(0.5), tick(10.0), tick(2500.0).replace(THIN_SPACE, " ")
    ('0.5', '10', '2 500')
    """
    return f"{value:,.10g}".replace(",", THIN_SPACE)


def minutes_seconds(seconds: float) -> str:
    """A duration for people.

    Examples
    --------
    >>> [minutes_seconds(s).replace(NBSP, " ") for s in (42, 463, 7200, 8040)]
    ['42 s', '7 min 43 s', '2 h', '2 h 14 min']
    """
    if not math.isfinite(seconds):
        return DASH
    total = round(abs(seconds))
    sign = "\N{MINUS SIGN}" if seconds < 0 and total else ""
    if total >= 3600:
        hours, minutes = divmod(round(total / 60), 60)
        return sign + (f"{hours}{NBSP}h {minutes}{NBSP}min" if minutes else f"{hours}{NBSP}h")
    minutes, rest = divmod(total, 60)
    parts = [f"{minutes}{NBSP}min"] if minutes else []
    if rest or not minutes:
        parts.append(f"{rest}{NBSP}s")
    return sign + " ".join(parts)


def percent(share: float) -> str:
    """A share (0..1) in percent: whole numbers, one decimal below 10 %, and never a rounded 0 or 100.

    Examples
    --------
    >>> [percent(s).replace(NBSP, " ") for s in (0, 0.0001, 0.034, 0.5, 0.9999, 1)]
    ['0 %', '< 0.1 %', '3.4 %', '50 %', '> 99 %', '100 %']
    """
    if not math.isfinite(share):
        return DASH
    value = 100 * share
    if value in {0.0, 100.0}:
        text = f"{value:.0f}"
    elif abs(value) < 0.1:
        text = f"<{NBSP}0.1"
    elif abs(value) < 9.95:
        text = f"{value:.1f}"
    elif 99 < value < 100:
        text = f">{NBSP}99"
    else:
        text = f"{value:.0f}"
    return f"{text}{NBSP}%"


def clock(start: dt.datetime, t_s: float) -> str:
    """Clock time as 07:15."""
    return (start + dt.timedelta(seconds=float(t_s))).strftime("%H:%M") if math.isfinite(t_s) else DASH


def count(number_of: float, one: str, many: str = "") -> str:
    """A count with its noun: ``1 vehicle``, ``21 vehicles``.

    Examples
    --------
    >>> count(1, "link"), count(3, "link"), count(0, "entry", "entries")
    ('1 link', '3 links', '0 entries')
    """
    return f"{whole(number_of)} {one if round(number_of) == 1 else many or one + 's'}"


def round_edges(values: list[float], steps: int = len(LEVELS)) -> list[float]:
    """Class edges that are round numbers (1, 2, 5 times a power of ten), fit for skewed positive values.

    Parameters
    ----------
    values
        What will be classed; only positive finite values count.
    steps
        Number of classes wanted; there is one edge fewer, and fewer still where the values span little.

    Examples
    --------
    >>> round_edges([3, 40, 180, 900, 1300])
    [50, 100, 200, 500, 1000]
    >>> round_edges([])
    []
    """
    positive = sorted(value for value in values if value > 0 and math.isfinite(value))
    if not positive:
        return []
    ladder = [m * 10.0**e for e in range(-4, 8) for m in (1, 2, 5)]
    top = max(edge for edge in ladder if edge < positive[-1])
    upper = ladder.index(top)
    edges = ladder[max(0, upper - steps + 2) : upper + 1]
    low = positive[0]
    kept = [edge for edge in edges if edge > low] or edges[-1:]
    return [int(edge) if edge >= 1 else float(f"{edge:.0e}") for edge in kept]


def plain(name: str) -> str:
    """A name with nothing but letters, digits and dashes."""
    return "".join(sign if sign.isalnum() else "-" for sign in name)
