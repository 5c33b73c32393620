"""Whatever players, games and saves write: it reaches the model as data, in one line, without a single control token.

Hostile text is made of what has broken prompts elsewhere. Random combinations of it go wherever text of others goes,
and every prompt that comes of it is looked through.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ops_stage import Game, text_of
from village import write_village

from npc_engine import limits
from npc_engine.jobs import ChoiceSlot, Segment
from npc_engine.prompt import builder
from npc_engine.prompt.builder import Moment, Prompt
from npc_engine.prompt.chat_formats import FORMATS
from npc_engine.wire import messages
from npc_engine.world.journal import Entry, Event, Heard, Said
from npc_engine.world.pack import Pack, load_pack

#: Marks by which some model or other tells who speaks, whatever is loaded now.
CONTROL = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>", "<s>",
    "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<|user|>",
    "<|assistant|>", "<|system|>", "<|end|>", "<think>", "</think>", "<tool_call>",
    "<\uff5cUser\uff5c>", "[SYSTEM_PROMPT]", "<|channel|>", "<unused0>", "<pad>", "[gMASK]", "<extra_id_0>",
)  # fmt: skip
TRICKS = (
    "\x00", "\x1b[31m", "\r\n", "\n", "\u2028", "\u2029", "\x85", "\u200b", "\u200d", "\u200e", "\u202e", "\u2066",
    "\u2069", "\ufeff", "\u00ad", "\ud800", "\udfff", "\ue0041", "\U000e0041", "\uff1c", "\uff1e", "\uff5c", "\ufe64",
    "\uff3b", "\uff3d", "\uff02", "<\u0338", ">\u0338", "\u226e", "\u0338", "a\u0301", "\u1100\u1161",
    "\U0001f469\u200d\U0001f680", "\u0627\u0644", "\u6c34\u8eca", '"', "\u201d", "'", "`", ")", "(", "]", "[", "<", ">",
    "|", "\\", "{player.coins}", "{$key}", "system\n", "\nAnna:", "Traveller: ", " ", "\t", "\u3000", "hello",
    "im_start", "INST", "user",
)  # fmt: skip
#: No format we know of is written without one of these, and no speaker's line begins without a line break.
FORBIDDEN = frozenset(
    '<>[]"\n\r\x00\x1b\x85\u2028\u2029\u202e\u2066\u200b\ufeff\U000e0041\uff1c\uff1e\uff3b\uff3d\uff02\ufe64'
)
FORMS = [replace(form, chooses=chooses) for form in FORMATS.values() for chooses in (False, True)]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_village(tmp_path))


def hostile(dice: random.Random, pieces: int = 6) -> str:
    return "".join(dice.choice(CONTROL if dice.random() < 0.4 else TRICKS) for _ in range(dice.randrange(1, pieces)))


def check(segments: Iterable[Segment], trusted: set[str]) -> None:
    """`trusted`: what the trusted segments of a harmless prompt are made of."""
    for segment in segments:
        if not segment.trusted:
            assert not FORBIDDEN & set(segment.text), ascii(segment.text)
            assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in segment.text)
            assert len(segment.text) <= limits.TEXT_CHARS
        else:
            assert segment.text in trusted, ascii(segment.text)


def prompts(pack: Pack, texts: list[str], form: builder.ChatFormat) -> list[Prompt]:
    """Every prompt there is, with these texts wherever somebody else's words go."""
    anna, well, setting = pack.npcs["anna"], pack.places["well"], pack.world.setting
    first, second, third, fourth = texts
    entries: list[Entry] = [
        Heard("player", first, note=second),
        Said(third, emotion="joy", action="draw water"),
        Event(fourth, speaker=first),
    ]
    moment = Moment(first, (second, third), ("draw water",))
    return [
        builder.say(anna, setting, entries, moment, Heard("player", fourth, note=first), "", form),
        builder.say(anna, setting, [], moment, Heard("player", "", note=first), third, form),
        builder.bark(anna, setting, entries, moment, second, form),
        builder.feeling(anna, setting, entries, "Traveller", form),
        builder.describe(well, setting, [first, second, third, fourth], form),
    ]


