from __future__ import annotations

import pytest

from npc_engine.clock import NS_PER_MS
from npc_engine.jobs import FinishReason, JobClass, Plan, Usage
from npc_engine.scheduling.core import (
    ENDED_KEPT,
    Action,
    Arrived,
    Cancelled,
    End,
    EngineFinished,
    InvalidTransition,
    JobState,
    Preempt,
    Progressed,
    Replan,
    Scheduler,
    Start,
    Stop,
    Tick,
)
from npc_engine.scheduling.cost import CostModel, CostPriors
from npc_engine.scheduling.policy import QueuedJob, Shape

LINE = Shape(max_steps=48, soft_steps=28, min_steps=8)
FULL = Plan(48, 28)
RIGID = Shape(40, 40, 40)


class Stage:
    """A scheduler whose time is in milliseconds and whose invariants are checked after every event.

    Planned costs are 12 ms a step (10 and a tenth twice) and 1.2 ms a token; `growth` is what each further job adds.
    """

    def __init__(
        self, slots: int = 1, preempt: str = "restart", growth: float = 0.0, *, slow_reading: bool = False
    ) -> None:
        cost = CostModel(CostPriors(10.0, growth, 1.0))
        self.scheduler = Scheduler(slots, cost, preempt, slow_reading=slow_reading)
        self.now_ms = 0.0

    def send(self, event: object) -> list[Action]:
        actions = self.scheduler.handle(event, round(self.now_ms * NS_PER_MS))  # type: ignore[arg-type]
        self.scheduler.validate()
        return actions

    def arrive(
        self,
        job_id: int,
        job_class: JobClass = JobClass.PLAYER,
        *,
        deadline_ms: float = 10_000.0,
        shape: Shape = LINE,
        prefill_tokens: int = 0,
    ) -> list[Action]:
        return self.send(Arrived(QueuedJob(job_id, job_class, round(deadline_ms * NS_PER_MS), prefill_tokens, shape)))

    def finish(self, job_id: int, reason: FinishReason = FinishReason.STOP, **usage: float) -> list[Action]:
        return self.send(EngineFinished(job_id, reason, Usage(**usage)))  # type: ignore[arg-type]

    def tick(self, at_ms: float) -> list[Action]:
        self.now_ms = at_ms
        return self.send(Tick())

    def state(self, job_id: int) -> JobState | None:
        return self.scheduler.state_of(job_id)


def test_a_job_starts_at_once_and_ends_with_the_engines_reason() -> None:
    stage = Stage()
    assert stage.arrive(1) == [Start(1, FULL)]
    assert stage.finish(1, FinishReason.SENTENCE) == [End(1, FinishReason.SENTENCE)]
    assert stage.state(1) is JobState.ENDED


def test_never_more_than_max_parallel_on_the_engine() -> None:
    stage = Stage(slots=2)
    assert [len(stage.arrive(job_id)) for job_id in (1, 2, 3)] == [1, 1, 0]
    assert (stage.scheduler.on_engine, stage.scheduler.waiting) == (2, 1)
    assert stage.finish(1) == [End(1, FinishReason.STOP), Start(3, FULL)]


def test_a_failure_ends_the_job_with_it() -> None:
    stage = Stage()
    stage.arrive(1)
    assert stage.finish(1, FinishReason.TOO_LONG) == [End(1, FinishReason.TOO_LONG)]


def test_least_slack_first_then_arrival() -> None:
    stage = Stage()
    for job_id, deadline_ms in ((1, 9_000), (2, 9_000), (3, 5_000), (4, 9_000)):
        stage.arrive(job_id, deadline_ms=deadline_ms)
    started = []
    for job_id in (1, 3, 2, 4):
        actions = stage.finish(job_id)
        started += [action.id for action in actions if isinstance(action, Start)]
    assert started == [3, 2, 4]


