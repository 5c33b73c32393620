"""`say`: somebody speaks to a character, who answers."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import JobClass
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import OpContext
from npc_engine.ops.speech import Speech
from npc_engine.wire.messages import Done, Say


class SayOp:
    """Answers in character; the exchange then pends until `spoken`."""

    name: ClassVar[str] = "say"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Say", ctx.request)
        if len(request.text) > limits.TEXT_CHARS:
            message = f"text has {len(request.text)} code points; at most {limits.TEXT_CHARS} are taken"
            raise NpcError(ErrorCode.TEXT_TOO_LONG, message)
        actor = Actor(ctx, request.npc, request.slot)
        actor.journal.keep_pending()  # the next exchange begins: what was answered before was heard
        ctx.stage.interrupt(actor.scene, request.npc)
        heard = actor.mind.hear(request.speaker, request.text, private=request.private)
        speech = Speech(ctx, actor.voice)
        ask = actor.answer(JobClass.PLAYER, request.seed, heard)
        heard = actor.mind.heard
        ctx.on_done = lambda done: actor.remember(heard if heard.text else None, done, request.speaker)
        return await speech.run(ask, actor.guard, actor.mind.deeds, actor.instinct)
