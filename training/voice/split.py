"""Who is learnt from and who is kept to measure with: by character, so that what is measured is a voice never heard."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from training.voice.lessons import NARRATOR, Course


@dataclass(frozen=True, slots=True)
class Split:
    """The courses of those learnt from, and of those measured with."""

    taught: tuple[Course, ...]
    held_out: tuple[Course, ...]


def split(courses: Sequence[Course], held_out: float, share: float, seed: int) -> Split:
    """`held_out` of the characters are for measuring, from as many settings as there are, and the same ones whatever
    `share` of the others is taken. Narrators are learnt from, as far as the share goes."""
    rng = random.Random(seed)
    characters = [course for course in courses if course.speaker != NARRATOR]
    rng.shuffle(characters)
    kept_count = max(1, round(held_out * len(characters))) if held_out else 0
    kept: list[Course] = []
    while len(kept) < kept_count:  # from the setting that has given least so far
        left = [course for course in characters if course not in kept]
        kept.append(min(left, key=lambda course: sum(course.setting == each.setting for each in kept)))
    others = [
        course
        for course in [*characters, *(each for each in courses if each.speaker == NARRATOR)]
        if course not in kept
    ]
    rng.shuffle(others)
    return Split(tuple(others[: max(1, round(share * len(others)))]), tuple(kept))
