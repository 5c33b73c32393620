from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_engine.clock import NS_PER_MS, FakeClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.scripted import ScriptedEngine
from npc_engine.jobs import Draft, Finished, FinishReason, Job, JobClass, Segment, TextSlot, Update
from npc_engine.worker.driver import Driver
from npc_engine.worker.link import Started

LINE = "The mill changed hands in spring. Nobody knows the buyer, and those who do keep quiet."


def make(**options: str) -> tuple[Driver, FakeClock]:
    clock = FakeClock()
    engine = ScriptedEngine(clock)
    engine.load(ModelSpec(options=options), lambda fraction, what: None)
    return Driver(engine, clock), clock


def job(
    job_id: int,
    *,
    budget_ms: float = 10_000,
    job_class: JobClass = JobClass.PLAYER,
    now_ns: int = 0,
    prompt: str = "You are Marta.",
    key: str = "",
    warm: bool = False,
) -> Job:
    return Job(
        id=job_id,
        job_class=job_class,
        deadline_ns=now_ns + int(budget_ms * NS_PER_MS),
        cache_key=key or f"npc{job_id}",
        segments=(Segment(prompt, stable=True), Segment("Evening.", trusted=False)),
        slots=() if warm else (TextSlot(max_tokens=20, soft_tokens=20),),
        script=(LINE,),
    )


def run(driver: Driver, clock: FakeClock, for_ms: float = 60_000) -> list[object]:
    news: list[object] = []
    end_ns = clock.now_ns() + int(for_ms * NS_PER_MS)
    while not driver.idle and clock.now_ns() < end_ns:
        news += driver.step(clock.now_ns() + 100 * NS_PER_MS)
    return news


def finished(news: list[object]) -> dict[int, Finished]:
    ends = [item for item in news if isinstance(item, Finished)]
    assert len({end.id for end in ends}) == len(ends), "two ends for one job"
    return {end.id: end for end in ends}


def test_a_job_starts_drafts_and_ends() -> None:
    driver, clock = make()
    news: list[object] = list(driver.submit(job(1)))
    assert news == [Started(1)]
    news += run(driver, clock)
    drafts = [item.text for item in news if isinstance(item, Draft)]
    assert drafts == sorted(drafts, key=len)
    assert finished(news)[1].text == LINE
    assert finished(news)[1].reason is FinishReason.STOP


def test_never_more_jobs_than_slots() -> None:
    driver, clock = make(slots="2")
    for number in range(1, 6):
        driver.submit(job(number))
    assert (driver.running, driver.queued) == (2, 3)
    assert len(finished(run(driver, clock))) == 5


def test_a_player_preempts_a_passer_by_who_goes_on_from_where_he_was() -> None:
    driver, clock = make(slots="1")
    news: list[object] = list(driver.submit(job(1, job_class=JobClass.AMBIENT, budget_ms=60_000)))
    for _ in range(8):
        news += driver.step(clock.now_ns() + 100 * NS_PER_MS)
    news += driver.submit(job(2))
    news += run(driver, clock)
    ends = finished(news)
    order = [item.id for item in news if isinstance(item, Finished)]
    assert order == [2, 1]
    assert ends[1].text == ends[2].text == LINE
    assert [item for item in news if isinstance(item, Started)] == [Started(1), Started(2)]
    texts = [item.text for item in news if isinstance(item, Draft) and item.id == 1]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_cancel_queued_running_finished_and_unknown() -> None:
    driver, clock = make(slots="1")
    driver.submit(job(1))
    driver.submit(job(2))
    assert finished(list(driver.cancel(2)))[2].reason is FinishReason.DROPPED
    driver.cancel(1)
    driver.cancel(99)
    assert finished(run(driver, clock))[1].reason is FinishReason.CANCELLED
    assert driver.cancel(1) == []
    assert driver.idle


def test_a_second_prompt_with_the_same_beginning_is_mostly_cached() -> None:
    driver, clock = make()
    prompt = "You are Marta, who keeps the inn. " * 20
    driver.submit(job(1, key="marta", prompt=prompt, warm=True))
    run(driver, clock)
    driver.submit(job(2, key="marta", prompt=prompt, now_ns=clock.now_ns()))
    usage = finished(run(driver, clock))[2].usage
    assert usage.cached_tokens >= len(prompt)


