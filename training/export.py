"""Makes an adapter of a training's best checkpoint: `python -m training.export RECIPE build/voice voice.gguf`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safetensors.torch import load_file

from npc_engine.engines.gguf import read_head
from npc_engine.errors import NpcError
from training.voice.base import base_model
from training.voice.export import write_adapter
from training.voice.recipe import read_recipe
from training.voice.trainer import BEST

#: Adapters from the set in this repository.
LICENCE = "apache-2.0"


def main(arguments: list[str] | None = None) -> int:
    """Writes the adapter; 1 if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m training.export",
        description="Write the best checkpoint of a training as a GGUF adapter, for `npc-engine talk --adapter FILE`.",
        epilog="Example: python -m training.export training/configs/coder-0.5b.toml build/voice build/my-voice.gguf",
    )
    parser.add_argument("recipe", type=Path, help="what it was trained by")
    parser.add_argument("folder", type=Path, help="the training's --out")
    parser.add_argument("adapter", type=Path, help="the file to write")
    parser.add_argument("--name", default="", help="as it is shown; default: the file's name")
    parser.add_argument("--licence", default=LICENCE, help="of the adapter, as an SPDX identifier in small letters")
    asked = parser.parse_args(arguments)
    try:
        recipe = read_recipe(asked.recipe)
        _, model = base_model(recipe.model)
        size = write_adapter(
            asked.adapter,
            load_file(asked.folder / BEST),
            architecture=read_head(model).architecture,
            recipe=recipe,
            name=asked.name or asked.adapter.stem,
            licence=asked.licence,
        )
    except (NpcError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{asked.adapter}: {size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
