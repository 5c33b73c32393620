"""Milliseconds of a step: against the least it can take, against `generate()`, and with one change less at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest import mock

import torch

from gpu.report import Findings
from gpu.rig import FIRST_ORDINARY, OPTIONS, Rig, Size, run_ahead
from npc_engine.engines.diffusion.baseline import Baseline
from npc_engine.engines.diffusion.cost import H200, Step, floor
from npc_engine.engines.diffusion.denoiser import Denoiser
from npc_engine.engines.diffusion.kernels import (
    grouped_experts,
    quantised_linear,
    varlen_attention,
    vocabulary_head,
)
from npc_engine.engines.diffusion.weight_format import WeightFormat

#: Steps over the least they can take, where the weights are what takes the time.
OVER_FLOOR, FLOOR_ROWS = 1.25, 512
FP8_MS, FP8_ROWS = 9.0, 256
#: Against the best path of `generate()`: a step, and a line of 30 tokens.
STEP_RATIO, LINE_RATIO = 1.5, 4.0
#: A line of 30 tokens: ours takes a canvas of 64 and ten steps. The reference always takes a whole canvas, at most so
#: many steps; weights that have learnt stop it after about twelve, random ones never do.
LINE_WIDTH, LINE_STEPS = 64, 10
THEIR_WIDTH, THEIR_STEPS, THEIR_USUAL_STEPS = 256, 48, 12
#: Steps of a plain version: it may be a hundred times slower.
PLAIN_STEPS = 3
#: Lines, width and steps of what is asked for in canvas tokens a second.
RATES = ((16, 64, 10, 5_000.0), (1, 256, 12, 1_400.0))


def steps(kept: WeightFormat) -> Callable[[Size, Findings], None]:
    """Of weights in this format, from 64 rows to 4,096."""

    def measure(size: Size, found: Findings) -> None:
        rig = Rig(size, kept, lines=max(lines for _, lines in size.canvases), prompt=size.prompt)
        denoiser = rig.denoiser()
        over: dict[int, float] = {}
        took: dict[int, float] = {}
        for width, lines in size.canvases:
            ms = rig.step_ms(denoiser, width, lines)
            least = floor(size.config, Step(lines, width, size.prompt, kept), H200)
            rows = width * lines
            took[rows] = max(ms, took.get(rows, 0.0))
            over[rows] = max(ms / least.step_ms, over.get(rows, 0.0))
            found.row(
                weights=OPTIONS[kept], canvas=width, lines=lines, rows=rows, ms=ms, floor_ms=least.step_ms,
                of_it_head_ms=least.head_ms, over_floor=ms / least.step_ms,
            )  # fmt: skip
        found.row(weights=OPTIONS[kept], captured=denoiser.graphs.captured)
        if kept is WeightFormat.PLAIN:
            worst = max(value for rows, value in over.items() if rows <= FLOOR_ROWS)
            found.at_most(f"step over its floor, N ≤ {FLOOR_ROWS}", OVER_FLOOR, _if_card(size, worst), "×")
            found.bar(
                "row buckets to 4,096 are timed", "4096 rows", float(max(over)), _if_card(size, max(over) >= 4_096)
            )
        if kept is WeightFormat.FP8:
            worst = max(ms for rows, ms in took.items() if rows <= FP8_ROWS)
            found.at_most(f"FP8 step, N ≤ {FP8_ROWS}", FP8_MS, _if_card(size, worst), "ms")

    return measure


def rates(kept: WeightFormat) -> Callable[[Size, Findings], None]:
    """Whole replies: canvas tokens a second of all together."""

    def measure(size: Size, found: Findings) -> None:
        rig = Rig(size, kept, lines=16, prompt=size.prompt)
        denoiser = rig.denoiser()
        for lines, width, planned, asked in RATES:
            ms = _reply_ms(rig, denoiser, width, lines, planned)
            per_s = lines * width / ms * 1e3
            found.row(
                weights=OPTIONS[kept], lines=lines, canvas=width, steps=planned, reply_ms=ms,
                canvas_tokens_per_s=per_s, delivered_tokens_per_s=None,
            )  # fmt: skip
            if kept is WeightFormat.PLAIN:
                what = f"{lines} × {width} tokens × {planned} steps"
                found.at_least(what, asked, _if_card(size, per_s), "tok/s")
        print("delivered tokens: none, random weights never end a line")

    return measure


def generate(size: Size, found: Findings) -> None:
    """Against transformers' `generate()` on the very same weights, each of its paths."""
    rig = Rig(size, WeightFormat.PLAIN, lines=16, prompt=size.prompt)
    denoiser = rig.denoiser()
    baseline = Baseline(rig.weights)
    ratios, theirs = [], {}
    for width, lines in ((THEIR_WIDTH, 1), (LINE_WIDTH, 1), (THEIR_WIDTH, 4), (LINE_WIDTH, 16)):
        ours = rig.step_ms(denoiser, width, lines)
        paths = {static: _generate_ms(baseline, size, width, lines, static=static) for static in (False, True)}
        best = min(ms for ms in paths.values() if ms is not None)
        theirs[width, lines] = best
        ratios.append(best / ours)
        found.row(
            canvas=width, lines=lines, ours_ms=ours, dynamic_ms=paths[False], compiled_ms=paths[True],
            ratio=best / ours,
        )  # fmt: skip
    found.at_least("step, against the best path of generate()", STEP_RATIO, _if_card(size, min(ratios)), "×")
    ours = _reply_ms(rig, denoiser, LINE_WIDTH, 1, LINE_STEPS)
    their_step = theirs[THEIR_WIDTH, 1]
    for what, count in (("its default steps", THEIR_STEPS), ("steps that learnt weights need", THEIR_USUAL_STEPS)):
        ratio = their_step * count / ours
        found.row(line_of_30_tokens_ms=ours, theirs=what, steps=count, their_ms=their_step * count, ratio=ratio)
    found.at_least("line of 30 tokens, against its usual 12 steps", LINE_RATIO, _if_card(size, ratio), "×")


