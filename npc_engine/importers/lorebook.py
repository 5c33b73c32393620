"""A card's `character_book` as lore of the persona."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from npc_engine import limits
from npc_engine.importers.storable import is_empty
from npc_engine.importers.wording import cut, fill_macros, identifier, keeps_all, one_line
from npc_engine.world.persona import LoreEntry

#: Bytes of lore one persona takes, so that its file stays within `limits.PACK_FILE_BYTES`.
LORE_BYTES = 96 << 10
#: Code points of an entry that are looked at.
READ_CHARS = 4 * limits.TEXT_CHARS
#: Fields of an entry that a LoreEntry says in its own words.
_SAID = frozenset({"enabled", "constant", "selective"})
#: What need not be said where it is false.
_DEFAULTS = ("case_sensitive", "use_regex")
#: V3's instructions to chat programs, before an entry's text: `@@depth 4`.
_DECORATORS = re.compile(r"(?:\s*@@[^\n]*(?:\n|\Z))+")
_SLASHED = re.compile(r"/.+/[a-z]*", re.DOTALL)
_PATTERN = re.compile(rf"\A{_SLASHED.pattern}\Z|[\\^$*+?{{}}\[\]|()]", re.DOTALL)


class _Unfit(Exception):
    """Why an entry cannot be lore."""


@dataclass(slots=True)
class Lore:
    """The entries that became lore, and what is left of the book: its settings, and what no LoreEntry can say."""

    entries: list[LoreEntry] = field(default_factory=list)
    left: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_book(book: dict[str, Any], called: str) -> Lore:
    """The lore in a card's book; `called` is what the card calls its character."""
    found = book.get("entries")
    if not isinstance(found, list):
        return Lore(left=book, notes=["The lorebook has no list of entries; it is in extra."])
    lore = Lore(left={key: value for key, value in book.items() if key != "entries"})
    room, unfit, left, changed, ids = LORE_BYTES, Counter[str](), [], 0, set[str]()
    for raw, priority in zip(found, _priorities(found), strict=True):
        try:
            entry = _entry(raw, called, priority, ids)
            if (size := len(msgspec.json.encode(entry))) > room:
                raise _Unfit("beyond what one character's file holds")
        except _Unfit as reason:
            unfit[str(reason)] += 1
            left.append(raw)
            continue
        room -= size
        lore.entries.append(entry)
        ids.add(entry.id)
        if rest := _rest(raw, entry, called):
            left.append({"lore": entry.id, **rest})
            changed += "content" in rest
    if left:
        lore.left["entries"] = left
    if unfit:
        reasons = ", ".join(f"{count} {reason}" for reason, count in unfit.items())
        lore.notes.append(f"Lore entries that are only in extra: {reasons}.")
    if changed:
        lore.notes.append(f"Lore entries that were cut or cleaned: {changed}; extra has their original text.")
    return lore


def _entry(raw: Any, called: str, priority: int, taken_ids: set[str]) -> LoreEntry:
    if not isinstance(raw, dict):
        raise _Unfit("malformed")
    if raw.get("enabled") is False:
        raise _Unfit("switched off")
    text = cut(_content(raw, called), limits.TEXT_CHARS)
    if not text:
        raise _Unfit("without text")
    keys = _keys(raw, "keys", called)
    always = raw.get("constant") is True
    if not keys and not always:
        raise _Unfit("with regular expressions as keys" if raw.get("keys") else "without a key")
    names = (raw.get("name"), raw.get("comment"), *keys)
    name = next((each for each in names if isinstance(each, str) and each.strip()), "")
    also = _keys(raw, "secondary_keys", called) if raw.get("selective") is True else []
    id_ = _unique(identifier(name, "lore"), taken_ids)
    return LoreEntry(id=id_, text=text, keys=keys, also=also, priority=priority, always=always)


def _rest(raw: dict[str, Any], entry: LoreEntry, called: str) -> dict[str, Any]:
    """What `entry` does not say of `raw`: fields it has no place for, and those it could not take as they are."""
    said = _SAID | {key for key in _DEFAULTS if raw.get(key) is False}
    if keeps_all(fill_macros(raw["content"], called), entry.text):
        said |= {"content"}
    said |= {key for key, taken in (("keys", entry.keys), ("secondary_keys", entry.also)) if raw.get(key) == taken}
    return {key: value for key, value in raw.items() if key not in said and not is_empty(value)}


def _content(raw: dict[str, Any], called: str) -> str:
    content = raw.get("content")
    if not isinstance(content, str):
        return ""
    decorators = _DECORATORS.match(content)
    told = content[decorators.end() :] if decorators else content
    return one_line(fill_macros(told[:READ_CHARS], called))


def _keys(raw: dict[str, Any], name: str, called: str) -> list[str]:
    """Words as they may be typed, without regular expressions. Chat programs mark all entries with `use_regex` even
    where a key is a plain word, so the key itself decides. V3 lets secondary keys be one text with commas."""
    found = raw.get(name)
    if isinstance(found, str):
        found = found.split(",")
    if not isinstance(found, list):
        return []
    is_pattern = _PATTERN.search if raw.get("use_regex") is True else _SLASHED.fullmatch
    words = (fill_macros(key[:READ_CHARS], called) for key in found if isinstance(key, str))
    lines = (one_line(word, limits.NAME_CHARS) for word in words if not is_pattern(word))
    return list(dict.fromkeys(line for line in lines if line))


def _priorities(entries: list[Any]) -> list[int]:
    """Each entry's priority, 0 to 100: as it is where all are within, else stretched over them. Where not all have a
    `priority`, their `insertion_order` counts, as the V3 specification suggests."""
    for key in ("priority", "insertion_order"):
        values: list[Any] = [entry.get(key) for entry in entries if isinstance(entry, dict)]
        if values and all(map(_is_number, values)):
            break
    else:
        return [50] * len(entries)
    low, high = min(values), max(values)
    if low == high:
        return [50] * len(entries)
    if low >= 0 and high <= 100:
        low, high = 0, 100
    scaled = (round(100 * (value - low) / (high - low)) for value in values)
    return [next(scaled) if isinstance(entry, dict) else 50 for entry in entries]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < limits.INTEGER_MAX


def _unique(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
