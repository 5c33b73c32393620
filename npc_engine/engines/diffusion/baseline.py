"""Hugging Face's `generate()` on the weights of ours: what the benchmark compares with.

The very tensors are shared, so that the largest model need not be there twice. Its vision tower is never given memory.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.diffusion.layout import DECODER, ENCODER, Shape, build
from npc_engine.engines.diffusion.tiny_checkpoint import generation_json, model_json
from npc_engine.engines.diffusion.weights import Matrix, Weights
from npc_engine.errors import ErrorCode, NpcError

INSTALL = 'pip install "transformers>=5.17"'


class Generated(NamedTuple):
    """One call of `generate()`: milliseconds to the first draft and between drafts, and the canvases `(B, C)`."""

    first_ms: float
    step_ms: list[float]
    tokens: Tensor


class Baseline:
    """The reference implementation, fed with token ids.

    Raises `NpcError` ENGINE_UNAVAILABLE where it cannot be had: not installed, or weights in FP8, which it does not
    take as they are here.
    """

    def __init__(self, weights: Weights) -> None:
        try:
            from transformers import DiffusionGemmaConfig
            from transformers.models.diffusion_gemma import generation_diffusion_gemma as generation
            from transformers.models.diffusion_gemma import modeling_diffusion_gemma as modeling
        except ImportError as error:
            raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, f"transformers is missing ({error}): {INSTALL}") from error
        tensors = dict(named_tensors(weights))
        if any(tensor.dtype.itemsize == 1 for tensor in tensors.values()):
            raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, "it does not take our FP8 weights; compare with weights=bf16")
        described = model_json(weights.config) | {"vision_config": {"model_type": "gemma4_vision"}}
        config = DiffusionGemmaConfig.from_dict(described)
        config._attn_implementation = "sdpa"
        if weights.dtype == torch.float64:
            config._experts_implementation = "eager"  # the grouped product is for float32 and below
        with torch.device("meta"):
            model: Any = modeling.DiffusionGemmaForBlockDiffusion(config)
        del model.model.encoder.vision_tower, model.model.encoder.embed_vision
        model.load_state_dict(tensors | _twins(tensors), strict=True, assign=True)
        _give_buffers(model, modeling, weights.device)
        settings: Any = generation.DiffusionGemmaGenerationConfig
        model.generation_config = settings(**generation_json(weights.config))
        self._model = model.eval().requires_grad_(False)

    def generate(self, prompts: Tensor, *, width: int, steps: int, static: bool = False) -> Generated:
        """One canvas behind each of `prompts` `(B, P)`, in at most `steps`. Each draft waits for the device.

        With `static` in a cache of fixed size, for which transformers compiles the model on a card: the first call
        takes minutes. It is wrong where prompt and canvas exceed the sliding window (transformers 5.17)."""
        self._model.config.canvas_length = width
        how = {"cache_implementation": "static", "disable_compile": not prompts.is_cuda} if static else {}
        stopwatch = _Stopwatch()
        made = self._model.generate(
            prompts,
            streamer=stopwatch,
            max_new_tokens=width,
            max_denoising_steps=steps,
            **how,
        )
        first_ms, *rest = stopwatch.ms
        return Generated(first_ms, rest, made.sequences[:, prompts.shape[1] :])

    @torch.no_grad()
    def logits(self, prompt: Tensor, canvas: Tensor) -> Tensor:
        """Of `canvas` `(C,)` behind `prompt` `(P,)`, at its first step: `(C, V)`."""
        return cast(Tensor, self._model(input_ids=prompt[None], decoder_input_ids=canvas[None]).logits[0])


def named_tensors(weights: Weights) -> Iterator[tuple[str, Tensor]]:
    """Every tensor under its name in a checkpoint."""
    names = _Names({})
    places = _leaves(build(weights.config, names))
    for place, tensor in zip(places, _leaves(weights), strict=True):
        yield names.of[id(place)], tensor


class _Names(NamedTuple):
    """A source of empty tensors that remembers which is which."""

    of: dict[int, str]

    def vector(self, name: str, shape: Shape) -> Tensor:
        place = torch.empty(0, device="meta")
        self.of[id(place)] = name
        return place

    def table(self, name: str, shape: Shape) -> Tensor:
        return self.vector(name, shape)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        return Matrix(self.vector(name, shape))


class _Stopwatch:
    """A streamer that notes how long each draft took; copying it out has waited for the device."""

    def __init__(self) -> None:
        self.ms: list[float] = []
        self._last_ns = time.perf_counter_ns()

    def put(self, value: Tensor) -> None:
        pass

    def put_draft(self, value: Tensor) -> None:
        now_ns = time.perf_counter_ns()
        self.ms.append((now_ns - self._last_ns) / NS_PER_MS)
        self._last_ns = now_ns

    def end(self) -> None:
        pass


def _leaves(part: object) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, Matrix):
        yield part.data
    elif isinstance(part, tuple):
        for each in part:
            yield from _leaves(each)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from _leaves(getattr(part, field.name))


def _twins(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names under which the same tensors are there again."""
    twins = {"lm_head.weight": tensors[f"{DECODER}embed_tokens.weight"]}
    for name, tensor in tensors.items():
        if name.startswith(DECODER) and ".self_conditioning." not in name and not name.endswith(".layer_scalar"):
            twins[ENCODER + name.removeprefix(DECODER)] = tensor
    return twins


def _give_buffers(model: nn.Module, modeling: Any, device: torch.device) -> None:
    """What is computed rather than loaded was made without memory: make it anew."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, modeling.DiffusionGemmaTextRotaryEmbedding):
                setattr(module, name, modeling.DiffusionGemmaTextRotaryEmbedding(child.config).to(device))
        if isinstance(module, modeling.DiffusionGemmaTextScaledWordEmbedding):
            module.embed_scale = torch.tensor(module.scalar_embed_scale, device=device)
