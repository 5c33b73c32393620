"""Hugging Face's DiffusionGemma, the oracle of our forward pass and denoising loop: text only, in any precision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import DiffusionGemmaConfig
from transformers.models.diffusion_gemma import modeling_diffusion_gemma as reference
from transformers.models.diffusion_gemma.generation_diffusion_gemma import (
    DiffusionGemmaGenerationConfig,
    EntropyBoundSampler,
)

from npc_engine.engines.diffusion import noise

HfModel = reference.DiffusionGemmaForBlockDiffusion


class _Nothing(nn.Module):
    """Stands where the vision tower would be."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    @classmethod
    def from_config(cls, *_: Any, **__: Any) -> _Nothing:
        return cls()


@contextlib.contextmanager
def no_vision() -> Iterator[None]:
    """The class cannot be made without a vision tower, though its configuration allows that (transformers 5.17)."""
    with (
        mock.patch.object(reference, "AutoModel", _Nothing),
        mock.patch.object(reference, "DiffusionGemmaMultimodalEmbedder", _Nothing),
    ):
        yield


def load_hf(folder: Path, *, canvas_length: int | None = None, dtype: torch.dtype = torch.float32) -> HfModel:
    """The reference with the weights of a checkpoint's folder, in evaluation mode. Raises if any tensor is left over or
    missing."""
    config = DiffusionGemmaConfig.from_pretrained(folder)
    config.canvas_length = canvas_length or config.canvas_length
    config._attn_implementation = "sdpa"
    config._experts_implementation = "eager"  # the others are for float32 and below
    with no_vision():
        model = HfModel(config)
    tensors = load_file(folder / "model.safetensors")
    absent, surplus = model.load_state_dict(tensors, strict=False)
    assert not surplus, surplus
    model.tie_weights()
    # What the file does not have has to be the twin of what it has.
    given = {_place(tensor) for name, tensor in model.state_dict().items() if name in tensors}
    assert [name for name in absent if _place(model.state_dict()[name]) not in given] == []
    model.generation_config = DiffusionGemmaGenerationConfig.from_pretrained(folder)
    return model.to(dtype).eval().requires_grad_(False)


def generate(model: HfModel, prompt: torch.Tensor, **settings: Any) -> Any:
    """`model.generate`, less its call into the compiler's machinery, which does nothing here but takes seconds."""
    with mock.patch.object(torch.compiler, "cudagraph_mark_step_begin", return_value=None):
        return model.generate(prompt, **settings)


def _place(tensor: torch.Tensor) -> int:
    return tensor.data_ptr()


@contextlib.contextmanager
def keyed_noise(seed: int) -> Iterator[None]:
    """Inside, the reference draws its noise from ours, by seed, canvas, step and position. Batches of one."""
    at = {"canvas": -1, "step": 0, "drawn": True}

    def keys(width: int) -> noise.Keys:
        places = torch.arange(width)
        return noise.Keys(*(torch.full_like(places, value) for value in (seed, at["canvas"], at["step"])), places)

    def multinomial(chances: torch.Tensor, num_samples: int) -> torch.Tensor:
        drawn = noise.exponentials(keys(len(chances)), chances.shape[-1], noise.Use.SAMPLE)
        at["drawn"] = True
        return (chances / drawn).argmax(-1, keepdim=True)

    def initialize_canvas(self: EntropyBoundSampler, batch_size: int, device: torch.device) -> torch.Tensor:
        # Called after every draw, and once more when a new canvas begins.
        if at["canvas"] >= 0 and at["drawn"]:
            ids = noise.tokens(keys(self.canvas_length), self.vocab_size, noise.Use.RENOISE)
            at["step"] += 1
        else:
            at["canvas"], at["step"] = at["canvas"] + 1, 0
            ids = noise.tokens(keys(self.canvas_length), self.vocab_size, noise.Use.START)
        at["drawn"] = False
        return ids[None]

    with (
        mock.patch.object(torch, "multinomial", multinomial),
        mock.patch.object(EntropyBoundSampler, "initialize_canvas", initialize_canvas),
    ):
        yield


class _Drafts:
    """A streamer that keeps the drafts of every canvas."""

    def __init__(self) -> None:
        self.canvases: list[list[list[int]]] = []
        self._drafts: list[list[int]] = []

    def put(self, value: torch.Tensor) -> None:
        if self._drafts:
            self.canvases.append(self._drafts)
        self._drafts = []

    def put_draft(self, value: torch.Tensor) -> None:
        self._drafts.append(value[0].tolist())

    def end(self) -> None:
        pass


def drafts(model: HfModel, prompt: list[int], *, planned: int, seed: int, canvases: int = 1) -> list[list[list[int]]]:
    """What `generate()` makes of a prompt with our noise: the drafts of each canvas."""
    streamer = _Drafts()
    with keyed_noise(seed):
        generate(
            model,
            torch.tensor([prompt]),
            streamer=streamer,
            max_denoising_steps=planned,
            max_new_tokens=canvases * model.config.canvas_length,
            eos_token_id=None,
        )
    return streamer.canvases
