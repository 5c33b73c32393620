"""Teaches a small model the voices of a dialogue set: `python -m training.finetune RECIPE --set training/dialogues`."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import torch

from npc_engine.errors import NpcError
from npc_engine.prompt.chat_formats import FORMATS
from training.dialogue.spec import find_settings, load_setting
from training.voice.base import base_model
from training.voice.curves import draw
from training.voice.export import read_adapter
from training.voice.lessons import courses
from training.voice.network import load
from training.voice.recipe import Recipe, read_recipe
from training.voice.split import split
from training.voice.tokeniser import tokeniser
from training.voice.trainer import LOG, Progress, Trainer
from training.voice.tree import Tree, pack, token_count

FASTEST = "fastest"
DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def finetune(
    recipe: Recipe, sets: list[Path], folder: Path, *, start: Path | None, device: str, dtype: torch.dtype
) -> Progress:
    """Train by `recipe` on all settings of `sets`, keep everything in `folder`, go on where a run there was broken off.
    The adapter begins as the one in the file `start`, or as nothing. Raises PackError for a set with mistakes, NpcError
    for a model that is not there, ValueError for a `start` that does not fit."""
    spec, path = base_model(recipe.model)
    form = replace(FORMATS[spec.chat_format], chooses=spec.chooses)
    settings = [load_setting(path) for each in sets for path in find_settings(each)]
    with tokeniser(path) as tokenise:
        heard = [course for setting in settings for course in courses(setting, form, tokenise)]
    parts = split(heard, recipe.held_out, recipe.share, recipe.seed)
    taught = [tree for course in parts.taught for tree in pack(course.lessons, recipe.window_tokens)]
    held_out = [tree for course in parts.held_out for tree in pack(course.lessons, recipe.window_tokens)]
    print(f"learns from {len(parts.taught)} speakers: {_size(taught)}")
    print(f"holds out {', '.join(course.name for course in parts.held_out) or 'nobody'}: {_size(held_out)}", flush=True)
    torch.manual_seed(recipe.seed)
    network = load(path, recipe.lora, dtype, device)
    if start is not None:
        network.start_from(read_adapter(start, recipe.lora))
    print(f"{sum(map(torch.numel, network.adapter().values())):,} numbers to train, on {device} in {dtype}", flush=True)
    progress = Trainer(network, recipe, taught, held_out, folder, tell=_tell).run()
    draw(folder / LOG, folder / "curve.png")
    return progress


def dtype_of(name: str, device: str) -> torch.dtype:
    """By its name in `DTYPES`; `FASTEST` is the one in which `device` multiplies faster: a processor without
    instructions for 16 bits takes several times as long with them."""
    if name != FASTEST:
        return DTYPES[name]
    took_s = {}
    for dtype in DTYPES.values():
        square = torch.ones(1_024, 1_024, device=device, dtype=dtype)
        for _ in range(2):  # the first one warms up
            begun = time.perf_counter()
            float((square @ square)[0, 0])  # waits for the device
            took_s[dtype] = time.perf_counter() - begun
    return min(took_s, key=lambda dtype: took_s[dtype])


def _size(trees: list[Tree]) -> str:
    turns, written = sum(len(tree.names) for tree in trees), sum(len(tree.taught) for tree in trees)
    return f"{turns:,} turns, {token_count(trees):,} tokens in {len(trees)} sequences, {written:,} of them written"


def _tell(line: dict[str, Any]) -> None:
    if "held_out_loss" in line:
        print(f"step {line['step']}: loss on those held out {line['held_out_loss']:.4f}", flush=True)
        return
    minutes = line["eta_s"] / 60
    done = round(20 * line["step"] / line["of"])
    print(
        f"[{'#' * done}{'.' * (20 - done)}] step {line['step']}/{line['of']} loss {line['loss']:.4f} "
        f"{line['tokens_per_s']:.0f} tokens/s, {minutes:.0f} min left",
        flush=True,
    )


def main(arguments: list[str] | None = None) -> int:
    """Trains; 1 if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m training.finetune",
        description="Train an adapter for a small model on a set of dialogues. Goes on where it was broken off.",
        epilog="Example: python -m training.finetune training/configs/coder-0.5b.toml --out build/voice",
    )
    parser.add_argument("recipe", type=Path, help="a TOML file; see training/configs")
    parser.add_argument("--set", type=Path, action="append", dest="sets", help="a folder of settings; may be repeated")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints, log and curves")
    parser.add_argument("--start", type=Path, help="an adapter to go on from: a GGUF file of the recipe's shape")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--dtype",
        choices=[FASTEST, *DTYPES],
        default=FASTEST,
        help="of the frozen weights and the computation; default: in what this machine multiplies fastest",
    )
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch likes")
    parser.add_argument("--model", help="instead of the recipe's")
    parser.add_argument("--share", type=float, help="instead of the recipe's: use this share of the characters")
    parser.add_argument("--held-out", type=float, help="instead of the recipe's: this share is only measured with")
    parser.add_argument("--epochs", type=float, help="instead of the recipe's")
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    try:
        recipe = read_recipe(asked.recipe)
        changed = {
            name: value
            for name in ("model", "share", "epochs", "held_out")
            if (value := getattr(asked, name)) is not None
        }
        recipe = msgspec.structs.replace(recipe, **changed)
        sets = asked.sets or [Path("training/dialogues")]
        dtype = dtype_of(asked.dtype, asked.device)
        progress = finetune(recipe, sets, asked.out, start=asked.start, device=asked.device, dtype=dtype)
    except (NpcError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{progress.finished}; the best loss on those held out, {progress.best_loss:.4f}, "
        f"after {progress.best_step} steps"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
