"""Put street canyons into a matrix of dispersion: what a road between houses adds at places in it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from ..kernels.air_canyon import CLOSED, fill_canyons
from ..kernels.air_surface_layer import effective_wind_mps
from .air_matrix import Dispersion
from .air_sources import LineSources, Receptors
from .air_weather import Weather

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Canyons:
    """Receptors that stand in a street between houses; fields are ``[place]`` or one number for all.

    Attributes
    ----------
    receptor, source
        Row of the receptor, and of the road that it stands in.
    height_m, width_m
        Of the houses, and from house to house. Up to a height of half the width a street is open, and left as it is.
    stirred_mps
        Turbulence that vehicles make, see ``air_canyon.stirred_mps``; the default, our choice, is about that of 500
        cars an hour.
    """

    receptor: ArrayLike
    source: ArrayLike
    height_m: ArrayLike
    width_m: ArrayLike
    stirred_mps: ArrayLike = 0.1

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(self, name), float)) for name in names))
        problems = []
        for name, array in zip(names, arrays, strict=True):
            whole = name in {"receptor", "source"}
            wrong = np.flatnonzero(~((array > 0.0) if name in {"height_m", "width_m"} else (array >= 0.0)))
            if wrong.size:
                problems.append(f"{name}[{wrong[0]}] = {array[wrong[0]]:g} ({wrong.size} like it)")
            object.__setattr__(self, name, array.astype(np.int64 if whole else np.float64))
        if problems:
            raise ValueError("Canyons cannot have " + "; ".join(problems))


def with_canyons(
    found: Dispersion, roads: LineSources, receptors: Receptors, weather: Weather, canyons: Canyons
) -> Dispersion:
    """Replace what roads between houses add in their own street by what a canyon's vortex does.

    ``roads`` are the first columns of the matrix. Other streets' pollution stays: it comes over the roofs.
    """
    height, width = np.asarray(canyons.height_m), np.asarray(canyons.width_m)
    closed = height > CLOSED * width
    row, column = np.asarray(canyons.receptor)[closed], np.asarray(canyons.source)[closed]
    height, width = height[closed], width[closed]
    dx = (np.asarray(roads.x2_m) - np.asarray(roads.x1_m))[column]
    dy = (np.asarray(roads.y2_m) - np.asarray(roads.y1_m))[column]
    length = np.maximum(np.hypot(dx, dy), 1.0)
    east, north = weather.ahead
    turned = (dx * north - dy * east) / length  # sine from the street to the wind
    own_x = np.asarray(receptors.x_m)[row] - np.asarray(roads.x1_m)[column]
    own_y = np.asarray(receptors.y_m)[row] - np.asarray(roads.y1_m)[column]
    left = np.sign(dx * own_y - dy * own_x)  # of the street
    leeward = 0.5 * (1.0 - left * turned)  # 1 where the wind comes over the roof that the receptor stands below
    layer, share = weather.layer(), np.empty(row.size)
    for roof_m in np.unique(height):
        same = height == roof_m
        part = np.empty(int(same.sum()))
        fill_canyons(
            height[same], width[same], length[same], effective_wind_mps(layer, float(roof_m)),
            np.abs(turned[same]), np.asarray(canyons.stirred_mps)[closed][same], leeward[same], part,
        )  # fmt: skip
        share[same] = part
    entries = scipy.sparse.csr_array((share / length, (row, column)), shape=found.matrix.shape)
    own = scipy.sparse.csr_array((np.ones(row.size), (row, column)), shape=found.matrix.shape)
    matrix = scipy.sparse.csr_array(found.matrix - found.matrix * own + entries)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    said = f"{row.size} of {closed.size} places between houses are in a street canyon, the others in open streets"
    return replace(found, matrix=matrix, said=(*found.said, said))
