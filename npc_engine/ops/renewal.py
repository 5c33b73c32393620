"""Prompts that have to become others, without a pause in service: a journal that has grown too long, a sheet that was
edited. The model reads the new prompt in idle time beside the one in use; then the character changes over."""

from __future__ import annotations

from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.jobs import FinishReason, JobClass
from npc_engine.ops.base import Ask, Brain, carried_out
from npc_engine.ops.mind import Mind, form_of
from npc_engine.ops.stage import Stage
from npc_engine.world.scene import Scene

#: How long the reading may wait for idle time, milliseconds. What was read of it by then is kept.
RENEWAL_MS = 120_000


def renew(stage: Stage, brain: Brain, scene: Scene, npc: str, clock: Clock) -> None:
    """Begin to change this character's prompt, if it has to become another and that has not begun."""
    key = scene.cache_key(npc, renewed=True)
    if scene.is_outgrown(npc) and key not in stage.renewing and npc in stage.pack.npcs:
        stage.renewing.add(key)  # now and not in the task: who asks again before that begins must see it
        stage.in_background(_read_and_change_over(stage, brain, scene, npc, key, clock))


async def _read_and_change_over(stage: Stage, brain: Brain, scene: Scene, npc: str, key: str, clock: Clock) -> None:
    epoch, surplus = scene.epoch, scene.surplus(npc)
    mind = Mind(stage, scene, npc, form_of(brain.caps))
    deadline_ns = clock.now_ns() + RENEWAL_MS * NS_PER_MS
    ask = Ask(JobClass.PREFETCH, deadline_ns, key, mind.renewed_prefix(surplus).segments)
    try:
        end = await carried_out(brain, ask)
    finally:
        stage.renewing.discard(key)
    if scene.epoch != epoch:
        return
    if end is not None and end.reason is FinishReason.STOP:
        scene.change_over(mind.persona, surplus)
        renew(stage, brain, scene, npc, clock)  # edited again meanwhile
    else:  # a long journal can wait for the next turn, an edit has waited long enough
        scene.use_newest_sheet(npc)
