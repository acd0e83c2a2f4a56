"""Braess' trap: by frozen proportions more would pass if more came over the bridge; the simulation says fewer.

In the network of Braess (1968) whoever takes the bridge goes through both bottlenecks and takes the place of somebody
on each side. How many take it is to be found from how many leave the town; all of them did pass the sensor.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from two_routes import DRIVERS, braess

from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.observed import Observed
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.gauss_newton import REPLICAS, GaussNewton
from citytwin.sim.calibrate.gradients import FiniteDifference, FrozenProportions, descend
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.losses import Loss
from citytwin.sim.calibrate.parameters import demand_parameters
from citytwin.sim.calibrate.runs import GroupRuns

FROM_S, UNTIL_S, CAPACITY = 700.0, 1500.0, 0.15
SIDES = 210.0  # vehicles on each side way
TRUE, TRAPPED = 15.0, 150.0  # over the bridge
ROUTES = {
    "bridge": ["in", "o1", "o1 slow", "bridge", "2d", "2d slow", "2d end", "out"],
    "north": ["in", "o1", "o1 slow", "1d", "out"],
    "south": ["in", "o2", "2d", "2d slow", "2d end", "out"],
}


@pytest.fixture(scope="module")
def simulate():
    network = braess(CAPACITY, bridge=True)
    links = [[network.link_row[name] for name in names] for names in ROUTES.values()]
    observed = Observed.counts(["out"], np.array([network.link_row["out"]], np.int32), FROM_S, UNTIL_S, np.ones(1))
    runs = GroupRuns(network, Drivers.model_validate(DRIVERS), Flows.of(list(ROUTES), links, 0.0, UNTIL_S), observed)

    def of_bridge(values, seeds):
        return runs(np.column_stack([values, np.full((len(values), 2), SIDES)]), seeds)

    return of_bridge, observed


@pytest.fixture(scope="module")
def trap(simulate):
    of_bridge, observed = simulate
    loss = Loss(replace(observed, value=of_bridge(np.array([[TRUE]]), [7]).counts[0]))
    return loss, demand_parameters(["bridge"], low=0.0, high=500.0, prior=0.0, start=10.0, scale=20.0)


def test_the_frozen_gradient_points_the_wrong_way(simulate, trap):
    loss, parameters = trap
    at, journal = np.array([TRAPPED]), Journal(simulate[0], 60)
    run = journal(at[np.newaxis], [0])
    frozen = FrozenProportions(loss, parameters)
    assert frozen(at, run)[0] < 0.0 < FiniteDifference(journal, loss, parameters)(at, run)[0]
    followed = descend(journal, loss, parameters, frozen, [1.0 / abs(frozen(at, run)[0])] * 2, start=at)
    assert followed.values[0] == TRAPPED  # nothing on its way was better


def test_what_is_accepted_does_not_follow_it(simulate, trap):
    loss, parameters = trap
    journal = Journal(simulate[0], 40)
    found = GaussNewton(journal, loss, parameters, insist=True, enough=4.0).run(np.array([TRAPPED]))
    assert journal.asked[1][0][0] > TRAPPED  # the first step that was tried
    assert found.values[0] < TRAPPED
    assert found.slopes == REPLICAS
    assert found.loss <= 4.0
