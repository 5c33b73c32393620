"""What a pack teaches a model, checked before one is asked: words it must not say, and how much room is left."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from npc_engine.prompt import builder
from npc_engine.prompt.chat_formats import CHATML
from npc_engine.prompt.guard import Guard
from npc_engine.world.lint import Finding, Level, Sources, finding, items, read_sources
from npc_engine.world.pack import Pack
from npc_engine.world.persona import Persona
from npc_engine.world.scene import JOURNAL_ENTRIES
from npc_engine.world.wording import names

#: Bytes of UTF-8 in a token, low for English and about right for other scripts.
BYTES_PER_TOKEN = 3.5
#: The least that a line in the journal takes with its marks, tokens. Older lines give way when more is needed.
ENTRY_TOKENS = 10
#: Shares of a model's window above which a character gets forgetful, and above which it does not fit.
WARN_SHARE, ERROR_SHARE = 0.5, 0.9
#: The format with the most marks around each turn, for a model that is asked for deed and emotion.
CHAT_FORMAT = replace(CHATML, chooses=True)


def lint(pack: Pack, context_tokens: int) -> list[Finding]:
    """What the guard would refuse, and prompts too long for a window of `context_tokens`. Raises PackError if a file
    went away."""
    sources = read_sources(pack)
    return sorted([*_forbidden(pack, sources), *_lengths(pack, sources, context_tokens)])


def prompt_tokens(persona: Persona, setting: str) -> int:
    """About how long the character's stable prompt is with a full journal."""
    segments = builder.prefix(persona, setting, [], CHAT_FORMAT).segments
    size = sum(len(segment.text.encode()) for segment in segments)
    return math.ceil(size / BYTES_PER_TOKEN) + JOURNAL_ENTRIES * ENTRY_TOKENS


def _lengths(pack: Pack, sources: Sources, context_tokens: int) -> Iterator[Finding]:
    for npc, persona in pack.npcs.items():
        tokens = prompt_tokens(persona, pack.world.setting)
        share = tokens / context_tokens
        if share > WARN_SHARE:
            level = Level.ERROR if share > ERROR_SHARE else Level.WARNING
            message = f"{persona.name}'s prompt is about {tokens} tokens, {share:.0%} of a window of {context_tokens}"
            yield finding(sources[f"npcs/{npc}.yaml"], "$.id", level, f"{message}; shorten background or examples")


def _forbidden(pack: Pack, sources: Sources) -> Iterator[Finding]:
    for npc, persona in pack.npcs.items():
        source = sources[f"npcs/{npc}.yaml"]
        for index, example in enumerate(persona.examples):
            if why := _refused(persona, example.reply):
                message = f"the example {why}, which this character may not say: it teaches the model to"
                yield finding(source, f"$.examples[{index}].reply", Level.ERROR, message)
    for item in items(pack):
        if item.npc is not None and item.path.startswith("$.authored"):
            persona = pack.npcs[item.npc]
            if why := _refused(persona, item.text):
                # The guard also refuses markup; an author may have a reason for that, but none for a forbidden word.
                never = any(phrase.lower() in item.text.lower() for phrase in persona.never_say)
                message = f"the line {why}, which the guard keeps out of the model's lines"
                level = Level.ERROR if never else Level.WARNING
                yield finding(sources[item.file], f"{item.path}.text", level, message)


def _refused(persona: Persona, line: str) -> str:
    """What of a line the guard forbids, or nothing."""
    for name in names(line):  # their braces are no markup: a value will stand there
        line = line.replace(f"{{{name}}}", "one")
    text = line + " "  # the guard waits for the end of a last word
    return Guard(persona, []).feed(text, len(text)).rejected
