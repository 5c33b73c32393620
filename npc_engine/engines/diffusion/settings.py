"""The diffusion engine's `--option`s, checked."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import torch

from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.options import whole_number
from npc_engine.errors import ErrorCode, NpcError

TYPES = {"bf16": torch.bfloat16, "fp32": torch.float32, "fp64": torch.float64}
FORMATS = {"fp8": WeightFormat.FP8, "int4": WeightFormat.INT4}
WEIGHTS = (*TYPES, *FORMATS)
SIZES = ("tiny", "full")


class Settings(msgspec.Struct, frozen=True):
    """Options (`ModelSpec.options`):

        device          cuda, cuda:1, cpu ...; default: a graphics card if there is one
        weights         bf16, fp8 or int4 (quantised while loading, computed in bf16), fp32, fp64; default: bf16 on a
                        graphics card, fp32 on the CPU
        cache_mib       memory for what characters have read; default: twice the characters that speak at once
        host_cache_mib  ordinary memory for what has to make room there, default 0
        random_weights  tiny or full: a made-up model instead of a checkpoint; it speaks noise
        soft_top        condition each step on so many of the likeliest tokens of the one before; default 0: on all
        seed            of the random weights, default 0

    `cache_mib` is None for the default.
    """

    device: str
    weights: str
    cache_mib: int | None
    host_cache_mib: int
    random_weights: str
    soft_top: int
    seed: int

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in."""
        return TYPES.get(self.weights, torch.bfloat16 if self.device != "cpu" else torch.float32)

    @property
    def kept(self) -> WeightFormat:
        """What matrices are kept in."""
        return FORMATS.get(self.weights, WeightFormat.PLAIN)


def parse_settings(options: Mapping[str, str]) -> Settings:
    """Raises `NpcError` ENGINE_FAILED for an option that does not exist or a value that cannot be."""
    names = Settings.__struct_fields__
    for name in options:
        if name not in names:
            raise NpcError(ErrorCode.ENGINE_FAILED, f"the diffusion engine has no option {name!r}: {', '.join(names)}")
    device = _device(options.get("device", "cuda" if torch.cuda.is_available() else "cpu"))
    return Settings(
        device=device,
        weights=_one_of("weights", options.get("weights", "fp32" if device == "cpu" else "bf16"), WEIGHTS),
        cache_mib=whole_number(options, "cache_mib", 0) if "cache_mib" in options else None,
        host_cache_mib=whole_number(options, "host_cache_mib", 0),
        random_weights=_one_of("random_weights", options.get("random_weights", ""), ("", *SIZES)),
        soft_top=whole_number(options, "soft_top", 0),
        seed=whole_number(options, "seed", 0),
    )


def _device(name: str) -> str:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option device={name} is none: cpu, cuda, cuda:1 ...") from error
    cards = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= cards:
        found = f"{cards} graphics cards, counted from 0" if cards else "no graphics card; use device=cpu"
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option device={name}: torch {torch.__version__} finds {found}")
    return name


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        there_are = ", ".join(filter(None, known))
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option {name}={value}: there are {there_are}")
    return value
