"""Draw where a plan changes what on the streets: maps of differences with what chance could do in grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from . import streets_map, style
from .comparison_words import rows_of
from .figures import Picture
from .svg import to_svg

if TYPE_CHECKING:
    from ...scenarios.network import RoadNetwork
    from ..compare.comparison import Comparison

Item = TypeVar("Item")

STEPS = 3  # of colour to each side
WIDTHS_PT = (1.1, 2.4, 3.8)
NAMED = 30
NEW = 1.8, (0, (3.2, 1.4))  # width, pt, and dashes of streets that only the variant has
GONE = 1.6, (0, (0.6, 1.9))  # and only the base


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a map shows."""

    key: str
    name: str  # in the table of links
    words: str  # as a title begins
    unit: str  # as people read it
    note: str


FLOW = Quantity(
    "flow", "flow", "Traffic", "vehicles an hour", "Vehicles an hour that enter the link, mean over the run."
)
DELAY = Quantity(
    "delay",
    "time lost",
    "Time lost",
    "vehicle-minutes an hour",
    "Minutes lost by all vehicles together, per hour of the run.",
)
SPEED = Quantity("speed", "mean speed", "Speed", "km/h", "Mean speed from stop line to stop line, waiting included.")


def difference_map(comparison: Comparison, variant: str, quantity: Quantity) -> Picture:
    """Where a quantity grew and where it shrank; links where chance could have done that are grey."""
    import matplotlib as mpl

    from ..network_facts import drawn_lines

    network = comparison.plans[0].network
    links = rows_of(comparison.differences.links, variant)
    links = links[(links["quantity"] == quantity.name) & (links["only_in"] == "")].set_index("link")
    found = links["difference"].where(links["found"])  # NaN where chance could have done it
    values = found.reindex(comparison.links_of(variant).street_of(network)).to_numpy(dtype=float)
    edges = edges_of(values)
    key = f"{quantity.key}-{variant}"
    title = _map_title(network, values, quantity)
    with mpl.rc_context(style.RC):
        new, gone = changed_lines(comparison, variant)
        lines = drawn_lines(network)
        frame = streets_map.map_frame([*lines, *new])
        lines = streets_map.simplified(lines, 0.3 * frame.m_per_pt)
        _draw_map(frame, lines, network, values, edges)
        draw_changed_streets(frame, new, gone)
        draw_legend(frame, quantity.unit, edges)
        _name_streets(frame, lines, network, values)
        streets_map.draw_footer(frame, network.attribution)
        note = f"{quantity.note} Variant minus base; grey: not distinguishable from chance (all links tested together)."
        note += changed_words(new, gone)
        return Picture(key, title, note, to_svg(frame.figure, key, title))


def changed_lines(comparison: Comparison, variant: str) -> tuple[streets_map.Lines, streets_map.Lines]:
    """Roads that only the variant has, and those that only the base has: of two directions one line."""
    match = comparison.links_of(variant)
    return _lines_of(comparison.plan_of(variant).network, match.new), _lines_of(comparison.plans[0].network, match.gone)


def _lines_of(network: RoadNetwork, rows: NDArray[np.int64]) -> streets_map.Lines:
    from ..network_facts import drawn_lines

    if not rows.size:
        return []
    lines, twin, all_rows = drawn_lines(network), network.links.twin, set(rows.tolist())
    return [lines[row] for row in rows.tolist() if not (twin[row] in all_rows and twin[row] < row)]


def draw_changed_streets(frame: streets_map.MapFrame, new: streets_map.Lines, gone: streets_map.Lines) -> None:
    """New streets dashed, those that are gone dotted, above all others, and what that means."""
    shown = [(words, lines, *look) for words, lines, look in (("gone", gone, GONE), ("new", new, NEW)) if len(lines)]
    x, y = frame.width_pt - streets_map.MARGIN_PT - 116, frame.footer_pt - 38
    for row, (words, lines, width_pt, dashes) in enumerate(shown):
        order = 5.0 + row
        streets_map.draw_lines(
            frame, lines, colours=style.LIGHT["paper"], width_pt=[width_pt + 1.2] * len(lines), order=order
        )
        streets_map.draw_lines(
            frame,
            lines,
            colours=style.LIGHT["ink"],
            width_pt=[width_pt] * len(lines),
            order=order + 0.5,
            dashes=dashes,
        )
        at = x + 58 * row
        frame.footer.plot([at, at + 22], [y, y], color=style.LIGHT["ink"], lw=width_pt, ls=dashes)
        frame.footer.text(at + 26, y - 3, words, fontsize=style.SMALL_PT)


def changed_words(new: streets_map.Lines, gone: streets_map.Lines) -> str:
    """What dashes and dots mean, for the note below a map; "" where the streets are the same."""
    said = [" Dashed: new roads."] if len(new) else []
    said += [" Dotted: roads that are gone."] if len(gone) else []
    return "".join(said)


