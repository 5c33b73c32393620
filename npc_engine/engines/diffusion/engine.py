"""DiffusionGemma behind `Engine`: all lines are denoised together, one step a `poll`.

Characters join and leave between steps. A new prompt is read beside the canvases of those who speak, a chunk a step, so
nobody waits for it. A line that is pre-empted keeps its canvas and goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.diffusion.config import WIDTH_MAX
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read, Step, Work
from npc_engine.engines.diffusion.line import READING_ROWS, Bench, Line
from npc_engine.engines.diffusion.model import Model, cache_bytes, load_model
from npc_engine.engines.diffusion.prefix_store import MIB, Chain, PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.settings import Settings, parse_settings
from npc_engine.engines.diffusion.vocabulary import Vocabulary
from npc_engine.engines.threads import default_threads
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineCaps, EngineTask, Finished, FinishReason, JobId, Plan, Update

#: Lines that were cancelled and may be taken up again; after that many others they begin anew.
PAUSED = 64
#: Canvases of a line that are held at once: the one it writes on, and one that was finished while a step was under way.
SLOTS_PER_LINE = 2
#: No progress for this many times the longest step seen while loading means that the engine hangs.
STEP_PATIENCE = 20
STEP_TIMEOUT_MIN_MS = 5_000
#: Reading is never taken to be free: 500 tokens that hide in a step are told to cost half a millisecond.
LEAST_TOKEN_MS = 0.001
#: The step that is measured while loading: canvases of this width, one and several.
PROBE_WIDTH, PROBE_LINES, PROBE_STEPS = 64, 4, 3


@dataclass(frozen=True, slots=True)
class _Flight:
    """A step under way, and whose it is."""

    step: Step
    work: Sequence[tuple[Line, Work]]
    launched_ns: int


class DiffusionEngine:
    """A lockstep draft engine: a reply is there as a whole after the first step, and gets better with each."""

    def __init__(self, clock: Clock) -> None:
        self.caps = EngineCaps(name="diffusion", model="", kind="draft", lockstep=True, preempt="pause")
        self.steps_taken = 0
        self._clock = clock
        self._model: Model | None = None
        self._lines: dict[JobId, Line] = {}
        self._paused: OrderedDict[JobId, Line] = OrderedDict()
        self._flights: deque[_Flight] = deque()
        self._ahead = 0
        self._ended: list[Update] = []
        self._woken = threading.Event()
        self._stepped_ns: int | None = None  # when the last step was over, unless nobody was left to go on

    def load(self, spec: ModelSpec, progress: Progress) -> None:
        settings = parse_settings(spec.options)
        if settings.device == "cpu":
            torch.set_num_threads(spec.threads or default_threads())
        else:
            # 0 is the least of priorities: whatever else of this process shares the card with a step goes first.
            torch.cuda.set_stream(torch.cuda.Stream(settings.device, priority=0))  # type: ignore[no-untyped-call]
        progress(0.0, "checking memory")
        model = load_model(spec, settings, progress)
        config, device = model.weights.config, model.weights.device
        context = min(spec.context_tokens, config.context_tokens)
        self._schedule = Schedule()
        self._vocabulary = Vocabulary(model.codec, config.eos_ids)
        self._store = PrefixStore(
            config,
            dtype=model.weights.dtype,
            device=device,
            device_bytes=cache_bytes(model, spec, settings),
            host_bytes=settings.host_cache_mib * MIB,
        )
        self._model = model
        self._denoiser = self._prepared(model, settings, spec.max_parallel, context, progress)
        self._ahead = 1 if device.type == "cuda" and spec.gpu_share >= 1.0 else 0
        progress(0.95, "first steps")
        step_ms, several_ms, token_ms = self._probe(min(context, READING_ROWS))
        self._bench = Bench(self._schedule, self._vocabulary, self._denoiser, step_ms)
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
        self.caps = EngineCaps(
            name="diffusion",
            model=spec.name or (spec.path.name if spec.path else "random"),
            kind="draft",
            max_parallel=spec.max_parallel,
            context_tokens=context,
            lockstep=True,
            preempt="pause",
            chat_format=spec.chat_format,
            chooses=spec.chooses,
            noise=bool(settings.random_weights) or config.noise,
            step_ms=step_ms,
            step_growth=max(0.0, (several_ms / step_ms - 1.0) / (PROBE_LINES - 1)),
            prefill_token_ms=token_ms,
            step_timeout_ms=max(STEP_TIMEOUT_MIN_MS, int(STEP_PATIENCE * max(several_ms, token_ms * READING_ROWS))),
            description=f"{model.description}, {settings.weights} on {name}, "
            f"{self._store.device_blocks * self._store.block_tokens:,} tokens cached",
            device=name,
        )
        progress(1.0, "ready")

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        return self._open_model.codec.encode(text, special=special)

    def start(self, task: EngineTask) -> None:
        self._open_model  # noqa: B018 - raises if there is none
        if len(task.tokens) >= self.caps.context_tokens:
            self._ended.append(Finished(task.id, task.resume, FinishReason.TOO_LONG, task.choices))
        elif line := self._paused.pop(task.id, None):
            line.restart(task.plan, self._store.open(line.context))
            self._lines[task.id] = line
        else:
            self._lines[task.id] = Line(task, self._store.open(task.tokens), self._bench)

    def replan(self, job_id: JobId, plan: Plan) -> None:
        if line := self._lines.get(job_id):
            line.replan(plan)

    def cancel(self, job_id: JobId) -> None:
        if job_id not in self._lines:
            return
        while self._flights:  # a line is put aside with all that was begun of it
            self._ended += self._land()
        if line := self._lines.pop(job_id, None):
            self._ended.append(line.stopped(FinishReason.CANCELLED))
            line.chain.close()
            self._paused[job_id] = line
            if len(self._paused) > PAUSED:
                self._paused.popitem(last=False)

    def poll(self, until_ns: int) -> list[Update]:
        updates, self._ended = self._ended, []
        if updates or not self._lines:
            if not self._lines:
                self._stepped_ns = None
            if not updates:
                self._woken.wait(max(0.0, (until_ns - self._clock.now_ns()) / NS_PER_S))
            self._woken.clear()
            return updates
        pieces = self._pieces()
        work = [(line, piece) for line, piece in pieces if piece is not None]
        if work:
            launched_ns = time.perf_counter_ns()
            self._flights.append(_Flight(self._denoiser.launch([piece for _, piece in work]), work, launched_ns))
        for line, begun in work:
            line.began(begun)
        for line, piece in pieces:
            if piece is None and not line.waits:
                updates += self._told(line, line.rested())
        while len(self._flights) > (self._ahead if work else 0):
            updates += self._land()
        return updates + self._take_ended()

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        for line in self._lines.values():
            line.chain.close()
        self._lines.clear()
        self._paused.clear()
        self._flights.clear()
        self._model = None
        with suppress(AttributeError):  # not loaded, or closed before
            del self._bench, self._denoiser, self._store  # weights and cache hang on these

    def _land(self) -> list[Update]:
        """Wait for the oldest step that is under way, and tell its lines."""
        flight = self._flights.popleft()
        flight.step.wait()
        ended_ns = time.perf_counter_ns()
        ms = (ended_ns - (self._stepped_ns or flight.launched_ns)) / NS_PER_MS  # a rest is part of a step's price
        self.steps_taken += 1
        updates: list[Update] = []
        for line, piece in flight.work:
            if self._lines.get(line.task.id) is line:
                updates += self._told(line, line.took(piece, ms))
        self._stepped_ns = ended_ns if self._lines else None
        return updates

    def _told(self, line: Line, update: Update | None) -> list[Update]:
        """What a line has to tell, if anything; with its end it is gone."""
        if isinstance(update, Finished):
            self._lines.pop(update.id).chain.close()
        return [] if update is None else [update]

    def _pieces(self) -> list[tuple[Line, Work | None]]:
        """Everybody's next piece of work. Who has least left to read reads first, warm-ups last."""
        lines = sorted(self._lines.items(), key=lambda item: (not item[1].task.slots, item[1].unread))
        writing = sum(bool(line.task.slots) for _, line in lines)
        left, pieces = READING_ROWS, list[tuple[Line, Work | None]]()
        for job_id, line in lines:
            work = line.work(left, writing)
            if isinstance(work, Read):
                if not line.chain.reserve(len(work.tokens)):
                    self._lines.pop(job_id).chain.close()
                    self._ended.append(line.crowded_out())
                    continue
                left -= len(work.tokens)
            pieces.append((line, work))
        return pieces

    def _take_ended(self) -> list[Update]:
        ended, self._ended = self._ended, []
        return ended

    def _probe(self, tokens: int) -> tuple[float, float, float]:
        """Milliseconds of a step alone, of one with `PROBE_LINES`, and what reading a token adds to one: the best of a
        few."""
        chain = self._store.open(())
        read_ms = min(self._timed_reading(chain, tokens) for _ in range(PROBE_STEPS))
        planned = 2 * PROBE_STEPS + 1  # none of them is anybody's last
        lines = [
            Denoise(chain, self._denoiser.canvas(PROBE_WIDTH, planned=planned, seed=seed))
            for seed in range(PROBE_LINES)
        ]
        alone_ms = min(self._timed(lines[:1]) for _ in range(PROBE_STEPS))
        several_ms = min(self._timed(lines) for _ in range(PROBE_STEPS))
        chain.close()
        self._store.clear()
        return alone_ms, several_ms, max(LEAST_TOKEN_MS, (read_ms - alone_ms) / tokens)

    def _timed_reading(self, chain: Chain, tokens: int) -> float:
        chain.cut(0)
        chain.reserve(tokens)
        return self._timed([Read(chain, [0] * tokens)])

    def _timed(self, work: Sequence[Work]) -> float:
        began_ns = time.perf_counter_ns()
        self._denoiser.step(work)
        return (time.perf_counter_ns() - began_ns) / NS_PER_MS

    def _prepared(
        self, model: Model, settings: Settings, lines: int, context_tokens: int, progress: Progress
    ) -> Denoiser:
        """On a card, steps of all usual sizes are captured before anybody speaks: to compile and capture one takes
        longer than a line has. Others are when they come for the second time."""
        denoiser = Denoiser.on_device(
            model.weights,
            self._schedule,
            lines=lines,
            context_tokens=context_tokens + WIDTH_MAX,
            slots=PAUSED + SLOTS_PER_LINE * lines,
            top=settings.soft_top,
        )
        shapes, cache = denoiser.usual_shapes(lines * WIDTH_MAX + READING_ROWS), self._store.open(()).cache
        for done, shape in enumerate(shapes):
            progress(0.8 + 0.15 * done / len(shapes), "capturing steps")
            denoiser.prepare(shape, cache)
        return denoiser

    @property
    def _open_model(self) -> Model:
        if self._model is None:
            raise NpcError(ErrorCode.ENGINE_FAILED, "the diffusion engine has no model loaded")
        return self._model
