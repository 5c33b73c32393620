"""The scheduler: a pure state machine. Events go in, actions for the engine and ends of jobs come out.

    queued --start--> running --finished--> ended
      ^                  |--preempt--> preempting --finished--> queued, with its steps done
      |                  |--stop-----> stopping ----finished--> ended
      '-- a queued job that is cancelled, past its deadline or no longer fits is ended where it is

A job on the engine (running, preempting or stopping) holds its slot until the engine says it is finished. After every
event each free slot is filled, so no job waits that could run.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import msgspec

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass, JobId, Plan, Usage
from npc_engine.scheduling.cost import CostModel
from npc_engine.scheduling.policy import (
    OrderKey,
    QueuedJob,
    Shape,
    last_plan,
    order_key,
    plan,
    prefetch_slots,
    shared_load,
    worth_a_try,
)

#: Ended jobs remembered, so that an event out of place can tell their story.
ENDED_KEPT = 256
#: Reading that nobody notices beside their own line, milliseconds.
BRIEF_MS = 60.0


class Arrived(msgspec.Struct, frozen=True):
    """A new job."""

    job: QueuedJob


class Cancelled(msgspec.Struct, frozen=True):
    """Nobody wants this job any more."""

    id: JobId


class Progressed(msgspec.Struct, frozen=True):
    """A job has done `steps` since it was last started."""

    id: JobId
    steps: int


class EngineFinished(msgspec.Struct, frozen=True):
    """The engine is done with a job it was given, for whatever reason: its slot is free."""

    id: JobId
    reason: FinishReason
    usage: Usage = Usage()


class Tick(msgspec.Struct, frozen=True):
    """Time has passed: send it at `next_wakeup_ns`."""


Event: TypeAlias = Arrived | Cancelled | Progressed | EngineFinished | Tick


class Start(msgspec.Struct, frozen=True):
    """Give the job to the engine. After a pre-emption, `plan` counts only what it may still do."""

    id: JobId
    plan: Plan


class Replan(msgspec.Struct, frozen=True):
    """Change the plan of a job on the engine, because it shares it with more or fewer jobs than before.

    `plan` counts from the last start. Without this, a job planned alone would be late once others join it.
    """

    id: JobId
    plan: Plan


class Preempt(msgspec.Struct, frozen=True):
    """Cancel the job on the engine and keep its text: it will be started again from there."""

    id: JobId


class Stop(msgspec.Struct, frozen=True):
    """Cancel the job on the engine."""

    id: JobId


class End(msgspec.Struct, frozen=True):
    """The job is over; said exactly once for each. DROPPED means that it never ran."""

    id: JobId
    reason: FinishReason


Action: TypeAlias = Start | Replan | Preempt | Stop | End


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    PREEMPTING = "preempting"
    STOPPING = "stopping"
    ENDED = "ended"


class InvalidTransition(Exception):
    """An event that cannot happen to a job in its state. The text tells the job's whole story."""


@dataclass(slots=True)
class _Record:
    job: QueuedJob
    arrival: int
    state: JobState = JobState.QUEUED
    key: OrderKey = (0, 0, 0)
    steps_before: int = 0  # in earlier runs, before it was pre-empted
    steps_now: int = 0  # since it was last started
    runs: int = 0
    max_steps: int = 0  # of its present plan
    started_ns: int = 0
    slot_ns_at_start: int = 0
    story: list[tuple[int, Event | Action]] = field(default_factory=list)

    def left(self) -> Shape:
        return self.job.shape.after(self.steps_before + self.steps_now)


