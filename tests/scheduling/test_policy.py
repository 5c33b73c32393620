from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import ChoiceSlot, JobClass, Plan, TextSlot
from npc_engine.scheduling.cost import CostModel, CostPriors
from npc_engine.scheduling.policy import (
    CHOICE_STEPS,
    READ_STEPS,
    SENTENCE_STEPS,
    Forecast,
    InFlight,
    QueuedJob,
    Shape,
    order_key,
    pause_after_step_ms,
    plan,
    predict_finish_ns,
    prefetch_slots,
    retry_after_ms,
    shape_of,
    shared_load,
)

LINE = Shape(max_steps=48, soft_steps=28, min_steps=8)


def exact(step_ms: float = 10.0, token_ms: float = 1.0, growth: float = 0.0) -> CostModel:
    """A model that knows its machine exactly."""
    cost = CostModel(CostPriors(step_ms, growth, token_ms))
    for _ in range(200):
        cost.observe_prefill(100, 100 * token_ms)
        for batch in range(1, 9):
            cost.observe_step(batch, step_ms * (1 + growth * (batch - 1)))
    return cost


EXACT = exact()


def a_job(
    job_id: int = 1,
    job_class: JobClass = JobClass.PLAYER,
    deadline_ms: float = 1_000.0,
    prefill_tokens: int = 0,
    shape: Shape = LINE,
) -> QueuedJob:
    return QueuedJob(job_id, job_class, round(deadline_ms * NS_PER_MS), prefill_tokens, shape)


def running(count: int, job_class: JobClass = JobClass.PLAYER, started_ms: float = 0.0) -> list[InFlight]:
    return [InFlight(a_job(100 + index, job_class), round(started_ms * NS_PER_MS)) for index in range(count)]


def forecast_ms(
    job: QueuedJob, in_flight: list[InFlight], slots: int = 1, now_ms: float = 0.0, preempt: str = "restart"
) -> tuple[int, int]:
    """Start and finish to the nearest 5 ms: what was learned is exact to a part in a thousand."""
    forecast = predict_finish_ns(round(now_ms * NS_PER_MS), job, in_flight, EXACT, slots, preempt)
    start_ms, finish_ms = (5 * round(at_ns / NS_PER_MS / 5) for at_ns in forecast)
    return start_ms, finish_ms


class TestShape:
    def test_of_an_append_engine(self) -> None:
        slots = (ChoiceSlot("action", ("a", "b")), ChoiceSlot("emotion", ("c",)), TextSlot(max_tokens=40))
        assert shape_of(slots) == Shape(40, 28, 8, 2 * CHOICE_STEPS)

    def test_limits_never_exceed_the_maximum(self) -> None:
        assert shape_of((TextSlot(max_tokens=6),)) == Shape(6, 6, 6, 0)

    def test_of_a_draft_engine(self) -> None:
        slots = (ChoiceSlot("emotion", ("c",)), TextSlot(max_tokens=48))
        assert shape_of(slots, "draft") == Shape(12, 12, 6, choice_steps=READ_STEPS + CHOICE_STEPS, load=1)
        assert shape_of(slots[1:], "draft", JobClass.BARK) == Shape(8, 8, 6, choice_steps=READ_STEPS, load=1)
        assert shape_of(slots[:1], "draft") == Shape(choice_steps=READ_STEPS + CHOICE_STEPS)

    def test_a_wide_canvas_weighs_more_and_a_long_reply_takes_several(self) -> None:
        wide, long = ((TextSlot(max_tokens=tokens),) for tokens in (80, 500))
        assert shape_of(wide, "draft", JobClass.SCENE) == Shape(16, 16, 6, READ_STEPS, load=2)
        assert shape_of(long, "draft", JobClass.SCENE) == Shape(32, 32, 12, READ_STEPS, load=4)

    def test_the_heaviest_share_a_step(self) -> None:
        assert shared_load([1, 4, 2], 2) == 6
        assert shared_load([1, 1], 4) == 2

    @pytest.mark.parametrize("kind", ["append", "draft"])
    def test_of_a_warm_up(self, kind: str) -> None:
        assert shape_of((), kind) == Shape()

    def test_what_is_left(self) -> None:
        shape = Shape(48, 28, 8, 4)
        assert shape.after(0) == shape
        assert shape.after(5) == Shape(43, 23, 3)
        assert shape.after(40) == Shape(8, 1, 1)
        assert shape.after(60) == Shape(0, 0, 0)


