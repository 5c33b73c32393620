"""An adapter that was written is what llama.cpp then runs: it says what the trained network says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from npc_engine.engines.llama_server import LlamaServer, ServerOptions
from training.voice.export import write_adapter
from training.voice.network import load
from training.voice.recipe import Recipe

PROMPT = "<|im_start|>user\nTell me about the river and the ferry.<|im_end|>\n<|im_start|>assistant\n"
TOKENS = 24
#: Quantised arithmetic may turn a close decision; it may not turn many.
AGREEMENT = 0.8


def greedy(model: Path, adapter: Path | None) -> tuple[list[int], list[int]]:
    """The prompt's tokens and what is written behind it."""
    options = ServerOptions(
        path=model, slots=1, context_tokens=256, threads=2, gpu_layers=0, spare_cache_mib=0, adapter=adapter
    )
    server = LlamaServer(options)
    try:
        prompt, pieces = list(server.tokenise(PROMPT, True)), []
        request = {"prompt": prompt, "max_tokens": TOKENS, "temperature": 0.0, "stream": True, "ignore_eos": True}

        def on_event(event: dict) -> bool:
            pieces.extend(choice.get("text") or "" for choice in event.get("choices", ()))
            return False

        server.complete(request, on_event)
        return prompt, list(server.tokenise("".join(pieces), False))
    finally:
        server.close()


@pytest.mark.model
@pytest.mark.timeout(180)
def test_llama_cpp_says_what_the_network_says(tmp_path: Path, small_model: Path) -> None:
    recipe = Recipe("smollm2-135m", rank=4, alpha=8.0)
    network = load(small_model, recipe.lora, torch.float32)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in network.adapter().items():
        if name.endswith("lora_b"):
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    tensors = {name: parameter.detach() for name, parameter in network.adapter().items()}
    path = tmp_path / "voice.gguf"
    write_adapter(path, tensors, architecture="llama", recipe=recipe, name="voice", licence="cc0-1.0")
    prompt, written = greedy(small_model, path)
    assert written != greedy(small_model, None)[1]
    assert _agreement(network, prompt, written) >= AGREEMENT
    assert _agreement(load(small_model, None, torch.float32), prompt, written) < AGREEMENT


def _agreement(network: torch.nn.Module, prompt: list[int], written: list[int]) -> float:
    """Share of the written tokens that the network would have written there as well."""
    tokens = torch.tensor(prompt + written)
    count = len(tokens)
    mask = torch.ones(count, count, dtype=torch.bool).tril()
    with torch.no_grad():
        scores = network(tokens, torch.arange(count), mask, torch.arange(len(prompt) - 1, count - 1))
    return (scores.argmax(-1) == tokens[len(prompt) :]).float().mean().item()
