"""Read OpenStreetMap files (XML, gzipped or bzipped XML, PBF) into nodes, roads and turn restrictions."""

from __future__ import annotations

import bz2
import gzip
import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast
from xml.parsers import expat

from .problems import SourceError

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
XML_ENDINGS = (".osm", ".xml", ".osm.gz", ".xml.gz", ".osm.bz2", ".xml.bz2")
PBF_ENDINGS = (".pbf",)
# Where a file itself says in which country it lies.
COUNTRY_TAGS = ("addr:country", "is_in:country_code", "ISO3166-1", "ISO3166-1:alpha2", "country_code_iso3166_1_alpha_2")

Tags = Mapping[str, str]
LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class OsmWay:
    """A way, or a piece of one where it was cut; ``first_index`` counts nodes of the original way before the piece."""

    id: int
    nodes: tuple[int, ...]
    tags: Tags
    first_index: int = 0


@dataclass(frozen=True, slots=True)
class OsmRelation:
    """A relation with its members as (kind, id, role); kind is "node", "way" or "relation"."""

    id: int
    members: tuple[tuple[str, int, str], ...]
    tags: Tags


@dataclass(frozen=True, slots=True)
class OsmData:
    """What a source says about roads. Ways are sorted by id and refer to known nodes only."""

    name: str
    source: str  # for people
    nodes: Mapping[int, LonLat]  # degrees, WGS 84
    node_tags: Mapping[int, Tags]
    ways: tuple[OsmWay, ...]  # all with a highway tag
    restrictions: tuple[OsmRelation, ...] = ()
    cut_nodes: frozenset[int] = frozenset()  # where a way goes on outside the extract
    bbox: tuple[float, float, float, float] | None = None  # west, south, east, north of all nodes
    countries: Mapping[str, int] = field(default_factory=dict)  # ISO codes found in tags, with how often
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Scan:
    """Raw content of a file: all coordinates, and the objects that a caller asked to keep."""

    nodes: dict[int, LonLat] = field(default_factory=dict)
    node_tags: dict[int, Tags] = field(default_factory=dict)
    ways: list[tuple[int, tuple[int, ...], Tags]] = field(default_factory=list)
    relations: list[OsmRelation] = field(default_factory=list)
    bounds: tuple[float, float, float, float] | None = None
    countries: Counter[str] = field(default_factory=Counter)


Keep = Callable[[Tags], bool]


def read_osm(path: Path | str) -> OsmData:
    """Read roads and what belongs to them.

    Parameters
    ----------
    path : Path or str
        ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.pbf`` (needs the extra ``pbf``).

    Raises
    ------
    SourceError
        The file is missing, empty, truncated, not OpenStreetMap data, or its coordinates are not degrees on Earth.
    """
    path = Path(path)
    scan = scan_file(
        path,
        keep_way=lambda tags: "highway" in tags,
        keep_relation=lambda tags: tags.get("type", "").startswith("restriction"),
    )
    check_coordinates(path, scan)
    ways, cut, note = cut_at_missing_nodes(scan.ways, scan.nodes)
    used = {node for way in ways for node in way.nodes}
    return OsmData(
        name=plain_name(path),
        source=path.name,
        nodes={node: scan.nodes[node] for node in used},
        node_tags={node: tags for node, tags in scan.node_tags.items() if node in used},
        ways=ways,
        restrictions=tuple(sorted(scan.relations, key=lambda relation: relation.id)),
        cut_nodes=cut,
        bbox=bounding_box(scan.nodes),
        countries=dict(scan.countries),
        notes=(note,) if note else (),
    )


def plain_name(path: Path) -> str:
    """File name without its endings: ``monaco_core`` for ``monaco_core.osm.gz``."""
    name = path.name
    for ending in (".gz", ".bz2", ".pbf", ".osm", ".xml", ".graphml"):
        name = name.removesuffix(ending)
    return name


def scan_file(path: Path, *, keep_way: Keep, keep_relation: Keep) -> Scan:
    """Read all node coordinates, and those ways and relations whose tags are wanted."""
    if not path.is_file():
        msg = f"{path}: no such file."
        raise SourceError(msg)
    if path.stat().st_size == 0:
        msg = f"{path}: the file is empty."
        raise SourceError(msg)
    if path.name.lower().endswith(PBF_ENDINGS):
        return _scan_pbf(path, keep_way, keep_relation)
    return _scan_xml(path, keep_way, keep_relation)


