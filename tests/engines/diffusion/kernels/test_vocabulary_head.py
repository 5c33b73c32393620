"""The head over chunks of the vocabulary: the tokens, entropies and expected embeddings of the dense one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_engine.engines.diffusion.kernels import vocabulary_head
from npc_engine.engines.diffusion.kernels.device import vocabulary_head as device
from npc_engine.engines.diffusion.kernels.vocabulary_head import (
    NO_OPTION,
    Unembedding,
    choose_labels,
    read_last,
    read_vocabulary,
)
from npc_engine.engines.diffusion.noise import Keys, Use, exponentials

CAP, WIDTH = 30.0, 32


def keys(count: int, device_name: str = "cpu", step: int = 3) -> Keys:
    seeds = torch.randint(-(2**63), 2**63 - 1, (count,), generator=torch.Generator().manual_seed(1))
    each = torch.arange(count)
    return Keys(*(key.to(device_name) for key in (seeds, each % 3 + 65_535, each * 0 + step, each * 1_000_003)))


def unembedding(place, vocab: int, std: float) -> Unembedding:
    scale = torch.tensor(WIDTH**0.5).to(place.device, place.dtype)
    return Unembedding(place.normal(vocab, WIDTH, std=std), CAP, scale)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several chunks of several tiles, the last ones not full, in a vocabulary of a few hundred."""
    monkeypatch.setattr(device, "NARROWEST", 256)
    monkeypatch.setattr(device, "WIDEST", 256)
    monkeypatch.setattr(device, "TILE", 128)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("std", [0.02, 0.6, 4.0])  # nearly uniform; some sure; most at the cap
@pytest.mark.parametrize("vocab", [128, 700, 1_024])
def test_it_reads_what_the_dense_head_reads(place, std: float, vocab: int) -> None:
    head, rows = unembedding(place, vocab, std), place.normal(4, WIDTH, seed=1)
    temperature = torch.tensor([0.8, 0.05, 0.4, 1.7]).to(place.device)
    expected = vocabulary_head.reference(rows, head, temperature, keys(4, place.device))
    found = read_vocabulary(rows, head, temperature, keys(4, place.device))
    exact = place.dtype == torch.float32 or place.device == "cpu"  # the same product gave the scores
    if exact:
        assert torch.equal(found.best, expected.best)
        assert torch.equal(found.drawn, expected.drawn)
    # Scores reach the cap over the temperature, and an entropy can be no surer than their last place.
    unsure = 5e-6 + 2**-23 * CAP / temperature if exact else 1e-2
    assert ((found.entropy - expected.entropy).abs() <= unsure).all()
    assert place.close(found.soft, expected.soft)
    assert found.soft.dtype == place.dtype
    last = read_last(rows, head, temperature)
    assert torch.equal(last.best, found.best)
    assert ((last.entropy - found.entropy).abs() <= 5e-6 + 2**-23 * CAP / temperature).all()


@pytest.mark.usefixtures("small_chunks")
def test_noise_is_that_of_the_engine(place) -> None:
    # All scores are equal, so what is drawn is where the noise is least.
    head = Unembedding(torch.zeros(700, WIDTH).to(place.device, place.dtype), CAP, torch.ones(()).to(place.device))
    found = read_vocabulary(place.normal(5, WIDTH), head, torch.ones(5, device=place.device), keys(5, place.device))
    assert torch.equal(found.drawn, exponentials(keys(5, place.device), 700, Use.SAMPLE).argmin(-1))
    assert found.best.tolist() == [0] * 5  # among equals the first
    torch.testing.assert_close(found.entropy.cpu(), torch.full((5,), 700.0).log())


@pytest.mark.usefixtures("small_chunks")
def test_a_row_is_read_the_same_whoever_is_beside_it(place) -> None:
    head, mine, others = unembedding(place, 700, 0.6), place.normal(4, WIDTH), place.normal(4, WIDTH, seed=1)
    others[2] = mine[2]
    temperature = torch.full((4,), 0.6, device=place.device)
    first, second = (read_vocabulary(rows, head, temperature, keys(4, place.device)) for rows in (mine, others))
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one[2], other[2])


