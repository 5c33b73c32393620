"""Sees when a file of the character pack is changed, and reads the pack again. All of it on a thread: reading a pack
takes longer than any client should wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from npc_engine.prompt import guard
from npc_engine.world.pack import Pack, PackError, load_pack

#: How often the files are looked at, seconds; a change must have settled for as long, or half a file might be read.
LOOK_S = 0.5

_Files: TypeAlias = dict[str, tuple[int, int]]


class PackWatch:
    """Calls `on_pack` with the new pack, or with what is wrong with it, once for each change."""

    def __init__(self, path: Path, on_pack: Callable[[Pack | PackError], None]) -> None:
        self._path = path
        self._on_pack = on_pack
        self._known = _files(path)

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Watch until cancelled."""
        while True:
            await sleep(LOOK_S)
            seen = await asyncio.to_thread(_files, self._path)
            if seen == self._known:
                continue
            await sleep(LOOK_S)
            if await asyncio.to_thread(_files, self._path) == seen:
                self._known = seen
                self._on_pack(await asyncio.to_thread(_load, self._path))


def _files(path: Path) -> _Files:
    """Every file of the pack with size and time of its last change; files that vanish meanwhile are left out."""
    found: _Files = {}
    for file in sorted(path.rglob("*.y*ml")):
        try:
            stat = file.stat()
        except OSError:
            continue
        found[str(file)] = (stat.st_mtime_ns, stat.st_size)
    return found


def _load(path: Path) -> Pack | PackError:
    try:
        pack = load_pack(path)
    except PackError as error:
        return error
    guard.prepare(pack.npcs.values())
    return pack
