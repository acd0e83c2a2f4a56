"""Load the road network of a source, from the cache when it was built before."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from .network import RoadNetwork
from .network_store import read_kept, read_network, save_network
from .osm_read import PBF_ENDINGS, XML_ENDINGS, OsmData, read_osm
from .osm_streets import build_streets
from .period import Period
from .problems import SourceError
from .streets import StreetGraph
from .walk_network import WalkNetwork

GRAPHML_ENDINGS = (".graphml",)
TNTP_ENDINGS = (".tntp",)
SUMO_ENDINGS = ("net.xml", "net.xml.gz")
ENDINGS = (*XML_ENDINGS, *PBF_ENDINGS, *GRAPHML_ENDINGS, *SUMO_ENDINGS, *TNTP_ENDINGS)
KEPT_NETWORKS = 20
# The code that builds networks, as it was when it was loaded: files that change later do not change what is built here.
CODE = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in sorted(Path(__file__).parent.glob("*.py")))
LIBRARIES = ("networkx", "numpy", "osmnx", "pyproj", "scipy", "shapely")  # another version may round otherwise
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error)


def load_network(
    source: Path | str,
    options: Any = None,
    *,
    period: Period | None = None,
    changes: Sequence[Any] = (),
    use_cache: bool = True,
) -> RoadNetwork:
    """Read a source and build its road network.

    Parameters
    ----------
    source : Path or str
        A file (``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.pbf``, ``.graphml``, ``net.xml``, ``net.xml.gz``, ``.tntp``),
        a folder with a GMNS network, or the name of a place to download.
    options : scenario.NetworkOptions or mapping, optional
        What a scenario says about the network.
    period : Period, optional
        When the run takes place, for what the source says of certain times only; without it that is left out.
    changes : sequence, optional
        What a plan changes in the streets (``Scenario.streets``).
    use_cache : bool
        Whether a network built before from the same file, options, changes and code may be used, and this one kept.

    Raises
    ------
    SourceError
        The source cannot be read or holds no streets for cars.
    ChangeError
        Changes that cannot be made.
    """
    always, at_the_time = (_kept_file(source, options, when, changes) for when in (None, period))
    if not use_cache or always is None or at_the_time is None:
        return _build(source, options, period, changes)
    for kept in dict.fromkeys((at_the_time, always)):
        network = _read_kept(kept)
        if network is not None and (kept == at_the_time or not network.depends_on_time):
            return network
    network = _build(source, options, period, changes)
    _keep(network, at_the_time if network.depends_on_time else always)
    return network


def load_walk_network(
    source: Path | str,
    roads: RoadNetwork,
    options: Any = None,
    *,
    period: Period | None = None,
    changes: Sequence[Any] = (),
    use_cache: bool = True,
) -> WalkNetwork:
    """Lay out where people walk in a city, from the cache when it was done before.

    ``roads`` is what ``load_network`` made of the same source, options, period and changes.

    Raises
    ------
    SourceError
        The source cannot be read.
    """
    from .walk_build import build_walk_network

    kept = _kept_file(source, options, period if roads.depends_on_time else None, changes) if use_cache else None
    if kept is None:
        return build_walk_network(roads, source)
    kept = kept.with_name(f"{kept.stem}.walk.npz")
    try:
        network = read_kept(kept, WalkNetwork)
        kept.touch()
    except UNREADABLE:
        network = build_walk_network(roads, source)
        _keep(network, kept)
    return network


def _read_kept(file: Path) -> RoadNetwork | None:
    """A network from the cache; None where there is none, or it is damaged or written by somebody else."""
    try:
        network = read_network(file)
        file.touch()
    except UNREADABLE:
        return None
    return network


def _build(source: Path | str, options: Any, period: Period | None, changes: Sequence[Any]) -> RoadNetwork:
    if _is_file(source) and Path(source).name.lower().endswith(SUMO_ENDINGS):
        from .sumo_network import read_sumo_net

        if changes:
            from .change_streets import ChangeError

            said = "cannot be made in a SUMO net, which says all of its streets: change the net itself (netedit)."
            raise ChangeError([(row, ("kind",), said) for row in range(len(changes))])
        network = read_sumo_net(source, options)
    else:
        from .junctions import build_network

        people_cross = _option(options, "pedestrians") is not False
        streets = load_streets(source, options, period, changes)
        network = build_network(replace(streets, people_cross=people_cross))
    if _option(options, "slopes") is not True:
        return network
    unknown = int(np.count_nonzero(np.isnan(network.links.gradient)))
    note = f"{unknown} of {network.link_count} links have no slope in the source: they are level."
    return replace(network, slopes=True, notes=(*network.notes, note) if unknown else network.notes)


def _option(options: Any, name: str) -> Any:
    return options.get(name) if isinstance(options, Mapping) else getattr(options, name, None)


def load_streets(
    source: Path | str, options: Any = None, period: Period | None = None, changes: Sequence[Any] = ()
) -> StreetGraph:
    """Read a source into streets and junctions, without movements, and change them as a plan asks.

    Parameters and errors are those of ``load_network``. A SUMO net has no such stage: it says all of its network.
    """
    if not changes:
        return _streets_of(source, options, period)
    from .change_streets import change_streets

    if any(change.kind == "road_opened" for change in changes):
        return change_streets(_streets_of(source, options, period, changes), changes)
    key = _kept_file(source, options, period, ())
    if key is None:
        return change_streets(_streets_of(source, options, period), changes)
    if key not in _read_last:  # several plans for one city are changes of the same streets
        _read_last.clear()
        _read_last[key] = _streets_of(source, options, period)
    return change_streets(_read_last[key], changes)


_read_last: dict[Path, StreetGraph] = {}  # streets of the map that were changed last, by what they were read from


def _streets_of(source: Path | str, options: Any, period: Period | None, changes: Sequence[Any] = ()) -> StreetGraph:
    """Streets of the map, with those open that changes open."""
    if not _is_file(source):
        from .osm_graphml import read_place

        return _from_osm(read_place(str(source), cache_folder() / "places"), options, period, changes)
    path = Path(source)
    name = path.name.lower()
    if name.endswith((*XML_ENDINGS, *PBF_ENDINGS)):
        return _from_osm(read_osm(path), options, period, changes)
    if name.endswith(GRAPHML_ENDINGS):
        from .osm_graphml import read_graphml

        return _from_osm(read_graphml(path), options, period, changes)
    _refuse_to_open(changes)
    if name.endswith(TNTP_ENDINGS):
        from .tntp import read_tntp

        return read_tntp(path, options)
    if path.is_dir():
        if missing := [table for table in ("node.csv", "link.csv") if not (path / table).is_file()]:
            lacks = f"{path}: is a folder without {' and '.join(missing)}, so it holds no GMNS network."
            msg = f"{lacks} Give a file: {', '.join(ENDINGS)}."
            raise SourceError(msg)
        from .gmns import read_gmns

        return read_gmns(path, options)
    msg = f"{path}: not a kind of file that streets are read from. Known: {', '.join(ENDINGS)}."
    raise SourceError(msg)


def _from_osm(data: OsmData, options: Any, period: Period | None, changes: Sequence[Any]) -> StreetGraph:
    if not changes:
        return build_streets(data, options, period)
    from .change_streets import ChangeError
    from .osm_opened import not_joined, open_roads

    data, found = open_roads(data, changes)
    graph = build_streets(data, options, period)
    found = found or not_joined(graph, changes)
    if found:
        raise ChangeError(found)
    return graph


def _refuse_to_open(changes: Sequence[Any]) -> None:
    """Only OpenStreetMap says which roads are there and closed."""
    rows = [row for row, change in enumerate(changes) if change.kind == "road_opened"]
    if rows:
        from .change_streets import ChangeError

        said = "needs streets from OpenStreetMap: only they say which roads are there and closed. Use `road_added`."
        raise ChangeError([(row, ("kind",), said) for row in rows])


def _is_file(source: Path | str) -> bool:
    """Whether a source names a file rather than a place."""
    return isinstance(source, Path) or source.lower().endswith(ENDINGS) or Path(source).exists()


def cache_folder() -> Path:
    """Where built networks and downloaded places are kept."""
    import platformdirs

    return platformdirs.user_cache_path("citytwin")


def _kept_file(source: Path | str, options: Any, period: Period | None, changes: Sequence[Any]) -> Path | None:
    """Cache file for a source, options, changes, a time, code, libraries; None for places: their download is kept."""
    path = Path(source)
    if not _is_file(source) or not path.is_file():
        return None
    digest = hashlib.sha256(CODE)
    besides = [file for file in getattr(options, "signal_programmes", ()) if file.is_file()]
    if getattr(options, "tntp", None) is not None:
        besides.append(options.tntp.nodes)
    besides += [change.file for change in changes if getattr(change, "file", None) is not None]
    for file in (path, *besides):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    later = {"speed_factors", "headway_factors", "merge_shares"}
    plain = options.model_dump(mode="json", exclude=later) if hasattr(options, "model_dump") else options
    versions = [version(library) for library in LIBRARIES]
    said = [path.name, plain, str(period), versions, *(change.model_dump(mode="json") for change in changes)]
    digest.update(json.dumps(said, sort_keys=True).encode())
    return cache_folder() / "networks" / f"{digest.hexdigest()[:32]}.npz"


def _keep(network: RoadNetwork | WalkNetwork, file: Path) -> None:
    """Store a network; a full or read-only disk is no reason to fail."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_network(network, file)
        newest_first = sorted(file.parent.glob("*.npz"), key=lambda kept: kept.stat().st_mtime, reverse=True)
        for old in newest_first[KEPT_NETWORKS:]:
            old.unlink(missing_ok=True)
    except OSError:
        return
