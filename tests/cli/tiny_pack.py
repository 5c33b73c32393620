"""The smallest pack that commands can be tried on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

#: All but the characters.
VILLAGE = {
    "pack.yaml": "id: tiny\nname: Tiny\nsummary: A well.\n",
    "world.yaml": "flags: {met: false}\nplayer: {coins: 2}\nplace: well\n",
    "places/well.yaml": "id: well\nname: the well\nsummary: Deep.\nauthored: [Deep., Dark.]\n",
}


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files, by their paths in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
