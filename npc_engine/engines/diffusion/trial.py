"""Many lines to one prompt, each in a manner of its own: what `npc-engine eval` looks at.

The prompt is read once; all its lines are denoised behind it, many in one step. What a line becomes does not depend on
who else is in the batch.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil

import torch

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.config import WIDTH_MIN
from npc_engine.engines.diffusion.denoiser import Choose, Denoise, Denoiser, Read
from npc_engine.engines.diffusion.line import CHEAP_ROWS, GRAIN, READING_ROWS
from npc_engine.engines.diffusion.manner import Attempt, Choices, Written
from npc_engine.engines.diffusion.model import Model, load_model
from npc_engine.engines.diffusion.prefix_store import Chain, PrefixStore
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.settings import parse_settings
from npc_engine.engines.diffusion.skeleton import Skeleton
from npc_engine.engines.diffusion.vocabulary import Vocabulary
from npc_engine.engines.threads import default_threads
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import ChoiceSlot, Sampling, Segment, Slot, TextSlot

#: Room for the prompt being read and for earlier ones, whose beginnings it shares.
CACHED_PROMPTS = 2


class Trial:
    """A model to try manners on. `device` and `description` tell a person what was tried."""

    def __init__(self, model: Model, context_tokens: int, description: str) -> None:
        weights = model.weights
        config = weights.config
        self.description = description
        self.device = torch.cuda.get_device_name(weights.device) if weights.device.type == "cuda" else "CPU"
        self._context_tokens = min(context_tokens, config.context_tokens)
        self._vocabulary = Vocabulary(model.codec, config.eos_ids)
        self._denoiser = Denoiser.on_device(  # heat and acceptance are the same in every manner
            weights, Schedule(), lines=CHEAP_ROWS // WIDTH_MIN, context_tokens=self._context_tokens
        )
        token_bytes = config.kv_token_elements * weights.dtype.itemsize
        self._store = PrefixStore(
            config,
            dtype=weights.dtype,
            device=weights.device,
            device_bytes=CACHED_PROMPTS * self._context_tokens * token_bytes,
        )

    def write(
        self, segments: Sequence[Segment], slots: Sequence[Slot], attempts: Sequence[Attempt]
    ) -> Iterator[tuple[int, Written]]:
        """Every attempt's line with its index, as they are finished. `slots` end with the line's. Raises `NpcError`
        ENGINE_FAILED if the prompt does not fit the window."""
        chain = self._read([token for each in segments for token in self._vocabulary.encode(each.text, each.trusted)])
        waiting = deque(
            (index, _Page(attempt, slots, self._denoiser, self._vocabulary)) for index, attempt in enumerate(attempts)
        )
        pages: list[tuple[int, _Page]] = []
        try:
            while waiting or pages:
                while waiting and (not pages or _rows(pages) + waiting[0][1].width <= CHEAP_ROWS):
                    pages.append(waiting.popleft())
                self._step(chain, [page for _, page in pages])
                yield from ((index, page.written()) for index, page in pages if page.done)
                pages = [(index, page) for index, page in pages if not page.done]
        finally:
            chain.close()

    def _step(self, chain: Chain, pages: Sequence[_Page]) -> None:
        widths = [page.width for page in pages]
        began_ns = time.perf_counter_ns()
        work = [page.work(chain) for page in pages]
        self._denoiser.step(work)
        for page, item in zip(pages, work, strict=True):
            page.took(item)
        ms_per_row = (time.perf_counter_ns() - began_ns) / NS_PER_MS / sum(widths)
        for page, width in zip(pages, widths, strict=True):
            page.ms += width * ms_per_row

    def _read(self, tokens: list[int]) -> Chain:
        if len(tokens) > self._context_tokens:
            message = f"a prompt has {len(tokens)} tokens, the window {self._context_tokens}: use a larger --context"
            raise NpcError(ErrorCode.ENGINE_FAILED, message)
        chain = self._store.open(tokens)
        while unread := tokens[chain.length :][:READING_ROWS]:
            chain.reserve(len(unread))  # nobody else holds room
            self._denoiser.step([Read(chain, unread)])
        chain.publish()
        return chain


def load_trial(spec: ModelSpec, progress: Progress) -> Trial:
    """Load a model for trials. Raises `NpcError` as the engine's `load` does."""
    settings = parse_settings(spec.options)
    if settings.device == "cpu":
        torch.set_num_threads(spec.threads or default_threads())
    model = load_model(spec, settings, progress)
    progress(1.0, "ready")
    return Trial(model, spec.context_tokens, f"{model.description}, {settings.weights}")


