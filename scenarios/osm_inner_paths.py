"""Find the legal way through a junction that is drawn with several nodes."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping

from .osm_chains import ChainGraph
from .osm_restrictions import Drive, Drives


def legal_paths(
    graph: ChainGraph,
    drives: Drives,
    inner: Collection[int],
    nodes: Collection[int],
    banned: Collection[tuple[Drive, Drive]],
    sequences: Collection[tuple[Drive, ...]] = (),
) -> dict[tuple[Drive, Drive], tuple[Drive, ...]]:
    """Shortest legal path over inner chains from every street that enters a cluster to each that leaves.

    Nobody turns round on an inner chain; turning from a street straight into its own opposite direction is an empty
    path.

    Parameters
    ----------
    inner : collection of int
        Chains inside the cluster.
    nodes : collection of int
        Nodes of the cluster.
    banned, sequences : collections
        What restrictions forbid.

    Returns
    -------
    dict
        (entering, leaving) → inner drives between them. Pairs without a legal path are missing.
    """
    entering = [d for node in sorted(nodes) for d in drives.arriving.get(node, ()) if d[0] not in inner]
    by_start: Mapping[Drive, list[tuple[Drive, ...]]] = _by_first(sequences)
    found: dict[tuple[Drive, Drive], tuple[Drive, ...]] = {}
    for first in entering:
        # States are the paths' last drives: a restriction depends on the drive before.
        reached: set[Drive] = set()
        waiting: list[tuple[float, int, Drive, tuple[Drive, ...]]] = [(0.0, 0, first, ())]
        count = 0
        while waiting:
            length, _, last, path = heapq.heappop(waiting)
            if last in reached:
                continue
            reached.add(last)
            for after in drives.leaving.get(drives.ends(last)[1], ()):
                if (last, after) in banned or (after[0] == last[0] and path) or after in reached:
                    continue
                if after[0] not in inner:
                    whole = (first, *path, after)
                    if not _breaks(whole, by_start):
                        found.setdefault((first, after), path)
                elif after[0] != last[0]:
                    count += 1
                    heapq.heappush(waiting, (length + graph.length_m(after[0]), count, after, (*path, after)))
    return found


def _by_first(sequences: Collection[tuple[Drive, ...]]) -> dict[Drive, list[tuple[Drive, ...]]]:
    found: dict[Drive, list[tuple[Drive, ...]]] = {}
    for sequence in sequences:
        found.setdefault(sequence[0], []).append(sequence)
    return found


def _breaks(path: tuple[Drive, ...], by_start: Mapping[Drive, list[tuple[Drive, ...]]]) -> bool:
    return any(
        path[place : place + len(sequence)] == sequence
        for place, drive in enumerate(path)
        for sequence in by_start.get(drive, ())
    )
