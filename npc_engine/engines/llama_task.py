"""One task on llama.cpp from its prompt to its end: reads in chunks, chooses, writes. Runs on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.llama_answer import Answer, OnText, Refused
from npc_engine.engines.llama_server import CHUNK_TOKENS, LlamaServer
from npc_engine.engines.sentence import sentence_end
from npc_engine.engines.slots import CacheSlot, common_prefix
from npc_engine.engines.token_tree import choose
from npc_engine.engines.turns import Turns, Urgency
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, TextSlot, Update, Usage

log = logging.getLogger(__name__)

#: Added to the scores of the tokens that a choice allows, so that no other can win; among them nothing changes.
CHOICE_BIAS = 100.0
#: Strength of the "don't repeat yourself" sampler, as its author recommends.
DRY_MULTIPLIER = 0.8
#: What llama.cpp calls a prompt longer than the window.
TOO_LONG = "exceed_context_size_error"
#: Stands for bytes that are no whole character yet.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: Ask for nothing: the prompt is read and kept.
READ_ONLY: dict[str, Any] = {"max_tokens": 0}
#: A cache that is wrong about what it holds more often than this in one task cannot keep prefixes (recurrent models):
#: the rest of the prompt is then read in one go, because every chunk would begin at the start.
MISJUDGEMENTS = 1


class _Cancelled(Exception):
    """The task was cancelled."""


class LlamaTask:
    """A running task. `tell` takes its drafts and its one `Finished`; `on_step` hears of every step. `plan` may be
    replaced at any time."""

    def __init__(
        self,
        task: EngineTask,
        slot: CacheSlot,
        server: LlamaServer,
        turns: Turns,
        *,
        tell: Callable[[Update], None],
        on_step: Callable[[], None],
    ) -> None:
        self.slot = slot
        self.plan = task.plan
        self.cache_key = task.cache_key
        self._task = task
        self._server = server
        self._turns = turns
        self._tell = tell
        self._on_step = on_step
        self._cancelled = threading.Event()
        self._text = task.resume
        self._choices = dict(task.choices)
        self._misjudgements = 0
        self._cached_tokens: int | None = None
        self._read_tokens = 0
        self._steps = 0
        self._prefill_ms = 0.0
        self._decode_ms = 0.0
        self._busy_before_ns = 0

    def cancel(self) -> None:
        """Stop at the next event. From any thread, any number of times."""
        self._cancelled.set()
        self._turns.notice()

    def run(self) -> None:
        """Do the whole task; never raises."""
        message = ""
        try:
            with self._turns.speaking() if self._task.slots else nullcontext():
                reason = self._work()
        except _Cancelled:
            reason = FinishReason.CANCELLED
        except Refused as refusal:
            reason = FinishReason.TOO_LONG if refusal.kind == TOO_LONG else FinishReason.FAILED
            message = str(refusal)
        except Exception as error:
            log.exception("task=%s failed", self._task.id)
            reason, message = FinishReason.FAILED, f"{type(error).__name__}: {error}"
        self._tell(Finished(self._task.id, self._text, reason, self._choices, self._usage(), message))

    def _work(self) -> FinishReason:
        tokens, slots = list(self._task.tokens), self._task.slots
        for slot, following in zip_longest(slots, slots[1:]):
            tokens += self._server.tokenise(slot.lead, True)
            if isinstance(slot, TextSlot):
                return self._write(tokens, slot)
            if slot.name not in self._choices:
                self._choices[slot.name] = self._choose(tokens, slot, following.lead if following else "")
            tokens += self._server.tokenise(self._choices[slot.name], False)
        if not slots:
            self._complete(tokens, READ_ONLY)
        return FinishReason.STOP

    def _choose(self, tokens: list[int], slot: ChoiceSlot, following: str) -> str:
        """The model's pick; what may follow the slot tells it that an option ends where another one goes on."""
        sampling = self._task.sampling

        def ask(walked: Sequence[int], allowed: Sequence[int]) -> int:
            settings = {
                "max_tokens": 1,
                "temperature": sampling.temperature,
                "seed": sampling.seed,
                "top_k": 0,
                "logit_bias": [[token, CHOICE_BIAS] for token in allowed],
                "logprobs": 1,
            }
            return self._complete([*tokens, *walked], settings).last_token

        options = {option: self._server.tokenise(option, False) for option in slot.options}
        end = (*self._server.tokenise(following, True), *self._server.tokenise("\n", False))[0]
        return choose(options, end, ask)

    def _write(self, tokens: list[int], slot: TextSlot) -> FinishReason:
        sampling, before = self._task.sampling, self._text
        if self.plan.max_steps <= 0:
            return FinishReason.LENGTH
        ended: FinishReason | None = None

        def on_text(written: str, steps: int) -> bool:
            nonlocal ended
            plan, self._steps = self.plan, steps
            visible = (before + written).rstrip(REPLACEMENT)
            end = sentence_end(visible, len(self._text)) if steps >= plan.soft_steps else None
            self._text = visible[:end]
            if end is not None:
                ended = FinishReason.SENTENCE
            elif steps >= plan.max_steps:
                ended = FinishReason.LENGTH
            else:
                self._tell(Draft(self._task.id, visible, len(visible), steps, dict(self._choices)))
            return ended is not None

        settings = {
            "max_tokens": max(slot.max_tokens, self.plan.max_steps),  # the plan may grow; `on_text` keeps to it
            "temperature": sampling.temperature,
            "min_p": sampling.min_p,
            "top_p": 1.0,
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": sampling.repeat_tokens,
            "dry_multiplier": DRY_MULTIPLIER if sampling.repeat_length else 0.0,
            "dry_allowed_length": sampling.repeat_length,
            "dry_penalty_last_n": len(tokens),
            "dry_sequence_breakers": ["\n"],
            "seed": sampling.seed,
            "stop": list(slot.stop),
        }
        answer = self._complete([*tokens, *self._server.tokenise(before, False)], settings, on_text)
        return ended or (FinishReason.LENGTH if answer.hit_limit else FinishReason.STOP)

    def _complete(self, tokens: list[int], settings: dict[str, Any], on_text: OnText | None = None) -> Answer:
        """Read what the slot does not hold yet, a chunk a turn; the last chunk's request is the one with `settings`."""
        while True:
            end = common_prefix(self.slot.held, tokens) + CHUNK_TOKENS
            if end >= len(tokens) or self._misjudgements > MISJUDGEMENTS:
                answer = self._request(tokens, settings, len(tokens), on_text)
                if not answer.misjudged:
                    return answer
            else:
                self._request(tokens[:end], READ_ONLY, len(tokens), None)

    def _request(
        self, prompt: list[int], settings: dict[str, Any], whole_tokens: int, on_text: OnText | None
    ) -> Answer:
        left = whole_tokens - common_prefix(self.slot.held, prompt)
        if not self._turns.take(Urgency(not self._task.slots, left), self._cancelled.is_set):
            raise _Cancelled
        answer = Answer(
            self.slot,
            prompt,
            self._cancelled,
            on_step=self._on_step,
            on_read=self._begin_writing,
            on_text=on_text,
            may_stop_short=self._misjudgements <= MISJUDGEMENTS,
        )
        request = {
            "prompt": prompt,
            "id_slot": self.slot.index,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,
            "timings_per_token": True,
        }
        try:
            self._server.complete(request | settings, answer)
        finally:
            answer.close()
        self._account(answer, writing=on_text is not None)
        if answer.failure is not None:
            raise answer.failure
        if self._cancelled.is_set():
            raise _Cancelled
        return answer

    def _begin_writing(self) -> None:
        """The prompt has been read: the turn goes on. What others read from now on is no cost of writing."""
        self._turns.give_back()
        self._busy_before_ns = self._turns.busy_ns()

    def _account(self, answer: Answer, *, writing: bool) -> None:
        self._misjudgements += answer.misjudged
        if self._cached_tokens is None and not answer.misjudged:
            self._cached_tokens = answer.cached_tokens
        self._read_tokens += answer.read_tokens
        self._prefill_ms += answer.prefill_ms
        if writing:
            stalled_ms = (self._turns.busy_ns() - self._busy_before_ns) / NS_PER_MS
            self._decode_ms += max(0.0, answer.decode_ms - stalled_ms)
        else:
            self._prefill_ms += answer.decode_ms

    def _usage(self) -> Usage:
        cached = self._cached_tokens or 0
        return Usage(
            prompt_tokens=cached + self._read_tokens,
            cached_tokens=cached,
            output_tokens=self._steps,
            steps=self._steps,
            prefill_ms=self._prefill_ms,
            decode_ms=self._decode_ms,
        )
