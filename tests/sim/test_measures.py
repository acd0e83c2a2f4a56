"""Tolls are weighed against time and paid by who drives in; low-emission zones keep out whom they ban, and say so."""

from __future__ import annotations

import numpy as np
from measure_case import (
    BEGIN,
    EMERGENCY,
    END,
    IN,
    NETWORK,
    OUT,
    TRIP,
    TRUCK,
    entered,
    facts_of,
    middle,
    run,
    toll,
    trips_of,
    zone,
)

from citytwin.sim.simulation import Simulation


def test_a_dear_toll_sends_drivers_round_and_a_cheap_one_is_paid():
    dear, cheap = run([TRIP], toll(id="a", price=5)), run([TRIP], toll(id="a"))
    assert (entered(dear, IN), entered(cheap, IN)) == (0, 1)
    assert trips_of(dear)["trip"]["toll_paid"] == 0.0
    assert trips_of(cheap)["trip"]["toll_paid"] == 0.01
    assert trips_of(dear)["trip"]["distance_m"] > trips_of(cheap)["trip"]["distance_m"] + 300
    assert facts_of(dear)["tolls_paid"]["total"] == 0.0
    assert facts_of(cheap)["tolls_paid"] == {
        "currency": "EUR",
        "total": 0.01,
        "by_toll": {"a": {"paid": 0.01, "vehicles": 1}},
    }


def test_whose_time_is_worth_more_pays():
    """Round it is about a minute and a half longer: 0.3 EUR for a car, 3 EUR for a truck."""
    simulation = run([TRIP, ("truck", 0.0, BEGIN, END, TRUCK)], toll(price=1))
    paid = {name: row["toll_paid"] for name, row in trips_of(simulation).items()}
    assert paid == {"trip": 0.0, "truck": 1.0}


def test_classes_have_their_prices():
    trips = [TRIP, ("truck", 5.0, BEGIN, END, TRUCK), ("ambulance", 10.0, BEGIN, END, EMERGENCY)]
    simulation = run(trips, toll(prices={"truck": 0.5}))
    assert {name: row["toll_paid"] for name, row in trips_of(simulation).items()} == {
        "trip": 0.01,
        "truck": 0.5,
        "ambulance": 0.0,
    }


def test_a_cordon_is_paid_on_driving_in_and_links_one_by_one():
    cordon = run([TRIP, ("out", 0.0, IN, END)], toll(polygon=middle(120.0)))
    assert {name: row["toll_paid"] for name, row in trips_of(cordon).items()} == {"trip": 0.01, "out": 0.0}
    links = run([TRIP, ("out", 0.0, IN, END)], toll(links=[IN, OUT]))
    assert {name: row["toll_paid"] for name, row in trips_of(links).items()} == {"trip": 0.02, "out": 0.01}


def test_a_toll_is_paid_only_while_it_holds():
    rows = [(f"t{s}", float(s), BEGIN, END) for s in (0, 100, 200, 300)]
    simulation = run(rows, toll(price=5, start_s=100, end_s=200), until_s=700.0)
    assert [row["toll_paid"] for row in trips_of(simulation).values()] == [0.0] * 4
    assert entered(simulation, IN) == 3  # whoever sets out while it holds goes round
    cheap = run(rows, toll(start_s=100, end_s=200), until_s=700.0)
    assert [row["toll_paid"] for row in trips_of(cheap).values()] == [0.0, 0.01, 0.0, 0.0]
    assert [(entry.t_s, entry.text) for entry in cheap.entries] == [(100.0, "0.01 EUR from now on"), (200.0, "ended")]


def test_who_changes_the_route_has_paid_for_the_old_one():
    shut = {"kind": "road_closure", "link": OUT, "start_s": 40, "known_to": "broadcast"}
    simulation = run([TRIP], toll(), events=[shut])
    assert trips_of(simulation)["trip"]["reroutes"] == 1
    assert entered(simulation, OUT) == 0
    assert trips_of(simulation)["trip"]["toll_paid"] == 0.01


def test_banned_vehicles_go_round_and_others_drive_through():
    rows = [("car", 0.0, BEGIN, END), ("truck", 5.0, BEGIN, END, TRUCK)]
    simulation = run(rows, zone(links=[IN]))
    assert [row["status"] for row in trips_of(simulation).values()] == ["arrived", "arrived"]
    assert entered(simulation, IN) == 1
    assert facts_of(simulation)["refused"] == {"low emission zone": 0}


