"""Put a calibration on a page: what fits, what was left out, how sure values are, what these sensors cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...scenarios.network import CLASS_NAMES
from ...scenarios.sensor_kinds import SENSOR_KINDS
from ..calibrate.acceptance import GEH_GOOD, Criterion
from ..calibrate.calibration import kinds_table
from ..calibrate.gauges import COUNTED
from ..calibrate.judged import judged
from ..calibrate.losses import geh
from ..network_facts import drawn_lines
from . import streets_map, style
from .calibration_profiles import time_profiles
from .calibration_sources import source_maps
from .figures import Picture, chart, figure_of
from .page import templates
from .svg import to_svg

if TYPE_CHECKING:
    from ..calibrate.calibration import Calibration

ROWS_SHOWN = 200
GEH_BANDS = (
    (5.0, "o", "accent", "GEH below 5"),
    (10.0, "^", "third", "5 to 10"),
    (np.inf, "X", "second", "10 or more"),
)


def write_calibration_page(found: Calibration, path: Path) -> Path:
    """Write one HTML file that needs nothing else."""
    path.write_text(render(found), encoding="utf-8")
    return path


def render(found: Calibration) -> str:
    """The page as HTML text."""
    trust, before = found.trust, found.before
    shown = (style.number(value, figures=3) for value in (before.as_it_is_nrmse, trust.fitted))
    was, now = shown
    return (
        templates()
        .get_template("calibration.html")
        .render(
            title=found.setting.scenario.name,
            css_variables=style.css_variables(),
            css=(Path(__file__).parent / "templates" / "report.css").read_text(encoding="utf-8"),
            lead=f"The error of the readings fell from {was} to {now} of their mean, after {found.found.runs} runs.",
            warning=trust.warning,
            notes=found.setting.notes,
            scores=_scores(found),
            acceptance=_acceptance(found),
            unknown=_unknown(found),
            pictures=[
                *([_scatter(found), _geh_map(found)] if _counted(found).size else []),
                *source_maps(found),
                *time_profiles(found),
                _progress(found),
            ],
            kinds=_kinds(found),
            parameters=_parameters(found),
            more_parameters=max(0, len(found.setting.parameters) - ROWS_SHOWN),
            ended=found.found.why,
            slopes=found.found.slopes,
            intervals=found.setting.asked.intervals,
            decay=found.setting.asked.weight_decay,
            loss=found.setting.asked.loss,
            runs=style.whole(found.runs),
        )
    )


def _hourly(found: Calibration) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Observed and simulated flows, veh/h, and which were fitted."""
    observed = found.setting.loss.observed
    rows = _counted(found)
    hours = (observed.end_s - observed.start_s)[rows] / 3600.0
    return observed.value[rows] / hours, found.found.simulated.counts[0][rows] / hours, observed.weight[rows] > 0.0


def _counted(found: Calibration) -> np.ndarray:
    """Rows of the readings that count vehicles."""
    return np.flatnonzero(found.setting.instruments.gauges.of_kinds(COUNTED))


def _scores(found: Calibration) -> list[dict[str, str]]:
    trust, before = found.trust, found.before
    rows = [
        ("The readings that were fitted, before", before.as_it_is_nrmse),
        ("The same, calibrated", trust.fitted),
        ("With fresh seeds, mean", float(np.mean(trust.fresh_seeds))),
        ("As a run of the written scenario has them", found.as_run_nrmse),
        ("Sensors that were left out, before", trust.left_out_before),
        ("The same, calibrated", trust.left_out),
        ("Other days, calibrated", trust.other_days),
        ("Other days, by those days' own readings (persistence)", trust.persistence),
        ("The best demand within the bounds, if nothing ever queued (floor)", before.floor_nrmse),
    ]
    return [{"words": words, "value": f"{value:.4f}"} for words, value in rows if np.isfinite(value)]


