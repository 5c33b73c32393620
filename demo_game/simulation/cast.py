"""Who plays: Oakhollow's eight and villagers beside them, as a pack that the daemon can load."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from demo_game.simulation.happenings import HAPPENINGS
from demo_game.simulation.neighbours import REACTIONS, TONGUES, Tongue
from demo_game.simulation.villagers import MOST, example, examples, villagers
from npc_engine.world.pack import find_pack  # the one thing of the engine that no client tells: where its packs lie

PACK = "oakhollow"
#: The order in which Oakhollow's own come in when there are fewer than eight.
EIGHT = ("marta", "bram", "pip", "wenna", "crake", "ilse", "osric", "vey")
TOPICS = {happening.id: happening.topic for happening in HAPPENINGS}
MOST_PEOPLE = len(EIGHT) + MOST


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who plays. `role` is what they are in a word or two; `liking` is the affection for others, 0 to 100, of
    those they have an opinion of."""

    id: str
    name: str
    role: str
    tongue: Tongue
    liking: Mapping[str, int]

    @property
    def short(self) -> str:
        """What neighbours call them."""
        return self.id.title()


@dataclass(frozen=True, slots=True)
class Cast:
    """The people who play, by id, the ids of those in the pack who do not, and the names of the places."""

    people: Mapping[str, Person]
    absent: tuple[str, ...]
    places: Mapping[str, str]


def gather(number: int, seed: int, folder: Path) -> Cast:
    """Write the pack of `number` people into `folder`, which must not exist yet.

    A copy of Oakhollow whose eight answer like neighbours, and villagers by the seed. With fewer than eight the others'
    files stay, because lore and facts speak of them; they are `absent`. Raises ValueError if `number` is out of bounds,
    NpcError if Oakhollow cannot be found.
    """
    if not 2 <= number <= MOST_PEOPLE:
        raise ValueError(f"a village has 2 to {MOST_PEOPLE} people here, not {number}")
    shutil.copytree(find_pack(PACK), folder, ignore=shutil.ignore_patterns("tests"))
    people: dict[str, Person] = {}
    for npc in EIGHT:
        sheet = _read(folder / "npcs" / f"{npc}.yaml")
        sheet["examples"] = examples(TONGUES[npc]) + [
            example(f"It is about {TOPICS[happening]}.", reply, emotion)
            for happening, (reply, emotion) in REACTIONS[npc].items()
        ]
        sheet["authored"]["confused"] = list(TONGUES[npc].replies)  # said to whatever no example is like
        _write(folder / "npcs" / f"{npc}.yaml", sheet)
        people[npc] = _person(sheet, TONGUES[npc])
    more = villagers(max(0, number - len(EIGHT)), EIGHT, random.Random(f"{seed} villagers"))
    for villager in more:
        _write(folder / "npcs" / f"{villager.id}.yaml", villager.sheet)
        people[villager.id] = _person(villager.sheet, villager.tongue)
    playing = list(people)[:number]
    places = {path.stem: str(_read(path)["name"]) for path in sorted((folder / "places").glob("*.yaml"))}
    return Cast({npc: people[npc] for npc in playing}, tuple(list(people)[number:]), places)


def _person(sheet: Mapping[str, Any], tongue: Tongue) -> Person:
    liking = {other: tie.get("affection", 50) for other, tie in sheet.get("relationships", {}).items()}
    role = re.split(" (?:of|at|on|with|without) ", sheet["role"])[0]
    return Person(sheet["id"], sheet["name"], role, tongue, liking)


def _read(path: Path) -> dict[str, Any]:
    sheet: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return sheet


def _write(path: Path, sheet: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(sheet), allow_unicode=True, sort_keys=False), encoding="utf-8")
