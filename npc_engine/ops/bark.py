"""`bark`: a short remark in passing."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine import limits
from npc_engine.jobs import JobClass
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import OpContext
from npc_engine.ops.speech import Speech
from npc_engine.prompt.sanitise import clean
from npc_engine.wire.messages import Bark, Done


class BarkOp:
    """Speaks to nobody in particular; it stays out of the journal, or small talk would push out memories."""

    name: ClassVar[str] = "bark"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Bark", ctx.request)
        actor = Actor(ctx, request.npc, request.slot)
        speech = Speech(ctx, actor.voice_in_passing)
        about = clean(request.about, limits.TEXT_CHARS)
        return await speech.run(actor.ask(JobClass.BARK, request.seed, about=about), actor.guard)
