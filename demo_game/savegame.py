"""The save file: the game's own state, and the blob in which the daemon keeps what its characters remember."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from demo_game.story.world import World, read_world
from demo_game.village.layout import MAPS, Spot, is_free

VERSION = 1


@dataclass(frozen=True, slots=True)
class SaveGame:
    """Everything of a game: the world, where the player stands, and the characters' memory."""

    world: World
    player: Spot
    memory: bytes


def default_path() -> Path:
    """Where games are saved unless told otherwise: beside the engine's own files."""
    home = os.environ.get("NPC_ENGINE_HOME")
    return (Path(home) if home else Path.home() / ".npc_engine") / "oakhollow.save"


def write(path: Path, game: SaveGame) -> None:
    """Write all or nothing: the old file stays until the new one is complete. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "version": VERSION,
        "world": asdict(game.world),
        "player": asdict(game.player),
        "memory": base64.b64encode(game.memory).decode("ascii"),
    }
    partial = path.with_suffix(path.suffix + ".part")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


def read(path: Path) -> SaveGame:
    """Read a save file. Raises OSError if it cannot be read, ValueError with a sentence if it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"{path} was saved by another version of the game")
        player = Spot(**content["player"])
        if player.map not in MAPS or not is_free(player.map, player.x, player.y):
            raise ValueError(f"{path}: the player stands nowhere")
        return SaveGame(read_world(content["world"]), player, base64.b64decode(content["memory"], validate=True))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError, binascii.Error) as cause:
        raise ValueError(f"{path} is not a saved game") from cause