class TestPlans:
    def test_a_tight_deadline_shortens_the_plan(self) -> None:
        assert Stage().arrive(1, deadline_ms=24 * 12 + 1) == [Start(1, Plan(24, 8))]

    def test_what_waits_counts_as_sharing_the_engine(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1, deadline_ms=20_000)
        stage.arrive(2, deadline_ms=20_000)
        stage.arrive(3, deadline_ms=1_000)
        [_, start] = stage.finish(1)
        assert start == Start(3, Plan(41, 25))  # 1,000 ms at 24 ms a step, not at 12

    def test_a_newcomer_shortens_those_that_run(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1, deadline_ms=600)
        stage.now_ms = 100.0
        stage.send(Progressed(1, 8))
        assert stage.arrive(2) == [Start(2, FULL), Replan(1, Plan(28, 12))]  # 500 ms hold 20 steps at 24 ms
        stage.now_ms = 200.0
        stage.send(Progressed(1, 12))
        [_, longer] = stage.finish(2)
        assert longer == Replan(1, Plan(45, 28))  # alone again: 400 ms hold 33 steps at 12 ms

    def test_a_plan_that_still_fits_is_left_alone(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1)
        stage.now_ms = 100.0
        assert stage.arrive(2) == [Start(2, FULL)]

    def test_a_replan_knows_how_much_of_the_prefill_is_left(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1, prefill_tokens=100, deadline_ms=500)
        stage.now_ms = 50.0  # of 120
        [_, replan] = stage.arrive(2)
        assert replan == Replan(1, Plan(15, 1))  # 380 ms after the prefill

    def test_where_reading_is_slow_the_reading_of_others_takes_from_the_plan(self) -> None:
        stage = Stage(slots=2, slow_reading=True)
        stage.arrive(1, prefill_tokens=100)  # 120 ms
        assert stage.arrive(2, deadline_ms=120 + 20 * 12 + 1) == [Start(2, Plan(20, 4))]

    def test_warm_ups_that_make_way_do_not_shorten_a_plan(self) -> None:
        stage = Stage(slots=3, growth=1.0, slow_reading=True)
        stage.arrive(1, JobClass.PREFETCH, shape=Shape(), prefill_tokens=500)
        assert Start(2, FULL) in stage.arrive(2, deadline_ms=48 * 12 + 1)

    def test_a_run_that_can_no_longer_make_it_ends_at_its_next_sentence(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1, deadline_ms=150)
        stage.now_ms = 50.0
        stage.send(Progressed(1, 2))
        [_, replan] = stage.arrive(2)
        assert replan == Replan(1, Plan(48, 3))

    def test_a_warm_up_is_never_replanned(self) -> None:
        stage = Stage(slots=2, growth=1.0)
        stage.arrive(1, JobClass.PREFETCH, shape=Shape(), prefill_tokens=500, deadline_ms=700)
        stage.now_ms = 100.0
        assert stage.arrive(2) == [Start(2, FULL)]


class TestDeadlines:
    def test_a_queued_job_past_its_deadline_is_dropped(self) -> None:
        stage = Stage()
        stage.arrive(1)
        stage.arrive(2, deadline_ms=500)
        assert stage.scheduler.next_wakeup_ns(0) == 500 * NS_PER_MS
        assert stage.tick(499.9) == []
        assert stage.tick(500.0) == [End(2, FinishReason.DROPPED)]

    def test_a_running_job_past_its_deadline_is_stopped(self) -> None:
        stage = Stage()
        stage.arrive(1, deadline_ms=500)
        assert stage.tick(500.0) == [Stop(1)]
        assert stage.tick(501.0) == []
        assert stage.scheduler.next_wakeup_ns(0) is None
        assert stage.state(1) is JobState.STOPPING
        assert stage.finish(1, FinishReason.CANCELLED) == [End(1, FinishReason.CANCELLED)]

    def test_a_stopping_job_keeps_its_slot(self) -> None:
        stage = Stage()
        stage.arrive(1, deadline_ms=500)
        stage.tick(500.0)
        assert stage.arrive(2) == []
        assert stage.finish(1) == [End(1, FinishReason.CANCELLED), Start(2, FULL)]

    def test_what_no_longer_fits_is_kept_until_its_turn_comes(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.PLAYER)
        stage.arrive(2, JobClass.BARK, deadline_ms=500)
        stage.arrive(3, JobClass.BARK)
        assert stage.tick(450.0) == []
        stage.arrive(4)
        assert stage.finish(1) == [End(1, FinishReason.STOP), Start(4, FULL)]
        assert stage.state(2) is JobState.QUEUED

    def test_what_no_longer_fits_is_dropped_beside_others(self) -> None:
        stage = Stage(slots=2)
        stage.arrive(1)
        stage.arrive(2)
        stage.arrive(3, deadline_ms=500)
        stage.arrive(4)
        stage.tick(450.0)
        assert stage.finish(1) == [End(1, FinishReason.STOP), End(3, FinishReason.DROPPED), Start(4, FULL)]

    def test_an_idle_engine_tries_a_sentence_that_it_could_do_at_its_best(self) -> None:
        assert Stage().arrive(1, deadline_ms=60) == [Start(1, Plan(48, 1))]
        assert Stage().arrive(1, deadline_ms=2) == [End(1, FinishReason.DROPPED)]

    def test_a_job_that_arrives_too_late_is_dropped(self) -> None:
        stage = Stage()
        stage.now_ms = 600.0
        assert stage.arrive(1, deadline_ms=600) == [End(1, FinishReason.DROPPED)]

    def test_wakeup_is_never_in_the_past(self) -> None:
        stage = Stage()
        assert stage.scheduler.next_wakeup_ns(7) is None
        stage.arrive(1, deadline_ms=500)
        assert stage.scheduler.next_wakeup_ns(600 * NS_PER_MS) == 600 * NS_PER_MS


