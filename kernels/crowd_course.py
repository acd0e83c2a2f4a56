"""Find the way that people take who do not walk exactly as they mean to.

Whoever knows that others will push them aside does not make straight for the inner edge of a corner, where the shortest
way leads. Hoogendoorn, Bovy 2004 (Pedestrian route-choice and activity scheduling theory and models, Transportation
Research B 38, equation 15) let chance add to every step and minimise the expected cost W of the rest of the way:
with quadratic costs of walking, a length L that says how much chance there is, and w the cost of a metre,

    |∇W|² - L ΔW = w², which with W = -L ln z becomes linear: L² Δz = w² z

(Fleming 1978, Exit probabilities and optimal stochastic control; Kappen 2005, Linear theory for control of nonlinear
stochastic systems, Physical Review Letters 95). Without chance W is the length of the shortest way, T. Unknown is
z exp(T/L), a number about 1, so that no way is too long.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .chance import exp, log
from .compile import kernel

Floats = NDArray[np.float64]
Nodes = NDArray[np.int32]

SIDES = 4
SETTLED = 1e-3  # share by which nothing changes any more in one pass
LEAST_LEFT = 0.1  # share of a number that is left after a pass, at least: all stay above 0


@kernel
def curvature(step: float, spread: float) -> float:
    """Second difference of exp(x/L) over the number itself, on a grid of such steps."""
    return exp(step / spread) + exp(-step / spread) - 2.0


@kernel
def over_relaxation(step: float, spread: float) -> float:
    """Factor with which successive over-relaxation settles soonest, for the shortest step of a grid.

    Young 1954 (Iterative methods for solving partial difference equations of elliptic type, Transactions of the
    American Mathematical Society 76); no walls make Jacobi's method slower than it is in the open plane.
    """
    jacobi = SIDES / (SIDES + curvature(step, spread))
    return 2.0 / (1.0 + math.sqrt(1.0 - jacobi * jacobi))


@kernel
def weigh(to_go: Floats, step: Floats, order: Nodes, beside: Nodes, spread: float, weight: Floats) -> None:
    """Say how much of each neighbour's number a node's own is.

    Parameters
    ----------
    to_go, step
        ``[node]``, m: length of the shortest way, and from one node to the next.
    order
        ``[place]``: nodes, each of which depends mostly on those before.
    beside
        ``[place, side]``: nodes beside; the node itself where a wall is.
    spread
        L, m.
    weight
        ``[place, side]``: written.
    """
    for place in range(order.size):
        node = order[place]
        whole = curvature(step[node], spread)
        for side in range(SIDES):
            whole += int(beside[place, side] != node)
        for side in range(SIDES):
            other = beside[place, side]
            weight[place, side] = exp((to_go[node] - to_go[other]) / spread) / whole if other != node else 0.0


@kernel
def settle(share: Floats, order: Nodes, beside: Nodes, weight: Floats, factor: float) -> int:
    """Improve all numbers until they have settled; in how many passes.

    They always settle: no node depends on its neighbours by more than it is asked for (an M-matrix).
    """
    passes, moving = 0, 1
    while moving > 0:
        passes, moving = passes + 1, 0
        for place in range(order.size):
            node, due = order[place], 0.0
            for side in range(SIDES):
                due += weight[place, side] * share[beside[place, side]]
            before = share[node]
            share[node] = max(before + factor * (due - before), LEAST_LEFT * before)
            moving += int(abs(share[node] - before) > SETTLED * share[node])
    return passes


@kernel
def add_to(to_go: Floats, order: Nodes, share: Floats, spread: float) -> None:
    """Add to the shortest ways what chance adds to them."""
    for place in range(order.size):
        to_go[order[place]] -= spread * log(share[order[place]])
