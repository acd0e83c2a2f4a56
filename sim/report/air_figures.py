"""Draw whose air it is at each place, and from where the wind blew how long and how strong."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from . import style
from .figures import Picture
from .svg import new_figure, to_svg

if TYPE_CHECKING:
    import pandas as pd

BARS_SHOWN = 8  # places
CATEGORIES = ("accent", "second", "third", "level5", "level2")  # of contributors; the others and elsewhere are grey
ROW_PT = 30.0
SECTORS = 16
SPEEDS_MPS = (2.0, 4.0, 6.0, 8.0)  # between the steps of the rose
CALM_MPS = 0.5  # below, the wind has no direction (WMO-No. 8)
ROSE_PT = 300.0


def whose_figure(shares: pd.DataFrame, places: pd.DataFrame, pollutant: str, called: str) -> Picture | None:
    """Whose a pollutant is at points and, on average over the people, in zones, as bars; None without any."""
    import matplotlib as mpl

    table = shares[shares["pollutant"] == pollutant].merge(
        places[places["kind"] != "grid"][["receptor", "entry", "kind", "people"]], on="receptor"
    )
    if table.empty:
        return None
    weight = np.where(table["kind"] == "residents", table["people"], 1.0)
    table = table.assign(weight=weight, weighted=weight * table["mean_ugm3"])
    whole = table.groupby(["entry", "source"], sort=False)[["weight", "weighted"]].sum()
    mean = (whole["weighted"] / whole["weight"]).unstack(fill_value=0)
    mean = mean.loc[mean.sum(axis=1).nlargest(BARS_SHOWN).index]
    own = [name for name in mean.sum().sort_values(ascending=False).index if name != "elsewhere"]
    own = [name for name in own if mean[name].any()]
    shown, rest = own[: len(CATEGORIES)], own[len(CATEGORIES) :]
    series = [(name, mean[name].to_numpy(), style.LIGHT[key]) for name, key in zip(shown, CATEGORIES, strict=False)]
    if rest:
        series.append(("others", mean[rest].sum(axis=1).to_numpy(), style.LIGHT["muted"]))
    if "elsewhere" in mean:
        series.append(("elsewhere", mean["elsewhere"].to_numpy(), style.LIGHT["road"]))
    title = _whose_title(mean, called)
    height_pt = 72.0 + ROW_PT * len(mean)
    with mpl.rc_context(style.RC):
        figure = new_figure(height_pt)
        axes = figure.add_axes((0.3, 60.0 / height_pt, 0.66, 1.0 - 66.0 / height_pt))
        left, at = np.zeros(len(mean)), np.arange(len(mean))[::-1]
        for name, values, colour in series:
            axes.barh(at, values, left=left, height=0.6, color=colour, label=name)
            left += values
        axes.set_yticks(at, [str(name) if len(str(name)) <= 20 else f"{str(name)[:19]}…" for name in mean.index])
        axes.set_xlabel(f"{called}, µg/m³", labelpad=2)
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.set_major_formatter(lambda value, _: style.tick(value))
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(-0.46, -30.0 / (ROW_PT * len(mean))),
            ncols=4,
            frameon=False,
            fontsize=style.SMALL_PT,
            handlelength=1.0,
            columnspacing=1.0,
        )
        note = f"Mean {called} over the run by who emitted it, µg/m³; of zones the mean over the people."
        return Picture("air-whose", title, note, to_svg(figure, "air-whose", title))


def _whose_title(mean: pd.DataFrame, called: str) -> str:
    """Who has the largest part where there is most."""
    worst = mean.iloc[0]
    name, share = str(worst.idxmax()), float(worst.max()) / max(float(worst.sum()), 1e-12)
    whose = "comes from elsewhere" if name == "elsewhere" else f"is of {name}"
    return f"{style.percent(share)} of the {called} at “{mean.index[0]}” {whose}"


def wind_rose(weather: pd.DataFrame, end_s: float) -> Picture | None:
    """From where the wind blew for what share of the time, by its speed; None where it never changes."""
    import matplotlib as mpl

    if len(weather) < 2:
        return None
    t_s, from_deg = weather["t_s"].to_numpy(float), weather["wind_from_deg"].to_numpy(float)
    speed = weather["wind_mps"].to_numpy(float)
    until_s = np.append(t_s[1:], max(end_s, t_s[-1]))
    lasts_s = np.clip(until_s, 0.0, end_s) - np.clip(t_s, 0.0, end_s)
    share = lasts_s / max(lasts_s.sum(), 1e-9)
    calm = speed < CALM_MPS
    sector = np.round(from_deg / (360.0 / SECTORS)).astype(int) % SECTORS
    step = np.digitize(speed, SPEEDS_MPS)
    part = np.zeros((len(SPEEDS_MPS) + 1, SECTORS))
    np.add.at(part, (step[~calm], sector[~calm]), share[~calm])
    with mpl.rc_context(style.RC):
        figure = new_figure(ROSE_PT)
        axes = figure.add_axes((0.12, 0.08, 0.56, 0.84), projection="polar")
        axes.set_theta_zero_location("N")  # type: ignore[attr-defined]
        axes.set_theta_direction(-1)  # type: ignore[attr-defined]
        angle, bottom = np.arange(SECTORS) * 2.0 * np.pi / SECTORS, np.zeros(SECTORS)
        edges = ["0.5", *(f"{edge:g}" for edge in SPEEDS_MPS)]
        names = [
            *(f"{low} to {high} m/s" for low, high in pairwise(edges)),
            f"{edges[-1]} m/s on",
        ]
        for row in np.flatnonzero(part.any(axis=1)).tolist():
            width = 0.9 * 2.0 * np.pi / SECTORS
            axes.bar(angle, part[row], width=width, bottom=bottom, color=style.LEVELS[row + 1], label=names[row])
            bottom += part[row]
        axes.set_xticks(np.arange(8) * np.pi / 4.0, ["N", "NE", "E", "SE", "S", "SW", "W", "NW"])
        most = float(bottom.max(initial=0.0))
        ticks = [tick for tick in (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0) if tick <= 1.25 * most][-3:]
        axes.set_yticks(ticks, [style.percent(tick) for tick in ticks])
        axes.set_ylim(0.0, 1.15 * max(most, *ticks, 0.01))  # so that the last label stands inside
        axes.set_rlabel_position(11.25 + 180.0 / SECTORS * (2 * int(np.argmin(bottom)) - 1))  # type: ignore[attr-defined]
        axes.legend(loc="upper left", bbox_to_anchor=(1.12, 1.0), frameon=False, fontsize=style.SMALL_PT)
        title = _rose_title(bottom, float(share[calm].sum()))
        note = "Share of the time in which the wind blew from each of sixteen directions, by its speed."
        return Picture("air-wind", title, note, to_svg(figure, "air-wind", title))


def _rose_title(by_sector: np.ndarray[tuple[int], np.dtype[np.float64]], calm: float) -> str:
    """Where the wind mostly came from, and how long it was calm."""
    names = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
    if not by_sector.any():
        return "It is calm all the time"
    most = int(by_sector.argmax())
    said = f"The wind is from {names[most]} {style.percent(float(by_sector[most]))} of the time"
    return f"{said}, and calm {style.percent(calm)}" if calm > 0.0 and math.isfinite(calm) else said