def cut_at_missing_nodes(
    ways: Sequence[tuple[int, tuple[int, ...], Tags]], nodes: Mapping[int, LonLat]
) -> tuple[tuple[OsmWay, ...], frozenset[int], str]:
    """Keep the pieces of ways between known nodes; say where they were cut, and how many."""
    pieces: list[OsmWay] = []
    cut: set[int] = set()
    cut_ways = 0
    latest = {way_id: (refs, tags) for way_id, refs, tags in ways}  # joined extracts hold ways twice
    for way_id, (refs, tags) in sorted(latest.items()):
        known = [ref in nodes for ref in refs]
        if all(known):
            pieces.append(OsmWay(way_id, refs, tags))
            continue
        cut_ways += 1
        start = 0
        while start < len(refs):
            end = start
            while end < len(refs) and known[end]:
                end += 1
            if end > start > 0:
                cut.add(refs[start])
            if start < end < len(refs):
                cut.add(refs[end - 1])
            if end - start >= 2:
                pieces.append(OsmWay(way_id, refs[start:end], tags, start))
            start = end + 1
    note = f"{cut_ways} ways refer to nodes that the file does not hold: they were cut there." if cut_ways else ""
    return tuple(pieces), frozenset(cut), note


def bounding_box(nodes: Mapping[int, LonLat]) -> tuple[float, float, float, float] | None:
    """West, south, east, north of all nodes, degrees."""
    if not nodes:
        return None
    lons, lats = zip(*nodes.values(), strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def check_coordinates(path: Path, scan: Scan) -> None:
    """Refuse coordinates that cannot be longitude and latitude, or that disagree with the file's own bounds."""
    if not scan.nodes:
        msg = f"{path}: holds no nodes. Was the extract cut in a place without data?"
        raise SourceError(msg)
    for node, (lon, lat) in scan.nodes.items():
        if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):  # NaN fails too
            way_out = "it must be a number of degrees."
            if math.isfinite(lon) and math.isfinite(lat):
                swapped = abs(lat) <= 180.0 and abs(lon) <= 90.0
                way_out = "are longitude and latitude swapped?" if swapped else "are these projected coordinates?"
            msg = f"{path}: node/{node} lies at lon={lon!r}, lat={lat!r}: {way_out}"
            raise SourceError(msg)
    if scan.bounds is None:
        return
    west, south, east, north = scan.bounds
    margin = 0.5  # degrees; whole ways are kept at the edge of an extract
    box = (west - margin, south - margin, east + margin, north + margin)
    inside = sum(box[0] <= lon <= box[2] and box[1] <= lat <= box[3] for lon, lat in scan.nodes.values())
    swapped_inside = sum(box[0] <= lat <= box[2] and box[1] <= lon <= box[3] for lon, lat in scan.nodes.values())
    if inside < len(scan.nodes) / 2 < swapped_inside:
        msg = f"{path}: its nodes lie outside its own bounds, but inside when longitude and latitude are swapped."
        raise SourceError(msg)


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        start = file.read(3)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if start == b"BZh":
        return bz2.open(path, "rb")
    return path.open("rb")


def _scan_xml(path: Path, keep_way: Keep, keep_relation: Keep) -> Scan:
    reader = _XmlReader(path, keep_way, keep_relation)
    try:
        with _open(path) as file:
            while block := file.read(1 << 20):
                reader.feed(block)
            reader.close()
    except (EOFError, zlib.error) as error:
        msg = f"{path}: the compressed file ends too early or is damaged ({error}). Download it again."
        raise SourceError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read ({error})."
        raise SourceError(msg) from error
    return reader.scan


