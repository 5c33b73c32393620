"""`converse`: characters talk to each other, each line within its own budget, until the player wants one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar, cast

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import JobClass
from npc_engine.ops.actor import Actor
from npc_engine.ops.base import OpContext, deadline
from npc_engine.ops.speech import Speech
from npc_engine.ops.stage import Conversation
from npc_engine.prompt.sanitise import clean
from npc_engine.wire.messages import Converse, Done, Reason, Turn
from npc_engine.world.journal import Heard
from npc_engine.world.names import short_name
from npc_engine.world.scene import LISTED

#: A turn ends this long before its budget does, so that it arrives within it.
TURN_MARGIN_MS = 15.0


class ConverseOp:
    """Sends a `turn` for each line. `done.data.turns` says how many there were."""

    name: ClassVar[str] = "converse"

    async def run(self, ctx: OpContext) -> Done:
        request = cast("Converse", ctx.request)
        npcs = [ctx.stage.persona(npc).id for npc in request.npcs]
        if len(set(npcs)) < len(npcs):
            raise NpcError(ErrorCode.BAD_VALUE, "a character cannot talk to itself: name each once")
        scene = ctx.stage.scene(ctx.game, request.slot)
        conversation = ctx.stage.begin_conversation(scene, npcs)
        talk = _Talk(ctx, request, conversation)
        conversation.settle = talk.settle
        ctx.rescue = talk.end
        try:
            return await talk.run()
        finally:
            ctx.stage.end_conversation(conversation)
            talk.settle()


class _Talk:
    """One conversation. `_unheard` is what each has heard since it last spoke, and not remembered yet."""

    def __init__(self, ctx: OpContext, request: Converse, conversation: Conversation) -> None:
        self._ctx = ctx
        self._request = request
        self._conversation = conversation
        self._npcs = conversation.npcs
        self._topic = clean(request.topic, limits.TEXT_CHARS)
        self._unheard: dict[str, list[Heard]] = {npc: [] for npc in self._npcs}
        self._epoch = conversation.scene.epoch
        self._turns = 0

    async def run(self) -> Done:
        for number in range(self._request.turns):
            npc = self._npcs[number % len(self._npcs)]
            done = await self._line(npc)
            if done is None:
                return self.end(Reason.INTERRUPTED)
            self._turns = number + 1
            self._ctx.send(
                Turn(
                    id=self._request.id,
                    n=self._turns,
                    npc=npc,
                    text=done.text,
                    emotion=done.emotion,
                    actions=done.actions,
                    source=done.source,
                    reason=done.reason,
                    timing=done.timing,
                )
            )
        return self.end(None)

    def end(self, reason: Reason | None) -> Done:
        """The reply there is now."""
        return Done(id=self._request.id, reason=reason, data={"turns": self._turns})

    def settle(self) -> None:
        """What was said last was heard, though nobody answered it; not in a slot that has become another meanwhile."""
        if self._conversation.scene.epoch != self._epoch:
            return
        for npc, lines in self._unheard.items():
            for heard in lines:
                number = self._conversation.scene.journal(npc).add(heard)
            if lines:
                self._ctx.stage.listened(self._ctx.session, self._request.id, npc, number)
            self._unheard[npc] = []

    async def _line(self, npc: str) -> Done | None:
        """The next line of this character; None if the player interrupts it."""
        ctx, request = self._turn_context(), self._request
        actor = Actor(ctx, npc, request.slot)
        heard = self._take_heard(actor)
        seed = None if request.seed is None else (request.seed + self._turns) % (1 << 32)
        speech = Speech(ctx, actor.voice)
        ask = actor.answer(JobClass.SCENE, seed, heard, self._topic)
        heard = actor.mind.heard
        done = await self._within_budget(ctx, speech.run(ask, actor.guard, actor.mind.deeds, actor.instinct), speech)
        if done is None:
            return None
        others = [other for other in self._npcs if other != npc]
        said = actor.said(done, LISTED.join(short_name(ctx.stage.persona(other)) for other in others))
        actor.hold(heard if heard.text else None, said, done, others[0])
        self._unheard[npc] = []
        for other in others:
            mind = Actor(ctx, other, request.slot).mind
            self._unheard[other].append(mind.hear(npc, done.text, private=True, gates=said.gates))
        return done

    def _take_heard(self, actor: Actor) -> Heard:
        """What this character answers: the last line it heard, unless that was locked since; the others it just
        remembers."""
        npc, lines = actor.persona.id, self._unheard[actor.persona.id]
        answered = [line for line in lines[-1:] if actor.scene.may_be_told(line)]
        for line in lines[: len(lines) - len(answered)]:
            actor.journal.add(line)
        self._unheard[npc] = answered  # until the answer is there, which holds it: the talk may end before
        other = next(other for other in self._npcs if other != npc)
        return answered[0] if answered else actor.mind.hear(other, "")

    async def _within_budget(self, ctx: OpContext, speaking: Coroutine[Any, Any, Done], speech: Speech) -> Done | None:
        line = asyncio.ensure_future(speaking)
        interrupted = asyncio.ensure_future(self._conversation.interrupted.wait())
        try:
            await asyncio.wait({line, interrupted}, timeout=ctx.slack_ms / 1_000, return_when=asyncio.FIRST_COMPLETED)
            if interrupted.done():
                return None
            return line.result() if line.done() else speech.rescue(Reason.LATE)
        finally:
            line.cancel()
            interrupted.cancel()

    def _turn_context(self) -> OpContext:
        """This request as if it were for one line: a deadline of its own, and no drafts, which would carry no name."""
        ctx = self._ctx
        now_ns = ctx.clock.now_ns()
        deadline_ns = deadline(now_ns, self._request.budget_ms, TURN_MARGIN_MS)
        return replace(ctx, arrived_ns=now_ns, deadline_ns=deadline_ns, publish=lambda text, stable: None)
