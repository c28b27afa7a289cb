"""The day as a picture: price, occupancy and who drove on for each policy side by side, and what all of them took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from models.instants import HOUR, Instant
from models.money import exponent
from simulator.prices.lot import Lived
from simulator.prices.outcome import Figures
from simulator.prices.visitors import DAY_BEGINS, EVENT_FROM, EVENT_UNTIL

COLOURS = ("#4d4d4d", "#d55e00", "#0072b2")
"""Of the policies in their order: told apart by who can't tell red from green, and in print"""
PALE, INK, SOFT = "#cfcfcf", "#333333", "#6b6b6b"
FULL = "#a6a6a6"
SAID = "Made-up drivers, the same for each policy. Pale lines: the other policies."
_FIRST, _LAST = DAY_BEGINS, DAY_BEGINS + 22
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8c8c8c",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#595959",
    "ytick.color": "#595959",
    "svg.fonttype": "path",
    "svg.hashsalt": "parkgate",
}


def draw(days: Sequence[Lived], found: Sequence[Figures], title: str, folder: Path, name: str = "prices") -> list[Path]:
    """Writes the picture as SVG and PNG. The same days give the same files."""
    with mpl.rc_context(_STYLE):
        figure = _figure(days, found, title)
        paths = [folder / f"{name}.svg", folder / f"{name}.png"]
        figure.savefig(paths[0], metadata={"Date": None, "Creator": None})
        figure.savefig(paths[1], dpi=110, metadata={"Software": None})
    return paths


def _figure(days: Sequence[Lived], found: Sequence[Figures], title: str) -> Figure:
    figure = Figure(figsize=(12, 10.4))
    figure.text(0.065, 0.966, title, fontsize=14, fontweight="bold")
    figure.text(0.065, 0.945, SAID, color=SOFT)
    above = figure.add_gridspec(3, len(days), height_ratios=[1, 1, 0.8], left=0.065, right=0.985, top=0.87,
                                bottom=0.345, hspace=0.25, wspace=0.05)  # fmt: skip
    below = figure.add_gridspec(1, 1, left=0.065, right=0.78, top=0.29, bottom=0.04)
    rows = [_row(figure, above, row, len(days)) for row in range(3)]
    for at in range(len(days)):
        _headline(rows[0][at], found[at], COLOURS[at])
        _price(rows[0][at], days, at)
        _occupancy(rows[1][at], days, at, found[at].peak_occupancy)
        _drove_on(rows[2][at], days[at], COLOURS[at])
    _say_what(rows, days[0])
    _revenue(figure.add_subplot(below[0]), days, found)
    return figure


def _row(figure: Figure, grid: Any, row: int, columns: int) -> list[Any]:
    """Beside each other, on one scale."""
    axes: list[Any] = []
    for column in range(columns):
        axes.append(figure.add_subplot(grid[row, column], sharey=axes[0] if axes else None))
        _hours(axes[-1], 6)
        axes[-1].grid(axis="y", color="#ececec", linewidth=0.8)
        axes[-1].set_axisbelow(True)
        if column:
            axes[-1].tick_params(labelleft=False)
    return axes


def _headline(axes: Any, one: Figures, colour: str) -> None:
    changes = "the price never changes" if not one.price_changes else f"{one.price_changes} price changes"
    for text, height, weight, size in ((one.name, 21, "bold", 11), (f"{changes}, {one.parked} cars park", 8, None, 9)):
        axes.annotate(text, (0, 1), (0, height), xycoords="axes fraction", textcoords="offset points", color=colour,
                      fontweight=weight, fontsize=size)  # fmt: skip


