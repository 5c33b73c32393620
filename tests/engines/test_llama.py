from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_rig import Rig, persona, question
from test_gguf import METADATA, gguf

from npc_engine.clock import SystemClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.llama import LlamaEngine
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import FinishReason, Plan


def load(spec: ModelSpec) -> LlamaEngine:
    engine = LlamaEngine(SystemClock())
    engine.load(spec, lambda fraction, what: None)
    return engine


def refused(spec: ModelSpec) -> NpcError:
    with pytest.raises(NpcError) as caught:
        load(spec)
    return caught.value


def test_a_model_is_needed(tmp_path: Path) -> None:
    assert refused(ModelSpec()).code is ErrorCode.MODEL_MISSING
    error = refused(ModelSpec(path=tmp_path / "none.gguf"))
    assert error.code is ErrorCode.MODEL_MISSING
    assert "none.gguf" in error.message


@pytest.mark.parametrize("content", [b"", b"GGUF", b"PK\x03\x04", gguf(METADATA)], ids=["empty", "cut", "zip", "head"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    error = refused(ModelSpec(path=path))
    assert error.code is ErrorCode.ENGINE_FAILED
    assert "damaged.gguf" in error.message


@pytest.mark.parametrize("option", ["slots", "cache_mib", "spare_cache_mib"])
def test_options_must_be_whole_numbers(tmp_path: Path, option: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(METADATA))
    error = refused(ModelSpec(path=path, options={option: "lots"}))
    assert error.code is ErrorCode.ENGINE_FAILED
    assert option in error.message


@pytest.fixture(scope="module")
def crowded(small_model: Path) -> Iterator[Rig]:
    """Two slots, for more characters than that."""
    options = {"slots": "2", "spare_cache_mib": "64"}
    engine = load(ModelSpec("small", small_model, "chatml", 512, max_parallel=2, threads=1, options=options))
    yield Rig(engine, SystemClock(), deterministic=False, plan=Plan(16, 16))
    engine.close()


@pytest.mark.model
def test_characters_that_lost_their_slot_get_their_prompt_back(crowded: Rig) -> None:
    names = ("Ada", "Bram", "Cole", "Dora", "Emil")
    for name in names:
        crowded.end(crowded.task(persona(name), slots=(), cache_key=name))
    for name in names:
        usage = crowded.end(crowded.task(persona(name) + question("Who are you?"), cache_key=name)).usage
        assert usage.cached_tokens >= len(crowded.engine.tokenise(persona(name), special=True)) - 1, name


@pytest.mark.model
def test_a_second_line_of_a_character_waits_for_its_slot(crowded: Rig) -> None:
    first, second = (crowded.task(cache_key="ada") for _ in range(2))
    crowded.engine.start(first)
    crowded.engine.start(second)
    crowded.engine.replan(second.id, Plan(3, 9))
    ends = crowded.finish(first.id, second.id)
    assert ends[first.id][1].reason is FinishReason.LENGTH
    assert (ends[second.id][1].reason, ends[second.id][1].usage.steps) == (FinishReason.LENGTH, 3)
    assert ends[second.id][1].usage.cached_tokens >= len(second.tokens) - 1


@pytest.mark.model
def test_a_line_that_waits_for_its_slot_can_be_cancelled(crowded: Rig) -> None:
    first, second, third = (crowded.task(cache_key="ada") for _ in range(3))
    for task in (first, second, third):
        crowded.engine.start(task)
    crowded.engine.cancel(second.id)
    crowded.engine.cancel(second.id)
    reasons = {job_id: end.reason for job_id, (_, end) in crowded.finish(first.id, second.id, third.id).items()}
    assert reasons[second.id] is FinishReason.CANCELLED
    assert [reasons[first.id], reasons[third.id]] == [FinishReason.LENGTH] * 2


@pytest.mark.model
def test_a_task_too_many_fails_and_harms_nobody(crowded: Rig) -> None:
    tasks = [crowded.task(cache_key=name) for name in ("ada", "bram", "cole")]
    ends = crowded.run_all(*tasks)
    assert [ends[task.id][1].reason for task in tasks] == [FinishReason.LENGTH] * 2 + [FinishReason.FAILED]


@pytest.mark.model
def test_the_listener_is_closed_to_others(crowded: Rig) -> None:
    address = crowded.engine._open_server._http  # type: ignore[attr-defined]
    assert address.host == "127.0.0.1"
    for method, path in (("POST", "/completion"), ("POST", "/tokenize"), ("GET", "/props"), ("GET", "/slots")):
        connection = http.client.HTTPConnection(address.host, address.port, timeout=10)
        connection.request(method, path, "{}", {"Origin": "http://example.org", "Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == http.client.UNAUTHORIZED, path
        assert not response.getheader("Access-Control-Allow-Origin")
        connection.close()
