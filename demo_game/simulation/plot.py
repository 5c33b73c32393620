"""A picture of how news travels: a row for everybody, a colour for each rumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demo_game.simulation.cast import Cast
from demo_game.simulation.chronicle import clock
from demo_game.simulation.days import DAWN, NIGHT
from demo_game.simulation.rumours import SAW, Look, Rumour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER, INK, RULE, SHADE = "#f6f0e2", "#3b332a", "#ddd2bb", "#efe6d1"
COLORS = (
    "#b5402f", "#2f6f8f", "#c98a1b", "#5d7f3a", "#7a4d8c", "#1f8a7a", "#d0688b", "#4b5aa8", "#8a5a34", "#6b6b6b",
    "#e0713a", "#5fa8c9", "#8f7a12", "#93ad4e", "#b285c4", "#63b8a5", "#8e2150", "#23306b", "#c79a6b", "#22302c",
)  # fmt: skip
#: Tracks beside each other in a row, and the share of its height that they take.
TRACKS = 6
SPREAD = 0.72
#: Size, inches: for one day, for each one more, and at most.
WIDTH, MORE_WIDTH, MOST_WIDTH = 15.0, 6.0, 45.0
#: Hours between the labels, for one day and for more.
LABELS = (2, 3)


def draw(rumours: Sequence[Rumour], looks: Sequence[Look], cast: Cast, days: int, title: str, path: Path) -> None:
    """Write the picture as PNG. A full mark is somebody whose own prompt holds the rumour at the end, a hollow one
    somebody who was told and has it in mind no more. Raises OSError."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = {npc: len(cast.people) - 1 - index for index, npc in enumerate(cast.people)}
    kept = {(look.npc, look.rumour.happening.id) for look in looks if look.in_prompt}
    legend_rows = (len(rumours) + 5) // 3
    height = 2.0 + 0.36 * len(rows) + 0.3 * legend_rows
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK}):
        width = min(MOST_WIDTH, WIDTH + MORE_WIDTH * (days - 1))
        figure = Figure(figsize=(width, height), facecolor=PAPER, layout="constrained")
        axes = figure.add_subplot(facecolor=PAPER)
        _frame(axes, cast, rows, days, min((rumour.hour for rumour in rumours), default=DAWN) - 0.5)
        for index, rumour in enumerate(rumours):
            shift = ((index % TRACKS + 0.5) / TRACKS - 0.5) * SPREAD
            _track(axes, rumour, rows, shift, COLORS[index % len(COLORS)], kept)
        marks = [
            Line2D([], [], color=COLORS[index % len(COLORS)], marker="o", linewidth=2, label=_label(rumour, len(rows)))
            for index, rumour in enumerate(rumours)
        ]
        marks += [
            Line2D([], [], color=INK, marker="D", linestyle="", label="saw it"),
            Line2D([], [], color=INK, marker="o", linestyle="", label="was told, or overheard (small)"),
            Line2D([], [], color=INK, marker="o", linestyle="", markerfacecolor=PAPER, label="has it in mind no more"),
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=3, frameon=False)
        axes.set_title(f"Who learned what, and from whom\n{title}", loc="left", fontsize=13, color=INK, pad=26)
        figure.savefig(path, dpi=110)


def _frame(axes: Axes, cast: Cast, rows: Mapping[str, int], days: int, begin: float) -> None:
    """Rows with names, the hours from `begin` on, and nights between the days."""
    for row in range(0, len(rows), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=SHADE, linewidth=0)
    for day in range(1, days):
        axes.axvspan(24 * (day - 1) + NIGHT, 24 * day + DAWN, color=RULE, linewidth=0)
    axes.set_yticks(list(rows.values()), [f"{cast.people[npc].name}, {cast.people[npc].role}" for npc in rows])
    hours = [hour for hour in range(24 * days) if hour % LABELS[days > 1] == 0 and hour >= begin]
    axes.set_xticks(hours, [clock(hour) for hour in hours])
    axes.tick_params(axis="x", top=True, labeltop=True)
    axes.tick_params(colors=INK, length=0)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlim(begin, 24 * (days - 1) + NIGHT + 0.25)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    for side in axes.spines.values():
        side.set_visible(False)


def _track(
    axes: Axes, rumour: Rumour, rows: Mapping[str, int], shift: float, color: str, kept: set[tuple[str, str]]
) -> None:
    """One rumour: along a row while somebody carries it, across to whoever is told."""
    carried: dict[str, float] = {}
    for npc, learning in rumour.learned.items():
        if learning.teller:
            carried[learning.teller] = max(carried.get(learning.teller, 0.0), learning.hour)
            ends = [rows[learning.teller] + shift, rows[npc] + shift]
            axes.plot([learning.hour] * 2, ends, color=color, linewidth=1.1, alpha=0.55, zorder=2)
    for npc, until in carried.items():
        y = rows[npc] + shift
        axes.plot([rumour.learned[npc].hour, until], [y, y], color=color, linewidth=2.2, alpha=0.8, zorder=3)
    for npc, learning in rumour.learned.items():
        known = (npc, rumour.happening.id) in kept
        axes.plot(
            [learning.hour],
            [rows[npc] + shift],
            marker="D" if learning.how == SAW else "o",
            markersize={"saw": 6.0, "told": 6.0}.get(learning.how, 4.0),
            markerfacecolor=color if known else PAPER,
            markeredgecolor=color,
            markeredgewidth=1.3,
            zorder=4,
        )


def _label(rumour: Rumour, people: int) -> str:
    return f"{rumour.happening.topic} ({len(rumour.learned)} of {people})"