# The trip through the middle has no way round all four streets that meet there.
INSIDE = [("through", 0.0, BEGIN, END, TRUCK), ("into", 0.0, BEGIN, OUT, TRUCK), ("car", 0.0, BEGIN, OUT)]


def test_refused_are_those_whose_time_has_come():
    """Who would set out within the last second of the run is no longer looked at."""
    rows = [(f"{t_s}", t_s, BEGIN, OUT, TRUCK) for t_s in (0.0, 398.5, 399.5)]
    simulation = run(rows, zone(links=[OUT]), until_s=400.0)
    idle = [row["status"] for row in trips_of(simulation).values()]
    assert idle == ["no_route", "no_route", "pending"]
    assert facts_of(simulation)["refused"] == {"low emission zone": idle.count("no_route")}


def test_who_cannot_drive_is_told_and_not_dropped():
    simulation = run(INSIDE, zone(id="lez"))
    trips = trips_of(simulation)
    assert {name: row["status"] for name, row in trips.items()} == {
        "through": "no_route",
        "into": "no_route",
        "car": "arrived",
    }
    assert trips["through"]["cause"] == 'no way round low-emission zone "lez"'
    assert trips["into"]["cause"] == 'banned from low-emission zone "lez"'
    facts = facts_of(simulation)
    assert (facts["refused"], facts["stuck"], facts["no_route"]) == ({"lez": 2}, 2, 2)


def test_with_access_for_destinations_who_ends_there_drives_in():
    trips = trips_of(run(INSIDE, zone(access="destination")))
    assert (trips["into"]["status"], trips["through"]["status"]) == ("arrived", "no_route")
    leaves = run([("leaves", 0.0, OUT, END, TRUCK)], zone(access="destination"))
    assert trips_of(leaves)["leaves"]["status"] == "arrived"


def test_before_it_begins_everybody_drives_in():
    early, late = ("early", 50.0, BEGIN, OUT, TRUCK), ("late", 70.0, BEGIN, OUT, TRUCK)
    trips = trips_of(run([early, late], zone(start_s=60)))
    assert (trips["early"]["status"], trips["late"]["status"]) == ("arrived", "no_route")


def test_a_route_that_is_given_and_leads_through_is_refused_too():
    from traffic_case import make_scenario

    from citytwin.scenarios.scenario import Scenario
    from citytwin.scenarios.trips import TripTable

    rows = np.array([NETWORK.link_row[name] for name in (BEGIN, IN, OUT, END)], np.int32)
    trips = TripTable.sorted(
        ["bus"], np.zeros(1), rows[:1], rows[-1:], vehicle_class=np.array([2], np.int8), routes=(np.array([0, 4]), rows)
    )
    scenario: Scenario = make_scenario(measures=[zone(banned=["bus"])], duration_s=300)
    simulation = Simulation(scenario, NETWORK, trips)
    simulation.run()
    assert trips_of(simulation)["bus"]["cause"] == "banned from the low-emission zone"


def test_the_same_vehicles_comply_with_a_looser_rule_and_more():
    rows = [(f"t{number}", float(number), BEGIN, OUT, TRUCK) for number in range(60)]

    def let_in(share: float) -> set[str]:
        trips = trips_of(run(rows, zone(compliant_share=share), until_s=70.0))
        return {name for name, row in trips.items() if row["status"] != "no_route"}

    few, more = let_in(0.3), let_in(0.7)
    assert few < more
    assert 8 <= len(few) <= 28 and 30 <= len(more) <= 54  # within 3 standard deviations of 18 and 42


def test_the_same_seed_gives_the_same_bits():
    rows = [(f"t{number}", 3.0 * number, BEGIN, END, number % 2) for number in range(30)]
    measures = toll(price=0.3), zone(compliant_share=0.5)
    one, two = (facts_of(run(rows, *measures)) for _ in range(2))
    assert one["state_hash"] == two["state_hash"]
    assert one["tolls_paid"] == two["tolls_paid"]
    assert one["tolls_paid"]["total"] > 0 and sum(one["refused"].values()) > 0
