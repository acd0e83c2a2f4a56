"""Write warnings of bad air as messages of the Common Alerting Protocol 1.2 (OASIS, 2010)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..agents.remembering import Remembers

if TYPE_CHECKING:
    from ..agents.air_monitor import AirEvent
    from ..scenarios.air_warnings import AirWarning, WarningLevel

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
EVENT = "Air pollution"
NOTE = "A simulation sent this message. Nobody needs to act on it."


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the protocol."""

    identifier: str
    xml: bytes


@dataclass(slots=True)
class Messenger(Remembers):
    """Turns what happens to one warning into messages, each of which refers to those it follows.

    Raising the first level is an alert, whatever changes while one is in force an update, and lowering the last one
    cancels it all. Stale data without a level in force are nobody's message.
    """

    KEEPS = ("sent", "number")

    warning: AirWarning
    start: dt.datetime  # of the run, local time
    sent: list[str] = field(default_factory=list)  # references to the messages of the alert in force
    number: int = 0

    def message(self, event: AirEvent, t_s: float) -> Message | None:
        """What is sent about something that happened at ``t_s``; None where nothing is."""
        if event.level == 0 and event.before == 0:
            return None
        kind = "Cancel" if event.level == 0 else "Update" if self.sent else "Alert"
        self.number += 1
        at = self.start + dt.timedelta(seconds=t_s)
        sent = f"{at:%Y-%m-%dT%H:%M:%S}{self.warning.message.utc_offset}"
        identifier = f"{_plain(self.warning.id)}-{at:%Y%m%dT%H%M%S}-{self.number}"
        xml = self._xml(event, kind, identifier, sent)
        self.sent.append(f"{self.warning.message.sender},{identifier},{sent}")
        if kind == "Cancel":
            self.sent.clear()
        return Message(identifier, xml)

    def _xml(self, event: AirEvent, kind: str, identifier: str, sent: str) -> bytes:
        from lxml import etree

        alert = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
        said = self.warning.message
        parts = [("identifier", identifier), ("sender", said.sender), ("sent", sent), ("status", "Exercise")]
        parts += [("msgType", kind), ("scope", "Public"), ("note", NOTE)]
        parts += [("references", " ".join(self.sent))] if self.sent else []
        _add(alert, parts)
        self._add_info(etree.SubElement(alert, f"{{{NAMESPACE}}}info"), event, kind)
        return bytes(etree.tostring(alert, xml_declaration=True, encoding="UTF-8", pretty_print=True))

    def _add_info(self, info: Any, event: AirEvent, kind: str) -> None:
        from lxml import etree

        said, over = self.warning.message, kind == "Cancel"
        level = self.warning.levels[max(event.level, event.before) - 1 if over else event.level - 1]
        area_name = said.area_name or self.warning.id
        parts = [("language", said.language), ("category", "Env"), ("category", "Health"), ("event", EVENT)]
        parts += [("responseType", _response(level, over=over)), ("urgency", "Past" if over else "Immediate")]
        parts += [("severity", level.severity), ("certainty", "Unknown" if event.what == "stale" else "Observed")]
        parts += [("senderName", said.sender_name)] if said.sender_name else []
        headline = f"Over: {level.name}, {area_name}" if over else f"{EVENT}: {level.name}, {area_name}"
        parts += [("headline", headline), ("description", event.text)]
        parts += [("instruction", level.instruction)] if level.instruction and not over else []
        _add(info, parts)
        parameter = etree.SubElement(info, f"{{{NAMESPACE}}}parameter")
        _add(parameter, [("valueName", "level"), ("value", "none" if over else level.name)])
        area = etree.SubElement(info, f"{{{NAMESPACE}}}area")
        _add(area, [("areaDesc", area_name)])
        if said.polygon is not None:
            corners = [*said.polygon, said.polygon[0]]
            _add(area, [("polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in corners))])


def _add(parent: Any, parts: list[tuple[str, str]]) -> None:
    from lxml import etree

    for name, text in parts:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text


def _response(level: WarningLevel, *, over: bool) -> str:
    """What receivers should do, in the protocol's words."""
    if over:
        return "AllClear"
    return "Execute" if level.instruction else "Monitor"


def _plain(text: str) -> str:
    """A text without what identifiers may not hold: blanks, commas, < and &."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)
