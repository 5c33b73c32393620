"""Where a sentence ends in a text that is still being written."""

from __future__ import annotations

import re

#: A run of terminators with the quotes and brackets that close after it, then white space or the end so far. Chinese
#: and Japanese put no space after theirs.
_END = re.compile(r"""(?:[.!?…]+["'”’»)\]*]*(?=\s|$))|(?:[。！？]+["”’」』）]*)""")
#: Written with a full stop that ends no sentence: titles and initials (but not "I": "So do I." is whole).
_ABBREVIATION = re.compile(r"(?:^|[\s(\"'“‘])(?:Mr|Mrs|Ms|Dr|St|Prof|Sr|Jr|vs|[A-HJ-Z])\.$")


def sentence_end(text: str, start: int = 0) -> int | None:
    """The first index at or after `start` where a sentence of `text` is over, or None if there is none yet.

    The text may go on, so what only its continuation can settle is no end yet: a number's point ("3."), dots that may
    be a pause ("Well...").
    """
    for match in _END.finditer(text):
        if match.end() >= start and not _goes_on(text, match):
            return match.end()
    return None


def _goes_on(text: str, match: re.Match[str]) -> bool:
    mark, before = match.group(), text[: match.start()]
    rest = text[match.end() :].lstrip()
    if mark.startswith(("..", "…")):
        return not rest or rest[0].islower()
    if mark == ".":
        return bool(_ABBREVIATION.search(before + mark)) or (before[-1:].isdigit() and match.end() == len(text))
    return False
