"""`bench diffusion` as a picture: a step's time by how many rows it has, and what it is spent on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from npc_engine.engines.diffusion.measure import Report

INK, RULE = "#2b2f36", "#d9dce1"
CANVASES = ("#2f6f8f", "#b5402f", "#5d7f3a", "#7a4d8c", "#c98a1b")
PARTS = {"trunk": "#2f6f8f", "head": "#c98a1b", "sampler": "#9aa3ad"}


def draw(report: Report, path: Path) -> None:
    """Write the picture as PNG. Raises OSError."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.edgecolor": RULE}):
        figure = Figure(figsize=(13, 5.2), facecolor="white", layout="constrained")
        steps, parts = figure.subplots(1, 2)
        _draw_steps(steps, report)
        _draw_parts(parts, report)
        title = f"{report.model}, {report.weights}, {report.device}: prompts of {report.asked.prompt} tokens"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        figure.savefig(path, dpi=110)


def _draw_steps(axes: Axes, report: Report) -> None:
    for index, canvas in enumerate(report.asked.canvases):
        rows = [row for row in report.rows if row.canvas == canvas]
        color = CANVASES[index % len(CANVASES)]
        batches = [row.batch for row in rows]
        axes.plot(batches, [row.ours.step_ms for row in rows], "o-", color=color, label=f"canvas {canvas}")
        pairs = [(row.batch, row.baseline.step_ms) for row in rows if row.baseline]
        if pairs:
            label = f"canvas {canvas}, generate()"
            axes.plot(*zip(*pairs, strict=True), "o--", color=color, markerfacecolor="white", alpha=0.7, label=label)
    axes.set(xscale="log", xlabel="characters at once", ylabel="ms a step", ylim=(0, None))
    axes.set_xticks(report.asked.batches, [str(batch) for batch in report.asked.batches])
    axes.minorticks_off()
    _finish(axes, "One step (dashed: Hugging Face)")
    axes.legend(frameon=False, fontsize=9)


def _draw_parts(axes: Axes, report: Report) -> None:
    names = [f"{row.canvas}×{row.batch}" for row in report.rows]
    bottom = [0.0] * len(names)
    sums = [sum(getattr(row, f"{part}_ms") for part in PARTS) for row in report.rows]
    for part, color in PARTS.items():
        shares = [100.0 * getattr(row, f"{part}_ms") / whole for row, whole in zip(report.rows, sums, strict=True)]
        axes.bar(names, shares, bottom=bottom, color=color, label=part, width=0.7)
        bottom = [below + share for below, share in zip(bottom, shares, strict=True)]
    axes.set(xlabel="canvas × characters", ylabel="% of a step")
    axes.tick_params(axis="x", labelrotation=45)
    _finish(axes, "What it is spent on")
    axes.legend(frameon=False, fontsize=9, ncols=len(PARTS), loc="lower right", bbox_to_anchor=(1.0, 1.0))


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", color=INK)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