def read_labels(header: str, slots: Sequence[Slot]) -> dict[str, str]:
    """The labels in a header that the model wrote itself, up to the first that is not allowed. `header` ends with the
    lead of the line."""
    labels: dict[str, str] = {}
    for slot, following in pairwise(slots):
        if not isinstance(slot, ChoiceSlot):
            break
        spelt = {slot.lead + option: option for option in slot.options}
        found = next((text for text in spelt if header.startswith(text + following.lead)), None)
        if found is None:
            break
        labels[slot.name] = spelt[found]
        header = header.removeprefix(found)
    return labels


class _Page:
    """A line in the making."""

    def __init__(self, attempt: Attempt, slots: Sequence[Slot], denoiser: Denoiser, vocabulary: Vocabulary) -> None:
        manner = attempt.manner
        self.ms = 0.0
        self.done = False
        self._manner = manner
        self._seed = attempt.seed
        self._slots = slots
        self._line = next(slot for slot in slots if isinstance(slot, TextSlot))
        self._denoiser = denoiser
        self._vocabulary = vocabulary
        self._schedule = Schedule(to_the_end=manner.to_the_end)
        given = dict(attempt.given) if manner.choices is Choices.GIVEN else {}
        self._is_free = manner.choices is Choices.FREE
        self._skeleton = Skeleton(() if self._is_free else slots, given, vocabulary.encode)
        self._canvas: Canvas | None = None
        self._header = 0  # clamped tokens before the line
        self._held = 0
        self.width = self._wide_enough()

    def work(self, chain: Chain) -> Denoise | Choose:
        """Its next piece of work."""
        header, asked = self._skeleton.laid_out()
        if not self._skeleton.complete:
            question = self._new_canvas()
            question.clamp_all_but(header, asked)
            return Choose(chain, question, asked, Sampling().temperature, {})
        if self._canvas is None:
            self._canvas = self._new_canvas()
            self._canvas.clamp(0, header)
            self._header = self._held = len(header)
        return Denoise(chain, self._canvas)

    def took(self, work: Denoise | Choose) -> None:
        """The work has been done."""
        if isinstance(work, Choose):
            self._skeleton.take([token for _, token in sorted(work.picked.items())])
            self.width = self._wide_enough()
            return
        canvas = work.canvas
        tokens = canvas.draft.tolist()
        live, ends = (canvas.width, False) if self._manner.to_the_end else self._live(tokens)
        self.done = canvas.step >= canvas.planned or self._schedule.is_done(canvas.entropy, canvas.settled, live)
        if self._manner.holds and not self.done:
            shown = live - ends
            count = max(self._held, self._schedule.standing(canvas.entropy[:shown], canvas.settled[:shown]))
            canvas.clamp_next(self._held, tokens[self._held : count])
            self._held = count

    def written(self) -> Written:
        """What has been written."""
        assert self._canvas is not None
        tokens = self._canvas.draft.tolist()
        live, ends = self._live(tokens)
        start = self._start(tokens)
        labels = self._skeleton.choices
        text = ""
        if start is not None:
            text = self._vocabulary.text(tokens[start:live], self._line.stop)
            if self._is_free:
                labels = read_labels(self._vocabulary.text(tokens[:start], ()), self._slots)
        return Written(
            text=text,
            ended=ends and start is not None,
            choices=dict(labels),
            entropy=float(self._canvas.entropy[start or 0 : live].mean()),
            steps=self._canvas.step,
            ms=self.ms,
        )

    def _wide_enough(self) -> int:
        """Rows of its canvas: those of its manner, unless the header needs more."""
        header, _ = self._skeleton.laid_out()
        return max(self._manner.width, ceil((len(header) + 1) / GRAIN) * GRAIN)

    def _live(self, tokens: Sequence[int]) -> tuple[int, bool]:
        """How many tokens of the canvas the reply takes, and whether it ends there."""
        start = self._start(tokens) or 0
        end = self._vocabulary.first_end(tokens[start:], self._line.stop)
        return (len(tokens), False) if end is None else (start + end + 1, True)

    def _start(self, tokens: Sequence[int]) -> int | None:
        """Where the line begins; None if the model was to write its beginning and did not."""
        lead = self._line.lead
        if not self._is_free or not lead:
            return self._header
        head = tokens[: self._vocabulary.first_end(tokens, ())]
        if lead not in self._vocabulary.text(head, ()):
            return None
        return next(count for count in range(1, len(head) + 1) if lead in self._vocabulary.text(head[:count], ()))

    def _new_canvas(self) -> Canvas:
        return self._denoiser.canvas(self.width, planned=self._manner.steps, seed=self._seed)


def _rows(pages: Sequence[tuple[int, _Page]]) -> int:
    return sum(page.width for _, page in pages)
