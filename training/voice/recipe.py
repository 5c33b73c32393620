"""A recipe: everything about a training that is decided beforehand, in a small TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from npc_engine.errors import ErrorCode, NpcError
from training.voice.network import MATRICES, Lora

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`model` is a name of the catalogue or a GGUF file. With `first_layer` above 0 the layers before it stay as they
    are; what they make of the set is computed once and kept in memory. A step learns from `trees_per_step` sequences of
    at most `window_tokens`; `warmup` is the share of all steps in which the rate rises, then it falls along a cosine.
    `held_out` is the share of characters that is never learnt from; the loss on them is measured `checks_per_epoch`
    times, and training stops after `patience` times without a better one. `share` of the characters is used at all."""

    model: str
    rank: Count = 16
    alpha: Positive = 32.0
    matrices: tuple[str, ...] = MATRICES
    first_layer: Annotated[int, Meta(ge=0)] = 0
    window_tokens: Count = 2_048
    trees_per_step: Count = 3
    learning_rate: Positive = 2e-4
    warmup: Share = 0.06
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    clip_norm: Positive = 1.0
    epochs: Positive = 2.0
    checks_per_epoch: Count = 1
    patience: Count = 3
    held_out: Share = 0.1
    share: Share = 1.0
    seed: int = 1

    @property
    def lora(self) -> Lora:
        """The adapter."""
        return Lora(self.rank, self.alpha, self.matrices, self.first_layer)


def read_recipe(path: Path) -> Recipe:
    """Read the file. Raises NpcError (PACK_INVALID) if it says something a recipe cannot say."""
    try:
        recipe = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Recipe)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise NpcError(ErrorCode.PACK_INVALID, f"{path} is no recipe: {error}") from error
    if unknown := set(recipe.matrices) - set(MATRICES):
        raise NpcError(ErrorCode.PACK_INVALID, f"{path}: matrices are {', '.join(MATRICES)}; not {unknown.pop()}")
    return recipe
