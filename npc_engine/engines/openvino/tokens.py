"""Text to token ids and back. Control tokens come from trusted text alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import openvino_genai

from npc_engine.engines.openvino.converted import Manifest

#: Texts whose tokens are remembered: a persona and its journal come again with every line.
TOKENISED_TEXTS = 4_096


class Tokens:
    """The tokeniser in the GGUF file `path`, and what `manifest` says about its tokens."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.controls = frozenset(manifest.controls)
        self.line_ends = frozenset(manifest.line_ends)
        self._tokenizer = openvino_genai.Tokenizer(path)
        self._marks = re.compile("|".join(map(re.escape, manifest.marks)) or r"(?!)")
        self.encode = lru_cache(maxsize=TOKENISED_TEXTS)(self._encode)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are no whole character yet are U+FFFD."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False)) if tokens else ""

    def _encode(self, text: str, special: bool) -> tuple[int, ...]:
        """Token ids of `text`. The library always recognises control tokens, so unless `special` it never sees one
        whole: what looks like one is cut in two."""
        pieces = [text] if special else cut(text, self._marks)
        return tuple(token for piece in pieces for token in self._ids(piece))

    def _ids(self, text: str) -> list[int]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return [int(token) for token in encoded.input_ids.data.reshape(-1)]


def cut(text: str, marks: re.Pattern[str]) -> list[str]:
    """`text` in pieces, none of which contains a mark: each is cut behind its first character."""
    pieces, begin = [], 0
    while found := marks.search(text, begin):
        pieces.append(text[begin : found.start() + 1])
        begin = found.start() + 1
    pieces.append(text[begin:])
    return [piece for piece in pieces if piece]
