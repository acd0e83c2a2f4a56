"""Import Mesa without what only its data collector, its spaces and its experiments need: that waits for its first use.

``import mesa`` loads pandas, networkx and scipy.spatial, a second of CPU time and 70 MiB that no run of ours asks for.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

WAITING = ("pandas", "networkx", "mesa.experimental")


class _Later(ModuleType):
    """Stands for a module, which is imported when somebody asks for something in it."""

    def __getattr__(self, name: str) -> Any:
        if name == "__file__":  # who looks through all modules (``inspect``) wants nothing of this one
            raise AttributeError(name)
        _make_way([self])
        return getattr(import_module(self.__name__), name)


def _make_way(modules: list[_Later]) -> None:
    """Have the next import of these bring the modules themselves."""
    for module in modules:
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]


_later = [_Later(name) for name in WAITING if name not in sys.modules]
sys.modules.update({module.__name__: module for module in _later})
try:
    import mesa
finally:
    _make_way(_later)

Agent = mesa.Agent
AgentSet = mesa.agent.AgentSet
Model = mesa.Model
