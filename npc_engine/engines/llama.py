"""GGUF models on CPU or GPU through llama.cpp, in this process.

Several characters speak at once in one batch, each from a cache slot of its own, so a change of speaker costs nothing.
Prompts are read in chunks, in an order that this engine decides (see `turns`).

Options (`ModelSpec.options`):

    slots            cache slots; default: as many as fit `cache_mib`, at least `max_parallel`, at most 16
    cache_mib        memory for the windows of all slots, default 512; it is taken as it fills
    spare_cache_mib  memory for the prompts of characters that have lost their slot to others, default 256
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.engines.adapter import adapted, read_adapter
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.gguf import GgufHead, read_head
from npc_engine.engines.llama_server import CHUNK_TOKENS, LlamaServer, ServerOptions
from npc_engine.engines.llama_task import LlamaTask
from npc_engine.engines.options import whole_number
from npc_engine.engines.slots import CacheSlots
from npc_engine.engines.threads import default_threads
from npc_engine.engines.turns import Turns
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineCaps, EngineTask, Finished, FinishReason, JobId, Plan, Update

#: More slots than this serve nobody: a place with more characters has its distant ones in the spare cache.
SLOTS_MAX = 16
CACHE_MIB = 512
SPARE_CACHE_MIB = 256
#: Prompts remembered that have lost their slot.
PARKED_PROMPTS = 256
#: No progress for this many times the longest step seen while loading means that the engine hangs.
STEP_PATIENCE = 10
STEP_TIMEOUT_MIN_MS = 5_000


class LlamaEngine:
    """llama.cpp behind `Engine`. Tasks run on threads of their own and put their updates where `poll` finds them."""

    def __init__(self, clock: Clock) -> None:
        self.caps = EngineCaps(name="llama", model="")
        self.steps_taken = 0
        self._clock = clock
        self._server: LlamaServer | None = None
        self._news: queue.SimpleQueue[Update | None] = queue.SimpleQueue()  # None: `wake`
        self._tasks: dict[JobId, LlamaTask] = {}
        self._waiting: dict[JobId, EngineTask] = {}  # for another task of the same character
        self._turns = Turns()
        self._counting = threading.Lock()
        self._slots = CacheSlots(0)
        self._threads = ThreadPoolExecutor(thread_name_prefix="llama")

    def load(self, spec: ModelSpec, progress: Progress) -> None:
        if spec.path is None:
            raise NpcError(ErrorCode.MODEL_MISSING, "the llama engine needs a model file")
        progress(0.0, f"checking {spec.path.name}")
        head = read_head(spec.path)
        adapter = read_adapter(spec.adapter, spec.path) if spec.adapter else None
        context_tokens = min(spec.context_tokens, head.context_tokens)
        slots = _slot_count(spec, head, context_tokens)
        options = ServerOptions(
            path=spec.path,
            adapter=spec.adapter,
            slots=slots,
            context_tokens=context_tokens,
            threads=spec.threads or default_threads(),
            gpu_layers=spec.gpu_layers,
            spare_cache_mib=whole_number(spec.options, "spare_cache_mib", SPARE_CACHE_MIB),
        )
        progress(0.1, f"loading {spec.path.name}")
        server = LlamaServer(options)
        progress(0.9, "first step")
        step_ms = _first_step_ms(server)
        self._server = server
        self._slots = CacheSlots(slots, PARKED_PROMPTS)
        self._threads = ThreadPoolExecutor(spec.max_parallel, thread_name_prefix="llama")
        self.caps = EngineCaps(
            name="llama",
            model=spec.name or spec.path.stem,
            kind="append",
            max_parallel=spec.max_parallel,
            context_tokens=context_tokens,
            lockstep=False,
            preempt="restart",
            chat_format=spec.chat_format,
            chooses=spec.chooses,
            step_timeout_ms=max(STEP_TIMEOUT_MIN_MS, int(STEP_PATIENCE * step_ms)),
            description=f"{head.architecture}{adapted(adapter)}, {slots} slots of {context_tokens} tokens, "
            f"{options.threads} threads",
        )
        progress(1.0, "ready")

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        return list(self._open_server.tokenise(text, special))

    def start(self, task: EngineTask) -> None:
        if len(task.tokens) >= self.caps.context_tokens:
            self._news.put(Finished(task.id, task.resume, FinishReason.TOO_LONG, task.choices))
            return
        if any(running.cache_key == task.cache_key for running in self._tasks.values()):
            # A second slot would mean reading the whole prompt again, which takes longer than any line.
            self._waiting[task.id] = task
            return
        self._begin(task)

    def _begin(self, task: EngineTask) -> None:
        slot = self._slots.acquire(task.cache_key)
        if slot is None:
            self._news.put(Finished(task.id, task.resume, FinishReason.FAILED, task.choices, message="no free slot"))
            return
        running = LlamaTask(task, slot, self._open_server, self._turns, tell=self._news.put, on_step=self._count_step)
        self._tasks[task.id] = running
        self._threads.submit(running.run)

    def replan(self, job_id: JobId, plan: Plan) -> None:
        if task := self._tasks.get(job_id):
            task.plan = plan
        elif waiting := self._waiting.get(job_id):
            self._waiting[job_id] = msgspec.structs.replace(waiting, plan=plan)

    def cancel(self, job_id: JobId) -> None:
        if task := self._tasks.get(job_id):
            task.cancel()
        elif waiting := self._waiting.pop(job_id, None):
            self._news.put(Finished(job_id, waiting.resume, FinishReason.CANCELLED, waiting.choices))

    def poll(self, until_ns: int) -> list[Update]:
        updates: list[Update] = []
        wait_s = max(0.0, (until_ns - self._clock.now_ns()) / NS_PER_S)
        try:
            self._take(self._news.get(timeout=wait_s), updates)
            while True:
                self._take(self._news.get_nowait(), updates)
        except queue.Empty:
            return updates

    def wake(self) -> None:
        self._news.put(None)

    def close(self) -> None:
        self._waiting.clear()
        for task in self._tasks.values():
            task.cancel()
        self._threads.shutdown(wait=True)
        if self._server is not None:
            self._server.close()
            self._server = None

    def _take(self, news: Update | None, updates: list[Update]) -> None:
        if news is None:
            return
        updates.append(news)
        if isinstance(news, Finished) and (task := self._tasks.pop(news.id, None)):
            self._slots.release(task.slot)
            following = next((job for job in self._waiting.values() if job.cache_key == task.cache_key), None)
            if following is not None:
                del self._waiting[following.id]
                self._begin(following)

    def _count_step(self) -> None:
        with self._counting:
            self.steps_taken += 1

    @property
    def _open_server(self) -> LlamaServer:
        if self._server is None:
            raise NpcError(ErrorCode.ENGINE_FAILED, "the llama engine has no model loaded")
        return self._server


def _slot_count(spec: ModelSpec, head: GgufHead, context_tokens: int) -> int:
    slot_bytes = context_tokens * head.cache_token_bytes
    fitting = (whole_number(spec.options, "cache_mib", CACHE_MIB) << 20) // slot_bytes
    return max(spec.max_parallel, whole_number(spec.options, "slots", min(SLOTS_MAX, fitting)))


def _first_step_ms(server: LlamaServer) -> float:
    """Read one full chunk: the longest step there is, and a proof that the model runs."""
    prompt = list(server.tokenise("one two three " * CHUNK_TOKENS, False))[:CHUNK_TOKENS]
    errors: list[object] = []

    def on_event(event: dict[str, object]) -> bool:
        if "error" in event:
            errors.append(event["error"])
        return False

    began_ns = time.monotonic_ns()
    server.complete({"prompt": prompt, "id_slot": 0, "max_tokens": 0, "stream": True}, on_event)
    if errors:
        server.close()
        raise NpcError(ErrorCode.ENGINE_FAILED, f"the model does not run: {errors[0]}")
    return (time.monotonic_ns() - began_ns) / NS_PER_MS
