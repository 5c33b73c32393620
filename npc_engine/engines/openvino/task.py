"""One task from its prompt to its end: what it wants read next, and what it makes of the scores.

It runs no model: `wanted` are all tokens that it wants read so far, and `take` is given the scores of what follows
them. So it can be stopped between any two steps, and tested without a model.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from itertools import zip_longest
from typing import Protocol, TypeAlias

from npc_engine.engines.openvino.sampler import Scores, next_token, pick
from npc_engine.engines.sentence import sentence_end
from npc_engine.engines.token_tree import Walk
from npc_engine.jobs import ChoiceSlot, Draft, EngineTask, Finished, FinishReason, TextSlot, Usage

log = logging.getLogger(__name__)

#: Stands for bytes that are no whole character yet.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

#: Yields tokens to read, is sent the scores of what follows them, returns why it ended.
Work: TypeAlias = Generator[list[int], Scores, FinishReason]


class Vocabulary(Protocol):
    """What a task needs to know of the model's tokens. `controls` end a line; no repeated run goes over `line_ends`."""

    @property
    def controls(self) -> frozenset[int]: ...
    @property
    def line_ends(self) -> frozenset[int]: ...

    def encode(self, text: str, special: bool, /) -> Sequence[int]:
        """Token ids of `text`."""
        ...

    def decode(self, tokens: Sequence[int], /) -> str:
        """The text of `tokens`."""
        ...


class OpenVinoTask:
    """A running task. `plan` may be replaced at any time. `finished` is set when it is over, `draft` when there is new
    text to show; both are the caller's to fetch. What goes wrong ends this task alone: FAILED, with a `message`."""

    def __init__(self, task: EngineTask, vocabulary: Vocabulary, context_tokens: int) -> None:
        self.plan = task.plan
        self.task = task
        self.reason: FinishReason | None = None
        self.message = ""
        self.draft: Draft | None = None
        self.wanted: list[int] = []
        self._vocabulary = vocabulary
        self._context_tokens = context_tokens
        self._text = task.resume
        self._choices = dict(task.choices)
        self._steps = 0
        self._cached_tokens: int | None = None
        self._read_tokens = 0
        self._prefill_ms = 0.0
        self._decode_ms = 0.0
        self._work = self._whole()
        self._go_on(None)

    @property
    def writing(self) -> bool:
        """The prompt has been read: what is wanted is one token more each time."""
        return self._steps > 0

    def account(self, *, cached: int, read: int, step_ms: float) -> None:
        """A step of `step_ms` read `read` of the wanted tokens; `cached` of them were held before."""
        if self._cached_tokens is None:
            self._cached_tokens = cached
        if self.writing:
            self._decode_ms += step_ms
        else:
            self._read_tokens += read
            self._prefill_ms += step_ms

    def take(self, scores: Scores) -> None:
        """What follows the wanted tokens; they have all been read."""
        self.draft = None
        self._go_on(scores)

    def fail(self, message: str) -> None:
        """It cannot go on."""
        self.reason, self.message = FinishReason.FAILED, message

    def finished(self, reason: FinishReason) -> Finished:
        """The task's end, for this reason, with what it has."""
        cached = self._cached_tokens or 0
        usage = Usage(
            prompt_tokens=cached + self._read_tokens,
            cached_tokens=cached,
            output_tokens=self._steps,
            steps=self._steps,
            prefill_ms=self._prefill_ms,
            decode_ms=self._decode_ms,
        )
        return Finished(self.task.id, self._text, reason, self._choices, usage, self.message)

    def _go_on(self, scores: Scores | None) -> None:
        try:
            self.wanted = next(self._work) if scores is None else self._work.send(scores)
            if len(self.wanted) >= self._context_tokens:
                self.reason = FinishReason.LENGTH if self._text or self.writing else FinishReason.TOO_LONG
            elif not self.wanted:
                self.fail("there is nothing to read: the prompt is empty")
        except StopIteration as end:
            self.reason = end.value
        except Exception as error:
            log.exception("task=%s failed", self.task.id)
            self.fail(f"{type(error).__name__}: {error}")

    def _whole(self) -> Work:
        tokens, slots = list(self.task.tokens), self.task.slots
        for slot, following in zip_longest(slots, slots[1:]):
            tokens += self._vocabulary.encode(slot.lead, True)
            if isinstance(slot, TextSlot):
                return (yield from self._write(tokens, slot))
            if slot.name not in self._choices:
                self._choices[slot.name] = yield from self._choose(tokens, slot, following.lead if following else "")
            tokens += self._vocabulary.encode(self._choices[slot.name], False)
        if not slots:
            yield tokens
        return FinishReason.STOP

    def _choose(self, tokens: list[int], slot: ChoiceSlot, following: str) -> Generator[list[int], Scores, str]:
        """The model's pick; what may follow the slot tells it that an option ends where another one goes on."""
        options = {option: self._vocabulary.encode(option, False) for option in slot.options}
        end = (*self._vocabulary.encode(following, True), *self._vocabulary.encode("\n", False))[0]
        walk = Walk(options, end)
        while walk.chosen is None:
            asked = [*tokens, *walk.walked]
            scores = yield asked
            walk.take(pick(scores, walk.allowed, self.task.sampling, len(asked)))
        return walk.chosen

    def _write(self, tokens: list[int], slot: TextSlot) -> Work:
        before, written = self._text, list[int]()
        tokens = [*tokens, *self._vocabulary.encode(before, False)]
        while self._steps < self.plan.max_steps:
            history = [*tokens, *written]
            scores = yield history
            token = next_token(scores, history, self._vocabulary.line_ends, self.task.sampling)
            if token in self._vocabulary.controls:
                return self._stopped(before + self._vocabulary.decode(written).rstrip(REPLACEMENT))
            written.append(token)
            self._steps += 1
            visible = before + self._vocabulary.decode(written).rstrip(REPLACEMENT)
            if (stop := first_stop(visible, slot.stop, len(before))) is not None:
                return self._stopped(visible[:stop])
            if self._steps >= self.plan.soft_steps and (end := sentence_end(visible, len(self._text))) is not None:
                self._text = visible[:end]
                return FinishReason.SENTENCE
            shown = visible[: len(visible) - held_back(visible, slot.stop)]
            if len(shown) > len(self._text):
                self._text = shown
            self.draft = Draft(self.task.id, self._text, len(self._text), self._steps, dict(self._choices))
        return FinishReason.LENGTH

    def _stopped(self, text: str) -> FinishReason:
        self._text = text
        return FinishReason.STOP


def first_stop(text: str, stops: Sequence[str], start: int) -> int | None:
    """Where the first stop string at or behind `start` begins."""
    found = [index for stop in stops if stop and (index := text.find(stop, start)) >= 0]
    return min(found, default=None)


def held_back(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end of `text` may be the beginning of a stop string."""
    return max((n for stop in stops for n in range(1, len(stop)) if text.endswith(stop[:n])), default=0)
