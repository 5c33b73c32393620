"""What is odd about a pack that can be loaded: what can never happen, what is missing, what leads nowhere.

The loader refuses what is wrong; here is what an author most likely did not mean. An error will be seen by players; a
warning is worth a look. What depends on the prompt is checked in `npc_engine.prompt.lint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from npc_engine.world.conditions import parse
from npc_engine.world.pack import Pack
from npc_engine.world.persona import Authored, AuthoredLine, GatedLine, LoreEntry, Persona
from npc_engine.world.reach import reach
from npc_engine.world.spec import Place
from npc_engine.world.state import WorldState
from npc_engine.world.wording import names
from npc_engine.world.yaml_source import Problem, Source, did_you_mean, read_yaml

#: Kinds of authored lines that stand in for the model's; of each, this many keep a character from repeating itself.
STAND_INS = ("late", "busy", "confused", "refuse", "cut_off", "offline")
ENOUGH_LINES = 2

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LAST_STEP = re.compile(r"(\.[^.\[]*|\[[0-9]+\])$")

#: The files of a pack, by their name inside it.
Sources: TypeAlias = Mapping[str, Source]


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """Something to look at, and where; its text form is one line that editors turn into a link."""

    problem: Problem
    level: Level

    def __str__(self) -> str:
        file, line, column, message = self.problem
        return f"{file}:{line}:{column}: {self.level}: {message}"


class Item(NamedTuple):
    """A text of a pack that may have a `when:`. `npc` is whose values that reads, None for the world's alone."""

    file: str
    path: str
    what: str
    text: str
    when: str
    npc: str | None


def lint(pack: Pack) -> list[Finding]:
    """All findings but those about prompts, in the order of the files. Raises PackError if a file went away."""
    sources = read_sources(pack)
    return sorted(_Lint(pack, sources).findings())


def read_sources(pack: Pack) -> dict[str, Source]:
    """The pack's files, read again for the positions of what stands in them."""
    files = ["pack.yaml", *(name for name in ("world.yaml", "lore.yaml") if (pack.path / name).exists())]
    files += [f"places/{place}.yaml" for place in pack.places] + [f"npcs/{npc}.yaml" for npc in pack.npcs]
    return {name: read_yaml(pack.path / name) for name in files}


def finding(source: Source, path: str, level: Level, message: str) -> Finding:
    """A finding about the value at `path`, or about what should hold it where it is left out."""
    while path not in source.values:
        path = _LAST_STEP.sub("", path)
    return Finding(source.problem(path, message), level)


def items(pack: Pack) -> Iterator[Item]:
    """Every text that may come and go."""
    for name, place in pack.places.items():
        file = f"places/{name}.yaml"
        for index, detail in enumerate(place.details):
            yield Item(file, f"$.details[{index}]", "the detail", detail.text, detail.when, None)
        yield from _lines(file, "$.authored", place.authored, None)
    yield from _entries("lore.yaml", "$.entries", pack.lore.entries, None)
    for npc, persona in pack.npcs.items():
        file = f"npcs/{npc}.yaml"
        for index, fact in enumerate(persona.knowledge):
            yield Item(file, f"$.knowledge[{index}]", f"the fact `{fact.id}`", fact.text, fact.when, npc)
        for index, action in enumerate(persona.actions):
            yield Item(file, f"$.actions[{index}]", f"the action `{action.name}`", action.text, action.when, npc)
        yield from _entries(file, "$.lore", persona.lore, npc)
        for kind in Authored.__struct_fields__:
            yield from _lines(file, f"$.authored.{kind}", getattr(persona.authored, kind), npc)


def _entries(file: str, path: str, entries: list[LoreEntry], npc: str | None) -> Iterator[Item]:
    for index, entry in enumerate(entries):
        yield Item(file, f"{path}[{index}]", f"the lore `{entry.id}`", entry.text, entry.when, npc)


def _lines(file: str, path: str, lines: list[AuthoredLine], npc: str | None) -> Iterator[Item]:
    for index, line in enumerate(lines):
        text, when = (line.text, line.when) if isinstance(line, GatedLine) else (line, "")
        yield Item(file, f"{path}[{index}]", "the line", text, when, npc)


