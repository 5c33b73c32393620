"""What a line is about: its telling words, and whether it mentions a phrase. A word is what the memory's search takes
for one."""

from __future__ import annotations

from npc_engine.storage.search_terms import terms


def keywords(text: str) -> frozenset[str]:
    """The words of a line that tell what it is about."""
    return frozenset(terms(text))


def mentions(text: str, phrase: str) -> bool:
    """Whether the telling words of `phrase` stand in `text`, in this order and side by side."""
    sought, found = terms(phrase), terms(text)
    return bool(sought) and any(found[at : at + len(sought)] == sought for at in range(len(found) - len(sought) + 1))
