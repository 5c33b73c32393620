"""The days in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from demo_game.simulation.cast import Cast
from demo_game.simulation.days import DAWN, NIGHT
from demo_game.simulation.records import Journal
from demo_game.simulation.rumours import Look, Rumour


def summarise(journal: Journal, looks: Sequence[Look], cast: Cast, days: int, wall_s: float) -> dict[str, Any]:
    """For `summary.json`. `wall_s` is how long the days took, without loading the model."""
    lines = journal.lines
    simulated_h = days * (NIGHT - DAWN)
    return {
        "people": len(cast.people),
        "days": days,
        "meetings": journal.meetings,
        "lines": len(lines),
        "sources": dict(sorted(Counter(line.source for line in lines).items())),
        "reasons": dict(sorted(Counter(line.reason for line in lines if line.reason).items())),
        "rumours": [_rumour(rumour, looks, len(cast.people)) for rumour in journal.rumours],
        "memory": _memory(looks),
        "wall_s": round(wall_s, 2),
        "simulated_hours": simulated_h,
        "simulated_hours_per_s": round(simulated_h / wall_s, 2),
    }


def _rumour(rumour: Rumour, looks: Sequence[Look], people: int) -> dict[str, Any]:
    half = rumour.hours_to(0.5, people)
    return {
        "id": rumour.happening.id,
        "topic": rumour.happening.topic,
        "hour": round(rumour.hour, 2),
        "how": dict(sorted(Counter(learning.how for learning in rumour.learned.values()).items())),
        "reach": len(rumour.learned),
        "reach_in_prompts": sum(look.in_prompt for look in looks if look.rumour is rumour),
        "hours_to_half": None if half is None else round(half, 2),
    }


def _memory(looks: Sequence[Look]) -> dict[str, Any]:
    """How the characters' prompts agree with the books. `not_in_mind` know it, but the question brings up other
    memories; `forgotten` do not know it at all any more; nobody may know what nobody told them."""
    forgot = [look for look in looks if look.in_books and not look.in_prompt]
    return {
        "looks": len(looks),
        "agree": sum(look.in_books == look.in_prompt for look in looks),
        "not_in_mind": sum(look.in_memory for look in forgot),
        "forgotten": sum(not look.in_memory for look in forgot),
        "not_in_prompt_by_how": dict(sorted(Counter(look.rumour.learned[look.npc].how for look in forgot).items())),
        "known_without_being_told": sum(look.in_prompt and not look.in_books for look in looks),
        "disagreements": [
            {"npc": look.npc, "rumour": look.rumour.happening.id, "in_books": look.in_books}
            for look in looks
            if look.in_books != look.in_prompt
        ],
    }
