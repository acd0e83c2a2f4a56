"""Signals closer than a queue is long have one programme, and nobody has to wait between them."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import Light
from citytwin.scenarios.network_laws import check_network, programme
from citytwin.scenarios.signal_stages import NOBODY_WAITS_WITHIN_M
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city

ARM_M = 160.0


def pair_of_crossings(apart_m, *, country=""):
    """Two signalled crossings ``a`` and ``b`` on one west-east road, each with a cross road."""
    specs = [JunctionSpec("a", 0.0, 0.0, signalised=True), JunctionSpec("b", apart_m, 0.0, signalised=True)]
    roads = [Road("a", "b")]
    for name, x, y, end in (
        ("west", -ARM_M, 0.0, "a"),
        ("north a", 0.0, ARM_M, "a"),
        ("south a", 0.0, -ARM_M, "a"),
        ("east", apart_m + ARM_M, 0.0, "b"),
        ("north b", apart_m, ARM_M, "b"),
        ("south b", apart_m, -ARM_M, "b"),
    ):
        specs.append(JunctionSpec(name, x, y, gate="both"))
        roads.append(Road(name, end))
    return build_network(draw_city("pair", specs, roads, country=country))


def green_by_second(network, connector):
    """Whether a connector has green, for every second of the first two hours."""
    row, column = int(network.connectors.signal[connector]), int(network.connectors.group[connector])
    durations, lights = programme(network.signals, row)
    cycle = np.repeat(lights[:, column] >= Light.GREEN_YIELD, durations.astype(int))
    return cycle[(np.arange(7200) - int(network.signals.offset_s[row])) % cycle.size]


def caught(network):
    """Streets between two signals, and for each whether some are let onto it that find red at its end."""
    links, lanes, connectors = network.links, network.lanes, network.connectors
    signalled = set(network.signals.junction.tolist())
    from_link, to_link = lanes.link[connectors.from_lane], lanes.link[connectors.to_lane]
    found = {}
    for link in range(network.link_count):
        ends = {int(links.from_junction[link]), int(links.to_junction[link])}
        if links.length_m[link] >= NOBODY_WAITS_WITHIN_M or len(ends) == 1 or not ends <= signalled:
            continue
        onto, off = np.flatnonzero(to_link == link), np.flatnonzero(from_link == link)
        found[links.id[link]] = any(
            (green_by_second(network, way_in) & ~green_by_second(network, way_out)).any()
            for way_in in onto
            for way_out in off
        )
    return found


@pytest.mark.parametrize("country", ["", "GB"])
def test_whoever_is_let_between_two_signals_finds_green_at_the_second(country):
    network = pair_of_crossings(40.0, country=country)
    check_network(network)
    assert caught(network) == {"way/a>b": False, "way/b>a": False}
    cycles = [programme(network.signals, row)[0].sum() for row in range(2)]
    assert cycles[0] == cycles[1] and network.signals.offset_s[0] == network.signals.offset_s[1]


def test_signals_with_room_between_them_keep_programmes_of_their_own():
    network = pair_of_crossings(120.0)
    lights = [programme(network.signals, row)[1] for row in range(2)]
    assert [len(phases) for phases in lights] == [6, 6], "two stages each"


def test_in_a_real_city_nobody_is_let_onto_a_stub_to_find_red(data):
    found = caught(load_network(data / "osm" / "shanghai" / "shanghai.osm.gz", use_cache=False))
    assert len(found) == 12
    assert not any(found.values()), [link for link, wrong in found.items() if wrong]
