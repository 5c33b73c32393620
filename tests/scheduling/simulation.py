"""A game, a front and an engine in simulated time: load in, hits and ends out. No thread, no clock, no model."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass, JobId, Plan, Usage
from npc_engine.scheduling.core import Arrived, End, EngineFinished, Preempt, Scheduler, Start, Stop, Tick
from npc_engine.scheduling.cost import CostModel, CostPriors
from npc_engine.scheduling.policy import InFlight, QueuedJob, Shape, predict_finish_ns

IN_TIME = (FinishReason.STOP, FinishReason.SENTENCE, FinishReason.LENGTH)


@dataclass
class Run:
    prefill_tokens: float
    steps_wanted: float
    plan: Plan
    steps: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    prompt_tokens: int = 0
    cancelled: bool = False


class FakeEngine:
    """Runs jobs side by side; a step takes `step_ms(batch)`, an uncached token `token_ms`."""

    def __init__(self, step_ms: Callable[[int], float], token_ms: float) -> None:
        self._step_ms = step_ms
        self._token_ms = token_ms
        self._now_ms = 0.0
        self.runs: dict[JobId, Run] = {}

    def start(self, job: QueuedJob, plan: Plan, steps_wanted: int) -> None:
        assert job.id not in self.runs
        wanted = min(steps_wanted, plan.max_steps) + job.shape.choice_steps
        self.runs[job.id] = Run(job.prefill_tokens, wanted, plan, prompt_tokens=job.prefill_tokens)

    def cancel(self, job_id: JobId) -> None:
        self.runs[job_id].cancelled = True

    def next_finish_ms(self) -> float:
        """When the next run ends if nothing is started or cancelled."""
        step_ms = self._step_ms(max(1, len(self.runs)))
        return self._now_ms + min(
            (
                0.0 if run.cancelled else run.prefill_tokens * self._token_ms + (run.steps_wanted - run.steps) * step_ms
                for run in self.runs.values()
            ),
            default=float("inf"),
        )

    def advance(self, to_ms: float) -> list[EngineFinished]:
        """Run until `to_ms`, no later than `next_finish_ms`; returns the runs that have ended."""
        elapsed_ms = to_ms - self._now_ms
        step_ms = self._step_ms(max(1, len(self.runs)))
        self._now_ms = to_ms
        finished = []
        for job_id, run in list(self.runs.items()):
            prefill_ms = min(elapsed_ms, run.prefill_tokens * self._token_ms)
            run.prefill_tokens -= prefill_ms / self._token_ms
            run.prefill_ms += prefill_ms
            run.decode_ms += elapsed_ms - prefill_ms
            run.steps += (elapsed_ms - prefill_ms) / step_ms
            done = run.prefill_tokens < 1e-6 and run.steps > run.steps_wanted - 1e-6
            if done or run.cancelled:
                del self.runs[job_id]
                usage = Usage(
                    prompt_tokens=run.prompt_tokens,
                    steps=round(run.steps),
                    output_tokens=round(run.steps),
                    prefill_ms=run.prefill_ms,
                    decode_ms=run.decode_ms,
                )
                reason = FinishReason.SENTENCE if done else FinishReason.CANCELLED
                finished.append(EngineFinished(job_id, reason, usage))
        return finished


@dataclass
class Outcome:
    sent: int = 0
    refused: int = 0
    hits: int = 0
    steps: float = 0.0
    late: list[JobId] = field(default_factory=list)
    unended: list[JobId] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    span_ms: float = 0.0

    @property
    def goodput_per_s(self) -> float:
        return self.hits / self.span_ms * 1_000

    @property
    def hit_rate(self) -> float:
        return self.hits / self.sent


def simulate(
    *,
    arrivals_per_s: float,
    seconds: float = 60.0,
    budget_ms: tuple[float, float] = (1_000.0, 1_000.0),
    slots: int = 4,
    shape: Shape = Shape(48, 28, 8),
    prefill_tokens: int = 0,
    steps_wanted: tuple[int, int] = (20, 40),
    step_ms: Callable[[int], float] = lambda batch: 10.0,
    token_ms: float = 1.0,
    classes: tuple[JobClass, ...] = (JobClass.PLAYER,),
    preempt: str = "restart",
    priors: CostPriors = CostPriors(10.0, 0.0, 1.0),
    seed: int = 1,
) -> Outcome:
    """Players speak at random moments (Poisson) at `arrivals_per_s`; what the front admits goes to the scheduler."""
    rng = random.Random(seed)
    engine = FakeEngine(step_ms, token_ms)
    scheduler = Scheduler(slots, CostModel(priors), preempt)
    outcome = Outcome(span_ms=seconds * 1_000)
    in_flight: dict[JobId, InFlight] = {}
    wanted: dict[JobId, int] = {}
    now_ms, next_arrival_ms, next_id = 0.0, 0.0, 1

    def obey(actions: list[object]) -> None:
        for action in actions:
            match action:
                case Start(id=job_id, plan=plan):
                    in_flight[job_id] = InFlight(in_flight[job_id].job, int(now_ms * NS_PER_MS))
                    engine.start(in_flight[job_id].job, plan, wanted[job_id])
                case Preempt(id=job_id) | Stop(id=job_id):
                    engine.cancel(job_id)
                case End(id=job_id, reason=reason):
                    job = in_flight.pop(job_id).job
                    outcome.reasons[reason.value] = outcome.reasons.get(reason.value, 0) + 1
                    if now_ms * NS_PER_MS > job.deadline_ns + NS_PER_MS:
                        outcome.late.append(job_id)
                    elif reason in IN_TIME:
                        outcome.hits += 1

    while True:
        wakeup_ns = scheduler.next_wakeup_ns(int(now_ms * NS_PER_MS))
        tick_ms = wakeup_ns / NS_PER_MS if wakeup_ns is not None else float("inf")
        arrival_ms = next_arrival_ms if next_arrival_ms < outcome.span_ms else float("inf")
        upcoming_ms = min(engine.next_finish_ms(), tick_ms, arrival_ms)
        if upcoming_ms == float("inf"):
            break
        now_ms = max(now_ms, upcoming_ms)
        now_ns = int(now_ms * NS_PER_MS)
        for event in engine.advance(now_ms):
            outcome.steps += event.usage.steps
            wanted[event.id] -= event.usage.steps
            obey(scheduler.handle(event, now_ns))
        if now_ms >= tick_ms:
            obey(scheduler.handle(Tick(), now_ns))
        if now_ms >= arrival_ms:
            deadline_ns = int((now_ms + rng.uniform(*budget_ms)) * NS_PER_MS)
            job = QueuedJob(next_id, rng.choice(classes), deadline_ns, prefill_tokens, shape)
            outcome.sent += 1
            next_arrival_ms += rng.expovariate(arrivals_per_s / 1_000)
            forecast = predict_finish_ns(now_ns, job, [*in_flight.values()], scheduler.cost, slots, preempt)
            if forecast.finish_ns <= deadline_ns:
                next_id += 1
                in_flight[job.id] = InFlight(job)
                wanted[job.id] = rng.randint(*steps_wanted)
                obey(scheduler.handle(Arrived(job), now_ns))
            else:
                outcome.refused += 1
        scheduler.validate()
    outcome.unended = list(in_flight)
    return outcome
