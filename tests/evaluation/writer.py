"""A writer without a model: it says what a test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from npc_engine.engines.diffusion.manner import Attempt, Manner, Written
from npc_engine.evaluation.experiment import Experiment
from npc_engine.evaluation.prompts import QUESTIONS as ASKED
from npc_engine.evaluation.prompts import Case, make_cases
from npc_engine.evaluation.settings import CONTROL, QUESTIONS, Setting
from npc_engine.jobs import Segment, Slot
from npc_engine.prompt.chat_formats import GEMMA4
from npc_engine.world.pack import find_pack

LABELS = {"action": "talks", "emotion": "joy"}
GOOD = Written("Evening, love. Wipe those boots.", True, LABELS, 0.001, 12, 80.0)
ALL = [CONTROL, *(setting for question in QUESTIONS for setting in question.settings)]


class Writer:
    """Says for each attempt what `speak` makes of its manner and seed, the last attempt first."""

    def __init__(self, speak: Callable[[Manner, int], Written] = lambda manner, seed: GOOD) -> None:
        self.attempts: list[Attempt] = []
        self._speak = speak

    def __call__(
        self, segments: Sequence[Segment], slots: Sequence[Slot], attempts: Sequence[Attempt]
    ) -> Iterator[tuple[int, Written]]:
        self.attempts += attempts
        for index, attempt in reversed(list(enumerate(attempts))):
            yield index, self._speak(attempt.manner, attempt.seed)


def marta(questions: int = 1) -> list[Case]:
    return make_cases(find_pack("oakhollow"), ["marta"], ASKED[:questions], GEMMA4)


def run(writer: Writer, settings: Sequence[Setting] = ALL, *, seeds: int = 40, questions: int = 1) -> Experiment:
    experiment = Experiment(marta(questions), settings, range(1, seeds + 1))
    experiment.run(writer, lambda npc: None)
    return experiment
