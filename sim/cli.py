"""Read the command line, call one function of the package per command, and answer with an exit code.

Exit codes: 0 done, 1 two files differ (``diff`` only), 2 wrong input, 3 the run itself failed, 130 stopped by Ctrl-C.
With ``--json`` stdout holds exactly one JSON object. Everything heavy is imported inside the command that needs it, so
that ``--help`` is instant.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..scenarios.problems import Problem
    from .backend import Backend
    from .progress import Progress

DONE, DIFFERENT, WRONG_INPUT, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


class Failed(Exception):
    """Something ended with an unexpected error; says what, and where the traceback lies."""

    def __init__(self, what: str, error: BaseException, traceback: Path) -> None:
        super().__init__(f"{what} failed: {type(error).__name__}: {error}. Traceback: {traceback}")


class CommandLine(click.Group):
    """A click group that turns every error into one of our exit codes, and into JSON when asked to."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,
    ) -> None:
        """Run a command and leave the process with its exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in arguments
        extra.pop("standalone_mode", None)
        try:
            code = super().main(arguments, prog_name or "citytwin", standalone_mode=False, **extra)
        except Exception as error:
            code = _explain(error, as_json=as_json)
        sys.exit(code if isinstance(code, int) else DONE)


def _explain(error: Exception, *, as_json: bool) -> int:
    """Tell the person what went wrong, in one way for all commands, and return the exit code."""
    from ..scenarios.problems import InputError, describe

    if isinstance(error, click.Abort):
        _say({"status": "interrupted"} if as_json else None, "interrupted")
        return INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
        click.echo(error.format_message(), err=True)
        return WRONG_INPUT
    if isinstance(error, click.ClickException):
        if isinstance(error, click.UsageError) and error.ctx is not None and not as_json:
            click.echo(error.ctx.get_usage(), err=True)
        error = InputError(error.format_message())
    if isinstance(error, InputError):
        problems = [_problem(p) for p in error.problems]
        _say({"problems": problems} if as_json else None, describe(error.problems))
        return WRONG_INPUT
    if not isinstance(error, Failed):
        error = Failed("command", error, _save_traceback(error, None))
    _say({"error": str(error)} if as_json else None, str(error))
    return FAILED


def _say(answer: Mapping[str, Any] | None, text: str) -> None:
    """Print one JSON object on stdout when there is one, else a text on stderr."""
    if answer is None:
        click.echo(text, err=True)
    else:
        click.echo(_dump(answer))


def _problem(problem: Problem) -> dict[str, Any]:
    from ..scenarios.problems import NO_VALUE

    facts = {name: getattr(problem, name) for name in ("file", "line", "key", "value", "text")}
    return facts | {"value": None if problem.value is NO_VALUE else problem.value}


def _dump(answer: Mapping[str, Any]) -> str:
    from .run_folder import plain

    return json.dumps(plain(answer), indent=2, ensure_ascii=False)


def _save_traceback(error: BaseException, folder: Path | None) -> Path:
    """Keep the traceback in the run folder, or beside the user's logs where there is no run folder yet."""
    import traceback

    from .run_folder import MANIFEST, TRACEBACK

    if folder is None or not (folder / MANIFEST).exists():
        import platformdirs

        folder = platformdirs.user_log_path("citytwin", ensure_exists=True)
    path = folder / TRACEBACK
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path


_WHERE = "Where to compute: CPU or NVIDIA GPU; auto goes by the number of trips and says why."
_backend_option = click.option(
    "--backend", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help=_WHERE
)


_seed_option = click.option("--seed", type=click.IntRange(min=0), help="Instead of the file's seed.")
_cores = "Cores to use; the result does not depend on it."
_threads_option = click.option("--threads", type=click.IntRange(min=1), help=_cores)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else.")


@click.group(
    "citytwin", cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="citytwin", prog_name="citytwin")
def main() -> None:
    """A city's streets as they are, and as they would be if something changed."""


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@_json_option
def validate(file: Path, as_json: bool) -> int:
    """Check a scenario file without running it."""
    from ..scenarios.problems import describe
    from ..scenarios.scenario import check_scenario

    problems = check_scenario(file)
    if as_json:
        click.echo(_dump({"file": file, "problems": [_problem(p) for p in problems]}))
    elif problems:
        click.echo(describe(problems), err=True)
    else:
        click.echo(f"{file}: no problems.")
    return WRONG_INPUT if problems else DONE


