"""A model ready to run: weights and the tokeniser that belongs to them, from a checkpoint or made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import psutil
import torch

from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.diffusion import fit
from npc_engine.engines.diffusion.checkpoint import load_weights
from npc_engine.engines.diffusion.config import WIDTH_MAX, ModelConfig, read_config
from npc_engine.engines.diffusion.kv_blocks import block_bytes
from npc_engine.engines.diffusion.prefix_store import BLOCK_TOKENS, MIB
from npc_engine.engines.diffusion.random_weights import FULL, TINY, random_weights
from npc_engine.engines.diffusion.settings import Settings
from npc_engine.engines.diffusion.tiny_checkpoint import tiny_tokenizer
from npc_engine.engines.diffusion.tokeniser import Tokeniser
from npc_engine.engines.diffusion.vocabulary import Codec
from npc_engine.engines.diffusion.weights import Weights
from npc_engine.errors import ErrorCode, NpcError

_RANDOM = {"tiny": TINY, "full": FULL}
#: Characters whose prompts fit the cache, for each that may speak at once, where there is memory for them.
CACHED_PER_LINE = 2


@dataclass(frozen=True, slots=True)
class Model:
    """`description` tells a person what it is."""

    weights: Weights
    codec: Codec
    description: str


@dataclass(frozen=True, slots=True)
class _Babble:
    """A small tokeniser for a model of random weights with a large vocabulary: ids beyond its own begin anew."""

    tokeniser: Tokeniser

    def encode(self, text: str, *, special: bool) -> list[int]:
        return self.tokeniser.encode(text, special=special)

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokeniser.decode([id_ % self.tokeniser.vocab_size for id_ in ids])


def load_model(spec: ModelSpec, settings: Settings, progress: Progress) -> Model:
    """Raises `NpcError` MODEL_MISSING or ENGINE_FAILED, before reading any weights if they will not fit."""
    device = torch.device(settings.device)
    if settings.random_weights:
        config = _RANDOM[settings.random_weights]
        _check_fit(config, spec, settings, device)
        progress(0.1, "making up weights")
        weights = random_weights(config, settings.seed, dtype=settings.dtype, device=device, kept=settings.kept)
        return Model(weights, _Babble(Tokeniser(tiny_tokenizer(TINY.vocab_size))), "random weights")
    if spec.path is None:
        message = "the diffusion engine needs a checkpoint: --model NAME or a folder, see `npc-engine models list`"
        raise NpcError(ErrorCode.MODEL_MISSING, message)
    config = read_config(spec.path)
    codec = Tokeniser.from_folder(spec.path)
    _check_fit(config, spec, settings, device)
    weights = load_weights(
        spec.path,
        config,
        dtype=settings.dtype,
        device=device,
        kept=settings.kept,
        progress=lambda part, what: progress(0.05 + 0.85 * part, what),
    )
    return Model(weights, codec, f"{config.parameters / 1e9:.1f}B parameters")


def cache_bytes(model: Model, spec: ModelSpec, settings: Settings) -> int:
    """Memory for what characters have read: as asked for, else as much as is of use, if it is free."""
    if settings.cache_mib is not None:
        return settings.cache_mib * MIB
    weights = model.weights
    step = fit.need(weights.config, fit.Setup(spec.max_parallel, spec.context_tokens)).step
    least = _least_cache_bytes(weights.config, spec, settings)
    return max(least, min(CACHED_PER_LINE * least, _free_bytes(weights.device) - step))


def _least_cache_bytes(config: ModelConfig, spec: ModelSpec, settings: Settings) -> int:
    """What all who may speak at once need: a window full of prompt and one canvas read back, in whole blocks."""
    tokens = min(spec.context_tokens, config.context_tokens) + WIDTH_MAX
    return spec.max_parallel * ceil(tokens / BLOCK_TOKENS) * block_bytes(config, BLOCK_TOKENS, settings.dtype)


def _check_fit(config: ModelConfig, spec: ModelSpec, settings: Settings, device: torch.device) -> None:
    context = min(spec.context_tokens, config.context_tokens)
    kept = settings.kept if spec.path is None else settings.kept.smaller(fit.stored_as(spec.path))
    where = "this card" if device.type == "cuda" else "this machine"
    setup = fit.Setup(spec.max_parallel, context, kept, settings.dtype.itemsize)
    fit.check_fit(config, setup, _free_bytes(device), where)
    least = _least_cache_bytes(config, spec, settings)
    if settings.cache_mib is not None and settings.cache_mib * MIB < least:
        needed = f"{spec.max_parallel} characters at once need {ceil(least / MIB)}"
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option cache_mib={settings.cache_mib}: {needed}")


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)
