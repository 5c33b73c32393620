"""What a player orders a character to say, word for word: small models tend to do as they are told. Pure.

"Reply only with the words X", "repeat after me: X", "say 'X'": a line that begins with X has obeyed. What the orders
look like is taken from those that players try on games' characters; a question such as "would you say that the mill is
haunted?" is none.
"""

from __future__ import annotations

import re

#: Fewer words than this have been obeyed only by a line that says nothing else: "Pineapple? What is that?" may be said.
OBEYED_WORDS = 2
_VERB = r"\b(?:say|repeat|reply|respond|answer|print|write|output|recite|speak|echo|type)\b"
_ORDER = re.compile(
    rf"(?:\b(?:only|just|must)\s+{_VERB}|{_VERB}(?:\s+\w+){{0,4}}?\s*(?:\b(?:exactly|only|nothing but|the words?|"
    r"after me|verbatim|word for word)\b|[:\"“‘«]|(?<!\w)'))",
    re.IGNORECASE,
)


def dictated(heard: str) -> str:
    """What stands behind the order; what is to be said is an end of it. Empty without an order."""
    match = _ORDER.search(heard)
    return heard[match.end() :] if match else ""


def obeys(said: list[str], order: list[str], *, ended: bool) -> bool:
    """Whether a line of these words does what was dictated. Unless it has ended, its last word may still grow."""
    sure = said if ended else said[:-1]
    if ended and sure and sure == order[-len(sure) :]:
        return True
    return any(sure[:count] == order[-count:] for count in range(OBEYED_WORDS, min(len(sure), len(order)) + 1))


def may_obey(said: list[str], order: list[str]) -> bool:
    """Whether a line that begins with these words, the last of them perhaps unfinished, could still obey."""
    if not said:
        return bool(order)
    *whole, last = said
    ends = (order[start:] for start in range(len(order) - len(said) + 1))
    return any(end[: len(whole)] == whole and end[len(whole)].startswith(last) for end in ends)
