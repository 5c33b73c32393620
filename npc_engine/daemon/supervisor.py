"""Keeps a worker process alive: starts it, watches it, answers for it while it is gone, restarts it.

Two signs of trouble are told apart. *Silence*: the worker beats every 50 ms; after eight silent ticks it is stalled and
everything in flight is given up, after forty it is killed. *No progress*: it beats, but its engine takes no step for
longer than the engine itself allows; then it is killed. Ticks are counted on the front's own loop, so a machine that
was suspended, or a front that was held up, does not count against the worker.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import queue
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.jobs import Draft, EngineCaps, Finished, Job, JobId
from npc_engine.scheduling.cost import CostSnapshot
from npc_engine.wire.messages import ServiceState
from npc_engine.worker import link
from npc_engine.worker.main import run_worker

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

log = logging.getLogger(__name__)

STALLED_TICKS = 8
KILL_TICKS = 40
#: The breaker: more than this many deaths within the window, and the worker rests for as long as the window.
BREAKER_DEATHS = 5
BREAKER_WINDOW_S = 60.0
BACKOFF_FIRST_S = 0.05
BACKOFF_MAX_S = 5.0


class Observer(Protocol):
    """Who is told what the worker does. Called on the event loop."""

    def on_update(self, update: Draft | Finished) -> None:
        """News of a job."""
        ...

    def on_started(self, job_id: JobId) -> None:
        """A job left the worker's queue."""
        ...

    def on_lost(self, job_ids: list[JobId], running: list[JobId]) -> None:
        """These jobs will never finish; those in `running` were on the engine when it went."""
        ...

    def on_state(self) -> None:
        """The supervisor's `state`, `progress` or `caps` changed."""
        ...


