"""What it takes for a `when:` to hold: whether any values satisfy it, whether any fail it, and which part fails now.

Conditions are small, so this tries values instead of reasoning about them: each name takes every value that could make
a difference, which are those the expression mentions, those between them, and those beyond.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from npc_engine.world.conditions import Condition, ConditionError, Scope, Value, parse
from npc_engine.world.state import WorldState

#: Combinations of values tried for one condition; with more there is no verdict.
MAX_COMBINATIONS = 50_000
HOURS, MINUTES, DEGREES = range(24), range(60), range(101)

_TEXT = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_NUMBER = re.compile(r"(?<![\w.$])-?[0-9]+(?:\.[0-9]+)?")
_COMPARED = re.compile(r"[A-Za-z_][\w.]*\s*(?:[=!]=|[<>]=?)\s*\$?[A-Za-z_]")
_JOINT = re.compile(r"\b(and|or)\b")


class Reach(NamedTuple):
    """Whether some values make a condition hold, and whether some make it fail. None: not known."""

    can_hold: bool | None
    can_fail: bool | None


def reach(condition: Condition, start: WorldState, npc: str | None, places: Iterable[str]) -> Reach:
    """What the values that a game may set can make of `condition`, which reads what `npc` may read. A value keeps the
    kind that it has at the `start`."""
    scope = start.scope(npc)
    groups = [group for group in _groups(condition, start, scope, ["", *places]) if group]
    total = 1
    for group in groups:
        total *= len(group)
    if total > MAX_COMBINATIONS or not condition.names() <= set(scope):
        return Reach(None, None)
    holds = fails = False
    for chosen in itertools.product(*groups):
        if condition.holds({name: value for group in chosen for name, value in group.items()}):
            holds = True
        else:
            fails = True
        if holds and fails:
            break
    return Reach(holds, fails)


def parts(text: str, joint: str = "and") -> list[str]:
    """What a condition asks for, taken apart at each `joint`, "and" or "or", that joins the whole of it. Beside an
    `or` an `and` does not: it binds more tightly."""
    bare = text.strip()
    while bare[:1] == "(" and bare[-1:] == ")" and _reads(bare[1:-1]):
        bare = bare[1:-1].strip()
    joints = [found for found in _JOINT.finditer(bare) if _reads(bare[: found.start()]) and _reads(bare[found.end() :])]
    if joint == "and" and any(found[1] == "or" for found in joints):
        return [bare]
    cuts = [found for found in joints if found[1] == joint]
    starts, ends = [0] + [found.end() for found in cuts], [found.start() for found in cuts] + [len(bare)]
    return [bare[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def failing(text: str, scope: Scope) -> list[str]:
    """The parts of a condition that do not hold for these values; of alternatives what each of them lacks, joined by
    `or`."""
    found = []
    for part in parts(text):
        if parse(part).holds(scope):
            continue
        ways = parts(part, "or")
        lacks = [" and ".join(failing(way, scope)) for way in ways] if len(ways) > 1 else ways
        found.append(" or ".join(lacks))
    return found


def _reads(text: str) -> bool:
    try:
        return bool(text.strip()) and parse(text) is not None
    except ConditionError:
        return False


def _groups(
    condition: Condition, start: WorldState, scope: Scope, somewhere: list[str]
) -> Iterable[Sequence[dict[str, Value]]]:
    """For each name, or names that change together, the values worth trying."""
    names = condition.names()
    texts = {match[1] or match[2] or "" for match in _TEXT.finditer(condition.text)}
    numbers = {float(match[0]) for match in _NUMBER.finditer(_TEXT.sub('""', condition.text))}
    together = 1  # as many numbers as may have to differ from each other
    if _COMPARED.search(condition.text):
        together = sum(1 for name in names if name in scope and _is_number(scope[name]))
    yield _distinct(names, [{"place": place, "place.id": place} for place in somewhere])
    hours: Iterable[Any] = HOURS if "time.period" in names else sorted(_whole(numbers, HOURS, together))
    yield _distinct(names, [{"time.hour": hour, "time.period": replace(start, hour=hour).period} for hour in hours])
    for name in sorted(names & set(scope) - {"place", "place.id", "time.hour", "time.period"}):
        value = scope[name]
        if name == "player.place":
            values: Iterable[Value] = somewhere
        elif isinstance(value, bool):
            values = (True, False)
        elif isinstance(value, str):
            values = {value, *texts, _other(texts | {value})}
        elif name == "time.minute":
            values = _whole(numbers, MINUTES, together)
        elif name.startswith("relation."):
            values = _whole(numbers, DEGREES, together)
        else:
            values = _any_number(numbers | ({0.0, 100.0} if together > 1 else set()), together) | {value}
        yield [{name: value} for value in values]


def _distinct(names: frozenset[str], values: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """The values of those names that are read, each combination once."""
    read = [{name: value for name, value in each.items() if name in names} for each in values]
    return list({tuple(each.items()): each for each in read if each}.values())


def _other(texts: Iterable[str]) -> str:
    """A text that is none of these."""
    return max(texts, key=len) + "_"


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(numbers: Iterable[float], allowed: range, together: int) -> set[Value]:
    """Whole numbers on both sides of each of `numbers` and at both ends, as many as numbers may be compared."""
    marks = {int(number // 1) for number in numbers} | {allowed[0], allowed[-1]}
    near = {mark + step for mark in marks for step in range(-together, together + 2)}
    return {number for number in near if number in allowed}


def _any_number(numbers: Iterable[float], together: int) -> set[Value]:
    """`numbers`, and between, below and above them as many others as numbers may be compared with each other."""
    marks = sorted(numbers) or [0.0]
    found: set[Value] = set(marks)
    for step in range(1, together + 1):
        found |= {marks[0] - step, marks[-1] + step}
        found |= {low + (high - low) * step / (together + 1) for low, high in itertools.pairwise(marks)}
    return found
