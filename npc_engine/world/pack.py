"""Loads a character pack: a folder of YAML files, read strictly and checked against each other.

    oakhollow/
      pack.yaml  world.yaml  lore.yaml (both may be left out)  places/<id>.yaml  npcs/<id>.yaml

All problems of all files are collected before any is reported, each with file, line and column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Emotion
from npc_engine.world.conditions import ConditionError, parse
from npc_engine.world.persona import Authored, GatedLine, Persona
from npc_engine.world.spec import Lorebook, Pack, PackInfo, Place, WorldSpec
from npc_engine.world.state import PLAYER, WorldState
from npc_engine.world.yaml_source import PackError, Problem, Source, convert, did_you_mean, nearest, read_yaml

__all__ = ["Pack", "PackError", "find_pack", "load_pack", "nearest"]

T = TypeVar("T")
Entity = TypeVar("Entity", Persona, Place)

#: Where packs are looked up by name: here, inside the installed package, and beside a source checkout's package.
PACK_FOLDERS = (
    Path("characters"),
    Path(__file__).parents[1] / "characters",
    Path(__file__).parents[2] / "characters",
)


def find_pack(name_or_path: str | Path) -> Path:
    """The folder of a pack, given by its path or by its name. Raises NpcError (PACK_INVALID)."""
    path = Path(name_or_path)
    if (path / "pack.yaml").is_file():
        return path
    known = {found.parent.name: found.parent for folder in reversed(PACK_FOLDERS) for found in _packs_in(folder)}
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    if path.is_dir():
        raise NpcError(ErrorCode.PACK_INVALID, f"{path} is no character pack: it has no pack.yaml.")
    raise NpcError(ErrorCode.PACK_INVALID, f"No character pack `{name_or_path}`; {did_you_mean(path.name, known)}")


def load_pack(path: Path) -> Pack:
    """Read and check the pack in folder `path`. Raises PackError with everything that is wrong."""
    return _Loading(path).pack()


def _packs_in(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("*/pack.yaml"))


class _Loading:
    """One load: the sources read so far, and the problems found in them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sources: dict[str, Source] = {}  # by path inside the pack, for the digest and for positions
        self._problems: list[Problem] = []

    def pack(self) -> Pack:
        info = self._file("pack.yaml", PackInfo)
        world = self._file("world.yaml", WorldSpec) if (self._path / "world.yaml").exists() else WorldSpec()
        lore = self._file("lore.yaml", Lorebook) if (self._path / "lore.yaml").exists() else Lorebook()
        places = self._folder("places", Place)
        npcs = self._folder("npcs", Persona)
        if not self._names("npcs"):
            self._problems.append(Problem(str(self._path), 1, 1, "no character: npcs/ holds no .yaml file"))
        if info is not None and world is not None and lore is not None:
            for persona in npcs.values():
                persona.never_say = list(dict.fromkeys(info.never_say + persona.never_say))
            pack = Pack(self._path, info, world, places, npcs, lore, self._digest())
            self._problems += self._mistakes(pack)
        if self._problems:
            raise PackError(sorted(self._problems))
        return pack

    def _file(self, name: str, type_: type[T]) -> T | None:
        try:
            source = read_yaml(self._path / name)
        except PackError as error:
            self._problems += error.problems
            return None
        self._sources[name] = source
        value, problems = convert(source, type_)
        self._problems += problems
        return value

    def _folder(self, folder: str, type_: type[Entity]) -> dict[str, Entity]:
        """The files of a folder by id, without those that could not be read."""
        entities: dict[str, Entity] = {}
        for file in sorted((self._path / folder).glob("*.y*ml")):
            if file.suffix != ".yaml":
                self._problems.append(Problem(str(file), 1, 1, "not read: its name must end in .yaml"))
                continue
            entity = self._file(f"{folder}/{file.name}", type_)
            if entity is None:
                continue
            if entity.id != file.stem:
                message = f"the id `{entity.id}` must be the file's name, `{file.stem}`"
                self._problems.append(self._sources[f"{folder}/{file.name}"].problem("$.id", message))
            entities[file.stem] = entity
        return entities

    def _names(self, folder: str) -> list[str]:
        """What others may refer to: also files that are broken, so that one mistake is reported once."""
        return [file.stem for file in sorted((self._path / folder).glob("*.yaml"))]

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for name, source in sorted(self._sources.items()):
            digest.update(f"{name} {len(source.raw)}\n".encode())
            digest.update(source.raw)
        return digest.hexdigest()

    def _mistakes(self, pack: Pack) -> Iterator[Problem]:
        """What only shows when the files are laid side by side."""
        places, npcs = self._names("places"), self._names("npcs")
        if pack.world.place and pack.world.place not in places:
            yield self._sources["world.yaml"].problem("$.place", _unknown("place", pack.world.place, places))
        start = WorldState.start(pack)
        shared = start.scope()
        for name, place in pack.places.items():
            source = self._sources[f"places/{name}.yaml"]
            yield from _repeats(source, "$.items", None, place.items)
            for index, line in enumerate(place.authored):
                if isinstance(line, GatedLine):
                    yield from _when(source, f"$.authored[{index}].when", line.when, shared)
            for index, detail in enumerate(place.details):
                yield from _when(source, f"$.details[{index}].when", detail.when, shared)
            for exit_ in place.exits:
                if exit_ not in places:
                    yield source.key_problem(f"$.exits.{exit_}", _unknown("place", exit_, places))
        for index, entry in enumerate(pack.lore.entries):
            source = self._sources["lore.yaml"]
            yield from _when(source, f"$.entries[{index}].when", entry.when, shared)
            for at, npc in enumerate(entry.known_by):
                if npc not in npcs:
                    yield source.problem(f"$.entries[{index}].known_by[{at}]", _unknown("character", npc, npcs))
        if pack.lore.entries:
            yield from _repeats(source, "$.entries", "id", [entry.id for entry in pack.lore.entries])
        for name, persona in pack.npcs.items():
            source = self._sources[f"npcs/{name}.yaml"]
            if name == PLAYER:
                yield source.problem("$.id", f"`{PLAYER}` is the player; choose another id")
            if persona.place and persona.place not in places:
                yield source.problem("$.place", _unknown("place", persona.place, places))
            for other in persona.relationships:
                if other not in (*npcs, PLAYER):
                    yield source.key_problem(f"$.relationships.{other}", _unknown("character", other, [*npcs, PLAYER]))
            for index, example in enumerate(persona.examples):
                if example.emotion not in list(Emotion):
                    message = _unknown("emotion", example.emotion, Emotion)
                    yield source.problem(f"$.examples[{index}].emotion", message)
                actions = [action.name for action in persona.actions]
                if example.action and example.action not in actions:
                    message = _unknown("action", example.action, actions)
                    yield source.problem(f"$.examples[{index}].action", message)
            yield from _repeats(source, "$.knowledge", "id", [fact.id for fact in persona.knowledge])
            yield from _repeats(source, "$.actions", "name", [action.name for action in persona.actions])
            yield from _repeats(source, "$.lore", "id", [entry.id for entry in persona.lore])
            scope = start.scope(name)
            for index, fact in enumerate(persona.knowledge):
                yield from _when(source, f"$.knowledge[{index}].when", fact.when, scope)
            for index, action in enumerate(persona.actions):
                yield from _when(source, f"$.actions[{index}].when", action.when, scope)
            for index, entry in enumerate(persona.lore):
                yield from _when(source, f"$.lore[{index}].when", entry.when, scope)
            for kind in Authored.__struct_fields__:
                for index, line in enumerate(getattr(persona.authored, kind)):
                    if isinstance(line, GatedLine):
                        yield from _when(source, f"$.authored.{kind}[{index}].when", line.when, scope)


def _unknown(what: str, name: str, choices: Iterable[str]) -> str:
    return f"unknown {what} `{name}`; {did_you_mean(name, choices)}"


def _repeats(source: Source, path: str, key: str | None, names: list[str]) -> Iterator[Problem]:
    """Names that stand twice in the list at `path`; `key` holds the name where the list has more than names."""
    for index, name in enumerate(names):
        if name in names[:index]:
            at = f"{path}[{index}].{key}" if key else f"{path}[{index}]"
            message = f"give each its own {key}" if key else "once is enough"
            yield source.problem(at, f"`{name}` stands here twice; {message}")


def _when(source: Source, path: str, text: str, scope: Iterable[str]) -> Iterator[Problem]:
    """A name that no game starts with could only be a slip: it would stay locked for ever."""
    try:
        names = parse(text).names()
    except ConditionError as error:
        yield source.problem(path, f"when: {error}")
        return
    for name in sorted(names - set(scope)):
        yield source.problem(path, f"when: unknown name `{name}`; {did_you_mean(name, scope)}")
