"""Between scheduler and engine: turns jobs into engine tasks, actions into engine calls, and updates into events.

Has no thread and no pipe of its own, so it is tested with a fake clock and a scripted engine.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, takewhile

import msgspec

from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.engines.base import Engine
from npc_engine.engines.slots import common_prefix
from npc_engine.jobs import (
    Draft,
    EngineTask,
    Finished,
    FinishReason,
    Job,
    JobId,
    Segment,
    Update,
    Usage,
)
from npc_engine.scheduling.core import (
    Action,
    Arrived,
    Cancelled,
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
from npc_engine.scheduling.cost import CostModel, CostSnapshot, priors_of
from npc_engine.scheduling.policy import QueuedJob, pause_after_step_ms, shape_of
from npc_engine.worker.link import Started

#: Prompts remembered to estimate what the engine has cached; engines hold fewer.
PROMPTS = 64
#: Window kept free for the reply, tokens. The same for warm-ups, so that both trim a long journal alike.
REPLY_TOKENS = 160
NO_USAGE = Usage()


@dataclass(slots=True)
class _Work:
    """A job in this process: its prompt as tokens, and what came of it so far."""

    job: Job
    tokens: tuple[int, ...]
    stable_tokens: int
    text: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    usage: Usage = NO_USAGE
    message: str = ""
    runs: int = 0
    submitted_ns: int = 0
    queue_ms: float = 0.0


class Driver:
    """Runs jobs on an engine. Every submitted job ends in exactly one `Finished`."""

    def __init__(self, engine: Engine, clock: Clock, *, gpu_share: float = 1.0) -> None:
        self._engine = engine
        self._clock = clock
        self._gpu_share = gpu_share
        caps = engine.caps
        cost = CostModel(priors_of(caps))
        self._scheduler = Scheduler(caps.max_parallel, cost, caps.preempt, slow_reading=caps.kind == "append")
        self._work: dict[JobId, _Work] = {}
        self._prompts: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._snapshot: CostSnapshot | None = None

    @property
    def idle(self) -> bool:
        """Nothing is on the engine."""
        return self._scheduler.on_engine == 0

    @property
    def running(self) -> int:
        """Jobs on the engine."""
        return self._scheduler.on_engine

    @property
    def queued(self) -> int:
        """Jobs that wait."""
        return self._scheduler.waiting

    def cost_snapshot(self) -> CostSnapshot | None:
        """What the cost model knows, taken after the last job that ended."""
        return self._snapshot

    def submit(self, job: Job) -> list[Update | Started]:
        """Take a job."""
        caps = self._engine.caps
        fitted = self._fit(job.segments, caps.context_tokens - REPLY_TOKENS)
        if fitted is None:
            return [Finished(job.id, "", FinishReason.TOO_LONG, message="the prompt does not fit the model's window")]
        tokens, stable_tokens = fitted
        self._work[job.id] = _Work(job, tokens, stable_tokens, submitted_ns=self._clock.now_ns())
        queued = QueuedJob(
            id=job.id,
            job_class=job.job_class,
            deadline_ns=job.deadline_ns,
            prefill_tokens=len(tokens) - common_prefix(tokens, self._prompts.get(job.cache_key, ())),
            shape=shape_of(job.slots, caps.kind, job.job_class),
        )
        return self._obey(self._scheduler.handle(Arrived(queued), self._clock.now_ns()))

    def cancel(self, job_id: JobId) -> list[Update | Started]:
        """Stop a job, wherever it is. Unknown ids are ignored."""
        return self._obey(self._scheduler.handle(Cancelled(job_id), self._clock.now_ns()))

    def step(self, until_ns: int) -> list[Update | Started]:
        """Let the engine run until it has news, at most until `until_ns`; returns the news."""
        now_ns = self._clock.now_ns()
        news: list[Update | Started] = []
        wakeup_ns = self._scheduler.next_wakeup_ns(now_ns)
        if wakeup_ns is not None and wakeup_ns <= now_ns:
            news += self._obey(self._scheduler.handle(Tick(), now_ns))
        if self.idle:
            return news
        updates = self._engine.poll(min(until_ns, wakeup_ns or until_ns) if until_ns > now_ns else now_ns)
        polled_ns = self._clock.now_ns()
        for update in updates:
            news += self._take(update, polled_ns)
        if self._engine.caps.lockstep and self._gpu_share < 1.0:
            pause_ms = pause_after_step_ms((polled_ns - now_ns) / NS_PER_MS, self._gpu_share)
            self._clock.sleep_until_ns(polled_ns + int(pause_ms * NS_PER_MS))
        return news

    def _take(self, update: Update, now_ns: int) -> list[Update | Started]:
        work = self._work.get(update.id)
        if work is None:
            return []
        work.text = update.text
        work.choices = update.choices
        if isinstance(update, Draft):
            self._scheduler.handle(Progressed(update.id, update.steps), now_ns)
            return [update]
        work.usage = _sum(work.usage, update.usage)
        work.message = update.message
        self._prompts[work.job.cache_key] = work.tokens
        self._prompts.move_to_end(work.job.cache_key)
        if len(self._prompts) > PROMPTS:
            self._prompts.popitem(last=False)
        actions = self._scheduler.handle(EngineFinished(update.id, update.reason, update.usage), now_ns)
        self._snapshot = self._scheduler.cost.snapshot()
        return self._obey(actions)

    def _obey(self, actions: list[Action]) -> list[Update | Started]:
        news: list[Update | Started] = []
        for action in actions:
            match action:
                case Start(id=job_id, plan=plan):
                    work = self._work[job_id]
                    if not work.runs:
                        work.queue_ms = (self._clock.now_ns() - work.submitted_ns) / NS_PER_MS
                        news.append(Started(job_id))
                    work.runs += 1
                    self._engine.start(
                        EngineTask(
                            id=job_id,
                            cache_key=work.job.cache_key,
                            tokens=work.tokens,
                            slots=work.job.slots,
                            sampling=work.job.sampling,
                            plan=plan,
                            script=work.job.script,
                            resume=work.text,
                            choices=work.choices,
                            stable_tokens=work.stable_tokens,
                        )
                    )
                case Replan(id=job_id, plan=plan):
                    self._engine.replan(job_id, plan)
                case Preempt(id=job_id) | Stop(id=job_id):
                    self._engine.cancel(job_id)
                case End(id=job_id, reason=reason):
                    work = self._work.pop(job_id)
                    usage = msgspec.structs.replace(work.usage, queue_ms=work.queue_ms)
                    news.append(Finished(job_id, work.text, reason, work.choices, usage, work.message))
        return news

    def _fit(self, segments: Sequence[Segment], window: int) -> tuple[tuple[int, ...], int] | None:
        """Token ids of what fits, and how many of them lead unchanged; the oldest of the least important go first."""
        pieces = [self._engine.tokenise(segment.text, special=segment.trusted) for segment in segments]
        total = sum(map(len, pieces))
        expendable = sorted(
            (index for index, segment in enumerate(segments) if segment.priority),
            key=lambda index: (-segments[index].priority, index),
        )
        dropped: set[int] = set()
        for _, group in groupby(expendable, key=lambda index: segments[index].entry or -index):
            if total <= window:
                break
            together = set(group)
            total -= sum(len(pieces[index]) for index in together)
            dropped |= together
        if total > window:
            return None
        kept = [index for index in range(len(segments)) if index not in dropped]
        stable = sum(len(pieces[index]) for index in takewhile(lambda index: segments[index].stable, kept))
        return tuple(token for index in kept for token in pieces[index]), stable


def _sum(before: Usage, now: Usage) -> Usage:
    """The cost of a job over several runs; what a later run found in the cache had been paid for by the first."""
    if not before.prompt_tokens:
        return now
    return Usage(
        prompt_tokens=before.prompt_tokens,
        cached_tokens=before.cached_tokens,
        output_tokens=before.output_tokens + now.output_tokens,
        steps=before.steps + now.steps,
        prefill_ms=before.prefill_ms + now.prefill_ms,
        decode_ms=before.decode_ms + now.decode_ms,
    )
