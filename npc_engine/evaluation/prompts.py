"""What the characters of a pack are asked, as prompts: the ones that `say` would make in a game that has just begun."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from npc_engine.evaluation.words import words
from npc_engine.jobs import Segment, Slot
from npc_engine.ops.mind import REACH_TOKENS, Mind
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.world.persona import Persona
from npc_engine.world.state import PLAYER

#: Such as any character can answer: who it is, what it knows, what it may do, and two that should move it.
QUESTIONS = (
    "Good evening. Who are you?",
    "What is new in the village?",
    "Will you help me with something?",
    "I think you are a liar and a thief.",
    "Come quickly, somebody is hurt by the river!",
)


@dataclass(frozen=True)
class Case:
    """One character asked one question."""

    persona: Persona
    question: str
    segments: tuple[Segment, ...]
    slots: tuple[Slot, ...]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words of its prompt, in lower case."""
        return frozenset(words(" ".join(segment.text for segment in self.segments)))


def make_cases(pack: Path, npcs: Sequence[str], questions: Sequence[str], form: ChatFormat) -> list[Case]:
    """Every question to every character of `npcs`, to all of the pack if that is empty. Raises UNKNOWN_NPC, and
    PackError if the pack is wrong."""
    with closing(Stage(pack)) as stage:
        scene = stage.scene("eval", "eval")
        cases = []
        for npc in npcs or sorted(stage.pack.npcs):
            for question in questions:
                mind = Mind(stage, scene, npc, form)
                prompt = mind.answer(mind.hear(PLAYER, question), REACH_TOKENS)
                cases.append(Case(mind.persona, question, prompt.segments, prompt.slots))
        return cases
