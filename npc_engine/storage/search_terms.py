"""The terms under which a text is found: the same for what is stored and for what is asked.

A change here changes the meaning of every index on disk: it needs a step in `migrations.py` that builds them anew.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby

#: Words too common to find anything by, and what an apostrophe leaves of others.
_COMMON = frozenset(
    """
    a about am an and any are as at be been but by can could d did do does for from had has have he her here him his how
    i if in is it its know let like ll m many me much my no not now of on or our please re s said say she so some such t
    tell than thank that the their them then there these they this to up us ve was we were what when where which who why
    will with would yes you your
    """.split()  # noqa: SIM905 - a paragraph of words reads better than a list
)
#: Scripts written without spaces between words, as first and last code point of their blocks.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x312F),  # CJK radicals and marks, Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),  # more Bopomofo and Katakana
    (0x3400, 0x9FFF),  # CJK ideographs
    (0xA980, 0xA9FF),  # Javanese, more Myanmar
    (0xAA60, 0xAA7F),  # more Myanmar
    (0xF900, 0xFAFF),  # CJK compatibility ideographs
    (0x1AFF0, 0x1B16F),  # more Kana
    (0x20000, 0x3FFFF),  # more CJK ideographs
)
_BETWEEN, _WORD, _NO_SPACES = range(3)


def terms(text: str) -> list[str]:
    """The terms of `text` in order, repeats included.

    Case and compatibility forms (NFKC) make no difference, nor does the plural s of English; common words are left out.
    Where a script has no spaces, each two neighbouring characters are a term, as in Lucene's CJKBigramFilter; one that
    stands alone is a term by itself. A term holds letters, marks and digits only.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    for kind, characters in groupby(folded, _kind):
        run = "".join(characters)
        if kind == _WORD and run not in _COMMON:
            found.append(_stem(run))
        elif kind == _NO_SPACES:
            found += [run[index : index + 2] for index in range(max(len(run) - 1, 1))]
    return found


def is_unspaced(character: str) -> bool:
    """Whether the character is of a script that puts no spaces between words."""
    return any(first <= ord(character) <= last for first, last in _UNSPACED)


@lru_cache(maxsize=4_096)
def _kind(character: str) -> int:
    if unicodedata.category(character)[0] not in "LMN":
        return _BETWEEN
    return _NO_SPACES if is_unspaced(character) else _WORD


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word
