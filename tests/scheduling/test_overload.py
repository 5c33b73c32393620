"""Admission, scheduler and cost model together under load, in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import pytest
from simulation import Outcome, Setting, simulate

from npc_engine.jobs import FinishReason, JobClass
from npc_engine.scheduling.cost import CostPriors
from npc_engine.scheduling.policy import Shape

Scenario: TypeAlias = Callable[[float], Outcome]

LOADS = (0.5, 1.0, 2.0, 4.0)
#: Four slots, 40 steps of 10 ms: ten lines a second.
CAPACITY_PER_S = 10.0


def processor_step_ms(batch: int) -> float:
    """A small model on a processor: each further character slows all others down by half a step."""
    return 23.0 * (1 + 0.5 * (batch - 1))


@cache
def rigid(load: float) -> Outcome:
    """Jobs of exactly 400 ms and a budget of 1,000 ms."""
    return simulate(Setting(load * CAPACITY_PER_S, shape=Shape(40, 40, 40), natural_steps=(40, 40)))


@cache
def mixed_budgets(load: float) -> Outcome:
    return simulate(
        Setting(load * CAPACITY_PER_S, shape=Shape(40, 40, 40), natural_steps=(40, 40), budget_ms=(500.0, 3_000.0))
    )


@cache
def on_a_processor(load: float, prior_error: float = 1.0) -> Outcome:
    """Lines that may be shortened, on an engine that slows down as it fills. About 1.9 usual lines a second."""
    return simulate(
        Setting(
            load * 1.9,
            seconds=200.0,
            step_ms=processor_step_ms,
            token_ms=6.0,
            prefill_tokens=60,
            budget_ms=(1_500.0, 1_500.0),
            priors=CostPriors(23.0 * prior_error, 0.5, 6.0 * prior_error),
        )
    )


@pytest.mark.parametrize("scenario", [rigid, mixed_budgets, on_a_processor])
@pytest.mark.parametrize("load", LOADS)
def test_every_job_ends_and_none_after_its_deadline(scenario: Scenario, load: float) -> None:
    outcome = scenario(load)
    assert outcome.unended == 0
    assert outcome.late == 0
    assert outcome.refused + sum(outcome.reasons.values()) == outcome.sent


@pytest.mark.parametrize("scenario", [rigid, mixed_budgets])
def test_overload_keeps_the_engine_at_its_peak(scenario: Scenario) -> None:
    goodput = {load: scenario(load).goodput_per_s for load in LOADS}
    peak = max(goodput.values())
    assert peak == pytest.approx(CAPACITY_PER_S, rel=0.05)
    assert goodput[2.0] >= 0.95 * peak
    assert goodput[4.0] >= 0.95 * peak


@pytest.mark.parametrize("scenario", [rigid, on_a_processor])
def test_half_load_is_served(scenario: Scenario) -> None:
    assert scenario(0.5).hit_rate >= 0.985


@pytest.mark.parametrize("scenario", [rigid, mixed_budgets, on_a_processor])
@pytest.mark.parametrize("load", [2.0, 4.0])
def test_what_is_admitted_is_served(scenario: Scenario, load: float) -> None:
    outcome = scenario(load)
    admitted = outcome.sent - outcome.refused
    assert outcome.refused > 0
    assert outcome.hits >= 0.93 * admitted


def test_under_load_lines_get_shorter_and_so_more_players_are_answered() -> None:
    quiet, busy = on_a_processor(0.5), on_a_processor(4.0)
    assert on_a_processor(1.0).goodput_per_s < on_a_processor(2.0).goodput_per_s < busy.goodput_per_s
    assert quiet.steps / quiet.hits > 20 > 15 > busy.steps / busy.hits >= 8


@pytest.mark.parametrize("prior_error", [0.25, 4.0])
def test_wrong_priors_are_overcome(prior_error: float) -> None:
    wrong = on_a_processor(2.0, prior_error)
    assert wrong.goodput_per_s >= 0.9 * on_a_processor(2.0).goodput_per_s


@pytest.mark.parametrize("preempt", ["restart", "none"])
def test_players_come_first(preempt: str) -> None:
    outcome = simulate(
        Setting(
            2 * CAPACITY_PER_S,
            classes=(JobClass.PLAYER, JobClass.BARK, JobClass.AMBIENT),
            shape=Shape(40, 40, 40),
            natural_steps=(40, 40),
            preempt=preempt,
        )
    )
    rate = {job_class: outcome.hits_by_class[job_class] / sent for job_class, sent in outcome.sent_by_class.items()}
    assert rate[JobClass.PLAYER] >= 0.97
    assert rate[JobClass.PLAYER] > rate[JobClass.BARK] > rate[JobClass.AMBIENT]
    assert outcome.late == outcome.unended == 0
    assert FinishReason.FAILED not in outcome.reasons
