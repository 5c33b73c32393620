"""What a line is about: its telling words, and whether it mentions a phrase. A word is what the memory's search takes
for one. Remembered, because every request asks the same of the whole pack."""

from __future__ import annotations

from functools import lru_cache

from npc_engine.storage.search_terms import terms


@lru_cache(maxsize=16_384)
def keywords(text: str) -> frozenset[str]:
    """The words of a line that tell what it is about."""
    return frozenset(_terms(text))


def mentions(text: str, phrase: str) -> bool:
    """Whether the telling words of `phrase` stand in `text`, in this order and side by side."""
    sought, found = _terms(phrase), _terms(text)
    return (
        bool(sought)
        and sought[0] in found
        and any(found[at : at + len(sought)] == sought for at in range(len(found) - len(sought) + 1))
    )


@lru_cache(maxsize=16_384)
def _terms(text: str) -> tuple[str, ...]:
    return tuple(terms(text))
