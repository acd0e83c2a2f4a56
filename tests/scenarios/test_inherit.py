"""Laws of `base:`: what a file says after another, and where it says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from citytwin.scenarios.inherit import bundled_scenarios, find_scenario, merge, read_with_base
from citytwin.scenarios.yaml_lines import Written, strip_text

BASE, CHANGE = Path("base.yaml"), Path("change.yaml")

keys = st.sampled_from(["a", "b", "c", "id", "links"])
scalars = st.one_of(st.booleans(), st.integers(-5, 5), st.text("xyz", max_size=3))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)
mappings = st.dictionaries(keys, values, max_size=4)
items = st.lists(
    st.builds(
        lambda name, more: {**more, "id": name},
        st.sampled_from("uvwxyz"),
        st.dictionaries(st.sampled_from("ab"), scalars),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda item: item["id"],
)


def written(value: Any, file: Path = BASE, line: int = 1) -> Written:
    if isinstance(value, dict):
        return Written({key: written(child, file, line + 1) for key, child in value.items()}, file, line)
    if isinstance(value, list):
        return Written([written(child, file, line + 1) for child in value], file, line)
    return Written(value, file, line)


def merged(base: Any, change: Any) -> Any:
    return strip_text(merge(written(base), written(change, CHANGE)).plain())


@given(mappings)
def test_nothing_changed_is_the_base(base: dict[str, Any]) -> None:
    assert merged(base, {}) == base


def test_another_kind_takes_the_place_of_what_was_there() -> None:
    base = {"weather": {"kind": "constant", "wind": 3}, "sources": [{"id": "a", "kind": "stack", "height": 9}]}
    change = {"weather": {"kind": "series", "file": "x"}, "sources": {"a": {"kind": "area"}}}
    wanted = {"weather": {"kind": "series", "file": "x"}, "sources": [{"id": "a", "kind": "area"}]}
    assert merged(base, change) == wanted
    same = merged(base, {"weather": {"kind": "constant", "cloud": 0.5}})["weather"]
    assert same == {"kind": "constant", "wind": 3, "cloud": 0.5}


@given(mappings)
def test_a_change_of_nothing_is_the_change(change: dict[str, Any]) -> None:
    assert merged({}, change) == change


def takes_ids_away(base: Any, change: Any) -> bool:
    """Whether a change by id leaves a list with something that has no id, or another one."""
    if isinstance(base, dict) and isinstance(change, dict):
        return any(takes_ids_away(base.get(key), value) for key, value in change.items())
    if isinstance(base, list) and isinstance(change, dict):
        plain = (str, int, bool)
        named = {item["id"]: item for item in base if isinstance(item, dict) and isinstance(item.get("id"), plain)}
        said = {key: value for key, value in change.items() if value is not None}
        return any(not isinstance(value, dict) or "id" in value for value in said.values()) or any(
            takes_ids_away(named.get(key), value) for key, value in said.items()
        )
    if isinstance(base, list) and isinstance(change, list):
        return any(takes_ids_away(one, other) for one in base for other in change)
    return False


def has_twins(value: Any) -> bool:
    """Whether two items of a list have one id."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ids = [item["id"] for item in inner if isinstance(item, dict) and "id" in item] if isinstance(value, list) else []
    return any(one in ids[:place] for place, one in enumerate(ids)) or any(has_twins(child) for child in inner)


@given(mappings, mappings)
@example({"a": [{"id": "x"}]}, {"a": {"y": {"b": 1}}})
def test_saying_it_twice_says_no_more(base: dict[str, Any], change: dict[str, Any]) -> None:
    assume(not (takes_ids_away(base, change) or has_twins(base) or has_twins(change)))
    once = merged(base, change)
    assert merged(once, change) == once


@given(mappings, mappings, mappings)
def test_the_last_word_on_single_values_counts(
    base: dict[str, Any], middle: dict[str, Any], top: dict[str, Any]
) -> None:
    both = merged(merged(base, middle), top)
    for key, value in top.items():
        if not isinstance(value, (dict, list)):
            assert both[key] == value
    assert set(both) == {*base, *middle, *top}


@given(mappings, keys)
def test_null_removes(base: dict[str, Any], key: str) -> None:
    assert merged(base, {key: None}) == {other: value for other, value in base.items() if other != key}


@given(mappings, mappings)
def test_every_value_knows_its_file(base: dict[str, Any], change: dict[str, Any]) -> None:
    tree = merge(written(base), written(change, CHANGE))
    assert isinstance(tree.value, dict)
    for key, value in tree.value.items():
        if key not in change:
            assert value.file == BASE
        elif not isinstance(change[key], (dict, list)):
            assert value.file == CHANGE


@given(items, items)
def test_items_merge_by_id(base: list[dict[str, Any]], change: list[dict[str, Any]]) -> None:
    by_id = {item["id"]: dict(item) for item in base}
    for item in change:
        by_id.setdefault(item["id"], {}).update(item)
    assert merged(base, change) == list(by_id.values())


@given(items, st.lists(st.dictionaries(st.sampled_from("ab"), scalars), max_size=3))
def test_items_without_id_are_replaced(base: list[dict[str, Any]], change: list[dict[str, Any]]) -> None:
    assert merged(base, change) == change


@given(items)
def test_a_mapping_changes_items_by_their_id(base: list[dict[str, Any]]) -> None:
    first, *others = base
    assert merged(base, {first["id"]: None}) == others
    assert merged(base, {first["id"]: {"a": 7}}) == [{**first, "a": 7}, *others]
    assert merged(base, {"new": {"a": 7}}) == [*base, {"id": "new", "a": 7}]


def test_three_files_and_their_folders(tmp_path: Path) -> None:
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases/first.yaml").write_text("seed: 1\ncity: {osm: town.osm}\nevents: [{id: a, start_s: 0}]\n")
    (tmp_path / "middle.yaml").write_text("base: bases/first.yaml\nseed: 2\nevents:\n  - {id: b}\n")
    (tmp_path / "top.yaml").write_text("base: middle.yaml\nevents: [{id: a, start_s: 5}]\n")
    found = read_with_base(tmp_path / "top.yaml")
    assert found.problems == () and found.complete
    assert [file.name for file in found.files] == ["top.yaml", "middle.yaml", "first.yaml"]
    assert found.tree is not None
    assert strip_text(found.tree.plain()) == {
        "base": "middle.yaml",
        "seed": 2,
        "city": {"osm": "town.osm"},
        "events": [{"id": "a", "start_s": 5}, {"id": "b"}],
    }
    osm = found.tree.at("city", "osm")
    assert (osm.file, osm.line) == (tmp_path / "bases/first.yaml", 2)
    assert (found.tree.at("events", 1, "id").file, found.tree.at("events", 1, "id").line) == (
        tmp_path / "middle.yaml",
        4,
    )


def test_a_ring_through_a_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("base: b.yaml\n")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (problem,) = read_with_base(tmp_path / "a.yaml").problems
    assert "inherits from itself" in problem.text


@pytest.mark.parametrize("name", bundled_scenarios())
def test_bundled_scenarios_are_found_by_name(name: str) -> None:
    assert find_scenario(name) == find_scenario(f"{name}.yaml")
    assert find_scenario(name) is not None


@pytest.mark.parametrize("name", ["../network", "/etc/hostname/..", "monaco/../../scenario", "a\0b", "x" * 5000])
def test_nothing_outside_the_library_is_a_bundled_scenario(name: str) -> None:
    found = find_scenario(name)
    assert found is None or found == Path("/etc")
