"""Pictures of runs: the loss by steps, on what is taught and on the characters held out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Steps over which the loss of what is taught is averaged.
SMOOTH_STEPS = 10


@dataclass(frozen=True, slots=True)
class Curves:
    """What a log says, by step. A step that was done twice, before and after an interruption, counts once."""

    taught: dict[int, dict[str, Any]]
    held_out: dict[int, float]

    def smooth(self) -> list[float]:
        """The loss of what is taught, each step the mean of the last few."""
        losses = [line["loss"] for line in self.taught.values()]
        return [
            sum(losses[max(0, at - SMOOTH_STEPS + 1) : at + 1]) / min(at + 1, SMOOTH_STEPS) for at in range(len(losses))
        ]


def read_log(log: Path) -> Curves:
    """Read a training's log."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    taught = {line["step"]: line for line in lines if "loss" in line}
    held_out = {line["step"]: line["held_out_loss"] for line in lines if "held_out_loss" in line}
    return Curves(dict(sorted(taught.items())), dict(sorted(held_out.items())))


def draw(log: Path, picture: Path) -> None:
    """Write a picture of one run as PNG."""
    curves = read_log(log)
    figure, axes = _paper()
    losses = [line["loss"] for line in curves.taught.values()]
    axes.plot(list(curves.taught), losses, color="#9bb8c6", linewidth=0.8, label="a step")
    axes.plot(list(curves.taught), curves.smooth(), color="#2f6f8f", label=f"mean of {SMOOTH_STEPS} steps")
    axes.plot(list(curves.held_out), list(curves.held_out.values()), "o-", color="#b5402f", label="held out")
    axes.legend(frameon=False)
    figure.savefig(picture, dpi=110)


def draw_together(logs: Mapping[str, Path], picture: Path) -> None:
    """Write a picture of several runs as PNG, by name: what is taught as lines, what is held out as dots."""
    figure, axes = _paper()
    for name, log in logs.items():
        curves = read_log(log)
        (line,) = axes.plot(list(curves.taught), curves.smooth(), label=name)
        axes.plot(list(curves.held_out), list(curves.held_out.values()), "o", color=line.get_color())
    axes.legend(frameon=False)
    figure.savefig(picture, dpi=110)


def _paper() -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.grid(alpha=0.3)
    return figure, axes
