"""`describe`: what a newcomer sees."""

from __future__ import annotations

import secrets
from typing import ClassVar, cast

import msgspec

from npc_engine.jobs import JobClass
from npc_engine.ops.base import Ask, OpContext
from npc_engine.ops.mind import form_of
from npc_engine.ops.speech import Speech, Voice
from npc_engine.prompt import builder
from npc_engine.prompt.guard import Guard
from npc_engine.wire.messages import Describe, Done, Source, Timing
from npc_engine.world.sights import sights, to_describe


class DescribeOp:
    """Describes a place from what can be seen there; its author's description is the fallback. What the model wrote is
    kept, and told again at once, until something visible changes."""

    name: ClassVar[str] = "describe"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Describe", ctx.request)
        place = ctx.stage.place(request.place)
        scene = ctx.stage.scene(ctx.game, request.slot)
        state, authored = scene.state, ctx.stage.authored
        now, before = sights(state, ctx.stage.pack, place), state.seen.get(place.id, [])
        if (text := scene.descriptions.get(place.id, now)) is not None:
            return Done(id=request.id, narration=text, source=Source.MODEL, timing=Timing())
        scope = state.scope()
        speech = Speech(ctx, Voice(lambda kind: authored.describe(place.id, scope)))
        rescue = speech.rescue
        ctx.rescue = lambda reason: _narrated(rescue(reason))
        epoch = scene.epoch

        def look(done: Done) -> None:
            if scene.epoch == epoch:
                scene.describe(place.id, now, done.narration if done.source is Source.MODEL else None)

        ctx.on_done = look
        seen = to_describe(now, before)
        prompt = builder.describe(place, ctx.stage.pack.world.setting, seen, form_of(ctx.brain.caps))
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
        return _narrated(await speech.run(ask, lambda: Guard(None, [])))


def _narrated(done: Done) -> Done:
    """What is seen is not spoken."""
    return msgspec.structs.replace(done, text="", narration=done.text)
