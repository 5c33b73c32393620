"""From a prompt to a line that may be shown: drafts, guard, redrafts, and what to say when none of it works.

The ladder: the model's whole line → the part of it that stands → a line the author wrote. Text published as stable
is never taken back: the reply begins with it; where that stops inside a sentence, the author's `cut_off` ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import MappingProxyType

from npc_engine.jobs import Draft as DraftUpdate
from npc_engine.jobs import Finished, FinishReason, Usage
from npc_engine.ops.base import Ask, OpContext, Refusal, WorkerLost
from npc_engine.prompt.guard import Guard, Unjudged, sentence_cut
from npc_engine.prompt.reply import ACTION, EMOTION
from npc_engine.storage.search_terms import is_unspaced
from npc_engine.wire.messages import Action, Done, Emotion, Reason, Source, Timing
from npc_engine.world.actions import Deed
from npc_engine.world.instinct import Instinct

NO_USAGE = Usage()
NO_DEEDS: Mapping[str, Deed] = MappingProxyType({})
#: Drafts tried for one line: the guard judges each, the next is begun only while the budget allows.
MAX_DRAFTS = 4
#: A whole line that is only dull is drafted again if there is at least this many times the time left that it took.
REDRAFT_MARGIN = 2.0

#: Which of the author's lines answers which misfortune.
AUTHORED_KIND: dict[Reason, str] = {
    Reason.LATE: "late",
    Reason.BUSY: "busy",
    Reason.LOADING: "busy",
    Reason.GUARD: "confused",
    Reason.CRASHED: "late",
    Reason.QUARANTINED: "confused",
    Reason.STOPPING: "busy",
    Reason.LENGTH: "late",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, for the ladder's lower rungs: `authored(kind)` picks a line, `cut_off()` ends one that was cut."""

    authored: Callable[[str], str]
    cut_off: Callable[[], str] = lambda: "..."