def _reply_ms(rig: Rig, denoiser: Denoiser, width: int, lines: int, planned: int) -> float:
    """Milliseconds of a whole reply of so many together; two more warm up, so that the last step is captured too."""
    replies = range(rig.size.repeats + 2)
    times = [run_ahead(denoiser, [rig.work(denoiser, width, lines, planned, seed)] * planned) for seed in replies]
    return median(times[2:])


def alone(size: Size, found: Findings) -> None:
    """Each change taken back alone. The plain versions look at what they compute, so they cannot be captured: they are
    compared with steps that are not captured either."""
    rig = Rig(size, WeightFormat.PLAIN, lines=16, prompt=size.prompt)
    for width, lines in ((64, 1), (64, 16)):
        captured = rig.step_ms(rig.denoiser(), width, lines)
        plain = rig.denoiser(captured=False)
        eager = rig.step_ms(plain, width, lines)
        found.row(canvas=width, lines=lines, without="nothing", ms=captured, against_ms=captured, ratio=1.0)
        found.row(canvas=width, lines=lines, without="graphs", ms=eager, against_ms=captured, ratio=eager / captured)
        for name, module, function, reference in KERNELS:
            with _taken_back(module, function, reference):
                ms = rig.step_ms(plain, width, lines, PLAIN_STEPS)
            found.row(canvas=width, lines=lines, without=name, ms=ms, against_ms=eager, ratio=ms / eager)
        last = _reply_ms(rig, rig.denoiser(), width, lines, planned=1)
        name = "what follows a step"
        found.row(canvas=width, lines=lines, without=name, ms=last, against_ms=captured, ratio=last / captured)
    del rig
    eight = Rig(size, WeightFormat.FP8, lines=1, prompt=size.prompt)
    plain = eight.denoiser(captured=False)
    eager = eight.step_ms(plain, 64, 1)
    with _taken_back(quantised_linear, "quantised_linear", quantised_linear.reference):
        ms = eight.step_ms(plain, 64, 1, PLAIN_STEPS)
    found.row(canvas=64, lines=1, without="FP8 matrices as they are", ms=ms, against_ms=eager, ratio=ms / eager)


#: Name, and where the kernel is and its plain version.
KERNELS: tuple[tuple[str, Any, str, Callable[..., Any]], ...] = (
    ("fused head", vocabulary_head, "read_vocabulary", vocabulary_head.reference),
    ("grouped experts", grouped_experts, "run_experts", grouped_experts.reference),
    ("paged attention", varlen_attention, "attend", varlen_attention.reference),
)


@contextmanager
def _taken_back(module: Any, function: str, reference: Callable[..., Any]) -> Iterator[None]:
    with mock.patch.object(module, function, reference):
        yield


def _generate_ms(baseline: Baseline, size: Size, width: int, lines: int, *, static: bool) -> float | None:
    """Its median step; None where this path of it fails."""
    generator = torch.Generator().manual_seed(lines)
    shape = (lines, size.prompt)
    prompts = torch.randint(FIRST_ORDINARY, size.config.vocab_size, shape, generator=generator).to(size.device)
    try:
        baseline.generate(prompts, width=width, steps=4, static=static)
        return median(baseline.generate(prompts, width=width, steps=8, static=static).step_ms)
    except Exception as error:
        print(f"generate(), {'compiled' if static else 'dynamic'}: {type(error).__name__}: {str(error)[:300]}")
        return None


def _if_card(size: Size, value: Any) -> Any:
    """A time on a CPU is no answer to what was asked of a card."""
    return value if size.on_card else None
