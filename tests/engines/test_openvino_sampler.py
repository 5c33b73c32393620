from __future__ import annotations

import pytest

np = pytest.importorskip("numpy", reason="needs the extra `openvino`")

from npc_engine.engines.openvino.sampler import DRY_MULTIPLIER, next_token, pick  # noqa: E402
from npc_engine.jobs import Sampling  # noqa: E402

PLAIN = Sampling(temperature=0.0, repeat_penalty=1.0, repeat_length=0)


def scores(**best: float) -> object:
    values = np.zeros(10, np.float32)
    for name, value in best.items():
        values[int(name[1:])] = value
    return values


def draws(values: object, **settings: float) -> set[int]:
    fields = {"temperature": 1.0, "min_p": 0.1, "repeat_penalty": 1.0, "repeat_length": 0} | settings
    return {next_token(values, [0], (), Sampling(**fields, seed=seed)) for seed in range(200)}  # type: ignore[arg-type]


def test_without_heat_the_best_token_follows() -> None:
    assert next_token(scores(t3=5.0, t4=4.9), [1], (), PLAIN) == 3


def test_the_caller_keeps_its_scores() -> None:
    values = scores(t3=5.0)
    next_token(values, [3], (), Sampling(temperature=0.0, repeat_penalty=2.0))
    assert values[3] == 5.0  # type: ignore[index]


def test_min_p_leaves_what_is_likely_beside_the_best() -> None:
    values = scores(t1=5.0, t2=4.0, t3=2.0)
    assert draws(values) == {1, 2}
    assert draws(values, min_p=0.01) == {1, 2, 3}


def test_the_same_seed_and_place_draw_the_same() -> None:
    lively = Sampling(temperature=5.0, min_p=0.0, seed=-3)
    values = scores(t1=1.0)
    for history in ([0], [0, 1, 2]):
        assert len({next_token(values, history, (), lively) for _ in range(5)}) == 1
    assert len({next_token(values, [0] * length, (), lively) for length in range(1, 40)}) > 1


def test_what_was_said_lately_becomes_less_likely() -> None:
    strong = Sampling(temperature=0.0, repeat_penalty=1.5, repeat_tokens=8, repeat_length=0)
    assert next_token(scores(t3=5.0, t4=4.0), [3], (), strong) == 4
    assert next_token(scores(t3=5.0, t4=4.0), [3, *[9] * 8], (), strong) == 3, "it was too long ago"
    assert next_token(scores(t3=5.0, t4=4.0), [3, *[9] * 7], (), strong) == 4
    assert next_token(scores(t3=0.3) - 1.0, [3], (), strong) != 3  # type: ignore[operator]


@pytest.mark.parametrize(
    ("history", "repeated"),
    [([1, 2, 3, 4, 1, 2, 3], True), ([1, 2, 3, 4, 9, 2, 3], False), ([1, 8, 3, 4, 1, 8, 3], False)],
    ids=["a run of three", "a run of two", "over a line's end"],
)
def test_long_runs_are_not_prolonged(history: list[int], repeated: bool) -> None:
    sampling = Sampling(temperature=0.0, repeat_penalty=1.0, repeat_length=3)
    best = next_token(scores(t4=5.0, t5=5.0 - DRY_MULTIPLIER / 2), history, (8,), sampling)
    assert (best == 5) is repeated


def test_a_choice_is_among_what_is_allowed() -> None:
    values = scores(t1=9.0, t2=3.0, t3=2.0)
    assert pick(values, [2, 3], PLAIN, 0) == 2
    assert {pick(values, [2, 3], Sampling(temperature=1.0, seed=seed), 0) for seed in range(50)} == {2, 3}
