"""How far a step's logits are from float32's, by the format of the weights, and from the reference's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gpu.report import Findings
from gpu.rig import CPU, OPTIONS, Size, random_words, repeated_words
from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.layout import Shape, build
from npc_engine.engines.diffusion.packet import Packet
from npc_engine.engines.diffusion.prefix_store import MIB, PrefixStore
from npc_engine.engines.diffusion.quantise import keep
from npc_engine.engines.diffusion.random_weights import RandomSource, random_source
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.diffusion.weights import Matrix, Weights

INPUTS: dict[str, Callable[[int, int, int], Tensor]] = {"random": random_words, "repeated": repeated_words}
PROMPT, WIDTH = 96, 64
#: A token is clear where the likeliest leads the next by so much, in logits.
CLEAR = 0.25
#: By relative norm, the median position: what bf16 may be from the reference in bf16.
FAR = 1e-2


@dataclass(frozen=True, slots=True)
class Moved:
    """The tensors of another source, brought to a device and into a format."""

    source: RandomSource
    device: torch.device
    dtype: torch.dtype
    kept: WeightFormat

    def vector(self, name: str, shape: Shape) -> Tensor:
        return self.source.vector(name, shape).to(self.device, self.dtype)

    def table(self, name: str, shape: Shape) -> Tensor:
        return self.source.table(name, shape).to(self.device, self.dtype)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        return keep(name, self.source.matrix(name, shape).data.to(self.device), self.kept, self.dtype)


class _Listening(Denoiser):
    """Keeps the hidden rows of its last step."""

    hidden: Tensor

    def _denoise(self, packet: Packet, hidden: Tensor, *rest: Any) -> None:
        self.hidden = hidden
        super()._denoise(packet, hidden, *rest)


def distance(size: Size, found: Findings) -> None:
    """One step of a model with two layers of the real size."""
    exact = cut_weights(size.cut, CPU, torch.float32, WeightFormat.PLAIN)
    expected = {name: logits(exact, words) for name, words in inputs(size.cut)}
    del exact
    for kept in WeightFormat:
        weights = cut_weights(size.cut, size.device, torch.bfloat16, kept)
        for name, words in inputs(size.cut):
            apart, alike = compare(logits(weights, words), expected[name])
            found.row(weights=OPTIONS[kept], against="float32, CPU", input=name, apart=apart, clear_tokens_alike=alike)
        if kept is WeightFormat.PLAIN:
            _beside_the_reference(weights, size, found)
        del weights


def _beside_the_reference(weights: Weights, size: Size, found: Findings) -> None:
    from npc_engine.engines.diffusion.baseline import Baseline

    baseline = Baseline(weights)
    worst = 0.0
    for name, words in inputs(size.cut):
        theirs = baseline.logits(words[:PROMPT].to(size.device), words[PROMPT:].to(size.device)).float().cpu()
        apart, alike = compare(logits(weights, words), theirs)
        worst = max(worst, apart)
        found.row(weights="bf16", against="generate()", input=name, apart=apart, clear_tokens_alike=alike)
    found.at_most("logits from the reference's, bf16, median position", FAR, worst, "of the norm")


def inputs(config: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Prompt and canvas, `(P + C,)`, of each kind."""
    for name, make in INPUTS.items():
        yield name, make(PROMPT + WIDTH, config.vocab_size, 0)


def cut_weights(config: ModelConfig, device: torch.device, dtype: torch.dtype, kept: WeightFormat) -> Weights:
    """The same numbers every time, up to rounding."""
    source = random_source(0, dtype=torch.float32, device=CPU)
    return build(config, Moved(replace(source), device, dtype, kept))


def logits(weights: Weights, words: Tensor) -> Tensor:
    """Of a canvas of the last `WIDTH` words behind a prompt of the first, `(C, V)` in float32 on the CPU."""
    denoiser = _Listening(weights, Schedule())
    store = PrefixStore(weights.config, dtype=weights.dtype, device=weights.device, device_bytes=64 * MIB)
    chain = store.open(())
    assert chain.reserve(PROMPT)
    denoiser.step([Read(chain, words[:PROMPT].tolist())])
    canvas = denoiser.canvas(WIDTH, planned=2)
    canvas.start = words[PROMPT:]
    denoiser.step([Denoise(chain, canvas)])
    chain.close()
    scores = denoiser.hidden[:WIDTH].float() @ weights.embedding.float().T
    cap = weights.config.logit_softcap
    return (torch.tanh(scores / cap) * cap).cpu()


def compare(found: Tensor, expected: Tensor) -> tuple[float, float]:
    """The norm of the difference over the norm, of the median position; and the share of clear tokens that are the
    same."""
    apart = float(((found - expected).norm(dim=1) / expected.norm(dim=1)).median())
    best = expected.topk(2, dim=1)
    clear = best.values[:, 0] - best.values[:, 1] > CLEAR
    alike = (found.argmax(1) == best.indices[:, 0])[clear]
    return apart, float(alike.float().mean()) if len(alike) else float("nan")