def edges_of(values: NDArray[np.float64]) -> list[float]:
    """Round edges between the steps of colour, the same to both sides."""
    sizes = np.abs(values[np.isfinite(values)])
    return style.round_edges(sizes[sizes > 0].tolist(), STEPS)


def _map_title(network: RoadNetwork, values: NDArray[np.float64], quantity: Quantity) -> str:
    changed = np.flatnonzero(np.isfinite(values))
    what = quantity.words
    if not changed.size:
        return f"{what} changes on no link beyond chance"
    more, fewer = int((values[changed] > 0).sum()), int((values[changed] < 0).sum())
    named = [row for row in changed.tolist() if network.links.name[row]] or changed.tolist()
    largest = max(named, key=lambda row: abs(float(values[row])))
    place = network.links.name[largest] or "an unnamed street"
    by = style.number(abs(float(values[largest])), figures=2)
    verb = "grows" if values[largest] > 0 else "falls"
    return (
        f"{what} {verb} most on {place}, by {by} {quantity.unit}; it grows on {style.count(more, 'link')} "
        f"and falls on {style.whole(fewer)}"
    )


def _draw_map(
    frame: streets_map.MapFrame,
    lines: streets_map.Lines,
    network: RoadNetwork,
    values: NDArray[np.float64],
    edges: Sequence[float],
) -> None:
    """Grey roads, and over them the links that changed, larger changes above."""
    from ...scenarios.network import CLASS_NAMES

    streets_map.draw_roads(frame, lines, [CLASS_NAMES[row] for row in network.links.road_class])
    level = np.digitize(np.abs(values), edges)
    widths = [frame.boldness * width for width in strongest(WIDTHS_PT, len(edges) + 1)]
    changed = np.isfinite(values) & (values != 0.0)
    shift_m = np.where(changed, np.array(widths)[np.minimum(level, len(edges))], 0.0) / 2 * frame.m_per_pt
    beside = streets_map.beside_twin(lines, shift_m, left=network.drives_on_left)
    for colours, side in ((style.LESS, values < 0.0), (style.MORE, values > 0.0)):
        for step, colour in enumerate(strongest(colours, len(edges) + 1)):
            chosen = np.flatnonzero(changed & side & (level == step)).tolist()
            streets_map.draw_lines(
                frame,
                [beside[row] for row in chosen],
                colours=colour,
                width_pt=[widths[step]] * len(chosen),
                order=2 + 0.1 * step,
            )


def draw_legend(frame: streets_map.MapFrame, unit: str, edges: Sequence[float]) -> None:
    """One bar from much less to much more with the edges between its steps, and what grey means."""
    footer, margin = frame.footer, streets_map.MARGIN_PT
    footer.text(margin, frame.footer_pt - 14, f"change, {unit}", fontsize=style.SMALL_PT)
    steps = len(edges) + 1
    colours = [*reversed(strongest(style.LESS, steps)), *strongest(style.MORE, steps)]
    widths = [*reversed(strongest(WIDTHS_PT, steps)), *strongest(WIDTHS_PT, steps)]
    step_pt = 40.0
    y = frame.footer_pt - 24
    for row, (colour, width) in enumerate(zip(colours, widths, strict=True)):
        x = margin + row * step_pt
        footer.plot([x, x + step_pt - 2], [y, y], color=colour, lw=frame.boldness * width, solid_capstyle="butt")
    texts = [*(f"\N{MINUS SIGN}{style.number(edge, figures=1)}" for edge in reversed(edges)), "0"]
    texts += [f"+{style.number(edge, figures=1)}" for edge in edges]
    for row, text in enumerate(texts):
        footer.text(margin + (row + 1) * step_pt - 1, y - 12, text, fontsize=style.SMALL_PT, ha="center")
    x = frame.width_pt - margin - 116
    footer.plot([x, x + 22], [y, y], color=style.LIGHT["road"], lw=1.2)
    footer.text(x + 26, y - 3, "not distinguishable", fontsize=style.SMALL_PT)


def _name_streets(
    frame: streets_map.MapFrame, lines: streets_map.Lines, network: RoadNetwork, values: NDArray[np.float64]
) -> None:
    """The streets that changed most, each once."""
    sizes = np.where(np.isfinite(values), np.abs(values), 0.0)
    rows: dict[str, int] = {}
    for row in np.argsort(-sizes, kind="stable").tolist():
        if sizes[row] == 0.0 or len(rows) == NAMED:
            break
        if network.links.name[row]:
            rows.setdefault(network.links.name[row], row)
    places = [streets_map.middle_of(lines[row]) for row in rows.values()]
    streets_map.label_streets(frame, list(rows), places, halo=False)


def strongest(items: Sequence[Item], count: int) -> list[Item]:
    """The strongest few of a ramp."""
    return list(items[-count:])
