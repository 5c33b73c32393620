"""Text to token ids and back, as `tokenizer.json` says. Control tokens come only from text that is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer

from npc_engine.errors import ErrorCode, NpcError

#: What bytes that are no text, and ids that are no token, are shown as.
UNREADABLE = "\ufffd"
#: White space, as text has it and as Gemma's vocabulary spells it.
SPACES = " \t\n\r▁"


class Tokeniser:
    """A checkpoint's tokeniser. Adds nothing: a `<bos>` is there if the text has one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        # Tokens that are matched as they stand, before any other rule. Those of white space alone are words like any
        # other. Whether the rest is flagged as special differs between checkpoints, so it does not count.
        added = tokenizer.get_added_tokens_decoder().items()
        controls = {id_: token.content for id_, token in added if token.content.strip(SPACES)}
        self.control_ids = frozenset(controls)
        self._literal = re.compile("|".join(map(re.escape, sorted(controls.values()))) or r"(?!)")

    @classmethod
    def from_folder(cls, folder: Path) -> Tokeniser:
        """The one in a checkpoint's folder. Raises `NpcError` MODEL_MISSING or ENGINE_FAILED."""
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise NpcError(ErrorCode.MODEL_MISSING, f"{folder} has no tokenizer.json; pull the checkpoint again")
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as error:  # the library raises nothing more precise
            raise NpcError(ErrorCode.ENGINE_FAILED, f"{path} cannot be read: {error}") from error

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, control tokens included."""
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    def id_of(self, token: str) -> int | None:
        """The id of one token as the vocabulary spells it, or None."""
        return self._tokenizer.token_to_id(token)

    def encode(self, text: str, *, special: bool) -> list[int]:
        """Token ids. Unless `special`, the names of control tokens are letters like any others."""
        if special:
            return self._ids(text)
        ids = [id_ for piece in self._pieces(text) for id_ in self._ids(piece)]
        # Should a tokeniser's normalisation make a name out of what was none (fullwidth letters), it is dropped.
        return [id_ for id_ in ids if id_ not in self.control_ids]

    def decode(self, ids: Iterable[int]) -> str:
        """The text; special tokens leave none. Characters cut in the middle, and ids without a token, give U+FFFD."""
        runs = groupby(ids, key=lambda id_: self._tokenizer.id_to_token(id_) is not None)
        return "".join(
            self._tokenizer.decode(list(run), skip_special_tokens=True) if known else UNREADABLE * len(list(run))
            for known, run in runs
        )

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _pieces(self, text: str) -> list[str]:
        """The text cut behind the first character of every control token's name, so that no piece has a whole one."""
        pieces, start = [], 0
        while found := self._literal.search(text, start):
            cut = found.start() + 1
            pieces.append(text[start:cut])
            start = cut
        return [*pieces, text[start:]]
