"""The engine with a step under way while it looks at the one before, as on a card: every line is the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from diffusion_rig import filled_denoiser
from test_diffusion_engine import finish, load, run, task

from npc_engine.engines.diffusion.engine import DiffusionEngine
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.step_shape import Buckets
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, Plan, Sampling, TextSlot, Update

SLOTS = (ChoiceSlot("mood", ("joy", "fear", "fury"), lead="("), TextSlot(max_tokens=60, lead="): "))


@pytest.fixture(scope="module")
def plain() -> Iterator[DiffusionEngine]:
    engine = load(parallel=8)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def ahead() -> Iterator[DiffusionEngine]:
    engine = load(parallel=8)
    denoiser = filled_denoiser(engine._open_model.weights, engine._schedule, Buckets(8, 40))
    engine._denoiser, engine._bench = denoiser, replace(engine._bench, denoiser=denoiser)
    engine._ahead = 1
    yield engine
    engine.close()


def tasks(engine: DiffusionEngine) -> list[EngineTask]:
    """A canvas, several, a choice, a long prompt, one of nothing, a warm-up, no steps at all."""
    long = " ".join(f"word{index}" for index in range(120))
    made = [
        task(engine, "Who goes there?", slots=SLOTS),
        task(engine, "Tell me all.", slots=(TextSlot(max_tokens=300),), plan=Plan(13, 13)),
        task(engine, long, slots=SLOTS),
        task(engine, "Short?", slots=(TextSlot(max_tokens=10),), plan=Plan(1, 1)),
        task(engine, long.upper(), slots=()),
        task(engine, tokens=()),
        task(engine, plan=Plan(0, 0)),
        task(engine, "And?", slots=(*SLOTS[:1], ChoiceSlot("deed", ("go", "stay"), lead=", "))),
    ]
    return [replace_seed(each, seed) for seed, each in enumerate(made)]


def replace_seed(one: EngineTask, seed: int) -> EngineTask:
    return EngineTask(one.id, one.cache_key, one.tokens, one.slots, sampling=Sampling(seed=seed), plan=one.plan)


def said(engine: DiffusionEngine, made: list[EngineTask]) -> list[object]:
    engine._store.clear()
    ends = run(engine, *made)
    assert engine._store.statistics().device_pinned == 0
    engine._store.validate()
    return [
        (
            [(draft.text, draft.stable, draft.steps) for draft in drafts],
            *(end.text, end.reason, end.choices, end.usage.steps, end.usage.output_tokens),
        )
        for drafts, end in (ends[each.id] for each in made)
    ]


@pytest.mark.parametrize("sure", [0, 12], ids=["never sure", "sure of the beginning"])
@pytest.mark.parametrize("done", [0, 4], ids=["all steps", "done early"])
def test_every_line_is_the_same(
    plain: DiffusionEngine, ahead: DiffusionEngine, monkeypatch: pytest.MonkeyPatch, sure: int, done: int
) -> None:
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.arange(len(settled)) < sure)
    if done:  # a canvas is finished when a random number of its positions stayed the same
        monkeypatch.setattr(Schedule, "is_done", lambda self, entropy, settled, live: int(settled.sum()) > done)
    monkeypatch.setattr(plain._vocabulary, "first_end", lambda ids, stops: None)
    monkeypatch.setattr(ahead._vocabulary, "first_end", lambda ids, stops: None)
    expected, found = (said(engine, tasks(engine)) for engine in (plain, ahead))
    for one, other in zip(expected, found, strict=True):
        assert one == other


def test_a_step_is_under_way_while_the_one_before_is_looked_at(ahead: DiffusionEngine) -> None:
    line = task(ahead, "Who?", plan=Plan(4, 4))
    ahead.start(line)
    under_way, steps, ended = [], [], False
    while not ended:
        updates = ahead.poll(0)
        under_way.append(len(ahead._flights))
        ended = any(isinstance(update, Finished) for update in updates)
        steps += [update.steps for update in updates if isinstance(update, Draft)]
    assert max(under_way) == 1
    assert steps == [1, 2, 3]
    assert not ahead._flights


def test_a_line_that_is_put_aside_goes_on_where_it_was(plain: DiffusionEngine, ahead: DiffusionEngine) -> None:
    whole = replace_seed(task(plain, slots=SLOTS), 3)
    _, expected = run(plain, whole)[whole.id]
    for after in (1, 2, 3, 5, 8):
        one = replace_seed(task(ahead, slots=SLOTS), 3)
        ahead.start(one)
        updates: list[Update] = []
        for _ in range(after):
            updates += ahead.poll(0)
        ahead.cancel(one.id)
        ahead.cancel(one.id)
        assert not ahead._flights, "nothing of it is under way any more"
        updates += [update for update in ahead.poll(0) if update.id == one.id]
        (stopped,) = [update for update in updates if isinstance(update, Finished)]
        if stopped.reason is not FinishReason.CANCELLED:
            assert stopped.text == expected.text
            continue
        again = EngineTask(
            one.id,
            one.cache_key,
            one.tokens,
            one.slots,
            sampling=one.sampling,
            plan=Plan(8 - stopped.usage.steps, 8 - stopped.usage.steps),
            resume=stopped.text,
            choices=stopped.choices,
        )
        ahead.start(again)
        _, rest = finish(ahead, one.id)[one.id]
        assert (rest.text, rest.choices) == (expected.text, expected.choices)
        assert rest.usage.steps + stopped.usage.steps == expected.usage.steps


def test_many_come_and_go(ahead: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends once, nothing is taken back, and nothing stays pinned."""
    chance = random.Random(5)
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.arange(len(settled)) < 20)
    ends: dict[int, int] = {}
    shown: dict[int, str] = {}
    open_ids: set[int] = set()
    for _ in range(200):
        if chance.random() < 0.3 and len(open_ids) < 8 and len(ends) < 20:
            one = task(ahead, "mud " * chance.randint(1, 90), slots=SLOTS[chance.randint(0, 1) :])
            ahead.start(replace_seed(one, one.id))
            open_ids.add(one.id)
        if open_ids and chance.random() < 0.1:
            ahead.cancel(chance.choice(sorted(open_ids)))
        if open_ids and chance.random() < 0.1:
            count = chance.randint(1, 9)
            ahead.replan(chance.choice(sorted(open_ids)), Plan(count, count))
        for update in ahead.poll(0):
            assert update.text.startswith(shown.get(update.id, ""))
            if isinstance(update, Finished):
                ends[update.id] = ends.get(update.id, 0) + 1
                open_ids.discard(update.id)
            else:
                assert update.id in open_ids
                shown[update.id] = update.text[: update.stable]
        ahead._store.validate()
    finish(ahead, *open_ids) if open_ids else None
    assert set(ends.values()) == {1}
    assert any(shown.values())
    assert ahead._store.statistics().device_pinned == 0


def test_canvases_do_not_pile_up(ahead: DiffusionEngine) -> None:
    ahead._paused.clear()
    for seed in range(6):
        run(ahead, replace_seed(task(ahead, slots=SLOTS), seed))
    ahead._flights.clear()
    assert len(ahead._denoiser._state._free) == ahead._denoiser._state.slots - 1
