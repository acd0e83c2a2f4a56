"""Draw the pictures of docs/validation/traffic.md from what the validation's tests measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from citytwin.scenarios import capacity
from citytwin.scenarios.drivers import Drivers
from citytwin.sim.report import style

mpl.use("Agg")
SIZE_IN = (6.2, 3.6)
INK, MUTED = style.LIGHT["ink"], style.LIGHT["muted"]
BLUE, VERMILION, GREEN = style.LIGHT["accent"], style.LIGHT["second"], style.LIGHT["third"]
Points = tuple[list[float], list[float]]
Curves = Mapping[str, Mapping[str, Points]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's file and the sentence that says what it shows."""

    file: str
    says: str


def sorted_points(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Points in the order of x."""
    x, y = (np.array(column, float) for column in points)
    order = np.argsort(x)
    return x[order], y[order]


def fundamental(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Flow on a ring against the equilibrium of the model."""
    own = Drivers()
    limit_mps = 50.0 / 3.6
    speed = np.linspace(0.0005, 0.9995, 500) * limit_mps
    gap = (own.min_gap_m + speed * own.headway_s) / np.sqrt(1.0 - (speed / limit_mps) ** 4)
    density = 1000.0 / (gap + own.length_m)
    axes.plot(density, 3.6 * speed * density, color=INK, label="equilibrium of the IDM")
    worst = 0.0
    for label, colour, mark in (("step 0.5 s", BLUE, "o"), ("step 1 s", VERMILION, "s")):
        x, y = sorted_points(curves["ring"][label])
        axes.plot(x, y, mark, color=colour, ms=6, mfc="none", mew=1.6, label=f"ring of 1 km, {label}")
        theory = np.interp(x, density[::-1], (3.6 * speed * density)[::-1])
        worst = max(worst, float(np.abs(y / theory - 1.0).max()))
    axes.set(xlabel="density, vehicles/km", ylabel="flow, vehicles/h", xlim=(0, 160), ylim=(0, 2100))
    axes.legend(frameon=False, loc="upper right")
    return f"Traffic on a ring stays within {math.ceil(1000 * worst) / 10:.1f} % of theory in steps of 0.5 and of 1 s"


def space_time(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Where everybody was, coloured by speed."""
    t_s, place, speed = (np.array(part) for part in measured["space_time"])
    cells = (np.arange(200) + 0.5) * 5.0
    rows = [
        np.interp(cells, x[np.argsort(x)], v[np.argsort(x)], period=1000.0) for x, v in zip(place, speed, strict=True)
    ]
    extent = (t_s[0], t_s[-1], 0.0, 1000.0)
    look = {"cmap": "cividis", "vmin": 0.0, "vmax": 50.0, "aspect": "auto", "origin": "lower", "extent": extent}
    dots = axes.imshow(3.6 * np.array(rows).T, interpolation="bilinear", **look)
    axes.set(xlabel="time, s", ylabel="place on the ring, m (traffic drives up)")
    bar = axes.figure.colorbar(dots, ax=axes, pad=0.02)
    bar.set_label("speed, km/h")
    bar.outline.set_visible(False)
    return "Stop-and-go waves travel against the traffic, as on real roads, where drivers follow too closely"


def minor_road(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Capacity of a minor road."""
    x, y = sorted_points(curves["minor"]["measured"])
    theory_x, theory_y = sorted_points(curves["minor"]["Siegloch, own gaps"])
    axes.plot(theory_x, theory_y, color=INK, label="Siegloch (1973), gap 6.2 s")
    axes.fill_between(theory_x, 0.85 * theory_y, 1.15 * theory_y, color=style.LIGHT["rule"], lw=0, label="± 15 %")
    axes.plot(x, y, "o", color=BLUE, ms=7, mfc="none", mew=1.6, label="measured, right turn into the main road")
    axes.set(
        xlabel="traffic with right of way, vehicles/h", ylabel="capacity, vehicles/h", xlim=(0, 700), ylim=(0, 1600)
    )
    axes.legend(frameon=False, loc="lower left")
    miss = 100.0 * (1.0 - y[-1] / theory_y[-1])
    if miss > 15.0:
        busy = f"{x[-1]:.0f} vehicles/h"
        return f"The busier the main road, the less a minor road carries: {miss:.0f} % below theory at {busy}"
    return f"A minor road carries what theory says, within 15 %, up to {x[-1]:.0f} vehicles/h on the main road"


def roundabout(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Capacity of a roundabout's entry."""
    x, y = sorted_points(curves["roundabout"]["measured"])
    flow = np.linspace(0.0, 900.0, 100)
    theory = np.array([capacity.roundabout_capacity(q) for q in flow])
    axes.plot(flow, theory, color=INK, label="HCM 7, one lane")
    axes.fill_between(flow, 0.85 * theory, 1.15 * theory, color=style.LIGHT["rule"], lw=0, label="± 15 %")
    axes.plot(x, y, "o", color=BLUE, ms=7, mfc="none", mew=1.6, label="measured")
    axes.set(
        xlabel="circulating traffic, vehicles/h", ylabel="entry capacity, vehicles/h", xlim=(0, 900), ylim=(0, 1600)
    )
    axes.legend(frameon=False, loc="lower left")
    wanted = np.array([capacity.roundabout_capacity(q) for q in x])
    within = x[np.abs(y / wanted - 1.0) <= 0.15]
    most = float(within.max()) if within.size else 0.0
    return f"Roundabout entries carry what the handbook says up to {most:.0f} circulating vehicles/h"


def lane_drop(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Flow through lane drops as demand grows."""
    looks = {"drop 2 1": ("two lanes into one", VERMILION), "drop 3 2": ("three lanes into two", BLUE)}
    flow = {}
    for name, (text, colour) in looks.items():
        for label, dash in (("50 km/h", "-"), ("100 km/h", "--")):
            x, y = sorted_points(curves[name][label])
            axes.plot(5.0 * x + 2.5, y, dash, color=colour, label=f"{text}, {label}")
            flow[name, label] = float(y[12:].mean())
    axes.set(xlabel="time, min (demand grows until minute 50)", ylabel="flow per lane that goes on, vehicles/h")
    axes.set(xlim=(0, 80), ylim=(0, 2400))
    axes.legend(frameon=False, loc="upper left", ncols=2, fontsize=style.SMALL_PT)
    one, two = ([flow[name, label] for label in ("50 km/h", "100 km/h")] for name in looks)
    return (
        f"In a queue, two lanes that become one carry {style.whole(min(one))} vehicles/h; three that become two "
        f"{style.whole(min(two))} to {style.whole(max(two))} a lane"
    )


def webster(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Delay at a signal against the formula."""
    rows = np.array(measured["webster"])
    for cycle, colour, mark in ((60.0, BLUE, "o"), (90.0, VERMILION, "s")):
        own = rows[rows[:, 1] == cycle]
        own = own[np.argsort(own[:, 0])]
        axes.plot(own[:, 0], own[:, 4], color=colour, label=f"Webster (1958), cycle {cycle:.0f} s")
        axes.errorbar(
            own[:, 0], own[:, 2], 2.0 * own[:, 3], fmt=mark, color=colour, ms=6, mfc="none", mew=1.6, capsize=2
        )
    axes.set(xlabel="demand over capacity", ylabel="delay, s", xlim=(0.25, 1.0), ylim=(0, 90))
    axes.text(0.27, 62, "marks: measured, two standard errors", color=MUTED, fontsize=style.SMALL_PT)
    axes.legend(frameon=False, loc="upper left")
    above = 100.0 * (rows[:, 2] / rows[:, 4] - 1.0)[rows[:, 0] <= 0.85]
    return (
        f"Up to 0.85 of capacity, delay at a signal is {above.min():.0f} to {above.max():.0f} % above Webster's formula"
    )


def street(axes: Axes, curves: Curves, measured: Mapping[str, Any]) -> str:
    """Flow on a closed street of signals below its three lines."""
    x, y = sorted_points(curves["street"]["ours"])
    density = np.linspace(0.0, 140.0, 300)
    limit = np.minimum.reduce([13.89 * 3.6 * density, np.full_like(density, 900.0), 18.0 * (140.0 - density)])
    axes.plot(density, limit, color=INK, label="free flow, green share, wave of the queue")
    axes.plot(x, y, "o", color=BLUE, ms=6, mfc="none", mew=1.6, label="measured, signals every 200 m")
    axes.set(xlabel="density, vehicles/km", ylabel="flow, vehicles/h", xlim=(0, 145), ylim=(0, 1150))
    axes.legend(frameon=False, loc="upper right")
    return "On a street of signals no density carries more than its three limits allow"


DRAWN: Mapping[str, tuple[str, Callable[[Axes, Curves, Mapping[str, Any]], str]]] = {
    "fundamental": ("svg", fundamental),
    "space_time": ("png", space_time),
    "lane_drop": ("svg", lane_drop),
    "minor_road": ("svg", minor_road),
    "roundabout": ("svg", roundabout),
    "webster": ("svg", webster),
    "street": ("svg", street),
}


def draw(curves: Curves, measured: Mapping[str, Any], folder: Path) -> list[Picture]:
    """Draw every picture whose measurements are there; titles say what it shows, from the figures themselves."""
    import matplotlib.pyplot as plt

    pictures = []
    for name, (ending, paint) in DRAWN.items():
        with mpl.rc_context(style.RC | {"figure.facecolor": style.LIGHT["paper"], "svg.fonttype": "path"}):
            figure, axes = plt.subplots(figsize=SIZE_IN, layout="constrained")
            try:
                says = paint(axes, curves, measured)
            except KeyError as missing:
                print(f"{name}: not drawn, {missing} was not measured")
                plt.close(figure)
                continue
            if ending == "svg":
                axes.grid(axis="y")
            file = f"{name}.{ending}"
            figure.savefig(folder / file, dpi=90, metadata={"Date": None} if ending == "svg" else None)
            plt.close(figure)
            pictures.append(Picture(file, says))
    return pictures
