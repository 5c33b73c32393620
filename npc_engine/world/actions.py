"""What a character may do here and now: its actions whose `when:` holds, each with arguments taken from the scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, product

from npc_engine.world.conditions import parse
from npc_engine.world.persona import ActionSpec
from npc_engine.world.spec import Pack
from npc_engine.world.state import PLAYER, WorldState

#: Ways to do one action that are offered at most: each is an option the model has to weigh.
WAYS = 16


@dataclass(frozen=True, slots=True)
class Deed:
    """One way to do an action."""

    action: str
    args: dict[str, str] = field(default_factory=dict)
    safe_when_cut: bool = False

    @property
    def words(self) -> str:
        """As the model writes it: `give lantern to bram`."""
        return " ".join([self.action, *self.args.values()]).replace("_", " ")


def possible(state: WorldState, pack: Pack, npc: str) -> list[Deed]:
    """All that this character may do now, in the order of its file."""
    scope = state.scope(npc)
    return [
        deed
        for spec in pack.npcs[npc].actions
        if parse(spec.when).holds(scope)
        for deed in islice(_ways(spec, state, pack, npc), WAYS)
    ]


def _ways(spec: ActionSpec, state: WorldState, pack: Pack, npc: str) -> list[Deed]:
    candidates = [_candidates(kind, state, pack, npc) for kind in spec.args.values()]
    return [
        Deed(spec.name, dict(zip(spec.args, values, strict=True)), spec.safe_when_cut)
        for values in product(*candidates)
    ]


def _candidates(kind: str | list[str], state: WorldState, pack: Pack, npc: str) -> list[str]:
    """What an argument of this kind may be, where the character is."""
    if isinstance(kind, list):
        return kind
    here = state.places.get(npc, "")
    place = pack.places.get(here)
    match kind:
        case "npc":
            near = [other for other in state.present(here) if other != npc and other in pack.npcs]
            return near + [PLAYER] * (state.places[PLAYER] == here)
        case "item":
            return state.items.get(here, place.items if place else [])
        case _:
            return list(place.exits) if place else []
