"""How far a step's logits are from float32's, by the format of the weights, and from the reference's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from gpu.report import Findings
from gpu.rig import CPU, OPTIONS, Size, random_words, repeated_words
from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.head import Head
from npc_engine.engines.diffusion.kernels import grouped_experts, vocabulary_head
from npc_engine.engines.diffusion.layout import Shape, build
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.packet import Packet
from npc_engine.engines.diffusion.prefix_store import MIB, PrefixStore
from npc_engine.engines.diffusion.quantise import keep
from npc_engine.engines.diffusion.random_weights import RandomSource, random_source
from npc_engine.engines.diffusion.schedule import T_MIN, Schedule
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.diffusion.weights import Matrix, Weights

INPUTS: dict[str, Callable[[int, int, int], Tensor]] = {"random": random_words, "repeated": repeated_words}
PROMPT, WIDTH = 96, 64
#: A token is clear where the likeliest leads the next by so much, in logits.
CLEAR = 0.25
#: Tokens of which the mean embedding is made, instead of all.
TOPS = (1, 8, 64, 256)
#: By relative norm, the median position: what bf16 may be from the reference in bf16.
FAR = 1e-2


@dataclass(frozen=True, slots=True)
class Moved:
    """The tensors of another source, brought to a device and into a format."""

    source: RandomSource
    device: torch.device
    dtype: torch.dtype
    kept: WeightFormat
    sharp: bool

    def vector(self, name: str, shape: Shape) -> Tensor:
        drawn = self.source.vector(name, shape)
        if "q_norm" in name and not self.sharp:
            drawn = drawn / shape[0] ** 0.5
        return drawn.to(self.device, self.dtype)

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
    """One step of a model with two layers of the real size.

    Random weights are torn where learnt ones are not. Their scores in attention are √d times too large (this model does
    not divide by it, and has learnt not to need to), so that a rounding error decides whom a row sees: that is measured
    as it is drawn ("sharp"), and with queries that are divided by it. And routers take other experts for a rounding
    error: so each format is also told to take the experts that bf16 takes.
    """
    for sharp in (False, True):
        _distance(size, found, sharp=sharp)


def _distance(size: Size, found: Findings, *, sharp: bool) -> None:
    words = dict(inputs(size.cut))
    exact = cut_weights(size.cut, CPU, torch.float32, WeightFormat.PLAIN, sharp=sharp)
    expected = {name: logits(exact, each) for name, each in words.items()}
    del exact
    table = _Table(found, "sharp" if sharp else "usual")
    plain: dict[str, Tensor] = {}
    routes: dict[str, list[Route]] = {}
    for kept in WeightFormat:
        weights = cut_weights(size.cut, size.device, torch.bfloat16, kept, sharp=sharp)
        for name, each in words.items():
            if kept is WeightFormat.PLAIN:
                with _noting(routes.setdefault(name, [])):
                    plain[name] = logits(weights, each)
                table.note("bf16", "float32", name, plain[name], expected[name])
                continue
            table.note(OPTIONS[kept], "float32", name, made := logits(weights, each), expected[name])
            table.note(OPTIONS[kept], "bf16", name, made, plain[name])
            with _routed(routes[name]):
                table.note(OPTIONS[kept], "bf16, its experts", name, logits(weights, each), plain[name])
        if kept is WeightFormat.PLAIN:
            _likeliest_only(weights, words, found)
            _beside_the_reference(weights, size, words, plain, expected, table)
        del weights


@dataclass(frozen=True, slots=True)
class _Table:
    """Notes distances of models with attention of one kind."""

    found: Findings
    attention: str

    def note(self, weights: str, against: str, name: str, made: Tensor, expected: Tensor) -> float:
        """How far `made` is from `expected`."""
        apart, alike = compare(made, expected)
        self.found.row(
            weights=weights,
            against=against,
            attention=self.attention,
            input=name,
            apart=apart,
            clear_tokens_alike=alike,
        )
        return apart


def _likeliest_only(weights: Weights, words: dict[str, Tensor], found: Findings) -> None:
    """How far the mean embedding of the likeliest tokens is from that of all."""
    for name, each in words.items():
        rows = hidden(weights, each)
        scale = Head(weights).embedding_scale
        head = vocabulary_head.Unembedding(weights.embedding, weights.config.logit_softcap, scale)
        warmth = torch.full((WIDTH,), T_MIN, device=rows.device)
        keys = Keys(*torch.zeros((4, WIDTH), dtype=torch.int64, device=rows.device))
        whole = vocabulary_head.read_vocabulary(rows, head, warmth, keys).soft.float()
        for top in TOPS:
            part = vocabulary_head.read_vocabulary(rows, head, warmth, keys, top).soft.float()
            apart = float(((part - whole).norm(dim=1) / whole.norm(dim=1)).median())
            found.row(soft_embedding_of=top, input=name, temperature=T_MIN, apart_from_all=apart)


def _beside_the_reference(
    weights: Weights,
    size: Size,
    words: dict[str, Tensor],
    plain: dict[str, Tensor],
    expected: dict[str, Tensor],
    table: _Table,
) -> None:
    from npc_engine.engines.diffusion.baseline import Baseline

    baseline = Baseline(weights)
    worst = 0.0
    for name, each in words.items():
        theirs = baseline.logits(each[:PROMPT].to(size.device), each[PROMPT:].to(size.device)).float().cpu()
        table.note("generate(), bf16", "float32", name, theirs, expected[name])
        worst = max(worst, table.note("bf16", "generate(), bf16", name, plain[name], theirs))
    table.found.at_most(f"bf16 logits from the reference's, {table.attention} attention", FAR, worst, "of norm")


#: The experts that rows pick, and what each counts.
Route = tuple[Tensor, Tensor]


@contextmanager
def _noting(routes: list[Route]) -> Iterator[None]:
    """Notes which experts are taken."""
    run = grouped_experts.run_experts

    def noted(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
        routes.append((picked, weight))
        return run(rows, picked, weight, inner, outer)

    with mock.patch.object(grouped_experts, "run_experts", noted):
        yield


@contextmanager
def _routed(routes: list[Route]) -> Iterator[None]:
    """Takes those that were noted."""
    run, noted = grouped_experts.run_experts, iter(routes)

    def routed(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
        return run(rows, *next(noted), inner, outer)

    with mock.patch.object(grouped_experts, "run_experts", routed):
        yield


def inputs(config: ModelConfig) -> Iterator[tuple[str, Tensor]]:
    """Prompt and canvas, `(P + C,)`, of each kind."""
    for name, make in INPUTS.items():
        yield name, make(PROMPT + WIDTH, config.vocab_size, 0)


def cut_weights(
    config: ModelConfig, device: torch.device, dtype: torch.dtype, kept: WeightFormat, *, sharp: bool
) -> Weights:
    """The same numbers every time, up to rounding."""
    source = random_source(0, dtype=torch.float32, device=CPU)
    return build(config, Moved(source, device, dtype, kept, sharp))


def logits(weights: Weights, words: Tensor) -> Tensor:
    """Of a canvas of the last `WIDTH` words behind a prompt of the first, `(C, V)` in float32 on the CPU."""
    scores = hidden(weights, words).float() @ weights.embedding.float().T
    cap = weights.config.logit_softcap
    return (torch.tanh(scores / cap) * cap).cpu()


def hidden(weights: Weights, words: Tensor) -> Tensor:
    """Its rows `(C, H)` before the head."""
    denoiser = _Listening(weights, Schedule())
    store = PrefixStore(weights.config, dtype=weights.dtype, device=weights.device, device_bytes=64 * MIB)
    chain = store.open(())
    assert chain.reserve(PROMPT)
    denoiser.step([Read(chain, words[:PROMPT].tolist())])
    canvas = denoiser.canvas(WIDTH, planned=2)
    canvas.start = words[PROMPT:]
    denoiser.step([Denoise(chain, canvas)])
    chain.close()
    return denoiser.hidden[:WIDTH]


def compare(found: Tensor, expected: Tensor) -> tuple[float, float]:
    """The norm of the difference over the norm, of the median position; and the share of clear tokens that are the
    same."""
    apart = float(((found - expected).norm(dim=1) / expected.norm(dim=1)).median())
    best = expected.topk(2, dim=1)
    clear = best.values[:, 0] - best.values[:, 1] > CLEAR
    alike = (found.argmax(1) == best.indices[:, 0])[clear]
    return apart, float(alike.float().mean()) if len(alike) else float("nan")
