"""`health`: state and counters of the daemon."""

from __future__ import annotations

from typing import ClassVar

from npc_engine.ops.base import OpContext
from npc_engine.wire.messages import Done


class HealthOp:
    """Answers from the front alone, so it works in every state."""

    name: ClassVar[str] = "health"

    async def run(self, ctx: OpContext) -> Done:
        return Done(id=ctx.request.id, data=ctx.desk.health())