class TestPlan:
    def test_full_plan_when_there_is_time(self) -> None:
        assert plan(10_000, 100, LINE, EXACT, 1) == Plan(48, 28)

    def test_shorter_plan_ends_where_no_further_sentence_fits(self) -> None:
        assert plan(100 + 245, 100, LINE, EXACT, 1) == Plan(24, 8)
        assert plan(100 + 465, 100, LINE, EXACT, 1) == Plan(46, 28)

    def test_the_least_plan(self) -> None:
        assert plan(100 + 81, 100, LINE, EXACT, 1) == Plan(8, 1)
        assert plan(100 + 79, 100, LINE, EXACT, 1) is None

    def test_choices_cost_time_but_no_steps_of_the_text(self) -> None:
        shape = Shape(48, 28, 8, choice_steps=4)
        assert plan(40 + 245, 0, shape, EXACT, 1) == plan(245, 0, LINE, EXACT, 1)

    def test_caution_ends_a_line_early_and_does_not_cut_it(self) -> None:
        cost = exact()
        for ms in (8.0, 12.0) * 8:
            cost.observe_step(1, ms)
        found = plan(300, 0, LINE, cost, 1)
        assert found is not None
        assert found.max_steps == int(300 / cost.at_mean().step_ms(1))
        assert found.soft_steps == int(300 / cost.step_ms(1)) - SENTENCE_STEPS
        assert cost.at_mean().step_ms(1) < cost.step_ms(1)

    def test_a_fuller_engine_gives_shorter_plans(self) -> None:
        slow = exact(growth=0.5)
        alone, together = plan(400, 0, LINE, slow, 1), plan(400, 0, LINE, slow, 4)
        assert alone is not None
        assert together is not None
        assert together.max_steps < alone.max_steps

    def test_a_warm_up_fits_if_its_prefill_does(self) -> None:
        assert plan(101, 100, Shape(), EXACT, 1) == Plan(0, 0)
        assert plan(99, 100, Shape(), EXACT, 1) is None

    def test_a_draft_engine_gets_steps_by_the_same_arithmetic(self) -> None:
        shape = shape_of((TextSlot(),), "draft")
        assert plan(1_000, 0, shape, EXACT, 1) == Plan(12, 12)
        assert plan(105, 0, shape, EXACT, 1) == Plan(9, 9)
        assert plan(65, 0, shape, EXACT, 1) is None

    @given(
        slack_ms=st.floats(-100, 3_000),
        prefill=st.integers(0, 500),
        limits=st.tuples(st.integers(0, 64), st.integers(0, 64), st.integers(0, 64)).map(sorted),
        choices=st.integers(0, 8),
        batch=st.integers(1, 6),
    )
    def test_a_plan_fits_and_no_longer_one_would(
        self, slack_ms: float, prefill: int, limits: list[int], choices: int, batch: int
    ) -> None:
        least, soft, most = limits
        cost = CostModel(CostPriors(10.0, 0.3, 1.0))
        found = plan(slack_ms, prefill, Shape(most, soft, least, choices), cost, batch)
        if found is None:
            assert cost.estimate_ms(prefill, choices + least, batch) > slack_ms - 1e-6
            return
        assert least <= found.max_steps <= most
        assert min(1, soft, found.max_steps) <= found.soft_steps <= max(found.max_steps, soft)
        figures = cost if soft >= most else cost.at_mean()
        if found.max_steps > least:
            assert figures.estimate_ms(prefill, choices + found.max_steps, batch) <= slack_ms + 1e-6
        if found.max_steps < most:
            assert figures.estimate_ms(prefill, choices + found.max_steps + 1, batch) > slack_ms - 1e-6


