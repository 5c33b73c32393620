"""Prompts. First what never changes (the character sheet and example turns), then the journal, which only grows, then a
short tail for this moment: what is seen now, the facts asked about, the words just spoken.

Nothing before the tail changes from one line to the next, so a model's cache keeps it, and only the tail is processed
while a player waits. For the same reason facts stay out of the sheet: a small model recites what stands there, and a
fact in the tail right beside the question is what it uses best.

Measured on the 0.5B default model: example turns as real turns, a bracketed note beside the player's words, a reply
opened as `Name: "` that ends at the closing quote, temperature 0.3, min-p 0.1, repeat penalty 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from npc_engine import limits
from npc_engine.jobs import Sampling, Segment, Slot, TextSlot
from npc_engine.prompt.chat_formats import FORMATS, ChatFormat, Turn
from npc_engine.prompt.sanitise import clean
from npc_engine.world.journal import Entry, Event, Heard, Said
from npc_engine.world.persona import Fact, Persona
from npc_engine.world.spec import Place

#: Facts put beside the player's words at most.
FACTS = 2
#: Journal entries give way to the model's window, oldest first.
JOURNAL_PRIORITY = 1
#: Words that say nothing about what a line is about.
_COMMON = frozenset(
    """
    a about am an and any are as at be been but by can could did do does for from had has have he her here him his how
    i if in is it its know let like many me much my no not now of on or our please said say she so some such tell than
    thank that the their them then there these they this to up us was we were what when where which who why will with
    would yes you your
    """.split()  # noqa: SIM905 - a paragraph of words reads better than a list
)
_TITLES = frozenset(
    {"brother", "sister", "father", "mother", "captain", "lord", "lady", "sir", "dame", "old", "the", "king", "queen"}
)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)

SAY = TextSlot(max_tokens=48, soft_tokens=22, min_tokens=10, stop=('"', "\n"))
BARK = TextSlot(max_tokens=28, soft_tokens=12, min_tokens=8, stop=('"', "\n"))
DESCRIBE = TextSlot(name="narration", max_tokens=80, soft_tokens=48, min_tokens=16, stop=("\n",))


@dataclass(frozen=True, slots=True)
class Now:
    """What can be seen at this moment."""

    place: str
    period: str
    weather: str

    def phrase(self) -> str:
        """In a few words."""
        return ", ".join(part for part in (self.place, self.period, self.weather) if part)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and the slots of the reply. Stable segments come first."""

    segments: tuple[Segment, ...]
    slots: tuple[Slot, ...] = ()


def sampling(seed: int) -> Sampling:
    """How lines are sampled."""
    return Sampling(seed=seed)


def prefix(persona: Persona, setting: str, entries: Sequence[Entry], chat_format: str) -> Prompt:
    """The stable part of every prompt of this character, for warming."""
    return Prompt(_stable(persona, setting, entries, FORMATS[chat_format]))


def say(
    persona: Persona,
    setting: str,
    entries: Sequence[Entry],
    facts: Sequence[Fact],
    now: Now,
    heard: Heard,
    chat_format: str,
) -> Prompt:
    """An answer to `heard`; with an empty text the character speaks first. `facts` are those it may speak of now."""
    form = FORMATS[chat_format]
    name = short_name(persona)
    words: tuple[Segment, ...]
    if heard.text:
        words = (
            Segment(_speaker(heard.speaker) + ': "'),
            Segment(heard.text, trusted=False, origin="player"),
            Segment('"'),
        )
    else:
        words = (Segment(f"({_speaker(heard.speaker)} comes up and waits. {name} speaks first.)", origin="tail"),)
    tail = (
        Segment(f"{form.user.open}[{_note(name, now, facts, heard.text)}]\n", origin="tail"),
        *words,
        Segment(form.user.close + _opening(form, name), origin="tail"),
    )
    return Prompt(_stable(persona, setting, entries, form) + tail, (_stopping(SAY, form),))


def bark(
    persona: Persona,
    setting: str,
    entries: Sequence[Entry],
    facts: Sequence[Fact],
    now: Now,
    about: str,
    chat_format: str,
) -> Prompt:
    """A remark in passing, to nobody in particular."""
    form = FORMATS[chat_format]
    name = short_name(persona)
    cue = (Segment(" about "), Segment(about, trusted=False, origin="game")) if about else ()
    tail = (
        Segment(f"{form.user.open}[{_note(name, now, facts, about)}]\n({name} mutters a short remark", origin="tail"),
        *cue,
        Segment(f", to nobody in particular.){form.user.close}{_opening(form, name)}", origin="tail"),
    )
    return Prompt(_stable(persona, setting, entries, form) + tail, (_stopping(BARK, form),))


