"""`describe`: what a newcomer sees."""

from __future__ import annotations

import secrets
from typing import ClassVar, cast

from npc_engine.jobs import JobClass
from npc_engine.ops.base import Ask, OpContext
from npc_engine.ops.speech import Speech, Voice
from npc_engine.prompt import builder
from npc_engine.prompt.guard import Guard
from npc_engine.wire.messages import Describe, Done


class DescribeOp:
    """Describes a place from its props, light, hour and weather; its author's description is the fallback."""

    name: ClassVar[str] = "describe"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Describe", ctx.request)
        place = ctx.stage.place(request.place)
        authored = ctx.stage.authored
        state = ctx.stage.scene(ctx.game, request.slot).state
        scope = state.scope()
        speech = Speech(ctx, Voice(lambda kind: authored.describe(place.id, scope)))
        caps = ctx.brain.caps
        now = builder.Now(place=place.name, period=state.period, weather=state.weather)
        prompt = builder.describe(place, ctx.stage.pack.world.setting, now, caps.chat_format if caps else "plain")
        ask = Ask(
            job_class=JobClass.SCENE,
            deadline_ns=ctx.deadline_ns,
            cache_key=f"{ctx.game}/{request.slot}/place",
            segments=prompt.segments,
            slots=prompt.slots,
            sampling=builder.sampling(secrets.randbelow(1 << 32) if request.seed is None else request.seed),
            script=tuple(authored.descriptions(place.id, scope)),
            arrived_ns=ctx.arrived_ns,
        )
        return await speech.run(ask, lambda: Guard(None, []))
