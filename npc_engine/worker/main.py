"""The worker process: one loop that feeds the scheduler, obeys it, and lets the engine run.

Three threads: the loop (scheduler and engine), a reader (frames from the front; the end of the pipe means the front is
gone, and so is the worker), and a beat that says every 50 ms that this process lives.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection

import psutil

from npc_engine.clock import NS_PER_MS, Clock, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import Engine
from npc_engine.engines.threads import sleep_soon
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import Update
from npc_engine.worker import link
from npc_engine.worker.driver import Driver

log = logging.getLogger(__name__)

#: How long the loop rests at most when there is nothing to do, milliseconds.
IDLE_MS = 100
#: Windows has no niceness; its nearest class.
_WINDOWS_BELOW_NORMAL = 0x00004000


def run_worker(connection: Connection, config_data: bytes) -> None:
    """Entry point of the process."""
    config = link.unpack_config(config_data)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the front's to handle; it ends us through the pipe
    logging.basicConfig(level=config.log_level, stream=sys.stderr, format="%(asctime)s worker %(message)s")
    make_way(config.niceness)
    Worker(connection, config, SystemClock()).run()


def make_way(niceness: int) -> None:
    """Let the game's frames come first: of this process."""
    sleep_soon()
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process()
        process.nice(_WINDOWS_BELOW_NORMAL if sys.platform == "win32" else niceness)


class Worker:
    """Connects the pipe, the driver and the engine."""

    def __init__(self, connection: Connection, config: link.WorkerConfig, clock: Clock) -> None:
        self._connection = connection
        self._config = config
        self._clock = clock
        self._inbox: queue.SimpleQueue[link.ToWorker] = queue.SimpleQueue()
        self._send_lock = threading.Lock()
        self._engine: Engine | None = None

    def run(self) -> None:
        """Load, say so, then work until told to stop."""
        threading.Thread(target=self._read, name="read", daemon=True).start()
        try:
            engine = self._load()
        except NpcError as error:
            self._send(link.LoadFailed(error.code, error.message))
            return
        driver = Driver(engine, self._clock, gpu_share=self._config.spec.gpu_share)
        self._engine = engine
        threading.Thread(target=self._beat, args=(engine, driver), name="beat", daemon=True).start()
        while self._turn(engine, driver):
            pass
        engine.close()

    def _load(self) -> Engine:
        began_ns = self._clock.now_ns()
        engine = registry.create(self._config.engine, self._clock)
        try:
            engine.load(self._config.spec, lambda fraction, what: self._send(link.Loading(fraction, what)))
        except NpcError:
            raise
        except Exception as cause:
            log.exception("engine failed to load")
            raise NpcError(ErrorCode.ENGINE_FAILED, f"{type(cause).__name__}: {cause}") from cause
        self._send(link.Ready(engine.caps, (self._clock.now_ns() - began_ns) / NS_PER_MS))
        return engine

    def _turn(self, engine: Engine, driver: Driver) -> bool:
        """One round: take what came in, let the engine run, send what came out. False: stop."""
        for message in self._incoming(wait=driver.idle):
            match message:
                case link.Submit(job=job):
                    self._tell(driver.submit(job))
                case link.CancelJob(id=job_id):
                    self._tell(driver.cancel(job_id))
                case link.Shutdown():
                    return False
        self._tell(driver.step(self._clock.now_ns() + IDLE_MS * NS_PER_MS))
        return True

    def _incoming(self, *, wait: bool) -> list[link.ToWorker]:
        messages: list[link.ToWorker] = []
        with contextlib.suppress(queue.Empty):
            if wait:
                messages.append(self._inbox.get(timeout=IDLE_MS / 1_000))
            while True:
                messages.append(self._inbox.get_nowait())
        return messages

    def _tell(self, news: list[Update | link.Started]) -> None:
        for item in news:
            self._send(item)

    def _send(self, message: link.ToFront) -> None:
        with self._send_lock:
            try:
                self._connection.send_bytes(link.pack(message))
            except OSError:
                os._exit(0)  # the front is gone: nobody is left to answer to

    def _read(self) -> None:
        try:
            while True:
                message = link.unpack_for_worker(self._connection.recv_bytes())
                self._inbox.put(message)
                if self._engine is not None:
                    self._engine.wake()
        except (EOFError, OSError):
            os._exit(0)

    def _beat(self, engine: Engine, driver: Driver) -> None:
        pause = threading.Event()
        while not pause.wait(link.BEAT_MS / 1_000):
            self._send(link.Beat(engine.steps_taken, driver.running, driver.queued, driver.cost_snapshot()))
