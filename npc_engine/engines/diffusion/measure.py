"""How fast the engine is: milliseconds a step, and what comes of it, by width of canvas and number of characters.

Ours and Hugging Face's `generate()` are timed in the same run, on the same weights and prompts. Every character takes
part in every timed step of ours; how many steps a reply needs is counted beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor

from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.diffusion.baseline import Baseline, named_tensors
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read, Work
from npc_engine.engines.diffusion.line import READING_ROWS
from npc_engine.engines.diffusion.model import Model, load_model
from npc_engine.engines.diffusion.prefix_store import Chain, PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.settings import parse_settings
from npc_engine.engines.diffusion.stopwatch import HEAD, STEP, TRUNK, Stopwatch, TimedDenoiser
from npc_engine.engines.diffusion.weights import Weights
from npc_engine.engines.threads import default_threads
from npc_engine.errors import ErrorCode, NpcError

#: What is asked of a model that has learnt something; the middle is repeated until the prompt is as long as wished.
BEGINNING = "<bos><|turn>user\n"
MIDDLE = "You keep the inn by the river. It is evening, and it rains. Travellers come in, eat, talk and go. "
END = "What does a room cost?<turn|>\n<|turn>model\n"
#: Ordinary tokens begin here, at least; before them are control tokens.
FIRST_ORDINARY = 16
BLOCK_TOKENS = 32


class Asked(msgspec.Struct, frozen=True):
    """What to measure: every canvas with every batch. `steps` are planned for each reply, `prompt` is in tokens.
    Medians are over the steps of `repeats` replies of everybody, after one more to warm up."""

    canvases: tuple[int, ...] = (32, 64, 256)
    batches: tuple[int, ...] = (1, 4, 16)
    steps: int = 8
    prompt: int = 600
    repeats: int = 5
    baseline: bool = True


class Speed(msgspec.Struct, frozen=True):
    """How fast replies are made. `read_ms` is what reading the prompts of all takes; `steps` and `reply_tokens` are
    means over replies. Tokens of the canvas are counted apart from those delivered, which stand before the reply's end.
    What is delivered is None for random weights: noise has no end."""

    step_ms: float
    read_ms: float
    steps: float
    canvas_tokens_per_s: float
    reply_tokens: float | None
    delivered_tokens_per_s: float | None

    @property
    def tokens_per_pass(self) -> float | None:
        """Tokens of a reply that a pass through the model delivers."""
        return None if self.reply_tokens is None else self.reply_tokens / self.steps


class Row(msgspec.Struct, frozen=True):
    """One canvas with one batch. The parts of our step are those of `TimedDenoiser`. `memory_bytes` is the most that
    we took on the card, weights included; None on a CPU. `baseline` is None where there is none, or no room for it."""

    canvas: int
    batch: int
    ours: Speed
    trunk_ms: float
    head_ms: float
    sampler_ms: float
    memory_bytes: int | None
    baseline: Speed | None

    @property
    def ratio(self) -> float | None:
        """How many of our steps fit into one of the baseline's."""
        return self.baseline.step_ms / self.ours.step_ms if self.baseline else None


class Report(msgspec.Struct, frozen=True):
    """All of it, and what it was measured on. `without_baseline` says why there is none; else it is empty."""

    model: str
    weights: str
    weight_bytes: int
    device: str
    threads: int
    torch: str
    asked: Asked
    rows: tuple[Row, ...]
    without_baseline: str


def measure(spec: ModelSpec, asked: Asked, progress: Progress) -> Report:
    """Load the model and measure. `spec` has to leave room for `asked`.

    Raises `NpcError` as loading a model does, and ENGINE_FAILED where prompt and canvas are too long for the model or
    too much for the card.
    """
    settings = parse_settings(spec.options)
    if settings.device == "cpu":
        torch.set_num_threads(spec.threads or default_threads())
    model = load_model(spec, settings, lambda part, what: progress(0.3 * part, what))
    weights, device = model.weights, model.weights.device
    if (needed := asked.prompt + max(asked.canvases)) > weights.config.context_tokens:
        message = f"prompt and canvas take {needed} tokens, the model has {weights.config.context_tokens}: "
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{message}use a shorter --prompt or narrower --canvas")
    baseline, without = _baseline(weights) if asked.baseline else (None, "not asked for")
    learnt = not settings.random_weights
    cases = [(width, batch) for width in asked.canvases for batch in asked.batches]
    rows: list[Row] = []
    for width, batch in cases:
        progress(0.3 + 0.7 * len(rows) / len(cases), f"canvas {width}, {batch} at once")
        prompts = _prompts(model, asked.prompt, batch, learnt=learnt)
        rows.append(_row(_Case(weights, prompts, width, asked, learnt), baseline))
    progress(1.0, "done")
    return Report(
        model=spec.name,
        weights=settings.weights,
        weight_bytes=sum(tensor.nbytes for _, tensor in named_tensors(weights)),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        threads=torch.get_num_threads(),
        torch=str(torch.__version__),
        asked=asked,
        rows=tuple(rows),
        without_baseline=without,
    )


