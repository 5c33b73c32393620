"""What the YAML writer writes, the strict reader reads back the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.importers.persona_yaml import dump, persona_files, persona_yaml
from npc_engine.importers.storable import storable
from npc_engine.world.persona import (
    ActionSpec,
    Authored,
    Example,
    Fact,
    GatedLine,
    LoreEntry,
    Persona,
    Relationship,
)
from npc_engine.world.yaml_source import convert, parse_yaml

AWKWARD = [
    "",
    " ",
    "no",
    "Yes",
    "~",
    "null",
    "12:30",
    "1e3",
    "007",
    "-1",
    ".5",
    "&a",
    "*a",
    "!a",
    "# a",
    "a # b",
    "a: b",
    "a:",
    ": a",
    "- a",
    "? a",
    "| a",
    "> a",
    "@a",
    "`a`",
    "%a",
    "[a]",
    "{a}",
    "a, b",
    "a?",
    "a?b",
    "a!",
    "a&b",
    "a*b",
    "a%",
    "a|b",
    "a>b",
    "'a'",
    '"a"',
    "a\\b",
    "...",
    "---",
    "<<",
    " a",
    "a ",
    "a  b",
    "a\n",
    "\na",
    "a\n\nb",
    "a\n b",
    "a \nb",
    "a\n  \nb",
    "a\n# b",
    "a\n---\nb",
    "a\tb",
    "\ta",
    "a\rb",
    "a\r\nb",
    "a\x85b",
    "a\u2028b",
    "\ufeffa",
    "a\u202eb",
    "\x07",
    "\ufffe",
    "e\u0301",
    "👩\u200d🌾",
    "日本語\u3000の文",
    "word " * 60 + "end",
    "word " * 60 + "end\n\nnext " * 3 + "end",
    "x" * 300,
    ("x" * 300 + " ") * 2 + "end",
]
SENDABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXT = (
    st.sampled_from(AWKWARD)
    | st.text(SENDABLE, max_size=30)
    | st.tuples(st.sampled_from(["", "a"]), st.text("ab:-[]{}&*!|>'\"%@#?,\\ \n\t~0", max_size=40)).map("".join)
    | st.lists(st.sampled_from(["a", "bee", "a: b", "#", "-", "\n", "\n\n", "x" * 90]), max_size=40).map(" ".join)
)
LINE = TEXT.filter(bool).map(lambda text: text[: limits.TEXT_CHARS])
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
KEY = TEXT.map(lambda text: text[:100])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=10,
)
AUTHORED_LINE = LINE | st.builds(GatedLine, text=LINE, when=TEXT)
PERSONAS = st.builds(
    Persona,
    id=NAME,
    name=LINE.map(lambda text: text[: limits.NAME_CHARS]),
    summary=LINE,
    background=TEXT,
    personality=st.lists(TEXT, max_size=3),
    voice=st.dictionaries(KEY, TEXT, max_size=2),
    knowledge=st.lists(st.builds(Fact, id=NAME, text=LINE, secret=st.booleans()), max_size=2),
    lore=st.lists(st.builds(LoreEntry, id=NAME, text=LINE, keys=st.lists(LINE, max_size=3)), max_size=2),
    relationships=st.dictionaries(KEY, st.builds(Relationship, trust=st.integers(0, 100), text=TEXT), max_size=2),
    actions=st.lists(
        st.builds(
            ActionSpec, name=NAME, args=st.dictionaries(NAME, st.just("item") | st.lists(NAME, max_size=2), max_size=2)
        ),
        max_size=2,
    ),
    examples=st.lists(st.builds(Example, player=LINE, reply=LINE), max_size=2),
    authored=st.builds(Authored, greet=st.lists(AUTHORED_LINE, max_size=2), late=st.lists(AUTHORED_LINE, max_size=2)),
    extra=st.dictionaries(KEY, JSON, max_size=3),
)


def read(text: str) -> Any:
    return parse_yaml(text.encode(), "npc.yaml").data


def read_persona(text: str) -> Persona:
    persona, problems = convert(parse_yaml(text.encode(), "npc.yaml"), Persona)
    assert problems == []
    assert persona is not None
    return persona


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_stay_what_they_are(text: str) -> None:
    for data in ({"a": text}, {"a": [text, text]}, {"a": [{"b": text, "c": [text]}]}, {text[:100]: {"a": text}}):
        assert read(dump(data)) == data


@given(st.dictionaries(KEY, JSON, min_size=1, max_size=4))
def test_plain_data_reads_as_itself(data: dict[str, Any]) -> None:
    assert read(dump(data)) == data


@given(PERSONAS)
def test_a_persona_reads_as_itself(persona: Persona) -> None:
    assert read_persona(persona_yaml(persona)) == persona


def test_a_persona_reads_as_if_written_by_hand() -> None:
    persona = Persona(
        id="marta",
        name="Marta Holt",
        summary="Warm, quick, knows everyone's business.",
        background="Widowed six winters ago, when the weir took her husband Tam. She kept the inn open alone and "
        "is proud.",
        personality=["warm", "shrewd"],
        examples=[Example(player="Evening.", reply='I said: "Wipe those boots."')],
        authored=Authored(greet=["Evening, love.", "no"]),
        extra={"tags": [], "note": "first\nsecond"},
    )
    assert persona_yaml(persona) == (
        "id: marta\n"
        "name: Marta Holt\n"
        "summary: Warm, quick, knows everyone's business.\n"
        "background: >-\n"
        "  Widowed six winters ago, when the weir took her husband Tam. She kept the inn open alone and is proud.\n"
        "personality: [warm, shrewd]\n"
        "\nexamples:\n"
        "  - player: Evening.\n"
        '    reply: "I said: \\"Wipe those boots.\\""\n'
        "\nauthored:\n"
        "  greet:\n"
        "    - Evening, love.\n"
        '    - "no"\n'
        "\nextra:\n"
        "  tags: []\n"
        "  note: |-\n"
        "    first\n"
        "    second\n"
    )


def test_what_hides_from_the_eye_is_escaped() -> None:
    assert dump({"a": "safe\u202eevil\u2066\ufeff\U000e0041"}) == 'a: "safe\\u202eevil\\u2066\\ufeff\\U000e0041"\n'


def test_an_extra_too_large_for_the_file_goes_beside_it() -> None:
    small = Persona(id="a", name="A", summary="A.", extra={"notes": "x" * 100})
    assert list(persona_files(small)) == ["a.yaml"]
    extra = {"notes": "x" * limits.PACK_FILE_BYTES}
    large = Persona(id="a", name="A", summary="A.", extra=extra)
    files = persona_files(large)
    assert list(files) == ["a.yaml", "a.extra.json"]
    assert json.loads(files["a.extra.json"]) == extra
    assert read_persona(files["a.yaml"]) == large
    assert large.extra == {"file": "a.extra.json"}


def test_a_persona_too_large_for_any_file_is_refused() -> None:
    with pytest.raises(NpcError) as caught:
        persona_files(Persona(id="a", name="A", summary="A.", goals=["x" * limits.PACK_FILE_BYTES]))
    assert caught.value.code is ErrorCode.CARD_INVALID


DEEP: Any = [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"a": [1, None, True, 2.5, "x"]}, {"a": [1, None, True, 2.5, "x"]}),
        ({"a": 2**53}, {"a": "9007199254740992"}),
        ({"a": -1e300}, {"a": "-1e+300"}),
        ({"a": float("inf")}, {"a": "Infinity"}),
        ({"a": "x\0"}, {"a": '"x\\u0000"'}),
        ({"a": "x\ud83d"}, {"a": '"x\\ud83d"'}),
        ({"a": {"b\0": 1}}, {"a": '{"b\\u0000": 1}'}),
        ({"a": {"k" * 101: 1}}, {"a": '{"' + "k" * 101 + '": 1}'}),
    ],
)
def test_what_the_reader_would_refuse_is_kept_as_json(value: dict[str, Any], kept: dict[str, Any]) -> None:
    assert storable(value, 1) == kept
    assert read(dump(kept)) == kept


def test_what_is_nested_too_deep_is_kept_as_json() -> None:
    kept = storable({"a": DEEP}, 1)
    assert read(dump(kept)) == kept
    inner = kept["a"]
    while isinstance(inner, list):
        (inner,) = inner
    assert inner == "[[[1]]]"


def test_defaults_are_left_out() -> None:
    persona = Persona(id="a", name="A", summary="A.")
    assert persona_yaml(persona) == "id: a\nname: A\nsummary: A.\n"
    assert msgspec.to_builtins(read_persona(persona_yaml(persona))) == msgspec.to_builtins(persona)