class TestCancel:
    def test_queued(self) -> None:
        stage = Stage()
        stage.arrive(1)
        stage.arrive(2)
        assert stage.send(Cancelled(2)) == [End(2, FinishReason.DROPPED)]
        assert stage.send(Cancelled(2)) == []

    def test_running(self) -> None:
        stage = Stage()
        stage.arrive(1)
        assert stage.send(Cancelled(1)) == [Stop(1)]
        assert stage.send(Cancelled(1)) == []
        assert stage.finish(1, FinishReason.STOP) == [End(1, FinishReason.CANCELLED)]
        assert stage.send(Cancelled(1)) == []

    def test_preempting(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK)
        assert stage.arrive(2) == [Preempt(1)]
        assert stage.send(Cancelled(1)) == []
        assert stage.finish(1, FinishReason.CANCELLED) == [End(1, FinishReason.CANCELLED), Start(2, FULL)]

    def test_unknown(self) -> None:
        stage = Stage()
        assert stage.send(Cancelled(9)) == stage.send(Progressed(9, 1)) == stage.finish(9) == []
        assert stage.state(9) is None


class TestPreemption:
    def test_a_higher_class_takes_the_slot_and_gives_it_back(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK)
        assert stage.arrive(2) == [Preempt(1)]
        assert stage.finish(1, FinishReason.CANCELLED, steps=10) == [Start(2, FULL)]
        assert stage.state(1) is JobState.QUEUED
        assert stage.finish(2) == [End(2, FinishReason.STOP), Start(1, Plan(38, 18))]

    def test_steps_add_up_over_runs(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK)
        for steps, left in ((10, Plan(38, 18)), (15, Plan(23, 3)), (22, Plan(1, 1))):
            stage.arrive(100 + steps)
            stage.send(Progressed(1, steps))
            stage.finish(1, FinishReason.CANCELLED)
            assert stage.finish(100 + steps) == [End(100 + steps, FinishReason.STOP), Start(1, left)]

    def test_a_job_that_had_done_all_its_steps_ends(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK)
        stage.arrive(2)
        assert stage.finish(1, FinishReason.CANCELLED, steps=48) == [End(1, FinishReason.LENGTH), Start(2, FULL)]

    def test_a_job_that_ends_before_it_could_be_stopped_is_done(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK)
        stage.arrive(2)
        assert stage.finish(1, FinishReason.SENTENCE) == [End(1, FinishReason.SENTENCE), Start(2, FULL)]

    def test_a_pre_empted_job_that_runs_out_of_time_was_not_dropped(self) -> None:
        stage = Stage()
        stage.arrive(1, JobClass.BARK, deadline_ms=700)
        stage.arrive(2)
        stage.finish(1, FinishReason.CANCELLED)
        assert stage.tick(700.0) == [End(1, FinishReason.CANCELLED)]

    def test_the_lowest_class_goes_then_the_one_with_most_slack(self) -> None:
        stage = Stage(slots=3)
        stage.arrive(1, JobClass.BARK, deadline_ms=90_000)
        stage.arrive(2, JobClass.AMBIENT, deadline_ms=20_000)
        stage.arrive(3, JobClass.AMBIENT, deadline_ms=30_000)
        assert stage.arrive(4) == [Preempt(3)]
        assert stage.arrive(5) == [Preempt(2)]
        assert stage.arrive(6) == [Preempt(1)]
        assert stage.arrive(7) == []

    def test_equals_are_not_pre_empted(self) -> None:
        stage = Stage()
        stage.arrive(1)
        assert stage.arrive(2, deadline_ms=600) == []

    def test_nobody_is_pre_empted_for_a_slot_that_is_coming(self) -> None:
        stage = Stage(slots=2)
        stage.arrive(1, JobClass.BARK)
        stage.arrive(2, JobClass.BARK)
        stage.send(Cancelled(1))
        assert stage.arrive(3) == []

    def test_nobody_is_pre_empted_for_what_cannot_make_it(self) -> None:
        stage = Stage(slots=2)
        stage.arrive(1, JobClass.BARK)
        stage.arrive(2)
        assert stage.arrive(3, deadline_ms=50) == [End(3, FinishReason.DROPPED)]

    def test_not_where_the_engine_cannot(self) -> None:
        stage = Stage(preempt="none")
        stage.arrive(1, JobClass.BARK)
        assert stage.arrive(2) == []
        assert stage.finish(1) == [End(1, FinishReason.STOP), Start(2, FULL)]


