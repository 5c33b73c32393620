"""The experiment: every case and seed is written in every setting, and each line is judged.

It is paired: a setting answers the same prompts with the same seeds as the reference, so that only the setting differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from npc_engine.engines.diffusion.manner import Attempt, Choices, Written
from npc_engine.evaluation.checks import check_line, overlap
from npc_engine.evaluation.prompts import Case
from npc_engine.evaluation.settings import REFERENCE, Setting
from npc_engine.evaluation.words import words
from npc_engine.jobs import ChoiceSlot, Segment, Slot
from npc_engine.prompt.guard import Guard


class Write(Protocol):
    """Writes the lines of all attempts to one prompt and tells them by their index, in any order."""

    def __call__(
        self, segments: Sequence[Segment], slots: Sequence[Slot], attempts: Sequence[Attempt]
    ) -> Iterator[tuple[int, Written]]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what is to be said of it.

    `checks` are the answers to `CHECKS`. `same_labels`: whether its labels are those of the reference's line, None
    where they were given, or the reference's are no allowed ones; `alike`: how much it overlaps with that line,
    None where that has no words.
    """

    npc: str
    question: str
    seed: int
    setting: str
    written: Written
    checks: Mapping[str, bool]
    words: int
    same_labels: bool | None
    alike: float | None


@dataclass(slots=True)
class Experiment:
    """`settings` are compared with the reference, which is added."""

    cases: Sequence[Case]
    settings: Sequence[Setting]
    seeds: Sequence[int]
    lines: list[Line] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Lines to be written."""
        return len(self.cases) * len(self.seeds) * (1 + len(self.settings))

    def run(self, write: Write, wrote: Callable[[str], None]) -> None:
        """Fill `lines`, sorted by setting within each case. `wrote` is called for each line, with who speaks."""
        known = [REFERENCE, *(each for each in self.settings if each.manner.choices is not Choices.GIVEN)]
        told = [each for each in self.settings if each.manner.choices is Choices.GIVEN]
        for case in self.cases:
            lines: dict[tuple[str, int], Written] = {}
            for settings in (known, told):  # the reference first: its labels are what the others are told
                todo = [(setting, seed) for setting in settings for seed in self.seeds]
                attempts = [self._attempt(setting, seed, lines.get((REFERENCE.name, seed))) for setting, seed in todo]
                for index, written in write(case.segments, case.slots, attempts):
                    setting, seed = todo[index]
                    lines[setting.name, seed] = written
                    wrote(case.persona.id)
            for setting in (REFERENCE, *self.settings):
                for seed in self.seeds:
                    reference = lines[REFERENCE.name, seed]
                    self.lines.append(self._judged(case, seed, setting, lines[setting.name, seed], reference))

    def _attempt(self, setting: Setting, seed: int, reference: Written | None) -> Attempt:
        return Attempt(setting.manner, seed + setting.seed_shift, reference.choices if reference else {})

    def _judged(self, case: Case, seed: int, setting: Setting, written: Written, reference: Written) -> Line:
        asked = sum(isinstance(slot, ChoiceSlot) for slot in case.slots)
        comparable = bool(asked) and len(reference.choices) == asked and setting.manner.choices is not Choices.GIVEN
        return Line(
            npc=case.persona.id,
            question=case.question,
            seed=seed,
            setting=setting.name,
            written=written,
            checks=check_line(
                written.text,
                ended=written.ended,
                guard=Guard(case.persona, ()),
                vocabulary=case.vocabulary,
                labels=len(written.choices),
                labels_asked=asked,
            ),
            words=len(words(written.text)),
            same_labels=written.choices == reference.choices if comparable else None,
            alike=overlap(written.text, reference.text) if words(reference.text) else None,
        )