class Supervisor:
    """Owns the worker process. All methods belong to the event loop's thread."""

    def __init__(self, config: link.WorkerConfig, clock: Clock, observer: Observer) -> None:
        self._config = config
        self._clock = clock
        self._observer = observer
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._generation = 0
        self._tick_task: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._deaths: deque[int] = deque(maxlen=BREAKER_DEATHS + 1)
        self._backoff_s = BACKOFF_FIRST_S
        self._silent_ticks = 0
        self._steps_taken = -1
        self._progress_ns = 0
        self._in_flight: dict[JobId, bool] = {}
        self._stopping = False
        self.state = ServiceState.LOADING
        self.caps: EngineCaps | None = None
        self.cost: CostSnapshot | None = None
        self.progress = 0.0
        self.detail = ""
        self.restarts = 0
        self.load_ms = 0.0

    @property
    def worker_pid(self) -> int | None:
        """Process id of the current worker."""
        return self._process.pid if self._process else None

    @property
    def available(self) -> bool:
        """Whether jobs may be submitted."""
        return self.state is ServiceState.READY

    def start(self) -> None:
        """Spawn the worker and begin to watch it."""
        self._spawn()
        self._tick_task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Ask the worker to leave, and make it leave."""
        self._stopping = True
        self._set_state(ServiceState.STOPPING)
        if self._tick_task:
            self._tick_task.cancel()
        if self._restart:
            self._restart.cancel()
        process = self._process
        if process is None:
            return
        self._send(link.Shutdown())
        await asyncio.to_thread(process.join, 1.0)
        if process.is_alive():
            process.kill()
            await asyncio.to_thread(process.join, 5.0)
        self._outgoing.put(None)

    def submit(self, job: Job) -> None:
        """Hand a job over. It ends in `on_update(Finished)` or `on_lost`."""
        self._in_flight[job.id] = False
        self._send(link.Submit(job))

    def cancel(self, job_id: JobId) -> None:
        """Stop a job; its end is reported as any other. Unknown ids are ignored."""
        if job_id in self._in_flight:
            self._send(link.CancelJob(job_id))

    def _send(self, message: link.ToWorker) -> None:
        self._outgoing.put(link.pack(message))

    # Life and death

    def _spawn(self) -> None:
        self._restart = None
        self._generation += 1
        here, there = self._context.Pipe(duplex=True)
        process = self._context.Process(
            target=run_worker, args=(there, link.pack_config(self._config)), name="npc-worker", daemon=True
        )
        process.start()
        there.close()
        self._process = process
        self._outgoing = queue.SimpleQueue()
        self._silent_ticks = 0
        self._steps_taken = -1
        self._progress_ns = self._clock.now_ns()
        self.progress = 0.0
        loop = asyncio.get_running_loop()
        for target in (_read, _write):
            threading.Thread(
                target=target,
                args=(here, self._outgoing, loop, self._on_frame, self._generation),
                name=f"npc-link-{target.__name__}",
                daemon=True,
            ).start()
        log.info("worker started pid=%s engine=%s", process.pid, self._config.engine)

    def _on_frame(self, generation: int, frame: bytes | None) -> None:
        if generation != self._generation:
            return  # news from a worker that has been replaced
        if frame is None:
            self._on_death()
            return
        message = link.unpack_for_front(frame)
        self._silent_ticks = 0
        if self.state is ServiceState.STALLED:
            log.warning("worker is back")
            self._set_state(ServiceState.READY)
        match message:
            case link.Beat():
                self._on_beat(message)
            case link.Started(id=job_id):
                if job_id in self._in_flight:
                    self._in_flight[job_id] = True
                    self._observer.on_started(job_id)
            case Draft():
                self._observer.on_update(message)
            case Finished():
                if self._in_flight.pop(message.id, None) is not None:
                    self._observer.on_update(message)
            case link.Loading():
                self.progress, self.detail = message.fraction, message.what
                self._observer.on_state()
            case link.Ready():
                self.caps, self.load_ms, self.progress = message.caps, message.load_ms, 1.0
                self._progress_ns = self._clock.now_ns()  # loading is no step, however long it took
                self._set_state(ServiceState.READY)
            case link.LoadFailed():
                log.error("engine cannot be loaded code=%s: %s", message.code, message.message)
                self.detail = f"{message.code}: {message.message}"
                self._stopping = True  # a restart would fail the same way
                self._set_state(ServiceState.DOWN)

    def _on_beat(self, beat: link.Beat) -> None:
        if beat.cost is not None:
            self.cost = beat.cost
        if beat.steps_taken != self._steps_taken or not beat.running:
            self._steps_taken = beat.steps_taken
            self._progress_ns = self._clock.now_ns()

    def _on_death(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        if self._stopping:
            self._give_up()
            return
        now_ns = self._clock.now_ns()
        self._deaths.append(now_ns)
        self.restarts += 1
        log.error("worker died in_flight=%d", len(self._in_flight))
        recent = [death for death in self._deaths if now_ns - death < BREAKER_WINDOW_S * NS_PER_S]
        if len(recent) > BREAKER_DEATHS:
            log.error("worker died %d times within %.0f s: resting", len(recent), BREAKER_WINDOW_S)
            self.detail = f"the worker died {len(recent)} times within {BREAKER_WINDOW_S:.0f} s"
            state, delay_s = ServiceState.DOWN, BREAKER_WINDOW_S
            self._deaths.clear()
        else:
            state = ServiceState.LOADING
            delay_s = BACKOFF_FIRST_S if len(recent) == 1 else min(self._backoff_s * 2, BACKOFF_MAX_S)
        self._backoff_s = delay_s
        self._generation += 1
        self._set_state(state)
        self._give_up()
        self._restart = asyncio.get_running_loop().call_later(delay_s, self._respawn)

    def _respawn(self) -> None:
        self._set_state(ServiceState.LOADING)
        self._spawn()

    def _give_up(self) -> None:
        """Report everything in flight as lost."""
        jobs, self._in_flight = self._in_flight, {}
        if jobs:
            self._observer.on_lost(list(jobs), [job_id for job_id, running in jobs.items() if running])

    # The watchdog

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(link.BEAT_MS / 1_000)
            self._look()

    def _look(self) -> None:
        """One tick of the watchdog."""
        if self._process is None or self.state not in (ServiceState.READY, ServiceState.STALLED):
            return
        self._silent_ticks += 1
        if self._silent_ticks == STALLED_TICKS:
            log.warning("worker is silent in_flight=%d", len(self._in_flight))
            for job_id in self._in_flight:
                self._send(link.CancelJob(job_id))
            self._set_state(ServiceState.STALLED)
            self._give_up()
        stuck_ms = (self._clock.now_ns() - self._progress_ns) / NS_PER_MS
        stuck = self.caps is not None and bool(self._in_flight) and stuck_ms > self.caps.step_timeout_ms
        if self._silent_ticks >= KILL_TICKS or stuck:
            log.error("worker hangs silent_ticks=%d stuck_ms=%.0f: killed", self._silent_ticks, stuck_ms)
            self._process.kill()  # the reader sees the end of the pipe and reports the death
            self._silent_ticks = 0
            self._progress_ns = self._clock.now_ns()

    def _set_state(self, state: ServiceState) -> None:
        if state is not self.state:
            self.state = state
            self._observer.on_state()


FrameSink = Callable[[int, bytes | None], None]
Outgoing = queue.SimpleQueue[bytes | None]


def _read(
    connection: Connection, outgoing: Outgoing, loop: asyncio.AbstractEventLoop, sink: FrameSink, generation: int
) -> None:
    """Reader thread: frames to the loop, None at the end."""
    try:
        while True:
            loop.call_soon_threadsafe(sink, generation, connection.recv_bytes())
    except (EOFError, OSError):
        pass
    except RuntimeError:
        return  # the loop is closed: the front is gone already
    outgoing.put(None)
    try:
        loop.call_soon_threadsafe(sink, generation, None)
    except RuntimeError:
        return


def _write(
    connection: Connection, outgoing: Outgoing, loop: asyncio.AbstractEventLoop, sink: FrameSink, generation: int
) -> None:
    """Writer thread: a worker that does not read blocks this thread, never the loop."""
    while (frame := outgoing.get()) is not None:
        try:
            connection.send_bytes(frame)
        except (OSError, ValueError):
            return
