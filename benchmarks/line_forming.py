"""How a line forms out of noise: one character's reply, a row for each step, drawn from the engine itself.

    python benchmarks/line_forming.py [FOLDER] [--out npc_engine/engines/diffusion/line_forming.png]

FOLDER is a checkpoint; without one it is the toy that comes with the engine, or a made-up model that says noise.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch
from PIL import Image

from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.line import Bench, Line
from npc_engine.engines.diffusion.model import Model, load_model
from npc_engine.engines.diffusion.prefix_store import PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.settings import parse_settings
from npc_engine.engines.diffusion.vocabulary import UNREADABLE, Vocabulary
from npc_engine.jobs import ChoiceSlot, EngineTask, Finished, Plan, Sampling, TextSlot

ROOT = Path(__file__).parents[1]
TOY = ROOT / "npc_engine" / "models" / "toy"
PICTURE = ROOT / "npc_engine" / "engines" / "diffusion" / "line_forming.png"
PROMPT = '<bos><|turn>user\n[Dusk, rain.]\nTraveller: "{question}"<turn|>\n<|turn>model\nMarta ('
SLOTS = (
    ChoiceSlot("deed", ("talks", "give room key"), lead=""),
    ChoiceSlot("emotion", ("neutral", "joy", "sadness", "anger", "fear"), lead=", "),
    TextSlot(max_tokens=24, lead='): "', stop=('"', "<turn|>")),
)
#: Colours: paper, ink, what is not accepted, what is clamped, noise; and from unsure to sure.
PAPER, INK, FAINT, HELD, NOISE = "#fbf8f1", "#2b2f36", "#6b665a", "#1d3f5e", "#e4e1da"
CERTAINTY = LinearSegmentedColormap.from_list("certainty", ["#fbf8f1", "#f6dfa9", "#9ccbb0", "#4f9d8f"])
#: Nats from which on a token is drawn as if nothing were known of it.
UNSURE = 3.0
#: Inches: a row, a letter, what a cell has besides letters, the labels at the left, title and legend.
ROW, LETTER, AROUND, LEFT, TOP, BOTTOM = 0.40, 0.094, 0.16, 1.45, 0.85, 1.25
#: Dots an inch, and how many colours are kept, for a small file.
DPI, COLOURS = 110, 96
#: Columns behind the reply's end that are still drawn, and letters of a token.
BEHIND, LETTERS = 2, 9


@dataclass(frozen=True)
class Cell:
    """One token at one step: its text, how sure the model is of it, and what becomes of it."""

    text: str
    entropy: float
    accepted: bool
    clamped: bool


@dataclass(frozen=True)
class Step:
    """A row: `temperature` is None for the noise at the beginning; the reply takes the first `live` cells."""

    cells: list[Cell]
    temperature: float | None
    live: int


def main() -> None:
    """Run one line and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=TOY if (TOY / "config.json").is_file() else None)
    parser.add_argument("--question", default="Who is the stranger with the bell?")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PICTURE)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    spec = ModelSpec(path=arguments.folder, max_parallel=1)
    options = {"device": "cpu"} | ({} if arguments.folder else {"random_weights": "tiny"})
    model = load_model(spec, parse_settings(options), lambda part, what: None)
    steps, text = form(model, arguments.question, arguments.steps, arguments.seed)
    for index, step in enumerate(steps):
        print(f"{index:2} {'|'.join(cell.text for cell in step.cells[: step.live])}")
    draw(steps, arguments.question, text, arguments.out)
    print(f"{text}\n{arguments.out}: {arguments.out.stat().st_size / 1e3:.0f} kB")


def form(model: Model, question: str, planned: int, seed: int) -> tuple[list[Step], str]:
    """The canvas in the beginning and after each step, as the engine makes it, and the line."""
    config, schedule = model.weights.config, Schedule()
    vocabulary = Vocabulary(model.codec, config.eos_ids)
    denoiser = Denoiser(model.weights, schedule)
    store = PrefixStore(config, dtype=model.weights.dtype, device=model.weights.device, device_bytes=64 << 20)

    task = EngineTask(
        id=1,
        cache_key="marta",
        tokens=tuple(vocabulary.encode(PROMPT.format(question=question), True)),
        slots=SLOTS,
        sampling=Sampling(seed=seed),
        plan=Plan(planned, planned),
    )
    line = Line(task, store.open(task.tokens), Bench(schedule, vocabulary, denoiser))
    steps: list[Step] = []
    update = None
    while not isinstance(update, Finished):
        work = line.work(512, 1)
        if isinstance(work, Read):
            line.chain.reserve(len(work.tokens))
        if isinstance(work, Denoise) and not steps:
            steps.append(_step(model, work.canvas, work.canvas.draft, None, _live(work.canvas, vocabulary)))
        if work is None:
            update = line.rested()
            continue
        denoiser.step([work])
        line.began(work)
        update = line.took(work, 0.0)
        if isinstance(work, Denoise):
            shown = work.canvas
            temperature = schedule.temperature(shown.step - 1, shown.planned)
            live = _live(shown, vocabulary)
            steps.append(_step(model, shown, shown.draft, temperature, live))
    line.chain.close()
    return steps, update.text