class TestWarmUps:
    def warm(self, stage: Stage, job_id: int) -> list[Action]:
        return stage.arrive(job_id, JobClass.PREFETCH, shape=Shape(), prefill_tokens=100)

    def test_leave_a_slot_free(self) -> None:
        stage = Stage(slots=3, preempt="none")
        assert [bool(self.warm(stage, job_id)) for job_id in (1, 2, 3)] == [True, True, False]
        assert stage.arrive(4) == [Start(4, FULL)]
        assert stage.finish(1) == [End(1, FinishReason.STOP), Start(3, Plan(0, 0))]

    def test_use_the_only_slot(self) -> None:
        assert self.warm(Stage(), 1) == [Start(1, Plan(0, 0))]

    def test_start_over_when_pre_empted(self) -> None:
        stage = Stage()
        self.warm(stage, 1)
        assert stage.arrive(2) == [Preempt(1)]
        stage.finish(1, FinishReason.CANCELLED)
        assert stage.finish(2) == [End(2, FinishReason.STOP), Start(1, Plan(0, 0))]


class TestLearning:
    def test_steps_are_learned_at_the_mean_batch_of_the_run(self) -> None:
        stage = Stage(slots=4)
        for job_id in (1, 2, 3, 4):
            stage.arrive(job_id)
        stage.now_ms = 1_000.0
        stage.finish(1, steps=20, decode_ms=600.0)
        assert set(stage.scheduler.cost.snapshot().steps) == {4}
        stage.now_ms = 5_000.0
        stage.finish(2, steps=20, decode_ms=600.0)
        assert set(stage.scheduler.cost.snapshot().steps) == {3, 4}  # 1 s of four and 4 s of three

    def test_prefill_is_learned_per_uncached_token(self) -> None:
        stage = Stage()
        for job_id in range(1, 30):
            stage.arrive(job_id, deadline_ms=1e6)
            stage.now_ms += 500.0
            stage.finish(job_id, prompt_tokens=600, cached_tokens=500, prefill_ms=300.0)
        assert stage.scheduler.cost.prefill_ms(10) == pytest.approx(30.0, rel=0.05)

    def test_a_prefill_that_was_cut_short_is_not_taken_for_a_fast_one(self) -> None:
        stage = Stage()
        before = stage.scheduler.cost.prefill_ms(100)
        stage.arrive(1, prefill_tokens=100)
        stage.now_ms = 50.0
        stage.send(Cancelled(1))
        stage.finish(1, FinishReason.CANCELLED, prompt_tokens=100, prefill_ms=1.0)
        assert stage.scheduler.cost.prefill_ms(100) == before
        assert stage.scheduler.cost.at_best().prefill_ms(100) == pytest.approx(50.0)

    def test_figures_too_dark_to_run_anything_are_corrected(self) -> None:
        stage = Stage()
        for job_id in range(1, 20):  # a slow minute
            stage.arrive(job_id, deadline_ms=1e9)
            stage.now_ms += 5_000.0
            stage.finish(job_id, steps=8, decode_ms=80.0 if job_id == 1 else 4_000.0)
        assert stage.scheduler.cost.estimate_ms(0, 8, 1) > 1_000.0
        for job_id in range(20, 60):
            [start] = stage.arrive(job_id, deadline_ms=stage.now_ms + 1_000.0)
            assert isinstance(start, Start)
            stage.now_ms += 300.0
            stage.finish(job_id, steps=28, decode_ms=280.0)
        assert stage.scheduler.cost.estimate_ms(0, 8, 1) < 200.0


