"""`inspect`: the exact prompt of a line that nobody asks for, and why it is what it is."""

from __future__ import annotations

from typing import ClassVar, cast

from npc_engine.ops.base import OpContext
from npc_engine.ops.mind import REACH_TOKENS, Mind, form_of
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.wire.messages import Done, Inspect
from npc_engine.world.scene import Scene


class InspectOp:
    """Generates nothing and changes nothing."""

    name: ClassVar[str] = "inspect"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Inspect", ctx.request)
        scene = ctx.stage.scene(ctx.game, request.slot)
        form = form_of(ctx.brain.caps)
        found = inspection(ctx.stage, scene, request.npc, request.text, request.speaker, form)
        return Done(id=request.id, data=found)


def inspection(stage: Stage, scene: Scene, npc: str, text: str, speaker: str, form: ChatFormat) -> dict[str, object]:
    """What the model would be shown, with all the time in the world: `prompt`, `segments`, `knows`, `locked`,
    `actions`. Raises UNKNOWN_NPC."""
    mind = Mind(stage, scene, npc, form)
    prompt = mind.answer(mind.hear(speaker, text), REACH_TOKENS)
    return {
        "prompt": "".join(segment.text for segment in prompt.segments),
        "segments": [
            {"text": each.text, "origin": each.origin, "stable": each.stable, "trusted": each.trusted}
            for each in prompt.segments
        ],
        "knows": [known.id for known in mind.told],
        "locked": [{"id": each.id, "when": each.when} for each in mind.locked()],
        "actions": list(dict.fromkeys(deed.action for deed in mind.deeds.values())),
    }
