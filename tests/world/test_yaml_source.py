"""The strict YAML reader: what it refuses and where, what plain words mean, and how schema mistakes read."""

import json
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine import limits
from npc_engine.errors import ErrorCode
from npc_engine.world.yaml_source import PackError, Source, convert, did_you_mean, nearest, parse_yaml, read_yaml


def parse(text: str) -> Source:
    return parse_yaml(text.encode(), "npc.yaml")


def problem_of(text: str) -> str:
    with pytest.raises(PackError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    return str(problem)


ALIAS_BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: a\n\tname: b\n", "npc.yaml:2:1: a tab; YAML is indented with spaces"),
        ("id: a\nname: b\nid: c\n", "npc.yaml:3:1: duplicate key `id`; it already stands in line 1"),
        ("- {a: 1, a: 2}\n", "npc.yaml:1:10: duplicate key `a`; it already stands in line 1"),
        (ALIAS_BOMB, "npc.yaml:1:4: an anchor (`&a`); a text that begins with & needs quotes"),
        ("a: *b\n", "npc.yaml:1:4: an alias (`*b`); write the value out"),
        ("a: !!python/name:os.system\n", "npc.yaml:1:4: a tag"),
        ("a: ! b\n", "npc.yaml:1:4: a tag"),
        ("? [a]\n: b\n", "npc.yaml:1:3: a key that is not text"),
        ("1: a\n", "npc.yaml:1:1: a key that is not text; put quotes around it"),
        ("a: 1\n---\nb: 2\n", "npc.yaml:2:1: a second document"),
        ("a: b: c\n", "npc.yaml:1:5: mapping values are not allowed here"),
        ("a: [1, 2\n", "npc.yaml:2:1: "),
        ("a: b\nc: d\x07\n", "npc.yaml:2:5: a control character"),
        ('a: "\\0"\n', "npc.yaml:1:4: an escape for a character that no text may hold"),
        ('a: "\\ud800"\n', "npc.yaml:1:4: an escape for a character that no text may hold"),
        ('a:\n  "\\UFFFFFFFF"\n', "npc.yaml:2:6: a number or an escape that means nothing"),
        ("a: 9007199254740992\n", "npc.yaml:1:4: a number beyond 9007199254740992"),
        ("a: 1e400\n", "npc.yaml:1:4: a number beyond"),
        ("a: " + "[" * 16, "npc.yaml:1:19: nested more than 16 deep"),
        ("[" * 100_000, "npc.yaml:1:17: nested more than 16 deep"),
    ],
)
def test_bad_yaml_names_the_place_and_the_reason(text: str, expected: str) -> None:
    assert problem_of(text).startswith(expected)


def test_a_problem_after_a_line_break_character_names_the_right_line() -> None:
    with pytest.raises(PackError) as caught:
        parse_yaml("a: é\nb: ".encode() + b"\xff\n", "npc.yaml")
    assert str(caught.value.problems[0]) == "npc.yaml:2:4: not UTF-8 text"


def test_a_file_too_large_is_not_parsed() -> None:
    assert problem_of("#" * (limits.PACK_FILE_BYTES + 1)) == "npc.yaml:1:1: larger than 262144 bytes"
    assert parse("#" * limits.PACK_FILE_BYTES).data is None


def test_a_missing_file_is_a_problem_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"missing\.yaml:1:1: cannot be read: No such file") as caught:
        read_yaml(tmp_path / "missing.yaml")
    assert caught.value.code is ErrorCode.PACK_INVALID


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        (".inf", ".inf"),
        ("42", 42),
        ("-7", -7),
        ("+3", 3),
        ("0", 0),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("'true'", "true"),
        ('"42"', "42"),
        ("<<", "<<"),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    found = parse(f"key: {text}\n").data["key"]
    assert found == value
    assert type(found) is type(value)


def test_a_byte_order_mark_is_not_part_of_the_first_key() -> None:
    assert parse_yaml(b"\xef\xbb\xbfid: a\n", "npc.yaml").data == {"id": "a"}


def test_every_value_and_key_has_its_place() -> None:
    source = parse("id: a\nknowledge:\n  - id: mill\n    text: sold\n")
    assert source.data == {"id": "a", "knowledge": [{"id": "mill", "text": "sold"}]}
    assert source.values["$.knowledge[0].text"] == (4, 11)
    assert source.keys["$.knowledge[0].text"] == (4, 5)
    assert source.keys["$.knowledge"] == (2, 1)


PLAIN = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_reads_as_itself(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False)).data == value


@given(st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"%@#?,\\ \n\t~0", max_size=60).map(str.encode))
def test_arbitrary_bytes_give_data_or_one_problem_with_a_place(raw: bytes) -> None:
    try:
        source = parse_yaml(raw, "npc.yaml")
    except PackError as error:
        (problem,) = error.problems
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
    else:
        assert source.values["$"]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    degree: int = 0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    summary: str
    knowledge: list[Inner] = []
    relations: dict[str, Inner] = {}
    flags: dict[str, bool | int | float | str] = {}
    shown: bool = True


def problems_of(text: str) -> list[str]:
    value, problems = convert(parse(text), Outer)
    assert value is None
    return [str(problem) for problem in problems]


def test_good_data_converts() -> None:
    value, problems = convert(parse("summary: s\nrelations: {bram: {text: t, degree: 3}}\n"), Outer)
    assert problems == []
    assert value == Outer(summary="s", relations={"bram": Inner(text="t", degree=3)})


def test_all_mistakes_of_a_file_are_reported_with_their_places() -> None:
    text = "sumary: s\nknowledge:\n  - text: 3\n  - {degree: 1}\nrelations:\n  bram: {text: t, degree: no}\n"
    assert problems_of(text) == [
        "npc.yaml:1:1: unknown key `sumary`; did you mean `summary`?",
        "npc.yaml:3:11: expected text, got a whole number; put quotes around it",
        "npc.yaml:4:5: `text` is missing",
        "npc.yaml:6:27: expected a whole number, got text",
    ]


@pytest.mark.parametrize("word", ["no", "Yes", "off", "True"])
def test_a_word_that_looks_like_a_boolean_is_refused_where_one_is_possible(word: str) -> None:
    expected = f"`{word}` is a text; write true or false"
    assert problems_of(f"summary: s\nflags: {{met: {word}}}\n") == [f"npc.yaml:2:14: {expected}"]
    assert problems_of(f"summary: s\nshown: {word}\n") == [f"npc.yaml:2:8: {expected}"]


def test_a_time_is_no_number() -> None:
    text = "summary: s\nknowledge: [{text: t, degree: 12:30}]\n"
    assert problems_of(text) == ["npc.yaml:2:31: expected a whole number, got text"]


@pytest.mark.parametrize("text", ["", "- a\n", "text\n"])
def test_a_file_of_the_wrong_shape(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.startswith("npc.yaml:1:1: expected keys and values, got ")


class Few(msgspec.Struct):
    items: Annotated[list[int], msgspec.Meta(max_length=2)]


def test_a_limit_on_a_whole_list_is_kept() -> None:
    value, problems = convert(parse("items: [1, 2, 3]\n"), Few)
    assert value is None
    assert [problem.message for problem in problems] == ["expected a list of length <= 2 - at `$.items`"]


def test_suggestions() -> None:
    assert nearest("mrata", ["marta", "bram"]) == "marta"
    assert nearest("xyz", ["marta", "bram"]) is None
    assert did_you_mean("xyz", ["marta", "bram"]) == "known: bram, marta"
    assert did_you_mean("xyz", []) == "there are none"
