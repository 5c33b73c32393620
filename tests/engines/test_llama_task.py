"""The llama engine's tasks against a server that answers as llama.cpp does, in no time and without a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from engine_rig import GREEDY

from npc_engine.engines.llama_server import CHUNK_TOKENS, LlamaServer, OnEvent
from npc_engine.engines.llama_task import LlamaTask
from npc_engine.engines.slots import CacheSlot, common_prefix
from npc_engine.engines.turns import Turns, Urgency
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, Plan, TextSlot, Update

PIECES = ("The", " river", " rose", ".", " It", " took", " the", " bridge", ".")
PROMPT = "x" * (3 * CHUNK_TOKENS + 10)


@dataclass
class PlayedServer:
    """Code points are tokens. `keeps` False: a cache that never holds anything. `error`: the answer to everything."""

    pieces: Sequence[str] = PIECES
    keeps: bool = True
    error: dict[str, Any] | None = None
    preferred: str = ""
    held: Sequence[int] = ()
    requests: list[dict[str, Any]] = field(default_factory=list)
    before_event: Callable[[int], None] = lambda count: None
    events: int = 0

    def tokenise(self, text: str, special: bool) -> Sequence[int]:
        return tuple(map(ord, text))

    def complete(self, request: dict[str, Any], on_event: OnEvent) -> None:
        self.requests.append(request)
        for event in [{"error": self.error}] if self.error else self._events(request):
            self.events += 1
            self.before_event(self.events)
            if on_event(event):
                return

    def _events(self, request: dict[str, Any]) -> Any:
        prompt = request["prompt"]
        cached = min(common_prefix(self.held, prompt), len(prompt) - 1) if self.keeps else 0
        for processed in [*range(cached, len(prompt), CHUNK_TOKENS), len(prompt)]:
            self.held = prompt[:processed]
            yield {"prompt_progress": {"cache": cached, "processed": processed, "total": len(prompt)}, "choices": []}
        written = self._written(request)
        for count, piece in enumerate(written, 1):
            yield self._text(piece, count)
        yield self._text("", len(written), "length" if len(written) == request["max_tokens"] else "stop")

    def _written(self, request: dict[str, Any]) -> Sequence[str]:
        if biased := request.get("logit_bias"):
            allowed = [token for token, _ in biased]
            return chr(ord(self.preferred) if self.preferred and ord(self.preferred) in allowed else allowed[0])
        return self.pieces[: request["max_tokens"]]

    def _text(self, piece: str, count: int, finish: str | None = None) -> dict[str, Any]:
        logprobs = {"content": [{"id": ord(piece[0])}]} if piece else None
        choice = {"text": piece, "logprobs": logprobs, "finish_reason": finish}
        return {"choices": [choice], "timings": {"predicted_n": count}}


class Stage:
    """Runs one task on a played server, on this thread."""

    def __init__(self, server: PlayedServer, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "id": 1,
            "cache_key": "marta",
            "tokens": tuple(map(ord, PROMPT)),
            "slots": (TextSlot(),),
            "sampling": GREEDY,
            "plan": Plan(40, 40),
        }
        self.server = server
        self.slot = CacheSlot(3)
        self.turns = Turns()
        self.told: list[Update] = []
        self.steps = 0
        self.task = LlamaTask(
            EngineTask(**(fields | changes)),
            self.slot,
            cast(LlamaServer, server),
            self.turns,
            tell=self.told.append,
            on_step=self.count,
        )

    def count(self) -> None:
        self.steps += 1

    def run(self) -> Finished:
        self.task.run()
        *drafts, end = self.told
        assert all(isinstance(draft, Draft) for draft in drafts)
        assert isinstance(end, Finished)
        assert self.turns.take(Urgency(True, 0), lambda: False), "turn and stage are free again"
        return end

    @property
    def drafts(self) -> list[str]:
        return [update.text for update in self.told if isinstance(update, Draft)]

    @property
    def read(self) -> list[int]:
        """Length of the prompt of each request."""
        return [len(request["prompt"]) for request in self.server.requests]


def test_a_long_prompt_is_read_in_chunks_and_the_last_one_speaks() -> None:
    stage = Stage(PlayedServer())
    end = stage.run()
    assert stage.read == [CHUNK_TOKENS, 2 * CHUNK_TOKENS, 3 * CHUNK_TOKENS, len(PROMPT)]
    assert [request["max_tokens"] for request in stage.server.requests] == [0, 0, 0, 48]
    assert {request["id_slot"] for request in stage.server.requests} == {3}
    assert (end.text, end.reason) == ("".join(PIECES), FinishReason.STOP)
    assert (end.usage.prompt_tokens, end.usage.cached_tokens, end.usage.steps) == (len(PROMPT), 0, len(PIECES))
    assert stage.slot.held == stage.server.requests[-1]["prompt"]
    assert stage.steps >= 4 + len(PIECES)


def test_what_the_slot_holds_is_not_read_again() -> None:
    stage = Stage(PlayedServer(held=tuple(map(ord, PROMPT[:-20]))))
    stage.slot.held = tuple(map(ord, PROMPT[:-20]))
    end = stage.run()
    assert stage.read == [len(PROMPT)]
    assert (end.usage.prompt_tokens, end.usage.cached_tokens) == (len(PROMPT), len(PROMPT) - 20)


def test_a_warm_up_writes_nothing() -> None:
    stage = Stage(PlayedServer(), slots=())
    end = stage.run()
    assert (end.text, end.reason, end.usage.steps) == ("", FinishReason.STOP, 0)
    assert {request["max_tokens"] for request in stage.server.requests} == {0}


def test_a_slot_that_lost_its_prompt_is_read_in_chunks_after_all() -> None:
    stage = Stage(PlayedServer())
    stage.slot.held = tuple(map(ord, PROMPT))
    end = stage.run()
    assert stage.read == [len(PROMPT), CHUNK_TOKENS, 2 * CHUNK_TOKENS, 3 * CHUNK_TOKENS, len(PROMPT)]
    assert (end.reason, end.usage.prompt_tokens, end.usage.cached_tokens) == (FinishReason.STOP, len(PROMPT), 0)


def test_a_cache_that_keeps_nothing_is_given_up_on() -> None:
    stage = Stage(PlayedServer(keeps=False))
    assert stage.run().text == "".join(PIECES)
    assert len(stage.read) <= 5
    assert stage.read[-1] == len(PROMPT)


def test_choices_are_asked_for_once_and_read_by_what_follows() -> None:
    slots = (
        ChoiceSlot("mood", ("joy", "anger", "trust"), lead="mood: "),
        ChoiceSlot("deed", ("give", "give_key"), lead="\ndeed: "),
        TextSlot(lead="\nline: "),
    )
    stage = Stage(PlayedServer(preferred="t"), tokens=tuple(map(ord, "Evening.\n")), slots=slots)
    end = stage.run()
    assert end.choices == {"mood": "trust", "deed": "give"}
    biased = [sorted(chr(token) for token, _ in request.get("logit_bias", ())) for request in stage.server.requests]
    assert biased == [["a", "j", "t"], ["\n", "_"], []], "an option that ends is followed by the next slot's lead"
    prompt = "".join(map(chr, stage.server.requests[-1]["prompt"]))
    assert prompt == "Evening.\nmood: trust\ndeed: give\nline: "
    assert end.usage.prompt_tokens == len(prompt)


def test_a_resumed_task_goes_on_behind_its_choices_and_text() -> None:
    slots = (ChoiceSlot("mood", ("joy", "anger"), lead="mood: "), TextSlot(lead="\n"))
    stage = Stage(PlayedServer(), slots=slots, tokens=(120,), choices={"mood": "joy"}, resume="Ah. ")
    end = stage.run()
    assert [("".join(map(chr, request["prompt"]))) for request in stage.server.requests] == ["xmood: joy\nAh. "]
    assert end.text == "Ah. " + "".join(PIECES)
    assert stage.drafts[0] == "Ah. The"


def test_the_soft_limit_waits_for_the_end_of_a_sentence() -> None:
    stage = Stage(PlayedServer(), plan=Plan(40, 2))
    end = stage.run()
    assert (end.reason, end.text, end.usage.steps) == (FinishReason.SENTENCE, "The river rose.", 4)
    assert stage.drafts == ["The", "The river", "The river rose"]


def test_a_sentence_end_that_was_already_shown_is_still_one() -> None:
    stage = Stage(PlayedServer(pieces=("It", " costs", " 3", ".", " Pay", " now")), plan=Plan(40, 4))
    end = stage.run()
    assert (end.reason, end.text) == (FinishReason.SENTENCE, "It costs 3.")
    assert stage.drafts[-1] == "It costs 3."


def test_a_new_plan_holds_from_the_next_token_on() -> None:
    server = PlayedServer()
    stage = Stage(server)

    def cut_short(count: int) -> None:
        if stage.drafts == ["The"]:
            stage.task.plan = Plan(3, 40)

    server.before_event = cut_short
    end = stage.run()
    assert (end.reason, end.text, end.usage.steps) == (FinishReason.LENGTH, "The river rose", 3)


def test_a_plan_of_nothing_writes_nothing() -> None:
    stage = Stage(PlayedServer(), plan=Plan(0, 0), resume="Ah.")
    end = stage.run()
    assert (end.reason, end.text, stage.drafts) == (FinishReason.LENGTH, "Ah.", [])


def test_half_a_character_is_not_shown() -> None:
    stage = Stage(PlayedServer(pieces=("Ah ", "\ufffd", "\ufffd")))
    assert stage.run().text == "Ah "
    assert set(stage.drafts) == {"Ah "}


@pytest.mark.parametrize("event", [1, 3, 9, 12])
def test_cancelling_at_any_event_ends_there(event: int) -> None:
    server = PlayedServer()
    stage = Stage(server)

    def cancel(count: int) -> None:
        if count == event:
            stage.task.cancel()

    server.before_event = cancel
    end = stage.run()
    assert end.reason is FinishReason.CANCELLED
    assert server.events == event
    assert end.text == (stage.drafts[-1] if stage.drafts else "")


def test_a_task_cancelled_before_it_began_asks_for_nothing() -> None:
    stage = Stage(PlayedServer())
    stage.task.cancel()
    assert stage.run().reason is FinishReason.CANCELLED
    assert stage.server.requests == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("exceed_context_size_error", FinishReason.TOO_LONG), ("invalid_request_error", FinishReason.FAILED)],
)
def test_a_refusal_ends_the_task_with_its_message(kind: str, reason: FinishReason) -> None:
    end = Stage(PlayedServer(error={"type": kind, "message": "it does not fit"})).run()
    assert (end.reason, end.message) == (reason, "it does not fit")


def test_an_exception_ends_the_task_failed(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(count: int) -> None:
        raise OSError("the server is gone")

    end = Stage(PlayedServer(before_event=breaks)).run()
    assert (end.reason, end.message) == (FinishReason.FAILED, "OSError: the server is gone")
    assert "task=1 failed" in caplog.text


def test_an_event_nobody_understands_ends_the_task_failed() -> None:
    end = Stage(PlayedServer(pieces=(cast(str, 5),))).run()
    assert end.reason is FinishReason.FAILED
