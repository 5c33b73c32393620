"""The formats in which a model's large matrices are kept in memory. Knows no torch, so that counting needs none."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

#: Inputs that share a scale in int4. 32 divides the width of every matrix of the model, 128 does not (704, 2,112).
GROUP = 32


class WeightFormat(StrEnum):
    """From large to small. Plain is what is computed in; FP8 has a scale per output channel, int4 one per group of
    inputs."""

    PLAIN = "plain"
    FP8 = "fp8"
    INT4 = "int4"

    def smaller(self, other: WeightFormat) -> WeightFormat:
        """The smaller one of two: nothing is ever made larger than it is stored."""
        return max(self, other, key=list(WeightFormat).index)


def stored_format(settings: Mapping[str, Any] | None) -> WeightFormat | None:
    """What a checkpoint's `quantization_config` says: compressed-tensors' FP8 with a scale per output channel or per
    matrix, or its packed int4 with one per group or per channel, symmetric. None for anything else, which is not read
    here; plain where there is no such configuration."""
    if settings is None:
        return WeightFormat.PLAIN
    groups = [group.get("weights") or {} for group in settings.get("config_groups", {}).values()]
    if settings.get("quant_method") != "compressed-tensors":
        return None
    if all(_kind(each) == ("float", 8) and each.get("strategy") in ("channel", "tensor") for each in groups):
        return WeightFormat.FP8
    packed = all(
        _kind(each) == ("int", 4)
        and each.get("strategy") in ("group", "channel")
        and each.get("symmetric", True)
        and not each.get("actorder")
        for each in groups
    )
    return WeightFormat.INT4 if packed and settings.get("format") == "pack-quantized" else None


def is_quantised(name: str) -> bool:
    """Whether the matrix of this name in a checkpoint is to be quantised. The conditioning on the step before is not,
    as in published checkpoints: it is small, and every step builds on it."""
    return ".self_conditioning." not in name


def _kind(weights: Mapping[str, Any]) -> tuple[object, object]:
    return weights.get("type"), weights.get("num_bits")
