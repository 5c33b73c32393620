"""Whether the model is worth asking: a forecast from what the front itself has sent and the worker's measured costs."""

from __future__ import annotations

from collections import OrderedDict

from msgspec.structs import replace

from npc_engine.jobs import EngineCaps, Job, JobId, Segment
from npc_engine.ops.base import Ask, Refusal
from npc_engine.scheduling.cost import CostModel, CostSnapshot, priors_of
from npc_engine.scheduling.policy import (
    InFlight,
    QueuedJob,
    predict_finish_ns,
    retry_after_ms,
    shape_of,
    worth_a_try,
)
from npc_engine.wire.messages import Reason

#: Code points of a token on average, on the low side for English, so that prompts are not underestimated.
CHARS_PER_TOKEN = 3.5
#: Characters whose cached prefix is remembered here; engines hold fewer.
PREFIXES = 256


class Admission:
    """Forecasts. `in_flight` mirrors the worker's queue, `_prefixes` what its prompt cache holds."""

    def __init__(self) -> None:
        self._snapshot: CostSnapshot | None = None
        self._cost = CostModel()
        self._in_flight: dict[JobId, InFlight] = {}
        self._prefixes: OrderedDict[str, int] = OrderedDict()

    def begin_worker(self, caps: EngineCaps) -> None:
        """A new worker: nothing measured, nothing cached, nothing running."""
        self._snapshot = None
        self._cost = CostModel(priors_of(caps))
        self._in_flight.clear()
        self._prefixes.clear()

    def learn(self, snapshot: CostSnapshot | None) -> None:
        """Take over what the worker has measured."""
        if snapshot is not None and snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._cost = CostModel.from_snapshot(snapshot)

    def sent(self, job: Job, caps: EngineCaps) -> None:
        """A job went to the worker."""
        self._in_flight[job.id] = InFlight(self._queued(job.id, job, caps))

    def started(self, job_id: JobId, now_ns: int) -> None:
        """The engine began with a job."""
        if known := self._in_flight.get(job_id):
            self._in_flight[job_id] = InFlight(known.job, now_ns)

    def ended(self, job_id: JobId, prefix: tuple[str, tuple[Segment, ...]] | None) -> None:
        """A job is over; `prefix` is the cache key and prompt that the engine now holds."""
        self._in_flight.pop(job_id, None)
        if prefix is not None:
            key, segments = prefix
            self._prefixes[key] = _stable_chars(segments)
            self._prefixes.move_to_end(key)
            if len(self._prefixes) > PREFIXES:
                self._prefixes.popitem(last=False)

    def judge(self, ask: Ask, caps: EngineCaps, now_ns: int) -> Refusal | None:
        """None if the reply can be done in time. While all slots are wanted it must fit at its usual length, so that
        overload ends in fewer whole lines and not in fragments; while one is to spare, the least length will do. Alone,
        whatever is worth a try."""
        job = self._queued(0, ask, caps)
        if ask.primed:
            job = replace(job, prefill_tokens=1)
        in_flight = list(self._in_flight.values())
        rivals = sum(other.job.job_class >= ask.job_class for other in in_flight)
        contended = rivals >= caps.max_parallel
        wanted = _at_usual_length(job) if contended else job
        forecast = predict_finish_ns(now_ns, wanted, in_flight, self._cost, caps.max_parallel, caps.preempt)
        if forecast.finish_ns <= ask.deadline_ns:
            return None
        slack_ms = (ask.deadline_ns - now_ns) / 1e6
        if not worth_a_try(slack_ms, job.prefill_tokens, job.shape, self._cost, 1):
            return Refusal(Reason.LATE)  # not even an idle machine could do it
        if not rivals:
            return None
        wait_ms = retry_after_ms(now_ns, ask.job_class, in_flight, self._cost, caps.max_parallel, caps.preempt)
        return Refusal(Reason.BUSY, wait_ms)

    def cost_summary(self) -> dict[str, float]:
        """The figures planned with, for `health`."""
        return {
            "step_ms": round(self._cost.step_ms(1), 2),
            "step4_ms": round(self._cost.step_ms(4), 2),
            "prefill_token_ms": round(self._cost.prefill_ms(1), 3),
        }

    def _queued(self, job_id: JobId, work: Job | Ask, caps: EngineCaps) -> QueuedJob:
        chars = sum(len(segment.text) for segment in work.segments)
        stable = _stable_chars(work.segments)
        cached = min(self._prefixes.get(work.cache_key, 0), stable)
        return QueuedJob(
            id=job_id,
            job_class=work.job_class,
            deadline_ns=work.deadline_ns,
            prefill_tokens=int((chars - cached) / CHARS_PER_TOKEN) + 1,
            shape=shape_of(work.slots, caps.kind, work.job_class),
        )


def _at_usual_length(job: QueuedJob) -> QueuedJob:
    return replace(job, shape=replace(job.shape, min_steps=job.shape.soft_steps))


def _stable_chars(segments: tuple[Segment, ...]) -> int:
    return sum(len(segment.text) for segment in segments if segment.stable)