@main.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@_json_option
def diff(before: Path, after: Path, as_json: bool) -> int:
    """Say what differs between two scenario files.

    The exit code is 1 where something does, and 0 where nothing does.
    """
    from ..scenarios.diff_files import diff_files

    compared = diff_files(before, after)
    click.echo(_dump(compared.as_dict()) if as_json else compared.as_text())
    return DIFFERENT if compared.differences else DONE


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@_seed_option
@_threads_option
@_backend_option
@click.option("--resume", is_flag=True, help="Go on with the run in the folder, from its last snapshot.")
@_json_option
def run(
    file: Path, out: Path, seed: int | None, threads: int | None, backend: Backend, resume: bool, as_json: bool
) -> int:
    """Run a scenario file and write a run folder with its report."""
    return _run(file, out, seed=seed, threads=threads, backend=backend, resume=resume, as_json=as_json)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@click.option("--injects", type=click.Path(path_type=Path), help="File of what happens on the way, and when.")
@click.option(
    "--commands", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Commands to follow, one a line."
)
@click.option(
    "--reserve", default=0.5, show_default=True, type=click.FloatRange(min=0), help="Share that can set out besides."
)
@click.option("--turnable", multiple=True, help="Link or street whose lanes contraflow may turn; more than once.")
@_seed_option
@_threads_option
@click.option("--resume", is_flag=True, help="Go on with the rehearsal in the folder, from its last snapshot.")
@_json_option
def rehearse(file: Path, out: Path, commands: Path | None, as_json: bool, **more: Any) -> int:
    """Lead a run: let it go on and pause, confront it with injects, undo them, look ahead.

    Commands come from the terminal, from a file, or from standard input; type help for all of them.
    """
    from ..scenarios.problems import InputError
    from .rehearse_console import rehearse as lead

    try:
        report = lead(file, out, commands, as_json=as_json, **more)
    except KeyboardInterrupt:
        again = "interrupted. Go on: the same with --resume"
        _say({"status": "interrupted", "folder": out} if as_json else None, again)
        return INTERRUPTED
    except InputError:
        raise
    except Exception as error:
        raise Failed("rehearsal", error, _save_traceback(error, out)) from error
    click.echo(_dump({"report": report}) if as_json else f"Report: {report}")
    return DONE


@main.command()
@click.option("-o", "--out", default="demo", show_default=True, type=click.Path(path_type=Path), help="Run folder.")
@click.option("--city", default="monaco", show_default=True, help="A bundled city.")
@_json_option
def demo(out: Path, city: str, as_json: bool) -> int:
    """Run the morning of a bundled city."""
    return _run(Path(city, "morning"), out, seed=None, threads=None, backend="auto", as_json=as_json)


def _run(
    file: Path,
    out: Path,
    *,
    seed: int | None,
    threads: int | None,
    backend: Backend,
    as_json: bool,
    resume: bool = False,
) -> int:
    from .report import write_report
    from .report.words import outcome
    from .run import run_scenario
    from .run_folder import MANIFEST, read_run

    def work(progress: Progress) -> tuple[dict[str, Any], str]:
        how: dict[str, Any] = {"seed": seed, "threads": threads, "backend": backend, "resume": resume}
        summary = run_scenario(file, out, progress=progress, **how).summary
        progress.stage("writing the report")
        report = write_report(out)
        return {**summary, "folder": out, "report": report}, f"{outcome(read_run(out))}\nReport: {report}"

    def again() -> str:
        return f" What was recorded until then: citytwin report {out}" if (out / MANIFEST).exists() else ""

    return _answer("run", out, work, as_json=as_json, again=again)


