from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.diffusion.schedule import CONFIDENT_SUM, T_MAX, T_MIN, Schedule

OURS, REFERENCE = Schedule(), Schedule(to_the_end=True)


@given(planned=st.integers(1, 64))
def test_every_plan_goes_from_hot_to_cold(planned: int) -> None:
    heat = [OURS.temperature(step, planned) for step in range(planned)]
    assert heat[0] == pytest.approx(T_MAX)
    assert heat == sorted(heat, reverse=True)
    assert heat[-1] == pytest.approx(T_MIN + (T_MAX - T_MIN) / planned)
    # A plan that was cut while it ran does not get colder than its end.
    assert OURS.temperature(planned + 3, planned) == pytest.approx(heat[-1])


@given(entropy=st.lists(st.floats(0, 3), min_size=1, max_size=40), bound=st.floats(0.01, 2))
def test_the_surest_are_accepted_while_the_rest_of_them_stays_below_the_bound(
    entropy: list[float], bound: float
) -> None:
    taken = Schedule(entropy_bound=bound).accepted(torch.tensor([entropy], dtype=torch.float64))[0]
    kept = sorted(value for value, here in zip(entropy, taken.tolist(), strict=True) if here)
    assert kept == sorted(entropy)[: len(kept)]
    assert kept, "the surest one is always accepted"
    assert sum(kept[:-1]) <= bound + 1e-9
    following = sorted(entropy)[: len(kept) + 1]
    assert len(kept) == len(entropy) or sum(following[:-1]) > bound - 1e-9


def test_a_narrow_canvas_accepts_the_same_beside_a_wide_one() -> None:
    alone = OURS.accepted(torch.tensor([[0.05, 0.01, 2.0]]))
    padded = torch.tensor([[0.05, 0.01, 2.0, torch.inf, torch.inf], [0.0, 0.0, 0.0, 3.0, 1.0]])
    assert torch.equal(OURS.accepted(padded)[0, :3], alone[0])


class TestStop:
    """The reference looks at the whole canvas; ours at the reply, which ends where it ends."""

    settled = torch.tensor([True] * 6 + [False] * 10)
    entropy = torch.tensor([0.001] * 6 + [2.0] * 10)

    def test_what_stands_behind_the_end_does_not_count(self) -> None:
        assert OURS.is_done(self.entropy, self.settled, live=6)
        assert not REFERENCE.is_done(self.entropy, self.settled, live=6)

    def test_a_reply_that_moves_is_not_done(self) -> None:
        assert not OURS.is_done(self.entropy, self.settled, live=7)

    def test_nor_is_one_that_the_model_is_not_sure_of(self) -> None:
        unsure = torch.full((16,), CONFIDENT_SUM / 5)
        assert not OURS.is_done(unsure, torch.ones(16, dtype=torch.bool), live=6)
        assert OURS.is_done(unsure, torch.ones(16, dtype=torch.bool), live=4)

    def test_a_whole_canvas_is_done_where_the_reference_is(self) -> None:
        for mean in (0.004, 0.006):
            entropy, settled = torch.full((256,), mean), torch.ones(256, dtype=torch.bool)
            assert OURS.is_done(entropy, settled, live=256) == REFERENCE.is_done(entropy, settled, live=256)


def test_only_what_is_sure_and_has_not_moved_may_be_shown() -> None:
    entropy, settled = torch.tensor([0.01, 0.01, 1.0, 1.0]), torch.tensor([True, False, True, False])
    assert OURS.steady(entropy, settled).tolist() == [True, False, False, False]