def _live(canvas: Canvas, vocabulary: Vocabulary) -> int:
    """Positions that the reply takes, its end included. What is clamped has quotes of its own."""
    given = int((~canvas.free).sum())
    end = vocabulary.first_end(canvas.draft.tolist()[given:], SLOTS[-1].stop)
    return canvas.width if end is None else given + end + 1


def _step(model: Model, canvas: Canvas, tokens: torch.Tensor, temperature: float | None, live: int) -> Step:
    began = temperature is not None
    accepted = Schedule().accepted(canvas.entropy[None])[0].tolist()
    cells = [
        Cell(_text(model, token), canvas.entropy[index].item(), began and accepted[index], not canvas.free[index])
        for index, token in enumerate(tokens.tolist())
    ]
    return Step(cells, temperature, live)


def _text(model: Model, token: int) -> str:
    """As it is shown: no blanks around it, and signs for what has no letters."""
    text = model.codec.decode([token])
    if not text:
        return "end" if token in model.weights.config.eos_ids else "◦"
    drawn = "".join(letter if letter.isprintable() and letter != UNREADABLE else "▯" for letter in text)
    return drawn.strip().replace("$", r"\$") or "␣"


def draw(steps: list[Step], question: str, text: str, path: Path) -> None:
    """Write the picture as PNG."""
    count = min(steps[-1].live + BEHIND, len(steps[0].cells))
    widths = [
        AROUND + LETTER * max(2, *(len(_short(step.cells[column].text)) for step in steps)) for column in range(count)
    ]
    width, height = LEFT + sum(widths) + 0.2, TOP + ROW * len(steps) + BOTTOM
    with rc_context({"font.family": "DejaVu Sans", "text.color": INK}):
        figure = Figure(figsize=(width, height), facecolor=PAPER)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        axes.text(0.2, 0.36, f"“{question}”", fontsize=15, weight="bold", va="center")
        axes.text(0.2, 0.66, "A line forms out of noise: all of it at once, surer with every step", va="center")
        for index, step in enumerate(steps):
            _draw_row(axes, step, index, widths, TOP + ROW * index)
        bottom = TOP + ROW * len(steps)
        axes.text(LEFT, bottom + 0.28, f"“{text}”", fontsize=13, weight="bold", va="center")
        _draw_legend(axes, bottom + 0.45)
        figure.savefig(path, dpi=DPI)
    with Image.open(path) as image:
        image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def _draw_row(axes: Axes, step: Step, index: int, widths: list[float], top: float) -> None:
    label = "noise" if step.temperature is None else f"step {index}"
    axes.text(0.2, top + ROW / 2, label, fontsize=9.5, weight="bold", va="center")
    if step.temperature is not None:
        axes.text(LEFT - 0.12, top + ROW / 2, f"T {step.temperature:.2f}", fontsize=8, va="center", ha="right")
    left = LEFT
    for column, (cell, width) in enumerate(zip(step.cells, widths, strict=False)):
        _draw_cell(axes, cell, left, top, width, begun=step.temperature is not None, behind=column >= step.live)
        left += width


def _draw_cell(axes: Axes, cell: Cell, left: float, top: float, width: float, *, begun: bool, behind: bool) -> None:
    sure = 1.0 - min(cell.entropy / UNSURE, 1.0)
    face, ink, edge, thick = to_hex(CERTAINTY(sure)), INK if cell.accepted else FAINT, "#ddd6c6", 0.6
    if cell.clamped:
        face, ink, edge = HELD, "white", HELD
    elif not begun:
        face, ink = NOISE, FAINT
    elif cell.accepted:
        edge, thick = "#1f6f63", 1.7
    box = FancyBboxPatch(
        (left + 0.03, top + 0.05),
        width - 0.06,
        ROW - 0.10,
        boxstyle="round,pad=0,rounding_size=0.06",
        facecolor=face,
        edgecolor=edge,
        linewidth=thick,
        alpha=0.3 if behind and begun and not cell.clamped else 1.0,
    )
    axes.add_patch(box)
    fade = 0.35 if behind and begun else 1.0
    weight = "bold" if cell.accepted and begun else "normal"
    place = (left + width / 2, top + ROW / 2)
    axes.text(*place, _short(cell.text), fontsize=9, color=ink, alpha=fade, va="center", ha="center", weight=weight)


def _draw_legend(axes: Axes, top: float) -> None:
    marks = [
        Patch(facecolor=NOISE, edgecolor="#ddd6c6", label="noise"),
        Patch(facecolor=CERTAINTY(0.1), edgecolor="#ddd6c6", label="best guess, unsure"),
        Patch(facecolor=CERTAINTY(0.9), edgecolor="#ddd6c6", label="best guess, sure"),
        Patch(facecolor=CERTAINTY(0.95), edgecolor="#1f6f63", linewidth=1.7, label="accepted: the next step sees it"),
        Patch(facecolor=HELD, edgecolor=HELD, label="clamped: it stays, and may be shown"),
    ]
    axes.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(0.15, top + 0.08),
        bbox_transform=axes.transData,
        ncols=len(marks),
        frameon=False,
        fontsize=9,
        handlelength=1.4,
        columnspacing=1.6,
    )
    remark = (
        "Whatever is not accepted is noise again in the next step. Pale: behind the reply's end, where nothing counts."
    )
    axes.text(0.2, top + 0.62, remark, fontsize=9, va="center")


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


if __name__ == "__main__":
    main()
