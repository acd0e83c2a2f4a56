"""What a run leaves on disk can be read again, whatever ended it, and nothing of anybody else's is overwritten."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.problems import InputError
from citytwin.sim.run_folder import MANIFEST, RunFolder, RunFolderError, plain, read_run, sha256
from citytwin.sim.run_tables import SCHEMAS

EVENT = {"t_s": [1.0], "kind": ["note"], "where": ["way/1:0-1"], "text": ["début"]}


def columns_of(table: str, rows: int) -> dict[str, object]:
    made = {
        "string": ["é"] * rows,
        "double": np.linspace(0, 1, rows),
        "int64": np.arange(rows),
        "binary": [b"x"] * rows,
    }
    return {name: made[kind] for name, kind in SCHEMAS[table].items()}


@pytest.mark.parametrize("table", SCHEMAS)
def test_what_was_written_is_read(tmp_path: Path, table: str):
    with RunFolder(tmp_path / "run") as folder:
        folder.writer(table).write(columns_of(table, 3))
        folder.writer(table).write(columns_of(table, 0))
        folder.writer(table).write(columns_of(table, 2))
    got = getattr(read_run(tmp_path / "run"), table)
    assert list(got.columns) == list(SCHEMAS[table])
    for name, values in columns_of(table, 3).items():
        assert list(got[name][:3]) == list(values)
    assert len(got) == 5


def test_a_table_that_was_never_written_is_empty_and_has_its_columns(tmp_path: Path):
    with RunFolder(tmp_path / "run"):
        pass
    for table in SCHEMAS:
        got = read_run(tmp_path / "run").table(table)
        assert len(got) == 0
        assert list(got.columns) == list(SCHEMAS[table])


def test_columns_must_be_those_declared_and_of_one_length(tmp_path: Path):
    with RunFolder(tmp_path / "run") as folder:
        writer = folder.writer("events")
        with pytest.raises(ValueError, match=r"missing columns \['text'\], undeclared columns \['txt'\]"):
            writer.write({"t_s": [1.0], "kind": ["a"], "where": [""], "txt": ["b"]})
        with pytest.raises(ValueError, match="length"):
            writer.write(EVENT | {"t_s": [1.0, 2.0]})


def test_small_writes_become_few_row_groups(tmp_path: Path):
    import pyarrow.parquet as pq

    with RunFolder(tmp_path / "run") as folder:
        for _ in range(200):
            folder.writer("events").write(EVENT)
    assert pq.ParquetFile(tmp_path / "run" / "events.parquet").num_row_groups == 1


def test_row_groups_are_written_while_the_run_goes_on(tmp_path: Path):
    with RunFolder(tmp_path / "run") as folder:
        folder.writer("network").write(columns_of("network", 70_000))
        assert (tmp_path / "run" / "network.parquet").stat().st_size > 100_000


@pytest.mark.parametrize(
    "error,status", [(None, "finished"), (KeyboardInterrupt(), "interrupted"), (ZeroDivisionError("no"), "failed")]
)
def test_the_manifest_says_how_it_ended_and_tables_are_readable(tmp_path: Path, error: BaseException, status: str):
    path = tmp_path / "run"
    caught = contextlib.nullcontext() if error is None else pytest.raises(type(error))
    with caught, RunFolder(path, seed=3) as folder:
        folder.writer("events").write(EVENT)
        assert read_run(path).manifest["status"] == "running"
        if error:
            raise error
    run = read_run(path)
    assert run.manifest["status"] == status
    assert run.manifest["seed"] == 3
    assert run.manifest["finished"] >= run.manifest["started"]
    assert len(run.events) == 1
    assert ("ZeroDivisionError: no" in (path / "traceback.txt").read_text()) if status == "failed" else True


def test_a_killed_run_says_running_and_its_folder_is_readable(tmp_path: Path):
    path = tmp_path / "run"
    code = (
        "import sys, time; from citytwin.sim.run_folder import RunFolder\n"
        f"f = RunFolder({str(path)!r}); f.writer('events').write({EVENT!r}); f.summarise({{'created': 1}})\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = read_run(path)
    assert run.manifest["status"] == "running"
    assert run.summary == {"created": 1}
    assert len(run.events) == 0


def test_an_earlier_run_is_replaced_whole(tmp_path: Path):
    with RunFolder(tmp_path / "run") as folder:
        folder.writer("events").write(EVENT)
        folder.summarise({"created": 1})
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with RunFolder(tmp_path / "run"):
        pass
    run = read_run(tmp_path / "run")
    assert len(run.events) == 0
    assert run.summary == {}
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"name": "someone else\'s"}'])
def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: str | None):
    place = tmp_path / "holiday"
    place.mkdir()
    (place / "photo.jpg").write_text("precious")
    if content is not None:
        (place / MANIFEST).write_text(content)
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(RunFolderError, match="not empty and not a run folder"):
        RunFolder(place)
    assert sorted(path.name for path in place.iterdir()) == before


def test_a_file_in_the_way_is_named(tmp_path: Path):
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="out  is a file"):
        RunFolder(tmp_path / "out")
    with pytest.raises(InputError, match="cannot be made"):
        RunFolder(tmp_path / "out" / "run")


def test_reading_what_is_no_run_folder_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(RunFolderError, match="citytwin run FILE -o"):
        read_run(tmp_path)


def test_inputs_carry_their_hash(tmp_path: Path):
    (tmp_path / "town.osm").write_bytes(b"abc")
    with RunFolder(tmp_path / "run") as folder:
        folder.add_inputs([tmp_path / "town.osm", tmp_path / "town.osm"])
    (entry,) = read_run(tmp_path / "run").manifest["inputs"]
    assert (
        entry["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" == sha256(entry["path"])
    )


def test_json_is_strict_and_never_partial(tmp_path: Path):
    with RunFolder(tmp_path / "run", odd=np.float64("nan"), path=Path("x"), flag=np.bool_(True), many=np.arange(2)):
        pass
    text = (tmp_path / "run" / MANIFEST).read_text()
    manifest = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (manifest["odd"], manifest["path"], manifest["flag"], manifest["many"]) == (None, "x", True, [0, 1])
    assert not list((tmp_path / "run").glob(".*"))


def test_plain_keeps_times_readable():
    assert plain(np.datetime64("2026-05-04T07:00", "s")) == "2026-05-04T07:00:00"


def test_warnings_add_up(tmp_path: Path):
    with RunFolder(tmp_path / "run") as folder:
        folder.warn("a")
        folder.warn("b")
    assert read_run(tmp_path / "run").manifest["warnings"] == ["a", "b"]


def test_closing_twice_keeps_the_first_status(tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    folder.close("interrupted")
    time.sleep(0)
    folder.close("finished")
    assert read_run(tmp_path / "run").manifest["status"] == "interrupted"