class _Lint:
    """One pass over one pack; a method for each kind of mistake."""

    def __init__(self, pack: Pack, sources: Sources) -> None:
        self._pack = pack
        self._sources = sources
        self._start = WorldState.start(pack)

    def findings(self) -> Iterator[Finding]:
        for item in items(self._pack):
            yield from self._gate(item)
            yield from self._unknown_names(item)
        yield from self._never_mentioned("lore.yaml", "$.entries", self._pack.lore.entries)
        yield from self._language()
        for name, place in self._pack.places.items():
            yield from self._place(self._sources[f"places/{name}.yaml"], name, place)
        for npc, persona in self._pack.npcs.items():
            file = f"npcs/{npc}.yaml"
            yield from self._never_mentioned(file, "$.lore", persona.lore)
            yield from self._facts(self._sources[file], persona)
            yield from self._stand_ins(self._sources[file], persona)
            yield from self._arguments(self._sources[file], persona)

    def _gate(self, item: Item) -> Iterator[Finding]:
        if not item.when.strip():
            return
        found = reach(parse(item.when), self._start, item.npc, self._pack.places)
        source, path = self._sources[item.file], f"{item.path}.when"
        if found.can_hold is False:
            message = f"{item.what} can never come up: no values satisfy this `when:`"
            yield finding(source, path, Level.ERROR, message)
        elif found.can_fail is False:
            yield finding(source, path, Level.WARNING, f"{item.what} is always open: this `when:` holds for all values")

    def _unknown_names(self, item: Item) -> Iterator[Finding]:
        scope = self._start.scope(item.npc)
        for name in sorted(names(item.text) - set(scope)):
            message = f"unknown name `{{{name}}}`; {did_you_mean(name, scope)}"
            yield finding(self._sources[item.file], f"{item.path}.text", Level.ERROR, message)

    def _never_mentioned(self, file: str, path: str, entries: list[LoreEntry]) -> Iterator[Finding]:
        for index, entry in enumerate(entries):
            if not entry.keys and not entry.always:
                message = f"the lore `{entry.id}` can never come up: it has no `keys` and is not `always` there"
                yield finding(self._sources[file], f"{path}[{index}]", Level.ERROR, message)

    def _language(self) -> Iterator[Finding]:
        info, source = self._pack.info, self._sources["pack.yaml"]
        if not _LANGUAGE.fullmatch(info.language):
            yield finding(source, "$.language", Level.ERROR, _not_a_language(info.language))
        for npc, persona in self._pack.npcs.items():
            source = self._sources[f"npcs/{npc}.yaml"]
            if not _LANGUAGE.fullmatch(persona.language):
                yield finding(source, "$.language", Level.ERROR, _not_a_language(persona.language))
            elif persona.language != info.language:
                message = f"{persona.name} speaks `{persona.language}`, but the pack's language is `{info.language}`"
                yield finding(source, "$.language", Level.WARNING, message)

    def _place(self, source: Source, name: str, place: Place) -> Iterator[Finding]:
        always = {line for line in place.authored if isinstance(line, str)}
        if not always:
            message = f"{place.name} has no authored description, so there is nothing to show when the model is late"
            yield finding(source, "$.authored", Level.ERROR, message)
        elif len(always) < ENOUGH_LINES:
            message = f"{place.name} has one authored description; with {ENOUGH_LINES} it does not repeat itself"
            yield finding(source, "$.authored", Level.WARNING, message)
        for exit_ in place.exits:
            if name not in self._pack.places[exit_].exits:
                problem = source.key_problem(f"$.exits.{exit_}", f"one way only: `{exit_}` has no exit to `{name}`")
                yield Finding(problem, Level.WARNING)

    def _facts(self, source: Source, persona: Persona) -> Iterator[Finding]:
        for index, fact in enumerate(persona.knowledge):
            path = f"$.knowledge[{index}]"
            if fact.secret and not fact.when.strip():
                message = f"the secret `{fact.id}` has no `when:`, so it is told to anybody"
                yield finding(source, path, Level.ERROR, message)
            if not fact.topics:
                message = f"the fact `{fact.id}` has no `topics`: it comes up only when one of its own words is said"
                yield finding(source, path, Level.WARNING, message)

    def _stand_ins(self, source: Source, persona: Persona) -> Iterator[Finding]:
        written = source.data.get("authored") or {}
        left_out = [kind for kind in STAND_INS if kind not in written]
        if left_out:
            message = f"{persona.name} has no lines of their own for {', '.join(left_out)}; the engine's are used"
            yield finding(source, "$.authored", Level.WARNING, message)
        for kind in STAND_INS:
            always = {line for line in getattr(persona.authored, kind) if isinstance(line, str)}
            if kind in written and len(always) < ENOUGH_LINES:
                message = f"fewer than {ENOUGH_LINES} lines without a `when:` for `{kind}`; they will repeat themselves"
                yield finding(source, f"$.authored.{kind}", Level.WARNING, message)

    def _arguments(self, source: Source, persona: Persona) -> Iterator[Finding]:
        places = self._pack.places.values()
        never: dict[str, tuple[Level, str]] = {}
        if not any(place.items for place in places):
            never["item"] = (Level.WARNING, "no place has `items`, so only the game could bring one")
        if not any(place.exits for place in places):
            never["place"] = (Level.ERROR, "no place has `exits`")
        for index, action in enumerate(persona.actions):
            for name, kind in action.args.items():
                level, why = never.get(kind, (None, "")) if isinstance(kind, str) else (None, "")
                if kind == []:
                    level, why = Level.ERROR, "its list of words is empty"
                if level is not None:
                    message = f"`{action.name}` may never be possible: nothing to choose for `{name}`; {why}"
                    yield finding(source, f"$.actions[{index}].args.{name}", level, message)


def _not_a_language(tag: str) -> str:
    return f"`{tag}` is no language tag; write one like `en`, `de` or `pt-BR`"
