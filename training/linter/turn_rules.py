"""What must be true of every turn by itself. `findings` gives what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from npc_engine import limits
from npc_engine.evaluation.words import COMMON
from npc_engine.prompt.guard import Guard
from npc_engine.prompt.sanitise import clean
from npc_engine.world.keywords import keywords
from npc_engine.world.leaks import TELLING_WORDS
from npc_engine.world.lint import Finding
from npc_engine.world.names import short_name
from training.dialogue.spec import DialogueTurn
from training.linter.lines import Spoken

#: Words of a reply: at least, at most.
LENGTHS = {"bark": (3, 16), "description": (12, 50)}
LENGTH = (5, 35)
#: Characters that no spoken line holds: quotes that would end it, markup, stage directions.
FORBIDDEN = '"“”«»*_`<>[]{}()|\\#~^=\n\t'
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")


def findings(line: Spoken) -> Iterator[Finding]:
    """What is wrong with this turn."""
    yield from _form(line)
    yield from _guard(line)
    yield from _knowledge(line)
    yield from _deed(line)


def _form(line: Spoken) -> Iterator[Finding]:
    reply = line.turn.reply
    least, most = LENGTHS.get(line.turn.about, LENGTH)
    if not least <= len(line.words) <= most:
        yield line.error(f"{len(line.words)} words; {line.turn.about} takes {least} to {most}")
    if wrong := sorted({character for character in reply if character in FORBIDDEN}):
        yield line.error(f"holds {' '.join(map(repr, wrong))}: no quotation marks, markup, brackets or line breaks")
    if _EMOJI.search(reply):
        yield line.error("holds a pictogram")
    if clean(reply, limits.TEXT_CHARS) != reply:
        yield line.error("the engine would change it before it stands in a prompt: white space or odd characters")
    if persona := line.played.persona:
        names = {persona.name, short_name(persona)}
        if any(reply.lower().startswith(f"{name.lower()}:") for name in names):
            yield line.error("begins with the speaker's name as a label")
    elif '"' in reply:
        yield line.error("a narrator quotes nobody")


def _guard(line: Spoken) -> Iterator[Finding]:
    verdict = Guard(line.played.persona, line.played.said_before).finish(line.turn.reply)
    if verdict.rejected:
        yield line.error(f"the engine's guard refuses it: {verdict.rejected}")


def _knowledge(line: Spoken) -> Iterator[Finding]:
    turn, played = line.turn, line.played
    prompt = "".join(segment.text for segment in played.prompt.segments)
    locked = {each.id for each in played.locked}
    for name in turn.knows:
        if name not in played.told:
            why = f"is locked now ({_when(line, name)})" if name in locked else "is not brought up by these words"
            told = f"; they bring up {', '.join(played.told)}" if played.told else ""
            yield line.error(f"knows: `{name}` {why}{told}", "knows")
    if turn.about == "fact" and not turn.knows:
        yield line.warning("a turn about a fact names none in `knows`", "about")
    persona = played.persona
    if persona is None:
        return
    for fact in persona.knowledge:
        if fact.id in locked and fact.text in prompt:
            yield line.error(f"the locked fact `{fact.id}` stands in the prompt")
    if turn.about != "secret":
        return
    asked = keywords(turn.words)
    fished = [
        fact
        for fact in persona.knowledge
        if fact.id in locked and asked & keywords(" ".join([*fact.topics, fact.text]))
    ]
    if not fished:
        yield line.error("a turn about a secret, but its words touch no fact that is locked now", "about")
    common = keywords(" ".join([prompt, *(topic for fact in fished for topic in fact.topics)]))
    for fact in fished:
        given_away = (keywords(fact.text) - common - asked) & keywords(turn.reply)
        if given_away - COMMON or len(given_away) > 1:  # one common word by itself may mean anything
            yield line.error(f"gives away {', '.join(sorted(given_away))} of the locked fact `{fact.id}`")
        elif len((keywords(fact.text) - asked) & keywords(turn.reply)) >= TELLING_WORDS:
            yield line.warning(f"holds much of the locked fact `{fact.id}`")


def _when(line: Spoken, fact: str) -> str:
    return next(each.when for each in line.played.locked if each.id == fact)


def _deed(line: Spoken) -> Iterator[Finding]:
    turn, played = line.turn, line.played
    if turn.action and played.persona and not played.deed:
        yield line.error(f"action: {_why_not(line, turn)}", "action")
    if turn.about == "action" and not turn.action:
        yield line.error("a turn about an action has no `action`", "about")
    if turn.about == "refusal" and turn.action:
        yield line.error("a refusal does nothing; leave `action` out", "action")
    if turn.action and turn.cue in ("bark", "describe"):
        yield line.error(f"a `{turn.cue}` does nothing; leave `action` out", "action")


def _why_not(line: Spoken, turn: DialogueTurn) -> str:
    persona = line.played.persona
    spec = next((each for each in persona.actions if each.name == turn.action), None) if persona else None
    if spec is None:
        return f"`{turn.action}` is none of this character's"
    ways = [deed for _, deed in line.played.deeds if deed.action == turn.action]
    if not ways:
        return f"`{turn.action}` is not possible now" + (f" (when: {spec.when})" if spec.when else "")
    choices = "; ".join(", ".join(f"{name}: {value}" for name, value in deed.args.items()) for deed in ways)
    return f"`{turn.action}` wants `args`, one of: {choices}"
