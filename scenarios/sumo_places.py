"""Bring the coordinates of a SUMO net into a projected CRS that other programs know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .network import NO_PLACE, Floats
from .sumo_net_file import NetRows


@dataclass(frozen=True, slots=True)
class Place:
    """Where a net lies."""

    epsg: int  # NO_PLACE: nowhere in particular
    offset_xy: tuple[float, float]  # SUMO's, to be taken off
    transform: Any  # pyproj.Transformer, or None where the CRS is the net's own
    notes: tuple[str, ...]

    def shift(self, xy: Floats) -> Floats:
        """Points of the net, ``[point, 2]``, in the CRS of ``epsg``, m."""
        if self.epsg == NO_PLACE:
            return xy
        there: Floats = np.asarray(xy, np.float64).reshape(-1, 2) - np.array(self.offset_xy)
        if self.transform is None:
            return there
        return np.stack(self.transform.transform(there[:, 0], there[:, 1]), axis=1)


def shared_coordinates(rows: NetRows) -> Place:
    """Find the CRS of a net: its own where it has an EPSG number, else the UTM zone it lies in.

    A net without a projection (``!``) or one that cannot be read keeps its own coordinates, with a note.
    """
    from pyproj import CRS, Transformer
    from pyproj.exceptions import ProjError

    written = rows.projection
    if written in ("", "!", "-", "."):
        return Place(NO_PLACE, (0.0, 0.0), None, ("The net has no projection: it lies nowhere on Earth.",))
    try:
        crs = CRS.from_user_input(written)
        epsg = crs.to_epsg(min_confidence=70)
        if epsg is None and crs.utm_zone:
            epsg = (32600 if crs.utm_zone.endswith("N") else 32700) + int(crs.utm_zone[:-1])
        if epsg is not None and crs.is_projected:
            return Place(int(epsg), rows.offset_xy, None, ())
        x, y = next(iter(rows.junctions.values())).x_m, next(iter(rows.junctions.values())).y_m
        lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(
            x - rows.offset_xy[0], y - rows.offset_xy[1]
        )
        zone = (32600 if lat >= 0 else 32700) + min(int((lon + 180) // 6) + 1, 60)
        transform = Transformer.from_crs(crs, zone, always_xy=True)
    except (ProjError, ValueError, OverflowError):
        said = f"The net's projection cannot be read ({written[:60]}): it lies nowhere on Earth."
        return Place(NO_PLACE, (0.0, 0.0), None, (said,))
    return Place(zone, rows.offset_xy, transform, (f"Coordinates were brought from the net's own CRS to EPSG:{zone}.",))
