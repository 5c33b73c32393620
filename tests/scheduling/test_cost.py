from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.scheduling.cost import FORGET_AFTER_JOBS, PRIORS, CostModel, CostPriors, CostSnapshot

PRIOR = CostPriors(step_ms=20.0, growth=0.5, prefill_token_ms=4.0)

observations = st.lists(
    st.tuples(st.integers(1, 12), st.floats(min_value=0.01, max_value=5_000.0, allow_nan=False)), max_size=80
)


def taught(*steps: tuple[int, float], times: int = 40) -> CostModel:
    """A model that saw each (batch, ms) of `steps` `times` times, all in turn."""
    cost = CostModel(PRIOR)
    for _ in range(times):
        for batch, ms in steps:
            cost.observe_step(batch, ms)
    return cost


def test_priors_hold_until_something_is_measured() -> None:
    cost = CostModel(PRIOR)
    assert cost.step_ms(1) == pytest.approx(20.0 * 1.2)
    assert cost.step_ms(3) == pytest.approx(40.0 * 1.2)
    assert cost.prefill_ms(10) == pytest.approx(40.0 * 1.2)
    assert set(PRIORS) == {"append", "draft"}


@pytest.mark.parametrize("true_ms", [1.0, 19.0, 90.0, 400.0])
def test_converges_to_a_steady_machine(true_ms: float) -> None:
    assert taught((2, true_ms)).step_ms(2) == pytest.approx(true_ms, rel=0.08)


@pytest.mark.parametrize("true_ms", [0.2, 30.0])
def test_prefill_converges_too(true_ms: float) -> None:
    cost = CostModel(PRIOR)
    for tokens in [40, 700] * 20:
        cost.observe_prefill(tokens, tokens * true_ms)
    assert cost.prefill_ms(100) == pytest.approx(100 * true_ms, rel=0.08)


def test_plans_above_the_mean_of_a_machine_that_varies() -> None:
    steady, varying = taught((1, 20.0)), taught((1, 15.0), (1, 25.0))
    assert varying.step_ms(1) > steady.step_ms(1) + 5.0
    assert varying.step_ms(1) < 40.0


def test_one_outlier_moves_the_plan_little() -> None:
    cost = taught((1, 20.0))
    before = cost.step_ms(1)
    cost.observe_step(1, 20_000.0)
    assert before < cost.step_ms(1) < 1.2 * before
    for _ in range(20):
        cost.observe_step(1, 20.0)
    assert cost.step_ms(1) == pytest.approx(20.0, rel=0.05)


def test_a_lasting_change_is_followed() -> None:
    cost = taught((1, 20.0))
    for _ in range(25):
        cost.observe_step(1, 100.0)
    assert cost.step_ms(1) > 95.0


def test_short_prefills_count_little() -> None:
    cost = CostModel(PRIOR)
    for _ in range(30):
        cost.observe_prefill(512, 512 * 4.0)
    before = cost.prefill_ms(100)
    cost.observe_prefill(1, 60.0)
    assert cost.prefill_ms(100) < 1.01 * before


def test_unseen_sizes_lie_between_and_beyond_the_seen() -> None:
    cost = taught((2, 30.0), (6, 70.0))
    assert cost.step_ms(4) == pytest.approx(50.0, rel=0.03)
    assert cost.step_ms(1) == pytest.approx(30.0 * PRIOR.at(1) / PRIOR.at(2), rel=0.03)
    assert cost.step_ms(12) == pytest.approx(70.0 * PRIOR.at(12) / PRIOR.at(6), rel=0.03)


def test_the_newest_observation_corrects_other_sizes() -> None:
    cost = taught((1, 100.0))
    for _ in range(30):
        cost.observe_step(4, 50.0)
    assert cost.step_ms(1) <= cost.step_ms(4) < 55.0


def test_sizes_long_unseen_are_forgotten() -> None:
    cost = taught((4, 1_000.0))
    for _ in range(FORGET_AFTER_JOBS):
        cost.observe_step(2, 20.0)
    assert cost.step_ms(4) == pytest.approx(20.0 * PRIOR.at(4) / PRIOR.at(2), rel=0.03)


