"""Where the engine once went wrong, or might have: one test for each."""

from __future__ import annotations

import gc
import itertools
import random
import time
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import torch
from test_diffusion_engine import NOISE, load, run, task

from npc_engine.clock import NS_PER_MS, FakeClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion import engine as engine_module
from npc_engine.engines.diffusion import model
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.denoiser import Denoise, Step, Work
from npc_engine.engines.diffusion.engine import DiffusionEngine
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.schedule import T_MAX, Schedule
from npc_engine.engines.diffusion.skeleton import Skeleton
from npc_engine.engines.diffusion.vocabulary import Vocabulary
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import (
    ChoiceSlot,
    Draft,
    EngineTask,
    Finished,
    FinishReason,
    Job,
    JobClass,
    Plan,
    Sampling,
    Segment,
    TextSlot,
)
from npc_engine.worker.driver import Driver


@pytest.fixture(scope="module")
def engine() -> Iterator[DiffusionEngine]:
    engine = load(parallel=16)
    yield engine
    engine.close()


class Letters:
    """A tokeniser of one letter a token; a small one for a half character, `|` for the end."""

    def encode(self, text: str, *, special: bool) -> list[int]:
        return [1] if special and text == "|" else [ord(letter) for letter in text]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join("\ufffd" if id_ == 200 else chr(id_) for id_ in ids if id_ != 1)


class TestStops:
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(Letters(), (1,))

    def ids(self, text: str) -> list[int]:
        return [1 if letter == "|" else ord(letter) for letter in text]

    @pytest.mark.parametrize(
        ("text", "end", "said"),
        [
            ("one.\n\ntwo|", 5, "one."),
            ("one|\n\n", 3, "one"),
            ("one\ntwo", None, "one\ntwo"),
            ("one two##x\n\n", 8, "one two"),
            ("\n\n", 1, ""),
            ("|", 0, ""),
            ("", None, ""),
        ],
    )
    def test_a_stop_may_be_spelt_by_several_tokens(self, text: str, end: int | None, said: str) -> None:
        vocabulary, stops = self.vocabulary(), ("\n\n", "##", "|")
        found = vocabulary.first_end(self.ids(text), stops)
        assert found == end
        kept = self.ids(text) if found is None else self.ids(text)[: found + 1]
        assert vocabulary.text(kept, stops) == said

    def test_half_a_stop_does_not_stand_yet(self) -> None:
        vocabulary = self.vocabulary()
        assert vocabulary.standing(self.ids("one.\n"), ("\n\n", "\n#!")) == "one."
        assert vocabulary.standing(self.ids("one\n#"), ("\n\n", "\n#!")) == "one"
        assert vocabulary.standing(self.ids("one\n."), ("\n\n", "\n#!")) == "one\n."


def noisy_text(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch, begins: str) -> None:
    """Every token but the first is a word, and no reply ends of itself."""
    monkeypatch.setattr(engine._vocabulary, "first_end", lambda ids, stops: None)
    spell = lambda ids, stops: (begins + "word " * len(ids)) if ids else ""  # noqa: E731
    monkeypatch.setattr(engine._vocabulary, "text", spell)
    monkeypatch.setattr(engine._vocabulary, "standing", spell, raising=False)


def test_what_stands_is_not_cut_back_to_a_sentence(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy_text(engine, monkeypatch, "So it is. ")
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.arange(len(settled)) < 12)
    drafts, end = run(engine, line := task(engine))[line.id]
    stable = drafts[-1].text[: drafts[-1].stable]
    assert len(stable) > len("So it is. ")
    assert end.text.startswith(stable)
    assert end.reason is FinishReason.LENGTH


