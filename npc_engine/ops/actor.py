"""A character on the stage for one request: the work of its line, its guard, its voice, and what it remembers of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import JobClass
from npc_engine.ops.base import Ask, OpContext, carried_out
from npc_engine.ops.mind import REACH_TOKENS, Mind, form_of
from npc_engine.ops.renewal import renew
from npc_engine.ops.speech import Voice
from npc_engine.ops.warm import PREFETCH_MS, prefetch
from npc_engine.prompt import builder
from npc_engine.prompt.builder import COLDER, MOOD, WARMER, Prompt
from npc_engine.prompt.guard import Guard
from npc_engine.wire.messages import Action, Done
from npc_engine.world.actions import Deed
from npc_engine.world.instinct import Instinct
from npc_engine.world.journal import Heard, Said
from npc_engine.world.state import PLAYER

#: Share of the time left that may go into reading what the words bring to mind.
REACH_SHARE = 0.12
#: How the answers to "warmer or colder?" move a mood.
MOODS = {WARMER: 1, COLDER: -1}


class Actor:
    """One character in one save slot. Raises UNKNOWN_NPC."""

    def __init__(self, ctx: OpContext, npc: str, slot: str) -> None:
        self._ctx = ctx
        self.scene = ctx.stage.scene(ctx.game, slot)
        self.epoch = self.scene.epoch
        self.mind = Mind(ctx.stage, self.scene, npc, form_of(ctx.brain.caps))
        self.persona = self.mind.persona
        self.journal = self.scene.journal(npc)
        authored, self._scope = ctx.stage.authored, self.scene.state.scope(npc)

        def pick(kind: str) -> str:
            return authored.pick(npc, kind, self._scope)

        self.voice = Voice(pick, lambda: pick("cut_off"))
        self.voice_in_passing = Voice(lambda kind: pick("idle"), lambda: pick("cut_off"))

    def answer(self, job_class: JobClass, seed: int | None, heard: Heard, topic: str = "") -> Ask:
        """The work of answering `heard`; with an empty text the character speaks first."""
        prompt = self.mind.answer(heard, self._reach_tokens, topic)
        return self._ask(job_class, seed, prompt, self._script(bool(heard.text)))

    def _script(self, is_answer: bool) -> Sequence[str]:
        """What an engine without a model may say: what the author wrote for such words, or for any."""
        authored, npc = self._ctx.stage.authored, self.persona.id
        if not is_answer:
            return authored.all(npc, "greet", self._scope)
        return (
            self.mind.instinct.lines
            or authored.all(npc, "confused", self._scope)
            or [example.reply for example in self.persona.examples]
        )

    def remark(self, job_class: JobClass, seed: int | None, about: str) -> Ask:
        """The work of a remark in passing."""
        script = self._ctx.stage.authored.all(self.persona.id, "idle", self._scope)
        return self._ask(job_class, seed, self.mind.remark(about, self._reach_tokens), script)

    @property
    def instinct(self) -> Instinct | None:
        """What the character does and feels, if the model is not asked."""
        caps = self._ctx.brain.caps
        return None if caps is None or caps.chooses else self.mind.instinct

    def guard(self) -> Guard:
        """A fresh guard for one draft."""
        caps = self._ctx.brain.caps
        entries = [] if caps and caps.scripted else self.journal.entries()
        said = [entry.text for entry in entries if isinstance(entry, Said)]
        return Guard(self.persona, said, self.mind.heard.text)

    def said(self, done: Done, to: str, *, private: bool = False) -> Said:
        """The line as the character remembers it."""
        action = next((words for words, deed in self.mind.deeds.items() if _is(deed, done.actions)), "")
        gates = self.mind.carried(done.text)
        return Said(done.text, gates=gates, emotion=done.emotion.value, action=action, to=to, private=private)

    def remember(self, heard: Heard | None, done: Done, other: str) -> None:
        """Keep the exchange with `other`, and warm the grown journal while the player reads the line."""
        said = self.said(done, heard.speaker if heard else "", private=heard.private if heard else False)
        self.hold(heard, said, done, other)

    def hold(self, heard: Heard | None, said: Said, done: Done, other: str) -> None:
        """The exchange with `other` pends from now on. Nothing is kept if the slot has become another meanwhile."""
        ctx = self._ctx
        if self.scene.epoch != self.epoch:
            return
        if ctx.stage.hold_turn(ctx.session, self.scene, self.persona.id, heard, said, done, ctx.clock.now_ns()):
            self._feel(other)
            renew(ctx.stage, ctx.brain, self.scene, self.persona.id, ctx.clock)
            prefetch(ctx.stage, ctx.brain, self.scene, [self.persona.id], ctx.clock.now_ns())

    def _feel(self, other: str) -> None:
        """Ask in idle time whether the exchange left the character warmer or colder towards `other`."""
        brain = self._ctx.brain
        if other != PLAYER and other not in self._ctx.stage.pack.npcs:
            return
        if brain.caps is not None and brain.caps.chooses and not brain.caps.scripted and brain.idle:
            self._ctx.stage.in_background(self._move_mood(other))

    async def _move_mood(self, other: str) -> None:
        ctx, prompt = self._ctx, self.mind.feeling(other)
        deadline_ns = ctx.clock.now_ns() + PREFETCH_MS * NS_PER_MS
        key = self.scene.cache_key(self.persona.id)
        ask = Ask(JobClass.PREFETCH, deadline_ns, key, prompt.segments, prompt.slots)
        end = await carried_out(ctx.brain, ask)
        if end is not None and self.scene.epoch == self.epoch:
            self.scene.state.move_mood(self.persona.id, other, MOODS.get(end.choices.get(MOOD, ""), 0))
            self.scene.put_state()

    @property
    def _reach_tokens(self) -> float:
        """How much of what comes to mind can be read in time."""
        caps = self._ctx.brain.caps
        if caps is None or not caps.prefill_token_ms:
            return REACH_TOKENS
        return min(REACH_TOKENS, self._ctx.slack_ms * REACH_SHARE / caps.prefill_token_ms)

    def _ask(self, job_class: JobClass, seed: int | None, prompt: Prompt, script: Iterable[str]) -> Ask:
        return Ask(
            job_class=job_class,
            deadline_ns=self._ctx.deadline_ns,
            cache_key=self.scene.cache_key(self.persona.id),
            segments=prompt.segments,
            slots=prompt.slots,
            sampling=builder.sampling(secrets.randbelow(1 << 32) if seed is None else seed),
            script=tuple(script),
            arrived_ns=self._ctx.arrived_ns,
        )


def _is(deed: Deed, done: list[Action]) -> bool:
    return any(action.name == deed.action and action.args == deed.args for action in done)
