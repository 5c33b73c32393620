"""`bark`: a short remark in passing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar, cast

import msgspec

from npc_engine import limits
from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import JobClass
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import Ask, OpContext, Refusal
from npc_engine.ops.speech import Speech
from npc_engine.ops.warm import PREFETCH_MS
from npc_engine.prompt.sanitise import clean
from npc_engine.wire.messages import Bark, Done, Reason, Source, Timing

#: Remarks of one character are at least so far apart; who is asked for more gets an authored one.
PERIOD_MS = 3_000


class BarkOp:
    """Speaks to nobody in particular; it stays out of the journal, or small talk would push out memories.

    Two barks about the same thing at the same time are one. A remark about nothing in particular is made ahead in idle
    time, and then comes at once.
    """

    name: ClassVar[str] = "bark"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Bark", ctx.request)
        actor = Actor(ctx, request.npc, request.slot)
        remarks = ctx.stage.remarks
        key, about = actor.scene.cache_key(request.npc), clean(request.about, limits.TEXT_CHARS)
        speech = Speech(ctx, actor.voice_in_passing)
        while (same := remarks.making.get((key, about))) is not None:
            await asyncio.wait({same})
            if not same.cancelled():
                return _copy(same.result(), request.id)
        now_ns = ctx.clock.now_ns()
        wait_ms = PERIOD_MS - (now_ns - remarks.last_ns.get(key, -PERIOD_MS * NS_PER_MS)) / NS_PER_MS
        if wait_ms > 0:
            return speech.refused(Refusal(Reason.BUSY, round(wait_ms) + 1))
        remarks.last_ns[key] = now_ns
        if not about and request.seed is None and (done := self._made_ahead(ctx, actor)) is not None:
            self._make_ahead(ctx, actor)
            return _copy(done, request.id)
        making: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        remarks.making[key, about] = making
        try:
            done = await speech.run(actor.remark(JobClass.BARK, request.seed, about), actor.guard)
            making.set_result(done)
        finally:
            del remarks.making[key, about]
            if making.cancel():  # nothing was said: the next one may
                del remarks.last_ns[key]
        if request.seed is None:
            self._make_ahead(ctx, actor)
        return done

    def _made_ahead(self, ctx: OpContext, actor: Actor) -> Done | None:
        """The remark that waits, if the character would still be asked the same."""
        waiting = ctx.stage.remarks.ahead.pop(actor.scene.cache_key(actor.persona.id), None)
        if waiting is None:
            return None
        asked, done = waiting
        return done if asked == _prompt(actor.remark(JobClass.AMBIENT, 0, "")) else None

    def _make_ahead(self, ctx: OpContext, actor: Actor) -> None:
        """Begin the next remark while nobody else wants the model."""
        if ctx.brain.idle and not (ctx.brain.caps and ctx.brain.caps.scripted):
            ctx.stage.in_background(self._ahead_of_time(ctx, actor))

    async def _ahead_of_time(self, ctx: OpContext, actor: Actor) -> None:
        deadline_ns = ctx.clock.now_ns() + PREFETCH_MS * NS_PER_MS
        quiet = replace(ctx, deadline_ns=deadline_ns, arrived_ns=0, publish=lambda text, stable: None)
        ahead = Actor(quiet, actor.persona.id, actor.scene.slot)
        ask = ahead.remark(JobClass.AMBIENT, None, "")
        done = await Speech(quiet, ahead.voice_in_passing).run(ask, ahead.guard)
        if done.source is Source.MODEL and ahead.scene.epoch == ahead.epoch:
            ctx.stage.remarks.ahead[ahead.scene.cache_key(ahead.persona.id)] = (_prompt(ask), done)


def _prompt(ask: Ask) -> str:
    """What tells whether a remark made earlier still fits."""
    return "".join(segment.text for segment in ask.segments)


def _copy(done: Done, request_id: int) -> Done:
    """The same remark as the answer to another request."""
    return msgspec.structs.replace(done, id=request_id, timing=Timing())
