"""Read how streets rise and fall from OpenStreetMap's tags: heights of nodes, or the incline of ways."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .osm_chains import Chain, ChainGraph
    from .osm_read import OsmData

_INCLINE = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*(%|°)$")
STEEPEST = 0.4  # metres up per metre: no street in the world is steeper


def incline(tags: Mapping[str, str], doubts: list[str]) -> float | None:
    """Gradient in the direction in which a way is drawn; None where no tag gives its size.

    >>> incline({"incline": "-8 %"}, []), incline({"incline": "up"}, [])
    (-0.08, None)
    """
    value = tags.get("incline", "")
    if value in ("", "up", "down"):
        return None
    found = _INCLINE.match(value)
    if found is not None:
        number = float(found[1].replace(",", "."))
        gradient = number / 100.0 if found[2] == "%" else math.tan(math.radians(number))
        if abs(gradient) <= STEEPEST:
            return gradient
    doubts.append("incline is no number of % or ° up to 40 %: it was passed over")
    return None


def heights_of(data: OsmData) -> dict[int, float]:
    """Heights of nodes (m), by OpenStreetMap's ``ele`` or OSMnx's ``elevation``."""
    heights = {}
    for node, tags in data.node_tags.items():
        for key in ("ele", "elevation"):
            try:
                heights[node] = float(tags[key])
            except (KeyError, ValueError):
                continue
    return heights


def gradient_of(
    graph: ChainGraph, chain: Chain, lengths_m: Sequence[float], heights_m: Mapping[int, float]
) -> float | None:
    """Gradient of a chain: by the heights of its ends, else the mean of its runs where all of them have one."""
    ends = [heights_m.get(graph.alias.get(node, node)) for node in (chain.u, chain.v)]
    if ends[0] is not None and ends[1] is not None and sum(lengths_m) > 0.0:
        return (ends[1] - ends[0]) / sum(lengths_m)
    known = [graph.direction(run).gradient for run in chain.forward]
    sloping = [gradient for gradient in known if gradient is not None]
    if len(sloping) < len(known) or not sum(lengths_m):
        return None
    return sum(size * gradient for size, gradient in zip(lengths_m, sloping, strict=True)) / sum(lengths_m)
