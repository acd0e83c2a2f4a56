"""Compare our shortest paths with scipy's and networkx's on a grid of 20,000 links.

Run with ``python benchmarks/routing.py``; times are the best of three, per pair of origin and destination.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from citytwin.kernels.routing import Expectation, TurnGraph, Wishes, plan_routes

SIDE = 71  # junctions; 4 × 71 × 70 = 19,880 directed links


def grid() -> tuple[TurnGraph, Expectation]:
    """Street grid as links and turns, without U-turns."""
    street = nx.grid_2d_graph(SIDE, SIDE).to_directed()
    row = {edge: i for i, edge in enumerate(street.edges)}
    turns = sorted((row[a, b], row[b, c]) for a, b in street.edges for c in street[b] if c != a)
    source, target = np.array(turns).T
    rng = np.random.default_rng(1)
    graph = TurnGraph(
        np.searchsorted(source, np.arange(len(row) + 1)).astype(np.int64),
        target.astype(np.int32),
        np.arange(source.size, dtype=np.int32),
        np.arange(len(row), dtype=np.int32),
    )
    return graph, Expectation(rng.uniform(5, 20, len(row)), rng.uniform(0, 5, source.size), np.ones(len(row), np.bool_))


def wishes(pairs: int, links: int, origins: int | None = None) -> Wishes:
    """Random trips, from a few origins only if ``origins`` says so."""
    rng = np.random.default_rng(2)
    origin = (
        rng.integers(0, links, pairs) if origins is None else rng.integers(0, links, origins).repeat(pairs // origins)
    )
    return Wishes(
        origin.astype(np.int32),
        rng.integers(0, links, pairs).astype(np.int32),
        np.arange(pairs, dtype=np.uint64),
        np.zeros(pairs + 1, np.int64),
        np.zeros(0, np.int32),
    )


def milliseconds(work: Callable[[], Any], pairs: int, repeats: int = 3) -> float:
    """Best wall time per pair."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 1000 * best / pairs


def main() -> None:
    """Print a table of times and ratios."""
    graph, expected = grid()
    links = expected.link_s.size
    many, grouped, few = wishes(600, links), wishes(6000, links, origins=100), wishes(5, links)
    source = np.repeat(np.arange(links), np.diff(graph.arc_start))
    weight = expected.link_s[source] + expected.movement_s
    matrix = csr_array((weight, (source, graph.arc_to)), shape=(links, links))
    street = nx.DiGraph()
    street.add_weighted_edges_from(zip(source.tolist(), graph.arc_to.tolist(), weight.tolist(), strict=True))
    start = time.perf_counter()
    plan_routes(graph, expected, few, seed=1, noise=0.1)
    print(f"first call, with compilation or from its cache: {time.perf_counter() - start:.1f} s")
    plan_routes(graph, expected, many, seed=1, noise=0.1)

    def networkx() -> None:
        for a, b in zip(few.origin.tolist(), few.destination.tolist(), strict=True):
            nx.bidirectional_dijkstra(street, a, b)

    ours = {
        "ours, perception noise, one search a trip": milliseconds(
            lambda: plan_routes(graph, expected, many, seed=1, noise=0.1), 600
        ),
        "ours, exact, different origins": milliseconds(
            lambda: plan_routes(graph, expected, many, seed=1, noise=0), 600
        ),
        "ours, exact, 60 trips an origin": milliseconds(
            lambda: plan_routes(graph, expected, grouped, seed=1, noise=0), 6000
        ),
    }
    scipy_ms = milliseconds(lambda: dijkstra(matrix, indices=many.origin[:20]), 20)
    networkx_ms = milliseconds(networkx, few.origin.size, repeats=1)
    print(f"{links:,} links, {graph.arc_to.size:,} movements; ms per pair")
    print(f"{'scipy, tree of the origin':45s}{scipy_ms:8.3f}")
    print(f"{'networkx, bidirectional':45s}{networkx_ms:8.3f}")
    for name, ms in ours.items():
        print(f"{name:45s}{ms:8.3f}  scipy × {scipy_ms / ms:.1f}, networkx × {networkx_ms / ms:.0f}")


if __name__ == "__main__":
    main()