def _kinds(found: Calibration) -> list[dict[str, str]]:
    """How far readings of each kind are off, where there are several."""
    rows = kinds_table(found)
    if len(rows) < 2 and all(row["kind"] == "count" for row in rows):
        return []
    return [
        {
            "kind": f"{SENSOR_KINDS[str(row['kind'])].words if row['kind'] in SENSOR_KINDS else row['kind']}",
            "unit": str(row["unit"]),
            "readings": style.whole(int(str(row["readings"]))),
            **{name: style.number(float(str(row[name])), figures=3) for name in ("mean", "rmse_before", "rmse")},
        }
        for row in rows
    ]


def _acceptance(found: Calibration) -> list[dict[str, str]]:
    """What guidelines ask, for those that were fitted and those that were left out."""
    fitted = found.setting.loss.observed.weight > 0.0
    tables = [judged(found.setting, found.found.simulated.counts[0], part) for part in (fitted, ~fitted)]
    return [
        {
            "guideline": one.guideline,
            "words": one.what,
            "fitted": _measured(one),
            "left_out": _measured(other),
            "wanted": f"at {'most' if one.at_most else 'least'} {_quantity(one, one.wanted)}",
        }
        for one, other in zip(*tables, strict=True)
        if one.met is not None or other.met is not None
    ]


def _measured(one: Criterion) -> str:
    if one.met is None:
        return style.DASH
    return f"{_quantity(one, one.measured)}, {'met' if one.met else 'not met'}"


def _quantity(one: Criterion, value: float) -> str:
    return style.number(value) if one.what.endswith("sum of all flows, GEH") else style.percent(value)


def _unknown(found: Calibration) -> list[str]:
    """What these sensors cannot tell, in sentences."""
    before, setting = found.before, found.setting
    parameters = len(setting.parameters)
    known = style.count(found.trust.rank, "combination")
    told = [f"These sensors can tell {known} of {style.count(parameters, 'parameter')} apart."]
    for words, names in (
        ("Nothing is known of", before.unknown),
        ("Known only together with others:", before.together),
    ):
        if names:
            more = f" and {style.whole(len(names) - 12)} more" if len(names) > 12 else ""
            told.append(f"{words} {', '.join(names[:12])}{more}.")
    for words, listed in (
        ("These sums are known:", before.combinations.known_in_words),
        ("These changes show in no sensor:", before.combinations.unseen_in_words),
    ):
        if listed:
            more = f"; and {style.whole(len(listed) - 12)} more" if len(listed) > 12 else ""
            told.append(f"{words} {'; '.join(listed[:12])}{more}.")
    sensors = setting.loss.observed.sensor_id
    if before.unpassed:
        told.append(f"Nobody passes {', '.join(sensors[row] for row in before.unpassed[:12])}, whatever the demand.")
    if before.unreached:
        named = ", ".join(sensors[row] for row in before.unreached[:12])
        told.append(f"Out of reach for any demand within the bounds, even in free flow: {named}.")
    return told


def _parameters(found: Calibration) -> list[dict[str, str]]:
    trust, own = found.trust, found.setting.own
    return [
        {
            "name": one.name,
            "unit": one.unit,
            "own": style.number(own[row]),
            "value": style.number(found.found.values[row]),
            "interval": f"{style.number(trust.low[row])} {style.DASH} {style.number(trust.high[row])}",
            "known": style.percent(float(trust.known[row])),
        }
        for row, one in enumerate(found.setting.parameters)
        if row < ROWS_SHOWN
    ]


