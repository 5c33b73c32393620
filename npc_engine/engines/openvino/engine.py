"""Models on the CPU through OpenVINO, in this process, stepped by us.

Every step reads one token of each line being written and, beside them, a piece of the most urgent prompt. A GGUF file
is converted the first time it is used (`convert.py`); `npc-engine models convert` does that beforehand.

Options (`ModelSpec.options`):

    weights     int8 or int4, default int8. int4 is smaller and as fast, but another model: of 20 likeliest lines of the
                0.5B, 5 are those of the GGUF file, with int8 15
    precision   f32 or bf16 for the sums. On processors with AMX, bf16 reads a quarter faster and writes a third slower.
                Default f32
    cache_mib   memory for what the characters have read, default 512, at least what all who speak at once need
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.engines.adapter import adapted, read_adapter
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.gguf import GgufHead, read_head
from npc_engine.engines.openvino.cache import Held, PagedCache
from npc_engine.engines.openvino.convert import convert
from npc_engine.engines.openvino.converted import DEFAULT_WEIGHTS, TOKENISER, folder_of, weights_called
from npc_engine.engines.openvino.network import BLOCK_TOKENS, INPUT_GROUP, Network, Piece
from npc_engine.engines.openvino.task import OpenVinoTask
from npc_engine.engines.openvino.tokens import Tokens
from npc_engine.engines.options import whole_number
from npc_engine.engines.threads import default_threads
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineCaps, EngineTask, Finished, FinishReason, JobId, Plan, Update

log = logging.getLogger(__name__)

CACHE_MIB = 512
PRECISIONS = ("f32", "bf16")
#: Tokens read per step while nobody speaks, and beside those who do: they stand still meanwhile.
READ_TOKENS = 128
READ_TOKENS_BESIDE = 32
#: No progress for this many times the longest step seen while loading means that the engine hangs.
STEP_PATIENCE = 20
STEP_TIMEOUT_MIN_MS = 5_000
#: Share of loading that is left when the model has been converted.
_CONVERTED = 0.6


class _Costs(NamedTuple):
    """Milliseconds to read `READ_TOKENS` and to write a token, and what a second writer adds to that, as a part of
    it."""

    read_ms: float
    step_ms: float
    step_growth: float


@dataclass(slots=True, eq=False)
class _Running:
    """A task and what the cache holds for it."""

    work: OpenVinoTask
    held: Held
    cached: int

    @property
    def left(self) -> list[int]:
        """Wanted tokens that have not been read."""
        return self.work.wanted[len(self.held.tokens) :]


class OpenVinoEngine:
    """OpenVINO behind `Engine`: one step for all tasks per `poll`."""

    def __init__(self, clock: Clock) -> None:
        self.caps = EngineCaps(name="openvino", model="")
        self.steps_taken = 0
        self._clock = clock
        self._network: Network | None = None
        self._tokens: Tokens | None = None
        self._cache = PagedCache(0, BLOCK_TOKENS)
        self._running: dict[JobId, _Running] = {}
        self._waiting: dict[JobId, EngineTask] = {}  # for another task of the same character
        self._news: list[Update] = []
        self._woken = threading.Event()

    def load(self, spec: ModelSpec, progress: Progress) -> None:
        if spec.path is None:
            raise NpcError(ErrorCode.MODEL_MISSING, "the openvino engine needs a model file")
        weights = weights_called(spec.options.get("weights", DEFAULT_WEIGHTS))
        progress(0.0, f"checking {spec.path.name}")
        head = read_head(spec.path)
        context_tokens = min(spec.context_tokens, head.context_tokens)
        blocks = _block_count(spec, head, context_tokens)
        precision = _precision(spec)
        adapter = read_adapter(spec.adapter, spec.path) if spec.adapter else None
        manifest = convert(
            spec.path, weights, lambda fraction, what: progress(_CONVERTED * fraction, what), spec.adapter
        )
        progress(_CONVERTED, f"loading {spec.path.name}")
        folder = folder_of(spec.path, weights, spec.adapter)
        threads = spec.threads or default_threads()
        network, costs = _running(folder, blocks, threads, precision)
        progress(0.9, "loading the tokeniser")
        self._tokens = Tokens(folder / TOKENISER, manifest)
        self._network = network
        self._cache = PagedCache(blocks, BLOCK_TOKENS)
        self.caps = EngineCaps(
            name="openvino",
            model=spec.name or spec.path.stem,
            kind="append",
            max_parallel=spec.max_parallel,
            context_tokens=context_tokens,
            lockstep=True,
            preempt="restart",
            chat_format=spec.chat_format,
            chooses=spec.chooses,
            step_timeout_ms=max(STEP_TIMEOUT_MIN_MS, int(STEP_PATIENCE * costs.read_ms)),
            step_ms=costs.step_ms,
            step_growth=costs.step_growth,
            prefill_token_ms=costs.read_ms / READ_TOKENS,
            description=f"{head.architecture}{adapted(adapter)}, {weights}, cache of {blocks * BLOCK_TOKENS} tokens, "
            f"{threads} threads",
        )
        progress(1.0, "ready")

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        return list(self._open_tokens.encode(text, special))

    def start(self, task: EngineTask) -> None:
        if len(task.tokens) >= self.caps.context_tokens:
            self._news.append(Finished(task.id, task.resume, FinishReason.TOO_LONG, task.choices))
        elif any(running.work.task.cache_key == task.cache_key for running in self._running.values()):
            self._waiting[task.id] = task
        else:
            self._begin(task)

    def replan(self, job_id: JobId, plan: Plan) -> None:
        if running := self._running.get(job_id):
            running.work.plan = plan
        elif waiting := self._waiting.get(job_id):
            self._waiting[job_id] = msgspec.structs.replace(waiting, plan=plan)

    def cancel(self, job_id: JobId) -> None:
        if running := self._running.get(job_id):
            self._end(running, FinishReason.CANCELLED)
        elif waiting := self._waiting.pop(job_id, None):
            self._news.append(Finished(job_id, waiting.resume, FinishReason.CANCELLED, waiting.choices))

    def poll(self, until_ns: int) -> list[Update]:
        if self._running and not self._news:
            self._step()
        elif not self._news:
            self._woken.wait(max(0.0, (until_ns - self._clock.now_ns()) / NS_PER_S))
        self._woken.clear()
        news, self._news = self._news, []
        return news

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._running.clear()
        self._waiting.clear()
        self._network = self._tokens = None

    def _begin(self, task: EngineTask) -> None:
        work = OpenVinoTask(task, self._open_tokens, self.caps.context_tokens)
        running = _Running(work, self._cache.acquire(task.cache_key), 0)
        self._running[task.id] = running
        self._follow(running)

    def _follow(self, running: _Running) -> None:
        """The task has made up its mind what comes next."""
        if running.work.draft is not None:
            self._news.append(running.work.draft)
        if running.work.reason is not None:
            self._end(running, running.work.reason)
        else:
            running.cached = self._cache.rewind(running.held, running.work.wanted)

    def _end(self, running: _Running, reason: FinishReason) -> None:
        task = running.work.task
        self._cache.release(running.held)
        del self._running[task.id]
        self._news.append(running.work.finished(reason))
        following = next((other for other in self._waiting.values() if other.cache_key == task.cache_key), None)
        if following is not None:
            self._begin(self._waiting.pop(following.id))

    def _step(self) -> None:
        batch = self._batch()
        pieces = []
        for running, count in batch:
            past, tokens = len(running.held.tokens), running.left[:count]
            self._cache.extend(running.held, tokens)
            pieces.append(Piece(tokens, past, running.held.blocks))
        began_ns = time.monotonic_ns()
        try:
            scores = self._open_network.read(pieces)
        except (RuntimeError, MemoryError) as error:
            log.exception("a step of %d tasks failed", len(batch))
            for running, _ in batch:
                self._cache.forget(running.held)
                running.work.fail(f"OpenVINO failed: {error}")
                self._end(running, FinishReason.FAILED)
            return
        step_ms = (time.monotonic_ns() - began_ns) / NS_PER_MS
        self.steps_taken += 1
        reading_ms = self.caps.prefill_token_ms * sum(count for _, count in batch if count > 1)
        for row, (running, count) in enumerate(batch):
            # What others read beside it is no cost of writing.
            own_ms = max(0.0, step_ms - reading_ms) if count == 1 else step_ms
            running.work.account(cached=running.cached, read=count, step_ms=own_ms)
            if not running.left:
                running.work.take(scores[row])
                self._follow(running)

    def _batch(self) -> list[tuple[_Running, int]]:
        """Who reads how many tokens in the next step: whoever lacks one token, and one of the others."""
        running = list(self._running.values())
        batch = [(one, 1) for one in running if len(one.left) == 1]
        readers = [one for one in running if len(one.left) > 1]
        speaking = [one for one in running if one.work.task.slots]
        if speaking:  # warm-ups wait, for else every token spoken waits for what is read beside it
            readers = [one for one in readers if one.work.task.slots]
        if readers:
            first = min(readers, key=lambda one: len(one.left))
            batch.append((first, min(len(first.left), READ_TOKENS_BESIDE if batch else READ_TOKENS)))
        return batch

    @property
    def _open_network(self) -> Network:
        if self._network is None:
            raise NpcError(ErrorCode.ENGINE_FAILED, "the openvino engine has no model loaded")
        return self._network

    @property
    def _open_tokens(self) -> Tokens:
        if self._tokens is None:
            raise NpcError(ErrorCode.ENGINE_FAILED, "the openvino engine has no model loaded")
        return self._tokens


def _block_count(spec: ModelSpec, head: GgufHead, context_tokens: int) -> int:
    fitting = (whole_number(spec.options, "cache_mib", CACHE_MIB) << 20) // (BLOCK_TOKENS * head.cache_token_bytes)
    windows = spec.max_parallel * -(-context_tokens // BLOCK_TOKENS)
    return max(fitting, windows, READ_TOKENS // BLOCK_TOKENS)


def _precision(spec: ModelSpec) -> str:
    precision = spec.options.get("precision", PRECISIONS[0])
    if precision not in PRECISIONS:
        message = f"option precision of the openvino engine is one of {', '.join(PRECISIONS)}, not {precision!r}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return precision


def _running(folder: Path, blocks: int, threads: int, precision: str) -> tuple[Network, _Costs]:
    """The network once it has run, in the fastest way that this processor can."""
    try:
        return _tried(folder, blocks, threads, precision, INPUT_GROUP)
    except NpcError as error:
        log.warning("the fast way does not run here, taking the plain one: %s", error)
    return _tried(folder, blocks, threads, precision, 0)


def _tried(folder: Path, blocks: int, threads: int, precision: str, input_group: int) -> tuple[Network, _Costs]:
    network = Network(folder, blocks, threads, precision, input_group)
    try:
        return network, _first_steps(network)
    except RuntimeError as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"the model does not run: {error}") from error


def _first_steps(network: Network) -> _Costs:
    """What steps cost. The first of each kind is slow, because OpenVINO makes its kernels then: it does not count."""

    def took_ms(tokens: int, pieces: int = 1) -> float:
        blocks = -(-tokens // BLOCK_TOKENS)
        began_ns = time.monotonic_ns()
        network.read([Piece([1] * tokens, 0, range(first * blocks, (first + 1) * blocks)) for first in range(pieces)])
        return (time.monotonic_ns() - began_ns) / NS_PER_MS

    for tokens, pieces in ((READ_TOKENS, 1), (READ_TOKENS_BESIDE + 1, 1), (1, 1), (1, 2)):
        took_ms(tokens, pieces)
    step_ms = min(took_ms(1) for _ in range(3))
    growth = max(0.0, min(took_ms(1, 2) for _ in range(3)) / step_ms - 1.0)
    return _Costs(took_ms(READ_TOKENS), step_ms, growth)
