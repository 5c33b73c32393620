"""`spoken`: the game tells what the listeners heard of a line; that, and only that, becomes memory."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine.ops.base import OpContext
from npc_engine.wire.messages import Done, Spoken


class SpokenOp:
    """Settles a pending turn. `done.data.kept` is false if there was none: unknown, not speech, or settled before."""

    name: ClassVar[str] = "spoken"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Spoken", ctx.request)
        kept = ctx.stage.settle_turn(ctx.session, request.target, request.heard)
        return Done(id=request.id, data={"kept": kept})
