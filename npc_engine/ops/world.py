"""`world.set`, `world.get` and `event`: what the game tells of its world, and asks of it."""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import OpContext
from npc_engine.ops.warm import prefetch
from npc_engine.prompt.sanitise import clean
from npc_engine.wire.messages import Done, Event, WorldGet, WorldSet
from npc_engine.world import journal
from npc_engine.world.state import PLAYER
from npc_engine.world.values import check_names, get_values, set_values


class WorldSetOp:
    """All values or none. Answered when they are safe on disk."""

    name: ClassVar[str] = "world.set"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("WorldSet", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        changed = set_values(scene.state, ctx.stage.pack, request.values)
        await asyncio.wrap_future(scene.put_state())
        return Done(id=request.id, data={"changed": changed})


class WorldGetOp:
    """Some values, or all."""

    name: ClassVar[str] = "world.get"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("WorldGet", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        check_names(scene.state, ctx.stage.pack, request.names)
        return Done(id=request.id, data={"values": get_values(scene.state, ctx.stage.pack, request.names)})


class EventOp:
    """Those who saw it remember it, and their prompts are read again in idle time, nearest first."""

    name: ClassVar[str] = "event"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Event", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        text = clean(request.text, limits.TEXT_CHARS)
        if not text:
            raise NpcError(ErrorCode.BAD_VALUE, "the event's text has no visible character")
        if request.npcs is not None:
            witnesses = list(dict.fromkeys(ctx.stage.persona(npc).id for npc in request.npcs))
        else:
            place = ctx.stage.place(request.place).id if request.place else scene.state.places[PLAYER]
            witnesses = scene.state.present(place)
        scene.witness(witnesses, journal.Event(text, importance=request.importance))
        await asyncio.wrap_future(scene.put_state())
        prefetch(ctx.stage, ctx.brain, scene, witnesses, ctx.clock.now_ns())
        return Done(id=request.id, data={"witnesses": witnesses})
