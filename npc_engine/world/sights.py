"""What can be seen of a place: its things, its light, who is there, and what has changed since the last look."""

from __future__ import annotations

from npc_engine.world.conditions import parse
from npc_engine.world.names import short_name
from npc_engine.world.spec import Pack, Place
from npc_engine.world.state import WorldState
from npc_engine.world.wording import fill

#: What is new is told first, and of the rest no more than this many things: a describer shown everything lists it.
THINGS = 6


def sights(state: WorldState, pack: Pack, place: Place) -> list[str]:
    """All there is to see now, hour and weather first."""
    scope = state.scope()
    items = state.items.get(place.id, place.items)
    return [
        state.period,
        state.weather,
        *(f"{short_name(pack.npcs[npc])} is here" for npc in state.present(place.id) if npc in pack.npcs),
        *(fill(detail.text, scope) for detail in place.details if parse(detail.when).holds(scope)),
        *place.props,
        *([f"at hand: {', '.join(item.replace('_', ' ') for item in items)}"] if items else []),
        *(part for part in (place.light, *place.sounds, *place.smells) if part),
    ]


def to_describe(now: list[str], before: list[str]) -> list[str]:
    """Hour and weather, then what is new since `before`, then the rest, as far as there is room."""
    new = [sight for sight in now[2:] if before and sight not in before]
    return [*now[:2], *(f"new: {sight}" for sight in new), *(sight for sight in now[2:] if sight not in new)][
        : 2 + len(new) + THINGS
    ]