class _Case(NamedTuple):
    """One canvas with one batch: `prompts` `(B, P)`. `learnt` says whether replies have an end."""

    weights: Weights
    prompts: Tensor
    width: int
    asked: Asked
    learnt: bool

    @property
    def batch(self) -> int:
        return len(self.prompts)

    @property
    def tokens(self) -> int:
        """Of prompt and canvas."""
        return self.prompts.shape[1] + self.width

    def speed(self, step_ms: Sequence[float], read_ms: Sequence[float], steps: float, tokens: float) -> Speed:
        """From what was counted: `steps` and `tokens` of a reply."""
        replies_per_s = 1_000.0 * self.batch / (steps * median(step_ms))
        return Speed(
            step_ms=median(step_ms),
            read_ms=median(read_ms),
            steps=steps,
            canvas_tokens_per_s=replies_per_s * self.width,
            reply_tokens=tokens if self.learnt else None,
            delivered_tokens_per_s=replies_per_s * tokens if self.learnt else None,
        )

    def reply_tokens(self, canvas: Sequence[int]) -> int:
        """How many stand before the end."""
        ends = self.weights.config.eos_ids
        return next((index for index, token in enumerate(canvas) if token in ends), len(canvas))


def _row(case: _Case, baseline: Baseline | None) -> Row:
    on_card = case.weights.device.type == "cuda"
    if on_card:
        torch.cuda.reset_peak_memory_stats(case.weights.device)
    try:
        ours, parts = _ours(case)
    except torch.OutOfMemoryError as error:
        message = f"no memory left for {case.batch} canvases of {case.width}: use fewer or narrower ones"
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
    memory_bytes = torch.cuda.max_memory_allocated(case.weights.device) if on_card else None
    try:
        theirs = _theirs(case, baseline) if baseline else None
    except torch.OutOfMemoryError:
        theirs = None
    return Row(case.width, case.batch, ours, *parts, memory_bytes, theirs)


def _ours(case: _Case) -> tuple[Speed, tuple[float, float, float]]:
    """Our speed, and trunk, head and sampler of a step, milliseconds. Parts are timed apart from steps: where those are
    captured they have none, and a step that is not captured takes longer than its parts do in one that is."""
    watch = Stopwatch(case.weights.device)
    lines, schedule = case.batch, Schedule()
    loop = _Loop(case, Denoiser.on_device(case.weights, schedule, lines=lines, context_tokens=case.tokens), watch)
    loop.reply(0)
    loop.forget()
    for seed in range(1, case.asked.repeats + 1):
        loop.reply(seed)
    apart = _Loop(case, TimedDenoiser(case.weights, schedule, watch), watch)
    apart.reply(1)
    laps = apart.laps
    sampler = [lap[STEP] - lap[TRUNK] - lap[HEAD] for lap in laps]
    parts = (median(lap[TRUNK] for lap in laps), median(lap[HEAD] for lap in laps), median(sampler))
    steps, tokens = (fmean(each) for each in zip(*loop.replies, strict=True))
    return case.speed([lap[STEP] for lap in loop.laps], loop.read_ms, steps, tokens), parts


