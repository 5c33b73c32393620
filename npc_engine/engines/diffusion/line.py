"""One task from its prompt to its end: read, choose, write, and read back what was written where a reply is long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.config import WIDTH_MAX, WIDTH_MIN
from npc_engine.engines.diffusion.denoiser import Choose, Denoise, Denoiser, Read, Work
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.schedule import Schedule
from npc_engine.engines.diffusion.skeleton import Skeleton
from npc_engine.engines.diffusion.vocabulary import Vocabulary
from npc_engine.engines.sentence import sentence_end
from npc_engine.jobs import Draft, EngineTask, Finished, FinishReason, Plan, TextSlot, Update, Usage

#: Canvases are this many tokens wide or a multiple of it.
GRAIN = 16
#: Rows of canvases in one step from which on a step costs visibly more: all experts are read anyway, so up to here
#: further characters are nearly free (computed for the 26B model's 128 experts).
CHEAP_ROWS = 1_024
#: Prompt tokens read in one step, by all together.
READING_ROWS = 512
#: The fewest steps after which a line holds together; a reply is not cut into canvases that would get fewer.
COHERENT_STEPS = 6


@dataclass(frozen=True, slots=True)
class Bench:
    """What all lines are made with."""

    schedule: Schedule
    vocabulary: Vocabulary
    denoiser: Denoiser
    step_ms: float = 0.0  # of a step in which hardly anything is done


class Line:
    """A running task. The engine asks for its next piece of work, begins it with everybody else's, and tells it: first
    that it was `began`, later what it `took`. By then the next piece may have begun; that must not change the line.

    `restart` takes a line up again that was cancelled: its canvas is as it was.
    """

    def __init__(self, task: EngineTask, chain: Chain, bench: Bench) -> None:
        self.task = task
        self._bench = bench
        self._skeleton = Skeleton(task.slots, task.choices, bench.vocabulary.encode)
        self._slot = self._skeleton.text_slot or TextSlot(max_tokens=0)
        self._said = bench.vocabulary.encode(task.resume, False)  # the line's tokens on earlier canvases
        self._canvas: Canvas | None = None
        self._canvases = 0
        self._text_at = 0  # where the line begins on the canvas
        self._held = 0  # tokens of the line that are clamped on the canvas
        self._held_text = task.resume
        self._behind: list[int] = []  # finished canvases, read back behind the prompt
        self.plan = task.plan
        self.restart(task.plan, chain)

    def restart(self, plan: Plan, chain: Chain) -> None:
        """Begin, or go on, with a chain opened on `context`."""
        self.chain = chain
        self._begun = self._steps = 0  # steps begun, and those of them that were read
        self._under_way = 0  # pieces of work
        self._asking = False
        self.replan(plan)
        self._cached_tokens = min(chain.length, len(self.task.tokens))
        self._unread = self.context[chain.length :]
        self._prefill_ms = 0.0
        self._decode_ms = 0.0

    @property
    def context(self) -> list[int]:
        """The tokens that stand before its canvas."""
        return [*self.task.tokens, *self._behind]

    @property
    def unread(self) -> int:
        """Tokens still to be read."""
        return len(self._unread)

    @property
    def waits(self) -> bool:
        """Whether there is work of it under way."""
        return self._under_way > 0

    def work(self, reading_rows: int, lines: int) -> Work | None:
        """The next piece of work, reading at most `reading_rows` tokens; None if there is none this time. `lines` is
        how many write at once, this one too."""
        if self._unread:
            tokens = self._unread[:reading_rows]
            return Read(self.chain, tokens) if tokens else None
        if not self._skeleton.complete:
            return None if self._asking else self._question(lines)
        if self._skeleton.text_slot is None or self._begun >= self.plan.max_steps:
            return None
        if self._canvas is not None and self._canvas.finished:
            return None
        self._canvas = self._canvas or self._spread(lines)
        return Denoise(self.chain, self._canvas)

    def began(self, work: Work) -> None:
        """Its work has been begun."""
        self._under_way += 1
        match work:
            case Read(tokens=tokens):
                self._unread = self._unread[len(tokens) :]
                if not self._unread and not self._behind:
                    self.chain.publish()
            case Choose():
                self._asking = True
            case Denoise():
                self._begun += 1

    def took(self, work: Work, ms: float) -> Update | None:
        """Its work has been done in a step of `ms`. Returns what there is to tell."""
        self._under_way -= 1
        match work:
            case Read():
                if self._behind:
                    self._decode_ms += ms  # its own words: part of writing
                else:  # the step itself is planned for; what counts here is what the tokens add to it
                    self._prefill_ms += max(0.0, ms - self._bench.step_ms)
                through = not self._unread and not self.waits and not self.task.slots
                return self._ended(FinishReason.STOP) if through else None
            case Choose(picked=picked):
                self._asking = False
                # Plans count choices apart, so it is the price of neither token nor step
                self._skeleton.take([token for _, token in sorted(picked.items())])
                if self._skeleton.complete and self._skeleton.text_slot is None:
                    return self._ended(FinishReason.STOP)
                return None
            case Denoise(canvas=canvas):
                if canvas is not self._canvas:  # finished before, while this step was under way
                    return None
                self._decode_ms += ms
                self._steps += 1
                return self._stepped(canvas)

    def rested(self) -> Update | None:
        """It had no work, and none is under way. Returns what there is to tell."""
        if not self._skeleton.complete or self._unread:
            return None
        if self._canvas is not None:
            return self._close(self._canvas)
        return self._ended(FinishReason.LENGTH if self._skeleton.text_slot else FinishReason.STOP)

    def replan(self, plan: Plan) -> None:
        """Another plan, from the next step on."""
        self.plan = plan
        if self._canvas is not None:
            self._canvas.planned = self._canvas.step + self._share(self._canvas.width)

    def stopped(self, reason: FinishReason, message: str = "") -> Finished:
        """The end of a task that did not come to its own: what stands of its text."""
        return self._finish(self._held_text, reason, message)

    def crowded_out(self) -> Finished:
        """The end of a task for which the cache has no more room: if it has written something, that is the reply."""
        if self._behind:
            return self.stopped(FinishReason.LENGTH)
        return self.stopped(FinishReason.FAILED, "the cache is full; raise cache_mib")

    def _question(self, lines: int) -> Work:
        header, asked = self._skeleton.laid_out()
        canvas = self._bench.denoiser.canvas(self._width(len(header), lines), seed=self.task.sampling.seed)
        canvas.clamp_all_but(header, asked)
        return Choose(self.chain, canvas, asked, self.task.sampling.temperature, {})

    def _spread(self, lines: int) -> Canvas:
        """The next canvas. On the first stand the skeleton and what was published before a pre-emption."""
        header = [] if self._behind else self._skeleton.laid_out()[0] + self._said
        width, seed = self._width(len(header), lines), self.task.sampling.seed
        canvas = self._bench.denoiser.canvas(width, planned=self._share(width), seed=seed, number=self._canvases)
        canvas.clamp(0, header)
        self._text_at = len(header) - (0 if self._behind else len(self._said))
        self._held = len(header) - self._text_at
        if not self._behind:
            self._said = []
        self._canvases += 1
        return canvas

    def _width(self, header: int, lines: int) -> int:
        """As wide as what is left of the reply, at most as wide as the load allows."""
        needed = header + self._left + 1
        room = max(WIDTH_MIN, min(WIDTH_MAX, CHEAP_ROWS // max(1, lines)))
        if needed > room and (self.plan.max_steps - self._begun) // ceil(needed / room) < COHERENT_STEPS:
            room = WIDTH_MAX
        wanted = ceil(min(needed, room) / GRAIN) * GRAIN
        return max(WIDTH_MIN, wanted, ceil((header + 1) / GRAIN) * GRAIN)

    @property
    def _left(self) -> int:
        """Tokens that the line may still have, those on the canvas among them."""
        return max(1, self._slot.max_tokens - len(self._said))

    def _share(self, width: int) -> int:
        """The steps for a canvas, where the reply may need several."""
        return max(1, (self.plan.max_steps - self._begun) // max(1, ceil(self._left / width)))

    def _line_on(self, canvas: Canvas) -> tuple[list[int], bool]:
        """The line's tokens on the canvas, up to its end, and whether it has one there."""
        tokens = canvas.draft.tolist()[self._text_at :][: max(self._left, self._held)]
        said = len(self._said)  # a stop may begin there
        end = self._bench.vocabulary.first_end([*self._said, *tokens], self._slot.stop)
        return (tokens, False) if end is None else (tokens[: end + 1 - said], True)

    def _stepped(self, canvas: Canvas) -> Update | None:
        """After a step: a better draft, or the canvas is finished."""
        line, ends = self._line_on(canvas)
        live = self._text_at + len(line)
        if (canvas.finished and canvas.read == canvas.step) or self._bench.schedule.is_done(
            canvas.entropy, canvas.settled, live
        ):
            return self._close(canvas)
        self._hold(canvas, line[:-1] if ends else line)
        text = self._bench.vocabulary.text([*self._said, *line], self._slot.stop)
        if not text.startswith(self._held_text):  # half a character at the seam
            text = self._held_text
        return Draft(self.task.id, text, len(self._held_text), self._steps, dict(self._skeleton.choices))

    def _close(self, canvas: Canvas) -> Update:
        """The canvas is finished as it is: it was the last one, or the reply goes on behind it."""
        line, ends = self._line_on(canvas)
        self._begun = self._steps  # what was begun beyond is of no use
        self._said += line
        text = self._bench.vocabulary.text(self._said, self._slot.stop)
        if ends:
            return self._finish(text, FinishReason.STOP)
        if len(self._said) >= self._slot.max_tokens or self._steps >= self.plan.max_steps:
            whole = _last_sentence(text)
            if whole and len(whole) >= len(self._held_text.rstrip()):
                return self._finish(text[: max(len(whole), len(self._held_text))], FinishReason.SENTENCE)
            return self._finish(text, FinishReason.LENGTH)
        self._read_back(canvas)
        return Draft(self.task.id, text, len(self._held_text), self._steps, dict(self._skeleton.choices))

    def _hold(self, canvas: Canvas, line: Sequence[int]) -> None:
        """Clamp the beginning of the line as far as it stands: what is published must never change."""
        place = slice(self._text_at, self._text_at + len(line))
        count = max(self._held, self._bench.schedule.standing(canvas.entropy[place], canvas.settled[place]))
        if count > self._held:
            canvas.clamp_next(self._text_at + self._held, line[self._held : count])
            self._held = count
            self._held_text = self._bench.vocabulary.standing([*self._said, *line[:count]], self._slot.stop)

    def _read_back(self, canvas: Canvas) -> None:
        """A full canvas becomes context for the next one."""
        tokens = canvas.draft.tolist()
        self._behind += tokens
        self._unread = tokens
        self._held_text = self._bench.vocabulary.standing(self._said, self._slot.stop)
        self._canvas = None

    def _ended(self, reason: FinishReason) -> Finished:
        return self._finish(self._held_text, reason)

    def _finish(self, text: str, reason: FinishReason, message: str = "") -> Finished:
        prompt = len(self.task.tokens)
        usage = Usage(
            prompt_tokens=prompt,
            cached_tokens=self._cached_tokens,
            output_tokens=len(self._said),
            steps=self._steps,
            prefill_ms=self._prefill_ms,
            decode_ms=self._decode_ms,
        )
        return Finished(self.task.id, text, reason, dict(self._skeleton.choices), usage, message)


def _last_sentence(text: str) -> str:
    """`text` up to its last sentence end; empty if it has none."""
    end = 0
    while (further := sentence_end(text, end + 1)) is not None:
        end = further
    return text[:end]
