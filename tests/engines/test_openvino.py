"""How the openvino engine steps: against a network that reads nothing and always wants the same letter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from engine_rig import GREEDY, Rig, persona, question

np: Any = pytest.importorskip("numpy", reason="needs the extra `openvino`")
pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")
pytest.importorskip("gguf", reason="needs the extra `openvino`")

from openvino_rig import open_rig  # noqa: E402

from npc_engine.clock import SystemClock  # noqa: E402
from npc_engine.engines.base import ModelSpec  # noqa: E402
from npc_engine.engines.openvino import engine as module  # noqa: E402
from npc_engine.engines.openvino.engine import READ_TOKENS, READ_TOKENS_BESIDE, OpenVinoEngine  # noqa: E402
from npc_engine.engines.openvino.network import Piece  # noqa: E402
from npc_engine.errors import ErrorCode, NpcError  # noqa: E402
from npc_engine.jobs import FinishReason, Plan  # noqa: E402

LONG = tuple(range(1, 301))
LETTER = 65


class Network:
    """Keeps what it was asked to read, and checks that nobody reads into the blocks of another."""

    def __init__(self, folder: Path, blocks: int, threads: int, precision: str, input_group: int) -> None:
        self.input_group = input_group
        self.steps: list[list[Piece]] = []

    def read(self, pieces: Sequence[Piece]) -> Any:
        blocks = [block for piece in pieces for block in piece.blocks]
        assert len(blocks) == len(set(blocks))
        self.steps.append([Piece(tuple(piece.tokens), piece.past, tuple(piece.blocks)) for piece in pieces])
        scores = np.zeros((len(pieces), 400), np.float32)
        scores[:, LETTER] = 1.0
        return scores


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = open_rig(monkeypatch, Network)
    rig.engine._network.steps.clear()  # type: ignore[attr-defined]
    yield rig
    rig.engine.close()


def lengths(rig: Rig) -> list[list[int]]:
    """How many tokens each piece of each step had."""
    return [[len(piece.tokens) for piece in step] for step in rig.engine._network.steps]  # type: ignore[attr-defined]


def test_a_prompt_is_read_in_pieces_while_nobody_speaks(rig: Rig) -> None:
    end = rig.end(rig.task(tokens=LONG))
    assert lengths(rig) == [[READ_TOKENS], [READ_TOKENS], [300 - 2 * READ_TOKENS], [1], [1], [1]]
    assert (end.text, end.reason) == ("A" * 4, FinishReason.LENGTH)
    assert (end.usage.prompt_tokens, end.usage.steps) == (300, 4)


def test_a_newcomer_is_read_in_small_pieces_beside_who_speaks(rig: Rig) -> None:
    speaker = rig.task(tokens=(1, 2), cache_key="speaker", plan=Plan(6, 7))
    newcomer = rig.task(tokens=LONG, cache_key="newcomer")
    rig.engine.start(speaker)
    rig.poll()
    rig.engine.start(newcomer)
    rig.finish(speaker.id, newcomer.id)
    beside = [step for step in lengths(rig) if len(step) == 2]
    assert beside == [[1, READ_TOKENS_BESIDE]] * 5


def test_who_has_least_to_read_goes_first(rig: Rig) -> None:
    long, short = (rig.task(tokens=LONG[:count], cache_key=str(count)) for count in (300, 50))
    rig.run_all(long, short)
    assert lengths(rig)[0] == [50]


def test_warm_ups_wait_while_anyone_speaks(rig: Rig) -> None:
    warm_up = rig.task(tokens=LONG, slots=(), cache_key="warm-up")
    rig.engine.start(warm_up)
    rig.poll()
    speaker = rig.task(tokens=(1, 2, 3), cache_key="speaker")
    rig.run_all(speaker)
    assert lengths(rig) == [[READ_TOKENS], [3], [1], [1], [1]]
    rig.finish(warm_up.id)


def test_the_next_line_reads_only_what_is_new(rig: Rig) -> None:
    rig.end(rig.task(tokens=LONG))
    end = rig.end(rig.task(tokens=(*LONG[:200], 399)))
    assert (end.usage.prompt_tokens, end.usage.cached_tokens) == (201, 200)


def test_one_character_speaks_at_a_time(rig: Rig) -> None:
    first, second, third = (rig.task(tokens=LONG) for _ in range(3))
    for task in (first, second, third):
        rig.engine.start(task)
    rig.engine.replan(third.id, Plan(1, 1))
    rig.engine.cancel(second.id)
    ends = rig.finish(first.id, second.id, third.id)
    assert ends[second.id][1].reason is FinishReason.CANCELLED
    assert ends[third.id][1].text == "A"
    assert all(len(step) == 1 for step in lengths(rig))


def test_a_storm_of_cancels_leaks_nothing(rig: Rig) -> None:
    engine: Any = rig.engine
    blocks = engine._cache.free_blocks
    for round_ in range(40):
        tasks = [rig.task(tokens=LONG[: 40 + 37 * who], cache_key=f"{(round_ + who) % 7}") for who in range(3)]
        for task in tasks:
            engine.start(task)
        for _ in range(round_ % 5):
            rig.poll()
        for task in tasks:
            engine.cancel(task.id)
        rig.drain()
        held = [block for holder in engine._cache.holders() for block in holder.blocks]
        assert len(set(held)) + engine._cache.free_blocks == blocks
        assert not any(holder.busy for holder in engine._cache.holders())
    assert rig.end(rig.task(tokens=LONG)).text == "A" * 4


@pytest.mark.parametrize(
    "options",
    [{"weights": "int5"}, {"precision": "f64"}, {"cache_mib": "much"}],
    ids=lambda options: next(iter(options)),
)
def test_an_option_that_makes_no_sense_is_named(rig: Rig, options: dict[str, str]) -> None:
    with pytest.raises(NpcError) as caught:
        OpenVinoEngine(rig.clock).load(ModelSpec(path=Path("x.gguf"), options=options), lambda fraction, what: None)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert next(iter(options.values())) in caught.value.message


def test_a_model_is_needed() -> None:
    with pytest.raises(NpcError) as caught:
        OpenVinoEngine(SystemClock()).load(ModelSpec(), lambda fraction, what: None)
    assert caught.value.code is ErrorCode.MODEL_MISSING


def test_a_processor_that_lacks_an_instruction_takes_the_plain_way(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor(Network):
        plain = True

        def read(self, pieces: Sequence[Piece]) -> Any:
            if self.input_group or not self.plain:
                raise RuntimeError("could not create a primitive")
            return super().read(pieces)

    monkeypatch.setattr(module, "Network", Poor)
    engine: Any = OpenVinoEngine(rig.clock)
    spec = ModelSpec(path=Path("model.gguf"))
    engine.load(spec, lambda fraction, what: None)
    assert engine._network.input_group == 0
    Poor.plain = False
    with pytest.raises(NpcError) as caught:
        OpenVinoEngine(rig.clock).load(spec, lambda fraction, what: None)
    assert caught.value.code is ErrorCode.ENGINE_FAILED


@pytest.mark.model
def test_characters_in_turn_find_what_they_have_read(small_model: Path) -> None:
    clock = SystemClock()
    engine: Any = OpenVinoEngine(clock)
    spec = ModelSpec("small", small_model, context_tokens=512, max_parallel=2, threads=1)
    engine.load(spec, lambda fraction, what: None)
    rig = Rig(engine, clock, deterministic=False, plan=Plan(2, 3))
    blocks = engine._cache.free_blocks
    prompt = cached = 0
    for turn in range(40):
        name = f"Villager {turn % 8}"
        text = persona(name) + question(f"How was day {turn}?")
        tokens = tuple(engine.tokenise(text, special=True))
        usage = rig.end(rig.task(tokens=tokens, cache_key=name, sampling=GREEDY)).usage
        if turn >= 8:
            prompt, cached = prompt + usage.prompt_tokens, cached + usage.cached_tokens
    assert cached / prompt > 0.7, "all but the question"
    assert sum(len(holder.blocks) for holder in engine._cache.holders()) + engine._cache.free_blocks == blocks
    engine.close()