class TestOrder:
    def key(self, job: QueuedJob, arrival: int = 0) -> tuple[int, int, int]:
        return order_key(job, job.shape, EXACT, 4, arrival)

    def test_class_before_slack(self) -> None:
        urgent_bark = a_job(job_class=JobClass.BARK, deadline_ms=300)
        calm_player = a_job(job_class=JobClass.PLAYER, deadline_ms=60_000)
        assert self.key(calm_player) < self.key(urgent_bark)

    def test_least_slack_first_within_a_class(self) -> None:
        assert self.key(a_job(deadline_ms=900)) < self.key(a_job(deadline_ms=1_000))
        assert self.key(a_job(prefill_tokens=200)) < self.key(a_job(prefill_tokens=0))

    def test_then_first_come_first_served(self) -> None:
        assert self.key(a_job(2), arrival=1) < self.key(a_job(1), arrival=2)


class TestForecast:
    def test_an_idle_engine_starts_at_once(self) -> None:
        assert forecast_ms(a_job(prefill_tokens=50), [], now_ms=10) == (10, 10 + 50 + 80)

    def test_waits_for_what_is_left_of_a_running_job(self) -> None:
        assert forecast_ms(a_job(deadline_ms=2_000), running(1), now_ms=100) == (280, 360)

    def test_uses_the_free_slot(self) -> None:
        assert forecast_ms(a_job(), running(3), slots=4) == (0, 80)

    def test_warm_ups_that_make_way_do_not_share_the_engine(self) -> None:
        slow = exact(growth=1.0)
        warm_ups = [InFlight(a_job(index, JobClass.PREFETCH), 0) for index in range(3)]
        assert predict_finish_ns(0, a_job(9), [*warm_ups, *running(1)], slow, 4) == predict_finish_ns(
            0, a_job(9), running(1), slow, 4
        )
        assert (
            predict_finish_ns(0, a_job(9), [*warm_ups, *running(1)], slow, 4, "none").finish_ns
            > predict_finish_ns(0, a_job(9), running(1), slow, 4, "none").finish_ns
        )

    def test_takes_the_first_slot_that_gets_free(self) -> None:
        jobs = [InFlight(a_job(2), 0), InFlight(a_job(3), -100 * NS_PER_MS)]
        assert forecast_ms(a_job(deadline_ms=2_000), jobs, slots=2) == (180, 260)

    def test_waits_behind_the_queue_of_its_class(self) -> None:
        queue = [InFlight(a_job(2, deadline_ms=1_500)), InFlight(a_job(3, deadline_ms=1_600))]
        assert forecast_ms(a_job(deadline_ms=2_000), [*running(1), *queue]) == (840, 920)

    def test_goes_before_those_with_more_slack(self) -> None:
        queue = [InFlight(a_job(2, deadline_ms=9_000))]
        assert forecast_ms(a_job(deadline_ms=1_000), [*running(1), *queue]) == (280, 360)

    def test_pushes_nobody_out(self) -> None:
        queue = [InFlight(a_job(2, deadline_ms=400))]
        urgent = a_job(1, deadline_ms=390)
        assert forecast_ms(urgent, running(1)) == (280, 360)
        start_ms, finish_ms = forecast_ms(urgent, [*running(1), *queue])
        assert (start_ms, finish_ms) == (400, 480)  # after the other, who runs to its deadline

    def test_lower_classes_do_not_delay(self) -> None:
        barks = [*running(1, JobClass.BARK), InFlight(a_job(2, JobClass.AMBIENT))]
        assert forecast_ms(a_job(), barks) == (0, 80)

    def test_lower_classes_do_delay_where_nothing_pre_empts(self) -> None:
        barks = [*running(1, JobClass.BARK), InFlight(a_job(2, JobClass.AMBIENT))]
        assert forecast_ms(a_job(), barks, preempt="none") == (280, 360)

    def test_higher_classes_go_first_whatever_their_slack(self) -> None:
        players = [InFlight(a_job(2, JobClass.PLAYER, deadline_ms=60_000))]
        assert forecast_ms(a_job(1, JobClass.BARK), players) == (280, 360)

    def test_nobody_is_served_past_his_deadline(self) -> None:
        hopeless = [InFlight(a_job(index, deadline_ms=310)) for index in range(2, 40)]
        assert forecast_ms(a_job(deadline_ms=900), [*running(1), *hopeless]) == (280, 360)

    def test_a_job_that_overruns_is_given_one_more_step(self) -> None:
        assert forecast_ms(a_job(deadline_ms=2_000), running(1), now_ms=600) == (610, 690)

    def test_warm_ups_leave_a_slot_free(self) -> None:
        assert prefetch_slots(1) == 1
        assert prefetch_slots(4) == 3
        warming = running(3, JobClass.PREFETCH)
        assert forecast_ms(a_job(job_class=JobClass.PREFETCH), warming, slots=4) == (280, 360)
        assert forecast_ms(a_job(), warming, slots=4, preempt="none") == (0, 80)
        players = [InFlight(a_job(2), 0), InFlight(a_job(3), -100 * NS_PER_MS)]
        assert forecast_ms(a_job(job_class=JobClass.PREFETCH), players, slots=2) == (280, 360)

    def test_an_idle_machine_is_taken_at_its_best(self) -> None:
        cost = exact(step_ms=10.0)
        for _ in range(40):
            cost.observe_step(1, 500.0)
        job = a_job(deadline_ms=300)
        assert predict_finish_ns(0, job, [], cost, 1).finish_ns <= job.deadline_ns
        barks = [InFlight(a_job(2, JobClass.BARK))]
        assert predict_finish_ns(0, job, barks, cost, 1).finish_ns <= job.deadline_ns
        equals = [InFlight(a_job(2, JobClass.PLAYER, deadline_ms=100))]
        assert predict_finish_ns(0, job, equals, cost, 1).finish_ns > job.deadline_ns

    @given(st.lists(st.tuples(st.sampled_from(JobClass), st.integers(1, 3_000), st.booleans()), max_size=20))
    def test_a_job_in_flight_never_makes_another_start_sooner(self, flight: list[tuple[JobClass, int, bool]]) -> None:
        in_flight = [
            InFlight(a_job(index, job_class, deadline_ms), 0 if started and index < 3 else None)
            for index, (job_class, deadline_ms, started) in enumerate(flight)
        ]
        forecast = predict_finish_ns(0, a_job(99), in_flight, EXACT, 3)
        assert isinstance(forecast, Forecast)
        assert 0 <= forecast.start_ns < forecast.finish_ns
        alone = predict_finish_ns(0, a_job(99), [], EXACT, 3)
        assert forecast.start_ns >= alone.start_ns


class TestRetryAfter:
    def test_is_zero_when_a_slot_is_free(self) -> None:
        assert retry_after_ms(0, JobClass.PLAYER, running(3), EXACT, 4) == 0

    def test_is_when_the_queue_of_the_class_is_through(self) -> None:
        in_flight = [*running(1), InFlight(a_job(2)), InFlight(a_job(3, JobClass.BARK))]
        assert retry_after_ms(0, JobClass.PLAYER, in_flight, EXACT, 1) == pytest.approx(560, abs=3)
        assert retry_after_ms(0, JobClass.BARK, in_flight, EXACT, 1) == pytest.approx(840, abs=3)


@pytest.mark.parametrize(("share", "pause_ms"), [(1.0, 0.0), (0.5, 20.0), (0.25, 60.0)])
def test_pause_leaves_the_renderer_its_share(share: float, pause_ms: float) -> None:
    assert pause_after_step_ms(20.0, share) == pytest.approx(pause_ms)
