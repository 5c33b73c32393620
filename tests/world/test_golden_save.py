"""A save made by the first version that had saves is read by every later one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npc_engine.ops.stage import Stage
from npc_engine.world.journal import Event, Heard, Said
from npc_engine.world.scene import Scene
from npc_engine.world.values import get_values

GOLDEN = Path(__file__).parent / "golden" / "save_v1.bin"
PACK = Path(__file__).parents[2] / "characters" / "oakhollow"


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage(PACK)
    yield stage
    stage.close()


@pytest.fixture
def scene(stage: Stage) -> Scene:
    scene = stage.scene("game", "main")
    written, warnings = scene.import_(GOLDEN.read_bytes())
    written.result()
    assert not [warning for warning in warnings if "character" in warning]
    return scene


def test_the_world_is_as_it_was(scene: Scene, stage: Stage) -> None:
    values = get_values(scene.state, stage.pack)
    assert values["flags.met_courier"] is True
    assert (values["time"], values["weather"], values["player.coins"]) == ("21:15", "fog", 7)
    assert (values["$river_level"], values["$own"]) == (3, "text")
    assert (values["npcs.marta.relation.player.trust"], values["npcs.marta.mood.player"]) == (55, 2)
    assert values["npcs.bram.place"] == "inn"


def test_the_journal_is_as_it_was(scene: Scene) -> None:
    assert scene.journal("marta").entries() == [
        Heard("player", "Who stabbed the courier?", importance=5, note="the Grey Heron, night, fog."),
        Said(
            "A man in one grey glove, love.",
            gates=("marta.knowledge.stabbed",),
            emotion="fear",
            action="open cellar",
            to="player",
        ),
        Event("A window breaks upstairs.", importance=8),
        Heard("player", "磨坊怎么了\uff1f", private=True),
        Said("Nobody knows, love.", to="player", private=True),
    ]
    assert [entry.text for entry in scene.recall("bram", "Who said anything of a grey glove?")]


def test_it_is_written_as_it_was_read(scene: Scene) -> None:
    first = scene.export()
    scene.import_(first)
    assert scene.export() == first
