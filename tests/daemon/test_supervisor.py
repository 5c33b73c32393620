"""The watchdog, tick by tick, over a worker that is no process."""

from __future__ import annotations

from typing import Any

from npc_engine.clock import FakeClock
from npc_engine.daemon.supervisor import STALLED_TICKS, Supervisor
from npc_engine.engines.base import ModelSpec
from npc_engine.jobs import Draft, EngineCaps, Finished, Job, JobClass, JobId
from npc_engine.wire.messages import ServiceState
from npc_engine.worker import link

CAPS = EngineCaps(name="slow", model="slow", step_timeout_ms=5_000)


class Told:
    """Hears what the worker does."""

    def __init__(self) -> None:
        self.lost: list[JobId] = []

    def on_update(self, update: Draft | Finished) -> None: ...

    def on_started(self, job_id: JobId) -> None: ...

    def on_lost(self, job_ids: list[JobId], running: list[JobId]) -> None:
        self.lost += job_ids

    def on_state(self) -> None: ...


class Process:
    """Stands for the worker."""

    killed = False

    def kill(self) -> None:
        self.killed = True


class Watched:
    """A supervisor whose worker began to load a minute ago, and is ready now."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told = Told()
        self.supervisor: Any = Supervisor(link.WorkerConfig("slow", ModelSpec()), self.clock, self.told)
        self.process = self.supervisor._process = Process()
        self.clock.advance_ms(60_000)
        self.hear(link.Ready(CAPS, 60_000.0))
        assert self.supervisor.state is ServiceState.READY

    def hear(self, message: link.ToFront) -> None:
        self.supervisor._on_frame(0, link.pack(message))

    def submit(self) -> None:
        self.supervisor.submit(Job(1, JobClass.PLAYER, 0, "marta", ()))

    def tick(self, ms: float = 50) -> None:
        self.clock.advance_ms(ms)
        self.supervisor._look()


def test_a_long_loading_is_no_hang() -> None:
    watched = Watched()
    watched.submit()  # before the first beat
    watched.tick()
    assert not watched.process.killed


def test_a_step_that_takes_too_long_is_one() -> None:
    watched = Watched()
    watched.submit()
    for _ in range(110):
        watched.hear(link.Beat(7, 1, 0, None))
        watched.tick()
    assert watched.process.killed


def test_steps_that_go_on_are_none() -> None:
    watched = Watched()
    watched.submit()
    for step in range(200):
        watched.hear(link.Beat(step, 1, 0, None))
        watched.tick()
    assert not watched.process.killed


def test_after_some_silence_everything_is_given_up_and_the_worker_may_come_back() -> None:
    watched = Watched()
    watched.submit()
    for _ in range(STALLED_TICKS):
        watched.tick()
    assert watched.told.lost == [1]
    assert watched.supervisor.state is ServiceState.STALLED
    watched.hear(link.Beat(1, 0, 0, None))
    assert watched.supervisor.state is ServiceState.READY
