"""Say in a scenario's own words how the vehicle types of a SUMO scenario drive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .drivers import BOUNDS
from .network import RoadNetwork
from .sumo_demand import FoundTrip
from .sumo_left_out import LeftOut
from .sumo_vehicle_types import VehicleType
from .trips import VEHICLE_CLASSES

# SUMO's names of car-following models, with ours.
MODELS: Mapping[str, str] = {
    **dict.fromkeys(("Krauss", "krauss", "KraussOrig1", "KraussPS", "SKOrig", "KraussX"), "krauss"),
    **dict.fromkeys(("IDM", "IDMM"), "idm"),
    **dict.fromkeys(("ACC", "CACC"), "acc"),
}
MOST_KINDS = 30  # of drivers of one class
Parameters = tuple[tuple[str, Any], ...]


BICYCLE_MPS = 20.0 / 3.6  # which cyclists want in SUMO where the limit is higher


def drivers_of(trips: Sequence[FoundTrip], network: RoadNetwork, left_out: LeftOut) -> dict[str, Any]:
    """The ``drivers`` of a scenario: a kind for each way in which types drive, with its share of its class.

    Which vehicle drives how is drawn by these shares; the files say it vehicle by vehicle.
    """
    kinds: dict[str, Counter[Parameters]] = {}
    known: dict[str, Parameters] = {}
    for trip in trips:
        kind = trip.vehicle_type
        if kind.id not in known:
            known[kind.id] = _parameters(kind, left_out)
        kinds.setdefault(trip.vehicle_class, Counter())[known[kind.id]] += 1
    _note_the_rest(trips, network, left_out)
    first = "car" if "car" in kinds else max(kinds, key=lambda name: kinds[name].total())
    tree: dict[str, Any] = dict(kinds[first].most_common(1)[0][0])
    strongest = max(max(trip.vehicle_type.emergency_decel_mps2, trip.vehicle_type.decel_mps2) for trip in trips)
    tree.pop("top_speed_mps", None)  # of bicycles; it stands with their class
    tree["passes_at_kerb"] = False  # as SUMO's drivers, unless a type says lcOvertakeRight
    tree["max_decel_mps2"] = round(min(max(strongest, 2.0), 12.0), 3)
    classes: dict[str, Any] = {}
    others: list[dict[str, Any]] = []
    for name in sorted(kinds, key=VEHICLE_CLASSES.index):
        (usual, _), *rest = kinds[name].most_common()
        if name != "car":  # which have nothing of their own that would come between
            classes[name] = dict(usual)
        total = kinds[name].total()
        for parameters, count in rest[:MOST_KINDS]:
            change = dict(sorted(set(parameters) - set(usual)))
            others.append({"vehicle_class": name, "share": _share(count, total), **change})
        left_out.note(
            "vehicles of rare types: they drive as most of their class do",
            number=sum(count for _, count in rest[MOST_KINDS:]),
        )
        if rest:
            left_out.note(
                f"vehicles of class {name}, of several types: each draws its type by the shares", number=total
            )
    if classes:
        tree["classes"] = classes
    if others:
        tree["others"] = others
    return tree


def _share(count: int, total: int) -> float:
    """Cut, not rounded, so that shares never add up to more than 1."""
    return int(count / total * 1e6) / 1e6


def _parameters(kind: VehicleType, left_out: LeftOut) -> Parameters:
    """What decides how a type drives, under the names of a scenario file."""
    model = MODELS.get(kind.model)
    if model is None:
        left_out.note(f"the car-following model {kind.model}: Krauss", f'type "{kind.id}"')
        model = "krauss"
    wanted = {
        "headway_s": kind.headway_s,
        "min_gap_m": kind.min_gap_m,
        "max_accel_mps2": kind.accel_mps2,
        "comfort_decel_mps2": kind.decel_mps2,
        "speed_factor_mean": kind.speed_factor_mean,
        "speed_factor_sd": kind.speed_factor_sd,
        "length_m": kind.length_m,
        "imperfection": kind.sigma if model == "krauss" else 0.0,
    }
    if kind.our_class == "bicycle":
        wanted["top_speed_mps"] = min(kind.max_speed_mps, BICYCLE_MPS)
    given: list[tuple[str, Any]] = [("model", model)]
    for name, value in wanted.items():
        low, high = BOUNDS[name]
        if not low <= value <= high:
            nearest = min(max(value, low), high)
            left_out.note(f"{name} {value:g} of a vehicle type: {nearest:g}", f'type "{kind.id}"')
            value = nearest
        given.append((name, round(value, 4)))
    return tuple(given)


def _note_the_rest(trips: Sequence[FoundTrip], network: RoadNetwork, left_out: LeftOut) -> None:
    fastest = float(network.links.speed_mps.max())
    slow = [trip.id for trip in trips if trip.vehicle_type.max_speed_mps < fastest]
    if slow:
        left_out.note("vehicles slower than the fastest street (maxSpeed): the limit is theirs", slow[0], len(slow))