class TestStory:
    def test_a_job_cannot_arrive_twice(self) -> None:
        stage = Stage()
        stage.arrive(1)
        with pytest.raises(InvalidTransition, match="running"):
            stage.arrive(1)
        stage.finish(1)
        with pytest.raises(InvalidTransition) as error:
            stage.arrive(1)
        story = str(error.value)
        assert story.index("Arrived(") < story.index("Start(") < story.index("EngineFinished(") < story.index("End(")

    def test_the_engine_cannot_finish_what_it_does_not_have(self) -> None:
        stage = Stage()
        stage.arrive(1)
        stage.arrive(2)
        with pytest.raises(InvalidTransition, match="job 2 is queued"):
            stage.finish(2)

    def test_a_second_end_from_the_engine_is_ignored(self) -> None:
        stage = Stage()
        stage.arrive(1)
        stage.finish(1)
        assert stage.finish(1) == []

    def test_only_the_last_stories_are_kept(self) -> None:
        stage = Stage()
        for job_id in range(ENDED_KEPT + 1):
            stage.arrive(job_id)
            stage.finish(job_id)
        assert stage.state(0) is None
        assert stage.state(1) is JobState.ENDED

    @pytest.mark.parametrize("state", [JobState.QUEUED, JobState.ENDED, JobState.STOPPING])
    def test_validate_notices_a_job_out_of_place(self, state: JobState) -> None:
        stage = Stage()
        stage.arrive(1)
        stage.arrive(2)
        stage.scheduler._jobs[1 if state is not JobState.STOPPING else 2].state = state
        with pytest.raises(InvalidTransition, match="Its story"):
            stage.scheduler.validate()


def test_warm_ups_wait_while_somebody_speaks() -> None:
    scheduler = Scheduler(4, CostModel(CostPriors(10.0, 0.4, 1.0)), "restart", slow_reading=True)

    def job(job_id: int, job_class: JobClass) -> Arrived:
        return Arrived(QueuedJob(job_id, job_class, 60_000 * NS_PER_MS, 100, Shape(20, 10, 5)))

    assert [type(action) for action in scheduler.handle(job(1, JobClass.PREFETCH), 0)] == [Start]
    spoken = scheduler.handle(job(2, JobClass.PLAYER), 1)
    assert [(type(action), action.id) for action in spoken] == [(Start, 2), (Preempt, 1)]
    assert scheduler.handle(EngineFinished(1, FinishReason.CANCELLED), 2) == []
    assert scheduler.handle(job(3, JobClass.PREFETCH), 3) == []
    scheduler.validate()
    resumed = scheduler.handle(EngineFinished(2, FinishReason.STOP), 4)
    assert [(type(action), action.id) for action in resumed if isinstance(action, Start)] == [(Start, 1), (Start, 3)]
    scheduler.validate()


def test_nobody_reads_beside_the_words_of_somebody_who_ranks_higher() -> None:
    scheduler = Scheduler(4, CostModel(CostPriors(10.0, 0.4, 10.0)), "restart", slow_reading=True)

    def job(job_id: int, job_class: JobClass, tokens: int, deadline_ms: int = 60_000) -> Arrived:
        return Arrived(QueuedJob(job_id, job_class, deadline_ms * NS_PER_MS, tokens, Shape(20, 10, 5)))

    assert [type(action) for action in scheduler.handle(job(1, JobClass.SCENE, 200), 0)] == [Start]
    spoken = scheduler.handle(job(2, JobClass.PLAYER, 20, 1_500), 1)
    assert [(type(action), action.id) for action in spoken] == [(Start, 2), (Preempt, 1)], "2 s of reading make way"
    scheduler.handle(EngineFinished(1, FinishReason.CANCELLED), 2)
    assert scheduler.handle(job(3, JobClass.BARK, 50), 3) == [], "nor does anybody begin to read"
    brief = scheduler.handle(job(4, JobClass.PLAYER, 50), 4)
    assert [action.id for action in brief if isinstance(action, Start)] == [4], "equals share"
    scheduler.validate()
    scheduler.handle(EngineFinished(2, FinishReason.STOP), 5)
    resumed = scheduler.handle(EngineFinished(4, FinishReason.STOP), 6)
    assert next(action.id for action in resumed if isinstance(action, Start)) == 1
    scheduler.validate()
