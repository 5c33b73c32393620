"""Prompts. First what never changes (the character sheet and example turns), then the journal, which only grows, then a
short tail: the words just spoken, and what they bring to mind.

Nothing before the tail changes from one line to the next, so a model's cache keeps it, and only the tail is processed
while a player waits. What can be seen stands beside the words only where it has changed, and what comes to mind stands
after them: so the words are in the cache already when they are next read as part of the journal. Facts stay out of the
sheet: a small model recites what stands there, and a fact right beside the question is what it uses best.

Measured on the 0.5B default model: example turns as real turns, a bracketed note beside the player's words, a reply
opened as `Name: "` that ends at the closing quote, temperature 0.3, min-p 0.1, repeat penalty 1.1 over 16 tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from npc_engine import limits
from npc_engine.jobs import ChoiceSlot, Sampling, Segment, Slot, TextSlot
from npc_engine.prompt import reply
from npc_engine.prompt.chat_formats import ChatFormat, Turn
from npc_engine.prompt.sanitise import clean
from npc_engine.world.journal import Entry, Event, Heard, Said
from npc_engine.world.names import called, short_name
from npc_engine.world.persona import ActionSpec, Persona
from npc_engine.world.spec import Place

#: Journal entries give way to the model's window, oldest first.
JOURNAL_PRIORITY = 1
#: The slot of `feeling`, and what it may say.
MOOD, WARMER, SAME, COLDER = "mood", "warmer", "same", "colder"

SAY = TextSlot(max_tokens=48, soft_tokens=22, min_tokens=10, stop=('"', "\n"))
BARK = TextSlot(max_tokens=28, soft_tokens=12, min_tokens=8, stop=('"', "\n"))
DESCRIBE = TextSlot(name="narration", max_tokens=80, soft_tokens=48, min_tokens=16, stop=("\n",))


@dataclass(frozen=True, slots=True)
class Moment:
    """What is particular to this moment. `note`: what can be seen and felt, empty if the journal has it already.
    `known`: sentences the words bring to mind. `deeds`: what the character may do, as the model writes it."""

    note: str = ""
    known: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and the slots of the reply. Stable segments come first."""

    segments: tuple[Segment, ...]
    slots: tuple[Slot, ...] = ()


def sampling(seed: int) -> Sampling:
    """How lines are sampled."""
    return Sampling(seed=seed)


def prefix(persona: Persona, setting: str, entries: Sequence[Entry], form: ChatFormat) -> Prompt:
    """The stable part of every prompt of this character, for warming."""
    return Prompt(_stable(persona, setting, entries, form))


def say(
    persona: Persona,
    setting: str,
    entries: Sequence[Entry],
    moment: Moment,
    heard: Heard,
    topic: str,
    form: ChatFormat,
) -> Prompt:
    """An answer to `heard`; with an empty text the character speaks first, perhaps about `topic`."""
    name = short_name(persona)
    if heard.text:
        words = _heard(heard, form)
    else:
        about = (Segment(" about "), _foreign(topic, "game")) if topic else ()
        comes = f"({_called(heard.speaker)} comes up and waits. {name} speaks first"
        words = (*_note(moment.note, form), Segment(comes), *about, Segment(".)"))
    opening, slots = reply.slots(persona, name, moment.deeds, _stopping(SAY, form), asked=form.chooses)
    tail = (
        *_own(words),
        *_known(name, moment.known),
        Segment(form.user.close + form.assistant.open + opening, origin="tail"),
    )
    return Prompt(_stable(persona, setting, entries, form) + tail, slots)


def bark(
    persona: Persona, setting: str, entries: Sequence[Entry], moment: Moment, about: str, form: ChatFormat
) -> Prompt:
    """A remark in passing, to nobody in particular."""
    name = short_name(persona)
    cue = (Segment(" about "), _foreign(about, "game")) if about else ()
    label = _label(persona, "", "", form)
    tail = (
        *_own(_note(moment.note, form)),
        Segment(f"({name} mutters a short remark", origin="tail"),
        *cue,
        Segment(", to nobody in particular.)", origin="tail"),
        *_known(name, moment.known),
        Segment(form.user.close + form.assistant.open + label, origin="tail"),
    )
    return Prompt(_stable(persona, setting, entries, form) + tail, (_stopping(BARK, form),))


def feeling(persona: Persona, setting: str, entries: Sequence[Entry], other: str, form: ChatFormat) -> Prompt:
    """Whether the character feels warmer or colder towards `other` than before."""
    name = short_name(persona)
    question = f"(How does {name} feel towards {_clean(other)} now: {WARMER}, {SAME} or {COLDER}?)"
    tail = Segment(_turn(form.user, question) + form.assistant.open + f"({name} feels ", origin="tail")
    return Prompt((*_stable(persona, setting, entries, form), tail), (ChoiceSlot(MOOD, (WARMER, SAME, COLDER)),))


