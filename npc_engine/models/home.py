"""The engine's own folder: models and what a running daemon leaves for its clients."""

from __future__ import annotations

import os
from pathlib import Path

from npc_engine.errors import ErrorCode, NpcError

#: Names another place for the folder, for instance a larger disk.
HOME_VARIABLE = "NPC_ENGINE_HOME"


def home() -> Path:
    """The engine's folder: `NPC_ENGINE_HOME` if set, else `.npc_engine` in the user's home. It may not exist yet."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".npc_engine"


def models_dir() -> Path:
    """Where model files lie; created when missing. Raises `NpcError` INTERNAL if that is not possible."""
    return _created(home() / "models")


def runtime_dir() -> Path:
    """Where daemons keep their tokens; created when missing and readable by its owner alone.

    On Windows the mode means nothing: there the user's profile folder is what keeps others out.
    """
    folder = _created(home() / "run")
    folder.chmod(0o700)
    return folder


def _created(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be created: {error.strerror}. Set {HOME_VARIABLE} to a folder you can write to."
        raise NpcError(ErrorCode.INTERNAL, message) from error
    return folder