def _say_what(rows: Sequence[Sequence[Any]], lived: Lived) -> None:
    """The scales, and since when till when an event was nearby."""
    for axes in rows[0] if lived.trial.events else ():
        axes.axvspan(EVENT_FROM, EVENT_UNTIL, color="#f2f2f2", linewidth=0, zorder=0)
        axes.text((EVENT_FROM + EVENT_UNTIL) / 2, 0.03, "event\nnearby", transform=axes.get_xaxis_transform(),
                  ha="center", fontsize=7.5, color=SOFT, linespacing=0.95)  # fmt: skip
    bottom, top = rows[0][0].get_ylim()
    rows[0][0].set_ylim(bottom - 0.25 * (top - bottom), top + 0.08 * (top - bottom))
    rows[0][0].set_ylabel("price factor")
    rows[0][0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:.1f}"))
    rows[1][0].set_ylabel("spots taken")
    rows[1][0].set_ylim(0, 1.08)
    rows[1][0].yaxis.set_major_locator(MultipleLocator(0.25))
    rows[1][0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    rows[2][0].set_ylim(0, rows[2][0].get_ylim()[1] * 1.2)
    rows[2][0].set_ylabel("drove on, an hour")


def _hour(lived: Lived, at: Instant) -> float:
    return DAY_BEGINS + (at - lived.day.begins) / HOUR


def _hours(axes: Any, every: int) -> None:
    axes.set_xlim(_FIRST, _LAST)
    axes.xaxis.set_major_locator(MultipleLocator(every))
    axes.xaxis.set_minor_locator(MultipleLocator(1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{int(value) % 24:02d}:00"))


def _course(lived: Lived, what: str) -> tuple[list[float], list[float]]:
    """Every five minutes is fine enough to look at."""
    shown = lived.samples[::5]
    return [_hour(lived, one.at) for one in shown], [float(getattr(one, what)) for one in shown]


def _prices(lived: Lived) -> tuple[list[float], list[float]]:
    """Each change, however short it was, and the end."""
    shown = [*lived.prices, replace(lived.prices[-1], at=lived.day.ends)]
    return [_hour(lived, one.at) for one in shown], [float(one.factor) for one in shown]


def _price(axes: Any, days: Sequence[Lived], at: int) -> None:
    for other, lived in enumerate(days):
        hours, factors = _prices(lived)
        own = other == at
        axes.step(hours, factors, where="post", color=COLOURS[at] if own else PALE, linewidth=1.6 if own else 0.9,
                  zorder=3 if own else 1)  # fmt: skip
    hours, factors = _prices(days[at])
    highest = max(factors)
    if highest > min(factors):
        when = hours[factors.index(highest)]
        axes.annotate(f"×{highest:.2f}", (when, highest), (0, 4), textcoords="offset points", ha="center",
                      fontsize=8.5, color=COLOURS[at], fontweight="bold")  # fmt: skip


def _occupancy(axes: Any, days: Sequence[Lived], at: int, most: float) -> None:
    for other, lived in enumerate(days):
        hours, taken = _course(lived, "taken")
        shares = [each / lived.trial.spots for each in taken]
        if other == at:
            axes.fill_between(hours, shares, color=COLOURS[at], alpha=0.12, linewidth=0)
            axes.plot(hours, shares, color=COLOURS[at], linewidth=1.6, zorder=3)
            peak = max(shares)
            axes.annotate(f"{most:.0%}", (hours[shares.index(peak)], peak), (0, 3), textcoords="offset points",
                          ha="center", fontsize=8.5, color=COLOURS[at], fontweight="bold")  # fmt: skip
        else:
            axes.plot(hours, shares, color=PALE, linewidth=0.9, zorder=1)


def _drove_on(axes: Any, lived: Lived, colour: str) -> None:
    """A bar an hour: at the bottom who found it full, on top of them who found it too dear."""
    full, dear = _each_hour(lived, lived.full), _each_hour(lived, lived.too_dear)
    hours = [_FIRST + at + 0.5 for at in range(len(full))]
    axes.bar(hours, full, width=0.86, color=FULL)
    axes.bar(hours, dear, width=0.86, bottom=full, color=colour)
    said = [(f"{sum(dear)} too dear", colour), (f"{sum(full)} found it full", SOFT)]
    for line, (text, ink) in enumerate(said):
        axes.text(0.015, 0.98 - 0.14 * line, text, transform=axes.transAxes, va="top", color=ink, fontsize=8.5,
                  fontweight="bold")  # fmt: skip


def _each_hour(lived: Lived, moments: Sequence[Instant]) -> list[int]:
    counts = [0] * (_LAST - _FIRST)
    for moment in moments:
        counts[min(len(counts) - 1, int((moment - lived.day.begins) // HOUR))] += 1
    return counts


def _revenue(axes: Any, days: Sequence[Lived], found: Sequence[Figures]) -> None:
    currency = found[0].currency
    unit = 10 ** exponent(currency)
    for lived, colour in zip(days, COLOURS, strict=False):
        hours, revenue = _course(lived, "revenue")
        axes.plot(hours, [each / unit for each in revenue], color=colour, linewidth=1.9)
    for one, height, colour in zip(found, _apart([one.revenue / unit for one in found]), COLOURS, strict=False):
        against = "" if one is found[0] else f" ({one.revenue / max(1, found[0].revenue) - 1:+.0%})"
        axes.annotate(f"{one.name}\n{one.revenue / unit:,.0f} {currency}{against}", (_LAST, height), (6, 0),
                      textcoords="offset points", va="center", color=colour, fontsize=9, fontweight="bold",
                      annotation_clip=False)  # fmt: skip
    _hours(axes, 3)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#ececec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylabel(f"taken since five o'clock, {currency}")


def _apart(heights: Sequence[float]) -> list[float]:
    """Where the labels stand, from the highest down, so that none lies on another."""
    room = max(heights, default=0) * 0.15
    placed = list(heights)
    order = sorted(range(len(heights)), key=lambda at: -heights[at])
    for upper, lower in pairwise(order):
        placed[lower] = min(placed[lower], placed[upper] - room)
    return placed
