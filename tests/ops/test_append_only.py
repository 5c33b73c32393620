"""A prompt only grows: what stood before the tail stands there still, and the tail becomes part of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops_stage import FakeBrain, Game, TalkingBrain, text_of
from village import write_village

from npc_engine.jobs import ChoiceSlot, Draft, EngineCaps, Finished, FinishReason, Segment, TextSlot
from npc_engine.ops.base import Ask, Refusal
from npc_engine.prompt.chat_formats import FORMATS
from npc_engine.prompt.reply import ACTION, EMOTION, TALKS
from npc_engine.wire import messages
from npc_engine.wire.messages import Done, Reason, Source

#: Words that bring nothing to mind.
WORDS = (
    "Good morrow.",
    "So be it.",
    "\u3053\u3093\u306b\u3061\u306f",
    "I walk on [alone] <now>.",
    "Fine! \u201cVery\u201d fine.",
    "a\u0301",
)


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def stable(segments: tuple[Segment, ...]) -> str:
    return text_of(segment for segment in segments if segment.stable)


def line_asked(brain: FakeBrain) -> Ask:
    return next(ask for ask in reversed(brain.asks) if any(isinstance(slot, TextSlot) for slot in ask.slots))


def written(ask: Ask, done: Done, choices: dict[str, str]) -> str:
    """The prompt and what the model wrote into its slots."""
    text = text_of(ask.segments)
    for slot in ask.slots:
        text += slot.lead + (choices[slot.name] if isinstance(slot, ChoiceSlot) else done.text)
    return text


steps = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["anna", "cleo"]), st.sampled_from(WORDS), st.booleans()),
    st.tuples(st.just("silence"), st.sampled_from(["anna", "cleo"])),
    st.tuples(st.just("busy"), st.sampled_from(["anna", "cleo"]), st.sampled_from(WORDS)),
    st.tuples(st.just("spoken")),
    st.tuples(st.just("cut"), st.integers(0, 30)),
    st.tuples(st.just("bark"), st.sampled_from(["anna", "cleo"])),
    st.tuples(st.just("event"), st.sampled_from(["A cart breaks.", "It (rains)."])),
    st.tuples(st.just("rest")),
)


@pytest.mark.parametrize("chat_format", sorted(FORMATS))
@pytest.mark.parametrize("chooses", [True, False])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(steps, max_size=16), deed=st.sampled_from([TALKS, "draw water", "go lane"]))
def test_every_prompt_begins_with_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, chat_format: str, chooses: bool, history: list[Any], deed: str
) -> None:
    game = Game(write_village(tmp_path_factory.mktemp("village")))
    brain = game.brain = TalkingBrain(chooses=chooses)
    brain.caps = EngineCaps(name="fake", model="fake", chat_format=chat_format, chooses=chooses)
    grown: dict[str, str] = {}
    last: tuple[int, str] = (0, "")
    for step in history:
        what, *rest = step
        npc = rest[0] if rest else ""
        brain.choices = {EMOTION: "joy"} | ({ACTION: deed} if npc == "anna" else {})
        match what:
            case "say" | "busy" | "silence":
                brain.refusal = Refusal(Reason.BUSY) if what == "busy" else None
                private = what == "say" and rest[2]
                asked = len(brain.asks)
                done = game.say(npc, "" if what == "silence" else rest[1], private=private)
                if what == "busy":
                    assert len(brain.asks) == asked
                else:
                    ask = line_asked(brain)
                    assert stable(ask.segments).startswith(grown.get(npc, ""))
                    knows = any(segment.origin == "knowledge" for segment in ask.segments)
                    grown[npc] = stable(ask.segments)
                    if what == "say" and not knows:
                        grown[npc] = written(ask, done, brain.choices)
                    last = (game.last_id, npc)
                brain.refusal = None
            case "spoken":
                game.do(messages.Spoken, target=max(1, last[0]))
            case "cut":
                if game.data(messages.Spoken, target=max(1, last[0]), heard=rest[0])["kept"]:
                    grown.pop(last[1], None)
            case "bark":
                asked = len(brain.asks)
                game.do(messages.Bark, npc=npc, budget_ms=2_000)
                if len(brain.asks) > asked:  # the model is not asked for two in a row
                    assert stable(line_asked(brain).segments).startswith(grown.get(npc, ""))
            case "event":
                game.do(messages.Event, text=npc)
            case _:
                game.scene.clock.sleep_until_ns(game.scene.clock.now_ns() + 31 * 10**9)
                game.scene.stage.rest(game.scene.clock.now_ns())
        for who, before in grown.items():
            game.do(messages.Warm, npcs=[who])
            assert text_of(brain.asks[-1].segments).startswith(before)
    game.close()


def test_what_was_warmed_is_the_stable_part_of_what_is_asked(game: Game) -> None:
    for number in range(5):
        game.say("anna", f"Good morrow {number}.")
        warmed = text_of(game.brain.prefetched[-1].segments)
        game.say("anna", "So be it.")
        assert stable(line_asked(game.brain).segments) == warmed


class TestDeeds:
    """What is done with a line, and when it is only a part of one."""

    def drafts(self, text: str, reason: FinishReason, deed: str) -> FakeBrain:
        choices = {EMOTION: "joy", ACTION: deed}
        drafts = [Draft(0, text[:length], length, choices=choices) for length in range(1, len(text) + 1)]
        return FakeBrain([*drafts, Finished(0, text, reason, choices)])

    @pytest.mark.parametrize(
        ("deed", "reason", "actions"),
        [
            ("draw water", FinishReason.STOP, [("draw_water", {})]),
            ("draw water", FinishReason.LENGTH, [("draw_water", {})]),
            ("give rope ben", FinishReason.STOP, [("give", {"thing": "rope", "to": "ben"})]),
            ("give rope ben", FinishReason.LENGTH, []),
            ("go lane", FinishReason.LENGTH, []),
            ("talks", FinishReason.STOP, []),
            ("fly away", FinishReason.STOP, []),
        ],
    )
    def test_a_part_keeps_only_what_does_no_harm(
        self, game: Game, deed: str, reason: FinishReason, actions: Any
    ) -> None:
        game.brain = self.drafts("Nobody goes there. But at ni", reason, deed)
        done = game.say("anna", "What of the mill?")
        assert done.source is (Source.MODEL if reason is FinishReason.STOP else Source.PARTIAL)
        assert [(action.name, action.args) for action in done.actions] == actions
        assert done.emotion == "joy"
        game.brain = TalkingBrain()
        game.say("anna", "Good morrow.")
        shown = f"Anna ({deed if actions else TALKS}, joy): "
        assert shown in text_of(line_asked(game.brain).segments)

    def test_an_authored_line_does_nothing(self, game: Game) -> None:
        choices = {EMOTION: "joy", ACTION: "draw water"}
        game.brain = FakeBrain([Draft(0, "", 0, choices=choices), Finished(0, "", FinishReason.FAILED, choices)])
        done = game.say("anna", "What of the mill?")
        assert (done.source, done.actions, done.emotion) == (Source.AUTHORED, [], "neutral")

    def test_only_what_is_possible_now_can_be_chosen(self, game: Game) -> None:
        def options() -> tuple[str, ...]:
            game.say("anna", "Good morrow.")
            slots = line_asked(game.brain).slots
            return next((slot.options for slot in slots if isinstance(slot, ChoiceSlot) and slot.name == ACTION), ())

        assert options() == (
            TALKS,
            "draw water",
            *(f"give {item} {to}" for item in ("bucket", "rope") for to in ("ben", "cleo", "player")),
            "go lane",
        )
        game.do(messages.WorldSet, values={"player.coins": 0})
        assert options() == (TALKS, "draw water", "go lane")
        game.do(messages.WorldSet, values={"player.coins": 1, "npcs.anna.place": "lane"})
        assert options() == (TALKS, "draw water", "go well")

    def test_the_inspector_sees_the_same(self, game: Game) -> None:
        found = game.data(messages.Inspect, npc="anna", text="Good morrow.")
        assert found["actions"] == ["draw_water", "give", "go"]
        game.say("anna", "Good morrow.")
        assert found["prompt"] == text_of(line_asked(game.brain).segments)
