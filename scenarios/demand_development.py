"""Make the trips of something new that is built: who comes and who goes, by land use and time of day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .areas import links_in
from .chance import draws, keys_of
from .demand_od import Profile
from .demand_random import end_weights, far_enough, pick
from .demand_tables import Column, Complaints, read_table
from .network import Floats, RoadNetwork
from .places import Places
from .problems import Problem, closest_hint
from .trips import TripTable
from .zones import ZoneEnds, ends_on

if TYPE_CHECKING:
    from .demand_kinds import Development

# Orders of magnitude after ITE's Trip Generation Manual (11th edition, land uses 220, 710, 820): its daily rates, those
# of the peak hours with their split, rounded; what the peaks leave of a day is spread over its other waking hours. They
# are those of American suburbs: where people have other ways to travel, fewer drive.
DEFAULT_RATES = Path(__file__).parent / "trip_rates.csv"
HOUR_S, DAY_S = 3600.0, 86_400.0
RATE_COLUMNS = (
    Column("use"),
    Column("start_hour"),
    Column("end_hour"),
    Column("in_per_hour"),
    Column("out_per_hour"),
    Column("source", required=False),
)
WAYS = ("in", "out")


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Car trips of a unit of one use in an hour, by time of day. Shapes ``[interval]``, in their order."""

    start_s: Floats  # of the day
    end_s: Floats
    per_hour: Mapping[str, Floats]  # "in", "out"

    def over(self, way: str, first_s: float, last_s: float) -> Profile | None:
        """When a unit's trips set out in a window that begins at a second of the first day; None: there are none.

        ``cumulated`` ends with their number.
        """
        days = np.arange(0.0, last_s, DAY_S)
        start_s = np.clip((days[:, None] + self.start_s).ravel(), first_s, last_s)
        end_s = np.clip((days[:, None] + self.end_s).ravel(), first_s, last_s)
        trips = np.tile(self.per_hour[way], days.size) * (end_s - start_s) / HOUR_S
        if trips.sum() == 0.0:
            return None
        edge_s = np.column_stack((start_s, end_s)).ravel()
        return Profile(edge_s, np.cumsum(np.column_stack((np.zeros(trips.size), trips)).ravel()))


def read_rates(file: Path) -> tuple[dict[str, Rates], Complaints]:
    """Read and check a table of rates, by use."""
    table, complaints = read_table(file, RATE_COLUMNS)
    if table is None:
        return {}, complaints
    uses = table.text("use")
    start_h, end_h = (table.numbers(f"{end}_hour", low=0, high=24, unit=" h") for end in ("start", "end"))
    per_hour = {way: table.numbers(f"{way}_per_hour", low=0) for way in WAYS}
    for row in np.flatnonzero(end_h <= start_h).tolist():
        said = f"must be after start_hour ({start_h[row]:g}). Write hours beyond midnight in a row of their own."
        complaints.add("order", row, "end_hour", float(end_h[row]), said)
    result = {}
    for use in dict.fromkeys(uses):
        rows = np.array([row for row, name in enumerate(uses) if name == use])
        rows = rows[np.argsort(start_h[rows], kind="stable")]
        for row in rows[1:][start_h[rows[1:]] < end_h[rows[:-1]]].tolist():
            said = f"begins before another interval of {use} ends. Intervals follow each other."
            complaints.add("overlap", row, "start_hour", float(start_h[row]), said)
        result[use] = Rates(
            start_h[rows] * HOUR_S, end_h[rows] * HOUR_S, {way: rate[rows] for way, rate in per_hour.items()}
        )
    return result, complaints


def check_development(demand: Development) -> tuple[list[Problem], tuple[str, str] | None]:
    """Problems of its files, and of itself the key and what is wrong, without a network."""
    rates, complaints = read_rates(demand.rates or DEFAULT_RATES)
    if complaints:
        return complaints.problems(), None
    for use in demand.uses:
        if use not in rates:
            return [], (f"uses.{use}", f"no rates for this use.{closest_hint(use, rates)} All: {', '.join(rates)}.")
    return [], None


