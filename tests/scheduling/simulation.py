"""A game, a front and an engine in simulated time: load goes in, hits and ends come out. No thread, clock or model."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass, JobId, Plan, Usage
from npc_engine.scheduling.core import (
    Action,
    Arrived,
    End,
    EngineFinished,
    Preempt,
    Progressed,
    Replan,
    Scheduler,
    Start,
    Stop,
    Tick,
)
from npc_engine.scheduling.cost import CostModel, CostPriors
from npc_engine.scheduling.policy import InFlight, QueuedJob, Shape, predict_finish_ns

#: From its soft limit on, a line ends within so many steps.
SENTENCE_STEPS = 12
#: Rounding of sums of milliseconds.
TINY = 1e-6


@dataclass
class Run:
    """A job on the fake engine. `natural_steps` is where its line would end by itself."""

    prompt_tokens: int
    natural_steps: int
    choice_steps: int
    text_steps: float = 0.0
    prefilled: float = 0.0
    stepped: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    cancelled: bool = False

    def follow(self, plan: Plan) -> None:
        sentence_end = plan.soft_steps + self.natural_steps % SENTENCE_STEPS
        self.text_steps = max(min(self.natural_steps, plan.max_steps, sentence_end), self.steps)

    @property
    def steps(self) -> int:
        return max(0, int(self.stepped + TINY) - self.choice_steps)

    @property
    def steps_left(self) -> float:
        return max(0.0, self.choice_steps + self.text_steps - self.stepped)

    @property
    def tokens_left(self) -> float:
        return self.prompt_tokens - self.prefilled


class FakeEngine:
    """Runs jobs side by side: a step takes `step_ms(batch)`, an uncached token `token_ms`."""

    def __init__(self, step_ms: Callable[[int], float], token_ms: float) -> None:
        self._step_ms = step_ms
        self._token_ms = token_ms
        self._now_ms = 0.0
        self.runs: dict[JobId, Run] = {}

    def start(self, job: QueuedJob, plan: Plan, natural_steps: int) -> None:
        assert job.id not in self.runs
        self.runs[job.id] = Run(job.prefill_tokens, natural_steps, job.shape.choice_steps)
        self.runs[job.id].follow(plan)

    def replan(self, job_id: JobId, plan: Plan) -> None:
        if run := self.runs.get(job_id):  # it may have ended in this very moment
            run.follow(plan)

    def cancel(self, job_id: JobId) -> None:
        if run := self.runs.get(job_id):
            run.cancelled = True

    def next_finish_ms(self) -> float:
        """When the next run ends if nothing is started, replanned or cancelled."""
        step_ms = self._step_ms(len(self.runs)) if self.runs else 0.0
        return self._now_ms + min(
            (
                0.0 if run.cancelled else run.tokens_left * self._token_ms + run.steps_left * step_ms
                for run in self.runs.values()
            ),
            default=inf,
        )

    def advance(self, to_ms: float) -> list[Progressed | EngineFinished]:
        """Run until `to_ms`, no later than `next_finish_ms`; returns how far each run is and which have ended."""
        elapsed_ms, self._now_ms = to_ms - self._now_ms, to_ms
        step_ms = self._step_ms(len(self.runs)) if self.runs else 0.0
        events: list[Progressed | EngineFinished] = []
        for job_id, run in list(self.runs.items()):
            prefill_ms = min(elapsed_ms, run.tokens_left * self._token_ms)
            run.prefilled += prefill_ms / self._token_ms
            run.prefill_ms += prefill_ms
            run.decode_ms += elapsed_ms - prefill_ms
            run.stepped += (elapsed_ms - prefill_ms) / step_ms
            events.append(Progressed(job_id, run.steps))
            done = run.tokens_left < TINY and run.steps_left < TINY
            if done or run.cancelled:
                del self.runs[job_id]
                reason = FinishReason.SENTENCE if done else FinishReason.CANCELLED
                events.append(EngineFinished(job_id, reason, _usage(run)))
        return events


def _usage(run: Run) -> Usage:
    return Usage(
        prompt_tokens=run.prompt_tokens,
        output_tokens=run.steps,
        steps=round(run.stepped),
        prefill_ms=run.prefill_ms,
        decode_ms=run.decode_ms,
    )


@dataclass(frozen=True)
class Setting:
    """A machine and a game. Players speak at random moments (Poisson), each within a random budget."""

    arrivals_per_s: float
    seconds: float = 60.0
    budget_ms: tuple[float, float] = (1_000.0, 1_000.0)
    slots: int = 4
    shape: Shape = field(default_factory=lambda: Shape(48, 28, 8))
    prefill_tokens: int = 0
    natural_steps: tuple[int, int] = (15, 60)
    step_ms: Callable[[int], float] = lambda batch: 10.0
    token_ms: float = 1.0
    priors: CostPriors = field(default_factory=lambda: CostPriors(10.0, 0.0, 1.0))
    classes: tuple[JobClass, ...] = (JobClass.PLAYER,)
    preempt: str = "restart"
    seed: int = 1


@dataclass
class Outcome:
    """What became of the load. `late` jobs ended after their deadline, `hits` are lines of the model before it."""

    seconds: float
    sent: int = 0
    refused: int = 0
    hits: int = 0
    steps: int = 0
    late: int = 0
    unended: int = 0
    reasons: Counter[FinishReason] = field(default_factory=Counter)
    hits_by_class: Counter[JobClass] = field(default_factory=Counter)
    sent_by_class: Counter[JobClass] = field(default_factory=Counter)

    @property
    def goodput_per_s(self) -> float:
        return self.hits / self.seconds

    @property
    def hit_rate(self) -> float:
        return self.hits / self.sent


class Simulation:
    """The front's admission, the scheduler and the engine around one clock."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._rng = random.Random(setting.seed)
        self._engine = FakeEngine(setting.step_ms, setting.token_ms)
        self.scheduler = Scheduler(setting.slots, CostModel(setting.priors), setting.preempt)
        self._in_flight: dict[JobId, InFlight] = {}
        self._natural_steps: dict[JobId, int] = {}
        self._now_ms = 0.0
        self._outcome = Outcome(setting.seconds)

    def run(self) -> Outcome:
        arrival_ms = 0.0
        while True:
            wakeup_ns = self.scheduler.next_wakeup_ns(self._now_ns)
            tick_ms = inf if wakeup_ns is None else wakeup_ns / NS_PER_MS
            self._now_ms = min(self._engine.next_finish_ms(), tick_ms, arrival_ms)
            if self._now_ms == inf:
                break
            for event in self._engine.advance(self._now_ms):
                if isinstance(event, EngineFinished):
                    self._natural_steps[event.id] -= event.usage.output_tokens
                    self._outcome.steps += event.usage.output_tokens
                self._obey(self.scheduler.handle(event, self._now_ns))
            if self._now_ms >= tick_ms:
                self._obey(self.scheduler.handle(Tick(), self._now_ns))
            if self._now_ms >= arrival_ms:
                self._speak()
                arrival_ms += self._rng.expovariate(self._setting.arrivals_per_s / 1_000)
                arrival_ms = arrival_ms if arrival_ms < self._setting.seconds * 1_000 else inf
        self.scheduler.validate()
        self._outcome.unended = len(self._in_flight)
        return self._outcome

    @property
    def _now_ns(self) -> int:
        return round(self._now_ms * NS_PER_MS)

    def _speak(self) -> None:
        setting, outcome = self._setting, self._outcome
        job = QueuedJob(
            id=outcome.sent + 1,
            job_class=self._rng.choice(setting.classes),
            deadline_ns=round((self._now_ms + self._rng.uniform(*setting.budget_ms)) * NS_PER_MS),
            prefill_tokens=setting.prefill_tokens,
            shape=setting.shape,
        )
        outcome.sent += 1
        outcome.sent_by_class[job.job_class] += 1
        in_flight = list(self._in_flight.values())
        cost = CostModel.from_snapshot(self.scheduler.cost.snapshot())
        forecast = predict_finish_ns(self._now_ns, job, in_flight, cost, setting.slots, setting.preempt)
        if forecast.finish_ns > job.deadline_ns:
            outcome.refused += 1
            return
        self._in_flight[job.id] = InFlight(job)
        self._natural_steps[job.id] = self._rng.randint(*setting.natural_steps)
        self._obey(self.scheduler.handle(Arrived(job), self._now_ns))

    def _obey(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Start(id=job_id, plan=plan):
                    job = self._in_flight[job_id].job
                    self._in_flight[job_id] = InFlight(job, self._now_ns)
                    self._engine.start(job, plan, self._natural_steps[job_id])
                case Replan(id=job_id, plan=plan):
                    self._engine.replan(job_id, plan)
                case Preempt(id=job_id) | Stop(id=job_id):
                    self._engine.cancel(job_id)
                case End(id=job_id, reason=reason):
                    self._count(self._in_flight.pop(job_id).job, reason)

    def _count(self, job: QueuedJob, reason: FinishReason) -> None:
        outcome = self._outcome
        outcome.reasons[reason] += 1
        if self._now_ns > job.deadline_ns:
            outcome.late += 1
        elif reason is FinishReason.SENTENCE:
            outcome.hits += 1
            outcome.hits_by_class[job.job_class] += 1


def simulate(setting: Setting) -> Outcome:
    """Play `setting` to the end of its last job."""
    return Simulation(setting).run()