def _scatter(found: Calibration) -> Picture:
    import matplotlib as mpl

    seen, simulated, fitted = _hourly(found)
    with mpl.rc_context(style.RC):
        axes = chart()
        most = 1.05 * max(float(seen.max()), float(simulated.max()), 1.0)
        line = np.linspace(0.0, most, 200)
        axes.plot(line, line, color=style.LIGHT["muted"], lw=1.0)
        for side in (1.0, -1.0):  # where GEH is 5: (m − c)² = 12.5 (m + c)
            edge = line + 6.25 + side * np.sqrt(25.0 * line + 39.0625)
            axes.plot(line, np.maximum(edge, 0.0), color=style.LIGHT["muted"], lw=0.8, ls=(0, (4, 3)))
        axes.plot(seen[fitted], simulated[fitted], "o", color=style.LIGHT["accent"], ms=5, label="fitted")
        if not fitted.all():
            axes.plot(seen[~fitted], simulated[~fitted], "^", color=style.LIGHT["second"], ms=6, label="left out")
        axes.set_xlim(0.0, most)
        axes.set_ylim(0.0, most)
        axes.set_xlabel("counted, veh/h")
        axes.set_ylabel("simulated, veh/h")
        axes.legend(loc="upper left", frameon=False)
        good = float((geh(simulated, seen) < GEH_GOOD).mean())
        title = f"{style.percent(good)} of the flows have a GEH below 5"
        svg = to_svg(figure_of(axes), "scatter", title)
    return Picture("scatter", title, "Grey line: equal; dashed: GEH = 5.", svg)


def _geh_map(found: Calibration) -> Picture:
    import matplotlib as mpl

    network, observed = found.setting.network, found.setting.loss.observed
    seen, simulated, _ = _hourly(found)
    counted, value = _counted(found), geh(simulated, seen)
    lines = drawn_lines(network)
    classes = [CLASS_NAMES[row] for row in network.links.road_class]
    with mpl.rc_context(style.RC):
        frame = streets_map.map_frame(lines)
        streets_map.draw_roads(frame, streets_map.simplified(lines, 0.2 * frame.m_per_pt), classes)
        x_pt, lower = 8.0, -1.0
        for upper, marker, colour, words in GEH_BANDS:
            rows = np.flatnonzero((value >= lower) & (value < upper))
            lower = upper
            if not rows.size:
                continue
            points = np.array([streets_map.middle_of(lines[link]) for link in observed.link[counted[rows]]])
            frame.axes.plot(
                points[:, 0], points[:, 1], marker, color=style.LIGHT[colour], ms=6, mec="white", mew=0.5, zorder=5
            )
            told = f"{words} ({style.whole(rows.size)})"
            frame.footer.plot([x_pt], [frame.footer_pt - 14], marker, color=style.LIGHT[colour], ms=5)
            frame.footer.text(x_pt + 7, frame.footer_pt - 17, told, fontsize=style.SMALL_PT)
            x_pt += 16 + streets_map.text_width_pt(told)
        streets_map.draw_footer(frame, network.attribution)
        worst = int(np.argmax(value))
        title = f"The worst fit is at {observed.sensor_id[counted[worst]]}: GEH {style.number(float(value[worst]))}"
        svg = to_svg(frame.figure, "geh", title)
    return Picture("geh", title, "GEH of simulated and counted flows.", svg)


def _progress(found: Calibration) -> Picture:
    import matplotlib as mpl

    history = np.array(found.found.history, np.float64)
    with mpl.rc_context(style.RC):
        axes = chart()
        runs = np.append(history[:, 0], found.runs)
        loss = np.append(history[:, 1], history[-1, 1])
        axes.step(runs, loss, where="post", color=style.LIGHT["accent"], lw=style.LINE_PT)
        axes.plot(history[:, 0], history[:, 1], "o", color=style.LIGHT["accent"], ms=4)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: style.tick(value))
        axes.yaxis.set_minor_formatter(lambda value, _: "")
        axes.set_xlabel("runs, replicas included")
        axes.set_ylabel("loss of the best so far")
        title = f"The best was found after {style.count(found.found.runs, 'run')}"
        svg = to_svg(figure_of(axes), "loss", title)
    return Picture("loss", title, "Every point is a step that held in the simulation.", svg)
