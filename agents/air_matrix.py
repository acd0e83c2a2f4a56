"""Work out once per state of the weather what every source adds at every receptor, as a sparse matrix.

Concentration is linear in what is released: a step of time is then one product of that matrix with the rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from ..kernels import air_pairs as pairs
from ..kernels.air_plumes import fill_plume
from ..kernels.air_spread_table import COLUMNS, ROWS, fill_spreads
from ..kernels.air_surface_layer import SPREADS_2013, SpreadSet
from .air_sources import AreaSources, LineSources, PointSources, Receptors, StackSources
from .air_stacks import plume_of
from .air_weather import Weather

Floats = NDArray[np.float64]
Sources = LineSources | PointSources | AreaSources | StackSources
STRIPS = 24  # lines that an area is worked out as
BLOCK_PAIRS = 640_000  # worked out at a time; they take 8 MB
SMALL = 65_536  # sources whose columns fit into 16 bits


@dataclass(frozen=True, slots=True)
class Dispersion:
    """What every source adds at every receptor in one state of the weather.

    Attributes
    ----------
    matrix
        ``[receptor, source]``, s/m³: concentration for a release of 1 g/s; worked out in double precision, kept in
        single (each within 6 × 10⁻⁸ of itself).
    dropped_share
        ``[receptor]``: share of the concentration that was left out, if sources release what was typical.
    said
        What was assumed on the way, in words.
    """

    matrix: scipy.sparse.csr_array
    dropped_share: Floats
    said: tuple[str, ...] = ()
    columns: NDArray[np.uint16] | NDArray[np.int32] = field(init=False, repr=False)  # of the matrix, in little room

    def __post_init__(self) -> None:
        small = self.matrix.shape[1] <= SMALL
        object.__setattr__(self, "columns", self.matrix.indices.astype(np.uint16 if small else np.int32))

    def concentration_gm3(self, rate_gps: ArrayLike) -> Floats:
        """Concentration at every receptor, g/m³, from what every source releases, g/s."""
        rates = np.ascontiguousarray(rate_gps, float)
        if rates.shape != (self.matrix.shape[1],):
            msg = f"{self.matrix.shape[1]} sources have rates of shape {rates.shape}"
            raise ValueError(msg)
        if not np.all(rates >= 0.0):
            wrong = int(np.flatnonzero(~(rates >= 0.0))[0])
            msg = f"source {wrong} releases {rates[wrong]:g} g/s, which is not at least 0"
            raise ValueError(msg)
        sums = np.empty(self.matrix.shape[0])
        pairs.add_up(self.matrix.indptr, self.columns, self.matrix.data, rates, sums)
        return sums


def dispersion_matrix(
    sources: Sources | Sequence[Sources],
    receptors: Receptors,
    weather: Weather,
    max_dropped: float = 0.01,
    *,
    typical_rate_gps: ArrayLike | None = None,
    spreads: SpreadSet = SPREADS_2013,
) -> Dispersion:
    """Work out what sources add at receptors.

    Parameters
    ----------
    sources
        One kind of sources, or several, whose columns follow each other.
    max_dropped
        Share of the concentration at a receptor that may be left out so that the matrix stays small; 0 keeps all.
    typical_rate_gps
        ``[source]``: what each is expected to release, by which what is left out is weighed. Where it is not given, a
        line releases in proportion to its length and any other source as much as its like; what is left out is then
        bounded for each kind of source alone.
    """
    kinds = [sources] if isinstance(sources, Sources) else list(sources)
    typical = None if typical_rate_gps is None else np.atleast_1d(np.asarray(typical_rate_gps, float))
    _check(sum(map(len, kinds)), max_dropped, typical)
    parts, shares, sums, first = [], [], [], 0
    for kind in kinds:
        weights = _typical(kind) if typical is None else typical[first : first + len(kind)]
        first += len(kind)
        part, dropped, kept = _rows(kind, receptors, weather, max_dropped, weights, spreads)
        parts.append(part)
        shares.append(dropped)
        sums.append(dropped + kept)
    matrix = scipy.sparse.csr_array(scipy.sparse.hstack(parts, format="csr")) if len(parts) > 1 else parts[0]
    with np.errstate(invalid="ignore"):
        if typical is None:
            share = np.max([np.where(s > 0.0, d / s, 0.0) for d, s in zip(shares, sums, strict=True)], axis=0)
        else:
            share = np.where(sum(sums) > 0.0, sum(shares) / sum(sums), 0.0)
    return Dispersion(scipy.sparse.csr_array(matrix.astype(np.float32)), share, weather.said())


def _check(sources: int, max_dropped: float, typical: Floats | None) -> None:
    """Say all at once what of the wish cannot be."""
    problems = []
    if not 0.0 <= max_dropped < 1.0:
        problems.append(f"max_dropped = {max_dropped:g} is not at least 0 and below 1")
    if typical is not None and typical.shape != (sources,):
        problems.append(f"typical_rate_gps has {typical.size} rates for {sources} sources")
    elif typical is not None and not np.all(typical >= 0.0):
        problems.append(f"typical_rate_gps has {np.count_nonzero(~(typical >= 0.0))} rates that are not at least 0")
    if problems:
        raise ValueError("; ".join(problems))


def _typical(sources: Sources) -> Floats:
    if isinstance(sources, LineSources):
        return np.hypot(np.subtract(sources.x2_m, sources.x1_m), np.subtract(sources.y2_m, sources.y1_m))
    if isinstance(sources, AreaSources):
        return np.multiply(sources.length_m, sources.width_m)
    return np.ones(len(sources))


Part = tuple[scipy.sparse.csr_array, Floats, Floats]  # matrix, and what was dropped and kept at each receptor


def _rows(
    sources: Sources, receptors: Receptors, weather: Weather, max_dropped: float, weights: Floats, spreads: SpreadSet
) -> Part:
    """The part of the matrix of one kind of source."""
    if isinstance(sources, StackSources):
        return _stack_rows(sources, receptors, weather, weights)
    if isinstance(sources, AreaSources):
        together = scipy.sparse.csr_array(
            (np.full(STRIPS * len(sources), 1.0 / STRIPS), np.repeat(np.arange(len(sources)), STRIPS),
             np.arange(STRIPS * len(sources) + 1)), shape=(STRIPS * len(sources), len(sources)),
        )  # fmt: skip
        strips = np.repeat(weights / STRIPS, STRIPS)
        matrix, dropped, kept = _surface_rows(
            _strips(sources, weather), receptors, weather, max_dropped, strips, spreads
        )
        return scipy.sparse.csr_array(matrix @ together), dropped, kept
    return _surface_rows(sources, receptors, weather, max_dropped, weights, spreads)


def _stack_rows(sources: StackSources, receptors: Receptors, weather: Weather, weights: Floats) -> Part:
    """The matrix of stacks, of which nothing is dropped."""
    layer = weather.layer()
    ahead, left = _turned(receptors.x_m, receptors.y_m, weather)
    own_ahead, own_left = _turned(sources.x_m, sources.y_m, weather)
    share = np.empty((len(sources), len(receptors)))
    for k in range(len(sources)):
        plume = plume_of(sources, k, weather, layer)
        fill_plume(plume, own_ahead[k], own_left[k], ahead, left, np.asarray(receptors.z_m), share[k])
    return scipy.sparse.csr_array(share.T), np.zeros(len(receptors)), weights @ share


def _strips(areas: AreaSources, weather: Weather) -> LineSources:
    """Lines side by side in rectangles, along that side which lies more across the wind."""
    east, north = weather.ahead
    angle = np.radians(areas.angle_deg)
    along_wind = np.abs(east * np.cos(angle) + north * np.sin(angle))
    turned = along_wind > math.sqrt(0.5)  # the length lies along the wind: take the width for it
    length = np.where(turned, areas.width_m, areas.length_m)
    width = np.where(turned, areas.length_m, areas.width_m)
    angle = np.where(turned, angle + 0.5 * np.pi, angle)
    at = ((np.arange(STRIPS) + 0.5) / STRIPS - 0.5) * width[:, None]
    x = np.asarray(areas.x_m)[:, None] - at * np.sin(angle)[:, None]
    y = np.asarray(areas.y_m)[:, None] + at * np.cos(angle)[:, None]
    half_x, half_y = (0.5 * length * np.cos(angle))[:, None], (0.5 * length * np.sin(angle))[:, None]
    return LineSources(
        (x - half_x).ravel(), (y - half_y).ravel(), (x + half_x).ravel(), (y + half_y).ravel(),
        np.repeat(areas.height_m, STRIPS), np.repeat(areas.initial_vertical_m, STRIPS),
        np.repeat(width / STRIPS / 4, STRIPS),
    )  # fmt: skip


def _turned(x_m: ArrayLike, y_m: ArrayLike, weather: Weather) -> tuple[Floats, Floats]:
    """Coordinates ahead, downwind, and to the left of the wind."""
    east, north = weather.ahead
    x, y = np.asarray(x_m, float), np.asarray(y_m, float)
    return x * east + y * north, y * east - x * north


def _lines(sources: LineSources | PointSources, weather: Weather) -> Floats:
    """Columns of ``air_pairs``; a point is a line without length."""
    if isinstance(sources, LineSources):
        ends = (sources.x1_m, sources.y1_m, sources.x2_m, sources.y2_m)
    else:
        ends = (sources.x_m, sources.y_m, sources.x_m, sources.y_m)
    start, end = _turned(*ends[:2], weather), _turned(*ends[2:], weather)
    columns = (*start, *end, sources.height_m, sources.initial_lateral_m)
    return np.ascontiguousarray(np.column_stack(columns), float).reshape(-1, pairs.LINE_COLUMNS)


def _surface_rows(
    sources: LineSources | PointSources,
    receptors: Receptors,
    weather: Weather,
    max_dropped: float,
    weights: Floats,
    spreads: SpreadSet,
) -> Part:
    """The matrix of sources near the ground."""
    layer = weather.layer(spreads)
    releases = np.column_stack([sources.height_m, sources.initial_vertical_m])
    unlike, table_of = np.unique(releases, axis=0, return_inverse=True)
    tables = np.empty((len(unlike), ROWS, COLUMNS))
    for k, (height_m, initial_m) in enumerate(unlike):
        fill_spreads(layer, height_m, initial_m, tables[k])
    lines, table_of = _lines(sources, weather), table_of.reshape(-1).astype(np.int64)
    places = np.column_stack([*_turned(receptors.x_m, receptors.y_m, weather), np.asarray(receptors.z_m, float)])
    total, rows = len(receptors), max(1, BLOCK_PAIRS // max(1, len(sources)))
    count, dropped, kept = np.zeros(total, np.int64), np.zeros(total), np.zeros(total)
    share, source = np.empty((rows, len(sources))), np.empty((rows, len(sources)), np.int32)
    bins = np.empty((rows, pairs.BINS))
    shares, columns = [], []
    hinted, hints = [np.nan], np.empty((0, len(unlike), ROWS, pairs.HINTS))
    for at in range(0, total, rows):
        now = slice(at, min(at + rows, total))
        size = now.stop - at
        heights, hints_of = np.unique(places[now, pairs.Z], return_inverse=True)
        if heights.tolist() != hinted:
            hinted, hints = heights.tolist(), _hints(tables, layer.sigma_v_mps, unlike[:, 0], heights)
        pairs.fill_rows(
            tables, table_of, hints, hints_of.reshape(-1).astype(np.int64), layer.sigma_v_mps, lines, weights,
            places[now], max_dropped, share[:size], source[:size], bins[:size], count[now], dropped[now], kept[now],
        )  # fmt: skip
        shares += [row[:size].astype(np.float32) for row, size in zip(share, count[now], strict=False)]
        columns += [row[:size].copy() for row, size in zip(source, count[now], strict=False)]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int32 if count.sum() < 2**31 else np.int64)
    data = np.concatenate(shares) if shares else np.empty(0, np.float32)
    where = np.concatenate(columns) if columns else np.empty(0, np.int32)
    return scipy.sparse.csr_array((data, where, first), shape=(total, len(sources))), dropped, kept


def _hints(tables: Floats, sigma_v_mps: float, releases_m: Floats, heights: Floats) -> Floats:
    """What points of each table add at places of some heights by distance, ``[height, table, row, column]``."""
    hints = np.empty((len(heights), len(tables), ROWS, pairs.HINTS))
    for of_height, z_m in zip(hints, heights.tolist(), strict=True):
        for k, release_m in enumerate(releases_m.tolist()):
            pairs.fill_hints(tables[k], sigma_v_mps, release_m, z_m, of_height[k])
    return hints
