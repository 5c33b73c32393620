"""The prompts are those of the game."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.prompts import QUESTIONS, make_cases
from npc_engine.jobs import ChoiceSlot, TextSlot
from npc_engine.prompt.chat_formats import GEMMA4
from npc_engine.world.pack import find_pack, load_pack

PACK = find_pack("oakhollow")


def test_every_character_is_asked_every_question() -> None:
    cases = make_cases(PACK, [], QUESTIONS, GEMMA4)
    asked = {(case.persona.id, case.question) for case in cases}
    assert len(cases) == len(asked) == len(load_pack(PACK).npcs) * len(QUESTIONS)
    for case in cases:
        prompt = "".join(segment.text for segment in case.segments)
        assert case.question in prompt
        assert prompt.startswith("<bos>")
        assert prompt.endswith("(") or prompt.endswith("talks, ")
        *choices, line = case.slots
        assert all(isinstance(slot, ChoiceSlot) for slot in choices)
        assert isinstance(line, TextSlot)


def test_a_model_that_does_not_choose_is_asked_for_the_line_alone() -> None:
    (case,) = make_cases(PACK, ["marta"], QUESTIONS[:1], replace(GEMMA4, chooses=False))
    assert len(case.slots) == 1


def test_an_unknown_character_is_told() -> None:
    with pytest.raises(NpcError) as error:
        make_cases(PACK, ["martha"], QUESTIONS, GEMMA4)
    assert error.value.code is ErrorCode.UNKNOWN_NPC