def describe(place: Place, setting: str, now: Now, chat_format: str) -> Prompt:
    """What a newcomer sees, in two sentences. The place's authored description shows the tone."""
    form = FORMATS[chat_format]
    sheet = f"You describe places in a story, in two short vivid sentences, in the present tense.\n{setting.strip()}"
    details = "; ".join([*place.props, place.light, *place.sounds, *place.smells])
    task = f"Place: {place.name}. It is {now.period}, {now.weather}. Details: {details}."
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


def short_name(persona: Persona) -> str:
    """What others call the character: the first word of its name that is no title."""
    words = persona.name.split()
    return next((word for word in words if word.lower().strip(".") not in _TITLES), words[0])


def relevant(facts: Sequence[Fact], text: str) -> list[Fact]:
    """The facts that the words ask about, best first: a shared topic counts twice a shared word."""
    asked = keywords(text)
    scored = []
    for order, fact in enumerate(facts):
        topics = {_stem(topic.lower()) for topic in fact.topics}
        score = 2 * len(asked & topics) + len(asked & keywords(fact.text))
        if score:
            scored.append((-score, order, fact))
    return [fact for _, _, fact in sorted(scored, key=lambda item: item[:2])[:FACTS]]


def keywords(text: str) -> frozenset[str]:
    """The words of a line that tell what it is about, without their plural s."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON)


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def _note(name: str, now: Now, facts: Sequence[Fact], about: str) -> str:
    """What is seen now and what is known of the matter. Told who knows it, the 0.5B model used the fact a
    little more often: in 48 of 80 answers, judged by keywords, against 40."""
    known = [fact.text for fact in relevant(facts, about)]
    return " ".join([now.phrase() + ".", *([f"{name} knows:", *known] if known else [])])


def _stable(persona: Persona, setting: str, entries: Sequence[Entry], form: ChatFormat) -> tuple[Segment, ...]:
    name = short_name(persona)
    examples = "".join(
        _turn(form.user, f'Traveller: "{example.player}"') + _turn(form.assistant, f'{name}: "{example.reply}"')
        for example in persona.examples
    )
    sheet = Segment(_sheet(form, _character(persona, setting)) + examples, origin="persona", stable=True)
    return (
        sheet,
        *(segment for number, entry in enumerate(entries, 1) for segment in _entry(entry, number, name, form)),
    )


def _character(persona: Persona, setting: str) -> str:
    name = short_name(persona)
    lines = [
        f"You are {persona.name}" + (f", {persona.role}." if persona.role else "."),
        persona.summary,
        persona.background.strip(),
        f"Manner: {', '.join(persona.personality)}." if persona.personality else "",
        f"Speech: {persona.speech_style.strip()}." if persona.speech_style else "",
        f"Wants: {'; '.join(persona.goals)}." if persona.goals else "",
        setting.strip(),
        f"{name} answers in one or two short spoken sentences. What {name} does not know, {name} says so plainly.",
    ]
    return "\n".join(line for line in lines if line)


def _entry(entry: Entry, number: int, name: str, form: ChatFormat) -> tuple[Segment, ...]:
    """One thing the character lived through. Each entry is trimmed as a whole."""
    match entry:
        case Heard(speaker=speaker, text=text):
            parts = (form.user.open + _speaker(speaker) + ': "', text, '"' + form.user.close)
        case Said(text=text):
            parts = (form.assistant.open + f'{name}: "', text, '"' + form.assistant.close)
        case Event(text=text):
            parts = (form.user.open + "(", text, ")" + form.user.close)
    return tuple(
        Segment(part, trusted=part is not text, priority=JOURNAL_PRIORITY, origin="journal", stable=True, entry=number)
        for part in parts
    )


def _speaker(speaker: str) -> str:
    """How the speaker is called in the prompt."""
    return "Traveller" if speaker == "player" else clean(speaker, limits.NAME_CHARS)


def _sheet(form: ChatFormat, text: str) -> str:
    return form.begin + _turn(form.system, text)


def _opening(form: ChatFormat, name: str) -> str:
    return f'{form.assistant.open}{name}: "'


def _stopping(slot: TextSlot, form: ChatFormat) -> TextSlot:
    return TextSlot(slot.name, slot.max_tokens, slot.soft_tokens, slot.min_tokens, slot.stop + form.stop)


def _turn(marks: Turn, text: str) -> str:
    return marks.open + text + marks.close
