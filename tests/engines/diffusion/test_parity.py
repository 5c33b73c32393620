"""Token for token what `generate()` of Hugging Face makes, given the same noise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusion_rig import CPU, Loop, random_prompt
from hf_oracle import HfModel, drafts, load_hf

from npc_engine.engines.diffusion.random_weights import TINY, random_weights
from npc_engine.engines.diffusion.tiny_checkpoint import write_checkpoint

#: The tiny model's sliding window is 32: prompts below, at and above it, and past twice of it.
PROMPTS = (5, 31, 32, 33, 80)


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop(random_weights(TINY, 0, dtype=torch.float32, device=CPU))


@pytest.fixture(scope="module")
def oracle(tiny_folder: Path) -> HfModel:
    return load_hf(tiny_folder)


@pytest.mark.parametrize("seed", range(5))
def test_one_canvas_is_that_of_generate(loop: Loop, oracle: HfModel, seed: int) -> None:
    prompt = random_prompt(PROMPTS[seed], seed)
    oracle.config.canvas_length = 32
    expected = drafts(oracle, prompt, planned=12, seed=seed)
    assert loop.generate(prompt, width=32, planned=12, seed=seed) == expected
    assert len(expected[0]) == 12


@pytest.mark.parametrize("width", [16, 64, 128, 256])
def test_every_width_is_that_of_generate(loop: Loop, oracle: HfModel, width: int) -> None:
    prompt = random_prompt(40, width)
    oracle.config.canvas_length = width
    assert loop.generate(prompt, width=width, planned=6, seed=7) == drafts(oracle, prompt, planned=6, seed=7)


@pytest.mark.parametrize("length", PROMPTS)
def test_several_canvases_are_those_of_generate(loop: Loop, oracle: HfModel, length: int) -> None:
    prompt = random_prompt(length, length)
    oracle.config.canvas_length = 16
    expected = drafts(oracle, prompt, planned=5, seed=length, canvases=4)
    assert len(expected) == 4
    assert loop.generate(prompt, width=16, planned=5, seed=length, canvases=4) == expected


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_weights_make_what_generate_makes_of_them(tmp_path: Path, seed: int) -> None:
    write_checkpoint(tmp_path, seed=seed)
    oracle = load_hf(tmp_path, canvas_length=48)
    prompt = random_prompt(60, seed)
    expected = drafts(oracle, prompt, planned=8, seed=seed, canvases=2)
    loop = Loop(random_weights(TINY, seed, dtype=torch.float32, device=CPU))
    assert loop.generate(prompt, width=48, planned=8, seed=seed, canvases=2) == expected
