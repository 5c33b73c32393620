"""What it takes: weights, keys and values of a character, a step, and the most while it is loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import torch

from gpu.report import Findings
from gpu.rig import OPTIONS, Rig, Size
from npc_engine.engines.diffusion import fit
from npc_engine.engines.diffusion.fit import Setup
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.diffusion.weights import Matrix, Weights

WIDTH = 64
#: Characters that are warm beside int4 on a card of 24 GB, and what may be taken there, in GB of 1e9 bytes.
INT4_CHARACTERS, INT4_GB, FP8_GB = 16, 22.0, 80.0


def memory(size: Size, found: Findings) -> None:
    """Each format, with short and with long prompts; then what was promised of cards."""
    for kept in WeightFormat:
        for prompt in (size.prompt, size.long_prompt):
            _one(size, kept, prompt, 4, found)
    int4 = _one(size, WeightFormat.INT4, size.prompt, INT4_CHARACTERS, found)
    found.at_most(f"int4 and {INT4_CHARACTERS} characters of {size.prompt} tokens", INT4_GB, int4, "GB")
    fp8 = _one(size, WeightFormat.FP8, size.prompt, size.many, found)
    found.at_most(f"FP8 and {size.many} characters of {size.prompt} tokens", FP8_GB, fp8, "GB")


def _one(size: Size, kept: WeightFormat, prompt: int, characters: int, found: Findings) -> float | None:
    """The most that was taken in all, GB; None on a CPU, where nobody counts."""
    _forget(size)
    rig = Rig(size, kept, lines=min(characters, INT4_CHARACTERS), prompt=prompt)
    loading = _peak_gb(size)
    held = sum(_bytes(rig.weights)) / 1e9
    token = size.config.kv_token_elements * rig.weights.dtype.itemsize
    silent = (max(0, characters - rig.lines), prompt * token)  # further characters, warm but silent
    others = torch.zeros(silent, dtype=torch.uint8, device=size.device)
    before = torch.cuda.memory_allocated(size.device) / 1e9 if size.on_card else None
    rig.step_ms(rig.denoiser(), WIDTH, rig.lines, steps=4)
    most = _peak_gb(size)
    del others
    counted = fit.need(size.config, Setup(characters, prompt, kept))
    found.row(
        weights=OPTIONS[kept], prompt=prompt, characters=characters, weights_gb=held, character_mb=prompt * token / 1e6,
        peak_while_loading_gb=loading, step_gb=None if most is None or before is None else most - before, most_gb=most,
        counted_by_doctor_gb=counted.total / 1e9,
    )  # fmt: skip
    return most


def _bytes(weights: Weights) -> Iterator[int]:
    for owner in (weights, *weights.layers):
        for name in owner.__dataclass_fields__:
            value = getattr(owner, name)
            if isinstance(value, Matrix | torch.Tensor):
                yield value.nbytes


def _peak_gb(size: Size) -> float | None:
    return torch.cuda.max_memory_allocated(size.device) / 1e9 if size.on_card else None


def _forget(size: Size) -> None:
    gc.collect()
    if size.on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(size.device)
