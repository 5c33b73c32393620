"""`say`: somebody speaks to a character, who answers."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import JobClass
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import OpContext
from npc_engine.ops.speech import Speech
from npc_engine.prompt.sanitise import clean
from npc_engine.wire.messages import Done, Say
from npc_engine.world.journal import Heard


class SayOp:
    """Answers in character; the exchange then pends until `spoken`."""

    name: ClassVar[str] = "say"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Say", ctx.request)
        if len(request.text) > limits.TEXT_CHARS:
            message = f"text has {len(request.text)} code points; at most {limits.TEXT_CHARS} are taken"
            raise NpcError(ErrorCode.TEXT_TOO_LONG, message)
        actor = Actor(ctx, request.npc, request.slot)
        speech = Speech(ctx, actor.voice)
        heard = Heard(clean(request.speaker, limits.NAME_CHARS), clean(request.text, limits.TEXT_CHARS))
        actor.journal.keep_pending()  # the next exchange begins: what was answered before was heard
        ctx.on_done = lambda done: actor.remember(heard if heard.text else None, done)
        return await speech.run(actor.ask(JobClass.PLAYER, request.seed, heard=heard), actor.guard)
