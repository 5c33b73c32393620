"""What an operation is, and what it may use: the request's context and the model behind one narrow interface."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

import msgspec

from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.jobs import EngineCaps, Finished, JobClass, Sampling, Segment, Slot, Update
from npc_engine.ops.stage import Stage
from npc_engine.wire.messages import Done, Message, Reason, Request

DEFAULT_SAMPLING = Sampling()
#: Temperature added for each further draft: what was refused once should not come again.
REDRAFT_HEAT = 0.25


@dataclass(frozen=True, slots=True)
class Ask:
    """Model work an operation wants done. Without `slots` it only warms the prompt. `arrived_ns`, if not 0, is when the
    request came in: the front times its own share by it. The prompt of a `primed` ask has just been read."""

    job_class: JobClass
    deadline_ns: int
    cache_key: str
    segments: tuple[Segment, ...]
    slots: tuple[Slot, ...] = ()
    sampling: Sampling = DEFAULT_SAMPLING
    script: tuple[str, ...] = ()
    arrived_ns: int = 0
    primed: bool = False

    def redraft(self, number: int) -> Ask:
        """The same work with other noise, and more of it each time."""
        sampling = msgspec.structs.replace(
            self.sampling,
            seed=(self.sampling.seed + number) % (1 << 32),
            temperature=min(1.0, self.sampling.temperature + REDRAFT_HEAT * number),
        )
        return replace(self, sampling=sampling, arrived_ns=0, primed=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the model is not even asked, and when it might be worth asking again."""

    reason: Reason
    retry_after_ms: int | None = None


class WorkerLost(Exception):
    """The worker died or hung while it ran this job."""


class Brain(Protocol):
    """The model, as operations see it."""

    @property
    def caps(self) -> EngineCaps | None:
        """What the loaded engine can do; None until the first one has loaded."""
        ...

    def admit(self, ask: Ask) -> Refusal | None:
        """None if the work can be done by its deadline, as far as can be told."""
        ...

    def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        """Run the work; its last update is a `Finished`. Closing the generator cancels it. Raises WorkerLost."""
        ...

    @property
    def idle(self) -> bool:
        """Whether the model has nothing to do."""
        ...

    def prefetch(self, ask: Ask) -> None:
        """Warm a prompt in idle time, without waiting for it."""
        ...


async def carried_out(brain: Brain, ask: Ask) -> Finished | None:
    """The end of work whose drafts nobody looks at; None if the worker was lost."""
    with suppress(WorkerLost):
        async with aclosing(brain.generate(ask)) as updates:
            async for update in updates:
                if isinstance(update, Finished):
                    return update
    return None


class Desk(Protocol):
    """The request table, as operations see it."""

    def cancel(self, session: str, target: int) -> str:
        """End a request with `error cancelled`: "cancelled", "finished" or "unknown"."""
        ...

    def cancel_slot(self, game: str, slot: str, before: tuple[str, int]) -> None:
        """End the requests of a save slot that came before the one of that session and id with `error cancelled`."""
        ...

    def health(self) -> dict[str, object]:
        """State and counters."""
        ...


def deadline(arrived_ns: int, budget_ms: float, margin_ms: float) -> int:
    """When a reply has to leave, nanoseconds: `margin_ms` before its budget ends, of which that is a tenth at most."""
    return arrived_ns + int((budget_ms - min(margin_ms, budget_ms / 10)) * NS_PER_MS)


def _no_rescue(reason: Reason) -> Done:
    raise NotImplementedError(reason)


def _nothing(done: Done) -> None:
    pass


@dataclass(slots=True)
class OpContext:
    """One request on its way. `rescue` turns what there is so far into the reply, at any moment: the front calls it at
    the deadline or when the daemon stops. `on_done` is called once, after the reply has been sent."""

    session: str
    game: str
    request: Request
    arrived_ns: int
    deadline_ns: int
    clock: Clock
    stage: Stage
    brain: Brain
    desk: Desk
    publish: Callable[[str, int], None]
    send: Callable[[Message], None]
    rescue: Callable[[Reason], Done] = field(default=_no_rescue)
    on_done: Callable[[Done], None] = field(default=_nothing)

    @property
    def slack_ms(self) -> float:
        """Milliseconds left."""
        return (self.deadline_ns - self.clock.now_ns()) / NS_PER_MS


class Op(Protocol):
    """An operation. A new one is one file in this folder and one line in the registry."""

    name: ClassVar[str]

    async def run(self, ctx: OpContext) -> Done:
        """Carry the request out; what it returns is its one terminal reply. Raises NpcError for an `error`."""
        ...
