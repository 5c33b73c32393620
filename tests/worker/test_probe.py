"""Trying an engine in a process of its own: what it takes, and what goes wrong there."""

from __future__ import annotations

import pytest

from npc_engine.clock import FakeClock
from npc_engine.engines import registry
from npc_engine.engines.base import ModelSpec
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import Finished, FinishReason, Usage
from npc_engine.worker import probe
from npc_engine.worker.link import WorkerConfig
from npc_engine.worker.probe import LINE_TOKENS, PROMPT_TOKENS, QUESTION_TOKENS, measure, speak, whole_line_ms


def ignore(fraction: float, what: str) -> None:
    pass


def test_an_engine_is_measured_in_another_process() -> None:
    told: list[float] = []
    config = WorkerConfig("scripted", ModelSpec(options={"step_ms": "1"}), niceness=0)
    speed = measure(config, lambda fraction, what: told.append(fraction))
    assert speed.next_line_ms > 0
    assert speed.first_line_ms > 0
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("engine", "code"), [("llama", ErrorCode.MODEL_MISSING), ("bogus", ErrorCode.ENGINE_UNKNOWN)], ids=str
)
def test_what_is_wrong_there_is_told_here(engine: str, code: ErrorCode) -> None:
    with pytest.raises(NpcError) as caught:
        measure(WorkerConfig(engine, ModelSpec()), ignore)
    assert caught.value.code is code


def test_a_process_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "pack_config", lambda config: b"no configuration")
    with pytest.raises(NpcError, match="died") as caught:
        measure(WorkerConfig("scripted", ModelSpec()), ignore)
    assert caught.value.code is ErrorCode.ENGINE_FAILED


def test_a_next_line_finds_the_prompt_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    engine = registry.create("scripted", FakeClock())
    engine.load(ModelSpec(), ignore)
    start = engine.start
    monkeypatch.setattr(engine, "start", lambda task: (asked.append((task.cache_key, len(task.tokens))), start(task)))
    speak(engine, "Marta")
    assert asked == [("Marta", PROMPT_TOKENS), ("Marta", PROMPT_TOKENS + QUESTION_TOKENS)]


def test_a_line_cut_short_by_the_model_counts_as_a_whole_one() -> None:
    usage = Usage(steps=4, decode_ms=40.0)
    assert whole_line_ms(Finished(1, "Aye.", FinishReason.STOP, {}, usage), 100.0) == 100.0 + (LINE_TOKENS - 4) * 10.0
    assert whole_line_ms(Finished(1, "", FinishReason.STOP, {}, Usage()), 100.0) == 100.0
    with pytest.raises(NpcError, match="out of memory"):
        whole_line_ms(Finished(1, "", FinishReason.FAILED, {}, message="out of memory"), 1.0)
