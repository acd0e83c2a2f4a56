"""Warnings are messages that the schema of CAP 1.2 allows, and say what happened."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from citytwin.agents.air_monitor import AirMonitor
from citytwin.scenarios.air_warnings import AirWarning
from citytwin.sim.air_cap import NAMESPACE, Messenger

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "cap_schema" / "CAP-v1.2.xsd"))
GAP = float("nan")
MESSAGE = {
    "sender": "air@town.example",
    "sender_name": "Town & sons",
    "language": "en",
    "utc_offset": "+02:00",
    "area_name": "Old town <east>",
    "polygon": [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]],
}


def messages(*hours: float, **keys):
    """What is sent about a series of hourly NO2, parsed; every one of them is valid."""
    levels = [
        {"name": "information", "at": 200, "severity": "Minor"},
        {"name": "alarm", "at": 400, "severity": "Severe", "instruction": "Stay indoors, & shut windows."},
    ]
    given = {"id": "smog, old town", "series": __file__, "pollutant": "no2", "levels": levels, **keys}
    warning = AirWarning.model_validate(given)
    monitor, messenger = AirMonitor(warning, ("a",), ("no2",)), Messenger(warning, dt.datetime(2026, 1, 31, 22))
    found = []
    for number, ugm3 in enumerate(hours, start=1):
        for event in monitor.look(np.array([[ugm3]])):
            message = messenger.message(event, 3600.0 * number)
            if message is not None:
                document = etree.fromstring(message.xml)
                SCHEMA.assertValid(document)
                found.append(document)
    return found


def texts(document, *names):
    return [document.findtext(f".//{{{NAMESPACE}}}{name}") for name in names]


@pytest.fixture(scope="module")
def episode():
    return messages(250, 450, GAP, GAP, GAP, 450, 250, 50, message=MESSAGE)


def test_an_alert_is_updated_and_cancelled(episode):
    assert [texts(one, "msgType", "value")[:2] for one in episode] == [
        ["Alert", "information"],
        ["Update", "alarm"],
        ["Update", "alarm"],  # stale
        ["Update", "alarm"],  # back
        ["Update", "information"],
        ["Cancel", "none"],
    ]
    assert texts(episode[2], "certainty", "severity") == ["Unknown", "Severe"]
    assert texts(episode[-1], "urgency", "responseType", "instruction") == ["Past", "AllClear", None]
    assert [texts(one, "status") for one in episode] == [["Exercise"]] * 6  # nobody mistakes it for a real one


def test_it_says_what_where_when_and_what_to_do(episode):
    assert texts(episode[1], "sent", "sender", "senderName", "severity", "instruction", "responseType") == [
        "2026-02-01T00:00:00+02:00",
        "air@town.example",
        "Town & sons",
        "Severe",
        "Stay indoors, & shut windows.",
        "Execute",
    ]
    assert texts(episode[1], "headline", "areaDesc", "description") == [
        "Air pollution: alarm, Old town <east>",
        "Old town <east>",
        "alarm raised: NO2 (1-hour mean) 450 µg/m³ at a",
    ]
    corners = texts(episode[1], "polygon")[0].split()
    assert corners[0] == corners[-1] == "43.730000,7.420000" and len(corners) == 4


def test_messages_refer_to_those_they_follow(episode):
    assert texts(episode[0], "references") == [None]
    identifiers = [",".join(texts(one, "sender", "identifier", "sent")) for one in episode]
    assert len(set(identifiers)) == 6
    for number, one in enumerate(episode[1:], start=1):
        assert texts(one, "references")[0].split() == identifiers[:number]
    assert not set(texts(episode[0], "identifier")[0]) & set(" ,<&")


def test_without_more_said_it_is_valid_too():
    alert, cancel, again = messages(250, 50, GAP, GAP, GAP, 50, 450)
    assert texts(alert, "sent", "areaDesc", "polygon") == ["2026-01-31T23:00:00-00:00", "smog, old town", None]
    assert texts(cancel, "msgType", "severity") == ["Cancel", "Minor"]
    assert texts(again, "msgType", "references") == ["Alert", None]  # the one before is over
