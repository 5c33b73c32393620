"""A picture of a run: the loss by steps, on what is taught and on the characters held out."""

from __future__ import annotations

import json
from pathlib import Path

#: Steps over which the loss of what is taught is averaged.
SMOOTH_STEPS = 10


def draw(log: Path, picture: Path) -> None:
    """Write the picture as PNG. A step that was done twice, before and after an interruption, counts once."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    taught = sorted({line["step"]: line["loss"] for line in lines if "loss" in line}.items())
    held_out = sorted({line["step"]: line["held_out_loss"] for line in lines if "held_out_loss" in line}.items())
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(
        [step for step, _ in taught], [loss for _, loss in taught], color="#9bb8c6", linewidth=0.8, label="a step"
    )
    smooth = [
        sum(loss for _, loss in taught[max(0, at - SMOOTH_STEPS + 1) : at + 1]) / min(at + 1, SMOOTH_STEPS)
        for at in range(len(taught))
    ]
    axes.plot([step for step, _ in taught], smooth, color="#2f6f8f", label=f"mean of {SMOOTH_STEPS} steps")
    axes.plot([step for step, _ in held_out], [loss for _, loss in held_out], "o-", color="#b5402f", label="held out")
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats a token")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(picture, dpi=110)
