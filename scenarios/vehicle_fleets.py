"""Read which technologies a country's vehicles have, from the table that comes along or one of a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .demand_tables import Column, Complaints, Table, read_table
from .emission_factors import FactorTable, Technology
from .problems import Problem, closest_hint
from .trips import VEHICLE_CLASSES

FLEETS = Path(__file__).with_name("vehicle_fleets.csv")
ELECTRIC = ("Electric", "Hydrogen")  # fuels without exhaust: their tyres, brakes and roads wear as others do
CATEGORIES = ("Passenger Cars", "Light Commercial Vehicles", "Heavy Duty Trucks", "Buses", "L-Category")
MUSCLES = "bicycle"  # a class that emits nothing
WHOLE = 1e-3  # by which shares of a class may miss 1, as printed tables do
COLUMNS = (
    Column("country"),
    Column("year"),
    Column("vehicle_class"),
    Column("category"),
    Column("fuel"),
    Column("segment"),
    Column("euro"),
    Column("share"),
    Column("source", required=False),
)


@dataclass(frozen=True, slots=True)
class VehicleShares:
    """Technologies of each vehicle class with their shares, which add up to 1."""

    of_class: Mapping[str, Mapping[Technology, float]]

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """All of them, class after class."""
        return tuple(dict.fromkeys(one for shares in self.of_class.values() for one in shares))


def no_exhaust(technology: Technology) -> bool:
    """Whether a technology burns nothing."""
    return technology.fuel in ELECTRIC


def check_fleet(
    file: Path, country: str, year: int, factors: FactorTable
) -> tuple[VehicleShares | None, list[Problem], str]:
    """Shares of one country and year; else what is wrong in the table, or why it has no such fleet."""
    table, complaints = read_table(file, COLUMNS)
    if table is None:
        return None, complaints.problems(), ""
    found = _rows(table, complaints, factors)
    if complaints:
        return None, complaints.problems(), ""
    if (country, year) not in found:
        names = [f"{{country: {name}, year: {when}}}" for name, when in sorted(found)]
        return None, [], f"no such fleet. All: {', '.join(names)}."
    shares = found[country, year]
    for name, of_class in shares.items():
        total = sum(of_class.values())
        if abs(total - 1.0) > WHOLE:
            said = f"the shares of `{name}` in {country} {year} add up to {total:g}, not to 1."
            complaints.whole(said)
    if complaints:
        return None, complaints.problems(), ""
    whole = {name: {one: share / sum(kinds.values()) for one, share in kinds.items()} for name, kinds in shares.items()}
    return VehicleShares(whole), [], ""


Found = dict[tuple[str, int], dict[str, dict[Technology, float]]]


def _rows(table: Table, complaints: Complaints, factors: FactorTable) -> Found:
    found: Found = {}
    countries, classes, categories = (table.text(name) for name in ("country", "vehicle_class", "category"))
    fuels, years, shares = table.text("fuel"), table.numbers("year", low=1950, high=2100), table.numbers("share")
    for row in range(table.size):
        if classes[row] not in VEHICLE_CLASSES or classes[row] == MUSCLES:
            known = [name for name in VEHICLE_CLASSES if name != MUSCLES]
            said = f"no such vehicle class.{closest_hint(classes[row], known)} All: {', '.join(known)}."
            complaints.add("class", row, "vehicle_class", classes[row], said)
        if categories[row] not in CATEGORIES:
            said = f"no such category.{closest_hint(categories[row], CATEGORIES)} All: {', '.join(CATEGORIES)}."
            complaints.add("category", row, "category", categories[row], said)
        if shares[row] < 0.0 or shares[row] > 1.0:
            complaints.add("share", row, "share", shares[row], "must lie between 0 and 1.")
        segment, euro = table.columns["segment"][row], table.columns["euro"][row]
        technology = Technology(categories[row], fuels[row], segment, euro)
        lacking = "" if no_exhaust(technology) else factors.lacks(technology)
        if lacking and categories[row] in CATEGORIES:
            complaints.add("technology", row, "euro", euro, f"{lacking[:1].lower()}{lacking[1:]}")
        if not complaints:
            fleet = found.setdefault((countries[row], int(years[row])), {})
            of_class = fleet.setdefault(classes[row], {})
            of_class[technology] = of_class.get(technology, 0.0) + float(shares[row])
    return found
