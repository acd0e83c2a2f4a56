"""Load the road network of a source, from the cache when it was built before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .osm_read import PBF_ENDINGS, XML_ENDINGS, read_osm
from .osm_streets import build_streets
from .problems import SourceError
from .streets import StreetGraph


def load_streets(source: Path | str, options: Any = None) -> StreetGraph:
    """Read a source into streets and junctions, without movements.

    Parameters
    ----------
    source : Path or str
        ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.pbf``.
    options : scenario.NetworkOptions or mapping, optional
        What a scenario says about the network.

    Raises
    ------
    SourceError
        The source cannot be read or holds no streets for cars.
    """
    path = Path(source)
    name = path.name.lower()
    if name.endswith((*XML_ENDINGS, *PBF_ENDINGS)):
        return build_streets(read_osm(path), options)
    msg = f"{path}: not a kind of file that streets are read from. Known: {', '.join((*XML_ENDINGS, *PBF_ENDINGS))}."
    raise SourceError(msg)
