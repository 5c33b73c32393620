"""The denoiser on the tiny model of random weights: what tests of the loop share."""

from __future__ import annotations

import torch

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.denoiser import Denoise, Denoiser, Read
from npc_engine.engines.diffusion.prefix_store import Chain, PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.step_shape import Buckets
from npc_engine.engines.diffusion.weights import Weights

CPU = torch.device("cpu")
#: The reference's stop, over the whole canvas.
REFERENCE = Schedule(to_the_end=True)


#: Few lines and blocks, so that tests meet steps that need more.
BUCKETS = Buckets(lines=3, blocks=2)


def filled_denoiser(weights: Weights, schedule: Schedule, buckets: Buckets = BUCKETS) -> Denoiser:
    """A denoiser whose steps are filled up and, as on a card, run from where they were first laid: here by doing the
    same work again."""
    return Denoiser(weights, schedule, buckets=buckets, capture=lambda work: work, slots=2)


class Loop:
    """A model, a store, and one canvas after the other: the plainest use of the denoiser."""

    def __init__(
        self, weights: Weights, schedule: Schedule = REFERENCE, store_mib: int = 32, *, filled: bool = False
    ) -> None:
        self.weights = weights
        self.schedule = schedule
        self.denoiser = filled_denoiser(weights, schedule) if filled else Denoiser(weights, schedule)
        self.store = PrefixStore(weights.config, dtype=weights.dtype, device=CPU, device_bytes=store_mib << 20)

    @property
    def config(self) -> ModelConfig:
        return self.weights.config

    def canvas(self, width: int, planned: int, seed: int = 0, number: int = 0) -> Canvas:
        return self.denoiser.canvas(width, planned=planned, seed=seed, number=number)

    def read(self, chain: Chain, tokens: list[int], chunk: int = 10_000) -> None:
        while tokens:
            assert chain.reserve(len(tokens[:chunk]))
            self.denoiser.step([Read(chain, tokens[:chunk])])
            tokens = tokens[chunk:]

    def opened(self, prompt: list[int], chunk: int = 10_000) -> Chain:
        chain = self.store.open(prompt)
        self.read(chain, prompt[chain.length :], chunk)
        return chain

    def denoise(self, chain: Chain, canvas: Canvas) -> list[list[int]]:
        """Its drafts, step by step, to the end of the plan or until the schedule says that it is done."""
        drafts = []
        while canvas.step < canvas.planned:
            self.denoiser.step([Denoise(chain, canvas)])
            drafts.append(canvas.draft.tolist())
            if self.schedule.is_done(canvas.entropy, canvas.settled, canvas.width):
                break
        return drafts

    def generate(
        self, prompt: list[int], *, width: int, planned: int, seed: int, canvases: int = 1, chunk: int = 10_000
    ) -> list[list[list[int]]]:
        """The drafts of each canvas; each finished one is read before the next."""
        chain = self.opened(prompt, chunk)
        every = []
        for number in range(canvases):
            every.append(self.denoise(chain, self.canvas(width, planned, seed, number)))
            self.read(chain, every[-1][-1], chunk)
        chain.close()
        return every


def random_prompt(length: int, seed: int, vocab_size: int = 512) -> list[int]:
    """Ordinary tokens only."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(16, vocab_size - 2, (length,), generator=generator).tolist()
