"""`spoken` and `unspoken`: the game tells what the listeners heard of a line; that, and only that, becomes memory."""

from __future__ import annotations

import asyncio
from typing import ClassVar, cast

from npc_engine.ops.base import OpContext
from npc_engine.wire.messages import Done, Spoken, Unspoken


class SpokenOp:
    """Settles a pending turn, and answers when that is safe on disk. `done.data.kept` is false if there was none:
    unknown, not speech, or settled before."""

    name: ClassVar[str] = "spoken"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Spoken", ctx.request)
        return await _settle(ctx, request.target, request.heard)


class UnspokenOp:
    """Forgets a pending turn."""

    name: ClassVar[str] = "unspoken"

    async def run(self, ctx: OpContext) -> Done:
        return await _settle(ctx, cast("Unspoken", ctx.request).target, 0)


async def _settle(ctx: OpContext, target: int, heard: int | None) -> Done:
    scene = ctx.stage.settle_turn(ctx.session, target, heard)
    if scene is not None:
        await asyncio.wrap_future(scene.put_state())
    return Done(id=ctx.request.id, data={"kept": scene is not None})
