"""Drivers differ as a scenario says: by class, by share, by distribution, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from traffic_case import make_trips, road_of, simulate

from citytwin.agents.drivers import KINDS, driver_kinds
from citytwin.kernels import driving
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.drivers import MODELS, OF_CLASS, Drivers
from citytwin.scenarios.trips import VEHICLE_CLASSES

ROAD = road_of([200.0, 400.0, 200.0])
FIRST, LAST = ROAD.links.id[0], ROAD.links.id[2]


def drivers(**keys) -> Drivers:
    return Drivers.model_validate(keys)


def trips(count: int, kind: int = 0):
    return make_trips(ROAD, [(f"trip {k}", 2.0 * k, FIRST, LAST, kind) for k in range(count)])


def test_models_and_classes_are_numbered_as_the_kernels_number_them():
    assert [getattr(driving, name.upper()) for name in MODELS] == [0, 1, 2, 3]
    assert tuple(OF_CLASS) == VEHICLE_CLASSES


def test_lorries_and_buses_are_long_and_slow_to_start():
    car, truck, bus, *_ = driver_kinds(drivers(length_m=5.0)).driver
    assert car[table.LENGTH_M] == 5.0
    assert truck[table.LENGTH_M] == bus[table.LENGTH_M] == 12.0
    assert truck[table.MAX_ACCEL] < bus[table.MAX_ACCEL] < car[table.MAX_ACCEL]
    assert truck[table.HEADWAY_S] == car[table.HEADWAY_S]


def test_a_class_may_drive_by_its_own_rules():
    kinds = driver_kinds(drivers(headway_s=1.3, classes={"truck": {"model": "krauss", "length_m": 16.5}}))
    car, truck, *_ = kinds.driver
    assert (car[table.MODEL], truck[table.MODEL]) == (driving.IDM, driving.KRAUSS)
    assert (truck[table.LENGTH_M], truck[table.MAX_ACCEL], truck[table.HEADWAY_S]) == (16.5, 0.8, 1.3)


def test_a_share_drives_automated():
    others = [{"share": 0.3, "model": "acc", "headway_s": 0.9}, {"share": 0.2, "vehicle_class": "bus", "model": "acc"}]
    kinds = driver_kinds(drivers(others=others))
    drawn = kinds.draw(trips(4000), seed=5)
    automated = kinds.driver[drawn, table.MODEL] == driving.ACC
    assert automated.mean() == pytest.approx(0.3, abs=0.03)
    assert (kinds.driver[drawn[automated], table.HEADWAY_S] == 0.9).all()
    assert (kinds.vehicle_class[drawn] == 0).all()
    buses = kinds.draw(trips(4000, kind=2), seed=5)
    assert (kinds.driver[buses, table.MODEL] == driving.ACC).mean() == pytest.approx(0.2, abs=0.03)
    assert (kinds.driver[buses, table.VEHICLE_CLASS] == 2).all()


def test_all_of_a_class_may_be_automated():
    kinds = driver_kinds(drivers(others=[{"share": 1.0, "model": "acc"}]))
    assert (kinds.driver[kinds.draw(trips(500), seed=1), table.MODEL] == driving.ACC).all()


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
def test_a_spread_parameter_has_the_mean_and_the_deviation_asked_for(shape):
    kinds = driver_kinds(drivers(headway_s=1.5, spread={"headway_s": {"sd": 0.2, "shape": shape}}))
    own = kinds.vehicle_class == 0
    assert own.sum() == KINDS
    values = kinds.driver[own, table.HEADWAY_S]
    assert values.mean() == pytest.approx(1.5, rel=0.01)
    assert values.std() == pytest.approx(0.2, rel=0.06)
    drawn = kinds.driver[kinds.draw(trips(4000), seed=2), table.HEADWAY_S]
    assert drawn.mean() == pytest.approx(1.5, rel=0.01)
    assert np.unique(drawn).size == KINDS


def test_nobody_is_beyond_the_bounds():
    spread = {"headway_s": {"sd": 2.0, "least": 0.9, "most": 1.4}, "comfort_decel_mps2": {"sd": 3.0}}
    kinds = driver_kinds(drivers(max_decel_mps2=4.0, spread=spread)).driver
    assert kinds[:, table.HEADWAY_S].min() == 0.9
    assert kinds[:, table.HEADWAY_S].max() == 1.4
    assert kinds[:, table.COMFORT_DECEL].min() == 0.3
    assert kinds[:, table.COMFORT_DECEL].max() == 4.0, "nobody likes to brake harder than vehicles can"


def test_spread_parameters_do_not_go_together():
    spread = {name: {"sd": 0.2} for name in ("headway_s", "max_accel_mps2")}
    kinds = driver_kinds(drivers(spread=spread))
    own = kinds.driver[kinds.vehicle_class == 0]
    assert abs(np.corrcoef(own[:, table.HEADWAY_S], own[:, table.MAX_ACCEL])[0, 1]) < 0.4


def test_the_same_trip_is_the_same_driver_whoever_else_travels():
    kinds = driver_kinds(drivers(others=[{"share": 0.5, "model": "acc"}]))
    few, many = kinds.draw(trips(20), seed=9), kinds.draw(trips(40), seed=9)
    assert (few == many[:20]).all()
    assert (kinds.draw(trips(40), seed=10) != many).any()


@pytest.mark.parametrize(
    "keys, says",
    [
        ({"others": [{"share": 0.7}, {"share": 0.4}]}, "add up to 1.1"),
        ({"model": "wiedemann"}, "idm"),
        ({"spread": {"headway_s": {"sd": 0.3, "least": 2.0, "most": 1.0}}}, "must not be below least"),
        ({"spread": {"speed": {"sd": 0.3}}}, "headway_s"),
        ({"classes": {"truck": {"headway_s": 0.1}}}, "0.5"),
    ],
)
def test_what_makes_no_sense_is_refused(keys, says):
    with pytest.raises(ValidationError, match=says):
        drivers(**keys)


MIXED = {
    "imperfection": 0.3,
    "spread": {"headway_s": {"sd": 0.2, "shape": "lognormal"}},
    "others": [{"share": 0.3, "model": "acc", "imperfection": 0.0}, {"share": 0.3, "model": "krauss"}],
}


def test_chance_is_the_same_for_the_same_seed():
    def run(seed):
        rows = [(f"trip {k}", 2.0 * k, FIRST, LAST, 0, 0.0, 1e9) for k in range(60)]
        simulation = simulate(ROAD, rows, seed=seed, drivers=MIXED)
        simulation.run(90)
        return simulation.model.fleet.state_hash()

    assert run(1) == run(1)
    assert run(1) != run(2)
