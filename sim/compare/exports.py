"""Give a comparison to other programs: a GeoPackage for GIS, and outlines as GeoParquet beside the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

    from .comparison import Comparison
    from .plans import Plan

GEOPACKAGE = "comparison.gpkg"
STREETS, ZONES = "streets.parquet", "zone_outlines.parquet"
VALUES = ("base", "with_variant", "difference", "low", "high", "found")
ON_MAPS = ("links", "zones")  # tables whose rows lie somewhere


def write_geopackage(comparison: Comparison) -> Path:
    """Write every table of a comparison as a layer; links and zones with their geometry, one row a variant and place.

    Their quantities stand side by side: ``flow_difference``, ``time_lost_found`` and so on, as GIS programs want them.
    Streets and outlines of zones are written as GeoParquet besides.
    """
    import pyogrio

    path = comparison.folder / GEOPACKAGE
    beside = path.with_name(f".{path.name}")
    beside.unlink(missing_ok=True)
    streets(comparison).to_parquet(comparison.folder / STREETS, index=False)
    zone_outlines(comparison).to_parquet(comparison.folder / ZONES, index=False)
    for name, table in layers(comparison).items():
        if not table.empty:
            pyogrio.write_dataframe(table, beside, layer=name, driver="GPKG", append=beside.exists())
    beside.replace(path)
    return path


def layers(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """What the GeoPackage holds, by the name of the layer."""
    tables = comparison.differences.tables()
    links = side_by_side(tables["links"], ["variant", "link", "only_in"])
    zones = side_by_side(tables["zones"], ["variant", "end", "zone"])
    placed = {"links": _placed_links(comparison, links)}
    placed["zones"] = zone_outlines(comparison).merge(zones, on="zone")
    return {**placed, **{name: table for name, table in tables.items() if name not in ON_MAPS}}


def side_by_side(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row for each place, the values of its quantities in columns such as ``time_lost_difference``."""
    wide = table.pivot(index=keys, columns="quantity", values=list(VALUES))
    order = [(value, quantity) for quantity in table["quantity"].unique() for value in VALUES]
    wide = wide[order]
    wide.columns = [f"{str(quantity).replace(' ', '_')}_{value}" for value, quantity in order]
    for name in wide.columns:
        wide[name] = wide[name].astype(bool if name.endswith("_found") else float)
    return wide.reset_index()


def _placed_links(comparison: Comparison, links: pd.DataFrame) -> geopandas.GeoDataFrame:
    """Links of every variant with their lines: the base's, and the new ones of each as it draws them."""
    import pandas as pd

    parts = []
    for plan in comparison.plans[1:]:
        own = links[links["variant"] == plan.key]
        parts.append(_streets_of_both(comparison, plan).merge(own[own["only_in"] != "variant"], on="link"))
        if (own["only_in"] == "variant").any():
            parts.append(_streets_of(plan).merge(own[own["only_in"] == "variant"], on="link"))
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def streets(comparison: Comparison) -> geopandas.GeoDataFrame:
    """Links with their lines, in the network's coordinates: the base's, and what variants add (the first of an id)."""
    import pandas as pd

    parts = [_streets_of(comparison.plans[0])]
    for plan in comparison.plans[1:]:
        parts += [_streets_of_both(comparison, plan), _streets_of(plan).iloc[comparison.links_of(plan.key).new]]
    found = pd.concat([part for part in parts if not part.empty], ignore_index=True)
    return found.drop_duplicates("link", ignore_index=True)


def _streets_of_both(comparison: Comparison, plan: Plan) -> geopandas.GeoDataFrame:
    """Streets of the base; what a variant has in one piece, or in other ones, is one street."""
    import pandas as pd

    base = _streets_of(comparison.plans[0])
    base["link"] = comparison.links_of(plan.key).street_of(comparison.plans[0].network)
    in_parts = base["link"].duplicated(keep=False)
    if not in_parts.any():
        return base
    how = dict.fromkeys(base.columns.drop(["link", "geometry"]), "first") | {"length_m": "sum"}
    joined = base[in_parts].dissolve("link", aggfunc=how).reset_index()
    joined["geometry"] = joined.line_merge()
    return pd.concat([base[~in_parts], joined[base.columns]], ignore_index=True)


def _streets_of(plan: Plan) -> geopandas.GeoDataFrame:
    import shapely

    from ..network_facts import streets_columns

    columns = streets_columns(plan.network)
    lines = shapely.from_wkb(columns.pop("geometry"))
    return _placed(columns, lines, plan.network.epsg)


def zone_outlines(comparison: Comparison) -> geopandas.GeoDataFrame:
    """The zones, or squares, that trips begin and end in."""
    import pandas as pd

    outlines = comparison.zones.outlines
    names = pd.Series(list(outlines), dtype=object)
    return _placed({"zone": names}, list(outlines.values()), comparison.plans[0].network.epsg)


def _placed(columns: dict[str, Any], shapes: Any, epsg: int) -> geopandas.GeoDataFrame:
    import geopandas
    import numpy as np

    places = np.empty(len(shapes), dtype=object)
    places[:] = list(shapes)
    return geopandas.GeoDataFrame(columns, geometry=places, crs=epsg or None)
