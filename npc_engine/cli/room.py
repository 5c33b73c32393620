"""Whether this machine has room for a model: told before one is fetched or loaded, from nothing but its shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from npc_engine.cli import machine
from npc_engine.engines.diffusion import fit
from npc_engine.engines.diffusion.config import ModelConfig, read_config
from npc_engine.engines.diffusion.sizes import FULL
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Checkpoint

#: The bytes of a number by `--option weights=...`, where it is not the default of the device.
WEIGHT_BYTES = {"bf16": 2, "fp8": 2, "int4": 2, "fp32": 4, "fp64": 8}


class Use(NamedTuple):
    """How a model is going to be run."""

    characters: int
    context_tokens: int
    settings: Mapping[str, str]


class Room(NamedTuple):
    """Bytes a model takes, and bytes that are free `where` it would lie."""

    needed: int
    free: int
    where: str


def for_checkpoint(found: Path | Checkpoint, use: Use, present: list[fit.Card]) -> Room:
    """The room for a folder, or for one of the catalogue that is not here yet. Raises `NpcError` ENGINE_FAILED as the
    engine would, with what would fit."""
    if isinstance(found, Path):
        return _diffusion(read_config(found), use, present, stored=fit.stored_as(found))
    # All checkpoints of the catalogue are that one model; one with less than two bytes for a number is quantised.
    quantised = found.size_bytes < fit.BF16_BYTES * FULL.parameters
    return _diffusion(FULL, use, present, stored=WeightFormat.FP8 if quantised else WeightFormat.PLAIN)


def for_random_weights(use: Use, present: list[fit.Card]) -> Room:
    """The room for a made-up model of the real one's shape. Raises as `for_checkpoint`."""
    return _diffusion(FULL, use, present, stored=WeightFormat.PLAIN)


def check_before_fetching(checkpoint: Checkpoint, use: Use) -> None:
    """Raises `NpcError` MODEL_TOO_LARGE if it could not be run here once it was fetched."""
    try:
        for_checkpoint(checkpoint, use, machine.cards())
    except NpcError as error:
        if error.code is not ErrorCode.ENGINE_FAILED:
            raise
        message = f"{checkpoint.title} {error.message}. Nothing was fetched."
        raise NpcError(ErrorCode.MODEL_TOO_LARGE, message) from error


def _diffusion(config: ModelConfig, use: Use, present: list[fit.Card], *, stored: WeightFormat) -> Room:
    free, where, on_card = psutil.virtual_memory().available, "this machine", False
    if present and use.settings.get("device") != "cpu":
        free, where, on_card = max(card.free for card in present), "this card", True
    weights = use.settings.get("weights", "bf16" if on_card else "fp32")
    context = min(use.context_tokens, config.context_tokens)
    asked = WeightFormat(weights) if weights in list(WeightFormat) else WeightFormat.PLAIN
    setup = fit.Setup(use.characters, context, asked.smaller(stored), WEIGHT_BYTES.get(weights, 4))
    return Room(fit.check_fit(config, setup, free, where).total, free, where)
