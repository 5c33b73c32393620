"""The engine around the loop: plans, what is shown, pauses, room, options. What every engine must do is in the
conformance suite."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_engine.clock import NS_PER_S, SystemClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion.denoiser import Denoise, Read, Step, Work
from npc_engine.engines.diffusion.engine import READING_ROWS, DiffusionEngine
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, Plan, Sampling, TextSlot, Update

IDS = itertools.count(1)
LINE = TextSlot(max_tokens=40)
NOISE = {"random_weights": "tiny", "weights": "fp64"}


def load(path: Path | None = None, *, context: int = 1_024, parallel: int = 4, **options: str) -> DiffusionEngine:
    engine = DiffusionEngine(SystemClock())
    chosen = ({} if path else NOISE) | options
    spec = ModelSpec("tiny", path, "gemma4", context_tokens=context, max_parallel=parallel, threads=1, options=chosen)
    engine.load(spec, lambda fraction, what: None)
    return engine


@pytest.fixture(scope="module")
def engine() -> Iterator[DiffusionEngine]:
    engine = load()
    yield engine
    engine.close()


def task(engine: DiffusionEngine, words: str = "Who goes there?", **changes: Any) -> EngineTask:
    fields: dict[str, Any] = {
        "id": next(IDS),
        "cache_key": "marta",
        "tokens": tuple(engine.tokenise(words, special=True)),
        "slots": (LINE,),
        "sampling": Sampling(seed=3),
        "plan": Plan(8, 8),
    }
    return EngineTask(**(fields | changes))


def run(engine: DiffusionEngine, *tasks: EngineTask) -> dict[int, tuple[list[Draft], Finished]]:
    for each in tasks:
        engine.start(each)
    return finish(engine, *(each.id for each in tasks))


def finish(engine: DiffusionEngine, *ids: int) -> dict[int, tuple[list[Draft], Finished]]:
    updates: list[Update] = []
    for _ in range(500):
        updates += engine.poll(SystemClock().now_ns() + NS_PER_S)
        ends = {update.id: update for update in updates if isinstance(update, Finished)}
        if set(ids) <= set(ends):
            drafts = {id_: [each for each in updates if isinstance(each, Draft) and each.id == id_] for id_ in ids}
            return {id_: (drafts[id_], ends[id_]) for id_ in ids}
    raise AssertionError("they did not end")


@pytest.fixture
def steps(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> list[list[Work]]:
    """What the engine does in each step."""
    seen: list[list[Work]] = []
    launch = engine._denoiser.launch

    def watched(work: list[Work]) -> Step:
        seen.append(list(work))
        return launch(work)

    monkeypatch.setattr(engine._denoiser, "launch", watched)
    return seen


QUIET = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUIET
@given(
    planned=st.integers(1, 12),
    replans=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12)), max_size=3),
    tokens=st.sampled_from([20, 90, 400]),
)
def test_a_plan_is_never_exceeded(
    engine: DiffusionEngine, planned: int, replans: list[tuple[int, int]], tokens: int
) -> None:
    line = task(engine, plan=Plan(planned, planned), slots=(TextSlot(max_tokens=tokens),))
    engine.start(line)
    limit, done, end = planned, 0, None
    for poll in range(60):
        for _, steps in (change for change in replans if change[0] == poll):
            limit = max(done, steps)
            engine.replan(line.id, Plan(steps, steps))
        for update in engine.poll(0):
            if isinstance(update, Finished):
                end = update
            else:
                done = update.steps
        if end:
            break
    assert end is not None
    assert end.usage.steps <= max(limit, done)
    assert engine._store.statistics().device_pinned == 0


def test_a_cancel_frees_rows_and_cache_at_once(engine: DiffusionEngine, steps: list[list[Work]]) -> None:
    lines = [task(engine, f"Question {index}?") for index in range(3)]
    for line in lines:
        engine.start(line)
    engine.poll(0)
    engine.poll(0)
    assert len(steps[-1]) == 3
    engine.cancel(lines[1].id)
    assert {work.chain for work in steps[-1]} - engine._store._chains, "its blocks are unpinned already"
    (end,) = [update for update in engine.poll(0) if isinstance(update, Finished)]
    assert (end.id, end.reason) == (lines[1].id, FinishReason.CANCELLED)
    engine.poll(0)
    assert len(steps[-1]) == 2
    finish(engine, lines[0].id, lines[2].id)
    assert engine._store.statistics().device_pinned == 0


def test_a_line_that_was_paused_goes_on_as_if_nothing_had_been(engine: DiffusionEngine) -> None:
    slots = (ChoiceSlot("mood", ("joy", "fear"), lead="("), TextSlot(max_tokens=60, lead="): "))
    _, whole = run(engine, line := task(engine, slots=slots))[line.id]
    paused = task(engine, slots=slots)
    engine.start(paused)
    while not any(isinstance(update, Draft) and update.steps == 3 for update in engine.poll(0)):
        pass
    engine.cancel(paused.id)
    _, stopped = finish(engine, paused.id)[paused.id]
    run(engine, *(task(engine, f"Someone else {index}?") for index in range(3)))
    again = task(engine, id=paused.id, slots=slots, plan=Plan(5, 5), resume=stopped.text, choices=stopped.choices)
    _, rest = run(engine, again)[paused.id]
    assert (rest.text, rest.choices) == (whole.text, whole.choices)
    assert rest.usage.steps + stopped.usage.steps == whole.usage.steps


def test_a_prompt_is_read_beside_those_who_speak(engine: DiffusionEngine, steps: list[list[Work]]) -> None:
    speaker = task(engine, plan=Plan(8, 8))
    engine.start(speaker)
    engine.poll(0)
    words = " ".join(f"word{index}" for index in range(100))
    newcomer, warm_up = task(engine, words), task(engine, words.upper(), slots=())
    both = len(newcomer.tokens) + len(warm_up.tokens)
    assert both > READING_ROWS
    steps.clear()
    run(engine, newcomer, warm_up)
    mixed = [step for step in steps if any(isinstance(work, Read) for work in step)]
    assert all(any(isinstance(work, Denoise) for work in step) for step in mixed)
    assert all(sum(len(w.tokens) for w in step if isinstance(w, Read)) <= READING_ROWS for step in mixed)
    first = next(work for work in mixed[0] if isinstance(work, Read))
    assert tuple(first.tokens) == newcomer.tokens, "who speaks reads first, a warm-up has the rest"


def test_a_long_reply_takes_several_canvases(
    engine: DiffusionEngine, steps: list[list[Work]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine._vocabulary, "first_end", lambda ids, stops: None)  # noise ends anywhere
    line = task(engine, slots=(TextSlot(max_tokens=600),), plan=Plan(24, 24))
    drafts, end = run(engine, line)[line.id]
    canvases = {id(work.canvas): work.canvas for step in steps for work in step if isinstance(work, Denoise)}
    read_back = [len(work.tokens) for step in steps for work in step if isinstance(work, Read)]
    assert 2 <= len(canvases) <= 3
    assert read_back[-(len(canvases) - 1) :] == [256] * (len(canvases) - 1)
    assert end.usage.steps <= 24
    between = [draft for draft in drafts if draft.stable == len(draft.text) > 0]
    assert between, "a finished canvas stands"
    assert end.text.startswith(between[0].text)


def test_canvases_get_narrower_the_more_speak(engine: DiffusionEngine, steps: list[list[Work]]) -> None:
    def first_width(count: int, planned: int = 30) -> int:
        steps.clear()
        slots = (TextSlot(max_tokens=300),)
        run(engine, *(task(engine, f"{index}?", slots=slots, plan=Plan(planned, planned)) for index in range(count)))
        (width,) = {work.canvas.width for step in steps[:3] for work in step if isinstance(work, Denoise)}
        return width

    assert first_width(1) == 256
    assert first_width(4) == 256, "1,024 rows cost hardly more than 256"
    assert first_width(12) == 96
    assert first_width(12, planned=10) == 256, "where there are few steps, all of them go to one canvas"


def test_short_replies_get_narrow_canvases(engine: DiffusionEngine, steps: list[list[Work]]) -> None:
    for tokens, width in ((10, 32), (31, 32), (32, 48), (48, 64), (80, 96)):
        steps.clear()
        run(engine, task(engine, slots=(TextSlot(max_tokens=tokens),)))
        assert {work.canvas.width for step in steps for work in step if isinstance(work, Denoise)} == {width}


def test_what_was_shown_as_stable_is_never_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load()
    # A random model is never sure: so the first words count as they come.
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.arange(len(settled)) < 12)
    shown = 0
    for seed in range(6):
        line = task(engine, f"Number {seed}?", plan=Plan(24, 24), sampling=Sampling(seed=seed))
        drafts, end = run(engine, line)[line.id]
        held = ""
        for draft in drafts:
            assert draft.text.startswith(held)
            assert draft.stable >= len(held)
            held = draft.text[: draft.stable]
        assert end.text.startswith(held)
        shown += len(held)
    assert shown
    engine.close()


def test_nothing_stands_behind_the_end_of_a_reply(engine: DiffusionEngine) -> None:
    for seed in range(4):
        slot = TextSlot(max_tokens=60, stop=("e", "<|"))
        line = task(engine, slots=(slot,), sampling=Sampling(seed=seed))
        drafts, end = run(engine, line)[line.id]
        assert end.reason is FinishReason.STOP
        assert not any("e" in update.text for update in [*drafts, end])


def test_characters_share_what_their_prompts_begin_with(engine: DiffusionEngine) -> None:
    rules = "You live in a village by the river. " * 5
    before = engine._store.statistics()
    run(engine, task(engine, rules + "Marta keeps the inn.", slots=()))
    _, end = run(engine, line := task(engine, rules + "Pip begs at the weir."))[line.id]
    assert end.usage.cached_tokens >= len(engine.tokenise(rules, special=True)) - 1
    assert engine._store.statistics().hit_tokens > before.hit_tokens


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"colour": "red"}, "no option 'colour'"),
            ({"weights": "fp7"}, "there are bf16, fp32, fp64, fp8, int4"),
            ({"cache_mib": "much"}, "no whole number"),
            ({"cache_mib": "1"}, "characters at once need"),
            ({"random_weights": "huge"}, "there are tiny, full"),
        ],
    )
    def test_what_cannot_be_is_told(self, options: dict[str, str], said: str) -> None:
        with pytest.raises(NpcError) as caught:
            load(**options)
        assert caught.value.code is ErrorCode.ENGINE_FAILED
        assert said in caught.value.message

    def test_no_checkpoint(self) -> None:
        engine = DiffusionEngine(SystemClock())
        with pytest.raises(NpcError) as caught:
            engine.load(ModelSpec("x"), lambda fraction, what: None)
        assert caught.value.code is ErrorCode.MODEL_MISSING

    def test_the_full_model_does_not_fit_here_and_that_is_told_first(self) -> None:
        with pytest.raises(NpcError) as caught:
            load(random_weights="full", weights="bf16", parallel=16)
        assert "GiB" in caught.value.message

    @pytest.mark.parametrize("weights", ["bf16", "fp8", "int4", "fp32"])
    def test_every_precision_speaks(self, tiny_folder: Path, weights: str) -> None:
        engine = load(tiny_folder, weights=weights)
        _, end = run(engine, line := task(engine))[line.id]
        assert end.usage.steps == 8
        assert weights in engine.caps.description
        assert engine.caps.noise, "a checkpoint of random weights says so"
        engine.close()

    def test_the_checkpoint_and_the_same_weights_made_up_say_the_same(self, tiny_folder: Path) -> None:
        texts = set()
        for engine in (load(tiny_folder, weights="fp32"), load(weights="fp32")):
            line = task(engine)
            texts.add(run(engine, line)[line.id][1].text)
            engine.close()
        assert len(texts) == 1