class Scheduler:
    """Decides which jobs an engine works on. Pure: the time comes with each event.

    `preempt` is the engine's `EngineCaps.preempt`. `cost` learns from every finished job; share it by its snapshot.
    With `slow_reading` nobody reads a prompt while somebody of a higher class speaks, and nobody is warmed up while
    anyone does: where a chunk of prefill takes many times as long as a step, as on a CPU, reading beside a line would
    stretch each of its words.
    """

    def __init__(
        self, max_parallel: int, cost: CostModel, preempt: str = "restart", *, slow_reading: bool = False
    ) -> None:
        self.cost = cost
        self._slow_reading = slow_reading and preempt != "none"
        self._max_parallel = max_parallel
        self._preempt = preempt
        self._jobs: dict[JobId, _Record] = {}  # every job that has not ended, and the last that have
        self._ended: deque[JobId] = deque()
        self._queue: list[tuple[OrderKey, JobId]] = []
        self._engine: dict[JobId, _Record] = {}  # the jobs that hold a slot
        self._arrivals = 0
        self._planned_batch = 0  # the load when plans were last made
        self._now_ns = 0
        self._slot_ns = 0  # the load, summed over time: gives the mean batch of any stretch

    def handle(self, event: Event, now_ns: int) -> list[Action]:
        """Take one event; returns what to do now, in this order.

        Unknown and ended ids are ignored. Raises InvalidTransition if a job arrives twice, or if the engine finishes
        one that it does not have.
        """
        now_ns = max(now_ns, self._now_ns)
        self._slot_ns += self._load * (now_ns - self._now_ns)
        self._now_ns = now_ns
        actions: list[Action] = []
        match event:
            case Arrived(job=job):
                self._arrive(job, event)
            case Progressed(id=job_id, steps=steps):
                if record := self._engine.get(job_id):
                    record.steps_now = max(record.steps_now, steps)
                return actions  # no slot was freed and nobody came
            case Cancelled(id=job_id):
                if record := self._live(job_id):
                    record.story.append((now_ns, event))
                    self._abandon(record, actions)
            case EngineFinished(id=job_id):
                if record := self._live(job_id):
                    self._leave_engine(record, event, actions)
            case Tick():
                pass
        self._expire(actions)
        self._fill(actions)
        self._make_room(actions)
        self._hush_readers(actions)
        if self._load != self._planned_batch:
            self._replan(actions)
        return actions

    def next_wakeup_ns(self, now_ns: int) -> int | None:
        """When to send a Tick if nothing else happens: the earliest deadline still to act on. None if there is none."""
        deadlines = [
            self._jobs[job_id].job.deadline_ns
            for job_id in (*self._engine, *(job_id for _, job_id in self._queue))
            if self._jobs[job_id].state is not JobState.STOPPING
        ]
        return max(now_ns, min(deadlines)) if deadlines else None

    def state_of(self, job_id: JobId) -> JobState | None:
        """Where the job is; None if it is unknown or ended long ago."""
        record = self._jobs.get(job_id)
        return record.state if record else None

    @property
    def on_engine(self) -> int:
        """Jobs that hold a slot."""
        return len(self._engine)

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._queue)

    def _arrive(self, job: QueuedJob, event: Event) -> None:
        if known := self._jobs.get(job.id):
            raise self._invalid(known, event)
        self._arrivals += 1
        record = _Record(job, self._arrivals, story=[(self._now_ns, event)])
        self._jobs[job.id] = record
        self._enqueue(record)

    def _leave_engine(self, record: _Record, event: EngineFinished, actions: list[Action]) -> None:
        if record.job.id not in self._engine:
            raise self._invalid(record, event)
        record.story.append((self._now_ns, event))
        self._learn(record, event)
        del self._engine[record.job.id]
        record.steps_before += max(record.steps_now, event.usage.steps)
        record.steps_now = 0
        if record.state is JobState.STOPPING:
            self._end(record, FinishReason.CANCELLED, actions)
        elif record.state is JobState.PREEMPTING and event.reason is FinishReason.CANCELLED:
            if record.job.shape.max_steps and not record.left().max_steps:
                self._end(record, FinishReason.LENGTH, actions)
            else:
                self._enqueue(record)
        else:
            self._end(record, event.reason, actions)

    def _learn(self, record: _Record, event: EngineFinished) -> None:
        """Take the run's cost into account: its prefill, and its steps at the mean batch it ran in."""
        usage, elapsed_ns = event.usage, self._now_ns - record.started_ns
        if event.reason is FinishReason.CANCELLED and not usage.steps:
            self.cost.observe_unfinished_prefill(record.job.prefill_tokens, elapsed_ns / NS_PER_MS)
            return
        self.cost.observe_prefill(usage.prompt_tokens - usage.cached_tokens, usage.prefill_ms)
        if usage.steps and elapsed_ns > 0:
            batch = round((self._slot_ns - record.slot_ns_at_start) / elapsed_ns)
            self.cost.observe_step(batch, usage.decode_ms / usage.steps)

    def _expire(self, actions: list[Action]) -> None:
        for job_id in [job_id for _, job_id in self._queue] + list(self._engine):
            record = self._jobs[job_id]
            if record.job.deadline_ns <= self._now_ns:
                self._abandon(record, actions)

    def _fill(self, actions: list[Action]) -> None:
        """Start queued jobs in order while slots are free; those whose least plan no longer fits are dropped."""
        while self._queue and len(self._engine) < self._max_parallel:
            record = self._jobs[self._queue[0][1]]
            if not self._may_start(record):
                return  # what is behind it ranks no higher
            fitting = self._plan(record)
            if fitting is None:
                self._abandon(record, actions)
                continue
            del self._queue[0]
            record.state = JobState.RUNNING
            record.max_steps = fitting.max_steps
            record.runs += 1
            record.started_ns, record.slot_ns_at_start = self._now_ns, self._slot_ns
            self._engine[record.job.id] = record
            self._act(record, Start(record.job.id, fitting), actions)

    def _make_room(self, actions: list[Action]) -> None:
        """Pre-empt for every queued job that outranks a running one and has no slot coming."""
        if self._preempt == "none":
            return
        coming = sum(record.state is not JobState.RUNNING for record in self._engine.values())
        for _, job_id in self._queue[:]:
            record = self._jobs[job_id]
            if coming:
                coming -= 1
                continue
            if not self._may_start(record):
                return
            victim = self._victim(record.job.job_class)
            if victim is None:
                return  # the rest of the queue ranks no higher
            if self._plan(record) is None:
                self._abandon(record, actions)
                continue
            victim.state = JobState.PREEMPTING
            self._act(victim, Preempt(victim.job.id), actions)

    def _hush_readers(self, actions: list[Action]) -> None:
        """Put those back into the queue whose reading would stop the words of somebody who ranks higher. What they have
        read stays in the cache."""
        for record in self._engine.values():
            if record.state is JobState.RUNNING and self._disturbs(record, self._unread_ms(record)):
                record.state = JobState.PREEMPTING
                self._act(record, Preempt(record.job.id), actions)

    def _victim(self, below: JobClass) -> _Record | None:
        """The running job of the lowest class under `below`; of these, the one with most slack."""
        running = [
            record
            for record in self._engine.values()
            if record.state is JobState.RUNNING and record.job.job_class < below
        ]
        return max(running, key=self._key, default=None)

    def _replan(self, actions: list[Action]) -> None:
        """Fit what is left of the running jobs to the number that now share the engine."""
        self._planned_batch = self._load
        for record in self._engine.values():
            left = record.left()
            if record.state is not JobState.RUNNING or not left.max_steps or record.started_ns == self._now_ns:
                continue
            slack_ms = self._slack_ms(record) - self._unread_ms(record)
            fitting = plan(slack_ms, 0, left, self.cost, self._planned_batch) or last_plan(left)
            max_steps = record.steps_now + fitting.max_steps
            if max_steps != record.max_steps:
                record.max_steps = max_steps
                new = Plan(max_steps, record.steps_now + fitting.soft_steps)
                self._act(record, Replan(record.job.id, new), actions)

    def _plan(self, record: _Record) -> Plan | None:
        """What `record` may do if it starts now; None if nothing worthwhile fits.

        With no job of its class or above on the engine nothing is lost by trying: then it gets a `last_plan` if the
        machine could do the least on a good day.
        """
        slack_ms = self._slack_ms(record)
        tokens, left = record.job.prefill_tokens, record.left()
        batch = self._sharing(record.job.job_class)
        fitting = plan(slack_ms, tokens, left, self.cost, batch)
        if fitting is None and all(other.job.job_class < record.job.job_class for other in self._engine.values()):
            return last_plan(left) if worth_a_try(slack_ms, tokens, left, self.cost, batch) else None
        return fitting

    @property
    def _load(self) -> int:
        """Of a step now."""
        return sum(record.job.shape.load for record in self._engine.values())

    def _sharing(self, job_class: JobClass) -> int:
        """The load of a step once all who want the engine beside and with one of `job_class` have it. Warm-ups that
        make way do not count."""
        every = [*self._engine.values(), *(self._jobs[job_id] for _, job_id in self._queue)]
        if self._slow_reading and job_class is not JobClass.PREFETCH:
            every = [record for record in every if record.job.job_class is not JobClass.PREFETCH]
        return shared_load((record.job.shape.load for record in every), self._max_parallel)

    def _slack_ms(self, record: _Record) -> float:
        """Until the deadline of `record`, less what others on the engine have still to read, those aside that make way
        for it: where reading is slow, it stops everybody's steps."""
        slack_ms = (record.job.deadline_ns - self._now_ns) / NS_PER_MS
        if not self._slow_reading:
            return slack_ms
        others = (other for other in self._engine.values() if other is not record)
        return slack_ms - sum(
            self._unread_ms(other)
            for other in others
            if other.state is JobState.RUNNING
            and other.job.job_class >= record.job.job_class
            and other.job.job_class is not JobClass.PREFETCH
        )

    def _unread_ms(self, record: _Record) -> float:
        """What is left of the reading of `record`, which is on the engine."""
        if record.steps_now:
            return 0.0
        elapsed_ms = (self._now_ns - record.started_ns) / NS_PER_MS
        return max(0.0, self.cost.prefill_ms(record.job.prefill_tokens) - elapsed_ms)

    def _may_start(self, record: _Record) -> bool:
        """Whether a slot that is free is for this job."""
        if self._disturbs(record, self.cost.prefill_ms(record.job.prefill_tokens)):
            return False
        prefetching = sum(other.job.job_class is JobClass.PREFETCH for other in self._engine.values())
        return record.job.job_class is not JobClass.PREFETCH or prefetching < prefetch_slots(self._max_parallel)

    def _disturbs(self, record: _Record, unread_ms: float) -> bool:
        """Whether somebody of a higher class speaks, and would have to wait while `record` reads. Warm-ups disturb
        even if they have next to nothing to read."""
        if not self._slow_reading or (unread_ms <= BRIEF_MS and record.job.job_class is not JobClass.PREFETCH):
            return False
        return any(other.job.job_class > record.job.job_class for other in self._engine.values())

    def _enqueue(self, record: _Record) -> None:
        record.state = JobState.QUEUED
        record.key = self._key(record)
        insort(self._queue, (record.key, record.job.id))

    def _key(self, record: _Record) -> OrderKey:
        return order_key(record.job, record.left(), self.cost, self._max_parallel, record.arrival)

    def _abandon(self, record: _Record, actions: list[Action]) -> None:
        """End a queued job, have the engine stop a running one. Does nothing to a job already stopping."""
        if record.state is JobState.QUEUED:
            self._queue.remove((record.key, record.job.id))
            self._end(record, FinishReason.CANCELLED if record.runs else FinishReason.DROPPED, actions)
        elif record.state is JobState.RUNNING:
            record.state = JobState.STOPPING
            self._act(record, Stop(record.job.id), actions)
        elif record.state is JobState.PREEMPTING:
            record.state = JobState.STOPPING  # the engine has been told to cancel already

    def _end(self, record: _Record, reason: FinishReason, actions: list[Action]) -> None:
        record.state = JobState.ENDED
        self._act(record, End(record.job.id, reason), actions)
        self._ended.append(record.job.id)
        if len(self._ended) > ENDED_KEPT:
            del self._jobs[self._ended.popleft()]

    def _act(self, record: _Record, action: Action, actions: list[Action]) -> None:
        record.story.append((self._now_ns, action))
        actions.append(action)

    def _live(self, job_id: JobId) -> _Record | None:
        record = self._jobs.get(job_id)
        return record if record and record.state is not JobState.ENDED else None

    def _invalid(self, record: _Record, what: object) -> InvalidTransition:
        story = "\n".join(f"  {at_ns / NS_PER_MS:.3f} ms: {step!r}" for at_ns, step in record.story)
        return InvalidTransition(
            f"job {record.job.id} is {record.state.value}; {what!r} cannot be. Its story:\n{story}"
        )

    def validate(self) -> None:
        """Check every invariant that holds between events. Raises InvalidTransition."""
        queued = [job_id for _, job_id in self._queue]
        on_engine = (JobState.RUNNING, JobState.PREEMPTING, JobState.STOPPING)
        for job_id, record in self._jobs.items():
            places = (job_id in queued, job_id in self._engine, job_id in self._ended)
            expected = (
                record.state is JobState.QUEUED,
                record.state in on_engine,
                record.state is JobState.ENDED,
            )
            ends = sum(isinstance(step, End) for _, step in record.story)
            if places != expected or ends != (record.state is JobState.ENDED):
                raise self._invalid(record, f"listed {places}, ended {ends} times")
        if len(self._engine) > self._max_parallel or self._queue != sorted(self._queue):
            raise InvalidTransition(f"{len(self._engine)} of {self._max_parallel} slots, queue {self._queue}")
        if not queued:
            return
        first = self._jobs[queued[0]]
        if len(self._engine) < self._max_parallel and self._may_start(first):
            raise self._invalid(first, "waiting beside a free slot")
        coming = sum(record.state is not JobState.RUNNING for record in self._engine.values())
        if self._preempt != "none" and len(queued) > coming:
            uncovered = self._jobs[queued[coming]]
            if self._victim(uncovered.job.job_class) and all(self._may_start(self._jobs[job_id]) for job_id in queued):
                raise self._invalid(uncovered, "waiting behind a lower class")