def _answer(
    what: str,
    out: Path,
    work: Callable[[Progress], tuple[dict[str, Any], str]],
    *,
    as_json: bool,
    again: Callable[[], str] = lambda: " Go on: the same with --resume",
) -> int:
    """Do what takes long and may be stopped; it answers for JSON and in words."""
    from ..scenarios.problems import InputError
    from .interrupts import errors_after_a_signal_are_its, stop_on_signals
    from .progress import choose_progress

    stop_on_signals()
    progress = choose_progress()
    try:
        with errors_after_a_signal_are_its():
            answer, text = work(progress)
    except KeyboardInterrupt:
        _say({"status": "interrupted", "folder": out} if as_json else None, f"interrupted.{again()}")
        return INTERRUPTED
    except InputError:
        raise
    except Exception as error:
        raise Failed(what, error, _save_traceback(error, out)) from error
    finally:
        progress.close()
    click.echo(_dump(answer) if as_json else text)
    return DONE


def _share(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Turn a percentage such as ``1%`` into a share, 0 to 1."""
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / 100.0 if text.endswith("%") else math.nan
    except ValueError:
        share = math.nan
    if not 0.0 < share < 1.0:
        raise click.BadParameter(f"{text!r} is no percentage between 0% and 100%. Write it as 1% or 0.5%")
    return share


@main.command()
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("variants", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--seeds", default=20, show_default=True, help="How often each scenario is run.")
@click.option(
    "--until",
    callback=_share,
    metavar="PERCENT",
    help="Add seeds until the mean delay's difference is known to so much, as 1%.",
)
@click.option("--most-seeds", default=200, show_default=True, help="Where --until stops adding.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; as many as there are cores when left out.")
@click.option("--on", metavar="PLACE", help="Where runs are done: serial, processes, local-ray or ray://HOST:PORT.")
@click.option(
    "-o", "--out", default="comparison", show_default=True, type=click.Path(path_type=Path), help="Folder to write."
)
@click.option("--resume", is_flag=True, help="Go on with the comparison in the folder.")
@_json_option
def compare(
    base: Path, variants: tuple[Path, ...], workers: int | None, out: Path, resume: bool, as_json: bool, **more: Any
) -> int:
    """Say what variants change against a base scenario, and how sure that is.

    All are run with the same trips and the same chance, once for every seed.
    """
    from .compare import compare as run_comparison
    from .compare.executor import cores
    from .report.comparison import verdicts

    def work(progress: Progress) -> tuple[dict[str, Any], str]:
        found = run_comparison(
            [base, *variants], workers=workers or cores(), out=out, resume=resume, progress=progress, **more
        )
        progress.stage("writing the report")
        report = found.write_report()
        progress.stage("writing maps for other programs")
        written = {"report": report, "geopackage": found.write_geopackage(), "simwrapper": found.write_simwrapper()}
        maps = f"Maps: {written['geopackage']} (GIS), {written['simwrapper']} (SimWrapper)"
        return {**found.summary(), **written}, "\n".join([*verdicts(found), f"Report: {report}", maps])

    return _answer("comparison", out, work, as_json=as_json)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="calibration", show_default=True, type=click.Path(path_type=Path), help="Folder to write."
)
@click.option("--budget", type=click.IntRange(min=1), help="Most runs, instead of the file's.")
@click.option("--force", is_flag=True, help="Fit even to observations that should not be.")
@_backend_option
@click.option("--resume", is_flag=True, help="Go on with the calibration in the folder.")
@_json_option
def calibrate(file: Path, out: Path, as_json: bool, **more: Any) -> int:
    """Fit demand and drivers to counts: a description (.yaml) of what may change and what was observed."""
    from .calibrate.calibration import calibrate as run_calibration
    from .report.calibration import write_calibration_page

    def work(progress: Progress) -> tuple[dict[str, Any], str]:
        found = run_calibration(file, out, progress=progress, **more)
        progress.stage("writing the report")
        report = write_calibration_page(found, out / "report.html")
        return {**found.as_dict(), "report": report}, f"{found.text()}\nReport: {report}"

    return _answer("calibration", out, work, as_json=as_json)


@main.command()
@click.argument("source")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="GeoPackage with links, junctions and faults.")
@click.option("--map", "picture", type=click.Path(path_type=Path), help="Picture (.png, .svg or .pdf).")
@click.option("--geojson", type=click.Path(path_type=Path), help="The faults as GeoJSON.")
@click.option("--links", is_flag=True, help="List every link with its id and name, as CSV.")
@click.option("--walk", is_flag=True, help="Examine where people walk instead.")
@_json_option
def network(
    source: str, out: Path | None, picture: Path | None, geojson: Path | None, links: bool, walk: bool, as_json: bool
) -> int:
    """Examine a road network: an OSM or GraphML file, a bundled city or a scenario file."""
    from . import network_check

    if walk:
        return _walk_network(source, out, picture, geojson, links=links, as_json=as_json)
    examined = network_check.examine_source(source)
    written = network_check.write_all(examined, geopackage=out, picture=picture, geojson=geojson)
    if as_json:
        answer = {**network_check.as_dict(examined), "written": written}
        if links:
            answer["links"] = network_check.link_rows(examined.network)
        click.echo(_dump(answer))
    elif links:
        click.echo(network_check.links_csv(examined.network), nl=False)
    else:
        click.echo(network_check.as_text(examined))
        for path in written.values():
            click.echo(f"Written: {path}")
    return DONE


def _walk_network(
    source: str, out: Path | None, picture: Path | None, geojson: Path | None, *, links: bool, as_json: bool
) -> int:
    from . import walk_check

    if geojson is not None:
        msg = "--geojson lists faults of the road network; with --walk use -o FILE.gpkg"
        raise click.UsageError(msg)
    examined = walk_check.examine_walk(source)
    written = walk_check.write_all(examined, geopackage=out, picture=picture)
    if as_json:
        answer = {**walk_check.as_dict(examined), "written": written}
        click.echo(_dump(answer | ({"links": walk_check.link_rows(examined.walk)} if links else {})))
    elif links:
        click.echo(walk_check.links_csv(examined.walk), nl=False)
    else:
        click.echo("\n".join([walk_check.as_text(examined), *(f"Written: {path}" for path in written.values())]))
    return DONE


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--on", "scenario", metavar="SCENARIO", help="Scenario on whose streets the sensors are.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Page (.html) with pictures of doubtful sensors.")
@click.option("--cleaned", type=click.Path(path_type=Path), help="CSV of all readings after the file's cleaning rules.")
@_json_option
def observations(file: Path, scenario: str | None, out: Path | None, cleaned: Path | None, as_json: bool) -> int:
    """Examine what was observed: a description (.yaml) of sensors' files, or a table of counts."""
    from . import observations as examining
    from .network_check import write_files
    from .report.observations import write_observations_page

    examined = examining.examine_observations(file, scenario)
    written = write_files(
        ("page", out, lambda path: write_observations_page(examined, path)),
        ("cleaned", cleaned, lambda path: examining.write_cleaned(examined.health, path)),
    )
    if as_json:
        click.echo(_dump({**examining.as_dict(examined), "written": written}))
    else:
        click.echo("\n".join([examining.as_text(examined), *(f"Written: {path}" for path in written.values())]))
    return DONE


@main.group("import")
def import_() -> None:
    """Make a scenario folder of another program's files, and list what it cannot express."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@_json_option
def sumo(file: Path, out: Path, as_json: bool) -> int:
    """Import a SUMO configuration (.sumocfg)."""
    from ..scenarios.sumo_import import import_sumo

    imported = import_sumo(file, out)
    click.echo(_dump(imported.as_dict()) if as_json else imported.text())
    return DONE


@main.command()
@click.option("--observations", "observed", is_flag=True, help="Of descriptions of observations instead.")
@_json_option
def schema(observed: bool, as_json: bool) -> int:
    """Print the JSON Schema of scenario files."""
    from ..scenarios.scenario import scenario_schema
    from ..scenarios.sensor_files import observation_schema

    click.echo(_dump(observation_schema() if observed else scenario_schema()))
    return DONE


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pdf", is_flag=True, help="Print it as a PDF as well, with a browser of this machine.")
@_json_option
def report(folder: Path, as_json: bool, pdf: bool) -> int:
    """Write the report of a run folder again."""
    from .report.pdf import write_both

    paths = write_both(folder, pdf=pdf)
    click.echo(_dump(paths) if as_json else f"Report: {', '.join(map(str, paths.values()))}")
    return DONE


@main.command()
@_json_option
def doctor(as_json: bool) -> int:
    """Say what of this machine works."""
    from .doctor import as_text, examine_machine

    answer = examine_machine()
    click.echo(_dump(answer) if as_json else as_text(answer))
    return DONE


if __name__ == "__main__":
    main()
