"""Score a demand on an instance of BO4Mob with SUMO's mesoscopic model, as the benchmark does (extra ``bench``)."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from bo4mob import Instance

from citytwin.scenarios.observed import Observed


def sumo_counts(instance: Instance, observed: Observed, demand: np.ndarray, seed: int = 0) -> tuple[np.ndarray, float]:
    """Counts of the observed links, and the seconds that the run took."""
    import sumo

    flows, links = instance.flows, instance.network.links.id
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        number = np.floor(np.round(demand, 1) + 0.5)
        rows = []
        for row in range(len(flows)):
            edges = " ".join(links[link] for link in flows.links(row))
            if number[row] < 1:
                continue
            rows.append(
                f'<flow id="f{row}" begin="{flows.begin_s[row]:g}" end="{flows.end_s[row]:g}" '
                f'number="{number[row]:.0f}" departLane="best"><route edges="{edges}"/></flow>'
            )
        (folder / "demand.rou.xml").write_text("<routes>" + "\n".join(rows) + "</routes>")
        begin_s, end_s = instance.sensor_start_s, instance.sensor_end_s
        (folder / "counts.add.xml").write_text(
            '<additional><vType id="DEFAULT_VEHTYPE" minGap="1.5" length="5" speedDev="0.0" carFollowModel="IDM"/>'
            f'<edgeData id="all" begin="{begin_s:g}" end="{end_s:g}" file="edges.xml" excludeEmpty="true"/>'
            "</additional>"
        )
        command = [
            *(str(Path(sumo.SUMO_HOME) / "bin" / "sumo"), "-n", str(instance.folder / "net.xml")),
            *("-r", "demand.rou.xml", "-a", "counts.add.xml", "--mesosim", "--seed", str(seed)),
            *("--begin", "0", "--end", f"{end_s:g}", "--no-step-log", "--no-warnings", "--ignore-route-errors"),
        ]
        begun_s = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        spent_s = time.perf_counter() - begun_s
        found = {
            edge.get("id"): float(edge.get("arrived", 0)) + float(edge.get("left", 0))
            for edge in ElementTree.parse(folder / "edges.xml").iter("edge")
        }
    return np.array([found.get(links[link], 0.0) for link in observed.link]), spent_s
