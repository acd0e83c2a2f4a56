"""Write scenario files to compare: a town, the same under another name, and with a street closed."""

from __future__ import annotations

from pathlib import Path

from traffic_case import write_scenario

from citytwin.sim.progress import Silent

CLOSED = "way/201:1-2"
MATRIX = "from_zone,to_zone,trips,vehicle_class\nwest,east,60,car\neast,west,40,truck\n"
ZONES = "zone,node\nwest,11\nwest,21\neast,14\neast,24\n"


def write_plans(folder: Path) -> list[Path]:
    """A town with two zones, the same under another name, and with a street closed at a cost."""
    (folder / "matrix.csv").write_text(MATRIX)
    (folder / "zones.csv").write_text(ZONES)
    demand = [
        {"kind": "random_trips", "per_hour": 1500, "min_distance_m": 200},
        {"kind": "od_matrix", "file": "matrix.csv", "zones": "zones.csv", "end_s": 300},
    ]
    told = {
        "report": {"routes": [{"name": "Along 101", "links": ["way/101:0-1", "way/101:1-2"]}]},
        "values": {"currency": "EUR", "hour": {"car": 12, "truck": 40}, "hours_a_year": 500},
    }
    base = write_scenario(folder, demand=demand, **told)
    event = f'{{kind: road_closure, links: ["{CLOSED}"], start_s: 180, known_to: broadcast}}'
    (folder / "same.yaml").write_text("base: town.yaml\nname: Same\n")
    (folder / "closed.yaml").write_text(
        f"base: town.yaml\nname: Closed\nevents: [{event}]\nvalues: {{cost_a_year: 40000}}\n"
    )
    return [base, folder / "same.yaml", folder / "closed.yaml"]


class Stages(Silent):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counts: list[tuple[int, int]] = []

    def stage(self, text: str) -> None:
        self.said.append(text)

    def count(self, done: int, total: int, what: str) -> None:
        self.counts.append((done, total))