def development_trips(
    demand: Development,
    name: str,
    network: RoadNetwork,
    places: Places,
    *,
    seed: int,
    start: dt.datetime,
    duration_s: float,
    city_file: Path | None,
) -> tuple[TripTable | None, list[Problem], tuple[str, str] | None]:
    """Trips to and from a development.

    Every trip draws by its own id (``name/use/in/number``), so that more dwellings change no trip of the others.

    Returns
    -------
    trips
        None where something is wrong.
    problems
        Of the files it names.
    trouble
        Key and words of what is wrong with the demand itself.
    """
    problems, trouble = check_development(demand)
    if problems or trouble:
        return None, problems, trouble
    begin, end, problems, said = end_weights(demand, network, places, city_file)
    if problems or said:
        return None, problems, ("weights", said) if said else None
    midnight_s = (start.replace(tzinfo=None) - dt.datetime.combine(start.date(), dt.time())).total_seconds()
    last_s = min(duration_s, duration_s if demand.end_s is None else demand.end_s)
    rates, _ = read_rates(demand.rates or DEFAULT_RATES)
    tables = []
    for way, others, role, may in (
        ("in", begin, "destination", places.may_end),
        ("out", end, "origin", places.may_begin),
    ):
        site = ends_on(np.flatnonzero(_on_site(demand, network) & may), role, network, places)
        if site is None:
            verb = "end" if way == "in" else "begin"
            key = "links" if demand.polygon is None else "polygon"
            return None, [], (key, f"no street in it where a trip can {verb}. Enlarge it, or name other streets.")
        ids, depart_s = _departures(demand, name, rates, way, (midnight_s + demand.start_s, midnight_s + last_s), seed)
        table, said = _with_ends(demand, network, places, way, (ids, depart_s - midnight_s), site, others, seed)
        if said:
            return None, [], ("min_distance_m", said)
        tables.append(table)
    return TripTable.joined(tables), [], None


def _on_site(demand: Development, network: RoadNetwork) -> NDArray[np.bool_]:
    """Whether each link is the development's, ``[link]``."""
    if demand.polygon is not None:
        return links_in(network, demand.polygon)
    rows = [network.link_row[link] for link in demand.links or () if link in network.link_row]
    return np.isin(np.arange(network.link_count), rows)


def _departures(
    demand: Development, name: str, rates: Mapping[str, Rates], way: str, window_s: tuple[float, float], seed: int
) -> tuple[list[str], Floats]:
    """Ids of the trips of all uses one way, and when they set out in a window of seconds after the first midnight."""
    ids: list[str] = []
    depart_s: list[Floats] = [np.zeros(0)]
    for use, amount in demand.uses.items():
        profile = rates[use].over(way, *window_s)
        if profile is None:
            continue
        of_unit = float(profile.cumulated[-1])
        trips = amount * of_unit
        label = f"{name}/{use}/{way}"
        whole = int(trips)
        count = whole + int(draws(seed, keys_of([label]), "fraction")[0] < trips - whole)
        own = [f"{label}/{number}" for number in range(count)]
        ids += own
        depart_s.append(profile.at(draws(seed, keys_of(own), "departure") * of_unit))
    return ids, np.concatenate(depart_s)


def _with_ends(
    demand: Development,
    network: RoadNetwork,
    places: Places,
    way: str,
    departures: tuple[Sequence[str], Floats],
    site: ZoneEnds,
    others: Floats,
    seed: int,
) -> tuple[TripTable, str]:
    """Trips from the site or to it, and why there are none ("" if there are)."""
    ids, depart_s = departures
    keys = keys_of(ids)
    place = pick(site.weight, draws(seed, keys, "site"))
    here = site.link[place].astype(np.int64)
    there, said = far_enough(demand, network, places, here, others, keys, seed=seed)
    if way == "in":
        ends = (there, here, places.begin_m(there), site.along_m[place])
    else:
        ends = (here, there, site.along_m[place], places.end_m(there, network))
    origin, destination, origin_m, destination_m = ends
    table = TripTable.sorted(
        ids,
        depart_s,
        origin.astype(np.int32),
        destination.astype(np.int32),
        origin_m=origin_m,
        destination_m=destination_m,
    )
    return table, said
