"""`cancel`: end a request in any state."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine.ops.base import OpContext
from npc_engine.wire.messages import Cancel, Done


class CancelOp:
    """Ends the target with `error cancelled` and says in which state it was."""

    name: ClassVar[str] = "cancel"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Cancel", ctx.request)
        return Done(id=request.id, data={"state": ctx.desk.cancel(ctx.session, request.target)})
