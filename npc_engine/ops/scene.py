"""`scene.enter` and `scene.leave`: where the player is, and who is near."""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

from npc_engine.ops.base import OpContext
from npc_engine.ops.warm import prefetch
from npc_engine.wire.messages import Done, SceneEnter, SceneLeave
from npc_engine.world.state import PLAYER


class SceneEnterOp:
    """Moves the player, and whoever the game says is there, and warms them nearest first."""

    name: ClassVar[str] = "scene.enter"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SceneEnter", ctx.request)
        place = ctx.stage.place(request.place)
        scene = ctx.stage.scene(ctx.game, request.slot)
        npcs = [ctx.stage.persona(npc).id for npc in request.npcs or []]
        if request.npcs is not None:
            for npc in scene.state.present(place.id):
                scene.state.places[npc] = ""
            scene.state.places |= dict.fromkeys(npcs, place.id)
        if request.items is not None:
            scene.state.items[place.id] = list(request.items)
        scene.state.places[PLAYER] = place.id
        near = npcs if request.npcs is not None else scene.near
        await asyncio.wrap_future(scene.put_state())
        prefetch(ctx.stage, ctx.brain, scene, near, ctx.clock.now_ns())
        return Done(id=request.id, data={"npcs": near})


class SceneLeaveOp:
    """The player is nowhere until it enters another place."""

    name: ClassVar[str] = "scene.leave"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("SceneLeave", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        scene.state.places[PLAYER] = ""
        await asyncio.wrap_future(scene.put_state())
        return Done(id=request.id)
