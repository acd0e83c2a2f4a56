"""Mesa without its heavy companions: they come when somebody uses them, and only then."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("pandas",)  # Mesa 3.5 itself uses its experiments, and so networkx and scipy.spatial
BEGIN = f"""
import sys
import citytwin.sim.simulation
heavy = [name for name in {HEAVY!r} if name in sys.modules]
assert not heavy, heavy
import mesa
"""


def in_a_fresh_process(code: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "use",
    [
        """
class Town(mesa.Model):
    people = 3
town = Town()
collector = mesa.DataCollector(model_reporters={"people": "people"})
collector.collect(town)
assert collector.get_model_vars_dataframe().people.tolist() == [3]
import pandas
assert isinstance(collector.get_model_vars_dataframe(), pandas.DataFrame)
""",
        """
import networkx
space = mesa.space.NetworkGrid(networkx.path_graph(4))
assert space.get_neighborhood(1) == [0, 2]
""",
        """
space = mesa.experimental.continuous_space.ContinuousSpace([[0, 2], [0, 2]], random=mesa.Model().random)
from mesa.experimental.continuous_space import ContinuousSpace
assert isinstance(space, ContinuousSpace)
""",
        """
from mesa.experimental.devs import ABMSimulator
assert mesa.experimental.devs.ABMSimulator is ABMSimulator
""",
        """
import pandas.testing, networkx.algorithms
assert pandas.__file__ and networkx.__file__
""",
    ],
)
def test_what_waits_is_there_when_it_is_used(use: str) -> None:
    in_a_fresh_process(BEGIN + use)


def test_who_has_loaded_it_all_keeps_it() -> None:
    in_a_fresh_process(
        "import pandas, mesa\n"
        "import citytwin.agents.light_mesa, mesa.datacollection as here\n"
        "assert here.pd is pandas and citytwin.agents.light_mesa.Model is mesa.Model\n"
    )
