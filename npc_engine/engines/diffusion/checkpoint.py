"""Loads a checkpoint's text model, one tensor at a time straight to its device."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.fp8 import FP8
from npc_engine.engines.diffusion.kernels.packing import PER_WORD
from npc_engine.engines.diffusion.layout import DECODER, ENCODER, Shape, build
from npc_engine.engines.diffusion.quantise import keep
from npc_engine.engines.diffusion.shards import Shards, open_shards
from npc_engine.engines.diffusion.weight_format import WeightFormat, stored_format
from npc_engine.engines.diffusion.weights import Matrix, Weights
from npc_engine.errors import ErrorCode, NpcError

EMBEDDING = f"{DECODER}embed_tokens.weight"
HEAD = "lm_head.weight"
#: What is read as it is, and converted where need be.
PLAIN = (torch.bfloat16, torch.float16, torch.float32, torch.float64)
#: What a stack of experts consists of in files that keep them one by one.
EXPERT_PARTS = {"gate_up_proj": ("gate_proj", "up_proj"), "down_proj": ("down_proj",)}
INSTEAD = (
    "Use google/diffusiongemma-26B-A4B-it (with `--option weights=fp8` or `weights=int4` for less memory) or "
    "RedHatAI/diffusiongemma-26B-A4B-it-FP8-dynamic."
)


def load_weights(
    folder: Path,
    config: ModelConfig,
    *,
    dtype: torch.dtype,
    device: torch.device,
    kept: WeightFormat = WeightFormat.PLAIN,
    progress: Callable[[float, str], None],
) -> Weights:
    """The text model in `folder`, in `dtype`; its matrices are `kept` in this format, and quantised as they come: there
    is never more of another format than one tensor. What is smaller on disk stays so. `progress` is told the fraction
    done. Raises `NpcError` MODEL_MISSING or ENGINE_FAILED."""
    check_quantisation(folder)
    with open_shards(folder) as shards:
        source = _Files(shards, dtype, device, kept, progress)
        source.check_head()
        weights = build(config, source)
        source.check_rest()
    progress(1.0, "weights read")
    return weights


def check_quantisation(folder: Path) -> None:
    """Raises `NpcError` ENGINE_FAILED if the weights are in a format that is not read here."""
    found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings: dict[str, Any] | None = found.get("quantization_config")
    if settings is None or stored_format(settings):
        return
    name = settings.get("quant_algo") or settings.get("format") or settings.get("quant_method")
    message = f"{folder} is quantised as {name}, which the diffusion engine cannot read. {INSTEAD}"
    raise NpcError(ErrorCode.ENGINE_FAILED, message)


@dataclass(frozen=True, slots=True)
class _Files:
    """A source of tensors that reads files, and knows the names under which a tensor may be there."""

    shards: Shards
    dtype: torch.dtype
    device: torch.device
    kept: WeightFormat
    progress: Callable[[float, str], None]
    taken: set[str] = field(default_factory=set)

    def vector(self, name: str, shape: Shape) -> Tensor:
        return self.table(name, shape)

    def table(self, name: str, shape: Shape) -> Tensor:
        tensor = self._take(self._find(name), shape)
        if tensor.dtype not in PLAIN:
            raise self._unreadable(name, tensor)
        return tensor.to(self.device, self.dtype, copy=True)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        place = self._find(name)
        if packed := self._beside(place, "packed"):
            return self._packed(place, packed, shape)
        if place not in self.shards and ".experts." in name:
            return self._experts(name, shape)
        tensor = self._take(place, shape)
        if tensor.dtype == FP8:
            matrix = Matrix(tensor.to(self.device, copy=True), self._scale(place, (*shape[:-1], 1)))
            wanted = self.kept is WeightFormat.INT4
            return keep(name, matrix.dense(self.dtype), self.kept, self.dtype) if wanted else matrix
        if tensor.dtype not in PLAIN:
            raise self._unreadable(name, tensor)
        return keep(name, tensor.to(self.device, copy=True), self.kept, self.dtype)

    def check_head(self) -> None:
        """Raises if the head is not the embedding."""
        place = self._find(EMBEDDING)
        if HEAD in self.shards and place in self.shards:
            self.taken.add(HEAD)
            if not torch.equal(self.shards.read(HEAD), self.shards.read(place)):
                message = (
                    f"{HEAD} in {self.shards.paths[HEAD]} differs from {place}; the diffusion engine needs them tied"
                )
                raise NpcError(ErrorCode.ENGINE_FAILED, message)

    def check_rest(self) -> None:
        """Raises if the files hold a tensor of the text model that was not asked for: it would have changed results."""
        for name in self.shards.paths:
            if name.startswith((DECODER, ENCODER)) and not {name, _twin(name)} & self.taken:
                message = f"{name} in {self.shards.paths[name]} has no place in the model that config.json describes"
                raise NpcError(ErrorCode.ENGINE_FAILED, message)

    def _find(self, name: str) -> str:
        """The name in the files, where the encoder's stands for the decoder's."""
        there = [each for each in (name, _twin(name)) if each in self.shards or self._beside(each, "packed")]
        return there[0] if there else name

    def _beside(self, place: str, what: str) -> str | None:
        """The name of what belongs to a quantised matrix, if the files have it."""
        names = (f"{place}_{what}", f"{place}.weight_{what}")
        return next((name for name in names if name in self.shards), None)

    def _take(self, place: str, shape: Shape) -> Tensor:
        if place not in self.shards:
            message = (
                f"{self.shards.folder} has no tensor {place}; pull the checkpoint again, or take another. {INSTEAD}"
            )
            raise NpcError(ErrorCode.ENGINE_FAILED, message)
        found = self.shards.shape(place)
        if found != shape:
            message = f"{place} in {self.shards.paths[place]} is {found}; by config.json it has to be {shape}"
            raise NpcError(ErrorCode.ENGINE_FAILED, message)
        self.taken.add(place)
        self.progress(min(1.0, len(self.taken) / len(self.shards.paths)), "reading weights")
        return self.shards.read(place)

    def _scale(self, place: str, shape: Shape) -> Tensor:
        """The scale of an FP8 matrix, in float32 and one for each output channel."""
        name = self._beside(place, "scale") or f"{place}_scale"
        whole = name in self.shards and self.shards.shape(name) in ((), (1,))
        scale = self._take(name, self.shards.shape(name) if whole else shape)
        return scale.to(self.device, torch.float32, copy=True).expand(shape).contiguous()

    def _packed(self, place: str, packed: str, shape: Shape) -> Matrix:
        """An int4 matrix, as compressed-tensors packs it: eight numbers to a word, groups of inputs of equal size."""
        *rest, out, into = shape
        words = self._take(packed, (*rest, out, into // PER_WORD))
        scale_name = self._beside(place, "scale") or f"{place}_scale"
        groups = self.shards.shape(scale_name)[-1] if scale_name in self.shards else 1
        scale = self._take(scale_name, (*rest, out, groups))
        if words.dtype != torch.int32 or into % (groups * PER_WORD) or self._beside(place, "zero_point"):
            raise self._unreadable(packed, words)
        if size := self._beside(place, "shape"):
            self.taken.add(size)
        return Matrix(words.to(self.device, copy=True), scale.to(self.device, self.dtype, copy=True))

    def _experts(self, name: str, shape: Shape) -> Matrix:
        """A stack of experts that lie in the files one by one."""
        prefix, _, last = name.rpartition(".")
        parts = EXPERT_PARTS[last]
        first = self._find(f"{prefix}.0.{parts[0]}.weight")
        if first not in self.shards and not self._beside(first, "packed"):
            self._take(name, shape)  # neither one by one nor stacked: say so by the stack's name
        count, rows, columns = shape
        matrices = [
            self.matrix(f"{prefix}.{index}.{part}.weight", (rows // len(parts), columns))
            for index in range(count)
            for part in parts
        ]
        scales = [matrix.scale for matrix in matrices if matrix.scale is not None]
        scale = torch.cat(scales).view(count, rows, -1) if scales else None
        return Matrix(torch.cat([matrix.data for matrix in matrices]).view(count, rows, -1), scale)

    def _unreadable(self, name: str, tensor: Tensor) -> NpcError:
        message = f"{name} in {self.shards.folder} is in {tensor.dtype}, which cannot be read here. {INSTEAD}"
        return NpcError(ErrorCode.ENGINE_FAILED, message)


def _twin(name: str) -> str:
    """The name of the same tensor on the other side; a layer's scalar has none."""
    if name.endswith(".layer_scalar"):
        return name
    if name.startswith(DECODER):
        return ENCODER + name.removeprefix(DECODER)
    return DECODER + name.removeprefix(ENCODER)
