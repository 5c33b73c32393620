"""Compares recipes on a part of the set, before the best of them is trained on all of it:
`python -m training.compare training/configs/*.toml --share 0.25 --out build/compare`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from npc_engine.errors import NpcError
from training.finetune import DTYPES, FASTEST, dtype_of, finetune
from training.voice.curves import draw_together, read_log
from training.voice.recipe import read_recipe
from training.voice.trainer import LOG

#: The same characters are held out whatever the recipes say, or their losses would not compare.
HELD_OUT = 0.1


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a recipe. Losses are those on the characters held out, nats a token."""

    name: str
    before: float
    after: float
    steps: int
    minutes: float
    tokens_per_s: float


def trial(name: str, log: Path) -> Trial:
    """What a training's log says."""
    curves = read_log(log)
    losses, steps = list(curves.held_out.values()), curves.taught.values()
    tokens, seconds = (
        sum(step["tokens"] for step in steps),
        sum(step["tokens"] / step["tokens_per_s"] for step in steps),
    )
    return Trial(name, losses[0], min(losses), len(steps), seconds / 60, tokens / seconds)


def table(trials: list[Trial]) -> str:
    """In Markdown, the greatest gain first."""
    rows = ["| recipe | loss before | after | gain | steps | minutes | tokens/s |", "|---|---|---|---|---|---|---|"]
    rows += [
        f"| {each.name} | {each.before:.3f} | {each.after:.3f} | {each.before - each.after:.3f} "
        f"| {each.steps} | {each.minutes:.0f} | {each.tokens_per_s:.0f} |"
        for each in sorted(trials, key=lambda each: each.after - each.before)
    ]
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Trains one recipe after the other, then prints a table and draws the curves; 1 if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m training.compare",
        description="Train every recipe on the same part of a set, once, and compare. Goes on where it was broken off. "
        "Losses a token compare between recipes for one model; between models, compare gains, and play a suite.",
        epilog="Example: python -m training.compare training/configs/*.toml --share 0.25 --out build/compare",
    )
    parser.add_argument("recipes", type=Path, nargs="+", help="TOML files; see training/configs")
    parser.add_argument("--set", type=Path, action="append", dest="sets", help="a folder of settings; may be repeated")
    parser.add_argument("--share", type=float, default=0.25, help="of the characters that are not held out")
    parser.add_argument("--out", type=Path, required=True, help="a folder; each recipe gets one in it")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--dtype", choices=[FASTEST, *DTYPES], default=FASTEST)
    asked = parser.parse_args(arguments)
    dtype = dtype_of(asked.dtype, asked.device)
    sets = asked.sets or [Path("training/dialogues")]
    logs: dict[str, Path] = {}
    try:
        for path in asked.recipes:
            print(f"== {path.stem}", flush=True)
            recipe = msgspec.structs.replace(
                read_recipe(path), share=asked.share, epochs=1.0, held_out=HELD_OUT, seed=1
            )
            folder = asked.out / path.stem
            finetune(recipe, sets, folder, start=None, device=asked.device, dtype=dtype)
            logs[path.stem] = folder / LOG
    except (NpcError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    draw_together(logs, asked.out / "curves.png")
    print(table([trial(name, log) for name, log in logs.items()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
