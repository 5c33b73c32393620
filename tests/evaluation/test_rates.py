"""Intervals against published numbers, and what must hold of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.evaluation.rates import Rate, difference, rate


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_tabled_by_newcombe(count: int, total: int, low: float, high: float) -> None:
    assert Rate(count, total).interval() == pytest.approx((low, high), abs=5e-5)


def test_a_paired_difference_as_tabled_by_newcombe() -> None:
    before = [True] * 36 + [False] * 12 + [True] * 2
    after = [True] * 36 + [True] * 12 + [False] * 2
    assert difference(before, after, 1.96).interval == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_nothing_says_nothing() -> None:
    assert rate([]).share == 0.0
    assert rate([]).interval() == (0.0, 1.0)
    assert difference([], []).interval == (-1.0, 1.0)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_an_interval_holds_its_rate_and_turns_with_the_question(pairs: list[tuple[bool, bool]]) -> None:
    before, after = [one for one, _ in pairs], [other for _, other in pairs]
    for each in (rate(before), rate(after)):
        low, high = each.interval()
        assert 0.0 <= low <= each.share + 1e-9
        assert each.share - 1e-9 <= high <= 1.0
    there, back = difference(before, after), difference(after, before)
    assert -1.0 <= there.interval.low <= there.share + 1e-9
    assert there.share - 1e-9 <= there.interval.high <= 1.0
    assert there.interval == pytest.approx((-back.interval.high, -back.interval.low))


def test_more_lines_tell_more() -> None:
    few = difference([True] * 12, [True] * 11 + [False])
    many = difference([True] * 120, [True] * 110 + [False] * 10)
    assert few.interval.low < many.interval.low
    assert few.interval.high > 0.0 > many.interval.high
