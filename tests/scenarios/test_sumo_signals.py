"""Programmes are read with their letters, and what they leave open is settled as SUMO does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.network import Light
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.scenario import NetworkOptions
from citytwin.scenarios.sumo_network import read_sumo_net
from citytwin.scenarios.sumo_signals import Phase, Programme, show_lights

from .sumo_case import programme, write_net

GREENS = ((30.0, "GgrrGGG"), (3.0, "yyrryyy"), (20.0, "rrGGrrr"), (3.0, "rryyrrr"))
RED, YELLOW, YIELD, GREEN = Light.RED, Light.YELLOW, Light.GREEN_YIELD, Light.GREEN


def shown(*states: str, foes: tuple = (), yields: tuple = ()) -> tuple[np.ndarray, set, int]:
    """Lights, right of way and number of settled pairs of a programme, a column per connector."""
    phases = tuple(Phase(10.0, state, 10.0, 10.0) for state in states)
    given = set(yields)
    lights, settled = show_lights(Programme("s", "0", "static", 0.0, phases), range(len(states[0])), foes, given)
    return lights, given, settled.total()


def test_every_letter_has_its_light() -> None:
    lights, _, _ = shown("GgOosyYrRu")
    assert lights[0].tolist() == [GREEN, YIELD, GREEN, YIELD, YIELD, YELLOW, YELLOW, RED, RED, RED]


def test_who_yields_by_letter_yields_in_the_network() -> None:
    lights, yields, settled = shown("gG", foes=((0, 1),))
    assert (lights[0].tolist(), yields, settled) == ([YIELD, GREEN], {(0, 1)}, 1)


def test_plain_green_is_for_those_to_whom_all_others_yield() -> None:
    lights, _, settled = shown("GG", "Gr", foes=((0, 1),), yields=((0, 1),))
    assert (lights.tolist(), settled) == ([[YIELD, GREEN], [GREEN, RED]], 0)


def test_two_greens_that_nobody_ranks_go_in_order_of_arrival() -> None:
    lights, yields, settled = shown("GG", foes=((0, 1),))
    assert (lights.tolist(), yields, settled) == ([[YIELD, YIELD]], set(), 1)
    lights, yields, settled = shown("gG", "Gg", foes=((0, 1),))  # each yields once: no lasting right of way
    assert (lights.tolist(), yields, settled) == ([[YIELD, YIELD]] * 2, set(), 1)


def test_a_connection_without_a_light_is_always_green() -> None:
    phases = (Phase(10.0, "r", 10.0, 10.0), Phase(10.0, "G", 10.0, 10.0))
    lights, _ = show_lights(Programme("s", "0", "static", 0.0, phases), [0, -1], ((0, 1),), {(1, 0)})
    assert lights.tolist() == [[RED, GREEN], [GREEN, YIELD]]


def test_the_last_programme_of_a_signal_counts(tmp_path: Path) -> None:
    net = write_net(
        tmp_path, kind="traffic_light", programmes=programme(*GREENS) + programme((9.0, "GgrrGGG"), name="b")
    )
    assert read_sumo_net(net).signals.phase_s.tolist() == [9.0]
    other = tmp_path / "night.add.xml"
    other.write_text(
        "<additional>" + programme((50.0, "rrGGrrr"), (5.0, "GgrrGGG"), offset=3, name="night") + "</additional>"
    )
    signals = read_sumo_net(net, NetworkOptions(signal_programmes=(other,))).signals
    assert signals.phase_s.tolist() == [50.0, 5.0]
    assert signals.offset_s.tolist() == [3.0]


def test_a_programme_without_phases_moves_the_one_before(tmp_path: Path) -> None:
    net = write_net(tmp_path, kind="traffic_light", programmes=programme(*GREENS))
    other = tmp_path / "shift.add.xml"
    other.write_text('<additional><tlLogic id="lights" programID="0" offset="12"/></additional>')
    signals = read_sumo_net(net, NetworkOptions(signal_programmes=(other,))).signals
    assert signals.offset_s.tolist() == [12.0]
    assert signals.phase_s.tolist() == [duration for duration, _ in GREENS]


BAD = [
    ("letter", programme((30.0, "GgrrGGx"), (3.0, "yyrryyy")), "has letters that mean no light: x"),
    ("length", programme((30.0, "GgrrGGG"), (3.0, "yyrryy")), "has 6 letters; the first phase of signal lights has 7"),
    ("narrow", programme((30.0, "GgrrGG")), "shows 6 lights only"),
    ("gone", '<tlLogic id="light" offset="0"><phase duration="9" state="GgrrGGG"/></tlLogic>', 'Closest: "light"'),
    ("empty", '<tlLogic id="lights" offset="0"/>', "has no phases"),
    ("no time", programme((0.0, "GgrrGGG")), "must be more than 0 in at least one phase"),
    ("duration", programme((-3.0, "GgrrGGG")), "must be at least 0"),
]


@pytest.mark.parametrize("text, said", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_with_a_programme_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match="lights") as caught:
        read_sumo_net(write_net(tmp_path, kind="traffic_light", programmes=text))
    assert said in str(caught.value)