def _theirs(case: _Case, baseline: Baseline) -> Speed:
    def run() -> tuple[list[float], float, list[int]]:
        made = baseline.generate(case.prompts, width=case.width, steps=case.asked.steps)
        return made.step_ms, made.first_ms, [case.reply_tokens(reply) for reply in made.tokens.tolist()]

    run()
    runs = [run() for _ in range(case.asked.repeats)]
    step_ms = [ms for each, _, _ in runs for ms in each]
    read_ms = [first_ms - median(each) for each, first_ms, _ in runs]
    steps = fmean(len(each) + 1 for each, _, _ in runs)  # everybody waits for the slowest
    return case.speed(step_ms, read_ms, steps, fmean(count for _, _, counts in runs for count in counts))


class _Loop:
    """Reads everybody's prompt and denoises everybody's canvas, timed. `replies` are steps and tokens of each."""

    def __init__(self, case: _Case, denoiser: Denoiser, watch: Stopwatch) -> None:
        self._case = case
        self._schedule = Schedule()
        self._watch = watch
        self._denoiser = denoiser
        blocks = case.batch * -(-case.prompts.shape[1] // BLOCK_TOKENS)
        block_bytes = BLOCK_TOKENS * case.weights.config.kv_token_elements * case.weights.dtype.itemsize
        self._store = PrefixStore(
            case.weights.config,
            dtype=case.weights.dtype,
            device=case.weights.device,
            device_bytes=blocks * block_bytes,
            block_tokens=BLOCK_TOKENS,
        )
        self.forget()

    def forget(self) -> None:
        """What was measured so far."""
        self.read_ms: list[float] = []
        self.laps: list[dict[str, float]] = []
        self.replies: list[tuple[int, int]] = []

    def reply(self, seed: int) -> None:
        """One canvas for everybody, behind a prompt that was never read before."""
        chains = [self._store.open(()) for _ in self._case.prompts]
        self.read_ms.append(sum(self._read(chain, prompt) for chain, prompt in zip(chains, self._prompts, strict=True)))
        canvases = [self._canvas(seed * self._case.batch + index) for index in range(self._case.batch)]
        work = [Denoise(chain, canvas) for chain, canvas in zip(chains, canvases, strict=True)]
        writing = dict(enumerate(canvases))
        for _ in range(self._case.asked.steps):
            self._step(work)
            self.laps.append(self._watch.take())
            for index in [index for index, canvas in writing.items() if self._done(canvas)]:
                canvas = writing.pop(index)
                self.replies.append((canvas.step, self._case.reply_tokens(canvas.draft.tolist())))
        for chain in chains:
            chain.close()
        self._store.clear()

    @property
    def _prompts(self) -> list[list[int]]:
        prompts: list[list[int]] = self._case.prompts.tolist()
        return prompts

    def _read(self, chain: Chain, prompt: list[int]) -> float:
        chain.reserve(len(prompt))
        for start in range(0, len(prompt), READING_ROWS):
            self._step([Read(chain, prompt[start : start + READING_ROWS])])
        return self._watch.take()[STEP]

    def _step(self, work: Sequence[Work]) -> None:
        with self._watch.lap(STEP):
            self._denoiser.step(work)

    def _canvas(self, seed: int) -> Canvas:
        return self._denoiser.canvas(self._case.width, planned=self._case.asked.steps, seed=seed)

    def _done(self, canvas: Canvas) -> bool:
        if canvas.step >= canvas.planned:
            return True
        live = min(self._case.reply_tokens(canvas.draft.tolist()) + 1, canvas.width)
        return self._case.learnt and self._schedule.is_done(canvas.entropy, canvas.settled, live)


def _baseline(weights: Weights) -> tuple[Baseline | None, str]:
    """It, or why there is none."""
    try:
        return Baseline(weights), ""
    except NpcError as error:
        return None, error.message


def _prompts(model: Model, length: int, batch: int, *, learnt: bool) -> Tensor:
    """`(B, P)`. Random weights are given random words, all different."""
    if not learnt:
        generator = torch.Generator().manual_seed(batch)
        high = model.weights.config.vocab_size
        drawn = torch.randint(FIRST_ORDINARY, high, (batch, length), generator=generator)
        return drawn.to(model.weights.device)
    beginning, middle, end = (model.codec.encode(text, special=True) for text in (BEGINNING, MIDDLE, END))
    room = max(0, length - len(beginning) - len(end))
    tokens = [*beginning, *(middle * (room // len(middle) + 1))[:room], *end]
    return torch.tensor([tokens] * batch, device=model.weights.device)
