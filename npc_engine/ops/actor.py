"""A character on the stage for one request: its prompt, its guard, its voice, its memory of what was said."""

from __future__ import annotations

import secrets

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import JobClass
from npc_engine.ops.base import Ask, OpContext
from npc_engine.ops.speech import Voice
from npc_engine.prompt import builder
from npc_engine.prompt.guard import Guard
from npc_engine.wire.messages import Done
from npc_engine.world.journal import Heard, Said

#: How long an idle-time warm-up may wait for its turn, milliseconds.
PREFETCH_MS = 30_000
#: The chat format assumed while no engine has loaded; nothing is generated with it.
NO_FORMAT = "plain"


class Actor:
    """One character in one save slot. Raises UNKNOWN_NPC."""

    def __init__(self, ctx: OpContext, npc: str, slot: str) -> None:
        self._ctx = ctx
        self.persona = ctx.stage.persona(npc)
        self.scene = ctx.stage.scene(ctx.game, slot)
        self.journal = self.scene.journal(npc)
        authored, scope = ctx.stage.authored, self.scene.state.scope(npc)
        cut_off = authored.pick(npc, "cut_off", scope)
        self.voice = Voice(lambda kind: authored.pick(npc, kind, scope), cut_off)
        self.voice_in_passing = Voice(lambda kind: authored.pick(npc, "idle", scope), cut_off)

    def ask(self, job_class: JobClass, seed: int | None, *, heard: Heard | None = None, about: str = "") -> Ask:
        """The work of one line: an answer to what was heard, or else a remark in passing."""
        ctx = self._ctx
        authored, scope = ctx.stage.authored, self.scene.state.scope(self.persona.id)
        facts = ctx.stage.known_facts(self.scene, self.persona)
        entries = self.journal.entries()
        if heard is not None:
            prompt = builder.say(self.persona, self._setting, entries, facts, self._now, heard, self._format)
            script = (
                [example.reply for example in self.persona.examples]
                if heard.text
                else authored.all(self.persona.id, "greet", scope)
            )
        else:
            prompt = builder.bark(self.persona, self._setting, entries, facts, self._now, about, self._format)
            script = authored.all(self.persona.id, "idle", scope)
        return Ask(
            job_class=job_class,
            deadline_ns=ctx.deadline_ns,
            cache_key=self.scene.cache_key(self.persona.id),
            segments=prompt.segments,
            slots=prompt.slots,
            sampling=builder.sampling(secrets.randbelow(1 << 32) if seed is None else seed),
            script=tuple(script),
            arrived_ns=ctx.arrived_ns,
        )

    def warm_up(self, deadline_ns: int) -> Ask:
        """Only the part of the prompt that the next line will share."""
        prompt = builder.prefix(self.persona, self._setting, self.journal.entries(), self._format)
        return Ask(JobClass.PREFETCH, deadline_ns, self.scene.cache_key(self.persona.id), prompt.segments)

    def guard(self) -> Guard:
        """A fresh guard for one draft."""
        caps = self._ctx.brain.caps
        entries = [] if caps and caps.scripted else self.journal.entries()
        return Guard(self.persona, [entry.text for entry in entries if isinstance(entry, Said)])

    def remember(self, heard: Heard | None, done: Done) -> None:
        """Keep the exchange, and warm the grown journal while the player reads the line."""
        ctx = self._ctx
        now_ns = ctx.clock.now_ns()
        if ctx.stage.hold_turn(ctx.session, self.scene, self.persona.id, heard, done, now_ns):
            ctx.brain.prefetch(self.warm_up(now_ns + PREFETCH_MS * NS_PER_MS))

    @property
    def _format(self) -> str:
        caps = self._ctx.brain.caps
        return caps.chat_format if caps else NO_FORMAT

    @property
    def _setting(self) -> str:
        return self._ctx.stage.pack.world.setting

    @property
    def _now(self) -> builder.Now:
        """What can be seen from where the character is."""
        state = self.scene.state
        place = self._ctx.stage.pack.places.get(state.places.get(self.persona.id, ""))
        return builder.Now(place=place.name if place else "", period=state.period, weather=state.weather)
