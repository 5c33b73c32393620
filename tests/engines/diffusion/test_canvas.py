from __future__ import annotations

import pytest
import torch
from diffusion_rig import CPU, Loop, random_prompt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_engine.engines.diffusion.denoiser import Choose, Denoise
from npc_engine.engines.diffusion.head import Head
from npc_engine.engines.diffusion.noise import Keys, Use, exponentials, tokens, words
from npc_engine.engines.diffusion.random_weights import TINY, random_weights

QUIET = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def loop() -> Loop:
    return Loop(random_weights(TINY, 2, dtype=torch.float32, device=CPU))


@QUIET
@given(
    held=st.dictionaries(st.integers(0, 31), st.integers(0, 511), max_size=20),
    late=st.dictionaries(st.integers(0, 31), st.integers(0, 511), max_size=5),
    seed=st.integers(0, 10**6),
)
def test_clamped_tokens_hold_in_every_draft(loop: Loop, held: dict[int, int], late: dict[int, int], seed: int) -> None:
    chain = loop.opened(random_prompt(20, 1))
    canvas = loop.canvas(32, 6, seed)
    for position, token in held.items():
        canvas.clamp(position, [token])
    for step in range(6):
        if step == 3:  # text that was published is clamped while the rest goes on
            held = held | late
            for position, token in late.items():
                canvas.clamp(position, [token])
        loop.denoiser.step([Denoise(chain, canvas)])
        assert {position: int(canvas.draft[position]) for position in held} == held
        tokens = loop.denoiser.tokens(canvas)
        assert {position: int(tokens[position]) for position in held} == held
    chain.close()


def test_a_clamped_position_is_certain_and_stands_for_itself(loop: Loop) -> None:
    chain = loop.opened(random_prompt(20, 1))
    canvas = loop.canvas(32, 6)
    canvas.clamp(4, [50, 51])
    loop.denoiser.step([Denoise(chain, canvas)])
    assert canvas.entropy[4:6].tolist() == [0.0, 0.0]
    assert (canvas.entropy[6:] > 0).all()
    assert torch.equal(loop.denoiser.soft(canvas)[4:6], Head(loop.weights).embed(torch.tensor([50, 51])))
    chain.close()


def test_clamping_changes_what_the_model_makes_of_the_rest(loop: Loop) -> None:
    chain = loop.opened(random_prompt(20, 1))
    plain, clamped = loop.canvas(32, 6), loop.canvas(32, 6)
    clamped.clamp(0, random_prompt(8, 9))
    loop.denoiser.step([Denoise(chain, plain), Denoise(chain, clamped)])
    assert not torch.equal(plain.draft[8:], clamped.draft[8:])
    chain.close()


@QUIET
@given(
    options=st.lists(st.integers(0, 511), min_size=1, max_size=9, unique=True),
    seed=st.integers(0, 2**63 - 1),
    temperature=st.sampled_from([0.0, 0.3, 5.0]),
)
def test_a_choice_is_one_of_its_options(loop: Loop, options: list[int], seed: int, temperature: float) -> None:
    chain = loop.opened(random_prompt(20, 1))
    canvas = loop.canvas(32, 6, seed)
    before = loop.denoiser.tokens(canvas)
    work = Choose(chain, canvas, {3: options, 7: options[:1]}, temperature, {})
    loop.denoiser.step([work])
    assert work.picked[3] in options
    assert work.picked[7] == options[0]
    assert (canvas.step, torch.equal(loop.denoiser.tokens(canvas), before)) == (0, True), "asking is no step"
    chain.close()


def test_hot_choices_vary_and_cold_ones_do_not(loop: Loop) -> None:
    chain = loop.opened(random_prompt(20, 1))
    picked: dict[float, set[int]] = {0.0: set(), 50.0: set()}
    canvas = loop.canvas(32, 6)
    for seed in range(12):
        for temperature, seen in picked.items():
            canvas.seed = seed
            work = Choose(chain, canvas, {3: [20, 30, 40]}, temperature, {})
            loop.denoiser.step([work])
            seen.add(work.picked[3])
    assert len(picked[0.0]) == 1
    assert picked[50.0] == {20, 30, 40}
    chain.close()


class TestNoise:
    """Keyed, so that it is the same whoever asks and whenever."""

    @staticmethod
    def keys(**changes: int) -> Keys:
        fields = {"seed": 7, "canvas": 0, "step": 3, "position": 5} | changes
        return Keys(*(torch.tensor([value]) for value in fields.values()))

    @pytest.mark.parametrize("changed", ["seed", "canvas", "step", "position"])
    def test_every_part_of_the_key_counts(self, changed: str) -> None:
        assert not torch.equal(words(self.keys(), 8, Use.SAMPLE), words(self.keys(**{changed: 9}), 8, Use.SAMPLE))

    def test_the_high_half_of_the_seed_counts(self) -> None:
        assert not torch.equal(words(self.keys(), 8, Use.SAMPLE), words(self.keys(seed=7 + (1 << 40)), 8, Use.SAMPLE))

    def test_uses_do_not_share_numbers(self) -> None:
        drawn = [tuple(words(self.keys(), 4, use)[0].tolist()) for use in Use]
        assert len(set(drawn)) == len(drawn)

    def test_it_is_philox(self) -> None:
        """The known answer for ten rounds of Philox4x32 at zero, from the authors' own test vectors (Random123)."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("npc_engine.engines.diffusion.noise.ROUNDS", 10)
            zero = self.keys(seed=0, step=0, position=0)
            found = words(zero, 4, Use.START)[0].tolist()
        assert [f"{word:08x}" for word in found] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]

    def test_tokens_and_exponentials_have_the_right_distribution(self) -> None:
        places = torch.arange(20_000)
        same = torch.zeros_like(places)
        keys = Keys(same, same, same, places)
        counts = torch.bincount(tokens(keys, 10, Use.START), minlength=10)
        assert counts.sum() == 20_000
        assert (counts - 2_000).abs().max() < 200  # over four standard deviations
        drawn = exponentials(Keys(*(key[:64] for key in keys)), 512, Use.SAMPLE)
        assert (drawn > 0).all()
        assert drawn.mean().item() == pytest.approx(1.0, abs=0.03)
        assert drawn.var().item() == pytest.approx(1.0, abs=0.08)
