from __future__ import annotations

import pytest
import torch

from npc_engine.engines.diffusion.kernels.fresh_tokens import fresh_tokens
from npc_engine.engines.diffusion.noise import Keys, Use, tokens


@pytest.mark.parametrize("use", [Use.START, Use.RENOISE])
@pytest.mark.parametrize("vocab", [512, 262_144])
def test_they_are_those_of_the_engine(place, use: Use, vocab: int) -> None:
    count = 300
    seeds = torch.randint(-(2**63), 2**63 - 1, (count,), generator=torch.Generator().manual_seed(1))
    each = torch.arange(count)
    keys = Keys(seeds, each % 3 + 65_535, each % 17, each * 1_000_003)
    there = Keys(*(key.to(place.device) for key in keys))
    found = fresh_tokens(there, vocab, use, place.normal(1))
    assert torch.equal(found.cpu(), tokens(keys, vocab, use))
