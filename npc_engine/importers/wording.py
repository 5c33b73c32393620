"""A card's text made fit for a pack: macros filled in, markup gone, control tokens harmless, length within bounds.

Cards are written for chat programs: they mix speech with narration (`*smiles*`, or speech in quotes) and leave names
open (`{{char}}`). Here a character's line is what it says aloud, and nothing else.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from itertools import pairwise

from npc_engine.prompt.guard import CLOSERS, ENDS, sentence_cut
from npc_engine.prompt.sanitise import clean

#: How the prompt calls the player.
PLAYER_NAME = "Traveller"
#: What a summary may be long: one sentence, or two short ones.
SUMMARY_CHARS = 300
SHORT_SENTENCE_CHARS = 30
IDENTIFIER_CHARS = 64
#: How what somebody says ends, before the closing quote.
SPEECH_ENDS = (*ENDS, ",", "-", "–", "—", "~")
#: Names of devices on Windows, which no file can have.
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")

_USER = re.compile(r"\{\{\s*user\s*\}\}|<user>", re.IGNORECASE)
_CHAR = re.compile(r"\{\{\s*(?:char|bot)\s*\}\}|<(?:bot|char)>", re.IGNORECASE)
_MACRO = re.compile(r"\{\{[^{}]*\}\}")
_OPENING_QUOTE = re.compile(r'(?<![^\s(\[{*_~—–-])"')
_QUOTED = re.compile(r'["“]([^"“”\n]+)["”]')
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_NARRATION = re.compile(r"\*[^*\n]*\*")
_MARKS = re.compile(r"[*_`{}|\\<>]")
_SENTENCE = re.compile(rf"[{ENDS}]+[{re.escape(CLOSERS)}]*")


def fill_macros(text: str, name: str) -> str:
    """`text` with the names that cards leave open. Other macros stay, and are dropped by what reads the text."""
    return _CHAR.sub(lambda _: name, _USER.sub(PLAYER_NAME, text))


def one_line(text: str, limit: int = sys.maxsize) -> str:
    """`text` without macros, as one harmless line of at most `limit` code points."""
    return clean(_OPENING_QUOTE.sub("“", _MACRO.sub("", text)), limit)


def prose(text: str) -> str:
    """`text` without macros, each of its lines harmless; at most one empty line in a row."""
    lines = [one_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def spoken(text: str) -> str:
    """What is said aloud in `text`, as one line: the speech in quotes if there is any, else all but `*narration*`.
    Empty if nothing is said."""
    text = _MACRO.sub("", text)
    words = _quoted(text) or _NARRATION.sub(" ", _BOLD.sub(r"\1", text))
    line = one_line(_MARKS.sub("", words))
    return line if any(character.isalnum() for character in line) else ""


def _quoted(text: str) -> str:
    """The speech in quotes, if the first begins like a sentence: a quoted word or title, which ends in no mark or
    begins small, is none. A comma before `she says` becomes a full stop where the sentence does not go on."""
    quotes = [words.strip(" *_") for words in _QUOTED.findall(text)]
    speech = [words for words in quotes if words.endswith(SPEECH_ENDS)]
    if speech and speech[0][:1].islower():
        return ""
    return " ".join(
        words[:-1] + "." if words.endswith(",") and not after[:1].islower() else words
        for words, after in pairwise([*speech, ""])
    )


def keeps_all(original: str, told: str) -> bool:
    """Whether `told` still has every letter and mark of `original`, white space and the shape of quotes aside."""
    return _bare(original) == _bare(told)


def cut(text: str, limit: int) -> str:
    """At most `limit` code points of `text`: whole sentences, else words where there are any."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    if end := sentence_cut(head):
        return head[:end]
    space = head.rfind(" ", limit // 2, limit - 1)
    return head[: space if space > 0 else limit - 1] + "…"


def first_sentence(text: str) -> tuple[str, str]:
    """A summary of at most `SUMMARY_CHARS` on one line, and what is left of the text: all of it where its beginning
    is no sentence."""
    paragraph = text.split("\n", 1)[0]
    for match in _SENTENCE.finditer(paragraph[: SUMMARY_CHARS + 1]):
        end = match.end()
        is_end = paragraph[end : end + 1] in ("", " ") and sentence_cut(paragraph[:end]) == end
        if end <= SUMMARY_CHARS and is_end and (end >= SHORT_SENTENCE_CHARS or end == len(paragraph)):
            return paragraph[:end], text[end:].strip()
    if len(paragraph) <= SUMMARY_CHARS:
        return paragraph, text[len(paragraph) :].strip()
    return cut(paragraph, SUMMARY_CHARS), text


def identifier(text: str, fallback: str) -> str:
    """An id made from a name: ASCII, and fit for a file's name everywhere. Never `player`."""
    ascii_text = unicodedata.normalize("NFKD", text[: 4 * IDENTIFIER_CHARS]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_text.lower().replace("'", ""))[:IDENTIFIER_CHARS].strip("_")
    if not slug or slug == "player":
        return fallback
    return slug if slug[0].isalpha() and not _DEVICES.fullmatch(slug) else f"{fallback}_{slug}"


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFC", text).replace("“", '"').replace("”", '"')
    return "".join(plain.split())
