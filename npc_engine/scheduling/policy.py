"""How much a job may do, whose turn it is, and when a newcomer would be served. Pure arithmetic, no state.

No class is promised anything against a higher one: a lower class may wait for as long as higher work keeps coming. It
does not wait past its own deadline, where it ends without having run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from heapq import heapreplace
from typing import NamedTuple, TypeAlias

import msgspec

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import ChoiceSlot, JobClass, JobId, Plan, Slot, TextSlot
from npc_engine.scheduling.cost import CostModel

#: How much of its best time a machine is hoped to need when a line is tried that would else be refused.
TRY = 0.8
#: Steps that one choice slot takes on an append engine: its lead and codes are read, then one token is scored.
CHOICE_STEPS = 2
#: Steps of a spoken sentence, with few longer ones. A shortened plan lets a reply end as soon as another sentence
#: would probably not fit, so that it ends whole instead of being cut.
SENTENCE_STEPS = 16


class Shape(msgspec.Struct, frozen=True):
    """The size of a reply in engine steps. A warm-up has all zeros.

    From `soft_steps` on the reply ends at the next sentence end, so that is its usual size; `min_steps` is the least
    worth starting for. `choice_steps` are spent before the text and are no part of the other three. `load` is what the
    job weighs in a step that several share: one, where a job is one row as on an append engine, else one for each
    `LOAD_ROWS` rows of its canvas.
    """

    max_steps: int = 0
    soft_steps: int = 0
    min_steps: int = 0
    choice_steps: int = 0
    load: int = 1

    @property
    def may_end_early(self) -> bool:
        """Whether a sentence end before the last step ends it well."""
        return self.soft_steps < self.max_steps

    def after(self, steps: int) -> Shape:
        """What is left once `steps` are done. At least one step is left of a text that was not at its maximum."""
        if not steps:
            return self
        left = max(0, self.max_steps - steps)
        least = min(1, left)
        return Shape(left, max(least, self.soft_steps - steps), max(least, self.min_steps - steps), load=self.load)


#: A draft engine writes a whole canvas at once, in as many steps however long the line: this many, by what it is for.
#: DiffusionGemma stays coherent under a hard cap of 6 steps and degenerates below; its reference takes about 12, for
#: prose more.
DRAFT_STEPS = {JobClass.PLAYER: 12, JobClass.SCENE: 16, JobClass.BARK: 8, JobClass.AMBIENT: 8, JobClass.PREFETCH: 8}
DRAFT_MIN_STEPS = 6
#: Steps that reading takes on a draft engine beside what its tokens add: a prompt is mostly there already.
READ_STEPS = 1
#: The widest canvas, and what the beginning of a reply, its deed and emotion take of it, tokens.
CANVAS_ROWS, SKELETON_ROWS = 256, 12
#: Rows of canvas that count as one in the load of a step.
LOAD_ROWS = 64


def shape_of(slots: Sequence[Slot], kind: str = "append", job_class: JobClass = JobClass.PLAYER) -> Shape:
    """The shape of a reply with `slots` on an engine of `kind` (`EngineCaps.kind`)."""
    texts = [slot for slot in slots if isinstance(slot, TextSlot)]
    if kind == "draft":
        return _draft_shape(slots, texts, job_class)
    return Shape(
        max_steps=sum(slot.max_tokens for slot in texts),
        soft_steps=sum(min(slot.soft_tokens, slot.max_tokens) for slot in texts),
        min_steps=sum(min(slot.min_tokens, slot.max_tokens) for slot in texts),
        choice_steps=CHOICE_STEPS * sum(isinstance(slot, ChoiceSlot) for slot in slots),
    )


def _draft_shape(slots: Sequence[Slot], texts: Sequence[TextSlot], job_class: JobClass) -> Shape:
    """Before the text come the step in which the prompt is read, and choices: a step without a draft, or two where
    their names begin alike. A warm-up has no steps to plan."""
    if not slots:
        return Shape()
    choice_steps = READ_STEPS + (CHOICE_STEPS if len(texts) < len(slots) else 0)
    rows = SKELETON_ROWS + sum(slot.max_tokens for slot in texts)
    canvases = math.ceil(rows / CANVAS_ROWS) if texts else 0
    load = math.ceil(min(rows, CANVAS_ROWS) / LOAD_ROWS) if texts else 1
    steps = DRAFT_STEPS[job_class] * canvases
    return Shape(steps, steps, DRAFT_MIN_STEPS * canvases, choice_steps, load)


class QueuedJob(msgspec.Struct, frozen=True):
    """What scheduling knows of a job. `prefill_tokens` is how much of its prompt is probably not in the cache."""

    id: JobId
    job_class: JobClass
    deadline_ns: int
    prefill_tokens: int
    shape: Shape


def plan(slack_ms: float, prefill_tokens: int, shape: Shape, cost: CostModel, batch: int) -> Plan | None:
    """The largest plan that fits into `slack_ms` at a load of `batch`, or None if not even `min_steps` fit.

    A reply that may end before its maximum ends, where the plan had to be shortened, at any sentence that leaves no
    room for another (`SENTENCE_STEPS`). So it can be told to stop in time by careful figures and still be given all the
    steps that the mean ones promise: what is cut at the deadline is no worse off than what is cut before it.
    """
    safe = _steps(slack_ms, prefill_tokens, shape, cost, batch)
    if safe < shape.min_steps:
        return None
    if safe >= shape.max_steps:
        return Plan(shape.max_steps, shape.soft_steps)
    if not shape.may_end_early:
        return Plan(safe, safe)
    likely = _steps(slack_ms, prefill_tokens, shape, cost.at_mean(), batch)
    soft_steps = min(shape.soft_steps, max(1, safe - SENTENCE_STEPS))
    return Plan(min(shape.max_steps, max(safe, likely)), soft_steps)


def last_plan(shape: Shape) -> Plan:
    """For a reply that will hardly make it: its first sentence by the deadline, or else the least."""
    if not shape.may_end_early:
        return Plan(shape.min_steps, shape.min_steps)
    return Plan(shape.max_steps, min(1, shape.soft_steps))


def _steps(slack_ms: float, prefill_tokens: int, shape: Shape, cost: CostModel, batch: int) -> int:
    """How many steps of text fit; less than 0 if not even what comes before it does."""
    step_ms = cost.step_ms(batch)
    left_ms = slack_ms - cost.prefill_ms(prefill_tokens) - shape.choice_steps * step_ms
    return math.floor(left_ms / step_ms)


OrderKey: TypeAlias = tuple[int, int, int]


def order_key(job: QueuedJob, shape: Shape, cost: CostModel, batch: int, arrival: int) -> OrderKey:
    """Sorts jobs by turn: higher class, then least slack, then arrival.

    Slack is the time to the deadline less the usual work. While a job waits, all slacks shrink alike, so the moment at
    which it runs out stands for it and the key never changes.
    """
    work_ms = cost.estimate_ms(job.prefill_tokens, shape.choice_steps + shape.soft_steps, batch)
    return -job.job_class, job.deadline_ns - int(work_ms * NS_PER_MS), arrival


def shared_load(loads: Iterable[int], max_parallel: int) -> int:
    """The load of a step when those with `loads` want the engine and it takes `max_parallel`: the heaviest count."""
    return sum(sorted(loads, reverse=True)[:max_parallel])


def prefetch_slots(max_parallel: int) -> int:
    """How many warm-ups may run at once: they leave a slot free, so that a player's job starts at once.

    Warm-ups are long prefills. On an engine that cannot pre-empt (`preempt` "none") this free slot is the only way past
    them; with a single slot such an engine makes a player wait for the warm-up's end.
    """
    return max(1, max_parallel - 1)


class InFlight(msgspec.Struct, frozen=True):
    """A job the front has sent. `started_ns` is when the engine began with it, None while it waits."""

    job: QueuedJob
    started_ns: int | None = None


class Forecast(NamedTuple):
    """When a job would start, and when the least that is worth starting for would be done."""

    start_ns: int
    finish_ns: int


def predict_finish_ns(
    now_ns: int,
    new_job: QueuedJob,
    in_flight: Sequence[InFlight],
    cost: CostModel,
    max_parallel: int,
    preempt: str = "restart",
) -> Forecast:
    """When `new_job` would be served, were it sent now behind `in_flight`.

    Admit it if `finish_ns` is not past its deadline. That gives the engine all the work it can use and refuses the rest
    at once. A job whose turn would come before that of others of its class, and make one of them miss its deadline, is
    taken to come after them all: who was admitted is not pushed out.

    Where no job of its class or above is in flight there is nothing to lose, so the machine is taken at its best.
    """
    if all(other.job.job_class < new_job.job_class for other in in_flight):
        cost = cost.at_best()
    outlook = _Outlook(now_ns, new_job.job_class, in_flight, cost, max_parallel, preempt, new_job.shape.load)
    newcomer = outlook.waiting(new_job)
    _, _, work_ns, least_ns, _ = newcomer
    ahead = [other for other in outlook.queue if other <= newcomer]
    behind = outlook.queue[len(ahead) :]
    _serve(outlook.free_at_ns, ahead)
    start_ns = outlook.free_at_ns[0]
    if behind:
        joined_at_ns = outlook.free_at_ns.copy()
        heapreplace(joined_at_ns, start_ns + work_ns)
        if _serve(joined_at_ns, behind) < _serve(outlook.free_at_ns, behind):
            start_ns = outlook.free_at_ns[0]
    return Forecast(int(start_ns), int(start_ns + least_ns))


def retry_after_ms(
    now_ns: int,
    job_class: JobClass,
    in_flight: Sequence[InFlight],
    cost: CostModel,
    max_parallel: int,
    preempt: str = "restart",
) -> int:
    """Milliseconds until a slot is free for a job of `job_class` that lets all of its class go first; 0 if one is."""
    outlook = _Outlook(now_ns, job_class, in_flight, cost, max_parallel, preempt)
    _serve(outlook.free_at_ns, outlook.queue)
    return math.ceil((outlook.free_at_ns[0] - now_ns) / NS_PER_MS)


def _stays(job: InFlight, preempt: str) -> bool:
    """Whether a job keeps its slot when a higher class comes."""
    return job.started_ns is not None and preempt == "none"


#: A job in a forecast: rank, latest start, usual work, least work and deadline, nanoseconds. Sorts like `order_key`.
_Waiting: TypeAlias = tuple[int, float, float, float, int]


class _Outlook:
    """What a job of `job_class` has to share the engine with: when slots get free, and the queue for them in order.

    Lower classes are left out, as they are pre-empted or wait; a running one counts where the engine cannot pre-empt.
    """

    def __init__(
        self,
        now_ns: int,
        job_class: JobClass,
        in_flight: Sequence[InFlight],
        cost: CostModel,
        max_parallel: int,
        preempt: str,
        own_load: int = 1,
    ) -> None:
        rivals = [other for other in in_flight if other.job.job_class >= job_class or _stays(other, preempt)]
        loads = [own_load, *(other.job.shape.load for other in rivals)]
        self._step_ns = cost.step_ms(shared_load(loads, max_parallel)) * NS_PER_MS
        self._token_ns = cost.prefill_ms(1) * NS_PER_MS
        running: list[float] = []
        self.queue: list[_Waiting] = []
        for other in rivals:
            job, started_ns = other.job, other.started_ns
            if started_ns is None:
                self.queue.append(self.waiting(job))
            else:
                _, _, work_ns, _, _ = self.waiting(job)
                until_ns = max(started_ns + work_ns, now_ns + self._step_ns)
                running.append(max(now_ns, min(until_ns, job.deadline_ns)))
        self.queue.sort()
        slots = prefetch_slots(max_parallel) if job_class is JobClass.PREFETCH else max_parallel
        running.sort()
        self.free_at_ns = [float(now_ns)] * (slots - len(running)) + running[-slots:]  # sorted, so a heap

    def waiting(self, job: QueuedJob) -> _Waiting:
        """`job` with its usual and its least work."""
        shape = job.shape
        before_text_ns = job.prefill_tokens * self._token_ns + shape.choice_steps * self._step_ns
        work_ns = before_text_ns + shape.soft_steps * self._step_ns
        least_ns = before_text_ns + shape.min_steps * self._step_ns
        return -job.job_class, job.deadline_ns - work_ns, work_ns, least_ns, job.deadline_ns


def _serve(free_at_ns: list[float], queue: Sequence[_Waiting]) -> int:
    """List scheduling: gives each job in turn the first free slot for its usual time, at most to its deadline.

    Changes the heap `free_at_ns`; returns how many jobs could be served.
    """
    served = 0
    for _, _, work_ns, least_ns, deadline_ns in queue:
        start_ns = free_at_ns[0]
        if start_ns + least_ns <= deadline_ns:
            end_ns = start_ns + work_ns
            heapreplace(free_at_ns, end_ns if end_ns < deadline_ns else deadline_ns)
            served += 1
    return served


def worth_a_try(slack_ms: float, prefill_tokens: int, shape: Shape, cost: CostModel, batch: int) -> bool:
    """Whether a machine a bit better than on its best day could do the least. A try that fails costs nobody but the one
    who asked, who had allowed for the wait; and only what runs corrects figures that have become too dark."""
    return plan(slack_ms / TRY, prefill_tokens, shape, cost.at_best(), batch) is not None


def pause_after_step_ms(step_ms: float, share: float) -> float:
    """How long to rest after a step of `step_ms`, so that the model takes `share` (0, 1] of the time.

    A renderer has the remainder. Count the rest as part of the step when it is measured (`Usage.decode_ms`), so that
    plans know of it.
    """
    return step_ms * (1.0 - share) / share