def test_a_prompt_too_long_for_the_window_loses_its_oldest_expendable_parts() -> None:
    clock = FakeClock()
    engine = ScriptedEngine(clock)
    engine.load(ModelSpec(), lambda fraction, what: None)
    engine.caps = type(engine.caps)(name="scripted", model="m", lockstep=True, context_tokens=230)
    driver = Driver(engine, clock)
    entries = [
        Segment(text, priority=1, stable=True, entry=number)
        for number, words in ((1, "a" * 28), (2, "b" * 10))
        for text in ("<", words, ">")
    ]
    whole = (Segment("p" * 30, stable=True), *entries, Segment("tail"))
    driver.submit(Job(id=3, job_class=JobClass.PLAYER, deadline_ns=10**12, cache_key="k", segments=whole))
    assert finished(run(driver, clock))[3].usage.prompt_tokens == 30 + 12 + 4  # the marks went with their words
    segments = (
        Segment("p" * 30, stable=True),
        Segment("old" * 10, priority=1, stable=True),
        Segment("new" * 5, priority=1, stable=True),
        Segment("tail"),
    )
    work = Job(id=1, job_class=JobClass.PLAYER, deadline_ns=10**12, cache_key="k", segments=segments)
    driver.submit(work)
    assert finished(run(driver, clock))[1].usage.prompt_tokens == 30 + 15 + 4
    hopeless = Job(id=2, job_class=JobClass.PLAYER, deadline_ns=10**12, cache_key="k", segments=(Segment("p" * 500),))
    assert finished(list(driver.submit(hopeless)))[2].reason is FinishReason.TOO_LONG


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2])
def test_a_renderer_has_the_rest_of_the_card(share: float) -> None:
    """The scripted engine's steps take no time of the fake clock but what the engine itself waits, so a step is made to
    take 10 ms here; between two of them the worker rests."""
    clock = FakeClock()
    engine = ScriptedEngine(clock)
    engine.load(ModelSpec(), lambda fraction, what: None)
    busy_ns: list[tuple[int, int]] = []
    poll = engine.poll

    def slow(until_ns: int) -> list[Update]:
        began_ns = clock.now_ns()
        clock.advance_ms(10)
        updates = poll(clock.now_ns())
        busy_ns.append((began_ns, clock.now_ns()))
        return updates

    engine.poll = slow  # type: ignore[method-assign]
    engine.caps = msgspec.structs.replace(engine.caps, lockstep=True)
    driver = Driver(engine, clock, gpu_share=share)
    driver.submit(job(1, budget_ms=60_000))
    for _ in range(20):
        driver.step(clock.now_ns() + 1_000 * NS_PER_MS)
    worked_ns = sum(end - begin for begin, end in busy_ns)
    assert worked_ns / (clock.now_ns() - busy_ns[0][0]) == pytest.approx(share, rel=0.01)


def test_what_cannot_be_done_in_time_is_dropped_when_its_turn_comes() -> None:
    driver, clock = make(slots="1")
    for number in range(1, 9):
        driver.submit(job(number, budget_ms=1_000))
    ends = finished(run(driver, clock))
    assert len(ends) == 8
    assert clock.now_ns() <= 1_100 * NS_PER_MS
    assert any(end.reason is FinishReason.DROPPED for end in ends.values())
    assert sum(end.reason is FinishReason.STOP for end in ends.values()) >= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["submit", "cancel", "step"]),
            st.integers(1, 12),
            st.sampled_from(list(JobClass)),
            st.sampled_from([5, 100, 400, 1_000, 5_000]),
        ),
        max_size=40,
    )
)
def test_every_job_ends_exactly_once(moves: list[tuple[str, int, JobClass, int]]) -> None:
    driver, clock = make(slots="2")
    news: list[object] = []
    submitted = 0
    for move, number, job_class, budget_ms in moves:
        if move == "submit":
            submitted += 1
            news += driver.submit(job(submitted, job_class=job_class, budget_ms=budget_ms, now_ns=clock.now_ns()))
        elif move == "cancel":
            news += driver.cancel(number)
        else:
            news += driver.step(clock.now_ns() + 100 * NS_PER_MS)
    news += run(driver, clock)
    assert set(finished(news)) == set(range(1, submitted + 1))
