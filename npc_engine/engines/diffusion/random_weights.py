"""Models of random weights: a tiny one to prove the engine with, and the real shape to measure it with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.layout import Shape, build
from npc_engine.engines.diffusion.quantise import keep
from npc_engine.engines.diffusion.sizes import FULL as FULL  # whoever makes up weights says of which size
from npc_engine.engines.diffusion.sizes import TINY as TINY
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.diffusion.weights import Matrix, Weights


@dataclass(frozen=True, slots=True)
class RandomSource:
    """Draws tensors straight onto the generator's device; the same seed gives the same weights in every dtype, up to
    its rounding.

    Matrices keep a row's size. Norms and scales are near one and all differ, so that taking one for another shows.
    """

    generator: torch.Generator
    dtype: torch.dtype
    sharpness: float
    kept: WeightFormat = WeightFormat.PLAIN

    def vector(self, name: str, shape: Shape) -> Tensor:
        return self._normal(shape, std=0.1, mean=1.0)

    def table(self, name: str, shape: Shape) -> Tensor:
        return self._normal(shape, std=0.02 * self.sharpness if "embed_tokens" in name else 1.0)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        return keep(name, self._normal(shape, std=shape[-1] ** -0.5), self.kept, self.dtype)

    def _normal(self, shape: Shape, *, std: float, mean: float = 0.0) -> Tensor:
        """Drawn in float32 whatever the `dtype`, a matrix of a stack at a time: the whole stack is never there in
        float32."""
        made = torch.empty(shape, dtype=self.dtype, device=self.generator.device)
        for part in made.view(-1, *shape[-2:]):
            drawn = torch.empty(part.shape, dtype=torch.float32, device=self.generator.device)
            part.copy_(drawn.normal_(mean, std, generator=self.generator))
        return made


def random_source(
    seed: int,
    *,
    dtype: torch.dtype,
    device: torch.device,
    sharpness: float = 6.0,
    kept: WeightFormat = WeightFormat.PLAIN,
) -> RandomSource:
    """`sharpness` multiplies the embedding, which is also the head: the higher, the surer the model is of some
    positions, and the more entropies differ between them."""
    return RandomSource(torch.Generator(device).manual_seed(seed), dtype, sharpness, kept)


def random_weights(
    config: ModelConfig,
    seed: int,
    *,
    dtype: torch.dtype,
    device: torch.device,
    sharpness: float = 6.0,
    kept: WeightFormat = WeightFormat.PLAIN,
) -> Weights:
    """A model of random weights, made on the device: no copy of it exists elsewhere. Its matrices are `kept` in this
    format and quantised as they come, like a checkpoint's. `sharpness`: see above."""
    return build(config, random_source(seed, dtype=dtype, device=device, sharpness=sharpness, kept=kept))
