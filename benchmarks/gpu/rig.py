"""A model of random weights on a device, prompts read into its cache, and steps timed as the engine takes them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import torch
from torch import Tensor

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.diffusion.config import WIDTH_MAX, ModelConfig
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.graphs import cuda_capture
from npc_engine.engines.diffusion.line import READING_ROWS
from npc_engine.engines.diffusion.prefix_store import BLOCK_TOKENS, Chain, PrefixStore
from npc_engine.engines.diffusion.random_weights import FULL, TINY, random_weights
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.step_shape import Buckets
from npc_engine.engines.diffusion.weight_format import WeightFormat

CPU = torch.device("cpu")
#: Two layers of the real size, one of each kind, with fewer experts and words: under 2 GB in float32.
CUT = msgspec.structs.replace(FULL, layers=FULL.layers[4:6], experts=16, vocab_size=32_768)
CUT_TINY = msgspec.structs.replace(TINY, layers=TINY.layers[4:6])
#: `--option weights=...` by format.
OPTIONS = {WeightFormat.PLAIN: "bf16", WeightFormat.FP8: "fp8", WeightFormat.INT4: "int4"}
#: Ordinary tokens begin here, at least.
FIRST_ORDINARY = 16
#: Steps before those that are timed: the first is plain, the second is captured.
WARM_STEPS = 4


@dataclass(frozen=True, slots=True)
class Size:
    """What is measured: the real thing on a card, or a rehearsal of it."""

    name: str
    config: ModelConfig
    cut: ModelConfig
    device: torch.device
    prompt: int
    long_prompt: int
    canvases: tuple[tuple[int, int], ...]  # width, lines
    steps: int
    repeats: int
    load_seconds: float
    clients: tuple[int, ...]
    budgets_ms: tuple[int, ...]
    many: int  # characters of which it is shown that they fit

    @property
    def on_card(self) -> bool:
        """Whether times mean anything."""
        return self.device.type == "cuda"


CANVASES = ((32, 1), (64, 1), (128, 1), (256, 1), (64, 4), (32, 16), (64, 16), (256, 4), (128, 16), (256, 16))
SIZES = {
    "full": Size(
        *("full", FULL, CUT, torch.device("cuda"), 600, 4_000, CANVASES, 30, 5, 12.0),
        *((1, 4, 16, 32), (250, 500, 1_000), 200),
    ),
    "tiny": Size(
        *("tiny", TINY, CUT_TINY, CPU, 60, 200, ((32, 1), (64, 4), (256, 4)), 3, 1, 2.0),
        *((1, 4), (500, 1_000), 8),
    ),
}


class Rig:
    """Everything is made on the device. `lines` characters have room for `prompt` tokens each and one canvas read
    back."""

    def __init__(self, size: Size, kept: WeightFormat, *, lines: int, prompt: int) -> None:
        self.size = size
        self.lines = lines
        self.prompt = prompt
        self.weights = random_weights(size.config, 0, dtype=torch.bfloat16, device=size.device, kept=kept)
        token_bytes = size.config.kv_token_elements * self.weights.dtype.itemsize
        blocks = lines * -(-(prompt + WIDTH_MAX) // BLOCK_TOKENS)
        self.store = PrefixStore(
            size.config,
            dtype=self.weights.dtype,
            device=size.device,
            device_bytes=blocks * BLOCK_TOKENS * token_bytes,
        )
        self._chains: list[Chain] = []
        self._reader = self.denoiser(captured=False)

    def denoiser(self, *, captured: bool = True) -> Denoiser:
        """One that fills its steps up; on a card they are captured if so wished. On a CPU each is done again from where
        it was laid, which is the same with less to gain."""
        buckets = Buckets(self.lines, -(-(self.prompt + WIDTH_MAX) // BLOCK_TOKENS))
        capture = (cuda_capture(self.size.device) if self.size.on_card else lambda work: work) if captured else None
        return Denoiser(self.weights, Schedule(), buckets=buckets, capture=capture, slots=3 * self.lines)

    def chains(self, count: int) -> list[Chain]:
        """So many characters, each behind a prompt of its own that was read."""
        while len(self._chains) < count:
            chain = self.store.open(())
            words = random_words(self.prompt, self.size.config.vocab_size, len(self._chains)).tolist()
            for start in range(0, self.prompt, READING_ROWS):
                piece = words[start : start + READING_ROWS]
                assert chain.reserve(len(piece)), "the store is made for so many"
                self._reader.step([Read(chain, piece)])
            self._chains.append(chain)
        return self._chains[:count]

    def work(self, denoiser: Denoiser, width: int, lines: int, planned: int, seed: int = 0) -> list[Denoise]:
        """A canvas for each of so many characters."""
        return [
            Denoise(chain, denoiser.canvas(width, planned=planned, seed=seed * lines + index))
            for index, chain in enumerate(self.chains(lines))
        ]

    def step_ms(self, denoiser: Denoiser, width: int, lines: int, steps: int | None = None) -> float:
        """Milliseconds of a step, of many in a row, each begun before the one before was read."""
        steps = steps or self.size.steps
        work = self.work(denoiser, width, lines, planned=steps + WARM_STEPS + 1)
        run_ahead(denoiser, [work] * WARM_STEPS)
        return run_ahead(denoiser, [work] * steps) / steps

    def sync(self) -> None:
        """Waits for the device."""
        if self.size.on_card:
            torch.cuda.synchronize(self.size.device)


def run_ahead(denoiser: Denoiser, steps: Sequence[Sequence[Denoise]]) -> float:
    """All of these steps as the engine takes them: each is begun before the one before is read. Milliseconds."""
    began_ns = time.perf_counter_ns()
    flights = deque([denoiser.launch(steps[0])])
    for work in steps[1:]:
        flights.append(denoiser.launch(work))
        flights.popleft().wait()
    flights.pop().wait()
    return (time.perf_counter_ns() - began_ns) / NS_PER_MS


def random_words(count: int, vocab_size: int, seed: int) -> Tensor:
    """`(count,)` ordinary tokens."""
    return torch.randint(FIRST_ORDINARY, vocab_size, (count,), generator=torch.Generator().manual_seed(seed))


def repeated_words(count: int, vocab_size: int, seed: int, phrase: int = 12) -> Tensor:
    """`(count,)` tokens in which a phrase comes again and again, as rules and turns do in a prompt."""
    return random_words(phrase, vocab_size, seed).repeat(-(-count // phrase))[:count]