class Speech:
    """One line in the making."""

    def __init__(self, ctx: OpContext, voice: Voice) -> None:
        self._ctx = ctx
        self._voice = voice
        self._published = ""
        self._spare = ""  # a whole line that is only dull, for want of a better one
        self._emotion = Emotion.NEUTRAL
        self._deeds: Mapping[str, Deed] = {}
        self._deed: Deed | None = None
        self._usage = NO_USAGE
        self._drafts = 0
        ctx.rescue = self.rescue

    async def run(
        self,
        ask: Ask,
        make_guard: Callable[[], Guard],
        deeds: Mapping[str, Deed] = NO_DEEDS,
        instinct: Instinct | None = None,
    ) -> Done:
        """Speak within the budget. `deeds` are what the character may do, by how the model writes it; `instinct` is
        what it does and feels unless the model chooses."""
        self._deeds = deeds
        if instinct is not None:
            self._note_choices({EMOTION: instinct.emotion, ACTION: instinct.deed})
        brain = self._ctx.brain
        begun_ms = self._ctx.slack_ms
        for draft in range(MAX_DRAFTS):
            # Wit is not worth the time that others need, nor a line that might be cut.
            begun_ms, took_ms = self._ctx.slack_ms, begun_ms - self._ctx.slack_ms
            if self._spare and (not brain.idle or begun_ms < REDRAFT_MARGIN * took_ms):
                return self.rescue(Reason.GUARD)
            attempt = ask if draft == 0 else ask.redraft(draft)
            refusal = brain.admit(attempt)
            if refusal is not None:
                return self.refused(refusal) if draft == 0 else self.rescue(Reason.GUARD)
            self._drafts = draft + 1
            try:
                done = await self._attempt(attempt, Unjudged() if self._noise else make_guard())
            except WorkerLost:
                return self.rescue(Reason.CRASHED)
            if done is not None:
                return done
        return self.rescue(Reason.GUARD)

    @property
    def _noise(self) -> bool:
        """Whether the model's words mean nothing: then they are shown as they come, to show that they come in time."""
        caps = self._ctx.brain.caps
        return caps is not None and caps.noise

    def rescue(self, reason: Reason) -> Done:
        """The best reply there is right now."""
        text = self._published
        if self._spare and not text:
            return self._done(self._spare, Source.MODEL, None)
        if not text:
            line = self._voice.authored(AUTHORED_KIND[reason])
            return self._done(line, Source.AUTHORED, reason)
        if sentence_cut(text) != len(text):
            text = join_cut_off(text, self._voice.cut_off())
        return self._done(text, Source.PARTIAL, reason)

    async def _attempt(self, ask: Ask, guard: Guard) -> Done | None:
        """One draft. None: the guard refused it before anything was published, so another may be tried."""
        async with aclosing(self._ctx.brain.generate(ask)) as updates:
            async for update in updates:
                if isinstance(update, Finished):
                    return self._judge(update, guard)
                if not self._advance(update, guard):
                    break
        return self.rescue(Reason.GUARD) if self._published else None

    def _advance(self, update: DraftUpdate, guard: Guard) -> bool:
        """Publish what the guard has cleared. False: the guard refuses the draft."""
        self._note_choices(update.choices)
        if self._noise and update.text.strip():  # the last draft is as good as any: at the deadline it is the line
            self._published = update.text
            self._ctx.publish(update.text, update.stable)
            return True
        verdict = guard.feed(update.text, update.stable)
        if verdict.rejected:
            return False
        text = whole_words(update.text[: verdict.cleared].lstrip())
        if len(text) > len(self._published):
            self._published = text
            self._ctx.publish(text, len(text))
        return True

    def _judge(self, finished: Finished, guard: Guard) -> Done | None:
        self._usage = finished.usage
        self._note_choices(finished.choices)
        match finished.reason:
            case FinishReason.STOP | FinishReason.SENTENCE:
                reason = None
            case FinishReason.LENGTH:
                reason = None if self._noise else Reason.LENGTH
            case FinishReason.DROPPED | FinishReason.CANCELLED:
                return self.rescue(Reason.BUSY if not self._published else Reason.LATE)
            case _:
                return self.rescue(Reason.CRASHED)
        verdict = guard.finish(finished.text)
        if verdict.rejected:
            if verdict.tolerable and reason is None:
                self._spare = finished.text.strip()
                if self._published:
                    return self._done(self._spare, Source.MODEL, None)
            return self.rescue(Reason.GUARD) if self._published else None
        text = finished.text[: verdict.cleared].strip()
        if reason is None and text == finished.text.strip():
            return self._done(text, Source.MODEL, None)
        reason = reason or Reason.GUARD
        standing = text[: sentence_cut(text)].rstrip()
        if standing and len(standing) >= len(self._published):
            return self._done(standing, Source.PARTIAL, reason)
        return self.rescue(reason)

    def refused(self, refusal: Refusal) -> Done:
        """The reply if the model is not even asked."""
        done = self.rescue(refusal.reason)
        done.retry_after_ms = refusal.retry_after_ms
        return done

    def _note_choices(self, choices: dict[str, str]) -> None:
        if EMOTION in choices:
            self._emotion = Emotion(choices[EMOTION])
        if ACTION in choices:
            self._deed = self._deeds.get(choices[ACTION])

    def _done(self, text: str, source: Source, reason: Reason | None) -> Done:
        emotion = self._emotion if source is not Source.AUTHORED else Emotion.NEUTRAL
        timing = Timing(
            queue_ms=round(self._usage.queue_ms, 2),
            prompt_tokens=self._usage.prompt_tokens,
            cached_tokens=self._usage.cached_tokens,
            output_tokens=self._usage.output_tokens,
            drafts=self._drafts,
        )
        return Done(
            id=self._ctx.request.id,
            text=text,
            emotion=emotion,
            actions=self._actions(source),
            source=source,
            reason=reason,
            timing=timing,
        )

    def _actions(self, source: Source) -> list[Action]:
        """The deed belongs to the whole line; to a part of it only if its author says that does no harm."""
        deed = self._deed
        if deed is None or source is Source.AUTHORED or (source is Source.PARTIAL and not deed.safe_when_cut):
            return []
        return [Action(name=deed.action, args=deed.args)]


def whole_words(text: str) -> str:
    """`text` up to its last word that cannot grow any more. Scripts without spaces lose at most one character."""
    for end in range(len(text) - 1, -1, -1):
        if not text[end].isalnum() and text[end] not in "'\u2019-":
            return text[: end + 1].rstrip()
        if is_unspaced(text[end]):  # every character is a word
            return text[:end].rstrip()
    return ""


def join_cut_off(text: str, cut_off: str) -> str:
    """End a line that stops inside a sentence the way its author wants it; what was shown is only added to."""
    glued = cut_off[:1] in ".…—" and text[-1:].isalnum()
    return text + cut_off if glued else f"{text} {cut_off}"