class _XmlReader:
    """Feed blocks of XML, get a ``Scan``. Expat is three times as fast as a tree and keeps nothing in memory."""

    def __init__(self, path: Path, keep_way: Keep, keep_relation: Keep) -> None:
        self.scan = Scan()
        self._path, self._keep_way, self._keep_relation = path, keep_way, keep_relation
        self._id = 0
        self._kind = ""
        self._tags: dict[str, str] = {}
        self._refs: list[int] = []
        self._members: list[tuple[str, int, str]] = []
        self._root_seen = False
        self._deleted = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        # OSM files declare no entities; whoever does is after our memory.
        self._parser.EntityDeclHandler = self._refuse_entity

    def feed(self, block: bytes) -> None:
        self._parse(block, is_final=False)

    def close(self) -> None:
        self._parse(b"", is_final=True)

    def _parse(self, block: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(block, is_final)
        except expat.ExpatError as error:
            line = error.lineno
            if not self._root_seen:
                msg = f"{self._path}: not OpenStreetMap XML ({expat.ErrorString(error.code)})."
            elif is_final:
                msg = f"{self._path}: the XML ends too early, at line {line}. Download or export it again."
            else:
                msg = f"{self._path}: broken XML at line {line} ({expat.ErrorString(error.code)})."
            raise SourceError(msg) from error
        except (KeyError, ValueError) as error:
            line = self._parser.CurrentLineNumber
            what = f"attribute {error} is missing" if isinstance(error, KeyError) else str(error)
            msg = f"{self._path}: line {line}: {self._kind or 'element'} cannot be read: {what}."
            raise SourceError(msg) from error

    def _refuse_entity(self, *_declaration: object) -> None:
        msg = f"{self._path}: declares XML entities, which OpenStreetMap files never do; it was not read."
        raise SourceError(msg)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "nd":
            self._refs.append(int(attributes["ref"]))
            if "lat" in attributes:  # Overpass can write positions here and no node elements
                self.scan.nodes.setdefault(self._refs[-1], (float(attributes["lon"]), float(attributes["lat"])))
        elif name == "node":
            self._kind, self._tags = name, {}
            self._id = int(attributes["id"])
            self.scan.nodes[self._id] = (float(attributes["lon"]), float(attributes["lat"]))
        elif name == "tag":
            self._tags[attributes["k"]] = attributes["v"]
        elif name in {"way", "relation"}:
            self._kind, self._tags = name, {}
            self._id = int(attributes["id"])
            self._refs, self._members = [], []
            # Editors keep what was deleted in the file until it is uploaded.
            self._deleted = attributes.get("action") == "delete" or attributes.get("visible") == "false"
        elif name == "member":
            self._members.append((attributes["type"], int(attributes["ref"]), attributes.get("role", "")))
        elif name == "bounds" and not self._kind:  # Overpass writes bounds of single ways too
            west, south, east, north = (float(attributes[key]) for key in ("minlon", "minlat", "maxlon", "maxlat"))
            self.scan.bounds = (west, south, east, north)
        elif not self._root_seen and name != "osm":
            msg = f"{self._path}: not OpenStreetMap XML: its outermost element is <{name}>, not <osm>."
            raise SourceError(msg)
        self._root_seen = True

    def _end(self, name: str) -> None:
        if name == "node":
            if self._tags:
                self.scan.node_tags[self._id] = self._tags
                count_countries(self.scan.countries, self._tags)
        elif name == "way":
            count_countries(self.scan.countries, self._tags)
            if self._keep_way(self._tags) and not self._deleted:
                self.scan.ways.append((self._id, tuple(self._refs), self._tags))
        elif name == "relation":
            count_countries(self.scan.countries, self._tags)
            if self._keep_relation(self._tags) and not self._deleted:
                self.scan.relations.append(OsmRelation(self._id, tuple(self._members), self._tags))


def count_countries(countries: Counter[str], tags: Tags) -> None:
    """Count the two-letter country codes that tags name."""
    for key in COUNTRY_TAGS:
        code = tags.get(key, "")
        if len(code) == 2 and code.isalpha():
            countries[code.upper()] += 1


def _scan_pbf(path: Path, keep_way: Keep, keep_relation: Keep) -> Scan:
    try:
        import osmium
    except ImportError as error:
        msg = f"{path}: reading .pbf needs pyosmium, which is not installed. Install it: pip install 'citytwin[pbf]'"
        raise SourceError(msg) from error
    scan = Scan()
    kinds = {"n": "node", "w": "way", "r": "relation"}
    try:
        thing: Any  # a node, way or relation: what it has is asked of it below
        for thing in osmium.FileProcessor(str(path)):
            tags = {tag.k: tag.v for tag in thing.tags} if thing.tags else {}
            if tags:
                count_countries(scan.countries, tags)
            if thing.is_node():
                # Clipping tools leave nodes without a place; they count as missing.
                if thing.location.valid():
                    scan.nodes[thing.id] = (thing.lon, thing.lat)
                    if tags:
                        scan.node_tags[thing.id] = tags
            elif thing.is_way():
                if keep_way(tags):
                    scan.ways.append((thing.id, tuple(node.ref for node in thing.nodes), tags))
            elif thing.is_relation() and keep_relation(tags):
                members = tuple((kinds[member.type], member.ref, member.role) for member in thing.members)
                scan.relations.append(OsmRelation(thing.id, members, tags))
    except RuntimeError as error:
        msg = f"{path}: not a whole OpenStreetMap PBF file ({error}). Download it again."
        raise SourceError(msg) from error
    return scan
