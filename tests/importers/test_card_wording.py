"""A card's text made fit for a pack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.importers.examples import EXAMPLES, SPOKEN_CHARS, read_examples
from npc_engine.importers.wording import (
    SUMMARY_CHARS,
    cut,
    fill_macros,
    first_sentence,
    identifier,
    keeps_all,
    one_line,
    prose,
    spoken,
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{char}} meets {{USER}}.", "Ash meets Traveller."),
        ("<BOT> meets <user>.", "Ash meets Traveller."),
        ("{{ Char }} {{original}}", "Ash {{original}}"),
        ("{{{{char}}}}", "{{Ash}}"),
    ],
)
def test_names_are_filled_in(text: str, filled: str) -> None:
    assert fill_macros(text, "Ash") == filled


def test_a_name_is_never_a_macro_itself() -> None:
    assert fill_macros("{{char}}", "{{user}}\\1") == "{{user}}\\1"


def test_prose_keeps_its_lines() -> None:
    text = 'One "two" {{random:a,b}}\r\n\r\n\r\n\r\n  three <b> [four]\rfive\x07 '
    assert prose(text) == "One “two”\n\nthree ‹b› (four)\nfive"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("*She smiles.* Hello.", "Hello."),
        ("Hello. *She smiles.*", "Hello."),
        ("Hello **there**.", "Hello there."),
        ('*She smiles.* "Hello."', "Hello."),
        ('"Hello," she says, "and sit."', "Hello, and sit."),
        ('"Hello," she says. "Sit."', "Hello. Sit."),
        ('"I *really* mean it!" *She means it.*', "I really mean it!"),
        ("“Hello.” She nods.", "Hello."),
        ('The "master" is out.', "The “master” is out."),
        ('They call me "the Fox," love.', "They call me “the Fox,” love."),
        ("*only deeds*", ""),
        ("...", ""),
        ("Give {player.name} a `{{x}}` <b>", "Give player.name a b"),
        ("an *unclosed mark", "an unclosed mark"),
    ],
)
def test_only_what_is_said_aloud_stays(text: str, said: str) -> None:
    assert spoken(text) == said


@given(st.text("ab \"“”*_{}<>.,!\n'|", max_size=60))
def test_spoken_lines_hold_no_markup(text: str) -> None:
    line = spoken(text)
    assert not set('*_{}<>|"\n') & set(line)
    assert line == line.strip()


@pytest.mark.parametrize(
    ("text", "limit", "left"),
    [
        ("One. Two. Three.", 16, "One. Two. Three."),
        ("One. Two. Three.", 12, "One. Two."),
        ("One two three", 9, "One two…"),
        ("Onetwothree", 5, "Onet…"),
        ("O netwothree", 9, "O netwot…"),
    ],
)
def test_texts_are_cut_where_a_sentence_or_a_word_ends(text: str, limit: int, left: str) -> None:
    assert cut(text, limit) == left


@given(st.text(max_size=80), st.integers(2, 40))
def test_a_cut_text_fits(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit


@pytest.mark.parametrize(
    ("text", "summary", "rest"),
    [
        ("", "", ""),
        (
            "She maps caves below the town of Orrin. She is old.",
            "She maps caves below the town of Orrin.",
            "She is old.",
        ),
        (
            "Maps caves. She is paid by the lamp guild for it. More.",
            "Maps caves. She is paid by the lamp guild for it.",
            "More.",
        ),
        ("Ash\nAge: 40", "Ash", "Age: 40"),
        ("Dr. Ash.", "Dr. Ash.", ""),
    ],
)
def test_the_first_sentence_is_the_summary(text: str, summary: str, rest: str) -> None:
    assert first_sentence(text) == (summary, rest)


def test_a_beginning_that_is_no_sentence_is_a_summary_and_stays() -> None:
    text = "word " * 200
    summary, rest = first_sentence(text.strip())
    assert summary.endswith("word…")
    assert len(summary) <= SUMMARY_CHARS
    assert rest == text.strip()


@given(st.lists(st.sampled_from(["One. ", "two ", "\n", "“Three!” ", "x" * 90, "4.5 "]), max_size=40).map("".join))
def test_summary_and_rest_lose_nothing(text: str) -> None:
    told = prose(text)
    summary, rest = first_sentence(told)
    assert bool(summary) == bool(told)
    assert rest == told or keeps_all(told, summary + rest)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Marta Holt", "marta_holt"),
        ("Élodie d'Arc", "elodie_darc"),
        ("7 of 9", "npc_7_of_9"),
        ("日本", "npc"),
        ("Player", "npc"),
        ("NUL", "npc_nul"),
        ("com1", "npc_com1"),
        ("", "npc"),
    ],
)
def test_identifiers(name: str, expected: str) -> None:
    assert identifier(name, "npc") == expected


def test_one_line_is_limited() -> None:
    assert one_line("a\nb {{x}}c", 3) == "a b"


DIALOGUE = """Chatter before the first mark.
<START>
{{user}}: Good evening.
{{char}}: *looks up* Evening.
It is late.
{{char}}: *yawns* Very.
<start>
<USER>: Who are you?
Ash Grey: "Ash," she says. "Just Ash."
Ash: And you?
{{user}}: *waves*
{{char}}: Well?
<START>
{{char}}: Nobody asked.
"""


def test_examples_are_pairs_of_a_line_and_its_answer() -> None:
    pairs = [(each.player, each.reply) for each in read_examples(DIALOGUE, "Ash Grey", "Ash")]
    assert pairs == [("Good evening.", "Evening. It is late."), ("Who are you?", "Ash. Just Ash.")]


def test_the_shortest_examples_are_taken_in_the_cards_order() -> None:
    lengths = [9, 1, 8, 2, 7, 3, 6, 4, 5, 10]
    text = "".join(f"<START>\n{{{{user}}}}: Hi.\n{{{{char}}}}: {'x' * length}\n" for length in lengths)
    found = [len(each.reply) for each in read_examples(text, "Ash", "Ash")]
    assert found == [length for length in lengths if length <= EXAMPLES]


def test_long_answers_are_cut() -> None:
    text = "{{user}}: Tell me.\n{{char}}: " + "It is long. " * 200
    (example,) = read_examples(text, "Ash", "Ash")
    assert example.reply.endswith("long.")
    assert len(example.reply) <= SPOKEN_CHARS


def test_text_without_dialogue_has_no_examples() -> None:
    assert read_examples("", "Ash", "Ash") == []
    assert read_examples("Just prose: and more.", "Ash", "Ash") == []
