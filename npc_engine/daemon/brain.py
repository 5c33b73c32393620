"""The model side of the front: hands jobs to the worker, hands their updates to whoever waits, and remembers enough to
plan admission, to keep dangerous requests away from the model, and to re-warm a new worker."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

from npc_engine.clock import NS_PER_MS, NS_PER_S, Clock
from npc_engine.daemon.admission import Admission
from npc_engine.daemon.metrics import Metrics
from npc_engine.daemon.supervisor import Supervisor
from npc_engine.jobs import Draft, EngineCaps, Finished, FinishReason, Job, JobClass, JobId, Update
from npc_engine.ops.base import Ask, Refusal, WorkerLost
from npc_engine.wire.messages import Reason, ServiceState
from npc_engine.worker.link import WorkerConfig

log = logging.getLogger(__name__)

#: A request that was running in this many deaths of the worker is kept from it, for this long.
QUARANTINE_DEATHS = 2
QUARANTINE_S = 600.0
#: Characters re-warmed after a restart, most recently used first, and how long that may take, seconds.
REWARM = 16
REWARM_S = 60.0
#: What to tell clients while the model loads and nothing better is known, milliseconds.
LOADING_RETRY_MS = 1_000


@dataclass(slots=True)
class _Sent:
    ask: Ask
    updates: asyncio.Queue[Update | None] | None


class WorkerBrain:
    """Implements `ops.base.Brain` over a supervised worker."""

    def __init__(self, config: WorkerConfig, clock: Clock, metrics: Metrics, on_state: Callable[[], None]) -> None:
        self._clock = clock
        self._metrics = metrics
        self._notify = on_state
        self._admission = Admission()
        self._supervisor = Supervisor(config, clock, self)
        self._config = config
        self._job_ids = itertools.count(1)
        self._sent: dict[JobId, _Sent] = {}
        self._prefetching: dict[str, JobId] = {}
        self._recent: OrderedDict[str, Ask] = OrderedDict()
        self._deaths: dict[bytes, int] = {}
        self._quarantine: dict[bytes, int] = {}
        self._known_worker: EngineCaps | None = None
        self.stopping = False

    # As operations see it

    @property
    def caps(self) -> EngineCaps | None:
        """What the loaded engine can do; None until the first one has loaded."""
        return self._supervisor.caps

    def admit(self, ask: Ask) -> Refusal | None:
        """None if the work can be done by its deadline, as far as can be told."""
        caps = self._supervisor.caps
        if self.stopping:
            return Refusal(Reason.STOPPING)
        if not self._supervisor.available or caps is None:
            return Refusal(Reason.LOADING, LOADING_RETRY_MS)
        now_ns = self._clock.now_ns()
        until_ns = self._quarantine.get(_fingerprint(ask), 0)
        if until_ns > now_ns:
            return Refusal(Reason.QUARANTINED)
        self._admission.learn(self._supervisor.cost)
        return self._admission.judge(ask, caps, now_ns)

    @property
    def idle(self) -> bool:
        """Whether the model has nothing to do."""
        return self._supervisor.available and not self._sent

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        """Run the work; the last update is its `Finished`. Closing the generator cancels the job. Raises WorkerLost."""
        updates: asyncio.Queue[Update | None] = asyncio.Queue()
        job_id = self._submit(ask, updates)
        try:
            while True:
                update = await updates.get()
                if update is None:
                    raise WorkerLost
                yield update
                if isinstance(update, Finished):
                    return
        finally:
            if sent := self._sent.get(job_id):
                sent.updates = None  # nobody listens any more; its end is still accounted for
                self._supervisor.cancel(job_id)

    def prefetch(self, ask: Ask) -> None:
        """Warm a prompt in idle time, without waiting for it. A newer prefetch of the same prefix replaces an older."""
        if not self._supervisor.available:
            self._remember(ask)
            return
        if (older := self._prefetching.get(ask.cache_key)) is not None:
            self._supervisor.cancel(older)
        self._prefetching[ask.cache_key] = self._submit(ask, None)

    def _submit(self, ask: Ask, updates: asyncio.Queue[Update | None] | None) -> JobId:
        caps = self._supervisor.caps
        if not self._supervisor.available or caps is None:
            raise WorkerLost
        job = Job(
            id=next(self._job_ids),
            job_class=ask.job_class,
            deadline_ns=ask.deadline_ns,
            cache_key=ask.cache_key,
            segments=ask.segments,
            slots=ask.slots,
            sampling=ask.sampling,
            script=ask.script,
        )
        self._sent[job.id] = _Sent(ask, updates)
        self._admission.sent(job, caps)
        self._supervisor.submit(job)
        if ask.arrived_ns:
            self._metrics.time("handover", (self._clock.now_ns() - ask.arrived_ns) / NS_PER_MS)
        return job.id

    def _remember(self, ask: Ask) -> None:
        """Keep the prompt's stable part, to re-warm it after a restart."""
        stable = tuple(segment for segment in ask.segments if segment.stable)
        if stable:
            self._recent[ask.cache_key] = replace(ask, segments=stable, slots=(), job_class=JobClass.PREFETCH)
            self._recent.move_to_end(ask.cache_key)
            if len(self._recent) > REWARM:
                self._recent.popitem(last=False)

    # As the supervisor sees it

    def on_update(self, update: Draft | Finished) -> None:
        """News of a job."""
        sent = self._sent.get(update.id)
        if sent is None:
            return
        if isinstance(update, Finished):
            self._end(update, sent)
        if sent.updates is not None:
            sent.updates.put_nowait(update)

    def _end(self, finished: Finished, sent: _Sent) -> None:
        del self._sent[finished.id]
        ask = sent.ask
        done = finished.reason in (FinishReason.STOP, FinishReason.SENTENCE, FinishReason.LENGTH)
        self._admission.ended(finished.id, (ask.cache_key, ask.segments) if done else None)
        if self._prefetching.get(ask.cache_key) == finished.id:
            del self._prefetching[ask.cache_key]
        if done:
            self._remember(ask)
            self._deaths.pop(_fingerprint(ask), None)
        elif finished.reason in (FinishReason.FAILED, FinishReason.TOO_LONG):
            log.warning("job=%d key=%s %s: %s", finished.id, ask.cache_key, finished.reason, finished.message)
        usage = finished.usage
        self._metrics.count("prompt_tokens", usage.prompt_tokens)
        self._metrics.count("cached_tokens", usage.cached_tokens)
        self._metrics.count("output_tokens", usage.output_tokens)

    def on_started(self, job_id: JobId) -> None:
        """A job left the worker's queue."""
        self._admission.started(job_id, self._clock.now_ns())

    def on_lost(self, job_ids: list[JobId], running: list[JobId]) -> None:
        """These jobs will never finish; those in `running` were on the engine when it went."""
        now_ns = self._clock.now_ns()
        for job_id in job_ids:
            sent = self._sent.pop(job_id, None)
            self._admission.ended(job_id, None)
            if sent is None:
                continue
            if job_id in running:
                self._suspect(_fingerprint(sent.ask), now_ns)
            if sent.updates is not None:
                sent.updates.put_nowait(None)
        self._prefetching.clear()

    def _suspect(self, fingerprint: bytes, now_ns: int) -> None:
        self._deaths[fingerprint] = self._deaths.get(fingerprint, 0) + 1
        if self._deaths[fingerprint] >= QUARANTINE_DEATHS:
            del self._deaths[fingerprint]
            self._quarantine = {known: until for known, until in self._quarantine.items() if until > now_ns}
            self._quarantine[fingerprint] = now_ns + int(QUARANTINE_S * NS_PER_S)
            self._metrics.count("quarantined")

    def on_state(self) -> None:
        """The supervisor's `state`, `progress` or `caps` changed."""
        caps = self._supervisor.caps
        if self._supervisor.available and caps is not None and caps is not self._known_worker:
            self._known_worker = caps
            self._admission.begin_worker(caps)
            deadline_ns = self._clock.now_ns() + int(REWARM_S * NS_PER_S)
            for ask in reversed(list(self._recent.values())):
                self.prefetch(replace(ask, deadline_ns=deadline_ns))
        self._notify()

    # As the front sees it

    @property
    def state(self) -> ServiceState:
        """Whether the model can be reached."""
        return self._supervisor.state

    @property
    def progress(self) -> float:
        """Of loading, 0 to 1."""
        return self._supervisor.progress

    @property
    def detail(self) -> str:
        """What is being loaded, or why it is down."""
        return self._supervisor.detail

    @property
    def engine_name(self) -> str:
        """Name of the engine."""
        return self._config.engine

    @property
    def model_name(self) -> str:
        """Name of the model."""
        return self._config.spec.name

    def start(self) -> None:
        """Start the worker."""
        self._supervisor.start()

    async def stop(self) -> None:
        """Stop the worker."""
        await self._supervisor.stop()

    def health(self) -> dict[str, object]:
        """What `health` tells about the model."""
        return {
            "engine": self.engine_name,
            "model": self.model_name,
            "detail": self.detail,
            "device": self.caps.device if self.caps else "",
            "worker_pid": self._supervisor.worker_pid,
            "restarts": self._supervisor.restarts,
            "load_ms": round(self._supervisor.load_ms, 1),
            "jobs": len(self._sent),
            "cost": self._admission.cost_summary(),
        }


def _fingerprint(ask: Ask) -> bytes:
    """What makes two requests the same to a crash: the character and the words it was asked, whatever else stands in
    its prompt by now."""
    digest = blake2b(ask.cache_key.encode(), digest_size=16)
    new = [segment for segment in ask.segments if not segment.stable]
    for segment in [segment for segment in new if segment.origin in ("player", "game")] or new:
        digest.update(segment.text.encode("utf-8", "surrogatepass"))
    return digest.digest()