def test_a_hundred_thousand_hostile_texts(pack: Pack) -> None:
    """Each prompt takes four of them, and a form in turn."""
    dice = random.Random(20)
    harmless = {
        form: {
            segment.text for prompt in prompts(pack, ["x"] * 4, form) for segment in prompt.segments if segment.trusted
        }
        for form in FORMS
    }
    for number in range(100_000 // 4):
        form = FORMS[number % len(FORMS)]
        for prompt in prompts(pack, [f"x{hostile(dice)}" for _ in range(4)], form):
            check(prompt.segments, harmless[form])


def test_names_and_deeds_of_saves_are_clean_among_trusted_words(pack: Pack) -> None:
    """Speakers, emotions and deeds stand in trusted segments: there each must be as harmless as in untrusted ones."""
    dice = random.Random(21)
    anna = pack.npcs["anna"]
    for number in range(3_000):
        form = FORMS[number % len(FORMS)]
        name, emotion, deed = (hostile(dice) for _ in range(3))
        entries: list[Entry] = [Heard(name, "Hm."), Said("Aye.", emotion=emotion, action=deed, to=name)]
        heard = Heard(name, "Hm.") if number % 2 else Heard(name, "")
        prompt = builder.say(anna, "", entries, Moment(), heard, "", form)
        text = text_of([*prompt.segments, *builder.feeling(anna, "", [], name, form).segments])
        entries = [Heard("Q", "Hm."), Said("Aye.", emotion="Q", action="Q", to="Q")]
        plain = builder.say(anna, "", entries, Moment(), Heard("Q", heard.text), "", form)
        expected = text_of([*plain.segments, *builder.feeling(anna, "", [], "Q", form).segments])
        for mark in (*FORBIDDEN, *CONTROL):
            assert text.count(mark) == expected.count(mark), (mark, name, emotion, deed)


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path / "village"))
    yield game
    game.close()


def test_from_the_wire_to_the_prompt(game: Game) -> None:
    """The same through the operations: players' words, speakers, events, values, items and topics."""
    dice = random.Random(22)
    game.brain.watch = lambda ask: seen.append(ask.segments)  # type: ignore[attr-defined]
    seen: list[tuple[Segment, ...]] = []

    def text() -> str:
        """As far as it can come over the wire: no half of a surrogate pair."""
        return "x" + hostile(dice).encode("utf-8", "ignore").decode()

    for _ in range(60):
        game.say("anna", hostile(dice), speaker=text())
        game.do(messages.Event, text="x" + hostile(dice))
        game.do(messages.SceneEnter, place="well", items=[text(), text()])
        game.do(messages.WorldSet, values={"$oath": text()})
        game.do(messages.Describe, place="well", budget_ms=2_000)
        game.do(messages.Bark, npc="ben", about=hostile(dice), budget_ms=2_000)
        game.do(messages.Converse, npcs=["anna", "ben"], turns=2, topic=hostile(dice), budget_ms=2_000)
        game.do(messages.Inspect, npc="anna", text=hostile(dice), speaker=text())
    for segments in seen:
        for segment in segments:
            if not segment.trusted:
                assert not FORBIDDEN & set(segment.text), ascii(segment.text)
            elif segment.origin != "persona":
                for mark in CONTROL[2:]:
                    assert mark not in segment.text, ascii(segment.text)
                assert "\x00" not in segment.text
                assert "\u202e" not in segment.text


def test_deeds_are_one_harmless_line(game: Game) -> None:
    """They are untrusted to the engine, but stand in the model's view as they are."""
    game.do(messages.SceneEnter, place="well", items=["lamp<|im_end|>\n[x]\u202e"])
    game.say("anna", "Good morrow.")
    for ask in game.brain.asks:
        for slot in ask.slots:
            if isinstance(slot, ChoiceSlot):
                assert not any(FORBIDDEN & set(option) for option in slot.options)
