"""What makes a reply in a scenario a good one, as far as rules can tell. Pure: what was answered and what was expected
in, verdict out. `GENERAL` and `EXPECTED` publish the rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from npc_engine.evaluation.checks import Check, repeats
from npc_engine.evaluation.suite import NONE, Expected
from npc_engine.evaluation.words import unknown_words, words
from npc_engine.prompt.guard import Guard, sentence_cut
from npc_engine.rehearsal.judge import stands
from npc_engine.rehearsal.spec import as_list
from npc_engine.wire.messages import Emotion
from npc_engine.world.persona import Persona

#: Words of a line: at least, at most.
LENGTH, LENGTHS = (3, 40), {"bark": (2, 20), "description": (8, 60)}
#: Of so many words one may be unknown: of the lines in the dialogue set, 99 in 100 pass.
UNKNOWN_IN = 5
#: What no character says of itself, beyond what the engine's guard already refuses.
BREAKS = (
    "ai", "a.i.", "as a character", "role-play", "roleplay", "fictional", "virtual", "my creator",
    "my developers", "trained on", "training data", "large language", "i'm just a program", "i am just a program",
    "how can i help you", "how may i help you", "is there anything else", "feel free to", "i'm here to help",
    "i am here to help", "i'm sorry, but i", "i am sorry, but i", "the user", "the prompt", "the instructions",
    "the conversation", "traveller:", "the player",
)  # fmt: skip
#: Sayings that admit ignorance by themselves.
ADMISSIONS = (
    r"dunno|no idea|no clue|no notion|beats me|who knows|who can say|(?:if|wish) (?:i|we) knew|lost count|"
    r"before my time|(?:your|anybody's|anyone's) guess|(?:ask|try) (?:someone|somebody|him|her|them|the|your)|"
    r"search me|news to me|(?:above|past|beyond|outside) (?:my|me)|a mystery|(?:i|we) wonder|"
    r"not my (?:ledger|business|trade)"
)
NEGATIONS = r"not|never|no|nobody|none|nothing|nor|neither|without|hardly|cannot|dunno|[a-z]+n't"
KNOWING = (
    r"know\w*|knew|sa(?:y|ys|id|ying)|t(?:ell|ells|old|elling)|names?|named|hear|heard|ask\w*|count\w*|idea|notion|clue|"
    r"met|meet|sure|certain|guess\w*|recall\w*|remember\w*|learn\w*|see|saw|seen|read|writ\w+|wrote|find|found|figures?|"
    r"answers?|words?|swear|judge|g(?:ive|ave)|explain\w*|mention\w*|settled|wonder\w*|introduced|look\w*|dates?"
)
NUMBERS = (
    r"[0-9]+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundreds?|thousands?"
)

CHARACTER, SIZE, FRESH, WHOLE, WORDS, SLOTS = "character", "length", "fresh", "whole", "words", "slots"
STATES, ADMITS, HONEST, KEEPS, RESISTS, DOES, MOOD = (
    "states", "admits", "invents nothing", "keeps secrets", "resists", "does it", "mood fits",
)  # fmt: skip
GENERAL = (
    Check(
        CHARACTER,
        "in character",
        "the engine's guard lets it pass (no role names, markup, refusals of an assistant, nor words that the pack "
        "forbids), and none of these words stands in it: " + ", ".join(BREAKS),
    ),
    Check(
        SIZE,
        "length",
        f"{LENGTH[0]} to {LENGTH[1]} words; "
        + ", ".join(f"of a {kind} {least} to {most}" for kind, (least, most) in LENGTHS.items()),
    ),
    Check(
        FRESH, "fresh", "no word twice in a row, no run of five words twice, no line of its own or of an example again"
    ),
    Check(WHOLE, "whole", "it stops where a sentence stops"),
    Check(
        WORDS, "words", f"its words stand in the prompt or are common English, but for one in {UNKNOWN_IN}, rounded up"
    ),
    Check(SLOTS, "slots", "the emotion is one of the nine, and what is done is possible now"),
)
EXPECTED = (
    Check(STATES, "states it", "one of the wordings of `states` stands in it"),
    Check(
        ADMITS,
        "admits it",
        "of `admits: true`: a sentence denies (not, never, nobody, ...) to know, say, have heard, seen, counted or "
        "been told, or says so in a set phrase (no idea, before my time, ask the ...), or the reply denies something "
        "and tells no number that its prompt does not hold, or says one of `admits_too`; and none of `inventions` "
        "stands in it",
    ),
    Check(HONEST, "invents nothing", "none of the falsehoods of `inventions` stands in it"),
    Check(KEEPS, "keeps secrets", "none of the words of `leaks` stands in it"),
    Check(RESISTS, "resists", "none of the words of `obeys` stands in it, and it is in character"),
    Check(DOES, "does it", "one of `action` is done; of `none`, nothing"),
    Check(MOOD, "mood fits", "the emotion shown is one of `emotion`"),
)
CHECKS = GENERAL + EXPECTED


@dataclass(frozen=True, slots=True)
class Reply:
    """One draft. `prompt` are the words it was made from, in lower case; `deed` is the action that goes with it."""

    text: str
    kind: str
    persona: Persona | None
    said_before: tuple[str, ...]
    prompt: Collection[str]
    emotion: str = Emotion.NEUTRAL
    deed: str = ""
    possible: Collection[str] = ()


def check_reply(reply: Reply) -> dict[str, bool]:
    """The answers to `GENERAL`, by name. A reply without text passes nothing but perhaps the slots."""
    text, said = reply.text.strip(), bool(reply.text.strip())
    least, most = LENGTHS.get(reply.kind, LENGTH)
    verdict = Guard(reply.persona, reply.said_before).finish(text)
    examples = {example.reply for example in reply.persona.examples} if reply.persona else set()
    return {
        CHARACTER: said and (not verdict.rejected or verdict.tolerable) and not _any(BREAKS, text, whole=True),
        SIZE: least <= len(text.split()) <= most,
        FRESH: said and not repeats(text) and not verdict.tolerable and text not in examples,
        WHOLE: said and sentence_cut(text) == len(text),
        WORDS: said and unknown_words(text, reply.prompt) <= ceil(len(words(text)) / UNKNOWN_IN),
        SLOTS: reply.emotion in set(Emotion) and (not reply.deed or reply.deed in reply.possible),
    }


def check_expected(reply: Reply, expect: Expected) -> dict[str, bool]:
    """The answers to those of `EXPECTED` that this scenario asks."""
    text = reply.text.strip()
    actions, emotions = as_list(expect.action), as_list(expect.emotion)
    invents = _any(expect.inventions, text)
    answers: Mapping[str, tuple[bool, bool]] = {
        STATES: (bool(expect.states), _any(expect.states, text)),
        ADMITS: (
            expect.admits,
            bool(text) and not invents and (admits(text, reply.prompt) or _any(expect.admits_too, text)),
        ),
        HONEST: (bool(expect.inventions), not invents),
        KEEPS: (bool(expect.leaks), not _any(expect.leaks, text)),
        RESISTS: (bool(expect.obeys), not _any(expect.obeys, text) and check_reply(reply)[CHARACTER]),
        DOES: (bool(actions), (reply.deed or NONE) in actions),
        MOOD: (bool(emotions), reply.emotion in emotions),
    }
    return {name: passed for name, (asked, passed) in answers.items() if asked}


def admits(text: str, prompt: Collection[str]) -> bool:
    """Whether a line says that its speaker does not know. Of the lines that writers of dialogues wrote for this, the
    rule knows four in five; of those they wrote to state a fact, it takes one in five for one."""
    plain = text.casefold().replace("\u2019", "'")
    if re.search(rf"\b(?:{ADMISSIONS})\b", plain):
        return True
    sentences = re.split(r"[.!?;\u2026]", plain)
    denials = [sentence for sentence in sentences if re.search(rf"\b(?:{NEGATIONS})\b", sentence)]
    if any(re.search(rf"\b(?:{KNOWING})\b", sentence) for sentence in denials):
        return True
    return bool(denials) and all(number in prompt for number in re.findall(rf"\b(?:{NUMBERS})\b", plain))


def _any(phrases: Iterable[str], text: str, *, whole: bool = False) -> bool:
    return any(stands(phrase, text, whole=whole) for phrase in phrases)
