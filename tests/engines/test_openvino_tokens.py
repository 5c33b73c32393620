"""No control token comes out of untrusted text: for any text, and for every special token of a real vocabulary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")

from npc_engine.engines.openvino.convert import convert
from npc_engine.engines.openvino.converted import TOKENISER, folder_of
from npc_engine.engines.openvino.tokens import Tokens, cut

MARKS = ("<|a|>", "<|a", "aa", "|>")
PATTERN = re.compile("|".join(map(re.escape, MARKS)))


@given(st.text(alphabet="<|a>b", max_size=20))
def test_no_piece_has_a_mark(text: str) -> None:
    pieces = cut(text, PATTERN)
    assert "".join(pieces) == text
    assert all(pieces)
    assert not any(mark in piece for piece in pieces for mark in MARKS)


def test_text_without_marks_stays_whole() -> None:
    assert cut("<b>", PATTERN) == ["<b>"]
    assert cut("", PATTERN) == []


@pytest.mark.model
@pytest.mark.parametrize("name", ["small_model", "default_model"])
def test_every_special_token_is_spelled_out_in_untrusted_text(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    manifest = convert(path, "int8", lambda fraction, what: None)
    tokens = Tokens(folder_of(path, "int8") / TOKENISER, manifest)
    special = {tokens.encode(mark, True) for mark in manifest.marks}
    assert len(special) == len(manifest.marks)
    assert all(len(ids) == 1 for ids in special), "in trusted text each is one token"
    texts = [*manifest.marks, "".join(manifest.marks), *(f"{mark[:-1]}{mark}{mark[1:]}" for mark in manifest.marks)]
    for text in texts:
        ids = tokens.encode(text, False)
        assert not any((token,) in special for token in ids)
        assert tokens.decode(ids) == text


@pytest.mark.model
@pytest.mark.parametrize("name", ["small_model", "default_model"])
def test_decoding_gives_the_text_back(name: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(name)
    manifest = convert(path, "int8", lambda fraction, what: None)
    tokens = Tokens(folder_of(path, "int8") / TOKENISER, manifest)
    for text in ("Evening, love.", "  two  spaces\n\nand a\tTab ", "Grüße 🐺 你好", "don't 12345"):
        assert tokens.decode(tokens.encode(text, True)) == text
    eye = tokens.encode("𓂀", False)
    assert len(eye) > 1
    assert tokens.decode(eye[:1]).rstrip("\N{REPLACEMENT CHARACTER}") == ""