@pytest.mark.usefixtures("small_chunks")
def test_scores_that_rise_late_or_sink_do_not_lose_what_was_seen(place) -> None:
    # The likeliest token is in the last chunk for some rows and in the first for others, 75 nats above the rest.
    embedding = torch.zeros(700, WIDTH)
    embedding[3, 0], embedding[690, 1] = 1_000.0, 1_000.0
    rows = torch.zeros(3, WIDTH)
    rows[0, 0], rows[1, 1], rows[2, :2] = 1.0, 1.0, 1.0
    scale = torch.ones(()).to(place.device, place.dtype)
    head = Unembedding(embedding.to(place.device, place.dtype), CAP, scale)
    rows, temperature = rows.to(place.device, place.dtype), torch.full((3,), 0.4, device=place.device)
    found = read_vocabulary(rows, head, temperature, keys(3, place.device))
    assert found.best.tolist() == [3, 690, 3]
    sure = torch.tensor([1.0, 1.0, 2.0]).log()
    torch.testing.assert_close(found.entropy.cpu(), sure, atol=1e-5, rtol=0)
    expected = torch.stack((embedding[3], embedding[690], (embedding[3] + embedding[690]) / 2))
    assert place.close(found.soft.cpu(), expected)


@pytest.mark.usefixtures("small_chunks")
def test_expecting_the_likeliest_only(place) -> None:
    head, rows = unembedding(place, 700, 0.6), place.normal(3, WIDTH, seed=1)
    temperature = torch.full((3,), 0.5, device=place.device)
    expected = vocabulary_head.reference(rows, head, temperature, keys(3, place.device), top=40)
    found = read_vocabulary(rows, head, temperature, keys(3, place.device), top=40)
    assert place.close(found.soft, expected.soft)
    full = read_vocabulary(rows, head, temperature, keys(3, place.device))
    assert torch.equal(found.drawn, full.drawn)

    def error(top: int) -> float:
        few = read_vocabulary(rows, head, temperature, keys(3, place.device), top=top)
        return float((few.soft - full.soft).double().norm() / full.soft.double().norm())

    assert error(4) > error(40) > error(690)
    assert error(700) < place.tolerance


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 63), min_size=1, max_size=6, unique=True), min_size=1, max_size=4))
def test_slots_of_many_options_are_read_as_one_by_one(options: list[list[int]]) -> None:
    generator = torch.Generator().manual_seed(len(options))
    head = Unembedding(torch.randn(64, WIDTH, generator=generator), CAP, torch.ones(()))
    rows = torch.randn(len(options), WIDTH, generator=generator)
    widest = max(map(len, options))
    padded = torch.tensor([[*each, *[NO_OPTION] * (widest - len(each))] for each in options])
    temperature = torch.tensor([0.0, 0.7, 0.3, 0.0])[: len(options)]
    noise = keys(len(options))
    chosen = choose_labels(rows, head, padded, temperature, noise).tolist()
    for index, each in enumerate(options):
        scores = torch.tanh(head.embedding[each] @ rows[index] / CAP) * CAP
        if temperature[index] > 0:
            race = exponentials(Keys(*(key[index : index + 1] for key in noise)), len(each), Use.CHOICE)[0]
            scores = (scores / temperature[index]).softmax(-1) / race
        assert chosen[index] == each[int(scores.argmax())]


def test_no_buffer_is_as_large_as_all_scores() -> None:
    vocab = torch.empty(262_144, 1)
    for rows in (1, 64, 256, 1_024, 4_096):
        chunks = list(device._chunks(rows, vocab))
        assert sum(len(chunk.embedding) for chunk in chunks) == len(vocab)
        assert len(chunks) >= 4
        assert rows * len(chunks[0].embedding) <= max(device.SCORES, rows * device.NARROWEST)