def test_a_draft_ends_with_its_last_sentence(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy_text(engine, monkeypatch, "So it is. ")
    _, end = run(engine, line := task(engine))[line.id]
    assert (end.text, end.reason) == ("So it is.", FinishReason.SENTENCE)


@pytest.mark.parametrize("tokens", [1, 10, 31, 40, 300])
def test_no_line_is_longer_than_it_may_be(
    engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch, tokens: int
) -> None:
    noisy_text(engine, monkeypatch, "")
    slot = TextSlot(max_tokens=tokens)
    drafts, end = run(engine, line := task(engine, slots=(slot,), plan=Plan(24, 24)))[line.id]
    assert end.usage.output_tokens == tokens
    assert max(draft.text.count("word") for draft in drafts) <= tokens


def test_a_canvas_is_no_wider_for_what_was_said_before(engine: DiffusionEngine, steps: list[list[Work]]) -> None:
    said = "We have a room for you, if you do not mind the rain. "
    (width,) = {
        work.canvas.width
        for _ in [run(engine, task(engine, slots=(TextSlot(max_tokens=60),), resume=said))]
        for step in steps
        for work in step
        if isinstance(work, Denoise)
    }
    assert width == 64


@pytest.fixture
def steps(engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch) -> list[list[Work]]:
    seen: list[list[Work]] = []
    launch = engine._denoiser.launch

    def watched(work: list[Work]) -> Step:
        seen.append(list(work))
        return launch(work)

    monkeypatch.setattr(engine._denoiser, "launch", watched)
    return seen


def test_a_reply_that_finds_no_more_room_keeps_what_it_has(
    engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy_text(engine, monkeypatch, "So it is. ")
    line = task(engine, "Tell me all.", slots=(TextSlot(max_tokens=600),), plan=Plan(24, 24))
    reserve = Chain.reserve
    monkeypatch.setattr(Chain, "reserve", lambda self, count: self.length < len(line.tokens) and reserve(self, count))
    drafts, end = run(engine, line)[line.id]
    held = drafts[-1].text[: drafts[-1].stable]
    assert held
    assert (end.text, end.reason) == (held, FinishReason.LENGTH)


def test_a_choice_behind_the_line_is_not_asked(engine: DiffusionEngine) -> None:
    slots = (ChoiceSlot("mood", ("joy", "fear")), TextSlot(max_tokens=20), ChoiceSlot("deed", ("go", "stay")))
    skeleton = Skeleton(slots, {}, engine._vocabulary.encode)
    assert len(skeleton.laid_out()[1]) == 1
    _, end = run(engine, line := task(engine, slots=slots))[line.id]
    assert list(end.choices) == ["mood"]


def test_seeds_may_use_all_64_bits() -> None:
    def drawn(seed: int) -> list[int]:
        return Canvas(8, vocab_size=500, seed=seed).start.tolist()

    seeds = (0, 1, 2**63 - 1, 2**63, 2**64 - 1)
    assert len({tuple(drawn(seed)) for seed in seeds}) == len(seeds)


class Stopped(DiffusionEngine):
    """An engine whose every step takes 10 ms by a clock that is not the machine's."""

    STEP_MS = 10
    EMPTY_MS = 4.0

    def __init__(self) -> None:
        self.clock = FakeClock(NS_PER_MS)
        super().__init__(self.clock)

    def open(self, monkeypatch: pytest.MonkeyPatch) -> Stopped:
        self.load(ModelSpec("tiny", threads=1, max_parallel=2, options=NOISE), lambda fraction, what: None)
        self._bench = replace(self._bench, step_ms=self.EMPTY_MS)
        launch = self._denoiser.launch

        def timed(work: Sequence[Work]) -> Step:
            step = launch(work)
            self.clock.advance_ms(self.STEP_MS)
            return step

        monkeypatch.setattr(self._denoiser, "launch", timed)
        monkeypatch.setattr(time, "perf_counter_ns", self.clock.now_ns)
        return self


def test_a_cards_rest_counts_as_part_of_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Stopped().open(monkeypatch)
    driver = Driver(engine, engine.clock, gpu_share=0.25)
    ends = []
    for id_ in (1, 2):
        far_ns = engine.clock.now_ns() + 3_600_000 * NS_PER_MS
        prompt = (Segment("Who goes there?"),)
        job = Job(id_, JobClass.PLAYER, far_ns, "marta", prompt, (TextSlot(max_tokens=20),))
        news: list[Any] = driver.submit(job)
        while not any(isinstance(item, Finished) for item in news):
            news += driver.step(far_ns)
        ends.append(next(item for item in news if isinstance(item, Finished)))
        engine.clock.advance_ms(60_000)  # nobody speaks: that is no part of anything
    assert driver.cost_snapshot() is not None
    for end in ends:
        assert end.usage.decode_ms / end.usage.steps == pytest.approx(4 * Stopped.STEP_MS, rel=0.1)
    engine.close()


def test_reading_is_told_from_choosing_and_from_reading_back(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Stopped().open(monkeypatch)
    noisy_text(engine, monkeypatch, "")
    slots = (ChoiceSlot("mood", ("joy", "fear")), TextSlot(max_tokens=300))
    _, end = run(engine, line := task(engine, slots=slots, plan=Plan(12, 12)))[line.id]
    assert end.usage.prefill_ms == Stopped.STEP_MS - Stopped.EMPTY_MS, "what the prompt added to a step"
    assert end.usage.decode_ms == (end.usage.steps + 1) * Stopped.STEP_MS, "and one to read the first canvas back"
    engine.close()


def test_the_first_reading_is_no_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graphics card loads its kernels then, which takes seconds."""
    clock, slow = FakeClock(), itertools.chain([5_000.0], itertools.repeat(10.0))
    engine = DiffusionEngine(clock)

    def timed(self: DiffusionEngine, work: Sequence[Work]) -> float:
        self._denoiser.step(work)
        return next(slow)

    monkeypatch.setattr(DiffusionEngine, "_timed", timed)
    engine.load(ModelSpec("tiny", threads=1, options=NOISE), lambda fraction, what: None)
    assert engine.caps.prefill_token_ms < 0.1
    engine.close()


def test_a_closed_engine_holds_nothing() -> None:
    engine = load()
    engine.start(task(engine))
    engine.poll(0)
    held: list[Any] = [weakref.ref(engine._open_model.weights.embedding), weakref.ref(engine._store)]
    engine.close()
    engine.close()
    gc.collect()
    assert [each() for each in held] == [None, None]
    with pytest.raises(NpcError):
        engine.tokenise("Hello", special=False)


def test_too_small_a_cache_is_told_before_a_byte_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "random_weights", lambda *args, **kwargs: pytest.fail("read"))
    with pytest.raises(NpcError, match="characters at once need"):
        load(cache_mib="1")


@pytest.mark.parametrize(("device", "said"), [("banana", "device=banana"), ("cuda:x", "device=cuda:x")])
def test_a_device_that_is_none_is_told(device: str, said: str) -> None:
    with pytest.raises(NpcError) as caught:
        load(device=device)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert said in caught.value.message


def test_the_heat_of_a_step_is_not_rounded_to_the_type_of_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load(weights="bf16")
    seen: list[torch.Tensor] = []
    read = engine._denoiser._head.read

    def watched(rows: torch.Tensor, temperature: torch.Tensor, keys: Any) -> Any:
        seen.append(temperature)
        return read(rows, temperature, keys)

    monkeypatch.setattr(engine._denoiser._head, "read", watched)
    run(engine, task(engine))
    assert seen[0].dtype is torch.float32
    assert seen[0].tolist() == pytest.approx([T_MAX] * len(seen[0]), rel=1e-6)
    engine.close()


def test_sixteen_lines_are_cancelled_in_every_phase(engine: DiffusionEngine) -> None:
    """While they read, choose, write and read back."""
    engine._store.clear()
    slots = (ChoiceSlot("mood", ("joy", "fear", "fury")), TextSlot(max_tokens=600))
    lines = [
        task(engine, f"{index} " + "mud " * 20 * index, slots=slots, plan=Plan(24, 24), sampling=Sampling(seed=index))
        for index in range(16)
    ]
    for line in lines:
        engine.start(line)
    ends: dict[int, int] = dict.fromkeys((line.id for line in lines), 0)
    for poll in range(200):
        if poll < 16:
            engine.cancel(lines[poll].id)
            engine.cancel(lines[poll].id)
            engine._store.validate()
        for update in engine.poll(0):
            if isinstance(update, Finished):
                ends[update.id] += 1
            else:
                assert not ends[update.id]
        if all(ends.values()):
            break
    assert set(ends.values()) == {1}
    assert engine._store.statistics().device_pinned == 0
    again = [task(engine, "", id=line.id, tokens=line.tokens, slots=slots, plan=Plan(6, 6)) for line in lines]
    assert len(run(engine, *again)) == 16
    assert engine._store.statistics().device_pinned == 0


def test_a_window_full_of_prompt_still_gives_a_line(engine: DiffusionEngine) -> None:
    tokens = tuple(itertools.islice(itertools.cycle(engine.tokenise("mud and rain ", special=False)), 1_023))
    lines = [task(engine, tokens=(*tokens[:-1], 300 + index), slots=(TextSlot(max_tokens=250),)) for index in range(16)]
    for _, end in run(engine, *lines).values():
        assert end.reason is not FinishReason.FAILED
    assert engine._store.statistics().device_pinned == 0


def test_a_prompt_of_nothing(engine: DiffusionEngine) -> None:
    drafts, end = run(engine, line := task(engine, tokens=()))[line.id]
    assert drafts or end.reason is FinishReason.STOP
    _, end = run(engine, line := task(engine, tokens=(), slots=()))[line.id]
    assert end.reason is FinishReason.STOP
    empty = (ChoiceSlot("deed", ("", "go")), TextSlot(max_tokens=1))
    _, end = run(engine, line := task(engine, tokens=(), slots=empty, plan=Plan(1, 1)))[line.id]
    assert end.choices["deed"] in ("", "go")


def test_a_plan_of_no_steps_ends(engine: DiffusionEngine) -> None:
    _, end = run(engine, line := task(engine, plan=Plan(0, 0)))[line.id]
    assert (end.text, end.reason) == ("", FinishReason.LENGTH)


@pytest.mark.parametrize("paused", [0, 64])
def test_what_was_shown_survives_pre_emption_by_the_scheduler(
    engine: DiffusionEngine, monkeypatch: pytest.MonkeyPatch, paused: int
) -> None:
    """Jobs of all classes come, wait, are put back, cancelled and late: each ends once, and its text only grows."""
    chance = random.Random(paused)
    clock = FakeClock(NS_PER_MS)
    launch = engine._denoiser.launch

    def timed(work: Sequence[Work]) -> Step:
        step = launch(work)
        clock.advance_ms(5)
        return step

    monkeypatch.setattr(engine._denoiser, "launch", timed)
    monkeypatch.setattr(engine, "_clock", clock)
    monkeypatch.setattr(time, "perf_counter_ns", clock.now_ns)
    monkeypatch.setattr(engine_module, "PAUSED", paused)
    monkeypatch.setattr(Schedule, "steady", lambda self, entropy, settled: torch.arange(len(settled)) < 20)
    caps = msgspec.structs.replace(engine.caps, max_parallel=3, step_ms=5.0, step_growth=0.0, prefill_token_ms=0.02)
    monkeypatch.setattr(engine, "caps", caps)
    driver = Driver(engine, clock)
    shown: dict[int, str] = {}
    ends: dict[int, Finished] = {}
    runs = dict[int, int]()
    start = engine.start

    def counted(work: EngineTask) -> None:
        runs[work.id] = runs.get(work.id, 0) + 1
        start(work)

    monkeypatch.setattr(engine, "start", counted)
    slots = (ChoiceSlot("mood", ("joy", "fear", "fury")), TextSlot(max_tokens=60, stop=("\n", "q")))
    sent = 0
    for turn in range(600):
        news: list[Any] = []
        if sent < 60 and chance.random() < 0.3:
            sent += 1
            kind = chance.choice(list(JobClass))
            deadline_ns = clock.now_ns() + chance.choice([60, 400, 4_000]) * NS_PER_MS
            prompt = (Segment(f"You are {sent % 7}. " * chance.randint(1, 40)),)
            asked = () if kind is JobClass.PREFETCH else slots[chance.randint(0, 1) :]
            sampling = Sampling(seed=sent)
            news += driver.submit(Job(sent, kind, deadline_ns, f"{sent % 7}", prompt, asked, sampling))
        if sent and chance.random() < 0.05:
            news += driver.cancel(chance.randint(1, sent))
        news += driver.step(clock.now_ns() + NS_PER_MS)
        clock.advance_ms(1)
        for item in news:
            if isinstance(item, Draft):
                assert item.id not in ends
                assert item.text.startswith(shown.get(item.id, ""))
                shown[item.id] = item.text[: item.stable]
            elif isinstance(item, Finished):
                assert item.id not in ends
                ends[item.id] = item
                assert item.text.startswith(shown.get(item.id, "")), item
        if turn % 10 == 0:
            engine._store.validate()
        if sent == len(ends) == 60:
            break
    assert len(ends) == 60
    assert max(runs.values()) > 1, "somebody was put back"
    assert any(shown.values())
    assert engine._store.statistics().device_pinned == 0
    assert len(engine._paused) <= paused
    assert not engine._lines
