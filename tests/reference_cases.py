"""Read the reference cases of traffic beside the repository and score what was measured, by that collection's rules."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "traffic"

Case = dict[str, Any]
Solver = Callable[[Case], Mapping[str, Any]]


def read_cases(name: str) -> dict[str, Case]:
    """Cases of one file by id; none where the collection is not on this machine."""
    path = FOLDER / f"{name}.json"
    return {case["id"]: case for case in json.loads(path.read_text())["cases"]} if path.exists() else {}


def read_facts(name: str) -> dict[str, Case]:
    """Facts of one file by id."""
    path = FOLDER / f"{name}.json"
    return {fact["id"]: fact for fact in json.loads(path.read_text())["facts"]} if path.exists() else {}


def parameters(name: str) -> list[Any]:
    """Every case of a file as a test parameter; a skip where the collection is missing."""
    found = read_cases(name)
    if not found:
        return [pytest.param(None, id="none", marks=pytest.mark.skip(f"{FOLDER} is not on this machine"))]
    return [pytest.param(case, id=key) for key, case in found.items()]


def compared(expected: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...], Any, Mapping[str, Any]]]:
    """Quantity, place in it, wanted value and entry of every number that has a tolerance or a band."""
    for name, entry in expected.items():
        if not isinstance(entry, dict) or "text" in entry:
            continue
        judged = any(key in entry for key in ("tol_abs", "tol_rel", "min", "max"))
        if not judged and not isinstance(entry.get("value"), str):
            continue
        if "rows" in entry:
            for i, row in enumerate(entry["rows"]):
                for key, value in row.items() if isinstance(row, dict) else [(None, row)]:
                    if isinstance(value, (int, float)):
                        yield name, (i,) if key is None else (i, key), value, entry
        elif "value" in entry or "min" in entry or "max" in entry:
            yield name, (), entry.get("value"), entry
        else:
            for key, value in entry.items():
                if key not in ("tol_abs", "tol_rel", "unit", "note") and isinstance(value, (int, float)):
                    yield name, (key,), value, entry


def within(got: Any, wanted: Any, entry: Mapping[str, Any]) -> bool:
    """Whether a measured value is in the band or within the tolerance of an entry."""
    if "min" in entry or "max" in entry:
        return bool(entry.get("min", -math.inf) <= got <= entry.get("max", math.inf))
    if isinstance(wanted, str):
        return bool(got == wanted)
    return bool(abs(got - wanted) <= entry.get("tol_abs", 0.0) + entry.get("tol_rel", 0.0) * abs(wanted))


def look_up(got: Any, place: tuple[Any, ...]) -> Any:
    """Part of a result, None where it was not measured."""
    for key in place:
        try:
            got = got[key]
        except (KeyError, IndexError, TypeError):
            return None
    return got


def hold(
    note: Callable[[str, Any], None],
    quantity: str,
    ours: float,
    band: tuple[float, float],
    unit: str = "",
    known: str = "",
) -> None:
    """Note a measured value with the band it should lie in, and fail where it does not.

    ``known`` says why it is known to miss: then it must, and the test counts as an expected failure.
    """
    good = band[0] <= ours <= band[1]
    note("compared", (quantity, float(ours), [float(end) for end in band], unit, bool(good)))
    text = f"{quantity} = {ours:.4g} {unit}, expected {band[0]:.4g} to {band[1]:.4g}"
    if known:
        assert not good, f"known to miss, but now within: {text}"
        pytest.xfail(f"{text} ({known})")
    assert good, text


def score(case: Case, got: Mapping[str, Any], note: Callable[[str, Any], None], known: Mapping[str, str]) -> None:
    """Hold a case's results against what is expected.

    Parameters
    ----------
    case, got
        The case, and its quantities as measured; what is missing is not judged.
    note
        Called with every comparison, for the page that lists them (pytest's ``record_property``).
    known
        Quantities known to miss, with the reason: they must miss, and the test counts as an expected failure.
    """
    missed: dict[str, list[str]] = {}
    seen = set()
    for name, place, wanted, entry in compared(case["expected"]):
        value = look_up(got.get(name), place)
        if value is None:
            continue
        seen.add(name)
        good = within(value, wanted, entry)
        band = wanted if wanted is not None else [entry.get("min"), entry.get("max")]
        label = ".".join([name, *map(str, place)])
        shown = float(value) if isinstance(value, float) else value  # numpy's own kinds do not travel between workers
        note("compared", (label, shown, band, entry.get("unit", ""), good))
        if not good:
            text = f"{value:.4g}" if isinstance(value, (int, float)) else str(value)
            missed.setdefault(name, []).append(f"{label} = {text}, expected {band}")
    assert seen, "nothing was compared"
    surprises = [text for name, texts in missed.items() if name not in known for text in texts]
    assert not surprises, "; ".join(surprises)
    mended = [name for name in known if name not in missed]
    assert not mended, f"known to miss, but now within tolerance: {mended}"
    if known:
        pytest.xfail("; ".join(f"{missed[name][0]} ({why})" for name, why in known.items()))
