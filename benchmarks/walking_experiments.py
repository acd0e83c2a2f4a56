"""Calibrate walking to tables of experiments with people, one table after the other, as `citytwin calibrate` does.

    python benchmarks/walking_experiments.py

Prints what each table gives, with 90 % intervals, and how far the law is off. Needs the tables beside the repository
(experiments of Forschungszentrum Jülich and the University of Wuppertal, and six laboratories' flows through doors).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from citytwin.sim.calibrate.calibration import calibrate

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "pedestrian"
SPEED = ({"kind": "walking", "key": "speed_mps", "low": 0.5, "high": 2.5},)
DOOR = (
    {"kind": "walking", "key": "door_per_m_s", "low": 0.5, "high": 4.0},
    {"kind": "walking", "key": "door_less_per_s", "low": 0.0, "high": 1.0},
)
TABLES = (
    ("unidir_open_corridor_fd_binned.csv", "walk_speed", SPEED),
    ("unidir_closed_1p8m_fd_binned.csv", "walk_speed", SPEED),
    ("corner_eo_2p4m_fd_binned.csv", "walk_speed", SPEED),
    ("bottleneck_flow_vs_width.csv", "bottleneck_flow", DOOR),
)


def main() -> None:
    """Print a line for every number that a table gives."""
    for name, kind, numbers in TABLES:
        with tempfile.TemporaryDirectory() as folder:
            asked = {"calibration": 1, "scenario": "monaco/morning", "demand": None, "left_out": 0, "weight_decay": 0}
            asked |= {"experiments": [{"file": str(DATA / name), "kind": kind}], "parameters": list(numbers)}
            file = Path(folder) / "fit.yaml"
            file.write_text(json.dumps(asked), encoding="utf-8")
            found = calibrate(file, Path(folder) / "out")
            row = found.as_dict()["kinds"][0]
            errors = " and ".join(f"{row[when]:.3f}" for when in ("rmse_before", "rmse"))
            print(f"{name}: {row['readings']} rows, off by {errors} {row['unit']} before and after")
            ends = zip(found.setting.parameters, found.found.values, found.trust.low, found.trust.high, strict=True)
            for one, value, low, high in ends:
                print(f"    {one.name} {value:.3f} ({low:.3f} to {high:.3f}) {one.unit}")


if __name__ == "__main__":
    main()