def describe(place: Place, setting: str, seen: Sequence[str], form: ChatFormat) -> Prompt:
    """What a newcomer sees, in two sentences, from `seen`: hour and weather first, then details."""
    sheet = f"You describe places in a story, in two short vivid sentences, in the present tense.\n{setting.strip()}"
    task = clean(
        f"Place: {place.name}. It is {', '.join(seen[:2])}. Details: {'; '.join(seen[2:])}.", limits.TEXT_CHARS
    )
    example = _turn(form.user, "Place: a landing on the river. It is dawn, fog. Details: a tarred boat; a rope; gulls.")
    answer = _turn(
        form.assistant, "Fog lies on the water, and a tarred boat knocks against its rope. Somewhere gulls quarrel."
    )
    segments = (
        Segment(_sheet(form, sheet) + example + answer, origin="sheet", stable=True),
        Segment(form.user.open),
        Segment(task, trusted=False, origin="place"),
        Segment(form.user.close + form.assistant.open, origin="tail"),
    )
    return Prompt(segments, (_stopping(DESCRIBE, form),))


def _known(name: str, known: Sequence[str]) -> tuple[Segment, ...]:
    """What the character knows of the matter. Told who knows it, the 0.5B model used a fact a little more often: in 48
    of 80 answers, judged by keywords, against 40."""
    return _bracket(f"{name} knows", known)


def _bracket(what: str, told: Sequence[str]) -> tuple[Segment, ...]:
    if not told:
        return ()
    return (Segment(f"\n[{what}: ", origin="knowledge"), _foreign(" ".join(told), "knowledge"), Segment("]"))


def _note(note: str, form: ChatFormat) -> tuple[Segment, ...]:
    """The beginning of a user turn, with what can be seen."""
    if not note:
        return (Segment(form.user.open),)
    return (Segment(form.user.open + "["), _foreign(note, "world"), Segment("]\n"))


def _heard(heard: Heard, form: ChatFormat) -> tuple[Segment, ...]:
    """Words spoken to the character: the same segments while they are new as when they stand in the journal."""
    words = _foreign(heard.text, "player")
    return (
        *_note(heard.note, form),
        Segment(_called(heard.speaker) + ': "'),
        words,
        Segment('"'),
        *_bracket("comes to mind", heard.minded),
    )


def _foreign(text: str, origin: str) -> Segment:
    """Text of players, games, packs and saves: data, whatever it says."""
    return Segment(_clean(text), trusted=False, origin=origin)


@lru_cache(maxsize=16_384)
def _clean(text: str) -> str:
    """Remembered, because each request cleans the whole journal again."""
    return clean(text, limits.TEXT_CHARS)


def _own(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Segments of the tail, where they name no origin."""
    return tuple(msgspec.structs.replace(segment, origin=segment.origin or "tail") for segment in segments)


def _stable(persona: Persona, setting: str, entries: Sequence[Entry], form: ChatFormat) -> tuple[Segment, ...]:
    examples = "".join(
        _turn(form.user, f'Traveller: "{example.player}"')
        + _turn(form.assistant, f'{_label(persona, example.emotion, _words(example.action), form)}{example.reply}"')
        for example in persona.examples
    )
    sheet = Segment(_sheet(form, _character(persona, setting, form)) + examples, origin="persona", stable=True)
    return (
        sheet,
        *(segment for number, entry in enumerate(entries, 1) for segment in _entry(persona, entry, number, form)),
    )


def _character(persona: Persona, setting: str, form: ChatFormat) -> str:
    name = short_name(persona)
    lines = [
        f"You are {persona.name}" + (f", {persona.role}." if persona.role else "."),
        persona.summary,
        persona.background.strip(),
        f"Manner: {', '.join(persona.personality)}." if persona.personality else "",
        f"Speech: {persona.speech_style.strip()}." if persona.speech_style else "",
        f"Wants: {'; '.join(persona.goals)}." if persona.goals else "",
        f"Can do: {'; '.join(map(_ability, persona.actions))}." if persona.actions and form.chooses else "",
        setting.strip(),
        f"{name} answers in one or two short spoken sentences. What {name} does not know, {name} says so plainly.",
    ]
    return "\n".join(line for line in lines if line)


def _entry(persona: Persona, entry: Entry, number: int, form: ChatFormat) -> tuple[Segment, ...]:
    """One thing the character lived through. Each entry is trimmed as a whole."""
    match entry:
        case Heard():
            parts = (*_heard(entry, form), Segment(form.user.close))
        case Said():
            label = _label(persona, _clean(entry.emotion), _clean(entry.action), form)
            parts = (
                Segment(form.assistant.open + label),
                _foreign(entry.text, "said"),
                Segment('"' + form.assistant.close),
            )
        case Event():
            parts = (Segment(form.user.open + "("), _foreign(entry.text, "event"), Segment(")" + form.user.close))
    return tuple(
        msgspec.structs.replace(part, priority=JOURNAL_PRIORITY, origin="journal", stable=True, entry=number)
        for part in parts
    )


def _called(speaker: str) -> str:
    return _clean(called(speaker))


def _sheet(form: ChatFormat, text: str) -> str:
    return form.begin + _turn(form.system, text)


def _label(persona: Persona, emotion: str, deed: str, form: ChatFormat) -> str:
    return reply.label(persona, short_name(persona), emotion, deed, asked=form.chooses)


def _ability(action: ActionSpec) -> str:
    return _words(action.name) + (f" ({action.text})" if action.text else "")


def _words(action: str) -> str:
    return action.replace("_", " ")


def _stopping(slot: TextSlot, form: ChatFormat) -> TextSlot:
    return TextSlot(slot.name, slot.max_tokens, slot.soft_tokens, slot.min_tokens, slot.stop + form.stop)


def _turn(marks: Turn, text: str) -> str:
    return marks.open + text + marks.close
