"""The scheduler against an engine that behaves in every way its contract allows, driven by hypothesis."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass, JobId, Plan, Usage
from npc_engine.scheduling.core import (
    Action,
    Arrived,
    Cancelled,
    End,
    EngineFinished,
    Event,
    Preempt,
    Progressed,
    Replan,
    Scheduler,
    Start,
    Stop,
    Tick,
)
from npc_engine.scheduling.cost import CostModel, CostPriors
from npc_engine.scheduling.policy import QueuedJob, Shape, plan, prefetch_slots

SHAPES = (Shape(48, 28, 8, 4), Shape(20, 20, 20), Shape(1, 1, 1), Shape())
NATURAL_ENDS = (FinishReason.STOP, FinishReason.SENTENCE, FinishReason.LENGTH, FinishReason.FAILED)


class SchedulerMachine(RuleBasedStateMachine):
    """Keeps its own books of what it told the scheduler and what it was told; they must always agree."""

    slots = 2
    preempt = "restart"
    slow_reading = False

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(
            self.slots, CostModel(CostPriors(10.0, 0.4, 1.0)), self.preempt, slow_reading=self.slow_reading
        )
        self.now_ms = 0
        self.jobs: dict[JobId, QueuedJob] = {}
        self.ended: dict[JobId, FinishReason] = {}
        self.engine: dict[JobId, Plan] = {}
        self.told_to_cancel: set[JobId] = set()
        self.cancelled: set[JobId] = set()
        self.steps: dict[JobId, int] = {}
        self.story: list[str] = []

    def send(self, event: Event) -> None:
        now_ns = self.now_ms * NS_PER_MS
        before = {job_id: job for job_id, job in self.jobs.items() if self.waits(job_id)}
        actions = self.scheduler.handle(event, now_ns)
        self.story.append(f"{self.now_ms} ms: {event} -> {actions}")
        for action in actions:
            self.obey(action, before)
        self.scheduler.validate()

    def obey(self, action: Action, waiting_before: dict[JobId, QueuedJob]) -> None:
        told = "\n".join(self.story)
        job = self.jobs[action.id]
        match action:
            case Start(plan=allowed):
                assert self.waits(job.id), told
                assert len(self.engine) < self.slots, told
                assert allowed.soft_steps <= max(allowed.max_steps, job.shape.min_steps), told
                assert self.steps[job.id] + allowed.max_steps <= max(job.shape.max_steps, self.steps[job.id]), told
                higher = [other.id for other in waiting_before.values() if other.job_class > job.job_class]
                assert not any(self.waits(other) for other in higher), told
                self.engine[job.id] = allowed
            case Replan(plan=allowed):
                assert job.id in self.engine, told
                assert job.id not in self.told_to_cancel, told
                assert self.steps[job.id] + allowed.max_steps <= job.shape.max_steps, told
                self.engine[job.id] = allowed
            case Preempt() | Stop():
                assert job.id in self.engine, told
                assert job.id not in self.told_to_cancel, told
                assert isinstance(action, Stop) or self.preempt != "none", told
                self.told_to_cancel.add(job.id)
            case End(reason=reason):
                assert job.id not in self.ended, told
                assert job.id not in self.engine, told
                if reason is FinishReason.DROPPED:
                    assert not self.ran(job.id), told
                self.ended[job.id] = reason

    def waits(self, job_id: JobId) -> bool:
        return job_id not in self.engine and job_id not in self.ended

    def ran(self, job_id: JobId) -> bool:
        return any(f"Start(id={job_id}," in line for line in self.story)

    @rule(
        job_class=st.sampled_from(JobClass),
        budget_ms=st.integers(0, 2_000),
        prefill_tokens=st.integers(0, 400),
        shape=st.sampled_from(SHAPES),
    )
    def arrive(self, job_class: JobClass, budget_ms: int, prefill_tokens: int, shape: Shape) -> None:
        job_id = len(self.jobs) + 1
        deadline_ns = (self.now_ms + budget_ms) * NS_PER_MS
        self.jobs[job_id] = QueuedJob(job_id, job_class, deadline_ns, prefill_tokens, shape)
        self.steps[job_id] = 0
        self.send(Arrived(self.jobs[job_id]))

    @rule(data=st.data())
    @precondition(lambda self: self.jobs)
    def cancel(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.jobs)))
        self.cancelled.add(job_id)
        self.send(Cancelled(job_id))

    @rule(data=st.data(), steps=st.integers(0, 48))
    @precondition(lambda self: self.engine)
    def progress(self, data: st.DataObject, steps: int) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.engine)))
        self.send(Progressed(job_id, min(steps, self.engine[job_id].max_steps)))

    @rule(data=st.data(), steps=st.integers(0, 48), decode_ms=st.integers(0, 3_000), prefill_ms=st.integers(0, 900))
    @precondition(lambda self: self.engine)
    def finish(self, data: st.DataObject, steps: int, decode_ms: int, prefill_ms: int) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.engine)))
        reasons = (*NATURAL_ENDS, FinishReason.CANCELLED) if job_id in self.told_to_cancel else NATURAL_ENDS
        allowed = self.engine.pop(job_id)
        self.told_to_cancel.discard(job_id)
        done = min(steps, allowed.max_steps)
        self.steps[job_id] += done
        usage = Usage(
            prompt_tokens=self.jobs[job_id].prefill_tokens, steps=done, prefill_ms=prefill_ms, decode_ms=decode_ms
        )
        self.send(EngineFinished(job_id, data.draw(st.sampled_from(reasons)), usage))

    @rule(elapsed_ms=st.integers(1, 800))
    def time_passes(self, elapsed_ms: int) -> None:
        wakeup_ns = self.scheduler.next_wakeup_ns(self.now_ms * NS_PER_MS)
        self.now_ms += elapsed_ms
        if wakeup_ns is not None and wakeup_ns <= self.now_ms * NS_PER_MS:
            self.send(Tick())
            for job_id, job in self.jobs.items():
                overdue = job.deadline_ns <= self.now_ms * NS_PER_MS
                assert not overdue or job_id in self.ended or job_id in self.told_to_cancel, self.story

    @invariant()
    def books_agree(self) -> None:
        assert self.scheduler.on_engine == len(self.engine) <= self.slots, self.story
        assert self.scheduler.waiting == sum(self.waits(job_id) for job_id in self.jobs), self.story

    @invariant()
    def the_cancelled_end(self) -> None:
        for job_id in self.cancelled:
            assert job_id in self.ended or job_id in self.told_to_cancel, self.story

    @invariant()
    def no_slot_stays_free_that_is_wanted(self) -> None:
        prefetching = sum(self.jobs[job_id].job_class is JobClass.PREFETCH for job_id in self.engine)
        for job_id, job in self.jobs.items():
            if len(self.engine) < self.slots and self.waits(job_id):
                slack_ms = job.deadline_ns / NS_PER_MS - self.now_ms
                shape = job.shape.after(self.steps[job_id])
                fits = plan(slack_ms, job.prefill_tokens, shape, self.scheduler.cost, self.slots)
                allowed = job.job_class is not JobClass.PREFETCH or prefetching < prefetch_slots(self.slots)
                makes_way = self.slow_reading and any(
                    self.jobs[other].job_class > job.job_class for other in self.engine
                )
                assert not fits or not allowed or makes_way, self.story

    def teardown(self) -> None:
        """Every engine run ends, every deadline passes: then every job has ended."""
        self.now_ms += 5_000
        self.send(Tick())
        for job_id in sorted(self.engine):
            del self.engine[job_id]
            self.send(EngineFinished(job_id, FinishReason.CANCELLED))
        assert set(self.ended) == set(self.jobs), self.story
        assert not self.engine, self.story


class OneSlotMachine(SchedulerMachine):
    slots = 1


class NoPreemptionMachine(SchedulerMachine):
    slots = 3
    preempt = "none"


class SlowReadingMachine(SchedulerMachine):
    slots = 3
    slow_reading = True


LENGTH = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTwoSlots = SchedulerMachine.TestCase
TestOneSlot = OneSlotMachine.TestCase
TestNoPreemption = NoPreemptionMachine.TestCase
TestSlowReading = SlowReadingMachine.TestCase
TestTwoSlots.settings = TestOneSlot.settings = TestNoPreemption.settings = LENGTH
TestSlowReading.settings = LENGTH
