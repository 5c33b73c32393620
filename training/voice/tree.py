"""Several prompts with their replies as one sequence: a tree of tokens, in which what they share stands once.

The turns of a conversation begin alike: the sheet, then the journal as far as it goes. What only one turn's prompt has
(what its words bring to mind) branches off, and its reply grows on that branch. A token sees those before it on its
own path, at their positions, so a network gives each turn the scores it would have given it alone; only cheaper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: The parent of a path's first token.
ROOT = -1


@dataclass(frozen=True, slots=True)
class Lesson:
    """A path: a prompt and what is to be written behind it. `taught[i]`: whether to learn to write `tokens[i]`."""

    tokens: tuple[int, ...]
    taught: tuple[bool, ...]
    name: str = ""


@dataclass(slots=True)
class Tree:
    """Tokens, each behind its parent. `taught` are (index of the token before, token to be written)."""

    tokens: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    taught: list[tuple[int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    _children: dict[tuple[int, int], int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tokens)

    def added_by(self, lesson: Lesson) -> int:
        """How many tokens longer this lesson would make it."""
        at, shared = ROOT, 0
        for token in lesson.tokens:
            if (at := self._children.get((at, token), ROOT)) == ROOT:
                break
            shared += 1
        return len(lesson.tokens) - shared

    def add(self, lesson: Lesson) -> None:
        """Teach this lesson too."""
        at = ROOT
        for position, (token, taught) in enumerate(zip(lesson.tokens, lesson.taught, strict=True)):
            if taught:
                self.taught.append((at, token))
            child = self._children.get((at, token))
            if child is None:
                child = self._children[at, token] = len(self.tokens)
                self.tokens.append(token)
                self.parents.append(at)
                self.positions.append(position)
            at = child
        self.names.append(lesson.name)

    def mask(self) -> npt.NDArray[np.bool_]:
        """(T, T): whether the row's token may look at the column's: itself and those before it on its path."""
        seen = np.eye(len(self.tokens), dtype=np.bool_)
        for index, parent in enumerate(self.parents):  # a parent stands before its children
            if parent != ROOT:
                seen[index] |= seen[parent]
        return seen


def pack(lessons: Iterable[Lesson], window: int) -> Iterator[Tree]:
    """Trees of at most `window` tokens, in the order of the lessons. A lesson longer than that has one for itself."""
    tree = Tree()
    for lesson in lessons:
        if len(tree) and len(tree) + tree.added_by(lesson) > window:
            yield tree
            tree = Tree()
        tree.add(lesson)
    if len(tree):
        yield tree


def token_count(trees: Sequence[Tree]) -> int:
    """Tokens that have to be computed."""
    return sum(map(len, trees))