@given(observations)
def test_more_jobs_never_make_a_step_cheaper(steps: list[tuple[int, float]]) -> None:
    cost = CostModel(PRIOR)
    for batch, ms in steps:
        cost.observe_step(batch, ms)
        costs = [cost.step_ms(size) for size in range(1, 17)]
        assert all(low <= high * (1 + 1e-9) for low, high in pairwise(costs))
        assert costs[0] > 0


@given(observations, observations)
def test_the_snapshot_crosses_the_pipe_and_plans_alike(
    steps: list[tuple[int, float]], prefills: list[tuple[int, float]]
) -> None:
    cost = CostModel(PRIOR)
    for batch, ms in steps:
        cost.observe_step(batch, ms)
    for tokens, ms in prefills:
        cost.observe_prefill(tokens, ms)
    packed = msgspec.msgpack.encode(cost.snapshot())
    copy = CostModel.from_snapshot(msgspec.msgpack.decode(packed, type=CostSnapshot))
    assert all(copy.step_ms(size) == cost.step_ms(size) for size in range(1, 17))
    assert copy.estimate_ms(100, 30, 3) == cost.estimate_ms(100, 30, 3)
    assert len(packed) < 1_000


def test_a_snapshot_does_not_follow_its_model() -> None:
    cost = taught((1, 20.0))
    copy = CostModel.from_snapshot(cost.snapshot())
    before = copy.step_ms(1)
    cost.observe_step(1, 40.0)
    assert copy.step_ms(1) == before
    after = cost.step_ms(1)
    copy.observe_step(1, 10.0)
    assert cost.step_ms(1) == after


def test_what_cannot_be_is_not_learned() -> None:
    cost = CostModel(PRIOR)
    before = cost.snapshot()
    cost.observe_step(0, 10.0)
    cost.observe_step(1, 0.0)
    cost.observe_prefill(0, 10.0)
    cost.observe_prefill(10, 0.0)
    cost.observe_unfinished_prefill(0, 10.0)
    assert cost.snapshot() == before


def test_estimate_is_prefill_and_steps() -> None:
    cost = taught((2, 30.0))
    assert cost.estimate_ms(10, 5, 2) == pytest.approx(cost.prefill_ms(10) + 5 * cost.step_ms(2))


def test_at_best_remembers_the_good_days() -> None:
    cost = taught((1, 20.0))
    for _ in range(30):
        cost.observe_step(1, 200.0)
    assert cost.step_ms(1) > 150.0
    assert cost.at_best().step_ms(1) < 25.0


def test_at_best_survives_a_correction_by_another_size() -> None:
    cost = CostModel(PRIOR)
    for batch, ms in [(1, 10.0)] * 10 + [(1, 100.0)] * 30 + [(4, 60.0)] * 30:
        cost.observe_step(batch, ms)
    assert cost.step_ms(1) == cost.step_ms(4)
    assert cost.at_best().step_ms(1) < 15.0


def test_at_best_hopes_for_a_fast_machine_until_one_is_measured() -> None:
    cost = CostModel(PRIOR)
    assert cost.at_best().step_ms(1) < 0.2 * cost.step_ms(1)
    assert cost.at_best().prefill_ms(10) < 0.2 * cost.prefill_ms(10)
    cost.observe_step(1, 20.0)
    cost.observe_prefill(100, 400.0)
    assert cost.at_best().step_ms(1) == pytest.approx(20.0)
    assert cost.at_best().prefill_ms(100) == pytest.approx(400.0)


def test_an_unfinished_prefill_ends_hope_but_is_no_measurement() -> None:
    cost = CostModel(PRIOR)
    before = cost.prefill_ms(100)
    cost.observe_unfinished_prefill(100, 300.0)
    assert cost.at_best().prefill_ms(100) == pytest.approx(300.0)
    cost.observe_unfinished_prefill(100, 90_000.0)
    assert cost.at_best().prefill_ms(100) == pytest.approx(400.0)  # no worse than the mean
    assert cost.prefill_ms(100) == before
