"""`warm`: bring characters' prompts into the model's cache before anybody speaks to them."""

from __future__ import annotations

from contextlib import aclosing
from typing import ClassVar, cast

from npc_engine.jobs import Finished, FinishReason
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import OpContext, WorkerLost
from npc_engine.wire.messages import Done, Reason, Warm


class WarmOp:
    """One after another, in the order given. `done.data.warm` lists those that are ready when the budget ends."""

    name: ClassVar[str] = "warm"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Warm", ctx.request)
        actors = [Actor(ctx, npc, request.slot) for npc in request.npcs]
        warm: list[str] = []

        def report(reason: Reason | None) -> Done:
            cold = [npc for npc in request.npcs if npc not in warm]
            return Done(id=request.id, reason=reason if cold else None, data={"warm": warm, "cold": cold})

        ctx.rescue = report
        for actor in actors:
            ask = actor.warm_up(ctx.deadline_ns)
            if refusal := ctx.brain.admit(ask):
                return report(refusal.reason)
            try:
                async with aclosing(ctx.brain.generate(ask)) as updates:
                    last = [update async for update in updates][-1]
            except WorkerLost:
                return report(Reason.CRASHED)
            if isinstance(last, Finished) and last.reason is FinishReason.STOP:
                warm.append(actor.persona.id)
        return report(Reason.LATE)
