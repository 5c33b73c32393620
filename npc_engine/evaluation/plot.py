"""A picture of the rates: a panel for each question, a line for each rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.checks import CHECKS
from npc_engine.evaluation.report import Table

COLORS = ("#2f6f8f", "#b5402f", "#5d7f3a", "#c98a1b", "#7a4d8c", "#6b6b6b")
#: Inches of a panel, and how far the marks of one setting stand apart.
PANEL_WIDTH, PANEL_HEIGHT = 6.5, 3.2
SPREAD = 0.09


def check_plotting() -> None:
    """Raises `NpcError` ENGINE_UNAVAILABLE if there is nothing to draw with."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        message = "--plot needs matplotlib, which is not installed. Run `pip install matplotlib`."
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, message) from error


def draw(tables: Sequence[Table], title: str, path: Path) -> None:
    """Write the picture as PNG, with the rates' 95 % intervals. Raises OSError."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * PANEL_WIDTH, PANEL_HEIGHT * ((len(tables) + 1) // 2) + 1), layout="constrained")
    figure.suptitle(title, fontsize=9, wrap=True)
    grid = list(figure.subplots((len(tables) + 1) // 2, 2, squeeze=False).flat)
    for axes, table in zip(grid, tables, strict=False):
        for number, (check, color) in enumerate(zip(CHECKS, COLORS, strict=True)):
            rates = [row.rates[check.name] for row in table.rows]
            places = [place + (number - len(CHECKS) / 2) * SPREAD for place in range(len(rates))]
            below = [rate.share - rate.interval().low for rate in rates]
            above = [rate.interval().high - rate.share for rate in rates]
            shares = [rate.share for rate in rates]
            axes.errorbar(places, shares, yerr=[below, above], fmt="o", color=color, markersize=4, label=check.title)
        axes.set_title(table.question.title, loc="left", fontsize=10)
        axes.set_xticks(range(len(table.rows)), [row.setting for row in table.rows], rotation=25, ha="right")
        axes.set_ylim(-0.03, 1.03)
        axes.grid(axis="y", alpha=0.3)
    for axes in grid[len(tables) :]:
        axes.set_axis_off()
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(CHECKS), frameon=False)
    figure.savefig(path, dpi=110)
