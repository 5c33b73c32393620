"""`warm`: bring characters' prompts into the model's cache before anybody speaks to them; and the same in idle time,
whenever a prompt has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, cast

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass
from npc_engine.ops.base import Ask, Brain, OpContext, carried_out
from npc_engine.ops.mind import Mind, form_of
from npc_engine.ops.stage import Stage
from npc_engine.wire.messages import Done, Reason, Warm
from npc_engine.world.scene import Scene

#: How long an idle-time warm-up may wait for its turn, milliseconds.
PREFETCH_MS = 30_000


class WarmOp:
    """One after another, in the order given. `done.data.warm` lists those that are ready when the budget ends."""

    name: ClassVar[str] = "warm"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Warm", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        asks = [_warm_up(ctx.stage, ctx.brain, scene, npc, ctx.deadline_ns) for npc in request.npcs]
        warm: list[str] = []

        def report(reason: Reason | None) -> Done:
            cold = [npc for npc in request.npcs if npc not in warm]
            return Done(id=request.id, reason=reason if cold else None, data={"warm": warm, "cold": cold})

        ctx.rescue = report
        for npc, ask in zip(request.npcs, asks, strict=True):
            if refusal := ctx.brain.admit(ask):
                return report(refusal.reason)
            end = await carried_out(ctx.brain, ask)
            if end is None:
                return report(Reason.CRASHED)
            if end.reason is FinishReason.STOP:
                warm.append(npc)
        return report(Reason.LATE)


def prefetch(stage: Stage, brain: Brain, scene: Scene, npcs: Iterable[str], now_ns: int) -> None:
    """Warm what has changed of these characters in idle time, in this order. Those the pack does not have are passed
    over."""
    for npc in dict.fromkeys(npcs):
        if npc in stage.pack.npcs:
            brain.prefetch(_warm_up(stage, brain, scene, npc, now_ns + PREFETCH_MS * NS_PER_MS))


def prefetch_scene(stage: Stage, brain: Brain, scene: Scene, now_ns: int) -> None:
    """Warm all that is played in a slot, whoever is near the player first."""
    prefetch(stage, brain, scene, [*scene.near, *scene.alive], now_ns)


def _warm_up(stage: Stage, brain: Brain, scene: Scene, npc: str, deadline_ns: int) -> Ask:
    """Only the part of a prompt that the next line will share. Raises UNKNOWN_NPC."""
    mind = Mind(stage, scene, npc, form_of(brain.caps))
    return Ask(JobClass.PREFETCH, deadline_ns, scene.cache_key(npc), mind.prefix().segments)
