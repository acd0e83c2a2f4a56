"""Say how soon responders came, beside the response times that services are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import style

if TYPE_CHECKING:
    from ..run_folder import Run


def responder_section(run: Run) -> dict[str, Any] | None:
    """What the report says of responders; None where there were none."""
    facts = run.summary.get("responders")
    if not facts:
        return None
    return {
        "sentences": _sentences(facts),
        "targets": [
            {"whose": whose, "standards": [_standard(row) for row in answers["standards"]]}
            for whose, answers in (("", facts), ("evacuees", facts.get("evacuees")))
            if answers
        ],
        "units": _units(run),
    }


def _sentences(facts: dict[str, Any]) -> list[str]:
    told = _answered(facts, "came in")
    if "evacuees" in facts:
        told += _answered(facts["evacuees"], "of evacuees who cannot walk came in")
    told.append(f"Units were busy with calls {style.percent(facts['utilisation'])} of the time.")
    beyond = {name: one["beyond_capacity"] for name, one in facts["hospitals"].items() if one["beyond_capacity"]}
    told += [f"{name} took in {style.whole(count)} more than it has room for." for name, count in beyond.items()]
    return told


def _answered(facts: dict[str, Any], came_in: str) -> list[str]:
    states = facts["states"]
    answered = states["unit there"] + states["over"]
    told = [f"{style.count(facts['calls'], 'call')} {came_in}; a unit came to {style.whole(answered)} of them."]
    if facts["mean_response_s"] is not None:
        told.append(
            f"To those it took {style.minutes_seconds(facts['mean_response_s'])} on average from call to arrival, "
            f"and nine in ten of them had a unit within {style.minutes_seconds(facts['response_90_s'])}."
        )
    late = states["waiting"] + states["unit on its way"]
    if late:
        told.append(
            f"At the end {style.count(late, 'call')} still waited for a unit to come, "
            f"{style.whole(states['waiting']) if states['waiting'] else 'none'} of them for one to be free."
        )
    return told


def _standard(row: dict[str, Any]) -> dict[str, str]:
    share = f"{row['share_pct']:g} % within" if row["share_pct"] else "on average"
    unit = "%" if row["statistic"] == "share" else "min"
    measured = row["measured"]
    value = (
        style.DASH if measured is None else style.percent(measured / 100.0) if unit == "%" else f"{measured:.1f} min"
    )
    if row["met"] is False and measured is None:
        value = "not in time"
    return {
        "system": str(row["system"]),
        "class": str(row["call_class"]),
        "target": f"{share} {row['limit_min']:.3g} min",
        "clock": str(row["clock"]),
        "measured": value,
        "met": {True: "met", False: "missed"}.get(row["met"], style.DASH),
    }


def _units(run: Run) -> list[dict[str, str]]:
    return [
        {
            "unit": str(row["unit"]),
            "kind": str(row["kind"]).replace("_", " "),
            "calls": style.whole(row["calls"]),
            "busy": f"{row['busy_s'] / 60.0:.0f}",
            "doing": str(row["doing"]),
        }
        for row in run.response_units.to_dict("records")
    ]
